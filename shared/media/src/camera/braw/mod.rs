//! Blackmagic RAW (.braw): QuickTime whose keys say what the clip is, and whose frames begin with what each of them is.
//!
//! Sources: the spec of Blackmagic's SDK names the keys; types and the frame's boxes as seen in clips of URSA Mini Pro.

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    isobmff::{self, Movie, boxes, f32_at, four, i16_at, u32_at},
    said::{Rule, Said, flag, number, positive, rate, text, whole, whole32},
};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
    timecode::{Rational, Timecode},
};

/// The format.
pub struct Braw;

/// Longest description of a frame that is read: it has 256 bytes and some room.
const MAX_FRAME: u64 = 4096;

/// What the formats of pictures begin with that only this maker writes.
const FORMATS: [&[u8; 4]; 8] = [b"braw", b"brxq", b"brhq", b"brst", b"brlt", b"brvl", b"brvn", b"brs2"];

/// Key of the clip -> field.
#[rustfmt::skip]
const CLIP: &[Rule] = &[
    // What an external recorder was fed by goes before the recorder.
    ("camera_manufacturer",     |said, value, tag| said.camera_make(text(value), tag)),
    ("manufacturer",            |said, value, tag| said.camera_make(text(value), tag)),
    ("camera_type",             |said, value, tag| said.camera_model(text(value), tag)),
    ("camera_id",               |said, value, tag| said.camera_serial(text(value), tag)),
    ("camera_number",           |said, value, tag| said.camera_index(text(value), tag)),
    ("firmware_version",        |said, value, tag| said.firmware(text(value), tag)),
    ("clip_number",             |said, value, tag| said.clip_name(text(value), tag)),
    ("reel_name",               |said, value, tag| said.reel_name(text(value), tag)),
    ("scene",                   |said, value, tag| said.scene(text(value), tag)),
    ("take",                    |said, value, tag| said.take(text(value), tag)),
    ("good_take",               |said, value, tag| said.circle_take(flag(value), tag)),
    ("project_name",            |said, value, tag| said.production_name(text(value), tag)),
    ("director",                |said, value, tag| said.director(text(value), tag)),
    ("camera_operator",         |said, value, tag| said.cinematographer(text(value), tag)),
    ("date_recorded",           |said, value, tag| said.shoot_day(text(value).and_then(|day| iso_day(&day)), tag)),
    ("braw_compression_ratio",  |said, value, tag| said.compression(text(value), tag)),
    ("sensor_area_captured",    |said, value, tag| said.sensor_mode(text(value), tag)),
    ("lens_type",               |said, value, tag| said.lens_model(text(value), tag)),
    ("focal_length",            |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("anamorphic",              |said, value, tag| said.lens_squeeze(squeeze(said, value), tag)),
    ("viewing_gamut",           |said, value, tag| said.color_primaries(gamut(said, value), tag)),
    ("viewing_gamma",           |said, value, tag| said.color_encoding(gamma(said, value), tag)),
    ("post_3dlut_embedded_name", |said, value, tag| said.look_name(look(said, value), tag)),
    ("post_3dlut_sidecar_name", |said, value, tag| said.look_name(look(said, value), tag)),
];

/// Box of a frame -> field.
#[rustfmt::skip]
const FRAME: &[Rule] = &[
    ("bmdf:srte", |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("bmdf:shtv", |said, value, tag| shutter(said, value, tag)),
    ("bmdf:innd", |said, value, tag| said.nd_stops(positive(value), tag)),
    ("bmdf:isoe", |said, value, tag| said.iso(positive(value), tag)),
    ("bmdf:wkel", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("bmdf:asct", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("bmdf:wtin", |said, value, tag| said.tint(number(value), tag)),
    ("bmdf:asti", |said, value, tag| said.tint(number(value), tag)),
    ("bmdf:aptr", |said, value, tag| aperture(said, value, tag)),
    ("bmdf:fcln", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("bmdf:dsnc", |said, value, tag| said.focus_distance_m(text(value).and_then(|d| metres(&d)), tag)),
];

impl Format for Braw {
    fn name(&self) -> &'static str {
        "Blackmagic RAW"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        let marked = || head.windows(4).any(|w| w == b"bmdf") && isobmff::is_boxes(head);
        isobmff::is_boxes(head) && extension == "braw" || extension.is_empty() && marked()
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let mut said = Said::default();
        let movie = Movie::open(&windows, &mut said)?;
        isobmff::note_items(&windows, &movie, &mut said)?;
        said.container("BRAW".to_owned(), "ftyp");
        said.apply(CLIP);
        let frames = match movie.picture() {
            Some(track) => movie.frames(&windows, track, &mut said)?,
            None => FrameTable::default(),
        };
        let format = movie.picture().and_then(|track| track.entry.as_ref()).map(|entry| entry.format);
        if format.is_some_and(|format| !FORMATS.contains(&&format)) {
            said.finding("the pictures are not said to be Blackmagic RAW");
        }
        // A clip that was trimmed or copied by a program is younger than its recording.
        let (recorded, created) = (said.metadata.shoot_day.clone(), movie.created);
        isobmff::note(&windows, &movie, &mut said)?;
        if let (Some(day), Some(time), Some(_)) = (recorded, said.metadata.recorded_at.clone(), created)
            && !time.starts_with(&day)
        {
            said.metadata.recorded_at = None;
            said.metadata.sources.remove("recorded_at");
        }
        crop(&mut said);
        first_frame(&windows, &movie, &frames, &mut said)?;
        Ok(said.finish(frames))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        let inspected = self.inspect(file)?;
        let parse = |text: &Option<String>| text.as_deref().and_then(|r| r.parse::<Rational>().ok());
        let rate = parse(&inspected.metadata.timecode_rate);
        let start =
            inspected.metadata.start_timecode.as_deref().zip(rate).and_then(|(t, r)| Timecode::parse(t, r).ok());
        let count = inspected.frames.count();
        let mut from = 0;
        while from < count {
            let to = (from + 1024).min(count);
            for (frame, span) in (from..to).zip(self.spans_of(file, &inspected.frames, from..to)?) {
                let mut said = Said::default();
                said.frame_rate(parse(&inspected.metadata.frame_rate), "frame_rate");
                note_frame(file, span, &mut said).map_err(|e| e.in_file(file.name()))?;
                said.start_timecode(start.map(|t| t.plus(frame as i64)), "tmcd");
                let mut values = said.of_frame(frame);
                for of_clip in ["frame_rate", "timecode_rate"] {
                    values.values.remove(of_clip);
                }
                told(values)?;
            }
            from = to;
        }
        Ok(())
    }

    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        isobmff::spans(file, frames)
    }
}

impl Braw {
    fn spans_of(&self, file: &dyn Source, table: &FrameTable, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        match table {
            FrameTable::Own { .. } => self.spans(file, frames),
            _ => Ok(frames.filter_map(|n| table.span(n)).collect()),
        }
    }
}

/// The first frame, when reading it is within the budget.
fn first_frame(file: &Windows<'_>, movie: &Movie, frames: &FrameTable, said: &mut Said) -> Result<()> {
    let affordable = |reads: u32| file.reads_left() >= reads && file.bytes_left() >= u64::from(reads) * WINDOW;
    let first = match (frames, movie.picture()) {
        (FrameTable::Own { .. }, Some(track)) if affordable(2) => {
            let spans = track.tables.completed(file).and_then(|tables| tables.spans(file, 0..1));
            said.or_finding(spans)?.unwrap_or_default().first().copied()
        }
        _ => frames.span(0),
    };
    let Some(span) = first.filter(|s| s.offset.saturating_add(s.len) <= file.len()) else { return Ok(()) };
    if file.holds(&(span.offset..span.offset + span.len.min(MAX_FRAME))) || affordable(1) {
        let noted = note_frame(file, span, said);
        said.or_finding(noted.map_err(|e| e.in_field("bmdf")))?;
    }
    Ok(())
}

/// Notes what a frame says of itself: a box `bmdf` of boxes.
fn note_frame(file: &dyn Source, span: FrameSpan, said: &mut Said) -> Result<()> {
    let end = span.offset.checked_add(span.len.min(MAX_FRAME)).filter(|end| *end <= file.len());
    let end = end.ok_or_else(|| Error::invalid("the frame stands beyond the end of the file"))?;
    let bytes = file.read(span.offset..end)?;
    let bytes = crate::source::Memory::new(file.name(), &*bytes);
    let Some(about) = boxes(&bytes, 0..bytes.len()).next().transpose()?.filter(|atom| atom.is(b"bmdf")) else {
        return Err(Error::invalid("the frame does not begin with a bmdf box").at_offset(span.offset));
    };
    for atom in boxes(&bytes, about.body) {
        let atom = atom?;
        let body = atom.read(&bytes, MAX_FRAME)?;
        let floats = || f32_at(&body, 0).map(Value::from);
        let value = match &atom.kind {
            b"srte" => u32_at(&body, 0).zip(u32_at(&body, 4)).map(|(n, d)| Value::from(format!("{n}/{d}"))),
            b"innd" | b"agpf" | b"expo" => floats(),
            b"asct" | b"isoe" | b"wkel" => u32_at(&body, 0).map(Value::from),
            b"asti" | b"wtin" => i16_at(&body, 0).map(Value::from),
            b"shtv" | b"aptr" | b"fcln" | b"dsnc" => {
                let text = body.split(|b| *b == 0).next().unwrap_or_default();
                Some(Value::from(String::from_utf8_lossy(text))).filter(|text| text != "")
            }
            _ => None,
        };
        said.tag(format!("bmdf:{}", four(atom.kind)), value);
    }
    said.apply(FRAME);
    Ok(())
}

/// `2018:08:25` as `2018-08-25`.
fn iso_day(day: &str) -> Option<String> {
    let shape: String = day.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    matches!(shape.as_str(), "0000:00:00" | "0000-00-00").then(|| day.replace(':', "-"))
}

/// Generation of the colour science.
fn generation(said: &Said) -> String {
    said.tags.get("viewing_bmdgen").and_then(whole).map(|n| format!(" Gen {n}")).unwrap_or_default()
}

/// The curve that the camera chose for the picture: `Blackmagic Design Film` of generation 5 is `Blackmagic Film Gen 5`.
fn gamma(said: &Said, value: &Value) -> Option<String> {
    let gamma = text(value)?;
    Some(match gamma.strip_prefix("Blackmagic Design ") {
        Some(own) => format!("Blackmagic {own}{}", generation(said)),
        None => gamma,
    })
}

/// The gamut that goes with it.
fn gamut(said: &Said, value: &Value) -> Option<String> {
    let gamut = text(value)?;
    if gamut != "Blackmagic Design" {
        return Some(gamut);
    }
    let wide = said.tags.get("viewing_bmdgen").and_then(whole).is_some_and(|n| n >= 5);
    Some(format!("Blackmagic {}{}", if wide { "Wide Gamut" } else { "Design" }, generation(said)))
}

/// `1.33x`, while the camera's switch for it is on.
fn squeeze(said: &Said, value: &Value) -> Option<f64> {
    let off = said.tags.get("anamorphic_enable").and_then(flag) == Some(false);
    positive(value).filter(|ratio| !off && (1.0..=4.0).contains(ratio))
}

/// The name of a lookup table that is on.
fn look(said: &Said, value: &Value) -> Option<String> {
    let off = said.tags.get("post_3dlut_mode").and_then(text).is_some_and(|mode| mode == "Disabled");
    text(value).filter(|_| !off)
}

/// `180°` or `1/48`.
fn shutter(said: &mut Said, value: &Value, tag: &str) {
    let Some(written) = text(value) else { return };
    if written.starts_with("1/") {
        said.exposure_time_seconds(positive(value), tag);
    } else if written.ends_with(['\u{b0}', char::REPLACEMENT_CHARACTER]) || written.ends_with("deg") {
        said.shutter_angle_degrees(positive(value).filter(|degrees| *degrees <= 360.0), tag);
    }
}

/// `f2.8` or `T2.8`.
fn aperture(said: &mut Said, value: &Value, tag: &str) {
    let Some(written) = text(value) else { return };
    let stop = |letters: [char; 2]| {
        let digits = written.strip_prefix(letters)?.trim_start_matches('/');
        positive(&Value::from(digits))
    };
    said.f_number(stop(['f', 'F']), tag);
    said.t_stop(stop(['t', 'T']), tag);
}

/// `1110mm`, or the middle of `1050mm to 1170mm`; nothing of `Inf`.
fn metres(distance: &str) -> Option<f64> {
    let millimetres = |text: &str| positive(&Value::from(text.trim().strip_suffix("mm")?));
    let middle = match distance.split_once(" to ") {
        Some((near, far)) => f64::midpoint(millimetres(near)?, millimetres(far)?),
        None => millimetres(distance)?,
    };
    Some(middle / 1000.0)
}

/// The picture in what is stored, where the sizes agree: some cameras count from a larger picture than they tell.
fn crop(said: &mut Said) {
    let pair = |name: &str| -> Option<[f64; 2]> {
        let pair = said.tags.get(name)?.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>()?;
        pair.try_into().ok()
    };
    let stored = |name: &str| said.tags.get(name).and_then(whole32).map(f64::from);
    let (Some([left, top]), Some([width, height])) = (pair("crop_origin"), pair("crop_size")) else { return };
    let (Some(full_width), Some(full_height)) = (stored("stsd:width"), stored("stsd:height")) else { return };
    let fits = left >= 0.0 && top >= 0.0 && left + width <= full_width && top + height <= full_height;
    if fits && width >= 1.0 && height >= 1.0 {
        said.active_area([left, top, width, height].map(|n| n as u32), "crop_origin, crop_size");
    }
}
