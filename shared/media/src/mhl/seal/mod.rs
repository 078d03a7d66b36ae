//! The next generation of a history, as bytes.

mod build;
mod renames;
mod stamp;
#[cfg(test)]
mod tests;

use super::{DirectoryDigests, Finding, History, Ignore, write::can_carry};
use crate::{
    error::{Error, Result},
    hash::Digests,
    path::RelativePath,
};
pub use stamp::Stamp;

/// A file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Relative to the root of the history.
    pub path: RelativePath,
    /// In bytes.
    pub size: u64,
    /// When it was made, `xs:dateTime`, when that is known.
    pub created: Option<String>,
    /// When it was last changed, `xs:dateTime`.
    pub modified: Option<String>,
    /// When its digests were taken, `xs:dateTime`; `None` for the time of the stamp.
    pub hashed: Option<String>,
    /// Its digests, all from the same read. Those that ASC MHL does not know are left out. A file without any is there
    /// but was not read: it gets no record, and the folders above it no digests.
    pub digests: Digests,
}

impl Scanned {
    /// A file whose dates are not known.
    pub fn new(path: RelativePath, size: u64, digests: Digests) -> Self {
        Self { path, size, created: None, modified: None, hashed: None, digests }
    }
}

/// A folder as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedDirectory {
    /// Relative to the root of the history.
    pub path: RelativePath,
    /// When it was last changed, `xs:dateTime`.
    pub modified: Option<String>,
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

/// Makes the next generation of a history from all files that are there now. `directories` are the empty folders, and any
/// others whose dates are known.
///
/// The result depends on nothing but the arguments, whatever their order. A file is `original` when the history does not know
/// it; else each digest is `verified` or `failed` by the first entry of its format, and digests in new formats are recorded
/// when those in known ones were verified. A file that is new, and has the digests of exactly one that is missing, is
/// recorded as renamed, and so is a folder that moved with all that is in it. An empty file is never a renamed one. Folders get
/// digests in every format that all files below have. Files that the history or the stamp ignores are left out.
///
/// # Errors
/// [`Error::Invalid`] when the history is damaged (it must not be continued), when there is nothing to record, when a path is
/// given twice or stands below a nested history, when a digest is not one, when a file that the history knows was hashed in
/// none of its known formats, when a new pattern would hide such a file, or when the root's name or the stamp has another form.
pub fn next_generation(
    history: &History,
    root_name: &str,
    files: &[Scanned],
    directories: &[ScannedDirectory],
    stamp: &Stamp,
    nested: &[NestedSeal],
) -> Result<Sealed> {
    let name = check(history, root_name, stamp)?;
    let number = number(history);
    build::Builder::new(history, stamp, nested).build(number, name, files, directories)
}

/// All that [`next_generation`] can refuse without looking at files; answers the name of the manifest.
pub(super) fn check(history: &History, root_name: &str, stamp: &Stamp) -> Result<String> {
    history.check_whole()?;
    stamp.check()?;
    let ignore = ignore(history, stamp);
    let hidden: Vec<_> = history.expectations().keys().filter(|path| ignore.is_ignored(path, false)).collect();
    if let Some(first) = hidden.first() {
        let problem = format!(
            "a new pattern would hide {} that the history lists, such as `{first}`; files that were sealed stay sealed",
            if hidden.len() == 1 { "a file".to_owned() } else { format!("{} files", hidden.len()) }
        );
        return Err(Error::invalid(problem));
    }
    manifest_name(number(history), root_name, stamp)
}

/// What the history leaves out, and what the stamp adds.
pub(super) fn ignore(history: &History, stamp: &Stamp) -> Ignore {
    let known = history.ignores().patterns();
    Ignore::new(known.iter().chain(&stamp.ignore).map(String::as_str))
}

fn number(history: &History) -> u32 {
    history.chain.entries.len() as u32 + 1
}

/// `0001_A001_2026-11-22_105740Z.mhl`
fn manifest_name(number: u32, root_name: &str, stamp: &Stamp) -> Result<String> {
    if root_name.contains('/') || RelativePath::new(root_name).is_err() || !root_name.chars().all(can_carry) {
        let name = root_name.escape_debug();
        return Err(Error::invalid(format!("`{name}` cannot be the name of a history's root folder")));
    }
    let (date, time) = (&stamp.created[..10], stamp.created[11..19].replace(':', ""));
    Ok(format!("{number:04}_{root_name}_{date}_{time}Z.mhl"))
}
