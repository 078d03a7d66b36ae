//! `.RMD`: the sidecar in which RED's programs keep the look of a take.

use quick_xml::{Reader, XmlVersion, events::Event};

use super::text;
use crate::{
    camera::{
        FrameTable, Inspected,
        said::{Rule, Said, number, positive},
    },
    error::{Error, Result},
};

/// Most elements that are read.
const MAX_ELEMENTS: usize = 16_384;

/// Element, and what it means.
const RULES: &[Rule] = &[
    ("iso", |said, value, tag| said.iso(positive(value), tag)),
    ("kelvin", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("tint", |said, value, tag| said.tint(number(value), tag)),
    ("scene", |said, value, tag| said.scene(text(value), tag)),
    ("take", |said, value, tag| said.take(text(value), tag)),
    ("director", |said, value, tag| said.director(text(value), tag)),
    ("director_of_photography", |said, value, tag| said.cinematographer(text(value), tag)),
    ("production_name", |said, value, tag| said.production_name(text(value), tag)),
    ("location", |said, value, tag| said.location(text(value), tag)),
    ("look_name", |said, value, tag| said.look_name(text(value), tag)),
    ("color_space", |said, value, tag| said.color_primaries(text(value), tag)),
    ("gamma_space", |said, value, tag| said.color_encoding(text(value), tag)),
    ("gamma_curve", |said, value, tag| said.color_encoding(text(value), tag)),
];

/// What an RMD document says: elements `<name type="..." value="...">`, whatever holds them. The first of a name counts.
///
/// # Errors
/// [`Error::Invalid`] when it is no XML, or has more elements than are read.
pub fn rmd(document: &str) -> Result<Inspected> {
    let mut reader = Reader::from_str(document);
    let mut said = Said::default();
    for count in 0.. {
        if count > MAX_ELEMENTS {
            return Err(Error::invalid(format!("more than {MAX_ELEMENTS} elements")));
        }
        let at = reader.buffer_position();
        let invalid = |problem: String| Error::invalid(problem).at_offset(at);
        match reader.read_event().map_err(|e| invalid(e.to_string()))? {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.local_name().as_ref().to_lowercase();
                let value = element.try_get_attribute("value").map_err(|e| invalid(e.to_string()))?;
                if let Some(value) = value
                    && !said.tags.contains_key(&name)
                {
                    let value = value.normalized_value(XmlVersion::Implicit1_0).map_err(|e| invalid(e.to_string()))?;
                    said.tag(name, value.into_owned());
                }
            }
            Event::DocType(_) => return Err(invalid("a document type, which no RMD has".to_owned())),
            Event::Eof => break,
            _ => {}
        }
    }
    said.apply(RULES);
    Ok(said.finish(FrameTable::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn settings_of_a_look_are_read() {
        let document = r#"<?xml version="1.0"?><rmd><current><iso type="int" value="1600"/>
            <kelvin type="float" value="3200"/><tint type="float" value="-2.5"/><scene type="string" value="12A"/></current>
            <original><iso type="int" value="800"/></original></rmd>"#;
        let Inspected { metadata: m, tags, .. } = rmd(document).unwrap();
        assert_eq!((m.iso, m.white_balance_kelvin, m.tint), (Some(1600.0), Some(3200.0), Some(-2.5)));
        assert_eq!((m.scene.as_deref(), tags["kelvin"].as_str()), (Some("12A"), Some("3200")));
        assert_eq!(m.sources["iso"], "iso");
    }

    #[test]
    fn what_is_no_document_of_this_kind_is_invalid() {
        for document in ["<rmd><a></b></rmd>", "<!DOCTYPE x [<!ENTITY a 'b'>]><rmd/>", "<rmd><iso value=1600/></rmd>"] {
            assert_eq!(rmd(document).unwrap_err().kind(), "invalid", "{document}");
        }
        assert_eq!(rmd(&"<a/>".repeat(20_000)).unwrap_err().kind(), "invalid");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[<>a-z\"=/! &;]{0,80}") {
            let _ = rmd(&text);
        }
    }
}
