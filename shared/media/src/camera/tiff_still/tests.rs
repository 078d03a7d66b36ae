//! Files by hand, from TIFF 6.0 and EXIF 2.32.

use super::*;
use crate::{
    camera::dng::testkit::{Builder, Value},
    source::{Counted, Memory, Sparse},
};

/// The tags of an RGB picture of 4 x 2 pixels in 16 bits.
fn picture() -> Vec<(u16, Value)> {
    vec![
        (256, Value::Short(vec![4])),
        (257, Value::Short(vec![2])),
        (258, Value::Short(vec![16, 16, 16])),
        (259, Value::Short(vec![1])),
        (262, Value::Short(vec![2])),
        (277, Value::Short(vec![3])),
    ]
}

fn builder(more: Vec<(u16, Value)>) -> Builder {
    Builder::new(picture().into_iter().chain(more).collect(), vec![vec![0; 48]])
}

fn inspect(bytes: &[u8]) -> Inspected {
    TiffStill.inspect(&Memory::new("scan.0001.tif", bytes)).unwrap()
}

#[test]
fn camera_lens_and_take_are_read_as_of_a_dng() {
    let mut file = builder(vec![
        (271, Value::Text("SONY")),
        (274, Value::Short(vec![6])),
        (305, Value::Text("an editor of pictures")),
        (51043, Value::Byte(vec![0x13, 0x12, 0x11, 0x10, 0, 0, 0, 0])),
        (51044, Value::SRational(vec![(24, 1)])),
        (51058, Value::Rational(vec![(28, 10)])),
        (51081, Value::Text("A001")),
    ]);
    file.exif = Some(vec![
        (34855, Value::Short(vec![65535])),
        (34866, Value::Long(vec![102_400])),
        (37377, Value::SRational(vec![(6, 1)])),
        (37378, Value::Rational(vec![(3, 1)])),
        (37382, Value::Rational(vec![(u32::MAX, 1)])),
        (42033, Value::Text("123")),
        (42034, Value::Rational(vec![(50, 1), (50, 1), (0, 0), (0, 0)])),
        (42035, Value::Text("Zeiss")),
        (42037, Value::Text("456")),
    ]);
    let Inspected { metadata: m, tags, .. } = inspect(&file.build());
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.resolution.as_deref(), m.bit_depth), (Some("4x2"), Some(16)));
    assert_eq!(
        (m.camera_make.as_deref(), m.orientation.as_deref(), m.firmware),
        (Some("Sony"), Some("rotated 90"), None)
    );
    assert_eq!((m.start_timecode.as_deref(), m.frame_rate.as_deref()), (Some("10:11:12:13"), Some("24/1")));
    assert_eq!((m.reel_name.as_deref(), m.t_stop, m.camera_serial.as_deref()), (Some("A001"), Some(2.8), Some("123")));
    assert_eq!((m.lens_make.as_deref(), m.lens_serial.as_deref()), (Some("Zeiss"), Some("456")));
    assert_eq!((m.focal_length_mm, m.focus_distance_m), (Some(50.0), None));
    // APEX: the exposure is 1/2^6 s, the f-number the root of 2^3. 65535 of ISOSpeedRatings is more than it can say.
    assert_eq!((m.exposure_time_seconds, m.iso), (Some(1.0 / 64.0), Some(102_400.0)));
    assert!(m.f_number.is_some_and(|n| (n - 2.828).abs() < 1e-3));
    assert_eq!(tags["IFD0:ReelName"], "A001");
}

#[test]
fn what_follows_the_first_page_is_of_no_account() {
    let mut file = builder(Vec::new());
    // A page after it that the file does not have.
    file.next_ifd = 1 << 30;
    let m = inspect(&file.build()).metadata;
    assert_eq!((m.resolution.as_deref(), m.findings), (Some("4x2"), vec![]));
}

#[test]
fn the_picture_is_the_one_that_is_no_thumbnail() {
    let thumbnail =
        [254, 256, 257].into_iter().zip([1, 2, 1]).map(|(tag, value)| (tag, Value::Long(vec![value]))).collect();
    let mut file = Builder::new(thumbnail, vec![vec![0; 48]]);
    file.sub = Some(picture());
    let m = inspect(&file.build()).metadata;
    assert_eq!((m.resolution.as_deref(), m.bit_depth), (Some("4x2"), Some(16)));
}

#[test]
fn luma_and_chroma_say_how_they_are_sampled() {
    for (sides, name) in [(Some([2, 1]), "4:2:2"), (Some([1, 1]), "4:4:4"), (None, "4:2:0")] {
        let mut file = builder(sides.map(|s| (530, Value::Short(s.to_vec()))).into_iter().collect());
        file.ifd0.retain(|(tag, _)| *tag != 262);
        file.ifd0.push((262, Value::Short(vec![6])));
        assert_eq!(inspect(&file.build()).metadata.chroma_subsampling.as_deref(), Some(name));
    }
}

#[test]
fn a_picture_that_is_cut_short_is_told() {
    let mut file = builder(Vec::new()).build();
    let len = file.len();
    file.pop();
    let findings = inspect(&file).metadata.findings;
    assert_eq!(
        findings,
        [format!("the picture ends at byte {len}, but the file has {}: the frame is cut short", len - 1)]
    );
}

#[test]
fn a_file_of_any_length_is_inspected_with_little() {
    let file = Counted::new(Sparse::new("a.tif", 100 << 30).with(0, builder(Vec::new()).build()));
    assert_eq!(TiffStill.inspect(&file).unwrap().metadata.width, Some(4));
    assert_eq!((file.reads(), file.bytes()), (1, 64 << 10));
}

#[test]
fn tags_that_are_strewn_over_a_file_are_read_as_far_as_five_reads_go() {
    // Texts of 8 bytes, 100 KiB from each other, behind a directory of the picture's size and bits.
    let texts: Vec<u16> = vec![270, 271, 272, 305, 306, 315, 33432, 51081, 51105];
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend(12u16.to_le_bytes());
    let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    };
    for (tag, value) in [(256, 4), (257, 2), (258, 16)] {
        entry(tag, 3, 1, value);
    }
    for (tag, place) in texts.iter().zip(1..) {
        entry(*tag, 2, 8, place * 102_400);
    }
    file.resize(1_100_000, 0);
    for (place, text) in (1..).zip([b"a still\0", b"Maker 1\0", b"Model 2\0"]) {
        file[place * 102_400..][..8].copy_from_slice(text);
    }
    let counted = Counted::new(Memory::new("scan.0001.tif", file));
    let m = TiffStill.inspect(&counted).unwrap().metadata;
    assert!(counted.reads() <= 5 && counted.bytes() <= 1 << 20, "{} reads", counted.reads());
    assert_eq!((m.resolution.as_deref(), m.camera_make.as_deref()), (Some("4x2"), Some("Maker 1")));
    assert!(m.findings.iter().any(|finding| finding.contains("scattered over more places")), "{:?}", m.findings);
}
