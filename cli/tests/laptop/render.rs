use std::{fs, path::Path};

use platefleet_media::exr;
use serde_json::{Value, json};

use crate::{Run, footage, framing, platefleet};

fn render(input: &Path, output: &Path, more: &[&str]) -> Run {
    let ends = ["render", "--json", "--input", input.to_str().unwrap(), "--output", output.to_str().unwrap()];
    platefleet(ends.iter().chain(more))
}

fn numbers(run: &Run) -> Vec<u64> {
    let document = run.json();
    let frames = document["frames"].as_array().unwrap_or_else(|| panic!("{document}"));
    frames.iter().map(|f| f["frame"].as_u64().unwrap()).collect()
}

#[test]
fn plates_are_named_by_their_numbers_and_described_by_their_digests() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, name) = footage(&dir.path().join("A001"));
    let out = dir.path().join("out");
    let run = render(&clip, &out, &["--first-frame", "1001"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let document = run.json();
    assert_eq!(numbers(&run), [1001, 1002]);
    for frame in document["frames"].as_array().unwrap() {
        let path = out.join(format!("{name}.{}.exr", frame["frame"]));
        assert_eq!(frame["path"], path.to_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        assert_eq!(frame["bytes"], bytes.len());
        assert_eq!(frame["xxh128"].as_str().unwrap().len(), 32);
        let (picture, _) = exr::read(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (64, 48));
        let recipe = document["recipe"].as_str().unwrap();
        assert!(bytes.windows(64).any(|w| w == recipe.as_bytes()), "the recipe id stands in the plate");
    }
    assert!(document["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(document["warnings"], json!([]));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2, "nothing else is left in the folder");
}

#[test]
fn threads_and_runs_change_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    let digests = |threads: &str| -> Vec<Value> {
        let run = render(&clip, &dir.path().join(threads), &["--threads", threads]);
        run.json()["frames"].as_array().unwrap().iter().map(|f| f["xxh128"].clone()).collect()
    };
    let one = digests("1");
    assert_eq!(one, digests("2"));
    assert_eq!(one, digests("7"));
    assert_ne!(one[0], one[1]);
}

#[test]
fn frames_are_chosen_by_the_plates_number_or_by_timecode() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    let chosen = |more: &[&str]| numbers(&render(&clip, &dir.path().join("out"), more));
    assert_eq!(chosen(&[]), [0, 1], "a sequence keeps its file numbers");
    assert_eq!(chosen(&["--frame-range", "1-1"]), [1]);
    assert_eq!(chosen(&["--frame-range", "1002-1002", "--first-frame", "1001"]), [1002]);
    assert_eq!(chosen(&["--source-tc", "10:00:00:01-10:00:00:02"]), [1]);
    assert_eq!(chosen(&["--source-tc", "10:00:00:01-10:00:00:02", "--first-frame", "1001"]), [1001]);
}

#[test]
fn the_first_frame_of_a_file_alone_is_1001_and_a_pattern_names_the_plate() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, name) = footage(&dir.path().join("A001"));
    let still = dir.path().join("still.dng");
    fs::copy(clip.join(format!("{name}_000000.dng")), &still).unwrap();
    for (pattern, file) in [("a.%05d.exr", "a.01001.exr"), ("b.[####].exr", "b.1001.exr"), ("c.exr", "c.exr")] {
        let run = render(&still, &dir.path().join("out").join(pattern), &[]);
        assert_eq!((run.code, numbers(&run)), (Some(0), vec![1001]), "{}", run.stdout);
        assert!(dir.path().join("out").join(file).is_file(), "{file}");
    }
    let run = render(&clip, &dir.path().join("two.exr"), &[]);
    assert_eq!(run.code, Some(2), "two plates do not fit into one file");
}

#[test]
fn a_frame_that_is_not_there_is_a_finding_and_the_others_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    let run = render(&clip, &dir.path().join("out"), &["--frame-range", "1-5"]);
    assert_eq!((run.code, numbers(&run)), (Some(1), vec![1]));
    let finding = &run.json()["findings"][0];
    assert_eq!(finding["kind"], "missing");
    assert_eq!(finding["detail"], "frames 2-5 are not in the clip, which has 0-1");
    let run = render(&clip, &dir.path().join("out"), &["--frame-range", "1001-1005"]);
    assert_eq!((run.code, run.error().0.as_str()), (Some(1), "missing"));
    let run = render(&clip, &dir.path().join("out"), &["--source-tc", "11:00:00:00-11:00:00:02"]);
    assert_eq!((run.code, run.error().0.as_str()), (Some(1), "missing"));
}

#[test]
fn a_truncated_frame_costs_its_own_plate_only() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, name) = footage(&dir.path().join("A001"));
    let bad = clip.join(format!("{name}_000001.dng"));
    let bytes = fs::read(&bad).unwrap();
    fs::write(&bad, &bytes[..bytes.len() - 100]).unwrap();
    let run = render(&clip, &dir.path().join("out"), &[]);
    assert_eq!((run.code, numbers(&run)), (Some(1), vec![0]), "{}", run.stdout);
    let document = run.json();
    assert_eq!(document["findings"].as_array().unwrap().len(), 1, "{document}");
    assert_eq!(document["error"]["kind"], "invalid");
    assert_eq!(document["error"]["path"], bad.to_str().unwrap());
}

#[test]
fn a_framing_decision_is_cropped_to_and_without_a_crop_the_document_is_carried_only() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, name) = footage(&dir.path().join("A001"));
    let fdl = dir.path().join("main.fdl");
    fs::write(&fdl, framing([64, 48], &[("i", [8, 6, 40, 30])])).unwrap();
    let fdl = fdl.to_str().unwrap();
    let size = |out: &Path| {
        let (picture, _) = exr::read(&fs::read(out.join(format!("{name}.0000.exr"))).unwrap()).unwrap();
        (picture.width, picture.height)
    };
    let cropped = dir.path().join("cropped");
    let run = render(&clip, &cropped, &["--fdl", fdl, "--crop", "decision"]);
    assert_eq!((run.code, size(&cropped)), (Some(0), (40, 30)), "{}", run.stdout);
    let carried = dir.path().join("carried");
    let run = render(&clip, &carried, &["--fdl", fdl]);
    assert_eq!((run.code, size(&carried)), (Some(0), (64, 48)), "{}", run.stdout);
    assert!(run.stderr.contains("carried in the header"), "{}", run.stderr);
    assert_eq!(run.json()["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn an_open_choice_of_decisions_is_put_to_the_user() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    let fdl = dir.path().join("two.fdl");
    fs::write(&fdl, framing([64, 48], &[("a", [0, 0, 64, 36]), ("b", [8, 6, 40, 30])])).unwrap();
    let arguments = ["--fdl", fdl.to_str().unwrap(), "--crop", "decision"];
    let run = render(&clip, &dir.path().join("out"), &arguments);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let detail = run.error().1;
    assert!(detail.contains("c-a") && detail.contains("c-b"), "{detail}");
    let run = render(&clip, &dir.path().join("out"), &[&arguments[..], &["--decision", "c-b"]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    // A document for another format is bad data, not a choice.
    fs::write(&fdl, framing([1920, 1080], &[("a", [0, 0, 64, 36])])).unwrap();
    assert_eq!(render(&clip, &dir.path().join("out"), &arguments).code, Some(1));
}

#[test]
fn options_of_later_versions_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    for (more, name) in [
        (&["--template", "t.fdl"][..], "--template"),
        (&["--amf", "a.amf"], "--amf"),
        (&["--highlights", "reconstruct"], "--highlights reconstruct"),
        (&["--input-space", "x"], "--input-space"),
        (&["--tint", "5"], "tint"),
    ] {
        let run = render(&clip, &dir.path().join("out"), more);
        let (kind, detail) = run.error();
        assert_eq!((run.code, kind.as_str()), (Some(3), "unsupported"), "{more:?}");
        assert!(detail.contains(name), "{detail}");
        assert!(!dir.path().join("out").exists(), "nothing is written");
    }
}

#[test]
fn settings_that_contradict_are_usage() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, _) = footage(&dir.path().join("A001"));
    for more in [
        &["--crop", "decision"][..],
        &["--white-balance", "100"],
        &["--white-balance", "warm"],
        &["--profile", "aces-strict", "--compression", "zip"],
        &["--compression", "dwaa"],
        &["--frame-range", "9-3"],
        &["--frame-range", "1-2", "--source-tc", "10:00:00:00-10:00:00:01"],
        &["--source-tc", "10:00:00:00-10:00:00:00"],
    ] {
        let run = render(&clip, &dir.path().join("out"), more);
        assert_eq!((run.code, run.error().0.as_str()), (Some(2), "usage"), "{more:?} {}", run.stdout);
    }
}

#[test]
fn a_folder_of_several_clips_needs_a_name() {
    let dir = tempfile::tempdir().unwrap();
    footage(&dir.path().join("A001"));
    footage(&dir.path().join("A002"));
    let run = render(dir.path(), &dir.path().join("out"), &[]);
    assert_eq!(run.code, Some(2));
    assert!(run.json()["error"]["hint"].as_str().unwrap().contains("A002"), "{}", run.stdout);
}
