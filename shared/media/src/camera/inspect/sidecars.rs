//! What documents beside a clip say about it.

use serde_json::Value;

use super::ClipReport;
use crate::{
    camera::sidecar,
    clip::{Metadata, name_in_pattern},
    error::{Error, Result},
    source::Source,
};

/// Adds what a sidecar says to the report of the clip that it belongs to: fields that the clip itself leaves open, with the
/// file's name in their source. What the clip says stays. A clip with fewer frames than the document says has a finding.
/// A document of another kind, or a log of other clips, adds nothing; answers whether it says something.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`]. What is wrong with the document is a finding.
pub fn enrich(report: &mut ClipReport, document: &dyn Source) -> Result<bool> {
    let path = document.name().to_owned();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let in_header = report.metadata.clip_name.clone().unwrap_or_default();
    let of_files = report.metadata.path.as_deref().map(name_in_pattern).unwrap_or_default();
    let said = match sidecar::document(&[&in_header, &of_files], document) {
        Ok(Some(said)) => said,
        Ok(None) => return Ok(false),
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
        Err(error) => {
            report.metadata.findings.push(error.in_file(path.as_str()).to_string());
            return Ok(true);
        }
    };
    for (tag, value) in said.tags {
        report.tags.insert(format!("{name}:{tag}"), value);
    }
    let metadata = &mut report.metadata;
    if let (Some(there), Some(recorded)) = (metadata.frame_count, said.metadata.frame_count)
        && there < recorded
    {
        let problem =
            format!("the clip has {there} frames, but {name} says {recorded}: {} are cut off", recorded - there);
        metadata.findings.push(problem);
    }
    metadata.findings.extend(said.metadata.findings.iter().map(|finding| format!("{name}: {finding}")));
    fill(metadata, &said.metadata, name);
    Ok(true)
}

/// Fills in the fields that are open. What the pixels need is for the clip alone to say: where it says nothing, they need
/// nothing.
fn fill(metadata: &mut Metadata, more: &Metadata, name: &str) {
    let (Ok(Value::Object(mut fields)), Ok(Value::Object(others))) =
        (serde_json::to_value(&*metadata), serde_json::to_value(more))
    else {
        return;
    };
    let mut sources = metadata.sources.clone();
    // In MXF all kinds of Sony's raw have one label; the document says which.
    let named = |said: &Metadata, begins: &str| said.codec.as_deref().is_some_and(|codec| codec.starts_with(begins));
    let precise = named(metadata, "Sony RAW") && named(more, "X-OCN");
    for (field, value) in others {
        if field != "decoder_needed"
            && (!fields.contains_key(&field) || precise && field == "codec")
            && let Some(tag) = more.sources.get(&field)
        {
            sources.insert(field.clone(), format!("{name}: {tag}"));
            fields.insert(field, value);
        }
    }
    fields.remove("sources");
    if let Ok(filled) = serde_json::from_value::<Metadata>(Value::Object(fields)) {
        *metadata = Metadata { sources, ..filled };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_which_of_sonys_raws_it_is_and_nothing_else_again() {
        let of = |codec: &str, compression: &str| {
            let mut said = crate::camera::said::Said::default();
            said.codec(codec.to_owned(), "label");
            said.compression(compression.to_owned(), "label");
            said.metadata
        };
        let document = of("X-OCN XT", "F55_X-OCN_XT_6K_16:9");
        for (clip, expected, source) in [("Sony RAW", "X-OCN XT", "C0001M01.XML: label"), ("XAVC", "XAVC", "label")] {
            let mut metadata = of(clip, "of the clip");
            fill(&mut metadata, &document, "C0001M01.XML");
            assert_eq!((metadata.codec.as_deref(), metadata.sources["codec"].as_str()), (Some(expected), source));
            assert_eq!(metadata.compression.as_deref(), Some("of the clip"));
        }
    }
}
