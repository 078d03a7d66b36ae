//! `platefleet verify`: is a folder what its ASC MHL history says, or its lists of MHL 1.x?

use std::{fmt::Write as _, path::PathBuf};

use platefleet_media::mhl::folder::{self, Report, Verdict, VerifyOptions};

use crate::{
    console::{Bar, Console, bytes, count},
    failure::{Exit, Failure},
    findings,
};

/// Check a folder against its ASC MHL history, or the MHL 1.x lists in it
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Folder that holds `ascmhl`, or lists of MHL 1.x; or one such list, to check only what it names
    #[arg(value_name = "ROOT")]
    root: PathBuf,
    /// Check against this generation instead of the whole history
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    generation: Option<u32>,
    /// Check against this packing list instead, which no history has to know
    #[arg(long, value_name = "FILE", conflicts_with = "generation")]
    packing_list: Option<PathBuf>,
}

impl Verify {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let bar = Bar::new(console, "verifying");
        let checked = match &self.packing_list {
            Some(list) => folder::verify_packing_list(&self.root, list, &bar),
            None => folder::verify(&self.root, &VerifyOptions { generation: self.generation }, &bar),
        };
        bar.clear();
        if console.stopped() {
            return Err(Failure::interrupted());
        }
        // Only a generation that there is not is invalid without a place, and it was typed.
        let typed = |error| match Failure::from(error) {
            failure if failure.path.is_none() => failure.typed(),
            failure => failure,
        };
        let mut report = checked.map_err(typed)?;
        findings::say(console, &report.findings)?;
        for unread in &report.unreadable {
            console.say(format!("{:>18}  {}", "unreadable", unread.detail))?;
        }
        console.say(format!("{}: {}", self.root.display(), summary(&report)))?;
        report.findings = findings::advised(report.findings);
        console.document(&report)?;
        let read = if report.unreadable.is_empty() { Exit::Done } else { Exit::Failed };
        Ok(read.and(Exit::bad_if(report.verdict == Verdict::Failed)))
    }
}

/// A report in a line.
pub(crate) fn summary(report: &Report) -> String {
    let files = &report.files;
    let verdict = if report.verdict == Verdict::Verified { "verified" } else { "FAILED" };
    let mut said = format!("{verdict}: {} of {}", files.verified, count(files.expected, "file"));
    for (n, what) in [
        (files.failed, "failed"),
        (files.missing, "missing"),
        (files.extra, "in no manifest"),
        (files.renamed, "renamed"),
    ] {
        if n > 0 {
            let _ = write!(said, ", {n} {what}");
        }
    }
    if !report.unreadable.is_empty() {
        let _ = write!(said, ", {} that could not be read", report.unreadable.len());
    }
    let _ = write!(said, " ({})", bytes(report.bytes));
    said
}
