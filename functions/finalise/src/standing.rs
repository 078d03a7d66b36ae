//! Where a roll stands: what is known of its files, as its row and its report say it.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_fleet::{
    documents::{Documents, Said},
    gaps,
    id::RollId,
    key,
    ports::{self, Bucket, PutIf},
    runner::Failure,
    state::{FileRow, FileState, Finding, RollState, fitting},
    status,
    store::{RollRow, Rolls, Seal},
};
use platefleet_media::{mhl::Ignore, path::RelativePath};

use crate::{Needs, report};

/// The facts about a roll at one moment.
pub(crate) struct Standing {
    pub(crate) documents: Documents,
    /// What they say, without the files.
    pub(crate) said: Said,
    /// The files that the roll answers for, in path order.
    pub(crate) files: Vec<FileRow>,
    /// Paths of what else lies below it: in rolls of their own, or just the name of such a roll.
    pub(crate) elsewhere: BTreeSet<RelativePath>,
}

impl Standing {
    /// Reads the history and the rows of the files.
    pub(crate) async fn read(env: &impl Needs, roll: &RollId) -> Result<Self, Failure> {
        let lists = Rolls(env).roll(roll).await?.map(|row| row.lists).unwrap_or_default();
        let documents = Documents::list(env, roll, &lists).await?;
        let said = Said { files: BTreeMap::new(), ..documents.read(env).await? };
        let (files, mut elsewhere) = files_of(env, roll, &said.ignores).await?;
        elsewhere.extend(said.nested.iter().filter_map(inside));
        Ok(Self { documents, said, files, elsewhere })
    }

    /// Everything that is wrong, without what is missing.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let of_files = self.files.iter().filter_map(|f| f.verdict.as_ref()?.finding.clone());
        self.said.findings.iter().cloned().chain(of_files).collect()
    }

    /// True when the history is whole, and every file that it lists is what it says.
    pub(crate) fn is_good(&self) -> bool {
        self.said.findings.is_empty()
            && self.files.iter().all(|f| f.expected.is_none() || f.state == FileState::Verified)
    }

    /// Counts and clip numbers, as the row has them.
    pub(crate) fn count(&self, row: &mut RollRow) {
        row.counts = RollRow::count(&self.files);
        row.takes = gaps::takes_of(&self.files);
    }

    /// Writes the report over the roll in this state; a roll at rest has no seal that speaks for it.
    pub(crate) async fn report(
        &self,
        env: &impl Needs,
        row: &RollRow,
        state: RollState,
        seal: Option<&Seal>,
        findings: &[Finding],
    ) -> Result<(), Failure> {
        let mut counted = row.clone();
        self.count(&mut counted);
        let seal = seal.filter(|_| state != RollState::Incomplete);
        let notices = status::gaps_of(env, &counted).await?;
        let text = report::of_roll(&row.roll, state, seal, &counted.counts, (findings, &notices), self);
        env.put(Bucket::Delivery, &key::report_key(&key::roll_root(&row.roll)), text, PutIf::Always).await?;
        Ok(())
    }
}

/// The files that the roll answers for, in path order: not what lies in rolls below it, nor what its history ignores. And the
/// paths of what lies in rolls below it.
pub(crate) async fn files_of(
    env: &impl Needs,
    roll: &RollId,
    ignores: &Ignore,
) -> ports::Result<(Vec<FileRow>, BTreeSet<RelativePath>)> {
    let rolls = Rolls(env);
    let (mut below, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    for other in rolls.of_production(&roll.production).await? {
        if let Some(folder) = other.roll.path.strip(&roll.path) {
            // Of the files below a history, the rolls above it may have no rows.
            elsewhere.extend(inside(&folder).filter(|_| other.has_history()));
            below.insert(folder);
        }
    }
    let mut files = rolls.files(roll).await?;
    files.retain(|file| {
        if file.expected.is_some() {
            return true;
        }
        if file.observed.is_none() || ignores.is_ignored(&file.path, false) {
            return false;
        }
        let is_elsewhere =
            std::iter::successors(file.path.parent(), RelativePath::parent).any(|folder| below.contains(&folder));
        if is_elsewhere {
            elsewhere.insert(file.path.clone());
        }
        !is_elsewhere
    });
    Ok((files, elsewhere))
}

/// A path for something that lies in a folder, whatever it is.
fn inside(folder: &RelativePath) -> Option<RelativePath> {
    RelativePath::new(format!("{folder}/{}", folder.file_name())).ok()
}

/// Takes note of what came to a roll that is sealed or at rest and that opens it no more: files that no manifest lists.
/// The seal stays, the report and the counts say what is there now.
pub(crate) async fn amend(env: &impl Needs, read: &RollRow) -> Result<(), Failure> {
    let standing = Standing::read(env, &read.roll).await?;
    let is_known = read.tip.as_ref().is_some_and(|tip| tip.revision == standing.documents.revision());
    let mut now = read.clone();
    standing.count(&mut now);
    if !is_known || (&now.counts, &now.takes) == (&read.counts, &read.takes) {
        return Ok(());
    }
    standing.report(env, read, read.state, read.seal.as_ref(), &read.findings).await?;
    Rolls(env)
        .update_roll(&read.roll, |was| {
            let mut row = was.filter(|row| (row.round, row.state) == (read.round, read.state))?.clone();
            (row.counts, row.takes) = (now.counts.clone(), now.takes.clone());
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    Ok(())
}

/// What is missing of a roll, and everything else that is wrong, as far as a row holds it.
pub(crate) fn findings_at_rest(read: &RollRow, files: &[FileRow]) -> Vec<Finding> {
    let missing = |f: &&FileRow| f.is_open() && f.state == FileState::Waiting;
    let detail = "its manifest lists it, and it was never uploaded: upload it";
    let mut findings: Vec<Finding> =
        files.iter().filter(missing).map(|f| Finding::new("missing", f.path.as_str(), detail)).collect();
    findings.extend(files.iter().filter_map(|f| f.verdict.as_ref()?.finding.clone()));
    // What was wrong with the history, which is why it was never planned.
    findings.extend(read.findings.iter().filter(|f| f.kind != "missing").cloned());
    if read.planned.is_none() && findings.is_empty() {
        findings.push(Finding::new("no-history", "ascmhl", "has no chain: upload the whole `ascmhl` folder"));
    }
    findings.sort();
    findings.dedup();
    fitting(&findings, "the files' rows")
}

/// The parts of a roll's files that a report lists by path.
pub(crate) fn paths_of(files: &[FileRow], which: impl Fn(&FileRow) -> bool) -> Vec<&str> {
    files.iter().filter(|file| which(file)).map(|file| file.path.as_str()).collect()
}

/// Digests that a manifest lists and nobody has compared: the store's word for one of them was enough.
pub(crate) fn unchecked(file: &FileRow) -> Vec<&String> {
    let known: Option<&BTreeMap<String, String>> = file.verdict.as_ref().map(|verdict| &verdict.digests);
    let wanted = file.expected.iter().flat_map(platefleet_fleet::state::Expected::algorithms);
    wanted.filter(|algorithm| known.is_none_or(|known| !known.contains_key(*algorithm))).collect()
}
