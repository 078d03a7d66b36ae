//! Digests of many files, each read once, several at a time.

use std::{collections::BTreeSet, fs::File, io::Read as _};

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
const PIECE: usize = 1 << 20;

/// The size and the digests of each file, in the order given.
pub(super) fn read_all(files: &[(&Found, BTreeSet<Algorithm>)], watch: &dyn Watch) -> Result<Vec<(u64, Digests)>> {
    watch.begin(files.len() as u64, files.iter().map(|(file, _)| file.size).sum());
    files.par_iter().map(|(file, formats)| read(file, formats, watch)).collect()
}

fn read(file: &Found, formats: &BTreeSet<Algorithm>, watch: &dyn Watch) -> Result<(u64, Digests)> {
    let mut hasher = Hasher::new(formats.iter().copied());
    let mut input = File::open(&file.place).map_err(failed(&file.place))?;
    let mut piece = vec![0; PIECE.min(file.size as usize + 1)];
    loop {
        if watch.stopped() {
            let stopped = std::io::Error::new(std::io::ErrorKind::Interrupted, "stopped");
            return Err(Error::io(file.place.display().to_string(), stopped));
        }
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&piece[..length]);
                watch.advance(length as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&file.place)(error)),
        }
    }
    watch.file_done();
    Ok((hasher.count(), hasher.finish()))
}
