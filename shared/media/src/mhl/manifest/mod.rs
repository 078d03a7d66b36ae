//! One generation of a history, as a value.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DirectoryDigests, Finding};
use crate::{hash::ByAlgorithm, path::RelativePath};

mod parse;
mod print;
pub(in crate::mhl) mod walk;

pub use parse::{ManifestReader, Record};

/// The namespace of a manifest.
pub(in crate::mhl) const NAMESPACE: &str = "urn:ASC:MHL:v2.0";

/// A manifest (namespace `urn:ASC:MHL:v2.0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Who made it, when and with what.
    pub creator: Creator,
    /// What was done.
    pub process: Process,
    /// The digests of the root folder, when every file below was hashed.
    pub root_hash: Option<DirectoryDigests>,
    /// What was left out, as lines of a gitignore file.
    pub ignore: Vec<String>,
    /// Files, in the order of the document.
    pub files: Vec<FileRecord>,
    /// Folders, in the order of the document.
    pub directories: Vec<DirectoryRecord>,
    /// The manifests that this operation wrote in nested histories.
    pub references: Vec<Reference>,
    /// Records that could not be used, each with the reason; the other records stand. Never written.
    pub problems: Vec<Finding>,
}

/// What a manifest says besides its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestHead {
    /// Who made it, when and with what.
    pub creator: Creator,
    /// What was done.
    pub process: Process,
    /// The digests of the root folder, when every file below was hashed.
    pub root_hash: Option<DirectoryDigests>,
    /// What was left out, as lines of a gitignore file.
    pub ignore: Vec<String>,
    /// Records that could not be used, each with the reason; the other records stand.
    pub problems: Vec<Finding>,
}

/// Who made a manifest, when and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Creator {
    /// `xs:dateTime`, such as `2026-11-22T10:57:40+00:00`.
    pub created: String,
    /// The machine.
    pub hostname: String,
    /// The program.
    pub tool: Tool,
    /// The people.
    pub authors: Vec<Author>,
    /// The place.
    pub location: Option<String>,
    /// Anything worth saying.
    pub comment: Option<String>,
}

/// A program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// A person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// What they do, such as `DIT`.
    pub role: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their number.
    pub phone: Option<String>,
}

/// What was done when a manifest was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Process {
    /// Files were hashed where they are.
    #[default]
    InPlace,
    /// Files were hashed while they were copied.
    Transfer,
    /// Generations and nested histories were merged into one list.
    Flatten,
}

impl Process {
    /// The word in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::Transfer => "transfer",
            Self::Flatten => "flatten",
        }
    }

    /// The process of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::InPlace, Self::Transfer, Self::Flatten].into_iter().find(|process| process.name() == name)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a manifest says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Relative to the root of the history.
    pub path: RelativePath,
    /// In bytes.
    pub size: Option<u64>,
    /// When the file was made, `xs:dateTime`.
    pub created: Option<String>,
    /// When the file was last changed, `xs:dateTime`.
    pub modified: Option<String>,
    /// The digests.
    pub hashes: ByAlgorithm<HashEntry>,
    /// Where the file was in the generation before.
    pub previous: Option<RelativePath>,
}

/// One digest of a file and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashEntry {
    /// The digest as text.
    pub text: String,
    /// What became of it. The schema lets it be absent; then the digest was taken and nothing is said about a comparison.
    pub action: Option<Action>,
    /// When, `xs:dateTime`.
    pub date: Option<String>,
}

/// What became of a digest when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The first digest of this file.
    Original,
    /// Equal to the history, or taken in the same read as one that was.
    Verified,
    /// Not equal to the history. Never a reference.
    Failed,
}

impl Action {
    /// The word in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    /// The action of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Original, Self::Verified, Self::Failed].into_iter().find(|action| action.name() == name)
    }
}

/// What a manifest says about one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRecord {
    /// Relative to the root of the history, without a slash at the end.
    pub path: RelativePath,
    /// When the folder was last changed, `xs:dateTime`.
    pub modified: Option<String>,
    /// Its digests.
    pub digests: DirectoryDigests,
    /// Where the folder was in the generation before.
    pub previous: Option<RelativePath>,
}

/// A manifest of a nested history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Relative to the root of this history: `A001/ascmhl/0002_A001_2026-11-22_105822Z.mhl`.
    pub path: RelativePath,
    /// The C4 ID of its bytes.
    pub c4: String,
}

#[cfg(test)]
mod tests;
