//! Camera RGB to ACES2065-1 and ACEScg.

mod dng;
mod matrix;
mod space;
mod temperature;

pub use dng::{Camera, WhiteBalance};
pub use matrix::{adapt, apply, inverse, multiply};
pub use space::{AP0, AP1, Gamut, REC709, WorkingSpace};
pub(crate) use temperature::temperature_of;

/// Row-major 3x3 matrix that multiplies column vectors.
pub type Matrix3 = [[f64; 3]; 3];

/// What a camera says about its colour, as DNG files do (DNG 1.7 specification, chapter 6).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// One or two sets, each for an illuminant; empty when the file gives none.
    pub illuminants: Vec<Illuminant>,
    /// AnalogBalance: gains already applied to the raw values.
    pub analog_balance: Option<[f64; 3]>,
    /// AsShotNeutral: camera RGB of a neutral in the scene, linear; green is usually 1.
    pub as_shot_neutral: Option<[f64; 3]>,
    /// AsShotWhiteXY: the alternative to it, CIE 1931 xy.
    pub as_shot_white_xy: Option<[f64; 2]>,
    /// BaselineExposure in stops. Noted, and applied only on request.
    pub baseline_exposure: Option<f64>,
}

/// The matrices of one calibration illuminant.
#[derive(Debug, Clone, PartialEq)]
pub struct Illuminant {
    /// CalibrationIlluminant: EXIF LightSource code.
    pub light_source: u16,
    /// ColorMatrix: XYZ to reference camera.
    pub color_matrix: Matrix3,
    /// CameraCalibration: reference camera to this camera; identity when absent.
    pub camera_calibration: Matrix3,
    /// ForwardMatrix: white-balanced camera to XYZ D50.
    pub forward_matrix: Option<Matrix3>,
}
