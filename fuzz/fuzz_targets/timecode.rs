//! Timecodes as text at a rate, and as the bytes of SMPTE ST 12-1.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::timecode::{Rational, Timecode};

fuzz_target!(|input: (&str, &str, [u8; 4], u32, i64)| {
    let (rate, text, bytes, base, frames) = input;
    if let Ok(rate) = rate.parse::<Rational>()
        && let Ok(timecode) = Timecode::parse(text, rate)
    {
        assert_eq!(Timecode::parse(&timecode.to_string(), rate).expect("what we write we read"), timecode);
        assert!(timecode.plus(frames).frame() < timecode.frames_per_day());
    }
    if let Ok(timecode) = Timecode::from_bcd(bytes, base)
        && let Some(bytes) = timecode.to_bcd()
    {
        assert_eq!(Timecode::from_bcd(bytes, base).expect("what we write we read"), timecode);
    }
});
