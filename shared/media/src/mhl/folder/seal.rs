//! Sealing a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
};

use super::{
    SealOptions, SealReport, Watch,
    read::read_all,
    scan::{Disk, Found, below, failed, scan},
};
use crate::{
    error::{Error, Result},
    hash::Algorithm,
    mhl::{CHAIN_NAME, Expectations, FOLDER_NAME, Finding, History, NestedSeal, Scanned, Sealed, next_generation},
    path::RelativePath,
};

/// See [`super::seal`].
pub(super) fn seal(root: &Path, options: &SealOptions, watch: &dyn Watch) -> Result<SealReport> {
    // Held until the chain is written: two that seal at once would fork the history.
    let _lock = lock(root)?;
    let mut disk = scan(root, None)?;
    disk.all_readable()?;
    refuse_unsealable(root, &disk.findings)?;
    disk.histories.entry(String::new()).or_default();
    for (key, history) in &disk.histories {
        history.check_whole().map_err(|error| error.in_file(root.join(key).display().to_string()))?;
    }
    let formats = formats(options, &disk.histories)?;
    let owners = owners(&disk);
    let known = Known::new(&disk, &owners);
    let jobs: Vec<_> =
        disk.files.iter().zip(&owners).map(|(file, owner)| (file, known.wanted(file, owner, &formats))).collect();
    let read = read_all(root, &jobs, watch)?;
    let bytes = read.iter().map(|(size, _)| size).sum();

    let mut scanned: BTreeMap<&str, Vec<Scanned>> = BTreeMap::new();
    for ((file, owner), (size, digests)) in disk.files.iter().zip(&owners).zip(read) {
        if let Some(path) = below(owner, &file.path) {
            let modified = file.modified();
            scanned.entry(owner).or_default().push(Scanned { path, size, modified, digests });
        }
    }
    // A root sorts after the one it is in, so from the end the deepest come first.
    let mut sealed: BTreeMap<&str, (Sealed, Vec<NestedSeal>)> = BTreeMap::new();
    for (key, history) in disk.histories.iter().rev() {
        let nested: Vec<_> =
            sealed.iter().filter(|(root, _)| owner_of_root(&disk, root) == Some(key.as_str())).collect();
        let nested: Vec<_> = nested
            .into_iter()
            .filter_map(|(root, (sealed, _))| {
                let root = below(key, &RelativePath::new(*root).ok()?)?;
                Some(NestedSeal {
                    root,
                    name: sealed.name.clone(),
                    c4: sealed.c4.clone(),
                    root_hash: sealed.root_hash.clone(),
                })
            })
            .collect();
        let empty: Vec<_> = disk
            .empty_folders
            .iter()
            .filter(|path| !disk.histories.contains_key(path.as_str()) && owner(&disk, path) == key)
            .filter_map(|path| below(key, path))
            .collect();
        let files = scanned.remove(key.as_str()).unwrap_or_default();
        let name = folder_name(root, key)?;
        let next = next_generation(history, &name, &files, &empty, &options.stamp, &nested)
            .map_err(|error| error.in_file(root.join(key).display().to_string()))?;
        sealed.insert(key, (next, nested));
    }
    let mut findings: Vec<Finding> = Vec::new();
    for (key, (next, _)) in sealed.iter().rev() {
        write(&root.join(key).join(FOLDER_NAME), next)?;
        findings.extend(next.findings.iter().map(|finding| super::within(key, finding)));
    }
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    let (top, _) = &sealed[""];
    Ok(SealReport {
        manifest: format!("{FOLDER_NAME}/{}", top.name),
        generation: top.number,
        files: disk.files.len() as u64,
        bytes,
        findings,
    })
}

/// Names that XML cannot carry and links to nothing: better said before hours of hashing.
fn refuse_unsealable(root: &Path, findings: &[Finding]) -> Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let more = if findings.len() > 1 { format!(" (and {} more)", findings.len() - 1) } else { String::new() };
    let problem = format!("cannot be sealed: {} `{}` {}{more}", first.kind, first.path.escape_debug(), first.detail);
    Err(Error::invalid(problem).in_file(root.display().to_string()))
}

fn formats(options: &SealOptions, histories: &BTreeMap<String, History>) -> Result<BTreeSet<Algorithm>> {
    if let Some(unknown) = options.hashes.iter().find(|algorithm| !Algorithm::MHL.contains(algorithm)) {
        return Err(Error::unsupported(format!("{unknown} in ASC MHL")));
    }
    if !options.hashes.is_empty() {
        return Ok(options.hashes.iter().copied().collect());
    }
    let known = histories.values().map(History::formats).find(|formats| !formats.is_empty());
    Ok(known.unwrap_or_else(|| BTreeSet::from([Algorithm::Xxh128])))
}

/// The root of the history that each file belongs to: the closest above it.
fn owners(disk: &Disk) -> Vec<&str> {
    disk.files.iter().map(|file| owner(disk, &file.path)).collect()
}

fn owner<'d>(disk: &'d Disk, path: &RelativePath) -> &'d str {
    let mut above = path.parent();
    while let Some(folder) = above {
        if let Some((key, _)) = disk.histories.get_key_value(folder.as_str()) {
            return key;
        }
        above = folder.parent();
    }
    ""
}

fn owner_of_root<'d>(disk: &'d Disk, root: &str) -> Option<&'d str> {
    RelativePath::new(root).ok().map(|root| owner(disk, &root))
}

/// Which formats each file is to be read for.
struct Known<'d> {
    by_root: BTreeMap<&'d str, &'d Expectations>,
    /// Formats of the files that are not where they were, by root and size.
    gone: BTreeMap<(String, u64), BTreeSet<Algorithm>>,
}

impl<'d> Known<'d> {
    fn new(disk: &'d Disk, owners: &[&str]) -> Self {
        let by_root: BTreeMap<&str, &Expectations> =
            disk.histories.iter().map(|(key, history)| (key.as_str(), history.expectations())).collect();
        let mut there: BTreeSet<(&str, RelativePath)> = BTreeSet::new();
        for (file, owner) in disk.files.iter().zip(owners) {
            there.extend(below(owner, &file.path).map(|path| (*owner, path)));
        }
        let mut gone: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (root, expectations) in &by_root {
            for (path, expectation) in *expectations {
                let size = expectation.size.filter(|&size| size > 0);
                if let Some(size) = size.filter(|_| !there.contains(&(*root, path.clone()))) {
                    let formats = gone.entry(((*root).to_owned(), size)).or_default();
                    formats.extend(expectation.hashes.keys().copied());
                }
            }
        }
        Self { by_root, gone }
    }

    /// The formats to write, and one that the history knows when none of them is; for a new file that may have been renamed,
    /// those of the missing files of its size.
    fn wanted(&self, file: &Found, owner: &str, formats: &BTreeSet<Algorithm>) -> BTreeSet<Algorithm> {
        let mut wanted = formats.clone();
        let known = || self.by_root.get(owner)?.get(&below(owner, &file.path)?);
        match known() {
            Some(expectation) if !expectation.hashes.keys().any(|algorithm| wanted.contains(algorithm)) => {
                wanted.extend(expectation.hashes.keys().next());
            }
            Some(_) => {}
            None => wanted.extend(self.gone.get(&(owner.to_owned(), file.size)).into_iter().flatten()),
        }
        wanted
    }
}

/// The lock of a data set: on the folder itself, so that nothing is left in it. File systems that know no locks have none.
fn lock(root: &Path) -> Result<fs::File> {
    let folder = fs::File::open(root).map_err(failed(root))?;
    match folder.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            Err(Error::invalid("somebody else seals this folder just now").in_file(root.display().to_string()))
        }
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(folder),
    }
}

fn folder_name(root: &Path, key: &str) -> Result<String> {
    if let Some(name) = key.rsplit('/').next().filter(|name| !name.is_empty()) {
        return Ok(name.to_owned());
    }
    let whole = root.canonicalize().map_err(failed(root))?;
    Ok(whole.file_name().map_or_else(|| "root".to_owned(), |name| name.to_string_lossy().into_owned()))
}

/// The manifest first, the chain last, each whole or not at all.
fn write(folder: &Path, sealed: &Sealed) -> Result<()> {
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let manifest = folder.join(&sealed.name);
    if manifest.exists() {
        return Err(
            Error::invalid("is there already; somebody else seals this folder").in_file(manifest.display().to_string())
        );
    }
    write_file(&manifest, &sealed.manifest)?;
    write_file(&folder.join(CHAIN_NAME), &sealed.chain)
}

fn write_file(place: &Path, bytes: &[u8]) -> Result<()> {
    let new = place.with_extension("new");
    let written = fs::File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, place)).map_err(failed(place))
}
