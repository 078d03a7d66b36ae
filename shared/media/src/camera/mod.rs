//! One file per camera format: what it says about a clip, how its frames decode.

mod dng;
mod inspect;
mod tiff;
mod unsupported;

use std::collections::BTreeMap;

pub use dng::Dng;
pub use inspect::{ClipReport, FrameRef, inspect_clip};

use crate::{
    clip::Metadata,
    error::{Error, Result},
    path::extension_of,
    raw::Mosaic,
    source::Source,
};

/// A camera format. Every format that comes later implements this.
pub trait Format: Sync {
    /// The field's name for it, e.g. `CinemaDNG`.
    fn name(&self) -> &'static str;

    /// True when a file with this extension (lower case) and these first bytes (at least 16, unless the file is
    /// shorter) is of this format.
    fn recognises(&self, extension: &str, head: &[u8]) -> bool;

    /// True when a clip of this format is a numbered sequence of one-frame files.
    fn is_sequence(&self) -> bool;

    /// Reads what one file says, without its pixels: at most 5 reads and 1 MiB.
    ///
    /// # Errors
    /// All kinds of [`crate::Error`].
    fn inspect(&self, file: &dyn Source) -> Result<Inspected>;

    /// Decodes one frame, counted from 0 within the file, to the mosaic that the sensor gave.
    ///
    /// # Errors
    /// All kinds of [`crate::Error`]; a declared size is checked against limits and against the bytes that are there
    /// before anything is allocated.
    fn decode(&self, file: &dyn Source, frame: u64) -> Result<Mosaic>;
}

/// What one file said.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    /// Normalised, each value with its tag in `sources`.
    pub metadata: Metadata,
    /// Every tag as found, name -> value, for `--raw`.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// Byte range of each frame in the file.
    pub frames: Vec<FrameSpan>,
}

/// Where the bytes of a frame stand in its file. Reading `0..header_end` and this range is enough to decode it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FrameSpan {
    /// Byte offset.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The formats that are read, in the order in which they are asked.
pub fn formats() -> &'static [&'static dyn Format] {
    &[&Dng]
}

/// Which format a file is of, by its name and its first bytes.
///
/// # Errors
/// [`Error::Unsupported`] with the format's name when it is a known one that is not read; [`Error::Invalid`] when it is
/// none, empty, or not what its extension says.
pub fn recognise(name: &str, file: &dyn Source) -> Result<&'static dyn Format> {
    if file.is_empty() {
        return Err(Error::invalid("the file is empty").in_file(name));
    }
    let extension = extension_of(name);
    // As much as inspection reads first, so that recognising costs no round trip of its own.
    let head = file.head(tiff::WINDOW)?;
    if let Some(format) = formats().iter().find(|format| format.recognises(&extension, &head)) {
        return Ok(*format);
    }
    Err(unsupported::refusal(&extension, &head).in_file(name))
}
