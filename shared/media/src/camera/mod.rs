//! One file (or folder) per camera format: what it says about a clip, how its frames decode.
//!
//! A reader notes tags as found and says which fields of `clip-metadata.v1` they mean, in tables that read like the
//! specification (see `said.rs`). It reads at most [`MAX_READS`] ranges and [`MAX_BYTES`] of a file, however long that is.

mod ale;
mod arriraw;
mod braw;
mod canon;
mod dng;
mod dpx;
mod frames;
mod inspect;
mod isobmff;
mod labels;
mod mxf;
mod openexr;
mod quicktime;
mod red;
#[allow(dead_code, reason = "readers take what they need of it")]
mod said;
mod sidecar;
pub mod sony;
mod tiff;
mod tiff_still;
mod unsupported;
mod wav;

use std::{collections::BTreeMap, ops::Range};

pub use ale::{Ale, ale};
pub use arriraw::Arriraw;
pub use braw::Braw;
pub use canon::Canon;
pub use dng::Dng;
pub use dpx::Dpx;
pub use frames::{FrameSpan, FrameTable};
pub use inspect::{ClipReport, FrameRef, FrameRun, Open, each_frame, enrich, inspect_clip};
pub use mxf::Mxf;
pub use openexr::OpenExr;
pub use quicktime::QuickTime;
pub use red::{R3d, rmd};
pub use sidecar::{clips_of_log, document, is_document, is_log};
pub use tiff_still::TiffStill;
pub use wav::Wav;

use crate::{
    clip::Metadata,
    error::{Error, Result},
    path::extension_of,
    raw::Mosaic,
    source::Source,
};

/// Most ranged reads of one file that its inspection takes.
pub const MAX_READS: u32 = 5;
/// Most bytes of one file that its inspection reads.
pub const MAX_BYTES: u64 = 1 << 20;
/// Least bytes of a ranged read over a network, where a round trip costs more than they do. Readers ask first for this
/// much of the head, as [`recognise`] does, so that recognising costs no round trip of its own.
pub const WINDOW: u64 = 64 << 10;

/// A camera format. Every format implements this.
pub trait Format: Sync {
    /// The field's name for it, e.g. `CinemaDNG`.
    fn name(&self) -> &'static str;

    /// True when a file with this extension (lower case) and these first bytes (at least 16, unless the file is
    /// shorter) is of this format.
    fn recognises(&self, extension: &str, head: &[u8]) -> bool;

    /// True when a clip of this format is a numbered sequence of one-frame files.
    fn is_sequence(&self) -> bool {
        false
    }

    /// Reads what one file says, without its pixels: at most [`MAX_READS`] reads and [`MAX_BYTES`].
    ///
    /// # Errors
    /// All kinds of [`crate::Error`]. What can be read of a damaged file is returned, with findings.
    fn inspect(&self, file: &dyn Source) -> Result<Inspected>;

    /// Tells what each frame of the file says, in order, where frames say anything. Reads as much as that takes.
    ///
    /// # Errors
    /// All kinds of [`crate::Error`], and those of `told`, at which it ends.
    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        let _ = (file, told);
        Ok(())
    }

    /// Where frames stand, of a file whose [`FrameTable`] is [`FrameTable::Own`].
    ///
    /// # Errors
    /// All kinds of [`crate::Error`]; [`Error::Invalid`] when there are no such frames.
    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        let table = self.inspect(file)?.frames;
        let span = |frame| table.span(frame).ok_or_else(|| Error::invalid(format!("there is no frame {frame}")));
        frames.map(span).collect()
    }

    /// Decodes one frame, counted from 0 within the file, to the mosaic that the sensor gave.
    ///
    /// # Errors
    /// All kinds of [`crate::Error`]; a declared size is checked against limits and against the bytes that are there
    /// before anything is allocated. [`Error::Unsupported`] says which SDK or codec the pixels need.
    fn decode(&self, file: &dyn Source, frame: u64) -> Result<Mosaic> {
        let _ = frame;
        let needed = self.inspect(file)?.metadata.decoder_needed;
        let needed = needed.unwrap_or_else(|| format!("a decoder of {}", self.name()));
        Err(Error::unsupported(format!("decoding pixels that need {needed}")).in_file(file.name()))
    }
}

/// What one file said.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    /// Normalised, each value with its tag in `sources`.
    pub metadata: Metadata,
    /// Every tag as found, name -> value, for `--raw`.
    pub tags: BTreeMap<String, serde_json::Value>,
    /// Where its frames stand.
    pub frames: FrameTable,
}

/// What one frame says: the fields of `clip-metadata.v1` that it has values of its own for.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct FrameValues {
    /// Counted from 0 in the file.
    pub frame: u64,
    /// Field -> value, as in `clip-metadata.v1`; `timecode` is the frame's own.
    pub values: BTreeMap<String, serde_json::Value>,
}

/// The formats that are read, in the order in which they are asked.
pub fn formats() -> &'static [&'static dyn Format] {
    &[&Arriraw, &Dng, &TiffStill, &Dpx, &OpenExr, &R3d, &Mxf, &Braw, &Canon, &QuickTime, &Wav]
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
    let head = file.head(WINDOW)?;
    if let Some(format) = formats().iter().find(|format| format.recognises(&extension, &head)) {
        return Ok(*format);
    }
    Err(unsupported::refusal(&extension, &head).in_file(name))
}
