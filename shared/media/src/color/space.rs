//! Gamuts, and the space that plates are written in.

use serde::{Deserialize, Serialize};

use super::{Matrix3, adapt, inverse, matrix, multiply};

/// Primaries and white of a linear RGB space, CIE 1931 xy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamut {
    /// Red, green, blue.
    pub primaries: [[f64; 2]; 3],
    /// White.
    pub white: [f64; 2],
}

/// ACES2065-1. Source: SMPTE ST 2065-1, 4.
pub const AP0: Gamut = Gamut { primaries: [[0.7347, 0.2653], [0.0, 1.0], [0.0001, -0.077]], white: [0.32168, 0.33767] };
/// ACEScg. Source: Academy S-2014-004, 4.
pub const AP1: Gamut = Gamut { primaries: [[0.713, 0.293], [0.165, 0.83], [0.128, 0.044]], white: [0.32168, 0.33767] };
/// Source: ITU-R BT.709-6, item 1.3 and 1.4.
pub const REC709: Gamut = Gamut { primaries: [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]], white: [0.3127, 0.329] };

impl Gamut {
    /// RGB to XYZ, white at Y = 1. Source: SMPTE RP 177.
    pub fn to_xyz(&self) -> Matrix3 {
        let columns = self.primaries.map(matrix::xyz_of);
        let m: Matrix3 = std::array::from_fn(|i| std::array::from_fn(|j| columns[j][i]));
        // The primaries of a gamut are never on one line.
        let Ok(back) = inverse(&m) else { return matrix::IDENTITY };
        multiply(&m, &matrix::diagonal(matrix::transform(&back, matrix::xyz_of(self.white))))
    }

    /// XYZ, relative to a white, to this RGB, with Bradford adaptation.
    pub fn from_xyz(&self, white: [f64; 2]) -> Matrix3 {
        let Ok(back) = inverse(&self.to_xyz()) else { return matrix::IDENTITY };
        multiply(&back, &adapt(white, self.white))
    }

    /// This RGB to another, with Bradford adaptation of the white.
    pub fn to(&self, other: &Self) -> Matrix3 {
        multiply(&other.from_xyz(self.white), &self.to_xyz())
    }
}

/// What plates are encoded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum WorkingSpace {
    /// ACES2065-1: linear, AP0.
    #[default]
    #[serde(rename = "aces2065-1")]
    Aces20651,
    /// ACEScg: linear, AP1.
    #[serde(rename = "acescg")]
    AcesCg,
}

impl WorkingSpace {
    /// Its primaries and white.
    pub fn gamut(self) -> Gamut {
        match self {
            Self::Aces20651 => AP0,
            Self::AcesCg => AP1,
        }
    }

    /// Its name in the Color Interop Forum's list.
    pub fn interop_id(self) -> &'static str {
        match self {
            Self::Aces20651 => "lin_ap0_scene",
            Self::AcesCg => "lin_ap1_scene",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ap1_to_ap0_is_the_published_matrix() {
        // Academy S-2014-004, annex; OpenColorIO has the same ten digits.
        let published = [
            [0.695_452_241_4, 0.140_678_696_5, 0.163_869_062_2],
            [0.044_794_563_4, 0.859_671_118_4, 0.095_534_318_2],
            [-0.005_525_882_6, 0.004_025_210_3, 1.001_500_672_3],
        ];
        for (row, expected) in AP1.to(&AP0).iter().zip(published) {
            for (v, e) in row.iter().zip(expected) {
                assert!((v - e).abs() < 1e-9, "{v} {e}");
            }
        }
    }

    #[test]
    fn white_stays_white_between_gamuts() {
        for (a, b) in [(AP0, AP1), (AP0, REC709), (REC709, AP1)] {
            for row in a.to(&b) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }
}
