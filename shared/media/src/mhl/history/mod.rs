//! A history: its generations, and what should be on the disk now.

mod expectations;
mod read;
mod survey;
pub(in crate::mhl) use read::{is_manifest_name, number_in};
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use expectations::{Expectation, Expectations};
pub use read::HistoryReader;
pub use survey::Survey;

use super::{CHAIN_NAME, Chain, DirectoryRecord, Finding, FindingKind, Ignore, ManifestHead, Reference};
use crate::{
    error::{Error, Result},
    hash::Algorithm,
    path::RelativePath,
};

/// All generations of one `ascmhl` folder that can be trusted, what they expect, and everything that is wrong with the others.
///
/// It is read by [`History::read`] or, manifest by manifest, by [`HistoryReader`].
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In order. Only manifests that the chain lists, and whose bytes are what the chain says.
    pub generations: Vec<Generation>,
    /// Everything that is wrong, paths as file names of the `ascmhl` folder.
    pub findings: Vec<Finding>,
    /// The chain as read; empty when there is none.
    pub chain: Chain,
    expected: Expectations,
    /// Which of the generations has the folder digests of just the files that are expected.
    folders: Option<usize>,
    /// The last generation that the expectations are of, when that is not the newest.
    limit: Option<u32>,
}

/// One manifest of a history, without the records of its files: what they say together is in [`History::expectations`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// Its place in the chain, from 1.
    pub number: u32,
    /// The file name.
    pub name: String,
    /// The C4 ID of its bytes.
    pub c4: String,
    /// Who, when, what was done and what was left out.
    pub head: ManifestHead,
    /// Its folders, in the order of the document.
    pub directories: Vec<DirectoryRecord>,
    /// The manifests that the same operation wrote in nested histories.
    pub references: Vec<Reference>,
    /// How many files it lists.
    pub files: u64,
    /// The formats of their digests.
    pub formats: BTreeSet<Algorithm>,
    /// Whether one of them failed.
    pub failed: bool,
}

impl History {
    /// Every file that should be there now (or after the generation that the history was read up to): renames are followed,
    /// ignored files are left out.
    pub fn expectations(&self) -> &Expectations {
        &self.expected
    }

    /// The same, for keeps.
    pub fn into_expectations(mut self) -> BTreeMap<RelativePath, Expectation> {
        self.take_expectations()
    }

    pub(super) fn take_expectations(&mut self) -> BTreeMap<RelativePath, Expectation> {
        std::mem::take(&mut self.expected).into_map()
    }

    /// What all generations together leave out. The set can only grow.
    pub fn ignores(&self) -> Ignore {
        let patterns = self.generations.iter().flat_map(|generation| &generation.head.ignore);
        Ignore::new(patterns.map(String::as_str))
    }

    /// The newest generation; `None` before the first.
    pub fn newest(&self) -> Option<&Generation> {
        self.generations.last()
    }

    /// The newest generation up to the one that the history was read up to.
    pub(super) fn newest_read(&self) -> Option<&Generation> {
        self.generations.iter().rfind(|generation| self.limit.is_none_or(|limit| generation.number <= limit))
    }

    /// The formats of the newest generation that lists a file.
    pub fn formats(&self) -> BTreeSet<Algorithm> {
        let formats = self.generations.iter().rev().map(|generation| &generation.formats);
        formats.into_iter().find(|formats| !formats.is_empty()).cloned().unwrap_or_default()
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

    /// The newest generation whose folder digests are of the files that are expected: none failed, none was missing, none
    /// came later.
    pub(super) fn with_directories(&self) -> Option<&Generation> {
        self.generations.get(self.folders?)
    }
}
