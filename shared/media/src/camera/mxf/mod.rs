//! MXF (SMPTE ST 377-1): the container of Sony's, Canon's, ARRI's and many other cameras, of editing systems and of IMF.
//!
//! A file says where its partitions are at its end, and what it holds at its beginning, or at its end when it was written
//! while recording. An index table tells where each edit unit stands: picture, sound and data of one frame together. Of the
//! first edit unit the camera's own metadata (SMPTE RDD 18) are read, where there are any.

mod ancillary;
mod arri;
mod codecs;
mod descriptor;
mod identity;
mod index;
mod items;
mod klv;
mod layout;
mod packages;
mod partition;
mod sets;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::{
    descriptor::Descriptors,
    index::{Index, Stream},
    layout::Layout,
    packages::Packages,
    sets::Sets,
};
use super::{
    Format, FrameSpan, FrameTable, FrameValues, Inspected, MAX_BYTES, MAX_READS, WINDOW, labels::dotted, said::Said,
    sony::acquisition,
};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
    timecode::{Rational, Timecode},
};

/// Most bytes that are read to look up frames in an index that an inspection leaves alone.
const MAX_INDEX: u64 = 256 << 20;
/// Most frames that are listed; an index that an inspection reads whole has fewer.
const MAX_LISTED: u64 = 200_000;
/// Frames that are looked up at a time.
const BATCH: u64 = 1024;

/// The MXF reader.
#[derive(Debug, Clone, Copy)]
pub struct Mxf;

impl Format for Mxf {
    fn name(&self) -> &'static str {
        "MXF"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        match partition::run_in(head) {
            Some(run_in) => run_in == 0 || extension == "mxf",
            None => false,
        }
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let mut said = Said::default();
        let table = inspect(&windows, &mut said)?;
        Ok(said.finish(table))
    }

    fn each_frame(&self, file: &dyn Source, told: &mut dyn FnMut(FrameValues) -> Result<()>) -> Result<()> {
        let Inspected { metadata, tags, frames, .. } = self.inspect(file)?;
        if !tags.contains_key(ANCILLARY) {
            return Ok(());
        }
        let rate = metadata.timecode_rate.as_deref().and_then(|rate| rate.parse::<Rational>().ok());
        let start = metadata.start_timecode.as_deref().zip(rate);
        let start = start.and_then(|(start, rate)| Timecode::parse(start, rate).ok());
        let mut frame = 0;
        while frame < frames.count() {
            let batch = frame..frames.count().min(frame + BATCH);
            let spans = self.spans(file, batch)?;
            for span in spans {
                let unit = span.offset..span.offset.saturating_add(span.len);
                let mut said = Said::default();
                acquisition::say(&ancillary::acquisition(file, unit)?, &mut said);
                said.start_timecode(start.map(|start| start.plus(i64::try_from(frame).unwrap_or(i64::MAX))), "start");
                told(said.of_frame(frame))?;
                frame += 1;
            }
        }
        Ok(())
    }

    fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        let windows = Windows::new(file, WINDOW, u32::MAX, MAX_INDEX);
        let mut said = Said::default();
        let mut layout = Layout::open(&windows, &mut said)?;
        let sets = layout.metadata(&mut said)?;
        let (index, stream) = layout.picture(body_sid(&sets, &layout), &mut said)?;
        let spans = index.map(|index| index.spans(frames.clone(), &stream)).unwrap_or_default();
        if (spans.len() as u64) < frames.end.saturating_sub(frames.start) {
            let missing = frames.start + spans.len() as u64;
            return Err(Error::invalid(format!("there is no frame {missing} in the index")).in_file(file.name()));
        }
        Ok(spans)
    }
}

/// Noted when there is ancillary data.
const ANCILLARY: &str = "ancillary data";

fn inspect(file: &Windows<'_>, said: &mut Said) -> Result<FrameTable> {
    let mut layout = Layout::open(file, said)?;
    said.container("MXF".to_owned(), "header partition pack");
    if let Some(header) = layout.header() {
        said.tag("header partition version", format!("{}.{}", header.version.0, header.version.1));
        let (closed, complete) = (header.is_closed, header.is_complete);
        let status = [if closed { "closed" } else { "open" }, if complete { "complete" } else { "incomplete" }];
        said.tag("header partition status", status.join(" and "));
        said.tag("header partition operational pattern", dotted(&header.pattern));
        said.tag("header partition essence containers", header.containers.iter().map(dotted).collect::<Vec<_>>());
    }
    let sets = layout.metadata(said)?;
    for (key, len) in &sets.others {
        said.tag(format!("header metadata {}", dotted(key)), format!("{len} bytes"));
    }
    let packages = Packages::of(&sets);
    let descriptors = packages.file.map(|package| Descriptors::of(&package)).unwrap_or_default();
    let (rate, length) = packages.file.map(|package| packages::picture_track(&package)).unwrap_or_default();
    said.frame_rate(rate, "Track EditRate");
    descriptors.say(&sets, &identity::company(identity::of(&sets)), said);
    arri::note(&sets, said);

    let (index, stream) = layout.picture(body_sid(&sets, &layout), said)?;
    let indexed = index.as_ref().map(Index::count).filter(|count| *count > 0);
    let count = if descriptors.picture.is_some() { descriptors.duration().or(length).or(indexed) } else { None };
    if descriptors.has_ancillary {
        said.tag(ANCILLARY, true);
        first_frame(&layout, file, &stream, said)?;
    }
    identity::say(&sets, said);
    let rate = said.metadata.frame_rate.as_deref().and_then(|rate| rate.parse().ok());
    packages.say(rate, said);
    items::note_all(&sets, said);

    let Some(count) = count else { return Ok(FrameTable::default()) };
    said.frame_count(count, "Picture ContainerDuration");
    let table = match index {
        Some(index) => table(&index, &stream, count, said),
        None => FrameTable::Own { count },
    };
    Ok(within(table, file.len(), said))
}

/// The stream of the picture: of the essence container that belongs to the file package.
fn body_sid(sets: &Sets, layout: &Layout<'_, '_>) -> u32 {
    let package = Packages::of(sets).file.and_then(|package| package.get(0x4401));
    let container = sets.of_class(0x23).find(|set| package.is_some() && set.get(0x2701) == package);
    let sid = container.and_then(|set| set.number(0x3f07)).and_then(|sid| u32::try_from(sid).ok());
    sid.filter(|sid| *sid != 0).unwrap_or_else(|| layout.first_body_sid())
}

/// Reads the camera's metadata of the first edit unit, as far as there are reads left.
fn first_frame(layout: &Layout<'_, '_>, file: &Windows<'_>, stream: &Stream, said: &mut Said) -> Result<()> {
    let Some(first) = stream.pieces.first() else { return Ok(()) };
    if !layout.may_read(first.place.start..first.place.start.saturating_add(1), 0) {
        return Ok(());
    }
    match ancillary::acquisition(file, first.place.clone()) {
        Ok(sets) => acquisition::say(&sets, said),
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
        // Not within the budget, or no keys where they should be: then each frame tells it.
        Err(_) => {}
    }
    Ok(())
}

/// Where `count` frames stand by the index.
fn table(index: &Index, stream: &Stream, count: u64, said: &mut Said) -> FrameTable {
    if let ([piece], Some(bytes)) = (&stream.pieces[..], index.unit_bytes()) {
        say_class(bytes, said);
        return FrameTable::Even { offset: piece.place.start, stride: bytes, len: bytes, count };
    }
    if stream.pieces.is_empty() || index.count() == 0 {
        said.finding("there is no index table: its frames are not found one by one");
        return FrameTable::default();
    }
    let wanted = count.min(index.count());
    if wanted > MAX_LISTED {
        return FrameTable::Own { count };
    }
    let spans = index.spans(0..wanted, stream);
    if (spans.len() as u64) < wanted {
        said.finding(format!("of {wanted} frames {} are in the file: it is cut off", spans.len()));
    }
    FrameTable::of(spans)
}

/// The class of XAVC Intra, where the label says no more than that.
fn say_class(frame_bytes: u64, said: &mut Said) {
    let open = matches!(said.metadata.compression.as_deref(), None | Some("intra"));
    if said.metadata.codec.as_deref() == Some("XAVC")
        && open
        && let Some(class) = codecs::xavc_class(frame_bytes)
    {
        said.metadata.compression = None;
        said.compression(format!("Intra Class {class}"), "EditUnitByteCount");
    }
}

/// The frames that stand in the file whole; those beyond its end are a finding.
fn within(table: FrameTable, len: u64, said: &mut Said) -> FrameTable {
    if table.end() <= len {
        return table;
    }
    let declared = table.count();
    let table = match table {
        FrameTable::Even { offset, stride, len: bytes, count } => {
            let room = len.saturating_sub(offset);
            let whole = if room < bytes { 0 } else { (room - bytes) / stride.max(1) + 1 };
            FrameTable::Even { offset, stride, len: bytes, count: whole.min(count) }
        }
        FrameTable::Listed(spans) => {
            let fits = |span: &FrameSpan| span.offset.saturating_add(span.len) <= len;
            FrameTable::of(spans.into_iter().take_while(fits).collect())
        }
        other => other,
    };
    said.finding(format!("of {declared} frames {} are whole: it is cut off at byte {len}", table.count()));
    table
}
