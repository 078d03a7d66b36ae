//! TIFF 6.0 and BigTIFF that are no DNG: stills and scans, a frame a file. Pixels are not decoded yet.

use super::{
    Format, FrameTable, Inspected,
    said::{Rule, Said, positive, text, whole, whole32},
    tiff::{self, Tag, Tiff},
};
use crate::{error::Result, source::Source};

/// The format.
pub struct TiffStill;

/// Tags with a name, of the first directory and of its EXIF directory.
const TAGS: &[Tag] = &[
    Tag { number: 256, name: "ImageWidth" },
    Tag { number: 257, name: "ImageLength" },
    Tag { number: 258, name: "BitsPerSample" },
    Tag { number: 259, name: "Compression" },
    Tag { number: 262, name: "PhotometricInterpretation" },
    Tag { number: 270, name: "ImageDescription" },
    Tag { number: 271, name: "Make" },
    Tag { number: 272, name: "Model" },
    Tag { number: 274, name: "Orientation" },
    Tag { number: 277, name: "SamplesPerPixel" },
    Tag { number: 305, name: "Software" },
    Tag { number: 306, name: "DateTime" },
    Tag { number: 315, name: "Artist" },
    Tag { number: 33_434, name: "ExposureTime" },
    Tag { number: 33_437, name: "FNumber" },
    Tag { number: 34_855, name: "ISOSpeedRatings" },
    Tag { number: 36_867, name: "DateTimeOriginal" },
    Tag { number: 37_386, name: "FocalLength" },
    Tag { number: 42_036, name: "LensModel" },
];
const SUB_IFDS: Tag = Tag { number: 330, name: "SubIFDs" };
const EXIF_IFD: Tag = Tag { number: 34_665, name: "ExifIFD" };

/// Tag, and what it means.
const RULES: &[Rule] = &[
    ("ImageWidth", |said, value, tag| said.width(whole32(value).filter(|n| *n > 0), tag)),
    ("ImageLength", |said, value, tag| said.height(whole32(value).filter(|n| *n > 0), tag)),
    ("BitsPerSample", |said, value, tag| {
        let first = value.as_array().map_or(Some(value), |list| list.first());
        said.bit_depth(first.and_then(whole32), tag);
    }),
    ("Compression", |said, value, tag| {
        let name = match whole(value) {
            Some(1) => "uncompressed",
            Some(5) => "LZW",
            Some(7) => "JPEG",
            Some(8 | 32_946) => "deflate",
            Some(32_773) => "PackBits",
            _ => return,
        };
        said.compression(name.to_owned(), tag);
    }),
    ("Make", |said, value, tag| said.camera_make(text(value), tag)),
    ("Model", |said, value, tag| said.camera_model(text(value), tag)),
    ("DateTimeOriginal", recorded_at),
    ("DateTime", recorded_at),
    ("ExposureTime", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("FNumber", |said, value, tag| said.f_number(positive(value), tag)),
    ("ISOSpeedRatings", |said, value, tag| said.iso(positive(value), tag)),
    ("FocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("LensModel", |said, value, tag| said.lens_model(text(value), tag)),
];

/// `2026:11:24 08:15:00`.
fn recorded_at(said: &mut Said, value: &serde_json::Value, tag: &str) {
    let stamp = text(value).filter(|t| t.len() == 19 && t.is_ascii() && !t.starts_with("0000"));
    said.recorded_at(stamp.map(|t| format!("{}-{}-{}T{}", &t[..4], &t[5..7], &t[8..10], &t[11..])), tag);
}

impl Format for TiffStill {
    fn name(&self) -> &'static str {
        "TIFF"
    }

    fn recognises(&self, extension: &str, head: &[u8]) -> bool {
        extension != "dng" && tiff::is_tiff(head)
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let tiff = Tiff::open(file)?;
        let mut said = Said::default();
        said.container(String::from("TIFF"), "magic number");
        said.codec(String::from("TIFF"), "magic number");
        said.decoder_needed(String::from("a TIFF decoder"), "magic number");
        if let Some((first, _)) = tiff.directories(SUB_IFDS)?.into_iter().next() {
            let exif = said.or_finding(tiff.pointed(&first, EXIF_IFD))?.flatten();
            for ifd in [Some(first), exif].into_iter().flatten() {
                for entry in &ifd.entries {
                    let known = TAGS.iter().find(|tag| tag.number == entry.tag).copied();
                    let tag = known.unwrap_or(Tag { number: entry.tag, name: "" });
                    let name = if tag.name.is_empty() { entry.tag.to_string() } else { tag.name.to_owned() };
                    said.tag(name, tiff.json(entry, tag)?);
                }
            }
        }
        said.apply(RULES);
        said.frame_count(1, "file");
        Ok(said.finish(FrameTable::Whole))
    }
}
