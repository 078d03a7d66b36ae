//! Histories on a disk: verify a folder, and seal it. Lists of MHL 1.x are verified, never written.

mod date;
mod flatten;
mod legacy;
mod moved;
mod nested;
mod packing_list;
mod read;
mod scan;
mod seal;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use flatten::{FlattenReport, flatten, refuse_packing_list_at};
pub use packing_list::verify_packing_list;

use super::{Finding, Stamp};
use crate::{
    error::{Error, Result},
    hash::Algorithm,
};

/// Sees how the work goes on, and may stop it.
pub trait Watch: Sync {
    /// So much is to be read.
    fn begin(&self, files: u64, bytes: u64) {
        let _ = (files, bytes);
    }
    /// So many bytes more were read.
    fn advance(&self, bytes: u64) {
        let _ = bytes;
    }
    /// One file more is done.
    fn file_done(&self) {}
    /// What time it is, `xs:dateTime`, when the watcher has a clock: the date of a digest. Without one it is the stamp's.
    fn now(&self) -> Option<String> {
        None
    }
    /// Whether to stop. Asked often.
    fn stopped(&self) -> bool {
        false
    }
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// How to verify.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Against the histories as they were when the root's had this generation; `None` for the newest. A nested history counts
    /// as the generation that refers to it says.
    pub generation: Option<u32>,
}

/// How to seal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealOptions {
    /// The formats to write; none for those of the history, or xxh128 when there is no history.
    pub hashes: Vec<Algorithm>,
    /// Who, when and where.
    pub stamp: Stamp,
}

/// Whether everything is as the history says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every file that should be there is, with the right bytes, and nothing else is.
    Verified,
    /// Something is wrong: see the findings.
    Failed,
}

/// How many files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCounts {
    /// Should be there.
    pub expected: u64,
    /// Are right.
    pub verified: u64,
    /// Have other bytes, or another size.
    pub failed: u64,
    /// Are not there.
    pub missing: u64,
    /// Are there and should not be.
    pub extra: u64,
    /// Are at another place than once; those that a generation records as renamed count as verified too.
    pub renamed: u64,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// In numbers.
    pub files: FileCounts,
    /// Bytes that were read.
    pub bytes: u64,
    /// Everything that is wrong, sorted by path; and recorded renames, which are not.
    pub findings: Vec<Finding>,
    /// What could not be read, and so has no verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
}

/// A file or folder that the operating system would not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Relative to the root.
    pub path: String,
    /// In the words of the operating system.
    pub detail: String,
}

impl Unreadable {
    fn new(path: &str, error: &Error) -> Self {
        let path = if path.is_empty() { "." } else { path };
        Self { path: path.to_owned(), detail: error.to_string() }
    }
}

/// What [`seal`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealReport {
    /// The root's new manifest, relative to the root: `ascmhl/0001_A001_2026-11-22_105740Z.mhl`.
    pub manifest: String,
    /// Its generation.
    pub generation: u32,
    /// Files that were hashed.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is missing or failed; recorded in the new generation.
    pub findings: Vec<Finding>,
}

/// Verifies a folder against its history, and every nested history in it; without a history, against the lists of MHL 1.x in it.
/// When `root` is such a list, only the files that it names are looked at.
///
/// # Errors
/// [`Error::Io`] when `root` is no folder or the watcher stops it; [`Error::Invalid`] when a generation is wanted that there is
/// not; [`Error::Unsupported`] when a list is in a version or a text encoding that is not known. All that is wrong with the data
/// is in the report, and so is what could not be read.
pub fn verify(root: &Path, options: &VerifyOptions, watch: &dyn Watch) -> Result<Report> {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    if legacy::is_list(&name) && root.is_file() {
        return legacy::verify_list(root, *options, watch);
    }
    verify::verify(root, *options, watch)
}

/// Writes the next generation of a folder's history, and of every nested history in it, bottom-up.
///
/// # Errors
/// [`Error::Invalid`] when a history is damaged (it must not be continued) or a name cannot stand in a manifest; nothing was
/// written then. [`Error::Io`] when the folder cannot be read or written or the watcher stops it.
pub fn seal(root: &Path, options: &SealOptions, watch: &dyn Watch) -> Result<SealReport> {
    seal::seal(root, options, watch)
}

/// A finding of something below `folder`, as one of the root.
fn within(folder: &str, finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    if !folder.is_empty() {
        finding.path = if finding.path.is_empty() { folder.to_owned() } else { format!("{folder}/{}", finding.path) };
    }
    finding
}
