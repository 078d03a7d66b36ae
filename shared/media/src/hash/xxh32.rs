//! XXH32 with seed 0, as a stream whose state can be saved: hash lists of MHL 1.x have it as `xxhash`.
//!
//! Source: the xxHash specification, "XXH32 algorithm description" (Yann Collet, version 0.2.0).

use super::{hasher::Reader, stripes::Stripes};

const PRIME_1: u32 = 0x9E37_79B1;
const PRIME_2: u32 = 0x85EB_CA77;
const PRIME_3: u32 = 0xC2B2_AE3D;
const PRIME_4: u32 = 0x27D4_EB2F;
const PRIME_5: u32 = 0x1656_67B1;

/// Bytes that one round takes.
const STRIPE: usize = 16;

#[derive(Clone)]
pub(super) struct Xxh32 {
    lanes: [u32; 4],
    stripes: Stripes<STRIPE>,
}

impl Xxh32 {
    pub(super) fn new() -> Self {
        Self { lanes: [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0u32.wrapping_sub(PRIME_1)], stripes: Stripes::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let Self { lanes, stripes } = self;
        stripes.update(bytes, |stripe| consume(lanes, stripe));
    }

    pub(super) fn finish(&self) -> u32 {
        let [a, b, c, d] = self.lanes;
        let start = if self.stripes.total >= STRIPE as u64 {
            a.rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18))
        } else {
            PRIME_5
        };
        // The specification adds the length modulo 2^32.
        let mut hash = start.wrapping_add(self.stripes.total as u32);
        let (words, rest) = self.stripes.rest().as_chunks::<4>();
        for word in words {
            hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(PRIME_3));
            hash = hash.rotate_left(17).wrapping_mul(PRIME_4);
        }
        for &byte in rest {
            hash = hash.wrapping_add(u32::from(byte).wrapping_mul(PRIME_5));
            hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
        }
        hash = (hash ^ (hash >> 15)).wrapping_mul(PRIME_2);
        hash = (hash ^ (hash >> 13)).wrapping_mul(PRIME_3);
        hash ^ (hash >> 16)
    }

    pub(super) fn save(&self, out: &mut Vec<u8>) {
        for lane in self.lanes {
            out.extend(lane.to_le_bytes());
        }
        self.stripes.save(out);
    }

    pub(super) fn resume(state: &mut Reader<'_>) -> Option<Self> {
        let mut lanes = [0; 4];
        for lane in &mut lanes {
            *lane = state.array().map(u32::from_le_bytes)?;
        }
        Some(Self { lanes, stripes: Stripes::resume(state)? })
    }
}

fn consume(lanes: &mut [u32; 4], stripe: &[u8; STRIPE]) {
    for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
        let input = u32::from_le_bytes(*word).wrapping_mul(PRIME_2);
        *lane = lane.wrapping_add(input).rotate_left(13).wrapping_mul(PRIME_1);
    }
}
