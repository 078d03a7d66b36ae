use proptest::prelude::*;

use super::{
    testkit::{Builder, Value, pack, picture},
    *,
};
use crate::{
    raw::{Cfa, Rect},
    source::{Counted, Known, Memory},
};

fn decode(bytes: &[u8]) -> Result<Mosaic> {
    Dng.decode(&Memory::new("A001.dng", bytes), 0)
}

fn inspect(bytes: &[u8]) -> Result<Inspected> {
    Dng.inspect(&Memory::new("A001.dng", bytes))
}

fn codes(count: usize, bits: u32) -> Vec<u16> {
    (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u16 & ((1u32 << bits) - 1) as u16).collect()
}

#[test]
fn every_width_byte_order_and_container_gives_the_packed_codes() {
    let (width, height) = (11, 6);
    for bits in [8, 10, 12, 14, 16] {
        for (big_endian, big_tiff) in [(false, false), (true, false), (false, true), (true, true)] {
            let codes = codes(width * height, bits);
            let strips = codes.chunks(width * 4).map(|s| pack(s, width, bits, big_endian)).collect();
            let mut tags = picture(width as u32, height as u32, bits as u16);
            tags.retain(|(tag, _)| *tag != 278);
            tags.push((278, Value::Long(vec![4])));
            let mut builder = Builder::new(tags, strips);
            (builder.big_endian, builder.big_tiff) = (big_endian, big_tiff);
            let mosaic = decode(&builder.build()).unwrap();
            assert_eq!(mosaic.samples, codes, "{bits} bits, big endian {big_endian}, BigTIFF {big_tiff}");
            assert_eq!((mosaic.width, mosaic.height), (width, height));
        }
    }
}

#[test]
fn tiles_that_hang_over_the_edge_are_cut() {
    let (width, height, tile) = (10, 7, 4);
    let whole = codes(width * height, 12);
    let mut tiles = Vec::new();
    for top in (0..height).step_by(tile) {
        for left in (0..width).step_by(tile) {
            let at = |i: usize| ((top + i / tile).min(height - 1), (left + i % tile).min(width - 1));
            let codes: Vec<u16> = (0..tile * tile).map(|i| whole[at(i).0 * width + at(i).1]).collect();
            tiles.push(pack(&codes, tile, 12, false));
        }
    }
    let mut tags = picture(width as u32, height as u32, 12);
    tags.retain(|(tag, _)| *tag != 278);
    tags.extend([(322, Value::Long(vec![tile as u32])), (323, Value::Long(vec![tile as u32]))]);
    assert_eq!(decode(&Builder::new(tags, tiles).build()).unwrap().samples, whole);
}

#[test]
fn the_raw_picture_is_found_behind_a_thumbnail() {
    let thumbnail = vec![
        (254, Value::Long(vec![1])),
        (256, Value::Long(vec![1])),
        (257, Value::Long(vec![1])),
        (258, Value::Short(vec![8])),
        (262, Value::Short(vec![1])),
        (273, Value::Long(vec![0])),
        (279, Value::Long(vec![1])),
        (272, Value::Text("Model One")),
    ];
    let codes = codes(24, 14);
    let mut builder = Builder::new(thumbnail, vec![pack(&codes, 6, 14, false)]);
    builder.sub = Some(picture(6, 4, 14));
    builder.exif = Some(vec![(37386, Value::Rational(vec![(35, 1)])), (34855, Value::Short(vec![800]))]);
    let bytes = builder.build();
    assert_eq!(decode(&bytes).unwrap().samples, codes);
    let metadata = inspect(&bytes).unwrap().metadata;
    assert_eq!(metadata.resolution.as_deref(), Some("6x4"));
    assert_eq!((metadata.focal_length_mm, metadata.iso), (Some(35.0), Some(800.0)));
    assert_eq!(metadata.camera_model.as_deref(), Some("Model One"));
    assert_eq!(metadata.sources["focal_length_mm"], "FocalLength");
}

#[test]
fn an_odd_active_area_moves_the_filters_of_the_stored_picture() {
    // CFAPattern begins at the active area: RGGB from column 1 on means that column 0 sees green first.
    let mut tags = picture(6, 4, 16);
    tags.push((50829, Value::Long(vec![2, 1, 4, 6])));
    let mosaic = decode(&Builder::new(tags, vec![pack(&codes(24, 16), 6, 16, false)]).build()).unwrap();
    assert_eq!(mosaic.active, Rect { left: 1, top: 2, width: 5, height: 2 });
    assert_eq!(mosaic.cfa, Cfa::Grbg);
    assert_eq!(mosaic.cfa.color_at(1, 2), 0);
}

#[test]
fn levels_table_and_colour_arrive_as_written() {
    let mut tags = picture(4, 2, 8);
    tags.extend([
        (50712, Value::Short((0..256).map(|i| i * 4).collect())),
        (50713, Value::Short(vec![1, 2])),
        (50714, Value::Rational(vec![(64, 1), (129, 2)])),
        (50715, Value::SRational(vec![(0, 1), (1, 2), (-1, 2), (0, 1)])),
        (50717, Value::Short(vec![1020])),
        (50721, Value::SRational((1..=9).map(|n| (n, 10)).collect())),
        (50723, Value::SRational([2, 0, 0, 0, 1, 0, 0, 0, 1].map(|n| (n, 1)).to_vec())),
        (50727, Value::Rational(vec![(1, 1), (1, 1), (3, 2)])),
        (50728, Value::Rational(vec![(1, 2), (1, 1), (5, 8)])),
        (50730, Value::SRational(vec![(-1, 2)])),
        (50778, Value::Short(vec![17])),
        (50964, Value::SRational((1..=9).map(|n| (n, 1)).collect())),
    ]);
    let mosaic = decode(&Builder::new(tags, vec![vec![0; 8]]).build()).unwrap();
    let levels = mosaic.levels;
    assert_eq!((levels.black, levels.black_repeat, levels.white), (vec![64.0, 64.5], [1, 2], 1020.0));
    assert_eq!(levels.black_delta_h, [0.0, 0.5, -0.5, 0.0]);
    assert_eq!(levels.linearization.as_ref().map(|t| (t.len(), t[255])), Some((256, 1020)));
    let set = &mosaic.color.illuminants[..];
    assert_eq!(set.len(), 1);
    assert_eq!((set[0].light_source, set[0].color_matrix[1][2]), (17, 0.6));
    assert_eq!(Some(set[0].camera_calibration[0]), Some([2.0, 0.0, 0.0]));
    assert_eq!(set[0].forward_matrix.map(|m| m[2][0]), Some(7.0));
    assert_eq!(mosaic.color.analog_balance, Some([1.0, 1.0, 1.5]));
    assert_eq!(mosaic.color.as_shot_neutral, Some([0.5, 1.0, 0.625]));
    assert_eq!(mosaic.color.baseline_exposure, Some(-0.5));
}

#[test]
fn a_cinema_frame_says_what_it_is() {
    let inspected = inspect(&Builder::frame([0x23, 0x59, 0x11, 0x10]).build()).unwrap();
    let m = inspected.metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!(m.start_timecode.as_deref(), Some("10:11:59:23"));
    assert_eq!(m.frame_rate.as_deref(), Some("24000/1001"));
    assert_eq!(m.reel_name.as_deref(), Some("A001"));
    assert_eq!((m.codec.as_deref(), m.compression.as_deref()), (Some("CinemaDNG"), Some("uncompressed")));
    assert_eq!((m.bit_depth, m.t_stop, m.active_area), (Some(12), Some(2.8), Some([0, 0, 6, 4])));
    assert_eq!(m.sources["start_timecode"], "TimeCodes");
    assert_eq!(inspected.tags["IFD0:ReelName"], "A001");
    assert_eq!(inspected.tags["IFD0:FrameRate"], "24000/1001");
    assert_eq!(inspected.frames.span(0).unwrap().len, 36);
}

#[test]
fn inspection_reads_little_wherever_the_tags_stand() {
    for (gap, picture_first) in [(0, false), (3_000_000, false), (3_000_000, true)] {
        let mut builder = Builder::frame([0, 0, 0, 1]);
        (builder.gap, builder.picture_first) = (gap, picture_first);
        builder.exif = Some(vec![(37386, Value::Rational(vec![(35, 1)]))]);
        let bytes = builder.build();
        let counted = Counted::new(Memory::new("A001.dng", &bytes[..]));
        let metadata = Dng.inspect(&counted).unwrap().metadata;
        assert_eq!(metadata.focal_length_mm, Some(35.0));
        assert!(counted.reads() <= 2 && counted.bytes() <= 128 * 1024, "{} {}", counted.reads(), counted.bytes());
        // The same over a remote object: ask, fetch, ask again.
        let mut known = Known::new("A001.dng", bytes.len() as u64);
        let mut fetches = 0;
        let found = loop {
            match Dng.inspect(&known) {
                Err(Error::Missing { range, .. }) => {
                    known.insert(range.start, bytes[range.start as usize..range.end as usize].to_vec());
                    fetches += 1;
                }
                other => break other.unwrap().metadata,
            }
        };
        assert_eq!((found, fetches <= 2), (metadata, true));
    }
}

/// Changes one tag of a good frame.
fn with(tag: u16, value: Value) -> Vec<u8> {
    let mut builder = Builder::frame([0, 0, 0, 1]);
    builder.ifd0.retain(|(t, _)| *t != tag);
    builder.ifd0.push((tag, value));
    builder.build()
}

#[test]
fn other_codings_are_refused_by_name_and_still_inspected() {
    for (tag, value, what) in [
        (259, Value::Short(vec![7]), "decoding DNG compressed with lossless JPEG"),
        (259, Value::Short(vec![8]), "decoding DNG compressed with deflate"),
        (259, Value::Short(vec![34892]), "decoding DNG compressed with lossy JPEG"),
        (259, Value::Short(vec![52546]), "decoding DNG compressed with JPEG XL"),
        (262, Value::Short(vec![34892]), "decoding LinearRaw (a demosaiced picture)"),
        (258, Value::Short(vec![24]), "decoding samples of 24 bits"),
        (33421, Value::Short(vec![6, 6]), "a filter array that repeats in [6, 6], not 2x2"),
        (33422, Value::Byte(vec![0, 1, 2, 1]), "filter pattern [0, 1, 2, 1], which is not Bayer's"),
        (50721, Value::SRational(vec![(1, 1); 12]), "a camera of other than three colours (12 matrix values)"),
    ] {
        let bytes = with(tag, value);
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.kind(), "unsupported", "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.to_string().starts_with("A001.dng: byte "), "{error}");
        let m = inspect(&bytes).unwrap().metadata;
        let needed = format!("a decoder of {}", what.trim_start_matches("decoding "));
        assert_eq!(m.decoder_needed, Some(needed));
        assert!(m.sources.contains_key("decoder_needed"));
    }
    assert_eq!(inspect(&Builder::frame([0, 0, 0, 1]).build()).unwrap().metadata.decoder_needed, None);
}

#[test]
fn the_balance_of_the_shot_is_in_the_record() {
    // 1/0.5 and 1/0.8, by a green of 1/1.
    let m = inspect(&with(50728, Value::Rational(vec![(1, 2), (1, 1), (4, 5)]))).unwrap().metadata;
    assert_eq!((m.white_balance_gains, m.white_balance_kelvin), (Some([2.0, 1.0, 1.25]), None));
    assert_eq!(m.sources["white_balance_gains"], "AsShotNeutral");
    let unbalanced = inspect(&with(50728, Value::Rational(vec![(1, 2), (0, 1), (4, 5)]))).unwrap().metadata;
    assert_eq!((unbalanced.white_balance_gains, unbalanced.findings.len()), (None, 0));
    // CIE D65.
    let m = inspect(&with(50729, Value::Rational(vec![(3127, 10_000), (3290, 10_000)]))).unwrap().metadata;
    let kelvin = m.white_balance_kelvin.unwrap();
    assert!((kelvin - 6504.0).abs() < 10.0, "{kelvin}");
}

#[test]
fn every_value_says_where_it_came_from() {
    let mut builder = Builder::frame([0x23, 0x59, 0x11, 0x10]);
    builder.ifd0.retain(|(tag, _)| *tag != 271);
    builder.ifd0.push((271, Value::Text("SONY")));
    builder.exif =
        Some(vec![(33434, Value::Rational(vec![(1001, 48_000)])), (36867, Value::Text("2026:11:24 08:15:00"))]);
    let m = inspect(&builder.build()).unwrap().metadata;
    assert_eq!((m.camera_make.as_deref(), m.recorded_at.as_deref()), (Some("Sony"), Some("2026-11-24T08:15:00")));
    assert_eq!((m.shutter_angle_degrees, m.timecode_rate.as_deref()), (Some(180.0), Some("24000/1001")));
    assert_eq!(m.sources["active_area"], "ImageWidth, ImageLength");
    let serde_json::Value::Object(fields) = serde_json::to_value(&m).unwrap() else { panic!("not an object") };
    for field in fields.keys().filter(|field| *field != "sources") {
        assert!(m.sources.contains_key(field), "{field} has no source");
    }
    let sourced: Vec<_> = m.sources.keys().filter(|field| !fields.contains_key(*field)).collect();
    assert_eq!(sourced, [""; 0], "sources of fields that are not there");
}

#[test]
fn contradictions_are_told_with_their_place() {
    for (tag, value, what) in [
        (256, Value::Long(vec![0]), "ImageWidth: 0 is not in 1..=16384"),
        (257, Value::Long(vec![70_000]), "ImageLength: 70000 is not in 1..=16384"),
        (50717, Value::Long(vec![64]), "WhiteLevel: white level 64 is not above black level 64"),
        (
            50829,
            Value::Long(vec![0, 0, 5, 6]),
            "ActiveArea: top 0, left 0, bottom 5, right 6 is no part of the 6x4 picture",
        ),
        (50714, Value::Short(vec![1, 2, 3]), "BlackLevel: 3 values, but they repeat in 1x1"),
        (50728, Value::Rational(vec![(1, 2), (0, 1), (1, 1)]), "AsShotNeutral: 0 is not above 0"),
        (50728, Value::Rational(vec![(1, 2), (1, 0), (1, 1)]), "AsShotNeutral: inf is not a finite number"),
        (278, Value::Long(vec![2]), "StripOffsets: 1 values, but the picture has 2 pieces"),
        (278, Value::Long(vec![0]), "RowsPerStrip: a strip of no rows"),
    ] {
        let error = decode(&with(tag, value)).unwrap_err();
        assert_eq!(error.kind(), "invalid", "{error}");
        assert!(error.to_string().ends_with(what), "{error}");
    }
}

#[test]
fn a_frame_that_was_cut_short_is_invalid_at_its_strip_and_its_tags_are_still_read() {
    let mut bytes = Builder::frame([0, 0, 0, 1]).build();
    let len = bytes.len();
    bytes.truncate(len - 1);
    let error = decode(&bytes).unwrap_err();
    let expected = format!(
        "A001.dng: byte {}: StripOffsets: the file ends at byte {}, but strip 1 of 1 ends at {len}: the frame is cut short",
        len - 36,
        len - 1
    );
    assert_eq!(error.to_string(), expected);
    let metadata = inspect(&bytes).unwrap().metadata;
    assert_eq!(metadata.findings, [format!("the picture ends at byte {len}, but the file has {}", len - 1)]);
}

#[test]
fn a_strip_with_too_few_bytes_for_its_rows_is_invalid() {
    let mut builder = Builder::frame([0, 0, 0, 1]);
    builder.pieces[0].truncate(30);
    let error = decode(&builder.build()).unwrap_err().to_string();
    assert!(error.ends_with("strip 1 of 1 has 30 bytes, but its rows need 36"), "{error}");
}

#[test]
fn a_small_file_that_claims_a_huge_picture_is_refused_before_memory_is_taken() {
    let mut tags = picture(16_384, 16_384, 16);
    tags.push((50714, Value::Short(vec![0])));
    let error = decode(&Builder::new(tags, vec![vec![0; 16]]).build()).unwrap_err().to_string();
    assert!(error.contains("has 16 bytes, but its rows need 536870912"), "{error}");
}

#[test]
fn directories_that_lead_in_a_circle_are_invalid() {
    let mut builder = Builder::frame([0, 0, 0, 1]);
    builder.next_ifd = 8;
    let error = decode(&builder.build()).unwrap_err().to_string();
    assert_eq!(error, "A001.dng: byte 8: IFD: the directories lead in a loop: one is reached twice");
}

#[test]
fn a_directory_that_is_broken_leaves_what_the_others_say() {
    let mut builder = Builder::frame([0, 0, 0, 1]);
    builder.next_ifd = 8;
    let metadata = inspect(&builder.build()).unwrap().metadata;
    assert_eq!((metadata.reel_name.as_deref(), metadata.findings.len()), (Some("A001"), 1));
    assert!(metadata.findings[0].contains("the directories lead in a loop"), "{:?}", metadata.findings);
}

#[test]
fn software_is_the_cameras_unless_a_converter_wrote_the_file() {
    let firmware = |bytes: &[u8]| inspect(bytes).unwrap().metadata.firmware;
    assert_eq!(firmware(&with(305, Value::Text("7.9"))).as_deref(), Some("7.9"));
    assert_eq!(firmware(&with(305, Value::Text("Adobe DNG Converter 15.4"))), None);
    let mut converted = Builder::frame([0, 0, 0, 1]);
    converted.ifd0.retain(|(tag, _)| *tag != 305);
    converted.ifd0.push((305, Value::Text("a converter")));
    converted.ifd0.push((50827, Value::Text("IMG_0001.CR3")));
    assert_eq!(firmware(&converted.build()), None);
}

#[test]
fn empty_foreign_and_headless_files_each_say_so() {
    for (bytes, what) in [
        (&b""[..], "A001.dng: the file is empty"),
        (b"PK\x03\x04 something else", "A001.dng: byte 0: the file does not begin like a DNG (TIFF) file"),
        (b"II*\0\x08", "A001.dng: the file ends in its header, after 5 bytes"),
        (b"II*\0\x08\0\0\0", "A001.dng: byte 8: IFD: bytes 8..10 are wanted, but the file has 8"),
        (b"II*\0\0\0\0\0\0\0", "A001.dng: byte 0: IFD: 18761 entries, and 1 to 4096 are read"),
    ] {
        assert_eq!(inspect(bytes).unwrap_err().to_string(), what);
        assert_eq!(decode(bytes).unwrap_err().to_string(), what);
    }
    let photo = with(262, Value::Short(vec![2]));
    let error = decode(&photo).unwrap_err().to_string();
    assert!(error.contains("it holds no picture of a sensor"), "{error}");
}

#[test]
fn a_bad_value_that_is_not_needed_is_a_finding() {
    let metadata = inspect(&with(51043, Value::Byte(vec![0x3a, 0, 0, 0, 0, 0, 0, 0]))).unwrap().metadata;
    assert_eq!(metadata.start_timecode, None);
    assert_eq!(metadata.findings, ["TimeCodes: timecode byte 0x3a is not a pair of decimal digits"]);
    let metadata = inspect(&with(51044, Value::SRational(vec![(24, 0)]))).unwrap().metadata;
    assert_eq!(metadata.findings, ["FrameRate: it is not a rate above 0"]);
    assert_eq!(metadata.start_timecode.as_deref(), Some("01:00:00:00"));
}

#[test]
fn the_makers_own_tags_are_kept_by_number() {
    let tags = inspect(&with(65000, Value::Undefined(vec![1, 2]))).unwrap().tags;
    assert_eq!(tags["IFD0:65000"], serde_json::json!([1, 2]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), header in 0usize..5) {
        let headers: [&[u8]; 5] = [b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"];
        let head = headers[header];
        let len = head.len().min(bytes.len());
        bytes[..len].copy_from_slice(&head[..len]);
        let _ = inspect(&bytes);
        let _ = decode(&bytes);
    }

    #[test]
    fn no_damage_to_a_frame_panics_and_good_answers_keep_their_shape(
        damage in proptest::collection::vec((0usize..900, any::<u8>()), 1..6),
        cut in 0usize..900,
        big_tiff: bool,
        big_endian: bool,
    ) {
        let mut builder = Builder::frame([0, 0, 0, 1]);
        (builder.big_tiff, builder.big_endian) = (big_tiff, big_endian);
        builder.exif = Some(vec![(37386, Value::Rational(vec![(35, 1)]))]);
        let mut bytes = builder.build();
        for (at, byte) in damage {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        if cut > 600 {
            bytes.truncate(cut);
        }
        let _ = inspect(&bytes);
        if let Ok(mosaic) = decode(&bytes) {
            prop_assert_eq!(mosaic.samples.len(), mosaic.width * mosaic.height);
            prop_assert!(mosaic.active.left + mosaic.active.width <= mosaic.width);
            prop_assert!(mosaic.active.top + mosaic.active.height <= mosaic.height);
        }
    }
}
