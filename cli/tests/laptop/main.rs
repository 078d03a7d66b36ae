//! The commands that need no fleet, through the binary: exit codes, documents, files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod inspect;
mod mhl;
mod outside;
mod render;
mod synth;
mod takes;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What a run of `platefleet` left behind.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    /// The one document on stdout.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// The `kind` and `detail` of the error document.
    fn error(&self) -> (String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("detail"))
    }
}

fn platefleet<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_platefleet")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Two frames, 64x48, below `dir`; answers the folder of the clip and its name.
fn footage(dir: &Path) -> (PathBuf, String) {
    let name = "A001C001_261124_R1AB";
    let run = platefleet(["synth", "--frames", "2", "--size", "64x48", "-o", dir.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    (dir.join(name), name.to_owned())
}

/// A framing document with one canvas of this size, and decisions of these names and rectangles.
fn framing(size: [u32; 2], decisions: &[(&str, [u32; 4])]) -> String {
    let decisions: Vec<Value> = decisions
        .iter()
        .map(|(id, [left, top, width, height])| {
            serde_json::json!({"id": format!("c-{id}"), "framing_intent_id": id,
                "dimensions": {"width": width, "height": height}, "anchor_point": {"x": left, "y": top}})
        })
        .collect();
    serde_json::json!({"uuid": "11111111-2222-4333-8444-555555555555", "version": {"major": 2, "minor": 0},
        "contexts": [{"canvases": [{"id": "c", "source_canvas_id": "c",
            "dimensions": {"width": size[0], "height": size[1]}, "framing_decisions": decisions}]}]})
    .to_string()
}
