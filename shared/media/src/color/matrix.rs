//! 3x3 matrices and chromatic adaptation, in double precision.

use rayon::prelude::*;

use super::Matrix3;
use crate::{
    error::{Error, Result},
    raw::Rgb,
};

/// The matrix that leaves everything as it is.
pub(crate) const IDENTITY: Matrix3 = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// `a` after `b`.
pub fn multiply(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// A matrix times a column.
pub(crate) fn transform(m: &Matrix3, v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2])
}

/// The matrix with these on its diagonal.
pub(crate) fn diagonal(d: [f64; 3]) -> Matrix3 {
    [[d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, d[2]]]
}

/// The inverse.
///
/// # Errors
/// [`Error::Invalid`] when there is none, or when a number is not finite.
pub fn inverse(m: &Matrix3) -> Result<Matrix3> {
    let cofactor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
    let size = m.iter().flatten().map(|v| v.abs()).fold(0.0, f64::max);
    if !determinant.is_finite() || determinant.abs() <= 1e-12 * size.powi(3) || size == 0.0 {
        return Err(Error::invalid("a colour matrix cannot be inverted"));
    }
    Ok(std::array::from_fn(|i| std::array::from_fn(|j| cofactor(j, i) / determinant)))
}

/// XYZ of a chromaticity, with Y = 1.
pub(crate) fn xyz_of([x, y]: [f64; 2]) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

/// Bradford adaptation of XYZ from one white (CIE 1931 xy) to another. Source: ICC.1:2010, annex E.
pub fn adapt(from: [f64; 2], to: [f64; 2]) -> Matrix3 {
    const BRADFORD: Matrix3 = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let (a, b) = (transform(&BRADFORD, xyz_of(from)), transform(&BRADFORD, xyz_of(to)));
    let scale = diagonal(std::array::from_fn(|i| b[i] / a[i]));
    // Bradford's own matrix always has an inverse.
    inverse(&BRADFORD).map_or(IDENTITY, |back| multiply(&back, &multiply(&scale, &BRADFORD)))
}

/// Multiplies every pixel by a matrix, in place. Single precision, the same operations in the same order on every
/// machine: no fused multiply-add, whatever the processor has.
pub fn apply(m: &Matrix3, rgb: &mut Rgb) {
    const CHUNK: usize = 1 << 14;
    let m: [[f32; 3]; 3] = m.map(|row| row.map(|v| v as f32));
    let [red, green, blue] = &mut rgb.planes;
    (red.par_chunks_mut(CHUNK), green.par_chunks_mut(CHUNK), blue.par_chunks_mut(CHUNK)).into_par_iter().for_each(
        |(red, green, blue)| {
            for ((r, g), b) in red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut()) {
                let v = [*r, *g, *b];
                *r = m[0][0] * v[0] + m[0][1] * v[1] + m[0][2] * v[2];
                *g = m[1][0] * v[0] + m[1][1] * v[1] + m[1][2] * v[2];
                *b = m[2][0] * v[0] + m[2][1] * v[1] + m[2][2] * v[2];
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        let m = [[2.0, 1.0, 0.5], [0.25, 3.0, -1.0], [0.0, 0.5, 1.5]];
        let product = multiply(&m, &inverse(&m).unwrap());
        for (i, row) in product.iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        assert!(inverse(&[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]]).is_err());
        assert!(inverse(&[[f64::NAN; 3]; 3]).is_err());
    }

    #[test]
    fn adaptation_from_d65_to_d50_is_the_published_matrix() {
        // Lindbloom, "Chromatic Adaptation", Bradford, D65 to D50, with the ASTM E308 whites.
        let whites = |xyz: [f64; 3]| [xyz[0] / xyz.iter().sum::<f64>(), xyz[1] / xyz.iter().sum::<f64>()];
        let m = adapt(whites([0.95047, 1.0, 1.08883]), whites([0.96422, 1.0, 0.82521]));
        let published = [
            [1.047_811_2, 0.022_886_6, -0.050_127_0],
            [0.029_542_4, 0.990_484_4, -0.017_049_1],
            [-0.009_234_5, 0.015_043_6, 0.752_131_6],
        ];
        for (row, expected) in m.iter().zip(published) {
            for (v, e) in row.iter().zip(expected) {
                assert!((v - e).abs() < 1e-6, "{v} {e}");
            }
        }
    }
}
