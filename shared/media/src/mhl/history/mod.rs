//! A history: its generations, and what should be on the disk now.

mod read;
pub(in crate::mhl) use read::is_manifest_name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, CHAIN_NAME, Chain, Finding, FindingKind, Ignore, Manifest};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    path::RelativePath,
};

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
    /// Where the file was before it was renamed, when a generation records that.
    pub previous: Option<RelativePath>,
}

impl History {
    /// Every file that should be there now; renames are followed, ignored files are left out.
    pub fn expectations(&self) -> BTreeMap<RelativePath, Expectation> {
        self.expectations_at(u32::MAX)
    }

    /// [`History::expectations`] as they were after this generation.
    pub fn expectations_at(&self, generation: u32) -> BTreeMap<RelativePath, Expectation> {
        let mut known: BTreeMap<RelativePath, Expectation> = BTreeMap::new();
        for Generation { number, manifest, .. } in self.up_to(generation) {
            // All moves first: two files may have changed places.
            let renames: Vec<_> = manifest
                .files
                .iter()
                .filter_map(|file| Some((&file.path, file.previous.as_ref()?)))
                .filter_map(|(path, previous)| Some((path, previous, known.remove(previous)?)))
                .collect();
            for (path, previous, mut expectation) in renames {
                expectation.previous = Some(previous.clone());
                known.insert(path.clone(), expectation);
            }
            for file in &manifest.files {
                let expectation = known.entry(file.path.clone()).or_default();
                expectation.generation = *number;
                for (&algorithm, entry) in &file.hashes {
                    if entry.action != Some(Action::Failed) {
                        expectation.hashes.entry(algorithm).or_insert_with(|| entry.text.clone());
                        expectation.size = expectation.size.or(file.size);
                    }
                }
            }
        }
        let ignores = self.ignores();
        known.retain(|path, _| !ignores.is_ignored(path, false));
        known
    }

    /// What all generations together leave out. The set can only grow.
    pub fn ignores(&self) -> Ignore {
        let patterns = self.generations.iter().flat_map(|generation| &generation.manifest.ignore);
        Ignore::new(patterns.map(String::as_str))
    }

    /// The newest generation; `None` before the first.
    pub fn newest(&self) -> Option<&Generation> {
        self.generations.last()
    }

    /// The formats of the newest generation that lists a file.
    pub fn formats(&self) -> BTreeSet<Algorithm> {
        let files = |generation: &Generation| -> BTreeSet<Algorithm> {
            generation.manifest.files.iter().flat_map(|file| file.hashes.keys().copied()).collect()
        };
        self.generations.iter().rev().map(files).find(|formats| !formats.is_empty()).unwrap_or_default()
    }

    /// Whether every generation that the chain lists could be read and is what the chain says.
    pub fn is_whole(&self) -> bool {
        self.generations.len() == self.chain.entries.len()
            && !self.findings.iter().any(|finding| {
                use FindingKind::{ChainBroken, HistoryForked, ManifestMissing, ManifestModified, ManifestUnlisted};
                let kinds = [ChainBroken, HistoryForked, ManifestMissing, ManifestModified, ManifestUnlisted];
                kinds.contains(&finding.kind) || finding.path == CHAIN_NAME
            })
    }

    /// Whether another generation may follow.
    ///
    /// # Errors
    /// [`Error::Invalid`] when not ([`History::is_whole`]), with the first reason: a new chain would vouch for what cannot be
    /// trusted.
    pub fn check_whole(&self) -> Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let reason = self.findings.first().map_or_else(String::new, |finding| format!(": {finding}"));
        Err(Error::invalid(format!("the history is damaged and cannot be continued{reason}")))
    }

    /// The newest generation up to this one whose folder digests are of the files that were expected after it: none failed,
    /// none was missing, none came later.
    pub(super) fn with_directories(&self, generation: u32) -> Option<&Generation> {
        let expected = self.expectations_at(generation);
        self.up_to(generation).rev().find(|candidate| {
            let Manifest { files, root_hash, directories, .. } = &candidate.manifest;
            let failed = |file: &super::FileRecord| file.hashes.values().any(|e| e.action == Some(Action::Failed));
            (root_hash.is_some() || !directories.is_empty())
                && !files.iter().any(failed)
                && files.len() == expected.len()
                && files.iter().all(|file| expected.contains_key(&file.path))
        })
    }

    fn up_to(&self, generation: u32) -> impl DoubleEndedIterator<Item = &Generation> {
        self.generations.iter().filter(move |candidate| candidate.number <= generation)
    }
}
