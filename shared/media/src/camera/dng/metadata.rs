//! What a DNG file says about its clip, in the words of `clip-metadata.v1`.

use super::{
    directories::Directories,
    levels,
    picture::{Picture, compression_name},
    tags,
};
use crate::{
    camera::tiff::Tag,
    clip::Metadata,
    error::{Error, Result},
    timecode::{Digits, Rational, Timecode},
};

/// Longest text that is read.
const MAX_TEXT: usize = 4096;

/// Everything that is known without the pixels. A value that cannot be read is told in `findings`.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Io`].
pub(super) fn metadata(dng: &Directories<'_>, picture: &Picture) -> Result<Metadata> {
    let mut says = Says { dng, metadata: Metadata::default() };
    says.camera()?;
    says.picture(picture)?;
    says.time()?;
    says.exposure_and_lens()?;
    Ok(says.metadata)
}

/// The metadata so far, and where more of it comes from.
struct Says<'a, 's> {
    dng: &'a Directories<'s>,
    metadata: Metadata,
}

impl Says<'_, '_> {
    fn camera(&mut self) -> Result<()> {
        self.metadata.camera_make = self.text("camera_make", &[tags::MAKE])?;
        self.metadata.camera_model = self.text("camera_model", &[tags::MODEL, tags::UNIQUE_CAMERA_MODEL])?;
        let serial = [tags::CAMERA_SERIAL_NUMBER, tags::BODY_SERIAL_NUMBER];
        self.metadata.camera_serial = self.text("camera_serial", &serial)?;
        self.metadata.camera_index = self.text("camera_index", &[tags::CAMERA_LABEL])?;
        self.metadata.firmware = self.text("firmware", &[tags::SOFTWARE])?;
        self.metadata.reel_name = self.text("reel_name", &[tags::REEL_NAME])?;
        let orientation = self.integer("orientation", tags::ORIENTATION)?;
        self.metadata.orientation = orientation.and_then(orientation_name).map(str::to_owned);
        Ok(())
    }

    fn picture(&mut self, picture: &Picture) -> Result<()> {
        let (width, height) = (picture.width as u32, picture.height as u32);
        let cinema = [tags::TIME_CODES, tags::FRAME_RATE].iter().any(|t| self.dng.anywhere(*t).is_some());
        self.metadata.container = Some("DNG".to_owned());
        self.metadata.codec = Some(if cinema { "CinemaDNG" } else { "DNG" }.to_owned());
        self.came_from_names("container", "TIFF header");
        self.came_from_names("codec", if cinema { "TimeCodes, FrameRate" } else { "TIFF header" });
        self.metadata.compression = Some(compression_name(picture.compression));
        self.metadata.bit_depth = Some(picture.bits);
        self.metadata.width = Some(width);
        self.metadata.height = Some(height);
        self.metadata.resolution = Some(format!("{width}x{height}"));
        for (field, tag) in [
            ("compression", tags::COMPRESSION),
            ("bit_depth", tags::BITS_PER_SAMPLE),
            ("width", tags::IMAGE_WIDTH),
            ("height", tags::IMAGE_LENGTH),
        ] {
            self.came_from(field, tag);
        }
        self.came_from_names("resolution", "ImageWidth, ImageLength");
        let active = levels::active_area(self.dng, picture);
        self.metadata.active_area = self
            .found("active_area", tags::ACTIVE_AREA, active.map(Some))?
            .map(|area| [area.left, area.top, area.width, area.height].map(|n| n as u32));
        if self.metadata.active_area.is_some() && self.dng.anywhere(tags::ACTIVE_AREA).is_none() {
            self.came_from_names("active_area", "ImageWidth, ImageLength");
        }
        let size = self.numbers("display_size", tags::DEFAULT_CROP_SIZE, 2)?;
        let sides = size.as_deref().unwrap_or_default();
        if let [w, h] = *sides
            && [w, h].iter().all(|side| (1.0..65536.0).contains(side))
        {
            self.metadata.display_size = Some([w.round() as u32, h.round() as u32]);
        }
        // A pixel is shown DefaultScale wide and high.
        let scale = self.numbers("pixel_aspect_ratio", tags::DEFAULT_SCALE, 2)?;
        if let [h, v] = *scale.as_deref().unwrap_or_default()
            && h > 0.0
            && v > 0.0
        {
            self.metadata.pixel_aspect_ratio = Some(h / v);
        }
        Ok(())
    }

    fn time(&mut self) -> Result<()> {
        let dng = self.dng;
        let rate = match dng.anywhere(tags::FRAME_RATE) {
            Some(entry) => dng.tiff.rationals(entry, tags::FRAME_RATE, 1).and_then(|rate| {
                let whole = |n: i64| u32::try_from(n).ok().filter(|n| *n > 0);
                let exact = rate.first().and_then(|&(n, d)| Rational::new(whole(n)?, whole(d)?));
                let refuse = || dng.problem(tags::FRAME_RATE, "it is not a rate above 0");
                exact.map(|rate| Some(rate.normalised())).ok_or_else(refuse)
            }),
            None => Ok(None),
        };
        let rate = self.found("frame_rate", tags::FRAME_RATE, rate)?;
        self.metadata.frame_rate = rate.map(|r| r.to_string());
        let codes = match dng.anywhere(tags::TIME_CODES) {
            Some(entry) => dng.tiff.raw(entry, tags::TIME_CODES, 80).map(Some),
            None => Ok(None),
        };
        let codes = self.found("start_timecode", tags::TIME_CODES, codes)?;
        if let Some([frames, seconds, minutes, hours]) = codes.as_deref().and_then(<[u8]>::first_chunk).copied() {
            let bytes = [frames, seconds, minutes, hours];
            let base = rate.and_then(Rational::timecode_base);
            // Without a rate the digits are all that is known.
            let text = match base {
                Some(base) => Timecode::from_bcd(bytes, base).map(|t| t.to_string()),
                None => Digits::from_bcd(bytes).map(|d| d.to_string()),
            };
            let text = text.map(Some).map_err(|e| e.in_field(tags::TIME_CODES.name));
            self.metadata.start_timecode = self.found("start_timecode", tags::TIME_CODES, text)?;
            if self.metadata.start_timecode.is_some() {
                self.metadata.timecode_rate.clone_from(&self.metadata.frame_rate);
            }
        }
        let times = [tags::DATE_TIME_ORIGINAL, tags::DATE_TIME];
        if let Some(time) = self.text("recorded_at", &times)?.as_deref().and_then(iso_8601) {
            self.metadata.shoot_day = Some(time[..10].to_owned());
            self.came_from_names("shoot_day", "recorded_at");
            self.metadata.recorded_at = Some(time);
        }
        Ok(())
    }

    fn exposure_and_lens(&mut self) -> Result<()> {
        self.metadata.iso = self.positive("iso", &[tags::ISO])?;
        let index = [tags::RECOMMENDED_EXPOSURE_INDEX, tags::EXPOSURE_INDEX, tags::EXPOSURE_INDEX_EP];
        self.metadata.exposure_index = self.positive("exposure_index", &index)?;
        self.metadata.exposure_time_seconds = self.positive("exposure_time_seconds", &[tags::EXPOSURE_TIME])?;
        let rate = self.metadata.frame_rate.as_deref().and_then(|r| r.parse::<Rational>().ok());
        if let Some((seconds, rate)) = self.metadata.exposure_time_seconds.zip(rate) {
            let degrees = seconds * rate.as_f64() * 360.0;
            if degrees <= 360.0 {
                self.metadata.shutter_angle_degrees = Some((degrees * 1000.0).round() / 1000.0);
                self.came_from_names("shutter_angle_degrees", "ExposureTime, FrameRate");
            }
        }
        self.metadata.f_number = self.positive("f_number", &[tags::F_NUMBER])?;
        self.metadata.t_stop = self.positive("t_stop", &[tags::T_STOP])?;
        self.metadata.focus_distance_m = self.positive("focus_distance_m", &[tags::SUBJECT_DISTANCE])?;
        self.metadata.lens_make = self.text("lens_make", &[tags::LENS_MAKE])?;
        self.metadata.lens_model = self.text("lens_model", &[tags::LENS_MODEL])?;
        self.metadata.lens_serial = self.text("lens_serial", &[tags::LENS_SERIAL_NUMBER])?;
        self.metadata.focal_length_mm = self.positive("focal_length_mm", &[tags::FOCAL_LENGTH])?;
        if self.metadata.focal_length_mm.is_none() {
            // LensInfo is shortest and longest focal length, then the f-numbers there; 0/0 is unknown.
            let entry = self.dng.anywhere(tags::LENS_INFO);
            let lens = entry.map(|entry| self.dng.tiff.numbers(entry, tags::LENS_INFO, 4)).transpose();
            let lens = self.found("focal_length_mm", tags::LENS_INFO, lens)?;
            if let Some([shortest, longest, ..]) = lens.as_deref()
                && shortest.total_cmp(longest).is_eq()
                && *shortest > 0.0
            {
                self.metadata.focal_length_mm = Some(*shortest);
            } else {
                self.metadata.sources.remove("focal_length_mm");
            }
        }
        Ok(())
    }

    fn came_from(&mut self, field: &str, tag: Tag) {
        if self.dng.anywhere(tag).is_some() {
            self.came_from_names(field, tag.name);
        }
    }

    fn came_from_names(&mut self, field: &str, names: &str) {
        self.metadata.sources.insert(field.to_owned(), names.to_owned());
    }

    /// Notes where a value came from; what is wrong with it becomes a finding.
    fn found<T>(&mut self, field: &str, tag: Tag, read: Result<Option<T>>) -> Result<Option<T>> {
        match read {
            Ok(Some(value)) => {
                self.came_from(field, tag);
                Ok(Some(value))
            }
            Ok(None) => Ok(None),
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => Err(error),
            Err(Error::Invalid { problem, .. }) => {
                self.metadata.findings.push(format!("{}: {problem}", tag.name));
                Ok(None)
            }
            Err(error) => {
                self.metadata.findings.push(error.to_string());
                Ok(None)
            }
        }
    }

    /// The first of these tags that has text.
    fn text(&mut self, field: &str, tags: &[Tag]) -> Result<Option<String>> {
        for &tag in tags {
            let Some(entry) = self.dng.anywhere(tag) else { continue };
            let text = self.dng.tiff.text(entry, tag, MAX_TEXT).map(|text| Some(text).filter(|t| !t.is_empty()));
            if let Some(text) = self.found(field, tag, text)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    fn integer(&mut self, field: &str, tag: Tag) -> Result<Option<u64>> {
        let value = self.dng.integer(self.dng.anywhere(tag), tag);
        self.found(field, tag, value)
    }

    fn numbers(&mut self, field: &str, tag: Tag, max: usize) -> Result<Option<Vec<f64>>> {
        let values = self.dng.numbers(self.dng.anywhere(tag), tag, max);
        self.found(field, tag, values)
    }

    /// The first number, above 0, of the first of these tags that has one; 0 and n/0 are how cameras write unknown.
    fn positive(&mut self, field: &str, tags: &[Tag]) -> Result<Option<f64>> {
        for &tag in tags {
            let Some(entry) = self.dng.anywhere(tag) else { continue };
            let known = |values: Vec<f64>| values.first().copied().filter(|v| v.is_finite() && *v > 0.0);
            let value = self.dng.tiff.numbers(entry, tag, 16).map(known);
            if let Some(value) = self.found(field, tag, value)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
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

/// TIFF's Orientation in words.
fn orientation_name(orientation: u64) -> Option<&'static str> {
    Some(match orientation {
        1 => "normal",
        2 => "mirrored",
        3 => "rotated 180",
        4 => "flipped",
        5 => "mirrored, rotated 270",
        6 => "rotated 90",
        7 => "mirrored, rotated 90",
        8 => "rotated 270",
        _ => return None,
    })
}
