//! Clips and what belongs to them, through the binary.

use std::fs;

use serde_json::json;

use crate::{footage, platefleet};

fn sidecar(frames: u64) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <NonRealTimeMeta xmlns=\"urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.10\">\
        <Duration value=\"{frames}\"/><CreationDate value=\"2026-11-24T09:59:59+01:00\"/>\
        <Device manufacturer=\"Sony\" modelName=\"Other\" serialNo=\"7\"/>\
        <Lens modelName=\"Another 50mm\"/>\
        <AcquisitionRecord><Group name=\"CameraUnitMetadataSet\">\
        <Item name=\"ExposureIndexOfPhotoMeter\" value=\"640\"/></Group></AcquisitionRecord></NonRealTimeMeta>"
    )
}

#[test]
fn a_sidecar_fills_in_what_its_clip_leaves_open_and_overrules_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    let document = folder.join(format!("{name}M01.XML"));
    fs::write(&document, sidecar(2)).unwrap();
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref(), "--raw".as_ref()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let records = run.json();
    let [clip] = records.as_array().unwrap().as_slice() else { panic!("{records}") };
    assert_eq!(clip["exposure_index"], 640.0);
    let source = clip["sources"]["exposure_index"].as_str().unwrap();
    assert!(source.starts_with(&format!("{name}M01.XML: ")), "{source}");
    assert_eq!((&clip["camera_make"], &clip["lens_model"]), (&json!("platefleet"), &json!("Synth Prime 35mm T1.5")));
    assert_eq!(clip["related"], json!([{"role": "sidecar", "path": document}]));
    let tags = clip["raw"].as_object().unwrap();
    assert!(tags.keys().any(|tag| tag.starts_with(&format!("{name}M01.XML:"))), "{tags:?}");
    // The same for a clip that is named by its frames.
    let pattern = folder.join(format!("{name}_%06d.dng"));
    assert_eq!(platefleet(["inspect", pattern.to_str().unwrap(), "--json"]).json()[0]["exposure_index"], 640.0);
}

#[test]
fn a_clip_that_is_shorter_than_its_sidecar_says_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    fs::write(folder.join(format!("{name}M01.XML")), sidecar(5)).unwrap();
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let expected = format!("the clip has 2 frames, but {name}M01.XML says 5: 3 are cut off");
    assert_eq!(run.json()[0]["findings"], json!([expected]));
}

#[test]
fn every_header_is_compared_when_frames_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    let frame = |number: usize| folder.join(format!("{name}_{number:06}.dng"));
    // Five frames, of which the second is a copy of the first: neither first, middle nor last.
    let run = platefleet(["synth", "--frames", "5", "--size", "64x48", "-o", dir.path().to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    fs::copy(frame(0), frame(1)).unwrap();
    let inspect = |more: &[&str]| {
        let path = folder.to_str().unwrap();
        platefleet([&["inspect", path, "--json"], more].concat())
    };
    assert_eq!(inspect(&[]).code, Some(0));
    let run = inspect(&["--frames"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let clip = &run.json()[0];
    let expected =
        format!("{name}_000001.dng: its timecode is 10:00:00:00, but 10:00:00:01 follows from the first frame");
    assert_eq!(clip["findings"], json!([expected]));
    assert_eq!(clip["frames"][1]["timecode"], "10:00:00:00");
    assert_eq!(clip["frames"].as_array().unwrap().len(), 5);
}

#[test]
fn a_log_of_the_day_speaks_of_its_clips_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (_, name) = footage(dir.path());
    let log = format!("Heading\nFPS\t23.976\n\nColumn\nName\tScene\tTake\n\nData\n{name}\t12A\t3\nother\t1\t1\n");
    fs::write(dir.path().join("day 1.ale"), log).unwrap();
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let clip = &run.json()[0];
    assert_eq!((&clip["scene"], &clip["take"]), (&json!("12A"), &json!("3")));
    assert_eq!(clip["sources"]["scene"], "day 1.ale: Scene");
}

#[test]
fn the_schema_is_printed_without_any_path() {
    let run = platefleet(["inspect", "--schema"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.json()["title"], "clip-metadata.v1");
    assert_eq!(platefleet(["inspect"]).code, Some(2));
}
