//! How far the hash of a long file has come, so that the next invocation goes on where this one stopped.

use serde::{Deserialize, Serialize};

use super::{Row, load, update};
use crate::{
    id::{RollId, hex},
    ports::{Expect, Key, Result, Table},
};
use platefleet_media::path::RelativePath;
use sha2::{Digest, Sha256};

/// Progress over one version of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HashProgress {
    /// See [`HashProgress::object_of`].
    pub object: String,
    /// Bytes hashed so far.
    pub offset: u64,
    /// Saved state of the digests, at most 1 KiB, as hex.
    pub state: String,
    /// Round of the file that it was last worked on for.
    #[serde(default)]
    pub round: u64,
    /// Until then an invocation of that round is at work on it, or its message is on its way; milliseconds since 1970.
    #[serde(default)]
    pub busy_until_ms: u64,
    /// When the row may be forgotten, seconds since 1970.
    pub expires_at: u64,
}

impl HashProgress {
    /// Identity of a pass over this version of an object with these algorithms: SHA-256 of its key, entity tag and their names.
    pub fn object_of<'n>(
        roll: &RollId,
        path: &RelativePath,
        etag: &str,
        algorithms: impl IntoIterator<Item = &'n String>,
    ) -> String {
        let names: Vec<&str> = algorithms.into_iter().map(String::as_str).collect();
        hex(&Sha256::digest(format!("{}\n{etag}\n{}", roll.object_key(path), names.join(",")).as_bytes()))
    }

    /// The saved state as bytes; `None` when the row is damaged.
    pub fn state_bytes(&self) -> Option<Vec<u8>> {
        let digits = self.state.as_bytes();
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    }

    /// The state as it is stored.
    pub fn state_text(bytes: &[u8]) -> String {
        hex(bytes)
    }
}

impl Row for HashProgress {
    fn key(&self) -> Key {
        key_of(&self.object)
    }
}

fn key_of(object: &str) -> Key {
    Key::new(format!("HASH#{object}"), "STATE")
}

/// The store of hash progress.
pub struct Progresses<'a, T>(pub &'a T);

impl<T: Table> Progresses<'_, T> {
    /// Progress over this object.
    pub async fn get(&self, object: &str) -> Result<Option<HashProgress>> {
        Ok(load::<HashProgress>(self.0, &key_of(object)).await?.map(|s| s.row))
    }

    /// Takes up an object: `decide` answers the row of whoever begins now, or `None` to leave it to another. Answers
    /// whether it was taken up.
    pub async fn claim(
        &self,
        object: &str,
        mut decide: impl FnMut(Option<&HashProgress>) -> Option<HashProgress> + Send,
    ) -> Result<bool> {
        let mut ours = None;
        let (row, is_written) = update(self.0, &key_of(object), |was: Option<&HashProgress>| {
            // A write whose answer got lost is found again.
            if ours.is_some() && was == ours.as_ref() {
                return None;
            }
            ours = decide(was);
            ours.clone()
        })
        .await?;
        Ok(is_written || (ours.is_some() && row == ours))
    }

    /// Moves an object on from offset `from`, unless somebody has done so before; answers whether it was moved.
    pub async fn advance(&self, from: u64, progress: &HashProgress) -> Result<bool> {
        let (row, _) = update(self.0, &progress.key(), |was: Option<&HashProgress>| {
            let is_ours = was.map_or(from == 0, |was| was.offset == from && was.round <= progress.round);
            is_ours.then(|| progress.clone())
        })
        .await?;
        Ok(row.as_ref() == Some(progress))
    }

    /// Forgets an object whose verdict is in.
    pub async fn forget(&self, object: &str) -> Result<()> {
        self.0.delete_row(&key_of(object), Expect::Anything).await
    }
}
