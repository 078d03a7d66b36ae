//! What a DNG file says about the colour of its camera.

use super::{directories::Directories, tags};
use crate::{
    camera::tiff::Tag,
    color::{Calibration, Illuminant, Matrix3},
    error::Result,
};

/// The tags of a calibration illuminant: light source, color, calibration and forward matrix.
const SETS: [[Tag; 4]; 2] = [
    [tags::CALIBRATION_ILLUMINANT_1, tags::COLOR_MATRIX_1, tags::CAMERA_CALIBRATION_1, tags::FORWARD_MATRIX_1],
    [tags::CALIBRATION_ILLUMINANT_2, tags::COLOR_MATRIX_2, tags::CAMERA_CALIBRATION_2, tags::FORWARD_MATRIX_2],
];

/// Reads matrices, balance and as-shot neutral.
///
/// # Errors
/// [`crate::Error::Invalid`] when a value has the wrong shape or is not finite or, for a neutral or balance, not above 0;
/// [`crate::Error::Unsupported`] for cameras of more or fewer than three colours.
pub(super) fn calibration(dng: &Directories<'_>) -> Result<Calibration> {
    let mut illuminants = Vec::new();
    let calibrated = is_calibrated_for_profile(dng)?;
    for [light_source, color, calibration, forward] in SETS {
        let Some(color_matrix) = matrix(dng, color)? else { continue };
        let light_source = dng.integer(dng.anywhere(light_source), light_source)?.unwrap_or(0);
        let camera_calibration = if calibrated { matrix(dng, calibration)? } else { None };
        illuminants.push(Illuminant {
            light_source: u16::try_from(light_source).unwrap_or(0),
            color_matrix,
            camera_calibration: camera_calibration.unwrap_or(IDENTITY),
            forward_matrix: matrix(dng, forward)?,
        });
    }
    Ok(Calibration {
        illuminants,
        analog_balance: positive(dng, tags::ANALOG_BALANCE)?,
        as_shot_neutral: positive(dng, tags::AS_SHOT_NEUTRAL)?,
        as_shot_white_xy: positive(dng, tags::AS_SHOT_WHITE_XY)?,
        baseline_exposure: baseline_exposure(dng)?,
    })
}

/// BaselineExposure in stops; converters of Canon frames write 0/0, which says nothing.
fn baseline_exposure(dng: &Directories<'_>) -> Result<Option<f64>> {
    let tag = tags::BASELINE_EXPOSURE;
    let stops = dng.anywhere(tag).map(|entry| dng.tiff.numbers(entry, tag, 1)).transpose()?;
    Ok(stops.and_then(|s| s.first().copied()).filter(|s| s.is_finite()))
}

const IDENTITY: Matrix3 = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// CameraCalibration counts only when its signature is that of the profile (DNG 1.7, CameraCalibrationSignature);
/// both are empty when absent.
fn is_calibrated_for_profile(dng: &Directories<'_>) -> Result<bool> {
    let text = |tag: Tag| dng.anywhere(tag).map_or(Ok(String::new()), |entry| dng.tiff.text(entry, tag, 256));
    Ok(text(tags::CAMERA_CALIBRATION_SIGNATURE)? == text(tags::PROFILE_CALIBRATION_SIGNATURE)?)
}

fn matrix(dng: &Directories<'_>, tag: Tag) -> Result<Option<Matrix3>> {
    let Some(n) = dng.numbers(dng.anywhere(tag), tag, 16)? else { return Ok(None) };
    match n[..] {
        [a, b, c, d, e, f, g, h, i] => Ok(Some([[a, b, c], [d, e, f], [g, h, i]])),
        _ => Err(dng.unsupported(tag, format!("a camera of other than three colours ({} matrix values)", n.len()))),
    }
}

fn positive<const N: usize>(dng: &Directories<'_>, tag: Tag) -> Result<Option<[f64; N]>> {
    let values: Option<[f64; N]> = dng.array(dng.anywhere(tag), tag)?;
    match values.iter().flatten().find(|v| **v <= 0.0) {
        Some(bad) => Err(dng.problem(tag, format!("{bad} is not above 0"))),
        None => Ok(values),
    }
}
