//! Files that are mostly nothing.

use std::{borrow::Cow, ops::Range};

use super::{Source, check};
use crate::error::Result;

/// A file of any length of which a few pieces are known and the rest is zeros: a clip of 100 GB in a few kilobytes.
pub struct Sparse {
    name: String,
    len: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Sparse {
    /// A file of `len` zeros.
    pub fn new(name: impl Into<String>, len: u64) -> Self {
        Self { name: name.into(), len, pieces: Vec::new() }
    }

    /// Puts bytes at an offset, over what is there. Bytes beyond the end are never read.
    #[must_use]
    pub fn with(mut self, offset: u64, bytes: impl Into<Vec<u8>>) -> Self {
        self.pieces.push((offset, bytes.into()));
        self
    }
}

impl Source for Sparse {
    fn name(&self) -> &str {
        &self.name
    }
    fn len(&self) -> u64 {
        self.len
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let len = check(&self.name, self.len, &range)?.len();
        let mut bytes = vec![0; len];
        for (offset, piece) in &self.pieces {
            let (start, end) = (range.start.max(*offset), range.end.min(offset + piece.len() as u64));
            if start < end {
                let from = (start - offset) as usize..(end - offset) as usize;
                bytes[(start - range.start) as usize..(end - range.start) as usize].copy_from_slice(&piece[from]);
            }
        }
        Ok(Cow::Owned(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_stand_in_zeros() {
        let file = Sparse::new("big.mov", 100 << 30).with(10, *b"abc").with(99 << 30, *b"moov");
        assert_eq!(&*file.read(8..14).unwrap(), b"\0\0abc\0");
        assert_eq!(&*file.read((99 << 30) + 2..(99 << 30) + 5).unwrap(), b"ov\0");
        assert!(file.read(0..(100 << 30) + 1).is_err());
    }
}
