//! Avid Log Exchange (ALE): a table of clips, as text with tabs.
//!
//! Three parts, each begun by a line of its own: `Heading` (names and values), `Column` (one line of names), `Data` (a line a
//! clip). Labs and DITs write them for a day or a roll; each line speaks of a clip by its name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    FrameTable, Inspected,
    said::{Rule, Said, flag, number, positive, rate, text},
};
use crate::{
    clip::Cdl,
    error::{Error, Result},
    timecode::{Rational, Timecode},
};

/// Most lines, and most columns, of a log.
const MAX_ROWS: usize = 50_000;
const MAX_COLUMNS: usize = 512;
/// Most endings of a name that are looked at: `A001.scene.mov` has two.
const MAX_DOTS: usize = 4;

/// A log: the names and values of its heading, and its clips, each with the values that it has by name of column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ale {
    /// `FPS` -> `24`.
    pub heading: BTreeMap<String, String>,
    /// Column -> value; empty values are left out.
    pub rows: Vec<BTreeMap<String, String>>,
}

/// Column, in small letters and digits alone, and what it means: labs and cameras write `Camera Model`, `Camera_model`,
/// `CAMERA MODEL`.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("tape",                  |said, value, tag| said.reel_name(text(value), tag)),
    ("reel",                  |said, value, tag| said.reel_name(text(value), tag)),
    ("reelname",              |said, value, tag| said.reel_name(text(value), tag)),
    ("camroll",               |said, value, tag| said.reel_name(text(value), tag)),
    ("cameraroll",            |said, value, tag| said.reel_name(text(value), tag)),
    ("scene",                 |said, value, tag| said.scene(text(value), tag)),
    ("take",                  |said, value, tag| said.take(text(value), tag)),
    ("circled",               |said, value, tag| said.circle_take(flag(value), tag)),
    ("circle",                |said, value, tag| said.circle_take(flag(value), tag)),
    ("circletake",            |said, value, tag| said.circle_take(flag(value), tag)),
    ("production",            |said, value, tag| said.production_name(text(value), tag)),
    ("director",              |said, value, tag| said.director(text(value), tag)),
    ("cinematographer",       |said, value, tag| said.cinematographer(text(value), tag)),
    ("directorofphotography", |said, value, tag| said.cinematographer(text(value), tag)),
    ("dop",                   |said, value, tag| said.cinematographer(text(value), tag)),
    ("location",              |said, value, tag| said.location(text(value), tag)),
    ("shootdate",             |said, value, tag| said.shoot_day(day(value), tag)),
    ("shootday",              |said, value, tag| said.shoot_day(day(value), tag)),
    ("datecamera",            |said, value, tag| said.shoot_day(day(value), tag)),
    ("uuid",                  |said, value, tag| said.clip_uuid(text(value), tag)),
    ("fps",                   |said, value, tag| said.frame_rate(rate(value), tag)),
    ("projectfps",            |said, value, tag| said.frame_rate(rate(value), tag)),
    ("headingfps",            |said, value, tag| said.frame_rate(rate(value), tag)),
    ("sensorfps",             |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("start",                 start_timecode),
    ("cameramanufacturer",    |said, value, tag| said.camera_make(text(value), tag)),
    ("manufacturer",          |said, value, tag| said.camera_make(text(value), tag)),
    ("cameramodel",           |said, value, tag| said.camera_model(text(value), tag)),
    ("cameratype",            |said, value, tag| said.camera_model(text(value), tag)),
    ("cameraserialnumber",    |said, value, tag| said.camera_serial(text(value), tag)),
    ("cameraserial",          |said, value, tag| said.camera_serial(text(value), tag)),
    ("camerasn",              |said, value, tag| said.camera_serial(text(value), tag)),
    ("cameraindex",           |said, value, tag| said.camera_index(text(value), tag)),
    // The letter of the unit; some write the model here.
    ("camera",                |said, value, tag| said.camera_index(text(value).filter(|letter| letter.len() == 1), tag)),
    ("supversion",            |said, value, tag| said.firmware(text(value), tag)),
    ("iso",                   |said, value, tag| said.iso(positive(value), tag)),
    ("asa",                   |said, value, tag| said.exposure_index(positive(value), tag)),
    ("ei",                    |said, value, tag| said.exposure_index(positive(value), tag)),
    ("exposureindex",         |said, value, tag| said.exposure_index(positive(value), tag)),
    ("whitebalance",          |said, value, tag| said.white_balance_kelvin(kelvin(value), tag)),
    ("colortemp",             |said, value, tag| said.white_balance_kelvin(kelvin(value), tag)),
    ("tint",                  |said, value, tag| said.tint(number(value), tag)),
    ("ccshift",               |said, value, tag| said.tint(number(value), tag)),
    ("shutterangle",          |said, value, tag| said.shutter_angle_degrees(positive(value).filter(|degrees| *degrees <= 360.0), tag)),
    ("lens",                  |said, value, tag| said.lens_model(text(value), tag)),
    ("lenstype",              |said, value, tag| said.lens_model(text(value), tag)),
    ("lensmodel",             |said, value, tag| said.lens_model(text(value), tag)),
    ("focallength",           |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("tstop",                 |said, value, tag| said.t_stop(stop(value), tag)),
    ("fstop",                 |said, value, tag| said.f_number(stop(value), tag)),
    ("lookname",              |said, value, tag| said.look_name(text(value), tag)),
    ("ascsop",                |said, value, tag| said.cdl(cdl(said, value), tag)),
];

/// Reads a log.
///
/// # Errors
/// [`Error::Invalid`], with the line, when it is none or has more rows or columns than are read.
pub fn ale(document: &str) -> Result<Ale> {
    let mut log = Ale::default();
    let (mut part, mut columns): (&str, Vec<&str>) = ("", Vec::new());
    let document = document.trim_start_matches('\u{feff}');
    // Old programs end lines as old computers did.
    let end = if document.contains('\n') { '\n' } else { '\r' };
    for (line, number) in document.split(end).zip(1u64..) {
        let invalid =
            |problem: String| Error::invalid(problem).at(&crate::Location { line: Some(number), ..Default::default() });
        let values = || line.trim_end_matches('\r').split('\t').map(str::trim);
        match (part, line.trim()) {
            (_, "") => {}
            (_, "Heading" | "Column" | "Data") => part = line.trim(),
            ("Heading", _) => {
                let mut values = values();
                if let (Some(name), Some(value)) = (values.next(), values.next()) {
                    log.heading.insert(name.to_owned(), value.to_owned());
                }
            }
            ("Column", _) => {
                columns = values().collect();
                if columns.len() > MAX_COLUMNS {
                    return Err(invalid(format!("{} columns, and {MAX_COLUMNS} are read", columns.len())));
                }
            }
            ("Data", _) => {
                if log.rows.len() == MAX_ROWS {
                    return Err(invalid(format!("more than {MAX_ROWS} clips")));
                }
                let named = columns.iter().zip(values()).filter(|(_, value)| !value.is_empty());
                log.rows.push(named.map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect());
            }
            _ => return Err(invalid("it does not begin with `Heading`, as an ALE does".to_owned())),
        }
    }
    if columns.is_empty() {
        return Err(Error::invalid("it has no columns, as an ALE has"));
    }
    Ok(log)
}

/// The names that a row gives its clip.
fn written(row: &BTreeMap<String, String>) -> impl Iterator<Item = &String> {
    let column = |name| row.iter().find(|(column, _)| is_column(column, name)).map(|(_, value)| value);
    ["name", "sourcefile", "filename", "tape"].into_iter().filter_map(column)
}

impl Ale {
    /// The names of all clips that it speaks of, lower case: those for which [`Ale::about`] answers, and maybe more.
    pub fn clips(&self) -> BTreeSet<String> {
        let mut clips = BTreeSet::new();
        for name in self.rows.iter().flat_map(written).map(|name| name.to_lowercase()) {
            for (end, _) in name.match_indices('.').chain([(name.len(), "")]).take(MAX_DOTS) {
                let whole = &name[..end];
                let part = whole.rsplit_once('_').filter(|(_, part)| part.bytes().all(|b| b.is_ascii_digit()));
                clips.extend([Some(whole), part.map(|(clip, _)| clip)].into_iter().flatten().map(str::to_owned));
            }
        }
        clips.remove("");
        clips
    }

    /// What the log says about the clip of this name: the first row whose `Name`, `Tape` or `Source File` is it, extensions
    /// and the numbers of parts aside.
    pub fn about(&self, clip: &str) -> Option<Inspected> {
        let row = self.rows.iter().find(|row| written(row).any(|name| is_named(name, clip)))?;
        let mut said = Said::default();
        for (column, value) in row {
            said.tag(column, value.as_str());
        }
        if let Some(fps) = self.heading.get("FPS") {
            said.tag("Heading FPS", fps.as_str());
        }
        for (name, rule) in RULES {
            if let Some((tag, value)) = column(&said, name) {
                rule(&mut said, &value, &tag);
            }
        }
        say_length(&mut said);
        Some(said.finish(FrameTable::default()))
    }
}

/// Whether a column has this name, which is small letters and digits, however it is written.
fn is_column(column: &str, name: &str) -> bool {
    let plain = column.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    plain.eq(name.chars())
}

/// The column of this name, and its value.
fn column(said: &Said, name: &str) -> Option<(String, Value)> {
    said.tags.iter().find(|(tag, _)| is_column(tag, name)).map(|(tag, value)| (tag.clone(), value.clone()))
}

/// `2026-11-24`, `2026/11/24`, `20261124`.
fn day(value: &Value) -> Option<String> {
    let digits: String = text(value)?.chars().filter(|c| !['-', '/', ':', '.'].contains(c)).collect();
    let is_day = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.starts_with(['1', '2']);
    is_day.then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

fn kelvin(value: &Value) -> Option<f64> {
    positive(value).filter(|kelvin| *kelvin > 500.0)
}

/// `T2.8`, `f/4`, `5.6`.
fn stop(value: &Value) -> Option<f64> {
    let written = text(value)?;
    positive(&Value::from(written.trim_start_matches(['T', 't', 'F', 'f', '/', ' '])))
}

fn is_named(written: &str, clip: &str) -> bool {
    let rest =
        written.get(..clip.len()).filter(|begins| begins.eq_ignore_ascii_case(clip)).map(|_| &written[clip.len()..]);
    rest.is_some_and(|rest| {
        let part = rest.strip_prefix('_').map_or(rest, |r| r.trim_start_matches(|c: char| c.is_ascii_digit()));
        part.is_empty() || part.starts_with('.')
    })
}

fn rate_of(said: &Said) -> Option<Rational> {
    said.metadata.frame_rate.as_deref()?.parse().ok()
}

fn start_timecode(said: &mut Said, value: &Value, tag: &str) {
    if let Some((written, rate)) = text(value).zip(rate_of(said)) {
        said.start_timecode(Timecode::parse(&written, rate).ok(), tag);
    }
}

/// Frames from `Start` to `End`, which is exclusive.
fn say_length(said: &mut Said) {
    let at = |name: &str| Timecode::parse(&text(&column(said, name)?.1)?, rate_of(said)?).ok();
    let frames = at("start").zip(at("end")).and_then(|(start, end)| start.frames_until(end));
    said.frame_count(frames.map(u64::from).filter(|n| *n > 0), "Start, End");
}

/// `(slope slope slope)(offset offset offset)(power power power)`, and the saturation beside it.
fn cdl(said: &Said, value: &Value) -> Option<Cdl> {
    let written = text(value)?;
    let numbers: Vec<f64> = written.split(['(', ')', ' ', ',']).filter_map(|n| n.parse().ok()).collect();
    let [a, b, c, d, e, f, g, h, i] = numbers.try_into().ok()?;
    let saturation = column(said, "ascsat").and_then(|(_, value)| number(&value)).unwrap_or(1.0);
    Some(Cdl { slope: [a, b, c], offset: [d, e, f], power: [g, h, i], saturation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOG: &str = "Heading\nFIELD_DELIM\tTABS\nFPS\t23.976\n\nColumn\nName\tTape\tStart\tEnd\tSource File\tScene\tASC_SOP\tASC_SAT\t\n\nData\n\
        A118_C029_1102JR\t\t14:40:02:11\t14:42:22:23\tA118_C029_1102JR_001.R3D\t12A\t(1.1 1 0.9)(0.01 0 -0.01)(1 1 1)\t0.9\t\n\
        A118_C030_1102JR.mov\tA118\t15:00:00:00\t15:00:01:00\t\t\t\t\t\n";

    #[test]
    fn a_row_says_what_it_knows_of_its_clip() {
        let log = ale(LOG).unwrap();
        assert_eq!((log.rows.len(), log.heading["FPS"].as_str()), (2, "23.976"));
        let m = log.about("A118_C029_1102JR").unwrap().metadata;
        assert_eq!((m.scene.as_deref(), m.start_timecode.as_deref()), (Some("12A"), Some("14:40:02:11")));
        // 2 minutes, 20 seconds and 12 frames of 24.
        assert_eq!((m.frame_rate.as_deref(), m.frame_count), (Some("24000/1001"), Some(140 * 24 + 12)));
        let cdl = m.cdl.unwrap();
        assert_eq!((cdl.slope, cdl.offset, cdl.saturation), ([1.1, 1.0, 0.9], [0.01, 0.0, -0.01], 0.9));
        let m = log.about("a118_c030_1102jr").unwrap().metadata;
        assert_eq!((m.reel_name.as_deref(), m.frame_count), (Some("A118"), Some(24)));
        assert!(log.about("A118_C03").is_none() && log.about("").is_none());
        let clips = log.clips();
        assert!(["a118_c029_1102jr", "a118_c030_1102jr"].iter().all(|clip| clips.contains(*clip)), "{clips:?}");
    }

    #[test]
    fn columns_are_known_however_they_are_written_and_lines_however_they_end() {
        let log = "\u{feff}Heading\rFIELD_DELIM\tTABS\rFPS\t25\r\rColumn\rNAME\tCamera_model\tCamera_sn\tCAMERA\tShoot Date\tT-Stop\t\
            Sensor_fps\tWhite_balance\tCc_shift\tDirector\rData\rA001C001_210716_R1AB\tALEXA Mini\t24071\tA\t2021/07/16\tT2.8\t\
            50.000\t5600K\t-3\tMs D\r";
        let log = ale(log).unwrap();
        let row = log.rows.first().unwrap();
        assert_eq!(row["Camera_sn"], "24071");
        let m = log.about("A001C001_210716_R1AB").unwrap().metadata;
        assert_eq!((m.camera_model.as_deref(), m.camera_serial.as_deref()), (Some("ALEXA Mini"), Some("24071")));
        assert_eq!((m.camera_index.as_deref(), m.shoot_day.as_deref()), (Some("A"), Some("2021-07-16")));
        assert_eq!((m.t_stop, m.white_balance_kelvin, m.tint), (Some(2.8), Some(5600.0), Some(-3.0)));
        assert_eq!((m.frame_rate.as_deref(), m.sensor_frame_rate.as_deref()), (Some("25/1"), Some("50/1")));
        assert_eq!((m.director.as_deref(), m.sources["t_stop"].as_str()), (Some("Ms D"), "T-Stop"));
    }

    #[test]
    fn what_is_no_log_is_told_with_its_line() {
        assert_eq!(
            ale("\nhello\n").unwrap_err().to_string(),
            "line 2: it does not begin with `Heading`, as an ALE does"
        );
        assert_eq!(ale("Heading\nFPS\t24\n").unwrap_err().kind(), "invalid");
        assert_eq!(ale("").unwrap_err().kind(), "invalid");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(Heading|Column|Data|\t|\n|[a-z(). 0-9]){0,40}", clip in "[a-z_0-9é]{0,6}") {
            if let Ok(log) = ale(&text) {
                let is_named = log.about(&clip).is_some() && !clip.is_empty();
                prop_assert!(!is_named || log.clips().contains(&clip.to_lowercase()), "{clip} of {:?}", log.clips());
            }
        }
    }
}
