//! TIFF 6.0 and BigTIFF that are no DNG: stills and scans, a frame a file. Pixels are not decoded yet.

#[cfg(test)]
mod tests;

use super::{
    Format, FrameTable, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    dng::{directories::Directories, metadata, tags},
    said::Said,
    tiff::{self, Tag},
};
use crate::{
    error::Result,
    source::{Source, Windows},
};

/// The format.
pub struct TiffStill;

/// Most strips or tiles that are looked at.
const MAX_PIECES: usize = 16_384;

/// Tag of the picture, and what its first number means.
type Rule = (Tag, fn(&mut Said, u64, &str));
const RULES: &[Rule] = &[
    (tags::IMAGE_WIDTH, |said, n, tag| said.width(u32::try_from(n).ok().filter(|n| *n > 0), tag)),
    (tags::IMAGE_LENGTH, |said, n, tag| said.height(u32::try_from(n).ok().filter(|n| *n > 0), tag)),
    (tags::BITS_PER_SAMPLE, |said, n, tag| said.bit_depth(u32::try_from(n).ok().filter(|n| (1..=64).contains(n)), tag)),
    (tags::COMPRESSION, |said, n, tag| said.compression(compression(n).map(str::to_owned), tag)),
    (tags::ORIENTATION, |said, n, tag| said.orientation(tiff::orientation(n).map(str::to_owned), tag)),
];

/// TIFF 6.0, its supplements, and what libtiff adds.
fn compression(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "uncompressed",
        2 => "CCITT RLE",
        3 => "CCITT Group 3",
        4 => "CCITT Group 4",
        5 => "LZW",
        6 | 7 => "JPEG",
        8 | 32_946 => "deflate",
        32_773 => "PackBits",
        34_712 => "JPEG 2000",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 => "Zstandard",
        50_001 => "WebP",
        50_002 | 52_546 => "JPEG XL",
        _ => return None,
    })
}

/// PhotometricInterpretation of luma and chroma.
const YCBCR: u64 = 6;

impl Format for TiffStill {
    fn name(&self) -> &'static str {
        "TIFF"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        extension != "dng" && tiff::is_tiff(head)
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let still = Directories::of_first_page(&windows)?;
        let mut said = Said::default();
        said.container(String::from("TIFF"), "magic number");
        said.codec(String::from("TIFF"), "magic number");
        said.decoder_needed(String::from("a TIFF decoder"), "magic number");
        if let Some(problem) = &still.broken {
            said.finding(problem.to_string());
        }
        for (tag, meant) in RULES {
            if let Some(number) = said.or_finding(still.integer(still.of_raw(*tag), *tag))?.flatten() {
                meant(&mut said, number, tag.name);
            }
        }
        if said.metadata.width.is_none() || said.metadata.height.is_none() {
            said.finding("it says no size of its picture");
        }
        subsampling(&still, &mut said)?;
        metadata::take(&still, &mut said)?;
        pixels(&still, &mut said, file.len())?;
        said.frame_count(1, "file");
        // Last: what is known of the frame does not wait for tags that nobody knows.
        still.note_tags(&mut said)?;
        Ok(said.finish(FrameTable::Whole))
    }
}

/// Of luma and chroma: how many pixels across and down have one chroma.
fn subsampling(still: &Directories<'_>, said: &mut Said) -> Result<()> {
    let photometric = said.or_finding(still.integer(still.of_raw(tags::PHOTOMETRIC), tags::PHOTOMETRIC))?.flatten();
    if photometric != Some(YCBCR) {
        return Ok(());
    }
    let tag = tags::YCBCR_SUB_SAMPLING;
    let sides = still.of_raw(tag).map_or_else(|| Ok(vec![2, 2]), |entry| still.tiff.integers(entry, tag, 2));
    let name = match said.or_finding(sides)?.as_deref() {
        Some([1, 1]) => "4:4:4",
        Some([2, 1]) => "4:2:2",
        Some([2, 2]) => "4:2:0",
        Some([4, 1]) => "4:1:1",
        _ => return Ok(()),
    };
    said.chroma_subsampling(name.to_owned(), tag.name);
    Ok(())
}

/// A file that is too short for its strips or tiles has a finding.
fn pixels(still: &Directories<'_>, said: &mut Said, len: u64) -> Result<()> {
    for (offsets, lengths) in
        [(tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS), (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)]
    {
        let entry = |tag| still.of_raw(tag).filter(|entry| entry.count <= MAX_PIECES as u64);
        let Some((starts, lengths)) = entry(offsets).zip(entry(lengths).map(|entry| (entry, lengths))) else {
            continue;
        };
        let starts = said.or_finding(still.tiff.integers(starts, offsets, MAX_PIECES))?.unwrap_or_default();
        let lengths = said.or_finding(still.tiff.integers(lengths.0, lengths.1, MAX_PIECES))?.unwrap_or_default();
        let end = starts.iter().zip(&lengths).map(|(start, len)| start.saturating_add(*len)).max();
        if let Some(end) = end.filter(|end| *end > len) {
            said.finding(format!("the picture ends at byte {end}, but the file has {len}: the frame is cut short"));
        }
    }
    Ok(())
}
