//! What ARRI's cameras write in MXF beside the standard: JSON (ALEXA 35 and later, RDD 55).
//!
//! Their sets are private (labels `0e17`). The names are those of the metadata that ARRI's own tool exports as JSON, with
//! units as open readers of its exports know them; every leaf is kept as a tag, whatever its name.

use serde_json::Value;

use super::sets::{Set, Sets};
use crate::camera::said::{Rule, Said, flag, number, positive, rate, text};

/// Longest document: a property has a length of 16 bits.
const MAX_JSON: usize = 64 << 10;
const MAX_NAME: usize = 256;

/// Last name of a leaf, whatever holds it, and what it means.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("cameraModel",               |said, value, tag| said.camera_model(text(value), tag)),
    ("cameraSerialNumber",        |said, value, tag| said.camera_serial(text(value), tag)),
    ("cameraSoftwarePackageName", |said, value, tag| said.firmware(text(value), tag)),
    // `A_`: a letter, and a place for a second one.
    ("cameraIndex",               |said, value, tag| said.camera_index(text(value).map(|t| t.trim_end_matches('_').to_owned()), tag)),
    ("clipName",                  |said, value, tag| said.clip_name(text(value), tag)),
    ("clipCreationTime",          |said, value, tag| said.recorded_at(text(value), tag)),
    ("reelName",                  |said, value, tag| said.reel_name(text(value), tag)),
    ("sceneName",                 |said, value, tag| said.scene(text(value), tag)),
    ("scene",                     |said, value, tag| said.scene(text(value), tag)),
    ("takeName",                  |said, value, tag| said.take(text(value), tag)),
    ("take",                      |said, value, tag| said.take(text(value), tag)),
    ("circleTake",                |said, value, tag| said.circle_take(flag(value), tag)),
    ("production",                |said, value, tag| said.production_name(text(value), tag)),
    ("director",                  |said, value, tag| said.director(text(value), tag)),
    ("cinematographer",           |said, value, tag| said.cinematographer(text(value), tag)),
    ("location",                  |said, value, tag| said.location(text(value), tag)),
    ("lensModel",                 |said, value, tag| said.lens_model(text(value), tag)),
    ("lensSerialNumber",          |said, value, tag| said.lens_serial(text(value), tag)),
    ("lensSqueezeFactor",         |said, value, tag| said.lens_squeeze(positive(value).filter(|n| *n <= 4.0), tag)),
    // Micrometres, millimetres (-1 is infinity), and a linear scale of thousandths of a stop on which T1 is 1000.
    ("lensFocalLength",           |said, value, tag| said.focal_length_mm(positive(value).map(|um| um / 1000.0), tag)),
    ("lensFocusDistanceMetric",   |said, value, tag| said.focus_distance_m(positive(value).map(|mm| mm / 1000.0), tag)),
    ("lensIris",                  |said, value, tag| said.t_stop(positive(value).map(t_stop), tag)),
    ("exposureIndex",             |said, value, tag| said.exposure_index(positive(value), tag)),
    ("exposureTime",              |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("sensorSampleRate",          |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("colorTemperature",          |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("whiteBalanceTint",          |said, value, tag| said.tint(number(value), tag)),
    // Thousandths of a density, of which 0.301 halves the light.
    ("ndFilterDensity",           |said, value, tag| said.nd_stops(number(value).map(|n| n / 1000.0 / 2f64.log10()), tag)),
    ("lookFilename",              |said, value, tag| said.look_name(text(value), tag)),
];

/// Notes the JSON documents of ARRI's sets, leaf by leaf: `ARRI lens.model`.
pub(super) fn note(sets: &Sets, said: &mut Said) {
    for set in sets.iter().filter(is_arris) {
        for (_, value) in set.items().filter(|(_, value)| value.len() <= MAX_JSON) {
            if let Some(document) = json(value) {
                leaves("ARRI".to_owned(), ' ', &document, said);
            }
        }
    }
    say(said);
}

fn say(said: &mut Said) {
    let leaves: Vec<_> = said.tags.iter().filter(|(tag, _)| tag.starts_with("ARRI ")).collect();
    let named = |name: &str| leaves.iter().find(|(tag, _)| tag.rsplit([' ', '.']).next() == Some(name));
    let found = RULES
        .iter()
        .filter_map(|(name, rule)| named(name).map(|(tag, value)| (*rule, (*tag).clone(), (*value).clone())));
    for (rule, tag, value) in found.collect::<Vec<_>>() {
        rule(said, &value, &tag);
    }
}

/// 2^((v - 1000) / 2000), to a hundredth.
fn t_stop(linear: f64) -> f64 {
    (((linear - 1000.0) / 2000.0).exp2() * 100.0).round() / 100.0
}

fn is_arris(set: &Set<'_>) -> bool {
    set.key[8..10] == [0x0e, 0x17]
}

/// A document in UTF-8 or UTF-16, whatever stands around it.
fn json(value: &[u8]) -> Option<Value> {
    let utf8 = value.iter().position(|b| *b == b'{').and_then(|at| value.get(at..));
    let end = |text: &[u8]| text.iter().rposition(|b| *b == b'}').map(|at| at + 1);
    let document = utf8.and_then(|text| serde_json::from_slice(text.get(..end(text)?)?).ok());
    document.or_else(|| {
        let text = super::sets::utf16(value);
        serde_json::from_str(text.get(text.find('{')?..=text.rfind('}')?)?).ok()
    })
}

fn leaves(name: String, joint: char, value: &Value, said: &mut Said) {
    match value {
        Value::Object(members) if name.len() < MAX_NAME => {
            for (member, value) in members {
                leaves(format!("{name}{joint}{member}"), '.', value, said);
            }
        }
        Value::Null => {}
        other => said.tag(name, other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_in_either_text_and_told_leaf_by_leaf() {
        let mut said = Said::default();
        let text = r#"{"camera":{"model":"ALEXA 35","fps":24.5},"none":null}"#;
        leaves("ARRI".to_owned(), ' ', &json(format!("\0\0{text}\0").as_bytes()).unwrap(), &mut said);
        assert_eq!(said.tags["ARRI camera.model"], "ALEXA 35");
        assert_eq!(said.tags["ARRI camera.fps"], 24.5);
        assert_eq!(said.tags.len(), 2);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(json(&wide).unwrap()["camera"]["model"], "ALEXA 35");
        assert_eq!(json(b"no document"), None);
    }

    #[test]
    fn leaves_mean_what_they_mean_in_arris_exports() {
        let mut said = Said::default();
        // A frame of ARRI's export, and the values that others read of such: 32 mm, 4.077 m, ND 1.8 of six stops.
        let text = r#"{"slateInfo":{"clipName":"A_0001C003_230101_101500_h1ABC","cameraIndex":"A_","circleTake":true},
            "lensDevice":{"lensModel":"ARRI SP 32","lensSqueezeFactor":"2/1"},"filter":{"ndFilterDensity":1800},
            "lensState":{"lensFocalLength":32000,"lensFocusDistanceMetric":4077,"lensIris":4000},
            "sensorState":{"exposureIndex":800,"exposureTime":"1/48","sensorSampleRate":"24/1"}}"#;
        leaves("ARRI".to_owned(), ' ', &json(text.as_bytes()).unwrap(), &mut said);
        say(&mut said);
        let m = said.metadata;
        assert_eq!(
            (m.clip_name.as_deref(), m.camera_index.as_deref()),
            (Some("A_0001C003_230101_101500_h1ABC"), Some("A"))
        );
        assert_eq!(
            (m.circle_take, m.lens_model.as_deref(), m.lens_squeeze),
            (Some(true), Some("ARRI SP 32"), Some(2.0))
        );
        // Four on a scale where one is T1: three stops more, T2.8.
        assert_eq!((m.focal_length_mm, m.focus_distance_m, m.t_stop), (Some(32.0), Some(4.077), Some(2.83)));
        assert!((m.nd_stops.unwrap() - 5.98).abs() < 0.01);
        assert_eq!((m.exposure_index, m.exposure_time_seconds), (Some(800.0), Some(1.0 / 48.0)));
        assert_eq!(
            (m.sensor_frame_rate.as_deref(), m.sources["t_stop"].as_str()),
            (Some("24/1"), "ARRI lensState.lensIris")
        );
    }
}
