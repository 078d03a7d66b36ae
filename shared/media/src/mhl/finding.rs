//! What can be wrong with a data set or its history.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FOLDER_NAME;

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

/// Digests in all formats, of the history and of its rivals, take less.
const MAX_DETAIL_BYTES: usize = 4000;

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
    /// What to do about it, in the imperative, when its detail does not say.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self.kind {
            FindingKind::Missing => "copy it again from another copy",
            FindingKind::Mismatch | FindingKind::SizeMismatch => "replace it from another copy and verify again",
            FindingKind::Extra => "seal the folder again if it belongs here, else take it away",
            FindingKind::DirectoryMismatch => {
                "look for empty folders and names that changed; seal again if they should"
            }
            FindingKind::ChainBroken | FindingKind::ManifestModified | FindingKind::ManifestMissing => {
                "restore the `ascmhl` folder from another copy"
            }
            FindingKind::ManifestUnlisted => {
                "look who wrote it, a seal cut short or somebody else; then move it out of `ascmhl` and try again"
            }
            FindingKind::HistoryForked => "find out which generation is right, and move the other out of `ascmhl`",
            FindingKind::Malformed | FindingKind::UnsafePath => "get the document again from whoever wrote it",
            FindingKind::NoHistory if self.path.is_empty() => "seal the folder, or verify it against a packing list",
            FindingKind::NoHistory if self.path.ends_with(FOLDER_NAME) => "restore it from another copy, or remove it",
            FindingKind::DanglingSymlink => "bring what it points to, or remove it",
            FindingKind::BadName => "rename it, or take it away",
            FindingKind::NoHistory | FindingKind::Renamed => return None,
        })
    }

    /// A finding. A detail that quotes a monstrous text is cut, so that a report stays one.
    pub fn new(kind: FindingKind, path: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > MAX_DETAIL_BYTES {
            detail.truncate(detail.floor_char_boundary(MAX_DETAIL_BYTES));
            detail.push_str("...");
            detail.shrink_to_fit();
        }
        Self { kind, path: path.into(), detail }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind, self.path, self.detail)
    }
}
