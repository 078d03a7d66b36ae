//! The whole fleet from end to end: the real binaries on one machine, driven by the command that people type.
//!
//! The function binaries stand beside the command; `make test` builds them first.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checking;
mod faults;
mod house;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

const FUNCTIONS: [&str; 7] = ["intake", "hash", "inspect", "plan", "render", "finalise", "status"];

/// The folder of the function binaries, which have to be built first.
fn functions() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_platefleet")).parent().unwrap().to_owned();
    for function in FUNCTIONS {
        let is_built = folder.join(format!("platefleet-{function}")).is_file();
        assert!(
            is_built,
            "platefleet-{function} is not built: `make test` does that, or `cargo build --workspace --bins`"
        );
    }
    folder
}

/// A running `platefleet local`, stopped at the end as Ctrl-C does it.
struct Local {
    dir: PathBuf,
    child: Child,
}

impl Local {
    fn start(dir: &Path) -> Self {
        functions();
        let mut command = Command::new(env!("CARGO_BIN_EXE_platefleet"));
        command.args(["local", "--time-scale", "60", "--dir"]).arg(dir).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.starts_with("the fleet runs"), "{said}");
        Self { dir: dir.to_owned(), child }
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_platefleet"));
        let output = command.args(arguments).arg("--json").env("PLATEFLEET_FLEET", &self.dir).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Runs a command that ends well, and answers its last document.
    fn well(&self, arguments: &[&str]) -> Value {
        let (code, documents) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?} {documents:?}");
        documents.last().cloned().unwrap_or_default()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A roll of four frames, 160x90, sealed.
fn roll(fleet: &Local, dir: &Path) -> String {
    let path = dir.to_str().unwrap();
    fleet.well(&["synth", "--frames", "4", "--size", "160x90", "-o", path]);
    fleet.well(&["seal", path]);
    path.to_owned()
}

const CLIP: &str = "A001C001_261124_R1AB";

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn plates_of_the_fleet_are_byte_for_byte_those_of_render_and_their_manifest_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let fleet = Local::start(&dir.path().join("fleet"));
    let footage = roll(&fleet, &dir.path().join("A001"));
    fleet.well(&["upload", &footage, "--production", "show", "--roll", "day1/A001"]);
    assert_eq!(fleet.well(&["watch", "show/day1/A001"])["state"], "VERIFIED");
    let order = dir.path().join("pull.json");
    let shots = json!([{"shot": "S1", "clip": CLIP, "frames": [1, 2], "handles": 1, "raw": {"exposure_stops": 0.5}}]);
    let text = json!({"schema": "pull-order.v1", "production": "show", "pull": "V1", "shots": shots}).to_string();
    fs::write(&order, text).unwrap();
    let submitted = fleet.well(&["pull", "submit", order.to_str().unwrap()]);
    assert_eq!((&submitted["shots"], &submitted["frames"]), (&json!(1), &json!(4)));
    let job = submitted["job"].as_str().unwrap();
    assert_eq!(fleet.well(&["watch", &job[..12]])["state"], "DONE");
    let out = dir.path().join("out");
    fleet.well(&["fetch", job, out.to_str().unwrap()]);
    let delivered = out.join("S1_PL01_v001");
    assert_eq!(fleet.well(&["verify", delivered.to_str().unwrap()])["files"]["verified"], 4);
    let ours = dir.path().join("ours");
    let clip = format!("{footage}/{CLIP}");
    let first = ["--first-frame", "1001", "--exposure", "0.5"];
    fleet.well(&[&["render", "--input", &clip, "--output", ours.to_str().unwrap()][..], &first].concat());
    for number in 1001..=1004 {
        let fleets = fs::read(delivered.join(format!("S1_PL01_v001.{number}.exr"))).unwrap();
        assert!(fleets == fs::read(ours.join(format!("{CLIP}.{number}.exr"))).unwrap(), "frame {number}");
    }
}

#[test]
fn damage_is_refused_at_the_door_and_a_missing_file_that_comes_later_heals_the_roll() {
    let dir = tempfile::tempdir().unwrap();
    let fleet = Local::start(&dir.path().join("fleet"));
    let footage = roll(&fleet, &dir.path().join("A001"));
    let file = format!("{CLIP}/{CLIP}_000002.dng");
    let path = dir.path().join("A001").join(&file);
    let whole = fs::read(&path).unwrap();
    flip_a_bit(&path);
    let (code, documents) = fleet.run(&["upload", &footage, "--production", "show"]);
    assert_eq!((code, &documents[0]["findings"][0]["kind"]), (Some(1), &json!("mismatch")), "{documents:?}");
    let (_, documents) = fleet.run(&["status", "show/A001"]);
    assert_ne!(documents[0]["state"], "VERIFIED");
    fs::write(&path, whole).unwrap();
    fleet.well(&["upload", &footage, "--production", "show", "--only", &file]);
    let standing = fleet.well(&["watch", "show/A001"]);
    assert_eq!((&standing["state"], &standing["counts"]["verified"]), (&json!("VERIFIED"), &json!(4)));
    let found = fleet.well(&["search", "camera=synth*", "reel=A001", "fps=23.98", "production=show"]);
    assert_eq!(found[0]["clip_name"], CLIP);
}

#[test]
fn a_pull_of_what_is_not_there_is_a_reason_and_not_a_loop() {
    let dir = tempfile::tempdir().unwrap();
    let fleet = Local::start(&dir.path().join("fleet"));
    let footage = roll(&fleet, &dir.path().join("A001"));
    fleet.well(&["upload", &footage, "--production", "show"]);
    fleet.well(&["watch", "show/A001"]);
    for (pull, shot, part) in [
        ("NOCLIP", json!({"shot": "S1", "clip": "Z999"}), "Z999"),
        ("NOFRAME", json!({"shot": "S1", "clip": CLIP, "frames": [90, 99]}), "90"),
        ("NOTYET", json!({"shot": "S1", "clip": CLIP, "raw": {"highlights": "reconstruct"}}), "reconstruct"),
    ] {
        let order = dir.path().join(format!("{pull}.json"));
        let text = json!({"schema": "pull-order.v1", "production": "show", "pull": pull, "shots": [shot]});
        fs::write(&order, text.to_string()).unwrap();
        let (code, documents) = fleet.run(&["pull", "submit", order.to_str().unwrap()]);
        assert_eq!(code, Some(if pull == "NOTYET" { 3 } else { 1 }), "{documents:?}");
        let detail = documents[0]["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{detail}");
    }
}

#[test]
fn the_demo_plays_to_its_end_and_leaves_nothing_running() {
    let functions = functions();
    let dir = tempfile::tempdir().unwrap();
    let demo = dir.path().join("demo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_platefleet"));
    let output =
        command.args(["demo", "--json", "--dir"]).arg(&demo).arg("--functions").arg(functions).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &document["frames"]), (Some(0), &json!(48)), "{document}");
    assert!(demo.join("plate.png").is_file());
    assert!(!demo.join("fleet/endpoints.json").exists(), "the fleet is still there");
}

#[test]
fn a_stack_and_a_fleet_that_does_not_run_are_told_apart() {
    for (name, code, kind) in [("my-stack", 3, "unsupported"), ("./nowhere/at/all", 4, "service")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_platefleet"));
        let output = command.args(["status", "--json", "--fleet", name]).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &document["error"]["kind"]), (Some(code), &json!(kind)), "{document}");
    }
}
