//! Which frames of a clip an event means.

use std::ops::RangeInclusive;

use platefleet_fleet::{
    order::Span,
    plan::{Frames, IndexedFrame},
};
use platefleet_media::{
    clip::Metadata,
    timecode::{Rational, Timecode},
};

/// The frames of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Places in the frame index, handles included.
    pub(crate) frames: RangeInclusive<usize>,
    /// First and end of the span without handles, in the words of the order: timecodes (the end exclusive) or frames.
    pub(crate) source: (String, String),
    /// Handles that had to be cut.
    pub(crate) warnings: Vec<String>,
}

/// The ends of a span as they were ordered; `None` for a whole clip.
pub(crate) fn as_ordered(span: &Span) -> Option<(String, String)> {
    match span {
        Span::Whole => None,
        Span::Timecode(from, to) => Some((from.clone(), to.clone())),
        Span::Frames(first, last) => Some((first.to_string(), last.to_string())),
    }
}

/// What a clip's timecode counts in, and where it starts.
fn clock(metadata: &Metadata) -> Option<(Rational, Timecode)> {
    let rate = metadata.timecode_rate.as_deref().or(metadata.frame_rate.as_deref())?.parse().ok()?;
    Some((rate, Timecode::parse(metadata.start_timecode.as_deref()?, rate).ok()?))
}

/// Whether a timecode span begins in a clip, as far as its metadata tells; `None` for other spans.
pub(crate) fn begins_in(span: &Span, metadata: &Metadata) -> Option<bool> {
    let Span::Timecode(from, _) = span else { return None };
    let Some((rate, start)) = clock(metadata) else { return Some(false) };
    let offset = Timecode::parse(from, rate).ok().and_then(|from| start.frames_until(from));
    Some(offset.is_some_and(|offset| u64::from(offset) < metadata.frame_count.unwrap_or(0)))
}

/// `A001C001 (10:00:00:00 to 10:00:01:00)`, for people.
pub(crate) fn range_of(metadata: &Metadata) -> String {
    let name = metadata.clip_name.as_deref().unwrap_or("a clip");
    let count = i64::try_from(metadata.frame_count.unwrap_or(0)).unwrap_or(i64::MAX);
    match clock(metadata) {
        Some((_, start)) => format!("{name} ({start} to {})", start.plus(count)),
        None => format!("{name} (without timecode)"),
    }
}

/// The frames that a span with handles means.
///
/// A span must lie inside the clip and have all its frames. Handles are cut where the clip, or the run of frames that are
/// there, ends.
pub(crate) fn select(span: &Span, handles: u32, metadata: &Metadata, index: &Frames) -> Result<Selection, String> {
    let name = metadata.clip_name.as_deref().unwrap_or("the clip");
    let (Some(first), Some(last)) = (index.frames.first(), index.frames.last()) else {
        return Err(format!("clip `{name}` has no frames"));
    };
    let (from, to) = match span {
        Span::Whole => (first.number, last.number),
        Span::Frames(from, to) => (*from, *to),
        Span::Timecode(from, to) => numbers(from, to, first, metadata)?,
    };
    if from < first.number || to > last.number {
        return Err(match span {
            Span::Timecode(a, b) => {
                format!("{a} to {b} is not inside clip `{name}`, which has {}", timecodes(first, last, metadata))
            }
            _ => format!(
                "frames {from} to {to} are not inside clip `{name}`, which has {} to {}",
                first.number, last.number
            ),
        });
    }
    let place = |number: u64| index.frames.binary_search_by_key(&number, |f| f.number).ok();
    let missing = || {
        let mut known = index.frames.iter().map(|f| f.number).skip_while(|n| *n < from);
        (from..=to).find(|n| known.next() != Some(*n)).unwrap_or(from)
    };
    let (mut begin, mut end) = match (place(from), place(to)) {
        (Some(begin), Some(end)) if (end - begin) as u64 == to - from => (begin, end),
        _ => return Err(format!("frame {} of clip `{name}` is missing", missing())),
    };
    let source = match span {
        Span::Whole => whole(first, last, metadata),
        other => as_ordered(other).unwrap_or_default(),
    };
    let follows = |a: usize, b: usize| index.frames[a].number + 1 == index.frames[b].number;
    let (mut head, mut tail) = (0, 0);
    while head < handles && begin > 0 && follows(begin - 1, begin) {
        (begin, head) = (begin - 1, head + 1);
    }
    while tail < handles && end + 1 < index.frames.len() && follows(end, end + 1) {
        (end, tail) = (end + 1, tail + 1);
    }
    let cut = |what: &str, has: u32| {
        (has < handles).then(|| format!("{what} handles are {has} frames instead of {handles}: the clip has no more"))
    };
    let warnings = [cut("head", head), cut("tail", tail)].into_iter().flatten().collect();
    Ok(Selection { frames: begin..=end, source, warnings })
}

/// Frame numbers of a timecode span, the second inclusive.
fn numbers(from: &str, to: &str, first: &IndexedFrame, metadata: &Metadata) -> Result<(u64, u64), String> {
    let name = metadata.clip_name.as_deref().unwrap_or("the clip");
    let (rate, start) =
        clock(metadata).ok_or_else(|| format!("clip `{name}` has no timecode: order it by `frames`"))?;
    let read = |text: &str| Timecode::parse(text, rate).map_err(|e| e.to_string());
    let (a, b) = (read(from)?, read(to)?);
    let counted = || {
        let (it, other) = if start.is_drop() { ("drop-frame", "non-drop") } else { ("non-drop", "drop-frame") };
        format!("clip `{name}` counts {it} timecode, {from} to {to} is {other}")
    };
    let offset = start.frames_until(a).ok_or_else(counted)?;
    let len = a.frames_until(b).ok_or_else(counted)?;
    if len == 0 {
        return Err(format!("{from} to {to} holds no frame: `source_out` is exclusive"));
    }
    let begin = first.number + u64::from(offset);
    Ok((begin, begin + u64::from(len) - 1))
}

fn timecodes(first: &IndexedFrame, last: &IndexedFrame, metadata: &Metadata) -> String {
    let (a, b) = whole(first, last, metadata);
    format!("{a} to {b}")
}

/// The ends of a clip: timecodes (the second exclusive), or frame numbers when it has none.
fn whole(first: &IndexedFrame, last: &IndexedFrame, metadata: &Metadata) -> (String, String) {
    let frames = i64::try_from(last.number - first.number + 1).unwrap_or(i64::MAX);
    match clock(metadata) {
        Some((_, start)) => (start.to_string(), start.plus(frames).to_string()),
        None => (first.number.to_string(), last.number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Frames of a clip that starts at 10:00:00:00, 24 a second, numbered from 100.
    fn clip(numbers: impl IntoIterator<Item = u64>) -> (Metadata, Frames) {
        let frames: Vec<IndexedFrame> =
            numbers.into_iter().map(|number| IndexedFrame { number, file: 0, frame: 0, span: None }).collect();
        let metadata = Metadata {
            clip_name: Some("A001C001".into()),
            frame_rate: Some("24000/1001".into()),
            timecode_rate: Some("24000/1001".into()),
            start_timecode: Some("10:00:00:00".into()),
            frame_count: Some(frames.len() as u64),
            ..Metadata::default()
        };
        (metadata, Frames::of(frames))
    }

    fn timecode(from: &str, to: &str) -> Span {
        Span::Timecode(from.into(), to.into())
    }

    #[test]
    fn a_timecode_span_is_its_frames_with_handles() {
        let (m, index) = clip(100..148);
        let selection = select(&timecode("10:00:00:12", "10:00:01:00"), 8, &m, &index).unwrap();
        // 12 frames from frame 112, and 8 before and after them.
        assert_eq!((selection.frames, selection.warnings), (4..=31, vec![]));
        assert_eq!(selection.source, ("10:00:00:12".into(), "10:00:01:00".into()));
    }

    #[test]
    fn handles_are_cut_at_the_ends_of_the_clip_and_at_missing_frames() {
        let (m, index) = clip((100..110).chain(111..148));
        let selection = select(&Span::Frames(113, 144), 8, &m, &index).unwrap();
        assert_eq!(selection.frames, 10..=46);
        assert_eq!(
            selection.warnings,
            [
                "head handles are 2 frames instead of 8: the clip has no more",
                "tail handles are 3 frames instead of 8: the clip has no more"
            ]
        );
        assert_eq!(select(&Span::Whole, 0, &clip(100..148).0, &clip(100..148).1).unwrap().frames, 0..=47);
    }

    #[test]
    fn what_is_not_in_the_clip_is_refused_with_what_is() {
        let (m, index) = clip((100..110).chain(111..148));
        let refusal = |span: &Span| select(span, 0, &m, &index).unwrap_err();
        for (span, reason) in [
            (Span::Frames(90, 105), "frames 90 to 105 are not inside clip `A001C001`, which has 100 to 147"),
            (Span::Frames(105, 115), "frame 110 of clip `A001C001` is missing"),
            (Span::Whole, "frame 110 of clip `A001C001` is missing"),
            (
                timecode("10:00:01:00", "10:00:02:01"),
                "10:00:01:00 to 10:00:02:01 is not inside clip `A001C001`, which has 10:00:00:00 to 10:00:02:00",
            ),
            (
                timecode("10:00:01:00", "10:00:01:00"),
                "10:00:01:00 to 10:00:01:00 holds no frame: `source_out` is exclusive",
            ),
            (timecode("10:00:00:24", "10:00:01:00"), "timecode 10:00:00:24 does not exist at 24 frames a second"),
        ] {
            assert_eq!(refusal(&span), reason);
        }
    }

    #[test]
    fn a_clip_over_midnight_is_cut_like_any_other() {
        let (m, index) = clip(0..48);
        let m = Metadata { start_timecode: Some("23:59:59:00".into()), ..m };
        let selection = select(&timecode("23:59:59:23", "00:00:00:02"), 0, &m, &index).unwrap();
        assert_eq!(selection.frames, 23..=25);
        assert_eq!(begins_in(&timecode("00:00:00:00", "00:00:00:02"), &m), Some(true));
        assert_eq!(begins_in(&timecode("00:00:01:00", "00:00:01:02"), &m), Some(false));
    }

    proptest! {
        #[test]
        fn a_selection_holds_the_span_and_stays_in_the_clip(from in 0u64..60, len in 1u64..60, handles in 0u32..20) {
            let (m, index) = clip(0..48);
            match select(&Span::Frames(from, from + len - 1), handles, &m, &index) {
                Ok(s) => {
                    let (begin, end) = (*s.frames.start() as u64, *s.frames.end() as u64);
                    prop_assert!(begin <= from && end >= from + len - 1 && end < 48);
                    prop_assert!(from - begin <= u64::from(handles) && end - (from + len - 1) <= u64::from(handles));
                }
                Err(_) => prop_assert!(from + len > 48),
            }
        }

        #[test]
        fn no_timecode_panics(from in "[0-9:;]{0,12}", to in "[0-9:;]{0,12}") {
            let (m, index) = clip(0..48);
            let _ = select(&timecode(&from, &to), 3, &m, &index);
            let _ = begins_in(&timecode(&from, &to), &m);
        }
    }
}
