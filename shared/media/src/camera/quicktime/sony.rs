//! What Sony's cameras put into MP4: `NonRealTimeMeta` as an XML document, and a track `rtmd` of acquisition metadata.

use crate::{
    camera::{
        FrameValues,
        isobmff::{self, Movie, Track},
        said::Said,
        sony::{acquisition, nrt},
    },
    error::Result,
    source::{Source, Windows},
};

/// Longest sample of `rtmd` that is read.
const MAX_SAMPLE: u64 = 128 << 10;

fn is_acquisition(track: &Track) -> bool {
    track.entry.as_ref().is_some_and(|entry| entry.format == *b"rtmd")
}

/// The sets of a sample: behind a header that says its own length.
fn sets(sample: &[u8]) -> &[u8] {
    let header = sample.first_chunk().map_or(0, |len| usize::from(u16::from_be_bytes(*len)));
    sample.get(header..).unwrap_or_default()
}

/// Notes the document of the clip, then the metadata of the first frame when reading it is within the budget.
///
/// # Errors
/// [`crate::error::Error::Missing`] and [`crate::error::Error::Io`].
pub(super) fn note(file: &Windows<'_>, movie: &Movie, documents: &[String], said: &mut Said) -> Result<()> {
    for text in documents.iter().filter(|text| text.contains("NonRealTimeMeta")) {
        let noted = nrt::say(text, said);
        said.or_finding(noted.map_err(|e| e.in_field("NonRealTimeMeta")))?;
    }
    let first = isobmff::first_sample(file, movie, is_acquisition, MAX_SAMPLE);
    if let Some(sample) = said.or_finding(first.map_err(|e| e.in_field("rtmd")))?.flatten() {
        acquisition::say(sets(&sample), said);
    }
    Ok(())
}

/// Tells the acquisition metadata of each frame.
pub(super) fn each_frame(file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
    isobmff::each_sample(file, is_acquisition, MAX_SAMPLE, &mut |frame, sample| {
        let mut said = Said::default();
        acquisition::say(sets(sample), &mut said);
        told(said.of_frame(frame))
    })
}
