//! The camera we do not have: a synthetic scene with known truth, photographed as CinemaDNG.
//!
//! A [`Clip`] says what is recorded; [`Clip::frame_bytes`] is one frame of it, [`truth`] the scene-linear ACES2065-1
//! picture that a perfect pipeline recovers, and [`chart`] the stated values of the 24 patches in it. Everything is a
//! pure function of the clip and the frame number: the same clip gives the same bytes on every machine and thread.
//!
//! ```
//! use platefleet_footage::{Clip, Stage, chart, truth};
//!
//! let clip = Clip { width: 128, height: 72, frames: 2, ..Clip::default() };
//! let stage = Stage::new(&clip)?;
//! assert_eq!(&stage.frame_bytes(0)[..4], b"II*\0");
//! let patch = &chart(&clip)[18];
//! let picture = truth(&clip, 0)?;
//! let middle = (patch.rect.top + patch.rect.height / 2) * 128 + patch.rect.left + patch.rect.width / 2;
//! assert!((f64::from(picture.planes[1][middle]) - patch.aces[1]).abs() < 1e-6);
//! # Ok::<(), platefleet_media::Error>(())
//! ```
//!
//! | room | what stands there |
//! |---|---|
//! | `scene` | what is in front of the lens, in ACES2065-1 |
//! | `chart` | the 24 patches |
//! | `lettering` | the burnt-in frame number |
//! | `camera` | matrices, levels and noise: scene light to code values |
//! | `dng` | the CinemaDNG file |
//! | `clip` | what is recorded, and how it is written to disk |
#![deny(missing_docs)]

mod camera;
mod chart;
mod clip;
mod dng;
mod lettering;
mod noise;
mod scene;

pub use camera::Camera;
pub use chart::{Patch, chart};
pub use clip::{Clip, Format, Stage, pfm, truth, write_clip, write_truth};
