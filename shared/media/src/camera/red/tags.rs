//! The tags of R3D files, and what they mean in `clip-metadata.v1`.
//!
//! RED publishes no list. Numbers and units are the union of what open readers found, checked on a file of an S-WEAPON.

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, number, positive, rate_of_number, text, whole32},
    timecode::{Rational, Timecode},
};

/// Low byte of a tag, and its name. The high nibble says how the value is written.
pub(super) const NAMES: &[(u8, &str)] = &[
    (0x00, "StartEdgeCode"),
    (0x01, "StartTimecode"),
    (0x02, "OtherDate1"),
    (0x03, "OtherDate2"),
    (0x04, "OtherDate3"),
    (0x05, "DateTimeOriginal"),
    (0x06, "SerialNumber"),
    (0x08, "ExposureTime"),
    (0x0d, "ColorTemperature"),
    (0x0e, "Tint"),
    (0x0f, "Saturation"),
    (0x11, "Brightness"),
    (0x13, "Contrast"),
    (0x15, "RGBGains"),
    (0x19, "CameraLetter"),
    (0x1a, "ReelNumber"),
    (0x1b, "ClipNumber"),
    (0x23, "Date"),
    (0x24, "Time"),
    (0x25, "FirmwareVersion"),
    (0x29, "ReelTimecode"),
    (0x2a, "StorageType"),
    (0x30, "StorageFormatDate"),
    (0x31, "StorageFormatTime"),
    (0x32, "StorageSerialNumber"),
    (0x33, "StorageModel"),
    // As many numbers, and the same, as REDline's luma curve, and its lift, gamma and gain, have.
    (0x35, "LumaCurve"),
    (0x36, "AspectRatio"),
    (0x37, "CropArea"),
    (0x39, "CookeStatic"),
    (0x3a, "CookeDynamic"),
    (0x3b, "ISO"),
    (0x42, "SensorRevision"),
    (0x4b, "RGBCurves"),
    (0x4c, "LiftGammaGain"),
    (0x56, "OriginalFileName"),
    (0x65, "FirmwareRevision"),
    (0x66, "RecordFrameRate"),
    (0x6a, "FNumber"),
    (0x6b, "FocalLength"),
    (0x6c, "FocusDistance"),
    (0x6e, "LensBrand"),
    (0x6f, "LensNumber"),
    (0x70, "LensModel"),
    (0x71, "CameraName"),
    (0x74, "FocusNear"),
    (0x75, "FocusFar"),
    (0x76, "Production"),
    (0x77, "Director"),
    (0x78, "DirectorOfPhotography"),
    (0x79, "Copyright"),
    (0x7a, "Unit"),
    (0x7b, "Location"),
    (0x7c, "CameraOperator"),
    (0x7d, "Scene"),
    (0x7e, "Take"),
    (0x7f, "Acceleration"),
    (0x80, "Rotation"),
    (0x86, "FormatName"),
    (0x96, "OpticalFilter"),
    (0x9d, "LensSerialNumber"),
    (0x9e, "LensOwner"),
    (0xa0, "CameraModel"),
    (0xa1, "SensorName"),
    (0xab, "Lut3dA"),
    (0xb0, "ProjectFrameRate1001"),
    (0xbe, "RedcodeQuality"),
    (0xbf, "RecordFrameRate1001"),
    (0xc1, "Lut3dB"),
    (0xd0, "FocalLengthMicrometres"),
    (0xd2, "PrecisionTime"),
];

/// Tag, and what it means.
pub(super) const RULES: &[Rule] = &[
    ("CameraModel", |said, value, tag| said.camera_model(text(value), tag)),
    ("CameraName", |said, value, tag| said.camera_model(text(value), tag)),
    ("SerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("CameraLetter", |said, value, tag| said.camera_index(text(value), tag)),
    ("FirmwareVersion", |said, value, tag| said.firmware(text(value), tag)),
    // The reel as REDline's CamReelID has it: letter and number.
    ("ReelNumber", |said, value, tag| {
        let letter = said.tags.get("CameraLetter").and_then(text).unwrap_or_default();
        said.reel_name(text(value).map(|number| format!("{letter}{number}")), tag);
    }),
    // The name of the take is that of its files without the number of the part.
    ("OriginalFileName", |said, value, tag| {
        let name = text(value).map(|name| {
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let take = stem.rsplit_once('_').filter(|(_, n)| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit()));
            take.map_or(stem, |(take, _)| take).to_owned()
        });
        said.clip_name(name, tag);
    }),
    ("Scene", |said, value, tag| said.scene(text(value), tag)),
    ("Take", |said, value, tag| said.take(text(value), tag)),
    ("Production", |said, value, tag| said.production_name(text(value), tag)),
    ("Director", |said, value, tag| said.director(text(value), tag)),
    ("DirectorOfPhotography", |said, value, tag| said.cinematographer(text(value), tag)),
    ("Location", |said, value, tag| said.location(text(value), tag)),
    ("Date", |said, value, tag| {
        let Some(date) = text(value) else { return };
        match said.tags.get("Time").and_then(text).and_then(|time| date_and_time(&format!("{date}{time}"))) {
            Some(at) => said.recorded_at(at, "Date, Time"),
            None => said.shoot_day(day(&date), tag),
        }
    }),
    ("DateTimeOriginal", |said, value, tag| said.recorded_at(text(value).as_deref().and_then(date_and_time), tag)),
    ("ProjectFrameRate1001", |said, value, tag| said.frame_rate(of_1001(value), tag)),
    ("RecordFrameRate1001", |said, value, tag| said.sensor_frame_rate(of_1001(value), tag)),
    ("RecordFrameRate", |said, value, tag| said.sensor_frame_rate(positive(value).and_then(rate_of_number), tag)),
    ("StartTimecode", start_timecode),
    ("ReelTimecode", start_timecode),
    ("ISO", |said, value, tag| said.iso(positive(value), tag)),
    ("ExposureTime", |said, value, tag| said.exposure_time_seconds(positive(value).map(|us| us / 1e6), tag)),
    ("ColorTemperature", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("Tint", |said, value, tag| said.tint(number(value), tag)),
    ("LensBrand", |said, value, tag| said.lens_make(text(value), tag)),
    ("LensModel", |said, value, tag| said.lens_model(text(value), tag)),
    ("LensSerialNumber", |said, value, tag| said.lens_serial(text(value), tag)),
    ("CookeSerialNumber", |said, value, tag| said.lens_serial(text(value), tag)),
    ("CookeAperture", |said, value, tag| said.t_stop(positive(value), tag)),
    ("FNumber", |said, value, tag| said.f_number(positive(value).map(|tenths| tenths / 10.0), tag)),
    ("FocalLengthMicrometres", |said, value, tag| said.focal_length_mm(positive(value).map(|um| um / 1000.0), tag)),
    ("FocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("FocusDistance", |said, value, tag| said.focus_distance_m(positive(value).map(|mm| mm / 1000.0), tag)),
    ("CookeFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("CookeFocusDistance", |said, value, tag| said.focus_distance_m(positive(value).map(|mm| mm / 1000.0), tag)),
    ("CropArea", |said, value, tag| {
        let sides: Vec<u32> =
            value.as_array().into_iter().flatten().filter_map(|n| n.as_u64()?.try_into().ok()).collect();
        let area = <[u32; 4]>::try_from(sides).ok().filter(|[_, _, width, height]| *width > 0 && *height > 0);
        said.active_area(area, tag);
    }),
    ("FormatName", |said, value, tag| said.sensor_mode(text(value), tag)),
    ("RedcodeQuality", |said, value, tag| {
        let quality = match value {
            Value::Number(ratio) => Some(format!("REDCODE {ratio}:1")),
            other => text(other),
        };
        said.compression(quality, tag);
    }),
];

/// `YYYYMMDD` as `YYYY-MM-DD`.
fn day(digits: &str) -> Option<String> {
    let digits = digits.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()) && *d != "00000000")?;
    Some(format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

/// `YYYYMMDDHHMMSS` as `YYYY-MM-DDTHH:MM:SS`.
fn date_and_time(digits: &str) -> Option<String> {
    let time = digits.get(8..14).filter(|t| digits.len() == 14 && t.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("{}T{}:{}:{}", day(digits)?, &time[..2], &time[2..4], &time[4..]))
}

/// A rate in parts of 1001: 24000 is 24000/1001.
fn of_1001(value: &Value) -> Option<Rational> {
    Rational::new(whole32(value)?, 1001)
}

/// `HH:MM:SS:FF`, dropping frames when it is written with `;` or `.`.
fn start_timecode(said: &mut Said, value: &Value, tag: &str) {
    let Some(written) = text(value) else { return };
    let rate = said.metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok());
    match rate.map(|rate| Timecode::parse(&written, rate)) {
        Some(Ok(timecode)) => said.start_timecode(timecode, tag),
        Some(Err(error)) => said.finding(format!("{tag}: {error}")),
        None => said.start_timecode_digits(written, tag),
    }
}
