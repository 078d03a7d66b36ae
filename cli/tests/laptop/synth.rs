use std::fs;

use crate::platefleet;

#[test]
fn the_same_seed_makes_the_same_bytes_and_the_truth_stands_beside() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let frames = dirs.each_ref().map(|dir| {
        let out = dir.path().to_str().unwrap();
        let arguments =
            ["synth", "--frames", "1", "--size", "64x36", "--phase", "gbrg", "--noise", "--truth", "-o", out, "--json"];
        let run = platefleet(arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(run.json()["frames"], 1);
        let truth = run.json()["truth"].as_str().unwrap().to_owned();
        let picture = fs::read(format!("{truth}/A001C001_261124_R1AB_000000.pfm")).unwrap();
        assert!(picture.starts_with(b"PF\n64 36\n"));
        let chart: serde_json::Value =
            serde_json::from_slice(&fs::read(format!("{truth}/chart.json")).unwrap()).unwrap();
        assert_eq!(chart["patches"].as_array().unwrap().len(), 24);
        fs::read(dir.path().join("A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng")).unwrap()
    });
    assert_eq!(frames[0], frames[1]);
}

#[test]
fn what_cannot_be_photographed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    for (arguments, code) in [
        (["--size", "63x36", "--frames", "1"], 2),
        (["--size", "big", "--frames", "1"], 2),
        (["--format", "arriraw", "--frames", "1"], 3),
        (["--format", "jpeg", "--frames", "1"], 2),
        (["--start", "25:00:00:00", "--frames", "1"], 2),
    ] {
        let run = platefleet(["synth", "-o", out, "--json"].into_iter().chain(arguments));
        assert_eq!(run.code, Some(code), "{arguments:?} {}", run.stdout);
        assert!(!run.error().1.is_empty());
    }
}
