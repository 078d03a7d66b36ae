//! The next generation of a history, as bytes.

mod build;
#[cfg(test)]
mod tests;

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
    /// Its digests, all from the same read. Those that ASC MHL does not know are left out. A file without any is there
    /// but was not read: it gets no record, and the folders above it no digests.
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
    pub root_hash: DirectoryDigests,
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
    pub root_hash: DirectoryDigests,
    /// Files that are missing or not what the history says: the generation records them, and somebody must know.
    pub findings: Vec<Finding>,
}

/// Makes the next generation of a history from all files that are there now.
///
/// The result depends on nothing but the arguments, whatever their order. A file is `original` when the history does not know
/// it; else each digest is `verified` or `failed` by the first entry of its format, and digests in new formats are recorded
/// when those in known ones were verified. A file that is new, and has the digests of exactly one that is missing, is
/// recorded as renamed. Folders get digests in every format that all files below have. Files that the history ignores are left
/// out.
///
/// # Errors
/// [`Error::Invalid`] when the history is damaged (it must not be continued), when there is nothing to record, when a path is
/// given twice or stands below a nested history, when a digest is not one, when a file that the history knows was hashed in
/// none of its known formats, or when the root's name or `stamp.created` has another form.
pub fn next_generation(
    history: &History,
    root_name: &str,
    files: &[Scanned],
    empty_directories: &[RelativePath],
    stamp: &Stamp,
    nested: &[NestedSeal],
) -> Result<Sealed> {
    history.check_whole()?;
    let number = history.chain.entries.len() as u32 + 1;
    let name = manifest_name(number, root_name, stamp)?;
    build::Builder::new(history, stamp, nested).build(number, name, files, empty_directories)
}

/// `0001_A001_2026-11-22_105740Z.mhl`
fn manifest_name(number: u32, root_name: &str, stamp: &Stamp) -> Result<String> {
    if root_name.contains('/') || RelativePath::new(root_name).is_err() {
        let name = root_name.escape_debug();
        return Err(Error::invalid(format!("`{name}` cannot be the name of a history's root folder")));
    }
    let created = &stamp.created;
    let form = b"0000-00-00T00:00:00Z";
    let fits = created.len() == form.len()
        && created
            .bytes()
            .zip(form)
            .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form });
    if !fits {
        let created = created.escape_debug();
        return Err(Error::invalid(format!("the time `{created}` is not of the form 2026-11-22T10:57:40Z")));
    }
    let (date, time) = (&created[..10], created[11..19].replace(':', ""));
    Ok(format!("{number:04}_{root_name}_{date}_{time}Z.mhl"))
}
