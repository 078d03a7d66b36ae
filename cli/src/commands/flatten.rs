//! `platefleet flatten`: a history, and all below it, as one packing list.

use std::path::PathBuf;

use platefleet_media::mhl::folder;
use serde_json::json;

use crate::{
    commands::seal::By,
    console::{Console, bytes, count},
    failure::{Exit, Failure},
};

/// Write all that a history and those below it say of files as one packing list
#[derive(Debug, clap::Args)]
pub(crate) struct Flatten {
    /// Folder that holds `ascmhl`
    #[arg(value_name = "ROOT")]
    root: PathBuf,
    /// The list: a new file, in no `ascmhl` folder
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    by: By,
}

impl Flatten {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        folder::refuse_packing_list_at(&self.output).map_err(|error| Failure::from(error).typed())?;
        let report = folder::flatten(&self.root, &self.output, &self.by.stamp())?;
        let place = self.output.display().to_string();
        console.document(&json!({
            "packing_list": place, "files": report.files, "bytes": report.bytes, "histories": report.histories,
        }))?;
        let (files, size) = (count(report.files, "file"), bytes(report.bytes));
        console.say(format!("{place}: {files}, {size}, of {}", histories(report.histories)))?;
        Ok(Exit::Done)
    }
}

fn histories(n: u64) -> String {
    if n == 1 { "1 history".into() } else { format!("{n} histories") }
}
