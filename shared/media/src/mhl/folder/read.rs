//! Digests of many files, each read once, several at a time.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path};

use rayon::prelude::*;

use super::{
    Watch,
    scan::{Found, failed},
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests, Hasher},
};

/// Bytes asked for at a time.
const PIECE: usize = 256 << 10;

/// What reading a file gave.
pub(super) struct Digested {
    /// Bytes that were read.
    pub(super) size: u64,
    pub(super) digests: Digests,
    /// When the last of them was read, as the watcher says.
    pub(super) at: Option<String>,
}

/// Every file, in the order given; the first that cannot be read ends it.
pub(super) fn read_all(
    root: &Path,
    files: &[(&Found, BTreeSet<Algorithm>)],
    watch: &dyn Watch,
) -> Result<Vec<Digested>> {
    watch.begin(files.len() as u64, files.iter().map(|(file, _)| file.size).sum());
    read_each(root, files, watch).into_iter().collect()
}

/// Every file, in the order given, whether it could be read or not.
pub(super) fn read_each(
    root: &Path,
    files: &[(&Found, BTreeSet<Algorithm>)],
    watch: &dyn Watch,
) -> Vec<Result<Digested>> {
    files.par_iter().map(|(file, formats)| read(root, file, formats, watch)).collect()
}

fn read(root: &Path, file: &Found, formats: &BTreeSet<Algorithm>, watch: &dyn Watch) -> Result<Digested> {
    let place = file.place(root);
    let mut hasher = Hasher::new(formats.iter().copied());
    let mut input = File::open(&place).map_err(failed(&place))?;
    let mut piece = vec![0; PIECE.min(file.size as usize + 1)];
    loop {
        if watch.stopped() {
            return Err(stopped(&place));
        }
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&piece[..length]);
                watch.advance(length as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&place)(error)),
        }
    }
    watch.file_done();
    Ok(Digested { size: hasher.count(), digests: hasher.finish(), at: watch.now() })
}

/// The error of what was stopped by its watcher.
pub(super) fn stopped(place: &Path) -> Error {
    Error::io(place.display().to_string(), std::io::Error::new(std::io::ErrorKind::Interrupted, "stopped"))
}
