//! Files and folders as the file system knows them, and whether they stay as they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    time::SystemTime,
};

use super::super::{
    date::date_time,
    scan::{Disk, Found, failed},
};
use crate::{
    error::{Error, Result},
    mhl::{Ignore, ScannedDirectory},
    path::RelativePath,
};

/// What a file's metadata say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) size: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

impl Look {
    pub(super) fn modified(&self) -> Option<String> {
        self.modified.and_then(date_time)
    }

    /// Not every file system keeps it.
    pub(super) fn created(&self) -> Option<String> {
        self.created.and_then(date_time)
    }

    fn at(place: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(place)?;
        Ok(Self { size: metadata.len(), modified: metadata.modified().ok(), created: metadata.created().ok() })
    }
}

/// Looks at each file before it is read.
pub(super) fn before(root: &Path, files: &[Found]) -> Result<Vec<Look>> {
    let places = files.iter().map(|file| file.place(root));
    places.map(|place| Look::at(&place).map_err(failed(&place))).collect()
}

/// Looks again, when all were read: a digest of a file that somebody wrote to is a digest of nothing.
///
/// # Errors
/// [`Error::Invalid`] with every file that is not what it was, or of which other than its size was read.
pub(super) fn unchanged(root: &Path, files: &[Found], before: &[Look], read: impl Iterator<Item = u64>) -> Result<()> {
    let mut changed = Vec::new();
    for ((file, before), read) in files.iter().zip(before).zip(read) {
        if read != before.size || Look::at(&file.place(root)).ok().as_ref() != Some(before) {
            changed.push(format!("\n  {}", file.path));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "nothing was sealed, because files changed while they were read; seal again when nobody writes to them:{}",
        changed.concat()
    );
    Err(Error::invalid(problem).in_file(root.display().to_string()))
}

/// Every folder that is not left out, with its date.
pub(super) fn folders(root: &Path, disk: &Disk, ignore: &Ignore) -> Vec<ScannedDirectory> {
    let mut all = BTreeSet::new();
    let above = |path: &RelativePath| std::iter::successors(path.parent(), RelativePath::parent);
    all.extend(disk.empty_folders.iter().cloned());
    for path in disk.files.iter().map(|file| &file.path).chain(&disk.empty_folders) {
        for folder in above(path) {
            if !all.insert(folder) {
                break;
            }
        }
    }
    let folders = all.into_iter().filter(|path| !ignore.is_ignored(path, true));
    let modified = |path: &RelativePath| Look::at(&root.join(path.as_str())).ok()?.modified();
    folders.map(|path| ScannedDirectory { modified: modified(&path), path }).collect()
}

/// Takes what the patterns leave out off the disk's list, once the folders have been listed.
pub(super) fn leave_out(disk: &mut Disk, ignore: &Ignore) {
    disk.files.retain(|file| !ignore.is_ignored(&file.path, false));
    disk.empty_folders.retain(|path| !ignore.is_ignored(path, true));
    let is_left_out = |path: &str| RelativePath::new(path).is_ok_and(|path| ignore.is_ignored(&path, false));
    disk.findings.retain(|finding| !is_left_out(&finding.path));
    let histories: BTreeMap<_, _> = std::mem::take(&mut disk.histories);
    let is_left_out = |key: &str| RelativePath::new(key).is_ok_and(|path| ignore.is_ignored(&path, true));
    disk.histories = histories.into_iter().filter(|(key, _)| !is_left_out(key)).collect();
}
