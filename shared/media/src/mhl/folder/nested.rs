//! Histories below a history: what they expect together, and whether they are what the upper one refers to.

use std::collections::BTreeMap;

use super::{
    scan::{Disk, below},
    within,
};
use crate::{
    hash::Algorithm,
    mhl::{Expectation, Finding, FindingKind, History, Reference},
    path::RelativePath,
};

/// What every history expects, the closest first; one further up adds formats and files that the closest does not know. Where
/// both know a file and say other things of it, it has to match both.
pub(super) fn expectations(disk: &mut Disk) -> BTreeMap<RelativePath, Expectation> {
    let mut all: BTreeMap<RelativePath, Expectation> = BTreeMap::new();
    for (key, history) in disk.histories.iter_mut().rev() {
        let known = history.take_expectations();
        if all.is_empty() && key.is_empty() {
            return known;
        }
        let root = RelativePath::new(key.as_str()).ok();
        let placed = |path: RelativePath| root.as_ref().map_or_else(|| Ok(path.clone()), |root| path.below(root));
        for (path, mut expectation) in known {
            let Ok(path) = placed(path) else { continue };
            expectation.previous = expectation.previous.map(|old| placed(old.clone()).unwrap_or(old));
            let Some(closest) = all.get_mut(&path) else {
                all.insert(path, expectation);
                continue;
            };
            let is_other = |(algorithm, text): (&Algorithm, &String)| {
                closest.hashes.get(algorithm).is_some_and(|known| known != text)
            };
            if expectation.hashes.iter().any(is_other) {
                closest.rivals.push(expectation.hashes);
            } else {
                for (algorithm, text) in expectation.hashes {
                    closest.hashes.insert_first(algorithm, text);
                }
            }
        }
    }
    all
}

/// References to manifests of nested histories that are not there, or are others.
pub(super) fn references(disk: &Disk, key: &str, history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    for reference in history.generations.iter().flat_map(|generation| &generation.references) {
        let path = &reference.path;
        let Some(root) = path.parent().and_then(|folder| folder.parent()) else { continue };
        let nested = if key.is_empty() { root.to_string() } else { format!("{key}/{root}") };
        let known = disk.histories.get(&nested);
        let generation = known.and_then(|known| known.generations.iter().find(|g| g.name == path.file_name()));
        let finding = match generation {
            Some(generation) if generation.c4 == reference.c4 => continue,
            Some(generation) => {
                let detail = format!("is {}, a reference to it says {}", generation.c4, reference.c4);
                Finding::new(FindingKind::ManifestModified, path.as_str(), detail)
            }
            // A nested history that is damaged has said so itself.
            None if known.is_some_and(|known| !known.is_whole()) => continue,
            None => Finding::new(
                FindingKind::ManifestMissing,
                path.as_str(),
                "a generation refers to it, but it is not there",
            ),
        };
        findings.push(within(key, &finding));
    }
    findings
}

/// Histories below this one that are not what its newest generation saw: they went on by themselves, or came later. The
/// folders above them are other ones now, and rightly so. The roots are relative to that of this history.
pub(super) fn went_on(disk: &Disk, key: &str) -> Vec<RelativePath> {
    let roots = disk.histories.keys().filter(|root| !is_as_referred(disk, root));
    roots.filter_map(|root| below(key, &RelativePath::new(root.as_str()).ok()?)).collect()
}

/// Whether the history right above refers to the newest manifest of this one.
fn is_as_referred(disk: &Disk, root: &str) -> bool {
    let above = root.match_indices('/').map(|(end, _)| &root[..end]).chain(Some(""));
    let Some((key, upper)) = above.filter_map(|key| disk.histories.get_key_value(key)).max_by_key(|(key, _)| key.len())
    else {
        return false;
    };
    let own = |reference: &&Reference| {
        let folder = reference.path.parent().and_then(|folder| folder.parent());
        folder.is_some_and(|folder| Some(folder) == RelativePath::new(root).ok().and_then(|root| below(key, &root)))
    };
    let Some(reference) = upper.newest_read().and_then(|newest| newest.references.iter().find(own)) else {
        return false;
    };
    disk.histories[root].newest_read().is_some_and(|newest| newest.c4 == reference.c4)
}
