//! MXF files and Sony's sidecars from elsewhere, and what other readers and the makers' own exports say of them.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use platefleet_media::{
    Result,
    camera::{FrameSpan, Inspected, recognise, sony::sidecar},
    clip::Metadata,
    source::{Counted, File},
    timecode::{Rational, Timecode},
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

/// Oracle: the clip's export, one line a frame, of Sony's own software; and the sidecar read by eye.
#[test]
fn a_sidecar_of_a_venice_agrees_with_the_export_of_its_frames() {
    let Some(xml) = reference("samples/sony/D001C005_210716AGM01.xml") else { return };
    let Some(csv) = reference("samples/sony/D001C005_210716AG.csv") else { return };
    let m = sidecar(&fs::read_to_string(xml).unwrap()).unwrap().metadata;
    let csv = fs::read_to_string(csv).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let frames: Vec<BTreeMap<_, _>> = lines.map(|cells| names.iter().copied().zip(cells).collect()).collect();
    assert_eq!(m.findings, [""; 0]);
    assert_eq!(m.frame_count, Some(frames.len() as u64));
    assert_eq!(m.start_timecode.as_deref(), Some(frames[0]["Timecode"]));
    assert_eq!(m.camera_model.as_deref(), Some(frames[0]["Camera Model"]));
    // The export has no serial number, and what the lens calls itself under its model.
    assert_eq!(m.lens_serial.as_deref(), Some(frames[0]["Lens Model"]));
    let start = Timecode::parse(m.start_timecode.as_deref().unwrap(), Rational::new(24, 1).unwrap()).unwrap();
    assert_eq!(start.plus(587).to_string(), frames[587]["Timecode"]);

    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!(
        (text(&m.camera_make), text(&m.camera_serial), text(&m.firmware)),
        ("Sony".into(), "0010201".into(), "6.10".into())
    );
    assert_eq!((text(&m.codec), text(&m.compression)), ("X-OCN XT".into(), "F55_X-OCN_XT_6K_16:9".into()));
    assert_eq!(text(&m.decoder_needed), "Sony RAW SDK (X-OCN)");
    assert_eq!((text(&m.resolution), m.pixel_aspect_ratio, m.lens_squeeze), ("5674x3192".into(), Some(1.0), Some(1.0)));
    assert_eq!(
        (text(&m.frame_rate), text(&m.sensor_frame_rate), text(&m.timecode_rate)),
        ("24/1".into(), "24/1".into(), "24/1".into())
    );
    assert_eq!((m.iso, m.exposure_index, m.white_balance_kelvin), (Some(500.0), Some(250.0), Some(4300.0)));
    assert_eq!((m.shutter_angle_degrees, m.nd_stops, m.duration_seconds), (Some(173.0), Some(0.0), Some(24.5)));
    assert_eq!(
        (text(&m.camera_index), text(&m.reel_name), text(&m.lens_model)),
        ("D".into(), "D001".into(), "S7i-32".into())
    );
    assert_eq!((text(&m.color_encoding), text(&m.look_name)), ("Linear".into(), "SL3SG3Ctos709.cube".into()));
    assert_eq!((text(&m.recorded_at), text(&m.shoot_day)), ("2021-07-16T11:46:22-08:00".into(), "2021-07-16".into()));
    assert_eq!((m.audio_channels, m.audio_sample_rate_hz, m.audio_bit_depth), (Some(4), Some(48000), Some(24)));
    assert_eq!(text(&m.clip_uuid), "060A2B340101010501010D4313000000373DE9D2119405DB080046021707296C");
    assert_eq!((m.scene, m.take, m.circle_take), (None, None, None));
}

/// Inspects a sample within the budget.
fn inspect(name: &str) -> Option<Result<Inspected>> {
    let path = reference(&format!("samples/mxf/{name}"))?;
    let read = File::open(&path).and_then(|file| {
        let format = recognise(name, &file)?;
        let file = Counted::new(file);
        let read = format.inspect(&file);
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        read
    });
    Some(read)
}

fn text<'a>(value: impl Into<Option<&'a String>>) -> &'a str {
    value.into().map_or("", String::as_str)
}

fn common(m: &Metadata) -> (&str, &str, &str, Option<u64>, &str) {
    (text(&m.codec), text(&m.resolution), text(&m.frame_rate), m.frame_count, text(&m.start_timecode))
}

/// Oracle: mediainfo 23.04 (size, rate, count, depth, channels), ffprobe 5.1 (`-show_packets`: positions of pictures).
#[test]
fn mpeg_2_with_sound_in_op1a_reads_as_mediainfo_and_ffprobe_say() {
    let Some(read) = inspect("op1a_mpeg2_pcm.mxf").map(Result::unwrap) else { return };
    let m = &read.metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!(common(m), ("MPEG-2", "320x240", "25/1", Some(25), "00:00:00:00"));
    assert_eq!((m.bit_depth, text(&m.chroma_subsampling), text(&m.scan)), (Some(8), "4:2:0", "progressive"));
    assert_eq!((m.audio_channels, m.audio_bit_depth, m.audio_sample_rate_hz), (Some(1), Some(16), Some(48000)));
    assert_eq!(text(&m.clip_uuid), "060A2B340101010501010D00130577F252947134CC0577F20052947134CC0500");
    // ffprobe: pictures at 7168, 19968, 29696, 35840; each within its edit unit, behind the system item.
    for (frame, picture) in [7168, 19968, 29696, 35840].into_iter().enumerate() {
        let FrameSpan { offset, len } = read.frames.span(frame as u64).unwrap();
        assert_eq!((picture - offset, picture < offset + len), (512, true), "frame {frame}");
    }
    assert_eq!(read.frames.count(), 25);
}

/// Oracle: mediainfo 23.04; 576 of 608 lines are shown, 32 of both fields are above them.
#[test]
fn two_fields_are_one_frame_with_the_lines_that_are_shown() {
    let Some(read) = inspect("bmx_d10_qt_klv_sample.mxf").map(Result::unwrap) else { return };
    let m = &read.metadata;
    assert_eq!(common(m), ("MPEG-2", "720x608", "25/1", Some(2), "23:58:30:00"));
    assert_eq!((m.active_area, m.display_size), (Some([0, 32, 720, 576]), Some([720, 576])));
    // 4:3 over 720:576.
    assert_eq!((text(&m.scan), m.pixel_aspect_ratio), ("interlaced top field first", Some(1.0667)));
    assert_eq!((m.audio_channels, m.audio_bit_depth), (Some(4), Some(24)));
}

/// Oracle: samples/exr/reel1_*.exr, which were cut out of this file, and mediainfo 23.04.
#[test]
fn frames_of_an_imf_track_file_are_the_exr_files_that_were_cut_out_of_it() {
    let Some(read) = inspect("reel1.mxf").map(Result::unwrap) else { return };
    let m = &read.metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!(common(m), ("ACES EXR", "240x135", "24000/1001", Some(4), "00:00:00:00"));
    assert_eq!((text(&m.color_primaries), text(&m.color_encoding)), ("ACES", "Linear"));
    assert_eq!(
        (m.display_size, m.bit_depth, text(&m.recorded_at)),
        (Some([3840, 2160]), Some(16), "2020-02-21T22:40:42")
    );
    let whole = fs::read(reference("samples/mxf/reel1.mxf").unwrap()).unwrap();
    for frame in 0..2 {
        let exr = fs::read(reference(&format!("samples/exr/reel1_{frame}.exr")).unwrap()).unwrap();
        let FrameSpan { offset, len } = read.frames.span(frame).unwrap();
        let unit = &whole[offset as usize..(offset + len) as usize];
        // Behind a key of 16 bytes and a length of 4.
        assert!(unit[20..] == exr, "frame {frame} at {offset}");
    }
}

/// Oracle: mediainfo 23.04 and exiftool 12.57 for the dates; the media of the first is cut, the second never had any.
#[test]
fn files_without_a_picture_give_what_they_have() {
    if let Some(read) = inspect("MXF.mxf").map(Result::unwrap) {
        let m = read.metadata;
        assert_eq!((text(&m.container), text(&m.recorded_at)), ("MXF", "2010-12-20T00:14:40"));
        assert_eq!((m.audio_channels, m.audio_bit_depth, m.audio_sample_rate_hz), (Some(1), Some(8), Some(7872)));
        assert_eq!((m.codec, m.camera_make, read.frames.count()), (None, None, 0));
    }
    if let Some(read) = inspect("synthetic_minimal.mxf").map(Result::unwrap) {
        assert_eq!((text(&read.metadata.container), read.metadata.findings.len()), ("MXF", 0));
        assert_eq!(read.tags["Identification CompanyName"], "Acme Broadcast Tools");
    }
}
