//! XXH3 with seed 0 and the default secret, as a stream whose state can be saved.
//!
//! The 64-bit and the 128-bit digest differ only in how they end, so one pass over the bytes serves both. No crate exports
//! the state of its stream, hence this one; inputs of up to 240 bytes, which XXH3 treats in ways of their own, are left to
//! `twox-hash`.
//!
//! Source: the xxHash specification, "XXH3 algorithm overview" (Yann Collet, version 0.2.0).

use twox_hash::{XxHash3_64, XxHash3_128};

use super::hasher::Reader;

const PRIME32_1: u64 = 0x9E37_79B1;
const PRIME32_2: u64 = 0x85EB_CA77;
const PRIME32_3: u64 = 0xC2B2_AE3D;
const PRIME64_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME64_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME64_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME64_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME64_5: u64 = 0x27D4_EB2F_1656_67C5;

const STRIPE: usize = 64;
/// Stripes between two scrambles: the secret moves on by 8 bytes a stripe.
const STRIPES_PER_BLOCK: usize = (SECRET.len() - STRIPE) / 8;
/// Bytes that wait before they are accumulated. Their number follows from the total, so it is not part of the state.
const WAITING: usize = 256;
/// Up to this length an input has a digest of its own kind.
const SHORT: u64 = 240;

/// Where in the secret each step takes its 64 bytes.
const SCRAMBLE_AT: usize = SECRET.len() - STRIPE;
const LAST_STRIPE_AT: usize = SECRET.len() - STRIPE - 7;
const MERGE_LOW_AT: usize = 11;
const MERGE_HIGH_AT: usize = SECRET.len() - STRIPE - 11;

const SECRET: [u8; 192] = [
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d,
    0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0,
    0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0,
    0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b,
    0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac,
    0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51,
    0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34,
    0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49,
    0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8,
    0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b,
    0x40, 0x7e,
];

#[derive(Clone)]
pub(super) struct Xxh3 {
    lanes: [u64; 8],
    total: u64,
    /// The bytes that are not accumulated yet; behind them, the end of those that were.
    waiting: [u8; WAITING],
}

impl Xxh3 {
    pub(super) fn new() -> Self {
        Self {
            lanes: [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1],
            total: 0,
            waiting: [0; WAITING],
        }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let held = self.held();
        let mut position = self.position();
        self.total = self.total.wrapping_add(bytes.len() as u64);
        if held + bytes.len() <= WAITING {
            self.waiting[held..held + bytes.len()].copy_from_slice(bytes);
            return;
        }
        if held > 0 {
            let (fill, rest) = bytes.split_at(WAITING - held);
            self.waiting[held..].copy_from_slice(fill);
            position = accumulate(&mut self.lanes, position, self.waiting.as_chunks().0);
            bytes = rest;
        }
        // At least one byte must stay, because the last stripe is accumulated in another way.
        let whole = (bytes.len() - 1) / WAITING * WAITING;
        if whole > 0 {
            let (consumed, rest) = bytes.split_at(whole);
            accumulate(&mut self.lanes, position, consumed.as_chunks().0);
            self.waiting[WAITING - STRIPE..].copy_from_slice(&consumed[whole - STRIPE..]);
            bytes = rest;
        }
        self.waiting[..bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn finish_64(&self) -> u64 {
        if self.total <= SHORT {
            return XxHash3_64::oneshot(&self.waiting[..self.held()]);
        }
        merge(&self.last_lanes(), self.total.wrapping_mul(PRIME64_1), MERGE_LOW_AT)
    }

    pub(super) fn finish_128(&self) -> u128 {
        if self.total <= SHORT {
            return XxHash3_128::oneshot(&self.waiting[..self.held()]);
        }
        let lanes = self.last_lanes();
        let low = merge(&lanes, self.total.wrapping_mul(PRIME64_1), MERGE_LOW_AT);
        let high = merge(&lanes, !self.total.wrapping_mul(PRIME64_2), MERGE_HIGH_AT);
        (u128::from(high) << 64) | u128::from(low)
    }

    pub(super) fn save(&self, out: &mut Vec<u8>) {
        for lane in self.lanes {
            out.extend(lane.to_le_bytes());
        }
        out.extend(self.total.to_le_bytes());
        out.extend(self.waiting);
    }

    pub(super) fn resume(state: &mut Reader<'_>) -> Option<Self> {
        let mut lanes = [0; 8];
        for lane in &mut lanes {
            *lane = state.u64()?;
        }
        Some(Self { lanes, total: state.u64()?, waiting: state.array()? })
    }

    /// How many bytes wait: 0 only before the first one.
    fn held(&self) -> usize {
        self.total.checked_sub(1).map_or(0, |last| (last % WAITING as u64) as usize + 1)
    }

    /// The next stripe's place in its block.
    fn position(&self) -> usize {
        ((self.total - self.held() as u64) / STRIPE as u64 % STRIPES_PER_BLOCK as u64) as usize
    }

    /// The lanes with all that waits, and the last stripe.
    fn last_lanes(&self) -> [u64; 8] {
        let held = self.held();
        let mut lanes = self.lanes;
        let whole = (held - 1) / STRIPE;
        accumulate(&mut lanes, self.position(), &self.waiting.as_chunks().0[..whole]);
        let mut last = [0; STRIPE];
        if let Some(start) = held.checked_sub(STRIPE) {
            last.copy_from_slice(&self.waiting[start..held]);
        } else {
            let before = STRIPE - held;
            last[..before].copy_from_slice(&self.waiting[WAITING - before..]);
            last[before..].copy_from_slice(&self.waiting[..held]);
        }
        accumulate_stripe(&mut lanes, &last, secret_at(LAST_STRIPE_AT));
        lanes
    }
}

/// Adds whole stripes to the lanes; returns the place of the next stripe in its block.
fn accumulate(lanes: &mut [u64; 8], position: usize, stripes: &[[u8; STRIPE]]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the same function, compiled for a processor that was just looked at")]
        // SAFETY: the processor has AVX2.
        return unsafe { accumulate_avx2(lanes, position, stripes) };
    }
    accumulate_scalar(lanes, position, stripes)
}

/// [`accumulate_scalar`] in the instructions of AVX2: the compiler vectorises it as it stands.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn accumulate_avx2(lanes: &mut [u64; 8], position: usize, stripes: &[[u8; STRIPE]]) -> usize {
    accumulate_scalar(lanes, position, stripes)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must take on the instruction set of its caller")]
fn accumulate_scalar(lanes: &mut [u64; 8], mut position: usize, mut stripes: &[[u8; STRIPE]]) -> usize {
    let mut local = *lanes;
    while !stripes.is_empty() {
        let (now, later) = stripes.split_at(stripes.len().min(STRIPES_PER_BLOCK - position));
        for (i, stripe) in now.iter().enumerate() {
            accumulate_stripe(&mut local, stripe, secret_at(8 * (position + i)));
        }
        position += now.len();
        if position == STRIPES_PER_BLOCK {
            scramble(&mut local);
            position = 0;
        }
        stripes = later;
    }
    *lanes = local;
    position
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must take on the instruction set of its caller")]
fn accumulate_stripe(lanes: &mut [u64; 8], stripe: &[u8; STRIPE], secret: &[u8; STRIPE]) {
    let mut products = [0; 8];
    let mut words = [0; 8];
    for i in 0..8 {
        words[i] = word(stripe, i);
        let key = words[i] ^ word(secret, i);
        products[i] = (key & 0xFFFF_FFFF).wrapping_mul(key >> 32);
    }
    for i in 0..8 {
        lanes[i] = lanes[i].wrapping_add(products[i]).wrapping_add(words[i ^ 1]);
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must take on the instruction set of its caller")]
fn scramble(lanes: &mut [u64; 8]) {
    let secret = secret_at(SCRAMBLE_AT);
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = (*lane ^ (*lane >> 47) ^ word(secret, i)).wrapping_mul(PRIME32_1);
    }
}

fn merge(lanes: &[u64; 8], start: u64, secret_from: usize) -> u64 {
    let secret = secret_at(secret_from);
    let sum = lanes.as_chunks::<2>().0.iter().enumerate().fold(start, |sum, (i, [a, b])| {
        let product = u128::from(a ^ word(secret, 2 * i)) * u128::from(b ^ word(secret, 2 * i + 1));
        sum.wrapping_add(product as u64 ^ (product >> 64) as u64)
    });
    let hash = (sum ^ (sum >> 37)).wrapping_mul(0x1656_6791_9E37_79F9);
    hash ^ (hash >> 32)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must take on the instruction set of its caller")]
fn word(bytes: &[u8; STRIPE], index: usize) -> u64 {
    u64::from_le_bytes(bytes.as_chunks::<8>().0[index])
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it must take on the instruction set of its caller")]
fn secret_at(offset: usize) -> &'static [u8; STRIPE] {
    SECRET[offset..].first_chunk().expect("every offset leaves 64 bytes of the secret")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The scalar function is right by the vectors of the parent module; the other must agree bit for bit.
        #[cfg(target_arch = "x86_64")]
        #[test]
        fn both_instruction_sets_give_the_same_lanes(
            bytes in proptest::collection::vec(any::<u8>(), 0..40 * STRIPE), position in 0..STRIPES_PER_BLOCK
        ) {
            if !std::arch::is_x86_feature_detected!("avx2") {
                println!("SKIPPED: this processor has no AVX2");
                return Ok(());
            }
            let stripes = bytes.as_chunks().0;
            let (mut a, mut b) = (Xxh3::new().lanes, Xxh3::new().lanes);
            let end = accumulate_scalar(&mut a, position, stripes);
            prop_assert_eq!(accumulate(&mut b, position, stripes), end);
            prop_assert_eq!(a, b);
        }
    }
}
