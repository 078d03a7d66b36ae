//! Ranged reading over memory, a mapped file, or the ranges fetched so far.

mod sparse;
mod windows;

pub use sparse::Sparse;
pub use windows::Windows;

use std::{
    borrow::Cow,
    fs, io,
    ops::Range,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::error::{Error, Result};

/// Bytes that can be read by range, in any order.
pub trait Source: Sync {
    /// What to call it in errors: a path or an object key.
    fn name(&self) -> &str;

    /// Length in bytes.
    fn len(&self) -> u64;

    /// True for a source of no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Exactly the bytes of `range`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the range ends beyond [`Source::len`], [`Error::Missing`] when the bytes have to be
    /// fetched first, [`Error::Io`] when they did not arrive.
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>>;

    /// The first bytes, at most `len` of them: shorter only when the source is.
    fn head(&self, len: u64) -> Result<Cow<'_, [u8]>> {
        self.read(0..len.min(self.len()))
    }
}

fn check(name: &str, len: u64, range: &Range<u64>) -> Result<Range<usize>> {
    if range.start > range.end || range.end > len {
        return Err(Error::invalid(format!("bytes {}..{} are wanted, but the file has {len}", range.start, range.end))
            .at_offset(range.start)
            .in_file(name));
    }
    let to_usize =
        |n: u64| usize::try_from(n).map_err(|_| Error::unsupported("a file larger than memory").in_file(name));
    Ok(to_usize(range.start)?..to_usize(range.end)?)
}

/// Bytes in memory.
pub struct Memory<'a> {
    name: String,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Memory<'a> {
    /// A source of these bytes; `name` is for errors.
    pub fn new(name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl Source for Memory<'_> {
    fn name(&self) -> &str {
        &self.name
    }
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(&self.bytes[check(&self.name, self.len(), &range)?]))
    }
}

/// A file on disk, mapped.
pub struct File {
    name: String,
    map: Option<memmap2::Mmap>,
}

impl File {
    /// Opens and maps a file. An empty file is an empty source.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened, [`Error::Invalid`] when it is not a regular file.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let io = |e: io::Error| Error::io(&name, e);
        let file = fs::File::open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        if !meta.is_file() {
            return Err(Error::invalid("not a regular file").in_file(name));
        }
        let map = if meta.len() == 0 {
            None
        } else {
            #[allow(unsafe_code, reason = "mapping a file is the point of this type")]
            // SAFETY: the map is read-only and the bytes are only ever copied or parsed as plain integers. A file
            // that another process truncates meanwhile raises SIGBUS, as with any mapped read; camera originals are
            // not written to while they are read.
            let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
            Some(map)
        };
        Ok(Self { name, map })
    }

    /// The same file under another name in errors.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl Source for File {
    fn name(&self) -> &str {
        &self.name
    }
    fn len(&self) -> u64 {
        self.map.as_ref().map_or(0, |m| m.len() as u64)
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let range = check(&self.name, self.len(), &range)?;
        Ok(Cow::Borrowed(self.map.as_ref().map_or(&[][..], |m| &m[range])))
    }
}

/// A window of a remote object that is read from start to end: it holds what was fetched last, and forgets what came before.
/// A read outside it answers [`Error::Missing`].
pub struct Window {
    name: String,
    len: u64,
    /// Where it begins, and what it holds.
    piece: Mutex<(u64, Vec<u8>)>,
}

impl Window {
    /// An object of `len` bytes of which nothing is known yet.
    pub fn new(name: impl Into<String>, len: u64) -> Self {
        Self { name: name.into(), len, piece: Mutex::default() }
    }

    /// Moves the window to these bytes, which start at `start`.
    pub fn slide(&self, start: u64, bytes: Vec<u8>) {
        *self.piece.lock().unwrap_or_else(PoisonError::into_inner) = (start, bytes);
    }
}

impl Source for Window {
    fn name(&self) -> &str {
        &self.name
    }
    fn len(&self) -> u64 {
        self.len
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        check(&self.name, self.len, &range)?;
        let piece = self.piece.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, bytes) = (piece.0, &piece.1);
        let found = range.start.checked_sub(start).and_then(|from| {
            let from = usize::try_from(from).ok()?;
            bytes.get(from..from.checked_add(usize::try_from(range.end - range.start).ok()?)?)
        });
        match found {
            Some(bytes) => Ok(Cow::Owned(bytes.to_vec())),
            None => Err(Error::Missing { name: self.name.clone(), range }),
        }
    }
}

/// The ranges of a remote object that were fetched so far; a read outside them answers [`Error::Missing`].
///
/// This is how synchronous parsers run over S3: call the parser, fetch what it misses, insert it, call again. Parsers
/// read little and early, so the repeated work is nothing beside one round trip.
pub struct Known {
    name: String,
    len: u64,
    /// Sorted by start; never overlapping, merged when they touch.
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Known {
    /// An object of `len` bytes of which nothing is known yet.
    pub fn new(name: impl Into<String>, len: u64) -> Self {
        Self { name: name.into(), len, pieces: Vec::new() }
    }

    /// Adds bytes that start at `start`. What is known already is kept.
    pub fn insert(&mut self, start: u64, bytes: Vec<u8>) {
        let mut merged: (u64, Vec<u8>) = (start, bytes);
        let mut rest = Vec::with_capacity(self.pieces.len() + 1);
        for piece in self.pieces.drain(..) {
            let (piece_end, merged_end) = (piece.0 + piece.1.len() as u64, merged.0 + merged.1.len() as u64);
            if piece_end < merged.0 || merged_end < piece.0 {
                rest.push(piece);
                continue;
            }
            let (mut first, second) = if piece.0 <= merged.0 { (piece, merged) } else { (merged, piece) };
            let first_end = first.0 + first.1.len() as u64;
            let overlap = (first_end - second.0) as usize;
            if let Some(tail) = second.1.get(overlap..) {
                first.1.extend_from_slice(tail);
            }
            merged = first;
        }
        rest.push(merged);
        rest.sort_by_key(|p| p.0);
        self.pieces = rest;
    }
}

impl Source for Known {
    fn name(&self) -> &str {
        &self.name
    }
    fn len(&self) -> u64 {
        self.len
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        check(&self.name, self.len, &range)?;
        if range.is_empty() {
            return Ok(Cow::Borrowed(&[]));
        }
        let after = self.pieces.partition_point(|p| p.0 <= range.start);
        let held = after.checked_sub(1).and_then(|i| {
            let (start, bytes) = &self.pieces[i];
            bytes.get((range.start - start) as usize..(range.end - start) as usize)
        });
        held.map(Cow::Borrowed).ok_or_else(|| Error::Missing { name: self.name.clone(), range })
    }
}

/// Counts what is read of another source, so that "at most 5 reads" can be tested.
pub struct Counted<S> {
    inner: S,
    reads: AtomicU64,
    bytes: AtomicU64,
}

impl<S: Source> Counted<S> {
    /// Starts counting.
    pub fn new(inner: S) -> Self {
        Self { inner, reads: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }
    /// Successful reads so far.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
    /// Bytes that those reads returned.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl<S: Source> Source for Counted<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn len(&self) -> u64 {
        self.inner.len()
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let bytes = self.inner.read(range)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_read_beyond_the_end_is_invalid_and_says_both_numbers() {
        let source = Memory::new("a.dng", &b"abc"[..]);
        let error = source.read(1..9).unwrap_err();
        assert_eq!(error.to_string(), "a.dng: byte 1: bytes 1..9 are wanted, but the file has 3");
    }

    #[test]
    fn an_unknown_range_asks_for_itself() {
        let mut source = Known::new("k", 10);
        source.insert(2, vec![2, 3, 4]);
        assert_eq!(&*source.read(3..5).unwrap(), &[3, 4]);
        assert!(matches!(source.read(4..6), Err(Error::Missing { range, .. }) if range == (4..6)));
    }

    #[test]
    fn an_empty_file_is_an_empty_source() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = File::open(file.path()).unwrap();
        assert!(source.is_empty());
        assert_eq!(source.head(16).unwrap().len(), 0);
    }

    proptest! {
        #[test]
        fn pieces_in_any_order_read_like_the_whole(pieces in proptest::collection::vec((0u64..200, 0u64..60), 1..20), want in (0u64..200, 0u64..60)) {
            let whole: Vec<u8> = (0..=255).collect();
            let mut known = Known::new("k", 256);
            let mut have = [false; 256];
            for (start, len) in pieces {
                let range = start as usize..(start + len).min(256) as usize;
                have[range.clone()].fill(true);
                known.insert(start, whole[range].to_vec());
            }
            let want = want.0..(want.0 + want.1).min(256);
            let slice = want.start as usize..want.end as usize;
            match known.read(want) {
                Ok(bytes) => prop_assert_eq!(&*bytes, &whole[slice]),
                Err(Error::Missing { .. }) => prop_assert!(have[slice].iter().any(|h| !h)),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
