//! Files that are where the history does not say, and not where it says.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    hash::{Algorithm, Digests},
    mhl::Expectation,
    path::RelativePath,
};

/// Files that are missing, by what could be found of them under another name.
#[derive(Default)]
pub(super) struct Moved<'d> {
    /// The digests to take of a file of this size: only one of a missing file's size can be that file.
    pub(super) formats: BTreeMap<u64, BTreeSet<Algorithm>>,
    by_digest: BTreeMap<(Algorithm, &'d str), Vec<&'d RelativePath>>,
}

impl<'d> Moved<'d> {
    pub(super) fn new(expected: &'d BTreeMap<RelativePath, Expectation>, missing: &BTreeSet<&'d RelativePath>) -> Self {
        let mut formats: BTreeMap<u64, BTreeSet<Algorithm>> = BTreeMap::new();
        let mut by_digest: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (path, expected) in missing.iter().filter_map(|path| Some((*path, expected.get(*path)?))) {
            let Some(size) = expected.size.filter(|&size| size > 0) else { continue };
            for (&algorithm, text) in &expected.hashes {
                formats.entry(size).or_default().insert(algorithm);
                by_digest.entry((algorithm, text.as_str())).or_default().push(path);
            }
        }
        Self { formats, by_digest }
    }

    /// The missing file that these bytes are, when there is exactly one.
    pub(super) fn origin(
        &self,
        expected: &BTreeMap<RelativePath, Expectation>,
        missing: &BTreeSet<&'d RelativePath>,
        size: u64,
        digests: &Digests,
    ) -> Option<&'d RelativePath> {
        let is_it = |path: &RelativePath| {
            expected.get(path).is_some_and(|expected| {
                expected.size == Some(size)
                    && expected.hashes.iter().all(|(algorithm, text)| digests.get(algorithm) == Some(text))
            })
        };
        let same = digests.iter().filter_map(|(&algorithm, text)| self.by_digest.get(&(algorithm, text.as_str())));
        let candidates: BTreeSet<&RelativePath> = same
            .flat_map(|paths| paths.iter().filter(|path| missing.contains(**path) && is_it(path)).take(2))
            .copied()
            .collect();
        let mut candidates = candidates.into_iter();
        let origin = candidates.next()?;
        candidates.next().is_none().then_some(origin)
    }
}
