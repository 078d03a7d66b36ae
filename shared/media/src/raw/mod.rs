//! Mosaic to linear camera RGB: linearise, white balance, demosaic, crop.

mod demosaic;
mod linear;

pub use demosaic::{Debayer, demosaic};
pub use linear::{Plane, linearise};

/// One frame as the sensor gave it: a plane of photosites behind a colour filter array, still in code values.
#[derive(Debug, Clone)]
pub struct Mosaic {
    /// Stored width in photosites.
    pub width: usize,
    /// Stored height in photosites.
    pub height: usize,
    /// `width * height` code values, row by row from the top left.
    pub samples: Vec<u16>,
    /// The filter over the photosite at the top left of the *stored* picture and its neighbours.
    pub cfa: Cfa,
    /// The part that holds picture, in stored photosites.
    pub active: Rect,
    /// How code values become linear 0..=1.
    pub levels: Levels,
    /// What the camera says about its colour.
    pub color: crate::color::Calibration,
}

/// A rectangle in photosites or pixels: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rect {
    /// From the left edge.
    pub left: usize,
    /// From the top edge.
    pub top: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
}

/// Which colour stands where in the 2x2 Bayer cell; named by its rows, top left first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cfa {
    /// R G / G B
    Rggb,
    /// G R / B G
    Grbg,
    /// G B / R G
    Gbrg,
    /// B G / G R
    Bggr,
}

impl Cfa {
    /// The colour (0 red, 1 green, 2 blue) of the photosite at this column and row.
    pub fn color_at(self, x: usize, y: usize) -> usize {
        let cell = match self {
            Self::Rggb => [0, 1, 1, 2],
            Self::Grbg => [1, 0, 2, 1],
            Self::Gbrg => [1, 2, 0, 1],
            Self::Bggr => [2, 1, 1, 0],
        };
        cell[(y & 1) * 2 + (x & 1)]
    }

    /// The pattern as seen from a picture that starts at this column and row.
    #[must_use]
    pub fn shifted(self, x: usize, y: usize) -> Self {
        [Self::Rggb, Self::Grbg, Self::Gbrg, Self::Bggr]
            .into_iter()
            .find(|c| (0..4).all(|i| c.color_at(i & 1, i >> 1) == self.color_at(x + (i & 1), y + (i >> 1))))
            .unwrap_or(self)
    }
}

/// How code values become linear light. Source: DNG 1.7 specification, chapter 5, "Mapping Raw Values to Linear
/// Reference Values": table, then black, then scale; the result is 0 at black and 1 at white, and is not clipped below 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// Replaces a code value before everything else; a code beyond its end takes its last entry.
    pub linearization: Option<Vec<u16>>,
    /// Black levels of a repeating cell, row by row, starting at the top left of the *active* area.
    pub black: Vec<f32>,
    /// [rows, columns] of that cell.
    pub black_repeat: [usize; 2],
    /// Added to black, one for each column of the active area; may be empty.
    pub black_delta_h: Vec<f32>,
    /// Added to black, one for each row of the active area; may be empty.
    pub black_delta_v: Vec<f32>,
    /// Code value (after the table) of sensor saturation.
    pub white: f32,
}

/// Three planes of one size, row by row, as linear light.
#[derive(Debug, Clone, PartialEq)]
pub struct Rgb {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Red, green, blue; `width * height` values each.
    pub planes: [Vec<f32>; 3],
}
