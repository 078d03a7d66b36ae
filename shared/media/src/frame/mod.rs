//! Framing documents: ASC FDL v1 and v2 (Framing Decision List).
//!
//! A document is carried in the header of the plates it belongs to, and a framing decision can be cropped to. Source: ASC
//! FDL specification 2.0.1; all anchors are relative to the canvas, origin at its top left, y down.

mod crop;
mod document;

pub use crop::{Crop, region};
pub use document::{Canvas, Decision, Document, MAX_BYTES, Point, Size};
