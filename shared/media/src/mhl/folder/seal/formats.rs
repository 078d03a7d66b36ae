//! Which formats are written, and which each file is read for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::scan::{Disk, Found, below};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    mhl::{Expectation, Expectations, Finding, FindingKind, History},
    path::RelativePath,
};

/// The formats to write in each history: those that were asked for, else its own. A first generation takes those that all
/// histories below it have, else xxh128.
pub(super) fn to_write<'d>(
    asked: &[Algorithm],
    histories: &'d BTreeMap<String, History>,
) -> Result<BTreeMap<&'d str, BTreeSet<Algorithm>>> {
    if let Some(unknown) = asked.iter().find(|algorithm| !Algorithm::MHL.contains(algorithm)) {
        return Err(Error::unsupported(format!("{unknown} in ASC MHL")));
    }
    let own: BTreeMap<_, _> = histories.iter().map(|(key, history)| (key.as_str(), history.formats())).collect();
    let chosen = |key: &str, formats: &BTreeSet<Algorithm>| -> BTreeSet<Algorithm> {
        if !asked.is_empty() {
            return asked.iter().copied().collect();
        }
        if !formats.is_empty() {
            return formats.clone();
        }
        let is_below =
            |root: &str| root != key && (key.is_empty() || root.strip_prefix(key).is_some_and(|r| r.starts_with('/')));
        let nested = own.iter().filter(|(root, formats)| is_below(root) && !formats.is_empty());
        let common = nested.map(|(_, formats)| formats.clone()).reduce(|a, b| &a & &b).unwrap_or_default();
        if common.is_empty() { BTreeSet::from([Algorithm::Xxh128]) } else { common }
    };
    Ok(own.iter().map(|(key, formats)| (*key, chosen(key, formats))).collect())
}

/// What the histories know of the files.
pub(super) struct Known<'d> {
    by_root: BTreeMap<&'d str, &'d Expectations>,
    /// Formats of the files that are not where they were, by root and size.
    gone: BTreeMap<(&'d str, u64), BTreeSet<Algorithm>>,
}

impl<'d> Known<'d> {
    /// `owners` are the roots of the histories that the disk's files belong to.
    pub(super) fn new(disk: &'d Disk, owners: &[&'d str]) -> Self {
        let by_root: BTreeMap<_, _> =
            disk.histories.iter().map(|(key, history)| (key.as_str(), history.expectations())).collect();
        let mut there: BTreeMap<&str, BTreeSet<RelativePath>> = BTreeMap::new();
        for (file, owner) in disk.files.iter().zip(owners) {
            there.entry(owner).or_default().extend(below(owner, &file.path));
        }
        let mut gone: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (&root, expectations) in &by_root {
            let is_there = |path: &RelativePath| there.get(root).is_some_and(|paths| paths.contains(path));
            for (_, expectation) in expectations.iter().filter(|(path, _)| !is_there(path)) {
                if let Some(size) = expectation.size.filter(|&size| size > 0) {
                    gone.entry((root, size)).or_default().extend(expectation.hashes.keys().copied());
                }
            }
        }
        Self { by_root, gone }
    }

    /// The formats to write, and one that the history knows when none of them is; for a new file that may have been renamed,
    /// those of the missing files of its size.
    pub(super) fn wanted(&self, file: &Found, owner: &'d str, formats: &BTreeSet<Algorithm>) -> BTreeSet<Algorithm> {
        let mut wanted = formats.clone();
        match self.own(file, owner).or_else(|| self.inherited(file, owner)) {
            Some(expectation) if !expectation.hashes.keys().any(|algorithm| wanted.contains(algorithm)) => {
                wanted.extend(expectation.hashes.keys().next());
            }
            Some(_) => {}
            None => wanted.extend(self.gone.get(&(owner, file.size)).into_iter().flatten()),
        }
        wanted
    }

    /// What is wrong with a file that its own history does not know yet and one further up does: the first record in a
    /// nested history must not make an original of damage.
    pub(super) fn contradiction(&self, file: &Found, owner: &str, digests: &Digests) -> Option<Finding> {
        if self.own(file, owner).is_some() {
            return None;
        }
        let known = self.inherited(file, owner)?;
        let (algorithm, text) = known.hashes.iter().find(|(a, text)| digests.get(a).is_some_and(|own| own != *text))?;
        let detail = format!(
            "{algorithm} is {}, a history further up says {text}; it has no record in its own history",
            digests.get(algorithm).map_or("unknown", String::as_str)
        );
        Some(Finding::new(FindingKind::Mismatch, file.path.as_str(), detail))
    }

    /// Files below a nested history that only one further up lists, and that are not there.
    pub(super) fn missing_below(&self, disk: &Disk) -> Vec<Finding> {
        let there: BTreeSet<&RelativePath> = disk.files.iter().map(|file| &file.path).collect();
        let mut missing = BTreeSet::new();
        for (&root, expectations) in &self.by_root {
            for path in expectations.keys() {
                let Ok(path) =
                    (if root.is_empty() { Ok(path.clone()) } else { RelativePath::new(format!("{root}/{path}")) })
                else {
                    continue;
                };
                let owner = super::owner(disk, &path);
                let is_own =
                    owner == root || self.by_root[owner].contains_key(below(owner, &path).as_ref().unwrap_or(&path));
                if !is_own && !there.contains(&path) {
                    missing.insert(path);
                }
            }
        }
        let finding = |path: RelativePath| {
            Finding::new(FindingKind::Missing, path.as_str(), "a history further up lists it, but it is not there")
        };
        missing.into_iter().map(finding).collect()
    }

    fn own(&self, file: &Found, owner: &str) -> Option<&Expectation> {
        self.by_root.get(owner)?.get(&below(owner, &file.path)?)
    }

    fn inherited(&self, file: &Found, owner: &str) -> Option<&Expectation> {
        let roots = self.by_root.iter().rev().filter(|(root, _)| root.len() < owner.len());
        roots.filter_map(|(root, known)| known.get(&below(root, &file.path)?)).find(|known| !known.hashes.is_empty())
    }
}
