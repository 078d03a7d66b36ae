//! What QuickTime (Apple, QuickTime File Format) and ISO base media files (ISO/IEC 14496-12) have in common: MOV, MP4, BRAW,
//! CRM. Every reader of such a format begins with [`Movie::open`] and notes what all of them say with [`note`].
#![allow(clippy::trivially_copy_pass_by_ref, reason = "kinds of boxes are written b\"moov\", which are references")]

mod boxes;
mod codecs;
mod color;
mod configuration;
mod first_frame;
mod h264;
mod items;
mod movie;
mod picture;
mod sound;
mod tables;
#[cfg(test)]
pub(super) mod testkit;
mod timecode;

use std::ops::Range;

#[allow(unused_imports, reason = "readers take what they need of it")]
pub(super) use boxes::{Atom, array, boxes, f32_at, find, four, i16_at, u16_at, u32_at, u64_at};
pub(super) use codecs::dnx;
pub(super) use first_frame::note_first_frame;
pub(super) use items::note_items;
pub(super) use movie::{Movie, Track};

use super::{FrameSpan, WINDOW, said::Said};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
};

/// Reads and bytes that looking up frames may take of what stands around the tables.
const MAX_LOOKUP: (u32, u64) = (256, 32 << 20);

/// Samples that are looked up at once.
const BATCH: u64 = 1024;

/// True for the first bytes of a file of boxes that cameras write.
pub(super) fn is_boxes(head: &[u8]) -> bool {
    let first = [b"ftyp", b"moov", b"wide", b"mdat", b"free", b"skip", b"pnot"];
    array(head, 4).is_some_and(|kind: [u8; 4]| first.contains(&&kind))
}

/// True for the first bytes of a file whose brand is one of pictures in motion, whatever its name.
pub(super) fn is_movie(head: &[u8]) -> bool {
    let brands: [&[u8; 4]; 10] =
        [b"qt  ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"avc1", b"XAVC", b"niko"];
    array(head, 4) == Some(*b"ftyp") && array(head, 8).is_some_and(|brand: [u8; 4]| brands.contains(&&brand))
}

/// Fields that the containers themselves give: picture, sound, timecode, time of recording. Makers' own words, which are
/// closer, are applied before.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(super) fn note(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    picture::note(file, movie, said)?;
    sound::note(file, movie, said)?;
    timecode::note(file, movie, said)?;
    if let Some(created) = movie.created.filter(|seconds| (1..1 << 33).contains(seconds)) {
        let time = utc(created);
        said.tag("mvhd:creation_time", time.clone());
        said.recorded_at(time, "mvhd:creation_time");
    }
    Ok(())
}

/// Where frames of the picture stand, of a file whose tables are too long for an inspection.
///
/// # Errors
/// Those of reading; [`Error::Invalid`] when there are no such frames.
pub(super) fn spans(file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
    let windows = Windows::new(file, WINDOW, MAX_LOOKUP.0, MAX_LOOKUP.1);
    let movie = Movie::tracks(&windows)?;
    let none = || Error::invalid("the file has no track of pictures").in_file(file.name());
    movie.picture().ok_or_else(none)?.tables.spans(file, frames)
}

/// The first sample of a track, when it is there and reading it is within the budget.
///
/// # Errors
/// Those of reading; [`Error::Invalid`] when it is longer than `max` or the file ends before it does.
pub(super) fn first_sample(
    file: &Windows<'_>,
    movie: &Movie,
    wanted: fn(&Track) -> bool,
    max: u64,
) -> Result<Option<Vec<u8>>> {
    let Some(track) = movie.tracks.iter().find(|track| wanted(track)) else { return Ok(None) };
    // Reads for tables that were left out, for the timecode's sample, and for this one.
    let timecode = u32::from(movie.tracks.iter().any(|track| track.handler == *b"tmcd"));
    let needed = 1 + timecode + u32::from(!track.tables.are_complete());
    if file.reads_left() < needed || file.bytes_left() < u64::from(needed) * WINDOW {
        return Ok(None);
    }
    let tables = track.tables.completed(file)?;
    if tables.count(file, false)?.unwrap_or(0) == 0 {
        return Ok(None);
    }
    let first = tables.spans(file, 0..1)?.first().copied();
    let affordable = |span: &FrameSpan| span.len + u64::from(timecode) * WINDOW <= file.bytes_left();
    first.filter(affordable).map(|span| sample(file, span, max)).transpose()
}

/// Reads the samples of a track, one after the other. Without such a track there are none.
///
/// # Errors
/// Those of reading and of `visit`.
pub(super) fn each_sample(
    file: &dyn Source,
    wanted: fn(&Track) -> bool,
    max: u64,
    visit: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let windows = Windows::new(file, WINDOW, MAX_LOOKUP.0, MAX_LOOKUP.1);
    let movie = Movie::tracks(&windows)?;
    let Some(track) = movie.tracks.iter().find(|track| wanted(track)) else { return Ok(()) };
    let count = track.tables.count(&windows, false)?.unwrap_or(0);
    let mut from = 0;
    while from < count {
        let to = (from + BATCH).min(count);
        for (frame, span) in (from..to).zip(track.tables.spans(file, from..to)?) {
            visit(frame, &sample(file, span, max)?)?;
        }
        from = to;
    }
    Ok(())
}

fn sample(file: &dyn Source, span: FrameSpan, max: u64) -> Result<Vec<u8>> {
    let located = |e: Error| e.at_offset(span.offset).in_file(file.name());
    if span.len > max {
        return Err(located(Error::invalid(format!("a sample of {} bytes, and at most {max} are read", span.len))));
    }
    let end = span.offset.checked_add(span.len).filter(|end| *end <= file.len());
    let end = end.ok_or_else(|| located(Error::invalid("a sample stands beyond the end of the file")))?;
    Ok(file.read(span.offset..end)?.into_owned())
}

/// ISO 8601 of so many seconds after 1904 began, as `mvhd` counts.
fn utc(seconds: u64) -> String {
    // Days of the civil calendar, in eras of 400 years that begin in March 1600.
    let (days, seconds) = (seconds / 86_400 + 110_973, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (1600 + 400 * era + year + u64::from(month > 9), if month > 9 { month - 9 } else { month + 3 });
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1904() {
        // Python's datetime.
        for (seconds, time) in [
            (0, "1904-01-01T00:00:00Z"),
            (2_082_844_800, "1970-01-01T00:00:00Z"),
            (3_792_054_896, "2024-02-29T12:34:56Z"),
            (3_667_255_431, "2020-03-17T02:03:51Z"),
            (4_294_967_295, "2040-02-06T06:28:15Z"),
            (6_343_747_199, "2105-01-08T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds), time);
        }
    }
}
