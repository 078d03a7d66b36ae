//! New generations on the disk: all of them, or none.
//!
//! Everything is first written beside its place, then the manifests of every level take their places, then the chains: until
//! a chain is there, the history is what it was, and its reader passes over what it does not list. A crash leaves at most
//! manifests that no chain lists; an error takes back what had been done.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::super::scan::failed;
use crate::{
    error::{Error, Result},
    mhl::{CHAIN_NAME, Chain, Sealed},
};

/// Files on their way to their places.
const NEW_MANIFEST: &str = ".platefleet-new-manifest";
const NEW_CHAIN: &str = ".platefleet-new-chain";

/// A generation and the `ascmhl` folder that it goes to.
pub(super) struct Level<'a> {
    pub(super) folder: PathBuf,
    pub(super) sealed: &'a Sealed,
    /// The chain that it continues.
    pub(super) chain: &'a Chain,
}

/// Writes all generations, the deepest level first.
pub(super) fn write(levels: &[Level<'_>]) -> Result<()> {
    let mut undo = Undo::default();
    for level in levels {
        level.prepare(&mut undo)?;
    }
    for level in levels {
        let manifest = level.folder.join(&level.sealed.name);
        put(NEW_MANIFEST, &manifest)?;
        undo.files.push(manifest);
        sync(&level.folder)?;
    }
    for level in levels {
        put(NEW_CHAIN, &level.folder.join(CHAIN_NAME))?;
        // From here on this level's generation stands.
        undo.files.retain(|file| file.parent() != Some(&level.folder));
        undo.folders.retain(|folder| *folder != level.folder);
        sync(&level.folder)?;
    }
    Ok(())
}

/// Refuses a folder in which a manifest of this name cannot be written, and leaves it as it was.
pub(super) fn try_out(folder: &Path, manifest: &str) -> Result<()> {
    let made = match fs::create_dir(folder) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(folder)(error)),
    };
    let (new, place) = (folder.join(NEW_MANIFEST), folder.join(manifest));
    let tried = File::create(&new).map(drop).and_then(|()| fs::remove_file(&new)).map_err(failed(&new));
    // A name that is too long is said here.
    let free = match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(&place)(error)),
        Ok(_) => Err(Error::invalid("is there already").in_file(place.display().to_string())),
    };
    if made {
        fs::remove_dir(folder).map_err(failed(folder))?;
    }
    tried.and(free)
}

impl Level<'_> {
    /// Writes manifest and chain beside their places.
    fn prepare(&self, undo: &mut Undo) -> Result<()> {
        let folder = &self.folder;
        match fs::create_dir(folder) {
            Ok(()) => undo.folders.push(folder.clone()),
            // What a seal that was killed had prepared is written over; the lock says that it does not live.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(folder)(error)),
        }
        let (manifest, chain) = (folder.join(&self.sealed.name), folder.join(CHAIN_NAME));
        let now = match fs::read(&chain) {
            Ok(bytes) => Chain::parse(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Chain::default()),
            Err(error) => return Err(failed(&chain)(error)),
        };
        if now.as_ref() != Some(self.chain) || manifest.exists() {
            let problem = "the history changed while the files were read, so nothing was sealed; seal again";
            return Err(Error::invalid(problem).in_file(folder.display().to_string()));
        }
        for (name, bytes) in [(NEW_MANIFEST, &self.sealed.manifest), (NEW_CHAIN, &self.sealed.chain)] {
            let new = folder.join(name);
            undo.files.push(new.clone());
            let written = File::create(&new).and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            });
            written.map_err(failed(&new))?;
        }
        Ok(())
    }
}

/// What to take away when it does not come to an end.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    /// Folders that were made.
    folders: Vec<PathBuf>,
}

impl Drop for Undo {
    fn drop(&mut self) {
        // Nothing better is known when this fails too; the error that led here is the one to tell.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Moves a file that was prepared to its place.
fn put(new: &str, place: &Path) -> Result<()> {
    fs::rename(place.with_file_name(new), place).map_err(failed(place))
}

/// Makes renames in a folder last. Not every file system, and not every system, can do that to a folder.
fn sync(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => return Err(failed(folder)(error)),
            _ => {}
        }
    }
    Ok(())
}
