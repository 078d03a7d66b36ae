//! `platefleet seal`: writes the next ASC MHL generation over a folder.

use std::{fs, path::PathBuf};

use platefleet_fleet::status::iso;
use platefleet_media::{
    hash::Algorithm,
    mhl::{
        Author, Process, Stamp,
        folder::{self, SealOptions},
    },
};
use serde_json::json;

use crate::{
    console::{Bar, Console, bytes, count, now_ms},
    failure::{Exit, Failure},
    findings,
};

/// Write the next ASC MHL generation over a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Seal {
    /// Folder to seal
    #[arg(value_name = "ROOT")]
    root: PathBuf,
    /// Hash to write: c4, md5, sha1, xxh128, xxh3, xxh64; again for more than one [default: those of the history, or xxh128]
    #[arg(long, value_name = "HASH", value_parser = hash)]
    hash: Vec<Algorithm>,
    /// Whether files were hashed where they are, or while they were copied
    #[arg(long, default_value = "in-place", value_parser = ["in-place", "transfer"])]
    process: String,
    /// What to leave out from now on, as a line of a gitignore file; again for more
    #[arg(long, value_name = "PATTERN")]
    ignore: Vec<String>,
    #[command(flatten)]
    by: By,
}

/// Who does it, where and why.
#[derive(Debug, clap::Args)]
pub(crate) struct By {
    /// Who does it
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// What they do, such as DIT
    #[arg(long, value_name = "ROLE", requires = "author")]
    role: Option<String>,
    /// Their e-mail address
    #[arg(long, value_name = "ADDRESS", requires = "author", value_parser = email)]
    email: Option<String>,
    /// Their phone number
    #[arg(long, value_name = "NUMBER", requires = "author")]
    phone: Option<String>,
    /// Where
    #[arg(long, value_name = "PLACE")]
    location: Option<String>,
    /// Anything worth saying
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl By {
    /// Them, here and now.
    pub(crate) fn stamp(&self) -> Stamp {
        let author = self.author.clone().map(|name| Author {
            name,
            role: self.role.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
        });
        Stamp { author, location: self.location.clone(), comment: self.comment.clone(), ..stamp() }
    }
}

fn email(text: &str) -> Result<String, String> {
    Author::is_email(text).then(|| text.to_owned()).ok_or_else(|| "is no e-mail address".into())
}

fn hash(name: &str) -> Result<Algorithm, String> {
    let known = Algorithm::parse(name).filter(|a| Algorithm::MHL.contains(a));
    known.ok_or_else(|| "is none of c4, md5, sha1, xxh128, xxh3, xxh64".into())
}

impl Seal {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let process = if self.process == "transfer" { Process::Transfer } else { Process::InPlace };
        let stamp = Stamp { process, ignore: self.ignore.clone(), ..self.by.stamp() };
        let bar = Bar::new(console, "sealing");
        let sealed = folder::seal(&self.root, &SealOptions { hashes: self.hash.clone(), stamp }, &bar);
        bar.clear();
        let report = match sealed {
            Ok(report) => report,
            Err(_) if console.stopped() => return Err(Failure::interrupted()),
            Err(error) => return Err(error.into()),
        };
        findings::say(console, &report.findings)?;
        let (files, size) = (count(report.files, "file"), bytes(report.bytes));
        console.say(format!("{}: generation {}, {files}, {size}", report.manifest, report.generation))?;
        let exit = Exit::bad_if(!report.findings.is_empty());
        console.document(&json!({
            "manifest": report.manifest, "generation": report.generation, "files": report.files, "bytes": report.bytes,
            "findings": findings::advised(report.findings),
        }))?;
        Ok(exit)
    }
}

/// Here and now, in place.
pub(crate) fn stamp() -> Stamp {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let hostname = name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| "localhost".into());
    Stamp { created: iso(now_ms()), hostname, ..Stamp::default() }
}
