//! Which frames of a clip become plates, and how those are numbered.

use platefleet_media::{
    camera::{ClipReport, FrameRef},
    timecode::{Rational, Timecode},
};

use crate::{clips::DiskClip, commands::inspect::number_of, failure::Failure};

/// A plate to make.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Number of the plate.
    pub(super) number: u32,
    /// The frame.
    pub(super) frame: FrameRef,
}

/// What was asked for: what is there, and what is not.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) wanted: Vec<Wanted>,
    pub(super) missing: Vec<Failure>,
}

/// `A-B`, or `A` for one frame.
pub(super) fn frame_range(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first.into(), last.into())),
        _ => Err("is not a first and a last frame, like 1001-1024".into()),
    }
}

/// `IN-OUT`.
pub(super) fn timecodes(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('-').ok_or("is not two timecodes, like 10:00:00:00-10:00:01:00")?;
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

/// Every frame.
pub(super) fn all(clip: &DiskClip, report: &ClipReport, first_frame: Option<u32>) -> Result<Selection, Failure> {
    let wanted = numbered(clip, report, first_frame)?.collect::<Result<_, _>>()?;
    Ok(Selection { wanted, missing: Vec::new() })
}

/// Those whose plates have numbers in this range, both ends included.
pub(super) fn by_number(
    clip: &DiskClip,
    report: &ClipReport,
    first_frame: Option<u32>,
    (first, last): (u64, u64),
) -> Result<Selection, Failure> {
    let all = numbered(clip, report, first_frame)?.collect::<Result<Vec<_>, _>>()?;
    let there = (all.first().map_or(0, |w| w.number), all.last().map_or(0, |w| w.number));
    let wanted: Vec<Wanted> = all.into_iter().filter(|w| (first..=last).contains(&u64::from(w.number))).collect();
    let mut missing = Vec::new();
    let mut next = first;
    for number in wanted.iter().map(|w| u64::from(w.number)).chain([last + 1]) {
        if number > next {
            let frames = if number == next + 1 {
                format!("frame {next} is")
            } else {
                format!("frames {next}-{} are", number - 1)
            };
            let problem = format!("{frames} not in the clip, which has {}-{}", there.0, there.1);
            missing.push(Failure { kind: "missing".into(), ..Failure::invalid(problem) }.about(clip.path()));
        }
        next = number + 1;
    }
    Ok(Selection { wanted, missing })
}

/// Those from one timecode up to another one, which is not included.
pub(super) fn by_timecode(
    clip: &DiskClip,
    report: &ClipReport,
    first_frame: Option<u32>,
    (from, to): &(String, String),
) -> Result<Selection, Failure> {
    let metadata = &report.metadata;
    let rate = metadata.timecode_rate.as_deref().or(metadata.frame_rate.as_deref());
    let (Some(rate), Some(start)) = (rate, metadata.start_timecode.as_deref()) else {
        return Err(Failure::invalid("has no timecode").about(clip.path()).hint("select by --frame-range"));
    };
    let rate: Rational = rate.parse()?;
    let start = Timecode::parse(start, rate)?;
    let typed = |text: &str| Timecode::parse(text, rate).map_err(|e| Failure::from(e).typed());
    let (from, to) = (typed(from)?, typed(to)?);
    let (Some(length), Some(_)) = (from.frames_until(to), start.frames_until(from)) else {
        let problem =
            format!("timecodes {from} and {to} are counted differently than the clip's, which starts at {start}");
        return Err(Failure::usage(problem));
    };
    if length == 0 {
        return Err(Failure::usage(format!("OUT is exclusive: {from}-{to} holds no frame")));
    }
    let at = |frame: &FrameRef| frame.timecode.as_deref().and_then(|t| Timecode::parse(t, rate).ok());
    let inside: Vec<(u32, FrameRef)> = report
        .frames()
        .filter_map(|frame| Some((from.frames_until(at(&frame)?)?, frame)))
        .filter(|(step, _)| *step < length)
        .collect();
    let number = |step: u32, frame: &FrameRef| match first_frame {
        Some(first) => plate_number(u64::from(first) + u64::from(step)),
        None => plate_number(number_of(clip, frame.number)),
    };
    let wanted: Vec<Wanted> = inside
        .into_iter()
        .map(|(step, frame)| Ok(Wanted { number: number(step, &frame)?, frame }))
        .collect::<Result<_, Failure>>()?;
    let mut missing = Vec::new();
    if wanted.len() < length as usize {
        let end = report.frames().last().as_ref().and_then(at).map_or(start, |t| t.plus(1));
        let problem = format!(
            "{} of the {length} frames from {from} to {to} are not in the clip, which has {start} to {end}",
            length as usize - wanted.len()
        );
        missing.push(Failure { kind: "missing".into(), ..Failure::invalid(problem) }.about(clip.path()));
    }
    Ok(Selection { wanted, missing })
}

/// The frames with the numbers of their plates. Gaps of a sequence stay gaps.
fn numbered<'a>(
    clip: &'a DiskClip,
    report: &'a ClipReport,
    first_frame: Option<u32>,
) -> Result<impl Iterator<Item = Result<Wanted, Failure>> + 'a, Failure> {
    let begin = report.first_number().unwrap_or(0);
    if report.frame_count() == 0 {
        return Err(Failure::invalid("has no frames").about(clip.path()));
    }
    Ok(report.frames().map(move |frame| {
        let number = match first_frame {
            Some(first) => plate_number(u64::from(first) + (frame.number - begin)),
            None => plate_number(number_of(clip, frame.number)),
        };
        Ok(Wanted { number: number?, frame })
    }))
}

fn plate_number(number: u64) -> Result<u32, Failure> {
    u32::try_from(number).map_err(|_| {
        Failure::unsupported(format!("the frame number {number}")).hint("count anew with --first-frame 1001")
    })
}
