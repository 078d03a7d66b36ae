//! `NonRealTimeMeta`: what Sony's cameras say of a whole clip, in XML.
//!
//! Every attribute becomes a tag, named by the elements above it: `NonRealTimeMeta/Device@modelName`. Items of the
//! acquisition record and of the slate are tags by their own names: `NonRealTimeMeta/CameraUnitMetadataSet/ISOSensitivity`.
//! Of elements that repeat, the first counts.

mod rules;

use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    reader::Reader,
};
use serde_json::Value;

use crate::{
    camera::said::Said,
    error::{Error, Result},
};

const ROOT: &str = "NonRealTimeMeta";
/// Largest document, in bytes; real ones have a few thousand.
const MAX_TEXT: usize = 1 << 20;
const MAX_DEPTH: usize = 16;
const MAX_ELEMENTS: usize = 20_000;
const MAX_ATTRIBUTES: usize = 32;
/// Most files that are listed as relevant.
const MAX_FILES: usize = 256;

/// Notes everything a document says as tags, and says what they mean.
///
/// # Errors
/// [`Error::Invalid`] when it is no such document, no XML, has a document type, or is larger than the limits allow. What
/// was read before that is noted.
pub(crate) fn say(text: &str, said: &mut Said) -> Result<()> {
    let read = note(text.trim_end_matches('\0'), said);
    said.apply(rules::RULES);
    read
}

fn note(text: &str, said: &mut Said) -> Result<()> {
    if text.len() > MAX_TEXT {
        return Err(Error::invalid(format!("{ROOT} has {} bytes, more than {MAX_TEXT}", text.len())));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut files: Vec<Value> = Vec::new();
    let (mut elements, mut found) = (0, false);
    loop {
        let event = reader.read_event().map_err(|error| not_xml(&error))?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() == MAX_DEPTH {
                    return Err(Error::invalid(format!(
                        "{ROOT} has more than {MAX_ELEMENTS} elements, or nests more than {MAX_DEPTH}"
                    )));
                }
                let name = start.local_name().as_ref().to_owned();
                if open.is_empty() && (name != ROOT || found) {
                    let name: String = name.chars().take(64).collect();
                    return Err(Error::invalid(format!("the XML is `{}`, not one {ROOT}", name.escape_debug())));
                }
                found = true;
                let attributes = attributes(start)?;
                note_element(said, &open, &name, &attributes, &mut files);
                if matches!(event, Event::Start(_)) {
                    open.push(scope(name, &attributes));
                }
            }
            Event::End(_) => {
                open.pop();
            }
            Event::DocType(_) => return Err(Error::invalid(format!("{ROOT} has a DOCTYPE, which is refused"))),
            Event::Eof => break,
            _ => {}
        }
    }
    if !files.is_empty() {
        said.tag(format!("{ROOT}/RelevantFiles"), files);
    }
    match (found, open.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::invalid(format!("{ROOT} ends in the middle"))),
        (false, _) => Err(Error::invalid(format!("there is no {ROOT} in the XML"))),
    }
}

/// Attributes of an element, without prefixes and namespaces.
fn attributes(start: &BytesStart<'_>) -> Result<Vec<(String, String)>> {
    let mut read = Vec::new();
    for attribute in start.attributes().take(MAX_ATTRIBUTES) {
        let attribute = attribute.map_err(|error| not_xml(&error))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| not_xml(&error))?;
        read.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(read)
}

fn value_of<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What children of this element are named by: groups have names of their own.
fn scope(name: String, attributes: &[(String, String)]) -> String {
    match value_of(attributes, "name") {
        Some(group) if name == "Group" => group.to_owned(),
        _ => name,
    }
}

fn note_element(said: &mut Said, open: &[String], name: &str, attributes: &[(String, String)], files: &mut Vec<Value>) {
    let mut tag = |name: String, value: &str| {
        let name = format!("{ROOT}/{name}");
        if name.len() <= 256 && !said.tags.contains_key(&name) {
            said.tag(name, value);
        }
    };
    if open.iter().any(|above| above == "RelevantFiles") {
        let is_file = |key: &str| ["file", "uri", "href", "path", "name"].contains(&key);
        if let Some((_, file)) = attributes.iter().find(|(key, _)| is_file(key))
            && files.len() < MAX_FILES
        {
            files.push(Value::from(file.as_str()));
        }
    }
    let within = open.get(1..).unwrap_or_default();
    let group = within.last().map_or("", String::as_str);
    match (name, value_of(attributes, "name")) {
        ("Item", Some(item)) => tag(format!("{group}/{item}"), value_of(attributes, "value").unwrap_or_default()),
        ("Meta", Some(item)) => tag(format!("{group}/{item}"), value_of(attributes, "content").unwrap_or_default()),
        ("Element", _) if value_of(attributes, "hardware").is_some() => {
            let hardware = value_of(attributes, "hardware").unwrap_or_default();
            tag(format!("{group}/{hardware}@software"), value_of(attributes, "software").unwrap_or_default());
        }
        _ => {
            let path: String = within.iter().flat_map(|above| [above, "/"]).collect::<String>() + name;
            for (key, value) in attributes {
                tag(if open.is_empty() { format!("@{key}") } else { format!("{path}@{key}") }, value);
            }
        }
    }
}

fn not_xml(error: &dyn std::fmt::Display) -> Error {
    let problem: String = error.to_string().chars().take(200).collect();
    Error::invalid(format!("{ROOT} is not XML: {}", problem.escape_debug()))
}

#[cfg(test)]
mod tests;
