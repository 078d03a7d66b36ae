//! What the lists of a folder say of its files, and whether it is so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    mhl::{
        Finding, FindingKind, LegacyFile, LegacyFormat, LegacyList, MAX_LIST_BYTES,
        folder::{
            FileCounts, Report, Unreadable, Verdict, Watch,
            read::{Digested, read_each, stopped},
            scan::{Disk, Found, failed},
        },
        legacy::{is_asc_mhl, reversed},
    },
    path::RelativePath,
};

/// What one list says of one file.
struct Claim {
    /// The list, relative to the root.
    list: RelativePath,
    file: LegacyFile,
}

/// All lists, and what they say of each file.
#[derive(Default)]
pub(super) struct Lists {
    /// Folders that have a list, relative to the root, which is empty.
    pub(super) folders: BTreeSet<String>,
    /// Lists of MHL 1.x, those that cannot be read included.
    pub(super) count: usize,
    /// Loose manifests of ASC MHL.
    pub(super) manifests: Vec<RelativePath>,
    claims: BTreeMap<RelativePath, Vec<Claim>>,
    findings: Vec<Finding>,
}

impl Lists {
    /// Reads one more. What is wrong with it is a finding.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Unsupported`] for a version or a text encoding that is not known.
    pub(super) fn read(&mut self, root: &Path, list: &Found) -> Result<()> {
        let bytes = if list.size > MAX_LIST_BYTES as u64 {
            None
        } else {
            let place = list.place(root);
            Some(fs::read(&place).map_err(failed(&place))?)
        };
        if bytes.as_ref().is_some_and(|bytes| is_asc_mhl(bytes)) {
            self.manifests.push(list.path.clone());
            return Ok(());
        }
        self.count += 1;
        let folder = list.path.parent();
        let key = folder.as_ref().map_or("", RelativePath::as_str);
        self.folders.insert(key.to_owned());
        let parsed = match bytes {
            Some(bytes) => LegacyList::parse(list.path.as_str(), &bytes),
            None => Err(Error::invalid(format!("has {} bytes; the limit is {MAX_LIST_BYTES}", list.size))),
        };
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(Error::Invalid { problem, mut at }) => {
                at.path = None;
                self.found(FindingKind::Malformed, &list.path, format!("{at}{problem}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.findings.extend(parsed.problems);
        for file in parsed.files {
            match folder.as_ref().map_or_else(|| Ok(file.path.clone()), |folder| file.path.below(folder)) {
                Ok(path) => self.claims.entry(path).or_default().push(Claim { list: list.path.clone(), file }),
                Err(error) => {
                    self.found(FindingKind::UnsafePath, &list.path, format!("line {}: {error}", file.line));
                }
            }
        }
        Ok(())
    }

    /// Whether a list names this file.
    pub(super) fn name(&self, path: &RelativePath) -> bool {
        self.claims.contains_key(path)
    }

    /// Looks at every file that a list names, and reads those of the right size. The report has no verdict yet, and no extra
    /// files; what was wrong with the lists is in it.
    pub(super) fn check(self, root: &Path, disk: &Disk, watch: &dyn Watch) -> Result<Report> {
        let mut counts = FileCounts { expected: self.claims.len() as u64, ..FileCounts::default() };
        let mut findings = self.findings;
        let scanned: BTreeMap<&RelativePath, &Found> = disk.files.iter().map(|file| (&file.path, file)).collect();
        let mut others = BTreeMap::new();
        for path in self.claims.keys().filter(|path| !scanned.contains_key(path)) {
            if let Some(found) = look(root, path)? {
                others.insert(path, found);
            }
        }
        let (mut jobs, mut plan) = (Vec::new(), Vec::new());
        for (path, claims) in &self.claims {
            let Some(file) = scanned.get(path).copied().or_else(|| others.get(path)) else {
                if !disk.can_see(path) {
                    continue;
                }
                counts.missing += 1;
                let detail = format!("{} it, but it is not there", names(claims));
                findings.push(Finding::new(FindingKind::Missing, path.as_str(), detail));
                continue;
            };
            let formats: BTreeSet<Algorithm> =
                claims.iter().flat_map(|claim| claim.file.digests.keys()).map(|format| format.algorithm()).collect();
            let wrong: Vec<_> = claims.iter().filter_map(|claim| other_size(claim, file.size)).collect();
            if !wrong.is_empty() {
                counts.failed += 1;
                let kind = FindingKind::SizeMismatch;
                findings.extend(wrong.into_iter().map(|detail| Finding::new(kind, path.as_str(), detail)));
            } else if !formats.is_empty() {
                jobs.push((file, formats));
                plan.push(claims);
            } else if claims.iter().any(|claim| claim.file.is_null) {
                counts.verified += 1;
            } else {
                // That its records have no digest is a finding of the list already.
                counts.failed += 1;
            }
        }
        watch.begin(jobs.len() as u64, jobs.iter().map(|(file, _)| file.size).sum());
        let read = read_each(root, &jobs, watch);
        if watch.stopped() {
            return Err(stopped(root));
        }
        let mut bytes = 0;
        let mut unreadable: Vec<_> = disk.unreadable.iter().map(|(path, error)| Unreadable::new(path, error)).collect();
        for (((file, _), claims), read) in jobs.iter().zip(plan).zip(read) {
            let digests = match read {
                Ok(Digested { size, digests, .. }) => {
                    bytes += size;
                    digests
                }
                Err(error) => {
                    unreadable.push(Unreadable::new(file.path.as_str(), &error));
                    continue;
                }
            };
            let wrong: Vec<_> = claims.iter().filter_map(|claim| difference(claim, &digests)).collect();
            *(if wrong.is_empty() { &mut counts.verified } else { &mut counts.failed }) += 1;
            let path = file.path.as_str();
            findings.extend(wrong.into_iter().map(|detail| Finding::new(FindingKind::Mismatch, path, detail)));
        }
        Ok(Report { verdict: Verdict::Failed, files: counts, bytes, findings, unreadable })
    }

    fn found(&mut self, kind: FindingKind, list: &RelativePath, detail: String) {
        self.findings.push(Finding::new(kind, list.as_str(), detail));
    }
}

fn names(claims: &[Claim]) -> String {
    let names: BTreeSet<_> = claims.iter().map(|claim| format!("`{}`", claim.list)).collect();
    let verb = if names.len() == 1 { "lists" } else { "list" };
    format!("{} {verb}", names.into_iter().collect::<Vec<_>>().join(" and "))
}

fn other_size(claim: &Claim, size: u64) -> Option<String> {
    let said = claim.file.size.filter(|said| *said != size)?;
    Some(format!("has {size} bytes, `{}` says {said}", claim.list))
}

fn difference(claim: &Claim, digests: &Digests) -> Option<String> {
    let differs = claim.file.digests.iter().filter_map(|(format, text)| {
        let algorithm = format.algorithm();
        let now = digests.get(&algorithm).filter(|now| *now != text)?;
        let hint = match format {
            LegacyFormat::Xxhash64 if reversed(text).as_ref() == Some(now) => {
                " (as xxhash64be it would fit: the writer did not reverse the bytes)"
            }
            LegacyFormat::Xxhash64Be if reversed(text).as_ref() == Some(now) => {
                " (as xxhash64 it would fit: the writer reversed the bytes)"
            }
            _ => "",
        };
        Some(format!("{algorithm} is {now}, `{}` says {text} as {}{hint}", claim.list, format.name()))
    });
    let texts: Vec<_> = differs.collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A file that the scan left out (such as one in an `ascmhl` folder), reached through real folders only.
pub(in crate::mhl::folder) fn look(root: &Path, path: &RelativePath) -> Result<Option<Found>> {
    let mut place = root.to_owned();
    if let Some(folder) = path.parent() {
        for part in folder.as_str().split('/') {
            place.push(part);
            if !there(fs::symlink_metadata(&place), &place)?.is_some_and(|metadata| metadata.is_dir()) {
                return Ok(None);
            }
        }
    }
    place.push(path.file_name());
    let file = there(fs::metadata(&place), &place)?.filter(fs::Metadata::is_file);
    Ok(file.map(|file| Found::new(path.clone(), file.len())))
}

/// Nothing where nothing is; a name that this file system cannot hold is not there either.
fn there(metadata: io::Result<fs::Metadata>, place: &Path) -> Result<Option<fs::Metadata>> {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    match metadata {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if [NotFound, NotADirectory, InvalidInput, InvalidFilename].contains(&error.kind()) => Ok(None),
        Err(error) => Err(failed(place)(error)),
    }
}
