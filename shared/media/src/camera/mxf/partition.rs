//! Partitions (SMPTE ST 377-1, section 7) and the random index pack that lists them.

use super::klv::{Klv, PARTITION, label_at, skip_fill, u32_at, u64_at};
use crate::{
    camera::labels::Label,
    error::{Error, Result},
    source::Source,
};

/// Longest run-in before the header partition.
const MAX_RUN_IN: usize = 64 << 10;
/// Most partitions that are taken from a random index pack: one every ten seconds for two weeks.
const MAX_PARTITIONS: u32 = 120_000;
const RANDOM_INDEX: [u8; 16] = [6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 0x11, 1, 0];

/// Which part of the file a partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Body,
    Footer,
}

/// A partition pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) kind: Kind,
    /// Its metadata will not change any more.
    pub(super) is_closed: bool,
    /// Every value of its metadata is known.
    pub(super) is_complete: bool,
    pub(super) version: (u16, u16),
    /// Where the pack stands in the file.
    pub(super) at: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Of the footer, from the header's start on; 0 when unknown.
    pub(super) footer: u64,
    pub(super) header_bytes: u64,
    pub(super) index_bytes: u64,
    pub(super) index_sid: u32,
    /// Where its essence stands in the whole stream of its `body_sid`.
    pub(super) body_offset: u64,
    /// 0 when it holds no essence.
    pub(super) body_sid: u32,
    pub(super) pattern: Label,
    pub(super) containers: Vec<Label>,
}

impl Partition {
    /// Reads the pack that stands at `at`.
    pub(super) fn read(file: &dyn Source, at: u64) -> Result<Self> {
        let refuse = |problem: &str| Error::invalid(problem).at_offset(at).in_file(file.name());
        let klv = Klv::read(file, at)?.filter(Klv::is_partition).ok_or_else(|| refuse("no partition pack is here"))?;
        let len = klv.value.end - klv.value.start;
        if !(88..=64 << 10).contains(&len) {
            return Err(refuse("a partition pack of a size that none has"));
        }
        let bytes = file.read(klv.value.clone())?;
        Self::parse(&klv, &bytes).ok_or_else(|| refuse("a partition pack that is too short"))
    }

    fn parse(klv: &Klv, bytes: &[u8]) -> Option<Self> {
        let major_minor = u32_at(bytes, 0)?;
        let (count, size) = (u32_at(bytes, 80)?, u32_at(bytes, 84)?);
        let labels = (0..count.min(64)).filter(|_| size == 16).map_while(|i| label_at(bytes, 88 + 16 * i as usize));
        Some(Self {
            kind: match klv.key[13] {
                2 => Kind::Header,
                3 => Kind::Body,
                _ => Kind::Footer,
            },
            is_closed: matches!(klv.key[14], 2 | 4),
            is_complete: matches!(klv.key[14], 3 | 4),
            version: ((major_minor >> 16) as u16, major_minor as u16),
            at: klv.at,
            end: klv.end(),
            footer: u64_at(bytes, 24)?,
            header_bytes: u64_at(bytes, 32)?,
            index_bytes: u64_at(bytes, 40)?,
            index_sid: u32_at(bytes, 48)?,
            body_offset: u64_at(bytes, 52)?,
            body_sid: u32_at(bytes, 60)?,
            pattern: label_at(bytes, 64)?,
            containers: labels.collect(),
        })
    }

    /// Where the header metadata begins: at the primer pack.
    pub(super) fn metadata_start(&self, file: &dyn Source) -> Result<u64> {
        skip_fill(file, self.end)
    }

    /// Where the index table segments begin.
    pub(super) fn index_start(&self, file: &dyn Source) -> Result<u64> {
        let start = skip_fill(file, self.end)?;
        if self.header_bytes == 0 { Ok(start) } else { skip_fill(file, start.saturating_add(self.header_bytes)) }
    }

    /// Where the essence begins, which is where `body_offset` counts from.
    pub(super) fn essence_start(&self, file: &dyn Source) -> Result<u64> {
        let start = self.index_start(file)?;
        if self.index_bytes == 0 { Ok(start) } else { skip_fill(file, start.saturating_add(self.index_bytes)) }
    }
}

/// Where the header partition pack stands: after the run-in.
pub(super) fn run_in(head: &[u8]) -> Option<u64> {
    let begins = &PARTITION[..11];
    head.get(..head.len().min(MAX_RUN_IN + begins.len()))?
        .windows(begins.len())
        .position(|w| w == begins)
        .map(|at| at as u64)
}

/// A line of the random index pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) body_sid: u32,
    /// In the file, run-in included.
    pub(super) at: u64,
}

/// Reads the random index pack at the end of the file; none when there is none. `run_in` is added to its offsets.
pub(super) fn random_index(file: &dyn Source, run_in: u64) -> Result<Option<Vec<Listed>>> {
    let Some(tail) = file.len().checked_sub(4) else { return Ok(None) };
    let last = file.read(tail..file.len())?;
    let Some(at) = u32_at(&last, 0).and_then(|len| file.len().checked_sub(u64::from(len))) else { return Ok(None) };
    let klv = match Klv::read(file, at) {
        Ok(Some(klv)) if klv.is(&RANDOM_INDEX) && klv.end() == file.len() => klv,
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
        _ => return Ok(None),
    };
    let len = klv.value.end - klv.value.start;
    if len > u64::from(MAX_PARTITIONS) * 12 + 4 {
        return Err(Error::invalid("a random index pack of more partitions than any file has").at_offset(at));
    }
    let bytes = file.read(klv.value)?;
    let lines = bytes.chunks_exact(12).take((len as usize).saturating_sub(4) / 12);
    let line = |line: &[u8]| {
        let at = u64_at(line, 4)?.checked_add(run_in).filter(|at| *at < file.len())?;
        Some(Listed { body_sid: u32_at(line, 0)?, at })
    };
    Ok(Some(lines.filter_map(line).collect()))
}
