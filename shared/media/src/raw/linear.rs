//! Code values to linear light, white balance on the mosaic.

use rayon::prelude::*;

use super::{Cfa, Mosaic};
use crate::error::{Error, Result};

/// A plane of photosites as linear light: 0 at black, 1 at saturation of the channel that saturates first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Width in photosites.
    pub width: usize,
    /// Height in photosites.
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
    /// The pattern as it begins at the top left of this plane.
    pub cfa: Cfa,
}

/// Linearises the active area of a mosaic and multiplies each colour by its gain.
///
/// `gains` are for red, green and blue and at least 1, the smallest being 1: then 1 is the level at which the first
/// channel of a neutral saturates. With `clip` everything above it is cut there, so that highlights stay neutral.
/// Values below black stay negative: cutting noise there would tint the shadows.
///
/// Source: DNG 1.7 specification, chapter 5: table, black (pattern and deltas), then division by white less the largest
/// black of the picture, as the specification's reference code scales.
///
/// # Errors
/// [`Error::Invalid`] when the parts of the mosaic contradict each other.
pub fn linearise(mosaic: &Mosaic, gains: [f32; 3], clip: bool) -> Result<Plane> {
    check(mosaic)?;
    let area = mosaic.active;
    let levels = &mosaic.levels;
    let cfa = mosaic.cfa.shifted(area.left, area.top);
    let largest = |values: &[f32]| values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let delta = |values: &[f32]| if values.is_empty() { 0.0 } else { largest(values) };
    let most = largest(&levels.black) + delta(&levels.black_delta_h) + delta(&levels.black_delta_v);
    if !(levels.white > most && most.is_finite() && levels.white.is_finite()) {
        return Err(Error::invalid(format!("white level {} is not above black level {most}", levels.white)));
    }
    let scale = 1.0 / (levels.white - most);
    let [black_rows, black_columns] = levels.black_repeat;
    let table = levels.linearization.as_deref();
    let ceiling = if clip { 1.0 } else { f32::INFINITY };
    let mut values = vec![0f32; area.width * area.height];
    values.par_chunks_mut(area.width).enumerate().for_each(|(y, out)| {
        let start = (area.top + y) * mosaic.width + area.left;
        let codes = &mosaic.samples[start..start + area.width];
        let row_delta = levels.black_delta_v.get(y).copied().unwrap_or(0.0);
        let black_row = &levels.black[(y % black_rows) * black_columns..][..black_columns];
        let row_gains = [gains[cfa.color_at(0, y)] * scale, gains[cfa.color_at(1, y)] * scale];
        for (x, (out, &code)) in out.iter_mut().zip(codes).enumerate() {
            let code = match table {
                Some(table) => table.get(usize::from(code)).or(table.last()).copied().unwrap_or(code),
                None => code,
            };
            let black = black_row[x % black_columns] + levels.black_delta_h.get(x).copied().unwrap_or(0.0) + row_delta;
            *out = ((f32::from(code) - black) * row_gains[x & 1]).min(ceiling);
        }
    });
    Ok(Plane { width: area.width, height: area.height, values, cfa })
}

fn check(mosaic: &Mosaic) -> Result<()> {
    let area = mosaic.active;
    let inside = area.left.checked_add(area.width).is_some_and(|right| right <= mosaic.width)
        && area.top.checked_add(area.height).is_some_and(|bottom| bottom <= mosaic.height);
    if !inside || area.width == 0 || area.height == 0 {
        return Err(Error::invalid("the active area is not inside the stored picture"));
    }
    if mosaic.width.checked_mul(mosaic.height) != Some(mosaic.samples.len()) {
        return Err(Error::invalid("the number of samples is not width times height"));
    }
    let [rows, columns] = mosaic.levels.black_repeat;
    if rows == 0 || columns == 0 || rows.checked_mul(columns) != Some(mosaic.levels.black.len()) {
        return Err(Error::invalid("the black levels are not as many as their pattern says"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Levels, Rect};
    use super::*;
    use crate::color::Calibration;

    fn mosaic(samples: Vec<u16>) -> Mosaic {
        Mosaic {
            width: 4,
            height: 2,
            samples,
            cfa: Cfa::Rggb,
            active: Rect { left: 1, top: 0, width: 2, height: 2 },
            levels: Levels {
                linearization: None,
                black: vec![10.0, 20.0],
                black_repeat: [1, 2],
                black_delta_h: vec![],
                black_delta_v: vec![],
                white: 120.0,
            },
            color: Calibration::default(),
        }
    }

    #[test]
    fn black_repeats_from_the_active_area_and_noise_below_it_stays_negative() {
        let plane = linearise(&mosaic(vec![0, 5, 70, 0, 0, 110, 120, 0]), [1.0; 3], false).unwrap();
        // (5-10)/100, (70-20)/100, (110-10)/100, (120-20)/100
        for (value, expected) in plane.values.iter().zip([-0.05, 0.5, 1.0, 1.0]) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
        assert_eq!(plane.cfa, Cfa::Grbg);
    }

    #[test]
    fn gains_follow_the_colour_and_clip_cuts_at_one() {
        // Active area of RGGB from column 1: G R / B G.
        let plane = linearise(&mosaic(vec![0, 60, 70, 0, 0, 60, 70, 0]), [2.0, 1.0, 3.0], true).unwrap();
        assert_eq!(plane.values, [0.5, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn a_table_replaces_codes_and_its_last_entry_holds_beyond_its_end() {
        let mut mosaic = mosaic(vec![0, 1, 9, 0, 0, 0, 0, 0]);
        mosaic.levels.linearization = Some(vec![10, 60, 120]);
        assert_eq!(linearise(&mosaic, [1.0; 3], false).unwrap().values[..2], [0.5, 1.0]);
    }

    #[test]
    fn contradictions_are_invalid() {
        let mut white = mosaic(vec![0; 8]);
        white.levels.white = 15.0;
        assert!(linearise(&white, [1.0; 3], false).is_err());
        let mut area = mosaic(vec![0; 8]);
        area.active.width = usize::MAX;
        assert!(linearise(&area, [1.0; 3], false).is_err());
        let mut black = mosaic(vec![0; 8]);
        black.levels.black_repeat = [0, 2];
        assert!(linearise(&black, [1.0; 3], false).is_err());
    }
}
