//! The `iXML` chunk (iXML specification 3.01): what the sound recordist wrote down.

use quick_xml::{Reader, events::Event};

use crate::{
    camera::said::{Rule, Said, flag, text},
    error::{Error, Result},
};

/// Deepest element, and most of them.
const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 8192;

/// Element, and what it means.
const RULES: &[Rule] = &[
    ("iXML/SCENE", |said, value, tag| said.scene(text(value), tag)),
    ("iXML/TAKE", |said, value, tag| said.take(text(value), tag)),
    ("iXML/TAPE", |said, value, tag| said.reel_name(text(value), tag)),
    ("iXML/CIRCLED", |said, value, tag| said.circle_take(flag(value), tag)),
    ("iXML/PROJECT", |said, value, tag| said.production_name(text(value), tag)),
    ("iXML/FILE_UID", |said, value, tag| said.clip_uuid(text(value), tag)),
];

/// Notes every element that holds text, and says what it means.
///
/// # Errors
/// [`Error::Invalid`] when it is no XML, or larger than the limits allow.
pub(super) fn say(document: &str, said: &mut Said) -> Result<()> {
    let invalid = |problem: String| Error::invalid(problem).in_field("iXML");
    let mut reader = Reader::from_str(document.trim_end_matches('\0'));
    let mut path: Vec<String> = Vec::new();
    for _ in 0..MAX_ELEMENTS {
        match reader.read_event().map_err(|e| invalid(e.to_string()))? {
            Event::Start(element) => {
                if path.len() >= MAX_DEPTH {
                    return Err(invalid(format!("elements nested more than {MAX_DEPTH} deep")));
                }
                let name =
                    if path.is_empty() { "iXML".to_owned() } else { element.local_name().as_ref().to_uppercase() };
                path.push(name);
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(written) => {
                let value = written.xml10_content().trim().to_owned();
                let name = path.join("/");
                if !value.is_empty() && !said.tags.contains_key(&name) {
                    said.tag(name, value);
                }
            }
            Event::DocType(_) => return Err(invalid("a document type, which no iXML has".to_owned())),
            Event::Eof => {
                said.apply(RULES);
                return Ok(());
            }
            _ => {}
        }
    }
    Err(invalid(format!("more than {MAX_ELEMENTS} parts")))
}
