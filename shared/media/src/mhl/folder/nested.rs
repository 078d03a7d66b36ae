//! Histories below a history: what they expect together, and whether they are what the upper one refers to.

use std::collections::BTreeMap;

use super::{scan::Disk, within};
use crate::{
    hash::Algorithm,
    mhl::{Expectation, Finding, FindingKind, Generation, History, Reference},
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
        let below = |path: RelativePath| root.as_ref().map_or_else(|| Ok(path.clone()), |root| path.below(root));
        for (path, mut expectation) in known {
            let Ok(path) = below(path) else { continue };
            expectation.previous = expectation.previous.map(|old| below(old.clone()).unwrap_or(old));
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
                    closest.hashes.entry(algorithm).or_insert(text);
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

/// Whether the nested histories are still where this generation saw them: one that went on by itself has changed the folders
/// of those above it, and rightly so.
pub(super) fn is_of_newest(disk: &Disk, key: &str, generation: &Generation) -> bool {
    let newest = |reference: &Reference| {
        let root = reference.path.parent().and_then(|folder| folder.parent())?;
        let root = if key.is_empty() { root.to_string() } else { format!("{key}/{root}") };
        Some(disk.histories.get(&root)?.newest_read()?.c4 == reference.c4)
    };
    generation.references.iter().all(|reference| newest(reference) == Some(true))
}
