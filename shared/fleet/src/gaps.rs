//! Clips that were never uploaded: gaps in the numbers that a camera gave on one day, over all rolls of a production. A gap
//! is a notice and no failure: a clip that was deleted in the camera leaves one too.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_media::clip::{self, ClipNumber, Role, number_gaps};

use crate::state::{FileRow, Finding};

/// Clip numbers by series: reel and day, such as `A001 210716`.
pub type Takes = BTreeMap<String, BTreeSet<u32>>;

/// Most numbers that a roll keeps: no card holds as many clips.
const MAX_TAKES: usize = 10_000;

/// The numbers of the camera originals among these files, which are expected or there.
pub fn takes_of(files: &[FileRow]) -> Takes {
    let mut takes = Takes::new();
    let mut count = 0;
    for file in files {
        let key = clip::key_of(&file.path);
        let Some(number) = ClipNumber::of(key.clip_name()).filter(|_| key.role == Role::Original) else { continue };
        if count < MAX_TAKES && takes.entry(number.series()).or_default().insert(number.number) {
            count += 1;
        }
    }
    takes
}

/// A notice for each gap in the series of a roll that no roll of its production closes.
pub fn notices<'a>(own: &Takes, production: impl IntoIterator<Item = &'a Takes>) -> Vec<Finding> {
    let mut all = own.clone();
    for other in production {
        for (series, numbers) in &mut all {
            numbers.extend(other.get(series).into_iter().flatten());
        }
    }
    all.iter().flat_map(|(series, numbers)| number_gaps(numbers).into_iter().map(|gap| notice(series, gap))).collect()
}

fn notice(series: &str, (first, last): (u32, u32)) -> Finding {
    let (reel, day) =
        series.split_once(' ').map_or((series, String::new()), |(reel, day)| (reel, format!(" of {day}")));
    let name = |number: u32| format!("{reel}C{number:03}");
    let which = if first == last { name(first) } else { format!("{} to {}", name(first), name(last)) };
    let detail = format!(
        "{}{day} and {} are there, and nothing between them: look on the card, or for a clip that was deleted",
        name(first - 1),
        name(last + 1)
    );
    Finding::new("clip-gap", which, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RollId;
    use platefleet_media::path::RelativePath;

    fn takes(paths: &[&str]) -> Takes {
        let roll = RollId::parse("p/A001").unwrap();
        let file = |path: &&str| {
            let path = RelativePath::new(*path).unwrap();
            FileRow::new(roll.clone(), path, String::new())
        };
        takes_of(&paths.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn a_gap_names_the_clip_and_its_neighbours() {
        let own = takes(&[
            "A001C001_210716_R1AB.mxf",
            "A001C002_210716_R1AB/A001C002_210716_R1AB.0001001.ari",
            "A001C002_210716_R1AB/A001C002_210716_R1AB.0001002.ari",
            "A001C004_210716_R1AB.mxf",
            "Proxy/A001C003_210716_R1AB.mov",
            "A001C009.txt",
        ]);
        let detail = "A001C002 of 210716 and A001C004 are there, and nothing between them: look on the card, or for a clip \
                      that was deleted";
        assert_eq!(notices(&own, []), [Finding::new("clip-gap", "A001C003", detail)]);
    }

    #[test]
    fn a_reel_that_was_split_over_two_rolls_has_no_gap() {
        let (one, two) = (takes(&["A001_C001_0716AB.R3D", "A001_C004_0716XY.R3D"]), takes(&["A001_C002_0716AB.R3D"]));
        let found = |own: &Takes, all: &[&Takes]| -> Vec<String> {
            notices(own, all.iter().copied()).into_iter().map(|notice| notice.path).collect()
        };
        assert_eq!(found(&one, &[&one, &two]), ["A001C003"]);
        assert_eq!(found(&one, &[]), ["A001C002 to A001C003"]);
        assert_eq!(found(&two, &[&two]), [""; 0]);
    }

    #[test]
    fn another_day_another_reel_and_another_camera_are_other_series() {
        for other in ["A001C003_210717_R1AB.mxf", "A002C003_210716_R1AB.mxf", "B001C003_210716_R1AB.mxf"] {
            let own = takes(&["A001C001_210716_R1AB.mxf", other]);
            assert_eq!(notices(&own, []), [], "{other}");
        }
    }
}
