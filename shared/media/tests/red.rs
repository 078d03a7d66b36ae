//! RED's files, compared with what exiftool reads of them and REDline exports.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::{env, fs, path::PathBuf};

use platefleet_media::{
    camera::{Format, Inspected, R3d, recognise},
    source::{Counted, File, Memory},
};
use serde_json::{Value, json};

/// A file of the reference data; none, and said aloud, where there is none.
fn sample(path: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let file = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples").join(path);
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", file.display());
        return None;
    }
    Some(file)
}

#[test]
fn a_header_of_an_s_weapon_is_what_exiftool_says() {
    let Some(path) = sample("red/Red.r3d") else { return };
    let format = recognise("Red.r3d", &File::open(&path).unwrap()).unwrap();
    let file = Counted::new(File::open(&path).unwrap());
    let Inspected { metadata, tags, frames } = format.inspect(&file).unwrap();
    assert!(file.reads() <= 5, "{} reads", file.reads());
    let record = serde_json::to_value(&metadata).unwrap();
    // Values of `exiftool -n -G`; exiftool's `Take` is the number of the clip, which its name has.
    for (field, expected) in [
        ("camera_make", json!("RED")),
        ("camera_model", json!("S-WEAPON")),
        ("camera_serial", json!("130-246-CE5")),
        ("camera_index", json!("A")),
        ("firmware", json!("6.2.34")),
        ("reel_name", json!("A106")),
        ("clip_name", json!("A106_C037_0118G5")),
        ("take", Value::Null),
        ("recorded_at", json!("2016-01-18T21:35:55")),
        ("start_timecode", json!("21:36:16:18")),
        ("frame_rate", json!("24000/1001")),
        ("sensor_frame_rate", json!("24000/1001")),
        ("resolution", json!("5120x2560")),
        ("active_area", json!([0, 0, 5120, 2560])),
        ("sensor_mode", json!("5K 2:1")),
        ("iso", json!(1280.0)),
        ("white_balance_kelvin", json!(4800.0)),
        ("f_number", json!(4.9)),
        ("focal_length_mm", json!(24.0)),
        // -1: not known.
        ("focus_distance_m", Value::Null),
        ("decoder_needed", json!("RED R3D SDK")),
        ("frame_count", Value::Null),
    ] {
        assert_eq!(record.get(field).cloned().unwrap_or_default(), expected, "{field}");
    }
    for (tag, expected) in [
        ("RedcodeVersion", json!(2)),
        ("StartEdgeCode", json!("01:49:54:11")),
        ("ClipNumber", json!("037")),
        ("StorageType", json!("RED 512GB V4")),
        ("StorageSerialNumber", json!("15240FC80DE7")),
        ("OriginalFileName", json!("A106_C037_0118G5_002.R3D")),
        ("OpticalFilter", json!("STANDARD")),
        ("FocusDistance", json!(-1)),
    ] {
        assert_eq!(tags[tag], expected, "{tag}");
    }
    // The public sample is the first block of a take.
    assert_eq!(metadata.findings, ["the file ends at byte 1160 with its header: the frames are cut off"]);
    assert_eq!((tags.len() >= 75, frames.count()), (true, 0));
}

/// How a column of REDline's export stands in a header.
enum As {
    Text,
    /// Seconds divided by the column, as microseconds.
    Shutter,
    Float,
    /// Digits of the column times this.
    Short(u16),
    Long,
}

/// Column of REDline's export, tag, and the field that the value ends up in, as it is there.
fn columns() -> Vec<(&'static str, u16, As, &'static str, Value)> {
    use As::{Float, Long, Short, Shutter, Text};
    vec![
        ("Original File Name", 0x1056, Text, "clip_name", json!("A001_C066_0303LZ")),
        ("Camera", 0x1019, Text, "camera_index", json!("A")),
        ("ReelID", 0x101a, Text, "reel_name", json!("A001")),
        ("Camera Model", 0x10a0, Text, "camera_model", json!("RANGER MONSTRO 8K VV")),
        ("Camera PIN", 0x1006, Text, "camera_serial", json!("130-27E-4B5")),
        ("Firmware Version", 0x1025, Text, "firmware", json!("7.4.1")),
        ("Date", 0x1023, Text, "shoot_day", json!("2022-03-03")),
        ("Timestamp", 0x1024, Text, "recorded_at", json!("2022-03-03T13:21:46")),
        ("Abs TC", 0x1001, Text, "start_timecode", json!("23:17:21:08")),
        ("Record FPS", 0x2066, Float, "sensor_frame_rate", json!("24/1")),
        ("Kelvin", 0x200d, Float, "white_balance_kelvin", json!(5600.0)),
        ("Tint", 0x200e, Float, "tint", json!(0.0)),
        ("ISO", 0x403b, Short(1), "iso", json!(250.0)),
        ("Shutter (1/sec)", 0x2008, Shutter, "shutter_angle_degrees", json!(180.0)),
        ("Aperture", 0x406a, Short(10), "f_number", json!(5.6)),
        ("Focal Length", 0x406b, Short(1), "focal_length_mm", json!(40.0)),
        ("Focus Distance", 0x606c, Long, "focus_distance_m", json!(0.41)),
        ("Lens Brand", 0x106e, Text, "lens_make", json!("SIGMA")),
        ("Lens Name", 0x1070, Text, "lens_model", json!("40mm T1.5 FF | 018")),
        ("Lens Serial Number", 0x109d, Text, "lens_serial", json!("G53599764")),
        ("REDCODE", 0x10be, Text, "compression", json!("REDcode 8:1")),
        // Nothing was written on the slate.
        ("Scene", 0x107d, Text, "scene", Value::Null),
        ("Production Name", 0x1076, Text, "production_name", Value::Null),
        ("Director", 0x1077, Text, "director", Value::Null),
        ("Director Of Photography", 0x1078, Text, "cinematographer", Value::Null),
        ("Location", 0x107b, Text, "location", Value::Null),
    ]
}

/// The first of the columns of this name, of the one take.
fn cell<'a>(export: &'a str, column: &str) -> &'a str {
    let (names, values) = export.split_once('\n').unwrap();
    let at = names.split(',').position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"));
    values.split(',').nth(at).unwrap()
}

/// The records of a take that say what REDline exports: by an open description of the tags, not by a file of this take.
#[test]
fn what_redline_exports_of_a_take_is_in_the_fields_of_the_schema() {
    let Some(path) = sample("red/A001_C066_0303LZ_001.static.csv") else { return };
    let export = fs::read_to_string(path).unwrap();
    let number = |text: &str| -> f32 {
        text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>().parse().unwrap()
    };
    let mut directory = Vec::new();
    for (column, tag, kind, ..) in columns() {
        let cell = cell(&export, column);
        let value = match kind {
            As::Text => [cell.as_bytes(), &[0]].concat(),
            As::Float => number(cell).to_be_bytes().to_vec(),
            As::Shutter => (1e6 / number(cell)).to_be_bytes().to_vec(),
            As::Short(factor) => ((number(cell) * f32::from(factor)).round() as u16).to_be_bytes().to_vec(),
            As::Long => (number(cell) as i32).to_be_bytes().to_vec(),
        };
        directory.extend(u16::try_from(value.len() + 4).unwrap().to_be_bytes());
        directory.extend(tag.to_be_bytes());
        directory.extend(value);
    }
    // One record of the picture, whose size and rate are columns too.
    let side = |column| (number(cell(&export, column)) as u32).to_be_bytes();
    let mut block = vec![0; 0x5c];
    block[4..8].copy_from_slice(b"RED2");
    block[0x40] = 1;
    block[0x4c..0x50].copy_from_slice(&side("Frame Width"));
    block[0x50..0x54].copy_from_slice(&side("Frame Height"));
    block[0x57] = 1;
    block[0x58..0x5c].copy_from_slice(&side("FPS"));
    block.extend(u16::try_from(directory.len()).unwrap().to_be_bytes());
    block.extend(directory);
    let len = u32::try_from(block.len()).unwrap();
    block[..4].copy_from_slice(&len.to_be_bytes());

    let metadata = R3d.inspect(&Memory::new("A001_C066_0303LZ_001.R3D", block)).unwrap().metadata;
    let record = serde_json::to_value(&metadata).unwrap();
    for (column, _, _, field, expected) in columns() {
        assert_eq!(record.get(field).cloned().unwrap_or_default(), expected, "{column}");
    }
    assert_eq!((&record["resolution"], &record["frame_rate"]), (&json!("4096x2160"), &json!("24/1")));
}

/// Columns that a field of the schema would hold, and whose place in a file nobody has described in the open.
#[test]
fn what_redline_alone_knows_is_left_open() {
    let Some(path) = sample("red/A001_C066_0303LZ_001.static.csv") else { return };
    let export = fs::read_to_string(path).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../schema/clip-metadata.v1.json")).unwrap();
    let path = sample("red/Red.r3d").unwrap();
    let record = serde_json::to_value(R3d.inspect(&File::open(&path).unwrap()).unwrap().metadata).unwrap();
    for (column, field) in [
        ("UUID", "clip_uuid"),
        ("Color Space", "color_primaries"),
        ("Gamma Space", "color_encoding"),
        ("Pixel Aspect Ratio", "pixel_aspect_ratio"),
        ("Total Frames", "frame_count"),
        ("Circle", "circle_take"),
        ("Look Name", "look_name"),
        ("CDL Slope: Red", "cdl"),
        ("MotionMountND", "nd_stops"),
    ] {
        cell(&export, column);
        assert!(schema["properties"].get(field).is_some(), "{field}");
        assert_eq!(record.get(field), None, "{field}");
    }
}
