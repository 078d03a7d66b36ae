//! MOV, MP4, BRAW and CR3 of other programs, compared with what exiftool, MediaInfo and ffprobe say of them.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::{env, path::PathBuf};

use platefleet_media::{
    camera::{Inspected, recognise},
    clip::Metadata,
    source::{Counted, File},
};

/// What a sample says; none, and said aloud, where there is none.
fn inspect(path: &str) -> Option<Inspected> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let file = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples").join(path);
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", file.display());
        return None;
    }
    let format = recognise(path, &File::open(&file).unwrap()).unwrap();
    let file = Counted::new(File::open(&file).unwrap());
    let inspected = format.inspect(&file).unwrap();
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{path}: {} reads, {} bytes", file.reads(), file.bytes());
    Some(inspected)
}

/// The fields named, as JSON text.
fn fields(metadata: &Metadata, names: &[&str]) -> Vec<String> {
    let all = serde_json::to_value(metadata).unwrap();
    names.iter().map(|name| all.get(name).map_or("-".to_owned(), |v| v.to_string().replace('"', ""))).collect()
}

#[test]
fn apples_prores_is_what_exiftool_and_ffprobe_say() {
    for (name, codec) in [("hq", "Apple ProRes 422 HQ"), ("proxy", "Apple ProRes 422 Proxy")] {
        let Some(Inspected { metadata, frames, .. }) = inspect(&format!("mov/apple-prores-422-{name}.mov")) else {
            continue;
        };
        let names =
            ["codec", "resolution", "frame_rate", "frame_count", "display_size", "audio_channels", "start_timecode"];
        let said = fields(&metadata, &names);
        assert_eq!(said, [codec, "320x240", "25/1", "25", "[320,240]", "-", "-"], "{name}");
        assert_eq!((frames.count(), metadata.findings), (25, Vec::<String>::new()));
        let day = if name == "hq" { "2012-11-16T16:28:43Z" } else { "2012-11-16T17:40:21Z" };
        assert_eq!(metadata.recorded_at.as_deref(), Some(day));
    }
}

#[test]
fn a_movie_without_media_says_what_mediainfo_reads() {
    let Some(Inspected { metadata, .. }) = inspect("mov/av-rs_empty.mov") else { return };
    let names =
        ["codec", "resolution", "scan", "color_primaries", "color_encoding", "color_matrix", "pixel_aspect_ratio"];
    let expected =
        ["Apple ProRes 422 HQ", "1920x1080", "interlaced top field first", "BT.709", "BT.709", "BT.709", "1.0"];
    assert_eq!(fields(&metadata, &names), expected);
    let sound = fields(&metadata, &["audio_channels", "audio_sample_rate_hz", "audio_bit_depth", "audio_codec"]);
    assert_eq!(sound, ["2", "48000", "24", "PCM"]);
    assert_eq!((metadata.frame_count, metadata.start_timecode), (None, None));
}

#[test]
fn a_header_whose_media_is_cut_says_so() {
    let Some(Inspected { metadata, tags, .. }) = inspect("mov/QuickTime.mov") else { return };
    // exiftool: jpeg, 320x240 at 30 frames a second, one channel of 8 bits at 7875 Hz, users' data of a Pentax.
    let names = ["codec", "resolution", "frame_rate", "audio_channels", "audio_sample_rate_hz", "audio_bit_depth"];
    assert_eq!(fields(&metadata, &names), ["Motion JPEG", "320x240", "30/1", "1", "7875", "8"]);
    assert_eq!(metadata.recorded_at.as_deref(), Some("2005-08-11T14:03:54Z"));
    // Padded with spaces in the file.
    assert_eq!(tags["udta:©inf"].as_str().map(str::trim_end), Some("PENTAX DIGITAL CAMERA"));
    // The tables of the sample were cut with its media.
    assert_eq!(metadata.findings, ["stco: there are fewer chunks than samples need"]);
}

#[test]
fn a_clip_of_blackmagic_raw_is_what_exiftool_and_mediainfo_say() {
    let Some(Inspected { metadata, frames, tags }) = inspect("braw/braw_trimmed.braw") else { return };
    let names = ["camera_make", "camera_model", "camera_serial", "firmware", "clip_name", "reel_name", "scene", "take"];
    let expected = [
        "Blackmagic Design",
        "Blackmagic URSA Mini Pro 4.6K",
        "7860b0bc-64aa-416b-919a-fdef19fb483c",
        "6.0",
        "A057_08251201_C159",
        "57",
        "1",
        "99",
    ];
    assert_eq!(fields(&metadata, &names), expected);
    let names = ["codec", "container", "compression", "resolution", "frame_rate", "frame_count", "start_timecode"];
    let expected = ["Blackmagic RAW", "BRAW", "12:1", "4608x2592", "24000/1001", "2", "12:01:40:05"];
    assert_eq!(fields(&metadata, &names), expected);
    // The first frame, read by hand from its bmdf box.
    let names =
        ["iso", "white_balance_kelvin", "tint", "f_number", "nd_stops", "focus_distance_m", "sensor_frame_rate"];
    assert_eq!(fields(&metadata, &names), ["800.0", "5850.0", "6.0", "2.8", "4.0", "1.11", "24000/1001"]);
    let names =
        ["lens_model", "camera_index", "circle_take", "shoot_day", "recorded_at", "look_name", "audio_bit_depth"];
    assert_eq!(
        fields(&metadata, &names),
        ["Sigma or Tamron 24-70mm f/2.8", "A", "false", "2018-08-25", "-", "-", "24"]
    );
    let spans: Vec<(u64, u64)> = (0..2).map(|n| frames.span(n).unwrap()).map(|s| (s.offset, s.len)).collect();
    assert_eq!(spans, [(8192, 1_484_032), (1_507_328, 1_495_296)]);
    assert_eq!(tags["crop_size"], serde_json::json!([4608.0, 2592.0]));
    assert_eq!(metadata.findings, Vec::<String>::new());
}

#[test]
fn a_photograph_of_canon_is_what_exiftool_says() {
    let Some(Inspected { metadata, .. }) = inspect("canon/CanonRaw.cr3") else { return };
    let names = ["camera_make", "camera_model", "container", "resolution", "bit_depth", "frame_count", "frame_rate"];
    assert_eq!(fields(&metadata, &names), ["Canon", "Canon EOS M50", "CR3", "6288x4056", "14", "1", "-"]);
    let names =
        ["f_number", "focal_length_mm", "lens_model", "firmware", "camera_serial", "iso", "exposure_time_seconds"];
    assert_eq!(
        fields(&metadata, &names),
        ["3.5", "15.0", "EF-M15-45mm f/3.5-6.3 IS STM", "1.0.0", "613040000565", "12800.0", "0.0125"]
    );
    assert!(metadata.findings.iter().any(|f| f.contains("cut short")), "{:?}", metadata.findings);
}
