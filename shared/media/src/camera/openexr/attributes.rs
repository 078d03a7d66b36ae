//! What the attributes of an OpenEXR header mean in `clip-metadata.v1`.
//!
//! Names are the standard attributes of OpenEXR 3.3 and those of ST 2065-4, then what converters and compositors take over
//! from camera files: `arriraw/` (ARRIRAW), `nuke/input/` and `input/` (Nuke), names of EXIF (OpenImageIO).

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, number, positive, rate, text, whole, whole32},
    timecode::{Digits, Rational, Timecode},
};

/// Attribute, and what it means.
pub(super) const RULES: &[Rule] = &[
    ("dataWindow", |said, value, tag| {
        if let Some([width, height]) = size(value) {
            said.width(width, tag);
            said.height(height, tag);
        }
    }),
    ("displayWindow", |said, value, tag| said.display_size(size(value), tag)),
    ("pixelAspectRatio", |said, value, tag| said.pixel_aspect_ratio(positive(value), tag)),
    ("compression", |said, value, tag| said.compression(text(value), tag)),
    ("channels", |said, value, tag| {
        let bits = |channel: &Value| Some(if channel.as_str()?.ends_with(" half") { 16 } else { 32 });
        said.bit_depth(value.as_array().into_iter().flatten().filter_map(bits).max(), tag);
    }),
    ("chromaticities", |said, value, tag| said.color_primaries(primaries(value), tag)),
    ("acesImageContainerFlag", |said, value, tag| {
        // ST 2065-4: linear, in the primaries of ST 2065-1.
        if whole(value) == Some(1) {
            said.color_encoding(String::from("Linear"), tag);
            said.color_primaries(String::from("ACES"), tag);
        }
    }),
    ("colorInteropID", |said, value, tag| said.color_encoding(text(value).and_then(|id| encoding(&id)), tag)),
    ("framesPerSecond", |said, value, tag| said.frame_rate(rate(value), tag)),
    ("nuke/input/frame_rate", |said, value, tag| said.frame_rate(rate(value), tag)),
    ("input/frame_rate", |said, value, tag| said.frame_rate(rate(value), tag)),
    ("captureRate", |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("timecodeRate", |said, value, tag| said.timecode_rate(rate(value), tag)),
    ("timeCode", |said, value, tag| {
        // The first word is packed as for television of 60 fields (ST 12-1), whatever the rate.
        if let Some(word) = value.as_array().and_then(|words| whole32(words.first()?)) {
            timecode(said, word.to_le_bytes(), tag);
        }
    }),
    ("nuke/input/timecode", written_timecode),
    ("input/timecode", written_timecode),
    ("capDate", |said, value, tag| said.recorded_at(text(value).and_then(|stamp| local_time(&stamp)), tag)),
    ("arriraw/capDate", |said, value, tag| said.recorded_at(text(value).and_then(|stamp| local_time(&stamp)), tag)),
    ("cameraMake", |said, value, tag| said.camera_make(text(value), tag)),
    ("Make", |said, value, tag| said.camera_make(text(value), tag)),
    ("cameraModel", |said, value, tag| said.camera_model(text(value), tag)),
    ("Model", |said, value, tag| said.camera_model(text(value), tag)),
    ("arriraw/cameraModel", |said, value, tag| {
        said.camera_make(String::from("ARRI"), tag);
        said.camera_model(text(value), tag);
    }),
    ("cameraSerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("cameraFirmwareVersion", |said, value, tag| said.firmware(text(value), tag)),
    ("cameraLabel", |said, value, tag| said.camera_index(text(value), tag)),
    ("cameraCCTSetting", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("cameraTintSetting", |said, value, tag| said.tint(number(value), tag)),
    ("reelName", |said, value, tag| said.reel_name(text(value), tag)),
    ("arriraw/reelName", |said, value, tag| said.reel_name(text(value), tag)),
    ("clipName", |said, value, tag| said.clip_name(text(value), tag)),
    ("expTime", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("shutterAngle", |said, value, tag| {
        said.shutter_angle_degrees(positive(value).filter(|degrees| *degrees <= 360.0), tag);
    }),
    ("shutterOpening", |said, value, tag| said.shutter_angle_degrees(positive(value), tag)),
    ("isoSpeed", |said, value, tag| said.iso(positive(value), tag)),
    ("lensMake", |said, value, tag| said.lens_make(text(value), tag)),
    ("lensModel", |said, value, tag| said.lens_model(text(value), tag)),
    ("arriraw/lensModel", |said, value, tag| said.lens_model(text(value), tag)),
    ("lensSerialNumber", |said, value, tag| said.lens_serial(text(value), tag)),
    ("arriraw/lensSerialNumber", |said, value, tag| said.lens_serial(text(value).filter(|s| s != "0"), tag)),
    ("nominalFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("effectiveFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("focalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("tStop", |said, value, tag| said.t_stop(positive(value), tag)),
    ("aperture", |said, value, tag| said.f_number(positive(value), tag)),
    ("focus", |said, value, tag| said.focus_distance_m(positive(value), tag)),
    ("sensorAcquisitionRectangle", |said, value, tag| {
        // Photosites, and the distance of their centres in micrometres.
        let pitch = said.tags.get("sensorPhotositePitch").and_then(positive);
        let sides = size(value).zip(pitch).map(|(sides, pitch)| sides.map(|side| f64::from(side) * pitch / 1000.0));
        said.active_sensor_physical_mm(sides, &format!("{tag}, sensorPhotositePitch"));
    }),
    ("view", |said, value, tag| said.stereo_eye(text(value).filter(|view| view == "left" || view == "right"), tag)),
];

/// Timecode in the base that is known, or its digits where none is.
fn timecode(said: &mut Said, bytes: [u8; 4], tag: &str) {
    let metadata = &said.metadata;
    let rate = metadata.timecode_rate.as_deref().or(metadata.frame_rate.as_deref());
    let read = match rate.and_then(|r| r.parse::<Rational>().ok()).and_then(Rational::timecode_base) {
        Some(base) => Timecode::from_bcd(bytes, base).map(|t| t.to_string()),
        None => Digits::from_bcd(bytes).map(|d| d.to_string()),
    };
    match read {
        Ok(text) => said.start_timecode_digits(text, tag),
        Err(error) => said.finding(format!("{tag}: {error}")),
    }
}

/// `10:11:12:13`, `10:11:12;13`.
fn written_timecode(said: &mut Said, value: &Value, tag: &str) {
    let digits = text(value).and_then(|text| text.parse::<Digits>().ok());
    said.start_timecode_digits(digits.map(|d| d.to_string()), tag);
}

/// `YYYY:MM:DD hh:mm:ss`, local time, as ISO 8601.
fn local_time(stamp: &str) -> Option<String> {
    let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let known = shape.starts_with("0000:00:00 00:00:00") && !stamp.starts_with("0000");
    known.then(|| format!("{}-{}-{}T{}", &stamp[..4], &stamp[5..7], &stamp[8..10], &stamp[11..19]))
}

/// [width, height] of a box whose corners are inclusive.
fn size(window: &Value) -> Option<[u32; 2]> {
    let corners: Vec<i64> = window.as_array()?.iter().filter_map(Value::as_i64).collect();
    let [left, top, right, bottom] = corners.try_into().ok()?;
    let side = |from: i64, to: i64| u32::try_from(to.checked_sub(from)?.checked_add(1)?).ok().filter(|n| *n > 0);
    Some([side(left, right)?, side(top, bottom)?])
}

/// Red x y, green x y, blue x y, white x y of gamuts that have a name.
const GAMUTS: &[(&str, [f64; 8])] = &[
    ("ACES", [0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767]),
    ("ACEScg", [0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767]),
    ("BT.709", [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329]),
    ("BT.2020", [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329]),
    ("P3-D65", [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329]),
];

fn primaries(value: &Value) -> Option<String> {
    let found: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).collect();
    let alike = |known: &[f64; 8]| found.len() == 8 && found.iter().zip(known).all(|(a, b)| (a - b).abs() < 5e-4);
    GAMUTS.iter().find(|(_, known)| alike(known)).map(|(name, _)| (*name).to_owned())
}

/// What the first part of a Color Interop ID names: `lin_ap1_scene`, `srgb_rec709_display`.
fn encoding(id: &str) -> Option<String> {
    let name = match id.split('_').next()? {
        "lin" => "Linear",
        "srgb" | "srgbe" => "sRGB",
        "g18" => "Gamma 1.8",
        "g22" => "Gamma 2.2",
        "g24" => "Gamma 2.4",
        "g26" => "Gamma 2.6",
        "pq" => "PQ",
        "hlg" => "HLG",
        "acescct" => "ACEScct",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Compressions by their number, and how many lines of pixels a chunk has.
const COMPRESSIONS: [(&str, u64); 12] = [
    ("uncompressed", 1),
    ("RLE", 1),
    ("ZIPS", 1),
    ("ZIP", 16),
    ("PIZ", 32),
    ("PXR24", 16),
    ("B44", 32),
    ("B44A", 32),
    ("DWAA", 32),
    ("DWAB", 256),
    ("HTJ2K256", 256),
    ("HTJ2K32", 32),
];

/// What the numbers of the compression attribute mean.
pub(super) fn compression(number: u8) -> String {
    let known = COMPRESSIONS.get(usize::from(number));
    known.map_or_else(|| format!("compression {number}"), |(name, _)| (*name).to_owned())
}

/// Lines of pixels in a chunk of this compression.
pub(super) fn lines_of_chunk(compression: &str) -> Option<u64> {
    COMPRESSIONS.iter().find(|(name, _)| *name == compression).map(|(_, lines)| *lines)
}

/// Tells what is true of every file.
pub(super) fn say_fixed(said: &mut Said) {
    let tag = "magic number";
    said.container(String::from("OpenEXR"), tag);
    said.codec(String::from("OpenEXR"), tag);
    said.decoder_needed(String::from("an OpenEXR decoder"), tag);
}
