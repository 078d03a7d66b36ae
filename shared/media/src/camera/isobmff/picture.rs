//! What the track of pictures says: coding, sizes, scan, colour, rate.

use serde_json::{Value, json};

use super::{
    boxes::{Atom, array, four, u16_at, u32_at},
    codecs, color, configuration,
    movie::{Entry, Movie, Track},
};
use crate::{
    camera::said::{Rule, Said, text, whole, whole32},
    error::Result,
    source::Windows,
};

/// Bytes of a picture's sample entry before its boxes.
const FIELDS: u64 = 78;
/// Longest box of it that is read.
const MAX_BOX: u64 = 4096;

/// Tag -> field.
pub(super) const RULES: &[Rule] = &[
    ("stsd:width", |said, value, tag| said.width(whole32(value).filter(|n| *n > 0), tag)),
    ("stsd:height", |said, value, tag| said.height(whole32(value).filter(|n| *n > 0), tag)),
    ("avcC:profile", |said, value, tag| said.compression(text(value), tag)),
    ("avcC:bit_depth", |said, value, tag| said.bit_depth(whole32(value), tag)),
    ("avcC:chroma", |said, value, tag| said.chroma_subsampling(text(value), tag)),
    ("hvcC:profile", |said, value, tag| said.compression(text(value), tag)),
    ("hvcC:bit_depth", |said, value, tag| said.bit_depth(whole32(value), tag)),
    ("hvcC:chroma", |said, value, tag| said.chroma_subsampling(text(value), tag)),
    ("ACLR:range", |said, value, tag| said.color_range(avid_range(value).map(str::to_owned), tag)),
    ("CMP1:bit_depth", |said, value, tag| said.bit_depth(whole32(value), tag)),
    ("fiel", |said, value, tag| said.scan(scan(value).map(str::to_owned), tag)),
    ("colr:primaries", |said, value, tag| said.color_primaries(named(value, color::primaries), tag)),
    ("colr:transfer", |said, value, tag| said.color_encoding(named(value, color::encoding), tag)),
    ("colr:matrix", |said, value, tag| said.color_matrix(named(value, color::matrix), tag)),
    ("colr:full_range", |said, value, tag| {
        said.color_range(range(value), tag);
    }),
    // What the coding says, where the container says nothing.
    ("avcC:frames_only", |said, value, tag| said.scan(progressive(value), tag)),
    ("avcC:full_range", |said, value, tag| said.color_range(range(value), tag)),
    ("avcC:primaries", |said, value, tag| said.color_primaries(named(value, color::primaries), tag)),
    ("avcC:transfer", |said, value, tag| said.color_encoding(named(value, color::encoding), tag)),
    ("avcC:matrix", |said, value, tag| said.color_matrix(named(value, color::matrix), tag)),
    ("vpcC:bit_depth", |said, value, tag| said.bit_depth(whole32(value), tag)),
    ("vpcC:chroma", |said, value, tag| said.chroma_subsampling(text(value), tag)),
    ("vpcC:full_range", |said, value, tag| said.color_range(range(value), tag)),
    ("vpcC:primaries", |said, value, tag| said.color_primaries(named(value, color::primaries), tag)),
    ("vpcC:transfer", |said, value, tag| said.color_encoding(named(value, color::encoding), tag)),
    ("vpcC:matrix", |said, value, tag| said.color_matrix(named(value, color::matrix), tag)),
    ("av1C:bit_depth", |said, value, tag| said.bit_depth(whole32(value), tag)),
    ("av1C:chroma", |said, value, tag| said.chroma_subsampling(text(value), tag)),
];

fn range(full: &Value) -> Option<String> {
    full.as_bool().map(|full| if full { "full" } else { "legal" }.to_owned())
}

/// Pictures that may be coded in fields need not be.
fn progressive(frames_only: &Value) -> Option<String> {
    frames_only.as_bool().filter(|only| *only).map(|_| "progressive".to_owned())
}

fn named(value: &Value, name: fn(u64) -> Option<&'static str>) -> Option<String> {
    whole(value).and_then(name).map(str::to_owned)
}

/// Avid's levels: 1 is black at 16, 2 is black at 0.
fn avid_range(value: &Value) -> Option<&'static str> {
    match whole(value)? {
        1 => Some("legal"),
        2 => Some("full"),
        _ => None,
    }
}

/// `fiel`: number of fields, and how they lie (QuickTime File Format; ids as in Apple TN2162).
fn scan(value: &Value) -> Option<&'static str> {
    Some(match (value.get(0)?.as_u64()?, value.get(1)?.as_u64()?) {
        (1, _) => "progressive",
        (2, 1 | 9) => "interlaced top field first",
        (2, 6 | 14) => "interlaced bottom field first",
        (2, _) => "interlaced",
        _ => return None,
    })
}

/// Notes the picture.
///
/// # Errors
/// [`crate::error::Error::Missing`] and [`crate::error::Error::Io`].
pub(super) fn note(file: &Windows<'_>, movie: &Movie, said: &mut Said) -> Result<()> {
    let Some(track) = movie.picture() else {
        if !movie.tracks.is_empty() {
            said.finding("the file has no track of pictures");
        }
        return Ok(());
    };
    shown(track, said);
    if let Some(entry) = &track.entry {
        let noted = note_entry(file, entry, said);
        said.or_finding(noted)?;
    }
    said.apply(RULES);
    // Behind `fiel`, which says which field is first.
    let dnx = said.tags.get("dnx:compression_id").and_then(whole32).and_then(codecs::dnx);
    said.scan(dnx.and_then(|dnx| dnx.scan).map(str::to_owned), "dnx:compression_id");
    time(file, movie, track, said)
}

/// Rate and number of frames.
fn time(file: &Windows<'_>, movie: &Movie, track: &Track, said: &mut Said) -> Result<()> {
    let count = movie.count(file, track);
    let count = said.or_finding(count)?.flatten();
    said.frame_count(count.filter(|n| *n > 0), "stsz");
    let timing = movie.timing(file, track);
    let Some(timing) = said.or_finding(timing)?.flatten().filter(|t| t.count > 0) else { return Ok(()) };
    said.tag("mdhd:timescale", track.timescale);
    if !timing.steady {
        said.finding("frames do not all last equally long: the frame rate is their mean");
    }
    if count.is_some_and(|count| count != timing.count) {
        let (count, timed) = (count.unwrap_or(0), timing.count);
        said.finding(format!("the track has sizes of {count} frames, but durations of {timed}"));
    }
    said.frame_rate(timing.rate, "mdhd:timescale, stts");
    Ok(())
}

/// Size and orientation for display.
fn shown(track: &Track, said: &mut Said) {
    let [a, b, _, c, d, ..] = track.matrix;
    // What the matrix does to the picture, by the signs of its first four numbers.
    let orientation = match [a, b, c, d].map(i32::signum) {
        [1, 0, 0, 1] => Some("normal"),
        [0, 1, -1, 0] => Some("rotated 90"),
        [-1, 0, 0, -1] => Some("rotated 180"),
        [0, -1, 1, 0] => Some("rotated 270"),
        [-1, 0, 0, 1] => Some("mirrored"),
        [1, 0, 0, -1] => Some("flipped"),
        _ => None,
    };
    said.tag("tkhd:matrix", track.matrix.map(Value::from).to_vec());
    said.tag("tkhd:size", track.size.map(Value::from).to_vec());
    said.orientation(orientation.map(str::to_owned), "tkhd:matrix");
    let [width, height] = track.size;
    if width > 0 && height > 0 {
        said.display_size(if a == 0 { [height, width] } else { [width, height] }, "tkhd:size");
    }
}

/// The sample entry: fields, and boxes.
fn note_entry(file: &Windows<'_>, entry: &Entry, said: &mut Said) -> Result<()> {
    let fields = &entry.fields;
    let format = four(entry.format);
    said.tag("stsd:format", format.clone());
    for (name, at) in [("stsd:width", 24), ("stsd:height", 26), ("stsd:depth", 74)] {
        said.tag(name, u16_at(fields, at));
    }
    let compressor = fields.get(42).and_then(|len| fields.get(43..43 + usize::from(*len).min(31)));
    said.tag("stsd:compressor_name", compressor.map(|name| String::from_utf8_lossy(name).into_owned()));
    // Canon's has four bytes more.
    let behind = if entry.format == *b"CRAW" { FIELDS + 4 } else { FIELDS };
    for atom in entry.boxes(file, behind) {
        let Ok(atom) = atom else { break };
        let bytes = atom.read(file, MAX_BOX);
        let Some(bytes) = said.or_finding(bytes)? else { continue };
        note_box(&atom, &bytes, said);
    }
    if let Some(dnx) = said.tags.get("dnx:compression_id").and_then(whole32).and_then(codecs::dnx) {
        said.codec(dnx.name.to_owned(), "dnx:compression_id");
        said.bit_depth(dnx.bits, "dnx:compression_id");
        said.chroma_subsampling(dnx.chroma.to_owned(), "dnx:compression_id");
    }
    let Some(codec) = codecs::of(entry.format) else {
        said.codec(format.clone(), "stsd:format");
        said.decoder_needed(format!("a decoder of {format}"), "stsd:format");
        return Ok(());
    };
    said.codec(codec.name.to_owned(), "stsd:format");
    said.decoder_needed(codec.decoder.to_owned(), "stsd:format");
    said.bit_depth(codec.bits, "stsd:format");
    said.chroma_subsampling(codec.chroma.map(str::to_owned), "stsd:format");
    Ok(())
}

pub(super) fn note_box(atom: &Atom, bytes: &[u8], said: &mut Said) {
    let word = |at| u32_at(bytes, at);
    match &atom.kind {
        b"colr" => {
            let kind = array(bytes, 0).map(four);
            said.tag("colr:type", kind.clone());
            if matches!(kind.as_deref(), Some("nclc" | "nclx")) {
                for (name, at) in [("colr:primaries", 4), ("colr:transfer", 6), ("colr:matrix", 8)] {
                    said.tag(name, u16_at(bytes, at));
                }
                if let Some(flags) = bytes.get(10).filter(|_| kind.as_deref() == Some("nclx")) {
                    said.tag("colr:full_range", flags & 0x80 != 0);
                }
            }
        }
        b"pasp" => {
            if let (Some(h), Some(v)) = (word(0), word(4)) {
                said.tag("pasp", format!("{h}/{v}"));
                said.pixel_aspect_ratio((h > 0 && v > 0).then(|| f64::from(h) / f64::from(v)), "pasp");
            }
        }
        // Canon's compression: sizes of picture and tiles, then the bits of a sample.
        b"CMP1" => {
            said.tag("CMP1:size", json!([word(8), word(12)]));
            said.tag("CMP1:bit_depth", bytes.get(24).copied());
        }
        b"fiel" => said.tag("fiel", json!(bytes.get(..2))),
        b"clap" => clean_aperture(bytes, said),
        b"avcC" => configuration::avc(bytes, said),
        b"hvcC" => configuration::hevc(bytes, said),
        b"av1C" => configuration::av1(bytes, said),
        b"vpcC" => configuration::vp9(bytes, said),
        b"ADHR" | b"ARES" => said.tag("dnx:compression_id", avid(atom, bytes)),
        b"ACLR" => said.tag("ACLR:range", avid(atom, bytes)),
        _ => said.tag(format!("stsd:{}", four(atom.kind)), format!("{} bytes", bytes.len())),
    }
}

/// The first number of a box of Avid's, behind its own name (which DNxHR's `ADHR` leaves out) and `0001`.
fn avid(atom: &Atom, bytes: &[u8]) -> Option<u32> {
    let versioned = bytes.strip_prefix(&atom.kind).unwrap_or(bytes);
    u32_at(versioned.strip_prefix(b"0001")?, 0)
}

/// `clap`: width, height, and how far its middle is from the picture's, each a ratio.
fn clean_aperture(bytes: &[u8], said: &mut Said) {
    let ratio = |at: usize| {
        let (num, den) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)?);
        (den > 0).then(|| f64::from(num as i32) / f64::from(den))
    };
    let (Some(width), Some(height), Some(right), Some(down)) = (ratio(0), ratio(8), ratio(16), ratio(24)) else {
        return;
    };
    said.tag("clap", json!([width, height, right, down]));
    let stored = |name: &str| said.tags.get(name).and_then(whole).map(|n| n as f64);
    let (Some(full_width), Some(full_height)) = (stored("stsd:width"), stored("stsd:height")) else { return };
    let (left, top) = ((full_width - width) / 2.0 + right, (full_height - height) / 2.0 + down);
    let fits = width >= 1.0 && height >= 1.0 && left >= 0.0 && top >= 0.0;
    if fits && left + width <= full_width && top + height <= full_height {
        said.active_area([left, top, width, height].map(|n| n.round() as u32), "clap");
    }
}
