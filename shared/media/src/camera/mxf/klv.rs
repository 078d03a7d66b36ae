//! Key, length, value (SMPTE ST 336): what an MXF file is made of.

use std::ops::Range;

use crate::{
    camera::labels::{Label, dotted},
    error::{Error, Result},
    source::Source,
};

/// Bytes of a key.
pub(super) const KEY_LEN: u64 = 16;
/// Most bytes of a key and its length together.
const HEAD_LEN: u64 = KEY_LEN + 9;
/// How partition packs begin; bytes 13 and 14 are kind and status.
pub(super) const PARTITION: [u8; 13] = [6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1];

/// One key and where its value stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Klv {
    pub(super) key: Label,
    /// Of the key.
    pub(super) at: u64,
    /// Of the value; may reach beyond the end of a file that was cut.
    pub(super) value: Range<u64>,
}

impl Klv {
    /// Reads the key and the length that stand at `at`; none at the end of the file.
    pub(super) fn read(file: &dyn Source, at: u64) -> Result<Option<Self>> {
        let head = file.read(at.min(file.len())..at.saturating_add(HEAD_LEN).min(file.len()))?;
        if head.len() <= KEY_LEN as usize {
            return Ok(None);
        }
        let refuse = |problem: String| Error::invalid(problem).at_offset(at).in_file(file.name());
        let (key, rest) = head.split_first_chunk::<16>().ok_or_else(|| refuse("no key".to_owned()))?;
        if !key.starts_with(&[6, 0x0e, 0x2b, 0x34]) {
            return Err(refuse("a key of SMPTE ST 336 is expected (06 0e 2b 34 ...)".to_owned()));
        }
        let (len, width) =
            ber(rest).ok_or_else(|| refuse(format!("the length after key {} is not BER", dotted(key))))?;
        let start = at + KEY_LEN + width;
        let end = start.checked_add(len).ok_or_else(|| refuse(format!("a length of {len} bytes")))?;
        Ok(Some(Self { key: *key, at, value: start..end }))
    }

    /// Where the next key stands.
    pub(super) fn end(&self) -> u64 {
        self.value.end
    }

    /// True when the key begins so, whatever the version byte of its register.
    pub(super) fn is(&self, begins: &[u8]) -> bool {
        same_but_version(&self.key, begins)
    }

    /// True for bytes that mean nothing (ST 377-1, fill item).
    pub(super) fn is_fill(&self) -> bool {
        self.is(&[6, 0x0e, 0x2b, 0x34, 1, 1, 1, 1, 3, 1, 2, 0x10, 1])
    }

    pub(super) fn is_partition(&self) -> bool {
        self.is(&PARTITION) && matches!(self.key[13], 2..=4)
    }

    /// True for what a picture, sound or data element, or the system item of an edit unit is kept under.
    pub(super) fn is_essence(&self) -> bool {
        let generic = self.is(&[6, 0x0e, 0x2b, 0x34, 1, 2, 1, 1, 0x0d, 1, 3, 1]);
        let system = self.key.starts_with(&[6, 0x0e, 0x2b, 0x34, 2]) && self.key[8..12] == [0x0d, 1, 3, 1];
        let avid = self.is(&[6, 0x0e, 0x2b, 0x34, 1, 2, 1, 1, 0x0e, 4, 3, 1]);
        let arri_before_rdd_54 = self.is(&[6, 0x0e, 0x2b, 0x34, 1, 2, 1, 1, 0x0f, 1, 3, 1]);
        generic || system || avid || arri_before_rdd_54
    }
}

/// True when a key or label begins so; the eighth byte, the version of its register, counts for nothing.
pub(super) fn same_but_version(label: &Label, begins: &[u8]) -> bool {
    begins.len() <= label.len() && label.iter().zip(begins).enumerate().all(|(i, (a, b))| i == 7 || a == b)
}

/// A BER length and how many bytes it took.
fn ber(bytes: &[u8]) -> Option<(u64, u64)> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((u64::from(*first), 1));
    }
    let width = usize::from(first & 0x7f);
    let digits = rest.get(..width).filter(|digits| (1..=8).contains(&digits.len()))?;
    Some((digits.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)), 1 + width as u64))
}

/// Skips fill from `at` on.
pub(super) fn skip_fill(file: &dyn Source, at: u64) -> Result<u64> {
    match Klv::read(file, at) {
        Ok(Some(klv)) if klv.is_fill() => Ok(klv.end()),
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => Err(error),
        _ => Ok(at),
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_be_bytes(*b))
}

pub(super) fn label_at(bytes: &[u8], at: usize) -> Option<Label> {
    bytes.get(at..)?.first_chunk().copied()
}
