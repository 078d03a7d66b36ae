//! What the tracks of sound say.

use super::{
    boxes::{f64_at, four, u16_at, u32_at},
    movie::{Entry, Movie},
};
use crate::camera::said::Said;

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
pub(super) fn note(movie: &Movie, said: &mut Said) {
    let tracks = movie.tracks.iter().filter(|t| t.handler == *b"soun");
    let sounds: Vec<Sound> = tracks.filter_map(|t| t.entry.as_ref().and_then(sound)).collect();
    let Some(first) = sounds.first() else { return };
    let channels = sounds.iter().map(|s| s.channels).sum::<u32>();
    said.tag("soun:channels", channels);
    said.tag("soun:sample_rate", first.rate);
    said.tag("soun:format", first.codec.clone());
    said.audio_channels(Some(channels).filter(|n| *n > 0), "soun:channels");
    said.audio_sample_rate_hz(Some(first.rate).filter(|n| *n > 0), "soun:sample_rate");
    said.audio_bit_depth(first.bits, "soun:format");
    said.audio_codec(first.codec.clone(), "soun:format");
}
