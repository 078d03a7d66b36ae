//! What the tracks of sound say.

use super::{
    boxes::{f64_at, find, four, u16_at, u32_at},
    movie::{Entry, Movie},
};
use crate::{camera::said::Said, error::Result, source::Windows};

/// Sample entry, coding, bits where the format tells.
const CODECS: &[(&[u8; 4], &str, Option<u32>)] = &[
    (b"sowt", "PCM", None),
    (b"twos", "PCM", None),
    (b"lpcm", "PCM", None),
    (b"ipcm", "PCM", None),
    (b"raw ", "PCM", Some(8)),
    (b"NONE", "PCM", None),
    (b"in24", "PCM", Some(24)),
    (b"in32", "PCM", Some(32)),
    (b"fl32", "PCM", Some(32)),
    (b"fl64", "PCM", Some(64)),
    (b"mp4a", "AAC", None),
    (b"ac-3", "AC-3", None),
    (b"alac", "Apple Lossless", None),
    (b"ulaw", "mu-law", None),
    (b"alaw", "A-law", None),
];

/// Longest description of a coded stream that is read.
const MAX_ESDS: u64 = 4096;

/// One track: channels, samples a second, bits.
struct Sound {
    channels: u32,
    rate: u32,
    bits: Option<u32>,
    codec: String,
}

/// Version 2 of the description has its own fields behind the old ones (QuickTime File Format).
fn sound(entry: &Entry) -> Option<Sound> {
    let fields = &entry.fields;
    let known = CODECS.iter().find(|(format, ..)| **format == entry.format);
    let codec = known.map_or_else(|| four(entry.format), |(_, name, _)| (*name).to_owned());
    let pcm = codec == "PCM";
    let (channels, rate, bits) = if u16_at(fields, 8)? == 2 {
        let rate = f64_at(fields, 32).filter(|rate| (1.0..1e7).contains(rate))?;
        (u32_at(fields, 40)?, rate as u32, u32_at(fields, 48))
    } else {
        (u32::from(u16_at(fields, 16)?), u32_at(fields, 24)? >> 16, u16_at(fields, 18).map(u32::from))
    };
    let bits = known.and_then(|(.., bits)| *bits).or(bits.filter(|bits| pcm && *bits > 0));
    (channels <= 1024).then_some(Sound { channels, rate, bits, codec })
}

/// Notes the sound: all channels of all tracks, and the coding of the first.
///
/// # Errors
/// [`crate::error::Error::Missing`] and [`crate::error::Error::Io`].
pub(super) fn note(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    let mut sounds = Vec::new();
    let tracks = movie.tracks.iter().filter(|t| t.handler == *b"soun");
    for entry in tracks.filter_map(|t| t.entry.as_ref()) {
        let Some(mut sound) = sound(entry) else { continue };
        let aac = said.or_finding(aac_channels(file, entry))?.flatten();
        sound.channels = aac.unwrap_or(sound.channels);
        sounds.push(sound);
    }
    let Some(first) = sounds.first() else { return Ok(()) };
    let channels = sounds.iter().map(|s| s.channels).sum::<u32>();
    said.tag("soun:channels", channels);
    said.tag("soun:sample_rate", first.rate);
    said.tag("soun:format", first.codec.clone());
    said.audio_channels(Some(channels).filter(|n| *n > 0), "soun:channels");
    said.audio_sample_rate_hz(Some(first.rate).filter(|n| *n > 0), "soun:sample_rate");
    said.audio_bit_depth(first.bits, "soun:format");
    said.audio_codec(first.codec.clone(), "soun:format");
    Ok(())
}

/// Channels of AAC: those of its own configuration, for the description has 2 whatever they are (ISO/IEC 14496-14).
fn aac_channels(file: &Windows<'_>, entry: &Entry) -> Result<Option<u32>> {
    if entry.format != *b"mp4a" {
        return Ok(None);
    }
    let behind = match u16_at(&entry.fields, 8) {
        Some(1) => 44,
        Some(2) => 64,
        _ => 28,
    };
    let within = entry.range.start.saturating_add(behind).min(entry.range.end)..entry.range.end;
    // QuickTime has it in a box of its own.
    let within = find(file, within.clone(), b"wave")?.map_or(within, |wave| wave.body);
    let Some(esds) = find(file, within, b"esds")? else { return Ok(None) };
    let bytes = esds.read(file, MAX_ESDS)?;
    Ok(bytes.get(4..).and_then(configuration).and_then(channels))
}

/// The configuration of the decoder out of descriptors (ISO/IEC 14496-1): of the stream, its decoder, its configuration.
fn configuration(descriptors: &[u8]) -> Option<&[u8]> {
    let stream = descriptor(descriptors, 3)?;
    // Id, and flags of what follows: another stream, an address, a clock.
    let flags = stream.get(2)?;
    let address = if flags & 0x40 == 0 { 0 } else { 1 + usize::from(*stream.get(3 + usize::from(flags >> 7) * 2)?) };
    let skipped = 3 + usize::from(flags >> 7) * 2 + address + usize::from(flags >> 5 & 1) * 2;
    let decoder = descriptor(stream.get(skipped..)?, 4)?;
    descriptor(decoder.get(13..)?, 5)
}

/// What a descriptor of this kind says, which stands first: kind, length in groups of seven bits, contents.
fn descriptor(bytes: &[u8], kind: u8) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(&[kind])?;
    let mut len = 0usize;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        (len, rest) = (len << 7 | usize::from(byte & 0x7f), after);
        if byte & 0x80 == 0 {
            break;
        }
    }
    rest.get(..len)
}

/// Channels of an AAC configuration (ISO/IEC 14496-3): kind of object, rate, arrangement of channels.
fn channels(configuration: &[u8]) -> Option<u32> {
    // Enough of it for a rate that is written out; kinds above 30, and 29 that makes stereo out of one, are others.
    let bits = configuration.iter().take(8).enumerate().map(|(n, byte)| u64::from(*byte) << (56 - 8 * n)).sum::<u64>();
    let field = |from: u32, len: u32| bits << from >> (64 - len);
    let arrangement = match (field(0, 5), field(5, 4)) {
        (29.., _) => return None,
        (_, 15) => field(33, 4),
        _ => field(9, 4),
    };
    Some(match arrangement {
        n @ 1..=6 => n as u32,
        7 | 12 | 14 => 8,
        11 => 7,
        _ => return None,
    })
}
