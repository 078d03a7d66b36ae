//! Decides what the next generation says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    NestedSeal, Scanned, ScannedDirectory, Sealed, Stamp,
    renames::{self, Renames},
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, ByAlgorithm, Digests, c4},
    mhl::{
        Action, ChainEntry, DirectoryDigests, DirectoryRecord, Expectations, FOLDER_NAME, FileRecord, Finding,
        FindingKind, HashEntry, History, Ignore, Manifest, Reference, directory::Tree, manifest::walk,
    },
    path::RelativePath,
};

pub(super) struct Builder<'a> {
    history: &'a History,
    stamp: &'a Stamp,
    nested: &'a [NestedSeal],
    ignore: Ignore,
    expected: &'a Expectations,
    findings: Vec<Finding>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(history: &'a History, stamp: &'a Stamp, nested: &'a [NestedSeal]) -> Self {
        let (ignore, expected) = (super::ignore(history, stamp), history.expectations());
        Self { history, stamp, nested, ignore, expected, findings: Vec::new() }
    }

    pub(super) fn build(
        mut self,
        number: u32,
        name: String,
        files: &[Scanned],
        directories: &[ScannedDirectory],
    ) -> Result<Sealed> {
        let scanned = self.scanned(files)?;
        let directories: Vec<_> =
            directories.iter().filter(|folder| !self.ignore.is_ignored(&folder.path, true)).collect();
        let renames = renames::files(self.expected, &scanned);
        let mut records = Vec::with_capacity(scanned.len());
        for file in scanned.values() {
            records.push(self.record(file, renames.get(&file.path))?);
        }
        self.name_strangers(&scanned);
        // Files that came to a nested history since are for that one to miss.
        let own = |path: &&RelativePath| !self.nested.iter().any(|nested| path.strip(&nested.root).is_some());
        let gone = self.expected.keys().filter(|path| !scanned.contains_key(*path)).filter(own);
        let moved: BTreeSet<_> = renames.values().collect();
        let missing = gone
            .filter(|path| !moved.contains(path))
            .map(|path| Finding::new(FindingKind::Missing, path.as_str(), "the history lists it, but it is not there"));
        self.findings.extend(missing);
        let mut folders = self.folders(&records, &directories);
        let root_hash = folders.remove("").unwrap_or_default();
        // What was not read has no record, and leaves the folders above it without digests.
        records.retain(|record| !record.hashes.is_empty());
        folders.retain(|_, digests| !digests.content.is_empty());
        // A history may say that all its files are gone, by the digests of an empty root.
        let is_emptied = !self.history.generations.is_empty() && !root_hash.content.is_empty();
        if records.is_empty() && folders.is_empty() && !is_emptied {
            return Err(Error::invalid("there is nothing to seal: no file and no folder"));
        }
        let directories = self.directory_records(folders, &directories, &renames, &scanned);
        records.sort_by(|a, b| walk::order((&a.path, false), (&b.path, false)));
        let manifest = Manifest {
            creator: self.stamp.creator(),
            process: self.stamp.process,
            root_hash: (!root_hash.content.is_empty()).then(|| root_hash.clone()),
            ignore: self.ignore.patterns(),
            files: records,
            directories,
            references: self.references()?,
            problems: Vec::new(),
        };
        let manifest = manifest.to_xml();
        let c4 = c4(&manifest);
        let mut chain = self.history.chain.clone();
        chain.entries.push(ChainEntry { sequence: number, path: name.clone(), c4: c4.clone() });
        let mut findings = self.findings;
        findings.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Sealed { number, name, manifest, c4, chain: chain.to_xml(), root_hash, findings })
    }

    /// The files by path, without those that are ignored.
    fn scanned<'f>(&self, files: &'f [Scanned]) -> Result<BTreeMap<&'f RelativePath, &'f Scanned>> {
        let mut scanned = BTreeMap::new();
        for file in files {
            let path = &file.path;
            if self.ignore.is_ignored(path, false) {
                continue;
            }
            if let Some(nested) = self.nested.iter().find(|nested| path.strip(&nested.root).is_some()) {
                return Err(Error::invalid(format!("`{path}` belongs to the history of `{}`", nested.root)));
            }
            for (algorithm, text) in &file.digests {
                if !algorithm.is_text(text) {
                    let text = text.escape_debug();
                    return Err(Error::invalid(format!("`{path}`: `{text}` is no {algorithm} digest")));
                }
            }
            let is_known = Algorithm::MHL.iter().any(|algorithm| file.digests.contains_key(algorithm));
            if !file.digests.is_empty() && !is_known {
                return Err(Error::invalid(format!("`{path}` has no digest in a format of ASC MHL")));
            }
            if scanned.insert(path, file).is_some() {
                return Err(Error::invalid(format!("`{path}` is given twice")));
            }
        }
        Ok(scanned)
    }

    fn record(&mut self, file: &Scanned, previous: Option<&RelativePath>) -> Result<FileRecord> {
        let path = &file.path;
        let unread = file.digests.is_empty();
        let digests = file.digests.iter().filter(|(algorithm, _)| Algorithm::MHL.contains(algorithm));
        let known = self.expected.get(previous.unwrap_or(path)).map(|expectation| &expectation.hashes);
        let entry = |text: &String, action| HashEntry {
            text: text.clone(),
            action: Some(action),
            date: Some(file.hashed.as_ref().unwrap_or(&self.stamp.created).clone()),
        };
        let hashes = match known.filter(|known| !known.is_empty()) {
            None => digests.map(|(&algorithm, text)| (algorithm, entry(text, Action::Original))).collect(),
            Some(known) => {
                let (old, new): (Vec<_>, Vec<_>) = digests.partition(|(algorithm, _)| known.contains_key(algorithm));
                if old.is_empty() && !unread {
                    let formats: Vec<_> = known.keys().map(|algorithm| algorithm.name()).collect();
                    let formats = formats.join(" or ");
                    return Err(Error::invalid(format!(
                        "`{path}` cannot be compared: the history knows it by {formats}; hash it in that format too"
                    )));
                }
                let mut hashes = ByAlgorithm::new();
                let mut mismatches = Vec::new();
                for (&algorithm, text) in old {
                    let action = if known[&algorithm] == *text { Action::Verified } else { Action::Failed };
                    if action == Action::Failed {
                        mismatches.push(format!("{algorithm} is {text}, the history says {}", known[&algorithm]));
                    }
                    hashes.insert(algorithm, entry(text, action));
                }
                // A digest in a new format stands for the old one only when the same read verified that.
                if mismatches.is_empty() {
                    hashes.extend(new.into_iter().map(|(&algorithm, text)| (algorithm, entry(text, Action::Verified))));
                } else {
                    self.findings.push(Finding::new(FindingKind::Mismatch, path.as_str(), mismatches.join("; ")));
                }
                hashes
            }
        };
        Ok(FileRecord {
            path: path.clone(),
            size: Some(file.size),
            created: file.created.clone(),
            modified: file.modified.clone(),
            hashes,
            previous: previous.cloned(),
        })
    }

    fn folders(&self, records: &[FileRecord], directories: &[&ScannedDirectory]) -> BTreeMap<String, DirectoryDigests> {
        let digests: Vec<Digests> = records
            .iter()
            .map(|record| record.hashes.iter().map(|(&algorithm, entry)| (algorithm, entry.text.clone())).collect())
            .collect();
        let mut tree = Tree::default();
        for (record, digests) in records.iter().zip(&digests) {
            tree.add_file(&record.path, digests);
        }
        for folder in directories {
            tree.add_folder(&folder.path);
        }
        for nested in self.nested {
            tree.add_nested(&nested.root, &nested.root_hash);
        }
        let nested = self.nested.iter().flat_map(|nested| nested.root_hash.content.keys());
        let mut formats: BTreeSet<Algorithm> = digests.iter().flat_map(Digests::keys).chain(nested).copied().collect();
        if formats.is_empty() {
            formats.extend(self.history.formats());
        }
        if formats.is_empty() {
            formats.insert(Algorithm::Xxh128);
        }
        tree.digests(formats)
    }

    fn directory_records(
        &self,
        folders: BTreeMap<String, DirectoryDigests>,
        directories: &[&ScannedDirectory],
        files: &Renames,
        scanned: &BTreeMap<&RelativePath, &Scanned>,
    ) -> Vec<DirectoryRecord> {
        let recorded = self.history.generations.iter().flat_map(|generation| &generation.directories);
        let recorded = recorded.map(|folder| &folder.path).collect();
        let mut renames = renames::directories(files, self.expected, scanned, directories, &recorded);
        let dates: BTreeMap<_, _> = directories.iter().map(|folder| (&folder.path, &folder.modified)).collect();
        let records = folders.into_iter().filter_map(|(path, digests)| {
            let path = RelativePath::new(path).ok()?;
            let modified = dates.get(&path).copied().cloned().flatten();
            Some(DirectoryRecord { modified, digests, previous: renames.remove(&path), path })
        });
        let mut records: Vec<_> = records.collect();
        records.sort_by(|a, b| walk::order((&a.path, true), (&b.path, true)));
        records
    }

    /// Says of a wrong file whose bytes it has.
    fn name_strangers(&mut self, scanned: &BTreeMap<&RelativePath, &Scanned>) {
        let wrong = self.findings.iter().filter_map(|finding| scanned.get(&RelativePath::new(&finding.path).ok()?));
        let wrong: Vec<&Scanned> = wrong.copied().collect();
        if wrong.is_empty() {
            return;
        }
        let owners = renames::strangers(&wrong, self.expected);
        for finding in &mut self.findings {
            if let Some(owner) = owners.get(finding.path.as_str()) {
                let _ = write!(finding.detail, "; these are the bytes of `{owner}`");
            }
        }
    }

    fn references(&self) -> Result<Vec<Reference>> {
        let mut references = Vec::new();
        for nested in self.nested {
            let path = RelativePath::new(format!("{}/{FOLDER_NAME}/{}", nested.root, nested.name))?;
            references.push(Reference { path, c4: nested.c4.clone() });
        }
        references.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(references)
    }
}
