//! Input in stripes of a fixed length: what does not fill one waits for the rest.

use super::hasher::Reader;

#[derive(Clone)]
pub(super) struct Stripes<const N: usize> {
    /// Bytes so far.
    pub(super) total: u64,
    /// The first `total % N` bytes wait.
    waiting: [u8; N],
}

impl<const N: usize> Stripes<N> {
    pub(super) fn new() -> Self {
        Self { total: 0, waiting: [0; N] }
    }

    /// Takes more bytes, and hands on every stripe that is full.
    pub(super) fn update(&mut self, mut bytes: &[u8], mut consume: impl FnMut(&[u8; N])) {
        let waiting = self.rest().len();
        self.total = self.total.wrapping_add(bytes.len() as u64);
        if waiting > 0 {
            let take = bytes.len().min(N - waiting);
            self.waiting[waiting..waiting + take].copy_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if waiting + take < N {
                return;
            }
            consume(&self.waiting);
        }
        let (stripes, rest) = bytes.as_chunks::<N>();
        for stripe in stripes {
            consume(stripe);
        }
        self.waiting[..rest.len()].copy_from_slice(rest);
    }

    /// The bytes that wait.
    pub(super) fn rest(&self) -> &[u8] {
        &self.waiting[..(self.total % N as u64) as usize]
    }

    pub(super) fn save(&self, out: &mut Vec<u8>) {
        out.extend(self.total.to_le_bytes());
        out.extend(self.waiting);
    }

    pub(super) fn resume(state: &mut Reader<'_>) -> Option<Self> {
        Some(Self { total: state.u64()?, waiting: state.array()? })
    }
}
