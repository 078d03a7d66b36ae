//! What is on the disk: files, empty folders, and the histories that own them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    mhl::{
        CHAIN_NAME, FOLDER_NAME, Finding, FindingKind, History, HistoryReader, Ignore,
        history::{is_manifest_name, number_in},
    },
    path::RelativePath,
    source,
};

/// A chain of as many generations as are allowed has about 20 MB.
const MAX_CHAIN_BYTES: u64 = 64 << 20;

/// One file on the disk.
pub(super) struct Found {
    pub(super) path: RelativePath,
    pub(super) size: u64,
}

impl Found {
    pub(super) fn new(path: RelativePath, size: u64) -> Self {
        Self { path, size }
    }

    /// Where it is.
    pub(super) fn place(&self, root: &Path) -> PathBuf {
        root.join(self.path.as_str())
    }
}

/// A folder with all that is below it. Keys of histories are their roots, relative to the folder, the top's being empty.
#[derive(Default)]
pub(super) struct Disk {
    /// In path order.
    pub(super) files: Vec<Found>,
    pub(super) empty_folders: Vec<RelativePath>,
    pub(super) histories: BTreeMap<String, History>,
    pub(super) findings: Vec<Finding>,
    /// Folders and manifests that could not be read: path and reason.
    pub(super) unreadable: BTreeMap<String, Error>,
}

impl Disk {
    /// # Errors
    /// The first thing that could not be read.
    pub(super) fn all_readable(&mut self) -> Result<()> {
        self.unreadable.pop_first().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Whether what is at this path could have been seen.
    pub(super) fn can_see(&self, path: &RelativePath) -> bool {
        self.unreadable.is_empty()
            || !self.unreadable.keys().any(|folder| {
                folder.is_empty() || path.as_str() == folder || path.as_str().starts_with(&format!("{folder}/"))
            })
    }
}

/// Looks at everything below `root`. Symbolic links to folders are left out; links to files count as the file. With a
/// `generation`, the histories are read as they were when the root's had this one.
///
/// # Errors
/// [`Error::Io`] when `root` itself is not there or no folder.
pub(super) fn scan(root: &Path, generation: Option<u32>) -> Result<Disk> {
    fs::read_dir(root).map_err(failed(root))?;
    let mut disk = Disk::default();
    let mut limits: BTreeMap<String, u32> = generation.into_iter().map(|limit| (String::new(), limit)).collect();
    let mut todo = vec![(None::<RelativePath>, Vec::<(String, Ignore)>::new())];
    while let Some((folder, mut ignores)) = todo.pop() {
        let key = folder.as_ref().map_or("", RelativePath::as_str).to_owned();
        let place = root.join(&key);
        if let Some(history) = disk.read_history(&place, &key, limits.get(&key).copied()) {
            ignores.push((key.clone(), history.ignores()));
            if let Some(&limit) = limits.get(&key) {
                limits.extend(limits_below(&key, &history, limit));
            }
            disk.histories.insert(key.clone(), history);
        } else if folder.is_none() {
            ignores.push((String::new(), Ignore::new([])));
        }
        let entries = match fs::read_dir(&place).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                disk.unreadable.insert(key, failed(&place)(error));
                continue;
            }
        };
        let mut is_empty = true;
        for entry in entries {
            match disk.look(&key, &entry, &ignores) {
                Some(Entry::Folder(path)) => todo.push((Some(path), ignores.clone())),
                Some(Entry::File(file)) => disk.files.push(file),
                None => continue,
            }
            is_empty = false;
        }
        disk.empty_folders.extend(folder.filter(|_| is_empty));
    }
    disk.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    disk.empty_folders.sort_unstable();
    Ok(disk)
}

enum Entry {
    File(Found),
    Folder(RelativePath),
}

impl Disk {
    /// One entry of a folder; `None` when it is ignored, left out, or a finding.
    fn look(&mut self, folder: &str, entry: &fs::DirEntry, ignores: &[(String, Ignore)]) -> Option<Entry> {
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        let shown = if folder.is_empty() { shown.into_owned() } else { format!("{folder}/{shown}") };
        let path = match name.to_str().map(|_| RelativePath::new(shown.as_str())) {
            Some(Ok(path)) => path,
            Some(Err(error)) => return self.find(FindingKind::BadName, &shown, error.to_string()),
            None => return self.find(FindingKind::BadName, &shown, "the name is not UTF-8"),
        };
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.cannot_read(&path, &entry.path(), error),
        };
        if is_ignored(ignores, &path, kind.is_dir()) {
            return None;
        }
        if kind.is_dir() {
            return Some(Entry::Folder(path));
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => Some(Entry::File(Found::new(path, metadata.len()))),
            Ok(metadata) if metadata.is_dir() => None,
            // A pipe or a device: opening it could wait for ever.
            Ok(_) => self.find(FindingKind::BadName, path.as_str(), "is neither a file nor a folder"),
            Err(_) if kind.is_symlink() => self.find(FindingKind::DanglingSymlink, path.as_str(), "points to nothing"),
            Err(error) => self.cannot_read(&path, &entry.path(), error),
        }
    }

    fn find(&mut self, kind: FindingKind, path: &str, detail: impl Into<String>) -> Option<Entry> {
        self.findings.push(Finding::new(kind, path, detail));
        None
    }

    fn cannot_read(&mut self, path: &RelativePath, place: &Path, error: io::Error) -> Option<Entry> {
        self.unreadable.insert(path.to_string(), failed(place)(error));
        None
    }

    /// The history of this folder itself; `None` when it has no `ascmhl` folder. A manifest that cannot be read is left out
    /// of it.
    fn read_history(&mut self, place: &Path, key: &str, limit: Option<u32>) -> Option<History> {
        let folder = place.join(FOLDER_NAME);
        let shown = if key.is_empty() { FOLDER_NAME.to_owned() } else { format!("{key}/{FOLDER_NAME}") };
        let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
                return None;
            }
            Err(error) => {
                self.unreadable.insert(shown, failed(&folder)(error));
                return Some(History::default());
            }
        };
        let names: Vec<String> = entries
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_manifest_name(name))
            .collect();
        let chain = match read_chain(&folder.join(CHAIN_NAME)) {
            Ok(chain) => chain,
            Err(error) => {
                self.unreadable.insert(format!("{shown}/{CHAIN_NAME}"), error);
                return Some(History::default());
            }
        };
        let mut reader = HistoryReader::open(chain.as_deref(), names.iter().map(String::as_str), limit);
        while let Some(name) = reader.wanted().map(str::to_owned) {
            let read = source::File::open(&folder.join(&name)).and_then(|manifest| reader.read(&manifest.named(&name)));
            if let Err(error) = read {
                reader.leave_out();
                self.unreadable.insert(format!("{shown}/{name}"), error);
            }
        }
        Some(reader.finish())
    }
}

/// Which generation each nested history had when this one had generation `limit`.
fn limits_below(key: &str, history: &History, limit: u32) -> BTreeMap<String, u32> {
    let mut limits = BTreeMap::new();
    for generation in history.generations.iter().filter(|generation| generation.number <= limit) {
        for reference in &generation.references {
            let root = reference.path.parent().and_then(|folder| folder.parent());
            if let (Some(root), Some(number)) = (root, number_in(reference.path.file_name())) {
                let root = if key.is_empty() { root.to_string() } else { format!("{key}/{root}") };
                limits.insert(root, number);
            }
        }
    }
    limits
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

/// The bytes of the chain; `None` when there is none.
fn read_chain(place: &Path) -> Result<Option<Vec<u8>>> {
    match fs::metadata(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(place)(error)),
        Ok(metadata) if !metadata.is_file() => Ok(None),
        Ok(metadata) if metadata.len() > MAX_CHAIN_BYTES => {
            let problem = format!("has {} bytes; the limit is {MAX_CHAIN_BYTES}", metadata.len());
            Err(Error::invalid(problem).in_file(place.display().to_string()))
        }
        Ok(_) => fs::read(place).map(Some).map_err(failed(place)),
    }
}

pub(super) fn failed(place: &Path) -> impl Fn(io::Error) -> Error {
    let name = place.display().to_string();
    move |error| Error::io(name.clone(), error)
}
