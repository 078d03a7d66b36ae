//! RED R3D: REDCODE RAW of the RED ONE (`RED1`) and of every camera since (`RED2`).
//!
//! A file is a run of blocks: length (32 bits, of the whole block), four letters, content; all numbers big-endian. The first
//! holds what the camera says of the take, in a directory of tags; frames have one of their own (`RDI`). RED publishes no
//! description: the layout is what open readers found, checked on a file of an S-WEAPON. Only RED's SDK decodes pixels.

mod rmd;
mod tags;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use rmd::rmd;
use serde_json::Value;

use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    said::{Said, text},
};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
    timecode::Rational,
};

/// The format.
pub struct R3d;

/// Longest first block that is read.
const MAX_HEADER: u64 = 256 << 10;
/// Longest list of frame offsets that is read.
const MAX_OFFSETS: u64 = 640 << 10;
/// Most tags of one directory.
const MAX_TAGS: usize = 1024;
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
        let (_, end, mut said) = header(&windows)?;
        said.apply(tags::RULES);
        let media = end < file.len();
        if !media {
            said.finding(format!("the file ends at byte {} with its header: the frames are cut off", file.len()));
        }
        let listed = if media { said.or_finding(offsets(&windows, end))?.flatten() } else { None };
        let table = listed.unwrap_or_default();
        said.frame_count(Some(table.count()).filter(|n| *n > 0), "RDVO");
        Ok(said.finish(table))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        let (version, end, head) = header(&Windows::new(file, WINDOW, MAX_READS, MAX_BYTES))?;
        let rate = head.metadata.frame_rate;
        let (mut frame, mut at) = (0, end);
        while at.saturating_add(8) <= file.len() {
            let head = file.read(at..at + 8)?;
            let (len, kind) = (u64::from(u32_at(&head, 0).unwrap_or(0)), &head[4..8]);
            if len < 8 {
                break;
            }
            if kind == b"RDI\x01" {
                let block = file.read(at..at.saturating_add(len.min(MAX_HEADER)).min(file.len()))?;
                let mut said = Said::default();
                said.metadata.frame_rate.clone_from(&rate);
                if let Some(time) = block.get(56..64).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes) {
                    said.tag("TimestampMicroseconds", time);
                }
                directory(&block, 86, &mut said);
                said.apply(tags::RULES);
                said.metadata.frame_rate = None;
                told(said.of_frame(frame))?;
                frame += 1;
            }
            at = next(version, at, len);
        }
        Ok(())
    }
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
            if let Some(second) = second_block(windows, len)? {
                end = next(version, len, second.len() as u64);
                directory(&second, 0x22, &mut said);
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

/// `RED1`: what stands at fixed places.
fn say_red_one(block: &[u8], said: &mut Said) {
    let side = |at| u32_at(block, at).filter(|n| (1..=65_535).contains(n));
    said.width(side(0x34), "RED1 width");
    said.height(side(0x38), "RED1 height");
    let rate = u16_at(block, 0x3e).zip(u16_at(block, 0x40));
    said.frame_rate(rate.and_then(|(n, d)| Rational::new(n.into(), d.into())), "RED1 frame rate");
    said.audio_channels(block.get(0x42).map(|n| u32::from(*n)).filter(|n| *n > 0), "RED1 audio channels");
    let name = block.get(0x43..).map(|rest| &rest[..rest.len().min(257)]);
    if let Some(name) = name.and_then(|bytes| bytes.split(|b| *b == 0).next()).filter(|name| !name.is_empty()) {
        said.tag("OriginalFileName", String::from_utf8_lossy(name).into_owned());
    }
}

/// `RED2`: three tables of records, then the directory. The first record has size and rate.
fn say_red_two(block: &[u8], said: &mut Said) {
    let count = |at: usize| block.get(at).map_or(0, |n| usize::from(*n));
    let (images, audio, extra) = (count(0x40), count(0x41), count(0x42));
    if images > 0 {
        let side = |at| u32_at(block, at).filter(|n| (1..=65_535).contains(n));
        said.width(side(0x4c), "rdi width");
        said.height(side(0x50), "rdi height");
        let rate = u16_at(block, 0x56).zip(u32_at(block, 0x58));
        said.frame_rate(rate.and_then(|(below, above)| Rational::new(above, below.into())), "rdi frame rate");
    }
    directory(block, 0x44 + images * 0x18 + audio * 0x14 + extra * 0x10, said);
}

/// Notes the tags of a directory: its length (16 bits), then entries of length, tag, value.
fn directory(block: &[u8], at: usize, said: &mut Said) {
    let Some(len) = u16_at(block, at) else { return };
    let end = (at + 2 + usize::from(len)).min(block.len());
    let mut at = at + 2;
    for _ in 0..MAX_TAGS {
        let (Some(len), Some(tag)) = (u16_at(block, at), u16_at(block, at + 2)) else { return };
        let entry_end = at + usize::from(len);
        let Some(bytes) = block.get(at + 4..entry_end.min(end)).filter(|_| len >= 4 && entry_end <= end) else {
            return;
        };
        let low = (tag & 0xff) as u8;
        let known = tags::NAMES.iter().find(|(number, _)| *number == low).map(|(_, name)| (*name).to_owned());
        said.tag(known.unwrap_or_else(|| format!("{tag:#06x}")), value(tag >> 12, bytes));
        at = entry_end;
    }
}

/// A value by the high nibble of its tag; several values are a list.
fn value(kind: u16, bytes: &[u8]) -> Value {
    fn list(values: impl Iterator<Item = Value>) -> Value {
        let mut values: Vec<Value> = values.collect();
        match values.len() {
            1 => values.remove(0),
            _ => Value::from(values),
        }
    }
    match kind {
        1 => {
            let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
            Value::from(String::from_utf8_lossy(text).trim().to_owned())
        }
        2 => list(bytes.as_chunks::<4>().0.iter().map(|b| {
            let number = f32::from_be_bytes(*b);
            // As it is written in decimal, not with the digits that a wider number adds.
            number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
        })),
        4 => list(bytes.as_chunks::<2>().0.iter().map(|b| u16::from_be_bytes(*b).into())),
        5 => list(bytes.iter().map(|b| b.cast_signed().into())),
        6 => list(bytes.as_chunks::<4>().0.iter().map(|b| i32::from_be_bytes(*b).into())),
        _ => list(bytes.iter().map(|b| (*b).into())),
    }
}

/// The list of frames that the end of the file points to (`REOB`, then `RDVO`); none when there is no such end.
fn offsets(windows: &Windows<'_>, start: u64) -> Result<Option<FrameTable>> {
    let len = windows.len();
    let tail_from = len.saturating_sub(WINDOW).max(start);
    windows.prefetch(tail_from..len)?;
    for at in [len - len % 512, len.saturating_sub(56)].into_iter().filter(|at| *at >= start && at + 32 <= len) {
        let tail = windows.read(at..at + 32)?;
        if !matches!(tail.get(4..8), Some(b"REOB" | b"REOF" | b"REOS")) {
            continue;
        }
        let list = u64::from(u32_at(&tail, 8).unwrap_or(0));
        let frames = u64::from(u32_at(&tail, 24).unwrap_or(0));
        if list >= start && list + 8 <= at {
            return list_at(windows, start..list, frames);
        }
    }
    Ok(None)
}

/// The offsets of a `RDVO` block. A frame ends where the next one begins, sound between them included.
fn list_at(windows: &Windows<'_>, frames: Range<u64>, stated: u64) -> Result<Option<FrameTable>> {
    let at = frames.end;
    let head = windows.read(at..at + 8)?;
    let len = u64::from(u32_at(&head, 0).unwrap_or(0));
    if head.get(4..8) != Some(b"RDVO") || len < 12 {
        return Ok(None);
    }
    if len > MAX_OFFSETS {
        return Ok(Some(FrameTable::Own { count: ((len - 8) / 4).min(stated.max(1)) }));
    }
    let list = windows.read(at..at.saturating_add(len).min(windows.len()))?;
    let offsets: Vec<u64> = list[8..].as_chunks::<4>().0.iter().map(|b| u64::from(u32::from_be_bytes(*b))).collect();
    let count = usize::try_from(stated).unwrap_or(usize::MAX).min(offsets.len());
    let offsets: Vec<u64> = offsets.into_iter().take(count).take_while(|o| frames.contains(o)).collect();
    if !offsets.is_sorted_by(|a, b| a < b) {
        return Err(Error::invalid("its frames are not in order").in_field("RDVO").at_offset(at));
    }
    let ends = offsets.iter().skip(1).copied().chain([frames.end]);
    let spans = offsets.iter().zip(ends).map(|(&offset, end)| FrameSpan { offset, len: end - offset });
    Ok(Some(FrameTable::of(spans.collect())))
}
