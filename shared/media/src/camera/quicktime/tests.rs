mod codings;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    camera::{
        FrameTable,
        isobmff::testkit::{
            UPRIGHT, Video, boxed, entry, header, keyed, movie, nested, sound_track, table, timecode_track, track,
            words,
        },
        recognise,
    },
    error::Error,
    source::{Counted, Known, Memory, Sparse},
};

fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
    let all: Vec<u8> = brands.iter().flat_map(|b| b.to_vec()).collect();
    boxed(b"ftyp", &[&all[..4], &[0; 4], &all].concat())
}

/// A clip: `ftyp`, media that holds the sample of a timecode (frame 90000) and frames from byte 4096, then the movie.
fn clip(tracks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [ftyp(&[b"qt  "]), boxed(b"wide", b"")].concat();
    let media = 8192 - file.len();
    file.extend(boxed(b"mdat", &vec![0; media - 8]));
    file[2048..2052].copy_from_slice(&90_000u32.to_be_bytes());
    file.extend(movie(tracks));
    file
}

fn inspect(bytes: &[u8]) -> Inspected {
    let file = Memory::new("A001C001.mov", bytes);
    let format = recognise("A001C001.mov", &file).unwrap();
    format.inspect(&file).unwrap()
}

#[test]
fn a_clip_says_what_it_is_and_where_its_frames_stand() {
    let colr = boxed(b"colr", b"nclc\0\x09\0\x12\0\x09");
    let extensions = [boxed(b"fiel", &[2, 9]), boxed(b"pasp", &words(&[4, 3])), colr].concat();
    let video = Video { extensions, ..Video::default() };
    let sounds = [sound_track(*b"in24", 2, 16), sound_track(*b"in24", 1, 16)];
    let tracks = [&[video.track(), timecode_track(2048, 24, 1, 24, false)][..], &sounds].concat();
    let Inspected { metadata, frames, tags } = inspect(&clip(&tracks));
    assert_eq!(metadata.findings, Vec::<String>::new());
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    assert_eq!((text(&metadata.codec), text(&metadata.container)), ("Apple ProRes 422 HQ".into(), "QuickTime".into()));
    assert_eq!((text(&metadata.resolution), text(&metadata.frame_rate)), ("1920x1080".into(), "24000/1001".into()));
    assert_eq!(
        (text(&metadata.scan), metadata.pixel_aspect_ratio),
        ("interlaced top field first".into(), Some(4.0 / 3.0))
    );
    assert_eq!((text(&metadata.color_primaries), text(&metadata.color_encoding)), ("BT.2020".into(), "HLG".into()));
    // 90000 frames at base 24 are 3750 seconds.
    assert_eq!(
        (text(&metadata.start_timecode), text(&metadata.timecode_rate)),
        ("01:02:30:00".into(), "24000/1001".into())
    );
    assert_eq!((metadata.audio_channels, metadata.audio_bit_depth), (Some(3), Some(24)));
    assert_eq!(text(&metadata.recorded_at), "2024-02-29T12:34:56Z");
    assert_eq!((metadata.frame_count, metadata.bit_depth), (Some(3), Some(10)));
    assert_eq!(text(&metadata.decoder_needed), "Apple ProRes decoder");
    let spans: Vec<(u64, u64)> = (0..3).map(|n| frames.span(n).unwrap()).map(|s| (s.offset, s.len)).collect();
    assert_eq!(spans, [(4096, 1000), (5096, 1001), (6097, 999)]);
    assert_eq!(tags["tmcd:frame"], 90_000);
    let unsourced = ["role", "path", "size_bytes", "findings", "related", "sources"];
    let serde_json::Value::Object(fields) = serde_json::to_value(&metadata).unwrap() else { panic!() };
    for field in fields.keys().filter(|f| !unsourced.contains(&f.as_str())) {
        assert!(metadata.sources.contains_key(field), "{field} has no source");
    }
}

#[test]
fn drop_frame_timecode_counts_in_its_own_labels() {
    let video = Video { timescale: 30000, ..Video::default() };
    let metadata = inspect(&clip(&[video.track(), timecode_track(2048, 30000, 1001, 30, true)])).metadata;
    // 17982 frames are ten minutes: 90000 = 5 * 17982 + 90, three seconds into the fifty-first minute.
    assert_eq!(metadata.start_timecode.as_deref(), Some("00:50:03;00"));
    assert_eq!(metadata.timecode_rate.as_deref(), Some("30000/1001"));
}

#[test]
fn the_matrix_of_the_track_says_how_it_is_shown() {
    const ONE: u32 = 1 << 16;
    let minus = ONE.wrapping_neg();
    for (first, orientation, size) in [
        ([ONE, 0, 0, 0, ONE], "normal", [1920, 1080]),
        ([0, ONE, 0, minus, 0], "rotated 90", [1080, 1920]),
        ([minus, 0, 0, 0, minus], "rotated 180", [1920, 1080]),
        ([0, minus, 0, ONE, 0], "rotated 270", [1080, 1920]),
    ] {
        let mut matrix = UPRIGHT;
        matrix[..5].copy_from_slice(&first);
        let metadata = inspect(&clip(&[Video { matrix, ..Video::default() }.track()])).metadata;
        assert_eq!((metadata.orientation.as_deref(), metadata.display_size), (Some(orientation), Some(size)));
    }
}

#[test]
fn arris_keys_are_read_with_their_scales() {
    let meta = keyed(&[
        ("com.arri.camera.CameraModel", 1, b"Alexa LF Plus W"),
        ("com.arri.camera.CameraSerialNumber", 1, b"2566"),
        ("com.arri.camera.CameraIndex", 1, b"B"),
        ("com.arri.camera.ReelName", 1, b"B001R1ZA"),
        ("com.arri.camera.SceneName", 1, b"no scene name"),
        ("com.arri.camera.TakeName", 1, b"n.a."),
        ("com.arri.camera.Director", 1, b"H. Raedlein"),
        ("com.arri.camera.Cinematographer", 1, b"C. Beckmerhagen"),
        ("com.arri.camera.Production", 1, b"ALEXA LF Samplefootage"),
        ("com.arri.camera.Location", 1, b"ARRI Creative Space Muc"),
        ("com.arri.camera.CameraClipName", 1, b"B001C001_180327_R1ZA"),
        ("com.arri.camera.SupVersion", 1, b"AlexaLF_2.0:41017"),
        ("com.arri.camera.UUID", 1, b"e4b8a5cc-0000-4000-82e3-016200000000"),
        ("com.arri.camera.ProjectFps", 1, b"24000"),
        ("com.arri.camera.LensSerialNumber", 1, b"2"),
        ("com.arri.camera.LensSqueeze", 1, b"1.000"),
        ("com.arri.camera.LookName", 1, b"--"),
        ("com.arri.camera.ShutterAngle", 1, b"1728"),
        ("com.arri.camera.SensorFps", 1, b"48000"),
        ("com.arri.camera.ExposureIndexAsa", 1, b"400"),
        ("com.arri.camera.WhiteBalanceKelvin", 1, b"3200"),
        ("com.arri.camera.WhiteBalanceTintCc", 1, b"0"),
        ("com.arri.camera.ColorGammaSxS", 1, b"LOG-C"),
        ("com.arri.camera.LensType", 1, b"ARRI SP40 T1.8"),
        ("com.arri.camera.NdFilterDensity", 1, b"0.6"),
        ("com.arri.camera.look.cdl.slope", 1, b"1.1 1.0 0.9"),
        ("com.arri.camera.look.cdl.offset", 1, b"0 0 0"),
        ("com.arri.camera.look.cdl.power", 1, b"1 1 1"),
        ("com.arri.camera.look.cdl.saturation", 1, b"0.5"),
    ]);
    let colr = boxed(b"colr", b"nclc\0\x01\0\x01\0\x01");
    let video = Video { format: *b"ap4h", extensions: colr, ..Video::default() };
    let metadata = inspect(&clip(&[video.track(), meta])).metadata;
    assert_eq!(
        (metadata.camera_make.as_deref(), metadata.camera_model.as_deref()),
        (Some("ARRI"), Some("ALEXA LF Plus W"))
    );
    assert_eq!((metadata.reel_name.as_deref(), metadata.scene.as_deref()), (Some("B001R1ZA"), None));
    assert_eq!((&metadata.take, &metadata.look_name, metadata.lens_squeeze), (&None, &None, Some(1.0)));
    // As ARRI's own export of B001C001_180327_R1ZA.mov has them.
    for (said, exported) in [
        (&metadata.director, "H. Raedlein"),
        (&metadata.cinematographer, "C. Beckmerhagen"),
        (&metadata.production_name, "ALEXA LF Samplefootage"),
        (&metadata.location, "ARRI Creative Space Muc"),
        (&metadata.clip_name, "B001C001_180327_R1ZA"),
        (&metadata.clip_uuid, "e4b8a5cc-0000-4000-82e3-016200000000"),
        (&metadata.camera_serial, "2566"),
        (&metadata.camera_index, "B"),
        (&metadata.firmware, "AlexaLF_2.0:41017"),
        (&metadata.lens_model, "ARRI SP40 T1.8"),
        (&metadata.lens_serial, "2"),
    ] {
        assert_eq!(said.as_deref(), Some(exported));
    }
    assert_eq!((metadata.shutter_angle_degrees, metadata.exposure_time_seconds), (Some(172.8), Some(0.01)));
    assert_eq!(
        (metadata.sensor_frame_rate.as_deref(), metadata.frame_rate.as_deref()),
        (Some("48/1"), Some("24000/1001"))
    );
    assert_eq!(
        (metadata.exposure_index, metadata.white_balance_kelvin, metadata.tint),
        (Some(400.0), Some(3200.0), Some(0.0))
    );
    // What the maker says of the curve goes before what QuickTime has a number for.
    assert_eq!(
        (metadata.color_encoding.as_deref(), metadata.color_matrix.as_deref()),
        (Some("ARRI LogC3"), Some("BT.709"))
    );
    assert!((metadata.nd_stops.unwrap() - 1.993).abs() < 0.001);
    assert_eq!(metadata.cdl.map(|cdl| (cdl.slope, cdl.saturation)), Some(([1.1, 1.0, 0.9], 0.5)));
    assert_eq!(metadata.sources["reel_name"], "com.arri.camera.ReelName");
}

#[test]
fn keys_among_users_data_are_keys_too() {
    // Where FFmpeg puts them when it rewraps a clip.
    let users = nested(b"udta", &[keyed(&[("com.arri.camera.CameraModel", 1, b"ALEXA Mini LF")])]);
    let metadata = inspect(&clip(&[Video::default().track(), users])).metadata;
    let camera = (metadata.camera_make.as_deref(), metadata.camera_model.as_deref());
    assert_eq!(camera, (Some("ARRI"), Some("ALEXA Mini LF")));
}

#[test]
fn a_file_of_100_gb_costs_five_reads_wherever_its_movie_is() {
    const LEN: u64 = 100 << 30;
    let lens = vec![4_000_000; 25_000];
    let tracks = |offset| {
        [Video { lens: lens.clone(), offset, ..Video::default() }.track(), timecode_track(2048, 24, 1, 24, false)]
    };
    let head = ftyp(&[b"qt  "]);
    let at_end = movie(&tracks(1 << 20));
    let start = LEN - at_end.len() as u64;
    let media = header(b"mdat", start - head.len() as u64);
    let at_start = movie(&tracks(1 << 20));
    let after = (head.len() + at_start.len()) as u64;
    let first = [head.clone(), at_start, header(b"mdat", LEN - after)].concat();
    for file in [
        Sparse::new("A.mov", LEN).with(0, [head.clone(), media].concat()).with(start, at_end),
        Sparse::new("A.mov", LEN).with(0, first),
    ] {
        let file = Counted::new(file.with(2048, 90_000u32.to_be_bytes()));
        let inspected = QuickTime.inspect(&file).unwrap();
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        assert_eq!((inspected.metadata.frame_count, inspected.frames.count()), (Some(25_000), 25_000));
        assert_eq!(inspected.metadata.findings, Vec::<String>::new());
        assert_eq!(inspected.frames.span(24_999).unwrap().offset, (1 << 20) + 4_000_000 * 24_999);
    }
}

#[test]
fn a_movie_too_long_to_read_is_known_and_its_frames_are_looked_up() {
    const LEN: u64 = 100 << 30;
    // Two hours at 25 frames a second: 2 MB of tables.
    let lens: Vec<u32> = (0..180_000).map(|n| 500_000 + n % 7).collect();
    let meta = keyed(&[("com.apple.proapps.reel", 1, b"A001")]);
    let video = Video { lens, timescale: 25, frame_duration: 1, ..Video::default() };
    let moov = movie(&[video.track(), sound_track(*b"in24", 2, 16), timecode_track(2048, 25, 1, 25, false), meta]);
    let start = LEN - moov.len() as u64;
    let head = [ftyp(&[b"qt  "]), header(b"mdat", start - 20)].concat();
    let file =
        Counted::new(Sparse::new("A.mov", LEN).with(0, head).with(2048, 90_000u32.to_be_bytes()).with(start, moov));
    let Inspected { metadata, frames, .. } = QuickTime.inspect(&file).unwrap();
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    assert_eq!(frames, FrameTable::Own { count: 180_000 });
    assert_eq!((metadata.frame_count, metadata.frame_rate.as_deref()), (Some(180_000), Some("25/1")));
    assert_eq!(
        (metadata.start_timecode.as_deref(), metadata.reel_name.as_deref()),
        (Some("01:00:00:00"), Some("A001"))
    );
    assert_eq!((metadata.findings, metadata.audio_channels), (Vec::new(), Some(2)));
    let spans = QuickTime.spans(&file, 100_000..100_002).unwrap();
    let before: u64 = (0..100_000u64).map(|n| 500_000 + n % 7).sum();
    assert_eq!((spans.len(), spans[0].offset, spans[0].len), (2, 4096 + before, 500_000 + 100_000 % 7));
    assert!(QuickTime.spans(&file, 180_000..180_001).is_err());
}

#[test]
fn what_a_file_lacks_is_said() {
    let whole = clip(&[Video::default().track(), timecode_track(2048, 24, 1, 24, false)]);
    for (len, what) in [
        (40, "the file has no moov box"),
        (5000, "the file is cut short: its mdat lacks the last 3192 bytes"),
        (8400, "the file is cut short: its moov lacks the last"),
    ] {
        let metadata = inspect(&whole[..len]).metadata;
        assert!(metadata.findings.iter().any(|f| f.starts_with(what)), "{len}: {:?}", metadata.findings);
    }
    let mut first = ftyp(&[b"qt  "]);
    first.extend(movie(&[Video { offset: 2000, ..Video::default() }.track()]));
    first.extend(header(b"mdat", 9999));
    first.resize(4000, 0);
    let findings = inspect(&first).metadata.findings;
    let expected = "the file is cut short: frames end at byte 5000, but it has 4000; 1 of 3 frames are there";
    assert!(findings.contains(&expected.to_owned()), "{findings:?}");
    let sound_only = inspect(&clip(&[sound_track(*b"sowt", 2, 16)])).metadata;
    assert_eq!(sound_only.findings, ["the file has no track of pictures"]);
}

#[test]
fn frames_in_fragments_are_not_counted_by_the_movies_tables() {
    const FOUND: &str = "the movie is in fragments, which are not read: remux it to one movie";
    let announced = |media: u64, next: &[u8]| {
        let moov = movie(&[Video::default().track(), nested(b"mvex", &[boxed(b"trex", &[0; 24])])]);
        let head = [ftyp(&[b"isom"]), moov, header(b"mdat", media)].concat();
        let at = head.len() as u64 - 16 + media;
        let file = Counted::new(Sparse::new("A.mp4", 100 << 30).with(0, head).with(at, next.to_vec()));
        let metadata = QuickTime.inspect(&file).unwrap().metadata;
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20);
        (metadata.frame_count, metadata.frame_rate, metadata.findings)
    };
    let rate = Some("24000/1001".to_owned());
    assert_eq!(announced(50 << 30, &boxed(b"moof", &[0; 16])), (None, rate.clone(), vec![FOUND.to_owned()]));
    assert_eq!(announced(50 << 30, &boxed(b"free", &[0; 16])), (Some(3), rate, Vec::new()));
}

#[test]
fn what_is_to_be_fetched_is_asked_for() {
    let bytes = clip(&[Video::default().track(), timecode_track(2048, 24, 1, 24, false)]);
    let mut file = Known::new("A.mov", bytes.len() as u64);
    let mut fetched = 0;
    let inspected = loop {
        match QuickTime.inspect(&file) {
            Ok(inspected) => break inspected,
            Err(Error::Missing { range, .. }) => {
                file.insert(range.start, bytes[range.start as usize..range.end as usize].to_vec());
                fetched += 1;
            }
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!((inspected.metadata.frame_count, fetched <= 5), (Some(3), true));
}

#[test]
fn makers_are_known_by_what_they_leave() {
    for (brands, boxes, make, model) in [
        (vec![b"mp42"], nested(b"udta", &[boxed(b"GPMF", &[0x80; 12])]), "GoPro", None),
        (vec![b"XAVC", b"mp42"], boxed(b"free", b""), "Sony", None),
        (vec![b"isom"], nested(b"udta", &[boxed(b"\xa9mdl", b"FC3582")]), "", Some("FC3582")),
        (vec![b"mp42"], nested(b"udta", &[boxed(b"CNMN", b"Canon EOS R5\0")]), "Canon", Some("Canon EOS R5")),
        (
            vec![b"qt  "],
            keyed(&[("com.apple.quicktime.make", 1, b"Apple"), ("com.apple.quicktime.model", 1, b"iPhone 15 Pro")]),
            "Apple",
            Some("iPhone 15 Pro"),
        ),
    ] {
        let file = [ftyp(&brands), movie(&[boxes])].concat();
        let metadata = inspect(&file).metadata;
        assert_eq!(metadata.camera_make.as_deref().unwrap_or_default(), make);
        assert_eq!(metadata.camera_model.as_deref(), model);
    }
}

#[test]
fn rates_that_waver_are_a_mean_with_a_finding() {
    let tables = [
        boxed(b"stsd", &[words(&[0, 0])].concat()),
        table(b"stts", 2, &[50, 20, 50, 60]),
        boxed(b"stsz", &words(&[0, 10, 100])),
    ];
    let metadata = inspect(&clip(&[track(1, b"vide", 1000, 4000, &UPRIGHT, [0, 0], &tables)])).metadata;
    assert_eq!(metadata.frame_rate.as_deref(), Some("25/1"));
    assert!(metadata.findings.iter().any(|f| f.contains("equally long")), "{:?}", metadata.findings);
    assert_eq!(json!(metadata.frame_count), 100);
}

proptest! {
    #[test]
    fn no_bytes_panic_or_break_the_budget(
        flips in proptest::collection::vec((0usize..4000, any::<u8>()), 0..12),
        cut in 0usize..4000,
        noise in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let extensions = [boxed(b"clap", &words(&[9; 8])), boxed(b"avcC", &[1; 20]), boxed(b"hvcC", &[1; 23])].concat();
        let tracks = [
            Video { extensions, offset: 60, ..Video::default() }.track(),
            timecode_track(40, 24, 1, 24, false),
            sound_track(*b"lpcm", 2, 16),
            keyed(&[("com.arri.camera.SensorFps", 1, b"24000"), ("x", 23, &[0; 4])]),
        ];
        let mut bytes = [ftyp(&[b"qt  "]), movie(&tracks)].concat();
        for (at, byte) in flips {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut / 4));
        for bytes in [bytes, noise] {
            let file = Counted::new(Memory::new("A.mov", bytes));
            if let Ok(inspected) = QuickTime.inspect(&file) {
                prop_assert!(inspected.frames.count() <= u64::from(u32::MAX) * 2);
            }
            prop_assert!(file.reads() <= 5 && file.bytes() <= 1 << 20);
            let _ = QuickTime.spans(&file, 0..3);
        }
    }
}

#[test]
fn sonys_document_and_acquisition_metadata_are_read() {
    let xml = br#"<?xml version="1.0" encoding="UTF-8"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.00">
<Device manufacturer="Sony" modelName="ILCE-7SM3" serialNo="4294967295"/></NonRealTimeMeta>"#;
    let meta = boxed(
        b"meta",
        &[&[0; 4][..], &boxed(b"hdlr", &[0; 24]), &boxed(b"xml ", &[&[0; 4], &xml[..]].concat())].concat(),
    );
    // A set of the camera (RDD 18): 810B ISO 800, 810E white balance 5500 K, behind a header of 28 bytes.
    let camera = [0x06, 0x0e, 0x2b, 0x34, 2, 0x53, 1, 1, 0x0c, 2, 1, 1, 2, 1, 0, 0];
    let values = [0x81, 0x0b, 0, 2, 3, 0x20, 0x81, 0x0e, 0, 2, 0x15, 0x7c];
    let sets = [&camera[..], &[0x83, 0, 0, values.len() as u8], &values].concat();
    let sample = [&[0, 28][..], &[0; 26], &sets].concat();
    let tables = [
        boxed(b"stsd", &[words(&[0, 1]), boxed(b"rtmd", &[0; 8])].concat()),
        table(b"stts", 1, &[1, 1001]),
        table(b"stsc", 1, &[1, 1, 1]),
        boxed(b"stsz", &words(&[0, sample.len() as u32, 1])),
        table(b"stco", 1, &[1024]),
    ];
    let rtmd = track(5, b"meta", 24000, 1001, &UPRIGHT, [0, 0], &tables);
    let mut bytes = clip(&[Video::default().track(), rtmd, meta]);
    bytes[1024..1024 + sample.len()].copy_from_slice(&sample);
    let metadata = inspect(&bytes).metadata;
    assert_eq!((metadata.camera_make.as_deref(), metadata.camera_model.as_deref()), (Some("Sony"), Some("ILCE-7SM3")));
    assert_eq!((metadata.iso, metadata.white_balance_kelvin), (Some(800.0), Some(5500.0)), "{:?}", metadata.findings);
    let mut frames = Vec::new();
    let mut told = |values: FrameValues| {
        frames.push(values.values["iso"].clone());
        Ok(())
    };
    QuickTime.each_frame(&Memory::new("A.mp4", bytes), &mut told).unwrap();
    assert_eq!(frames, [800.0]);
}
