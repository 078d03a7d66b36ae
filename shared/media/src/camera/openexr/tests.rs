//! Headers by hand, from the description of OpenEXR's file layout.

use proptest::prelude::*;

use super::*;
use crate::source::{Counted, Memory, Sparse};

fn attribute(name: &str, kind: &str, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(value.len()).unwrap().to_le_bytes();
    [name.as_bytes(), b"\0", kind.as_bytes(), b"\0", &len, value].concat()
}

fn words(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn header(more: &[Vec<u8>]) -> Vec<u8> {
    let channel = |name: &str| [name.as_bytes(), &[0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]].concat();
    let mut bytes = [MAGIC, 2u32.to_le_bytes()].concat();
    bytes.extend(attribute("channels", "chlist", &[channel("B"), channel("G"), channel("R"), vec![0]].concat()));
    bytes.extend(attribute("compression", "compression", &[3]));
    bytes.extend(attribute("dataWindow", "box2i", &words(&[-8, 0, 1927, 1079])));
    bytes.extend(attribute("displayWindow", "box2i", &words(&[0, 0, 1919, 1079])));
    bytes.extend(attribute("pixelAspectRatio", "float", &floats(&[1.0])));
    bytes.extend(more.concat());
    bytes.push(0);
    bytes
}

/// The header with the pixels of its 68 chunks of 16 lines, each of no bytes.
fn whole(mut header: Vec<u8>) -> Vec<u8> {
    let table = header.len() as u64;
    header.extend((0..68u64).flat_map(|i| (table + 68 * 8 + 8 * i).to_le_bytes()));
    header.extend((0..68).flat_map(|i| words(&[16 * i, 0])));
    header
}

fn inspect(bytes: &[u8]) -> Inspected {
    OpenExr.inspect(&Memory::new("plate.1001.exr", bytes)).unwrap()
}

#[test]
fn the_attributes_of_a_plate_are_in_the_record() {
    let ap1 = [0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767];
    let file = whole(header(&[
        attribute("chromaticities", "chromaticities", &floats(&ap1)),
        attribute("framesPerSecond", "rational", &words(&[24000, 1001])),
        // Hours, minutes, seconds and frames from the highest byte to the lowest (ST 12-1 as OpenEXR packs it).
        attribute("timeCode", "timecode", &words(&[0x1011_1213, 0])),
        attribute("capDate", "string", b"2026:11:24 09:59:59"),
        attribute("cameraMake", "string", b"SONY"),
        attribute("cameraModel", "string", b"MPC-3610"),
        attribute("reelName", "string", b"A001"),
        attribute("expTime", "float", &floats(&[0.02])),
        attribute("isoSpeed", "float", &floats(&[800.0])),
        attribute("tStop", "float", &floats(&[2.8])),
        attribute("focus", "float", &floats(&[4.5])),
        attribute("preview", "preview", &vec![0; 20_000]),
        attribute("odd", "unheardOf", &[1, 2, 3]),
    ]));
    let Inspected { metadata: m, tags, frames } = inspect(&file);
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.width, m.height, m.display_size), (Some(1936), Some(1080), Some([1920, 1080])));
    assert_eq!((m.bit_depth, m.compression.as_deref()), (Some(16), Some("ZIP")));
    assert_eq!((m.color_primaries.as_deref(), m.color_encoding), (Some("ACEScg"), None));
    assert_eq!((m.frame_rate.as_deref(), m.start_timecode.as_deref()), (Some("24000/1001"), Some("10:11:12:13")));
    assert_eq!((m.recorded_at.as_deref(), m.shoot_day.as_deref()), (Some("2026-11-24T09:59:59"), Some("2026-11-24")));
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Sony"), Some("MPC-3610")));
    assert_eq!(
        (m.iso, m.t_stop, m.focus_distance_m, m.exposure_time_seconds),
        (Some(800.0), Some(2.8), Some(4.5), Some(0.02))
    );
    assert_eq!(
        (tags["preview"].as_str(), tags["odd"].as_str()),
        (Some("preview of 20000 bytes"), Some("unheardOf of 3 bytes"))
    );
    assert_eq!((frames, m.reel_name.as_deref()), (FrameTable::Whole, Some("A001")));
}

#[test]
fn how_colours_are_encoded_is_said_only_where_the_file_says_it() {
    let aces = inspect(&header(&[attribute("acesImageContainerFlag", "int", &words(&[1]))])).metadata;
    assert_eq!((aces.color_primaries.as_deref(), aces.color_encoding.as_deref()), (Some("ACES"), Some("Linear")));
    for (id, encoding) in [
        (&b"lin_ap1_scene"[..], Some("Linear")),
        (b"srgb_rec709_display", Some("sRGB")),
        (b"g24_rec709_display", Some("Gamma 2.4")),
        (b"pq_rec2020_display", Some("PQ")),
        (b"data", None),
        (b"unknown", None),
    ] {
        let m = inspect(&header(&[attribute("colorInteropID", "string", id)])).metadata;
        assert_eq!(m.color_encoding.as_deref(), encoding);
    }
}

#[test]
fn a_header_that_ends_early_is_told_and_what_came_before_it_kept() {
    let whole = header(&[attribute("owner", "string", b"somebody")]);
    let m = inspect(&whole[..whole.len() - 5]).metadata;
    assert_eq!((m.width, m.findings.len()), (Some(1936), 1));
    assert!(m.findings[0].starts_with("owner: 8 bytes, but the file ends at byte"), "{:?}", m.findings);
    let error = OpenExr.inspect(&Memory::new("a.exr", &[0x76, 0x2f, 0x31, 0x01, 9, 0, 0, 0][..])).unwrap_err();
    assert_eq!(error.kind(), "unsupported");
}

#[test]
fn an_attribute_longer_than_a_window_is_jumped_over() {
    let file =
        whole(header(&[attribute("preview", "preview", &vec![7; 300_000]), attribute("owner", "string", b"me")]));
    let counted = Counted::new(Sparse::new("a.exr", 100 << 30).with(0, file));
    let inspected = OpenExr.inspect(&counted).unwrap();
    assert_eq!(inspected.tags["owner"], "me");
    assert!(counted.reads() <= 5 && counted.bytes() <= 1 << 20, "{} reads", counted.reads());
}

#[test]
fn attributes_of_other_names_for_the_same_are_read() {
    let m = inspect(&header(&[
        attribute("shutterAngle", "float", &floats(&[172.8])),
        attribute("clipName", "string", b"A001C003_261124_R24Y"),
        attribute("timecodeRate", "int", &words(&[24])),
        attribute("timeCode", "timecode", &words(&[0x1011_1213, 0])),
        attribute("nuke/input/timecode", "string", b"01:00:00:00"),
        attribute("nuke/input/frame_rate", "float", &floats(&[23.976])),
        attribute("arriraw/cameraModel", "string", b"ALEXA Mini LF"),
        attribute("arriraw/lensModel", "string", b"Signature Prime 40"),
        attribute("arriraw/lensSerialNumber", "int", &words(&[0])),
        attribute("arriraw/reelName", "string", b"A001R24Y"),
        attribute("arriraw/capDate", "string", b"2026:11:24 09:59:59"),
        attribute("view", "string", b"left"),
        // 4448 x 3096 photosites, 8.25 micrometres apart.
        attribute("sensorAcquisitionRectangle", "box2i", &words(&[0, 0, 4447, 3095])),
        attribute("sensorPhotositePitch", "float", &floats(&[8.25])),
    ]))
    .metadata;
    assert_eq!((m.shutter_angle_degrees, m.clip_name.as_deref()), (Some(172.8), Some("A001C003_261124_R24Y")));
    assert_eq!((m.start_timecode.as_deref(), m.timecode_rate.as_deref()), (Some("10:11:12:13"), Some("24/1")));
    assert_eq!((m.frame_rate.as_deref(), m.stereo_eye.as_deref()), (Some("24000/1001"), Some("left")));
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("ARRI"), Some("ALEXA Mini LF")));
    assert_eq!((m.lens_model.as_deref(), m.lens_serial), (Some("Signature Prime 40"), None));
    assert_eq!((m.reel_name.as_deref(), m.shoot_day.as_deref()), (Some("A001R24Y"), Some("2026-11-24")));
    assert_eq!(m.active_sensor_physical_mm, Some([36.696, 25.542]));
}

#[test]
fn maker_and_model_are_read_under_the_names_that_openimageio_keeps() {
    let m = inspect(&header(&[attribute("Make", "string", b"SONY"), attribute("Model", "string", b"FX6")])).metadata;
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Sony"), Some("FX6")));
}

#[test]
fn a_timecode_that_is_only_written_in_text_is_read_and_other_text_is_none() {
    for (written, expected) in [(&b"01:00:00;02"[..], Some("01:00:00;02")), (b"n/a", None)] {
        let m = inspect(&header(&[attribute("input/timecode", "string", written)])).metadata;
        assert_eq!(m.start_timecode.as_deref(), expected);
    }
}

#[test]
fn texts_doubles_and_tiles_are_shown_as_they_are() {
    let tags = inspect(&header(&[
        attribute("multiView", "stringvector", b"\x04\0\0\0left\x05\0\0\0right"),
        attribute("position", "v2d", &[1.5f64, -2.0].map(f64::to_le_bytes).concat()),
        attribute("tiles", "tiledesc", &[&words(&[64, 32])[..], &[1]].concat()),
        attribute("short", "stringvector", b"\x09\0\0\0left"),
    ]))
    .tags;
    assert_eq!(tags["multiView"], serde_json::json!(["left", "right"]));
    assert_eq!((&tags["position"], &tags["tiles"]), (&serde_json::json!([1.5, -2.0]), &serde_json::json!([64, 32, 1])));
    assert_eq!(tags["short"], "stringvector of 8 bytes");
}

#[test]
fn pixels_that_are_not_all_there_are_told() {
    let file = whole(header(&[]));
    let findings = |bytes: &[u8]| inspect(bytes).metadata.findings;
    assert_eq!(findings(&file), [""; 0]);
    let (len, table) = (file.len(), header(&[]).len());
    let cut = format!("the pixels end at byte {len}, but the file has {}: the frame is cut short", len - 1);
    assert_eq!(findings(&file[..len - 1]), [cut]);
    let cut =
        format!("the table of its 68 chunks ends at byte {}, but the file has {table}: it is cut short", table + 544);
    assert_eq!(findings(&file[..table]), [cut]);
    let mut unfinished = file;
    unfinished[table + 8..table + 24].fill(0);
    assert_eq!(findings(&unfinished), ["2 of its 68 chunks were never written"]);
}

proptest! {
    #[test]
    fn no_header_panics(at in 8usize..200, byte in any::<u8>(), more in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..500) {
        let mut file = header(&[more]);
        if let Some(place) = file.get_mut(at) {
            *place = byte;
        }
        file.truncate(cut);
        let _ = OpenExr.inspect(&Memory::new("a.exr", file));
    }
}
