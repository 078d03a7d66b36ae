//! What the generations of a history, one after the other, say of each file.

use std::collections::{BTreeMap, btree_map};

use super::super::{Action, FileRecord, Ignore};
use crate::{hash::Digests, path::RelativePath};

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
    /// What other manifests of the same generation say, where a history has forked: the file has to match them too.
    pub rivals: Vec<Digests>,
}

/// The expected files by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    files: BTreeMap<RelativePath, Expectation>,
}

impl Expectations {
    /// What is expected of this file.
    pub fn get(&self, path: &RelativePath) -> Option<&Expectation> {
        self.files.get(path)
    }

    /// Whether the file should be there.
    pub fn contains_key(&self, path: &RelativePath) -> bool {
        self.files.contains_key(path)
    }

    /// In path order.
    pub fn iter(&self) -> btree_map::Iter<'_, RelativePath, Expectation> {
        self.files.iter()
    }

    /// In path order.
    pub fn keys(&self) -> btree_map::Keys<'_, RelativePath, Expectation> {
        self.files.keys()
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file is expected.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Gives back memory that is not needed: a tree that grew in the order of its keys is half empty.
    pub(super) fn pack(&mut self) {
        self.files = std::mem::take(&mut self.files).into_iter().collect();
    }

    pub(super) fn into_map(self) -> BTreeMap<RelativePath, Expectation> {
        self.files
    }

    /// All moves of one generation at once: two files may have changed places. Answers whether there were any.
    pub(super) fn rename(&mut self, renames: Vec<(RelativePath, RelativePath)>) -> bool {
        let taken: Vec<_> = renames
            .into_iter()
            .filter_map(|(path, previous)| Some((path, self.files.remove(&previous)?, previous)))
            .collect();
        let any = !taken.is_empty();
        for (path, mut expectation, previous) in taken {
            expectation.previous = Some(previous);
            self.files.insert(path, expectation);
        }
        any
    }

    /// Adds what a generation says of a file. Answers what it was to the history so far.
    pub(super) fn add(&mut self, file: FileRecord, generation: u32) -> Added {
        let (expectation, added) = match self.files.entry(file.path) {
            btree_map::Entry::Vacant(new) => (new.insert(Expectation::default()), Added::New),
            btree_map::Entry::Occupied(known) if known.get().generation == generation => return Added::Repeated,
            btree_map::Entry::Occupied(known) => (known.into_mut(), Added::Known),
        };
        expectation.generation = generation;
        for (algorithm, entry) in file.hashes {
            if entry.action != Some(Action::Failed) {
                expectation.hashes.insert_first(algorithm, entry.text);
                expectation.size = expectation.size.or(file.size);
            }
        }
        added
    }

    /// Adds what a rival of a generation says of a file.
    pub(super) fn add_rival(&mut self, file: FileRecord, generation: u32) {
        let hashes: Digests = file
            .hashes
            .into_iter()
            .filter(|(_, entry)| entry.action != Some(Action::Failed))
            .map(|(algorithm, entry)| (algorithm, entry.text))
            .collect();
        match self.files.entry(file.path) {
            btree_map::Entry::Vacant(new) => {
                new.insert(Expectation { size: file.size, hashes, generation, ..Expectation::default() });
            }
            btree_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                if known.hashes != hashes && !known.rivals.contains(&hashes) {
                    known.rivals.push(hashes);
                }
            }
        }
    }

    /// Leaves out what is ignored. Answers whether there was any.
    pub(super) fn retain_unignored(&mut self, ignores: &Ignore) -> bool {
        let before = self.files.len();
        self.files.retain(|path, _| !ignores.is_ignored(path, false));
        self.files.len() < before
    }
}

/// What a record is to the generations before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// Of a file that they do not know.
    New,
    /// Of one that they know.
    Known,
    /// The same generation has said something of it before.
    Repeated,
}

impl<'a> IntoIterator for &'a Expectations {
    type Item = (&'a RelativePath, &'a Expectation);
    type IntoIter = btree_map::Iter<'a, RelativePath, Expectation>;
    fn into_iter(self) -> Self::IntoIter {
        self.files.iter()
    }
}

impl IntoIterator for Expectations {
    type Item = (RelativePath, Expectation);
    type IntoIter = btree_map::IntoIter<RelativePath, Expectation>;
    fn into_iter(self) -> Self::IntoIter {
        self.files.into_iter()
    }
}

impl std::ops::Index<&RelativePath> for Expectations {
    type Output = Expectation;
    fn index(&self, path: &RelativePath) -> &Expectation {
        &self.files[path]
    }
}
