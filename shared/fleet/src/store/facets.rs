//! What clips are found by: the searchable fields, the one form in which their values are compared, and the ten-minute slots
//! of timecode that a clip touches.

use std::collections::BTreeSet;

use platefleet_media::{
    clip::Metadata,
    timecode::{Rational, Timecode},
};
use serde_json::Value;

use super::ClipRow;

/// Longest value that is a facet, in bytes: a sort key holds 1,024.
const MAX_VALUE: usize = 900;
/// The facet of the ten-minute slots: `10:1` is 10:10:00:00 up to 10:20:00:00.
pub(crate) const SLOTS: &str = "timecode";
/// Ten-minute slots of a day.
const SLOTS_OF_A_DAY: u32 = 144;

/// How values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Without regard to case and to the width of gaps.
    Text,
    /// As numbers; a unit beside them is left out: `800`, `800.0`, `50mm`, `T2.8`.
    Number,
    /// As frame rates: `23.976`, `23.98` and `24000/1001` are one.
    Rate,
    /// `4448x3096`, whatever stands between the two.
    Size,
    /// `true` or `false`.
    Flag,
}

/// A field that clips are searched by.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As in `clip-metadata.v1`, but for `roll`, `state` and `recorded_day`.
    pub name: &'static str,
    /// Shorter names that people type.
    pub aliases: &'static [&'static str],
    kind: Kind,
}

/// All of them.
pub static FIELDS: [Field; 39] = [
    text("camera_make", &["make"]),
    text("camera_model", &["model", "camera"]),
    text("camera_serial", &["serial"]),
    text("camera_index", &["index", "camera_letter"]),
    text("clip_name", &["clip", "name"]),
    text("clip_uuid", &["uuid", "umid"]),
    text("reel_name", &["reel"]),
    text("tape_name", &["tape"]),
    text("scene", &[]),
    text("take", &[]),
    flag("circle_take", &["circled"]),
    text("production_name", &["slate_production"]),
    text("shoot_day", &["day", "date"]),
    text("recorded_day", &["recorded"]),
    text("container", &["format"]),
    text("codec", &[]),
    text("compression", &[]),
    number("bit_depth", &["bits"]),
    Field { name: "resolution", aliases: &["size"], kind: Kind::Size },
    Field { name: "frame_rate", aliases: &["fps", "rate"], kind: Kind::Rate },
    Field { name: "sensor_frame_rate", aliases: &["sensor_fps"], kind: Kind::Rate },
    text("start_timecode", &["start"]),
    number("exposure_index", &["ei"]),
    number("iso", &["asa"]),
    number("shutter_angle_degrees", &["shutter"]),
    number("white_balance_kelvin", &["kelvin", "wb", "white_balance"]),
    text("lens_make", &[]),
    text("lens_model", &["lens"]),
    text("lens_serial", &[]),
    number("focal_length_mm", &["focal_length", "focal", "mm"]),
    number("t_stop", &["tstop"]),
    number("f_number", &["fstop"]),
    text("color_encoding", &["encoding", "gamma"]),
    text("color_primaries", &["primaries", "gamut"]),
    text("role", &[]),
    text("roll", &[]),
    text("path", &["file"]),
    text("state", &[]),
    flag("verified", &["checked"]),
];

const fn text(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, kind: Kind::Text }
}

const fn number(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, kind: Kind::Number }
}

const fn flag(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, kind: Kind::Flag }
}

impl Field {
    /// The field of this name or alias.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.trim().to_ascii_lowercase();
        FIELDS.iter().find(|field| field.name == name || field.aliases.contains(&name.as_str()))
    }

    /// The form in which a value is compared; `None` when it is none of this field.
    pub fn canonical(&self, value: &str) -> Option<String> {
        let plain = plain(value);
        let canonical = match self.kind {
            Kind::Text => plain,
            Kind::Number => decimal(plain.trim_matches(|c: char| c.is_alphabetic() || c == ' ').parse().ok()?)?,
            Kind::Rate => {
                let rate: Rational = plain.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ').parse().ok()?;
                decimal(rate.normalised().as_f64())?
            }
            Kind::Size => plain.replace(['×', '*'], "x").replace(' ', ""),
            Kind::Flag => match plain.as_str() {
                "true" | "yes" | "1" => "true".to_owned(),
                "false" | "no" | "0" => "false".to_owned(),
                _ => return None,
            },
        };
        (!canonical.is_empty()).then_some(canonical)
    }

    /// The form of the beginning of a value.
    pub(crate) fn beginning(value: &str) -> String {
        plain(value)
    }
}

fn plain(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// At most three decimals.
fn decimal(number: f64) -> Option<String> {
    number.is_finite().then(|| {
        let text = format!("{number:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    })
}

/// Field and canonical value of everything that a clip is found by.
pub(crate) fn of(row: &ClipRow) -> BTreeSet<(&'static str, String)> {
    let said = serde_json::to_value(&row.metadata).unwrap_or_default();
    let values = |field: &'static Field| values_of(row, &said, field.name).into_iter().map(move |value| (field, value));
    let fields =
        FIELDS.iter().flat_map(values).filter_map(|(field, value)| Some((field.name, field.canonical(&value)?)));
    let slots = slots(&row.metadata).into_iter().map(|slot| (SLOTS, slot));
    fields.chain(slots).filter(|(_, value)| value.len() <= MAX_VALUE).collect()
}

/// Whether a clip says exactly this of a field.
pub(crate) fn says(row: &ClipRow, field: &str, value: &str) -> bool {
    let said = serde_json::to_value(&row.metadata).unwrap_or_default();
    values_of(row, &said, field).iter().any(|said| said == value)
}

/// What a clip says of a field, as it says it. Its name is the one that its header says and the one of its files: editors have
/// the one or the other.
fn values_of(row: &ClipRow, said: &Value, field: &str) -> Vec<String> {
    let of_files = (field == "clip_name").then(|| row.name_of_files());
    value_of(row, said, field).into_iter().chain(of_files).collect()
}

fn value_of(row: &ClipRow, said: &Value, field: &str) -> Option<String> {
    let value = match field {
        "roll" => return Some(row.roll.path.to_string()),
        "recorded_day" => return Some(row.metadata.recorded_at.as_ref()?.get(..10)?.to_owned()),
        "state" => serde_json::to_value(row.state).ok()?,
        _ => said.get(field)?.clone(),
    };
    match value {
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Timecode of a clip's first frame, and how many frames follow from there, each with the next label.
pub(crate) fn labels(metadata: &Metadata) -> Option<(Timecode, u32)> {
    let rate = metadata.timecode_rate.as_deref().or(metadata.frame_rate.as_deref())?.parse().ok()?;
    let start = Timecode::parse(metadata.start_timecode.as_deref()?, rate).ok()?;
    let frames = metadata.frame_count.unwrap_or(1).clamp(1, start.frames_per_day().into());
    Some((start, u32::try_from(frames).unwrap_or(u32::MAX)))
}

/// The slot of a timecode, written `HH:MM:SS:FF`.
pub(crate) fn slot_of(timecode: &str) -> Option<&str> {
    timecode.get(..4)
}

/// Every ten-minute slot that holds a frame of the clip.
fn slots(metadata: &Metadata) -> BTreeSet<String> {
    let Some((start, frames)) = labels(metadata) else { return BTreeSet::new() };
    let number = |timecode: Timecode| timecode.digits().hours * 6 + timecode.digits().minutes / 10;
    let (first, last) = (number(start), number(start.plus(i64::from(frames) - 1)));
    // A clip that ends in the slot in which it began, a day later, touches all of them.
    let day = frames > start.frames_per_day() / 2 && first == last;
    let count = if day { SLOTS_OF_A_DAY } else { (last + SLOTS_OF_A_DAY - first) % SLOTS_OF_A_DAY + 1 };
    let slot = |n: u32| format!("{:02}:{}", n / 6, n % 6);
    (first..first + count).map(|n| slot(n % SLOTS_OF_A_DAY)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(start: &str, rate: &str, frames: u64) -> Metadata {
        Metadata {
            start_timecode: Some(start.into()),
            timecode_rate: Some(rate.into()),
            frame_count: Some(frames),
            ..Metadata::default()
        }
    }

    #[test]
    fn values_that_mean_the_same_have_one_form() {
        for (field, values, form) in [
            ("fps", &["24000/1001", "23.976", "23.98", "23.976 fps"][..], "23.976"),
            ("fps", &["25", "25.0", "25/1", "50/2"], "25"),
            ("ei", &["800", "800.0", "EI 800"], "800"),
            ("t_stop", &["2.8", "T2.8", "2.80"], "2.8"),
            ("focal", &["50", "50.0", "50mm", "50 mm"], "50"),
            ("lens", &["Signature Prime  40", "signature prime 40 "], "signature prime 40"),
            ("resolution", &["4448x3096", "4448 X 3096", "4448×3096"], "4448x3096"),
            ("verified", &["true", "YES", "1"], "true"),
        ] {
            for value in values {
                assert_eq!(Field::named(field).unwrap().canonical(value).as_deref(), Some(form), "{field}={value}");
            }
        }
    }

    #[test]
    fn what_is_no_value_of_a_field_is_told() {
        for (field, value) in [("fps", "fast"), ("ei", "high"), ("verified", "perhaps"), ("lens", "  ")] {
            assert_eq!(Field::named(field).unwrap().canonical(value), None, "{field}={value}");
        }
        assert_eq!(Field::named("shoe_size"), None);
    }

    #[test]
    fn every_name_means_one_field() {
        let mut names: Vec<_> = FIELDS.iter().flat_map(|f| std::iter::once(&f.name).chain(f.aliases)).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(!names.contains(&&SLOTS));
    }

    #[test]
    fn a_clip_stands_in_every_slot_that_it_touches() {
        for (clip, slots) in [
            (clip("10:09:59:00", "24/1", 24), &["10:0"][..]),
            (clip("10:09:59:00", "24/1", 25), &["10:0", "10:1"]),
            (clip("23:59:00:00", "25/1", 61 * 25), &["00:0", "23:5"]),
            (clip("00:09:59;29", "30000/1001", 2), &["00:0", "00:1"]),
            (Metadata { start_timecode: None, ..clip("", "24/1", 9) }, &[]),
            (clip("10:00:00:30", "24/1", 9), &[]),
        ] {
            assert_eq!(super::slots(&clip).iter().map(String::as_str).collect::<Vec<_>>(), slots, "{clip:?}");
        }
        assert_eq!(super::slots(&clip("10:05:00:00", "24/1", 24 * 86_400)).len(), 144);
        assert_eq!(super::slots(&clip("10:05:00:00", "24/1", u64::MAX)).len(), 144);
    }
}
