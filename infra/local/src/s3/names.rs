//! Keys in addresses, listings and notifications.

use std::fmt::Write as _;

/// Percent-encodes all but what is kept; the digits are upper case.
fn encode(text: &str, keep: &[u8], space: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b' ' => out.push_str(space),
            _ if byte.is_ascii_alphanumeric() || keep.contains(&byte) => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

/// A key as notifications and listings of `encoding-type=url` carry it: like a form, slashes kept.
pub(super) fn encode_key(key: &str) -> String {
    encode(key, b"-_.*/", "+")
}

/// `UriEncode` of signature version 4, slashes kept in paths.
pub(super) fn uri_encode(text: &str, path: bool) -> String {
    encode(text, if path { b"-_.~/" } else { b"-_.~" }, "%20")
}

/// Undoes percent-encoding; `None` when a `%` stands before no two hex digits, or the bytes are not UTF-8.
pub(super) fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_encoded_as_in_the_user_guide() {
        // "red flower.jpg becomes red+flower.jpg"
        assert_eq!(encode_key("a/red flower.jpg"), "a/red+flower.jpg");
        assert_eq!(encode_key("é+(1)"), "%C3%A9%2B%281%29");
        assert_eq!(uri_encode("a b/~*", true), "a%20b/~%2A");
        assert_eq!(uri_encode("a/b", false), "a%2Fb");
    }

    proptest! {
        #[test]
        fn a_name_reads_back_from_its_encodings(name in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode_key(&name), true), Some(name.clone()));
            prop_assert_eq!(decode(&uri_encode(&name, false), false), Some(name));
        }

        #[test]
        fn no_text_panics(text in "[%+0-9a-fA-F\\PC]{0,20}") {
            let _ = decode(&text, true);
        }
    }
}
