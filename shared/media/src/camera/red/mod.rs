//! RED R3D: REDCODE RAW of the RED ONE (`RED1`) and of every camera since (`RED2`).
//!
//! A file is a run of blocks: length (32 bits, of the whole block), four letters, content; all numbers big-endian. The first
//! holds what the camera says of the take, in a directory of tags; frames have one of their own (`RDI`). RED publishes no
//! description: the layout is what open readers found, checked on a file of an S-WEAPON. Only RED's SDK decodes pixels.

mod cooke;
mod directory;
mod index;
mod rmd;
mod tags;
#[cfg(test)]
mod tests;

use std::ops::Range;

use index::List;
pub use rmd::rmd;
use serde_json::Value;

use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    said::{Said, text},
};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
    timecode::{Rational, Timecode},
};

/// The format.
pub struct R3d;

/// Longest first block that is read.
const MAX_HEADER: u64 = 256 << 10;
/// Longest part of a frame's own block that is read: its directory, and what precedes that.
const MAX_RDI: u64 = 0x58 + 0xffff;
/// Most blocks of one file.
const MAX_BLOCKS: u64 = 4 << 20;
/// Blocks of `RED2` begin at multiples of this.
const ALIGNMENT: u64 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Format for R3d {
    fn name(&self) -> &'static str {
        "RED R3D"
    }

    fn recognises(&self, _: &str, head: &[u8]) -> bool {
        matches!(head.get(4..8), Some(b"RED1" | b"RED2"))
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let (version, end, mut said) = header(&windows)?;
        said.apply(tags::RULES);
        let mut table = FrameTable::default();
        if end >= file.len() {
            said.finding(format!("the file ends at byte {} with its header: the frames are cut off", file.len()));
        } else if let Some(list) = said.or_finding(List::find(&windows, end))? {
            match list {
                Some(list) => table = said.or_finding(list.table(&windows))?.unwrap_or_default(),
                None if version == Version::One => {
                    said.finding("no list of frames (REOB, RDVO) is at the end of the file: it is cut short");
                }
                // Where later cameras keep one is not known.
                None => {}
            }
        }
        said.frame_count(Some(table.count()).filter(|n| *n > 0), "RDVO");
        Ok(said.finish(table))
    }

    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let (_, end, _) = header(&windows)?;
        let list = List::find(&windows, end)?.ok_or_else(|| Error::invalid("the file has no list of its frames"));
        list.and_then(|list| list.spans(file, frames)).map_err(|e| e.in_file(file.name()))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        let (version, end, head) = header(&Windows::new(file, WINDOW, MAX_READS, MAX_BYTES))?;
        let (rate, start) = (head.metadata.frame_rate.clone(), start_of(head));
        let (mut frame, mut at) = (0, end);
        for _ in 0..MAX_BLOCKS {
            if at.saturating_add(8) > file.len() {
                return Ok(());
            }
            let head = file.read(at..at + 8)?;
            let len = u64::from(u32_at(&head, 0).unwrap_or(0));
            if len < 8 {
                return Ok(());
            }
            if head.get(4..8) == Some(b"RDI\x01") {
                let block = file.read(at..at.saturating_add(len.min(MAX_RDI)).min(file.len()))?;
                let mut said = Said::default();
                said.metadata.frame_rate.clone_from(&rate);
                directory::note(&block, 86, &mut said);
                said.apply(tags::RULES);
                // Frames that say no timecode of their own count from the first.
                let timecode = start.zip(i64::try_from(frame).ok()).map(|(start, frame)| start.plus(frame));
                said.start_timecode(timecode, "StartTimecode");
                said.metadata.frame_rate = None;
                told(said.of_frame(frame))?;
                frame += 1;
            }
            at = next(version, at, len);
        }
        Err(Error::unsupported(format!("a file of more than {MAX_BLOCKS} blocks")).in_file(file.name()))
    }
}

/// Timecode of the first frame, where the take says it.
fn start_of(mut head: Said) -> Option<Timecode> {
    head.apply(tags::RULES);
    let rate = head.metadata.frame_rate?.parse().ok()?;
    Timecode::parse(&head.metadata.start_timecode?, rate).ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

/// Where the block after one at `at` of this length begins.
fn next(version: Version, at: u64, len: u64) -> u64 {
    let end = at.saturating_add(len.max(1));
    match version {
        Version::One => end,
        Version::Two => end.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX),
    }
}

/// The first block, read: its version, where what follows it begins, and its tags.
fn header(windows: &Windows<'_>) -> Result<(Version, u64, Said)> {
    let located = |e: Error, at| e.at_offset(at).in_file(windows.name());
    let first = windows.head(8)?;
    let len = u64::from(u32_at(&first, 0).unwrap_or(0));
    let version = match first.get(4..8) {
        Some(b"RED1") => Version::One,
        Some(b"RED2") => Version::Two,
        _ => return Err(located(Error::invalid("it does not begin with a RED1 or RED2 block"), 0)),
    };
    if !(0x44..=MAX_HEADER).contains(&len) {
        return Err(located(Error::invalid(format!("a header of {len} bytes, and 68 to {MAX_HEADER} are read")), 0));
    }
    let block = windows.head(len)?;
    let mut said = Said::default();
    if (block.len() as u64) < len {
        said.finding(format!("the file ends at byte {}, within its header of {len} bytes", windows.len()));
    }
    say_fixed(&mut said);
    let mut end = next(version, 0, len);
    match version {
        Version::One => {
            say_red_one(&block, &mut said);
            // The tags stand in a block of their own.
            match second_block(windows, len)? {
                Some(second) => {
                    end = next(version, len, second.len() as u64);
                    say_tags(&second, 0x22, &mut said);
                }
                None if len < windows.len() => said.finding("no block of tags follows the header"),
                None => {}
            }
        }
        Version::Two => say_red_two(&block, &mut said),
    }
    Ok((version, end, said))
}

fn second_block(windows: &Windows<'_>, at: u64) -> Result<Option<Vec<u8>>> {
    if at + 8 > windows.len() {
        return Ok(None);
    }
    let len = u64::from(u32_at(&windows.read(at..at + 8)?, 0).unwrap_or(0));
    if !(8..=MAX_HEADER).contains(&len) {
        return Ok(None);
    }
    windows.read(at..at.saturating_add(len).min(windows.len())).map(|bytes| Some(bytes.into_owned()))
}

/// What is true of every R3D file.
fn say_fixed(said: &mut Said) {
    let tag = "magic number";
    said.camera_make(String::from("RED"), tag);
    said.container(String::from("R3D"), tag);
    said.codec(String::from("REDCODE RAW"), tag);
    said.decoder_needed(String::from("RED R3D SDK"), tag);
}

/// Notes a tag where the bytes for it are there.
fn tag(said: &mut Said, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        said.tag(name, value);
    }
}

/// Width and height, each 32 bits of which at most 16 are used.
fn say_size(block: &[u8], [width, height]: [usize; 2], said: &mut Said) {
    let side = |at| u32_at(block, at).filter(|n| (1..=65_535).contains(n));
    let (width, height) = (side(width), side(height));
    tag(said, "ImageWidth", width);
    tag(said, "ImageHeight", height);
    said.width(width, "ImageWidth");
    said.height(height, "ImageHeight");
}

/// Frames a second: so many in so many seconds.
fn say_rate(rate: Option<(u32, u16)>, said: &mut Said) {
    let Some((above, below)) = rate else { return };
    said.tag("FrameRate", format!("{above}/{below}"));
    said.frame_rate(Rational::new(above, below.into()), "FrameRate");
}

/// Notes the tags of a block's directory.
fn say_tags(block: &[u8], expected: usize, said: &mut Said) {
    match directory::find(block, expected) {
        Some(at) => directory::note(block, at, said),
        None => said.finding(format!("no directory of tags is at byte {expected} of its block")),
    }
}

/// `RED1`: what stands at fixed places.
fn say_red_one(block: &[u8], said: &mut Said) {
    said.tag("RedcodeVersion", 1);
    tag(said, "TimeScale", u32_at(block, 0x0c));
    tag(said, "FileNumber", u32_at(block, 0x10));
    say_size(block, [0x34, 0x38], said);
    say_rate(u16_at(block, 0x3e).map(u32::from).zip(u16_at(block, 0x40)), said);
    let channels = block.get(0x42).map(|n| u32::from(*n));
    tag(said, "AudioChannels", channels);
    said.audio_channels(channels.filter(|n| *n > 0), "AudioChannels");
    let name = block.get(0x43..).map(|rest| &rest[..rest.len().min(257)]);
    if let Some(name) = name.and_then(|bytes| bytes.split(|b| *b == 0).next()).filter(|name| !name.is_empty()) {
        said.tag("OriginalFileName", String::from_utf8_lossy(name).into_owned());
    }
}

/// `RED2`: three tables of records, then the directory. The first record has size and rate.
fn say_red_two(block: &[u8], said: &mut Said) {
    let count = |at: usize| block.get(at).map_or(0, |n| usize::from(*n));
    let (images, audio, extra) = (count(0x40), count(0x41), count(0x42));
    said.tag("RedcodeVersion", 2);
    for (tag, records) in [("rdi records", images), ("rda records", audio), ("rdx records", extra)] {
        said.tag(tag, records);
    }
    if images > 0 {
        say_size(block, [0x4c, 0x50], said);
        say_rate(u32_at(block, 0x58).zip(u16_at(block, 0x56)), said);
    }
    say_tags(block, 0x44 + images * 0x18 + audio * 0x14 + extra * 0x10, said);
}
