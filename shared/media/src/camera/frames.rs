//! Where the frames of a file stand.

use serde::{Deserialize, Serialize};

/// Where the bytes of a frame stand in its file. Reading `0..header_end` and this range is enough to decode it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSpan {
    /// Byte offset.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// Where the frames of one file stand, in order. Small for files whose frames are all alike, and about ten bytes a frame
/// as JSON otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameTable {
    /// One frame, and the bytes of the file are all of it.
    Whole,
    /// Frames of one size, a fixed distance apart.
    Even {
        /// Of the first.
        offset: u64,
        /// From the start of one to the start of the next.
        stride: u64,
        /// Bytes of each, at most `stride`.
        len: u64,
        /// How many.
        count: u64,
    },
    /// Each by itself.
    Listed(#[serde(with = "listed")] Vec<FrameSpan>),
    /// In the file's own tables, which are longer than an inspection may read: `Format::spans` looks them up there.
    Own {
        /// How many.
        count: u64,
    },
}

/// No frame that is known of.
impl Default for FrameTable {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl FrameTable {
    /// The smallest table that says this.
    pub fn of(spans: Vec<FrameSpan>) -> Self {
        let (Some(first), Some(second)) = (spans.first(), spans.get(1)) else { return Self::Listed(spans) };
        let (offset, len, count) = (first.offset, first.len, spans.len() as u64);
        let even = |stride: &u64| {
            let alike = |w: &[FrameSpan]| w[0].offset.checked_add(*stride) == Some(w[1].offset) && w[1].len == len;
            len <= *stride && spans.windows(2).all(alike)
        };
        match second.offset.checked_sub(offset).filter(even) {
            Some(stride) => Self::Even { offset, stride, len, count },
            None => Self::Listed(spans),
        }
    }

    /// Number of frames.
    pub fn count(&self) -> u64 {
        match self {
            Self::Whole => 1,
            Self::Even { count, .. } | Self::Own { count } => *count,
            Self::Listed(spans) => spans.len() as u64,
        }
    }

    /// A frame, counted from 0; none when there is no such frame, or only the file knows.
    pub fn span(&self, frame: u64) -> Option<FrameSpan> {
        match self {
            Self::Whole | Self::Own { .. } => None,
            Self::Even { offset, stride, len, count } => {
                let place = (frame < *count).then(|| stride.checked_mul(frame)?.checked_add(*offset)).flatten();
                place.map(|offset| FrameSpan { offset, len: *len })
            }
            Self::Listed(spans) => spans.get(usize::try_from(frame).ok()?).copied(),
        }
    }

    /// Where the last byte of any frame ends; 0 when nothing is known.
    pub fn end(&self) -> u64 {
        match self {
            Self::Whole | Self::Own { .. } => 0,
            Self::Even { count, .. } => {
                let last = count.checked_sub(1).and_then(|last| self.span(last));
                last.map_or(0, |s| s.offset.saturating_add(s.len))
            }
            Self::Listed(spans) => spans.iter().map(|s| s.offset.saturating_add(s.len)).max().unwrap_or(0),
        }
    }
}

/// Spans as lengths, and the distance of each from the end of the one before: mostly 0, so mostly left out.
mod listed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::FrameSpan;

    #[derive(Serialize, Deserialize)]
    struct Packed {
        lens: Vec<u64>,
        /// One for each frame; empty when every one but the first is 0, which is `offset`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gaps: Vec<i64>,
        #[serde(default)]
        offset: u64,
    }

    pub(super) fn serialize<S: Serializer>(spans: &[FrameSpan], serializer: S) -> Result<S::Ok, S::Error> {
        let offset = spans.first().map_or(0, |s| s.offset);
        let mut end = offset;
        let gap = |span: &FrameSpan| {
            let gap = span.offset.wrapping_sub(end) as i64;
            end = span.offset.wrapping_add(span.len);
            gap
        };
        let gaps: Vec<i64> = spans.iter().map(gap).collect();
        let gaps = if gaps.iter().all(|g| *g == 0) { Vec::new() } else { gaps };
        Packed { lens: spans.iter().map(|s| s.len).collect(), gaps, offset }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FrameSpan>, D::Error> {
        let Packed { lens, gaps, offset } = Packed::deserialize(deserializer)?;
        if !gaps.is_empty() && gaps.len() != lens.len() {
            return Err(D::Error::custom(format!("{} gaps for {} frames", gaps.len(), lens.len())));
        }
        let mut end = offset;
        let span = |(at, len): (usize, &u64)| {
            let offset = end.wrapping_add(gaps.get(at).copied().unwrap_or(0) as u64);
            end = offset.wrapping_add(*len);
            FrameSpan { offset, len: *len }
        };
        Ok(lens.iter().enumerate().map(span).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(pairs: &[(u64, u64)]) -> Vec<FrameSpan> {
        pairs.iter().map(|&(offset, len)| FrameSpan { offset, len }).collect()
    }

    #[test]
    fn frames_that_are_alike_take_no_list() {
        let table = FrameTable::of(spans(&[(4096, 100), (4296, 100), (4496, 100)]));
        assert_eq!(table, FrameTable::Even { offset: 4096, stride: 200, len: 100, count: 3 });
        assert_eq!(table.span(2), Some(FrameSpan { offset: 4496, len: 100 }));
        assert_eq!((table.span(3), table.count(), table.end()), (None, 3, 4596));
        let odd = spans(&[(4096, 100), (4196, 101), (4297, 100)]);
        assert_eq!(FrameTable::of(odd.clone()), FrameTable::Listed(odd));
    }

    #[test]
    fn frames_side_by_side_are_written_as_their_lengths() {
        let json = |table: &FrameTable| serde_json::to_string(table).unwrap();
        let table = FrameTable::of(spans(&[(8, 10), (18, 12), (30, 9)]));
        assert_eq!(json(&table), r#"{"listed":{"lens":[10,12,9],"offset":8}}"#);
        let table = FrameTable::of(spans(&[(8, 10), (28, 12), (30, 9)]));
        assert_eq!(json(&table), r#"{"listed":{"lens":[10,12,9],"gaps":[0,10,-10],"offset":8}}"#);
        assert!(serde_json::from_str::<FrameTable>(r#"{"listed":{"lens":[1],"gaps":[0,1]}}"#).is_err());
    }

    proptest! {
        #[test]
        fn a_table_comes_back_from_json(pairs in proptest::collection::vec((0u64..1 << 40, 0u64..1 << 24), 0..20)) {
            let listed = spans(&pairs);
            let table = FrameTable::of(listed.clone());
            let back: FrameTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
            prop_assert_eq!(&back, &table);
            let read: Vec<FrameSpan> = (0..table.count()).map(|i| table.span(i).unwrap()).collect();
            prop_assert_eq!(read, listed);
        }
    }
}
