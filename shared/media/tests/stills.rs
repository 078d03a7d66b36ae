//! Scans, plates and photographs from elsewhere, a frame a file, and what other readers say of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{env, path::PathBuf};

use platefleet_media::{
    camera::{Inspected, recognise},
    source::{Counted, File, Source},
};

/// A file of the reference data; none, and said aloud, where there is none.
fn reference(path: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let file = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join(path);
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", file.display());
        return None;
    }
    Some(file)
}

/// Inspects a sample within the budget; every value must say where it came from.
fn inspect(name: &str) -> Option<Inspected> {
    let file = Counted::new(File::open(&reference(&format!("samples/{name}"))?).unwrap());
    let format = recognise(name, &file).unwrap();
    let file = Counted::new(file);
    let read = format.inspect(&file).unwrap();
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{name}: {} reads, {} bytes", file.reads(), file.bytes());
    let serde_json::Value::Object(fields) = serde_json::to_value(&read.metadata).unwrap() else { panic!("{name}") };
    for field in fields.keys().filter(|field| !["sources", "findings"].contains(&field.as_str())) {
        assert!(read.metadata.sources.contains_key(field), "{name}: {field} has no source");
    }
    if let Some(span) = read.frames.span(0).filter(|_| read.metadata.findings.is_empty()) {
        assert!(span.len > 0 && span.offset + span.len <= file.len(), "{name}: {span:?}");
    }
    Some(read)
}

fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

/// Oracle: oiiotool 3.2.2 `--info -v`, and exiftool 12.57 for the dates.
#[test]
fn bars_in_every_depth_and_byte_order_say_what_openimageio_says() {
    for (name, bits, creator, recorded_at) in [
        ("bars_nuke_8_be", 8, "Nuke", "2009-07-29T21:13:27"),
        ("bars_nuke_10_be", 10, "Nuke", "2009-07-29T21:13:27"),
        ("bars_nuke_10_le", 10, "Nuke", "2009-07-29T21:13:27"),
        ("bars_nuke_12_be", 12, "Nuke", "2009-07-29T21:13:27"),
        ("bars_nuke_16_be", 16, "Nuke", "2009-07-29T21:13:27"),
        ("bars_cinepaint_10", 10, "David's DPX writer", "2009-07-29T21:33:36"),
    ] {
        let Some(Inspected { metadata: m, tags, .. }) = inspect(&format!("dpx/{name}.dpx")) else { continue };
        assert_eq!((text(m.container.as_ref()), text(m.resolution.as_ref())), ("DPX", "240x135"), "{name}");
        assert_eq!((m.bit_depth, text(m.recorded_at.as_ref())), (Some(bits), recorded_at), "{name}");
        assert_eq!((&tags["Creator"], text(m.orientation.as_ref())), (&creator.into(), "normal"), "{name}");
        // Descriptor 50 is RGB, packing 1 is filled by method A.
        assert_eq!((&tags["Descriptor"], &tags["Packing"]), (&50.into(), &1.into()), "{name}");
        assert_eq!((m.color_encoding, m.color_primaries, m.frame_rate), (None, None, None), "{name}");
        // CinePaint's picture begins where others have the timecode.
        assert_eq!((m.start_timecode, m.findings), (None, vec![]), "{name}");
    }
}

/// Oracle: exiftool 12.57; the pixels were cut off.
#[test]
fn a_scan_without_its_pixels_says_its_scanner_and_that_it_is_cut() {
    let Some(Inspected { metadata: m, tags, .. }) = inspect("dpx/DPX.dpx") else { return };
    assert_eq!((text(m.resolution.as_ref()), m.bit_depth), ("2048x1556", Some(10)));
    assert_eq!(
        (text(m.camera_model.as_ref()), text(m.camera_serial.as_ref()), text(m.production_name.as_ref())),
        ("SPIRIT-4K DATACINE", "01018", "Project name")
    );
    assert_eq!(text(m.color_encoding.as_ref()), "Printing density");
    assert_eq!(text(m.recorded_at.as_ref()), "2010-08-03T08:38:16");
    // exiftool prints the word as a number: 4117 is 0x00001015.
    assert_eq!((&tags["Timecode"], text(m.start_timecode.as_ref())), (&4117.into(), "00:00:10:15"));
    assert!(!tags.contains_key("EncryptionKey"), "all bits set is none");
    assert!(m.findings.iter().any(|finding| finding.contains("cut short")), "{:?}", m.findings);
}

/// Oracle: samples/README.md, and oiiotool 3.2.2, which refuses the first two.
#[test]
fn scans_that_claim_more_than_they_have_are_told_by_their_headers() {
    if let Some(Inspected { metadata: m, .. }) = inspect("dpx/bomb-46341.dpx") {
        assert_eq!((text(m.resolution.as_ref()), m.frame_rate), ("46341x46341", None));
        // Three samples of 10 bits a word: 46341 * 46341 * 4 bytes behind a header of 2048.
        let end = 2048 + 46_341u64 * 46_341 * 4;
        assert_eq!(
            m.findings,
            [format!("the picture ends at byte {end}, but the file has 21248: the frame is cut short")]
        );
    }
    if let Some(Inspected { metadata: m, .. }) = inspect("dpx/crash-badusersize.dpx") {
        // oiiotool: 4160749568 bytes of user data at offset 2048 run past the 2054 byte file.
        assert!(m.findings.iter().any(|f| f.contains("ends at byte 4160751616")), "{:?}", m.findings);
    }
    if let Some(Inspected { metadata: m, tags, .. }) = inspect("dpx/crash-1chan-10bit-filled-methodA.dpx") {
        assert_eq!((text(m.resolution.as_ref()), m.bit_depth, m.findings.len()), ("80x60", Some(10), 0));
        assert_eq!((&tags["ImageElements"], &tags["Description"]), (&2.into(), &"view angle: left".into()));
    }
}

/// Oracle: oiiotool 3.2.2 `--info -v`.
#[test]
fn plates_say_the_windows_and_the_coding_that_openimageio_finds() {
    for (name, stored, shown, compression, primaries) in [
        ("AllHalfValues", "256x256", [256, 256], "PIZ", ""),
        ("BrightRingsNanInf", "800x800", [800, 800], "ZIP", ""),
        ("Carrots", "600x400", [600, 400], "ZIP", "ACES"),
        ("Desk", "644x874", [644, 874], "PIZ", ""),
        ("t03", "400x300", [370, 280], "PIZ", ""),
        ("t08", "400x300", [501, 401], "PIZ", ""),
        ("reel1_0", "240x135", [3840, 2160], "uncompressed", "ACES"),
        ("reel1_1", "240x135", [3840, 2160], "uncompressed", "ACES"),
        ("aces_1920x1080_graded.00010", "1920x1080", [1920, 1080], "PIZ", "ACES"),
    ] {
        let Some(Inspected { metadata: m, .. }) = inspect(&format!("exr/{name}.exr")) else { continue };
        assert_eq!(m.findings, [""; 0], "{name}");
        assert_eq!((text(m.container.as_ref()), m.bit_depth), ("OpenEXR", Some(16)), "{name}");
        assert_eq!((text(m.resolution.as_ref()), m.display_size), (stored, Some(shown)), "{name}");
        assert_eq!(
            (text(m.compression.as_ref()), text(m.color_primaries.as_ref())),
            (compression, primaries),
            "{name}"
        );
    }
    if let Some(Inspected { metadata: m, .. }) = inspect("exr/Carrots.exr") {
        assert_eq!((text(m.camera_make.as_ref()), text(m.camera_model.as_ref())), ("Sony", "SLT-A99"));
        assert_eq!((m.iso, m.f_number, m.exposure_time_seconds), (Some(100.0), Some(8.0), Some(0.625)));
        assert_eq!((text(m.lens_model.as_ref()), m.focal_length_mm), ("70-300mm F4.5-5.6 G SSM", Some(120.0)));
    }
    if let Some(Inspected { metadata: m, tags, .. }) = inspect("exr/reel1_0.exr") {
        let ratio = m.pixel_aspect_ratio.unwrap();
        assert!((ratio - 1.32187).abs() < 1e-5, "{ratio}");
        assert_eq!(tags["acesImageContainerFlag"], 1);
    }
    if let Some(Inspected { metadata: m, .. }) = inspect("exr/aces_1920x1080_graded.00010.exr") {
        assert_eq!((text(m.frame_rate.as_ref()), text(m.start_timecode.as_ref())), ("24/1", "00:00:00:00"));
    }
}

/// Oracle: exiftool 12.57.
#[test]
fn photographs_say_what_exiftool_says_and_what_their_pixels_need() {
    let near = |gains: Option<[f64; 3]>, expected: [f64; 3]| {
        gains.unwrap().iter().zip(expected).all(|(gain, expected)| (gain - expected).abs() < 1e-4)
    };
    if let Some(Inspected { metadata: m, .. }) = inspect("dng/colorchart.dng") {
        assert_eq!((text(m.camera_make.as_ref()), text(m.camera_model.as_ref())), ("Canon", "Canon EOS Kiss X4"));
        assert_eq!((text(m.resolution.as_ref()), m.bit_depth), ("1888x1182", Some(14)));
        assert_eq!((m.active_area, m.display_size), (Some([152, 26, 1734, 1156]), Some([1734, 1156])));
        // AsShotNeutral 1 2.477 1.462.
        assert!(near(m.white_balance_gains, [2.477, 1.0, 2.477 / 1.462]), "{:?}", m.white_balance_gains);
        assert_eq!((m.decoder_needed, m.iso, m.f_number, m.recorded_at), (None, None, None, None));
    }
    if let Some(Inspected { metadata: m, .. }) = inspect("dng/DNG.dng") {
        assert_eq!(
            (text(m.camera_model.as_ref()), text(m.camera_serial.as_ref())),
            ("Canon EOS 350D DIGITAL", "012345678")
        );
        assert_eq!((text(m.resolution.as_ref()), m.display_size), ("3516x2328", Some([3456, 2304])));
        assert_eq!(m.active_area, Some([42, 14, 3516 - 42, 2328 - 14]));
        assert_eq!((m.iso, m.f_number, m.focal_length_mm), (Some(400.0), Some(8.0), Some(55.0)));
        assert_eq!((m.exposure_time_seconds, m.frame_rate), (Some(1.0 / 15.0), None));
        assert_eq!(text(m.recorded_at.as_ref()), "2005-08-03T18:59:18");
        // AsShotNeutral 0.592408 1 0.501692.
        assert!(near(m.white_balance_gains, [1.0 / 0.592_408, 1.0, 1.0 / 0.501_692]), "{:?}", m.white_balance_gains);
        assert_eq!(text(m.decoder_needed.as_ref()), "a decoder of DNG compressed with lossless JPEG");
        // 14 by 10 tiles of 256x240, of which the header kept one.
        assert_eq!(m.findings, ["TileOffsets: 1 values, but the picture has 140 pieces"]);
    }
    for (name, recorded_at) in [
        ("05_PGTM2_unsigned8", "2023-05-22T10:59:27"),
        ("06_PGTM2_unsigned16", "2023-05-22T11:01:56"),
        ("07_PGTM2_float16", "2023-05-22T11:03:10"),
    ] {
        let Some(Inspected { metadata: m, .. }) = inspect(&format!("dng/{name}.dng")) else { continue };
        assert_eq!((text(m.camera_model.as_ref()), text(m.recorded_at.as_ref())), ("Test Camera", recorded_at));
        assert_eq!((text(m.resolution.as_ref()), m.bit_depth), ("200x200", Some(16)));
        assert_eq!(m.white_balance_gains, Some([1.0; 3]));
        assert_eq!(text(m.decoder_needed.as_ref()), "a decoder of LinearRaw (a demosaiced picture)");
    }
}
