//! The header of a DPX file (SMPTE ST 268-1:2014, section 5), and what its fields mean in `clip-metadata.v1`.

use Kind::{F32, Text, U8, U16, U32};
use serde_json::Value;

use crate::{
    camera::{
        said::{Rule, Said, number, positive, rate_of_number, text, whole, whole32},
        tiff,
    },
    timecode::{Digits, Rational, Timecode},
};

/// How a field is written. All bits set, and not a number, are how writers say that they know none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    U16,
    U32,
    F32,
    /// So many bytes, ended by a NUL when shorter.
    Text(usize),
}

impl Kind {
    /// Bytes.
    pub(super) fn len(self) -> usize {
        match self {
            U8 => 1,
            U16 => 2,
            U32 | F32 => 4,
            Text(len) => len,
        }
    }
}

/// Offset, how it is written, name.
pub(super) const FIELDS: &[(usize, Kind, &str)] = &[
    // File information
    (4, U32, "ImageOffset"),
    (8, Text(8), "Version"),
    (16, U32, "FileSize"),
    (20, U32, "DittoKey"),
    (24, U32, "GenericHeaderSize"),
    (28, U32, "IndustryHeaderSize"),
    (32, U32, "UserDataSize"),
    (36, Text(100), "FileName"),
    (136, Text(24), "CreateDate"),
    (160, Text(100), "Creator"),
    (260, Text(200), "Project"),
    (460, Text(200), "Copyright"),
    (660, U32, "EncryptionKey"),
    // Image information, and the first image element
    (768, U16, "Orientation"),
    (770, U16, "ImageElements"),
    (772, U32, "PixelsPerLine"),
    (776, U32, "LinesPerElement"),
    (780, U32, "DataSign"),
    (784, U32, "LowData"),
    (788, F32, "LowQuantity"),
    (792, U32, "HighData"),
    (796, F32, "HighQuantity"),
    (800, U8, "Descriptor"),
    (801, U8, "Transfer"),
    (802, U8, "Colorimetric"),
    (803, U8, "BitDepth"),
    (804, U16, "Packing"),
    (806, U16, "Encoding"),
    (808, U32, "DataOffset"),
    (812, U32, "EndOfLinePadding"),
    (816, U32, "EndOfImagePadding"),
    (820, Text(32), "Description"),
    // Image source information
    (1432, Text(100), "SourceFileName"),
    (1532, Text(24), "SourceDate"),
    (1556, Text(32), "InputDevice"),
    (1588, Text(32), "InputDeviceSerialNumber"),
    (1628, U32, "PixelAspectRatioHorizontal"),
    (1632, U32, "PixelAspectRatioVertical"),
    // Motion-picture film
    (1664, Text(2), "FilmManufacturerId"),
    (1666, Text(2), "FilmType"),
    (1668, Text(2), "FilmOffset"),
    (1670, Text(6), "FilmPrefix"),
    (1676, Text(4), "FilmCount"),
    (1680, Text(32), "FilmFormat"),
    (1712, U32, "FramePosition"),
    (1716, U32, "SequenceLength"),
    (1720, U32, "HeldCount"),
    (1724, F32, "FilmFrameRate"),
    (1728, F32, "ShutterAngle"),
    (1732, Text(32), "FrameId"),
    (1764, Text(100), "Slate"),
    // Television
    (1920, U32, "Timecode"),
    (1924, U32, "UserBits"),
    (1928, U8, "Interlace"),
    (1940, F32, "TelevisionFrameRate"),
    (1948, F32, "Gamma"),
    (1952, F32, "BlackLevel"),
    (1964, F32, "WhiteLevel"),
    (1968, F32, "IntegrationTime"),
];

/// Transfer characteristics and colorimetric specifications share most of their numbers (tables 5A and 5B; those above 12
/// are of ST 268-2).
fn color_name(value: &Value, curve: bool) -> Option<String> {
    let name = match (whole(value)?, curve) {
        (1, _) => "Printing density",
        (2, true) => "Linear",
        (3, true) => "Logarithmic",
        (5 | 6, _) => "BT.709",
        (7, _) => "BT.601 625",
        (8, _) => "BT.601 525",
        (9, _) => "NTSC",
        (10, _) => "PAL",
        (13, _) => "ADX",
        (14, false) | (14 | 15, true) => "BT.2020",
        (15, false) => "P3-D65",
        (16, true) => "xvYCC",
        (16, false) => "DCI-P3",
        (17, false) => "P3-D60",
        (17 | 18, true) => "PQ",
        (18, false) => "ACES",
        (19 | 20, true) => "HLG",
        (21, true) => "Gamma 2.6",
        (22, true) => "sRGB",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Field, and what it means.
pub(super) const RULES: &[Rule] = &[
    ("PixelsPerLine", |said, value, tag| said.width(whole32(value).filter(|n| *n > 0), tag)),
    ("LinesPerElement", |said, value, tag| said.height(whole32(value).filter(|n| *n > 0), tag)),
    ("BitDepth", |said, value, tag| said.bit_depth(whole32(value).filter(|n| (1..=64).contains(n)), tag)),
    ("Encoding", |said, value, tag| {
        let name = match whole(value) {
            Some(0) => "uncompressed",
            Some(1) => "run length",
            _ => return,
        };
        said.compression(name.to_owned(), tag);
    }),
    ("Orientation", |said, value, tag| {
        // Lines and pixels from left to right and top to bottom, and so on (table 2), in the numbers of TIFF.
        let turned = whole(value).and_then(|n| [1, 4, 2, 3, 5, 6, 8, 7].get(usize::try_from(n).ok()?).copied());
        said.orientation(turned.and_then(tiff::orientation).map(str::to_owned), tag);
    }),
    ("Descriptor", |said, value, tag| {
        let name = match whole(value) {
            Some(100 | 101) => "4:2:2",
            Some(102 | 103) => "4:4:4",
            _ => return,
        };
        said.chroma_subsampling(name.to_owned(), tag);
    }),
    ("Interlace", |said, value, tag| {
        if whole(value) == Some(1) {
            said.scan(String::from("interlaced"), tag);
        }
    }),
    ("Transfer", |said, value, tag| said.color_encoding(color_name(value, true), tag)),
    ("Colorimetric", |said, value, tag| said.color_primaries(color_name(value, false), tag)),
    ("PixelAspectRatioHorizontal", |said, value, tag| {
        let below = said.tags.get("PixelAspectRatioVertical").and_then(positive);
        let ratio = positive(value).zip(below).map(|(across, down)| across / down);
        said.pixel_aspect_ratio(ratio, tag);
    }),
    ("InputDevice", |said, value, tag| said.camera_model(text(value), tag)),
    ("InputDeviceSerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("Project", |said, value, tag| said.production_name(text(value), tag)),
    ("SourceDate", recorded_at),
    ("CreateDate", recorded_at),
    ("FilmFrameRate", |said, value, tag| said.frame_rate(positive(value).and_then(rate_of_number), tag)),
    ("TelevisionFrameRate", |said, value, tag| said.frame_rate(positive(value).and_then(rate_of_number), tag)),
    ("ShutterAngle", |said, value, tag| {
        said.shutter_angle_degrees(positive(value).filter(|degrees| *degrees <= 360.0), tag);
    }),
    // Seconds.
    ("IntegrationTime", |said, value, tag| {
        said.exposure_time_seconds(positive(value).filter(|seconds| *seconds < 60.0), tag);
    }),
    ("Timecode", |said, value, tag| {
        let rate = said.metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok());
        let word = whole32(value);
        let Some(word) = word.filter(|word| *word != 0 || rate.is_some()) else { return };
        let [hours, minutes, seconds, frames] = word.to_be_bytes();
        let bytes = [frames, seconds, minutes, hours];
        let read = match rate.and_then(Rational::timecode_base) {
            Some(base) => Timecode::from_bcd(bytes, base).map(|t| t.to_string()),
            None => Digits::from_bcd(bytes).map(|d| d.to_string()),
        };
        match read {
            Ok(timecode) => said.start_timecode_digits(timecode, tag),
            Err(error) => said.finding(format!("{tag}: {error}")),
        }
    }),
];

/// `yyyy:mm:dd:hh:mm:ss` and a time zone; some write a space before the hours, and none before the zone.
fn recorded_at(said: &mut Said, value: &Value, tag: &str) {
    let Some(written) = text(value) else { return };
    let mut parts = written.splitn(7, [':', ' ']);
    let mut part = |len: usize| {
        let part = parts.next()?;
        part.get(..len)
            .filter(|p| p.bytes().all(|b| b.is_ascii_digit()) && !part[len..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return };
    let (Some(hour), Some(minute), Some(second)) = (part(2), part(2), part(2)) else { return };
    if year != "0000" {
        said.recorded_at(format!("{year}-{month}-{day}T{hour}:{minute}:{second}"), tag);
    }
}

/// As it is written in decimal, not with the digits that a wider number adds; none when it is none.
pub(super) fn decimal(value: f32) -> Option<Value> {
    let shown = value.is_finite().then(|| value.to_string().parse::<f64>().ok())?;
    number(&Value::from(shown?)).map(Value::from)
}
