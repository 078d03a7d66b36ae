//! Sealing a folder.

mod formats;
mod look;
mod refuse;
#[cfg(test)]
mod tests;
mod write;

use std::{collections::BTreeMap, fs, path::Path};

pub(super) use self::refuse::{of_histories, refusal};
use self::{formats::Known, write::Level};
use super::{
    SealOptions, SealReport, Watch,
    read::{Digested, read_all},
    scan::{Disk, below, failed, scan},
};
use crate::{
    error::{Error, Result},
    hash::Digests,
    mhl::{
        DirectoryDigests, FOLDER_NAME, NestedSeal, Scanned, ScannedDirectory, Sealed, Stamp, next_generation, pattern,
        seal as generation,
    },
    path::RelativePath,
};

/// See [`super::seal`].
pub(super) fn seal(root: &Path, options: &SealOptions, watch: &dyn Watch) -> Result<SealReport> {
    // Held until the chains are written: two that seal at once would fork the history.
    let mut locks = vec![lock(root)?];
    let mut disk = scan(root, None)?;
    disk.all_readable()?;
    disk.histories.entry(String::new()).or_default();
    for key in disk.histories.keys().filter(|key| !key.is_empty()) {
        locks.push(lock(&root.join(key))?);
    }
    let stamps = stamps(&options.stamp, &disk);
    let ignore = generation::ignore(&disk.histories[""], &options.stamp);
    let names = check(root, &disk, &stamps)?;
    refuse_hidden(&disk, &ignore)?;
    let folders = look::folders(root, &disk, &ignore);
    look::leave_out(&mut disk, &ignore);
    let mut findings = refuse::unsealable(root, &disk)?;
    for (key, (_, manifest)) in &names {
        write::try_out(&root.join(key).join(FOLDER_NAME), manifest)?;
    }

    let formats = formats::to_write(&options.hashes, &disk.histories)?;
    let owners: Vec<_> = disk.files.iter().map(|file| owner(&disk, &file.path)).collect();
    let known = Known::new(&disk, &owners);
    let before = look::before(root, &disk.files)?;
    let jobs = disk.files.iter().zip(&owners);
    let jobs: Vec<_> = jobs.map(|(file, owner)| (file, known.wanted(file, owner, &formats[owner]))).collect();
    let read = read_all(root, &jobs, watch)?;
    look::unchanged(root, &disk.files, &before, read.iter().map(|read| read.size))?;
    let bytes = read.iter().map(|read| read.size).sum();

    let mut scanned: BTreeMap<&str, Vec<Scanned>> = BTreeMap::new();
    for (((file, &owner), look), read) in disk.files.iter().zip(&owners).zip(&before).zip(read) {
        let Digested { mut digests, at: hashed, .. } = read;
        if let Some(finding) = known.contradiction(file, owner, &digests) {
            findings.push(finding);
            digests = Digests::new();
        }
        if let Some(path) = below(owner, &file.path) {
            let (created, modified) = (look.created(), look.modified());
            let file = Scanned { created, modified, hashed, ..Scanned::new(path, look.size, digests) };
            scanned.entry(owner).or_default().push(file);
        }
    }
    findings.extend(known.missing_below(&disk));
    let mut directories: BTreeMap<&str, Vec<ScannedDirectory>> = BTreeMap::new();
    for folder in folders {
        let owner = owner(&disk, &folder.path);
        if let Some(path) = below(owner, &folder.path) {
            directories.entry(owner).or_default().push(ScannedDirectory { path, ..folder });
        }
    }

    // A root sorts after the one it is in, so from the end the deepest come first.
    let mut sealed: BTreeMap<&str, Sealed> = BTreeMap::new();
    for (key, history) in disk.histories.iter().rev() {
        let nested = sealed.iter().filter_map(|(root, sealed)| nested_seal(&disk, key, root, sealed));
        let nested: Vec<_> = nested.collect();
        let files = scanned.remove(key.as_str()).unwrap_or_default();
        let folders = directories.remove(key.as_str()).unwrap_or_default();
        let next = next_generation(history, &names[key.as_str()].0, &files, &folders, &stamps[key], &nested)
            .map_err(|error| error.in_file(root.join(key).display().to_string()))?;
        sealed.insert(key, next);
    }
    stop_now(root, watch)?;
    let level =
        |(key, sealed)| Level { folder: root.join(key).join(FOLDER_NAME), sealed, chain: &disk.histories[key].chain };
    let levels: Vec<_> = sealed.iter().rev().map(|(key, sealed)| (*key, sealed)).map(level).collect();
    write::write(&levels)?;
    drop(locks);

    for (key, next) in &sealed {
        findings.extend(next.findings.iter().map(|finding| super::within(key, finding)));
    }
    findings.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    let top = &sealed[""];
    Ok(SealReport {
        manifest: format!("{FOLDER_NAME}/{}", top.name),
        generation: top.number,
        files: disk.files.len() as u64,
        bytes,
        findings,
    })
}

/// What each history is told: the same, but new patterns as they read from its root.
fn stamps(stamp: &Stamp, disk: &Disk) -> BTreeMap<String, Stamp> {
    let of = |key: &String| {
        let Ok(folder) = RelativePath::new(key.as_str()) else { return stamp.clone() };
        let ignore = stamp.ignore.iter().flat_map(|pattern| pattern::below(pattern, &folder)).collect();
        Stamp { ignore, ..stamp.clone() }
    };
    disk.histories.keys().map(|key| (key.clone(), of(key))).collect()
}

/// The name of each history's root folder and of its next manifest, when there can be one.
fn check(root: &Path, disk: &Disk, stamps: &BTreeMap<String, Stamp>) -> Result<BTreeMap<String, (String, String)>> {
    let mut names = BTreeMap::new();
    for (key, history) in &disk.histories {
        let name = match key.rsplit('/').next() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => refuse::root_name(root)?,
        };
        // Damage is said with all that is wrong, by `refuse`.
        if history.is_whole() {
            let manifest = generation::check(history, &name, &stamps[key])
                .map_err(|error| error.in_file(root.join(key).display().to_string()))?;
            names.insert(key.clone(), (name, manifest));
        }
    }
    Ok(names)
}

/// A nested history that a new pattern would hide with all it lists.
fn refuse_hidden(disk: &Disk, ignore: &crate::mhl::Ignore) -> Result<()> {
    let roots = disk.histories.keys().filter_map(|key| RelativePath::new(key.as_str()).ok());
    match roots.into_iter().find(|root| ignore.is_ignored(root, true)) {
        Some(root) => Err(Error::invalid(format!("a new pattern would hide the history of `{root}`"))),
        None => Ok(()),
    }
}

/// The seal of a history right below this one.
fn nested_seal(disk: &Disk, key: &str, root: &str, sealed: &Sealed) -> Option<NestedSeal> {
    let root = RelativePath::new(root).ok().filter(|root| owner(disk, root) == key)?;
    let root_hash: DirectoryDigests = sealed.root_hash.clone();
    Some(NestedSeal { root: below(key, &root)?, name: sealed.name.clone(), c4: sealed.c4.clone(), root_hash })
}

/// The root of the history that a file or folder belongs to: the closest above it.
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

/// The last moment to stop; what follows takes no time and is done whole.
fn stop_now(root: &Path, watch: &dyn Watch) -> Result<()> {
    if watch.stopped() {
        let stopped = std::io::Error::new(std::io::ErrorKind::Interrupted, "stopped");
        return Err(Error::io(root.display().to_string(), stopped));
    }
    Ok(())
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
