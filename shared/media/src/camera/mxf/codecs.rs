//! Codings of picture and sound by their labels, in their makers' words.
//!
//! Sources: the SMPTE labels register; RDD 44 (ProRes), RDD 54 (ARRIRAW), ST 2019-4 (VC-3), ST 2065-5 (ACES), and open
//! readers of the makers' private labels.

use super::klv::same_but_version;
use crate::camera::{isobmff::dnx, labels::Label};

/// What a label says of a coding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Coding {
    /// The maker's name.
    pub(super) name: String,
    /// How it is compressed.
    pub(super) compression: Option<String>,
    /// What its pixels need.
    pub(super) decoder: Option<&'static str>,
}

const ARRI_SDK: Option<&str> = Some("ARRI Image SDK");
const PRORES: Option<&str> = Some("Apple ProRes decoder");
const MPEG2: Option<&str> = Some("MPEG-2 decoder");
const UNPACKING: Option<&str> = Some("uncompressed video decoder");

/// Bytes 8 and on of a label, name, compression, decoder.
type Row = (&'static [u8], &'static str, Option<&'static str>, Option<&'static str>);

/// Picture codings. Longer labels before those that they begin with.
const PICTURES: &[Row] = &[
    (&[4, 1, 2, 1, 2, 1, 1, 1], "ARRIRAW", Some("uncompressed 12 bit"), ARRI_SDK),
    (&[4, 1, 2, 1, 2, 1, 1, 2], "ARRIRAW", Some("uncompressed 12 bit reverse"), ARRI_SDK),
    (&[4, 1, 2, 1, 2, 1, 1, 3], "ARRIRAW", Some("uncompressed 13 bit"), ARRI_SDK),
    (&[4, 1, 2, 1, 2, 1, 2, 1], "ARRIRAW HDE", Some("HDE 12 bit"), ARRI_SDK),
    (&[4, 1, 2, 1, 2, 1, 2, 2], "ARRIRAW HDE", Some("HDE 13 bit"), ARRI_SDK),
    (&[4, 1, 2, 1, 2, 1], "ARRIRAW", None, ARRI_SDK),
    // Before RDD 54: ALEXA Mini and Mini LF.
    (&[0x0f, 1, 2, 2, 1, 1], "ARRIRAW", None, ARRI_SDK),
    (&[4, 1, 2, 1], "uncompressed", None, UNPACKING),
    (&[4, 1, 2, 2, 1, 2, 1], "MPEG-2 (D-10 IMX)", None, MPEG2),
    (&[4, 1, 2, 2, 1, 0x11], "MPEG-1", None, Some("MPEG-1 decoder")),
    (&[4, 1, 2, 2, 1, 0x20], "MPEG-4 Visual", None, Some("MPEG-4 Visual decoder")),
    // Classes of SMPTE RP 2027.
    (&[4, 1, 2, 2, 1, 0x32, 0x21], "H.264", Some("Class 50"), Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x32, 0x31], "H.264", Some("Class 100"), Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x32, 0x32], "H.264", Some("Class 200"), Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x32], "H.264", Some("intra"), Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x30], "H.264", None, Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x31], "H.264", None, Some("H.264 decoder")),
    (&[4, 1, 2, 2, 1, 0x34], "H.265", None, Some("H.265 decoder")),
    (&[4, 1, 2, 2, 1], "MPEG-2", None, MPEG2),
    (&[4, 1, 2, 2, 2], "DV", None, Some("DV decoder")),
    (&[4, 1, 2, 2, 3, 1], "JPEG 2000", None, Some("JPEG 2000 decoder")),
    (&[4, 1, 2, 2, 3, 4], "ACES EXR", Some("uncompressed"), Some("OpenEXR decoder of MXF frames")),
    (&[4, 1, 2, 2, 3, 6, 1], "Apple ProRes 422 Proxy", None, PRORES),
    (&[4, 1, 2, 2, 3, 6, 2], "Apple ProRes 422 LT", None, PRORES),
    (&[4, 1, 2, 2, 3, 6, 3], "Apple ProRes 422", None, PRORES),
    (&[4, 1, 2, 2, 3, 6, 4], "Apple ProRes 422 HQ", None, PRORES),
    (&[4, 1, 2, 2, 3, 6, 5], "Apple ProRes 4444", None, PRORES),
    (&[4, 1, 2, 2, 3, 6, 6], "Apple ProRes 4444 XQ", None, PRORES),
    (&[4, 1, 2, 2, 3, 6], "Apple ProRes", None, PRORES),
    (&[0x0e, 4, 2, 1, 2, 4], "Avid DNxHD", None, Some("VC-3 (DNxHD/DNxHR) decoder")),
    // X-OCN and RAW SQ are told apart by the camera's sidecar.
    (&[0x0e, 6, 4, 1, 2, 4], "Sony RAW", None, Some("Sony RAW SDK (X-OCN)")),
];

/// Essence containers, for files whose coding has no label.
const CONTAINERS: &[Row] = &[
    (&[0x0d, 1, 3, 1, 2, 1], "MPEG-2 (D-10 IMX)", None, MPEG2),
    (&[0x0d, 1, 3, 1, 2, 2], "DV", None, Some("DV decoder")),
    (&[0x0d, 1, 3, 1, 2, 4], "MPEG-2", None, MPEG2),
    (&[0x0d, 1, 3, 1, 2, 5], "uncompressed", None, UNPACKING),
    (&[0x0d, 1, 3, 1, 2, 0x0c], "JPEG 2000", None, Some("JPEG 2000 decoder")),
    (&[0x0d, 1, 3, 1, 2, 0x10], "H.264", None, Some("H.264 decoder")),
    (&[0x0d, 1, 3, 1, 2, 0x11], "Avid DNxHD", None, Some("VC-3 (DNxHD/DNxHR) decoder")),
    (&[0x0d, 1, 3, 1, 2, 0x19], "ACES EXR", Some("uncompressed"), Some("OpenEXR decoder of MXF frames")),
    (&[0x0d, 1, 3, 1, 2, 0x1c], "Apple ProRes", None, PRORES),
    (&[0x0d, 1, 3, 1, 2, 0x22, 1], "ARRIRAW", None, ARRI_SDK),
    (&[0x0d, 1, 3, 1, 2, 0x22, 2], "ARRIRAW HDE", None, ARRI_SDK),
    (&[0x0d, 1, 3, 1, 2, 0x22], "ARRICORE", None, ARRI_SDK),
    (&[0x0f, 1, 3, 1, 1, 1], "ARRIRAW", None, ARRI_SDK),
];

/// The coding of a picture by its coding and container labels. `company` made the file: some names are its own.
pub(super) fn picture(coding: Option<&Label>, container: Option<&Label>, company: &str) -> Option<Coding> {
    let by = |table: &[Row], label: Option<&Label>| {
        let label = label.filter(|label| same_but_version(label, &[6, 0x0e, 0x2b, 0x34, 4, 1, 1]))?;
        let (_, name, compression, decoder) = table.iter().find(|(begins, ..)| label[8..].starts_with(begins))?;
        let compression = compression.map(str::to_owned);
        Some(Coding { name: (*name).to_owned(), compression, decoder: *decoder })
    };
    let vc3 = coding.filter(|label| label[8..13] == [4, 1, 2, 2, 0x71]).map(|label| vc3(label[13]));
    let mut found = vc3.or_else(|| by(PICTURES, coding)).or_else(|| by(CONTAINERS, container))?;
    if found.name == "H.264" {
        h264_name(coding, company).clone_into(&mut found.name);
    }
    Some(found)
}

/// VC-3 by its compression id (ST 2019-1), of which the label has the distance from 1234.
fn vc3(id: u8) -> Coding {
    let id = 1234 + u32::from(id);
    let name = dnx(id).map_or("Avid DNxHD", |dnx| dnx.name);
    let compression = Some(format!("VC-3 compression id {id}"));
    Coding { name: name.to_owned(), compression, decoder: Some("VC-3 (DNxHD/DNxHR) decoder") }
}

/// What makers call H.264 in their own MXF.
fn h264_name(coding: Option<&Label>, company: &str) -> &'static str {
    match company.to_ascii_lowercase() {
        company if company.starts_with("sony") => "XAVC",
        company if company.starts_with("canon") => "XF-AVC",
        _ if coding.is_some_and(|label| label[13] == 0x32 && matches!(label[14], 0x21 | 0x31 | 0x32)) => "AVC-Intra",
        _ => "H.264",
    }
}

/// The class of XAVC Intra by the size of its frames: megabits a second at 29.97 frames (RDD 32), a tenth off at most.
pub(super) fn xavc_class(frame_bytes: u64) -> Option<u32> {
    let megabits = frame_bytes as f64 * 8.0 * 30.0 / 1.001 / 1e6;
    [50, 100, 200, 300, 480].into_iter().find(|class| (megabits / f64::from(*class) - 1.0).abs() < 0.1)
}

/// The coding of sound by its label.
pub(super) fn sound(coding: Option<&Label>) -> &'static str {
    let Some(label) = coding else { return "PCM" };
    match label[8..15] {
        [4, 2, 2, 1, ..] | [0, 0, 0, 0, ..] => "PCM",
        [4, 2, 2, 2, 3, 1, 1] => "A-law",
        [4, 2, 2, 2, 3, 2, 1] => "AC-3",
        [4, 2, 2, 2, 3, 2, 4..=6] => "MPEG audio",
        [4, 2, 2, 2, 3, 2, 0x1c] => "Dolby E",
        [4, 2, 2, 2, 3, 3 | 4, _] => "AAC",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(rest: [u8; 8]) -> Label {
        let mut label = [6, 0x0e, 0x2b, 0x34, 4, 1, 1, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0];
        label[8..].copy_from_slice(&rest);
        label
    }

    #[test]
    fn codings_have_their_makers_names() {
        for (rest, company, name, compression) in [
            ([4, 1, 2, 1, 2, 1, 1, 2], "ARRI", "ARRIRAW", Some("uncompressed 12 bit reverse")),
            ([4, 1, 2, 1, 2, 1, 2, 2], "ARRI", "ARRIRAW HDE", Some("HDE 13 bit")),
            ([0x0f, 1, 2, 2, 1, 1, 1, 0], "ARRI", "ARRIRAW", None),
            ([4, 1, 2, 2, 0x71, 0x26, 0, 0], "Avid", "Avid DNxHR HQ", Some("VC-3 compression id 1272")),
            ([4, 1, 2, 2, 0x71, 3, 0, 0], "Avid", "Avid DNxHD SQ", Some("VC-3 compression id 1237")),
            ([4, 1, 2, 2, 3, 6, 4, 0], "ARRI", "Apple ProRes 422 HQ", None),
            ([4, 1, 2, 2, 1, 0x32, 0x31, 1], "Panasonic", "AVC-Intra", Some("Class 100")),
            ([4, 1, 2, 2, 1, 0x32, 0x31, 1], "Sony", "XAVC", Some("Class 100")),
            ([4, 1, 2, 2, 1, 0x32, 0x32, 3], "Panasonic", "AVC-Intra", Some("Class 200")),
            ([4, 1, 2, 2, 1, 0x31, 0x40, 1], "CANON", "XF-AVC", None),
            ([4, 1, 2, 2, 1, 2, 1, 1], "", "MPEG-2 (D-10 IMX)", None),
            ([4, 1, 2, 2, 3, 4, 2, 0], "", "ACES EXR", Some("uncompressed")),
            ([0x0e, 6, 4, 1, 2, 4, 2, 1], "Sony", "Sony RAW", None),
        ] {
            let coding = picture(Some(&label(rest)), None, company).unwrap();
            assert_eq!((coding.name.as_str(), coding.compression.as_deref()), (name, compression));
        }
        let arricore = label([0x0d, 1, 3, 1, 2, 0x22, 3, 0]);
        assert_eq!(picture(Some(&label([9; 8])), Some(&arricore), "ARRI").unwrap().name, "ARRICORE");
        assert_eq!(picture(Some(&label([9; 8])), None, ""), None);
    }

    #[test]
    fn a_class_of_xavc_is_its_rate_at_30_frames() {
        // 300 Mb/s at 29.97 frames is 1.251 MB a frame, and sound beside it.
        assert_eq!(xavc_class(1_251_250 + 40_000), Some(300));
        assert_eq!((xavc_class(417_000), xavc_class(2_002_000), xavc_class(700_000)), (Some(100), Some(480), None));
    }
}
