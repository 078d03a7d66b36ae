//! The published ASC FDL examples (ascmitc/fdl): every one is read, and every framing decision that falls on whole pixels is
//! the rectangle that the document states.

#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use std::{env, fs, path::PathBuf};

use platefleet_media::{
    frame::{Crop, Document, region},
    raw::Rect,
};
use serde_json::Value;

/// The examples with their texts; none, and said aloud, where there are none.
fn examples() -> Vec<(String, Vec<u8>)> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples/fdl");
    if !root.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", root.display());
        return Vec::new();
    }
    let (mut files, mut folders) = (Vec::new(), vec![root]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "fdl") {
                let bytes = fs::read(&path).unwrap();
                files.push((path.display().to_string(), bytes));
            }
        }
    }
    assert!(files.len() >= 19, "only {} examples", files.len());
    files
}

/// What the document itself says of a decision: left, top, width, height.
fn stated(decision: &Value) -> [f64; 4] {
    let number = |what: &str, of: &str| decision[what][of].as_f64().unwrap();
    [
        number("anchor_point", "x"),
        number("anchor_point", "y"),
        number("dimensions", "width"),
        number("dimensions", "height"),
    ]
}

#[test]
fn published_examples_are_read_and_cropped_to_as_they_say() {
    let (mut whole, mut between) = (0, 0);
    let examples = examples();
    for (name, bytes) in &examples {
        let document = match Document::parse(bytes) {
            Ok(document) => document,
            Err(error) => {
                // The one example that contradicts the schema: an id that is used twice.
                let known = name.contains("EXR_VFX-Pulls") && name.ends_with("C_6560x3102_Spherical.fdl");
                assert!(known && error.to_string().contains("is used twice"), "{name}: {error}");
                continue;
            }
        };
        let json: Value = serde_json::from_slice(bytes).unwrap();
        let contexts = json["contexts"].as_array().into_iter().flatten();
        for canvas in contexts.flat_map(|c| c["canvases"].as_array().into_iter().flatten()) {
            let side = |name: &str| canvas["dimensions"][name].as_f64().unwrap() as usize;
            for decision in canvas["framing_decisions"].as_array().into_iter().flatten() {
                let ids = (canvas["id"].as_str(), decision["id"].as_str());
                let found = region(Some(&document), Crop::Decision, ids.0, ids.1, [side("width"), side("height")]);
                let [left, top, width, height] = stated(decision);
                if [left, top, width, height].iter().all(|v| v.fract() == 0.0) {
                    let expected = [left, top, width, height].map(|v| v as usize);
                    let Rect { left, top, width, height } = found.unwrap_or_else(|e| panic!("{name} {ids:?}: {e}"));
                    assert_eq!([left, top, width, height], expected, "{name} {ids:?}");
                    whole += 1;
                } else {
                    assert_eq!(found.unwrap_err().kind(), "unsupported", "{name} {ids:?}");
                    between += 1;
                }
            }
        }
    }
    assert!(examples.is_empty() || (whole > 0 && whole + between >= 18), "{whole} whole, {between} between pixels");
}
