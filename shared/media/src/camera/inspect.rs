//! One report for a clip, from as few of its files as will do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Format, FrameSpan, Inspected, recognise};
use crate::{
    clip::{ClipFile, ClipKey, Metadata, gaps, key_of, span_of},
    error::{Error, Result},
    path::RelativePath,
    source::Source,
    timecode::{Rational, Timecode},
};

/// What a clip says, and where its frames stand.
#[derive(Debug, Clone, Default)]
pub struct ClipReport {
    /// Normalised. `size_bytes` is left to whoever knows the files' sizes.
    pub metadata: Metadata,
    /// Every tag of the first file, name -> value, for `--raw`.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// In order of frame number.
    pub frames: Vec<FrameRef>,
}

/// One frame of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRef {
    /// Position in the list of files that was inspected.
    pub file: usize,
    /// Where in that file; none in files of a sequence that were not read, whose bytes are all of the frame.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub span: Option<FrameSpan>,
    /// The number in the file's name; in a single file, counted from 0.
    pub number: u64,
    /// `10:11:12:13`: the first frame's, counted on by the frame numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timecode: Option<String>,
}

/// Inspects the files of one clip, in any order.
///
/// Of a numbered sequence the first, middle and last file are read and must agree in size, rate and timecode; what is
/// wrong with the middle or last one is a finding. `open` is asked for no other file.
///
/// # Errors
/// Those of [`recognise`] and [`Format::inspect`] for the first file; [`Error::Missing`] and [`Error::Io`] of any;
/// [`Error::Invalid`] when there is no file, or the files belong to more than one clip.
pub fn inspect_clip<'s>(
    files: &[RelativePath],
    open: &dyn Fn(&RelativePath) -> Result<Box<dyn Source + 's>>,
) -> Result<ClipReport> {
    let (key, frames) = in_order(files)?;
    let first_path = &files[frames[0].file];
    let source = open(first_path)?;
    let format = recognise(first_path.as_str(), &*source)?;
    let first = format.inspect(&*source).map_err(|e| e.in_file(first_path.as_str()))?;
    let mut report = ClipReport { metadata: first.metadata, tags: first.tags, frames };
    let metadata = &mut report.metadata;
    metadata.clip_name = Some(key.clip_name().to_owned());
    metadata.sources.insert("clip_name".to_owned(), "file name".to_owned());
    metadata.role = Some(key.role);
    if key.frame.is_some() || format.is_sequence() {
        report.frames[0].span = first.frames.first().copied();
        check_others(files, open, &mut report)?;
        let ends = [report.frames.first(), report.frames.last()].map(|f| f.map(|f| f.number));
        report.metadata.path = Some(span_of(&key.pattern, ends[0], ends[1]));
    } else {
        let frame = |(span, number)| FrameRef { file: 0, span: Some(span), number, timecode: None };
        report.frames = first.frames.into_iter().zip(0..).map(frame).collect();
        metadata.path = Some(key.pattern);
        metadata.size_bytes = Some(source.len());
    }
    count_on(&mut report);
    Ok(report)
}

/// The key of the clip and its frames by number.
fn in_order(files: &[RelativePath]) -> Result<(ClipKey, Vec<FrameRef>)> {
    let mut clip: Option<ClipKey> = None;
    let mut frames = Vec::with_capacity(files.len());
    for (file, path) in files.iter().enumerate() {
        let key = key_of(path);
        let number = key.frame.unwrap_or(0);
        match &clip {
            Some(clip) if clip.pattern != key.pattern || clip.frame.is_some() != key.frame.is_some() => {
                let problem = format!("it belongs to clip {}, not to {}", key.pattern, clip.pattern);
                return Err(Error::invalid(problem).in_file(path.as_str()));
            }
            _ => clip = Some(key),
        }
        frames.push(FrameRef { file, span: None, number, timecode: None });
    }
    frames.sort_by_key(|f| f.number);
    frames.dedup_by_key(|f| f.number);
    clip.map(|clip| (clip, frames)).ok_or_else(|| Error::invalid("a clip of no files"))
}

/// Reads the middle and the last file of a sequence, and finds where they disagree with the first.
fn check_others<'s>(
    files: &[RelativePath],
    open: &dyn Fn(&RelativePath) -> Result<Box<dyn Source + 's>>,
    report: &mut ClipReport,
) -> Result<()> {
    let ClipReport { metadata, frames, .. } = report;
    let numbered = |f: &FrameRef| ClipFile { frame: Some(f.number), path: files[f.file].clone() };
    metadata.findings.extend(gaps(&frames.iter().map(numbered).collect::<Vec<_>>()));
    let last = frames.len() - 1;
    let first_number = frames[0].number;
    let mut others = vec![last / 2, last];
    others.dedup();
    for at in others.into_iter().filter(|at| *at != 0) {
        let path = &files[frames[at].file];
        let name = path.file_name();
        match inspect_file(path, open) {
            Ok(other) => {
                frames[at].span = other.frames.first().copied();
                let steps = frames[at].number - first_number;
                let problems = disagreements(metadata, &other.metadata, steps);
                metadata
                    .findings
                    .extend(problems.iter().chain(&other.metadata.findings).map(|p| format!("{name}: {p}")));
            }
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(error) => metadata.findings.push(error.to_string()),
        }
    }
    Ok(())
}

fn inspect_file<'s>(
    path: &RelativePath,
    open: &dyn Fn(&RelativePath) -> Result<Box<dyn Source + 's>>,
) -> Result<Inspected> {
    let source = open(path)?;
    let format: &dyn Format = recognise(path.as_str(), &*source)?;
    format.inspect(&*source).map_err(|e| e.in_file(path.as_str()))
}

/// How a frame contradicts the first one, which is `steps` frames before it.
fn disagreements(first: &Metadata, other: &Metadata, steps: u64) -> Vec<String> {
    let mut problems = Vec::new();
    let mut same = |what: &str, first: Option<String>, other: Option<String>| {
        if first != other {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
            problems.push(format!("its {what} is {}, but the first frame's is {}", shown(other), shown(first)));
        }
    };
    same("size", first.resolution.clone(), other.resolution.clone());
    same("bit depth", first.bit_depth.map(|b| b.to_string()), other.bit_depth.map(|b| b.to_string()));
    same("compression", first.compression.clone(), other.compression.clone());
    same("frame rate", first.frame_rate.clone(), other.frame_rate.clone());
    same("reel", first.reel_name.clone(), other.reel_name.clone());
    if let Some(start) = start_timecode(first)
        && first.frame_rate == other.frame_rate
    {
        let expected = start.plus(i64::try_from(steps).unwrap_or(i64::MAX)).to_string();
        let found = other.start_timecode.as_deref().unwrap_or("none");
        if found != expected {
            problems.push(format!("its timecode is {found}, but {expected} follows from the first frame"));
        }
    }
    problems
}

fn start_timecode(metadata: &Metadata) -> Option<Timecode> {
    let rate: Rational = metadata.timecode_rate.as_deref()?.parse().ok()?;
    Timecode::parse(metadata.start_timecode.as_deref()?, rate).ok()
}

/// Counts frames, and gives each its timecode.
fn count_on(report: &mut ClipReport) {
    let metadata = &mut report.metadata;
    let count = report.frames.len() as u64;
    metadata.frame_count = Some(count);
    let rate = metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok()).filter(|r| r.num() > 0);
    metadata.duration_seconds = rate.map(|r| count as f64 * f64::from(r.den()) / f64::from(r.num()));
    if let Some(start) = start_timecode(metadata) {
        let first = report.frames.first().map_or(0, |f| f.number);
        for frame in &mut report.frames {
            let steps = i64::try_from(frame.number - first).unwrap_or(i64::MAX);
            frame.timecode = Some(start.plus(steps).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        camera::dng::testkit::Builder,
        source::{Counted, Known, Memory},
    };

    const START: [u8; 4] = [0x22, 0x59, 0x59, 0x23];

    fn timecode(steps: i64) -> [u8; 4] {
        Timecode::from_bcd(START, 24).unwrap().plus(steps).to_bcd().unwrap()
    }

    /// Frames 7 to 11 of a clip that runs over midnight.
    fn roll() -> BTreeMap<RelativePath, Vec<u8>> {
        let frame = |n: i64| {
            let path = RelativePath::new(format!("A001/A001C003/A001C003_{n:06}.dng")).unwrap();
            (path, Builder::frame(timecode(n - 7)).build())
        };
        (7..12).map(frame).collect()
    }

    fn inspect(roll: &BTreeMap<RelativePath, Vec<u8>>) -> Result<ClipReport> {
        let mut files: Vec<_> = roll.keys().cloned().collect();
        files.rotate_left(2);
        inspect_clip(&files, &|path| Ok(Box::new(Memory::new(path.as_str(), &roll[path][..]))))
    }

    #[test]
    fn a_sequence_is_one_report_with_every_frame_and_its_timecode() {
        let report = inspect(&roll()).unwrap();
        let m = &report.metadata;
        assert_eq!(m.findings, [""; 0]);
        assert_eq!(m.clip_name.as_deref(), Some("A001C003"));
        assert_eq!(m.path.as_deref(), Some("A001/A001C003/A001C003_[000007-000011].dng"));
        assert_eq!((m.frame_count, m.role), (Some(5), Some(crate::clip::Role::Original)));
        assert_eq!(m.duration_seconds, Some(5.0 * 1001.0 / 24000.0));
        let frames: Vec<_> = report.frames.iter().map(|f| (f.number, f.timecode.as_deref().unwrap())).collect();
        let expected =
            [(7, "23:59:59:22"), (8, "23:59:59:23"), (9, "00:00:00:00"), (10, "00:00:00:01"), (11, "00:00:00:02")];
        assert_eq!(frames, expected);
        let read: Vec<_> = report.frames.iter().map(|f| f.span.is_some()).collect();
        assert_eq!(read, [true, false, true, false, true]);
        assert_eq!(report.frames[0].file, 3);
    }

    #[test]
    fn a_damaged_middle_frame_is_a_finding_and_a_damaged_first_frame_ends_it() {
        let mut roll = roll();
        let paths: Vec<_> = roll.keys().cloned().collect();
        roll.insert(paths[2].clone(), b"II*\0 is not a frame".to_vec());
        let report = inspect(&roll).unwrap();
        let [finding] = &report.metadata.findings[..] else { panic!("{:?}", report.metadata.findings) };
        assert!(finding.starts_with("A001/A001C003/A001C003_000009.dng: byte "), "{finding}");
        roll.insert(paths[0].clone(), Vec::new());
        assert_eq!(inspect(&roll).unwrap_err().to_string(), "A001/A001C003/A001C003_000007.dng: the file is empty");
    }

    #[test]
    fn frames_that_contradict_the_first_or_are_missing_are_findings() {
        let mut roll = roll();
        let paths: Vec<_> = roll.keys().cloned().collect();
        roll.insert(paths[4].clone(), Builder::frame(timecode(9)).build());
        roll.remove(&paths[1]);
        let findings = inspect(&roll).unwrap().metadata.findings;
        let expected = [
            "frame 8 is missing",
            "A001C003_000011.dng: its timecode is 00:00:00:07, but 00:00:00:02 follows from the first frame",
        ];
        assert_eq!(findings, expected);
    }

    #[test]
    fn over_a_remote_store_three_files_are_asked_for_once_each() {
        let roll = roll();
        let files: Vec<_> = roll.keys().cloned().collect();
        let mut known: BTreeMap<_, _> =
            roll.iter().map(|(p, b)| (p.clone(), Known::new(p.as_str(), b.len() as u64))).collect();
        let mut fetched = Vec::new();
        let report = loop {
            struct Borrowed<'a>(&'a Known);
            impl Source for Borrowed<'_> {
                fn name(&self) -> &str {
                    self.0.name()
                }
                fn len(&self) -> u64 {
                    self.0.len()
                }
                fn read(&self, range: std::ops::Range<u64>) -> Result<std::borrow::Cow<'_, [u8]>> {
                    self.0.read(range)
                }
            }
            match inspect_clip(&files, &|path| Ok(Box::new(Borrowed(&known[path])))) {
                Err(Error::Missing { name, range }) => {
                    let path = RelativePath::new(name.clone()).unwrap();
                    let bytes = roll[&path][range.start as usize..range.end as usize].to_vec();
                    known.get_mut(&path).unwrap().insert(range.start, bytes);
                    fetched.push(name);
                }
                other => break other.unwrap(),
            }
        };
        assert_eq!(report.frames.len(), 5);
        assert_eq!(fetched, [0, 2, 4].map(|i| files[i].as_str().to_owned()));
        let counted = Counted::new(Memory::new("A001.dng", &roll[&files[0]][..]));
        recognise("A001.dng", &counted).unwrap().inspect(&counted).unwrap();
        assert!(counted.reads() <= 5);
    }

    #[test]
    fn files_of_two_clips_or_none_are_refused() {
        let files = ["A_0001.dng", "B_0002.dng"].map(|p| RelativePath::new(p).unwrap());
        let open = |_: &RelativePath| -> Result<Box<dyn Source>> { panic!("nothing is to be read") };
        let error = inspect_clip(&files, &open).unwrap_err().to_string();
        assert_eq!(error, "B_0002.dng: it belongs to clip B_[####].dng, not to A_[####].dng");
        assert_eq!(inspect_clip(&[], &open).unwrap_err().to_string(), "a clip of no files");
    }
}
