//! Packed samples to code values.

/// Unpacks one row of `bits`-bit samples, 8, 10, 12, 14 or 16, into code values.
///
/// Samples of 16 bits have the byte order of the file; all others are a stream of bits, most significant first (TIFF
/// 6.0, FillOrder 1). `packed` may hold more than `row` needs; what it lacks stays as it is, so callers check
/// lengths first.
pub(super) fn unpack_row(packed: &[u8], bits: u32, big_endian: bool, row: &mut [u16]) {
    match (bits, big_endian) {
        (8, _) => row.iter_mut().zip(packed).for_each(|(out, &byte)| *out = u16::from(byte)),
        (16, true) => {
            row.iter_mut().zip(packed.chunks_exact(2)).for_each(|(out, b)| *out = u16::from_be_bytes([b[0], b[1]]));
        }
        (16, false) => {
            row.iter_mut().zip(packed.chunks_exact(2)).for_each(|(out, b)| *out = u16::from_le_bytes([b[0], b[1]]));
        }
        (12, _) => {
            let whole = row.len() / 2;
            for (out, b) in row.chunks_exact_mut(2).zip(packed.chunks_exact(3)) {
                let [first, middle, last] = [b[0], b[1], b[2]].map(u16::from);
                out[0] = first << 4 | middle >> 4;
                out[1] = (middle & 15) << 8 | last;
            }
            unpack_bits(packed.get(whole * 3..).unwrap_or_default(), 12, &mut row[whole * 2..]);
        }
        _ => {
            // Four samples of 10 or 14 bits are 5 or 7 bytes: one number of at most 56 bits.
            let (group_bytes, mask) = (bits as usize / 2, (1u64 << bits) - 1);
            let whole = row.len() / 4;
            for (out, group) in row.chunks_exact_mut(4).zip(packed.chunks_exact(group_bytes)) {
                let word = group.iter().fold(0u64, |word, &byte| word << 8 | u64::from(byte));
                for (i, out) in out.iter_mut().enumerate() {
                    *out = (word >> (bits as usize * (3 - i)) & mask) as u16;
                }
            }
            unpack_bits(packed.get(whole * group_bytes..).unwrap_or_default(), bits, &mut row[whole * 4..]);
        }
    }
}

/// The plain definition, for the end of a row: bits from the most significant on.
fn unpack_bits(packed: &[u8], bits: u32, row: &mut [u16]) {
    let (mut word, mut held) = (0u32, 0);
    let mut bytes = packed.iter();
    for out in row {
        while held < bits {
            let Some(&byte) = bytes.next() else { return };
            word = word << 8 | u32::from(byte);
            held += 8;
        }
        held -= bits;
        *out = (word >> held & ((1 << bits) - 1)) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn twelve_bits_are_three_digits_of_hexadecimal() {
        let mut row = [0; 3];
        unpack_row(&[0xab, 0xc1, 0x23, 0xfe, 0xd0], 12, false, &mut row);
        assert_eq!(row, [0xabc, 0x123, 0xfed]);
    }

    #[test]
    fn sixteen_bits_follow_the_byte_order_of_the_file() {
        let mut row = [0; 2];
        unpack_row(&[1, 2, 3, 4], 16, false, &mut row);
        assert_eq!(row, [0x0201, 0x0403]);
        unpack_row(&[1, 2, 3, 4], 16, true, &mut row);
        assert_eq!(row, [0x0102, 0x0304]);
    }

    proptest! {
        #[test]
        fn every_width_and_length_agrees_with_the_plain_definition(
            bits in prop::sample::select(vec![10u32, 12, 14]),
            packed in proptest::collection::vec(any::<u8>(), 0..80),
            cut in 0usize..4,
        ) {
            let len = (packed.len() * 8 / bits as usize).saturating_sub(cut);
            let (mut fast, mut plain) = (vec![0; len], vec![0; len]);
            unpack_row(&packed, bits, true, &mut fast);
            unpack_bits(&packed, bits, &mut plain);
            prop_assert_eq!(fast, plain);
        }

        #[test]
        fn a_row_longer_than_its_bytes_does_not_panic(
            bits in prop::sample::select(vec![8u32, 10, 12, 14, 16]),
            packed in proptest::collection::vec(any::<u8>(), 0..40),
            len in 0usize..80,
        ) {
            unpack_row(&packed, bits, false, &mut vec![0; len]);
        }
    }
}
