//! A history from the files of its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Chain, Finding, FindingKind, Generation, History, Ignore, Manifest};
use crate::{hash::c4, mhl::CHAIN_NAME, path::RelativePath};

impl History {
    /// Reads the files of an `ascmhl` folder, by file name. Never fails: everything that is wrong is in
    /// [`History::findings`]. Files that belong to no history, and the `._` twins that macOS leaves, are passed over.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let manifests: BTreeSet<&str> =
            files.keys().map(String::as_str).filter(|name| is_manifest_name(name)).collect();
        let Some(bytes) = files.get(CHAIN_NAME) else {
            let finding = if manifests.is_empty() {
                Finding::new(FindingKind::NoHistory, "", "there is no ASC MHL history")
            } else {
                let detail = format!("is missing, so none of {} manifests can be trusted", manifests.len());
                Finding::new(FindingKind::ChainBroken, CHAIN_NAME, detail)
            };
            return Self { findings: vec![finding], ..Self::default() };
        };
        let chain = match Chain::parse(bytes) {
            Ok(chain) if chain.entries.is_empty() => {
                let finding = Finding::new(FindingKind::ChainBroken, CHAIN_NAME, "lists no manifest");
                return Self { findings: vec![finding], ..Self::default() };
            }
            Ok(chain) => chain,
            Err(error) => {
                let finding = Finding::new(FindingKind::Malformed, CHAIN_NAME, error.to_string());
                return Self { findings: vec![finding], ..Self::default() };
            }
        };
        let mut reader = Reader { files, chain: &chain, findings: Vec::new() };
        let generations = reader.generations();
        reader.unlisted(&manifests);
        let findings = reader.findings;
        Self { generations, findings, chain }
    }
}

/// Whether a file of the `ascmhl` folder is a manifest by its name.
pub(in crate::mhl) fn is_manifest_name(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "mhl") && !name.starts_with("._")
}

/// The generation in a manifest's name: `0002_A001_2026-11-22_105822Z.mhl` is 2.
fn number_in(name: &str) -> Option<u32> {
    let stem = name.strip_suffix(".mhl")?;
    let digits = stem.split_once('_').map_or(stem, |(digits, _)| digits);
    if digits.len() < 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

struct Reader<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
    chain: &'a Chain,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn generations(&mut self) -> Vec<Generation> {
        let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
        let mut generations = Vec::new();
        for (entry, expected) in self.chain.entries.iter().zip(1u32..) {
            let name = entry.path.as_str();
            let sequence = entry.sequence;
            if !numbers.insert(sequence) {
                let detail = format!("lists two manifests as generation {sequence}");
                self.find(FindingKind::HistoryForked, CHAIN_NAME, detail);
            } else if sequence != expected {
                let detail = format!("entry {expected} has the number {sequence}");
                self.find(FindingKind::ChainBroken, CHAIN_NAME, detail);
            }
            if name.contains('/') || RelativePath::new(name).is_err() || !is_manifest_name(name) {
                let detail =
                    format!("entry {expected} names `{}`, which is no manifest of this folder", name.escape_debug());
                self.find(FindingKind::UnsafePath, CHAIN_NAME, detail);
                continue;
            }
            if !names.insert(name) {
                self.find(FindingKind::ChainBroken, CHAIN_NAME, format!("lists `{name}` twice"));
                continue;
            }
            if number_in(name) != Some(sequence) {
                self.find(FindingKind::ChainBroken, CHAIN_NAME, format!("entry {sequence} names `{name}`"));
            }
            let Some(bytes) = self.files.get(name) else {
                self.find(FindingKind::ManifestMissing, name, "the chain lists it, but it is not there");
                continue;
            };
            let found = c4(bytes);
            if found != entry.c4 {
                self.find(FindingKind::ManifestModified, name, format!("is {found}, the chain says {}", entry.c4));
                continue;
            }
            match Manifest::parse(name, bytes) {
                Ok(manifest) => {
                    self.check(name, &manifest);
                    generations.push(Generation { number: sequence, name: name.to_owned(), c4: found, manifest });
                }
                Err(error) => self.find(FindingKind::Malformed, name, error.to_string()),
            }
        }
        generations
    }

    /// What a manifest says against itself.
    fn check(&mut self, name: &str, manifest: &Manifest) {
        self.findings.extend(manifest.problems.iter().cloned());
        for pattern in &manifest.ignore {
            if let Some(reason) = Ignore::check(pattern) {
                self.find(
                    FindingKind::Malformed,
                    name,
                    format!("`{}` is no pattern: {reason}", pattern.escape_debug()),
                );
            }
        }
        let ignore = Ignore::new(manifest.ignore.iter().map(String::as_str));
        let files = manifest.files.iter().map(|file| (&file.path, false));
        let folders = manifest.directories.iter().map(|folder| (&folder.path, true));
        for (path, _) in files.chain(folders).filter(|(path, is_dir)| ignore.is_ignored(path, *is_dir)) {
            self.find(FindingKind::Malformed, name, format!("lists `{path}`, which it ignores"));
        }
    }

    fn unlisted(&mut self, manifests: &BTreeSet<&str>) {
        for name in manifests {
            if self.chain.entries.iter().any(|entry| entry.path == *name) {
                continue;
            }
            let rival = self.chain.entries.iter().find(|entry| Some(entry.sequence) == number_in(name));
            match rival {
                Some(entry) => {
                    let detail =
                        format!("claims generation {}, which is `{}`", entry.sequence, entry.path.escape_debug());
                    self.find(FindingKind::HistoryForked, name, detail);
                }
                None => {
                    self.find(FindingKind::ManifestUnlisted, name, "the chain does not list it, so it does not count");
                }
            }
        }
    }

    fn find(&mut self, kind: FindingKind, path: &str, detail: impl Into<String>) {
        self.findings.push(Finding::new(kind, path, detail));
    }
}
