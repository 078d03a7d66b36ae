//! Digests of folders.

use crate::hash::Digests;

/// The two digests of a folder, in each format that every file below has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryDigests {
    /// Of the bytes of all files below, whatever their names.
    pub content: Digests,
    /// Of names and bytes.
    pub structure: Digests,
}
