//! The camera: scene light to code values.

use platefleet_media::{color::Matrix3, raw::Cfa};

/// ForwardMatrix of the camera: white-balanced camera RGB to XYZ D50, rows adding up to the D50 white of ICC profiles
/// (0.9642, 1, 0.8249). Its crosstalk is that of an ordinary CMOS sensor. Written to the file as these very numbers.
pub(crate) const FORWARD: Matrix3 = [[0.6876, 0.1866, 0.0900], [0.2548, 0.7904, -0.0452], [0.0152, -0.1276, 0.9373]];

/// AsShotNeutral: what the sensor gives for a neutral under the light of the scene, D55.
pub(crate) const NEUTRAL: [f64; 3] = [0.4731, 1.0, 0.6504];

/// EXIF LightSource of that light.
pub(crate) const LIGHT_SOURCE_D55: u16 = 20;

/// White of ICC profiles and of DNG's connection space.
const D50: [f64; 3] = [0.9642, 1.0, 0.8249];
/// CIE D55, from xy (0.33243, 0.34744).
const D55: [f64; 3] = [0.9568, 1.0, 0.9214];
/// SMPTE ST 2065-1.
const AP0_TO_XYZ: Matrix3 = [
    [0.952_552_395_9, 0.0, 0.000_093_678_6],
    [0.343_966_449_8, 0.728_166_096_6, -0.072_132_546_4],
    [0.0, 0.0, 1.008_825_184_4],
];
/// Cone responses of the Bradford adaptation.
const BRADFORD: Matrix3 = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/// What photographs the scene, and the settings it writes down.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Letter of the unit.
    pub label: String,
    /// Serial number.
    pub serial: String,
    /// Colour of the photosites.
    pub phase: Cfa,
    /// 12 or 16 bits of a stored sample.
    pub bits: u32,
    /// Code value of darkness.
    pub black: u16,
    /// Code value of saturation: a green photosite before ACES2065-1 (1, 1, 1).
    pub white: u16,
    /// Sensitivity that the file states.
    pub iso: u16,
    /// Degrees.
    pub shutter_angle_degrees: f64,
    /// T-stop that the file states.
    pub t_stop: f64,
    /// Name of the lens.
    pub lens: String,
    /// Millimetres.
    pub focal_length_mm: u32,
    /// Electrons of a saturated photosite, which decide the photon noise.
    pub full_well: f32,
    /// Noise of reading, in electrons.
    pub read_noise: f32,
}

impl Camera {
    /// Maker that the file states.
    pub const MAKE: &str = "platefleet";
    /// Model that the file states: no real camera has this name.
    pub const MODEL: &str = "Synth One";
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            label: "A".to_owned(),
            serial: "SYN-0001".to_owned(),
            phase: Cfa::Rggb,
            bits: 12,
            black: 256,
            white: 4095,
            iso: 800,
            shutter_angle_degrees: 180.0,
            t_stop: 2.8,
            lens: "Synth Prime 35mm T1.5".to_owned(),
            focal_length_mm: 35,
            full_well: 30_000.0,
            read_noise: 4.0,
        }
    }
}

fn multiply(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|k| a[row][k] * b[k][column]).sum()))
}

fn apply(m: &Matrix3, v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row.iter().zip(v).map(|(m, v)| m * v).sum())
}

const fn diagonal(d: [f64; 3]) -> Matrix3 {
    [[d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, d[2]]]
}

/// By cofactors; the matrices here are constants far from singular.
fn invert(m: &Matrix3) -> Matrix3 {
    let cofactor = |r: usize, c: usize| {
        let [r1, r2, c1, c2] = [(r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3];
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * cofactor(0, c)).sum();
    std::array::from_fn(|r| std::array::from_fn(|c| cofactor(c, r) / determinant))
}

fn adaptation(from: [f64; 3], to: [f64; 3]) -> Matrix3 {
    let (from, to) = (apply(&BRADFORD, from), apply(&BRADFORD, to));
    let gains = std::array::from_fn(|i| to[i] / from[i]);
    multiply(&invert(&BRADFORD), &multiply(&diagonal(gains), &BRADFORD))
}

/// ACES2065-1 to camera RGB, where 1 is saturation: the way back along DNG's `ForwardMatrix * diag(1 / neutral)`,
/// Bradford from D50 to the ACES white, and XYZ to AP0.
pub(crate) fn aces_to_camera() -> Matrix3 {
    let to_d50 = multiply(&adaptation(apply(&AP0_TO_XYZ, [1.0; 3]), D50), &AP0_TO_XYZ);
    multiply(&diagonal(NEUTRAL), &multiply(&invert(&FORWARD), &to_d50))
}

/// ColorMatrix1: XYZ under D55 to camera RGB, consistent with [`FORWARD`] and [`NEUTRAL`].
pub(crate) fn color_matrix() -> Matrix3 {
    multiply(&diagonal(NEUTRAL), &multiply(&invert(&FORWARD), &adaptation(D55, D50)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_camera_sees_the_scenes_white_as_its_neutral() {
        let seen = apply(&aces_to_camera(), [1.0; 3]);
        assert!(seen.iter().zip(NEUTRAL).all(|(a, b)| (a - b).abs() < 1e-9), "{seen:?}");
        let seen = apply(&color_matrix(), D55);
        assert!(seen.iter().zip(NEUTRAL).all(|(a, b)| (a - b).abs() < 1e-9), "{seen:?}");
    }

    #[test]
    fn the_way_to_the_camera_and_back_is_the_identity() {
        let there_and_back = multiply(&invert(&aces_to_camera()), &aces_to_camera());
        for (r, row) in there_and_back.iter().enumerate() {
            for (c, value) in row.iter().enumerate() {
                assert!((value - f64::from(u8::from(r == c))).abs() < 1e-12);
            }
        }
    }
}
