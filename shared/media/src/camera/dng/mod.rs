//! DNG and CinemaDNG (DNG 1.7.1, CinemaDNG 1.1): mosaics of 8 to 16 bits, uncompressed, in strips or tiles.
//!
//! Compressed pictures and such without a Bayer pattern are inspected, and refused by name when they are to be decoded.

mod colour;
pub(super) mod directories;
mod levels;
pub(super) mod metadata;
mod picture;
pub(super) mod tags;
#[cfg(test)]
pub(super) mod testkit;
#[cfg(test)]
mod tests;
mod unpack;

use std::borrow::Cow;

use directories::{CFA, Directories};
use picture::{Picture, Pieces, compression_name};

use super::{Format, FrameSpan, FrameTable, Inspected, MAX_BYTES, MAX_READS, WINDOW, said::Said, tiff};
use crate::{
    error::{Error, Result},
    raw::Mosaic,
    source::{Source, Windows},
};

/// The format.
pub struct Dng;

impl Format for Dng {
    fn name(&self) -> &'static str {
        "CinemaDNG"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        extension == "dng" && tiff::is_tiff(head)
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let dng = Directories::open(&windows)?;
        let picture = Picture::read(&dng)?;
        let mut said = Said::default();
        if let Some(problem) = &dng.broken {
            said.finding(problem.to_string());
        }
        metadata::say(&dng, &picture, &mut said)?;
        said.frame_count(1, "file");
        let span = said.or_finding(Pieces::read(&dng, &picture))?.map(|pieces| pieces.span());
        let frames = span.map_or_else(FrameTable::default, |span| {
            if span.end > file.len() {
                said.finding(format!("the picture ends at byte {}, but the file has {}", span.end, file.len()));
            }
            FrameTable::Listed(vec![FrameSpan { offset: span.start, len: span.end - span.start }])
        });
        // Last: what is known of the frame does not wait for tags that nobody knows.
        dng.note_tags(&mut said)?;
        Ok(said.finish(frames))
    }

    fn decode(&self, file: &dyn Source, frame: u64) -> Result<Mosaic> {
        if frame != 0 {
            return Err(Error::invalid(format!("frame {frame} is wanted, but a DNG file has one")).in_file(file.name()));
        }
        let dng = Directories::open(file)?;
        if let Some(problem) = dng.broken {
            return Err(problem);
        }
        let picture = Picture::read(&dng)?;
        refuse_other_codings(&dng, &picture)?;
        let active = levels::active_area(&dng, &picture)?;
        let cfa = levels::filters(&dng, active)?;
        let levels = levels::levels(&dng, &picture, active)?;
        let color = colour::calibration(&dng)?;
        let samples = samples(&dng, &picture, file)?;
        Ok(Mosaic { width: picture.width, height: picture.height, samples, cfa, active, levels, color })
    }
}

/// Whether the pixels can be decoded, as far as their tags tell.
///
/// # Errors
/// [`Error::Unsupported`] when they cannot; those of reading the tags.
fn decodable(dng: &Directories<'_>, picture: &Picture) -> Result<()> {
    refuse_other_codings(dng, picture)?;
    levels::filters(dng, levels::active_area(dng, picture)?)?;
    colour::calibration(dng).map(|_| ())
}

fn refuse_other_codings(dng: &Directories<'_>, picture: &Picture) -> Result<()> {
    let integer = |tag| dng.integer(dng.of_raw(tag), tag);
    if integer(tags::PHOTOMETRIC)? != Some(CFA) {
        let compressed = match picture.compression {
            1 => String::new(),
            number => format!(" compressed with {}", compression_name(number)),
        };
        let what = format!("decoding LinearRaw (a demosaiced picture){compressed}");
        return Err(dng.unsupported(tags::PHOTOMETRIC, what));
    }
    if picture.compression != 1 {
        let name = compression_name(picture.compression);
        return Err(dng.unsupported(tags::COMPRESSION, format!("decoding DNG compressed with {name}")));
    }
    if !matches!(picture.bits, 8 | 10 | 12 | 14 | 16) {
        return Err(dng.unsupported(tags::BITS_PER_SAMPLE, format!("decoding samples of {} bits", picture.bits)));
    }
    for (tag, usual, what) in [
        (tags::SAMPLES_PER_PIXEL, 1, "samples of a photosite"),
        (tags::SAMPLE_FORMAT, 1, "sample format (floating point)"),
        (tags::FILL_ORDER, 1, "fill order"),
    ] {
        if let Some(other) = integer(tag)?.filter(|n| *n != usual) {
            return Err(dng.unsupported(tag, format!("{what} {other}")));
        }
    }
    Ok(())
}

/// All code values, row by row. Nothing is allocated before the file is known to hold every piece.
fn samples(dng: &Directories<'_>, picture: &Picture, file: &dyn Source) -> Result<Vec<u16>> {
    let Picture { width, height, bits, .. } = *picture;
    let pieces = Pieces::read(dng, picture)?;
    // Rows begin at whole bytes.
    let row_bytes = (pieces.width * bits as usize).div_ceil(8);
    let rows_of = |piece: usize| pieces.height.min(height - piece / pieces.across * pieces.height);
    let mut needed = 0;
    for (piece, range) in pieces.ranges.iter().enumerate() {
        let need = (rows_of(piece) * row_bytes) as u64;
        needed += need;
        let (word, count) = (pieces.word, pieces.ranges.len());
        let number = piece + 1;
        let problem = if range.end - range.start < need {
            format!("{word} {number} of {count} has {} bytes, but its rows need {need}", range.end - range.start)
        } else if range.start + need > file.len() {
            format!(
                "the file ends at byte {}, but {word} {number} of {count} ends at {}: the frame is cut short",
                file.len(),
                range.start + need
            )
        } else {
            continue;
        };
        return Err(Error::invalid(problem).at_offset(range.start).in_field(pieces.tag.name).at(&dng.tiff.file()));
    }
    let span = pieces.span();
    let span = span.start..span.end.min(file.len());
    // One read for all pieces, unless they are strewn over a file of other things.
    let whole =
        if span.end - span.start <= needed.saturating_mul(2) + 65_536 { Some(file.read(span.clone())?) } else { None };
    let mut samples = vec![0; width * height];
    for (piece, range) in pieces.ranges.iter().enumerate() {
        let (top, left) = (piece / pieces.across * pieces.height, piece % pieces.across * pieces.width);
        let wanted = range.start..range.start + (rows_of(piece) * row_bytes) as u64;
        let packed = match &whole {
            Some(bytes) => Cow::from(&bytes[(wanted.start - span.start) as usize..(wanted.end - span.start) as usize]),
            None => file.read(wanted)?,
        };
        let columns = left..width.min(left + pieces.width);
        for (row, packed) in samples[top * width..].chunks_exact_mut(width).zip(packed.chunks_exact(row_bytes)) {
            unpack::unpack_row(packed, bits, dng.tiff.big_endian, &mut row[columns.clone()]);
        }
    }
    Ok(samples)
}
