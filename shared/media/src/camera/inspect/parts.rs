//! Clips that their camera spread over several files.

use super::{ClipReport, Open, agree::disagreements, inspect_file};
use crate::{
    error::{Error, Result},
    path::RelativePath,
};

/// Reads every part, puts their frames one after the other, and finds where they disagree with the first.
pub(super) fn join(files: &[RelativePath], open: Open<'_, '_>, report: &mut ClipReport) -> Result<()> {
    let ClipReport { metadata, runs, .. } = report;
    // A part that says how many frames it has, and not where they are, counts all the same.
    let frames_of = |table: u64, said: Option<u64>| if table > 0 { table } else { said.unwrap_or(0) };
    let mut frames = frames_of(runs[0].table.count(), metadata.frame_count);
    let mut all_found = runs[0].table.count() > 0;
    for run in &mut runs[1..] {
        let path = &files[run.file];
        let name = path.file_name();
        run.number = frames;
        match inspect_file(path, open) {
            Ok((_, other)) => {
                let problems = disagreements(metadata, &other.metadata, frames, "part");
                let problems = problems.iter().chain(&other.metadata.findings).map(|p| format!("{name}: {p}"));
                metadata.findings.extend(problems);
                run.table = other.frames;
                all_found &= run.table.count() > 0;
                frames = frames.saturating_add(frames_of(run.table.count(), other.metadata.frame_count));
            }
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(error) => {
                run.table = crate::camera::FrameTable::default();
                metadata.findings.push(error.to_string());
            }
        }
    }
    if !all_found && frames > 0 {
        metadata.frame_count = Some(frames);
        metadata.sources.insert("frame_count".to_owned(), "frames of all parts".to_owned());
    }
    Ok(())
}
