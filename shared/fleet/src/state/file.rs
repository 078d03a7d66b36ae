//! A file of a roll: what is expected of it, what is there, and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_media::{hash::Algorithm, path::RelativePath};
use serde::{Deserialize, Serialize};

use super::Finding;
use crate::id::RollId;

/// What a manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Bytes, when the manifest says.
    pub size: Option<u64>,
    /// Reference hash by algorithm name, as MHL text.
    pub hashes: BTreeMap<String, String>,
    /// Newest generation that lists the file.
    pub generation: u32,
    /// Further sets of digests that the file has to match too: a history with two independent first generations says of
    /// its files twice what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<BTreeMap<String, String>>,
    /// The list says on purpose that there is no digest: only presence and size can be checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unhashed: bool,
}

impl Expected {
    /// Every set of digests that the file has to match: the reference first, then its rivals.
    pub fn sets(&self) -> impl Iterator<Item = &BTreeMap<String, String>> {
        std::iter::once(&self.hashes).chain(&self.rivals)
    }

    /// Names of the algorithms of all sets, each once and in order.
    pub fn algorithms(&self) -> BTreeSet<&String> {
        self.sets().flat_map(BTreeMap::keys).collect()
    }

    /// Names of the algorithms to read the file for: a list of MHL 1.x may have none that a manifest of the fleet could seal.
    pub fn to_read(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.algorithms().into_iter().cloned().collect();
        if !Algorithm::MHL.iter().any(|algorithm| names.contains(algorithm.name())) {
            names.insert(Algorithm::Xxh128.name().to_owned());
        }
        names
    }

    /// True when both want the same bytes, whatever generation says so.
    fn wants_the_same(&self, other: &Self) -> bool {
        let wanted = |e: &Self| (e.size, e.unhashed);
        wanted(self) == wanted(other) && (&self.hashes, &self.rivals) == (&other.hashes, &other.rivals)
    }
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

/// An earlier round in which a file was not what was expected of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierFailure {
    /// The round.
    pub round: u64,
    /// Kind of its finding.
    pub kind: String,
    /// When it was found, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Most earlier failures that a row keeps: the first, and the newest ones.
const MAX_FAILURES: usize = 8;

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
    /// Who uploaded what the bucket holds, as the service names them, when its event told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_by: Option<String>,
    /// Grows with each new half.
    pub round: u64,
    /// Grows within a round.
    pub state: FileState,
    /// Of this round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Earlier rounds that failed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<EarlierFailure>,
}

impl FileRow {
    /// A file of which nothing is known.
    pub fn new(roll: RollId, path: RelativePath, pattern: String) -> Self {
        Self {
            roll,
            path,
            pattern,
            expected: None,
            observed: None,
            uploaded_by: None,
            round: 0,
            state: FileState::Waiting,
            verdict: None,
            failures: Vec::new(),
        }
    }

    /// The row after the bucket was looked at; `None` when nothing is new. `observed` is `None` for a removed object.
    pub fn observe(&self, observed: Option<Observed>) -> Option<Self> {
        (self.observed != observed).then(|| Self { observed, uploaded_by: None, ..self.clone() }.next_round())
    }

    /// The row after a manifest was read; `None` when nothing is new.
    pub fn expect(&self, expected: Expected) -> Option<Self> {
        match &self.expected {
            Some(known) if *known == expected => None,
            // A later generation that repeats the same reference opens no new round.
            Some(known) if known.wants_the_same(&expected) => Some(Self { expected: Some(expected), ..self.clone() }),
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

    /// True when its bytes are right now, and were not in an earlier round.
    pub fn is_healed(&self) -> bool {
        self.state == FileState::Verified && !self.failures.is_empty()
    }

    fn next_round(mut self) -> Self {
        if let Some(failed) = self.verdict.take().filter(|verdict| !verdict.verified) {
            let kind = failed.finding.map_or_else(|| "mismatch".to_owned(), |finding| finding.kind);
            if self.failures.len() >= MAX_FAILURES {
                self.failures.remove(1);
            }
            self.failures.push(EarlierFailure { round: self.round, kind, at_ms: failed.at_ms });
        }
        self.round += 1;
        self.state =
            if self.expected.is_some() && self.observed.is_some() { FileState::Paired } else { FileState::Waiting };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> FileRow {
        FileRow::new(RollId::parse("p/A001").unwrap(), RelativePath::new("a.dng").unwrap(), "a.dng".into())
    }
    fn expected(hash: &str) -> Expected {
        let hashes = [("md5".to_owned(), hash.to_owned())].into();
        Expected { size: Some(3), hashes, generation: 1, rivals: Vec::new(), unhashed: false }
    }
    fn observed(etag: &str) -> Observed {
        Observed { etag: etag.into(), size: 3 }
    }
    fn verdict(verified: bool) -> Verdict {
        Verdict { verified, how: "streamed".into(), finding: None, digests: BTreeMap::new(), at_ms: 1 }
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
        assert!(!healed.is_healed(), "nobody has looked at it yet");
        let healed = healed.conclude(healed.round, verdict(true)).unwrap();
        assert!(healed.is_healed());
        let earlier = EarlierFailure { round: a.round, kind: "mismatch".into(), at_ms: 1 };
        assert_eq!(healed.failures, [earlier]);
    }

    #[test]
    fn a_row_keeps_the_first_failure_and_the_newest_ones() {
        let mut row = row().expect(expected("x")).unwrap();
        for upload in 0..40 {
            row = row.observe(Some(observed(&format!("e{upload}")))).unwrap();
            row = row.conclude(row.round, Verdict { at_ms: upload, ..verdict(false) }).unwrap();
        }
        let times: Vec<_> = row.failures.iter().map(|f| f.at_ms).collect();
        assert_eq!(times, [0, 32, 33, 34, 35, 36, 37, 38], "the fortieth is the verdict");
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
    fn another_set_of_digests_to_match_is_a_new_expectation() {
        let a = row().expect(expected("x")).unwrap().observe(Some(observed("e"))).unwrap();
        let verified = a.conclude(a.round, verdict(true)).unwrap();
        let rival = BTreeMap::from([("xxh64".to_owned(), "y".to_owned())]);
        let both = Expected { rivals: vec![rival], ..expected("x") };
        let forked = verified.expect(both.clone()).unwrap();
        assert_eq!((forked.state, forked.round), (FileState::Paired, verified.round + 1));
        assert_eq!(forked.expect(both.clone()), None);
        assert_eq!(both.algorithms().into_iter().collect::<Vec<_>>(), ["md5", "xxh64"]);
        assert_eq!(forked.expect(expected("x")).unwrap().round, forked.round + 1, "a rival that is gone is news too");
    }

    #[test]
    fn a_row_without_rivals_reads_and_writes_as_before() {
        let text = r#"{"size":3,"hashes":{"md5":"x"},"generation":1}"#;
        assert_eq!(serde_json::from_str::<Expected>(text).unwrap(), expected("x"));
        assert_eq!(serde_json::to_string(&expected("x")).unwrap(), text);
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
