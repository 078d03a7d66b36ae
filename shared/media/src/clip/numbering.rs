//! The number that a camera gives a clip: its letter, its reel, the day, and the number itself.
//!
//! | maker | name |
//! |---|---|
//! | ARRI, Sony, Canon | `A001C003_210716_R1AB`, `A001C003_210716GH`, `A001C003_210716XX_CANON` |
//! | Canon, later | `A001C003H210716XX_CANON`, `A_0001C003X210716_101500XX_CANON` |
//! | ARRI ALEXA 35 | `A_0001C003_210716_101500_h1ABC` |
//! | RED | `A001_C003_0716AB`, its parts `A001_C003_0716AB_001` |
//! | Blackmagic | `A001_07161015_C003` |

use std::collections::BTreeSet;

/// Where a clip stands among those that a camera recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClipNumber {
    /// Letter and reel as the name writes them: `A001`, `A_0001`.
    pub reel: String,
    /// The day as the name writes it: `210716`, or `0716` where there is no year; none where the name has no day.
    pub day: Option<String>,
    /// Counts up within a reel.
    pub number: u32,
}

impl ClipNumber {
    /// What the name of a clip says; `None` for a name that no camera of the table gives.
    pub fn of(name: &str) -> Option<Self> {
        let letter = name.chars().next().filter(char::is_ascii_uppercase)?;
        let rest = name.strip_prefix(letter)?;
        let (_, rest) = digits_after(rest, "_", 3..=4).or_else(|| digits_after(rest, "", 3..=4))?;
        let reel = &name[..name.len() - rest.len()];
        let (stamp, rest) = digits_after(rest, "_", 8..=8).map_or((None, rest), |(stamp, rest)| (Some(stamp), rest));
        let apart = rest.starts_with('_');
        let (number, rest) = digits_after(rest.strip_prefix('_').unwrap_or(rest), "C", 3..=4)?;
        // Where the number stands apart from the reel, the day has no year.
        let written = day_after(rest, if apart { 4 } else { 6 });
        let lettered = rest.starts_with(|c: char| c.is_ascii_uppercase()) && !apart && written.is_some();
        if !rest.is_empty() && !rest.starts_with(['_', '.', '-']) && !lettered {
            return None;
        }
        let day = stamp.and_then(|stamp| stamp.get(..4)).or(written);
        Some(Self { reel: reel.to_owned(), day: day.map(str::to_owned), number: number.parse().ok()? })
    }

    /// What clips have to share for their numbers to follow each other: `A001 210716`.
    pub fn series(&self) -> String {
        match &self.day {
            Some(day) => format!("{} {day}", self.reel),
            None => self.reel.clone(),
        }
    }
}

/// So many digits of a day after a mark or a letter. Two characters by chance may follow them, and may be digits.
fn day_after(text: &str, many: usize) -> Option<&str> {
    let text = text.get(1..)?;
    let word = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let day = text.get(..many).filter(|_| [many, many + 2].contains(&word))?;
    day.bytes().all(|b| b.is_ascii_digit()).then_some(day)
}

/// After this text so many digits, all that are there, and what follows them.
fn digits_after<'a>(text: &'a str, before: &str, many: std::ops::RangeInclusive<usize>) -> Option<(&'a str, &'a str)> {
    let text = text.strip_prefix(before)?;
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    many.contains(&count).then(|| text.split_at(count))
}

/// The runs of numbers between the smallest and the largest that are not there: first and last of each.
pub fn number_gaps(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let next = numbers.iter().skip(1);
    numbers.iter().zip(next).filter(|(a, b)| *b - *a > 1).map(|(a, b)| (a + 1, b - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_names_say_reel_day_and_number() {
        for (name, reel, day, number) in [
            ("A001C003_210716_R1AB", "A001", Some("210716"), 3),
            ("B012C101_180327_R1ZA", "B012", Some("180327"), 101),
            ("A_0001C003_210716_101500_h1ABC", "A_0001", Some("210716"), 3),
            ("A001C003_210716GH", "A001", Some("210716"), 3),
            ("A001C003_210716XX_CANON", "A001", Some("210716"), 3),
            ("A001_C003_0716AB", "A001", Some("0716"), 3),
            ("A001_C003_0716AB_002", "A001", Some("0716"), 3),
            ("A001_07161015_C003", "A001", Some("0716"), 3),
            ("A001C003", "A001", None, 3),
            // The two characters by chance are digits.
            ("A001C004_22032472_CANON", "A001", Some("220324"), 4),
            ("A001C001_2607254Y_CANON", "A001", Some("260725"), 1),
            ("A001_C003_071642", "A001", Some("0716"), 3),
            ("A012C001H200529BY_CANON", "A012", Some("200529"), 1),
            ("A_0002C015X250315_235831EJ_CANON", "A_0002", Some("250315"), 15),
            ("A001C003_R1AB", "A001", None, 3),
        ] {
            let expected = ClipNumber { reel: reel.into(), day: day.map(str::to_owned), number };
            assert_eq!(ClipNumber::of(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn other_names_have_no_number() {
        for name in [
            "",
            "A",
            "A001",
            "A001C",
            "a001C003",
            "A1C003",
            "A00001C003",
            "A001C00003",
            "A001C003x",
            "A001C003X",
            "A001C003H2005",
            "C0003",
            "chart",
            "é001C003",
            "A001D003",
            "SHOT_PL01_v001",
            "A001C03_210716",
        ] {
            assert_eq!(ClipNumber::of(name), None, "{name}");
        }
    }

    #[test]
    fn gaps_are_told_between_the_first_and_the_last_number() {
        assert_eq!(number_gaps(&[1, 2, 4, 9, 10].into()), [(3, 3), (5, 8)]);
        assert_eq!(number_gaps(&[7].into()), []);
        assert_eq!(number_gaps(&[0, u32::MAX].into()), [(1, u32::MAX - 1)]);
        assert_eq!(number_gaps(&BTreeSet::new()), []);
    }
}
