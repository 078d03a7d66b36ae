//! What the fields of an ARRIRAW header mean in `clip-metadata.v1`.

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, number, positive, rate_of_number, text, whole, whole32},
    timecode::{Rational, Timecode},
};

/// Field, and what it means. Lengths, angles and rates are thousandths.
pub(super) const RULES: &[Rule] = &[
    ("IDI:ImageWidth", |said, value, tag| said.width(whole32(value), tag)),
    ("IDI:ImageHeight", |said, value, tag| said.height(whole32(value), tag)),
    ("IDI:ActiveImageWidth", |said, _, tag| {
        let side = |name: &str| said.tags.get(name).and_then(whole32);
        let [left, top] = ["IDI:ActiveImageLeft", "IDI:ActiveImageTop"].map(side);
        let [width, height] = ["IDI:ActiveImageWidth", "IDI:ActiveImageHeight"].map(|n| side(n).filter(|s| *s > 0));
        let area = left.zip(top).zip(width.zip(height)).map(|((l, t), (w, h))| [l, t, w, h]);
        said.active_area(area, tag);
    }),
    ("ICI:WhiteBalance", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("ICI:WhiteBalanceCC", |said, value, tag| said.tint(number(value), tag)),
    ("ICI:WhiteBalanceFactorR", |said, _, tag| {
        let gains = ["R", "G", "B"].map(|c| said.tags.get(&format!("ICI:WhiteBalanceFactor{c}")).and_then(positive));
        if let [Some(r), Some(g), Some(b)] = gains {
            said.white_balance_gains([r, g, b], tag);
        }
    }),
    ("ICI:ExposureIndexAsa", |said, value, tag| said.exposure_index(positive(value), tag)),
    ("ICI:TargetColorSpace", |said, value, tag| {
        // What the camera's own pictures are in; the raw data is to be developed to it.
        if whole(value) == Some(2) {
            said.color_encoding(String::from("ARRI LogC3"), tag);
            said.color_primaries(String::from("ARRI Wide Gamut 3"), tag);
        }
    }),
    ("ICI:LensSqueeze", |said, value, tag| said.lens_squeeze(positive(value), tag)),
    ("ICI:ImageOrientation", |said, value, tag| {
        let name = match whole(value) {
            Some(0) => "normal",
            Some(1) => "mirrored",
            Some(12) => "rotated 180",
            _ => return,
        };
        said.orientation(name.to_owned(), tag);
    }),
    ("ICI:Look", |said, value, tag| said.look_name(text(value), tag)),
    ("ICI:CdlMode", |said, value, tag| {
        if whole(value).is_some_and(|mode| (1..=3).contains(&mode)) {
            said.cdl(super::cdl(said), tag);
        }
    }),
    ("CDI:CameraModel", |said, value, tag| said.camera_model(text(value), tag)),
    ("CDI:CameraFamily", |said, value, tag| said.camera_model(text(value), tag)),
    ("CDI:CameraSerialNumber", |said, value, tag| said.camera_serial(text(value).filter(|s| s != "0"), tag)),
    ("CDI:CameraIndex", |said, value, tag| {
        let letter = whole32(value).and_then(char::from_u32).filter(char::is_ascii_uppercase);
        said.camera_index(letter.map(String::from), tag);
    }),
    ("CDI:ClipUuid", |said, value, tag| said.clip_uuid(text(value), tag)),
    ("CDI:Date", |said, _, tag| {
        let digits = |name: &str| said.tags.get(name).and_then(text).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
        let Some(date) = digits("CDI:Date").filter(|d| d.len() == 8 && *d != "00000000") else { return };
        let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
        match digits("CDI:Time").filter(|t| t.len() == 8) {
            Some(time) => {
                let at = format!("{day}T{}:{}:{}", &time[..2], &time[2..4], &time[4..6]);
                said.recorded_at(at, "CDI:Date, CDI:Time");
            }
            None => said.shoot_day(day, tag),
        }
    }),
    ("CDI:ExposureTime", |said, value, tag| said.exposure_time_seconds(positive(value).map(|us| us / 1e6), tag)),
    ("CDI:ShutterAngle", |said, value, tag| said.shutter_angle_degrees(thousandths(value), tag)),
    ("CDI:SensorFps", |said, value, tag| said.sensor_frame_rate(thousandths(value).and_then(rate_of_number), tag)),
    ("CDI:ProjectFps", |said, value, tag| said.frame_rate(thousandths(value).and_then(rate_of_number), tag)),
    ("CDI:MasterTimecodeTimeBase", |said, value, tag| {
        said.timecode_rate(thousandths(value).and_then(rate_of_number), tag);
    }),
    ("CDI:MasterTimecode", start_timecode),
    ("LDI:LensModel", |said, value, tag| said.lens_model(text(value), tag)),
    ("LDI:LensSerialNumber", |said, value, tag| said.lens_serial(text(value).filter(|s| s != "0"), tag)),
    ("LDI:LensFocalLength", |said, value, tag| said.focal_length_mm(thousandths(value), tag)),
    ("LDI:LensFocusDistance", |said, value, tag| {
        let metres = match said.tags.get("LDI:LensDistanceUnit").and_then(whole) {
            Some(0) => 0.0254,
            _ => 1.0,
        };
        said.focus_distance_m(thousandths(value).map(|units| units * metres), tag);
    }),
    // Linear iris: T = 2^((v - 1000) / 2000); -1 is unknown, -2 and -3 are closed and nearly closed.
    ("LDI:LensLinearIris", |said, value, tag| {
        let stop = number(value).filter(|v| (0.0..50_000.0).contains(v)).map(|v| ((v - 1000.0) / 2000.0).exp2());
        said.t_stop(stop.map(|t| (t * 1000.0).round() / 1000.0), tag);
    }),
    // Densities 0.3, 0.6, 1.2, 2.1: a stop is 0.3.
    ("LDI:NdFilterType", |said, value, tag| {
        let stops = whole(value).and_then(|kind| [0.0, 1.0, 2.0, 4.0, 7.0].get(usize::try_from(kind).ok()?).copied());
        said.nd_stops(stops, tag);
    }),
    ("VFX:Eye", |said, value, tag| {
        let eye = match whole(value) {
            Some(1) => "left",
            Some(2) => "right",
            _ => return,
        };
        said.stereo_eye(eye.to_owned(), tag);
    }),
    ("CID:CircleTake", |said, value, tag| said.circle_take(whole(value).filter(|n| *n <= 1).map(|n| n == 1), tag)),
    ("CID:Reel", |said, value, tag| said.reel_name(text(value), tag)),
    ("CID:Scene", |said, value, tag| said.scene(text(value), tag)),
    ("CID:Take", |said, value, tag| said.take(text(value), tag)),
    ("CID:Director", |said, value, tag| said.director(text(value), tag)),
    ("CID:Cinematographer", |said, value, tag| said.cinematographer(text(value), tag)),
    ("CID:Production", |said, value, tag| said.production_name(text(value), tag)),
    ("CID:UserInfo", |said, value, tag| said.location(text(value).and_then(|info| user_info(&info, "location")), tag)),
    ("CID:CameraClipName", |said, value, tag| said.clip_name(text(value), tag)),
];

fn thousandths(value: &Value) -> Option<f64> {
    positive(value).map(|n| n / 1000.0)
}

/// A value of `key:value;key:value`.
fn user_info(info: &str, key: &str) -> Option<String> {
    let mut pairs = info.split(';').filter_map(|pair| pair.split_once(':'));
    pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.to_owned())
}

/// `HHMMSSff` in the base of the timecode, or of the project. The drop flag is the highest bit but one of the frames.
fn start_timecode(said: &mut Said, value: &Value, tag: &str) {
    let Some(digits) = text(value).filter(|t| t.len() == 8) else { return };
    let metadata = &said.metadata;
    let rate = metadata.timecode_rate.as_deref().or(metadata.frame_rate.as_deref());
    let bytes: Vec<u8> =
        (0..4).rev().filter_map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    let base = rate.and_then(|r| r.parse::<Rational>().ok()).and_then(Rational::timecode_base);
    let (Some(base), Ok(bytes)) = (base, <[u8; 4]>::try_from(bytes)) else { return };
    match Timecode::from_bcd(bytes, base) {
        Ok(timecode) => said.start_timecode(timecode, tag),
        Err(error) => said.finding(format!("{tag}: {error}")),
    }
}
