//! The `iXML` chunk (iXML specification 3.01): what the sound recordist wrote down.

use quick_xml::{
    Reader,
    escape::resolve_xml_entity,
    events::{BytesRef, Event},
};

use crate::{
    camera::said::{Rule, Said, flag, rate, text, whole, whole32},
    error::{Error, Result},
};

/// Deepest element, and most tags, texts and entities.
const MAX_DEPTH: usize = 32;
const MAX_PARTS: usize = 16_384;

/// Element, and what it means.
const RULES: &[Rule] = &[
    ("iXML/SCENE", |said, value, tag| said.scene(text(value), tag)),
    ("iXML/TAKE", |said, value, tag| said.take(text(value), tag)),
    ("iXML/TAPE", |said, value, tag| said.reel_name(text(value), tag)),
    ("iXML/CIRCLED", |said, value, tag| said.circle_take(flag(value), tag)),
    ("iXML/PROJECT", |said, value, tag| said.production_name(text(value), tag)),
    ("iXML/FILE_UID", |said, value, tag| said.clip_uuid(text(value), tag)),
    ("iXML/LOCATION/LOCATION_NAME", |said, value, tag| said.location(text(value), tag)),
    ("iXML/USER/DIRECTOR_NAME", |said, value, tag| said.director(text(value), tag)),
    ("iXML/SPEED/TIMECODE_RATE", |said, value, tag| said.timecode_rate(rate(value), tag)),
];

/// Deepest numbering of elements of the same name.
const MAX_ALIKE: usize = 64;

/// Samples after midnight, samples a second of that clock, and the tag: for files without `bext`.
pub(super) fn timestamp(said: &Said) -> (Option<u64>, Option<u32>, &'static str) {
    let tag = |name: &str| said.tags.get(&format!("iXML/SPEED/{name}"));
    let half = |name: &str| tag(&format!("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_{name}")).and_then(whole32);
    let since = half("LO").map(|low| u64::from(half("HI").unwrap_or(0)) << 32 | u64::from(low));
    let copied = |name: &str| said.tags.get(&format!("iXML/BEXT/BWF_TIME_REFERENCE_{name}")).and_then(whole);
    let copied = copied("LOW").map(|low| copied("HIGH").unwrap_or(0).wrapping_shl(32) | low);
    let clock = tag("TIMESTAMP_SAMPLE_RATE").and_then(whole32).filter(|hertz| *hertz > 0);
    match since {
        Some(since) => (Some(since), clock, "iXML/SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO"),
        None => (copied, None, "iXML/BEXT/BWF_TIME_REFERENCE_LOW"),
    }
}

/// Notes every element that holds text, and says what it means; of broken notes what stands before the break.
///
/// # Errors
/// [`Error::Invalid`] when it is no XML, or larger than the limits allow.
pub(super) fn say(bytes: &[u8], said: &mut Said) -> Result<()> {
    let noted = note(&decoded(bytes), said);
    said.apply(RULES);
    noted
}

fn note(document: &str, said: &mut Said) -> Result<()> {
    let mut reader = Reader::from_str(document);
    let (mut path, mut value): (Vec<String>, String) = Default::default();
    for _ in 0..MAX_PARTS {
        match reader.read_event().map_err(|e| invalid(e.to_string()))? {
            Event::Start(element) => {
                if path.len() >= MAX_DEPTH {
                    return Err(invalid(format!("elements nested more than {MAX_DEPTH} deep")));
                }
                let name =
                    if path.is_empty() { "iXML".to_owned() } else { element.local_name().as_ref().to_uppercase() };
                path.push(name);
                value.clear();
            }
            Event::End(_) => {
                let name = path.join("/");
                if !value.trim().is_empty() {
                    // Tracks follow each other by the same names: `NAME`, `NAME 2`.
                    let numbered = (2..MAX_ALIKE).map(|n| format!("{name} {n}"));
                    let mut names = std::iter::once(name.clone()).chain(numbered);
                    if let Some(free) = names.find(|name| !said.tags.contains_key(name)) {
                        said.tag(free, value.trim());
                    }
                }
                path.pop();
                value.clear();
            }
            Event::Text(written) => value.push_str(&written.xml10_content()),
            Event::CData(written) => value.push_str(&written.xml10_content()),
            Event::GeneralRef(entity) => push_entity(&entity, &mut value)?,
            Event::DocType(_) => return Err(invalid("a document type, which no iXML has".to_owned())),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
    Err(invalid(format!("more than {MAX_PARTS} parts")))
}

fn invalid(problem: String) -> Error {
    Error::invalid(problem).in_field("iXML")
}

fn push_entity(entity: &BytesRef<'_>, value: &mut String) -> Result<()> {
    match entity.resolve_char_ref().map_err(|e| invalid(e.to_string()))? {
        Some(character) => value.push(character),
        None => match resolve_xml_entity(entity) {
            Some(text) => value.push_str(text),
            None => return Err(invalid(format!("the entity `&{};` is not known", entity.escape_debug()))),
        },
    }
    Ok(())
}

/// UTF-8, or UTF-16 where the byte order mark or the first `<` says so.
fn decoded(bytes: &[u8]) -> String {
    let wide = |order: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| order(*pair));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text: String = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.trim_start_matches('\u{feff}').trim_end_matches('\0').to_owned()
}
