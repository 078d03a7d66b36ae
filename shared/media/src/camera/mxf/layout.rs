//! How a file is laid out: its partitions, its header metadata, the index and the stream of its picture, as far as reading
//! them may cost.

use super::{
    index::{self, Index, Piece, Stream},
    partition::{Kind, Listed, Partition, random_index, run_in},
    sets::Sets,
};
use crate::{
    camera::{WINDOW, said::Said},
    error::{Error, Result},
    source::{Source, Windows},
};

/// Most bytes of header metadata that are read; cameras write look-up tables there.
const MAX_METADATA: u64 = 640 << 10;
/// A partition pack with the key and length that follow it.
const PACK: u64 = 1024;

/// What is known of a file's layout.
pub(super) struct Layout<'w, 's> {
    file: &'w Windows<'s>,
    run_in: u64,
    /// Header first, by place, as far as they were read.
    partitions: Vec<Partition>,
    /// By place, as the random index pack has them; empty when there is none.
    listed: Vec<Listed>,
}

impl<'w, 's> Layout<'w, 's> {
    /// Reads the header partition pack and the random index pack.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no header partition pack.
    pub(super) fn open(file: &'w Windows<'s>, said: &mut Said) -> Result<Self> {
        let head = file.head(WINDOW)?;
        let refuse = || Error::invalid("there is no header partition pack in the first 64 KiB").in_file(file.name());
        let run_in = run_in(&head).ok_or_else(refuse)?;
        let header = Partition::read(file, run_in)?;
        file.prefetch(file.len().saturating_sub(WINDOW)..file.len())?;
        let mut listed = said.or_finding(random_index(file, run_in))?.flatten().unwrap_or_default();
        listed.sort_by_key(|line| line.at);
        listed.dedup_by_key(|line| line.at);
        if listed.is_empty() {
            said.finding(match header.footer {
                0 => "there is no footer and no random index: it is cut off, or its recording was not ended".to_owned(),
                footer if footer.saturating_add(run_in) >= file.len() => {
                    format!("it ends at byte {}, before its footer at {footer}: it is cut off", file.len())
                }
                _ => "there is no random index at its end".to_owned(),
            });
        }
        Ok(Self { file, run_in, partitions: vec![header], listed })
    }

    pub(super) fn header(&self) -> Option<&Partition> {
        self.partitions.iter().find(|p| p.kind == Kind::Header)
    }

    /// The header metadata: the header's own when it is closed and complete, the footer's otherwise, when it has any.
    pub(super) fn metadata(&mut self, said: &mut Said) -> Result<Sets> {
        let header = self.header().cloned();
        let is_final = header.as_ref().is_some_and(|h| h.is_closed && h.is_complete && h.header_bytes > 0);
        if is_final && let Some(sets) = self.sets_of(header.as_ref(), said)? {
            self.read_footer(said)?;
            return Ok(sets);
        }
        self.read_footer(said)?;
        let footer = self.partitions.iter().rev().find(|p| p.kind != Kind::Header && p.header_bytes > 0).cloned();
        if let Some(sets) = self.sets_of(footer.as_ref(), said)? {
            return Ok(sets);
        }
        if !is_final {
            said.finding("the header is open or incomplete, and no footer completes it: its recording was not ended");
        }
        Ok(self.sets_of(header.as_ref(), said)?.unwrap_or_default())
    }

    /// The index of a stream and where that stands. The index is none when it is not known as a whole.
    pub(super) fn picture(&mut self, body_sid: u32, said: &mut Said) -> Result<(Option<Index>, Stream)> {
        self.read_listed(body_sid, said)?;
        let mut segments = Vec::new();
        let mut is_whole = self.partitions.len() >= self.listed.len();
        for partition in self.partitions.clone().iter().filter(|p| p.index_bytes > 0) {
            let start = partition.index_start(self.file)?;
            let range = start..start.saturating_add(partition.index_bytes).min(self.file.len());
            if !self.may_read(range.clone(), 1) {
                is_whole = false;
                continue;
            }
            self.file.prefetch(range.clone())?;
            segments.extend(said.or_finding(index::read(self.file, range))?.unwrap_or_default());
        }
        let index = Index::of(segments, body_sid);
        let stream = self.stream(body_sid, &index)?;
        let lines = self.listed.iter().filter(|line| line.body_sid == body_sid).count();
        is_whole |= index.unit_bytes().is_some();
        is_whole &= stream.pieces.len() >= lines;
        Ok((is_whole.then_some(index), stream))
    }

    /// The stream of the picture in the partitions that are known.
    fn stream(&self, body_sid: u32, index: &Index) -> Result<Stream> {
        let mut pieces = Vec::new();
        for partition in self.partitions.iter().filter(|p| p.body_sid == body_sid) {
            let start = partition.essence_start(self.file)?;
            let next = self.listed.iter().map(|line| line.at).find(|at| *at > partition.at);
            let place = start..next.unwrap_or(self.file.len()).max(start);
            pieces.push(Piece { offset: partition.body_offset, place });
        }
        pieces.sort_by_key(|piece| piece.offset);
        if let [only] = &mut pieces[..] {
            only.place = index.place_of_units(self.file, only.place.clone())?;
        }
        Ok(Stream { pieces })
    }

    /// The stream of essence when the metadata does not say which: that of the first partition that holds any.
    pub(super) fn first_body_sid(&self) -> u32 {
        let listed = self.listed.iter().map(|line| line.body_sid);
        listed.chain(self.partitions.iter().map(|p| p.body_sid)).find(|sid| *sid != 0).unwrap_or(0)
    }

    fn sets_of(&self, partition: Option<&Partition>, said: &mut Said) -> Result<Option<Sets>> {
        let Some(partition) = partition.filter(|p| p.header_bytes > 0) else { return Ok(None) };
        let start = partition.metadata_start(self.file)?;
        let range = start..start.saturating_add(partition.header_bytes.min(MAX_METADATA)).min(self.file.len());
        if partition.header_bytes > MAX_METADATA {
            said.finding(format!("of {} bytes of metadata the first {MAX_METADATA} are read", partition.header_bytes));
        }
        if !self.may_read(range.clone(), 0) {
            said.finding("the header metadata takes more reading than an inspection does");
            return Ok(None);
        }
        self.file.prefetch(range.clone())?;
        let sets = Sets::parse(self.file.read(range)?.into_owned())?;
        Ok(Some(sets).filter(|sets| !sets.is_empty()))
    }

    /// Reads the footer's pack, with all that follows it when that may be read at once.
    fn read_footer(&mut self, said: &mut Said) -> Result<()> {
        let by_header = self.header().map(|h| h.footer).filter(|at| *at > 0).and_then(|at| at.checked_add(self.run_in));
        let Some(at) = by_header.or(self.listed.last().map(|line| line.at)).filter(|at| *at < self.file.len()) else {
            return Ok(());
        };
        let all = at..self.file.len();
        if self.may_read(all.clone(), 1) {
            self.file.prefetch(all)?;
        } else if !self.may_read(at..at.saturating_add(PACK), 1) {
            return Ok(());
        }
        self.add(at, said)
    }

    /// Reads the packs of the other partitions, as far as they are at hand or few; and of the first with essence.
    fn read_listed(&mut self, body_sid: u32, said: &mut Said) -> Result<()> {
        if self.listed.is_empty() {
            return self.read_next(said);
        }
        let unread: Vec<u64> =
            self.listed.iter().map(|l| l.at).filter(|at| self.partitions.iter().all(|p| p.at != *at)).collect();
        let first = self.listed.iter().find(|line| line.body_sid == body_sid).map(|line| line.at);
        let away = unread.iter().filter(|at| !self.holds_pack(**at)).count();
        let may_read_all = away < self.file.reads_left().saturating_sub(1) as usize;
        for at in unread {
            let is_first = Some(at) == first && self.may_read(at..at.saturating_add(PACK), 0);
            if may_read_all || is_first || self.holds_pack(at) {
                self.add(at, said)?;
            }
        }
        self.partitions.sort_by_key(|p| p.at);
        Ok(())
    }

    /// Without a list of partitions: the one that follows the header.
    fn read_next(&mut self, said: &mut Said) -> Result<()> {
        let Some(header) = self.header().filter(|h| h.body_sid == 0).cloned() else { return Ok(()) };
        let at = header.essence_start(self.file)?;
        if at < self.file.len() && self.may_read(at..at.saturating_add(PACK), 0) {
            self.add(at, said)?;
        }
        Ok(())
    }

    fn add(&mut self, at: u64, said: &mut Said) -> Result<()> {
        if self.partitions.iter().any(|p| p.at == at) {
            return Ok(());
        }
        let read = Partition::read(self.file, at);
        self.partitions.extend(said.or_finding(read)?);
        Ok(())
    }

    fn holds_pack(&self, at: u64) -> bool {
        self.file.holds(&(at..at.saturating_add(PACK).min(self.file.len())))
    }

    /// True when reading this leaves so many reads over.
    pub(super) fn may_read(&self, range: std::ops::Range<u64>, reserve: u32) -> bool {
        let range = range.start.min(self.file.len())..range.end.min(self.file.len());
        let bytes = (range.end - range.start).max(WINDOW);
        self.file.holds(&range)
            || (self.file.reads_left() > reserve
                && self.file.bytes_left() >= bytes.saturating_add(u64::from(reserve) * WINDOW))
    }
}
