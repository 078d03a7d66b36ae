//! The records of a frame: little-endian length (with its header of 12 bytes), type, and what the type says.

use serde_json::Value;

use super::directories;
use crate::{
    camera::{said::Said, sony::acquisition},
    source::Memory,
};

/// Bytes before what a record says.
const HEADER: usize = 12;
/// Most records of a frame. Cameras write about ten.
const MAX_RECORDS: usize = 64;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

/// A ratio of two 16-bit numbers, of which all ones are unknown.
fn ratio(bytes: &[u8], at: usize) -> Option<f64> {
    let (num, den) = (u16_at(bytes, at)?, u16_at(bytes, at + 2)?);
    (num != 0xffff && num != 0 && den != 0xffff && den != 0).then(|| f64::from(num) / f64::from(den))
}

/// Notes the records of a frame. What is wrong with them is a finding.
pub(super) fn note(sample: &[u8], said: &mut Said) {
    let mut rest = sample;
    for _ in 0..MAX_RECORDS {
        let (Some(len), Some(kind)) = (u32_at(rest, 0), u16_at(rest, 4)) else { return };
        let Some(record) = rest.get(HEADER..len as usize) else {
            said.finding(format!("CTMD: a record is said to have {len} bytes, and {} are left", rest.len()));
            return;
        };
        note_record(kind, record, said);
        rest = rest.get(len as usize..).unwrap_or_default();
    }
}

fn note_record(kind: u16, record: &[u8], said: &mut Said) {
    match kind {
        // Time of the frame: two bytes, year, month, day, hour, minute, second, hundredths.
        1 => {
            let year = u16_at(record, 2).filter(|year| (1990..2200).contains(year));
            if let (Some(year), Some([month, day, hour, minute, second, _])) = (year, record.get(4..10)) {
                let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
                said.tag("CTMD:1 time", time.clone());
                said.recorded_at(time, "CTMD:1 time");
            }
        }
        4 => {
            said.tag("CTMD:4 focal length", ratio(record, 0));
            said.focal_length_mm(ratio(record, 0), "CTMD:4 focal length");
        }
        // f-number, exposure time, and sensitivity, whose highest bit is a flag.
        5 => {
            said.tag("CTMD:5 f-number", ratio(record, 0));
            said.tag("CTMD:5 exposure time", ratio(record, 4));
            let iso = u32_at(record, 8).map(|iso| iso & 0x7fff_ffff).filter(|iso| (1..10_000_000).contains(iso));
            said.tag("CTMD:5 ISO", iso);
            said.f_number(ratio(record, 0), "CTMD:5 f-number");
            exposure(ratio(record, 4), said);
            said.iso(iso.map(f64::from), "CTMD:5 ISO");
        }
        // White balance: mode, preset, accuracy, compensation, kelvin.
        6 => {
            let kelvin = u16_at(record, 4).filter(|kelvin| (1000..30_000).contains(kelvin));
            said.tag("CTMD:6 kelvin", kelvin);
            said.white_balance_kelvin(kelvin.map(f64::from), "CTMD:6 kelvin");
        }
        7..=9 => note_directories(kind, record, said),
        // Cinema EOS: sets of acquisition metadata as SMPTE RDD 18 has them.
        13 => acquisition::say(record, said),
        _ => said.tag(format!("CTMD:{kind}"), format!("{} bytes", record.len())),
    }
}

/// Seconds, or, of Cinema EOS whose shutter is an angle, degrees: no exposure of a frame lasts two seconds.
fn exposure(value: Option<f64>, said: &mut Said) {
    match value {
        Some(degrees) if (2.0..=360.0).contains(&degrees) => {
            said.shutter_angle_degrees(degrees, "CTMD:5 exposure time");
        }
        seconds => said.exposure_time_seconds(seconds, "CTMD:5 exposure time"),
    }
}

/// Length, tag, and a TIFF file: the directory of EXIF or the maker's.
fn note_directories(kind: u16, record: &[u8], said: &mut Said) {
    let mut rest = record;
    while let (Some(len), Some(tag)) = (u32_at(rest, 0), u32_at(rest, 4)) {
        let Some(file) = rest.get(8..len as usize) else { break };
        let name = match tag {
            0x8769 => "CTMD Exif".to_owned(),
            0x927c => format!("CTMD:{kind} MakerNote"),
            other => format!("CTMD:{kind} {other:#06x}"),
        };
        // Optional and not of the clip: what is wrong with it is told among the tags.
        if let Err(error) = directories::note(&Memory::new("CTMD", file), &name, said) {
            said.tag(name, Value::from(error.to_string()));
        }
        rest = rest.get(len as usize..).unwrap_or_default();
    }
}
