//! The chart: 24 patches of stated colour.

use platefleet_media::raw::Rect;

use crate::{Clip, scene::Layout};

/// A patch, every pixel of whose `rect` is of one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The field's name for it.
    pub name: &'static str,
    /// In pixels of the picture.
    pub rect: Rect,
    /// ACES2065-1, scene-linear.
    pub aces: [f64; 3],
}

/// Patches of a row.
pub(crate) const COLUMNS: usize = 6;

/// Names and ACES2065-1 values, row by row.
///
/// They follow from the reference xyY values of the ColorChecker Classic (after November 2014, ICC D50; as published by
/// its maker and tabulated by colour-science 0.4.6) by Bradford adaptation from D50 to the ACES white, rounded. As
/// rounded here they are this chart's definition.
#[allow(clippy::approx_constant, reason = "0.3180 is a colour, not 1 / pi")]
pub(crate) const PATCHES: [(&str, [f64; 3]); 24] = [
    ("dark skin", [0.1159, 0.0848, 0.0579]),
    ("light skin", [0.3898, 0.2963, 0.2244]),
    ("blue sky", [0.1765, 0.1949, 0.3094]),
    ("foliage", [0.1132, 0.1370, 0.0629]),
    ("blue flower", [0.2570, 0.2345, 0.3991]),
    ("bluish green", [0.3180, 0.4629, 0.4167]),
    ("orange", [0.4106, 0.2342, 0.0616]),
    ("purplish blue", [0.1334, 0.1251, 0.3500]),
    ("moderate red", [0.2973, 0.1265, 0.1185]),
    ("purple", [0.0886, 0.0573, 0.1269]),
    ("yellow green", [0.3443, 0.4386, 0.0984]),
    ("orange yellow", [0.4797, 0.3623, 0.0712]),
    ("blue", [0.0778, 0.0680, 0.2531]),
    ("green", [0.1430, 0.2476, 0.0869]),
    ("red", [0.2173, 0.0736, 0.0472]),
    ("yellow", [0.5909, 0.5432, 0.0829]),
    ("magenta", [0.3108, 0.1382, 0.2698]),
    ("cyan", [0.1371, 0.2226, 0.3538]),
    ("white 9.5", [0.8736, 0.8796, 0.8406]),
    ("neutral 8", [0.5874, 0.5907, 0.5853]),
    ("neutral 6.5", [0.3626, 0.3660, 0.3653]),
    ("neutral 5", [0.1903, 0.1907, 0.1899]),
    ("neutral 3.5", [0.0877, 0.0886, 0.0896]),
    ("black 2", [0.0316, 0.0316, 0.0322]),
];

/// Where the patches of this clip stand, and what they are. They do not move.
pub fn chart(clip: &Clip) -> Vec<Patch> {
    let layout = Layout::new(clip.width, clip.height);
    let patch = |(i, (name, aces)): (usize, (&'static str, [f64; 3]))| Patch { name, rect: layout.patch(i), aces };
    PATCHES.into_iter().enumerate().map(patch).collect()
}
