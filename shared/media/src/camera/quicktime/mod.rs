//! QuickTime (MOV) and MP4 of any maker: ALEXA's ProRes, Atomos, XAVC, phones, drones.

mod arri;
mod keys;
mod makers;
mod sony;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    isobmff::{self, Movie},
    said::Said,
};
use crate::{
    error::Result,
    source::{Source, Windows},
};

/// The format.
pub struct QuickTime;

/// Extensions of files of boxes that are clips.
const EXTENSIONS: [&str; 6] = ["mov", "mp4", "m4v", "lrv", "insv", "nev"];

impl Format for QuickTime {
    fn name(&self) -> &'static str {
        "QuickTime or MP4"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        EXTENSIONS.contains(&extension) && isobmff::is_boxes(head) || isobmff::is_movie(head)
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let mut said = Said::default();
        let movie = Movie::open(&windows, &mut said)?;
        let documents = isobmff::note_items(&windows, &movie, &mut said)?;
        sony::note(&windows, &movie, &documents, &mut said)?;
        makers::note(&movie, &mut said);
        isobmff::note(&windows, &movie, &mut said)?;
        arri::note_project_rate(&mut said);
        let frames = match movie.picture() {
            Some(track) => movie.frames(&windows, track, &mut said)?,
            None => FrameTable::default(),
        };
        isobmff::note_first_frame(&windows, frames.span(0), &mut said)?;
        Ok(said.finish(frames))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        sony::each_frame(file, told)
    }

    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        isobmff::spans(file, frames)
    }
}
