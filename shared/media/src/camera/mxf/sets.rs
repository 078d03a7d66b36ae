//! Header metadata (SMPTE ST 377-1, section 9): local sets, joined to a graph by their instance ids.

use std::{collections::BTreeMap, ops::Range};

use super::klv::{Klv, label_at, same_but_version, u16_at, u32_at};
use crate::{
    camera::labels::Label,
    error::Result,
    source::{Memory, Source},
};

/// Most references of one set that are followed.
const MAX_REFERENCES: usize = 4096;
/// Most values under unknown keys that are told of.
const MAX_OTHERS: usize = 64;
const PRIMER: [u8; 15] = [6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 5, 1];
const INSTANCE_UID: u16 = 0x3c0a;

/// Sets of the header metadata, as they stand.
#[derive(Debug, Default)]
pub(super) struct Sets {
    bytes: Vec<u8>,
    /// Local tag -> property, of this file.
    primer: BTreeMap<u16, Label>,
    /// Key and value of each.
    places: Vec<(Label, Range<usize>)>,
    by_id: BTreeMap<Label, usize>,
    /// Values under keys that are no local sets: key, length.
    pub(super) others: Vec<(Label, u64)>,
}

/// One set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<'a> {
    all: &'a Sets,
    pub(super) key: &'a Label,
    bytes: &'a [u8],
}

impl Sets {
    /// Reads primer and sets out of the bytes of the header metadata; stops where they are cut off.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self> {
        let mut all = Self::default();
        let memory = Memory::new("header metadata", &bytes[..]);
        let mut at = 0;
        while let Some(klv) = Klv::read(&memory, at).ok().flatten().filter(|klv| klv.end() <= memory.len()) {
            let value = klv.value.start as usize..klv.value.end as usize;
            if klv.is(&PRIMER) {
                all.primer = primer(&memory.read(klv.value.clone())?);
            } else if klv.key[4] == 2 && klv.key[5] & 0x1f == 0x13 {
                let number = all.places.len();
                if let Some(id) = items(&memory.read(klv.value.clone())?).find(|(tag, _)| *tag == INSTANCE_UID) {
                    all.by_id.extend(label_at(id.1, 0).map(|id| (id, number)));
                }
                all.places.push((klv.key, value));
            } else if klv.is_partition() || klv.is_essence() {
                break;
            } else if !klv.is_fill() && all.others.len() < MAX_OTHERS {
                all.others.push((klv.key, klv.value.end - klv.value.start));
            }
            at = klv.end();
        }
        all.bytes = bytes;
        Ok(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Set<'_>> {
        (0..self.places.len()).filter_map(|number| self.set(number))
    }

    /// Sets of this class of ST 377-1: `0x2f` is the preface.
    pub(super) fn of_class(&self, class: u8) -> impl Iterator<Item = Set<'_>> {
        self.iter().filter(move |set| set.class() == Some(class))
    }

    pub(super) fn property(&self, tag: u16) -> Option<&Label> {
        self.primer.get(&tag)
    }

    fn set(&self, number: usize) -> Option<Set<'_>> {
        let (key, range) = self.places.get(number)?;
        Some(Set { all: self, key, bytes: self.bytes.get(range.clone())? })
    }

    fn by_id(&self, id: &[u8]) -> Option<Set<'_>> {
        self.set(*self.by_id.get(&label_at(id, 0)?)?)
    }
}

impl<'a> Set<'a> {
    /// Byte 14 of the key of a set of ST 377-1; none of others.
    pub(super) fn class(&self) -> Option<u8> {
        let is_standard = same_but_version(self.key, &[6, 0x0e, 0x2b, 0x34, 2, self.key[5], 1, 1, 0x0d, 1, 1, 1, 1, 1]);
        is_standard.then_some(self.key[14])
    }

    /// Items in order: local tag, value.
    pub(super) fn items(&self) -> impl Iterator<Item = (u16, &'a [u8])> {
        items(self.bytes)
    }

    /// The value of a static local tag.
    pub(super) fn get(&self, tag: u16) -> Option<&'a [u8]> {
        self.items().find(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    pub(super) fn label(&self, tag: u16) -> Option<Label> {
        self.get(tag).and_then(|value| label_at(value, 0))
    }

    /// A whole number of 1 to 8 bytes.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        let value = self.get(tag).filter(|value| (1..=8).contains(&value.len()))?;
        Some(value.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)))
    }

    /// A position or length in edit units; -1 says unknown.
    pub(super) fn length(&self, tag: u16) -> Option<u64> {
        self.number(tag).filter(|n| i64::try_from(*n).is_ok())
    }

    /// UTF-16 text, up to its 0.
    pub(super) fn text(&self, tag: u16) -> Option<String> {
        self.get(tag).map(utf16).filter(|text| !text.is_empty())
    }

    /// The set that a reference points to.
    pub(super) fn child(&self, tag: u16) -> Option<Set<'a>> {
        self.all.by_id(self.get(tag)?)
    }

    /// The sets that an array of references points to.
    pub(super) fn children(&self, tag: u16) -> Vec<Set<'a>> {
        let Some(value) = self.get(tag) else { return Vec::new() };
        let count = u32_at(value, 0).unwrap_or(0) as usize;
        let ids = value.get(8..).unwrap_or_default().chunks_exact(16).take(count.min(MAX_REFERENCES));
        ids.filter_map(|id| self.all.by_id(id)).collect()
    }
}

/// Text of 16-bit units, up to 0.
pub(super) fn utf16(value: &[u8]) -> String {
    let units: Vec<u16> = value
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16_lossy(&units).trim().to_owned()
}

fn items(set: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let tag = u16_at(rest, 0)?;
        let (value, after) = rest.get(4..)?.split_at_checked(usize::from(u16_at(rest, 2)?))?;
        rest = after;
        Some((tag, value))
    })
}

fn primer(bytes: &[u8]) -> BTreeMap<u16, Label> {
    let count = u32_at(bytes, 0).unwrap_or(0) as usize;
    let lines = bytes.get(8..).unwrap_or_default().chunks_exact(18).take(count);
    lines.filter_map(|line| Some((u16_at(line, 0)?, label_at(line, 2)?))).collect()
}
