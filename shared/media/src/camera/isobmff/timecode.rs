//! The track of timecode (`tmcd`): one frame number, and how it is counted.

use super::{
    boxes::{boxes, u16_at, u32_at},
    movie::{Movie, Track},
};
use crate::{
    camera::said::Said,
    error::{Error, Result},
    source::{Source, Windows},
    timecode::{Rational, Timecode},
};

/// Bytes of the description before its boxes.
const FIELDS: u64 = 26;

/// Notes the timecode of the first frame, its rate, and the reel it names. It reads the track's one sample.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(super) fn note(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    let of_picture = movie.picture().and_then(|t| t.timecode);
    let tracks = || movie.tracks.iter().filter(|t| t.handler == *b"tmcd");
    let track = tracks().find(|t| Some(t.id) == of_picture).or_else(|| tracks().next());
    let Some(track) = track else { return Ok(()) };
    let noted = note_track(file, track, said);
    said.or_finding(noted.map_err(|e| e.in_field("tmcd")))?;
    Ok(())
}

fn note_track(file: &Windows<'_>, track: &Track, said: &mut Said) -> Result<()> {
    let Some(entry) = track.entry.as_ref().filter(|e| e.format == *b"tmcd") else { return Ok(()) };
    let fields = &entry.fields;
    let short = || Error::invalid("the description of the timecode is too short");
    let [flags, scale, duration] = [12, 16, 20].map(|at| u32_at(fields, at));
    let (flags, scale, duration) = (flags.ok_or_else(short)?, scale.ok_or_else(short)?, duration.ok_or_else(short)?);
    let frames = fields.get(24).copied().ok_or_else(short)?;
    said.tag("tmcd:flags", flags);
    said.tag("tmcd:timescale", scale);
    said.tag("tmcd:frame_duration", duration);
    said.tag("tmcd:frames", frames);
    for atom in boxes(file, entry.range.start.saturating_add(FIELDS)..entry.range.end).map_while(Result::ok) {
        // `name`: length and language, then the reel.
        if atom.is(b"name") {
            let bytes = atom.read(file, 1024)?;
            let reel = u16_at(&bytes, 0).and_then(|len| bytes.get(4..4 + usize::from(len)));
            let reel = reel.map(|reel| String::from_utf8_lossy(reel).into_owned());
            said.tag("tmcd:name", reel.clone());
            said.reel_name(reel, "tmcd:name");
        }
    }
    let Some(sample) = track.tables.spans(file, 0..1)?.first().copied() else { return Ok(()) };
    let end = sample.offset.checked_add(4).filter(|end| sample.len >= 4 && *end <= file.len());
    let end = end.ok_or_else(|| Error::invalid("the file lacks the sample of the timecode"))?;
    let number = u32_at(&file.read(sample.offset..end)?, 0).unwrap_or(0);
    said.tag("tmcd:frame", number);
    let rate = Rational::new(scale, duration).map(Rational::normalised);
    let base = if frames > 0 { Some(u32::from(frames)) } else { rate.and_then(Rational::timecode_base) };
    let base = base.ok_or_else(|| Error::invalid("nothing says in which base it counts"))?;
    // Bit 0 says drop frame, bit 2 that numbers may be negative.
    let number = if flags & 4 == 0 { i64::from(number) } else { i64::from(number as i32) };
    let timecode = Timecode::from_frame(number, base, flags & 1 != 0)?;
    said.start_timecode(timecode, "tmcd:frame");
    // Makers write 24/1 for 24000/1001 too: a rate of the same base is the picture's, which is exact.
    let picture = said.metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok());
    let picture = picture.filter(|r| r.timecode_base() == Some(base));
    let own = rate.filter(|r| r.timecode_base() == Some(base));
    said.timecode_rate(picture.or(own).or(Rational::new(base, 1)), "tmcd:timescale, tmcd:frame_duration");
    Ok(())
}
