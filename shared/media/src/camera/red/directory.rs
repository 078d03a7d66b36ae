//! A directory of tags: its length (16 bits), then entries of length, tag, value.

use serde_json::Value;

use super::{cooke, tags, u16_at};
use crate::camera::said::Said;

/// Most tags of one directory.
const MAX_TAGS: usize = 1024;
/// How most directories begin: an entry of 15 bytes, the edge code.
const EDGE_CODE: [u8; 4] = [0, 15, 0x10, 0];

/// One entry: where it stands, its tag, its value.
type Entry<'b> = (usize, u16, &'b [u8]);

/// The entries of the directory at `at`; an error, the place, where they cease to follow each other. Where the block is
/// cut, they end.
fn entries(block: &[u8], at: usize) -> impl Iterator<Item = Result<Entry<'_>, usize>> {
    let end = u16_at(block, at).map_or(0, |len| at + 2 + usize::from(len));
    let mut at = at + 2;
    std::iter::from_fn(move || {
        let (len, tag) = (u16_at(block, at).filter(|_| at < end)?, u16_at(block, at + 2)?);
        let (start, next) = (at, at + usize::from(len));
        if len < 4 || next > end {
            at = end;
            return Some(Err(start));
        }
        at = next;
        Some(Ok((start, tag, block.get(start + 4..next)?)))
    })
    .take(MAX_TAGS)
}

/// Where the directory of a block stands: at `expected`, or where there is the edge code that most begin with.
pub(super) fn find(block: &[u8], expected: usize) -> Option<usize> {
    let whole = |at: &usize| entries(block, *at).next().is_some() && entries(block, *at).all(|entry| entry.is_ok());
    let begins = || block.windows(4).position(|bytes| bytes == EDGE_CODE)?.checked_sub(2);
    Some(expected).filter(whole).or_else(begins)
}

/// Notes the tags of the directory at `at`.
pub(super) fn note(block: &[u8], at: usize, said: &mut Said) {
    for entry in entries(block, at) {
        let (start, tag, bytes) = match entry {
            Ok(entry) => entry,
            Err(at) => return said.finding(format!("the directory of tags breaks off at byte {at} of its block")),
        };
        let low = (tag & 0xff) as u8;
        let known = tags::NAMES.iter().find(|(number, _)| *number == low).map(|(_, name)| (*name).to_owned());
        let name = known.unwrap_or_else(|| format!("{tag:#06x}"));
        if matches!(low, 0x39 | 0x3a) {
            said.tag(name, cooke::written(bytes));
            cooke::note(bytes, said);
        } else if said.tags.contains_key(&name) {
            said.tag(format!("{name} at {start}"), value(tag >> 12, bytes));
        } else {
            said.tag(name, value(tag >> 12, bytes));
        }
    }
}

/// A value by the high nibble of its tag; several values are a list.
fn value(kind: u16, bytes: &[u8]) -> Value {
    fn list(values: impl Iterator<Item = Value>) -> Value {
        let mut values: Vec<Value> = values.collect();
        match values.len() {
            1 => values.remove(0),
            _ => Value::from(values),
        }
    }
    match kind {
        1 => {
            let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
            Value::from(String::from_utf8_lossy(text).trim().to_owned())
        }
        2 => list(bytes.as_chunks::<4>().0.iter().map(|b| {
            let number = f32::from_be_bytes(*b);
            // As it is written in decimal, not with the digits that a wider number adds.
            number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
        })),
        4 => list(bytes.as_chunks::<2>().0.iter().map(|b| u16::from_be_bytes(*b).into())),
        5 => list(bytes.iter().map(|b| b.cast_signed().into())),
        6 => list(bytes.as_chunks::<4>().0.iter().map(|b| i32::from_be_bytes(*b).into())),
        _ => list(bytes.iter().map(|b| (*b).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_read_by_the_high_nibble_of_its_tag() {
        for (kind, bytes, expected) in [
            (0, &[7][..], json!(7)),
            (1, b"STANDARD\0", json!("STANDARD")),
            (2, &[0x45, 0x96, 0, 0], json!(4800.0)),
            (2, &[0x3d, 0xc0, 0x83, 0x12, 0x3f, 0x74, 0xbc, 0x6a], json!([0.094, 0.956])),
            (3, &[9, 12], json!([9, 12])),
            (4, &[0x05, 0], json!(1280)),
            (5, &[0xe0], json!(-32)),
            (6, &[0xff, 0xff, 0xff, 0xff], json!(-1)),
            (7, &[1, 2], json!([1, 2])),
            (4, &[1], json!([])),
        ] {
            assert_eq!(value(kind, bytes), expected, "{kind} {bytes:?}");
        }
        assert_eq!(value(2, &f32::NAN.to_be_bytes()), Value::Null);
    }

    #[test]
    fn a_directory_is_found_where_it_is_not_expected() {
        // An entry of 15 bytes at 12, in a directory at 10.
        let mut block = vec![0xff; 10];
        block.extend([0, 15, 0, 15, 0x10, 0]);
        block.extend(b"01:49:54:11");
        assert_eq!((find(&block, 10), find(&block, 4), find(&block, 900)), (Some(10), Some(10), Some(10)));
        assert_eq!(find(&block[..11], 4), None);
    }

    #[test]
    fn a_broken_entry_is_a_finding_and_those_before_it_stay() {
        let mut said = Said::default();
        note(&[0, 11, 0, 6, 0x40, 0x3b, 3, 32, 0, 2, 0x40, 0x0d, 0], 0, &mut said);
        assert_eq!(said.tags["ISO"], json!(800));
        assert_eq!(said.metadata.findings, ["the directory of tags breaks off at byte 8 of its block"]);
    }
}
