//! ARRI's keys in ProRes of ALEXA and AMIRA, `com.arri.camera.*`, and the same keys of other makers that took them over
//! (DJI's `com.dji.camera.*`). Early files have them in small letters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    camera::said::{Rule, Said, flag, number, positive, text, whole32},
    clip::{Cdl, FrameLine},
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
    ("CircleTake",             |said, value, tag| said.circle_take(flag(value), tag)),
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
const NOTHING: [&str; 6] = ["--", "n.a.", "N/A", "None", "none", "no scene name"];
/// Frame lines: of each of two files three.
const FRAME_LINES: [&str; 6] = ["1a", "1b", "1c", "2a", "2b", "2c"];

/// Keys by their names behind the prefix, in small letters.
struct Keys(BTreeMap<String, (String, Value)>);

impl Keys {
    fn of(prefix: &str, said: &Said) -> Self {
        let behind = |tag: &str| {
            let (begins, name) = tag.split_at_checked(prefix.len())?;
            begins.eq_ignore_ascii_case(prefix).then(|| name.to_ascii_lowercase())
        };
        Self(said.tags.iter().filter_map(|(tag, value)| Some((behind(tag)?, (tag.clone(), value.clone())))).collect())
    }

    fn get(&self, name: &str) -> Option<&(String, Value)> {
        self.0.get(&name.to_ascii_lowercase())
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.get(name).map(|(_, value)| value)
    }
}

/// The rate of the project, where the tables of the file do not tell.
pub(super) fn note_project_rate(said: &mut Said) {
    if let Some((tag, value)) = Keys::of("com.arri.camera.", said).get("ProjectFps") {
        said.frame_rate(thousandths(value), tag);
    }
}

/// Notes these keys behind a prefix. True when there are any.
pub(super) fn note(prefix: &str, said: &mut Said) -> bool {
    let keys = Keys::of(prefix, said);
    for (name, rule) in RULES {
        if let Some((tag, value)) = keys.get(name)
            && value.as_str().is_none_or(|text| !NOTHING.contains(&text.trim()))
        {
            rule(said, value, tag);
        }
    }
    if let Some(cdl) = cdl(&keys) {
        said.cdl(cdl, &format!("{prefix}look.cdl"));
    }
    said.frame_lines(frame_lines(&keys), &format!("{prefix}FrameLineRect"));
    !keys.0.is_empty()
}

/// The frame lines that have a size.
fn frame_lines(keys: &Keys) -> Vec<FrameLine> {
    let line = |place: &str| {
        let side = |name: &str| keys.value(&format!("FrameLineRect{place}{name}"));
        let [left, top, width, height] = ["Left", "Top", "Width", "Height"].map(|n| side(n).and_then(whole32));
        let name = side("Name").and_then(text).filter(|name| !NOTHING.contains(&name.as_str()));
        let name = name.unwrap_or_else(|| format!("frame line {}", place.to_uppercase()));
        let line = FrameLine { name, left: left?, top: top?, width: width?, height: height? };
        (line.width > 0 && line.height > 0).then_some(line)
    };
    FRAME_LINES.into_iter().filter_map(line).collect()
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
fn cdl(keys: &Keys) -> Option<Cdl> {
    let three = |name: &str| -> Option<[f64; 3]> {
        let text = keys.value(name)?.as_str()?;
        let numbers = text.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty());
        let numbers: Option<Vec<f64>> = numbers.map(|part| part.parse().ok()).collect();
        numbers?.try_into().ok()
    };
    Some(Cdl {
        slope: three("look.cdl.slope")?,
        offset: three("look.cdl.offset")?,
        power: three("look.cdl.power")?,
        saturation: keys.value("look.cdl.saturation").and_then(number)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_small_letters_mean_the_same() {
        let mut said = Said::default();
        for (name, value) in [("colorgammasxs", "LOG-C"), ("exposureindexasa", "800"), ("shutterangle", "1728")] {
            said.tag(format!("com.arri.camera.{name}"), value);
        }
        assert!(note("com.arri.camera.", &mut said) && !note("com.dji.camera.", &mut said));
        let m = said.metadata;
        assert_eq!((m.color_encoding.as_deref(), m.exposure_index), (Some("ARRI LogC3"), Some(800.0)));
        assert_eq!(
            (m.shutter_angle_degrees, m.sources["exposure_index"].as_str()),
            (Some(172.8), "com.arri.camera.exposureindexasa")
        );
    }

    #[test]
    fn frame_lines_that_have_a_size_are_told() {
        let mut said = Said::default();
        for (name, value) in [
            ("1aLeft", "96"),
            ("1aTop", "100"),
            ("1aWidth", "2688"),
            ("1aHeight", "1512"),
            ("1aName", "16:9"),
            ("1bLeft", "0"),
            ("1bTop", "0"),
            ("1bWidth", "0"),
            ("1bHeight", "0"),
            ("2cLeft", "1"),
        ] {
            said.tag(format!("com.arri.camera.FrameLineRect{name}"), value);
        }
        note("com.arri.camera.", &mut said);
        let line = FrameLine { name: "16:9".into(), left: 96, top: 100, width: 2688, height: 1512 };
        assert_eq!(said.metadata.frame_lines, [line]);
    }
}
