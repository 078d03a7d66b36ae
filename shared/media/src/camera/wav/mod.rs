//! Production sound: WAV and its forms for long files (RF64, BW64; EBU Tech 3285 and 3306, ITU-R BS.2088), and AIFF.
//!
//! The chunks around the samples say what a recorder knows: `bext` when the first sample was recorded, `iXML` scene, take,
//! tape and the rate of its timecode, `LIST` what the maker of the file wanted to say. The samples themselves are never read.

mod broadcast;
mod coding;
mod ixml;
#[cfg(test)]
mod tests;

use super::{
    Format, FrameTable, Inspected, MAX_BYTES, MAX_READS, WINDOW,
    said::{Said, text, whole},
};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
    timecode::{Rational, Timecode},
};

/// The format.
pub struct Wav;

/// Chunks that are read. `NAME` and those after it are texts of AIFF.
const READ: [&[u8; 4]; 12] =
    [b"fmt ", b"bext", b"iXML", b"ds64", b"COMM", b"fact", b"LIST", b"chna", b"NAME", b"AUTH", b"ANNO", b"(c) "];
/// Most chunks of a file.
const MAX_CHUNKS: usize = 256;
/// Longest chunk that is read; longer ones are cut.
const MAX_CHUNK: u64 = 128 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Wav,
    /// Sizes of 64 bits stand in a `ds64` chunk.
    Rf64,
    /// The same, by another name.
    Bw64,
    /// Big-endian.
    Aiff,
}

impl Format for Wav {
    fn name(&self) -> &'static str {
        "WAV"
    }

    fn recognises(&self, _: &str, head: &[u8]) -> bool {
        form_of(head).is_some()
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let head = windows.head(12)?;
        let Some(form) = form_of(&head) else {
            return Err(Error::invalid("it does not begin like WAV or AIFF").at_offset(0).in_file(file.name()));
        };
        let mut said = Said::default();
        let container = match form {
            Form::Wav => "WAV",
            Form::Rf64 => "RF64",
            Form::Bw64 => "BW64",
            Form::Aiff => "AIFF",
        };
        said.container(container.to_owned(), "magic number");
        let walked = walk(&windows, form, &mut said);
        said.or_finding(walked)?;
        broadcast::say(&mut said);
        say_time(&mut said);
        Ok(said.finish(FrameTable::default()))
    }
}

fn form_of(head: &[u8]) -> Option<Form> {
    match (head.get(..4)?, head.get(8..12)?) {
        (b"RIFF", b"WAVE") => Some(Form::Wav),
        (b"RF64", b"WAVE") => Some(Form::Rf64),
        (b"BW64", b"WAVE") => Some(Form::Bw64),
        (b"FORM", b"AIFF" | b"AIFC") => Some(Form::Aiff),
        _ => None,
    }
}

/// Goes from chunk to chunk.
fn walk(windows: &Windows<'_>, form: Form, said: &mut Said) -> Result<()> {
    let (mut at, mut long_data) = (12, None);
    for _ in 0..MAX_CHUNKS {
        let Some((id, stated)) = chunk_at(windows, form, at)? else { return Ok(()) };
        let start = at + 8;
        let is_data = matches!(&id, b"data" | b"SSND");
        let size = match long_data {
            Some(long) if is_data && stated == u32::MAX => long,
            _ => u64::from(stated),
        };
        // What a recorder writes until it knows better.
        let unknown = match size {
            0 => start < windows.len() && chunk_at(windows, form, start)?.is_none(),
            _ => stated == u32::MAX && long_data.is_none(),
        };
        if is_data && unknown && form != Form::Aiff {
            said.tag("DataBytes", windows.len() - start);
            said.finding("the length of the sound was never written: the recording was not closed");
            return Ok(());
        }
        let end = start.saturating_add(size);
        if is_data {
            said.tag("DataBytes", size);
            if end > windows.len() {
                said.finding(format!(
                    "the sound ends at byte {end}, but the file has {}: it is cut short",
                    windows.len()
                ));
                return Ok(());
            }
        } else if READ.contains(&&id) {
            let bytes = windows.read(start..end.min(start + MAX_CHUNK).min(windows.len()))?;
            match &id {
                b"ds64" => long_data = bytes.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes),
                _ => say_chunk(id, &bytes, said)?,
            }
        }
        // Some forget the byte after an odd length.
        let padded = size % 2 == 1 && (end >= windows.len() || chunk_at(windows, form, end)?.is_none());
        at = end.saturating_add(u64::from(padded));
    }
    Err(Error::invalid(format!("more than {MAX_CHUNKS} chunks")).at_offset(at))
}

/// Name and length of the chunk at this place; none where the file ends, or no name stands.
fn chunk_at(windows: &Windows<'_>, form: Form, at: u64) -> Result<Option<([u8; 4], u32)>> {
    if at.checked_add(8).is_none_or(|end| end > windows.len()) {
        return Ok(None);
    }
    let head = windows.read(at..at + 8)?;
    let (Some(id), Some(size)) = (head.first_chunk::<4>(), head.last_chunk::<4>()) else { return Ok(None) };
    let named = id[0] != b' ' && id.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    let size = if form == Form::Aiff { u32::from_be_bytes(*size) } else { u32::from_le_bytes(*size) };
    Ok(named.then_some((*id, size)))
}

/// Notes a chunk.
fn say_chunk(id: [u8; 4], bytes: &[u8], said: &mut Said) -> Result<()> {
    match &id {
        b"fmt " => say_format(bytes, said),
        b"bext" => broadcast::note(bytes, said),
        b"iXML" => {
            let noted = ixml::say(bytes, said);
            said.or_finding(noted)?;
        }
        b"fact" => {
            if let Some(samples) = u32_at(bytes, 0).filter(|n| ![0, u32::MAX].contains(n)) {
                said.tag("FactSamples", samples);
            }
        }
        b"LIST" => note_info(bytes, said),
        b"chna" => said.tag("chna tracks", u16_at(bytes, 0)),
        b"COMM" => say_common(bytes, said),
        _ => {
            let text = String::from_utf8_lossy(bytes).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned();
            said.tag(String::from_utf8_lossy(&id).trim().to_owned(), text);
        }
    }
    Ok(())
}

/// `LIST` of type `INFO`: texts of four letters each.
fn note_info(bytes: &[u8], said: &mut Said) {
    let Some(mut rest) = bytes.strip_prefix(b"INFO") else { return };
    while let (Some(id), Some(len)) = (rest.get(..4), u32_at(rest, 4)) {
        let len = (len as usize).min(rest.len() - 8);
        let text = rest[8..8 + len].split(|b| *b == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text).trim().to_owned();
        if !text.is_empty() {
            said.tag(format!("INFO {}", id.escape_ascii()), text);
        }
        rest = rest.get(8 + len.next_multiple_of(2)..).unwrap_or_default();
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// `fmt `: coding, channels, samples a second, bytes of all channels' samples, bits.
fn say_format(bytes: &[u8], said: &mut Said) {
    let code = u16_at(bytes, 0);
    // An extensible format names its coding in the first bytes of a GUID, and how many bits of a sample are sound.
    let extensible = code == Some(coding::EXTENSIBLE);
    let code = if extensible { u16_at(bytes, 24).or(code) } else { code };
    let valid_bits = u16_at(bytes, 18).filter(|n| extensible && *n > 0);
    let name = code.map(coding::of_wave);
    said.audio_codec(name.clone(), "fmt");
    said.codec(name, "fmt");
    said.audio_channels(u16_at(bytes, 2).map(u32::from).filter(|n| *n > 0), "fmt");
    said.audio_sample_rate_hz(u32_at(bytes, 4).filter(|n| *n > 0), "fmt");
    said.audio_bit_depth(valid_bits.or_else(|| u16_at(bytes, 14)).map(u32::from).filter(|n| *n > 0), "fmt");
    // Of codings that pack many samples to a block, the length says no number of samples.
    if let Some(align) = u16_at(bytes, 12).filter(|_| code.is_some_and(coding::is_sample_by_sample)) {
        said.tag("BlockAlign", align);
    }
}

/// AIFF's `COMM`: channels, sample frames, bits, the rate as an 80-bit number, and in AIFC the coding.
fn say_common(bytes: &[u8], said: &mut Said) {
    let u16_at = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes);
    said.audio_channels(u16_at(0).map(u32::from).filter(|n| *n > 0), "COMM");
    said.audio_bit_depth(u16_at(6).map(u32::from).filter(|n| *n > 0), "COMM");
    // AIFC says its coding after the 18 bytes that AIFF has, too.
    let coding = bytes.get(18..22).map_or_else(|| "PCM".to_owned(), coding::of_aifc);
    said.audio_codec(coding.clone(), "COMM");
    said.codec(coding, "COMM");
    let exponent = u16_at(8).map(|e| i32::from(e & 0x7fff) - 16383 - 63);
    let mantissa = bytes.get(10..18).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes);
    if let Some((mantissa, exponent)) = mantissa.zip(exponent) {
        let rate = mantissa as f64 * f64::from(exponent).exp2();
        said.audio_sample_rate_hz(Some(rate as u32).filter(|_| (1.0..4e9).contains(&rate)), "COMM");
    }
    if let Some(frames) = bytes.get(2..6).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes) {
        said.tag("SampleFrames", frames);
    }
}

/// Duration from the samples, and the timecode of the first one, where a rate is known.
fn say_time(said: &mut Said) {
    let tag = |name: &str| said.tags.get(name).and_then(whole);
    let samples = match (tag("DataBytes"), tag("BlockAlign").filter(|n| *n > 0)) {
        (Some(bytes), Some(align)) => Some(bytes / align),
        _ => tag("SampleFrames").or_else(|| tag("FactSamples")),
    };
    let hertz = said.metadata.audio_sample_rate_hz;
    let seconds = samples.zip(hertz).map(|(samples, hertz)| samples as f64 / f64::from(hertz));
    let (since, clock, source) = match tag("TimeReference") {
        Some(since) => (Some(since), hertz, "TimeReference"),
        None => ixml::timestamp(said),
    };
    said.duration_seconds(seconds, "data");
    let Some(rate) = said.metadata.timecode_rate.as_ref().and_then(|r| r.parse::<Rational>().ok()) else { return };
    let (Some(since), Some(hertz), Some(base)) = (since, clock.or(hertz), rate.timecode_base()) else { return };
    // Rates that are no multiple of 30 drop nothing, whatever is said.
    let drop = base % 30 == 0 && drops(said);
    // Recorders round the sample of a frame up or down: the nearest frame is meant.
    let (above, below) = (u128::from(since) * u128::from(rate.num()), u128::from(rate.den()) * u128::from(hertz));
    let frame = (above * 2 + below) / (below * 2);
    if let Ok(frame) = i64::try_from(frame)
        && let Ok(timecode) = Timecode::from_frame(frame, base, drop)
    {
        said.start_timecode(timecode, source);
    }
}

/// Whether timecode is counted in drop frame, as `iXML` says, or else the description (`029.970-DF`).
fn drops(said: &Said) -> bool {
    let tag = |name: &str| said.tags.get(name).and_then(text);
    let of_speed = || tag("bext SPEED")?.rsplit_once('-').map(|(_, flag)| flag.to_owned());
    tag("iXML/SPEED/TIMECODE_FLAG").or_else(of_speed).is_some_and(|flag| flag.eq_ignore_ascii_case("DF"))
}
