//! `.RMD`: the sidecar in which RED's programs keep the look of a take.

use quick_xml::{Reader, XmlVersion, events::Event};

use serde_json::Value;

use super::text;
use crate::{
    camera::{
        FrameTable, Inspected,
        said::{Rule, Said, flag, number, positive},
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
    ("circle", |said, value, tag| said.circle_take(flag(value), tag)),
    ("lens", |said, value, tag| said.lens_model(text(value), tag)),
    ("focal_length", |said, value, tag| said.focal_length_mm(in_millimetres(value), tag)),
    ("focus_distance", |said, value, tag| said.focus_distance_m(in_millimetres(value).map(|mm| mm / 1000.0), tag)),
    ("aperture", |said, value, tag| {
        let written = text(value).unwrap_or_default();
        let stop = |letters| written.strip_prefix(letters).and_then(|n| positive(&n.trim_start_matches('/').into()));
        said.f_number(stop(['F', 'f']), tag);
        said.t_stop(stop(['T', 't']), tag);
    }),
    ("look_name", |said, value, tag| said.look_name(text(value), tag)),
    ("color_space", |said, value, tag| said.color_primaries(named(value, COLOR_SPACES), tag)),
    ("gamma_space", |said, value, tag| said.color_encoding(named(value, GAMMAS), tag)),
    ("gamma_curve", |said, value, tag| said.color_encoding(named(value, GAMMAS), tag)),
];

/// Numbers of RED's SDK for what its IPP2 pipeline works in; of others no number is public that was seen in a file.
const COLOR_SPACES: &[(u64, &str)] = &[(25, "REDWideGamutRGB")];
const GAMMAS: &[(u64, &str)] = &[(34, "Log3G10")];

/// A name as it is, or that of a number; none for other numbers.
fn named(value: &Value, numbers: &[(u64, &str)]) -> Option<String> {
    match text(value)?.parse::<u64>() {
        Ok(number) => numbers.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned()),
        Err(_) => text(value),
    }
}

/// `40mm`, `40`: lengths that people wrote in another unit are not said.
fn in_millimetres(value: &Value) -> Option<f64> {
    let written = text(value)?;
    let digits = written.trim_end_matches("mm").trim_end();
    digits.parse().ok().filter(|mm: &f64| *mm > 0.0)
}

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
    fn what_people_write_is_read_with_its_unit() {
        let of = |name: &str, value: &str| {
            rmd(&format!("<rmd><{name} type=\"string\" value=\"{value}\"/></rmd>")).unwrap().metadata
        };
        assert_eq!(of("lens", "SIGMA &amp; 40mm").lens_model.as_deref(), Some("SIGMA & 40mm"));
        assert_eq!(
            (of("focal_length", "40mm").focal_length_mm, of("focal_length", "40").focal_length_mm),
            (Some(40.0), Some(40.0))
        );
        assert_eq!(
            (of("focus_distance", "410mm").focus_distance_m, of("focus_distance", "4ft").focus_distance_m),
            (Some(0.41), None)
        );
        let apertures = ["F5.6", "f/5.6", "T2.8", "wide"].map(|a| of("aperture", a)).map(|m| (m.f_number, m.t_stop));
        assert_eq!(apertures, [(Some(5.6), None), (Some(5.6), None), (None, Some(2.8)), (None, None)]);
        // A take that REDline exports with colour space 25 and gamma 34 is of the IPP2 pipeline.
        let spaces = ["25", "REDcolor3", "14", ""].map(|c| of("color_space", c).color_primaries);
        assert_eq!(spaces, [Some("REDWideGamutRGB".into()), Some("REDcolor3".into()), None, None]);
        assert_eq!(of("gamma_curve", "34").color_encoding.as_deref(), Some("Log3G10"));
        assert_eq!(of("circle", "true").circle_take, Some(true));
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
