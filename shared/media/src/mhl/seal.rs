//! The next generation of a history, as bytes.

use super::{DirectoryDigests, Finding, History, Process};
use crate::{
    error::{Error, Result},
    hash::Digests,
    path::RelativePath,
};

/// Who seals, when and where. This crate reads no clock, so it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the operation began, in UTC: `2026-11-22T10:57:40Z`.
    pub created: String,
    /// The machine, or the service.
    pub hostname: String,
    /// A person.
    pub author: Option<String>,
    /// A place.
    pub location: Option<String>,
    /// Anything worth saying.
    pub comment: Option<String>,
    /// What was done.
    pub process: Process,
}

/// A file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Relative to the root of the history.
    pub path: RelativePath,
    /// In bytes.
    pub size: u64,
    /// When it was last changed, `xs:dateTime`.
    pub modified: Option<String>,
    /// Its digests, all from the same read.
    pub digests: Digests,
}

/// A generation that was written in a history below this one, by the same operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedSeal {
    /// The root of the nested history, relative to the root of this one.
    pub root: RelativePath,
    /// The file name of its new manifest.
    pub name: String,
    /// The C4 ID of the new manifest.
    pub c4: String,
    /// The nested root's digests.
    pub root_hash: Option<DirectoryDigests>,
}

/// The next generation: two files to write, the manifest first and the chain last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The generation.
    pub number: u32,
    /// The manifest's file name: `NNNN_<root>_<date>_<time>Z.mhl`.
    pub name: String,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// Its C4 ID.
    pub c4: String,
    /// The chain, with the manifest as its last entry.
    pub chain: Vec<u8>,
    /// The root's digests, for a history above this one.
    pub root_hash: Option<DirectoryDigests>,
    /// Files that are missing or not what the history says: the generation records them, and somebody must know.
    pub findings: Vec<Finding>,
}

/// Makes the next generation of a history from all files that are there now.
///
/// The result depends on nothing but the arguments. A file is `original` when the history does not know it; else each digest is
/// `verified` or `failed` by the first entry of its format, and a digest in a new format counts when one in a known format
/// was verified. A file that is new, and has the digests of exactly one that is missing, is recorded as renamed. Folders get
/// digests in every format that all files below have.
///
/// # Errors
/// [`Error::Invalid`] when the history is damaged (it must not be continued then), when a path is given twice or stands
/// below a nested history, when a digest is not one, or when `stamp.created` has another form.
pub fn next_generation(
    _history: &History,
    _root_name: &str,
    _files: &[Scanned],
    _empty_directories: &[RelativePath],
    _stamp: &Stamp,
    _nested: &[NestedSeal],
) -> Result<Sealed> {
    Err(Error::unsupported("writing a generation"))
}
