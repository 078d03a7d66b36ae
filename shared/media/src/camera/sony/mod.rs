//! What Sony's cameras, and those that follow them, write beside the picture.
//!
//! Acquisition metadata (SMPTE RDD 18) is binary and of each frame: in MXF it stands in the ancillary data, in MP4 in the
//! `rtmd` track. `NonRealTimeMeta` is XML of the whole clip: a sidecar (`A001C001M01.XML`), or inside an MP4.

pub(crate) mod acquisition;
pub(crate) mod nrt;

use super::{FrameTable, Inspected, said::Said};
use crate::error::Result;

/// What one frame's acquisition metadata says (SMPTE RDD 18: sets of the lens, of the camera, of the maker).
///
/// Never fails: what cannot be read is a finding.
pub fn acquisition(sets: &[u8]) -> Inspected {
    let mut said = Said::default();
    acquisition::say(sets, &mut said);
    said.finish(FrameTable::default())
}

/// What a `NonRealTimeMeta` document says: Sony's sidecar of a clip.
///
/// # Errors
/// [`crate::Error::Invalid`] when it is no such document, no XML, or larger than the limits allow.
pub fn sidecar(text: &str) -> Result<Inspected> {
    let mut said = Said::default();
    nrt::say(text, &mut said)?;
    Ok(said.finish(FrameTable::default()))
}
