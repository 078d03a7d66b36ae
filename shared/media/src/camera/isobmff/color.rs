//! The code points of `colr` (ITU-T H.273), in our names.

/// Primaries.
pub(in crate::camera) fn primaries(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "BT.709",
        4 => "BT.470 M",
        5 => "BT.601 625",
        6 | 7 => "BT.601 525",
        9 => "BT.2020",
        10 => "CIE XYZ",
        11 => "DCI-P3",
        12 => "Display P3",
        _ => return None,
    })
}

/// Transfer curve.
pub(in crate::camera) fn encoding(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "BT.709",
        4 => "gamma 2.2",
        5 => "gamma 2.8",
        6 => "BT.601",
        7 => "SMPTE 240M",
        8 => "linear",
        13 => "sRGB",
        14 | 15 => "BT.2020",
        16 => "PQ",
        17 => "DCI gamma 2.6",
        18 => "HLG",
        _ => return None,
    })
}

/// Matrix between luma and chroma and RGB.
pub(in crate::camera) fn matrix(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "RGB",
        1 => "BT.709",
        5 | 6 => "BT.601",
        7 => "SMPTE 240M",
        9 => "BT.2020",
        10 => "BT.2020 constant luminance",
        14 => "ICtCp",
        _ => return None,
    })
}
