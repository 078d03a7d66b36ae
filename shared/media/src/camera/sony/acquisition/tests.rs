use proptest::prelude::*;

use super::*;
use crate::camera::{FrameTable, Inspected, sony::acquisition as inspect};

/// Sets of acquisition metadata as cameras write them: long form lengths.
pub(crate) fn set(key: [u8; 12], items: &[(u16, &[u8])]) -> Vec<u8> {
    let body: Vec<u8> = items
        .iter()
        .flat_map(|(tag, value)| [&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat())
        .collect();
    [&KEY[..], &key, &[0x83, 0], &(body.len() as u16).to_be_bytes(), &body].concat()
}

const LENS: [u8; 12] = [2, 0x53, 1, 1, 0x0c, 2, 1, 1, 1, 1, 0, 0];
const CAMERA: [u8; 12] = [2, 0x53, 1, 1, 0x0c, 2, 1, 1, 2, 1, 0, 0];
const USER: [u8; 12] = [2, 0x53, 1, 1, 0x0c, 2, 1, 1, 0x7f, 1, 0, 0];
const CANON_LENS: [u8; 12] = [4, 1, 1, 0x0d, 0x0e, 0x15, 0, 4, 1, 0, 0, 0];

fn label(rest: [u8; 8]) -> Vec<u8> {
    [&[6, 0x0e, 0x2b, 0x34, 4, 1, 1, 6][..], &rest].concat()
}

/// A frame of a VENICE, with the values of the sidecar in samples/sony: T 2.2 (2 and 3/10 of a stop), 5.823 ft.
fn venice() -> Vec<u8> {
    let lens = set(
        LENS,
        &[
            // 2.2 is 2^1.1375: 65536 * (1 - 1.1375/8).
            (0x8008, &56218u16.to_be_bytes()),
            // 1775 mm: mantissa 1775, exponent -3.
            (0x8001, &[0xd6, 0xef]),
            // 32 mm: mantissa 32, exponent -3.
            (0x8005, &[0xd0, 0x20]),
            (0x8007, b"7032.0100"),
        ],
    );
    let camera = set(
        CAMERA,
        &[
            (0x3210, &label([0x0e, 6, 4, 1, 1, 1, 6, 5])),
            (0x8103, &[0, 8]),
            (0x8104, &35616u16.to_be_bytes()),
            (0x8105, &20092u16.to_be_bytes()),
            (0x8106, &[0, 0, 0x5d, 0xc0, 0, 0, 3, 0xe9]),
            (0x8107, &[2]),
            (0x8108, &10380u32.to_be_bytes()),
            (0x810b, &500u16.to_be_bytes()),
            (0x810e, &4300u16.to_be_bytes()),
            (0x8114, b"MPC-3610 0010201 Version6.10"),
            (0x8115, &250u16.to_be_bytes()),
        ],
    );
    let user = set(
        USER,
        &[
            (0xe000, &label([0x0e, 6, 4, 1, 1, 1, 1, 1])),
            (0xe105, &512u16.to_be_bytes()),
            (0xe109, b"SL3SG3Ctos709.cube\0"),
            (0xe40d, &[1, 2, 3, 4]),
        ],
    );
    [lens, camera, user].concat()
}

#[test]
fn a_frame_of_a_venice_says_what_its_sidecar_does() {
    let Inspected { metadata: m, tags, .. } = inspect(&venice());
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Sony"), Some("MPC-3610")));
    assert_eq!((m.camera_serial.as_deref(), m.firmware.as_deref()), (Some("0010201"), Some("6.10")));
    assert_eq!((m.iso, m.exposure_index, m.white_balance_kelvin), (Some(500.0), Some(250.0), Some(4300.0)));
    assert_eq!((m.shutter_angle_degrees, m.sensor_frame_rate.as_deref()), (Some(173.0), Some("24000/1001")));
    assert_eq!((m.focus_distance_m, m.focal_length_mm, m.nd_stops), (Some(1.775), Some(32.0), Some(3.0)));
    assert!((m.t_stop.unwrap() - 2.2).abs() < 1e-3, "{:?}", m.t_stop);
    assert_eq!((m.lens_serial.as_deref(), m.lens_model.as_deref()), (Some("7032.0100"), None));
    assert_eq!((m.color_encoding.as_deref(), m.color_primaries.as_deref()), (Some("S-Log3"), Some("S-Gamut3.Cine")));
    assert_eq!(m.active_sensor_physical_mm, Some([35.616, 20.092]));
    assert_eq!((m.scan.as_deref(), m.look_name.as_deref()), (Some("progressive"), Some("SL3SG3Ctos709.cube")));
    assert_eq!(m.sources["t_stop"], "Acquisition IrisTNumber");
    assert_eq!((&tags["Sony RawBlackCodeValue"], &tags["Sony 0xe40d"]), (&512.into(), &"01020304".into()));
}

#[test]
fn the_same_tag_means_what_the_maker_of_its_set_says() {
    let bytes = set(CANON_LENS, &[(0xe108, b"SN42"), (0xe109, b"CN-E50mm"), (0xe11e, &50f32.to_be_bytes())]);
    let camera = set(
        [4, 1, 1, 0x0d, 0x0e, 0x15, 0, 4, 2, 0, 0, 0],
        &[
            (0xe228, b"Canon EOS C500 Mark II"),
            (0xe211, &label([0x0e, 0x15, 0, 1, 2, 0, 0, 0])),
            (0xe231, &[0, 0, 0, 50, 0, 0, 0, 1]),
            // East of Greenwich by an hour; 2022-01-01 00:01:46.
            (0xe227, &[0, 0, 1, 0, 0x07, 0xe6, 1, 1, 0, 1, 46, 0xff, 0xff]),
        ],
    );
    let m = inspect(&[bytes, camera].concat()).metadata;
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("Canon"), Some("EOS C500 Mark II")));
    assert_eq!((m.lens_serial.as_deref(), m.lens_model.as_deref()), (Some("SN42"), Some("CN-E50mm")));
    assert_eq!((m.focal_length_mm, m.exposure_time_seconds), (Some(50.0), Some(0.02)));
    assert_eq!(m.color_encoding.as_deref(), Some("Canon Log 2"));
    assert_eq!(m.recorded_at.as_deref(), Some("2022-01-01T00:01:46+01:00"));
    let sony = inspect(&set(USER, &[(0xe108, b"SN42")]));
    assert_eq!((sony.metadata.lens_serial, &sony.tags["Acquisition 0xe108"]), (None, &"534e3432".into()));
}

#[test]
fn what_is_unknown_is_not_said() {
    let m = inspect(&set(LENS, &[(0x8000, &[0, 0]), (0x8001, &[0xff, 0xff]), (0x8005, &[0xd0, 0]), (0x8007, b"  \0")]));
    assert_eq!(m.metadata, Inspected::default().metadata);
    assert_eq!(m.frames, FrameTable::default());
}

#[test]
fn a_grade_of_the_asc_is_ten_half_floats() {
    // 1.0 is 0x3c00, 0.5 is 0x3800, 0 is 0.
    let halves = [0x3c00u16, 0x3c00, 0x3800, 0, 0, 0, 0x3c00, 0x3c00, 0x3c00, 0x3800];
    let value = [vec![0, 0, 0, 10, 0, 0, 0, 2], halves.iter().flat_map(|h| h.to_be_bytes()).collect()].concat();
    let cdl = inspect(&set(CAMERA, &[(0x8117, &value)])).metadata.cdl.unwrap();
    assert_eq!((cdl.slope, cdl.offset, cdl.power, cdl.saturation), ([1.0, 1.0, 0.5], [0.0; 3], [1.0; 3], 0.5));
}

#[test]
fn sets_that_are_cut_off_are_read_as_far_as_they_go() {
    let bytes = venice();
    let cut = inspect(&bytes[..bytes.len() - 60]);
    assert_eq!(cut.metadata.findings, ["the acquisition metadata of a frame is cut off"]);
    assert_eq!(cut.metadata.iso, Some(500.0));
    let after_rubbish = inspect(&[&[0, 0, 6, 0x0e][..], &bytes].concat());
    assert_eq!(after_rubbish.metadata.iso, Some(500.0));
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(mut bytes in prop::collection::vec(any::<u8>(), 0..256), at in 0usize..600, by: u8) {
        inspect(&bytes);
        let mut flipped = venice();
        let at = at % flipped.len();
        flipped[at] ^= by;
        inspect(&flipped);
        bytes.extend(&flipped[..at]);
        let read = inspect(&bytes);
        prop_assert!(read.tags.len() <= 4096 && read.metadata.findings.len() <= 33);
    }
}
