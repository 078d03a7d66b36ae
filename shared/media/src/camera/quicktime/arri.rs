//! ARRI's keys in ProRes of ALEXA and AMIRA, `com.arri.camera.*`, and the same keys of other makers that took them over
//! (DJI's `com.dji.camera.*`).

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, number, positive, text},
    clip::Cdl,
    timecode::Rational,
};

/// Key behind the prefix -> field. Values are text, some of them whole numbers of thousandths.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("CameraModel",            |said, value, tag| said.camera_model(text(value), tag)),
    ("CameraSerialNumber",     |said, value, tag| said.camera_serial(text(value), tag)),
    ("CameraIndex",            |said, value, tag| said.camera_index(text(value), tag)),
    ("SupVersion",             |said, value, tag| said.firmware(text(value), tag)),
    ("FirmwareVersion",        |said, value, tag| said.firmware(text(value), tag)),
    ("UUID",                   |said, value, tag| said.clip_uuid(text(value), tag)),
    ("ClipName",               |said, value, tag| said.clip_name(text(value), tag)),
    ("CameraClipName",         |said, value, tag| said.clip_name(text(value), tag)),
    ("ReelName",               |said, value, tag| said.reel_name(text(value), tag)),
    ("SceneName",              |said, value, tag| said.scene(text(value), tag)),
    ("TakeName",               |said, value, tag| said.take(text(value), tag)),
    ("Production",             |said, value, tag| said.production_name(text(value), tag)),
    ("Director",               |said, value, tag| said.director(text(value), tag)),
    ("Cinematographer",        |said, value, tag| said.cinematographer(text(value), tag)),
    ("Location",               |said, value, tag| said.location(text(value), tag)),
    ("ExposureIndexAsa",       |said, value, tag| said.exposure_index(positive(value), tag)),
    ("WhiteBalanceKelvin",     |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("WhiteBalanceTintCc",     |said, value, tag| said.tint(number(value), tag)),
    ("ShutterAngle",           |said, value, tag| said.shutter_angle_degrees(scaled(value, 10.0), tag)),
    ("SensorFps",              |said, value, tag| said.sensor_frame_rate(thousandths(value), tag)),
    ("LensType",               |said, value, tag| said.lens_model(text(value), tag)),
    ("LensModel",              |said, value, tag| said.lens_model(text(value), tag)),
    ("LensSerial",             |said, value, tag| said.lens_serial(text(value), tag)),
    ("LensSerialNumber",       |said, value, tag| said.lens_serial(text(value), tag)),
    ("LensSqueeze",            |said, value, tag| said.lens_squeeze(positive(value).filter(|n| *n <= 4.0), tag)),
    // A density of 0.3 halves the light.
    ("NdFilterDensity",        |said, value, tag| said.nd_stops(number(value).map(|n| n / 2f64.log10()), tag)),
    ("ColorGammaSxS",          |said, value, tag| said.color_encoding(text(value).map(encoding), tag)),
    ("ColorGamma",             |said, value, tag| said.color_encoding(text(value).map(encoding), tag)),
    ("ColorSpace",             |said, value, tag| said.color_primaries(text(value), tag)),
    ("look.name",              |said, value, tag| said.look_name(text(value), tag)),
    ("LookName",               |said, value, tag| said.look_name(text(value), tag)),
];

/// ARRI's words for nothing.
const NOTHING: [&str; 5] = ["--", "n.a.", "None", "none", "no scene name"];

/// The rate of the project, where the tables of the file do not tell.
pub(super) fn note_project_rate(said: &mut Said) {
    said.apply(&[("com.arri.camera.ProjectFps", |said, value, tag| said.frame_rate(thousandths(value), tag))]);
}

/// Notes these keys behind a prefix. True when there are any.
pub(super) fn note(prefix: &str, said: &mut Said) -> bool {
    let mut any = false;
    for (name, rule) in RULES {
        let tag = format!("{prefix}{name}");
        if let Some(value) = said.tags.get(&tag).cloned() {
            any = true;
            if value.as_str().is_none_or(|text| !NOTHING.contains(&text.trim())) {
                rule(said, &value, &tag);
            }
        }
    }
    if let Some(cdl) = cdl(prefix, said) {
        said.cdl(cdl, &format!("{prefix}look.cdl"));
    }
    any || said.tags.keys().any(|tag| tag.starts_with(prefix))
}

/// `LOG-C` is LogC3, which was the only one when these keys were made; newer ones say which.
fn encoding(gamma: String) -> String {
    let plain: String = gamma.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    match plain.as_str() {
        "LOGC" | "LOGC3" => "ARRI LogC3".to_owned(),
        "LOGC4" => "ARRI LogC4".to_owned(),
        "REC709" | "BT709" => "BT.709".to_owned(),
        _ => gamma,
    }
}

/// `1728` is 172.8, and `172.8` is itself.
fn scaled(value: &Value, by: f64) -> Option<f64> {
    let written = text(value)?;
    positive(value).map(|n| if written.contains('.') { n } else { n / by }).filter(|n| *n <= 360.0)
}

/// `24000` is 24, `23976` is 24000/1001; `24` and `23.976` are themselves.
fn thousandths(value: &Value) -> Option<Rational> {
    let written = positive(value)?;
    let rate = if written < 1000.0 || text(value)?.contains('.') { written } else { written / 1000.0 };
    crate::camera::said::rate_of_number(rate)
}

/// The look's CDL, three numbers in a text each.
fn cdl(prefix: &str, said: &Said) -> Option<Cdl> {
    let value = |name: &str| said.tags.get(&format!("{prefix}look.{name}"));
    let three = |name: &str| -> Option<[f64; 3]> {
        let text = value(name)?.as_str()?;
        let numbers = text.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty());
        let numbers: Option<Vec<f64>> = numbers.map(|part| part.parse().ok()).collect();
        numbers?.try_into().ok()
    };
    Some(Cdl {
        slope: three("cdl.slope")?,
        offset: three("cdl.offset")?,
        power: three("cdl.power")?,
        saturation: value("cdl.saturation").and_then(number)?,
    })
}
