//! Metadata by name: `keys` with `ilst` (QuickTime metadata), and `udta` (users' data).

use std::ops::Range;

use serde_json::Value;

use super::boxes::{Atom, array, boxes, f32_at, f64_at, find, four, u16_at, u32_at};
use crate::{
    camera::said::Said,
    error::{Error, Result},
    source::{Source, Windows},
};

/// Longest value, and longest list of names, that is read.
const MAX_VALUE: u64 = 4096;
const MAX_KEYS: u64 = 256 << 10;
/// Longest text document (XML).
const MAX_XML: u64 = 256 << 10;

/// Notes what a `meta` says, and keeps its XML documents. Names that belong to a track begin with `prefix`; those of four
/// characters have `place` before them, for what they mean depends on where they stand.
///
/// QuickTime's `meta` holds boxes; ISO's has version and flags before them.
///
/// # Errors
/// Those of reading; [`Error::Invalid`] when it contradicts itself.
fn note_meta(
    file: &Windows<'_>,
    meta: &Atom,
    [prefix, place]: [&str; 2],
    said: &mut Said,
    documents: &mut Vec<String>,
) -> Result<()> {
    file.prefetch(meta.start..meta.body.end.min(meta.start + MAX_KEYS))?;
    let head = file.read(meta.body.start..(meta.body.start + 8).min(meta.body.end))?;
    let inside = if head.get(4..8) == Some(b"hdlr") { meta.body.clone() } else { meta.after(4) };
    let names = match find(file, inside.clone(), b"keys")? {
        Some(keys) => names(&keys.read(file, MAX_KEYS)?),
        None => Vec::new(),
    };
    for atom in boxes(file, inside) {
        let atom = atom?;
        match &atom.kind {
            b"ilst" => {
                for item in boxes(file, atom.body.clone()) {
                    let item = item?;
                    let index = u32::from_be_bytes(item.kind).checked_sub(1).and_then(|n| usize::try_from(n).ok());
                    let name = index.and_then(|n| names.get(n)).cloned();
                    let name = name.unwrap_or_else(|| format!("{place}{}", four(item.kind)));
                    let values = values(file, item.body.clone())?;
                    let value = if values.len() > 1 {
                        Value::from(values)
                    } else {
                        values.into_iter().next().unwrap_or_default()
                    };
                    let name = format!("{prefix}{name}");
                    // A name may stand in two places, and be empty in one.
                    if value != "" || !said.tags.contains_key(&name) {
                        said.tag(name, value);
                    }
                }
            }
            b"xml " => {
                // Version and flags, then text.
                let text = atom.after(4);
                let text = file.read(text.start..text.end.min(text.start + MAX_XML))?;
                let text = String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned();
                said.tag(format!("{prefix}{place}xml"), text.clone());
                documents.push(text);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The names of `keys`: version and flags, a number, then size, namespace and name of each.
fn names(keys: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = keys.get(8..).unwrap_or_default();
    while let Some(size) = u32_at(rest, 0).map(|n| n as usize) {
        let Some(name) = rest.get(8..size) else { break };
        names.push(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned());
        rest = &rest[size..];
    }
    names
}

/// The values of an item: each a `data` of type, locale, and bytes.
fn values(file: &dyn Source, within: Range<u64>) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for atom in boxes(file, within) {
        let atom = atom?;
        if atom.is(b"data") && atom.len() >= 8 {
            let head = file.read(atom.body.start..atom.body.start + 4)?;
            let value = atom.after(8);
            let len = value.end - value.start;
            values.push(if len > MAX_VALUE {
                Value::from(format!("{len} bytes"))
            } else {
                well_known(u32_at(&head, 0).unwrap_or(0) & 0x00ff_ffff, &file.read(value)?)
            });
        }
    }
    Ok(values)
}

/// A value of one of Apple's well-known types (QuickTime File Format, Metadata).
fn well_known(kind: u32, bytes: &[u8]) -> Value {
    let floats = |n: usize| (0..n).map(|i| f32_at(bytes, 4 * i).map(f64::from)).collect::<Option<Vec<f64>>>();
    let value = match kind {
        0 => Some(raw(bytes)),
        1 | 4 => Some(Value::from(String::from_utf8_lossy(bytes).trim_end_matches('\0'))),
        2 | 5 => Some(Value::from(encoding_rs::UTF_16BE.decode(bytes).0)),
        13 => Some(Value::from(format!("{} bytes of JPEG", bytes.len()))),
        14 => Some(Value::from(format!("{} bytes of PNG", bytes.len()))),
        21 => signed(bytes).map(Value::from),
        22 => unsigned(bytes).map(Value::from),
        23 => f32_at(bytes, 0).map(Value::from),
        24 => f64_at(bytes, 0).map(Value::from),
        65 => bytes.first_chunk::<1>().and_then(|b| signed(b)).map(Value::from),
        66 => bytes.first_chunk::<2>().and_then(|b| signed(b)).map(Value::from),
        67 => bytes.first_chunk::<4>().and_then(|b| signed(b)).map(Value::from),
        74 => bytes.first_chunk::<8>().and_then(|b| signed(b)).map(Value::from),
        70 | 71 => floats(2).map(Value::from),
        72 => floats(4).map(Value::from),
        75 => bytes.first_chunk::<1>().and_then(|b| unsigned(b)).map(Value::from),
        76 => bytes.first_chunk::<2>().and_then(|b| unsigned(b)).map(Value::from),
        77 => bytes.first_chunk::<4>().and_then(|b| unsigned(b)).map(Value::from),
        78 => bytes.first_chunk::<8>().and_then(|b| unsigned(b)).map(Value::from),
        _ => None,
    };
    value.unwrap_or_else(|| raw(bytes))
}

/// A whole number of 1 to 8 bytes.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    matches!(bytes.len(), 1..=8).then(|| bytes.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
}

/// The same with a sign.
fn signed(bytes: &[u8]) -> Option<i64> {
    let unused = 64 - 8 * bytes.len() as u32;
    unsigned(bytes).map(|n| ((n << unused) as i64) >> unused)
}

/// Bytes of which nothing is known: text when they read as such, few of them in hexadecimal.
fn raw(bytes: &[u8]) -> Value {
    let trimmed = bytes.split(|&b| b == 0).next().unwrap_or_default();
    let is_text = bytes[trimmed.len()..].iter().all(|&b| b == 0) && !trimmed.is_empty();
    match std::str::from_utf8(trimmed) {
        Ok(text) if is_text && text.chars().all(|c| !c.is_control() || c.is_whitespace()) => Value::from(text),
        _ if bytes.len() <= 32 => Value::from(hexadecimal(bytes)),
        _ => Value::from(format!("{} bytes", bytes.len())),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// Notes what `udta` says, under `udta:` and the name of each box.
///
/// # Errors
/// Those of reading; [`Error::Invalid`] when it contradicts itself.
fn note_users(file: &Windows<'_>, udta: &Atom, prefix: &str, said: &mut Said) -> Result<()> {
    for atom in boxes(file, udta.body.clone()) {
        let atom = atom?;
        let name = format!("{prefix}udta:{}", four(atom.kind));
        if atom.is(b"meta") {
            note_meta(file, &atom, [prefix, "udta:"], said, &mut Vec::new())?;
        } else if atom.len() > MAX_VALUE {
            said.tag(name, format!("{} bytes", atom.len()));
        } else if atom.kind[0] == 0xa9 {
            said.tag(name, international(file, &atom)?);
        } else {
            said.tag(name, raw(&file.read(atom.body.clone())?));
        }
    }
    Ok(())
}

/// Text of a `©` box: length, language, text; or, as some write it, a `data` box or text alone.
fn international(file: &dyn Source, atom: &Atom) -> Result<Value> {
    let bytes = file.read(atom.body.clone())?;
    if array(&bytes, 4) == Some(*b"data") {
        return Ok(values(file, atom.body.clone())?.into_iter().next().unwrap_or_default());
    }
    let counted = u16_at(&bytes, 0).and_then(|len| bytes.get(4..4 + usize::from(len)));
    let text = counted.unwrap_or(&bytes);
    Ok(match std::str::from_utf8(text) {
        Ok(text) => Value::from(text.trim_end_matches('\0')),
        Err(_) => Value::from(encoding_rs::MACINTOSH.decode(text).0),
    })
}

/// Notes all metadata by name that a file, its movie and its tracks have, and gives their XML documents. What is wrong with
/// it becomes findings.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(in crate::camera) fn note_items(file: &Windows<'_>, movie: &super::Movie, said: &mut Said) -> Result<Vec<String>> {
    let mut documents = Vec::new();
    let of_tracks = movie.tracks.iter().map(|t| (&t.metas, &t.users, format!("track {}:", t.id)));
    let of_movie = (&movie.metas, &movie.users, String::new());
    for (metas, users, prefix) in std::iter::once(of_movie).chain(of_tracks) {
        for meta in metas {
            let noted = note_meta(file, meta, [&prefix, ""], said, &mut documents);
            said.or_finding(noted.map_err(|e: Error| e.in_field("meta")))?;
        }
        for udta in users {
            let noted = note_users(file, udta, &prefix, said);
            said.or_finding(noted.map_err(|e: Error| e.in_field("udta")))?;
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        camera::isobmff::testkit::{boxed, keyed, nested, words},
        source::Memory,
    };
    use serde_json::json;

    fn noted(bytes: Vec<u8>) -> Said {
        let file = Memory::new("a.mov", bytes);
        let windows = Windows::new(&file, 64, 9, 1 << 20);
        let mut said = Said::default();
        for atom in boxes(&file, 0..file.len()).map_while(Result::ok) {
            match &atom.kind {
                b"meta" => note_meta(&windows, &atom, [""; 2], &mut said, &mut Vec::new()).unwrap(),
                _ => note_users(&windows, &atom, "", &mut said).unwrap(),
            }
        }
        said
    }

    #[test]
    fn values_of_every_type_are_read() {
        for (kind, bytes, value) in [
            (1, &b"Kamera \xc3\xa4\0"[..], json!("Kamera ä")),
            (2, b"\0A\0B", json!("AB")),
            (21, &[0xff, 0xfe], json!(-2)),
            (21, &[0, 1, 0], json!(256)),
            (22, &[0xff], json!(255)),
            (23, &[0x3f, 0xc0, 0, 0], json!(1.5)),
            (24, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0], json!(1.5)),
            (65, &[0xff], json!(-1)),
            (66, &[0xff, 0], json!(-256)),
            (67, &[0, 0, 1, 0], json!(256)),
            (74, &[0xff; 8], json!(-1)),
            (70, &[0x41, 0x80, 0, 0, 0x41, 0, 0, 0], json!([16.0, 8.0])),
            (71, &[0x45, 0x90, 0, 0, 0x45, 0x22, 0, 0], json!([4608.0, 2592.0])),
            (75, &[7], json!(7)),
            (76, &[1, 0], json!(256)),
            (77, &[0, 1, 0, 0], json!(65536)),
            (78, &[0, 0, 0, 1, 0, 0, 0, 0], json!(4_294_967_296_u64)),
            (0, b"text\0\0", json!("text")),
            (0, &[0, 4], json!("0004")),
            (77, &[1], json!("01")),
            (13, &[0xff; 10], json!("10 bytes of JPEG")),
        ] {
            assert_eq!(well_known(kind, bytes), value, "type {kind}");
        }
    }

    #[test]
    fn quicktimes_meta_and_isos_are_told_apart() {
        let quicktime = keyed(&[("com.example.Scene", 1, b"12A"), ("take", 77, &[0, 0, 0, 3])]);
        let iso = boxed(b"meta", &[&[0; 4][..], &quicktime[8..]].concat());
        for bytes in [quicktime, iso] {
            let tags = noted(bytes).tags;
            assert_eq!((&tags["com.example.Scene"], &tags["take"]), (&json!("12A"), &json!(3)));
        }
    }

    #[test]
    fn items_without_keys_keep_their_own_names() {
        let item = nested(b"\xa9ART", &[boxed(b"data", &[words(&[1, 0]), b"me".to_vec()].concat())]);
        let tags = noted(nested(b"udta", &[boxed(b"meta", &[vec![0; 4], nested(b"ilst", &[item])].concat())])).tags;
        assert_eq!(tags["udta:©ART"], "me");
    }

    #[test]
    fn users_data_is_read_in_each_of_its_shapes() {
        let tags = noted(nested(
            b"udta",
            &[
                boxed(b"\xa9mak", b"\0\x05\x15\xc7Canon"),
                boxed(b"\xa9mod", b"\0\x05\0\0\x8cber1"),
                boxed(b"\xa9swr", b"plain text"),
                boxed(b"CNFV", b"Firmware 1.0\0\0"),
                boxed(b"GPMF", &[0x80; 40]),
                vec![0; 4],
            ],
        ))
        .tags;
        let expected = [("©mak", "Canon"), ("©mod", "åber1"), ("©swr", "plain text"), ("CNFV", "Firmware 1.0")];
        for (name, value) in expected {
            assert_eq!(tags[&format!("udta:{name}")], value);
        }
        assert_eq!(tags["udta:GPMF"], "40 bytes");
    }
}
