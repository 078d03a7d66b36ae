//! What every frame of a clip says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ClipReport, Open, agree::disagreements, inspect_file};
use crate::{
    camera::{FrameValues, recognise},
    clip::Metadata,
    error::{Error, Result},
    path::RelativePath,
};

/// Most findings of single frames that are told one by one.
const MAX_TOLD: usize = 64;

/// Reads every frame's own values, in order, and adds what is wrong with any frame to the report's findings.
///
/// Of a sequence the header of every file is read: a frame's values are those that differ from the clip's, and its timecode.
/// `told` is given each frame's number, as in [`super::FrameRef::number`], and its values.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`], and those of `told`, at which it ends. What is wrong with a frame is a finding.
pub fn each_frame(
    report: &mut ClipReport,
    files: &[RelativePath],
    open: Open<'_, '_>,
    told: &mut dyn FnMut(u64, BTreeMap<String, Value>) -> Result<()>,
) -> Result<()> {
    let sequence = report.runs.iter().any(|run| super::key_of(&files[run.file]).frame.is_some());
    let first_number = report.runs.first().map_or(0, |run| run.number);
    let mut problems: Vec<String> = Vec::new();
    for run in &report.runs {
        let path = &files[run.file];
        let name = path.file_name();
        let outcome = if sequence {
            inspect_file(path, open).and_then(|(_, frame)| {
                let steps = run.number - first_number;
                let found = disagreements(&report.metadata, &frame.metadata, steps, "frame");
                problems.extend(found.iter().chain(&frame.metadata.findings).map(|p| format!("{name}: {p}")));
                told(run.number, differing(&report.metadata, &frame.metadata))
            })
        } else {
            let source = open(path)?;
            recognise(path.as_str(), &*source).and_then(|format| {
                let mut tell = |values: FrameValues| told(run.number.saturating_add(values.frame), values.values);
                format.each_frame(&*source, &mut tell).map_err(|e| e.in_file(path.as_str()))
            })
        };
        match outcome {
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(error) => problems.push(error.to_string()),
            Ok(()) => {}
        }
    }
    problems.retain(|p| !report.metadata.findings.contains(p));
    let more = problems.len().saturating_sub(MAX_TOLD);
    report.metadata.findings.extend(problems.into_iter().take(MAX_TOLD));
    if more > 0 {
        report.metadata.findings.push(format!("and {more} more findings of single frames"));
    }
    Ok(())
}

/// The fields of a frame that the clip has otherwise, and its timecode.
fn differing(clip: &Metadata, frame: &Metadata) -> BTreeMap<String, Value> {
    let fields = |metadata: &Metadata| {
        let own = Metadata { sources: BTreeMap::new(), findings: Vec::new(), role: None, ..metadata.clone() };
        match serde_json::to_value(own) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        }
    };
    let clip = fields(clip);
    let of_the_clip = ["frame_count", "duration_seconds", "clip_name", "path", "size_bytes", "start_timecode"];
    let own =
        |(field, value): &(String, Value)| !of_the_clip.contains(&field.as_str()) && clip.get(field) != Some(value);
    let mut values: BTreeMap<String, Value> = fields(frame).into_iter().filter(own).collect();
    if let Some(timecode) = &frame.start_timecode {
        values.insert("timecode".to_owned(), timecode.as_str().into());
    }
    values
}
