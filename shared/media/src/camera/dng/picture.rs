//! Where the pixels of a DNG picture stand, and how large and how coded they are.

use std::ops::{Range, RangeInclusive};

use super::{directories::Directories, tags};
use crate::{camera::tiff::Tag, error::Result};

/// Longest side in photosites that is read: twice what the largest cinema sensor has.
const MAX_SIDE: u64 = 16_384;
/// Most strips or tiles of a picture: one a row.
const MAX_PIECES: usize = 32_768;

/// Size and coding of the stored picture.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bits of a stored sample, 1..=32.
    pub(super) bits: u32,
    /// TIFF number of the compression.
    pub(super) compression: u64,
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
    /// Reads size and coding, within limits.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when a value is missing or out of range.
    pub(super) fn read(dng: &Directories<'_>) -> Result<Self> {
        Ok(Self {
            width: required(dng, tags::IMAGE_WIDTH, 1..=MAX_SIDE)?,
            height: required(dng, tags::IMAGE_LENGTH, 1..=MAX_SIDE)?,
            bits: required(dng, tags::BITS_PER_SAMPLE, 1..=32)? as u32,
            compression: dng.integer(dng.of_raw(tags::COMPRESSION), tags::COMPRESSION)?.unwrap_or(1),
        })
    }
}

impl Pieces {
    /// Reads where the strips or tiles stand.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when a value is missing, out of range, or there are not as many as the picture needs.
    pub(super) fn read(dng: &Directories<'_>, picture: &Picture) -> Result<Self> {
        let Picture { width, height, .. } = *picture;
        if dng.of_raw(tags::TILE_OFFSETS).is_some() {
            let tile_width = required(dng, tags::TILE_WIDTH, 1..=MAX_SIDE * 2)?;
            let tile_height = required(dng, tags::TILE_LENGTH, 1..=MAX_SIDE * 2)?;
            let across = width.div_ceil(tile_width);
            let count = across * height.div_ceil(tile_height);
            let ranges = ranges(dng, tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS, count)?;
            let (word, tag) = ("tile", tags::TILE_OFFSETS);
            return Ok(Self { word, tag, width: tile_width, height: tile_height, across, ranges });
        }
        let rows = dng.integer(dng.of_raw(tags::ROWS_PER_STRIP), tags::ROWS_PER_STRIP)?;
        let rows = rows.map_or(height, |rows| rows.min(height as u64) as usize);
        if rows == 0 {
            return Err(dng.problem(tags::ROWS_PER_STRIP, "a strip of no rows"));
        }
        let ranges = ranges(dng, tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS, height.div_ceil(rows))?;
        Ok(Self { word: "strip", tag: tags::STRIP_OFFSETS, width, height: rows, across: 1, ranges })
    }

    /// From the first byte of a piece to the last.
    pub(super) fn span(&self) -> Range<u64> {
        let start = self.ranges.iter().map(|r| r.start).min().unwrap_or(0);
        start..self.ranges.iter().map(|r| r.end).max().unwrap_or(0)
    }
}

/// A whole number of the sensor's picture, in a range.
fn required(dng: &Directories<'_>, tag: Tag, range: RangeInclusive<u64>) -> Result<usize> {
    let value = dng.integer(dng.of_raw(tag), tag)?.ok_or_else(|| dng.problem(tag, "the tag is missing"))?;
    if !range.contains(&value) {
        return Err(dng.problem(tag, format!("{value} is not in {}..={}", range.start(), range.end())));
    }
    Ok(value as usize)
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
