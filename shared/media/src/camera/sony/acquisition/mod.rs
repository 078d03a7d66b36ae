//! Acquisition metadata of one frame (SMPTE RDD 18): sets of the lens, of the camera, of the maker.
//!
//! A set is a key of 16 bytes, a BER length (most write `83 00 nn nn`), and items: tag u16, length u16, value. The maker's
//! sets say whose they are, in their key (Canon) or in their first item `E000` (Sony): makers use the same tags for
//! different things.

mod forms;
mod items;
mod rules;

use serde_json::Value;

use self::{forms::u16_at, items::Maker};
use crate::camera::{labels::hex, said::Said};

pub(super) use rules::{camera_attributes, lens_attributes, nd_stops};

/// How a key begins.
const KEY: [u8; 4] = [0x06, 0x0e, 0x2b, 0x34];
const KEY_LEN: usize = 16;
/// Longest value that `--raw` shows byte by byte.
const MAX_HEX: usize = 64;
/// The maker's label of a set.
const UDAM_SET_IDENTIFIER: u16 = 0xe000;

/// Notes every item of these sets, and says what they mean. Bytes before a key are passed over; a set that is cut off is a
/// finding, and read as far as it goes.
pub(crate) fn say(sets: &[u8], said: &mut Said) {
    let mut rest = sets;
    while let Some(at) = rest.windows(KEY.len()).position(|w| w == KEY) {
        rest = rest.get(at..).unwrap_or_default();
        let read = rest.split_at_checked(KEY_LEN).and_then(|(key, after)| Some((key, ber(after)?)));
        if read.is_none_or(|(_, (len, value))| len > value.len()) {
            said.finding("the acquisition metadata of a frame is cut off");
        }
        let Some((key, (len, value))) = read else { break };
        let (set, after) = value.split_at_checked(len).unwrap_or((value, &[]));
        let maker = maker_of(key, set);
        for (tag, bytes) in items(set) {
            note(said, maker, tag, bytes);
        }
        rest = after;
    }
    said.apply(rules::RULES);
}

fn note(said: &mut Said, maker: Maker, tag: u16, bytes: &[u8]) {
    match maker.item(tag) {
        Some((whose, name, form)) => {
            if let Some(value) = form.read(bytes) {
                said.tag(format!("{} {name}", whose.name()), value);
            }
        }
        None => said.tag(format!("{} 0x{tag:04x}", maker.name()), shown(bytes)),
    }
}

/// Items of a set, up to padding or to one that is cut off.
fn items(set: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let tag = u16_at(rest, 0).filter(|tag| *tag != 0 && *tag != 0xffff)?;
        let (value, after) = rest.get(4..)?.split_at_checked(usize::from(u16_at(rest, 2)?))?;
        rest = after;
        Some((tag, value))
    })
}

fn maker_of(key: &[u8], set: &[u8]) -> Maker {
    let identifier = items(set).find(|(tag, _)| *tag == UDAM_SET_IDENTIFIER).map_or(key, |(_, label)| label);
    let of = |label: &[u8]| match label.get(8..10) {
        Some([0x0e, 0x06]) => Some(Maker::Sony),
        Some([0x0e, 0x15]) => Some(Maker::Canon),
        _ => None,
    };
    of(key).or(of(identifier)).unwrap_or(Maker::Any)
}

/// A BER length and what follows it: one byte below 128, or the number of bytes and the length in them.
fn ber(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let len = len.iter().try_fold(0usize, |sum, b| sum.checked_mul(256)?.checked_add(usize::from(*b)))?;
    Some((len, rest))
}

fn shown(bytes: &[u8]) -> Value {
    Value::from(if bytes.len() > MAX_HEX { format!("{} bytes", bytes.len()) } else { hex(bytes) })
}

#[cfg(test)]
mod tests;
