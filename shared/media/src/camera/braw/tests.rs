use proptest::prelude::*;

use super::*;
use crate::{
    camera::{
        isobmff::testkit::{Video, boxed, header, keyed, movie, timecode_track, words},
        recognise,
    },
    source::{Counted, Memory, Sparse},
};

/// A frame of 600 bytes that begins with its description.
fn frame(kelvin: u32, distance: &str) -> Vec<u8> {
    let text = |kind, text: &str| boxed(kind, &[text.as_bytes(), &vec![0; 24 - text.len()]].concat());
    let about = [
        boxed(b"srte", &words(&[48000, 1001])),
        text(b"shtv", "180°"),
        boxed(b"innd", &2.0f32.to_be_bytes()),
        boxed(b"isoe", &words(&[800])),
        boxed(b"wkel", &words(&[kelvin])),
        boxed(b"wtin", &(-6i16).to_be_bytes()),
        text(b"aptr", "T2.8"),
        text(b"fcln", "35mm"),
        text(b"dsnc", distance),
    ];
    let mut frame = boxed(b"bmdf", &about.concat());
    frame.resize(600, 0);
    frame
}

fn keys() -> Vec<u8> {
    keyed(&[
        ("manufacturer", 1, b"Blackmagic Design"),
        ("camera_type", 1, b"Blackmagic URSA Cine 12K LF"),
        ("clip_number", 1, b"A001_11240815_C003"),
        ("good_take", 1, b"true"),
        ("viewing_bmdgen", 76, &[0, 5]),
        ("viewing_gamma", 1, b"Blackmagic Design Film"),
        ("viewing_gamut", 1, b"Blackmagic Design"),
        ("anamorphic_enable", 75, &[1]),
        ("anamorphic", 1, b"1.5x"),
        ("post_3dlut_mode", 1, b"Disabled"),
        ("post_3dlut_embedded_name", 1, b"A look"),
        ("crop_origin", 71, &[0x41, 0x80, 0, 0, 0x41, 0, 0, 0]),
        ("crop_size", 71, &[0x44, 0x80, 0, 0, 0x44, 0, 0, 0]),
        ("date_recorded", 1, b"2024:02:29"),
    ])
}

fn tracks(lens: Vec<u32>) -> Vec<Vec<u8>> {
    let video = Video { format: *b"brhq", offset: 8192, lens, ..Video::default() };
    vec![video.track(), timecode_track(4096, 24, 1, 24, false), keys()]
}

fn clip() -> Vec<u8> {
    let mut file = boxed(b"wide", b"");
    file.extend(boxed(b"mdat", &vec![0; 9392 - 16]));
    file[4096..4100].copy_from_slice(&86_400u32.to_be_bytes());
    file[8192..8792].copy_from_slice(&frame(5600, "1050mm to 1170mm"));
    file[8792..9392].copy_from_slice(&frame(5700, "Inf"));
    file.extend(movie(&tracks(vec![600, 600])));
    file
}

#[test]
fn a_clip_of_an_external_recorder_is_of_the_camera_before_it() {
    let users = boxed(b"udta", &keyed(&[("scene", 1, b""), ("take", 1, b"3")]));
    let made = keyed(&[
        ("manufacturer", 1, b"Blackmagic Design"),
        ("camera_manufacturer", 1, b"Panasonic"),
        ("camera_type", 1, b"Panasonic S1H"),
        ("scene", 1, b"12"),
    ]);
    let mut about = boxed(b"bmdf", &boxed(b"shtv", &[&b"172.8\xb0"[..], &[0; 18]].concat()));
    about.resize(600, 0);
    let video = Video { format: *b"brst", offset: 16, lens: vec![600], ..Video::default() };
    let file = [boxed(b"wide", b""), boxed(b"mdat", &about), movie(&[video.track(), made, users])].concat();
    let m = Braw.inspect(&Memory::new("A.braw", file)).unwrap().metadata;
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Panasonic"), Some("Panasonic S1H")));
    assert_eq!((m.scene.as_deref(), m.take.as_deref()), (Some("12"), Some("3")));
    assert_eq!(m.shutter_angle_degrees, Some(172.8), "{:?}", m.findings);
}

#[test]
fn clip_and_first_frame_say_what_they_are() {
    let file = Counted::new(Memory::new("A.braw", clip()));
    let metadata = recognise("A.braw", &file).unwrap().inspect(&file).unwrap().metadata;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    assert_eq!(metadata.findings, Vec::<String>::new());
    assert_eq!((text(&metadata.codec), text(&metadata.container)), ("Blackmagic RAW".into(), "BRAW".into()));
    assert_eq!((text(&metadata.clip_name), metadata.circle_take), ("A001_11240815_C003".into(), Some(true)));
    assert_eq!(text(&metadata.color_encoding), "Blackmagic Film Gen 5");
    assert_eq!(text(&metadata.color_primaries), "Blackmagic Wide Gamut Gen 5");
    assert_eq!((metadata.lens_squeeze, metadata.look_name), (Some(1.5), None));
    let white = (metadata.white_balance_kelvin, metadata.tint);
    assert_eq!((white, metadata.iso), ((Some(5600.0), Some(-6.0)), Some(800.0)));
    assert_eq!((metadata.nd_stops, metadata.t_stop, metadata.f_number), (Some(2.0), Some(2.8), None));
    assert_eq!((metadata.focal_length_mm, metadata.focus_distance_m), (Some(35.0), Some(1.11)));
    assert_eq!(metadata.active_area, Some([16, 8, 1024, 512]));
    assert_eq!(metadata.sensor_frame_rate.as_deref(), Some("48000/1001"));
    // 180 degrees at the sensor's rate.
    assert!((metadata.exposure_time_seconds.unwrap() - 1001.0 / 96_000.0).abs() < 1e-9);
    let (start, day) = (text(&metadata.start_timecode), text(&metadata.shoot_day));
    assert_eq!((start.as_str(), day.as_str()), ("01:00:00:00", "2024-02-29"));
    assert_eq!(text(&metadata.decoder_needed), "Blackmagic RAW SDK");
}

#[test]
fn every_frame_tells_its_own() {
    let mut frames = Vec::new();
    let mut told = |values| {
        frames.push(values);
        Ok(())
    };
    Braw.each_frame(&Memory::new("A.braw", clip()), &mut told).unwrap();
    let kelvin: Vec<&Value> = frames.iter().map(|f| &f.values["white_balance_kelvin"]).collect();
    assert_eq!(kelvin, [5600.0, 5700.0]);
    assert_eq!(frames[1].values["timecode"], "01:00:00:01");
    assert_eq!((frames[1].values.get("focus_distance_m"), frames[1].frame), (None, 1));
}

#[test]
fn a_trimmed_clip_is_of_the_day_that_it_was_recorded() {
    let mut bytes = clip();
    let at = bytes.windows(10).position(|w| w == b"2024:02:29").unwrap();
    bytes[at..at + 10].copy_from_slice(b"2018:08:25");
    let metadata = Braw.inspect(&Memory::new("A.braw", bytes)).unwrap().metadata;
    assert_eq!((metadata.shoot_day.as_deref(), metadata.recorded_at), (Some("2018-08-25"), None));
}

#[test]
fn a_file_of_100_gb_costs_five_reads() {
    const LEN: u64 = 100 << 30;
    for count in [25_000, 150_000] {
        let moov = movie(&tracks(vec![600_000; count]));
        let start = LEN - moov.len() as u64;
        let head = [boxed(b"wide", b""), header(b"mdat", start - 8)].concat();
        let file = Sparse::new("A.braw", LEN).with(0, head).with(start, moov).with(8192, frame(5600, ""));
        let file = Counted::new(file);
        let inspected = Braw.inspect(&file).unwrap();
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        assert_eq!((inspected.frames.count(), inspected.metadata.iso), (count as u64, Some(800.0)));
        assert_eq!(inspected.metadata.findings, Vec::<String>::new());
        assert_eq!(inspected.metadata.clip_name.as_deref(), Some("A001_11240815_C003"));
        assert_eq!(Braw.spans(&file, 20_000..20_001).unwrap()[0].offset, 8192 + 20_000 * 600_000);
    }
}

#[test]
fn distances_and_days_are_read_as_they_are_written() {
    assert_eq!((metres("1050mm to 1170mm"), metres("800mm"), metres("Inf")), (Some(1.11), Some(0.8), None));
    assert_eq!((iso_day("2018:08:25").as_deref(), iso_day("2018")), (Some("2018-08-25"), None));
}

proptest! {
    #[test]
    fn no_bytes_panic_or_break_the_budget(
        flips in proptest::collection::vec((0usize..12_000, any::<u8>()), 0..12),
        cut in 0usize..2000,
    ) {
        let mut bytes = clip();
        for (at, byte) in flips {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        let file = Counted::new(Memory::new("A.braw", bytes));
        let _ = Braw.inspect(&file);
        prop_assert!(file.reads() <= 5 && file.bytes() <= 1 << 20);
        let mut frames = 0;
        let _ = Braw.each_frame(&file, &mut |_| {
            frames += 1;
            if frames > 100 { Err(Error::invalid("enough")) } else { Ok(()) }
        });
    }
}
