//! `aws-chunked`: a body in pieces, each after a line with its length, checksums as trailers behind the last.
//!
//! Chunk signatures are read over, not verified; the request that carries them is.

use std::collections::BTreeMap;

/// Longest line: a length with its signature, or a trailer.
const MAX_LINE: usize = 1024;
/// Most trailers.
const MAX_TRAILERS: usize = 16;

/// Why a body is not `aws-chunked`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum BadChunks {
    /// A line without an end.
    #[error("a line of the chunked body is longer than {MAX_LINE} bytes")]
    LongLine,
    /// A length that is not hexadecimal.
    #[error("`{0}` is not the length of a chunk")]
    Length(String),
    /// Bytes after a chunk that do not end it.
    #[error("a chunk is longer than its length says")]
    Unterminated,
    /// A trailer without a colon, or too many of them.
    #[error("the trailers are not `name: value` lines, {MAX_TRAILERS} at most")]
    Trailer,
    /// Bytes behind the end.
    #[error("the chunked body goes on behind its end")]
    Excess,
    /// The body ended in the middle.
    #[error("the chunked body ends before its last chunk")]
    Short,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the line before a chunk.
    Length,
    /// In a chunk, with this many bytes to come.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd,
    /// In the lines behind the last chunk.
    Trailers,
    /// Behind the empty line.
    Done,
}

/// Decodes a body that arrives piece by piece.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    line: Vec<u8>,
    trailers: BTreeMap<String, String>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { state: State::Length, line: Vec::new(), trailers: BTreeMap::new() }
    }

    /// Hands the data in a piece of the body to `data`, in order.
    pub(super) fn feed(&mut self, mut piece: &[u8], mut data: impl FnMut(&[u8])) -> Result<(), BadChunks> {
        while !piece.is_empty() {
            match self.state {
                State::Data(left) => {
                    let (now, later) = piece.split_at(piece.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
                    data(now);
                    piece = later;
                    let left = left - now.len() as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                }
                State::Done => return Err(BadChunks::Excess),
                State::Length | State::DataEnd | State::Trailers => {
                    let end = piece.iter().position(|&byte| byte == b'\n');
                    let (now, later) = piece.split_at(end.map_or(piece.len(), |end| end + 1));
                    if self.line.len() + now.len() > MAX_LINE {
                        return Err(BadChunks::LongLine);
                    }
                    self.line.extend(now);
                    piece = later;
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        self.state = self.line(line.strip_suffix(b"\r\n").unwrap_or(&line[..line.len() - 1]))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<State, BadChunks> {
        let line = String::from_utf8_lossy(line);
        match self.state {
            State::Length => {
                let length = line.split(';').next().unwrap_or_default().trim();
                let bad = || BadChunks::Length(length.chars().take(40).collect());
                if !length.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(bad());
                }
                let length = u64::from_str_radix(length, 16).map_err(|_| bad())?;
                Ok(if length == 0 { State::Trailers } else { State::Data(length) })
            }
            State::DataEnd if line.is_empty() => Ok(State::Length),
            State::DataEnd => Err(BadChunks::Unterminated),
            _ if line.is_empty() => Ok(State::Done),
            _ => {
                let (name, value) = line.split_once(':').ok_or(BadChunks::Trailer)?;
                self.trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
                if self.trailers.len() > MAX_TRAILERS { Err(BadChunks::Trailer) } else { Ok(State::Trailers) }
            }
        }
    }

    /// The trailers, names in lower case, when the body has come to its end.
    pub(super) fn finish(self) -> Result<BTreeMap<String, String>, BadChunks> {
        // Some senders leave out the empty line behind the trailers.
        match self.state {
            State::Done => Ok(self.trailers),
            State::Trailers if self.line.is_empty() => Ok(self.trailers),
            _ => Err(BadChunks::Short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, BTreeMap<String, String>), BadChunks> {
        let (mut decoder, mut data) = (Decoder::new(), Vec::new());
        for piece in pieces {
            decoder.feed(piece, |bytes| data.extend_from_slice(bytes))?;
        }
        Ok((data, decoder.finish()?))
    }

    /// Shape of the example in the S3 reference, "Signature calculations: trailing headers".
    const BODY: &[u8] =
        b"5;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\nhello\r\n\
        6\r\n world\r\n0;chunk-signature=2ca2\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\
        x-amz-trailer-signature:63bddb24\r\n\r\n";

    #[test]
    fn chunks_signatures_and_trailers_are_told_apart_however_the_body_arrives() {
        let whole = decode(&[BODY]).unwrap();
        assert_eq!(whole.0, b"hello world");
        assert_eq!(whole.1["x-amz-checksum-crc32c"], "sOO8/Q==");
        let bytes: Vec<&[u8]> = BODY.chunks(1).collect();
        assert_eq!(decode(&bytes).unwrap(), whole);
    }

    #[test]
    fn a_body_that_ends_early_or_late_is_refused() {
        assert_eq!(decode(&[b"5\r\nhel"]), Err(BadChunks::Short));
        assert_eq!(decode(&[b"5\r\nhello world\r\n0\r\n\r\n"]), Err(BadChunks::Unterminated));
        assert_eq!(decode(&[b"0\r\n\r\nx"]), Err(BadChunks::Excess));
        assert_eq!(decode(&[b"zz\r\n"]), Err(BadChunks::Length("zz".into())));
        assert_eq!(decode(&[b"11112222333344445\r\n"]), Err(BadChunks::Length("11112222333344445".into())));
        assert_eq!(decode(&[&[b'0'; 2000]]), Err(BadChunks::LongLine));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..60), text in "[0-9a-f;:\r\n]{0,40}") {
            let _ = decode(&[&body, text.as_bytes()]);
        }
    }
}
