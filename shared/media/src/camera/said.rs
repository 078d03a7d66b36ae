//! What a file has said so far: tags as found, and the fields of `clip-metadata.v1` that they mean.
//!
//! A reader notes every tag with [`Said::tag`], and then applies a table of [`Rule`]s, which reads like the specification:
//! tag, field, unit. The first to say a field keeps it, so closer sources come first. Every field carries its tag.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FrameTable, FrameValues, Inspected};
use crate::{
    clip::{Cdl, FrameLine, Metadata, names},
    error::{Error, Result},
    timecode::{Rational, Timecode},
};

/// Most tags that are kept of one file.
const MAX_TAGS: usize = 4096;
/// Longest text of a tag, in bytes, and longest list, in elements.
const MAX_TEXT: usize = 4096;
const MAX_LIST: usize = 256;
/// Most findings that are told one by one.
const MAX_FINDINGS: usize = 32;

/// What a tag means: its name among the tags, and what to do with its value. The name is passed on as the source.
pub(crate) type Rule = (&'static str, fn(&mut Said, &Value, &str));

/// What a file has said so far.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) metadata: Metadata,
    pub(crate) tags: BTreeMap<String, Value>,
    findings_left_out: usize,
}

/// A value that may turn out to be none: empty text, NaN.
pub(crate) trait Known: Sized {
    fn known(self) -> Option<Self>;
}

impl Known for String {
    fn known(self) -> Option<Self> {
        let text = self.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty() && text.len() <= MAX_TEXT).then(|| text.to_owned())
    }
}
impl Known for f64 {
    fn known(self) -> Option<Self> {
        self.is_finite().then_some(self)
    }
}
impl<const N: usize> Known for [f64; N] {
    fn known(self) -> Option<Self> {
        self.iter().all(|v| v.is_finite()).then_some(self)
    }
}
impl Known for Cdl {
    fn known(self) -> Option<Self> {
        let numbers = [self.slope, self.offset, self.power].concat();
        (numbers.iter().all(|v| v.is_finite()) && self.saturation.is_finite()).then_some(self)
    }
}
impl Known for Vec<FrameLine> {
    fn known(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }
}
macro_rules! always_known {
    ($($kind:ty),*) => { $(impl Known for $kind {
        fn known(self) -> Option<Self> {
            Some(self)
        }
    })* };
}
always_known!(bool, u32, u64, [u32; 2], [u32; 4]);

/// Setters of optional fields: the first value that is known stays, with the tag that it came from.
macro_rules! setters {
    ($($field:ident: $kind:ty),* $(,)?) => {
        #[allow(dead_code, reason = "one for every field, whether a reader of today needs it or not")]
        impl Said {
            $(pub(crate) fn $field(&mut self, value: impl Into<Option<$kind>>, tag: &str) {
                if self.metadata.$field.is_none()
                    && let Some(value) = value.into().and_then(Known::known)
                {
                    self.metadata.$field = Some(value);
                    self.metadata.sources.insert(stringify!($field).to_owned(), tag.to_owned());
                }
            })*
        }
    };
}
setters! {
    camera_serial: String, camera_index: String, firmware: String, clip_name: String, clip_uuid: String,
    reel_name: String, scene: String, take: String, circle_take: bool, production_name: String, director: String,
    cinematographer: String, location: String, tape_name: String, recorded_at: String, shoot_day: String,
    container: String, codec: String, compression: String, decoder_needed: String, bit_depth: u32,
    chroma_subsampling: String, scan: String, width: u32, height: u32, active_area: [u32; 4], display_size: [u32; 2],
    pixel_aspect_ratio: f64, lens_squeeze: f64, orientation: String, sensor_mode: String,
    active_sensor_physical_mm: [f64; 2], stereo_eye: String, frame_count: u64, duration_seconds: f64,
    exposure_index: f64, iso: f64, shutter_angle_degrees: f64, exposure_time_seconds: f64, white_balance_kelvin: f64,
    tint: f64, white_balance_gains: [f64; 3], nd_stops: f64, lens_make: String, lens_model: String,
    lens_serial: String, focal_length_mm: f64, t_stop: f64, f_number: f64, focus_distance_m: f64,
    color_encoding: String, color_primaries: String, color_matrix: String, color_range: String, look_name: String,
    cdl: Cdl, fdl_link: String, audio_channels: u32, audio_sample_rate_hz: u32, audio_bit_depth: u32,
    audio_codec: String,
}

impl Said {
    /// Notes a tag as it was found, unless it has no value. Tags beyond the limits, and long values, are cut.
    pub(crate) fn tag(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        if self.tags.len() >= MAX_TAGS {
            return;
        }
        let value = match value.into() {
            Value::Null => return,
            Value::String(text) if text.len() > MAX_TEXT => Value::from(format!("{} bytes of text", text.len())),
            Value::Array(list) if list.len() > MAX_LIST => Value::from(format!("{} values", list.len())),
            other => other,
        };
        self.tags.insert(name.into(), value);
    }

    /// Applies a table: for every rule whose tag was found, in the order of the table.
    pub(crate) fn apply(&mut self, rules: &[Rule]) {
        for (name, rule) in rules {
            if let Some(value) = self.tags.get(*name).cloned() {
                rule(self, &value, name);
            }
        }
    }

    /// Tells what is wrong with the file, once.
    pub(crate) fn finding(&mut self, problem: impl Into<String>) {
        let problem = problem.into();
        if self.metadata.findings.contains(&problem) {
            return;
        }
        if self.metadata.findings.len() < MAX_FINDINGS {
            self.metadata.findings.push(problem);
        } else {
            self.findings_left_out += 1;
        }
    }

    /// The value, or none and a finding when it is invalid or unsupported.
    ///
    /// # Errors
    /// Only [`Error::Missing`] and [`Error::Io`].
    pub(crate) fn or_finding<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => Err(error),
            Err(Error::Invalid { problem, at }) => {
                let place = at.field.map(|f| format!("{f}: ")).unwrap_or_default();
                self.finding(format!("{place}{problem}"));
                Ok(None)
            }
            Err(error) => {
                self.finding(error.to_string());
                Ok(None)
            }
        }
    }

    /// Maker, in its one spelling.
    pub(crate) fn camera_make(&mut self, value: impl Into<Option<String>>, tag: &str) {
        if self.metadata.camera_make.is_none()
            && let Some(make) = value.into().and_then(Known::known)
        {
            self.metadata.camera_make = Some(names::make(&make));
            self.metadata.sources.insert("camera_make".to_owned(), tag.to_owned());
        }
    }

    /// Model, in its one spelling.
    pub(crate) fn camera_model(&mut self, value: impl Into<Option<String>>, tag: &str) {
        if self.metadata.camera_model.is_none()
            && let Some(model) = value.into().and_then(Known::known)
        {
            self.metadata.camera_model = Some(names::model(&model));
            self.metadata.sources.insert("camera_model".to_owned(), tag.to_owned());
        }
    }

    /// Frame lines, when there are any.
    pub(crate) fn frame_lines(&mut self, lines: Vec<FrameLine>, tag: &str) {
        if self.metadata.frame_lines.is_empty()
            && let Some(lines) = lines.known()
        {
            self.metadata.frame_lines = lines;
            self.metadata.sources.insert("frame_lines".to_owned(), tag.to_owned());
        }
    }

    /// Frames a second of playback.
    pub(crate) fn frame_rate(&mut self, rate: impl Into<Option<Rational>>, tag: &str) {
        rate_of(&mut self.metadata.frame_rate, &mut self.metadata.sources, "frame_rate", rate.into(), tag);
    }

    /// Frames a second of the sensor.
    pub(crate) fn sensor_frame_rate(&mut self, rate: impl Into<Option<Rational>>, tag: &str) {
        let Metadata { sensor_frame_rate, sources, .. } = &mut self.metadata;
        rate_of(sensor_frame_rate, sources, "sensor_frame_rate", rate.into(), tag);
    }

    /// Rate that the timecode counts in.
    pub(crate) fn timecode_rate(&mut self, rate: impl Into<Option<Rational>>, tag: &str) {
        let Metadata { timecode_rate, sources, .. } = &mut self.metadata;
        rate_of(timecode_rate, sources, "timecode_rate", rate.into(), tag);
    }

    /// Timecode of the first frame.
    pub(crate) fn start_timecode(&mut self, timecode: impl Into<Option<Timecode>>, tag: &str) {
        self.start_timecode_digits(timecode.into().map(|t| t.to_string()), tag);
    }

    /// The same where no rate is known to check it against: `10:11:12:13`, `;` before frames when drop.
    pub(crate) fn start_timecode_digits(&mut self, text: impl Into<Option<String>>, tag: &str) {
        if self.metadata.start_timecode.is_none()
            && let Some(text) = text.into().and_then(Known::known)
        {
            self.metadata.start_timecode = Some(text);
            self.metadata.sources.insert("start_timecode".to_owned(), tag.to_owned());
        }
    }

    /// Fills in what follows from what was said: resolution, shutter angle or exposure time, day, duration, the timecode's
    /// rate.
    pub(crate) fn finish(mut self, frames: FrameTable) -> Inspected {
        let rate = |text: &Option<String>| text.as_deref().and_then(|r| r.parse::<Rational>().ok());
        if let (Some(width), Some(height)) = (self.metadata.width, self.metadata.height) {
            self.metadata.resolution = Some(format!("{width}x{height}"));
            self.metadata.sources.insert("resolution".into(), "width, height".into());
        }
        let sensor = rate(&self.metadata.sensor_frame_rate).or(rate(&self.metadata.frame_rate)).filter(|r| r.num() > 0);
        if let Some(rate) = sensor.map(Rational::as_f64) {
            let (angle, seconds) = (self.metadata.shutter_angle_degrees, self.metadata.exposure_time_seconds);
            let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
            match (angle, seconds) {
                (None, Some(seconds)) if seconds > 0.0 && seconds * rate <= 1.0 + 1e-6 => {
                    self.shutter_angle_degrees(rounded(seconds * rate * 360.0), "exposure_time_seconds, frame rate");
                }
                (Some(angle), None) if angle > 0.0 && angle <= 360.0 => {
                    self.exposure_time_seconds(angle / 360.0 / rate, "shutter_angle_degrees, frame rate");
                }
                _ => {}
            }
        }
        if let Some(day) = self.metadata.recorded_at.as_deref().and_then(|t| t.get(..10)).map(str::to_owned) {
            self.shoot_day(day, "recorded_at");
        }
        if self.metadata.start_timecode.is_some() {
            self.timecode_rate(rate(&self.metadata.frame_rate), "frame_rate");
        }
        if let (Some(count), Some(rate)) = (self.metadata.frame_count, rate(&self.metadata.frame_rate))
            && rate.num() > 0
        {
            let seconds = count as f64 * f64::from(rate.den()) / f64::from(rate.num());
            self.duration_seconds(seconds, "frame_count, frame_rate");
        }
        if self.findings_left_out > 0 {
            self.metadata.findings.push(format!("and {} more findings", self.findings_left_out));
        }
        Inspected { metadata: self.metadata, tags: self.tags, frames }
    }
}

impl Said {
    /// What was said, of one frame of the file. Its timecode was noted as `start_timecode`.
    pub(crate) fn of_frame(self, frame: u64) -> FrameValues {
        let metadata = self.finish(FrameTable::default()).metadata;
        let values = serde_json::to_value(Metadata { sources: BTreeMap::new(), ..metadata });
        let Ok(Value::Object(values)) = values else { return FrameValues { frame, ..FrameValues::default() } };
        let named = |(name, value): (String, Value)| match name.as_str() {
            "start_timecode" => ("timecode".to_owned(), value),
            _ => (name, value),
        };
        FrameValues { frame, values: values.into_iter().map(named).collect() }
    }
}

fn rate_of(
    field: &mut Option<String>,
    sources: &mut BTreeMap<String, String>,
    name: &str,
    rate: Option<Rational>,
    tag: &str,
) {
    if field.is_none()
        && let Some(rate) = rate.filter(|r| r.num() > 0)
    {
        *field = Some(rate.normalised().to_string());
        sources.insert(name.to_owned(), tag.to_owned());
    }
}

/// Text of a tag: of a number as it is written.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.clone().known(),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number: also one in text, whatever its unit (`24 fps`, `180.0`); `n/d` is divided.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let of_text = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let value: f64 = digits.trim_end_matches(['e', 'E', '-', '+']).parse().ok()?;
        match rest.strip_prefix('/') {
            Some(below) => {
                let end = below.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(below.len());
                below[..end].parse::<f64>().ok().map(|below| value / below)
            }
            None => Some(value),
        }
    };
    let value = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => of_text(text.trim()),
        _ => None,
    };
    value.and_then(Known::known)
}

/// A number above 0; 0 is how many cameras write unknown.
pub(crate) fn positive(value: &Value) -> Option<f64> {
    number(value).filter(|n| *n > 0.0)
}

/// A whole number.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) if number.is_u64() => number.as_u64(),
        _ => number(value).filter(|n| n.fract() == 0.0 && (0.0..9e15).contains(n)).map(|n| n as u64),
    }
}

/// A whole number of 32 bits.
pub(crate) fn whole32(value: &Value) -> Option<u32> {
    whole(value).and_then(|n| u32::try_from(n).ok())
}

/// `0`, `1`, `true`, `false`, `yes`, `no`.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        _ => whole(value).map(|n| n != 0),
    }
}

/// A rate: `n/d`, or the decimal that abbreviates it.
pub(crate) fn rate(value: &Value) -> Option<Rational> {
    if let Value::String(text) = value
        && let Ok(rate) = text.trim().parse::<Rational>()
    {
        return Some(rate.normalised());
    }
    rate_of_number(positive(value)?)
}

/// The rate that a decimal abbreviates, to a thousandth: 23.976 is 24000/1001, 24.5 is 49/2.
pub(crate) fn rate_of_number(rate: f64) -> Option<Rational> {
    if !(0.001..100_000.0).contains(&rate) {
        return None;
    }
    Rational::new((rate * 1000.0).round() as u32, 1000).map(Rational::normalised)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_to_say_a_field_keeps_it_and_the_tag_is_told() {
        let mut said = Said::default();
        said.camera_make(String::from("  "), "A");
        said.camera_make(String::from("SONY"), "B");
        said.camera_make(String::from("Canon"), "C");
        said.tint(f64::NAN, "D");
        said.frame_count(48, "E");
        said.frame_rate(Rational::new(23976, 1000), "F");
        said.exposure_time_seconds(1001.0 / 48000.0, "G");
        let metadata = said.finish(FrameTable::default()).metadata;
        assert_eq!(metadata.camera_make.as_deref(), Some("Sony"));
        assert_eq!((metadata.sources["camera_make"].as_str(), metadata.tint), ("B", None));
        assert_eq!(metadata.frame_rate.as_deref(), Some("24000/1001"));
        assert_eq!((metadata.duration_seconds, metadata.shutter_angle_degrees), (Some(2.002), Some(180.0)));
    }

    #[test]
    fn a_table_of_rules_is_applied_to_the_tags_that_are_there() {
        const RULES: &[Rule] = &[
            ("ISO", |said, value, tag| said.iso(positive(value), tag)),
            ("Speed", |said, value, tag| said.iso(positive(value), tag)),
            ("Absent", |said, _, tag| said.scene(String::from("1"), tag)),
        ];
        let mut said = Said::default();
        said.tag("Speed", 800);
        said.tag("ISO", "0");
        said.apply(RULES);
        assert_eq!((said.metadata.iso, said.metadata.scene), (Some(800.0), None));
        assert_eq!(said.metadata.sources["iso"], "Speed");
    }

    #[test]
    fn values_are_read_whatever_their_unit() {
        for (value, expected) in [
            (json!("24 fps"), Some(24.0)),
            (json!("1/50"), Some(0.02)),
            (json!("-3.5e1"), Some(-35.0)),
            (json!("f2.8"), None),
            (json!("1/0"), None),
            (json!(7), Some(7.0)),
            (json!([1]), None),
            (json!(""), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
        assert_eq!(rate(&json!("23.976")), Rational::new(24000, 1001));
        assert_eq!(rate(&json!("48000/2002")), Rational::new(24000, 1001));
        assert_eq!(rate(&json!(59.94)), Rational::new(60000, 1001));
        assert_eq!(rate(&json!(0)), None);
        assert_eq!(whole(&json!("12")), Some(12));
        assert_eq!(flag(&json!("Yes")), Some(true));
    }
}
