//! Headers by hand, from ST 268-1.

use proptest::prelude::*;

use super::*;
use crate::source::{Counted, Memory, Sparse};

/// A header in a byte order: 4 x 2 pixels of RGB in 10 bits, filled to words.
fn header(big_endian: bool) -> Vec<u8> {
    let mut bytes = vec![0xff; 2048 + 32];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    let order = |value: u32, len: usize| {
        let bytes = value.to_be_bytes()[4 - len..].to_vec();
        if big_endian { bytes } else { bytes.into_iter().rev().collect() }
    };
    put(0, if big_endian { b"SDPX" } else { b"XPDS" });
    put(4, &order(2048, 4));
    put(8, b"V2.0\0");
    for (at, len) in [(36, 100), (160, 100), (260, 200), (460, 200), (820, 32), (1432, 100), (1532, 24), (1764, 100)] {
        put(at, &vec![0; len]);
    }
    put(136, b"2026:11:24:09:59:59:CET\0");
    put(260, b"Show\0");
    put(768, &order(0, 2));
    put(770, &order(1, 2));
    put(772, &order(4, 4));
    put(776, &order(2, 4));
    put(800, &[50, 3, 1, 10]);
    put(804, &order(1, 2));
    put(806, &order(0, 2));
    put(808, &order(2048, 4));
    put(812, &order(0, 4));
    put(1556, b"ARRISCAN\0");
    put(1588, b"00123\0");
    put(1724, &order(24f32.to_bits(), 4));
    put(1728, &order(172.8f32.to_bits(), 4));
    put(1920, &order(0x1011_1213, 4));
    bytes
}

fn inspect(bytes: &[u8]) -> Inspected {
    Dpx.inspect(&Memory::new("scan.0001.dpx", bytes)).unwrap()
}

#[test]
fn both_byte_orders_say_the_same() {
    let big = inspect(&header(true));
    let m = &big.metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.width, m.height, m.bit_depth), (Some(4), Some(2), Some(10)));
    assert_eq!((m.frame_rate.as_deref(), m.start_timecode.as_deref()), (Some("24/1"), Some("10:11:12:13")));
    assert_eq!(
        (m.color_encoding.as_deref(), m.color_primaries.as_deref()),
        (Some("Logarithmic"), Some("Printing density"))
    );
    assert_eq!((m.camera_model.as_deref(), m.camera_serial.as_deref()), (Some("ARRISCAN"), Some("00123")));
    assert_eq!((m.recorded_at.as_deref(), m.shutter_angle_degrees), (Some("2026-11-24T09:59:59"), Some(172.8)));
    // Three samples a word, four pixels of three samples: four words a line.
    assert_eq!(big.frames, FrameTable::Listed(vec![FrameSpan { offset: 2048, len: 32 }]));
    let little = inspect(&header(false));
    assert_eq!((&little.metadata, &little.tags), (&big.metadata, &big.tags));
}

#[test]
fn dates_are_read_as_cinepaint_writes_them() {
    let mut bytes = header(true);
    bytes[136..160].copy_from_slice(b"2009:07:29 21:33:36PDT\0\0");
    assert_eq!(inspect(&bytes).metadata.recorded_at.as_deref(), Some("2009-07-29T21:33:36"));
}

#[test]
fn what_is_written_as_unknown_is_absent() {
    let Inspected { metadata: m, tags, .. } = inspect(&header(true));
    assert_eq!((m.pixel_aspect_ratio, m.scene), (None, None));
    assert!(!tags.contains_key("TelevisionFrameRate") && !tags.contains_key("LowQuantity"));
    let mut bytes = header(true);
    bytes[1920..1924].fill(0xff);
    assert_eq!(inspect(&bytes).metadata.start_timecode, None);
}

#[test]
fn a_picture_that_is_not_all_there_is_told_and_nothing_is_allocated_for_it() {
    let mut bytes = header(true);
    bytes.truncate(2048 + 5);
    let findings = inspect(&bytes).metadata.findings;
    assert_eq!(findings, ["the picture ends at byte 2080, but the file has 2053: the frame is cut short"]);
    bytes[772..780].fill(0x7f);
    assert!(inspect(&bytes).metadata.findings[0].contains("cut short"));
    let error = Dpx.inspect(&Memory::new("a.dpx", &header(true)[..100])).unwrap_err();
    assert!(error.kind() == "invalid" && error.to_string().contains("within its header"), "{error}");
}

#[test]
fn pixels_that_begin_within_the_longest_header_are_no_fields_of_it() {
    // Some writers leave the headers of film and television away.
    let mut bytes = header(true);
    bytes[4..8].copy_from_slice(&1664u32.to_be_bytes());
    bytes[808..812].copy_from_slice(&1664u32.to_be_bytes());
    let Inspected { metadata: m, tags, frames } = inspect(&bytes);
    assert_eq!((m.start_timecode, m.frame_rate, m.shutter_angle_degrees), (None, None, None));
    assert_eq!((m.camera_model.as_deref(), m.findings.len()), (Some("ARRISCAN"), 0), "{:?}", m.findings);
    assert!(!tags.contains_key("Slate"));
    assert_eq!(frames, FrameTable::Listed(vec![FrameSpan { offset: 1664, len: 32 }]));
}

#[test]
fn lines_of_whole_bytes_need_not_end_at_whole_words() {
    // 3 x 2 pixels of RGB: 9 samples of 8 bits, or of 16, are no whole words.
    for (bits, len) in [(8, 18), (16, 36)] {
        let mut bytes = header(true);
        bytes[772..776].copy_from_slice(&3u32.to_be_bytes());
        bytes[803] = bits;
        bytes.truncate(2048 + len);
        bytes.resize(2048 + len, 0);
        assert_eq!(inspect(&bytes).metadata.findings, [""; 0], "{bits} bits");
        bytes.pop();
        assert_eq!(inspect(&bytes).metadata.findings.len(), 1, "{bits} bits");
    }
}

/// Oracle: exiftool 12.57, which has these words for the numbers.
#[test]
fn a_picture_may_stand_in_each_of_eight_ways() {
    for (number, expected) in [
        (0, Some("normal")),
        (1, Some("flipped")),
        (2, Some("mirrored")),
        (3, Some("rotated 180")),
        (4, Some("mirrored, rotated 270")),
        (5, Some("rotated 90")),
        (6, Some("rotated 270")),
        (7, Some("mirrored, rotated 90")),
        (8, None),
    ] {
        let mut bytes = header(true);
        bytes[769] = number;
        assert_eq!(inspect(&bytes).metadata.orientation.as_deref(), expected, "{number}");
    }
}

#[test]
fn video_says_its_chroma_fields_and_exposure() {
    let mut bytes = header(true);
    bytes[800..803].copy_from_slice(&[100, 17, 14]);
    bytes[1928] = 1;
    bytes[1728..1732].fill(0xff);
    bytes[1968..1972].copy_from_slice(&0.02f32.to_be_bytes());
    let m = inspect(&bytes).metadata;
    assert_eq!((m.chroma_subsampling.as_deref(), m.scan.as_deref()), (Some("4:2:2"), Some("interlaced")));
    assert_eq!((m.color_encoding.as_deref(), m.color_primaries.as_deref()), (Some("PQ"), Some("BT.2020")));
    // 0.02 s of 1/24 s.
    assert_eq!((m.exposure_time_seconds, m.shutter_angle_degrees), (Some(0.02), Some(172.8)));
}

#[test]
fn data_of_the_user_that_the_file_does_not_have_is_told() {
    let mut bytes = header(true);
    bytes[32..36].copy_from_slice(&40u32.to_be_bytes());
    let findings = inspect(&bytes).metadata.findings;
    assert_eq!(findings, ["the user's data ends at byte 2088, but the file has 2080: it is cut short"]);
    bytes[32..36].copy_from_slice(&32u32.to_be_bytes());
    assert_eq!(inspect(&bytes).metadata.findings, [""; 0]);
}

#[test]
fn one_read_is_enough_however_long_the_file_is() {
    let file = Counted::new(Sparse::new("a.dpx", 100 << 30).with(0, header(true)));
    assert!(Dpx.inspect(&file).is_ok());
    assert_eq!((file.reads(), file.bytes()), (1, WINDOW));
}

proptest! {
    #[test]
    fn no_header_panics(bytes in proptest::collection::vec(any::<u8>(), 2100), cut in 0usize..2100) {
        let mut header = header(true);
        for (to, from) in header[4..].iter_mut().zip(&bytes) {
            *to = *from;
        }
        header.truncate(cut);
        let _ = Dpx.inspect(&Memory::new("a.dpx", header));
    }
}
