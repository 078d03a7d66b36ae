//! The characters of a list, whatever its writer encoded them in.
//!
//! XML 1.0, appendix F: a byte order mark decides; without one the first bytes tell how wide a character is; only among the
//! encodings of single bytes does the declaration have a say. Writers are known that declare UTF-8 and write UTF-16, so the
//! bytes are believed before the declaration.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_16BE, UTF_16LE};

use crate::error::{Error, Result};

/// A declaration is among the first bytes; further in nobody looks for one.
const MAX_DECLARATION: usize = 256;

/// How wide characters are, and in which order their bytes come.
#[derive(Clone, Copy)]
enum Width {
    /// One or more bytes, ASCII as ASCII: UTF-8 and all the old ones.
    Bytes,
    Utf16(&'static Encoding),
    Utf32(fn([u8; 4]) -> u32),
}

/// The text without a byte order mark and without an XML declaration, which after decoding would be wrong.
///
/// # Errors
/// [`Error::Unsupported`] for an encoding that is not known, [`Error::Invalid`] for bytes that are not in the encoding.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let (width, bytes) = width(bytes);
    let text = match width {
        Width::Bytes => narrow(bytes)?,
        Width::Utf16(encoding) => in_encoding(encoding, bytes)?,
        Width::Utf32(number) => Cow::Owned(utf32(bytes, number)?),
    };
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(without_declaration(text)),
        Cow::Owned(text) => Cow::Owned(without_declaration(&text).to_owned()),
    })
}

/// The width, and the bytes after a byte order mark.
fn width(bytes: &[u8]) -> (Width, &[u8]) {
    let little = Width::Utf32(u32::from_le_bytes);
    let big = Width::Utf32(u32::from_be_bytes);
    // The mark of UTF-32 begins like that of UTF-16, so it comes first.
    let marks: [(&[u8], Width); 5] = [
        (&[0xFF, 0xFE, 0, 0], little),
        (&[0, 0, 0xFE, 0xFF], big),
        (&[0xFF, 0xFE], Width::Utf16(UTF_16LE)),
        (&[0xFE, 0xFF], Width::Utf16(UTF_16BE)),
        (&[0xEF, 0xBB, 0xBF], Width::Bytes),
    ];
    for (mark, width) in marks {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return (width, rest);
        }
    }
    let width = match bytes {
        [b'<', 0, 0, 0, ..] => little,
        [0, 0, 0, b'<', ..] => big,
        [b'<', 0, ..] => Width::Utf16(UTF_16LE),
        [0, b'<', ..] => Width::Utf16(UTF_16BE),
        _ => Width::Bytes,
    };
    (width, bytes)
}

/// Text whose ASCII characters are single bytes: UTF-8, unless the declaration says otherwise.
fn narrow(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let utf8 = || {
        let text = std::str::from_utf8(bytes);
        text.map(Cow::Borrowed).map_err(|e| Error::invalid("is not UTF-8").at_offset(e.valid_up_to() as u64))
    };
    let Some(label) = declared(bytes) else { return utf8() };
    let lower = label.to_ascii_lowercase();
    if ["utf-8", "utf8", "us-ascii", "ascii"].contains(&lower.as_str())
        // These bytes are neither.
        || ["utf-16", "utf-32", "ucs-2", "ucs-4", "iso-10646-ucs"].iter().any(|wide| lower.starts_with(wide))
    {
        return utf8();
    }
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding != REPLACEMENT => in_encoding(encoding, bytes),
        _ => Err(Error::unsupported(format!("the text encoding {}", label.escape_debug()))),
    }
}

fn in_encoding<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| Error::invalid(format!("is not {}, though it says so", encoding.name())))
}

fn utf32(bytes: &[u8], number: fn([u8; 4]) -> u32) -> Result<String> {
    let (characters, rest) = bytes.as_chunks::<4>();
    let text = characters.iter().map(|bytes| char::from_u32(number(*bytes))).collect::<Option<String>>();
    text.filter(|_| rest.is_empty()).ok_or_else(|| Error::invalid("is not UTF-32, though it begins so"))
}

/// What the XML declaration calls the encoding.
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(MAX_DECLARATION)];
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    value[1..].split_once(quote).map(|(label, _)| label.trim())
}

/// What follows the declaration, beginning with the end of its line.
fn without_declaration(text: &str) -> &str {
    let Some(inside) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(char::is_whitespace)) else {
        return text;
    };
    inside.split_once("?>").map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "é日" and a character beyond 16 bits; what Python's codecs write for it.
    const WIDE: &str = "<a>\u{e9}\u{65e5}\u{1F3AC}</a>";

    #[test]
    fn every_width_and_byte_order_is_read_with_and_without_a_mark() {
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { WIDE.encode_utf16().flat_map(bytes).collect() };
        let utf32 = |bytes: fn(u32) -> [u8; 4]| -> Vec<u8> { WIDE.chars().flat_map(|c| bytes(c.into())).collect() };
        for (mark, bytes) in [
            (&b"\xEF\xBB\xBF"[..], WIDE.as_bytes().to_vec()),
            (b"\xFF\xFE", utf16(u16::to_le_bytes)),
            (b"\xFE\xFF", utf16(u16::to_be_bytes)),
            (b"\xFF\xFE\0\0", utf32(u32::to_le_bytes)),
            (b"\0\0\xFE\xFF", utf32(u32::to_be_bytes)),
        ] {
            assert_eq!(decode(&bytes).unwrap(), WIDE, "{bytes:?}");
            assert_eq!(decode(&[mark, &bytes].concat()).unwrap(), WIDE, "{mark:?}");
        }
    }

    #[test]
    fn an_old_encoding_is_read_as_the_declaration_names_it() {
        // Bytes as Python's codecs write them.
        for (label, bytes, text) in [
            ("windows-1251", &b"\xf4\xe0\xe9\xeb"[..], "файл"),
            ("WINDOWS-1251", b"\xf4\xe0\xe9\xeb", "файл"),
            ("euc-jp", b"\xc6\xfc\xcb\xdc", "日本"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
            ("euc-kr", b"\xc7\xd1\xb1\xb9", "한국"),
            ("gb2312", b"\xd6\xd0\xb9\xfa", "中国"),
            ("big5", b"\xa4\xa4\xb0\xea", "中國"),
            ("iso-8859-1", b"caf\xe9", "café"),
            ("latin1", b"caf\xe9", "café"),
            ("iso-8859-15", b"\xa4", "€"),
            ("macintosh", b"caf\x8e", "café"),
        ] {
            let head = format!("<?xml version='1.0' encoding='{label}'?>");
            let document = [head.as_bytes(), b"<a>", bytes, b"</a>"].concat();
            assert_eq!(decode(&document).unwrap(), format!("<a>{text}</a>"), "{label}");
        }
    }

    #[test]
    fn the_bytes_are_believed_before_the_declaration() {
        let wide: Vec<u8> =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&wide).unwrap(), "\n<a/>");
        assert_eq!(decode(b"<?xml version='1.0' encoding='UTF-16'?><a/>").unwrap(), "<a/>");
    }

    #[test]
    fn an_unknown_encoding_is_named_and_broken_text_is_refused() {
        let unknown = |label: &str| decode(format!("<?xml encoding=\"{label}\"?>").as_bytes()).unwrap_err();
        assert_eq!(unknown("EBCDIC").to_string(), "the text encoding EBCDIC is not supported");
        // Stateful Korean, which browsers do not decode either.
        assert_eq!(unknown("iso-2022-kr").kind(), "unsupported");
        for bytes in [
            &b"<a>\xff</a>"[..],
            b"<?xml version='1.0' encoding='euc-jp'?><a>\xff</a>",
            // Half a pair of surrogates; half a character.
            b"<\0\x00\xd8",
            b"<\0a",
            // Beyond Unicode; three bytes of four.
            b"<\0\0\0\0\0\x11\0",
            b"<\0\0\0a\0\0",
        ] {
            assert_eq!(decode(bytes).unwrap_err().kind(), "invalid", "{bytes:?}");
        }
    }

    #[test]
    fn without_a_declaration_it_is_utf8_and_lines_keep_their_numbers() {
        assert_eq!(decode("<a>é</a>".as_bytes()).unwrap(), "<a>é</a>");
        assert_eq!(decode(b"<?xml version='1.0'?>\n\n<a/>").unwrap(), "\n\n<a/>");
        assert_eq!(decode(b"<?xml-stylesheet href='x'?><a/>").unwrap(), "<?xml-stylesheet href='x'?><a/>");
        assert_eq!(decode(b"").unwrap(), "");
    }
}
