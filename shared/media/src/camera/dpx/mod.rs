//! DPX (SMPTE ST 268-1:2014), version 1 and 2, in both byte orders: one frame a file. Pixels are not decoded yet.

mod fields;
#[cfg(test)]
mod tests;

use fields::{FIELDS, Kind, RULES, decimal};
use serde_json::Value;

use super::{
    Format, FrameSpan, FrameTable, Inspected, WINDOW,
    said::{Said, whole},
};
use crate::{
    error::{Error, Result},
    source::Source,
};

/// The format.
pub struct Dpx;

/// The generic headers end here; without them a file says nothing.
const LEAST_BYTES: usize = 820;
/// All headers that the standard has.
const HEADER_BYTES: u64 = 2048;

impl Format for Dpx {
    fn name(&self) -> &'static str {
        "DPX"
    }

    fn recognises(&self, _: &str, head: &[u8]) -> bool {
        head.starts_with(b"SDPX") || head.starts_with(b"XPDS")
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let head = file.head(WINDOW)?;
        if head.len() < LEAST_BYTES {
            let problem = format!("the file ends at byte {}, within its header", head.len());
            return Err(Error::invalid(problem).at_offset(head.len() as u64).in_file(file.name()));
        }
        let header = Header { bytes: &head, big_endian: head.starts_with(b"SDPX") };
        let mut said = Said::default();
        said.container(String::from("DPX"), "magic number");
        said.codec(String::from("DPX"), "magic number");
        said.decoder_needed(String::from("a DPX decoder"), "magic number");
        // Some writers leave the later headers away: the picture begins where their fields would be.
        let end = header.number::<4>(4).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX).max(LEAST_BYTES);
        for (at, kind, name) in FIELDS.iter().take_while(|(at, kind, _)| at + kind.len() <= end) {
            if let Some(value) = header.value(*at, *kind) {
                said.tag(*name, value);
            }
        }
        said.apply(RULES);
        if said.metadata.width.is_none() || said.metadata.height.is_none() {
            said.finding("it says no size of its picture");
        }
        user_data(&mut said, file.len());
        let table = picture(&mut said, file.len());
        said.frame_count(1, "file");
        Ok(said.finish(table))
    }
}

/// The user's data, behind the headers; a file that is too short for it has a finding. `FileSize` is no use for that:
/// writers keep the one of another depth.
fn user_data(said: &mut Said, len: u64) {
    let tag = |name: &str| said.tags.get(name).and_then(whole).filter(|n| *n > 0);
    let Some(size) = tag("UserDataSize") else { return };
    let headers = tag("GenericHeaderSize").zip(tag("IndustryHeaderSize")).map(|(a, b)| a.saturating_add(b));
    let end = headers.unwrap_or(HEADER_BYTES).saturating_add(size);
    if end > len {
        said.finding(format!("the user's data ends at byte {end}, but the file has {len}: it is cut short"));
    }
}

/// Where the first image element is; a file that is too short for it has a finding.
fn picture(said: &mut Said, len: u64) -> FrameTable {
    let tag = |name: &str| said.tags.get(name).and_then(whole);
    let offset = tag("DataOffset").filter(|n| *n > 0).or_else(|| tag("ImageOffset")).unwrap_or(0);
    let size = || {
        let (width, height) = (u64::from(said.metadata.width?), u64::from(said.metadata.height?));
        let samples = width.checked_mul(samples_of(tag("Descriptor")?)?)?.div_ceil(2);
        let bits = tag("BitDepth")?;
        let line = match (bits, tag("Packing")?) {
            // Lines of whole bytes need not end at whole words.
            (8 | 16, _) => samples.checked_mul(bits / 8)?,
            (10, 1 | 2) => samples.div_ceil(3).checked_mul(4)?,
            (12, 1 | 2) => samples.checked_mul(2)?,
            (32 | 64, _) | (_, 0) => samples.checked_mul(bits)?.div_ceil(32).checked_mul(4)?,
            _ => return None,
        };
        let line = line.checked_add(tag("EndOfLinePadding").unwrap_or(0))?;
        line.checked_mul(height).filter(|_| tag("Encoding") == Some(0))
    };
    let Some(size) = size() else { return FrameTable::Whole };
    let end = offset.saturating_add(size);
    if end > len {
        said.finding(format!("the picture ends at byte {end}, but the file has {len}: the frame is cut short"));
    }
    FrameTable::Listed(vec![FrameSpan { offset, len: size }])
}

/// Twice the samples of a pixel, by descriptor (ST 268-1, table 1); none for what a writer defines itself.
fn samples_of(descriptor: u64) -> Option<u64> {
    Some(match descriptor {
        1..=4 | 6..=9 => 2,
        50 | 101 | 102 => 6,
        51 | 52 | 103 => 8,
        100 => 4,
        _ => return None,
    })
}

/// The first bytes of the file.
struct Header<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Header<'_> {
    fn number<const N: usize>(&self, at: usize) -> Option<u32> {
        let bytes: [u8; N] = *self.bytes.get(at..)?.first_chunk()?;
        let append = |n: u32, byte: &u8| n << 8 | u32::from(*byte);
        let number = if self.big_endian { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) };
        (bytes != [u8::MAX; N]).then_some(number)
    }

    fn value(&self, at: usize, kind: Kind) -> Option<Value> {
        match kind {
            Kind::U8 => self.number::<1>(at).map(Value::from),
            Kind::U16 => self.number::<2>(at).map(Value::from),
            Kind::U32 => self.number::<4>(at).map(Value::from),
            Kind::F32 => decimal(f32::from_bits(self.number::<4>(at)?)),
            Kind::Text(len) => {
                let text = self.bytes.get(at..at + len)?.split(|b| *b == 0).next()?;
                let text = String::from_utf8_lossy(text).trim().to_owned();
                (!text.is_empty() && !text.contains('\u{fffd}')).then(|| text.into())
            }
        }
    }
}
