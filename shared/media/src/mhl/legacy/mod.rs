//! Hash lists of MHL 1.0 and 1.1: read, never written.
//!
//! Before ASC MHL a data set was sealed by one `.mhl` file that lists its files with their digests. The list stands in the
//! folder of the files or in any folder above, and its paths are relative to the list's own folder. There are no generations,
//! no chain and no folder digests.
//!
//! Standard: mediahashlist.org, schema `MediaHashList_v1_1.xsd` of 2016-05-20, and its reference implementation `mhl-tool`.
//! What the tools of the field do beyond it, and what we make of it:
//!
//! | in a list | read as |
//! |---|---|
//! | `xxhash` | XXH32 as a decimal number, padded with zeros to ten digits or not |
//! | `xxhash64` | XXH64 with its bytes reversed (little-endian); deprecated by the schema |
//! | `xxhash64be` | XXH64 as everybody writes it |
//! | `md5`, `sha1`; beyond the schema `c4` and `sha256` | as elsewhere; `bit` and `encoding="hex"` say nothing new |
//! | `null` | no digest: the file is there, and has the size |
//! | `referencehhashlist="yes"` (or `true`, `1`) | the file is another list; it is checked as any file |
//! | hexadecimal digits in upper case | the same digest |
//! | a path with `\`, or with `./` in front | the same path with `/` |
//! | an absolute path, one with a drive letter or with `..` | a finding: it could mean any file of the machine |
//! | a record twice | once, when both say the same; else a finding |
//! | elements in another order, unknown elements, no `creatorinfo`, no dates | no matter |
//!
//! Only what the standard says counts: a writer whose `xxhash64` is not reversed makes a list that does not verify. The finding
//! then says that the other byte order would fit, so that nobody looks for damaged footage.

mod parse;
#[cfg(test)]
mod tests;
mod text;

pub(super) use parse::is_asc_mhl;

use std::collections::BTreeMap;

use super::{Expectation, Finding, Ignore};
use crate::{hash::Algorithm, path::RelativePath};

/// A longer list is no footage of one roll: half a million records have about this many bytes.
pub const MAX_LIST_BYTES: usize = 256 << 20;

/// What one `.mhl` file of version 1.x says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyList {
    /// As the list says: `1.0`, `1.1`; empty when it does not.
    pub version: String,
    /// Who made it.
    pub creator: LegacyCreator,
    /// Every file once, in the order of the list.
    pub files: Vec<LegacyFile>,
    /// Records, or parts of them, that could not be used. The path is the list's name.
    pub problems: Vec<Finding>,
}

/// Who made a list; every text as it stands, empty when there is none. Dates of 1.0 are `2012-12-01 18-34-54` in an unknown
/// time zone, dates of 1.1 are ISO 8601, with a zone or without: nothing is decided by them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyCreator {
    /// The user's full name.
    pub name: String,
    /// The user's short name.
    pub username: String,
    /// The machine.
    pub hostname: String,
    /// The tool and its version.
    pub tool: String,
    /// When it began.
    pub started: String,
    /// When it was done.
    pub finished: String,
    /// Anything else, since 1.1.
    pub log: Option<String>,
}

/// One file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyFile {
    /// Relative to the list's folder.
    pub path: RelativePath,
    /// In bytes, when the list says so.
    pub size: Option<u64>,
    /// When it was made, as the list writes it.
    pub created: Option<String>,
    /// When it was last changed, as the list writes it.
    pub modified: Option<String>,
    /// When it was hashed, as the list writes it.
    pub hashed: Option<String>,
    /// Its digests as texts of [`LegacyFormat::algorithm`], whatever form the list has them in.
    pub digests: BTreeMap<LegacyFormat, String>,
    /// Whether the list says on purpose that there is no digest.
    pub is_null: bool,
    /// Whether this file is another list.
    pub is_reference_list: bool,
    /// Where its record begins, from 1.
    pub line: u64,
}

/// The form of a digest in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegacyFormat {
    /// `md5`, hexadecimal.
    Md5,
    /// `sha1`, hexadecimal.
    Sha1,
    /// `xxhash`: XXH32, decimal.
    Xxhash,
    /// `xxhash64`: XXH64, hexadecimal, least significant byte first.
    Xxhash64,
    /// `xxhash64be`: XXH64, hexadecimal, most significant byte first.
    Xxhash64Be,
    /// `c4`: not in the schema, but Imagine Products names it among the algorithms of its lists.
    C4,
    /// `sha256`: not in the schema; the clone tool of DaVinci Resolve offers it.
    Sha256,
}

impl LegacyFormat {
    /// Every form.
    pub const ALL: [Self; 7] =
        [Self::Md5, Self::Sha1, Self::Xxhash, Self::Xxhash64, Self::Xxhash64Be, Self::C4, Self::Sha256];

    /// The element's name: `xxhash64be`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Xxhash => "xxhash",
            Self::Xxhash64 => "xxhash64",
            Self::Xxhash64Be => "xxhash64be",
            Self::C4 => "c4",
            Self::Sha256 => "sha256",
        }
    }

    /// What is computed.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha1 => Algorithm::Sha1,
            Self::Xxhash => Algorithm::Xxh32,
            Self::Xxhash64 | Self::Xxhash64Be => Algorithm::Xxh64,
            Self::C4 => Algorithm::C4,
            Self::Sha256 => Algorithm::Sha256,
        }
    }

    /// The digest as a text of [`LegacyFormat::algorithm`]; `None` when `text` is none of this form.
    ///
    /// ```
    /// use platefleet_media::mhl::LegacyFormat;
    ///
    /// assert_eq!(LegacyFormat::Xxhash.normalise("0046947589").unwrap(), "02cc5d05");
    /// assert_eq!(LegacyFormat::Xxhash64.normalise("99E9D85137DB46EF").unwrap(), "ef46db3751d8e999");
    /// ```
    pub fn normalise(self, text: &str) -> Option<String> {
        let digest = match self {
            Self::C4 => text.to_owned(),
            Self::Xxhash => {
                let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                format!("{:08x}", text.parse::<u32>().ok().filter(|_| is_number)?)
            }
            Self::Xxhash64 => reversed(&text.to_ascii_lowercase())?,
            Self::Md5 | Self::Sha1 | Self::Xxhash64Be | Self::Sha256 => text.to_ascii_lowercase(),
        };
        self.algorithm().is_text(&digest).then_some(digest)
    }
}

/// These hexadecimal digits with their bytes in the other order.
pub(super) fn reversed(hex: &str) -> Option<String> {
    let pairs: Option<Vec<_>> = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2)).collect();
    Some(pairs?.into_iter().rev().collect())
}

/// Names that operating systems leave, and folders that they keep.
pub const DROPPINGS: [&str; 9] = [
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    ".TemporaryItems",
    "System Volume Information",
    "$RECYCLE.BIN",
];

impl LegacyList {
    /// What nobody expects a list to name: other lists, and what operating systems drop.
    pub fn ignores() -> Ignore {
        Ignore::new(DROPPINGS.into_iter().chain(["._*", "*.[mM][hH][lL]"]))
    }

    /// What should be below the list's folder: for each path the size and the digests. Needs no disk, so that it serves an
    /// object store as well. Of two forms of one algorithm, of which at most one can be right, the normal one is kept: that they
    /// differ is among [`LegacyList::problems`].
    pub fn expectations(&self) -> BTreeMap<RelativePath, Expectation> {
        let expectation = |file: &LegacyFile| Expectation {
            size: file.size,
            hashes: file.digests.iter().map(|(format, text)| (format.algorithm(), text.clone())).collect(),
            generation: 1,
            ..Expectation::default()
        };
        self.files.iter().map(|file| (file.path.clone(), expectation(file))).collect()
    }
}
