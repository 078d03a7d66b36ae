//! Where the pixels of a DNG picture stand, and how large and how coded they are.

use std::ops::Range;

use super::{directories::Directories, tags};
use crate::{camera::tiff::Tag, error::Result};

/// Longest side in photosites that is read: twice what the largest cinema sensor has.
const MAX_SIDE: u64 = 16_384;
/// Most strips or tiles of a picture: one a row.
const MAX_PIECES: usize = 32_768;

/// Size, coding and places of the stored picture.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bits of a stored sample, 1..=32.
    pub(super) bits: u32,
    /// TIFF number of the compression.
    pub(super) compression: u64,
    pub(super) pieces: Pieces,
}

/// The strips or tiles that a picture is cut into, row by row.
pub(super) struct Pieces {
    /// `strip` or `tile`.
    pub(super) word: &'static str,
    /// Tag of the offsets, for errors.
    pub(super) tag: Tag,
    /// Of one piece, in photosites; a strip is as wide as the picture.
    pub(super) width: usize,
    /// Of one piece, in rows; the last strip may have fewer.
    pub(super) height: usize,
    /// Pieces side by side.
    pub(super) across: usize,
    /// Byte range of each, as declared: not checked against the file.
    pub(super) ranges: Vec<Range<u64>>,
}

impl Pieces {
    /// From the first byte of a piece to the last.
    pub(super) fn span(&self) -> Range<u64> {
        let start = self.ranges.iter().map(|r| r.start).min().unwrap_or(0);
        start..self.ranges.iter().map(|r| r.end).max().unwrap_or(0)
    }
}

/// The field's name of a TIFF compression number.
pub(super) fn compression_name(number: u64) -> String {
    match number {
        1 => "uncompressed".to_owned(),
        7 => "lossless JPEG".to_owned(),
        8 => "deflate".to_owned(),
        34892 => "lossy JPEG".to_owned(),
        52546 => "JPEG XL".to_owned(),
        other => format!("TIFF compression {other}"),
    }
}

impl Picture {
    /// Reads the layout, within limits.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when a value is missing, out of range or contradicts another.
    pub(super) fn read(dng: &Directories<'_>) -> Result<Self> {
        let integer = |tag| dng.integer(dng.of_raw(tag), tag);
        let required = |tag: Tag, range: std::ops::RangeInclusive<u64>| {
            let value = integer(tag)?.ok_or_else(|| dng.problem(tag, "the tag is missing"))?;
            let allowed = range.contains(&value);
            let refuse = || dng.problem(tag, format!("{value} is not in {}..={}", range.start(), range.end()));
            allowed.then_some(value as usize).ok_or_else(refuse)
        };
        let width = required(tags::IMAGE_WIDTH, 1..=MAX_SIDE)?;
        let height = required(tags::IMAGE_LENGTH, 1..=MAX_SIDE)?;
        let bits = required(tags::BITS_PER_SAMPLE, 1..=32)? as u32;
        let pieces = if dng.of_raw(tags::TILE_OFFSETS).is_some() {
            let tile_width = required(tags::TILE_WIDTH, 1..=MAX_SIDE * 2)?;
            let tile_height = required(tags::TILE_LENGTH, 1..=MAX_SIDE * 2)?;
            let across = width.div_ceil(tile_width);
            Pieces {
                word: "tile",
                tag: tags::TILE_OFFSETS,
                width: tile_width,
                height: tile_height,
                across,
                ranges: ranges(dng, tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS, across * height.div_ceil(tile_height))?,
            }
        } else {
            let rows = integer(tags::ROWS_PER_STRIP)?.map_or(height, |rows| rows.min(height as u64) as usize);
            if rows == 0 {
                return Err(dng.problem(tags::ROWS_PER_STRIP, "a strip of no rows"));
            }
            Pieces {
                word: "strip",
                tag: tags::STRIP_OFFSETS,
                width,
                height: rows,
                across: 1,
                ranges: ranges(dng, tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS, height.div_ceil(rows))?,
            }
        };
        let compression = integer(tags::COMPRESSION)?.unwrap_or(1);
        Ok(Self { width, height, bits, compression, pieces })
    }

    /// Bytes of one stored row of a piece when uncompressed; rows begin at whole bytes.
    pub(super) fn row_bytes(&self) -> usize {
        (self.pieces.width * self.bits as usize).div_ceil(8)
    }
}

fn ranges(dng: &Directories<'_>, offsets: Tag, lengths: Tag, count: usize) -> Result<Vec<Range<u64>>> {
    let list = |tag: Tag| {
        let entry = dng.of_raw(tag).ok_or_else(|| dng.problem(tag, "the tag is missing"))?;
        if count > MAX_PIECES {
            return Err(dng.problem(tag, format!("{count} pieces, and at most {MAX_PIECES} are read")));
        }
        if entry.count != count as u64 {
            return Err(dng.problem(tag, format!("{} values, but the picture has {count} pieces", entry.count)));
        }
        dng.tiff.integers(entry, tag, count)
    };
    let (starts, lengths) = (list(offsets)?, list(lengths)?);
    let range = |(start, len): (u64, u64)| {
        let end = start.checked_add(len).ok_or_else(|| dng.problem(offsets, "a piece lies beyond any file"))?;
        Ok(start..end)
    };
    starts.into_iter().zip(lengths).map(range).collect()
}
