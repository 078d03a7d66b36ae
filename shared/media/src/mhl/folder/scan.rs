//! What is on the disk: files, empty folders, and the histories that own them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    error::{Error, Result},
    mhl::{CHAIN_NAME, FOLDER_NAME, Finding, FindingKind, History, Ignore, history::is_manifest_name, xml},
    path::RelativePath,
};

/// One file on the disk.
pub(super) struct Found {
    pub(super) path: RelativePath,
    pub(super) place: PathBuf,
    pub(super) size: u64,
    pub(super) modified: Option<String>,
}

/// A folder with all that is below it. Keys of histories are their roots, relative to the folder, the top's being empty.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) files: Vec<Found>,
    pub(super) empty_folders: Vec<RelativePath>,
    pub(super) histories: BTreeMap<String, History>,
    pub(super) findings: Vec<Finding>,
}

/// Looks at everything below `root`. Symbolic links to folders are left out; links to files count as the file.
pub(super) fn scan(root: &Path) -> Result<Disk> {
    let mut disk = Disk::default();
    let mut todo = vec![(None::<RelativePath>, root.to_owned(), Vec::<(String, Ignore)>::new())];
    while let Some((folder, place, mut ignores)) = todo.pop() {
        let key = folder.as_ref().map_or("", RelativePath::as_str).to_owned();
        if let Some(history) = read_history(&place)? {
            ignores.push((key.clone(), history.ignores()));
            disk.histories.insert(key.clone(), history);
        } else if folder.is_none() {
            ignores.push((String::new(), Ignore::new([])));
        }
        let mut entries =
            fs::read_dir(&place).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed(&place))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut empty = true;
        for entry in entries {
            let name = entry.file_name();
            let shown = if key.is_empty() {
                name.to_string_lossy().into_owned()
            } else {
                format!("{key}/{}", name.to_string_lossy())
            };
            let path = match name.to_str().map(|_| RelativePath::new(shown.as_str())) {
                Some(Ok(path)) => path,
                Some(Err(error)) => {
                    disk.findings.push(Finding::new(FindingKind::BadName, shown, error.to_string()));
                    continue;
                }
                None => {
                    disk.findings.push(Finding::new(FindingKind::BadName, shown, "the name is not UTF-8"));
                    continue;
                }
            };
            let kind = entry.file_type().map_err(failed(&entry.path()))?;
            if is_ignored(&ignores, &path, kind.is_dir()) {
                continue;
            }
            if kind.is_dir() {
                empty = false;
                todo.push((Some(path), entry.path(), ignores.clone()));
                continue;
            }
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => {
                    empty = false;
                    let modified = metadata.modified().ok().and_then(date_time);
                    disk.files.push(Found { path, place: entry.path(), size: metadata.len(), modified });
                }
                Ok(metadata) if metadata.is_dir() => {}
                // A pipe or a device: opening it could wait for ever.
                Ok(_) => disk.findings.push(Finding::new(
                    FindingKind::BadName,
                    path.as_str(),
                    "is neither a file nor a folder",
                )),
                Err(_) if kind.is_symlink() => {
                    disk.findings.push(Finding::new(FindingKind::DanglingSymlink, path.as_str(), "points to nothing"));
                }
                Err(error) => return Err(failed(&entry.path())(error)),
            }
        }
        if let Some(folder) = folder.filter(|_| empty) {
            disk.empty_folders.push(folder);
        }
    }
    disk.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(disk)
}

fn is_ignored(ignores: &[(String, Ignore)], path: &RelativePath, is_dir: bool) -> bool {
    ignores.iter().any(|(root, ignore)| below(root, path).is_some_and(|path| ignore.is_ignored(&path, is_dir)))
}

/// A path relative to a history's root, when it is below it.
pub(super) fn below(root: &str, path: &RelativePath) -> Option<RelativePath> {
    if root.is_empty() {
        return Some(path.clone());
    }
    path.strip(&RelativePath::new(root).ok()?)
}

/// The history of this folder itself; `None` when it has no `ascmhl` folder.
fn read_history(place: &Path) -> Result<Option<History>> {
    let folder = place.join(FOLDER_NAME);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(failed(&folder))?,
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(&folder)(error)),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name != CHAIN_NAME && !is_manifest_name(&name) {
            continue;
        }
        let metadata = fs::metadata(entry.path()).map_err(failed(&entry.path()))?;
        if metadata.len() > xml::MAX_BYTES as u64 {
            let problem = format!("has {} bytes; the limit is {}", metadata.len(), xml::MAX_BYTES);
            return Err(Error::invalid(problem).in_file(entry.path().display().to_string()));
        }
        if metadata.is_file() {
            files.insert(name, fs::read(entry.path()).map_err(failed(&entry.path()))?);
        }
    }
    Ok(Some(History::read(&files)))
}

pub(super) fn failed(place: &Path) -> impl Fn(io::Error) -> Error {
    let name = place.display().to_string();
    move |error| Error::io(name.clone(), error)
}

/// `2026-11-22T10:57:40Z` (days to a date: Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date_time(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{year:04}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_is_written_as_date_and_time_in_utc() {
        // As `date -u -d @N` says.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_345_060, "2026-11-22T10:57:40Z"),
        ] {
            assert_eq!(date_time(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap(), text);
        }
    }
}
