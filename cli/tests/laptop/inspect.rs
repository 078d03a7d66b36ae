use std::fs;

use serde_json::json;

use crate::{footage, platefleet};

#[test]
fn a_folder_is_its_clips_in_the_common_vocabulary() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    fs::write(folder.join("notes.txt"), "no clip").unwrap();
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let document = run.json();
    let [clip] = document.as_array().unwrap().as_slice() else { panic!("{document}") };
    for (field, value) in [
        ("clip_name", json!(name)),
        ("camera_make", json!("platefleet")),
        ("camera_model", json!("Synth One")),
        ("reel_name", json!("A001")),
        ("frame_rate", json!("24000/1001")),
        ("frame_count", json!(2)),
        ("start_timecode", json!("10:00:00:00")),
        ("resolution", json!("64x48")),
        ("bit_depth", json!(12)),
        ("iso", json!(800.0)),
        ("role", json!("original")),
        ("path", json!(folder.join(format!("{name}_[000000-000001].dng")))),
    ] {
        assert_eq!(clip[field], value, "{field}");
    }
    let size: u64 = [0, 1].map(|n| fs::metadata(folder.join(format!("{name}_{n:06}.dng"))).unwrap().len()).iter().sum();
    assert_eq!(clip["size_bytes"], size);
    assert!(clip["sources"]["reel_name"].is_string(), "{clip}");
    assert!(clip.get("frames").is_none() && clip.get("raw").is_none());
}

#[test]
fn frames_and_tags_are_added_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    let pattern = folder.join(format!("{name}_%06d.dng"));
    let run = platefleet(["inspect", pattern.to_str().unwrap(), "--json", "--frames", "--raw"]);
    let clip = &run.json()[0];
    let frames: Vec<_> = clip["frames"].as_array().unwrap().iter().map(|f| (&f["frame"], &f["timecode"])).collect();
    assert_eq!(frames, [(&json!(0), &json!("10:00:00:00")), (&json!(1), &json!("10:00:00:01"))]);
    assert!(clip["raw"].as_object().is_some_and(|tags| tags.len() > 20), "{clip}");
}

#[test]
fn the_path_that_it_prints_can_be_typed() {
    let dir = tempfile::tempdir().unwrap();
    footage(dir.path());
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    let path = run.json()[0]["path"].as_str().unwrap().to_owned();
    let again = platefleet(["inspect", &path, "--json"]);
    assert_eq!(again.json()[0]["path"], path);
}

#[test]
fn a_format_that_is_not_read_is_named_and_ends_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("A001_C001.cine");
    // A Cine file begins with its mark, the length of its header, the compression, and version 1.
    fs::write(&path, b"CI\x2c\0\0\0\x01\0\0\0\0\0\0\0\0\0").unwrap();
    let run = platefleet(["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]);
    assert_eq!(run.code, Some(3));
    let (kind, detail) = run.error();
    assert_eq!(kind, "unsupported");
    assert!(detail.contains("Phantom Cine"), "{detail}");
    assert_eq!(run.json()["error"]["path"], path.to_str().unwrap());
}

#[test]
fn damaged_files_are_one_clear_finding_and_end_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, name) = footage(dir.path());
    let whole = fs::read(folder.join(format!("{name}_000000.dng"))).unwrap();
    let path = dir.path().join("damaged.dng");
    for (bytes, part) in [(&b""[..], "empty"), (&b"not a camera original at all"[..], "begin like"), (&whole[..16], "")]
    {
        fs::write(&path, bytes).unwrap();
        let run = platefleet(["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]);
        assert_eq!(run.code, Some(1), "{}", run.stdout);
        let (kind, detail) = run.error();
        assert!(kind == "invalid" && detail.contains(part), "{kind}: {detail}");
    }
    // Its first directory is whole: it says what it can, and that the picture is not there.
    fs::write(&path, &whole[..600]).unwrap();
    let run = platefleet(["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]);
    let (code, record) = (run.code, &run.json()[0]);
    assert_eq!((code, &record["camera_model"]), (Some(1), &"Synth One".into()));
    let findings = record["findings"].as_array().unwrap();
    assert!(findings.iter().any(|f| f.as_str().unwrap().ends_with("but the file has 600")), "{findings:?}");
}

#[test]
fn a_bad_clip_does_not_hide_the_good_one_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_, name) = footage(dir.path());
    fs::write(dir.path().join("B001.dng"), b"").unwrap();
    let run = platefleet(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    assert_eq!(run.code, Some(1));
    let document = run.json();
    assert_eq!(document.as_array().unwrap().len(), 2, "{document}");
    assert_eq!(document[0]["clip_name"], name.as_str());
    assert_eq!(document[1]["error"]["kind"], "invalid");
}

#[test]
fn what_is_not_there_is_a_matter_of_the_disk() {
    let run = platefleet(["inspect", "/nowhere/at/all", "--json"]);
    assert_eq!((run.code, run.error().0.as_str()), (Some(4), "io"));
    let run = platefleet(["inspect", "/nowhere/at/all"]);
    assert!(run.stdout.is_empty() && run.stderr.starts_with("error: /nowhere/at/all: "), "{}", run.stderr);
}
