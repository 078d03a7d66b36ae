//! The boxes of a sample entry that set up its decoder: `avcC`, `hvcC`, `av1C`, `vpcC`.

use super::{
    boxes::{array, u16_at},
    codecs,
    h264::SequenceParameters,
};
use crate::camera::said::Said;

/// `avcC` (ISO/IEC 14496-15): profile, and, behind the parameter sets of high profiles, chroma format and bits.
pub(super) fn avc(bytes: &[u8], said: &mut Said) {
    let (Some(&profile), Some(&constraints)) = (bytes.get(1), bytes.get(2)) else { return };
    said.tag("avcC:profile", codecs::h264_profile(profile, constraints).map(|name| format!("H.264 {name}")));
    said.tag("avcC:level", bytes.get(3).map(|level| f64::from(*level) / 10.0));
    let length = u16_at(bytes, 6).map(usize::from).filter(|_| bytes.get(5).is_some_and(|sets| sets & 31 > 0));
    let unit = length.and_then(|length| bytes.get(8..8 + length));
    if let Some(set) = unit.and_then(SequenceParameters::read) {
        said.tag("avcC:chroma", subsampling(set.chroma));
        said.tag("avcC:bit_depth", set.bit_depth);
        said.tag("avcC:frames_only", set.frames_only);
        said.tag("avcC:full_range", set.full_range);
        for (name, number) in
            ["avcC:primaries", "avcC:transfer", "avcC:matrix"].iter().zip(set.colour.unwrap_or_default())
        {
            said.tag(*name, set.colour.map(|_| number));
        }
        return;
    }
    if matches!(profile, 66 | 77 | 88) {
        said.tag("avcC:chroma", "4:2:0");
        said.tag("avcC:bit_depth", 8);
        return;
    }
    // Sequence parameter sets, then picture parameter sets, each with its length.
    let skip =
        |at: usize, count: usize| (0..count).try_fold(at, |at, _| Some(at + 2 + usize::from(u16_at(bytes, at)?)));
    let sets = bytes.get(5).and_then(|n| skip(6, usize::from(n & 31)));
    let end = sets.and_then(|at| skip(at + 1, usize::from(*bytes.get(at)?)));
    if let Some([chroma, luma_bits]) = end.and_then(|at| array(bytes, at)) {
        said.tag("avcC:chroma", subsampling(chroma & 3));
        said.tag("avcC:bit_depth", 8 + (luma_bits & 7));
    }
}

/// `hvcC` (ISO/IEC 14496-15).
pub(super) fn hevc(bytes: &[u8], said: &mut Said) {
    let Some([chroma, luma_bits]) = array(bytes, 16) else { return };
    said.tag(
        "hvcC:profile",
        bytes.get(1).and_then(|p| codecs::hevc_profile(p & 31)).map(|name| format!("HEVC {name}")),
    );
    said.tag("hvcC:level", bytes.get(12).map(|level| f64::from(*level) / 30.0));
    said.tag("hvcC:chroma", subsampling(chroma & 3));
    said.tag("hvcC:bit_depth", 8 + (luma_bits & 7));
}

/// `av1C` (AV1 in ISOBMFF 1.2, 2.3.3).
pub(super) fn av1(bytes: &[u8], said: &mut Said) {
    let Some(&flags) = bytes.get(2) else { return };
    let set = |bit: u8| flags & 1 << bit != 0;
    let chroma = match (set(4), set(3), set(2)) {
        (true, ..) => "4:0:0",
        (_, true, true) => "4:2:0",
        (_, true, false) => "4:2:2",
        (_, false, _) => "4:4:4",
    };
    said.tag("av1C:chroma", chroma);
    said.tag(
        "av1C:bit_depth",
        match (set(6), set(5)) {
            (true, true) => 12,
            (true, false) => 10,
            (false, _) => 8,
        },
    );
}

/// `vpcC` (VP codecs in ISO media files 1.0), a full box.
pub(super) fn vp9(bytes: &[u8], said: &mut Said) {
    let Some([_, _, packed, primaries, transfer, matrix]) = array(bytes, 4) else { return };
    said.tag("vpcC:bit_depth", packed >> 4);
    said.tag(
        "vpcC:chroma",
        match packed >> 1 & 7 {
            0 | 1 => Some("4:2:0"),
            2 => Some("4:2:2"),
            3 => Some("4:4:4"),
            _ => None,
        },
    );
    said.tag("vpcC:full_range", packed & 1 == 1);
    for (name, number) in [("vpcC:primaries", primaries), ("vpcC:transfer", transfer), ("vpcC:matrix", matrix)] {
        said.tag(name, number);
    }
}

fn subsampling(format: u8) -> &'static str {
    ["4:0:0", "4:2:0", "4:2:2", "4:4:4"][usize::from(format & 3)]
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            boxes::Atom,
            picture::{RULES, note_box},
        },
        *,
    };

    fn said(kind: [u8; 4], bytes: &[u8]) -> crate::clip::Metadata {
        let mut said = Said::default();
        note_box(&Atom { kind, start: 0, body: 0..bytes.len() as u64, missing: 0 }, bytes, &mut said);
        said.apply(RULES);
        said.metadata
    }

    /// Boxes that FFmpeg 5.1 wrote for 8 bits of 4:2:0, and others of them with more, by the specifications.
    #[test]
    fn the_boxes_of_av1_and_vp9_say_bits_and_chroma() {
        for (kind, bytes, bits, chroma) in [
            (b"av1C", &[0x81, 0, 0x0c, 0][..], 8, "4:2:0"),
            (b"av1C", &[0x81, 0x44, 0x48, 0], 10, "4:2:2"),
            (b"av1C", &[0x81, 0x44, 0x60, 0], 12, "4:4:4"),
            (b"vpcC", &[1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0], 8, "4:2:0"),
            (b"vpcC", &[1, 0, 0, 0, 2, 10, 0xa5, 9, 16, 9, 0, 0], 10, "4:2:2"),
        ] {
            let m = said(*kind, bytes);
            assert_eq!((m.bit_depth, m.chroma_subsampling.as_deref()), (Some(bits), Some(chroma)), "{bytes:x?}");
        }
        let m = said(*b"vpcC", &[1, 0, 0, 0, 2, 10, 0xa5, 9, 16, 9, 0, 0]);
        assert_eq!((m.color_encoding.as_deref(), m.color_range.as_deref()), (Some("PQ"), Some("full")));
    }

    /// As x264 wrote it for 10 bits of 4:2:2, BT.709 in limited range.
    #[test]
    fn the_parameter_set_of_h264_says_what_its_container_leaves_open() {
        let set = b"\x67\x7a\x00\x1f\xb6\xcd\x94\x05\x00\x5b\xb0\x16\xa0\x20\x20\x28\x00\x00\x1f\x48\x00\x07\x53\x00\x78\xc1\x8c\xb0";
        let avcc = [&[1, 122, 0, 31, 0xff, 0xe1, 0, set.len() as u8][..], set, &[0]].concat();
        let m = said(*b"avcC", &avcc);
        assert_eq!((m.bit_depth, m.chroma_subsampling.as_deref()), (Some(10), Some("4:2:2")));
        assert_eq!((m.scan.as_deref(), m.color_range.as_deref()), (Some("progressive"), Some("legal")));
        assert_eq!(
            (m.color_primaries.as_deref(), m.compression.as_deref()),
            (Some("BT.709"), Some("H.264 High 4:2:2"))
        );
    }
}
