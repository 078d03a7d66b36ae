//! Where versions stand on disk.
//!
//! ```text
//! incoming/                                 bodies on their way in; emptied at start
//! buckets/<bucket>/<xx>/<sha256 of key>-<order>.data   the bytes
//! buckets/<bucket>/<xx>/<sha256 of key>-<order>.json   what is known of them; a version exists when this does
//! ```
//!
//! Names come from digests and numbers only, so that no key leads out of the directory. Nothing is synced: a crash of the
//! process loses nothing that was acknowledged, a loss of power may.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::checksum::Checksum;

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) key: String,
    /// Grows with each write to the store.
    pub(super) order: u64,
    /// `None` where the bucket keeps no versions; S3 then says `null`.
    pub(super) id: Option<String>,
    /// Milliseconds since 1970.
    pub(super) modified: u64,
    /// `None` in a delete marker.
    pub(super) content: Option<Content>,
}

/// What a version holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
    /// `content-type` and its kin, and `x-amz-meta-*`, as sent.
    pub(super) headers: BTreeMap<String, String>,
}

/// The directory of a store.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    incoming: AtomicU64,
}

/// A file on its way in; it goes away with this unless it is moved elsewhere.
#[derive(Debug)]
pub(super) struct Incoming(PathBuf);

impl Incoming {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Gone already when it was moved.
        let _ = fs::remove_file(&self.0);
    }
}

/// An I/O error with the path it is about.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Disk {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let incoming = root.join("incoming");
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&incoming)(error)),
            _ => {}
        }
        fs::create_dir_all(&incoming).map_err(at(&incoming))?;
        Ok(Self { root: root.to_owned(), incoming: AtomicU64::new(0) })
    }

    /// Makes the place of a bucket; `true` when it was not there.
    pub(super) fn make_bucket(&self, bucket: &str) -> io::Result<bool> {
        let path = self.bucket(bucket);
        let new = !path.exists();
        fs::create_dir_all(&path).map_err(at(&path))?;
        Ok(new)
    }

    /// A fresh name for bytes on their way in.
    pub(super) fn incoming(&self) -> Incoming {
        let number = self.incoming.fetch_add(1, Ordering::Relaxed);
        Incoming(self.root.join("incoming").join(format!("{number:x}")))
    }

    /// Where a directory of uploads in parts stands.
    pub(super) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Makes a version exist: the bytes first, then what is known of them.
    pub(super) fn commit(&self, bucket: &str, version: &Version, data: Option<Incoming>) -> io::Result<()> {
        let stem = self.stem(bucket, version);
        if let Some(parent) = stem.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        if let Some(data) = data {
            let to = stem.with_extension("data");
            fs::rename(data.path(), &to).map_err(at(&to))?;
        }
        self.write_json(&stem.with_extension("json"), version)
    }

    /// Writes a file of JSON whole or not at all.
    pub(super) fn write_json(&self, to: &Path, value: &impl Serialize) -> io::Result<()> {
        let incoming = self.incoming();
        fs::write(incoming.path(), serde_json::to_vec(value)?).map_err(at(incoming.path()))?;
        fs::rename(incoming.path(), to).map_err(at(to))
    }

    /// The bytes of a version.
    pub(super) fn open_data(&self, bucket: &str, version: &Version) -> io::Result<fs::File> {
        let path = self.stem(bucket, version).with_extension("data");
        fs::File::open(&path).map_err(at(&path))
    }

    /// Makes a version no longer exist. Who has its bytes open can read them to their end.
    pub(super) fn forget(&self, bucket: &str, version: &Version) -> io::Result<()> {
        let stem = self.stem(bucket, version);
        let json = stem.with_extension("json");
        fs::remove_file(&json).map_err(at(&json))?;
        if version.content.is_some() {
            let data = stem.with_extension("data");
            fs::remove_file(&data).map_err(at(&data))?;
        }
        Ok(())
    }

    /// All versions of a bucket, in no order. Bytes of which nothing is known are removed.
    pub(super) fn load(&self, bucket: &str) -> io::Result<Vec<Version>> {
        let mut versions = Vec::new();
        for directory in entries(&self.bucket(bucket))? {
            for path in entries(&directory)? {
                if path.extension().is_some_and(|extension| extension == "json") {
                    versions.push(read_json(&path)?);
                } else if !path.with_extension("json").exists() {
                    fs::remove_file(&path).map_err(at(&path))?;
                }
            }
        }
        Ok(versions)
    }

    fn bucket(&self, bucket: &str) -> PathBuf {
        self.root.join("buckets").join(bucket)
    }

    fn stem(&self, bucket: &str, version: &Version) -> PathBuf {
        let digest = hex::encode(Sha256::digest(version.key.as_bytes()));
        self.bucket(bucket).join(&digest[..2]).join(format!("{digest}-{:016x}", version.order))
    }
}

/// Reads a file of JSON.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    let bytes = fs::read(path).map_err(at(path))?;
    serde_json::from_slice(&bytes).map_err(|error| at(path)(error.into()))
}

/// Paths in a directory.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(at(directory))?;
    entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>().map_err(at(directory))
}
