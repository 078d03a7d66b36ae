//! `bext` (EBU Tech 3285): who recorded it, when, how many samples after midnight, and its UMID.
//!
//! Recorders write lines into the description, each with the letter of its maker before the name: `sSCENE=12A`,
//! `zTAKE=3`.

use crate::camera::{
    labels::hex,
    said::{Rule, Said, flag, rate, text},
};

/// Where a text stands, its length, and its name.
const TEXTS: &[(usize, usize, &str)] = &[
    (0, 256, "Description"),
    (256, 32, "Originator"),
    (288, 32, "OriginatorReference"),
    (320, 10, "OriginationDate"),
    (330, 8, "OriginationTime"),
    (602, 4096, "CodingHistory"),
];

/// Line of the description, and what it means.
const LINES: &[Rule] = &[
    ("bext SCENE", |said, value, tag| said.scene(text(value), tag)),
    ("bext TAKE", |said, value, tag| said.take(text(value), tag)),
    ("bext TAPE", |said, value, tag| said.reel_name(text(value), tag)),
    ("bext CIRCLED", |said, value, tag| said.circle_take(flag(value), tag)),
    ("bext PROJECT", |said, value, tag| said.production_name(text(value), tag)),
    // `023.976-ND`, `029.970-DF`.
    ("bext SPEED", |said, value, tag| {
        let written = text(value).unwrap_or_default();
        let digits = written.split('-').next().unwrap_or_default();
        said.timecode_rate(rate(&digits.into()), tag);
    }),
    // SMPTE ST 330, in the digits that other files of the take write it in.
    ("UMID", |said, value, tag| said.clip_uuid(text(value), tag)),
    // Not of `bext`, and told where that says nothing: the day that `LIST` has.
    ("INFO ICRD", |said, value, tag| {
        said.shoot_day(text(value).and_then(|written| marked(&written, [4, 2, 2], "-")), tag);
    }),
];

/// Notes the chunk.
pub(super) fn note(bytes: &[u8], said: &mut Said) {
    for (from, len, name) in TEXTS {
        let text = bytes.get(*from..bytes.len().min(from + len)).and_then(|text| text.split(|b| *b == 0).next());
        if let Some(text) = text.map(|text| String::from_utf8_lossy(text).trim().to_owned()).filter(|t| !t.is_empty()) {
            said.tag(*name, text);
        }
    }
    if let Some(reference) = bytes.get(338..346).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes) {
        said.tag("TimeReference", reference);
    }
    // Before version 1 there was none; a basic one fills half of the 64 bytes.
    let umid = bytes.get(348..412).filter(|_| bytes.get(346..348) != Some(&[0, 0]));
    if let Some(umid) = umid.filter(|umid| umid.iter().any(|b| *b != 0)) {
        let extended = umid.iter().skip(32).any(|b| *b != 0);
        said.tag("UMID", hex(if extended { umid } else { &umid[..32] }).to_uppercase());
    }
    note_lines(said);
    say_time(said);
}

/// Says what the description means, where no closer source does.
pub(super) fn say(said: &mut Said) {
    said.apply(LINES);
}

fn note_lines(said: &mut Said) {
    let description = said.tags.get("Description").and_then(text).unwrap_or_default();
    for (name, value) in description.split(['\r', '\n']).filter_map(|line| line.split_once('=')) {
        let name = name.trim().trim_start_matches(|c: char| c.is_ascii_lowercase());
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
            said.tag(format!("bext {name}"), value.trim());
        }
    }
}

/// Numbers of so many digits each, whatever stands between them, with a mark there.
fn marked(written: &str, shape: [usize; 3], mark: &str) -> Option<String> {
    let parts: Vec<&str> = written.split(|c: char| !c.is_ascii_digit()).collect();
    let fits = parts.len() == 3 && parts.iter().zip(shape).all(|(part, len)| part.len() == len);
    (fits && parts[0] != "0000").then(|| parts.join(mark))
}

fn say_time(said: &mut Said) {
    let tag = |name: &str| said.tags.get(name).and_then(text).unwrap_or_default();
    let day = marked(&tag("OriginationDate"), [4, 2, 2], "-");
    let time = marked(&tag("OriginationTime"), [2, 2, 2], ":");
    match (day, time) {
        (Some(day), Some(time)) => said.recorded_at(format!("{day}T{time}"), "OriginationDate, OriginationTime"),
        (Some(day), None) => said.shoot_day(day, "OriginationDate"),
        _ => {}
    }
}
