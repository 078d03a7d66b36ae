//! What a DNG file says about its clip, in the words of `clip-metadata.v1`.

use super::{
    decodable,
    directories::Directories,
    levels,
    picture::{Picture, compression_name},
    tags,
};
use crate::{
    camera::{
        said::Said,
        tiff::{Tag, orientation},
    },
    color::temperature_of,
    error::{Error, Result},
    timecode::{Digits, Rational, Timecode},
};

/// Longest text that is read.
const MAX_TEXT: usize = 4096;

/// Tags of text, the first that has some, and what it means.
type Text = (&'static [Tag], fn(&mut Said, String, &str));
const TEXTS: &[Text] = &[
    (&[tags::MAKE], |said, text, tag| said.camera_make(text, tag)),
    (&[tags::MODEL, tags::UNIQUE_CAMERA_MODEL, tags::LOCALIZED_CAMERA_MODEL], |said, text, tag| {
        said.camera_model(text, tag);
    }),
    (&[tags::CAMERA_SERIAL_NUMBER, tags::BODY_SERIAL_NUMBER], |said, text, tag| said.camera_serial(text, tag)),
    (&[tags::CAMERA_LABEL], |said, text, tag| said.camera_index(text, tag)),
    (&[tags::REEL_NAME], |said, text, tag| said.reel_name(text, tag)),
    (&[tags::LENS_MAKE], |said, text, tag| said.lens_make(text, tag)),
    (&[tags::LENS_MODEL], |said, text, tag| said.lens_model(text, tag)),
    (&[tags::LENS_SERIAL_NUMBER], |said, text, tag| said.lens_serial(text, tag)),
    (&[tags::DATE_TIME_ORIGINAL], |said, text, tag| said.recorded_at(iso_8601(&text), tag)),
    (&[tags::DATE_TIME_DIGITIZED], |said, text, tag| said.recorded_at(iso_8601(&text), tag)),
    (&[tags::DATE_TIME], |said, text, tag| said.recorded_at(iso_8601(&text), tag)),
];

/// Tags of a number, the first that is above 0 (0 and n/0 are how cameras write unknown), and what it means.
type Number = (&'static [Tag], fn(&mut Said, f64, &str));
const NUMBERS: &[Number] = &[
    // EXIF's first one has 16 bits: 65535 is said in another.
    (&[tags::ISO], |said, value, tag| said.iso((value < 65535.0).then_some(value), tag)),
    (&[tags::ISO_SPEED, tags::RECOMMENDED_EXPOSURE_INDEX, tags::STANDARD_OUTPUT_SENSITIVITY], |said, value, tag| {
        said.iso(value, tag);
    }),
    (&[tags::RECOMMENDED_EXPOSURE_INDEX, tags::EXPOSURE_INDEX, tags::EXPOSURE_INDEX_EP], |said, value, tag| {
        said.exposure_index(value, tag);
    }),
    (&[tags::EXPOSURE_TIME], |said, seconds, tag| said.exposure_time_seconds(seconds, tag)),
    (&[tags::F_NUMBER], |said, value, tag| said.f_number(value, tag)),
    (&[tags::T_STOP], |said, value, tag| said.t_stop(value, tag)),
    // All bits set over 1 is infinity.
    (&[tags::SUBJECT_DISTANCE], |said, metres, tag| said.focus_distance_m((metres < 1e6).then_some(metres), tag)),
    (&[tags::FOCAL_LENGTH], |said, millimetres, tag| said.focal_length_mm(millimetres, tag)),
];

/// Tags in stops of APEX, which some cameras write instead, and what they mean.
type Stops = (Tag, fn(&mut Said, f64, &str));
const APEX: &[Stops] = &[
    (tags::SHUTTER_SPEED_VALUE, |said, stops, tag| said.exposure_time_seconds((-stops).exp2(), tag)),
    (tags::APERTURE_VALUE, |said, stops, tag| said.f_number((stops > 0.0).then(|| (stops / 2.0).exp2()), tag)),
];

/// Says everything that is known without the pixels. A value that cannot be read is a finding.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(super) fn say(dng: &Directories<'_>, picture: &Picture, said: &mut Said) -> Result<()> {
    coding(dng, picture, said)?;
    geometry(dng, picture, said)?;
    firmware(dng, said)?;
    take(dng, said)?;
    white_balance(dng, said)
}

/// What the tags of EXIF and CinemaDNG say of camera, lens and take, in any TIFF file. A value that cannot be read is a
/// finding.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(in crate::camera) fn take(tiff: &Directories<'_>, said: &mut Said) -> Result<()> {
    for (tags, meant) in TEXTS {
        let text = first(tiff, said, tags, |entry, tag| tiff.tiff.text(entry, tag, MAX_TEXT), |text| !text.is_empty())?;
        if let Some((text, tag)) = text {
            meant(said, text, tag.name);
        }
    }
    let number = |entry: &_, tag| Ok(tiff.tiff.numbers(entry, tag, 16)?.first().copied().unwrap_or(f64::NAN));
    for (tags, meant) in NUMBERS {
        if let Some((number, tag)) = first(tiff, said, tags, number, |n| n.is_finite() && *n > 0.0)? {
            meant(said, number, tag.name);
        }
    }
    for (tag, meant) in APEX {
        if let Some((stops, tag)) = first(tiff, said, &[*tag], number, |n| n.abs() < 64.0)? {
            meant(said, stops, tag.name);
        }
    }
    time(tiff, said)?;
    prime_lens(tiff, said)
}

/// Software is the camera's, unless a converter made the file of another: that names itself.
fn firmware(dng: &Directories<'_>, said: &mut Said) -> Result<()> {
    let text = |entry: &_, tag| dng.tiff.text(entry, tag, MAX_TEXT);
    let converted = dng.anywhere(tags::ORIGINAL_RAW_FILE_NAME).is_some();
    if let Some((software, tag)) = first(dng, said, &[tags::SOFTWARE], text, |_| !converted)? {
        said.firmware((!software.starts_with("Adobe")).then_some(software), tag.name);
    }
    Ok(())
}

/// The first of these tags that is there and has a value worth saying.
fn first<T>(
    dng: &Directories<'_>,
    said: &mut Said,
    tags: &[Tag],
    read: impl Fn(&crate::camera::tiff::Entry, Tag) -> Result<T>,
    known: impl Fn(&T) -> bool,
) -> Result<Option<(T, Tag)>> {
    for &tag in tags {
        let Some(entry) = dng.anywhere(tag) else { continue };
        if let Some(value) = said.or_finding(read(entry, tag))?.filter(&known) {
            return Ok(Some((value, tag)));
        }
    }
    Ok(None)
}

/// Container, codec, compression, and what pixels need that cannot be decoded.
fn coding(dng: &Directories<'_>, picture: &Picture, said: &mut Said) -> Result<()> {
    let cinema = [tags::TIME_CODES, tags::FRAME_RATE].iter().any(|t| dng.anywhere(*t).is_some());
    said.container("DNG".to_owned(), "TIFF header");
    let (codec, source) = if cinema { ("CinemaDNG", "TimeCodes, FrameRate") } else { ("DNG", "TIFF header") };
    said.codec(codec.to_owned(), source);
    said.compression(compression_name(picture.compression), tags::COMPRESSION.name);
    said.bit_depth(picture.bits, tags::BITS_PER_SAMPLE.name);
    match decodable(dng, picture) {
        Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
        Err(Error::Unsupported { what, at }) => {
            let what = what.strip_prefix("decoding ").unwrap_or(&what);
            said.decoder_needed(format!("a decoder of {what}"), at.field.as_deref().unwrap_or("TIFF header"));
        }
        // What is invalid is told where it is read, or when it is decoded.
        Err(Error::Invalid { .. }) | Ok(()) => {}
    }
    Ok(())
}

/// Sizes, and how the picture is to be shown.
fn geometry(dng: &Directories<'_>, picture: &Picture, said: &mut Said) -> Result<()> {
    said.width(picture.width as u32, tags::IMAGE_WIDTH.name);
    said.height(picture.height as u32, tags::IMAGE_LENGTH.name);
    if let Some(area) = said.or_finding(levels::active_area(dng, picture))? {
        let whole = dng.of_raw(tags::ACTIVE_AREA).is_none();
        let source = if whole { "ImageWidth, ImageLength" } else { tags::ACTIVE_AREA.name };
        said.active_area([area.left, area.top, area.width, area.height].map(|n| n as u32), source);
    }
    let pair = |tag: Tag| dng.numbers(dng.anywhere(tag), tag, 2).map(|n| n.and_then(|n| <[f64; 2]>::try_from(n).ok()));
    let size = said.or_finding(pair(tags::DEFAULT_CROP_SIZE))?.flatten();
    let shown = size.filter(|sides| sides.iter().all(|side| (1.0..65536.0).contains(side)));
    said.display_size(shown.map(|sides| sides.map(|side| side.round() as u32)), tags::DEFAULT_CROP_SIZE.name);
    // A pixel is shown DefaultScale wide and high.
    let scale = said.or_finding(pair(tags::DEFAULT_SCALE))?.flatten();
    let ratio = scale.filter(|scale| scale.iter().all(|n| *n > 0.0)).map(|[across, down]| across / down);
    said.pixel_aspect_ratio(ratio, tags::DEFAULT_SCALE.name);
    let turned = said.or_finding(dng.integer(dng.anywhere(tags::ORIENTATION), tags::ORIENTATION))?.flatten();
    said.orientation(turned.and_then(orientation).map(str::to_owned), tags::ORIENTATION.name);
    Ok(())
}

fn time(dng: &Directories<'_>, said: &mut Said) -> Result<()> {
    let whole = |n: i64| u32::try_from(n).ok().filter(|n| *n > 0);
    let read = || {
        let Some(entry) = dng.anywhere(tags::FRAME_RATE) else { return Ok(None) };
        let rate = dng.tiff.rationals(entry, tags::FRAME_RATE, 1)?;
        let exact = rate.first().and_then(|&(n, d)| Rational::new(whole(n)?, whole(d)?));
        exact.map(Some).ok_or_else(|| dng.problem(tags::FRAME_RATE, "it is not a rate above 0"))
    };
    let rate = said.or_finding(read())?.flatten().map(Rational::normalised);
    said.frame_rate(rate, tags::FRAME_RATE.name);
    let Some(entry) = dng.anywhere(tags::TIME_CODES) else { return Ok(()) };
    let codes = said.or_finding(dng.tiff.raw(entry, tags::TIME_CODES, 80))?;
    let Some(bytes) = codes.as_deref().and_then(<[u8]>::first_chunk).copied() else { return Ok(()) };
    // Without a rate the digits are all that is known.
    let text = match rate.and_then(Rational::timecode_base) {
        Some(base) => Timecode::from_bcd(bytes, base).map(|t| t.to_string()),
        None => Digits::from_bcd(bytes).map(|d| d.to_string()),
    };
    let text = said.or_finding(text.map_err(|e| e.in_field(tags::TIME_CODES.name)))?;
    said.start_timecode_digits(text, tags::TIME_CODES.name);
    Ok(())
}

/// Shortest and longest focal length, then the f-numbers there; 0/0 is unknown.
fn prime_lens(dng: &Directories<'_>, said: &mut Said) -> Result<()> {
    let numbers = |entry: &_, tag| dng.tiff.numbers(entry, tag, 4);
    let lens = first(
        dng,
        said,
        &[tags::LENS_INFO, tags::LENS_SPECIFICATION],
        numbers,
        |lens| matches!(lens[..], [shortest, longest, ..] if shortest.total_cmp(&longest).is_eq() && shortest > 0.0),
    )?;
    if let Some((lens, tag)) = lens {
        said.focal_length_mm(lens.first().copied(), tag.name);
    }
    Ok(())
}

/// The balance as factors that make the neutral white, green being 1; or as the temperature of the white's chromaticity.
fn white_balance(dng: &Directories<'_>, said: &mut Said) -> Result<()> {
    let positive = |values: &[f64]| values.iter().all(|v| *v > 0.0);
    let neutral = dng.numbers(dng.anywhere(tags::AS_SHOT_NEUTRAL), tags::AS_SHOT_NEUTRAL, 16);
    if let Some([red, green, blue]) = said.or_finding(neutral)?.flatten().filter(|n| positive(n)).as_deref() {
        said.white_balance_gains([green / red, 1.0, green / blue], tags::AS_SHOT_NEUTRAL.name);
    }
    let white = dng.numbers(dng.anywhere(tags::AS_SHOT_WHITE_XY), tags::AS_SHOT_WHITE_XY, 2);
    if let Some([x, y]) = said.or_finding(white)?.flatten().filter(|xy| positive(xy)).as_deref()
        && x + y < 1.0
    {
        said.white_balance_kelvin(temperature_of([*x, *y]).round(), tags::AS_SHOT_WHITE_XY.name);
    }
    Ok(())
}

/// EXIF's `2026:11:24 08:15:00` as `2026-11-24T08:15:00`; none when it is not that.
fn iso_8601(exif: &str) -> Option<String> {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let mut text: String = exif.get(..19)?.to_owned();
    if text.chars().map(shape).collect::<String>() != "0000:00:00 00:00:00" || text.starts_with("0000") {
        return None;
    }
    text.replace_range(4..5, "-");
    text.replace_range(7..8, "-");
    text.replace_range(10..11, "T");
    Some(text)
}
