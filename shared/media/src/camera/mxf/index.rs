//! Index table segments (SMPTE ST 377-1, section 11): where edit units stand in their stream.

use std::ops::Range;

use super::klv::{Klv, u32_at, u64_at};
use crate::{
    camera::FrameSpan,
    error::{Error, Result},
    source::Source,
};

const SEGMENT: [u8; 15] = [6, 0x0e, 0x2b, 0x34, 2, 0x53, 1, 1, 0x0d, 1, 2, 1, 1, 0x10, 1];
/// Longest segment: its items have lengths of 16 bits.
const MAX_SEGMENT: u64 = 1 << 20;
/// Bytes of an entry before its slices: temporal offset, key frame offset, flags, stream offset.
const MIN_ENTRY: usize = 11;

/// A run of edit units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first edit unit.
    pub(super) start: u64,
    /// How many; 0 for all.
    pub(super) duration: u64,
    /// Bytes of each, when all are alike.
    pub(super) unit_bytes: u64,
    pub(super) body_sid: u32,
    /// Where each begins in the stream, when they are not.
    pub(super) offsets: Vec<u64>,
}

impl Segment {
    /// The first edit unit after it.
    fn end(&self) -> u64 {
        let count = if self.unit_bytes > 0 { self.duration } else { self.offsets.len() as u64 };
        self.start.saturating_add(count)
    }
}

/// Reads the segments that stand in these bytes of the file.
pub(super) fn read(file: &dyn Source, range: Range<u64>) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut at = range.start;
    while at < range.end.min(file.len()) {
        let Some(klv) = Klv::read(file, at)? else { break };
        if klv.is(&SEGMENT) {
            let len = klv.value.end - klv.value.start;
            if len > MAX_SEGMENT || klv.end() > file.len() {
                return Err(Error::invalid("an index table segment that is cut off or too long").at_offset(at));
            }
            segments.extend(parse(&file.read(klv.value.clone())?));
        } else if !klv.is_fill() {
            break;
        }
        at = klv.end();
    }
    Ok(segments)
}

fn parse(bytes: &[u8]) -> Option<Segment> {
    let mut segment = Segment { start: 0, duration: 0, unit_bytes: 0, body_sid: 0, offsets: Vec::new() };
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (value, after) = after.split_at_checked(len)?;
        match u16::from_be_bytes([head[0], head[1]]) {
            0x3f05 => segment.unit_bytes = u64::from(u32_at(value, 0)?),
            0x3f07 => segment.body_sid = u32_at(value, 0)?,
            0x3f0a => segment.offsets = entries(value)?,
            0x3f0c => segment.start = u64_at(value, 0).filter(|n| i64::try_from(*n).is_ok())?,
            0x3f0d => segment.duration = u64_at(value, 0).filter(|n| i64::try_from(*n).is_ok()).unwrap_or(0),
            _ => {}
        }
        rest = after;
    }
    Some(segment)
}

/// Stream offsets of an entry array: count, size of each, entries.
fn entries(value: &[u8]) -> Option<Vec<u64>> {
    let (count, size) = (u32_at(value, 0)? as usize, u32_at(value, 4)? as usize);
    if size < MIN_ENTRY {
        return None;
    }
    value.get(8..)?.chunks_exact(size).take(count).map(|entry| u64_at(entry, 3)).collect()
}

/// The index of one stream: segments in order, each edit unit once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Index {
    segments: Vec<Segment>,
    /// Of each segment, what the segments of constant size before it take in the stream.
    bases: Vec<u64>,
}

impl Index {
    /// Of the segments of one stream, in any order, repeated or not.
    pub(super) fn of(mut segments: Vec<Segment>, body_sid: u32) -> Self {
        segments.retain(|s| s.body_sid == body_sid || s.body_sid == 0);
        segments.retain(|s| s.unit_bytes > 0 || !s.offsets.is_empty());
        segments.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end())));
        segments.dedup_by_key(|s| s.start);
        let mut base = 0u64;
        let before = |segment: &Segment| {
            let before = base;
            base = base.saturating_add(segment.duration.saturating_mul(segment.unit_bytes));
            before
        };
        let bases = segments.iter().map(before).collect();
        Self { segments, bases }
    }

    /// Bytes of each edit unit, when one segment says so for all.
    pub(super) fn unit_bytes(&self) -> Option<u64> {
        match &self.segments[..] {
            [segment] if segment.start == 0 => Some(segment.unit_bytes).filter(|bytes| *bytes > 0),
            _ => None,
        }
    }

    /// Edit units from 0 on without a gap.
    pub(super) fn count(&self) -> u64 {
        self.segments.iter().fold(0, |count, s| if s.start <= count { count.max(s.end()) } else { count })
    }

    /// Where an edit unit begins in the stream.
    fn offset(&self, unit: u64) -> Option<u64> {
        let number = self.segments.partition_point(|segment| segment.start <= unit).checked_sub(1)?;
        let (segment, base) = (self.segments.get(number)?, self.bases.get(number)?);
        let within = unit - segment.start;
        match segment.unit_bytes {
            0 => segment.offsets.get(usize::try_from(within).ok()?).copied(),
            bytes if within < segment.duration || segment.duration == 0 => {
                within.checked_mul(bytes)?.checked_add(*base)
            }
            _ => None,
        }
    }

    /// Where the edit units of a stream of one piece stand. Where all of them stand in one value (clip wrapping), stream
    /// offsets count from its first byte; otherwise from the first key.
    pub(super) fn place_of_units(&self, file: &dyn Source, place: Range<u64>) -> Result<Range<u64>> {
        let unit = self.unit_bytes().or_else(|| self.offset(1)?.checked_sub(self.offset(0)?));
        let first = match Klv::read(file, place.start) {
            Ok(first) => first.filter(Klv::is_essence),
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(_) => None,
        };
        Ok(match first.zip(unit) {
            Some((klv, unit)) if klv.value.end - klv.value.start >= unit => klv.value,
            _ => place,
        })
    }

    /// Where these edit units stand in the file; fewer when the index or the stream ends before.
    pub(super) fn spans(&self, units: Range<u64>, stream: &Stream) -> Vec<FrameSpan> {
        let span = |unit: u64| {
            let offset = self.offset(unit)?;
            let end = self.offset(unit + 1).or_else(|| stream.len()).filter(|end| *end > offset)?;
            Some(FrameSpan { offset: stream.place(offset)?, len: end - offset })
        };
        units.map_while(span).collect()
    }
}

/// Where a stream of essence stands in the file: in pieces, one in each of its partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stream {
    /// In order.
    pub(super) pieces: Vec<Piece>,
}

/// A part of a stream that stands in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Of its first byte in the stream.
    pub(super) offset: u64,
    /// Where it stands in the file.
    pub(super) place: Range<u64>,
}

impl Stream {
    /// Where a byte of the stream stands in the file; none beyond its end.
    fn place(&self, offset: u64) -> Option<u64> {
        let after = self.pieces.partition_point(|piece| piece.offset <= offset);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        piece.place.start.checked_add(offset - piece.offset).filter(|place| *place < piece.place.end)
    }

    /// Bytes of the whole stream.
    pub(super) fn len(&self) -> Option<u64> {
        self.pieces.last().and_then(|last| last.offset.checked_add(last.place.end.checked_sub(last.place.start)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(start: u64, offsets: &[u64]) -> Segment {
        Segment { start, duration: offsets.len() as u64, unit_bytes: 0, body_sid: 1, offsets: offsets.to_vec() }
    }

    fn stream(pieces: &[(u64, Range<u64>)]) -> Stream {
        Stream {
            pieces: pieces.iter().map(|(offset, place)| Piece { offset: *offset, place: place.clone() }).collect(),
        }
    }

    #[test]
    fn segments_in_any_order_and_repeated_give_every_unit_once() {
        let index = Index::of(vec![segment(2, &[250, 300]), segment(0, &[0]), segment(0, &[0, 100])], 1);
        let stream = stream(&[(0, 1000..1250), (250, 5000..5150)]);
        let spans = index.spans(0..9, &stream);
        let expected = [(1000, 100), (1100, 150), (5000, 50), (5050, 100)];
        assert_eq!(spans, expected.map(|(offset, len)| FrameSpan { offset, len }));
        assert_eq!(index.count(), 4);
        assert_eq!(Index::of(vec![segment(0, &[0]), segment(2, &[9])], 1).count(), 1);
    }

    #[test]
    fn segments_of_other_sizes_follow_each_other_and_end_with_the_stream() {
        let even =
            |start, duration, unit_bytes| Segment { start, duration, unit_bytes, body_sid: 1, offsets: Vec::new() };
        let index = Index::of(vec![even(3, u64::MAX / 2, 7), even(0, 3, 10)], 1);
        let spans = index.spans(0..u64::MAX, &stream(&[(0, 100..147)]));
        let expected = [(100, 10), (110, 10), (120, 10), (130, 7), (137, 7), (144, 7)];
        assert_eq!(spans, expected.map(|(offset, len)| FrameSpan { offset, len }));
    }

    #[test]
    fn units_of_one_size_take_no_entries() {
        let even = Segment { start: 0, duration: 0, unit_bytes: 10, body_sid: 0, offsets: Vec::new() };
        let index = Index::of(vec![even], 7);
        assert_eq!(index.unit_bytes(), Some(10));
        let spans = index.spans(2..4, &stream(&[(0, 100..200)]));
        assert_eq!(spans, [FrameSpan { offset: 120, len: 10 }, FrameSpan { offset: 130, len: 10 }]);
    }
}
