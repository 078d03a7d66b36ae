//! Any set of digests in one pass.
//!
//! A [`Hasher`] reads bytes once for every algorithm that is asked for. Its state can be saved between any two bytes and
//! resumed later, elsewhere: a file that is too long for one invocation is finished by the next.
//!
//! ```
//! use platefleet_media::hash::{Algorithm, Hasher};
//!
//! let mut first = Hasher::new([Algorithm::Xxh128, Algorithm::C4]);
//! first.update(b"ab");
//! let mut second = Hasher::resume(&first.save())?;
//! second.update(b"c");
//! assert_eq!(second.finish()[&Algorithm::Xxh128], "06b05ab6733a618578af5f94892f3950");
//! # Ok::<(), platefleet_media::Error>(())
//! ```

mod by_algorithm;
mod c4;
mod hasher;
mod stripes;
mod xxh3;
mod xxh32;
mod xxh64;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use by_algorithm::ByAlgorithm;
pub use hasher::{Hasher, MAX_STATE_BYTES};

use crate::{error::Result, source::Source};

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// MD5, RFC 1321: 32 hexadecimal digits.
    Md5,
    /// SHA-1, FIPS 180-4: 40 hexadecimal digits.
    Sha1,
    /// XXH64 with seed 0: 16 hexadecimal digits, most significant first.
    Xxh64,
    /// XXH3 with 64 bits and seed 0: 16 hexadecimal digits.
    Xxh3,
    /// XXH3 with 128 bits and seed 0: 32 hexadecimal digits, the high half first.
    Xxh128,
    /// C4 ID, SMPTE ST 2114: `c4` and 88 digits of base 58, which are a SHA-512.
    C4,
    /// SHA-256, FIPS 180-4: 64 hexadecimal digits. ASC MHL does not know it; object stores do.
    Sha256,
    /// XXH32 with seed 0: 8 hexadecimal digits, most significant first. Only hash lists of MHL 1.x have it; nothing writes it.
    Xxh32,
}

/// Digests as text, in the form that ASC MHL writes them (lower-case hexadecimal, except for C4).
pub type Digests = ByAlgorithm<String>;

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 8] =
        [Self::Md5, Self::Sha1, Self::Xxh64, Self::Xxh3, Self::Xxh128, Self::C4, Self::Sha256, Self::Xxh32];

    /// The formats of ASC MHL 2.0, in the order in which its schema wants them.
    pub const MHL: [Self; 6] = [Self::C4, Self::Md5, Self::Sha1, Self::Xxh128, Self::Xxh3, Self::Xxh64];

    /// The name as ASC MHL writes it, such as `xxh128`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Xxh64 => "xxh64",
            Self::Xxh3 => "xxh3",
            Self::Xxh128 => "xxh128",
            Self::C4 => "c4",
            Self::Sha256 => "sha256",
            Self::Xxh32 => "xxh32",
        }
    }

    /// The algorithm of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether `text` is a digest of this algorithm.
    pub fn is_text(self, text: &str) -> bool {
        self.to_bytes(text).is_some()
    }

    /// The digest that `text` stands for, most significant byte first; `None` when it is not one of this algorithm.
    pub fn to_bytes(self, text: &str) -> Option<Vec<u8>> {
        if self == Self::C4 {
            return c4::decode(text).map(|bytes| bytes.to_vec());
        }
        if text.len() != 2 * self.bytes() {
            return None;
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        text.as_bytes().chunks_exact(2).map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?)).collect()
    }

    /// The text of a digest, most significant byte first; `None` when these are not as many bytes as one has. Undoes
    /// [`Algorithm::to_bytes`].
    pub fn to_text(self, digest: &[u8]) -> Option<String> {
        match self {
            Self::C4 => digest.try_into().ok().map(c4::encode),
            _ => (digest.len() == self.bytes()).then(|| hex(digest)),
        }
    }

    /// Bytes of a digest.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Md5 | Self::Xxh128 => 16,
            Self::Sha1 => 20,
            Self::Xxh64 | Self::Xxh3 => 8,
            Self::Sha256 => 32,
            Self::Xxh32 => 4,
            Self::C4 => 64,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The digests of `bytes`.
pub fn digests(set: impl IntoIterator<Item = Algorithm>, bytes: &[u8]) -> Digests {
    let mut hasher = Hasher::new(set);
    hasher.update(bytes);
    hasher.finish()
}

/// One digest of `bytes`, as text.
pub fn digest(algorithm: Algorithm, bytes: &[u8]) -> String {
    digests([algorithm], bytes).remove(&algorithm).unwrap_or_default()
}

/// The C4 ID of `bytes`.
pub fn c4(bytes: &[u8]) -> String {
    digest(Algorithm::C4, bytes)
}

/// The C4 ID of all bytes of a source, piece by piece.
///
/// # Errors
/// Those of the source; after [`crate::Error::Missing`] it begins anew.
pub fn c4_of(source: &dyn Source) -> Result<String> {
    const PIECE: u64 = 1 << 20;
    let mut hasher = Hasher::new([Algorithm::C4]);
    while hasher.count() < source.len() {
        let offset = hasher.count();
        hasher.update(&source.read(offset..source.len().min(offset + PIECE))?);
    }
    Ok(hasher.finish().remove(&Algorithm::C4).unwrap_or_default())
}

/// The XXH3 128-bit digest of `bytes`.
pub fn xxh128(bytes: &[u8]) -> String {
    digest(Algorithm::Xxh128, bytes)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests;
