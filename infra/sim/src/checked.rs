//! Shortcuts for tests: footage that was checked already, and everything that stands written, to compare two worlds.

use std::collections::BTreeMap;

use platefleet_fleet::{
    id::{RollId, hex_sha256},
    ports::Bucket,
    state::{Expected, FileRow, Finding, Observed, Verdict},
    store::Rolls,
};
use platefleet_media::{clip::key_of, path::RelativePath};
use serde_json::Value;

use crate::{World, block_on};

impl World {
    /// A file that was uploaded, and found to be what its manifest says or not to be: its object and its row. No message
    /// is sent.
    ///
    /// # Panics
    /// When the path is no relative path, or a fault of the script comes in between.
    pub fn checked_file(&self, roll: &RollId, path: &str, bytes: impl Into<Vec<u8>>, good: bool) {
        let path = RelativePath::new(path).expect("a relative path");
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        self.upload_silently(&roll.object_key(&path), bytes);
        let (pattern, rolls) = (key_of(&path).pattern, Rolls(self));
        let verdict = Verdict {
            verified: good,
            how: "streamed".into(),
            finding: (!good).then(|| Finding::new("mismatch", path.as_str(), "its md5 differs")),
            digests: BTreeMap::new(),
            at_ms: 0,
        };
        let expected =
            Expected { size: Some(size), hashes: BTreeMap::new(), generation: 1, rivals: Vec::new(), unhashed: false };
        let decide = |row: &FileRow| row.expect(expected.clone());
        block_on(rolls.update_file(roll, &pattern, &path, decide)).expect("a row");
        let row = block_on(rolls.observe_file(roll, &pattern, &path)).expect("a row");
        let decide = |was: &FileRow| was.conclude(row.round, verdict.clone());
        block_on(rolls.update_file(roll, &pattern, &path, decide)).expect("a row");
    }

    /// What an object of the ingest bucket is now, as a row says it.
    pub fn observed(&self, key: &str) -> Option<Observed> {
        use platefleet_fleet::ports::Objects as _;
        let info = block_on(self.head(Bucket::Ingest, key)).ok()??;
        Some(Observed { etag: info.etag, size: info.size })
    }

    /// Every row without its times, and the SHA-256 of every delivered object: two worlds in which the same has happened
    /// answer the same, however often anything was tried.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::new();
        for row in self.rows() {
            let mut body = Value::Object(row.body);
            forget_times(&mut body);
            facts.insert(format!("row {} {}", row.key.pk, row.key.sk), body.to_string());
        }
        for key in self.keys(Bucket::Delivery, "") {
            let bytes = self.object(Bucket::Delivery, &key).unwrap_or_default();
            facts.insert(format!("object {key}"), hex_sha256(&bytes));
        }
        facts
    }
}

/// Times, and how often something was tried.
fn forget_times(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !name.ends_with("_ms") && !matches!(name.as_str(), "ms" | "attempts"));
            map.values_mut().for_each(forget_times);
        }
        Value::Array(list) => list.iter_mut().for_each(forget_times),
        _ => {}
    }
}
