//! ASC MHL histories: read, verify, write.
//!
//! An `ascmhl` folder at the root of a data set holds one *manifest* for each *generation*, and a *chain* that lists them
//! with their C4 IDs. Everything here but [`folder`] is pure: files of that folder come in as bytes, and new ones go out as
//! bytes, so that the same code serves a disk and an object store.
//!
//! Standard: ASC MHL, "v1.0, 15 March 2022" (its XML says `version="2.0"`) with its XSDs. Where prose and schema disagree,
//! the schema is followed.
//!
//! Stricter than the reference tool, on purpose: only manifests that the chain lists count, and any other one in the folder is
//! a finding; a path that leaves the root is refused; failed entries are never a reference.

pub mod folder;

mod chain;
mod directory;
mod finding;
mod flatten;
mod history;
mod ignore;
mod legacy;
#[cfg(test)]
mod limits;
mod manifest;
mod pattern;
mod seal;
mod write;
mod xml;

pub use chain::{CHAIN_NAME, Chain, ChainEntry};
pub use directory::DirectoryDigests;
pub use finding::{Finding, FindingKind};
pub use flatten::Flattened;
pub use history::{Expectation, Expectations, Generation, History, HistoryReader, Survey};
pub use ignore::{DEFAULT_PATTERNS, Ignore};
pub use legacy::{DROPPINGS, LegacyCreator, LegacyFile, LegacyFormat, LegacyList, MAX_LIST_BYTES};
pub use manifest::{
    Action, Author, Creator, DirectoryRecord, FileRecord, HashEntry, Manifest, ManifestHead, ManifestReader, Process,
    Record, Reference, Tool,
};
pub use seal::{NestedSeal, Scanned, ScannedDirectory, Sealed, Stamp, next_generation};

/// The folder at the root of a data set that holds its history.
pub const FOLDER_NAME: &str = "ascmhl";
