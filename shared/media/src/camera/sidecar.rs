//! Documents beside a clip that say something about it: Sony's `NonRealTimeMeta`, RED's `.RMD`, ALE logs.

use std::collections::BTreeSet;

use super::{Inspected, ale, red, sony};
use crate::{
    error::{Error, Result},
    path::extension_of,
    source::Source,
};

/// Extensions of the documents that are read.
const READ: [&str; 3] = ["ale", "rmd", "xml"];
/// Longest document that is read.
const MAX_DOCUMENT: u64 = 8 << 20;

/// Whether a file may be a document that says something about a clip, by its extension.
pub fn is_document(name: &str) -> bool {
    READ.contains(&extension_of(name).as_str())
}

/// Whether a document speaks of clips by name inside, whatever its own name is: an ALE.
pub fn is_log(name: &str) -> bool {
    extension_of(name) == "ale"
}

/// The names of the clips that a log speaks of, lower case.
///
/// # Errors
/// As [`document`].
pub fn clips_of_log(file: &dyn Source) -> Result<BTreeSet<String>> {
    Ok(ale::ale(&text_of(file)?).map_err(|e| e.in_file(file.name()))?.clips())
}

fn text_of(file: &dyn Source) -> Result<String> {
    if file.len() > MAX_DOCUMENT {
        return Err(Error::unsupported(format!("a sidecar of more than {MAX_DOCUMENT} bytes")).in_file(file.name()));
    }
    Ok(String::from_utf8_lossy(&file.read(0..file.len())?).into_owned())
}

/// What a document says about the clip of these names, the first that it has; none when it is of no kind that is known.
///
/// # Errors
/// [`Error::Unsupported`] when it is longer than 8 MiB, [`Error::Invalid`] when it is not what it claims to be;
/// [`Error::Missing`] and [`Error::Io`].
pub fn document(clip_names: &[&str], file: &dyn Source) -> Result<Option<Inspected>> {
    let kind = extension_of(file.name());
    if !READ.contains(&kind.as_str()) {
        return Ok(None);
    }
    let text = text_of(file)?;
    let mut said = match kind.as_str() {
        "xml" if text.contains("<NonRealTimeMeta") => sony::sidecar(&text).map_err(|e| e.in_file(file.name()))?,
        "rmd" => red::rmd(&text).map_err(|e| e.in_file(file.name()))?,
        "ale" => {
            let log = ale::ale(&text).map_err(|e| e.in_file(file.name()))?;
            let Some(said) = clip_names.iter().find_map(|name| log.about(name)) else { return Ok(None) };
            said
        }
        _ => return Ok(None),
    };
    if said.metadata.container.is_none() {
        let container = if kind == "ale" { "ALE" } else { "XML" };
        said.metadata.container = Some(container.to_owned());
        said.metadata.sources.insert("container".to_owned(), "file name".to_owned());
    }
    Ok(Some(said))
}
