//! MXF files and Sony's sidecars from elsewhere, and what other readers and the makers' own exports say of them.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use platefleet_media::{
    camera::sony::sidecar,
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
