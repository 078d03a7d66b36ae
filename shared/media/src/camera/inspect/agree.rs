//! Where a file of a clip contradicts the first one.

use super::start_timecode;
use crate::clip::Metadata;

/// How a file contradicts the first one, which begins `steps` frames before it. `whose` is what it is: `frame`, `part`.
pub(super) fn disagreements(first: &Metadata, other: &Metadata, steps: u64, whose: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut same = |what: &str, first: Option<String>, other: Option<String>| {
        if first != other {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
            problems.push(format!("its {what} is {}, but the first {whose}'s is {}", shown(other), shown(first)));
        }
    };
    same("size", first.resolution.clone(), other.resolution.clone());
    same("bit depth", first.bit_depth.map(|b| b.to_string()), other.bit_depth.map(|b| b.to_string()));
    same("compression", first.compression.clone(), other.compression.clone());
    same("frame rate", first.frame_rate.clone(), other.frame_rate.clone());
    same("reel", first.reel_name.clone(), other.reel_name.clone());
    if let Some(start) = start_timecode(first)
        && first.frame_rate == other.frame_rate
    {
        let expected = start.plus(i64::try_from(steps).unwrap_or(i64::MAX)).to_string();
        let found = other.start_timecode.as_deref().unwrap_or("none");
        // Some cameras write the timecode of the take into every part.
        let of_the_take = whose == "part" && Some(found) == first.start_timecode.as_deref();
        if found != expected && !of_the_take {
            problems.push(format!("its timecode is {found}, but {expected} follows from the first {whose}"));
        }
    }
    problems
}
