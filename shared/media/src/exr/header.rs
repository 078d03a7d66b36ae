//! What a plate says about itself. Names and types are OpenEXR's standard attributes where it has one.

use std::collections::HashMap;

use exr::{
    meta::{
        attribute::{AttributeValue, Chromaticities, IntegerBounds, Text, TimeCode},
        header::{ImageAttributes, LayerAttributes},
    },
    prelude::Vec2,
};
use serde::{Deserialize, Serialize};

use crate::{
    clip::Metadata,
    color::{Gamut, WorkingSpace},
    error::{Error, Result},
    raw::{Rect, Rgb},
    timecode::{Rational, Timecode},
};

/// What kind of file a plate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Any lossless compression; says its primaries, but is no ACES container.
    #[default]
    Plate,
    /// The container of SMPTE ST 2065-4: uncompressed, ACES2065-1, with its flag.
    AcesStrict,
}

/// Everything that goes into the header of a plate.
#[derive(Debug, Clone)]
pub struct Header {
    /// What kind of file it is.
    pub profile: Profile,
    /// What it is encoded in.
    pub space: WorkingSpace,
    /// What the clip says about itself.
    pub metadata: Metadata,
    /// Number of the plate.
    pub frame: u32,
    /// Source timecode.
    pub timecode: Option<Timecode>,
    /// Frames a second.
    pub rate: Option<Rational>,
    /// Where the colour comes from.
    pub colour_basis: String,
    /// Recipe id: 64 hex digits.
    pub recipe: String,
    /// The framing document as it came.
    pub fdl: Option<String>,
}

type Attributes = HashMap<Text, AttributeValue>;

impl Header {
    pub(super) fn attributes(&self, rgb: &Rgb, crop: Rect) -> Result<(ImageAttributes, LayerAttributes)> {
        let strict = self.profile == Profile::AcesStrict;
        if strict && self.space != WorkingSpace::Aces20651 {
            return Err(Error::invalid("the profile aces-strict (ST 2065-4) holds ACES2065-1 only"));
        }
        let m = &self.metadata;
        let mut image = ImageAttributes::new(IntegerBounds::from_dimensions((crop.width, crop.height)));
        image.pixel_aspect =
            m.pixel_aspect_ratio.or(m.lens_squeeze).filter(|a| *a > 0.0 && a.is_finite()).unwrap_or(1.0) as f32;
        image.chromaticities = Some(chromaticities(&self.space.gamut()));
        image.time_code = self.timecode.and_then(Timecode::to_exr).map(|tv60| TimeCode::from_tv60_time(tv60, 0));
        let mut layer = LayerAttributes {
            screen_window_width: 1.0,
            frames_per_second: self.rate.and_then(|r| Some((i32::try_from(r.num()).ok()?, r.den()))),
            iso_speed: m.exposure_index.or(m.iso).map(|v| v as f32),
            exposure: m.exposure_time_seconds.map(|v| v as f32),
            aperture: m.f_number.map(|v| v as f32),
            focus: m.focus_distance_m.map(|v| v as f32),
            capture_date: m.recorded_at.as_deref().and_then(capture_date).map(|d| text(&d)),
            software_name: Some(text(concat!("platefleet ", env!("CARGO_PKG_VERSION")))),
            ..LayerAttributes::default()
        };
        if crop.width != rgb.width || crop.height != rgb.height {
            let position = Vec2(-(crop.left as i32), -(crop.top as i32));
            layer.original_data_window = Some(IntegerBounds::new(position, Vec2(rgb.width, rgb.height)));
        }
        self.others(&mut layer.other);
        if strict {
            layer.other.insert(text("acesImageContainerFlag"), AttributeValue::I32(1));
        }
        Ok((image, layer))
    }

    /// Attributes that the EXR library has no field for.
    fn others(&self, other: &mut Attributes) {
        let m = &self.metadata;
        for (name, value) in [
            ("cameraMake", &m.camera_make),
            ("cameraModel", &m.camera_model),
            ("cameraSerialNumber", &m.camera_serial),
            ("cameraFirmwareVersion", &m.firmware),
            ("clipUuid", &m.clip_uuid),
            ("cameraLabel", &m.camera_index),
            ("lensMake", &m.lens_make),
            ("lensModel", &m.lens_model),
            ("lensSerialNumber", &m.lens_serial),
            ("reelName", &m.reel_name),
            ("clipName", &m.clip_name),
            ("ascFramingDecisionList", &self.fdl),
        ] {
            if let Some(value) = value {
                other.insert(text(name), AttributeValue::Text(text(value)));
            }
        }
        for (name, value) in [
            ("tStop", m.t_stop),
            ("nominalFocalLength", m.focal_length_mm),
            ("shutterAngle", m.shutter_angle_degrees),
            ("cameraCCTSetting", m.white_balance_kelvin),
            ("cameraTintSetting", m.tint),
        ] {
            if let Some(value) = value.filter(|v| v.is_finite()) {
                other.insert(text(name), AttributeValue::F32(value as f32));
            }
        }
        other.insert(text("imageCounter"), AttributeValue::I32(i32::try_from(self.frame).unwrap_or(i32::MAX)));
        other.insert(text("colorInteropID"), AttributeValue::Text(text(self.space.interop_id())));
        other.insert(text("colour_basis"), AttributeValue::Text(text(&self.colour_basis)));
        other.insert(text("recipe"), AttributeValue::Text(text(&self.recipe)));
    }
}

/// UTF-8 bytes as they are: what every reader of today expects of a string attribute.
fn text(value: &str) -> Text {
    Text::from_slice_unchecked(value.as_bytes())
}

/// `2026-11-24T10:11:12` as OpenEXR's `capDate` writes it: `2026:11:24 10:11:12`.
fn capture_date(iso: &str) -> Option<String> {
    let (date, time) = iso.split_once(['T', ' '])?;
    let time = time.get(..8)?;
    (date.len() == 10).then(|| format!("{} {time}", date.replace('-', ":")))
}

fn chromaticities(gamut: &Gamut) -> Chromaticities {
    let point = |p: [f64; 2]| Vec2(p[0] as f32, p[1] as f32);
    let [red, green, blue] = gamut.primaries.map(point);
    Chromaticities { red, green, blue, white: point(gamut.white) }
}

/// Puts the attributes of a written header in the order of their names. The library writes them in the order of a hash
/// map, which differs from run to run; their bytes together stay as long, so every offset behind them stays true.
pub(super) fn sort(file: &mut [u8]) -> Result<()> {
    const START: usize = 8;
    let broken = || Error::invalid("the EXR library wrote a header that cannot be read");
    let (mut attributes, mut at) = (Vec::new(), START);
    while *file.get(at).ok_or_else(broken)? != 0 {
        let begin = at;
        for _ in 0..2 {
            let end = file[at..].iter().position(|b| *b == 0).ok_or_else(broken)?;
            at += end + 1;
        }
        let size = file.get(at..at + 4).and_then(|s| s.try_into().ok()).map(u32::from_le_bytes).ok_or_else(broken)?;
        at += 4 + size as usize;
        attributes.push(file.get(begin..at).ok_or_else(broken)?.to_vec());
    }
    attributes.sort();
    file[START..at].copy_from_slice(&attributes.concat());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_capture_date_is_written_as_openexr_writes_it() {
        assert_eq!(super::capture_date("2026-11-24T10:11:12.5Z").as_deref(), Some("2026:11:24 10:11:12"));
        assert_eq!(super::capture_date("yesterday"), None);
    }
}
