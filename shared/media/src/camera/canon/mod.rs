//! Canon's raw files: Cinema RAW Light (.CRM) and photographs (.CR3). ISO base media files with the brand `crx `.
//!
//! What belongs to the clip stands in a `uuid` box as TIFF directories, what belongs to a frame in a track of records
//! (`CTMD`). Sources: lclevy's description of CR3, ExifTool's tag names.

mod directories;
mod records;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    isobmff::{self, Movie, Track, array, boxes, four},
    said::Said,
};
use crate::{
    error::Result,
    source::{Memory, Source, Windows},
};

/// The format.
pub struct Canon;

/// The `uuid` of Canon's boxes in the movie.
const UUID: [u8; 16] = [0x85, 0xc0, 0xb6, 0x87, 0x82, 0x0f, 0x11, 0xe0, 0x81, 0x11, 0xf4, 0xce, 0x46, 0x2b, 0x6a, 0x48];
/// Longest box of it that is read.
const MAX_BOX: u64 = 256 << 10;
/// Longest sample of records that is read.
const MAX_RECORDS: u64 = 128 << 10;

impl Format for Canon {
    fn name(&self) -> &'static str {
        "Canon RAW"
    }

    fn recognises(&self, _extension: &str, head: &[u8]) -> bool {
        array(head, 4) == Some(*b"ftypcrx ")
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let mut said = Said::default();
        let movie = Movie::open(&windows, &mut said)?;
        isobmff::note_items(&windows, &movie, &mut said)?;
        let noted = note_clip(&windows, &movie, &mut said);
        said.or_finding(noted)?;
        // A photograph has one frame and no rate.
        let still =
            said.tags.get("CNCV").and_then(|text| text.as_str()).is_some_and(|text| text.starts_with("CanonCR3"));
        let (container, codec) = if still { ("CR3", "Canon RAW (CR3)") } else { ("CRM", "Canon Cinema RAW Light") };
        said.container(container.to_owned(), "CNCV");
        said.codec(codec.to_owned(), "CNCV");
        let frames = match movie.picture() {
            Some(track) => movie.frames(&windows, track, &mut said)?,
            None => FrameTable::default(),
        };
        // The first frame's records come before what is said once for all of them.
        let noted = first_records(&windows, &movie, &mut said);
        said.or_finding(noted.map_err(|e| e.in_field("CTMD")))?;
        directories::apply(&mut said);
        isobmff::note(&windows, &movie, &mut said)?;
        if still {
            said.metadata.frame_rate = None;
            said.metadata.sources.remove("frame_rate");
        }
        Ok(said.finish(frames))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        isobmff::each_sample(file, is_records, MAX_RECORDS, &mut |frame, sample| {
            let mut said = Said::default();
            records::note(sample, &mut said);
            told(said.of_frame(frame))
        })
    }

    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        isobmff::spans(file, frames)
    }
}

fn is_records(track: &Track) -> bool {
    track.entry.as_ref().is_some_and(|entry| entry.format == *b"CTMD")
}

/// Canon's boxes in the movie: what made the file, and directories of tags.
fn note_clip(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    for uuid in movie.others.iter().filter(|atom| atom.is(b"uuid")) {
        if array(&file.read(uuid.body.start..(uuid.body.start + 16).min(uuid.body.end))?, 0) != Some(UUID) {
            continue;
        }
        for atom in boxes(file, uuid.after(16)) {
            let atom = atom?;
            match &atom.kind {
                b"CNCV" => {
                    let text = atom.read(file, 256)?;
                    said.tag("CNCV", String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned());
                }
                b"CMT1" | b"CMT2" | b"CMT3" | b"CMT4" => {
                    let bytes = atom.read(file, MAX_BOX)?;
                    let noted = directories::note(&Memory::new(file.name(), bytes), &four(atom.kind), said);
                    said.or_finding(noted.map_err(|e| e.in_field(four(atom.kind))))?;
                }
                _ => said.tag(four(atom.kind), format!("{} bytes", atom.len())),
            }
        }
    }
    Ok(())
}

/// Notes the records of the first frame, when reading them is within the budget.
fn first_records(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    let Some(bytes) = isobmff::first_sample(file, movie, is_records, MAX_RECORDS)? else { return Ok(()) };
    records::note(&bytes, said);
    Ok(())
}
