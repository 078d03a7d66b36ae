//! The text of a document, through a window that moves: what was read is forgotten, so that a manifest of a million records
//! needs the memory of one.

use crate::{
    error::{Error, Location, Result},
    source::Source,
};

/// A manifest of a million files with six digests each has about 1 GB; larger ones are no footage of one roll.
const MAX_BYTES: u64 = 4 << 30;
/// Bytes between two marks: one record with all that is in it.
const MAX_RECORD_BYTES: usize = 16 << 20;
/// Bytes asked of the source at a time.
const PIECE: u64 = 256 << 10;

/// UTF-8 text from a mark on, and some before it.
pub(super) struct Text<'a> {
    source: &'a dyn Source,
    window: String,
    /// Bytes of a character of which the rest was not read yet.
    cut: Vec<u8>,
    /// Where the next piece of the source begins.
    offset: u64,
    /// What comes next, in the window.
    at: usize,
    /// The line of `counted`, a place in the window; from 1.
    line: u64,
    counted: usize,
    /// The mark, in the window.
    mark: usize,
    /// The line at the mark.
    marked: u64,
}

impl<'a> Text<'a> {
    /// Begins to read a text.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is too long, [`Error::Unsupported`] when it is UTF-16; those of the source.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self> {
        let (name, length) = (source.name(), source.len());
        if length > MAX_BYTES {
            return Err(Error::invalid(format!("has {length} bytes; the limit is {MAX_BYTES}")).in_file(name));
        }
        let head = source.head(PIECE)?;
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(Error::unsupported("a text encoding other than UTF-8").in_file(name));
        }
        let offset = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let (window, cut) = (String::new(), Vec::new());
        Ok(Self { source, window, cut, offset, at: 0, line: 1, counted: 0, mark: 0, marked: 1 })
    }

    pub(super) fn name(&self) -> &str {
        self.source.name()
    }

    /// What was read and not passed.
    pub(super) fn ahead(&self) -> &str {
        &self.window[self.at..]
    }

    /// Whether nothing follows what is ahead.
    pub(super) fn is_all(&self) -> bool {
        self.offset >= self.source.len()
    }

    /// Passes over so many bytes of what is ahead.
    pub(super) fn pass(&mut self, length: usize) {
        self.at += length;
    }

    /// What was passed may be forgotten.
    pub(super) fn mark(&mut self) {
        (self.marked, self.mark) = (self.line(), self.at);
    }

    /// Goes back to the mark.
    pub(super) fn rewind(&mut self) {
        (self.at, self.counted, self.line) = (self.mark, self.mark, self.marked);
    }

    /// The line of what comes next, from 1.
    pub(super) fn line(&mut self) -> u64 {
        self.line += self.window[self.counted..self.at].matches('\n').count() as u64;
        self.counted = self.at;
        self.line
    }

    /// Reads the next piece of the source. Nothing that can be seen has changed when it fails. Only here is forgotten what was
    /// passed: to move the window with every record costs more than to read it.
    pub(super) fn extend(&mut self) -> Result<()> {
        let done = self.mark;
        self.window.drain(..done);
        (self.at, self.counted, self.mark) = (self.at - done, self.counted - done, 0);
        if self.window.len() > MAX_RECORD_BYTES {
            return Err(self.invalid(format!("more than {MAX_RECORD_BYTES} bytes within one record")));
        }
        // What was cut is looked at again from its start: pieces that grow with it keep that in proportion.
        let length = self.window.len();
        let piece = PIECE.max(length.min(MAX_RECORD_BYTES + 1 - length) as u64);
        let end = self.source.len().min(self.offset + piece);
        let before = self.offset - self.cut.len() as u64;
        self.cut.extend_from_slice(&self.source.read(self.offset..end)?);
        self.offset = end;
        let is_last = end == self.source.len();
        let valid = match std::str::from_utf8(&self.cut) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() && !is_last => error.valid_up_to(),
            Err(error) => {
                let place = before + error.valid_up_to() as u64;
                return Err(Error::invalid("is not UTF-8").at_offset(place).in_file(self.name()));
            }
        };
        let rest = self.cut.split_off(valid);
        self.window.push_str(&String::from_utf8(std::mem::replace(&mut self.cut, rest)).unwrap_or_default());
        Ok(())
    }

    /// An error at what comes next.
    pub(super) fn invalid(&mut self, problem: impl Into<String>) -> Error {
        let line = self.line();
        Error::invalid(problem).at(&Location::line(line)).in_file(self.name())
    }
}
