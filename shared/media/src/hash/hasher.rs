//! The one-pass hasher and its saved state.

use std::collections::BTreeSet;

use md5::Md5;
use sha1::Sha1;
use sha2::{
    Digest, Sha256, Sha512,
    digest::common::hazmat::{SerializableState, SerializedState},
};

use super::{Algorithm, Digests, c4, hex, xxh3::Xxh3, xxh32::Xxh32, xxh64::Xxh64};
use crate::error::{Error, Result};

/// The most that [`Hasher::save`] returns.
pub const MAX_STATE_BYTES: usize = 1024;

/// First bytes of a saved state; the last is the version of its layout.
const MAGIC: [u8; 4] = *b"PFH\x01";

/// Bytes that every algorithm reads before the first one goes on: they stay in the processor's cache.
const SLICE: usize = 64 << 10;

/// Computes any set of digests over bytes that come in pieces, in one pass.
#[derive(Clone)]
pub struct Hasher {
    wanted: BTreeSet<Algorithm>,
    count: u64,
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
    xxh64: Option<Xxh64>,
    xxh3: Option<Xxh3>,
    xxh32: Option<Xxh32>,
}

impl Hasher {
    /// Starts the digests of this set.
    pub fn new(set: impl IntoIterator<Item = Algorithm>) -> Self {
        let wanted: BTreeSet<_> = set.into_iter().collect();
        let has = |algorithm| wanted.contains(&algorithm);
        Self {
            md5: has(Algorithm::Md5).then(Md5::new),
            sha1: has(Algorithm::Sha1).then(Sha1::new),
            sha256: has(Algorithm::Sha256).then(Sha256::new),
            sha512: has(Algorithm::C4).then(Sha512::new),
            xxh64: has(Algorithm::Xxh64).then(Xxh64::new),
            xxh3: (has(Algorithm::Xxh3) || has(Algorithm::Xxh128)).then(Xxh3::new),
            xxh32: has(Algorithm::Xxh32).then(Xxh32::new),
            count: 0,
            wanted,
        }
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.count = self.count.saturating_add(bytes.len() as u64);
        for slice in bytes.chunks(SLICE) {
            if let Some(md5) = &mut self.md5 {
                md5.update(slice);
            }
            if let Some(sha1) = &mut self.sha1 {
                sha1.update(slice);
            }
            if let Some(sha256) = &mut self.sha256 {
                sha256.update(slice);
            }
            if let Some(sha512) = &mut self.sha512 {
                sha512.update(slice);
            }
            if let Some(xxh64) = &mut self.xxh64 {
                xxh64.update(slice);
            }
            if let Some(xxh3) = &mut self.xxh3 {
                xxh3.update(slice);
            }
            if let Some(xxh32) = &mut self.xxh32 {
                xxh32.update(slice);
            }
        }
    }

    /// How many bytes came so far: where to read on after [`Hasher::resume`].
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What is computed.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.wanted.iter().copied()
    }

    /// The digests of all bytes that came.
    pub fn finish(self) -> Digests {
        let xxh3 = self.xxh3;
        let texts = [
            (Algorithm::Md5, self.md5.map(|md5| hex(&md5.finalize()))),
            (Algorithm::Sha1, self.sha1.map(|sha1| hex(&sha1.finalize()))),
            (Algorithm::Sha256, self.sha256.map(|sha256| hex(&sha256.finalize()))),
            (Algorithm::C4, self.sha512.map(|sha512| c4::encode(&sha512.finalize().into()))),
            (Algorithm::Xxh64, self.xxh64.map(|xxh64| format!("{:016x}", xxh64.finish()))),
            (Algorithm::Xxh3, xxh3.as_ref().map(|xxh3| format!("{:016x}", xxh3.finish_64()))),
            (Algorithm::Xxh128, xxh3.as_ref().map(|xxh3| format!("{:032x}", xxh3.finish_128()))),
            (Algorithm::Xxh32, self.xxh32.map(|xxh32| format!("{:08x}", xxh32.finish()))),
        ];
        texts
            .into_iter()
            .filter(|(algorithm, _)| self.wanted.contains(algorithm))
            .filter_map(|(algorithm, text)| Some((algorithm, text?)))
            .collect()
    }

    /// The state, in at most [`MAX_STATE_BYTES`] bytes.
    ///
    /// Layout: magic and version, the set as one bit an algorithm in the order of [`Algorithm::ALL`], the count as 8 bytes,
    /// the states in the order md5, sha1, sha256, sha512, xxh64, xxh3, xxh32, and the XXH64 of all that as 8 bytes. All
    /// numbers little-endian.
    pub fn save(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_STATE_BYTES);
        out.extend(MAGIC);
        out.push(
            Algorithm::ALL.iter().enumerate().map(|(bit, a)| u8::from(self.wanted.contains(a)) << bit).sum::<u8>(),
        );
        out.extend(self.count.to_le_bytes());
        save_state(self.md5.as_ref(), &mut out);
        save_state(self.sha1.as_ref(), &mut out);
        save_state(self.sha256.as_ref(), &mut out);
        save_state(self.sha512.as_ref(), &mut out);
        if let Some(xxh64) = &self.xxh64 {
            xxh64.save(&mut out);
        }
        if let Some(xxh3) = &self.xxh3 {
            xxh3.save(&mut out);
        }
        if let Some(xxh32) = &self.xxh32 {
            xxh32.save(&mut out);
        }
        let sum = checksum(&out);
        out.extend(sum.to_le_bytes());
        out
    }

    /// Goes on from a saved state.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a state that another version wrote, [`Error::Invalid`] for one that is damaged.
    pub fn resume(state: &[u8]) -> Result<Self> {
        if state.len() > MAX_STATE_BYTES || !state.starts_with(&MAGIC[..3]) {
            return Err(Error::invalid("these bytes are not the saved state of a hash; start the file again"));
        }
        if !state.starts_with(&MAGIC) {
            return Err(Error::unsupported("a hash state of another version (start the file again)"));
        }
        let damaged = || Error::invalid("the saved state of a hash is damaged; start the file again");
        let (body, sum) = state.split_last_chunk().ok_or_else(damaged)?;
        if checksum(body) != u64::from_le_bytes(*sum) {
            return Err(damaged());
        }
        Self::read(&mut Reader(&body[MAGIC.len()..])).ok_or_else(damaged)
    }

    fn read(state: &mut Reader<'_>) -> Option<Self> {
        let [set] = state.array()?;
        let wanted = Algorithm::ALL.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, a)| *a);
        let mut hasher = Self::new(wanted);
        hasher.count = state.u64()?;
        state.resume(&mut hasher.md5)?;
        state.resume(&mut hasher.sha1)?;
        state.resume(&mut hasher.sha256)?;
        state.resume(&mut hasher.sha512)?;
        if let Some(xxh64) = &mut hasher.xxh64 {
            *xxh64 = Xxh64::resume(state)?;
        }
        if let Some(xxh3) = &mut hasher.xxh3 {
            *xxh3 = Xxh3::resume(state)?;
        }
        if let Some(xxh32) = &mut hasher.xxh32 {
            *xxh32 = Xxh32::resume(state)?;
        }
        state.0.is_empty().then_some(hasher)
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = Xxh64::new();
    sum.update(bytes);
    sum.finish()
}

fn save_state<D: SerializableState>(digest: Option<&D>, out: &mut Vec<u8>) {
    if let Some(digest) = digest {
        out.extend_from_slice(&digest.serialize());
    }
}

/// What is left of a saved state.
pub(super) struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn resume<D: SerializableState>(&mut self, digest: &mut Option<D>) -> Option<()> {
        if let Some(digest) = digest {
            let mut state = SerializedState::<D>::default();
            let (bytes, rest) = self.0.split_at_checked(state.len())?;
            state.copy_from_slice(bytes);
            self.0 = rest;
            *digest = D::deserialize(&state).ok()?;
        }
        Some(())
    }
}
