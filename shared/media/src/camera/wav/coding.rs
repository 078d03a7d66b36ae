//! How samples are coded: the names of the numbers and letters that files say.

/// A format whose coding stands further on, in a GUID.
pub(super) const EXTENSIBLE: u16 = 0xfffe;

/// Number in `fmt ` (RFC 2361) -> name.
const WAVE: &[(u16, &str)] = &[
    (1, "PCM"),
    (2, "MS ADPCM"),
    (3, "PCM float"),
    (6, "A-law"),
    (7, "\u{b5}-law"),
    (0x11, "IMA ADPCM"),
    (0x50, "MPEG audio"),
    (0x55, "MP3"),
];

/// Letters in AIFC's `COMM`, lower case -> name.
const AIFC: &[(&[u8], &str)] = &[
    (b"none", "PCM"),
    (b"twos", "PCM"),
    (b"sowt", "PCM"),
    (b"in24", "PCM"),
    (b"in32", "PCM"),
    (b"fl32", "PCM float"),
    (b"fl64", "PCM float"),
    (b"alaw", "A-law"),
    (b"ulaw", "\u{b5}-law"),
    (b"ima4", "IMA ADPCM"),
];

pub(super) fn of_wave(number: u16) -> String {
    let known = WAVE.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("WAVE format {number:#06x}"), |(_, name)| (*name).to_owned())
}

pub(super) fn of_aifc(letters: &[u8]) -> String {
    let known = AIFC.iter().find(|(known, _)| letters.eq_ignore_ascii_case(known));
    known.map_or_else(|| format!("AIFC {}", letters.escape_ascii()), |(_, name)| (*name).to_owned())
}

/// True of a WAVE coding whose block is one sample of every channel.
pub(super) fn is_sample_by_sample(number: u16) -> bool {
    [1, 3, 6, 7].contains(&number)
}
