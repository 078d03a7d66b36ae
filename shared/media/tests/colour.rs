//! The colour of a real camera frame, against what LibRaw makes of it.

use std::{env, path::PathBuf};

use platefleet_media::{
    camera::recognise,
    clip::Metadata,
    exr,
    plate::{FrameTiming, Recipe, render_frame},
    raw::{Debayer, Mosaic},
    source::File,
};

/// A Canon 550D's picture of a ColorChecker; none, and said aloud, where the reference data is not there.
fn color_chart() -> Option<Mosaic> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path =
        env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples/dng/colorchart.dng");
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", path.display());
        return None;
    }
    let file = File::open(&path).expect("a file that is there opens");
    Some(recognise("colorchart.dng", &file).and_then(|format| format.decode(&file, 0)).expect("an uncompressed DNG"))
}

/// The mean over 20x20 pixels around a place of the picture of half size, ACES2065-1.
fn patches(mosaic: &Mosaic, at: impl IntoIterator<Item = [usize; 2]>) -> Vec<[f64; 3]> {
    let recipe = Recipe { debayer: Debayer::Half, ..Recipe::default() };
    let timing = FrameTiming { number: 1, timecode: None, rate: None };
    let plate = render_frame(&recipe, None, &Metadata::default(), mosaic, &timing);
    let (rgb, _) = plate.and_then(|plate| exr::read(&plate.bytes)).expect("a plate that reads back");
    assert_eq!((rgb.width, rgb.height), (867, 578));
    let mean = |[x, y]: [usize; 2]| {
        [0, 1, 2].map(|c| {
            let rows = (y - 10..y + 10).map(|y| &rgb.planes[c][y * rgb.width + x - 10..][..20]);
            rows.flatten().map(|v| f64::from(*v)).sum::<f64>() / 400.0
        })
    };
    at.into_iter().map(mean).collect()
}

/// Where a patch is, and its ACES2065-1 by LibRaw 0.22 (rawpy 0.28: half_size, gamma 1, no_auto_bright, output XYZ, then
/// Bradford from D65 to the ACES white) when D65 is neutral; infra/conformance/colour.py computes them.
const BY_LIBRAW: [([usize; 2], [f64; 3]); 10] = [
    ([411, 312], [0.067_281, 0.035_238, 0.012_812]), // light skin
    ([464, 312], [0.024_179, 0.021_175, 0.016_459]), // blue sky
    ([572, 312], [0.038_161, 0.024_599, 0.020_852]), // blue flower
    ([626, 312], [0.045_407, 0.048_300, 0.023_173]), // bluish green
    ([411, 360], [0.016_165, 0.012_899, 0.018_911]), // purplish blue
    ([464, 360], [0.055_123, 0.017_307, 0.005_883]), // moderate red
    ([572, 411], [0.053_685, 0.017_299, 0.013_682]), // magenta
    ([626, 411], [0.018_544, 0.023_697, 0.020_662]), // cyan
    ([357, 464], [0.138_782, 0.097_913, 0.045_019]), // white
    ([464, 464], [0.055_575, 0.040_075, 0.019_109]), // neutral 6.5
];

#[test]
fn under_d65_the_colour_of_a_photograph_is_that_of_libraw() {
    let Some(mut mosaic) = color_chart() else { return };
    // What this camera's matrix makes of D65. Under another light LibRaw and the DNG specification differ by design: it
    // scales camera channels until the neutral is D65's, the specification adapts from the white of the scene.
    mosaic.color.as_shot_neutral = Some([0.377_209, 1.0, 0.720_084]);
    let found = patches(&mosaic, BY_LIBRAW.map(|(at, _)| at));
    for (found, (at, expected)) in found.iter().zip(BY_LIBRAW) {
        for (found, expected) in found.iter().zip(expected) {
            // LibRaw cuts to whole 1/65535 three times on the way.
            let tolerance = 0.001 * expected + 3.0 / 65_535.0;
            assert!((found - expected).abs() < tolerance, "{at:?}: {found} {expected}");
        }
    }
}

/// The means of the same places as shot, by the steps of the DNG 1.7 specification's chapter 6 in NumPy over the raw values
/// that rawpy reads; infra/conformance/colour.py computes them.
const AS_SHOT: [[f64; 3]; 3] =
    [[0.063_057, 0.033_150, 0.016_449], [0.023_427, 0.020_215, 0.021_254], [0.036_659, 0.023_537, 0.027_001]];

#[test]
fn as_shot_the_colour_of_a_photograph_follows_the_dng_specification() {
    let Some(mosaic) = color_chart() else { return };
    let found = patches(&mosaic, BY_LIBRAW.map(|(at, _)| at));
    for (found, expected) in found.iter().flatten().zip(AS_SHOT.iter().flatten()) {
        // Half has 11 bits.
        assert!((found / expected - 1.0).abs() < 0.000_5, "{found} {expected}");
    }
}
