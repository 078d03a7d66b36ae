//! Rounds, ranks, and the pure decisions over rows. No I/O: each function takes what is known and answers what follows.
//!
//! State is (round, rank). Within a round the rank only grows; a new version of a file, a new expectation or a redrive
//! opens the next round. So a late or repeated message cannot move anything back.

mod file;

use platefleet_media::mhl;
use serde::{Deserialize, Serialize};

pub use file::{EarlierFailure, Expected, FileRow, FileState, Observed, Verdict};

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
    fn a_finding_names_the_file_of_its_error_once() {
        use platefleet_media::Error;
        let finding = Finding::of(&Error::invalid("the file is empty").at_offset(0).in_file("a/b.dng"), "a/[#].dng");
        assert_eq!(finding, Finding::new("malformed", "a/b.dng", "byte 0: the file is empty"));
        let finding = Finding::of(&Error::unsupported("RED R3D"), "A001.R3D");
        assert_eq!(finding, Finding::new("unsupported", "A001.R3D", "RED R3D is not supported"));
    }
}
