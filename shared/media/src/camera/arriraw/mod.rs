//! ARRIRAW, one frame a file: `.ari` (SMPTE RDD 30), and `.arx`, whose picture is compressed (HDE).
//!
//! One read of 4096 bytes tells everything. The pixels are not decoded yet.

mod blocks;
mod rules;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use blocks::{BLOCKS, FRAME_LINE_BYTES, FRAME_LINE_COUNT, FRAME_LINES, Kind};
use serde_json::Value;

use super::{
    Format, FrameSpan, FrameTable, Inspected, WINDOW,
    said::{Said, number, whole},
};
use crate::{
    clip::{Cdl, FrameLine},
    error::{Error, Result},
    path::extension_of,
    source::Source,
};

/// The format.
pub struct Arriraw;

const MAGIC: &[u8] = b"ARRI";
const LITTLE_ENDIAN: u32 = 0x7856_3412;
const HEADER_BYTES: usize = 4096;
/// The version whose fields are known.
const VERSION: u32 = 3;
/// Versions that a header may have and be read, as far as it has the same blocks.
const VERSIONS: RangeInclusive<u32> = 1..=9;

impl Format for Arriraw {
    fn name(&self) -> &'static str {
        "ARRIRAW"
    }

    fn recognises(&self, _: &str, head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let head = file.head(WINDOW)?;
        let header = Header(head.get(..HEADER_BYTES).unwrap_or(&head));
        let located = |e: Error, offset| e.at_offset(offset).in_file(file.name());
        match header.u32(4) {
            Some(LITTLE_ENDIAN) => {}
            Some(other) => {
                let what = format!("ARRIRAW with byte order {other:#010x}");
                return Err(located(Error::unsupported(what), 4));
            }
            None => return Err(located(Error::invalid("the file ends in its first 8 bytes"), 0)),
        }
        let version = header.u32(0xc).unwrap_or(VERSION);
        if !VERSIONS.contains(&version) {
            return Err(located(Error::unsupported(format!("ARRIRAW header version {version}")), 0xc));
        }
        let mut said = Said::default();
        if version != VERSION {
            said.finding(format!("its header has version {version}, and is read as if it were {VERSION}"));
        }
        header.note_tags(&mut said);
        if header.0.len() < HEADER_BYTES {
            said.finding(format!("the file ends at byte {}, within its header of {HEADER_BYTES}", file.len()));
        }
        say_fixed(&mut said, extension_of(file.name()) == "arx");
        said.apply(rules::RULES);
        said.frame_lines(header.frame_lines(), "FLI:FrameLines");
        if said.metadata.camera_index.is_none() {
            let letter = said.metadata.reel_name.as_deref().or(said.metadata.clip_name.as_deref());
            let letter = letter.and_then(|name| name.chars().next()).filter(char::is_ascii_uppercase);
            said.camera_index(letter.map(String::from), "CID:Reel");
        }
        let table = picture(&mut said, &header, file.len());
        said.frame_count(1, "file");
        Ok(said.finish(table))
    }
}

/// What is true of every ARRIRAW file.
fn say_fixed(said: &mut Said, compressed: bool) {
    let tag = "magic number";
    said.camera_make(String::from("ARRI"), tag);
    said.container(String::from("ARRIRAW"), tag);
    said.codec(String::from(if compressed { "ARRIRAW HDE" } else { "ARRIRAW" }), tag);
    said.compression(String::from(if compressed { "HDE" } else { "uncompressed" }), tag);
    let needed = if compressed { "ARRI Image SDK (HDE)" } else { "an ARRIRAW decoder" };
    said.decoder_needed(String::from(needed), tag);
    said.bit_depth(12, tag);
}

/// Where the picture is; a file that is too short for it has a finding.
fn picture(said: &mut Said, header: &Header<'_>, len: u64) -> FrameTable {
    let offset = u64::from(header.u32(8).unwrap_or(0));
    let tag = |name: &str| said.tags.get(name).and_then(whole).filter(|n| *n > 0);
    let packed = tag("IDI:ImageWidth")
        .zip(tag("IDI:ImageHeight"))
        .map(|(w, h)| w.saturating_mul(h).div_ceil(2).saturating_mul(3));
    let compressed = said.metadata.compression.as_deref() == Some("HDE");
    let stated = tag("IDI:ImageDataSize");
    let size = if compressed { stated } else { packed.or(stated) };
    let Some(size) = size.filter(|_| offset >= 0x10) else { return FrameTable::Whole };
    let end = offset.saturating_add(size);
    if end > len {
        said.finding(format!("the picture ends at byte {end}, but the file has {len}: the frame is cut short"));
    }
    FrameTable::Listed(vec![FrameSpan { offset, len: size }])
}

/// The CDL of the look; its saturation is one where none is stated.
fn cdl(said: &Said) -> Option<Cdl> {
    let value = |name: &str| said.tags.get(&format!("ICI:Cdl{name}")).and_then(number);
    let three = |name: &str| {
        let [r, g, b] = ["R", "G", "B"].map(|c| value(&format!("{name}{c}")));
        Some([r?, g?, b?])
    };
    let saturation = value("Saturation").unwrap_or(1.0);
    Some(Cdl { slope: three("Slope")?, offset: three("Offset")?, power: three("Power")?, saturation })
}

/// The first bytes of the file, at most 4096.
struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// Notes the fields of every block that says it is there.
    fn note_tags(&self, said: &mut Said) {
        for block in BLOCKS {
            if self.u32(block.valid).is_none_or(|word| word == 0 || word == u32::MAX) {
                continue;
            }
            for (at, kind, name) in block.fields {
                if let Some(value) = self.value(*at, *kind) {
                    said.tag(format!("{}:{name}", block.name), value);
                }
            }
        }
    }

    /// A value; none where the camera wrote that it knows none (all bits set, NaN, empty text).
    fn value(&self, at: usize, kind: Kind) -> Option<Value> {
        Some(match kind {
            Kind::U8 => Value::from(self.bytes(at).map(u8::from_le_bytes).filter(|n| *n != u8::MAX)?),
            Kind::U16 => Value::from(self.bytes(at).map(u16::from_le_bytes).filter(|n| *n != u16::MAX)?),
            Kind::U32 => Value::from(self.u32(at).filter(|n| *n != u32::MAX)?),
            Kind::U64 => Value::from(self.bytes(at).map(u64::from_le_bytes).filter(|n| *n != u64::MAX)?),
            Kind::I32 => Value::from(self.bytes(at).map(i32::from_le_bytes).filter(|n| *n != -1)?),
            Kind::I64 => Value::from(self.bytes(at).map(i64::from_le_bytes).filter(|n| *n != -1)?),
            Kind::F32 => {
                let number = self.bytes(at).map(f32::from_le_bytes).filter(|n| n.is_finite())?;
                // As it is written in decimal: 1.3667, not 1.36669998.
                Value::from(number.to_string().parse::<f64>().ok()?)
            }
            Kind::Bcd => {
                let [a, b, c, d] = self.bytes(at).filter(|bytes| *bytes != [u8::MAX; 4])?;
                Value::from(format!("{d:02x}{c:02x}{b:02x}{a:02x}"))
            }
            Kind::Text(len) => Value::from(self.text(at, len)?),
            Kind::Reversed(len) => Value::from(self.text(at, len)?.chars().rev().collect::<String>()),
            Kind::Guid => {
                let b = self.bytes::<16>(at).filter(|b| *b != [0; 16] && *b != [u8::MAX; 16])?;
                let number = u128::from_be_bytes([
                    b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                    b[15],
                ]);
                let hex = format!("{number:032x}");
                Value::from([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
            }
        })
    }

    fn text(&self, at: usize, len: usize) -> Option<String> {
        let bytes = self.0.get(at..at + len)?;
        let text = bytes.split(|b| *b == 0).next()?;
        if text.is_empty() || text.iter().all(|b| *b == u8::MAX) {
            return None;
        }
        let text = String::from_utf8_lossy(text).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Frame lines that are on: masters and auxiliary ones.
    fn frame_lines(&self) -> Vec<FrameLine> {
        let line = |number: usize| {
            let at = FRAME_LINES + number * FRAME_LINE_BYTES;
            self.u32(at).filter(|kind| matches!(kind, 1 | 2))?;
            let side = |n: usize| self.bytes(at + 36 + 2 * n).map(|b| u32::from(u16::from_le_bytes(b)));
            let [left, top, width, height] = [side(0)?, side(1)?, side(2)?, side(3)?];
            let named =
                self.text(at + 4, 32).unwrap_or_else(|| format!("{}{}", number / 3 + 1, ["A", "B", "C"][number % 3]));
            (width > 0 && height > 0 && width < 0xffff).then_some(FrameLine { name: named, left, top, width, height })
        };
        (0..FRAME_LINE_COUNT).filter_map(line).collect()
    }
}
