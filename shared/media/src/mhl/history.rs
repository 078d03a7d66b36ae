//! A history: its generations, and what should be on the disk now.

use std::collections::BTreeMap;

use super::{Chain, Finding, FindingKind, Ignore, Manifest};
use crate::{hash::Digests, path::RelativePath};

/// All generations of one `ascmhl` folder that can be trusted, and everything that is wrong with the others.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In order. Only manifests that the chain lists, and whose bytes are what the chain says.
    pub generations: Vec<Generation>,
    /// Everything that is wrong, paths as file names of the `ascmhl` folder.
    pub findings: Vec<Finding>,
    /// The chain as read; empty when there is none.
    pub chain: Chain,
}

/// One manifest of a history.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Its place in the chain, from 1.
    pub number: u32,
    /// The file name.
    pub name: String,
    /// The C4 ID of its bytes.
    pub c4: String,
    /// What it says.
    pub manifest: Manifest,
}

/// What a history says about a file that should be there now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// In bytes, when a manifest says so.
    pub size: Option<u64>,
    /// For each format the first entry that did not fail.
    pub hashes: Digests,
    /// The newest generation that lists the file.
    pub generation: u32,
    /// Where the file was before it was renamed, when the newest rename is recorded.
    pub previous: Option<RelativePath>,
}

impl History {
    /// Reads the files of an `ascmhl` folder, by file name. Never fails: everything that is wrong is in
    /// [`History::findings`].
    pub fn read(_files: &BTreeMap<String, Vec<u8>>) -> Self {
        let finding = Finding::new(FindingKind::NoHistory, "", "reading a history is not built yet");
        Self { findings: vec![finding], ..Self::default() }
    }

    /// Every file that should be there now; renames are followed.
    pub fn expectations(&self) -> BTreeMap<RelativePath, Expectation> {
        BTreeMap::new()
    }

    /// What all generations together leave out.
    pub fn ignores(&self) -> Ignore {
        Ignore::new([])
    }
}
