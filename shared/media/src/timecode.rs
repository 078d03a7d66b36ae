//! SMPTE ST 12-1 timecode, and the rationals that rates are.
//!
//! A [`Timecode`] counts whole frames since midnight in a base (24, 25, 30, 48, 50, 60 ...). Drop-frame counting leaves
//! out the first two labels (four at base 60) of every minute that is not a multiple of ten; no frame is dropped.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use crate::error::{Error, Result};

/// An exact ratio such as a frame rate, kept as written; 24/1 equals 48/2.
///
/// On the wire and in text it is `n/d`.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rational {
    num: u32,
    den: u32,
}

impl Rational {
    /// `num / den`; none when `den` is 0.
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        if den == 0 { None } else { Some(Self { num, den }) }
    }

    /// The numerator.
    pub const fn num(self) -> u32 {
        self.num
    }

    /// The denominator, never 0.
    pub const fn den(self) -> u32 {
        self.den
    }

    /// The nearest floating-point value.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// In lowest terms, and the decimal spellings of the NTSC rates made exact: 23976/1000 becomes 24000/1001.
    #[must_use]
    pub fn normalised(self) -> Self {
        if let Some(exact) = ntsc(self.as_f64()) {
            return exact;
        }
        let divisor = gcd(self.num, self.den);
        Self { num: self.num / divisor, den: self.den / divisor }
    }

    /// What timecode at this rate counts to in a second: the rate rounded up (24 for 24000/1001).
    ///
    /// None for 0 and above [`Timecode::MAX_BASE`].
    pub fn timecode_base(self) -> Option<u32> {
        let base = self.num.div_ceil(self.den);
        (1..=Timecode::MAX_BASE).contains(&base).then_some(base)
    }

    fn reduced(self) -> (u32, u32) {
        let divisor = gcd(self.num, self.den);
        (self.num / divisor, self.den / divisor)
    }
}

/// The exact rate that a decimal such as 23.976 or 29.97 abbreviates: a multiple of six, times 1000/1001.
fn ntsc(rate: f64) -> Option<Rational> {
    let base = rate.ceil();
    let abbreviates = rate.fract() != 0.0 && base % 6.0 == 0.0 && base <= 960.0;
    // 23.97 (cut) is 0.0060 off, 23.98 (rounded) 0.0040.
    (abbreviates && (base * 1000.0 / 1001.0 - rate).abs() < 0.0065)
        .then(|| Rational { num: base as u32 * 1000, den: 1001 })
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

impl PartialEq for Rational {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rational {}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        (u64::from(self.num) * u64::from(other.den)).cmp(&(u64::from(other.num) * u64::from(self.den)))
    }
}

impl hash::Hash for Rational {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.reduced().hash(state);
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// `24000/1001`, `24`, or a decimal; decimals of the NTSC rates (`23.976`, `23.98`, `29.97`, `59.94`) become exact.
impl FromStr for Rational {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse =
            || Error::invalid(format!("`{}` is not a rate such as 24, 23.976 or 24000/1001", text.escape_debug()));
        let digits = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u32>().ok()).flatten()
        };
        if let Some((num, den)) = text.split_once('/') {
            return digits(num).zip(digits(den)).and_then(|(num, den)| Self::new(num, den)).ok_or_else(refuse);
        }
        let Some((whole, fraction)) = text.split_once('.') else {
            return digits(text).map(|num| Self { num, den: 1 }).ok_or_else(refuse);
        };
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() && text.ends_with('0') {
            return digits(whole).map(|num| Self { num, den: 1 }).ok_or_else(refuse);
        }
        if fraction.len() > 6 {
            return text.parse().ok().and_then(ntsc).ok_or_else(refuse);
        }
        let den = 10u32.pow(fraction.len() as u32);
        let num = digits(whole)
            .zip(digits(fraction))
            .and_then(|(whole, fraction)| whole.checked_mul(den)?.checked_add(fraction))
            .ok_or_else(refuse)?;
        Ok(Self { num, den }.normalised())
    }
}

impl TryFrom<String> for Rational {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Rational> for String {
    fn from(rate: Rational) -> Self {
        rate.to_string()
    }
}

/// A timecode as its four numbers, before anything is known of its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// 0..=23 when valid.
    pub hours: u32,
    /// 0..=59 when valid.
    pub minutes: u32,
    /// 0..=59 when valid.
    pub seconds: u32,
    /// Below the base when valid.
    pub frames: u32,
    /// Second frame of a pair, in binary form at rates above 30.
    pub second_of_pair: bool,
    /// Drop-frame counting.
    pub drop: bool,
}

impl Digits {
    /// From the binary-coded bytes of ST 12-1 as DNG `TimeCodes` orders them: frames, seconds, minutes, hours.
    ///
    /// Bit 6 of the first byte says drop frame, bit 7 of the second marks the second frame of a pair.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a digit is above 9.
    pub fn from_bcd(bytes: [u8; 4]) -> Result<Self> {
        let decimal = |byte: u8, mask: u8| {
            let (tens, ones) = ((byte & mask) >> 4, byte & 0x0f);
            if tens > 9 || ones > 9 {
                return Err(Error::invalid(format!("timecode byte 0x{byte:02x} is not a pair of decimal digits")));
            }
            Ok(u32::from(tens * 10 + ones))
        };
        Ok(Self {
            frames: decimal(bytes[0], 0x3f)?,
            seconds: decimal(bytes[1], 0x7f)?,
            minutes: decimal(bytes[2], 0x7f)?,
            hours: decimal(bytes[3], 0x3f)?,
            drop: bytes[0] & 0x40 != 0,
            second_of_pair: bytes[1] & 0x80 != 0,
        })
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.drop { ';' } else { ':' };
        write!(f, "{:02}:{:02}:{:02}{mark}{:02}", self.hours, self.minutes, self.seconds, self.frames)
    }
}

/// `HH:MM:SS:FF`; `;`, `,` or `.` before the frames says drop frame.
impl FromStr for Digits {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::invalid(format!("`{}` is not a timecode such as 10:11:12:13", text.escape_debug()));
        let mut parts = text.split([':', ';', ',', '.']);
        let mut next = |longest: usize| {
            let part = parts.next().ok_or_else(refuse)?;
            let plain = (2..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if plain { part.parse().map_err(|_| refuse()) } else { Err(refuse()) }
        };
        let (hours, minutes, seconds, frames) = (next(2)?, next(2)?, next(2)?, next(3)?);
        if parts.next().is_some() {
            return Err(refuse());
        }
        let mark = text.rfind([':', ';', ',', '.']).map_or("", |at| &text[at..=at]);
        Ok(Self { hours, minutes, seconds, frames, second_of_pair: false, drop: mark != ":" })
    }
}

/// A frame's label: frames since midnight in a base, and whether labels are dropped.
///
/// It wraps at 24 hours, as the tape did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timecode {
    frame: u32,
    base: u32,
    drop: bool,
}

impl Timecode {
    /// The largest base that is read.
    pub const MAX_BASE: u32 = 960;

    /// The frame that is `frame` after midnight (before it, when negative), modulo a day.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the base is 0, above [`Timecode::MAX_BASE`], or not a multiple of 30 with drop.
    pub fn from_frame(frame: i64, base: u32, drop: bool) -> Result<Self> {
        if base == 0 || base > Self::MAX_BASE {
            return Err(Error::invalid(format!("timecode base {base} is not in 1..={}", Self::MAX_BASE)));
        }
        if drop && !base.is_multiple_of(30) {
            return Err(Error::invalid(format!("drop-frame timecode is counted in 30 or 60, not in {base}")));
        }
        let midnight = Self { frame: 0, base, drop };
        Ok(midnight.plus(frame))
    }

    /// A label in this base.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a number is out of range or the label is one that drop-frame counting leaves out.
    pub fn from_digits(digits: Digits, base: u32) -> Result<Self> {
        let Digits { hours, minutes, seconds, frames, drop, .. } = digits;
        let midnight = Self::from_frame(0, base, drop)?;
        if hours > 23 || minutes > 59 || seconds > 59 || frames >= base {
            return Err(Error::invalid(format!("timecode {digits} does not exist at {base} frames a second")));
        }
        let total_minutes = hours * 60 + minutes;
        let left_out = midnight.left_out();
        if drop && seconds == 0 && frames < left_out && minutes % 10 != 0 {
            return Err(Error::invalid(format!("timecode {digits} is left out by drop-frame counting")));
        }
        let label = (total_minutes * 60 + seconds) * base + frames;
        Ok(Self { frame: label - left_out * (total_minutes - total_minutes / 10), ..midnight })
    }

    /// Reads `HH:MM:SS:FF` (or `;` before the frames for drop frame) at a rate.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no timecode, or none of this rate.
    pub fn parse(text: &str, rate: Rational) -> Result<Self> {
        let base = rate.timecode_base().ok_or_else(|| Error::invalid(format!("no timecode counts at rate {rate}")))?;
        Self::from_digits(text.parse()?, base)
    }

    /// Frames since midnight.
    pub const fn frame(self) -> u32 {
        self.frame
    }

    /// Frames that a second of labels has.
    pub const fn base(self) -> u32 {
        self.base
    }

    /// True when labels are dropped.
    pub const fn is_drop(self) -> bool {
        self.drop
    }

    /// Frames in 24 hours of labels.
    pub const fn frames_per_day(self) -> u32 {
        24 * 3600 * self.base - self.left_out() * (24 * 60 - 24 * 6)
    }

    /// Labels left out in each minute that is not a multiple of ten: 2 at base 30, 4 at 60.
    const fn left_out(self) -> u32 {
        if self.drop { self.base / 15 } else { 0 }
    }

    /// So many frames later, or earlier when negative; past midnight it starts again.
    #[must_use]
    pub fn plus(self, frames: i64) -> Self {
        let day = i64::from(self.frames_per_day());
        Self { frame: ((i64::from(self.frame) + frames % day).rem_euclid(day)) as u32, ..self }
    }

    /// Frames from here forward to `later`, over midnight if need be: 0 for itself, always less than a day.
    ///
    /// None when the two are counted differently.
    pub fn frames_until(self, later: Self) -> Option<u32> {
        let day = self.frames_per_day();
        (self.base == later.base && self.drop == later.drop)
            .then(|| if later.frame >= self.frame { later.frame - self.frame } else { day - self.frame + later.frame })
    }

    /// The four numbers of the label.
    pub const fn digits(self) -> Digits {
        let (base, left_out) = (self.base, self.left_out());
        let ten_minutes = 600 * base - 9 * left_out;
        let (tens, rest) = (self.frame / ten_minutes, self.frame % ten_minutes);
        // In each block of ten minutes the first minute is whole; the nine after it lack `left_out` labels.
        let dropped_minutes = if rest < 60 * base { 0 } else { 1 + (rest - 60 * base) / (60 * base - left_out) };
        let label = self.frame + left_out * (tens * 9 + dropped_minutes);
        let seconds = label / base;
        Digits {
            hours: seconds / 3600,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
            frames: label % base,
            second_of_pair: false,
            drop: self.drop,
        }
    }

    /// The binary-coded bytes of ST 12-1 in the order of DNG `TimeCodes`: frames, seconds, minutes, hours.
    ///
    /// The frame field ends at 39, so rates above 30 count pairs there and mark the second frame of a pair with bit 7
    /// of the seconds (ST 12-1, 50 and 60 frames a second). None above base 60, which the form cannot hold.
    pub fn to_bcd(self) -> Option<[u8; 4]> {
        let Digits { hours, minutes, seconds, frames, .. } = self.digits();
        let (frames, second) = if self.base > 30 { (frames / 2, frames % 2) } else { (frames, 0) };
        let bcd = |n: u32| (((n / 10) << 4) | (n % 10)) as u8;
        let drop = if self.drop { 0x40 } else { 0 };
        (self.base <= 60).then(|| [bcd(frames) | drop, bcd(seconds) | (second as u8) << 7, bcd(minutes), bcd(hours)])
    }

    /// Reads what [`Timecode::to_bcd`] writes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no timecode of this base.
    pub fn from_bcd(bytes: [u8; 4], base: u32) -> Result<Self> {
        let mut digits = Digits::from_bcd(bytes)?;
        if base > 30 {
            digits.frames = digits.frames * 2 + u32::from(digits.second_of_pair);
        }
        Self::from_digits(digits, base)
    }

    /// The eight bytes of a DNG `TimeCodes` entry, user bits 0. None above base 60.
    pub fn to_dng(self) -> Option<[u8; 8]> {
        self.to_bcd().map(|[frames, seconds, minutes, hours]| [frames, seconds, minutes, hours, 0, 0, 0, 0])
    }

    /// The first number of an OpenEXR `timeCode` attribute, `0xHHMMSSFF` in the packing OpenEXR calls TV60 (bit 6 drop
    /// frame, bit 15 second frame of a pair); the second number holds the user bits. None above base 60.
    pub fn to_exr(self) -> Option<u32> {
        self.to_bcd().map(u32::from_le_bytes)
    }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        rates: Vec<Counting>,
    }

    #[derive(serde::Deserialize)]
    struct Counting {
        rate: Rational,
        nominal: u32,
        drop: bool,
        frames_per_day: u32,
        frame_to_timecode: Vec<(u32, String)>,
        invalid: Vec<String>,
    }

    #[test]
    fn every_label_of_the_reference_table_is_counted_and_written_alike() {
        let vectors: Vectors = serde_json::from_str(include_str!("../testdata/timecode/timecode.json")).unwrap();
        let mut seen = 0;
        for counting in vectors.rates {
            assert_eq!(counting.rate.timecode_base(), Some(counting.nominal));
            for (frame, label) in counting.frame_to_timecode {
                let timecode = Timecode::from_frame(i64::from(frame), counting.nominal, counting.drop).unwrap();
                assert_eq!(timecode.to_string(), label);
                assert_eq!(Timecode::parse(&label, counting.rate).unwrap().frame(), frame, "{label}");
                assert_eq!(timecode.frames_per_day(), counting.frames_per_day);
                seen += 1;
            }
            for label in counting.invalid {
                assert!(Timecode::parse(&label, counting.rate).is_err(), "{label} at {}", counting.rate);
            }
        }
        assert_eq!(seen, 469);
    }

    #[test]
    fn the_last_frame_of_the_day_is_followed_by_midnight() {
        let last = Timecode::parse("23:59:59;29", Rational { num: 30000, den: 1001 }).unwrap();
        assert_eq!(last.plus(1).to_string(), "00:00:00;00");
        assert_eq!(last.plus(1).plus(-1), last);
        assert_eq!(last.frames_until(last.plus(10)), Some(10));
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, exact) in [
            ("24", "24/1"),
            ("24.000", "24/1"),
            ("24/1", "24/1"),
            ("23.976", "24000/1001"),
            ("23.98", "24000/1001"),
            ("23.97", "24000/1001"),
            ("23.976023976", "24000/1001"),
            ("29.97", "30000/1001"),
            ("47.952", "48000/1001"),
            ("59.94", "60000/1001"),
            ("119.88", "120000/1001"),
            ("12.5", "25/2"),
            ("30000/1001", "30000/1001"),
        ] {
            assert_eq!(text.parse::<Rational>().unwrap().to_string(), exact, "{text}");
        }
        for text in ["", "24/0", "-24", "1e3", "24fps", "24/", "/1", "23.", ".5", "4294967296", "+24"] {
            assert!(text.parse::<Rational>().is_err(), "{text}");
        }
        assert_eq!(Rational::new(23976, 1000).unwrap().normalised().to_string(), "24000/1001");
        assert_eq!(Rational::new(48, 2), Rational::new(24, 1));
    }

    #[test]
    fn the_bytes_of_dng_and_exr_agree_with_their_specifications() {
        // OpenEXR's documentation example: bytes 23 55 24 19 are 19:24:55:23.
        let timecode = Timecode::parse("19:24:55:23", Rational { num: 24, den: 1 }).unwrap();
        assert_eq!(timecode.to_exr(), Some(0x1924_5523));
        assert_eq!(timecode.to_dng(), Some([0x23, 0x55, 0x24, 0x19, 0, 0, 0, 0]));
        let drop = Timecode::parse("01:00:01;29", Rational { num: 30000, den: 1001 }).unwrap();
        assert_eq!(drop.to_bcd(), Some([0x69, 0x01, 0x00, 0x01]));
        let pair = Timecode::parse("00:00:00:59", Rational { num: 60, den: 1 }).unwrap();
        assert_eq!(pair.to_bcd(), Some([0x29, 0x80, 0x00, 0x00]));
        assert!(Digits::from_bcd([0x1a, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn labels_bytes_and_counts_round_trip(
            frame in 0i64..10_000_000,
            (base, drop) in prop::sample::select(vec![(24, false), (25, false), (30, false), (30, true), (48, false), (50, false), (60, false), (60, true)]),
            step in -10_000_000i64..10_000_000,
        ) {
            let timecode = Timecode::from_frame(frame, base, drop).unwrap();
            let digits: Digits = timecode.to_string().parse().unwrap();
            prop_assert_eq!(Timecode::from_digits(digits, base).unwrap(), timecode);
            prop_assert_eq!(Timecode::from_bcd(timecode.to_bcd().unwrap(), base).unwrap(), timecode);
            prop_assert_eq!(timecode.plus(step).plus(-step), timecode);
            let ahead = timecode.frames_until(timecode.plus(step)).unwrap();
            prop_assert_eq!(i64::from(ahead), step.rem_euclid(i64::from(timecode.frames_per_day())));
        }

        #[test]
        fn no_text_or_bytes_panic(text in "\\PC{0,14}", likely in "[0-9:;.,/]{0,14}", bytes: [u8; 4], base in 0u32..2000) {
            for text in [text, likely] {
                let _ = text.parse::<Digits>();
                if let Ok(rate) = text.parse::<Rational>() {
                    prop_assert_eq!(rate.to_string().parse::<Rational>().unwrap(), rate);
                    let _ = Timecode::parse("10:11:12:13", rate);
                }
            }
            let _ = Timecode::from_bcd(bytes, base);
        }
    }
}
