//! Names that are safe in keys: productions, rolls, clips, jobs.

use std::fmt;

use platefleet_media::path::RelativePath;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a name is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{}` {why}", value.escape_debug())]
pub struct BadName {
    what: &'static str,
    value: String,
    why: &'static str,
}

fn token(what: &'static str, value: &str, max: usize) -> Result<(), BadName> {
    let refuse = |why| Err(BadName { what, value: value.chars().take(80).collect(), why });
    if value.is_empty() {
        return refuse("is empty");
    }
    if value.len() > max {
        return refuse("is too long");
    }
    if value.starts_with('.') {
        return refuse("begins with a dot");
    }
    if !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return refuse("has a character other than letters, digits, `.`, `_` and `-`");
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks the name.
            pub fn new(value: impl Into<String>) -> Result<Self, BadName> {
                let value = value.into();
                token($what, &value, $max)?;
                Ok(Self(value))
            }
            /// As written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(value: String) -> Result<Self, BadName> {
                Self::new(value)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}

name! {
    /// The tenant: first path element of every key.
    Production, "production", 64
}
name! {
    /// An order's name: the folder below `pulls/`.
    PullName, "pull", 64
}

/// A roll: a folder of a production that holds an ASC MHL history. Written `<production>/<roll path>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RollId {
    /// Whose it is.
    pub production: Production,
    /// The folder, below the production.
    pub path: RelativePath,
}

impl fmt::Display for RollId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.production, self.path)
    }
}

impl RollId {
    /// Reads `<production>/<roll path>`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let refuse = |why| BadName { what: "roll", value: text.chars().take(200).collect(), why };
        let (production, path) = text.split_once('/').ok_or_else(|| refuse("is not <production>/<roll path>"))?;
        Ok(Self {
            production: Production::new(production)?,
            path: RelativePath::new(path).map_err(|_| refuse("is not a safe relative path"))?,
        })
    }

    /// Key of an object of this roll in the ingest bucket.
    pub fn object_key(&self, path: &RelativePath) -> String {
        format!("{self}/{path}")
    }
}

/// SHA-256 of the canonical order with its attachments' digests and its sources' versions: 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

impl JobId {
    /// Checks that it is 64 lower-case hex digits.
    pub fn new(value: impl Into<String>) -> Result<Self, BadName> {
        let value = value.into();
        if value.len() == 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Ok(Self(value));
        }
        Err(BadName { what: "job", value: value.chars().take(80).collect(), why: "is not 64 hex digits" })
    }
    /// Of these canonical bytes.
    pub fn of(canonical: &[u8]) -> Self {
        Self(hex_sha256(canonical))
    }
    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The first 8, as they stand in folder names.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for JobId {
    type Error = BadName;
    fn try_from(value: String) -> Result<Self, BadName> {
        Self::new(value)
    }
}

impl From<JobId> for String {
    fn from(value: JobId) -> Self {
        value.0
    }
}

/// Identity of a clip: a function of its roll and of its file or sequence pattern alone, so that it does not depend on
/// what has arrived. 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClipId(String);

impl ClipId {
    /// Of the clip with this pattern in this roll.
    pub fn of(roll: &RollId, pattern: &str) -> Self {
        Self(hex(&Sha256::digest(format!("{roll}\n{pattern}").as_bytes())[..8]))
    }
    /// As written in keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many fixed buckets the rows of one roll or job are spread over. Fixed, since objects may come before the manifest
/// that tells how many there are.
pub const BUCKETS: u8 = 16;

/// The bucket of a clip's files, or of a range: the first 4 bits of SHA-256. All files of a clip share one, so that the
/// question whether a clip is whole is one query.
pub fn bucket_of(name: &str) -> u8 {
    Sha256::digest(name.as_bytes())[0] % BUCKETS
}

/// SHA-256 as 64 lower-case hex digits.
pub fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_production_is_a_plain_token() {
        assert!(Production::new("show-a_2.b").is_ok());
        for bad in ["", "a b", "a/b", ".hidden", "é", &"x".repeat(65)] {
            assert!(Production::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_roll_id_round_trips_through_its_text() {
        let roll = RollId::parse("show/day 01/A001").unwrap();
        assert_eq!((roll.production.as_str(), roll.path.as_str()), ("show", "day 01/A001"));
        assert_eq!(RollId::parse(&roll.to_string()).unwrap(), roll);
        assert!(RollId::parse("show/../other").is_err());
        assert!(RollId::parse("show").is_err());
    }

    #[test]
    fn ids_are_the_published_sha_256() {
        // printf abc | sha256sum
        let id = JobId::of(b"abc");
        assert_eq!(id.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(id.short(), "ba7816bf");
        assert_eq!(bucket_of("abc"), 0xba % 16);
    }
}
