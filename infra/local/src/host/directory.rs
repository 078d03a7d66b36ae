//! The one directory of a fleet, and that only one fleet at a time uses it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use platefleet_fleet::aws::Connection;

/// Where clients find the fleet.
const ENDPOINTS: &str = "endpoints.json";

/// A directory that is locked as long as this stands.
pub(super) struct Directory {
    path: PathBuf,
    lock: File,
}

impl Drop for Directory {
    /// Closing the file would not do: a process that is being started at this moment still has it open.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock of {} stays until this process ends", self.path.display());
        }
    }
}

impl Directory {
    /// Makes the directory if it is missing, and locks it. The lock goes with the process, however that ends.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let open = || {
            fs::create_dir_all(path.join("logs"))?;
            fs::canonicalize(path)
        };
        let path = open().with_context(|| format!("cannot use the directory {}", path.display()))?;
        let file = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&file);
        let lock = lock.with_context(|| format!("cannot open {}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a fleet runs in {} already; its {ENDPOINTS} says where; stop it first, or use another directory",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", file.display()));
            }
        }
        Ok(Self { path, lock })
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    pub(super) fn queues(&self) -> PathBuf {
        self.path.join("queues")
    }

    pub(super) fn table(&self) -> PathBuf {
        self.path.join("table.sqlite")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Tells clients where the fleet is, whole or not at all.
    pub(super) fn publish(&self, connection: &Connection) -> Result<()> {
        let (file, half) = (self.path.join(ENDPOINTS), self.path.join("endpoints.half"));
        let write = || {
            fs::write(&half, serde_json::to_vec_pretty(connection)?)?;
            fs::rename(&half, &file)
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }

    /// Tells clients that the fleet has ended.
    pub(super) fn withdraw(&self) -> Result<()> {
        let file = self.path.join(ENDPOINTS);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_that_stopped_leaves_no_lock_even_where_a_new_process_still_has_its_file_open() {
        let place = tempfile::tempdir().unwrap();
        let fleet = Directory::open(place.path()).unwrap();
        assert!(Directory::open(place.path()).is_err());
        // As a process has it between its fork and its exec.
        let forked = fleet.lock.try_clone().unwrap();
        drop(fleet);
        assert!(Directory::open(place.path()).is_ok());
        drop(forked);
    }
}
