//! Camera colour as DNG files describe it (DNG 1.7 specification, chapter 6).
//!
//! The scale of the result: 1.0 is the light that saturates the first channel of a neutral. BaselineExposure is a wish of
//! the camera's maker for developed pictures, not a measurement, and is left to an explicit exposure.

use super::{
    Calibration, Gamut, Illuminant, Matrix3,
    matrix::{self, diagonal, transform, xyz_of},
    temperature,
};
use crate::error::{Error, Result};

/// CIE 1931 xy of D50 as the ICC's profile connection space has it (XYZ 0.9642, 1, 0.8249), which forward matrices map to.
const D50: [f64; 2] = [0.9642 / 2.7891, 1.0 / 2.7891];

/// What is to be neutral.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WhiteBalance {
    /// What the camera noted.
    AsShot,
    /// A colour temperature on the Planckian locus, 1,000 to 40,000 K, and a tint off it.
    Kelvin {
        /// Kelvin.
        kelvin: f64,
        /// Positive is towards magenta.
        tint: f64,
    },
}

/// A camera under a chosen white balance.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Gains for red, green and blue of the mosaic: at least 1, the smallest being 1.
    pub gains: [f32; 3],
    /// White-balanced camera RGB to linear RGB of the gamut.
    pub to_gamut: Matrix3,
    /// Where the colour comes from, in words for a header.
    pub basis: String,
}

impl Camera {
    /// Of a calibration, for a gamut.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the file has no colour matrix, or no white balance when as shot is asked for;
    /// [`Error::Invalid`] when its numbers make no sense.
    pub fn new(calibration: &Calibration, balance: WhiteBalance, gamut: &Gamut) -> Result<Self> {
        let [first, second] = illuminants(calibration)?;
        let analog = calibration.analog_balance.unwrap_or([1.0; 3]);
        check("AnalogBalance", &analog)?;
        let blend = |xy: [f64; 2]| Blend::at(first, second, analog, xy);
        let (white, how) = white_of(calibration, balance, &blend)?;
        let blended = blend(white);
        let neutral = transform(&blended.xyz_to_camera(), xyz_of(white));
        check("the camera's neutral", &neutral)?;
        let largest = neutral.iter().copied().fold(0.0, f64::max);
        let neutral = neutral.map(|n| n / largest);
        let to_gamut = if let Some(forward) = &blended.forward {
            // FM maps white-balanced reference camera to XYZ D50.
            let reference = matrix::inverse(&matrix::multiply(&diagonal(analog), &blended.calibration))?;
            let balanced = transform(&reference, neutral);
            check("the reference camera's neutral", &balanced)?;
            let to_d50 = [forward, &diagonal(balanced.map(|v| 1.0 / v)), &reference, &diagonal(neutral)]
                .into_iter()
                .fold(matrix::IDENTITY, |m, next| matrix::multiply(&m, next));
            matrix::multiply(&gamut.from_xyz(D50), &to_d50)
        } else {
            let to_xyz = matrix::multiply(&matrix::inverse(&blended.xyz_to_camera())?, &diagonal(neutral));
            let luminance = transform(&to_xyz, [1.0; 3])[1];
            check("the luminance of white", &[luminance; 3])?;
            let to_xyz = to_xyz.map(|row| row.map(|v| v / luminance));
            matrix::multiply(&gamut.from_xyz(white), &to_xyz)
        };
        if !to_gamut.iter().flatten().all(|v| v.is_finite()) {
            return Err(Error::invalid("the camera's colour matrices make no finite result"));
        }
        let count = calibration.illuminants.len().min(2);
        let kind = if blended.forward.is_some() { "forward" } else { "colour" };
        let plural = if count == 1 { "illuminant" } else { "illuminants" };
        Ok(Self {
            gains: neutral.map(|n| (1.0 / n) as f32),
            to_gamut,
            basis: format!("DNG {kind} matrix, {count} {plural}, {how}"),
        })
    }
}

fn check(what: &str, values: &[f64; 3]) -> Result<()> {
    if values.iter().all(|v| v.is_finite() && *v > 1e-6 && *v < 1e6) {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} is {values:?}, which is no light")))
}

fn illuminants(calibration: &Calibration) -> Result<[&Illuminant; 2]> {
    match calibration.illuminants.as_slice() {
        [] => Err(Error::unsupported("a picture without a ColorMatrix").in_field("ColorMatrix1")),
        [one] => Ok([one, one]),
        [one, two, ..] => Ok([one, two]),
    }
}

/// The white of the scene, CIE 1931 xy, and in words where it comes from.
fn white_of(
    calibration: &Calibration,
    balance: WhiteBalance,
    blend: &dyn Fn([f64; 2]) -> Blend,
) -> Result<([f64; 2], String)> {
    match balance {
        WhiteBalance::Kelvin { kelvin, tint } => {
            if !temperature::RANGE.contains(&kelvin) || !tint.is_finite() || tint.abs() > 150.0 {
                return Err(Error::invalid(format!("white balance {kelvin} K, tint {tint} is out of range")));
            }
            Ok((temperature::xy_of_temperature(kelvin, tint), format!("white balance {kelvin} K tint {tint}")))
        }
        WhiteBalance::AsShot => match (calibration.as_shot_neutral, calibration.as_shot_white_xy) {
            (Some(neutral), _) => {
                check("AsShotNeutral", &neutral)?;
                Ok((neutral_to_xy(neutral, blend)?, "as-shot neutral".into()))
            }
            (None, Some(xy)) if xy.iter().all(|v| v.is_finite() && *v > 0.0 && *v < 1.0) => {
                Ok((xy, "as-shot white".into()))
            }
            (None, Some(xy)) => Err(Error::invalid(format!("AsShotWhiteXY is {xy:?}"))),
            (None, None) => {
                Err(Error::unsupported("white balance as shot in a picture that notes none").in_field("AsShotNeutral"))
            }
        },
    }
}

/// Finds the white whose camera neutral is this one. Source: DNG 1.7 specification, "Translating Camera Neutral
/// Coordinates to White Balance xy Coordinates": begin at D50, interpolate there, and go where the neutral leads.
fn neutral_to_xy(neutral: [f64; 3], blend: &dyn Fn([f64; 2]) -> Blend) -> Result<[f64; 2]> {
    const ROUNDS: usize = 30;
    let mut last = D50;
    for round in 0..ROUNDS {
        let xyz = transform(&matrix::inverse(&blend(last).xyz_to_camera())?, neutral);
        let sum: f64 = xyz.iter().sum();
        let next = [xyz[0] / sum, xyz[1] / sum];
        if !next.iter().all(|v| v.is_finite()) || next[1] <= 0.0 {
            return Err(Error::invalid(format!("the neutral {neutral:?} is no light under the camera's matrices")));
        }
        if (next[0] - last[0]).abs() + (next[1] - last[1]).abs() < 1e-7 {
            return Ok(next);
        }
        // Two points that lead to each other: their middle is as good as either.
        last =
            if round + 1 == ROUNDS { [f64::midpoint(last[0], next[0]), f64::midpoint(last[1], next[1])] } else { next };
    }
    Ok(last)
}

/// The matrices of two illuminants, interpolated in reciprocal temperature.
struct Blend {
    color: Matrix3,
    calibration: Matrix3,
    forward: Option<Matrix3>,
    analog: [f64; 3],
}

impl Blend {
    fn at(first: &Illuminant, second: &Illuminant, analog: [f64; 3], xy: [f64; 2]) -> Self {
        let kelvins = [first, second].map(|i| temperature::kelvin_of_light_source(i.light_source));
        let weight = match kelvins {
            [Some(a), Some(b)] if (a - b).abs() > 1.0 => {
                let kelvin = temperature::temperature_of(xy);
                ((1.0 / kelvin - 1.0 / b) / (1.0 / a - 1.0 / b)).clamp(0.0, 1.0)
            }
            _ => 1.0,
        };
        let mix = |a: &Matrix3, b: &Matrix3| -> Matrix3 {
            std::array::from_fn(|i| std::array::from_fn(|j| weight * a[i][j] + (1.0 - weight) * b[i][j]))
        };
        Self {
            color: mix(&first.color_matrix, &second.color_matrix),
            calibration: mix(&first.camera_calibration, &second.camera_calibration),
            forward: match (&first.forward_matrix, &second.forward_matrix) {
                (Some(a), Some(b)) => Some(mix(a, b)),
                (Some(only), None) | (None, Some(only)) => Some(*only),
                (None, None) => None,
            },
            analog,
        }
    }

    /// AB CC CM.
    fn xyz_to_camera(&self) -> Matrix3 {
        matrix::multiply(&diagonal(self.analog), &matrix::multiply(&self.calibration, &self.color))
    }
}

#[cfg(test)]
mod tests {
    use super::super::AP0;
    use super::*;

    /// A made-up camera: XYZ to camera at D65 and at illuminant A.
    const CM65: Matrix3 = [[0.9, -0.3, -0.1], [-0.4, 1.2, 0.2], [-0.05, 0.15, 0.6]];
    const CMA: Matrix3 = [[1.0, -0.35, -0.05], [-0.45, 1.25, 0.25], [-0.02, 0.1, 0.55]];

    fn illuminant(light_source: u16, color_matrix: Matrix3) -> Illuminant {
        Illuminant { light_source, color_matrix, camera_calibration: matrix::IDENTITY, forward_matrix: None }
    }

    fn calibration(white: [f64; 2], illuminants: Vec<Illuminant>, at_white: &Matrix3) -> Calibration {
        let neutral = transform(at_white, xyz_of(white));
        Calibration { illuminants, as_shot_neutral: Some(neutral.map(|n| n / neutral[1])), ..Calibration::default() }
    }

    #[test]
    fn the_neutral_of_a_white_leads_back_to_that_white_and_to_neutral() {
        let d65 = [0.312_72, 0.329_03];
        let one = calibration(d65, vec![illuminant(21, CM65)], &CM65);
        let camera = Camera::new(&one, WhiteBalance::AsShot, &AP0).unwrap();
        let white = transform(&camera.to_gamut, [1.0; 3]);
        assert!(white.iter().all(|v| (v - 1.0).abs() < 1e-6), "{white:?}");
        assert!((camera.gains.iter().copied().fold(f32::MAX, f32::min) - 1.0).abs() < 1e-6);
        assert_eq!(camera.basis, "DNG colour matrix, 1 illuminant, as-shot neutral");
    }

    #[test]
    fn a_colour_comes_back_through_the_matrix_that_took_it() {
        // Camera RGB of an XYZ under D65 by the very matrix: the result, adapted from D65 to the ACES white, is that XYZ.
        let d65 = [0.312_72, 0.329_03];
        let camera =
            Camera::new(&calibration(d65, vec![illuminant(21, CM65)], &CM65), WhiteBalance::AsShot, &AP0).unwrap();
        let neutral = transform(&CM65, xyz_of(d65));
        let largest = neutral.iter().copied().fold(0.0, f64::max);
        let xyz = [0.2, 0.3, 0.1];
        let raw = transform(&CM65, xyz).map(|v| v / largest);
        let balanced = std::array::from_fn(|i| raw[i] * f64::from(camera.gains[i]));
        let expected = transform(&AP0.from_xyz(d65), xyz);
        for (v, e) in transform(&camera.to_gamut, balanced).iter().zip(expected) {
            assert!((v - e).abs() < 1e-6, "{v} {e}");
        }
    }

    #[test]
    fn two_illuminants_are_interpolated_in_reciprocal_temperature() {
        // Half-way in 1/T between 2856 and 6504 K.
        let kelvin = 2.0 / (1.0 / 2_856.0 + 1.0 / 6_504.0);
        let xy = temperature::xy_of_temperature(kelvin, 0.0);
        let (a, d65) = (illuminant(17, CMA), illuminant(21, CM65));
        let blend = Blend::at(&a, &d65, [1.0; 3], xy);
        for i in 0..3 {
            for j in 0..3 {
                assert!((blend.color[i][j] - f64::midpoint(CMA[i][j], CM65[i][j])).abs() < 1e-3);
            }
        }
        // Beyond the ends there is no extrapolation.
        assert_eq!(Blend::at(&a, &d65, [1.0; 3], temperature::xy_of_temperature(2_000.0, 0.0)).color, CMA);
    }

    #[test]
    fn a_picture_without_matrices_or_white_is_refused_by_name() {
        let none = Camera::new(&Calibration::default(), WhiteBalance::AsShot, &AP0).unwrap_err();
        assert_eq!(none.to_string(), "ColorMatrix1: a picture without a ColorMatrix is not supported");
        let bare = Calibration { illuminants: vec![illuminant(21, CM65)], ..Calibration::default() };
        assert_eq!(Camera::new(&bare, WhiteBalance::AsShot, &AP0).unwrap_err().kind(), "unsupported");
        assert!(Camera::new(&bare, WhiteBalance::Kelvin { kelvin: 5_600.0, tint: 0.0 }, &AP0).is_ok());
        let dark = Calibration { as_shot_neutral: Some([0.0, 1.0, 1.0]), ..bare };
        assert_eq!(Camera::new(&dark, WhiteBalance::AsShot, &AP0).unwrap_err().kind(), "invalid");
    }
}
