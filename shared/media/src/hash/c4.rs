//! C4 IDs: a SHA-512 as text (SMPTE ST 2114).
//!
//! The digest is one big number, written in base 58 and padded on the left with the digit 0, which is `1`. Common base 58
//! codecs pad one digit for each leading zero byte instead, so they cannot be used here.

/// Digits after the `c4` in front.
const DIGITS: usize = 88;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The C4 ID of this SHA-512.
pub(super) fn encode(sha512: &[u8; 64]) -> String {
    let mut number = *sha512;
    let mut text = [b'1'; DIGITS + 2];
    text[..2].copy_from_slice(b"c4");
    for digit in text[2..].iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = (value / 58) as u8;
            remainder = value % 58;
        }
        *digit = ALPHABET[remainder as usize];
    }
    text.iter().copied().map(char::from).collect()
}

/// The SHA-512 of this C4 ID; `None` when it is none.
pub(super) fn decode(text: &str) -> Option<[u8; 64]> {
    let digits = text.strip_prefix("c4").filter(|digits| digits.len() == DIGITS)?;
    let mut number = [0u8; 64];
    for digit in digits.bytes() {
        let mut carry = ALPHABET.iter().position(|&known| known == digit)? as u32;
        for byte in number.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        // 58^88 is more than 2^512: not every text of the right length is a digest.
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decoding_undoes_encoding(low in any::<[u8; 32]>(), high in any::<[u8; 32]>()) {
            let mut sha512 = [0; 64];
            sha512[..32].copy_from_slice(&high);
            sha512[32..].copy_from_slice(&low);
            prop_assert_eq!(decode(&encode(&sha512)), Some(sha512));
        }
    }

    #[test]
    fn the_smallest_number_is_padded_with_ones_and_the_largest_fits() {
        assert_eq!(encode(&[0; 64]), format!("c4{}", "1".repeat(88)));
        assert_eq!(decode(&encode(&[255; 64])), Some([255; 64]));
    }

    #[test]
    fn a_number_beyond_512_bits_and_letters_outside_the_alphabet_are_refused() {
        assert_eq!(decode(&format!("c4{}", "z".repeat(88))), None);
        assert_eq!(decode(&format!("c4{}0", "1".repeat(87))), None);
        assert_eq!(decode(&format!("c4{}", "1".repeat(87))), None);
    }
}
