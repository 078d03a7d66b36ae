//! What planning an order decides: a document for people and `finalise` ([`Plan`]), and one small document a range that
//! `render` reads ([`RangeOrder`]). Both are functions of the order and of the clips' bytes alone, so a repeated planning
//! writes the same bytes.

use std::collections::BTreeMap;

use platefleet_media::{camera::FrameSpan, clip::Metadata, plate::Recipe};
use serde::{Deserialize, Serialize};

use crate::id::{ClipId, JobId, Production, PullName, RollId};

mod frames;

pub use frames::{FrameIndex, Frames, IndexedFile, IndexedFrame, IndexedRun};

/// The plan of a job: `plan.json` below its root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `plan.v1`.
    pub schema: String,
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub production: Production,
    /// The order.
    pub pull: PullName,
    /// What became of every event of the order, in its order.
    pub events: Vec<Event>,
    /// The shots that are being made.
    pub shots: Vec<ShotPlan>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the order, from 0.
    pub index: usize,
    /// `SHOT_PL01`.
    pub name: String,
    /// Shot name.
    pub shot: String,
    /// Reel of the clip, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reel: Option<String>,
    /// Clip of the event, as ordered or as found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<String>,
    /// First source timecode or frame, handles not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_in: Option<String>,
    /// The same of the end; a timecode is exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_out: Option<String>,
    /// Frame rate of the clip, `n/d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Plates that will be made.
    pub frames: u64,
    /// What became of it.
    pub status: EventStatus,
    /// Why it waits or was refused, in a sentence for a VFX editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person should know although it is planned (handles that had to be cut).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It is being rendered.
    Planned,
    /// Its clip has not arrived, or is not checked and inspected yet.
    Waiting,
    /// It cannot be made.
    Refused,
}

/// A shot that is being made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotPlan {
    /// `SHOT_PL01_v001`: folder below the job's root, and stem of its plates.
    pub name: String,
    /// Shot name.
    pub shot: String,
    /// Plate of the shot.
    pub plate: String,
    /// Version of the plate.
    pub version: u32,
    /// The clip.
    pub clip: ClipId,
    /// Its roll.
    pub roll: RollId,
    /// Its file or pattern in the roll.
    pub pattern: String,
    /// First plate.
    pub first: u32,
    /// Last plate, inclusive.
    pub last: u32,
    /// First range of the job that makes it.
    pub first_range: u32,
    /// Last range of the job that makes it, inclusive.
    pub last_range: u32,
    /// What decides its pixels.
    pub recipe: Recipe,
    /// SHA-256 of the recipe.
    pub recipe_id: String,
    /// SHA-256 of everything that decides the plates' bytes: recipe, numbers, and versions of the sources. An event whose
    /// content an earlier job of the order has already is not made again.
    #[serde(default)]
    pub content: String,
    /// Documents that are delivered with it: file name -> key that they are copied from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<String, Document>,
}

/// A file that an order came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Key in the ingest bucket.
    pub key: String,
    /// Entity tag when it was planned.
    pub etag: String,
    /// SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
}

/// One range: everything that `render` needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeOrder {
    /// `range-order.v1`.
    pub schema: String,
    /// The job.
    pub job: JobId,
    /// Index of the range in the job.
    pub index: u32,
    /// `SHOT_PL01_v001`.
    pub name: String,
    /// Folder of the plates in the delivery bucket.
    pub folder: String,
    /// What decides the pixels.
    pub recipe: Recipe,
    /// What the clip says about itself; goes into the headers.
    pub metadata: Metadata,
    /// Framing document, when the recipe has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fdl: Option<Document>,
    /// The frames, in order.
    pub frames: Vec<FrameOrder>,
}

/// One plate to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameOrder {
    /// Number of the plate.
    pub number: u32,
    /// Key of the file in the ingest bucket.
    pub key: String,
    /// Entity tag that was verified and inspected: the bytes are read only if they are still these.
    pub etag: String,
    /// Bytes of the file.
    pub size: u64,
    /// Frame within the file, from 0.
    pub frame: u64,
    /// Where the frame stands in the file; none for a one-frame file, all of which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<FrameSpan>,
    /// Source timecode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timecode: Option<String>,
}

/// What `render` made of a range: beside the plates, not in rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeResult {
    /// `range-result.v1`.
    pub schema: String,
    /// Index of the range in the job.
    pub index: u32,
    /// The plates that are delivered so far, in order.
    pub frames: Vec<PlateResult>,
    /// What a person should know, each once.
    pub warnings: Vec<String>,
}

/// One delivered plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlateResult {
    /// Its number.
    pub number: u32,
    /// File name in the folder of its shot.
    pub file: String,
    /// Bytes.
    pub bytes: u64,
    /// XXH128 of its bytes, 32 hex digits.
    pub xxh128: String,
}
