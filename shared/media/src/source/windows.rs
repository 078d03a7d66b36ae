//! Small reads out of few large ones.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use super::{Source, check};
use crate::error::{Error, Result};

/// Another source, read in windows that are kept: parsers ask for a few bytes here and there, and the source below is
/// asked for few, larger ranges, of which there is a most.
pub struct Windows<'s> {
    inner: &'s dyn Source,
    window: u64,
    max_reads: u32,
    max_bytes: u64,
    state: Mutex<State<'s>>,
}

#[derive(Default)]
struct State<'s> {
    windows: Vec<(u64, Cow<'s, [u8]>)>,
    reads: u32,
    bytes: u64,
}

impl<'s> Windows<'s> {
    /// Reads of `inner` will have `window` bytes or more (less at its end); at most `max_reads` of them, and `max_bytes`
    /// together.
    pub fn new(inner: &'s dyn Source, window: u64, max_reads: u32, max_bytes: u64) -> Self {
        Self { inner, window, max_reads, max_bytes, state: Mutex::default() }
    }

    /// Reads that are left.
    pub fn reads_left(&self) -> u32 {
        self.max_reads - self.state().reads
    }

    /// Bytes that are left.
    pub fn bytes_left(&self) -> u64 {
        self.max_bytes - self.state().bytes
    }

    /// True when reading this range asks nothing of the source below.
    pub fn holds(&self, range: &Range<u64>) -> bool {
        self.state().find(range).is_some()
    }

    /// Makes the bytes known with one read, when they are not: what a parser will ask for piece by piece. The range is cut
    /// at the end of the source.
    ///
    /// # Errors
    /// Those of [`Source::read`].
    pub fn prefetch(&self, range: Range<u64>) -> Result<()> {
        let range = range.start.min(self.len())..range.end.min(self.len());
        let mut state = self.state();
        if state.find(&range).is_none() { self.fetch(&mut state, &range) } else { Ok(()) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<'s>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self, state: &mut State<'s>, range: &Range<u64>) -> Result<()> {
        let end = range.end.max(range.start.saturating_add(self.window)).min(self.len());
        let bytes = end - range.start;
        if state.reads == self.max_reads || state.bytes + bytes > self.max_bytes {
            let (reads, most) = (self.max_reads, self.max_bytes);
            let what = format!("metadata that takes more than {reads} reads or {most} bytes to collect");
            return Err(Error::unsupported(what).at_offset(range.start).in_file(self.name()));
        }
        let window = self.inner.read(range.start..end)?;
        state.reads += 1;
        state.bytes += bytes;
        state.windows.push((range.start, window));
        Ok(())
    }
}

impl State<'_> {
    fn find(&self, range: &Range<u64>) -> Option<&[u8]> {
        if range.is_empty() {
            return Some(&[]);
        }
        self.windows.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(usize::try_from(range.end - range.start).ok()?)?)
        })
    }
}

impl Source for Windows<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn len(&self) -> u64 {
        self.inner.len()
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        check(self.name(), self.len(), &range)?;
        let mut state = self.state();
        if state.find(&range).is_none() {
            self.fetch(&mut state, &range)?;
        }
        Ok(Cow::Owned(state.find(&range).unwrap_or_default().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Counted, Memory};

    #[test]
    fn many_small_reads_cost_one_large_one() {
        let counted = Counted::new(Memory::new("a", (0..=255).collect::<Vec<u8>>()));
        let windows = Windows::new(&counted, 64, 2, 128);
        for at in [0, 3, 40, 60] {
            assert_eq!(&*windows.read(at..at + 4).unwrap(), &[0, 1, 2, 3].map(|n| n + at as u8));
        }
        assert_eq!((counted.reads(), counted.bytes(), windows.reads_left(), windows.bytes_left()), (1, 64, 1, 64));
        windows.prefetch(200..400).unwrap();
        assert!(windows.holds(&(255..256)) && !windows.holds(&(199..201)));
        assert_eq!(windows.read(256..256).unwrap().len(), 0);
        let error = windows.read(100..101).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a: byte 100: metadata that takes more than 2 reads or 128 bytes to collect is not supported"
        );
        assert_eq!(windows.read(250..257).unwrap_err().kind(), "invalid");
    }
}
