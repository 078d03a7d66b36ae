//! Avid Log Exchange (ALE): a table of clips, as text with tabs.
//!
//! Three parts, each begun by a line of its own: `Heading` (names and values), `Column` (one line of names), `Data` (a line a
//! clip). Labs and DITs write them for a day or a roll; each line speaks of a clip by its name.

use std::collections::{BTreeMap, BTreeSet};

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

/// Column, and what it means.
const RULES: &[Rule] = &[
    ("Tape", |said, value, tag| said.reel_name(text(value), tag)),
    ("Reel", |said, value, tag| said.reel_name(text(value), tag)),
    ("Camroll", |said, value, tag| said.reel_name(text(value), tag)),
    ("Scene", |said, value, tag| said.scene(text(value), tag)),
    ("Take", |said, value, tag| said.take(text(value), tag)),
    ("Circled", |said, value, tag| said.circle_take(flag(value), tag)),
    ("Circle", |said, value, tag| said.circle_take(flag(value), tag)),
    ("FPS", |said, value, tag| said.frame_rate(rate(value), tag)),
    ("Heading FPS", |said, value, tag| said.frame_rate(rate(value), tag)),
    ("Start", start_timecode),
    ("Camera Manufacturer", |said, value, tag| said.camera_make(text(value), tag)),
    ("Manufacturer", |said, value, tag| said.camera_make(text(value), tag)),
    ("Camera Model", |said, value, tag| said.camera_model(text(value), tag)),
    ("Camera Type", |said, value, tag| said.camera_model(text(value), tag)),
    ("Camera Serial Number", |said, value, tag| said.camera_serial(text(value), tag)),
    ("ISO", |said, value, tag| said.iso(positive(value), tag)),
    ("ASA", |said, value, tag| said.exposure_index(positive(value), tag)),
    ("White Balance", |said, value, tag| said.white_balance_kelvin(positive(value).filter(|k| *k > 500.0), tag)),
    ("Shutter Angle", |said, value, tag| {
        said.shutter_angle_degrees(positive(value).filter(|degrees| *degrees <= 360.0), tag);
    }),
    ("Lens", |said, value, tag| said.lens_model(text(value), tag)),
    ("Lens Type", |said, value, tag| said.lens_model(text(value), tag)),
    ("Focal Length", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("Look Name", |said, value, tag| said.look_name(text(value), tag)),
    ("ASC_SOP", |said, value, tag| said.cdl(cdl(said, value), tag)),
];

/// Reads a log.
///
/// # Errors
/// [`Error::Invalid`], with the line, when it is none or has more rows or columns than are read.
pub fn ale(document: &str) -> Result<Ale> {
    let mut log = Ale::default();
    let (mut part, mut columns): (&str, Vec<&str>) = ("", Vec::new());
    for (line, number) in document.lines().zip(1u64..) {
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
    ["Name", "Source File", "Filename", "Tape"].into_iter().filter_map(|column| row.get(column))
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
        said.apply(RULES);
        say_length(&mut said);
        Some(said.finish(FrameTable::default()))
    }
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

fn start_timecode(said: &mut Said, value: &serde_json::Value, tag: &str) {
    if let Some((written, rate)) = text(value).zip(rate_of(said)) {
        said.start_timecode(Timecode::parse(&written, rate).ok(), tag);
    }
}

/// Frames from `Start` to `End`, which is exclusive.
fn say_length(said: &mut Said) {
    let at = |name: &str| Timecode::parse(&said.tags.get(name).and_then(text)?, rate_of(said)?).ok();
    let frames = at("Start").zip(at("End")).and_then(|(start, end)| start.frames_until(end));
    said.frame_count(frames.map(u64::from).filter(|n| *n > 0), "Start, End");
}

/// `(slope slope slope)(offset offset offset)(power power power)`, and the saturation beside it.
fn cdl(said: &Said, value: &serde_json::Value) -> Option<Cdl> {
    let written = text(value)?;
    let numbers: Vec<f64> = written.split(['(', ')', ' ', ',']).filter_map(|n| n.parse().ok()).collect();
    let [a, b, c, d, e, f, g, h, i] = numbers.try_into().ok()?;
    let saturation = said.tags.get("ASC_SAT").and_then(number).unwrap_or(1.0);
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
