//! Verifying a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    FileCounts, Report, Verdict, VerifyOptions, Watch, legacy,
    read::read_all,
    scan::{Disk, Found, below, scan},
    within,
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    mhl::{DirectoryDigests, Expectation, Finding, FindingKind, History, Reference, directory::Tree},
    path::RelativePath,
};

/// See [`super::verify`].
pub(super) fn verify(root: &Path, options: VerifyOptions, watch: &dyn Watch) -> Result<Report> {
    let disk = scan(root)?;
    let Some(top) = disk.histories.get("") else { return legacy::verify(root, &disk, options, watch) };
    let newest = top.newest().map_or(0, |generation| generation.number);
    if let Some(wanted) = options.generation.filter(|wanted| *wanted == 0 || (*wanted > newest && top.is_whole())) {
        return Err(Error::invalid(format!("there is no generation {wanted}; the newest is {newest}")));
    }
    let mut findings = disk.findings.clone();
    for (key, history) in &disk.histories {
        let folder = if key.is_empty() { "ascmhl".to_owned() } else { format!("{key}/ascmhl") };
        findings.extend(history.findings.iter().map(|finding| within(&folder, finding)));
        findings.extend(references(&disk, key, history));
    }
    let expected = expectations(&disk, options.generation.unwrap_or(u32::MAX));
    let mut counts = FileCounts { expected: expected.len() as u64, ..FileCounts::default() };

    let found: BTreeMap<&RelativePath, &Found> = disk.files.iter().map(|file| (&file.path, file)).collect();
    let mut missing: BTreeMap<&RelativePath, &Expectation> =
        expected.iter().filter(|(path, _)| !found.contains_key(path)).collect();
    // Only a file of a missing one's size can be that one under another name.
    let mut by_size: BTreeMap<u64, BTreeSet<Algorithm>> = BTreeMap::new();
    for expectation in missing.values() {
        if let Some(size) = expectation.size.filter(|&size| size > 0) {
            by_size.entry(size).or_default().extend(expectation.hashes.keys());
        }
    }
    let mut jobs = Vec::new();
    let mut plan = Vec::new();
    for file in &disk.files {
        let known = expected.get(&file.path);
        match known {
            Some(expectation) if expectation.size.is_some_and(|size| size != file.size) => {
                counts.failed += 1;
                let size = expectation.size.unwrap_or_default();
                let detail = format!("has {} bytes, the history says {size}", file.size);
                findings.push(Finding::new(FindingKind::SizeMismatch, file.path.as_str(), detail));
            }
            Some(expectation) => {
                jobs.push((file, expectation.hashes.keys().copied().collect()));
                plan.push(known);
            }
            None => match by_size.get(&file.size) {
                None => extra(&disk, file, &mut counts, &mut findings),
                Some(formats) => {
                    jobs.push((file, formats.clone()));
                    plan.push(None);
                }
            },
        }
    }
    let read = read_all(&jobs, watch)?;
    let bytes = read.iter().map(|(size, _)| size).sum();
    let mut renamed_right = 0;
    for (((file, _), known), (_, digests)) in jobs.iter().zip(plan).zip(&read) {
        let path = file.path.as_str();
        if let Some(expectation) = known {
            if let Some(detail) = difference(expectation, digests) {
                counts.failed += 1;
                findings.push(Finding::new(FindingKind::Mismatch, path, detail));
                continue;
            }
            counts.verified += 1;
            if let Some(previous) = &expectation.previous {
                counts.renamed += 1;
                renamed_right += 1;
                let detail = format!("was `{previous}`, as a generation records");
                findings.push(Finding::new(FindingKind::Renamed, path, detail));
            }
        } else if let Some(old) = twin(&missing, file, digests) {
            missing.remove(&old);
            counts.renamed += 1;
            findings.push(Finding::new(
                FindingKind::Renamed,
                path,
                format!("was `{old}`, and no generation records that"),
            ));
        } else {
            extra(&disk, file, &mut counts, &mut findings);
        }
    }
    counts.missing = missing.len() as u64;
    findings.extend(
        missing
            .keys()
            .map(|path| Finding::new(FindingKind::Missing, path.as_str(), "the history lists it, but it is not there")),
    );
    if findings.len() == renamed_right {
        // With a file wrong, the folders above it are wrong too, and need not be said.
        let digests = jobs.iter().zip(&read).map(|((file, _), (_, digests))| (&file.path, digests)).collect();
        for (key, history) in &disk.histories {
            let newest = if key.is_empty() { options.generation.unwrap_or(u32::MAX) } else { u32::MAX };
            findings.extend(folders(&disk, key, history, newest, &digests));
        }
    }
    findings.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    let verdict = if findings.len() == renamed_right { Verdict::Verified } else { Verdict::Failed };
    Ok(Report { verdict, files: counts, bytes, findings })
}

/// What every history expects, the closest first; one further up adds formats and files that the closest does not know.
fn expectations(disk: &Disk, generation: u32) -> BTreeMap<RelativePath, Expectation> {
    let mut all: BTreeMap<RelativePath, Expectation> = BTreeMap::new();
    for (key, history) in disk.histories.iter().rev() {
        let newest = if key.is_empty() { generation } else { u32::MAX };
        for (path, mut expectation) in history.expectations_at(newest) {
            let root = RelativePath::new(key.as_str()).ok();
            let Ok(path) = root.as_ref().map_or_else(|| Ok(path.clone()), |root| path.below(root)) else { continue };
            expectation.previous =
                expectation.previous.map(|old| root.as_ref().and_then(|root| old.below(root).ok()).unwrap_or(old));
            match all.get_mut(&path) {
                Some(known) => {
                    for (algorithm, text) in expectation.hashes {
                        known.hashes.entry(algorithm).or_insert(text);
                    }
                }
                None => drop(all.insert(path, expectation)),
            }
        }
    }
    all
}

/// References to manifests of nested histories that are not there, or are others.
fn references(disk: &Disk, key: &str, history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    for reference in history.generations.iter().flat_map(|generation| &generation.manifest.references) {
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

/// Folders whose digests are not those of the newest generation that speaks of the files that are there now.
fn folders(
    disk: &Disk,
    key: &str,
    history: &History,
    generation: u32,
    digests: &BTreeMap<&RelativePath, &Digests>,
) -> Vec<Finding> {
    let Some(generation) = history.with_directories(generation) else { return Vec::new() };
    // A nested history that went on by itself has changed this one's folders, and rightly so.
    let newest = |reference: &Reference| {
        let root = reference.path.parent().and_then(|folder| folder.parent())?;
        let root = if key.is_empty() { root.to_string() } else { format!("{key}/{root}") };
        Some(disk.histories.get(&root)?.newest()?.c4 == reference.c4)
    };
    if !generation.manifest.references.iter().all(|reference| newest(reference) == Some(true)) {
        return Vec::new();
    }
    let files: Vec<_> = digests.iter().filter_map(|(path, digests)| Some((below(key, path)?, *digests))).collect();
    let mut tree = Tree::default();
    for (path, digests) in &files {
        tree.add_file(path, digests);
    }
    for path in disk.empty_folders.iter().filter_map(|path| below(key, path)) {
        tree.add_folder(&path);
    }
    let now = tree.digests(Algorithm::MHL);
    let recorded = generation.manifest.directories.iter().map(|folder| (folder.path.as_str(), &folder.digests));
    let root = generation.manifest.root_hash.iter().map(|digests| ("", digests));
    let mut findings = Vec::new();
    for (path, recorded) in recorded.chain(root) {
        let detail = match now.get(path) {
            None => Some("a generation lists this folder, but it is not there".to_owned()),
            Some(now) => folder_difference(recorded, now),
        };
        if let Some(detail) = detail {
            let name = if path.is_empty() && key.is_empty() { "." } else { path };
            findings.push(within(key, &Finding::new(FindingKind::DirectoryMismatch, name, detail)));
        }
    }
    findings
}

/// In the formats that both have.
fn folder_difference(recorded: &DirectoryDigests, now: &DirectoryDigests) -> Option<String> {
    let pairs = [("content", &recorded.content, &now.content), ("structure", &recorded.structure, &now.structure)];
    pairs.into_iter().find_map(|(what, recorded, now)| {
        recorded.iter().find_map(|(algorithm, text)| {
            let now = now.get(algorithm).filter(|now| *now != text)?;
            Some(format!("the {what} {algorithm} is {now}, the history says {text}"))
        })
    })
}

/// A file that no generation lists. Where a history is not whole nobody can say what the lost part listed.
fn extra(disk: &Disk, file: &Found, counts: &mut FileCounts, findings: &mut Vec<Finding>) {
    let damaged = disk.histories.iter().any(|(key, history)| !history.is_whole() && below(key, &file.path).is_some());
    if !damaged {
        counts.extra += 1;
        findings.push(Finding::new(FindingKind::Extra, file.path.as_str(), "no generation lists it"));
    }
}

fn difference(expectation: &Expectation, digests: &Digests) -> Option<String> {
    if expectation.hashes.is_empty() {
        return Some("the history has no digest of it that did not fail".to_owned());
    }
    let different = expectation.hashes.iter().filter(|(algorithm, text)| digests.get(algorithm) != Some(text));
    let texts: Vec<_> = different
        .map(|(a, text)| {
            format!("{a} is {}, the history says {text}", digests.get(a).map_or("unknown", String::as_str))
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// The missing file that this one is, when there is exactly one.
fn twin(missing: &BTreeMap<&RelativePath, &Expectation>, file: &Found, digests: &Digests) -> Option<RelativePath> {
    let same = |e: &Expectation| {
        e.size == Some(file.size)
            && !e.hashes.is_empty()
            && e.hashes.iter().all(|(a, text)| digests.get(a) == Some(text))
    };
    let mut twins = missing.iter().filter(|(_, expectation)| same(expectation));
    let (old, _) = twins.next()?;
    twins.next().is_none().then(|| (*old).clone())
}
