//! Messages of a queue on disk, so that a restart loses none: a file for each, written when it is sent, removed when it is
//! deleted. How often it was received is not written: after a restart the count begins anew, and all that was in flight is
//! visible again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{message::Message, queue::Place};

/// The directory of a queue; without one, nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Spool(Option<PathBuf>);

/// A message in its file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spooled<M = Message> {
    pub(super) place: Place,
    /// When its delay ends, ms since 1970.
    pub(super) visible_at: u64,
    pub(super) message: M,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Spool {
    /// Opens a directory, makes it if it is missing, and reads what it holds. A half-written file is removed.
    pub(super) fn open(directory: PathBuf) -> io::Result<(Self, Vec<Spooled>)> {
        fs::create_dir_all(&directory).map_err(at(&directory))?;
        let mut spooled = Vec::new();
        for entry in fs::read_dir(&directory).map_err(at(&directory))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let bytes = fs::read(&path).map_err(at(&path))?;
                spooled.push(serde_json::from_slice(&bytes).map_err(|error| at(&path)(error.into()))?);
            } else {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok((Self(Some(directory)), spooled))
    }

    /// Keeps a message, whole or not at all.
    pub(super) fn keep(&self, place: Place, visible_at: u64, message: &Message) -> io::Result<()> {
        let Some(path) = self.path(place) else { return Ok(()) };
        let half = path.with_extension("half");
        fs::write(&half, serde_json::to_vec(&Spooled { place, visible_at, message })?).map_err(at(&half))?;
        fs::rename(&half, &path).map_err(at(&path))
    }

    /// Keeps a message no longer. When that fails it comes back after a restart, as any message may.
    pub(super) fn drop(&self, place: Place) {
        let Some(path) = self.path(place) else { return };
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "a deleted message may come back");
        }
    }

    fn path(&self, place: Place) -> Option<PathBuf> {
        self.0.as_ref().map(|directory| directory.join(format!("{place:016x}.json")))
    }
}
