//! Directories of tags: each a TIFF file of its own. `CMT1` is the picture's, `CMT2` EXIF's, `CMT3` Canon's own.

use serde_json::Value;

use crate::{
    camera::{
        said::{Rule, Said, positive, text, whole, whole32},
        tiff::{Tag, Tiff, orientation},
    },
    error::Result,
    source::Source,
};

/// Numbers that have a name here (TIFF 6, EXIF 2.3); those of Canon's own directory are named in `OWN`.
#[rustfmt::skip]
const NAMES: &[(u16, &str)] = &[
    (0x010f, "Make"), (0x0110, "Model"), (0x0112, "Orientation"), (0x0131, "Software"), (0x0132, "DateTime"),
    (0x013b, "Artist"), (0x8298, "Copyright"), (0x829a, "ExposureTime"), (0x829d, "FNumber"), (0x8827, "ISO"),
    (0x8832, "RecommendedExposureIndex"), (0x9003, "DateTimeOriginal"), (0x9201, "ShutterSpeedValue"),
    (0x9202, "ApertureValue"), (0x920a, "FocalLength"), (0xa430, "OwnerName"), (0xa431, "BodySerialNumber"),
    (0xa432, "LensInfo"), (0xa433, "LensMake"), (0xa434, "LensModel"), (0xa435, "LensSerialNumber"),
];
const OWN: &[(u16, &str)] = &[
    (0x0006, "ImageType"),
    (0x0007, "FirmwareVersion"),
    (0x0009, "OwnerName"),
    (0x0010, "ModelID"),
    (0x0095, "LensModel"),
    (0x0096, "InternalSerialNumber"),
    (0x00e0, "SensorInfo"),
];

/// Tag -> field.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("CMT1:Make",             |said, value, tag| said.camera_make(text(value), tag)),
    ("CMT1:Model",            |said, value, tag| said.camera_model(text(value), tag)),
    ("CMT1:Orientation",      |said, value, tag| said.orientation(whole(value).and_then(orientation).map(str::to_owned), tag)),
    ("CMT2:BodySerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("CMT3:FirmwareVersion",  |said, value, tag| said.firmware(text(value).map(|v| firmware(&v)), tag)),
    ("CMT2:DateTimeOriginal", |said, value, tag| said.recorded_at(text(value).and_then(|t| iso_8601(&t)), tag)),
    ("CMT1:DateTime",         |said, value, tag| said.recorded_at(text(value).and_then(|t| iso_8601(&t)), tag)),
    ("CTMD Exif:ISO",         |said, value, tag| said.iso(positive(value), tag)),
    ("CMT2:ISO",              |said, value, tag| said.iso(positive(value), tag)),
    ("CMT2:ExposureTime",     |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("CMT2:FNumber",          |said, value, tag| said.f_number(positive(value), tag)),
    ("CMT2:FocalLength",      |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("CMT2:LensMake",         |said, value, tag| said.lens_make(text(value), tag)),
    ("CMT2:LensModel",        |said, value, tag| said.lens_model(text(value), tag)),
    ("CMT3:LensModel",        |said, value, tag| said.lens_model(text(value), tag)),
    ("CMT2:LensSerialNumber", |said, value, tag| said.lens_serial(text(value).filter(|s| s.chars().any(|c| c != '0')), tag)),
    ("CMT3:SensorInfo",       |said, value, tag| {
        said.active_area(active(value), tag);
        said.display_size(active(value).map(|[_, _, width, height]| [width, height]), tag);
    }),
];

/// Length, the sensor's width and height, two unknown, then the borders of its picture: left, top, right, bottom.
fn active(value: &Value) -> Option<[u32; 4]> {
    let [left, top, right, bottom] = [5, 6, 7, 8].map(|i| value.get(i).and_then(whole32));
    let side = |from: u32, to: u32| to.checked_sub(from)?.checked_add(1);
    let (left, top) = (left?, top?);
    Some([left, top, side(left, right?.max(left))?, side(top, bottom?.max(top))?]).filter(|[.., w, h]| *w > 1 && *h > 1)
}

/// Fields of what was noted.
pub(super) fn apply(said: &mut Said) {
    said.apply(RULES);
}

/// Notes every tag of the first directory of a TIFF file, under a name of the directory.
///
/// # Errors
/// Those of reading; [`crate::error::Error::Invalid`] when it is no such file.
pub(super) fn note(file: &dyn Source, directory: &str, said: &mut Said) -> Result<()> {
    let tiff = Tiff::open(file)?;
    let names = if directory.contains("CMT3") || directory.contains("MakerNote") { OWN } else { NAMES };
    let (ifd, _) = tiff.first(Tag { number: 330, name: "SubIFDs" })?;
    for entry in &ifd.entries {
        let name = names.iter().find(|(number, _)| *number == entry.tag).map(|(_, name)| *name);
        let tag = Tag { number: entry.tag, name: name.unwrap_or_default() };
        let value = tiff.json(entry, tag)?;
        said.tag(
            name.map_or_else(|| format!("{directory}:{}", entry.tag), |name| format!("{directory}:{name}")),
            value,
        );
    }
    Ok(())
}

/// `Firmware Version 1.0.1` as `1.0.1`.
fn firmware(version: &str) -> String {
    version.trim_start_matches("Firmware").trim_start().trim_start_matches("Version").trim().to_owned()
}

/// EXIF's `2026:11:24 08:15:00` as `2026-11-24T08:15:00`.
fn iso_8601(exif: &str) -> Option<String> {
    let shape: String = exif.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (day, time) = exif.split_once(' ')?;
    (shape == "0000:00:00 00:00:00" && !exif.starts_with("0000")).then(|| format!("{}T{time}", day.replace(':', "-")))
}
