//! Headers with the values of real frames, written at the places that RDD 30's readers know, and read back.

use proptest::prelude::*;

use super::*;
use crate::{
    camera::{MAX_BYTES, MAX_READS, recognise},
    source::{Counted, Memory, Sparse},
};

/// A header with nothing but its frame, and every block there.
struct Frame(Vec<u8>);

impl Frame {
    fn new(pixels: usize) -> Self {
        let mut frame = Self(vec![0; HEADER_BYTES + pixels]);
        frame.put(0, b"ARRI\x12\x34\x56\x78");
        frame.u32(8, 4096).u32(0xc, 3);
        for block in [0x10, 0x54, 0x160, 0x370, 0x438, 0x4f0, 0x718, 0x84c] {
            frame.u32(block, 0x3c);
        }
        frame
    }
    fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }
    fn u32(&mut self, at: usize, value: u32) -> &mut Self {
        self.put(at, &value.to_le_bytes())
    }
    fn f32(&mut self, at: usize, value: f32) -> &mut Self {
        self.put(at, &value.to_le_bytes())
    }
    fn inspect(&self, name: &str) -> Inspected {
        let file = Memory::new(name, &self.0[..]);
        recognise(name, &file).unwrap().inspect(&file).unwrap()
    }
}

/// Width, height, gains of red and blue, microseconds, EI, thousandths of a millimetre, lens, family.
type Expected = (u32, u32, [f32; 2], u32, u32, u32, &'static str, &'static str);

/// What another reader (rawler) says of a frame of five cameras.
const REAL: [Expected; 5] = [
    (6560, 3100, [1.947_298_5, 1.403_027_3], 20_833, 800, 50_000, "Prime 50 5020981", "ALEXA65"),
    (3840, 2160, [1.087_509, 2.271_995], 20_000, 400, 100_000, "Zeiss MA100 T1.9", "ALEXALF"),
    (3424, 2202, [1.413_290_3, 1.718_047_9], 20_000, 1280, 0, "", "A-MINI"),
    (2880, 1620, [1.645_02, 1.366_699], 2604, 800, 26_266, "Fujinon Alura AZ15.5-45 T2.8", "ALEXA"),
    (3424, 2202, [1.645, 1.3667], 16_000, 800, 0, "", "ALEXA"),
];

#[test]
fn frames_of_five_cameras_say_what_another_reader_reads() {
    for (width, height, [red, blue], microseconds, ei, focal, lens, family) in REAL {
        let mut frame = Frame::new(0);
        frame.u32(0x14, width).u32(0x18, height).f32(0x64, red).f32(0x68, 1.0).f32(0x6c, blue);
        frame.u32(0x18c, microseconds).u32(0x74, ei).u32(0x37c, focal);
        frame.put(0x398, lens.as_bytes()).put(0x29c, family.as_bytes());
        let m = frame.inspect("A001.ari").metadata;
        assert_eq!((m.width, m.height, m.exposure_index), (Some(width), Some(height), Some(f64::from(ei))));
        let gains = m.white_balance_gains.unwrap();
        let near = |a: f64, b: f32| (a - f64::from(b)).abs() < 1e-6;
        assert!(near(gains[0], red) && near(gains[1], 1.0) && near(gains[2], blue), "{gains:?}");
        assert_eq!(m.exposure_time_seconds, Some(f64::from(microseconds) / 1e6));
        assert_eq!(m.focal_length_mm, (focal > 0).then_some(f64::from(focal) / 1000.0));
        assert_eq!(m.lens_model.as_deref(), (!lens.is_empty()).then_some(lens));
        assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("ARRI"), Some(family)));
    }
}

/// The values that ARRI Meta Extract exports of a clip of an ALEXA LF Plus W (B001C001_180327_R1ZA).
fn alexa_lf() -> Frame {
    let mut frame = Frame::new(24 * 4 * 3 / 2);
    frame.u32(0x14, 24).u32(0x18, 4).u32(0x24, 2).u32(0x28, 1).u32(0x2c, 20).u32(0x30, 2);
    frame.u32(0x5c, 3200).f32(0x60, 0.0).u32(0x74, 400).u32(0xbc, 2).f32(0xc4, 1.0).u32(0xc8, 0);
    frame.f32(0xfc, 1.0).u32(0x130, 3);
    for at in [0x100, 0x104, 0x108, 0x118, 0x11c, 0x120] {
        frame.f32(at, 1.0);
    }
    frame.put(0x2f8, b"Alexa LF Plus W").put(0x29c, b"ALEXALF").u32(0x170, 2566).put(0x174, b"AZ1R");
    frame.u32(0x178, u32::from(b'B')).put(0x17c, &[0x27, 0x03, 0x18, 0x20]).put(0x180, &[0x00, 0x51, 0x36, 0x12]);
    frame.u32(0x18c, 20_000).u32(0x190, 172_800).u32(0x1a0, 24_000).u32(0x1a4, 24_000);
    frame.put(0x1a8, &[0x07, 0x49, 0x36, 0x13]).u32(0x1ac, 1_176_223).u32(0x1b0, 24_000);
    frame.put(0x2d0, &[0xcc, 0xa5, 0xb8, 0xe4, 0, 0, 0, 0x40, 0x82, 0xe3, 1, 0x62, 0, 0, 0, 0]);
    frame.u32(0x374, 1).u32(0x378, 4812).u32(0x37c, 40_000).u32(0x380, 2).u32(0x384, 2667);
    frame.put(0x388, &[0, 0]).put(0x398, b"ARRI SP40 T1.8");
    frame.put(0x4f8, b"B001R1ZA").put(0x500, b"12A").put(0x510, b"3").put(0x518, b"H. Raedlein");
    frame.put(0x538, b"C. Beckmerhagen").put(0x558, b"ALEXA LF Samplefootage").put(0x698, b"B001C001_180327_R1ZA");
    frame.u32(0x890, 1).put(0x894, b"2.39:1").put(0x8b4, &[2, 0, 1, 0, 20, 0, 2, 0]);
    frame
}

#[test]
fn every_block_of_a_header_is_in_the_record() {
    let Inspected { metadata: m, tags, frames } = alexa_lf().inspect("B001C001_180327_R1ZA.1176223.ari");
    assert_eq!(m.findings, [""; 0]);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!((text(&m.camera_make), text(&m.camera_model)), ("ARRI".into(), "ALEXA LF Plus W".into()));
    assert_eq!((text(&m.camera_serial), text(&m.camera_index)), ("2566".into(), "B".into()));
    assert_eq!((text(&m.reel_name), text(&m.scene), text(&m.take)), ("B001R1ZA".into(), "12A".into(), "3".into()));
    assert_eq!(text(&m.clip_uuid), "e4b8a5cc-0000-4000-82e3-016200000000");
    assert_eq!((text(&m.recorded_at), text(&m.shoot_day)), ("2018-03-27T12:36:51".into(), "2018-03-27".into()));
    assert_eq!((text(&m.start_timecode), text(&m.timecode_rate)), ("13:36:49:07".into(), "24/1".into()));
    assert_eq!((text(&m.frame_rate), text(&m.sensor_frame_rate)), ("24/1".into(), "24/1".into()));
    assert_eq!((m.shutter_angle_degrees, m.exposure_time_seconds), (Some(172.8), Some(0.02)));
    assert_eq!((m.exposure_index, m.white_balance_kelvin, m.tint), (Some(400.0), Some(3200.0), Some(0.0)));
    assert_eq!((m.focal_length_mm, m.focus_distance_m, m.nd_stops), (Some(40.0), Some(4.812), Some(0.0)));
    // 1.4 + 7/10 of a stop, as ARRI writes it, is 1.4142 * 2^(0.7/2) = 1.80; the exact value is 2^(1667/2000).
    assert_eq!(
        (m.t_stop, text(&m.lens_model), text(&m.lens_serial)),
        (Some(1.782), "ARRI SP40 T1.8".into(), "2".into())
    );
    assert_eq!(
        (m.active_area, m.lens_squeeze, text(&m.orientation)),
        (Some([2, 1, 20, 2]), Some(1.0), "normal".into())
    );
    assert_eq!((text(&m.color_encoding), text(&m.color_primaries)), ("ARRI LogC3".into(), "ARRI Wide Gamut 3".into()));
    assert_eq!(m.cdl.unwrap(), Cdl { slope: [1.0; 3], offset: [0.0; 3], power: [1.0; 3], saturation: 1.0 });
    assert_eq!(m.frame_lines, [FrameLine { name: "2.39:1".into(), left: 2, top: 1, width: 20, height: 2 }]);
    assert_eq!(
        (tags["CDI:CameraId"].as_str(), tags["CDI:MasterTimecodeFrameCount"].as_u64()),
        (Some("R1ZA"), Some(1_176_223))
    );
    assert_eq!(frames, FrameTable::Listed(vec![FrameSpan { offset: 4096, len: 144 }]));
    assert_eq!(
        (m.bit_depth, text(&m.codec), text(&m.compression)),
        (Some(12), "ARRIRAW".into(), "uncompressed".into())
    );
}

#[test]
fn what_the_camera_does_not_know_is_absent() {
    let mut frame = Frame::new(0);
    for at in [0x5c, 0x74, 0xbc, 0x170, 0x178, 0x17c, 0x18c, 0x1a4, 0x1a8, 0x378, 0x380, 0x384] {
        frame.u32(at, u32::MAX);
    }
    frame.f32(0x60, f32::NAN).put(0x388, &[0xff; 2]).put(0x398, &[0xff; 32]).put(0x4f8, &[0; 8]).u32(0x4f4, 0xff);
    let m = frame.inspect("A.ari").metadata;
    assert_eq!(
        (m.exposure_index, m.white_balance_kelvin, m.tint, m.nd_stops, m.t_stop),
        (None, None, None, None, None)
    );
    assert_eq!((m.camera_serial, m.camera_index, m.recorded_at, m.start_timecode), (None, None, None, None));
    assert_eq!((m.lens_model, m.lens_serial, m.reel_name, m.circle_take, m.cdl), (None, None, None, None, None));
}

#[test]
fn a_block_that_is_not_there_says_nothing() {
    let mut frame = alexa_lf();
    frame.u32(0x370, 0).u32(0x4f0, u32::MAX);
    let m = frame.inspect("A.ari").metadata;
    assert_eq!((m.lens_model, m.focal_length_mm, m.scene), (None, None, None));
    assert!(m.exposure_index.is_some());
}

#[test]
fn timecode_of_30_frames_may_drop_some() {
    let mut frame = alexa_lf();
    frame.u32(0x1a4, 29_970).u32(0x1b0, 29_970).put(0x1a8, &[0x02 | 0x40, 0x00, 0x01, 0x10]);
    let m = frame.inspect("A.ari").metadata;
    assert_eq!(m.start_timecode.as_deref(), Some("10:01:00;02"));
    assert_eq!(m.frame_rate.as_deref(), Some("30000/1001"));
}

#[test]
fn inches_become_metres() {
    let mut frame = alexa_lf();
    frame.u32(0x374, 0).u32(0x378, 100_000);
    assert_eq!(frame.inspect("A.ari").metadata.focus_distance_m, Some(2.54));
}

#[test]
fn hde_is_named_with_what_it_needs() {
    let m = alexa_lf().inspect("A001.arx").metadata;
    assert_eq!((m.codec.as_deref(), m.compression.as_deref()), (Some("ARRIRAW HDE"), Some("HDE")));
    assert!(m.decoder_needed.unwrap().contains("SDK"));
}

#[test]
fn a_cut_frame_is_told_and_other_byte_orders_and_versions_are_refused() {
    let mut frame = alexa_lf();
    frame.0.truncate(4096 + 100);
    let findings = frame.inspect("A.ari").metadata.findings;
    assert_eq!(findings, ["the picture ends at byte 4240, but the file has 4196: the frame is cut short"]);
    for (at, value, said) in [(4, 0x1234_5678, "byte order 0x12345678"), (0xc, 0x0300_0000, "header version 50331648")]
    {
        let mut frame = alexa_lf();
        frame.u32(at, value);
        let file = Memory::new("A.ari", &frame.0[..]);
        let error = Arriraw.inspect(&file).unwrap_err();
        assert!(error.kind() == "unsupported" && error.to_string().contains(said), "{error}");
    }
}

#[test]
fn headers_of_a_neighbouring_version_are_read_and_the_version_told() {
    let mut frame = alexa_lf();
    frame.u32(0xc, 4);
    let m = frame.inspect("A.ari").metadata;
    assert_eq!(m.camera_model, alexa_lf().inspect("A.ari").metadata.camera_model);
    assert_eq!(m.findings, ["its header has version 4, and is read as if it were 3"]);
}

#[test]
fn the_location_is_among_what_the_user_noted() {
    let mut frame = alexa_lf();
    frame.put(0x598, b"operator:me;Location:Stage 4\0");
    assert_eq!(frame.inspect("A.ari").metadata.location.as_deref(), Some("Stage 4"));
}

#[test]
fn one_read_is_enough_however_long_the_file_is() {
    let file = Counted::new(Sparse::new("A.ari", 100 << 30).with(0, &alexa_lf().0[..4096]));
    assert!(Arriraw.inspect(&file).is_ok());
    assert!(file.reads() == 1 && MAX_READS >= 1 && file.bytes() <= MAX_BYTES);
}

proptest! {
    #[test]
    fn no_header_panics(bytes in proptest::collection::vec(any::<u8>(), 0..4200), cut in 0usize..5000) {
        let mut frame = alexa_lf().0;
        for (to, from) in frame[0x10..].iter_mut().zip(&bytes) {
            *to = *from;
        }
        frame.truncate(cut);
        let _ = Arriraw.inspect(&Memory::new("A.ari", frame));
    }
}
