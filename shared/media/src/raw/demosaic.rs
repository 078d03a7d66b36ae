//! Mosaic to three planes.
//!
//! `Quality` is the linear 5x5 interpolation of Malvar, He and Cutler ("High-quality linear interpolation for demosaicing
//! of Bayer-patterned color images", ICASSP 2004); `Fast` is bilinear; `Half` makes one pixel of each 2x2 cell. Borders
//! mirror about the edge photosite, which keeps the phase of the pattern.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Plane, Rgb};

/// How the missing colours are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Debayer {
    /// Malvar, He and Cutler.
    #[default]
    Quality,
    /// Bilinear.
    Fast,
    /// One pixel for each 2x2 cell: half the size, no interpolation.
    Half,
}

/// Finds red, green and blue at every photosite (or of every cell, for [`Debayer::Half`]). The result does not depend on
/// the number of threads.
pub fn demosaic(plane: &Plane, method: Debayer) -> Rgb {
    match method {
        Debayer::Quality => interpolate(plane, &MALVAR),
        Debayer::Fast => interpolate(plane, &BILINEAR),
        Debayer::Half => half(plane),
    }
}

/// Weights of a 5x5 neighbourhood, in eighths, for a colour that is missing at a photosite: by where that colour stands.
struct Kernels {
    /// Green at a red or blue photosite.
    green: [f32; 25],
    /// Red or blue at green, when it stands left and right.
    beside: [f32; 25],
    /// Red or blue at green, when it stands above and below.
    above: [f32; 25],
    /// Red at blue, or blue at red.
    across: [f32; 25],
}

#[rustfmt::skip]
const MALVAR: Kernels = Kernels {
    green: [
         0.0, 0.0, -1.0, 0.0,  0.0,
         0.0, 0.0,  2.0, 0.0,  0.0,
        -1.0, 2.0,  4.0, 2.0, -1.0,
         0.0, 0.0,  2.0, 0.0,  0.0,
         0.0, 0.0, -1.0, 0.0,  0.0,
    ],
    beside: [
         0.0,  0.0, 0.5,  0.0,  0.0,
         0.0, -1.0, 0.0, -1.0,  0.0,
        -1.0,  4.0, 5.0,  4.0, -1.0,
         0.0, -1.0, 0.0, -1.0,  0.0,
         0.0,  0.0, 0.5,  0.0,  0.0,
    ],
    above: [
        0.0,  0.0, -1.0,  0.0, 0.0,
        0.0, -1.0,  4.0, -1.0, 0.0,
        0.5,  0.0,  5.0,  0.0, 0.5,
        0.0, -1.0,  4.0, -1.0, 0.0,
        0.0,  0.0, -1.0,  0.0, 0.0,
    ],
    across: [
         0.0, 0.0, -1.5, 0.0,  0.0,
         0.0, 2.0,  0.0, 2.0,  0.0,
        -1.5, 0.0,  6.0, 0.0, -1.5,
         0.0, 2.0,  0.0, 2.0,  0.0,
         0.0, 0.0, -1.5, 0.0,  0.0,
    ],
};

#[rustfmt::skip]
const BILINEAR: Kernels = Kernels {
    green: [
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.0, 2.0, 0.0, 0.0,
        0.0, 2.0, 0.0, 2.0, 0.0,
        0.0, 0.0, 2.0, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
    ],
    beside: [
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 4.0, 0.0, 4.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
    ],
    above: [
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.0, 4.0, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.0, 4.0, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
    ],
    across: [
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 2.0, 0.0, 2.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, 2.0, 0.0, 2.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0,
    ],
};

/// Reflects an index about the first and last photosite, which keeps its parity.
fn mirror(i: isize, len: usize) -> usize {
    if len == 1 {
        return 0;
    }
    let period = 2 * (len as isize - 1);
    let i = i.rem_euclid(period);
    (if i < len as isize { i } else { period - i }) as usize
}

/// Rows `y - 2 ..= y + 2` with two mirrored photosites at either end.
fn neighbourhood(plane: &Plane, y: usize, rows: &mut [Vec<f32>; 5]) {
    for (k, row) in rows.iter_mut().enumerate() {
        let source = mirror(y as isize + k as isize - 2, plane.height) * plane.width;
        let source = &plane.values[source..source + plane.width];
        row.clear();
        row.extend([source[mirror(-2, plane.width)], source[mirror(-1, plane.width)]]);
        row.extend_from_slice(source);
        let end = plane.width as isize;
        row.extend([source[mirror(end, plane.width)], source[mirror(end + 1, plane.width)]]);
    }
}

fn apply(kernel: &[f32; 25], rows: &[Vec<f32>; 5], x: usize) -> f32 {
    let mut sum = 0.0;
    for (row, weights) in rows.iter().zip(kernel.chunks_exact(5)) {
        for (value, weight) in row[x..x + 5].iter().zip(weights) {
            sum += value * weight;
        }
    }
    sum * 0.125
}

fn interpolate(plane: &Plane, kernels: &Kernels) -> Rgb {
    let (width, height) = (plane.width, plane.height);
    let mut planes = [vec![0f32; width * height], vec![0f32; width * height], vec![0f32; width * height]];
    let [red, green, blue] = &mut planes;
    (red.par_chunks_mut(width), green.par_chunks_mut(width), blue.par_chunks_mut(width))
        .into_par_iter()
        .enumerate()
        .for_each_init(<[Vec<f32>; 5]>::default, |rows, (y, (red, green, blue))| {
            neighbourhood(plane, y, rows);
            let out = [red, green, blue];
            // The colour that shares this row with green.
            let beside =
                if plane.cfa.color_at(0, y) == 1 { plane.cfa.color_at(1, y) } else { plane.cfa.color_at(0, y) };
            for start in 0..2 {
                let here = plane.cfa.color_at(start, y);
                for x in (start..width).step_by(2) {
                    let value = rows[2][x + 2];
                    if here == 1 {
                        out[1][x] = value;
                        out[beside][x] = apply(&kernels.beside, rows, x);
                        out[2 - beside][x] = apply(&kernels.above, rows, x);
                    } else {
                        out[here][x] = value;
                        out[1][x] = apply(&kernels.green, rows, x);
                        out[2 - here][x] = apply(&kernels.across, rows, x);
                    }
                }
            }
        });
    Rgb { width, height, planes }
}

fn half(plane: &Plane) -> Rgb {
    let (width, height) = ((plane.width / 2).max(1), (plane.height / 2).max(1));
    let mut planes = [vec![0f32; width * height], vec![0f32; width * height], vec![0f32; width * height]];
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = ([0f32; 3], [0f32; 3]);
            for i in 0..4 {
                let (px, py) = ((2 * x + (i & 1)).min(plane.width - 1), (2 * y + (i >> 1)).min(plane.height - 1));
                let color = plane.cfa.color_at(px, py);
                sum[color] += plane.values[py * plane.width + px];
                count[color] += 1.0;
            }
            for color in 0..3 {
                planes[color][y * width + x] = if count[color] > 0.0 { sum[color] / count[color] } else { 0.0 };
            }
        }
    }
    Rgb { width, height, planes }
}

#[cfg(test)]
mod tests {
    use super::super::Cfa;
    use super::*;

    const ALL: [Cfa; 4] = [Cfa::Rggb, Cfa::Grbg, Cfa::Gbrg, Cfa::Bggr];

    fn plane(width: usize, height: usize, cfa: Cfa, f: impl Fn(usize, usize, usize) -> f32) -> Plane {
        let values = (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                f(x, y, cfa.color_at(x, y))
            })
            .collect();
        Plane { width, height, values, cfa }
    }

    #[test]
    fn a_flat_colour_stays_that_colour_everywhere_in_every_phase_and_size() {
        for cfa in ALL {
            for (width, height) in [(2, 2), (3, 2), (5, 4), (8, 7)] {
                let flat = plane(width, height, cfa, |_, _, color| [0.25, 0.5, 0.75][color]);
                for method in [Debayer::Quality, Debayer::Fast, Debayer::Half] {
                    let rgb = demosaic(&flat, method);
                    for (color, expected) in [0.25, 0.5, 0.75].into_iter().enumerate() {
                        // Every kernel sums to 8 over its own colour and to 0 over the others.
                        let flat = rgb.planes[color].iter().all(|v| (v - expected).abs() < 1e-6);
                        assert!(flat, "{cfa:?} {width}x{height} {method:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_grey_ramp_is_exact_away_from_the_border() {
        for cfa in ALL {
            let ramp = plane(12, 10, cfa, |x, y, _| x as f32 * 3.0 + y as f32 * 2.0);
            for method in [Debayer::Quality, Debayer::Fast] {
                let rgb = demosaic(&ramp, method);
                for y in 2..8 {
                    for x in 2..10 {
                        let expected = x as f32 * 3.0 + y as f32 * 2.0;
                        assert!(rgb.planes.iter().all(|p| (p[y * 12 + x] - expected).abs() < 1e-4), "{cfa:?} {x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_measured_photosite_keeps_its_value() {
        for cfa in ALL {
            let noise = plane(9, 7, cfa, |x, y, _| ((x * 7919 + y * 104_729) % 97) as f32);
            for method in [Debayer::Quality, Debayer::Fast] {
                let rgb = demosaic(&noise, method);
                for (i, value) in noise.values.iter().enumerate() {
                    assert_eq!(rgb.planes[cfa.color_at(i % 9, i / 9)][i].to_bits(), value.to_bits());
                }
            }
        }
    }

    #[test]
    fn an_impulse_spreads_as_the_paper_says() {
        // One red photosite of 8 in the middle of an RGGB picture: green beside it gets 2, red at green beside it 4,
        // blue at it -(-6) ... the kernels in eighths.
        let mut impulse = plane(12, 12, Cfa::Rggb, |_, _, _| 0.0);
        impulse.values[6 * 12 + 6] = 8.0;
        let rgb = demosaic(&impulse, Debayer::Quality);
        let at = |color: usize, x: usize, y: usize| rgb.planes[color][y * 12 + x];
        assert_eq!((at(0, 6, 6), at(1, 6, 6), at(2, 6, 6)), (8.0, 4.0, 6.0));
        assert_eq!((at(0, 7, 6), at(0, 6, 7), at(0, 7, 7)), (4.0, 4.0, 2.0));
        assert_eq!((at(1, 8, 6), at(2, 8, 6)), (-1.0, -1.5));
    }

    #[test]
    fn the_smallest_planes_do_not_panic() {
        for (width, height) in [(1, 1), (1, 2), (2, 1), (1, 5), (3, 1)] {
            for method in [Debayer::Quality, Debayer::Fast, Debayer::Half] {
                let rgb = demosaic(&plane(width, height, Cfa::Gbrg, |_, _, _| 1.0), method);
                assert_eq!(rgb.planes[1].len(), rgb.width * rgb.height);
            }
        }
    }
}
