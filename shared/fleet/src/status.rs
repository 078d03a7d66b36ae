//! Where a roll or a job stands, as people and scripts ask for it (`status --json`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    gaps,
    id::{JobId, Production, RollId},
    ports::{Error, Result, Table},
    search::{self, Query},
    state::{Finding, JobState, RangeState, RollState},
    store::{ClipState, Clips, Jobs, RollRow, Rolls},
};

/// Most findings in one answer; the counts tell how many there are.
const MAX_FINDINGS: usize = 1_000;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `<production>/<roll path>`, or a job id.
    pub id: String,
    /// `roll` or `job`.
    pub kind: Kind,
    /// The state's name, in capitals.
    pub state: String,
    /// Grows when it is opened again.
    pub round: u64,
    /// By name: files for a roll, ranges and frames for a job.
    pub counts: BTreeMap<String, u64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What a person should know, and what fails nothing: gaps in the numbers of clips.
    #[serde(default)]
    pub notices: Vec<Finding>,
    /// ISO 8601, UTC.
    pub updated_at: String,
    /// True when it will not move any more by itself.
    pub ended: bool,
}

/// What a status is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A roll.
    Roll,
    /// A job.
    Job,
}

impl Status {
    /// True when it ended well: verified or done.
    pub fn is_good(&self) -> bool {
        matches!(self.state.as_str(), "VERIFIED" | "DONE")
    }
}

/// Where a roll stands; `None` when nothing is known of it.
pub async fn of_roll(table: &impl Table, roll: &RollId) -> Result<Option<Status>> {
    let rolls = Rolls(table);
    let Some(row) = rolls.roll(roll).await? else { return unverified(table, roll).await };
    let ended = row.state.rank() > RollState::Finalising.rank();
    let (mut counts, mut findings) = (row.counts.clone(), row.findings.clone());
    if !ended {
        let files = rolls.files(roll).await?;
        counts = RollRow::count(&files);
        findings.extend(files.iter().filter_map(|f| f.verdict.as_ref()?.finding.clone()));
    }
    findings.extend(of_clips(table, roll).await?);
    let notices = if ended { gaps_of(table, &row).await? } else { Vec::new() };
    findings.sort();
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
    Ok(Some(Status {
        id: roll.to_string(),
        kind: Kind::Roll,
        state: name(row.state),
        round: row.round,
        counts,
        findings,
        notices,
        updated_at: iso(row.updated_ms),
        ended,
    }))
}

/// The state of a folder that has footage and no manifest. It has not ended: media travels before its manifest.
pub const UNVERIFIED: &str = "UNVERIFIED";

/// Where a folder stands that has footage and no manifest; `None` when there is none.
async fn unverified(table: &impl Table, folder: &RollId) -> Result<Option<Status>> {
    let files = Rolls(table).files(folder).await?;
    if files.iter().all(|file| file.observed.is_none()) {
        return Ok(None);
    }
    let clips = Clips(table).with(&folder.production, "roll", folder.path.as_str()).await?;
    let uploaded = files.iter().filter(|file| file.observed.is_some()).count();
    let counts = [("uploaded", uploaded), ("clips", clips.len())].map(|(name, n)| (name.to_owned(), n as u64)).into();
    let detail = "no manifest names its files: upload its ASC MHL history or a list of MHL 1.x";
    let mut findings = vec![Finding::new("no-history", folder.path.as_str(), detail)];
    findings.extend(clips.iter().flat_map(|clip| clip.findings.clone()));
    findings.truncate(MAX_FINDINGS);
    Ok(Some(Status {
        id: folder.to_string(),
        kind: Kind::Roll,
        state: UNVERIFIED.to_owned(),
        round: 0,
        counts,
        findings,
        notices: Vec::new(),
        updated_at: iso(clips.iter().map(|clip| clip.inspected_ms).max().unwrap_or_default()),
        ended: false,
    }))
}

/// The folders of a production that have clips and no manifest, in order: of its first thousand clips that are not checked.
pub async fn unverified_folders(table: &impl Table, production: &Production) -> Result<Vec<RollId>> {
    let pairs = [("verified", "false"), ("production", production.as_str())];
    let query = Query::parse(pairs).map_err(|problem| Error::Refused(problem.to_string()))?;
    let found = match search::run(table, &query).await {
        Ok(found) => found.clips,
        Err(search::Error::Port(error)) => return Err(error),
        Err(search::Error::TooMany) => Vec::new(),
    };
    let mut folders = Vec::new();
    for folder in found.into_iter().filter(|clip| clip.unchecked).map(|clip| clip.roll).collect::<BTreeSet<_>>() {
        if Rolls(table).roll(&folder).await?.is_none() {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Gaps in the numbers of a roll's clips that no roll of the production closes, as far as they are sealed or at rest.
pub async fn gaps_of(table: &impl Table, row: &RollRow) -> Result<Vec<Finding>> {
    if row.takes.is_empty() {
        return Ok(Vec::new());
    }
    let rolls = Rolls(table).of_production(&row.roll.production).await?;
    let mut notices = gaps::notices(&row.takes, rolls.iter().map(|roll| &roll.takes));
    notices.truncate(MAX_FINDINGS);
    Ok(notices)
}

/// What is wrong with clips whose bytes are what the manifest says: they cannot be pulled, and nobody else would tell.
async fn of_clips(table: &impl Table, roll: &RollId) -> Result<Vec<Finding>> {
    let clips = Clips(table).with(&roll.production, "roll", roll.path.as_str()).await?;
    let own = clips.into_iter().filter(|clip| clip.state != ClipState::Inspected);
    // A damaged file is a finding of its own already.
    Ok(own.flat_map(|clip| clip.findings).filter(|finding| finding.kind != "mismatch").collect())
}

/// Where a job stands; `None` when nothing is known of it.
pub async fn of_job(table: &impl Table, job: &JobId) -> Result<Option<Status>> {
    let jobs = Jobs(table);
    let Some(row) = jobs.job(job).await? else { return Ok(None) };
    let ranges = jobs.ranges(job).await?;
    let frames_of = |state: RangeState| -> u64 {
        ranges.iter().filter(|r| r.state == state).map(|r| u64::from(r.last - r.first + 1)).sum()
    };
    let count = |state: RangeState| ranges.iter().filter(|r| r.state == state).count() as u64;
    let counts = [
        ("shots", u64::from(row.shots)),
        ("frames", row.frames),
        ("frames_done", frames_of(RangeState::Done)),
        ("frames_failed", frames_of(RangeState::Failed)),
        ("ranges", u64::from(row.planned.unwrap_or(0))),
        ("ranges_done", count(RangeState::Done)),
        ("ranges_failed", count(RangeState::Failed)),
        ("left_out", u64::from(row.left_out)),
    ]
    .map(|(name, n)| (name.to_owned(), n))
    .into();
    let mut findings = row.findings.clone();
    findings.extend(ranges.into_iter().filter_map(|r| r.error));
    findings.sort();
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
    Ok(Some(Status {
        id: job.to_string(),
        kind: Kind::Job,
        state: name(row.state),
        round: row.round,
        counts,
        findings,
        notices: Vec::new(),
        updated_at: iso(row.updated_ms),
        ended: row.state.rank() > JobState::Finalising.rank(),
    }))
}

/// Every roll and job of a production, in short: what their rows say, without a look at files and ranges.
pub async fn of_production(table: &impl Table, production: &Production) -> Result<Vec<Status>> {
    let mut all = Vec::new();
    for row in Rolls(table).of_production(production).await? {
        all.push(Status {
            id: row.roll.to_string(),
            kind: Kind::Roll,
            state: name(row.state),
            round: row.round,
            counts: row.counts,
            findings: row.findings,
            notices: Vec::new(),
            updated_at: iso(row.updated_ms),
            ended: row.state.rank() > RollState::Finalising.rank(),
        });
    }
    for folder in unverified_folders(table, production).await? {
        all.extend(unverified(table, &folder).await?);
    }
    for row in Jobs(table).of_production(production).await? {
        let counts = [("shots", u64::from(row.shots)), ("frames", row.frames), ("left_out", u64::from(row.left_out))];
        all.push(Status {
            id: row.job.to_string(),
            kind: Kind::Job,
            state: name(row.state),
            round: row.round,
            counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
            findings: row.findings,
            notices: Vec::new(),
            updated_at: iso(row.updated_ms),
            ended: row.state.rank() > JobState::Finalising.rank(),
        });
    }
    Ok(all)
}

fn name(state: impl Serialize) -> String {
    serde_json::to_value(state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `2026-11-22T10:57:40Z` of milliseconds since 1970.
pub fn iso(ms: u64) -> String {
    jiff::Timestamp::from_second((ms / 1000) as i64).map_or_else(|_| String::new(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_iso_8601_in_utc() {
        // date -u -d @1795345060
        assert_eq!(super::iso(1_795_345_060_999), "2026-11-22T10:57:40Z");
    }
}
