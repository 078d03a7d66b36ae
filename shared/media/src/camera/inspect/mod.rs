//! One report for a clip, from as few of its files as will do.

mod agree;
mod every_frame;
mod parts;
mod sequence;
mod sidecars;

pub use every_frame::each_frame;
pub use sidecars::enrich;

use std::collections::BTreeMap;

use super::{Format, FrameSpan, FrameTable, Inspected, recognise, sidecar};
use crate::{
    clip::{ClipFile, ClipKey, Metadata, Role, gaps, key_of, span_of},
    error::{Error, Result},
    path::RelativePath,
    source::Source,
    timecode::{Rational, Timecode},
};

/// Opens a file of a clip.
pub type Open<'o, 's> = &'o dyn Fn(&RelativePath) -> Result<Box<dyn Source + 's>>;

/// What a clip says, and where its frames stand.
#[derive(Debug, Clone, Default)]
pub struct ClipReport {
    /// Normalised. `size_bytes` is left to whoever knows the files' sizes.
    pub metadata: Metadata,
    /// Every tag of the first file, name -> value, for `--raw`.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// One for each file, in order of frame number.
    pub runs: Vec<FrameRun>,
}

/// The frames of one file of a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameRun {
    /// Position in the list of files that was inspected.
    pub file: usize,
    /// Number of its first frame: that in the file's name, or counted from 0 over all parts of a clip.
    pub number: u64,
    /// Where its frames stand.
    pub table: FrameTable,
}

/// One frame of a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameRef {
    /// Position in the list of files that was inspected.
    pub file: usize,
    /// Counted from 0 in that file.
    pub within: u64,
    /// Where in that file; none in files of a sequence that were not read, whose bytes are all of the frame.
    pub span: Option<FrameSpan>,
    /// As in [`FrameRun::number`].
    pub number: u64,
    /// `10:11:12:13`: the first frame's, counted on by the frame numbers.
    pub timecode: Option<String>,
}

impl ClipReport {
    /// Number of frames that are there.
    pub fn frame_count(&self) -> u64 {
        self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.table.count()))
    }

    /// Number of the first frame.
    pub fn first_number(&self) -> Option<u64> {
        self.runs.iter().find(|run| run.table.count() > 0).map(|run| run.number)
    }

    /// All frames in order, each with its timecode.
    pub fn frames(&self) -> impl Iterator<Item = FrameRef> + '_ {
        let start = start_timecode(&self.metadata);
        let first = self.first_number().unwrap_or(0);
        self.runs.iter().flat_map(move |run| {
            (0..run.table.count()).map(move |within| {
                let number = run.number.saturating_add(within);
                let steps = i64::try_from(number.saturating_sub(first)).unwrap_or(i64::MAX);
                let timecode = start.map(|start| start.plus(steps).to_string());
                FrameRef { file: run.file, within, span: run.table.span(within), number, timecode }
            })
        })
    }
}

/// Inspects the files of one clip, in any order.
///
/// Of a numbered sequence the first, middle and last file are read and must agree in size, rate and timecode; of a clip in
/// parts every part is. What is wrong with another than the first is a finding. `open` is asked for no other file.
///
/// # Errors
/// Those of [`recognise`] and [`Format::inspect`] for the first file; [`Error::Missing`] and [`Error::Io`] of any;
/// [`Error::Invalid`] when there is no file, or the files belong to more than one clip.
pub fn inspect_clip(files: &[RelativePath], open: Open<'_, '_>) -> Result<ClipReport> {
    let (key, runs) = in_order(files)?;
    let first_path = &files[runs[0].file];
    if key.role == Role::Sidecar
        && let Some(report) = inspect_document(&key, first_path, open)?
    {
        return Ok(report);
    }
    let (format, first) = inspect_file(first_path, open)?;
    let mut report = ClipReport { metadata: first.metadata, tags: first.tags, runs };
    let metadata = &mut report.metadata;
    if metadata.clip_name.is_none() {
        metadata.clip_name = Some(key.clip_name().to_owned());
        metadata.sources.insert("clip_name".to_owned(), "file name".to_owned());
    }
    // A name that no camera gives, over what is footage all the same.
    metadata.role = Some(if key.role == Role::Sidecar { Role::Original } else { key.role });
    report.runs[0].table = first.frames;
    let numbered = |run: &FrameRun| key_file(files, run);
    let files_in_order: Vec<ClipFile> = report.runs.iter().map(numbered).collect();
    metadata.findings.extend(gaps(&files_in_order));
    let clip_path = path_of(&key, &files_in_order);
    if key.frame.is_some() || format.is_sequence() {
        sequence::look_into(files, open, &mut report)?;
    } else if report.runs.len() > 1 {
        parts::join(files, open, &mut report)?;
    }
    report.metadata.path = Some(clip_path);
    count(&mut report);
    Ok(report)
}

/// A sidecar by itself: what it says about the clip that is not there. None when it is no document of a kind that is known.
fn inspect_document(key: &ClipKey, path: &RelativePath, open: Open<'_, '_>) -> Result<Option<ClipReport>> {
    let source = open(path)?;
    let Some(said) = sidecar::document(&[key.clip_name()], &*source)? else { return Ok(None) };
    let mut metadata = said.metadata;
    if metadata.clip_name.is_none() {
        metadata.clip_name = Some(key.clip_name().to_owned());
        metadata.sources.insert("clip_name".to_owned(), "file name".to_owned());
    }
    metadata.role = Some(key.role);
    metadata.path = Some(path.to_string());
    Ok(Some(ClipReport { metadata, tags: said.tags, runs: Vec::new() }))
}

/// What a file is, and what it says.
fn inspect_file(path: &RelativePath, open: Open<'_, '_>) -> Result<(&'static dyn Format, Inspected)> {
    let source = open(path)?;
    let format = recognise(path.as_str(), &*source)?;
    let inspected = format.inspect(&*source).map_err(|e| e.in_file(path.as_str()))?;
    Ok((format, inspected))
}

fn key_file(files: &[RelativePath], run: &FrameRun) -> ClipFile {
    let path = files[run.file].clone();
    let ClipKey { frame, part, .. } = key_of(&path);
    ClipFile { frame, part, path }
}

/// As in [`crate::clip::Clip::path`].
fn path_of(key: &ClipKey, files: &[ClipFile]) -> String {
    match files {
        [only] => only.path.to_string(),
        files => {
            span_of(&key.pattern, files.first().and_then(ClipFile::number), files.last().and_then(ClipFile::number))
        }
    }
}

/// The key of the clip and its files by number.
fn in_order(files: &[RelativePath]) -> Result<(ClipKey, Vec<FrameRun>)> {
    let mut clip: Option<ClipKey> = None;
    let mut runs = Vec::with_capacity(files.len());
    for (file, path) in files.iter().enumerate() {
        let key = key_of(path);
        let number = key.number().unwrap_or(0);
        match &clip {
            Some(clip) if clip.pattern != key.pattern || clip.number().is_some() != key.number().is_some() => {
                let problem = format!("it belongs to clip {}, not to {}", key.pattern, clip.pattern);
                return Err(Error::invalid(problem).in_file(path.as_str()));
            }
            _ => clip = Some(key),
        }
        runs.push(FrameRun { file, number, table: FrameTable::Whole });
    }
    runs.sort_by_key(|r| r.number);
    runs.dedup_by_key(|r| r.number);
    let clip = clip.ok_or_else(|| Error::invalid("a clip of no files"))?;
    if clip.frame.is_none() {
        runs[0].number = 0;
    }
    Ok((clip, runs))
}

fn start_timecode(metadata: &Metadata) -> Option<Timecode> {
    let rate: Rational = metadata.timecode_rate.as_deref()?.parse().ok()?;
    Timecode::parse(metadata.start_timecode.as_deref()?, rate).ok()
}

/// Counts frames. A file that says how many it should have, and has none that can be found, is believed.
fn count(report: &mut ClipReport) {
    let found = report.frame_count();
    let metadata = &mut report.metadata;
    if found > 0 && metadata.frame_count != Some(found) {
        metadata.frame_count = Some(found);
        metadata.sources.insert("frame_count".to_owned(), "frames found".to_owned());
    }
    let rate = metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok()).filter(|r| r.num() > 0);
    if let Some((count, rate)) = metadata.frame_count.zip(rate) {
        metadata.duration_seconds = Some(count as f64 * f64::from(rate.den()) / f64::from(rate.num()));
        metadata.sources.insert("duration_seconds".to_owned(), "frame_count, frame_rate".to_owned());
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
        let frames: Vec<_> = report.frames().map(|f| (f.number, f.timecode.unwrap())).collect();
        let expected =
            [(7, "23:59:59:22"), (8, "23:59:59:23"), (9, "00:00:00:00"), (10, "00:00:00:01"), (11, "00:00:00:02")];
        let expected = expected.map(|(number, timecode)| (number, timecode.to_owned()));
        assert_eq!(frames, expected);
        let read: Vec<_> = report.frames().map(|f| f.span.is_some()).collect();
        assert_eq!(read, [true, false, true, false, true]);
        assert_eq!(report.runs[0].file, 3);
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
        assert_eq!(report.frame_count(), 5);
        assert_eq!(fetched, [0, 2, 4].map(|i| files[i].as_str().to_owned()));
        let counted = Counted::new(Memory::new("A001.dng", &roll[&files[0]][..]));
        recognise("A001.dng", &counted).unwrap().inspect(&counted).unwrap();
        assert!(counted.reads() <= 5);
    }

    #[test]
    fn footage_under_a_name_that_no_camera_gives_is_known_by_its_bytes() {
        let named = |name: &str, bytes: &[u8]| {
            let open = |path: &RelativePath| -> Result<Box<dyn Source>> {
                Ok(Box::new(Memory::new(path.as_str(), bytes.to_vec())))
            };
            inspect_clip(&[RelativePath::new(name).unwrap()], &open)
        };
        let frame = roll().into_values().next().unwrap();
        let m = named("still.btf", &frame).unwrap().metadata;
        assert_eq!((m.container.as_deref(), m.role), (Some("TIFF"), Some(Role::Original)));
        let error = named("still.txt", b"a note about it").unwrap_err();
        assert_eq!(error.to_string(), "still.txt: byte 0: it is no camera format that is known by name or content");
        assert_eq!(named("still.jpg", b"\xff\xd8\xff\xe0....JFIF").unwrap_err().kind(), "unsupported");
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
