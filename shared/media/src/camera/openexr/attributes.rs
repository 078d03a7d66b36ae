//! What the attributes of an OpenEXR header mean in `clip-metadata.v1`.
//!
//! Names are the standard attributes of OpenEXR 3.3 and those of ST 2065-4.

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, positive, rate, text, whole},
    timecode::{Rational, Timecode},
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
    ("captureRate", |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("timeCode", |said, value, tag| {
        let rate = said.metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok());
        // Without a rate the frames may be anything up to what two digits hold.
        let base = rate.and_then(Rational::timecode_base);
        let word = value.as_array().and_then(|words| whole(words.first()?)).and_then(|w| u32::try_from(w).ok());
        let read = word.map(|word| match base {
            Some(base) => Timecode::from_bcd(word.to_le_bytes(), base).map(|t| t.to_string()),
            None => crate::timecode::Digits::from_bcd(word.to_le_bytes()).map(|d| d.to_string()),
        });
        match read {
            Some(Ok(timecode)) => said.start_timecode_digits(timecode, tag),
            Some(Err(error)) => said.finding(format!("{tag}: {error}")),
            None => {}
        }
    }),
    ("capDate", |said, value, tag| {
        // `YYYY:MM:DD hh:mm:ss`, local time.
        let stamp = text(value).filter(|t| t.len() >= 19 && t.is_ascii() && !t.starts_with("0000"));
        let iso = stamp.map(|t| format!("{}-{}-{}T{}", &t[..4], &t[5..7], &t[8..10], &t[11..19]));
        said.recorded_at(iso, tag);
    }),
    ("cameraMake", |said, value, tag| said.camera_make(text(value), tag)),
    ("cameraModel", |said, value, tag| said.camera_model(text(value), tag)),
    ("cameraSerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("cameraFirmwareVersion", |said, value, tag| said.firmware(text(value), tag)),
    ("cameraLabel", |said, value, tag| said.camera_index(text(value), tag)),
    ("cameraCCTSetting", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("cameraTintSetting", |said, value, tag| said.tint(crate::camera::said::number(value), tag)),
    ("reelName", |said, value, tag| said.reel_name(text(value), tag)),
    ("expTime", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("shutterOpening", |said, value, tag| said.shutter_angle_degrees(positive(value), tag)),
    ("isoSpeed", |said, value, tag| said.iso(positive(value), tag)),
    ("lensMake", |said, value, tag| said.lens_make(text(value), tag)),
    ("lensModel", |said, value, tag| said.lens_model(text(value), tag)),
    ("lensSerialNumber", |said, value, tag| said.lens_serial(text(value), tag)),
    ("nominalFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("effectiveFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("focalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("tStop", |said, value, tag| said.t_stop(positive(value), tag)),
    ("aperture", |said, value, tag| said.f_number(positive(value), tag)),
    ("focus", |said, value, tag| said.focus_distance_m(positive(value), tag)),
];

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

/// What the numbers of the compression attribute mean.
pub(super) fn compression(number: u8) -> String {
    let names = ["uncompressed", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB", "HTJ2K"];
    names.get(usize::from(number)).map_or_else(|| format!("compression {number}"), |name| (*name).to_owned())
}

/// Tells what is true of every file.
pub(super) fn say_fixed(said: &mut Said) {
    let tag = "magic number";
    said.container(String::from("OpenEXR"), tag);
    said.codec(String::from("OpenEXR"), tag);
    said.decoder_needed(String::from("an OpenEXR decoder"), tag);
}
