//! Files and folders that are at another place than before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scanned, ScannedDirectory};
use crate::{
    hash::Algorithm,
    mhl::{Expectation, Expectations},
    path::RelativePath,
};

/// New path to old path.
pub(super) type Renames = BTreeMap<RelativePath, RelativePath>;

/// New files that are a missing one at another place: the same digests and size, and no other file has them. An empty file
/// has the bytes of every other, so it is never one.
pub(super) fn files(expected: &Expectations, scanned: &BTreeMap<&RelativePath, &Scanned>) -> Renames {
    let missing = expected.iter().filter(|(path, _)| !scanned.contains_key(path));
    let mut by_digest: BTreeMap<(Algorithm, &str), Vec<(&RelativePath, &Expectation)>> = BTreeMap::new();
    for (path, expectation) in missing {
        for (&algorithm, text) in &expectation.hashes {
            by_digest.entry((algorithm, text)).or_default().push((path, expectation));
        }
    }
    let mut found: BTreeMap<&RelativePath, Vec<RelativePath>> = BTreeMap::new();
    for file in scanned.values().filter(|file| file.size > 0 && !expected.contains_key(&file.path)) {
        let same = |expectation: &Expectation| {
            expectation.size.is_none_or(|size| size == file.size)
                && expectation.hashes.iter().all(|(a, text)| file.digests.get(a).is_none_or(|own| own == text))
        };
        let candidates: BTreeSet<&RelativePath> = file
            .digests
            .iter()
            .flat_map(|(&algorithm, text)| by_digest.get(&(algorithm, text)).into_iter().flatten())
            .filter(|(_, expectation)| same(expectation))
            .map(|(path, _)| *path)
            .collect();
        if let [one] = candidates.into_iter().collect::<Vec<_>>()[..] {
            found.entry(one).or_default().push(file.path.clone());
        }
    }
    let unique =
        found.into_iter().filter_map(|(old, mut new)| Some((new.pop().filter(|_| new.is_empty())?, old.clone())));
    unique.collect()
}

/// Folders that moved with all that was in them: every file that the history expects in the old one is in the new one under
/// the same name, nothing else is, the old one is gone and the new one was not known.
pub(super) fn directories(
    files: &Renames,
    expected: &Expectations,
    scanned: &BTreeMap<&RelativePath, &Scanned>,
    directories: &[&ScannedDirectory],
    recorded: &BTreeSet<&RelativePath>,
) -> Renames {
    if files.is_empty() {
        return Renames::new();
    }
    let expected: BTreeSet<&str> = expected.keys().map(RelativePath::as_str).collect();
    let scanned: BTreeSet<&str> = scanned.keys().map(|path| path.as_str()).collect();
    let folders: BTreeSet<&str> = directories.iter().map(|folder| folder.path.as_str()).collect();
    let moved_whole = |new: &str, old: &str| {
        let all_moved = below(&scanned, new).all(|path| {
            let rest = &path[new.len()..];
            files.get(path).is_some_and(|from| from.as_str().strip_prefix(old) == Some(rest))
        });
        all_moved
            && below(&scanned, new).count() == below(&expected, old).count()
            && below(&expected, new).next().is_none()
            && below(&scanned, old).next().is_none()
            && !folders.contains(old)
            && below(&folders, old).next().is_none()
    };
    let mut moved: BTreeMap<RelativePath, RelativePath> = BTreeMap::new();
    let mut tried = BTreeSet::new();
    for (new, old) in files {
        let mut pair = (new.clone(), old.clone());
        while pair.0.file_name() == pair.1.file_name() {
            let (Some(new), Some(old)) = (pair.0.parent(), pair.1.parent()) else { break };
            if new == old || !tried.insert((new.clone(), old.clone())) {
                break;
            }
            if moved_whole(new.as_str(), old.as_str()) {
                moved.insert(new.clone(), old.clone());
            }
            pair = (new, old);
        }
    }
    // Folders without files went along.
    let along = directories.iter().filter_map(|folder| {
        let (new, old) = moved.iter().find(|(new, _)| folder.path.strip(new).is_some())?;
        let before = folder.path.strip(new)?.below(old).ok()?;
        let empty = below(&scanned, folder.path.as_str()).next().is_none();
        (empty && recorded.contains(&before)).then(|| (folder.path.clone(), before))
    });
    let along: Vec<_> = along.collect();
    moved.extend(along);
    moved
}

/// What is below a folder. `0` follows `/`.
fn below<'a>(paths: &BTreeSet<&'a str>, folder: &str) -> impl Iterator<Item = &'a str> {
    let (from, to) = (format!("{folder}/"), format!("{folder}0"));
    paths.range::<str, _>((std::ops::Bound::Excluded(from.as_str()), std::ops::Bound::Excluded(to.as_str()))).copied()
}

/// For each of these wrong files the other one whose bytes it has, when the history knows exactly one: files that changed
/// places, or were copied over one another.
pub(super) fn strangers<'e>(
    wrong: &[&Scanned],
    expected: &'e Expectations,
) -> BTreeMap<RelativePath, &'e RelativePath> {
    let mut owners: BTreeMap<(Algorithm, &str), Vec<&RelativePath>> = BTreeMap::new();
    for file in wrong {
        owners.extend(file.digests.iter().map(|(&algorithm, text)| ((algorithm, text.as_str()), Vec::new())));
    }
    for (path, expectation) in expected {
        for (&algorithm, text) in &expectation.hashes {
            if let Some(paths) = owners.get_mut(&(algorithm, text.as_str())) {
                paths.push(path);
            }
        }
    }
    let owner = |file: &&Scanned| {
        let paths: BTreeSet<_> =
            file.digests.iter().filter_map(|(&a, text)| owners.get(&(a, text.as_str()))).flatten().collect();
        let mut paths = paths.into_iter().filter(|_| file.size > 0);
        let first = paths.next()?;
        paths.next().is_none().then(|| (file.path.clone(), *first))
    };
    wrong.iter().filter_map(owner).collect()
}
