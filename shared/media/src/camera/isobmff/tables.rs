//! The tables of a track's samples: how long each lasts, how many bytes it has, and where it stands.

use std::{borrow::Cow, ops::Range};

use super::boxes::{Atom, array, boxes, u16_at, u32_at, u64_at};
use crate::{
    camera::FrameSpan,
    error::{Error, Result},
    source::{Source, Windows},
    timecode::Rational,
};

/// Most bytes of one table that are read at once: the sizes of 16 million samples.
const MAX_TABLE: u64 = 64 << 20;

/// Where the tables stand.
#[derive(Debug, Default, Clone)]
pub(in crate::camera) struct Tables {
    /// `stts`: runs of samples of one duration.
    pub(super) times: Option<Atom>,
    /// `stsz` or `stz2`: bytes of each sample.
    pub(super) sizes: Option<Atom>,
    /// `stsc`: runs of chunks with one number of samples.
    pub(super) runs: Option<Atom>,
    /// `stco` or `co64`: where each chunk stands.
    pub(super) chunks: Option<Atom>,
    /// What a thrifty reader left out.
    pub(super) rest: Range<u64>,
}

/// How long samples last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::camera) struct Timing {
    /// Number of samples.
    pub(in crate::camera) count: u64,
    /// Samples a second.
    pub(in crate::camera) rate: Option<Rational>,
    /// False when durations differ, by more than that of the last sample: the rate is the mean.
    pub(in crate::camera) steady: bool,
}

impl Tables {
    /// Durations of the samples, in a track of so many units a second. None when the table is not there, or, of a
    /// `thrifty` reader, not in what was read already.
    ///
    /// # Errors
    /// Those of reading; [`Error::Invalid`] when the table is shorter than it says.
    pub(in crate::camera) fn timing(&self, file: &Windows<'_>, scale: u32, thrifty: bool) -> Result<Option<Timing>> {
        let Some(atom) = self.times.as_ref().filter(|a| !thrifty || file.holds(&a.body)) else { return Ok(None) };
        let runs = Rows::of(file, atom, 8)?.pairs(file)?;
        let sum = |of: fn(&(u32, u32)) -> u64| runs.iter().map(of).fold(0u64, u64::saturating_add);
        let count = sum(|(count, _)| u64::from(*count));
        let total = sum(|(count, each)| u64::from(*count) * u64::from(*each));
        // The last sample may last longer or shorter than the others.
        let usual = runs.iter().max_by_key(|(count, _)| *count).map_or(0, |(_, each)| *each);
        let alike = sum(|(count, _)| u64::from(*count))
            - runs.iter().filter(|r| r.1 != usual).map(|r| u64::from(r.0)).sum::<u64>();
        let steady = alike.saturating_add(1) >= count;
        let rate = if steady { fraction(u64::from(scale), u64::from(usual)) } else { mean(count, scale, total) };
        Ok(Some(Timing { count, rate, steady }))
    }

    /// Number of samples; none when the table is not there, or, of a `thrifty` reader, not in what was read already.
    ///
    /// # Errors
    /// Those of reading.
    pub(in crate::camera) fn count(&self, file: &Windows<'_>, thrifty: bool) -> Result<Option<u64>> {
        let head = |a: &Atom| a.body.start..(a.body.start + 12).min(a.body.end);
        match self.sizes.as_ref().filter(|a| !thrifty || file.holds(&head(a))) {
            Some(atom) => Ok(Some(Sizes::of(file, atom)?.count)),
            None => Ok(None),
        }
    }

    /// Notes a table.
    pub(super) fn note(&mut self, atom: Atom) {
        match &atom.kind {
            b"stts" => self.times = Some(atom),
            b"stsz" | b"stz2" => self.sizes = Some(atom),
            b"stsc" => self.runs = Some(atom),
            b"stco" | b"co64" => self.chunks = Some(atom),
            _ => {}
        }
    }

    /// False when a thrifty reader left some out.
    pub(in crate::camera) fn are_complete(&self) -> bool {
        self.rest.is_empty()
    }

    /// With the tables that a thrifty reader left out, whose headers are read now.
    ///
    /// # Errors
    /// Those of reading.
    pub(in crate::camera) fn completed(&self, file: &Windows<'_>) -> Result<Self> {
        let mut tables = self.clone();
        for atom in boxes(file, self.rest.clone()) {
            tables.note(atom?);
        }
        Ok(tables)
    }

    /// Where these samples stand. Reads of the tables what that takes.
    ///
    /// # Errors
    /// Those of reading; [`Error::Invalid`] when there are no such samples, or the tables contradict each other.
    pub(in crate::camera) fn spans(&self, file: &dyn Source, samples: Range<u64>) -> Result<Vec<FrameSpan>> {
        let (Some(sizes), Some(runs), Some(chunks)) = (&self.sizes, &self.runs, &self.chunks) else {
            return Err(Error::invalid("the track has no tables of where its samples stand").in_file(file.name()));
        };
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let sizes = Sizes::of(file, sizes)?;
        if samples.end > sizes.count {
            let problem = format!("frame {} is wanted, but the file has {}", samples.end - 1, sizes.count);
            return Err(Error::invalid(problem).in_file(file.name()));
        }
        let offsets = Rows::of(file, chunks, if chunks.is(b"co64") { 8 } else { 4 })?;
        let runs = Runs { runs: Rows::of(file, runs, 12)?.pairs(file)?, chunks: offsets.count };
        let mut place = runs.of(samples.start).map_err(|e| e.in_file(file.name()))?;
        let (first_chunk, first) = (place.chunk, place.sample);
        let lens = sizes.read(file, first..samples.end)?;
        let last = (first_chunk + (samples.end - samples.start)).min(offsets.count);
        let needed = first_chunk.min(last)..last;
        let offsets = offsets.numbers(file, needed)?;
        let beyond = || Error::invalid("a frame stands beyond any file").in_field("stco").in_file(file.name());
        let lacks = || Error::invalid("there are fewer chunks than samples need").in_field("stco").in_file(file.name());
        let mut spans = Vec::new();
        let mut skipped = samples.start - first;
        while place.sample < samples.end {
            let offset =
                usize::try_from(place.chunk - first_chunk).ok().and_then(|n| offsets.get(n)).ok_or_else(lacks)?;
            let mut at = lens.together(skipped).and_then(|n| offset.checked_add(n)).ok_or_else(beyond)?;
            let end = (place.sample + u64::from(place.each)).min(samples.end);
            for sample in place.sample + skipped..end {
                let len = lens.get(sample - first);
                spans.push(FrameSpan { offset: at, len });
                at = at.checked_add(len).ok_or_else(beyond)?;
            }
            skipped = 0;
            place = runs.after(place);
        }
        Ok(spans)
    }
}

/// A rate as near to the exact one as 32 bits are.
fn fraction(num: u64, den: u64) -> Option<Rational> {
    let shift = 32u32.saturating_sub(num.max(den).leading_zeros());
    Rational::new(u32::try_from(num >> shift).ok()?, u32::try_from(den >> shift).ok()?).filter(|r| r.num() > 0)
}

/// The mean rate of samples that last differently.
fn mean(count: u64, scale: u32, total: u64) -> Option<Rational> {
    let rate = count as f64 * f64::from(scale) / total as f64;
    crate::camera::said::rate_of_number(rate)
}

/// A table: version and flags, a number of rows, and the rows.
struct Rows<'a> {
    atom: &'a Atom,
    row: u64,
    count: u64,
}

impl<'a> Rows<'a> {
    fn of(file: &dyn Source, atom: &'a Atom, row: u64) -> Result<Self> {
        let head = file.read(atom.body.start..(atom.body.start + 8).min(atom.body.end))?;
        let count = u32_at(&head, 4).map(u64::from);
        let fits = |count: &u64| count * row <= atom.len().saturating_sub(8);
        match count.filter(fits) {
            Some(count) => Ok(Self { atom, row, count }),
            None => Err(short(atom, count)),
        }
    }

    fn read<'f>(&self, file: &'f dyn Source, rows: &Range<u64>) -> Result<Cow<'f, [u8]>> {
        let start = self.atom.body.start + 8;
        if rows.end.saturating_sub(rows.start) * self.row > MAX_TABLE {
            let what = format!("table {} of more than {MAX_TABLE} bytes", super::four(self.atom.kind));
            return Err(Error::unsupported(what).at_offset(self.atom.start).in_file(file.name()));
        }
        file.read(start + rows.start * self.row..start + rows.end * self.row)
    }

    /// The first two numbers of every row.
    fn pairs(&self, file: &dyn Source) -> Result<Vec<(u32, u32)>> {
        let bytes = self.read(file, &(0..self.count))?;
        let pair = |row: &[u8]| Some((u32_at(row, 0)?, u32_at(row, 4)?));
        Ok(bytes.chunks_exact(self.row as usize).filter_map(pair).collect())
    }

    /// The number that each of these rows is.
    fn numbers(&self, file: &dyn Source, rows: Range<u64>) -> Result<Vec<u64>> {
        let bytes = self.read(file, &rows)?;
        let number = |row: &[u8]| if self.row == 8 { u64_at(row, 0) } else { u32_at(row, 0).map(u64::from) };
        Ok(bytes.chunks_exact(self.row as usize).filter_map(number).collect())
    }
}

fn short(atom: &Atom, count: Option<u64>) -> Error {
    let problem = match count {
        Some(count) => format!("it says {count} rows, more than its {} bytes hold", atom.len()),
        None => "it has no header".to_owned(),
    };
    Error::invalid(problem).at_offset(atom.start).in_field(super::four(atom.kind))
}

/// Bytes of each sample.
struct Sizes<'a> {
    atom: &'a Atom,
    /// Of every sample, when they are all alike.
    all: Option<u32>,
    /// Bits of a row.
    bits: u64,
    count: u64,
}

/// The sizes of some samples.
enum Lens {
    All(u32),
    Each(Vec<u32>),
}

impl Lens {
    fn get(&self, sample: u64) -> u64 {
        match self {
            Self::All(len) => u64::from(*len),
            Self::Each(lens) => lens.get(sample as usize).copied().map_or(0, u64::from),
        }
    }

    /// Bytes of the first `count`.
    fn together(&self, count: u64) -> Option<u64> {
        match self {
            Self::All(len) => count.checked_mul(u64::from(*len)),
            Self::Each(lens) => Some(lens.iter().take(count as usize).copied().map(u64::from).sum()),
        }
    }
}

impl<'a> Sizes<'a> {
    fn of(file: &dyn Source, atom: &'a Atom) -> Result<Self> {
        let head = file.read(atom.body.start..(atom.body.start + 12).min(atom.body.end))?;
        let (Some(first), Some(count)) = (u32_at(&head, 4), u32_at(&head, 8)) else { return Err(short(atom, None)) };
        let count = u64::from(count);
        let (all, bits) = match (atom.is(b"stz2"), first) {
            (true, bits @ (4 | 8 | 16)) => (None, u64::from(bits)),
            (true, other) => {
                let problem = format!("sizes of {other} bits, and 4, 8 or 16 are read");
                return Err(Error::invalid(problem).at_offset(atom.start).in_field("stz2"));
            }
            (false, 0) => (None, 32),
            (false, all) => (Some(all), 0),
        };
        if (count * bits).div_ceil(8) > atom.len().saturating_sub(12) {
            return Err(short(atom, Some(count)));
        }
        Ok(Self { atom, all, bits, count })
    }

    fn read(&self, file: &dyn Source, samples: Range<u64>) -> Result<Lens> {
        if let Some(all) = self.all {
            return Ok(Lens::All(all));
        }
        let start = self.atom.body.start + 12;
        let range = start + samples.start * self.bits / 8..start + (samples.end * self.bits).div_ceil(8);
        if range.end - range.start > MAX_TABLE {
            let what = format!("chunks of more than {} samples", MAX_TABLE / 4);
            return Err(Error::unsupported(what).at_offset(self.atom.start).in_file(file.name()));
        }
        let bytes = file.read(range)?;
        let nibbles = |b: &u8| [u32::from(b >> 4), u32::from(b & 15)];
        let lens = match self.bits {
            4 => bytes.iter().flat_map(nibbles).skip(samples.start as usize % 2).collect(),
            8 => bytes.iter().map(|&b| u32::from(b)).collect(),
            16 => bytes.chunks_exact(2).filter_map(|b| u16_at(b, 0).map(u32::from)).collect(),
            _ => bytes.chunks_exact(4).filter_map(|b| array(b, 0).map(u32::from_be_bytes)).collect(),
        };
        Ok(Lens::Each(lens))
    }
}

/// How samples are spread over chunks.
struct Runs {
    /// Number of the first chunk, from 1, and samples in each up to the next run.
    runs: Vec<(u32, u32)>,
    chunks: u64,
}

/// A chunk: which run it is of, its number from 0, its first sample, and how many it has.
#[derive(Clone, Copy)]
struct Place {
    run: usize,
    chunk: u64,
    sample: u64,
    each: u32,
}

impl Runs {
    /// The chunk that holds this sample.
    fn of(&self, sample: u64) -> Result<Place> {
        let mut before = 0u64;
        for (run, &(first, each)) in self.runs.iter().enumerate() {
            let next = self.runs.get(run + 1).map_or(self.chunks + 1, |r| u64::from(r.0));
            if first == 0 || next <= u64::from(first) && run + 1 < self.runs.len() {
                return Err(Error::invalid("chunks are not in order").in_field("stsc"));
            }
            let here = next.saturating_sub(u64::from(first)).saturating_mul(u64::from(each));
            if sample - before < here {
                let chunks = (sample - before) / u64::from(each);
                let chunk = u64::from(first) - 1 + chunks;
                return Ok(Place { run, chunk, sample: before + chunks * u64::from(each), each });
            }
            before += here;
        }
        Err(Error::invalid(format!("the chunks end at frame {before}")).in_field("stsc"))
    }

    fn after(&self, place: Place) -> Place {
        let (chunk, sample) = (place.chunk + 1, place.sample + u64::from(place.each));
        match self.runs.get(place.run + 1) {
            Some(&(first, each)) if u64::from(first) <= chunk + 1 => Place { run: place.run + 1, chunk, sample, each },
            _ => Place { chunk, sample, ..place },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        camera::isobmff::testkit::{boxed, table, words},
        source::{Memory, Sparse},
    };
    use proptest::prelude::*;

    fn tables(file: &dyn Source) -> Tables {
        let mut tables = Tables::default();
        for atom in boxes(file, 0..file.len()).map_while(Result::ok) {
            tables.note(atom);
        }
        tables
    }

    fn spans(bytes: &[u8], samples: Range<u64>) -> Result<Vec<(u64, u64)>> {
        let file = Memory::new("a.mov", bytes);
        let spans = tables(&file).spans(&file, samples)?;
        Ok(spans.into_iter().map(|s| (s.offset, s.len)).collect())
    }

    /// Five samples: two chunks of two, then one of one.
    fn five() -> Vec<u8> {
        let sizes = boxed(b"stsz", &words(&[0, 0, 5, 10, 11, 12, 13, 14]));
        [table(b"stsc", 2, &[1, 2, 1, 3, 1, 1]), sizes, table(b"stco", 3, &[100, 200, 300])].concat()
    }

    #[test]
    fn samples_are_found_in_their_chunks() {
        assert_eq!(spans(&five(), 0..5).unwrap(), [(100, 10), (110, 11), (200, 12), (212, 13), (300, 14)]);
        assert_eq!(spans(&five(), 3..5).unwrap(), [(212, 13), (300, 14)]);
        assert_eq!(spans(&five(), 2..2).unwrap(), []);
        let error = spans(&five(), 4..6).unwrap_err().to_string();
        assert_eq!(error, "a.mov: frame 5 is wanted, but the file has 5");
    }

    #[test]
    fn sizes_of_4_8_and_16_bits_are_read() {
        for (bits, packed, lens) in [
            (4u32, vec![0x12u8, 0x34, 0x50], [1, 2, 3, 4, 5]),
            (8, vec![1, 2, 3, 4, 250], [1, 2, 3, 4, 250]),
            (16, vec![1, 0, 0, 2, 0, 3, 0, 4, 0, 5], [256, 2, 3, 4, 5]),
        ] {
            let sizes = boxed(b"stz2", &[words(&[0, bits, 5]), packed].concat());
            let bytes = [table(b"stsc", 1, &[1, 1, 1]), sizes, table(b"stco", 5, &[9; 5])].concat();
            let read: Vec<u64> = spans(&bytes, 0..5).unwrap().iter().map(|s| s.1).collect();
            assert_eq!(read, lens, "{bits} bits");
            assert_eq!(spans(&bytes, 3..4).unwrap()[0].1, lens[3], "{bits} bits");
        }
    }

    #[test]
    fn samples_of_one_size_take_no_list_however_many_there_are() {
        let sizes = boxed(b"stsz", &words(&[0, 1_000_000, u32::MAX]));
        let bytes = [table(b"stsc", 1, &[1, u32::MAX, 1]), sizes, table(b"stco", 1, &[5000])].concat();
        assert_eq!(spans(&bytes, 4_000_000_000..4_000_000_001).unwrap(), [(4_000_000_000_005_000, 1_000_000)]);
    }

    #[test]
    fn tables_that_contradict_each_other_are_refused() {
        let sizes = || boxed(b"stsz", &words(&[0, 0, 2, 10, 11]));
        for (bytes, what) in [
            (
                [table(b"stsc", 1, &[1, 1, 1]), sizes(), table(b"stco", 1, &[1])].concat(),
                "fewer chunks than samples need",
            ),
            ([table(b"stsc", 0, &[]), sizes(), table(b"stco", 1, &[1])].concat(), "the chunks end at frame 0"),
            ([table(b"stsc", 1, &[0, 1, 1]), sizes(), table(b"stco", 2, &[1, 2])].concat(), "not in order"),
            ([table(b"stsc", 9, &[1, 1, 1]), sizes(), table(b"stco", 2, &[1, 2])].concat(), "it says 9 rows"),
            ([table(b"stsc", 1, &[1, 1, 1]), boxed(b"stsz", &words(&[0, 0, 3, 1]))].concat(), "no tables"),
        ] {
            let error = spans(&bytes, 0..2).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn rates_are_exact_and_the_last_frame_may_differ() {
        let read = |runs: &[u32], scale| {
            let bytes = table(b"stts", runs.len() as u32 / 2, runs);
            let file = Memory::new("a.mov", bytes);
            let windows = Windows::new(&file, 64, 9, 9999);
            let timing = tables(&file).timing(&windows, scale, false).unwrap().unwrap();
            (timing.count, timing.rate.map(|r| r.normalised().to_string()), timing.steady)
        };
        let rate = |text: &str| Some(text.to_owned());
        assert_eq!(read(&[100, 1001], 24000), (100, rate("24000/1001"), true));
        assert_eq!(read(&[99, 100, 1, 250], 2500), (100, rate("25/1"), true));
        assert_eq!(read(&[50, 20, 50, 60], 1000), (100, rate("25/1"), false));
        assert_eq!(read(&[5, 0], 24), (5, None, true));
        assert_eq!(read(&[], 24), (0, None, true));
    }

    proptest! {
        #[test]
        fn no_tables_panic_or_take_memory(
            numbers in proptest::collection::vec(prop_oneof![0u32..6, any::<u32>()], 1..40),
            cuts in proptest::collection::vec(0usize..40, 3),
            from in 0u64..6, len in 0u64..6,
        ) {
            let part = |n: usize| words(&numbers[cuts[n].min(numbers.len())..]);
            let bytes = [boxed(b"stsc", &part(0)), boxed(b"stsz", &part(1)), boxed(b"co64", &part(2)), boxed(b"stts", &part(0))];
            let file = Sparse::new("a.mov", 1 << 16).with(0, bytes.concat());
            let read = tables(&file);
            if let Ok(spans) = read.spans(&file, from..from + len) {
                prop_assert_eq!(spans.len() as u64, len);
            }
            let windows = Windows::new(&file, 64, 99, 99_999);
            let _ = read.timing(&windows, 24, false);
            let _ = read.count(&windows, false);
        }
    }
}
