//! Where the frames of a clip stand: a small document, and what it says of each frame.

use platefleet_media::{
    camera::{FrameSpan, FrameTable},
    timecode::{Rational, Timecode},
};
use serde::{Deserialize, Serialize};

use crate::id::ClipId;

/// Most frames of a clip that is planned: eleven hours at 24 frames a second.
const MAX_FRAMES: u64 = 1_000_000;

/// The frame index of a clip: `<clip>.<revision>.frames.json`. Its size follows the number of files and, only where frames
/// differ in size, that of frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameIndex {
    /// `frame-index.v2`.
    pub schema: String,
    /// The clip.
    pub clip: ClipId,
    /// Revision of the clip that this is about.
    pub revision: String,
    /// Its files.
    pub files: Vec<IndexedFile>,
    /// The frames of each file, in order of their numbers.
    pub runs: Vec<IndexedRun>,
    /// Timecode of the first frame, when the clip has one. Each number further counts it on by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timecode: Option<String>,
    /// What the timecode counts in, `n/d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timecode_rate: Option<Rational>,
}

/// A file of a frame index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedFile {
    /// Key in the ingest bucket.
    pub key: String,
    /// Entity tag.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// True when its bytes are what its manifest says.
    pub verified: bool,
}

/// The frames of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedRun {
    /// Which of the files.
    pub file: usize,
    /// Source number of its first frame: a sequence's file number, or 1001 and up.
    pub number: u64,
    /// Where its frames stand.
    pub table: FrameTable,
}

/// A frame index with every frame by itself, as planning wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames {
    /// As in [`FrameIndex`].
    pub files: Vec<IndexedFile>,
    /// In order of their numbers.
    pub frames: Vec<IndexedFrame>,
    start: Option<Timecode>,
}

/// A frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexedFrame {
    /// Source frame number.
    pub number: u64,
    /// Which of the files.
    pub file: usize,
    /// Frame within that file, from 0.
    pub frame: u64,
    /// Where it stands in that file; none for a one-frame file, all of which it is.
    pub span: Option<FrameSpan>,
}

impl FrameIndex {
    /// Tells every frame.
    ///
    /// # Errors
    /// Why not, as a sentence about the clip: it has more frames than are planned, or only its files know where they stand.
    pub fn expand(self) -> Result<Frames, String> {
        let count = self.runs.iter().fold(0u64, |sum, run| sum.saturating_add(run.table.count()));
        if count > MAX_FRAMES {
            return Err(format!("it has {count} frames; plates are made of clips of up to {MAX_FRAMES}"));
        }
        let mut frames = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        for IndexedRun { file, number, table } in &self.runs {
            if matches!(table, FrameTable::Own { .. }) {
                return Err(
                    "only tables inside its file tell where its frames stand, and no decoder here looks them up".into(),
                );
            }
            frames.extend((0..table.count()).map(|within| IndexedFrame {
                number: number.saturating_add(within),
                file: *file,
                frame: within,
                span: table.span(within),
            }));
        }
        let start = self.start_timecode.zip(self.timecode_rate);
        let start = start.and_then(|(start, rate)| Timecode::parse(&start, rate).ok());
        Ok(Frames { files: self.files, frames, start })
    }
}

impl Frames {
    /// These frames, of no file in particular and without timecode.
    pub fn of(frames: Vec<IndexedFrame>) -> Self {
        Self { files: Vec::new(), frames, start: None }
    }

    /// Timecode of a frame, when the clip has one.
    pub fn timecode(&self, frame: &IndexedFrame) -> Option<String> {
        let first = self.frames.first()?.number;
        let steps = i64::try_from(frame.number.checked_sub(first)?).ok()?;
        Some(self.start?.plus(steps).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RollId;

    fn index(runs: Vec<IndexedRun>) -> FrameIndex {
        FrameIndex {
            schema: "frame-index.v2".into(),
            clip: ClipId::of(&RollId::parse("p/A001").unwrap(), "x"),
            revision: "r".into(),
            files: Vec::new(),
            runs,
            start_timecode: Some("23:59:59:23".into()),
            timecode_rate: Rational::new(24, 1),
        }
    }

    #[test]
    fn frames_of_several_files_follow_each_other() {
        let even = FrameTable::Even { offset: 512, stride: 100, len: 90, count: 2 };
        let runs = vec![
            IndexedRun { file: 1, number: 1001, table: even },
            IndexedRun { file: 0, number: 1003, table: FrameTable::Whole },
        ];
        let frames = index(runs).expand().unwrap();
        let told: Vec<_> =
            frames.frames.iter().map(|f| (f.number, f.file, f.frame, f.span.map(|s| s.offset))).collect();
        assert_eq!(told, [(1001, 1, 0, Some(512)), (1002, 1, 1, Some(612)), (1003, 0, 0, None)]);
        let timecodes: Vec<_> = frames.frames.iter().map(|f| frames.timecode(f).unwrap()).collect();
        assert_eq!(timecodes, ["23:59:59:23", "00:00:00:00", "00:00:00:01"]);
    }

    #[test]
    fn an_hour_of_frames_that_are_alike_is_a_small_document() {
        let table = FrameTable::Even { offset: 4096, stride: 1 << 22, len: 1 << 22, count: 86_400 };
        let index = index(vec![IndexedRun { file: 0, number: 1001, table }]);
        let text = serde_json::to_string(&index).unwrap();
        assert!(text.len() < 400, "{text}");
        assert_eq!(serde_json::from_str::<FrameIndex>(&text).unwrap(), index);
    }

    #[test]
    fn too_many_frames_and_frames_that_only_the_file_knows_are_refused() {
        for (table, reason) in [
            (
                FrameTable::Even { offset: 0, stride: 1, len: 1, count: u64::MAX },
                "frames; plates are made of clips of up to",
            ),
            (FrameTable::Own { count: 10 }, "only tables inside its file tell where its frames stand"),
        ] {
            let refusal = index(vec![IndexedRun { file: 0, number: 0, table }]).expand().unwrap_err();
            assert!(refusal.contains(reason), "{refusal}");
        }
    }
}
