//! Where frames stand: the list (`RDVO`) that the end of a file (`REOB`) points to.

use std::ops::Range;

use super::{WINDOW, u32_at};
use crate::{
    camera::{FrameSpan, FrameTable},
    error::{Error, Result},
    source::{Source, Windows},
};

/// Longest list that an inspection reads.
const MAX_OFFSETS: u64 = 640 << 10;

/// A list of frames: one offset of 32 bits each.
pub(super) struct List {
    /// The bytes in which frames stand; the list follows them.
    frames: Range<u64>,
    count: u64,
}

impl List {
    /// Looks for the list of a file whose first blocks end at `start`; none when its end points to none.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn find(windows: &Windows<'_>, start: u64) -> Result<Option<Self>> {
        let len = windows.len();
        windows.prefetch(len.saturating_sub(WINDOW).max(start)..len)?;
        for at in [len - len % 512, len.saturating_sub(56)].into_iter().filter(|at| *at >= start && at + 32 <= len) {
            let tail = windows.read(at..at + 32)?;
            if !matches!(tail.get(4..8), Some(b"REOB" | b"REOF" | b"REOS")) {
                continue;
            }
            let list = u64::from(u32_at(&tail, 8).unwrap_or(0));
            let stated = u64::from(u32_at(&tail, 24).unwrap_or(0));
            if list < start || list + 8 > at {
                continue;
            }
            let head = windows.read(list..list + 8)?;
            let room = u64::from(u32_at(&head, 0).unwrap_or(0)).min(at - list).saturating_sub(8) / 4;
            if head.get(4..8) == Some(b"RDVO") {
                return Ok(Some(Self { frames: start..list, count: stated.min(room) }));
            }
        }
        Ok(None)
    }

    /// All frames, as an inspection tells them.
    ///
    /// # Errors
    /// Those of [`List::spans`].
    pub(super) fn table(&self, windows: &Windows<'_>) -> Result<FrameTable> {
        if self.count * 4 > MAX_OFFSETS {
            return Ok(FrameTable::Own { count: self.count });
        }
        self.spans(windows, 0..self.count).map(FrameTable::of)
    }

    /// Some frames. A frame ends where the next one begins, sound between them included.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are no such frames, or they do not follow each other within the file.
    pub(super) fn spans(&self, file: &dyn Source, frames: Range<u64>) -> Result<Vec<FrameSpan>> {
        let invalid = |problem| Error::invalid(problem).in_field("RDVO").at_offset(self.frames.end);
        if frames.end > self.count {
            return Err(invalid(format!("there is no frame {}", frames.end - 1)));
        }
        let place = |frame: u64| self.frames.end + 8 + frame * 4;
        let next = frames.end.saturating_add(1).min(self.count);
        let list = file.read(place(frames.start.min(next))..place(next))?;
        let mut starts: Vec<u64> = list.as_chunks::<4>().0.iter().map(|b| u32::from_be_bytes(*b).into()).collect();
        if next == frames.end {
            starts.push(self.frames.end);
        }
        if !starts.is_sorted_by(|a, b| a < b) || starts.first().is_some_and(|first| *first < self.frames.start) {
            return Err(invalid("its frames are not in order".to_owned()));
        }
        if starts.last().is_some_and(|last| *last > self.frames.end) {
            return Err(invalid("its frames stand behind it".to_owned()));
        }
        Ok(starts.windows(2).map(|pair| FrameSpan { offset: pair[0], len: pair[1] - pair[0] }).collect())
    }
}
