//! Recipe and frame in, EXR bytes out: the one pure function that render is.

mod name;
mod recipe;

pub use name::check_name;
pub use recipe::{Highlights, Recipe, WhiteBalance};

use crate::{
    clip::Metadata,
    color::{self, Camera},
    error::{Error, Result},
    exr::{self, Header},
    frame::{self, Document},
    raw::{self, Debayer, Mosaic, Rect},
    timecode::{Rational, Timecode},
};

/// A rendered plate.
#[derive(Debug, Clone)]
pub struct Plate {
    /// The EXR file.
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// What a person should know of it.
    pub warnings: Vec<String>,
}

/// Which plate of its shot it is, and when it was shot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameTiming {
    /// Number of the plate.
    pub number: u32,
    /// Source timecode of the frame.
    pub timecode: Option<Timecode>,
    /// Frames a second.
    pub rate: Option<Rational>,
}

impl FrameTiming {
    /// Of a frame of a clip; `timecode` as text in the clip's timecode rate.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the clip's rate or the timecode cannot be read.
    pub fn of(metadata: &Metadata, number: u32, timecode: Option<&str>) -> Result<Self> {
        let parse = |rate: &Option<String>| rate.as_deref().map(str::parse::<Rational>).transpose();
        let rate = parse(&metadata.frame_rate)?;
        let counted = parse(&metadata.timecode_rate)?.or(rate);
        let timecode = match (timecode, counted) {
            (Some(text), Some(rate)) => Some(Timecode::parse(text, rate)?),
            _ => None,
        };
        Ok(Self { number, timecode, rate })
    }
}

/// Renders one frame.
///
/// The steps: linearise and white balance the active area of the mosaic, cut highlights at the level where the first
/// channel of a neutral saturates, find the missing colours, take camera RGB to the working space with the exposure, crop,
/// round to half, write. `fdl` is the document whose SHA-256 the recipe holds.
///
/// # Errors
/// [`Error::Unsupported`] for what the recipe asks and this version does not do; [`Error::Invalid`] when recipe, document
/// and frame contradict each other.
pub fn render_frame(
    recipe: &Recipe,
    fdl: Option<&Document>,
    metadata: &Metadata,
    mosaic: &Mosaic,
    timing: &FrameTiming,
) -> Result<Plate> {
    recipe.check()?;
    if recipe.fdl_sha256.is_some() != fdl.is_some() {
        return Err(Error::invalid("the recipe and the call disagree whether there is a framing document"));
    }
    let balance = match recipe.white_balance {
        WhiteBalance::AsShot => color::WhiteBalance::AsShot,
        WhiteBalance::Kelvin(kelvin) => color::WhiteBalance::Kelvin { kelvin, tint: recipe.tint },
    };
    let camera = Camera::new(&mosaic.color, balance, &recipe.working_space.gamut())?;
    let clip = recipe.highlights == Highlights::Clip;
    let plane = raw::linearise(mosaic, camera.gains, clip)?;
    let mut rgb = raw::demosaic(&plane, recipe.debayer);
    let gain = recipe.exposure_stops.exp2();
    color::apply(&camera.to_gamut.map(|row| row.map(|v| v * gain)), &mut rgb);
    let whole = [plane.width, plane.height];
    let mut crop = frame::region(fdl, recipe.crop, recipe.canvas.as_deref(), recipe.decision.as_deref(), whole)?;
    if recipe.debayer == Debayer::Half {
        crop = halved(crop, &rgb, recipe)?;
    }
    let mut warnings = Vec::new();
    if fdl.is_some() && recipe.crop == frame::Crop::None {
        warnings.push("the framing document is carried in the header; the whole canvas is kept".to_owned());
    }
    let header = Header {
        profile: recipe.profile,
        space: recipe.working_space,
        metadata: metadata.clone(),
        frame: timing.number,
        timecode: timing.timecode,
        rate: timing.rate,
        colour_basis: camera.basis,
        recipe: recipe.id(),
        fdl: fdl.map(|d| d.text().to_owned()),
    };
    let bytes = exr::write(&rgb, crop, recipe.compression, &header)?;
    Ok(Plate { bytes, width: crop.width, height: crop.height, warnings })
}

/// A crop of the whole picture, in a picture of half the size.
fn halved(crop: Rect, rgb: &raw::Rgb, recipe: &Recipe) -> Result<Rect> {
    if recipe.crop == frame::Crop::None {
        return Ok(Rect { left: 0, top: 0, width: rgb.width, height: rgb.height });
    }
    if [crop.left, crop.top, crop.width, crop.height].iter().any(|v| v % 2 != 0) {
        return Err(Error::unsupported("a crop at odd photosites with debayer half"));
    }
    Ok(Rect { left: crop.left / 2, top: crop.top / 2, width: crop.width / 2, height: crop.height / 2 })
}

#[cfg(test)]
mod tests;
