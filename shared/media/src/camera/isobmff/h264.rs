//! The sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1 and Annex E), which stands in `avcC`.

/// What a sequence parameter set says of its pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SequenceParameters {
    /// `chroma_format_idc`, 0 to 3.
    pub(super) chroma: u8,
    /// Bits of a sample of luma.
    pub(super) bit_depth: u32,
    /// True when no picture is coded in fields, nor in part.
    pub(super) frames_only: bool,
    pub(super) full_range: Option<bool>,
    /// Primaries, transfer and matrix, by the numbers of ITU-T H.273.
    pub(super) colour: Option<[u64; 3]>,
}

/// Profiles whose sets say chroma and bits.
const HIGH: [u8; 13] = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];
/// Sample aspect ratio written out.
const EXTENDED_SAR: u32 = 255;
/// Most frames of a cycle of picture order counts.
const MAX_CYCLE: u32 = 255;

impl SequenceParameters {
    /// Reads a NAL unit; `None` when it is none of this kind, or ends too early.
    pub(super) fn read(unit: &[u8]) -> Option<Self> {
        let (&header, payload) = unit.split_first()?;
        if header & 0x1f != 7 {
            return None;
        }
        let payload = unescaped(payload);
        let mut bits = Bits { bytes: &payload, at: 0 };
        let profile = bits.read(8)? as u8;
        bits.read(16)?;
        bits.unsigned()?;
        let (mut chroma, mut luma_bits) = (1, 8);
        if HIGH.contains(&profile) {
            chroma = bits.unsigned().filter(|format| *format <= 3)?;
            if chroma == 3 {
                bits.read(1)?;
            }
            luma_bits = bits.unsigned().filter(|more| *more <= 6)? + 8;
            bits.unsigned()?;
            bits.read(1)?;
            if bits.flag()? {
                for list in 0..if chroma == 3 { 12 } else { 8 } {
                    if bits.flag()? {
                        bits.skip_scaling_list(if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.unsigned()?;
        match bits.unsigned()? {
            0 => _ = bits.unsigned()?,
            1 => {
                bits.read(1)?;
                bits.signed()?;
                bits.signed()?;
                for _ in 0..bits.unsigned().filter(|cycle| *cycle <= MAX_CYCLE)? {
                    bits.signed()?;
                }
            }
            _ => {}
        }
        bits.unsigned()?;
        bits.read(1)?;
        bits.unsigned()?;
        bits.unsigned()?;
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.read(1)?;
        }
        bits.read(1)?;
        if bits.flag()? {
            for _edge in 0..4 {
                bits.unsigned()?;
            }
        }
        let mut said = Self { chroma: chroma as u8, bit_depth: luma_bits, frames_only, full_range: None, colour: None };
        if bits.flag()? {
            said.usability(&mut bits)?;
        }
        Some(said)
    }

    /// Video usability information, as far as colour.
    fn usability(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        if bits.flag()? && bits.read(8)? == EXTENDED_SAR {
            bits.read(32)?;
        }
        if bits.flag()? {
            bits.read(1)?;
        }
        if bits.flag()? {
            bits.read(3)?;
            self.full_range = Some(bits.flag()?);
            if bits.flag()? {
                self.colour = Some([bits.read(8)?.into(), bits.read(8)?.into(), bits.read(8)?.into()]);
            }
        }
        Some(())
    }
}

/// Without the bytes that keep a payload from looking like the start of a unit (7.4.1).
fn unescaped(payload: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// At most 32 bits, the first one the highest.
    fn read(&mut self, count: u32) -> Option<u32> {
        let mut number = 0u64;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            number = number << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        u32::try_from(number).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    /// Exponential Golomb code (9.1).
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.read(zeros)?)
    }

    /// The same with a sign (9.1.1).
    fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 })
    }

    fn skip_scaling_list(&mut self, size: u32) -> Option<()> {
        let (mut last, mut next) = (8i64, 8i64);
        for _ in 0..size {
            if next != 0 {
                next = (last + self.signed()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// Sets that x264 wrote for pictures that were asked for by the last words; ffprobe 5.1 says the same of them.
    #[test]
    fn what_an_encoder_was_told_is_read_back() {
        let bt709 = Some([1, 1, 1]);
        for (unit, chroma, bit_depth, frames_only, full_range, colour) in [
            // 1280x720, yuv422p10le, BT.709, limited range.
            ("677a001fb6cd9405005bb016a020202800001f480007530078c18cb0", 2, 10, true, Some(false), bt709),
            // 1280x720, yuv420p.
            ("67640020acd9405005bb0110000003001000000640f1831960", 1, 8, true, None, None),
            // 1920x1080, yuv420p, interlaced.
            ("67640028acd94078044fde0220000003002000000643e2c5b2c0", 1, 8, false, None, None),
            // 1440x1080, yuv420p, pixels of 4:3.
            ("67640028acd9405a0227e5c384000003000400000300c83c60c658", 1, 8, true, None, None),
        ] {
            let expected = SequenceParameters { chroma, bit_depth, frames_only, full_range, colour };
            assert_eq!(SequenceParameters::read(&bytes(unit)), Some(expected), "{unit}");
        }
    }

    #[test]
    fn what_is_no_set_or_ends_early_says_nothing() {
        let unit = bytes("67640020acd9405005bb0110000003001000000640f1831960");
        assert_eq!(SequenceParameters::read(&[]), None);
        assert_eq!(SequenceParameters::read(&[&[0x68], &unit[1..]].concat()), None, "a picture parameter set");
        for len in 0..10 {
            assert_eq!(SequenceParameters::read(&unit[..len]), None, "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(unit in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..2) {
            let unit = [vec![if kind == 0 { 0x67 } else { 0x27 }], unit].concat();
            let _ = SequenceParameters::read(&unit);
        }
    }
}
