//! Rounds, ranks, and the pure decisions over rows. No I/O: each function takes what is known and answers what follows.
//!
//! State is (round, rank). Within a round the rank only grows; a new version of a file, a new expectation or a redrive
//! opens the next round. So a late or repeated message cannot move anything back.

use std::collections::BTreeMap;

use platefleet_media::{mhl, path::RelativePath};
use serde::{Deserialize, Serialize};

use crate::id::RollId;

/// Something wrong, said once, in the words of the command line's contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// `mismatch`, `missing`, `malformed`, `unsafe-path`, `unsupported`, `refused` ...
    pub kind: String,
    /// The file, shot or range that it is about.
    pub path: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Finding {
    /// A finding of these three.
    pub fn new(kind: impl Into<String>, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: kind.into(), path: path.into(), detail: detail.into() }
    }

    /// What is wrong with a file or a document, as a finding about the file that the error names, else about `path`.
    pub fn of(error: &platefleet_media::Error, path: &str) -> Self {
        let kind = if error.kind() == "invalid" { "malformed" } else { error.kind() };
        let path = error.location().and_then(|at| at.path.as_deref()).unwrap_or(path);
        let text = error.to_string();
        Self::new(kind, path, text.strip_prefix(&format!("{path}: ")).unwrap_or(&text))
    }
}

/// Most bytes of the findings of one row: DynamoDB refuses a row of more than 400 KB.
const MAX_FINDING_BYTES: usize = 160_000;

/// As many findings as a row holds, the first ones; a last one says how many more there are, and where they stand.
pub fn fitting(findings: &[Finding], elsewhere: &str) -> Vec<Finding> {
    let mut bytes = 0;
    let fits = |finding: &&Finding| {
        bytes += finding.kind.len() + finding.path.len() + finding.detail.len() + 64;
        bytes <= MAX_FINDING_BYTES
    };
    let mut kept: Vec<Finding> = findings.iter().take_while(fits).cloned().collect();
    let more = findings.len() - kept.len();
    if more > 0 {
        kept.push(Finding::new("more", elsewhere, format!("{more} more findings stand there")));
    }
    kept
}

impl From<mhl::Finding> for Finding {
    fn from(finding: mhl::Finding) -> Self {
        Self { kind: finding.kind.to_string(), path: finding.path, detail: finding.detail }
    }
}

/// What a manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Bytes, when the manifest says.
    pub size: Option<u64>,
    /// Reference hash by algorithm name, as MHL text.
    pub hashes: BTreeMap<String, String>,
    /// Newest generation that lists the file.
    pub generation: u32,
}

/// What the bucket holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Entity tag: identity of the content.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// Where a file stands in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// One half is known: a manifest names it, or it was uploaded.
    Waiting,
    /// Both halves are known; its bytes are being checked.
    Paired,
    /// Its bytes are what the manifest says.
    Verified,
    /// They are not.
    Failed,
}

impl FileState {
    /// Grows within a round.
    pub fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Paired => 1,
            Self::Verified | Self::Failed => 2,
        }
    }
}

/// What a check of a file's bytes found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// True when every expected hash matched.
    pub verified: bool,
    /// `streamed`, `stored-checksum`, `size` or `gave-up`: how it was found, for an auditor.
    pub how: String,
    /// What is wrong, when something is.
    pub finding: Option<Finding>,
    /// Digests that were found, by algorithm name.
    pub digests: BTreeMap<String, String>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// A file of a roll: two halves that arrive independently, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileRow {
    /// Its roll.
    pub roll: RollId,
    /// Its path in the roll.
    pub path: RelativePath,
    /// File or sequence pattern of the clip that it belongs to.
    pub pattern: String,
    /// The manifest's half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// The bucket's half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Grows with each new half.
    pub round: u64,
    /// Grows within a round.
    pub state: FileState,
    /// Of this round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl FileRow {
    /// A file of which nothing is known.
    pub fn new(roll: RollId, path: RelativePath, pattern: String) -> Self {
        Self { roll, path, pattern, expected: None, observed: None, round: 0, state: FileState::Waiting, verdict: None }
    }

    /// The row after the bucket was looked at; `None` when nothing is new. `observed` is `None` for a removed object.
    pub fn observe(&self, observed: Option<Observed>) -> Option<Self> {
        (self.observed != observed).then(|| Self { observed, ..self.clone() }.next_round())
    }

    /// The row after a manifest was read; `None` when nothing is new.
    pub fn expect(&self, expected: Expected) -> Option<Self> {
        match &self.expected {
            Some(known) if *known == expected => None,
            // A later generation that repeats the same reference opens no new round.
            Some(known) if known.size == expected.size && known.hashes == expected.hashes => {
                Some(Self { expected: Some(expected), ..self.clone() })
            }
            _ => Some(Self { expected: Some(expected), ..self.clone() }.next_round()),
        }
    }

    /// The row after a history that no longer lists the file; `None` when none did.
    pub fn forget_expected(&self) -> Option<Self> {
        self.expected.as_ref()?;
        Some(Self { expected: None, ..self.clone() }.next_round())
    }

    /// The row after its bytes were checked; `None` when the check was for an earlier round or is known already.
    pub fn conclude(&self, round: u64, verdict: Verdict) -> Option<Self> {
        let state = if verdict.verified { FileState::Verified } else { FileState::Failed };
        (self.round == round && self.state == FileState::Paired).then(|| Self {
            state,
            verdict: Some(verdict),
            ..self.clone()
        })
    }

    /// True while the roll has to wait for this file: a manifest names it and there is no verdict yet.
    pub fn is_open(&self) -> bool {
        self.expected.is_some() && self.state.rank() < 2
    }

    fn next_round(mut self) -> Self {
        self.round += 1;
        self.verdict = None;
        self.state =
            if self.expected.is_some() && self.observed.is_some() { FileState::Paired } else { FileState::Waiting };
        self
    }
}

/// Where a roll stands in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RollState {
    /// Its history is not complete yet.
    Receiving,
    /// Every expected file is known; they are being checked.
    Checking,
    /// The verdict is being sealed.
    Finalising,
    /// Every expected file is verified, and that is sealed.
    Verified,
    /// At least one file is not what the manifest says, and that is sealed.
    Failed,
    /// It has been quiet for long, and files are missing. Any new fact wakes it.
    Incomplete,
}

impl RollState {
    /// Grows within a round.
    pub fn rank(self) -> u8 {
        match self {
            Self::Receiving => 0,
            Self::Checking => 1,
            Self::Finalising => 2,
            Self::Verified | Self::Failed | Self::Incomplete => 3,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobState {
    /// Its rows are being written.
    Planning,
    /// Its ranges are being rendered.
    Rendering,
    /// The delivery is being sealed.
    Finalising,
    /// Everything that was ordered is delivered and sealed.
    Done,
    /// Sealed, but something that was ordered waits for its clip or was refused.
    Incomplete,
    /// A range could not be rendered; shots that are whole are sealed.
    Failed,
    /// Stopped by hand.
    Cancelled,
}

impl JobState {
    /// Grows within a round.
    pub fn rank(self) -> u8 {
        match self {
            Self::Planning => 0,
            Self::Rendering => 1,
            Self::Finalising => 2,
            Self::Done | Self::Incomplete | Self::Failed | Self::Cancelled => 3,
        }
    }
}

/// Where a range stands in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RangeState {
    /// To be rendered, or being rendered.
    Pending,
    /// Its plates are delivered.
    Done,
    /// It cannot be rendered, or was given up.
    Failed,
}

/// A watchdog: a delayed message with a number. At most one chain of ticks goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watch {
    /// The tick that may act next. A tick with a smaller number came late, and ends.
    pub tick: u64,
    /// True while a chain of ticks goes on.
    pub armed: bool,
    /// How much was open at the last tick. Only when a whole tick brought no progress is anything sent again, so that a
    /// long queue is not doubled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> FileRow {
        FileRow::new(RollId::parse("p/A001").unwrap(), RelativePath::new("a.dng").unwrap(), "a.dng".into())
    }
    fn expected(hash: &str) -> Expected {
        Expected { size: Some(3), hashes: [("md5".to_owned(), hash.to_owned())].into(), generation: 1 }
    }
    fn observed(etag: &str) -> Observed {
        Observed { etag: etag.into(), size: 3 }
    }
    fn verdict(verified: bool) -> Verdict {
        Verdict { verified, how: "streamed".into(), finding: None, digests: BTreeMap::new(), at_ms: 1 }
    }

    #[test]
    fn a_row_holds_what_fits_and_says_how_much_more_there_is() {
        let many: Vec<_> = (0..5_000).map(|n| Finding::new("missing", format!("{n:0900}"), "upload it")).collect();
        let kept = fitting(&many, "report.json");
        assert!(serde_json::to_vec(&kept).unwrap().len() < 200_000);
        let last = kept.last().unwrap();
        assert_eq!((last.kind.as_str(), last.path.as_str()), ("more", "report.json"));
        assert_eq!(last.detail, format!("{} more findings stand there", 5_001 - kept.len()));
        assert_eq!(fitting(&many[..3], "report.json"), many[..3]);
    }

    #[test]
    fn the_halves_pair_in_either_order() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let b = row().observe(Some(observed("e"))).unwrap().expect(expected("x")).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.state, FileState::Paired);
    }

    #[test]
    fn a_repeated_fact_changes_nothing() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        assert_eq!(a.observe(Some(observed("e"))), None);
        assert_eq!(a.expect(expected("x")), None);
    }

    #[test]
    fn a_verdict_for_an_earlier_round_is_ignored() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let b = a.observe(Some(observed("f"))).unwrap();
        assert_eq!(b.conclude(a.round, verdict(true)), None);
        let c = b.conclude(b.round, verdict(true)).unwrap();
        assert_eq!((c.state, c.is_open()), (FileState::Verified, false));
        assert_eq!(c.conclude(b.round, verdict(false)), None, "a terminal state does not move within its round");
    }

    #[test]
    fn a_new_upload_of_a_failed_file_opens_the_next_round() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let failed = a.conclude(a.round, verdict(false)).unwrap();
        let healed = failed.observe(Some(observed("f"))).unwrap();
        assert_eq!((healed.state, healed.round, healed.verdict.is_none()), (FileState::Paired, a.round + 1, true));
    }

    #[test]
    fn a_generation_that_repeats_the_reference_keeps_the_verdict() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let verified = a.conclude(a.round, verdict(true)).unwrap();
        let again = verified.expect(Expected { generation: 2, ..expected("x") }).unwrap();
        assert_eq!((again.state, again.round), (FileState::Verified, verified.round));
        assert_eq!(verified.expect(expected("y")).unwrap().state, FileState::Paired);
    }

    #[test]
    fn a_finding_names_the_file_of_its_error_once() {
        use platefleet_media::Error;
        let finding = Finding::of(&Error::invalid("the file is empty").at_offset(0).in_file("a/b.dng"), "a/[#].dng");
        assert_eq!(finding, Finding::new("malformed", "a/b.dng", "byte 0: the file is empty"));
        let finding = Finding::of(&Error::unsupported("RED R3D"), "A001.R3D");
        assert_eq!(finding, Finding::new("unsupported", "A001.R3D", "RED R3D is not supported"));
    }

    #[test]
    fn a_file_that_no_manifest_names_keeps_nobody_waiting() {
        assert!(!row().observe(Some(observed("e"))).unwrap().is_open());
        assert!(row().expect(expected("x")).unwrap().is_open());
    }

    #[test]
    fn a_removed_object_opens_its_file_again() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let gone = a.conclude(a.round, verdict(true)).unwrap().observe(None).unwrap();
        assert_eq!((gone.state, gone.is_open()), (FileState::Waiting, true));
    }
}
