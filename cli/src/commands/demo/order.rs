//! The order of the demo, as a VFX editor would write it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use platefleet_fleet::{id::Production, order::SCHEMA};
use serde_json::{Value, json};

use super::footage::{Roll, SIZE};
use crate::failure::Failure;

/// Frames before and after each span.
const HANDLES: u32 = 2;

/// Writes `pull.json` and the framing document that it names: two shots by frame numbers and two by reel and timecode.
pub(super) fn write(dir: &Path, production: &Production, rolls: &[Roll]) -> Result<PathBuf, Failure> {
    fs::create_dir_all(dir).map_err(|e| Failure::io(dir, &e))?;
    let mut shots: Vec<Value> = Vec::new();
    for (number, (roll, first)) in rolls.iter().flat_map(|roll| [(roll, 2u64), (roll, 12)]).enumerate() {
        let last = first + 7;
        let shot = format!("DEMO_{:03}", (number + 1) * 10);
        shots.push(if number % 2 == 0 {
            json!({"shot": shot, "clip": roll.clip, "frames": [first, last]})
        } else {
            // The same by timecode, as an edit says it.
            let at = |frame: u64| roll.start.plus(i64::try_from(frame).unwrap_or(0)).to_string();
            json!({"shot": shot, "reel": &roll.clip[..4], "source_in": at(first), "source_out": at(last + 1)})
        });
    }
    let order = json!({"schema": SCHEMA, "production": production, "pull": "VFX_001",
        "defaults": {"handles": HANDLES, "fdl": "show.fdl", "crop": "decision"}, "shots": shots});
    let file = dir.join("pull.json");
    for (path, document) in [(dir.join("show.fdl"), framing()), (file.clone(), order)] {
        fs::write(&path, format!("{document:#}\n")).map_err(|e| Failure::io(&path, &e))?;
    }
    Ok(file)
}

/// An ASC FDL with one decision: 1.85:1 in the middle of the canvas.
fn framing() -> Value {
    let (width, height) = SIZE;
    // Whole pixels, even.
    let framed = (width as f64 / 1.85 / 2.0).round() as usize * 2;
    json!({
        "uuid": "8f3a1c52-6a0e-4d0b-9f5e-2c7d4b1e9a60",
        "version": {"major": 2, "minor": 0},
        "fdl_creator": "platefleet demo",
        "default_framing_intent": "flat",
        "framing_intents": [{"id": "flat", "label": "1.85:1", "protection": 0.0,
            "aspect_ratio": {"width": 185, "height": 100}}],
        "contexts": [{"label": "Synth One", "context_creator": "platefleet demo", "canvases": [{
            "id": "synth", "label": "whole sensor", "source_canvas_id": "synth", "anamorphic_squeeze": 1.0,
            "dimensions": {"width": width, "height": height},
            "framing_decisions": [{"id": "synth-flat", "label": "1.85:1", "framing_intent_id": "flat",
                "dimensions": {"width": width, "height": framed},
                "anchor_point": {"x": 0, "y": (height - framed) / 2}}],
        }]}],
        "canvas_templates": [],
    })
}
