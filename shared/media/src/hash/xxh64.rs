//! XXH64 with seed 0, as a stream whose state can be saved.
//!
//! Source: the xxHash specification, "XXH64 algorithm description" (Yann Collet, version 0.2.0).

use super::{hasher::Reader, stripes::Stripes};

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

/// Bytes that one round takes.
const STRIPE: usize = 32;

#[derive(Clone)]
pub(super) struct Xxh64 {
    lanes: [u64; 4],
    stripes: Stripes<STRIPE>,
}

impl Xxh64 {
    pub(super) fn new() -> Self {
        Self { lanes: [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0u64.wrapping_sub(PRIME_1)], stripes: Stripes::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let Self { lanes, stripes } = self;
        stripes.update(bytes, |stripe| consume(lanes, stripe));
    }

    pub(super) fn finish(&self) -> u64 {
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.stripes.total >= STRIPE as u64 {
            let sum = a
                .rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18));
            self.lanes
                .iter()
                .fold(sum, |hash, &lane| (hash ^ round(0, lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4))
        } else {
            PRIME_5
        };
        hash = hash.wrapping_add(self.stripes.total);
        let (words, rest) = self.stripes.rest().as_chunks::<8>();
        for word in words {
            hash ^= round(0, u64::from_le_bytes(*word));
            hash = hash.rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
        }
        let (halves, rest) = rest.as_chunks::<4>();
        for half in halves {
            hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIME_1);
            hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
        }
        for &byte in rest {
            hash ^= u64::from(byte).wrapping_mul(PRIME_5);
            hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
        hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
        hash ^ (hash >> 32)
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
            *lane = state.u64()?;
        }
        Some(Self { lanes, stripes: Stripes::resume(state)? })
    }
}

fn consume(lanes: &mut [u64; 4], stripe: &[u8; STRIPE]) {
    for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
        *lane = round(*lane, u64::from_le_bytes(*word));
    }
}

fn round(lane: u64, input: u64) -> u64 {
    lane.wrapping_add(input.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}
