//! Camera formats, colour, framing, plates and hash lists: bytes in, values out.
//!
//! This crate is pure. It knows no network, no async, no clock and no environment, so the same code serves a Lambda
//! function, a fleet on one machine and a command on a laptop. What it needs to read it asks of a [`source::Source`].
//!
//! | room | what stands there |
//! |---|---|
//! | [`source`] | ranged reading over memory, a file, or the ranges fetched so far |
//! | [`path`] | relative paths that cannot leave their root |
//! | [`hash`] | any set of digests in one pass |
//! | [`mhl`] | ASC MHL histories: read, verify, write |
//! | [`camera`] | one file per camera format: what it says about a clip, how its frames decode |
//! | [`clip`] | the normalised metadata of a clip, and which files make one |
//! | [`raw`] | mosaic to linear camera RGB: linearise, white balance, demosaic |
//! | [`color`] | camera RGB to ACES2065-1 and ACEScg |
//! | [`frame`] | framing documents (ASC FDL) and crops |
//! | [`exr`] | the plate writer |
//! | [`plate`] | recipe + frame -> EXR bytes: the one pure function that render is |
//! | [`canonical`] | one way to write a value, for digests |
//! | [`timecode`] | SMPTE ST 12-1 timecode |
#![deny(missing_docs)]

pub mod camera;
pub mod canonical;
pub mod clip;
pub mod color;
pub mod error;
pub mod exr;
pub mod frame;
pub mod hash;
pub mod mhl;
pub mod path;
pub mod plate;
pub mod raw;
pub mod source;
pub mod timecode;

pub use error::{Error, Location, Result};
