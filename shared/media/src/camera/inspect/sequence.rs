//! Numbered sequences: a frame a file.

use super::{ClipReport, Open, agree::disagreements, inspect_file};
use crate::{
    camera::FrameTable,
    error::{Error, Result},
    path::RelativePath,
};

/// Reads the middle and the last file of a sequence, and finds where they disagree with the first.
pub(super) fn look_into(files: &[RelativePath], open: Open<'_, '_>, report: &mut ClipReport) -> Result<()> {
    let ClipReport { metadata, runs, .. } = report;
    let last = runs.len() - 1;
    let first_number = runs[0].number;
    let mut others = vec![last / 2, last];
    others.dedup();
    for at in others.into_iter().filter(|at| *at != 0) {
        let path = &files[runs[at].file];
        let name = path.file_name();
        match inspect_file(path, open) {
            Ok((_, other)) => {
                runs[at].table = other.frames;
                let problems = disagreements(metadata, &other.metadata, runs[at].number - first_number, "frame");
                let problems = problems.iter().chain(&other.metadata.findings).map(|p| format!("{name}: {p}"));
                metadata.findings.extend(problems);
            }
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(error) => metadata.findings.push(error.to_string()),
        }
    }
    // A file of a sequence is a frame, wherever in it that is.
    for run in runs.iter_mut().filter(|run| run.table.count() != 1) {
        run.table = FrameTable::Whole;
    }
    Ok(())
}
