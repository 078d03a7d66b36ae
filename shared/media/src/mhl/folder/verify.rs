//! Verifying a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    path::Path,
};

use super::{
    FileCounts, Report, Unreadable, Verdict, VerifyOptions, Watch, legacy,
    moved::Moved,
    nested::{expectations, references, went_on},
    read::{Digested, read_each, stopped},
    scan::{Disk, Found, below, scan},
    within,
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    mhl::{DirectoryDigests, Expectation, Finding, FindingKind, Generation, directory::Tree},
    path::RelativePath,
};

/// Files that are read before any of their digests is looked at.
const AT_ONCE: usize = 4096;

/// See [`super::verify`].
pub(super) fn verify(root: &Path, options: VerifyOptions, watch: &dyn Watch) -> Result<Report> {
    let mut disk = scan(root, options.generation)?;
    let Some(top) = disk.histories.get("") else { return legacy::verify(root, &disk, options, watch) };
    let newest = top.newest().map_or(0, |generation| generation.number);
    if let Some(wanted) = options.generation.filter(|wanted| *wanted == 0 || (*wanted > newest && top.is_whole())) {
        return Err(Error::invalid(format!("there is no generation {wanted}; the newest is {newest}")));
    }
    let expected = expectations(&mut disk);
    let findings = mem::take(&mut disk.findings);
    let mut check = Check::new(root, &disk, &expected, findings, "the history");
    check.histories();
    check.files(watch)?;
    check.missing();
    if check.is_good() {
        // With a file wrong, the folders above it are wrong too, and need not be said.
        check.folders();
    }
    Ok(check.report())
}

/// Checks what is on the disk against what something else than its histories says of it: `witness`, as findings call it.
pub(super) fn verify_against(
    root: &Path,
    mut disk: Disk,
    expected: &BTreeMap<RelativePath, Expectation>,
    witness: &'static str,
    watch: &dyn Watch,
) -> Result<Report> {
    disk.histories.clear();
    let findings = mem::take(&mut disk.findings);
    let mut check = Check::new(root, &disk, expected, findings, witness);
    check.files(watch)?;
    check.missing();
    Ok(check.report())
}

/// A folder that is being checked.
struct Check<'d> {
    root: &'d Path,
    disk: &'d Disk,
    expected: &'d BTreeMap<RelativePath, Expectation>,
    /// Who expects that.
    witness: &'static str,
    /// Expected files that are not there.
    missing: BTreeSet<&'d RelativePath>,
    moved: Moved<'d>,
    /// What is below each history whose folders can be checked.
    trees: Vec<(&'d str, &'d Generation, Tree)>,
    counts: FileCounts,
    bytes: u64,
    findings: Vec<Finding>,
    /// Findings that are none: renames that a generation records.
    right: usize,
    unreadable: Vec<Unreadable>,
}

impl<'d> Check<'d> {
    fn new(
        root: &'d Path,
        disk: &'d Disk,
        expected: &'d BTreeMap<RelativePath, Expectation>,
        findings: Vec<Finding>,
        witness: &'static str,
    ) -> Self {
        let is_there = |path: &RelativePath| disk.files.binary_search_by(|file| file.path.cmp(path)).is_ok();
        let missing: BTreeSet<_> = expected.keys().filter(|path| !is_there(path) && disk.can_see(path)).collect();
        // Only a file that nobody expects can be a missing one under another name.
        let any_unexpected = disk.files.iter().any(|file| !expected.contains_key(&file.path));
        let moved = if any_unexpected { Moved::new(expected, &missing) } else { Moved::default() };
        let trees = disk
            .histories
            .iter()
            .filter_map(|(key, history)| Some((key.as_str(), history.with_directories()?, Tree::default())));
        Self {
            root,
            disk,
            expected,
            witness,
            missing,
            moved,
            trees: trees.collect(),
            counts: FileCounts { expected: expected.len() as u64, ..FileCounts::default() },
            bytes: 0,
            findings,
            right: 0,
            unreadable: disk.unreadable.iter().map(|(path, error)| Unreadable::new(path, error)).collect(),
        }
    }

    /// What is wrong with the histories themselves.
    fn histories(&mut self) {
        for (key, history) in &self.disk.histories {
            let folder = if key.is_empty() { "ascmhl".to_owned() } else { format!("{key}/ascmhl") };
            self.findings.extend(history.findings.iter().map(|finding| within(&folder, finding)));
            self.findings.extend(references(self.disk, key, history));
        }
    }

    /// Every file: its size first, then its bytes.
    fn files(&mut self, watch: &dyn Watch) -> Result<()> {
        let (mut files, mut bytes) = (0, 0);
        for file in &self.disk.files {
            if self.formats(file).is_some() {
                files += 1;
                bytes += file.size;
            } else {
                self.judge_unread(file);
            }
        }
        watch.begin(files, bytes);
        let disk = self.disk;
        for some in disk.files.chunks(AT_ONCE) {
            let jobs: Vec<_> = some.iter().filter_map(|file| Some((file, self.formats(file)?))).collect();
            let read = read_each(self.root, &jobs, watch);
            if watch.stopped() {
                return Err(stopped(self.root));
            }
            for ((file, _), read) in jobs.iter().zip(read) {
                match read {
                    Ok(Digested { size, digests, .. }) => {
                        self.bytes += size;
                        self.judge(file, size, &digests);
                    }
                    Err(error) => self.unreadable.push(Unreadable::new(file.path.as_str(), &error)),
                }
            }
        }
        Ok(())
    }

    /// The digests that a file is to be read for; `None` when that is no use.
    fn formats(&self, file: &Found) -> Option<BTreeSet<Algorithm>> {
        match self.expected.get(&file.path) {
            Some(expected) if expected.size.is_some_and(|size| size != file.size) => None,
            Some(expected) => {
                Some(expected.rivals.iter().chain([&expected.hashes]).flat_map(|set| set.keys().copied()).collect())
            }
            None => self.moved.formats.get(&file.size).cloned(),
        }
    }

    /// A file that was not read.
    fn judge_unread(&mut self, file: &Found) {
        let Some(size) = self.expected.get(&file.path).and_then(|expected| expected.size) else {
            return self.extra(file);
        };
        self.counts.failed += 1;
        let detail = format!("has {} bytes, {} says {size}", file.size, self.witness);
        self.find(FindingKind::SizeMismatch, &file.path, detail);
    }

    fn judge(&mut self, file: &Found, size: u64, digests: &Digests) {
        let path = &file.path;
        for (key, _, tree) in &mut self.trees {
            if let Some(path) = below(key, path) {
                tree.add_file(&path, digests);
            }
        }
        let Some(expected) = self.expected.get(path) else {
            match self.moved.origin(self.expected, &self.missing, size, digests) {
                Some(old) => {
                    self.missing.remove(old);
                    self.counts.renamed += 1;
                    let detail = format!(
                        "was `{old}`, and {} does not record that; rename it back, or seal again",
                        self.witness
                    );
                    self.find(FindingKind::Renamed, path, detail);
                }
                None => self.extra(file),
            }
            return;
        };
        if let Some(detail) = difference(expected, digests, self.witness) {
            self.counts.failed += 1;
            self.find(FindingKind::Mismatch, path, detail);
            return;
        }
        self.counts.verified += 1;
        if let Some(previous) = &expected.previous {
            self.counts.renamed += 1;
            self.right += 1;
            self.find(FindingKind::Renamed, path, format!("was `{previous}`, as {} records", self.witness));
        }
    }

    /// A file that no generation lists. Where a history is not whole nobody can say what the lost part listed.
    fn extra(&mut self, file: &Found) {
        let mut above = self.disk.histories.iter().filter(|(key, _)| below(key, &file.path).is_some());
        if above.all(|(_, history)| history.is_whole()) {
            self.counts.extra += 1;
            self.find(FindingKind::Extra, &file.path, format!("{} does not list it", self.witness));
        }
    }

    fn missing(&mut self) {
        self.counts.missing = self.missing.len() as u64;
        for path in mem::take(&mut self.missing) {
            self.find(FindingKind::Missing, path, format!("{} lists it, but it is not there", self.witness));
        }
    }

    /// Folders whose digests are not those of the newest generation that speaks of the files that are there now.
    fn folders(&mut self) {
        for (key, generation, mut tree) in mem::take(&mut self.trees) {
            for path in self.disk.empty_folders.iter().filter_map(|path| below(key, path)) {
                tree.add_folder(&path);
            }
            let now = tree.digests(Algorithm::MHL);
            let recorded = generation.directories.iter().map(|folder| (folder.path.as_str(), &folder.digests));
            let root = generation.head.root_hash.iter().map(|digests| ("", digests));
            let went_on = went_on(self.disk, key);
            let is_above = |path: &str, root: &RelativePath| below(path, root).is_some() || path == root.as_str();
            for (path, recorded) in recorded.chain(root) {
                if went_on.iter().any(|root| is_above(path, root)) {
                    continue;
                }
                let detail = match now.get(path) {
                    None => Some("a generation lists this folder, but it is not there".to_owned()),
                    Some(now) => folder_difference(recorded, now),
                };
                if let Some(detail) = detail {
                    let name = if path.is_empty() && key.is_empty() { "." } else { path };
                    let finding = Finding::new(FindingKind::DirectoryMismatch, name, detail);
                    self.findings.push(within(key, &finding));
                }
            }
        }
    }

    fn is_good(&self) -> bool {
        self.findings.len() == self.right && self.unreadable.is_empty()
    }

    fn report(mut self) -> Report {
        let verdict = if self.is_good() { Verdict::Verified } else { Verdict::Failed };
        self.findings.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
        let Self { counts, bytes, findings, unreadable, .. } = self;
        Report { verdict, files: counts, bytes, findings, unreadable }
    }

    fn find(&mut self, kind: FindingKind, path: &RelativePath, detail: impl Into<String>) {
        self.findings.push(Finding::new(kind, path.as_str(), detail));
    }
}

/// In the formats that both have.
fn folder_difference(recorded: &DirectoryDigests, now: &DirectoryDigests) -> Option<String> {
    let pairs = [("content", &recorded.content, &now.content), ("structure", &recorded.structure, &now.structure)];
    pairs.into_iter().find_map(|(what, recorded, now)| {
        recorded.iter().find_map(|(algorithm, text)| {
            let now = now.get(algorithm).filter(|now| *now != text)?;
            Some(format!("the {what} {algorithm} is {now}, the history says {text}"))
        })
    })
}

fn difference(expectation: &Expectation, digests: &Digests, witness: &str) -> Option<String> {
    if expectation.hashes.is_empty() {
        return Some(format!("{witness} has no digest of it that did not fail"));
    }
    let of = |set: &Digests, who: &str| -> Vec<String> {
        let different = set.iter().filter(|(algorithm, text)| digests.get(algorithm) != Some(text));
        let texts = different.map(|(algorithm, text)| {
            let found = digests.get(algorithm).map_or("unknown", String::as_str);
            format!("{algorithm} is {found}, {who} says {text}")
        });
        texts.collect()
    };
    let mut texts = of(&expectation.hashes, witness);
    texts.extend(expectation.rivals.iter().flat_map(|rival| of(rival, "another manifest of the same files")));
    (!texts.is_empty()).then(|| texts.join("; "))
}
