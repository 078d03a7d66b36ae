//! What can be wrong with a data set or its history.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a finding: the word for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A file that the history lists is not there.
    Missing,
    /// A file's bytes have another digest than the history says.
    Mismatch,
    /// A file is there that no generation lists.
    Extra,
    /// A file has another size than the history says; its bytes were not read.
    SizeMismatch,
    /// A file's bytes are where the history does not say, and not where it says.
    Renamed,
    /// All files are right, but a folder's own digest is not: an empty folder or a name changed.
    DirectoryMismatch,
    /// The chain is missing, or its numbers have gaps.
    ChainBroken,
    /// A manifest has another C4 ID than the chain says.
    ManifestModified,
    /// A manifest that the chain or a reference lists is not there.
    ManifestMissing,
    /// A manifest is there that the chain does not list.
    ManifestUnlisted,
    /// A document, or a record of it, is not what the standard says.
    Malformed,
    /// A path in a document leaves the root, or cannot be a path.
    UnsafePath,
    /// There is no history.
    NoHistory,
    /// Two manifests claim the same generation.
    HistoryForked,
    /// A symbolic link points to nothing.
    DanglingSymlink,
    /// A name on the disk cannot stand in a manifest: not UTF-8, or with a control character or a backslash.
    BadName,
}

impl FindingKind {
    /// The name, as in JSON: `size-mismatch`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Mismatch => "mismatch",
            Self::Extra => "extra",
            Self::SizeMismatch => "size-mismatch",
            Self::Renamed => "renamed",
            Self::DirectoryMismatch => "directory-mismatch",
            Self::ChainBroken => "chain-broken",
            Self::ManifestModified => "manifest-modified",
            Self::ManifestMissing => "manifest-missing",
            Self::ManifestUnlisted => "manifest-unlisted",
            Self::Malformed => "malformed",
            Self::UnsafePath => "unsafe-path",
            Self::NoHistory => "no-history",
            Self::HistoryForked => "history-forked",
            Self::DanglingSymlink => "dangling-symlink",
            Self::BadName => "bad-name",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// Relative to the root: a file, a folder, or a document of the history.
    pub path: String,
    /// A sentence for people, without a full stop.
    pub detail: String,
}

impl Finding {
    /// A finding.
    pub fn new(kind: FindingKind, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, path: path.into(), detail: detail.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind, self.path, self.detail)
    }
}
