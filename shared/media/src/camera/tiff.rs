//! The TIFF container (TIFF 6.0, and BigTIFF as DNG 1.6 allows it): image file directories and their values.
//!
//! It reads little: one window at the head, and another only where something lies outside. A value is fetched when it
//! is asked for, and every count has a limit first.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, ops::Range};

use crate::{
    error::{Error, Location, Result},
    source::Source,
};

/// Bytes that one window holds.
pub(super) const WINDOW: u64 = 64 * 1024;
/// Windows of one file whose pixels are read. Inspection has fewer: its source has a budget.
const MAX_WINDOWS: usize = 12;
/// Entries of one directory. Cameras write fewer than 200.
const MAX_ENTRIES: u64 = 4096;
/// Directories of one file.
const MAX_IFDS: usize = 32;

/// A tag: its number, and the name its specification gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) number: u16,
    pub(super) name: &'static str,
}

/// True for the first bytes of a TIFF or BigTIFF file.
pub(super) fn is_tiff(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}

/// An open file.
pub(super) struct Tiff<'a> {
    source: &'a dyn Source,
    windows: RefCell<Vec<(u64, Cow<'a, [u8]>)>>,
    pub(super) big_endian: bool,
    /// BigTIFF: counts and offsets of eight bytes.
    wide: bool,
    first_ifd: u64,
}

/// An image file directory.
#[derive(Debug, Clone)]
pub(super) struct Ifd {
    pub(super) entries: Vec<Entry>,
    next: u64,
}

/// A main directory, and those below it.
pub(super) type Page = (Ifd, Vec<Ifd>);

/// One value, not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    pub(super) count: u64,
    /// Byte offset of the value in the file.
    at: u64,
}

impl Entry {
    /// Bytes of one element; none for a type that TIFF does not know.
    fn element_bytes(&self) -> Option<u64> {
        Some(match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return None,
        })
    }

    /// Bytes of the value; none for an unknown type or a count that no file can hold.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.element_bytes()?.checked_mul(self.count)
    }
}

impl Ifd {
    pub(super) fn entry(&self, tag: Tag) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag.number)
    }
}

/// What the tag Orientation means.
pub(super) fn orientation(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "normal",
        2 => "mirrored",
        3 => "rotated 180",
        4 => "flipped",
        5 => "mirrored, rotated 270",
        6 => "rotated 90",
        7 => "mirrored, rotated 90",
        8 => "rotated 270",
        _ => return None,
    })
}

/// The number at the front of `bytes`, which has as many bytes as it has.
fn unsigned(bytes: &[u8], big_endian: bool) -> u64 {
    let append = |n: u64, &byte: &u8| n << 8 | u64::from(byte);
    if big_endian { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) }
}

impl<'a> Tiff<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Invalid`] for anything that does not begin like a TIFF file.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self> {
        let name = source.name();
        if source.is_empty() {
            return Err(Error::invalid("the file is empty").in_file(name));
        }
        let head = source.head(WINDOW)?;
        if !is_tiff(&head) {
            return Err(Error::invalid("the file does not begin like a DNG (TIFF) file").at_offset(0).in_file(name));
        }
        let (big_endian, wide) = (head[0] == b'M', head[2] == b'+' || head[3] == b'+');
        let short = || Error::invalid(format!("the file ends in its header, after {} bytes", head.len())).in_file(name);
        let first_ifd = if wide { head.get(8..16) } else { head.get(4..8) }.ok_or_else(short)?;
        let first_ifd = unsigned(first_ifd, big_endian);
        Ok(Self { source, windows: RefCell::new(vec![(0, head)]), big_endian, wide, first_ifd })
    }

    /// What the file is called in errors.
    pub(super) fn file(&self) -> Location {
        Location::file(self.source.name())
    }

    /// These bytes, from a window that holds them, a new one, or (large values) by themselves.
    fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let len = range.end.saturating_sub(range.start);
        let held = self.windows.borrow().iter().find_map(|(start, bytes)| {
            let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(usize::try_from(len).ok()?)?).map(<[u8]>::to_vec)
        });
        if let Some(bytes) = held {
            return Ok(bytes);
        }
        let scattered = || {
            let problem = "the tags are scattered over more places of the file than are read";
            Error::invalid(problem).at_offset(range.start).at(&self.file())
        };
        let fetch = |range| match self.source.read(range) {
            // No bytes are unsupported but those beyond a budget.
            Err(Error::Unsupported { .. }) => Err(scattered()),
            other => other,
        };
        if len > WINDOW || range.end > self.source.len() {
            return fetch(range.clone()).map(Cow::into_owned);
        }
        if self.windows.borrow().len() >= MAX_WINDOWS {
            return Err(scattered());
        }
        let window = fetch(range.start..(range.start + WINDOW).min(self.source.len()))?;
        let bytes = window[..len as usize].to_vec();
        self.windows.borrow_mut().push((range.start, window));
        Ok(bytes)
    }

    /// The directory at this byte.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it does not fit into the file or has too many entries.
    fn ifd(&self, offset: u64) -> Result<Ifd> {
        let located = |e: Error| e.in_field("IFD").at_offset(offset).at(&self.file());
        let (count_bytes, entry_bytes, word) = if self.wide { (8, 20, 8) } else { (2, 12, 4) };
        let range = |start: u64, len: u64| {
            let end = start.checked_add(len).ok_or_else(|| Error::invalid("its offset is beyond any file"))?;
            Ok(start..end)
        };
        let count = self.read(range(offset, count_bytes).map_err(located)?).map_err(located)?;
        let count = unsigned(&count, self.big_endian);
        if count == 0 || count > MAX_ENTRIES {
            return Err(located(Error::invalid(format!("{count} entries, and 1 to {MAX_ENTRIES} are read"))));
        }
        let start = offset + count_bytes;
        let table = self.read(range(start, count * entry_bytes + word).map_err(located)?).map_err(located)?;
        let (rows, next) = table.split_at((count * entry_bytes) as usize);
        let number = |bytes: &[u8]| unsigned(bytes, self.big_endian);
        let entry = |(row, i): (&[u8], u64)| {
            let (count_end, value) = if self.wide { (12, 12) } else { (8, 8) };
            let inline = start + i * entry_bytes + value;
            let mut entry = Entry {
                tag: number(&row[..2]) as u16,
                kind: number(&row[2..4]) as u16,
                count: number(&row[4..count_end]),
                at: inline,
            };
            if entry.bytes().is_none_or(|bytes| bytes > word) {
                entry.at = number(&row[value as usize..]);
            }
            entry
        };
        let entries = rows.chunks_exact(entry_bytes as usize).zip(0..).map(entry).collect();
        Ok(Ifd { entries, next: number(next) })
    }

    /// The first main directory, with its sub-directories of tag `sub`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one does not fit, is reached twice, or there are too many.
    pub(super) fn first(&self, sub: Tag) -> Result<Page> {
        self.directory(self.first_ifd, sub, &mut BTreeSet::new())
    }

    /// The main directories in order, each with its sub-directories of tag `sub`, and what was wrong with the one after
    /// the last of them.
    ///
    /// # Errors
    /// As [`Self::first`].
    pub(super) fn directories(&self, sub: Tag) -> Result<(Vec<Page>, Option<Error>)> {
        let mut seen = BTreeSet::new();
        let mut directories = vec![self.directory(self.first_ifd, sub, &mut seen)?];
        while let Some(offset) = directories.last().map(|(ifd, _)| ifd.next).filter(|offset| *offset != 0) {
            match self.directory(offset, sub, &mut seen) {
                Ok(directory) => directories.push(directory),
                Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
                Err(error) => return Ok((directories, Some(error))),
            }
        }
        Ok((directories, None))
    }

    fn directory(&self, offset: u64, sub: Tag, seen: &mut BTreeSet<u64>) -> Result<Page> {
        let mut visit = |offset: u64| {
            let located = |e: Error| e.in_field("IFD").at_offset(offset).at(&self.file());
            if !seen.insert(offset) {
                return Err(located(Error::invalid("the directories lead in a loop: one is reached twice")));
            }
            if seen.len() > MAX_IFDS {
                return Err(located(Error::invalid(format!("more than {MAX_IFDS} directories"))));
            }
            self.ifd(offset)
        };
        let ifd = visit(offset)?;
        let subs = match ifd.entry(sub) {
            Some(entry) => self.integers(entry, sub, MAX_IFDS)?,
            None => Vec::new(),
        };
        let subs = subs.into_iter().map(visit).collect::<Result<_>>()?;
        Ok((ifd, subs))
    }

    /// The directory that a tag points to (EXIF).
    ///
    /// # Errors
    /// [`Error::Invalid`] when it does not fit.
    pub(super) fn pointed(&self, ifd: &Ifd, tag: Tag) -> Result<Option<Ifd>> {
        let Some(entry) = ifd.entry(tag) else { return Ok(None) };
        match self.integers(entry, tag, 1)?[..] {
            [offset] => self.ifd(offset).map(Some),
            _ => Ok(None),
        }
    }

    /// Adds file, offset and name to what is wrong with a value.
    pub(super) fn locate(&self, error: Error, entry: &Entry, name: &str) -> Error {
        error.at_offset(entry.at).in_field(name).at(&self.file())
    }

    /// The bytes of a value of at most `max` elements.
    pub(super) fn raw(&self, entry: &Entry, tag: Tag, max: usize) -> Result<Vec<u8>> {
        let located = |e| self.locate(e, entry, tag.name);
        if entry.count > max as u64 {
            return Err(located(Error::invalid(format!("{} values, and at most {max} are expected", entry.count))));
        }
        let bytes =
            entry.bytes().ok_or_else(|| located(Error::invalid(format!("type {} is none of TIFF", entry.kind))))?;
        let end = entry.at.checked_add(bytes).ok_or_else(|| located(Error::invalid("it lies beyond any file")))?;
        self.read(entry.at..end).map_err(located)
    }

    /// Unsigned whole numbers.
    pub(super) fn integers(&self, entry: &Entry, tag: Tag, max: usize) -> Result<Vec<u64>> {
        if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            let problem = format!("type {} where whole numbers are expected", entry.kind);
            return Err(self.locate(Error::invalid(problem), entry, tag.name));
        }
        let raw = self.raw(entry, tag, max)?;
        let size = entry.element_bytes().unwrap_or(1) as usize;
        Ok(raw.chunks_exact(size).map(|b| unsigned(b, self.big_endian)).collect())
    }

    /// Rationals, and whole numbers over 1.
    pub(super) fn rationals(&self, entry: &Entry, tag: Tag, max: usize) -> Result<Vec<(i64, i64)>> {
        let number = |bytes: &[u8]| unsigned(bytes, self.big_endian);
        let signed = |bytes: &[u8]| i64::from(number(bytes) as u32 as i32);
        match entry.kind {
            5 | 10 => {
                let read = |b: &[u8]| if entry.kind == 10 { signed(b) } else { number(b) as i64 };
                let raw = self.raw(entry, tag, max)?;
                Ok(raw.chunks_exact(8).map(|b| (read(&b[..4]), read(&b[4..]))).collect())
            }
            6 | 8 | 9 | 17 => {
                let size = entry.element_bytes().unwrap_or(1) as usize;
                let shift = 64 - 8 * size as u32;
                let raw = self.raw(entry, tag, max)?;
                Ok(raw.chunks_exact(size).map(|b| (((number(b) << shift) as i64) >> shift, 1)).collect())
            }
            _ => Ok(self
                .integers(entry, tag, max)?
                .into_iter()
                .map(|n| (i64::try_from(n).unwrap_or(i64::MAX), 1))
                .collect()),
        }
    }

    /// Numbers of any type. A rational over 0 is infinite or NaN; callers check what they use.
    pub(super) fn numbers(&self, entry: &Entry, tag: Tag, max: usize) -> Result<Vec<f64>> {
        match entry.kind {
            11 => {
                let raw = self.raw(entry, tag, max)?;
                let read = |b: &[u8]| f64::from(f32::from_bits(unsigned(b, self.big_endian) as u32));
                Ok(raw.chunks_exact(4).map(read).collect())
            }
            12 => {
                let raw = self.raw(entry, tag, max)?;
                Ok(raw.chunks_exact(8).map(|b| f64::from_bits(unsigned(b, self.big_endian))).collect())
            }
            _ => Ok(self.rationals(entry, tag, max)?.into_iter().map(|(n, d)| n as f64 / d as f64).collect()),
        }
    }

    /// Text up to its first NUL, without spaces around it.
    pub(super) fn text(&self, entry: &Entry, tag: Tag, max: usize) -> Result<String> {
        if !matches!(entry.kind, 1 | 2 | 7) {
            let problem = format!("type {} where text is expected", entry.kind);
            return Err(self.locate(Error::invalid(problem), entry, tag.name));
        }
        let raw = self.raw(entry, tag, max)?;
        let text = raw.split(|&b| b == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).trim().to_owned())
    }

    /// A value as JSON, whatever its type; values of more than 64 elements or 256 bytes are only counted.
    ///
    /// # Errors
    /// Only [`Error::Missing`] and [`Error::Io`]: what is wrong with a value is said in its place.
    pub(super) fn json(&self, entry: &Entry, tag: Tag) -> Result<serde_json::Value> {
        use serde_json::Value;
        let Some(bytes) = entry.bytes() else { return Ok(Value::from(format!("type {} is none of TIFF", entry.kind))) };
        if bytes > 256 || (entry.count > 64 && entry.kind != 2) {
            return Ok(Value::from(format!("{} values at byte {}", entry.count, entry.at)));
        }
        let list = |values: Vec<Value>| match values.len() {
            1 => values.into_iter().next().unwrap_or_default(),
            _ => Value::from(values),
        };
        let value = match entry.kind {
            2 => self.text(entry, tag, 256).map(Value::from),
            5 | 10 => self
                .rationals(entry, tag, 64)
                .map(|v| list(v.into_iter().map(|(n, d)| Value::from(format!("{n}/{d}"))).collect())),
            6 | 8 | 9 | 17 => {
                self.rationals(entry, tag, 64).map(|v| list(v.into_iter().map(|(n, _)| n.into()).collect()))
            }
            11 | 12 => self.numbers(entry, tag, 64).map(|v| list(v.into_iter().map(Value::from).collect())),
            _ => self.integers(entry, tag, 64).map(|v| list(v.into_iter().map(Value::from).collect())),
        };
        match value {
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => Err(error),
            Err(error) => Ok(Value::from(error.to_string())),
            Ok(value) => Ok(value),
        }
    }
}
