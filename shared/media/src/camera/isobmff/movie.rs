//! The movie of a file: its tracks, and where their tables and descriptions stand. Media data is never read.

use std::ops::Range;

use super::{
    boxes::{Atom, array, boxes, find, four, i32_at, u16_at, u32_at, u64_at},
    tables::Tables,
};
use crate::{
    camera::{FrameTable, MAX_BYTES, WINDOW, said::Said},
    error::{Error, Result},
    source::{Source, Windows},
};

/// Longest `moov` that is read whole: with the head of the file, its own and three windows elsewhere it makes the budget.
const MAX_MOVIE: u64 = MAX_BYTES - 4 * WINDOW;
/// Most tracks. Cameras write up to a dozen, most of them sound.
const MAX_TRACKS: usize = 64;
/// Most frames that are listed one by one: three hours at 24 frames a second.
const MAX_LISTED: u64 = 1 << 18;
/// Longest description of a sample that is read.
const MAX_ENTRY: u64 = 64 << 10;

/// What a file holds.
#[derive(Debug, Default)]
pub(in crate::camera) struct Movie {
    /// `ftyp`: the brand, then those it is compatible with.
    pub(in crate::camera) brands: Vec<[u8; 4]>,
    /// Seconds since 1904 began, in UTC.
    pub(in crate::camera) created: Option<u64>,
    pub(in crate::camera) tracks: Vec<Track>,
    /// `meta` of the file and of the movie.
    pub(in crate::camera) metas: Vec<Atom>,
    /// `udta` of the movie.
    pub(in crate::camera) users: Vec<Atom>,
    /// Other boxes of the file and of the movie.
    pub(in crate::camera) others: Vec<Atom>,
    /// More frames follow in fragments (`moof`), which are not read.
    fragmented: bool,
    /// The movie is too long to be read: only what lies around the tables is known.
    thrifty: bool,
}

/// A track.
#[derive(Debug, Default)]
pub(in crate::camera) struct Track {
    pub(in crate::camera) id: u32,
    /// `vide`, `soun`, `tmcd` ...
    pub(in crate::camera) handler: [u8; 4],
    /// From stored to shown: a b u, c d v, x y w.
    pub(in crate::camera) matrix: [i32; 9],
    /// Size for display, before the matrix.
    pub(in crate::camera) size: [u32; 2],
    /// Units a second.
    pub(in crate::camera) timescale: u32,
    /// The first description of its samples.
    pub(in crate::camera) entry: Option<Entry>,
    pub(in crate::camera) tables: Tables,
    /// Track of the timecode.
    pub(in crate::camera) timecode: Option<u32>,
    pub(in crate::camera) metas: Vec<Atom>,
    pub(in crate::camera) users: Vec<Atom>,
}

/// A description of samples: its format, and its fields and boxes.
#[derive(Debug, Clone)]
pub(in crate::camera) struct Entry {
    pub(in crate::camera) format: [u8; 4],
    /// With the eight bytes that all descriptions begin with (six of 0, the data reference).
    pub(in crate::camera) fields: Vec<u8>,
    /// Where `fields` stand in the file.
    pub(in crate::camera) range: Range<u64>,
}

impl Entry {
    /// Pixels of a picture.
    fn area(&self) -> u32 {
        let side = |at| u16_at(&self.fields, at).map_or(0, u32::from);
        side(24) * side(26)
    }

    /// Its boxes, which stand behind so many bytes.
    pub(in crate::camera) fn boxes<'f>(&self, file: &'f dyn Source, behind: u64) -> super::boxes::Boxes<'f> {
        boxes(file, self.range.start.saturating_add(behind).min(self.range.end)..self.range.end)
    }
}

impl Movie {
    /// Reads what stands outside the media, within the budget of `file`. What is wrong becomes a finding.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Io`].
    pub(in crate::camera) fn open(file: &Windows<'_>, said: &mut Said) -> Result<Self> {
        file.prefetch(0..WINDOW)?;
        let mut movie = Self::default();
        let mut found = None;
        let mut walk = boxes(file, 0..file.len());
        let mut extended = false;
        // Once the movie is known, only what was read with it is looked at, and for fragments where it announces them.
        while found.is_none() || extended && file.reads_left() > 2 || walk.is_held(file, file.len()) {
            let Some(next) = walk.next() else { break };
            let Some(atom) = said.or_finding(next)? else { break };
            if atom.missing > 0 {
                let (kind, missing) = (four(atom.kind), atom.missing);
                said.finding(format!("the file is cut short: its {kind} lacks the last {missing} bytes"));
            }
            match &atom.kind {
                b"ftyp" => {
                    let brands = atom.read(file, 1024)?;
                    let brands = brands.chunks_exact(4).enumerate().filter(|(n, _)| *n != 1);
                    movie.brands = brands.filter_map(|(_, brand)| array(brand, 0)).collect();
                }
                b"moov" => {
                    found = Some(atom.clone());
                    movie.thrifty = atom.len() > MAX_MOVIE;
                    if !movie.thrifty {
                        file.prefetch(atom.start..atom.body.end)?;
                        extended = matches!(find(file, atom.body.clone(), b"mvex"), Ok(Some(_)));
                    }
                }
                b"moof" => {
                    movie.fragmented = true;
                    said.finding("the movie is in fragments, which are not read: remux it to one movie");
                    break;
                }
                b"meta" => movie.metas.push(atom),
                _ => movie.others.push(atom),
            }
        }
        let Some(moov) = found else {
            said.finding(
                "the file has no moov box, which says what it holds: the recording was not closed or its end is \
                 missing; recover it with the camera or its maker's tool",
            );
            return Ok(movie);
        };
        let read = movie.read(file, &moov);
        said.or_finding(read)?;
        Ok(movie)
    }

    /// Only the tracks, whatever that takes: for who looks up frames.
    ///
    /// # Errors
    /// All of reading.
    pub(in crate::camera) fn tracks(file: &Windows<'_>) -> Result<Self> {
        let mut movie = Self::default();
        let none = || Error::invalid("the file has no moov box").in_file(file.name());
        let moov = find(file, 0..file.len(), b"moov")?.ok_or_else(none)?;
        movie.read(file, &moov)?;
        Ok(movie)
    }

    fn read(&mut self, file: &Windows<'_>, moov: &Atom) -> Result<()> {
        for atom in boxes(file, moov.body.clone()) {
            let atom = atom?;
            match &atom.kind {
                b"mvhd" => {
                    let bytes = atom.read(file, 256)?;
                    self.created =
                        if bytes.first() == Some(&1) { u64_at(&bytes, 4) } else { u32_at(&bytes, 4).map(u64::from) };
                }
                b"trak" if self.tracks.len() < MAX_TRACKS => {
                    let mut track = Track::default();
                    let read = track.read(file, &atom, self.thrifty);
                    self.tracks.push(track);
                    read?;
                }
                b"trak" => {
                    return Err(Error::unsupported(format!("more than {MAX_TRACKS} tracks")).at_offset(atom.start));
                }
                b"meta" => self.metas.push(atom),
                b"udta" => self.users.push(atom),
                _ => self.others.push(atom),
            }
        }
        Ok(())
    }

    /// The picture: of several tracks the largest, for previews and covers are tracks too.
    pub(in crate::camera) fn picture(&self) -> Option<&Track> {
        let pictures = self.tracks.iter().filter(|track| track.handler == *b"vide");
        // The first of those that are alike.
        pictures.rev().max_by_key(|track| track.entry.as_ref().map_or(0, Entry::area))
    }

    /// Number of frames of a track; none when nothing tells.
    ///
    /// # Errors
    /// Those of reading.
    pub(in crate::camera) fn count(&self, file: &Windows<'_>, track: &Track) -> Result<Option<u64>> {
        if self.fragmented {
            return Ok(None);
        }
        match track.tables.count(file, self.thrifty)? {
            Some(count) => Ok(Some(count)),
            None => Ok(track.tables.timing(file, track.timescale, self.thrifty)?.map(|t| t.count)),
        }
    }

    /// How fast the frames of a track follow each other.
    ///
    /// # Errors
    /// Those of reading.
    pub(in crate::camera) fn timing(&self, file: &Windows<'_>, track: &Track) -> Result<Option<super::tables::Timing>> {
        track.tables.timing(file, track.timescale, self.thrifty)
    }

    /// Where the frames of a track stand. What is wrong with its tables, and frames that the file lacks, are findings.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Io`].
    pub(in crate::camera) fn frames(&self, file: &Windows<'_>, track: &Track, said: &mut Said) -> Result<FrameTable> {
        let count = self.count(file, track);
        let Some(count) = said.or_finding(count)?.flatten() else { return Ok(FrameTable::default()) };
        if self.thrifty || count > MAX_LISTED {
            return Ok(FrameTable::Own { count });
        }
        let spans = track.tables.spans(file, 0..count);
        let table = FrameTable::of(said.or_finding(spans)?.unwrap_or_default());
        if table.end() > file.len() {
            let whole =
                (0..count).take_while(|n| table.span(*n).is_some_and(|s| s.offset.saturating_add(s.len) <= file.len()));
            said.finding(format!(
                "the file is cut short: frames end at byte {}, but it has {}; {} of {count} frames are there",
                table.end(),
                file.len(),
                whole.count()
            ));
        }
        Ok(table)
    }
}

impl Track {
    fn read(&mut self, file: &Windows<'_>, trak: &Atom, thrifty: bool) -> Result<()> {
        each(file, trak.body.clone(), thrifty, &mut |atom| {
            match &atom.kind {
                b"tkhd" => self.header(&atom.read(file, 256)?),
                b"tref" => {
                    if let Some(reference) = find(file, atom.body.clone(), b"tmcd")? {
                        self.timecode = u32_at(&reference.read(file, 1024)?, 0);
                    }
                }
                b"mdia" => self.media(file, &atom, thrifty)?,
                b"meta" => self.metas.push(atom),
                b"udta" => self.users.push(atom),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn header(&mut self, bytes: &[u8]) {
        // Version 1 has times of 64 bits.
        let wide = if bytes.first() == Some(&1) { 12 } else { 0 };
        self.id = u32_at(bytes, if wide > 0 { 20 } else { 12 }).unwrap_or(0);
        for (n, number) in self.matrix.iter_mut().enumerate() {
            *number = i32_at(bytes, 40 + wide + 4 * n).unwrap_or(0);
        }
        self.size = [76, 80].map(|at| u32_at(bytes, at + wide).unwrap_or(0) >> 16);
    }

    fn media(&mut self, file: &Windows<'_>, mdia: &Atom, thrifty: bool) -> Result<()> {
        each(file, mdia.body.clone(), thrifty, &mut |atom| {
            match &atom.kind {
                b"mdhd" => {
                    let bytes = atom.read(file, 256)?;
                    let at = if bytes.first() == Some(&1) { 20 } else { 12 };
                    self.timescale = u32_at(&bytes, at).unwrap_or(0);
                }
                b"hdlr" => self.handler = array(&atom.read(file, 4096)?, 8).unwrap_or_default(),
                b"minf" => {
                    each(file, atom.body.clone(), thrifty, &mut |atom| match &atom.kind {
                        b"stbl" => self.samples(file, &atom, thrifty),
                        _ => Ok(()),
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn samples(&mut self, file: &Windows<'_>, stbl: &Atom, thrifty: bool) -> Result<()> {
        let seen = each(file, stbl.body.clone(), thrifty, &mut |atom| {
            if !atom.is(b"stsd") {
                self.tables.note(atom);
                return Ok(());
            }
            // Version and flags, the number of descriptions, and the first of them.
            if let Some(first) = boxes(file, atom.after(8)).next().transpose()? {
                let fields = first.read(file, MAX_ENTRY)?;
                self.entry = Some(Entry { format: first.kind, fields, range: first.body });
            }
            Ok(())
        })?;
        self.tables.rest = seen.min(stbl.body.end)..stbl.body.end;
        Ok(())
    }
}

/// Boxes in a range; a `thrifty` reader sees those whose headers were read already. Gives where it ended.
fn each(
    file: &Windows<'_>,
    within: Range<u64>,
    thrifty: bool,
    visit: &mut dyn FnMut(Atom) -> Result<()>,
) -> Result<u64> {
    let mut walk = boxes(file, within.clone());
    while !thrifty || walk.is_held(file, within.end) {
        match walk.next() {
            Some(atom) => visit(atom?)?,
            None => break,
        }
    }
    Ok(walk.at())
}
