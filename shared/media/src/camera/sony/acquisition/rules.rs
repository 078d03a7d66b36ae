//! What the items of SMPTE RDD 18 sets mean in `clip-metadata.v1`.

use serde_json::Value;

use crate::{
    camera::{
        labels::{self, Label},
        said::{Rule, Said, number, positive, rate, text},
    },
    clip::Cdl,
};

pub(super) const RULES: &[Rule] = &[
    ("Canon ModelName", canon_model),
    ("Canon CameraSerialNumber", |said, value, tag| said.camera_serial(text(value), tag)),
    ("Canon CameraFirmware", |said, value, tag| said.firmware(text(value), tag)),
    ("Acquisition UdamSetIdentifier", maker),
    ("Acquisition CameraAttributes", |said, value, tag| camera_attributes(said, text(value), tag)),
    ("Canon LensMake", |said, value, tag| said.lens_make(text(value), tag)),
    ("Canon LensType", |said, value, tag| said.lens_model(text(value), tag)),
    ("Canon LensSerialNumber", |said, value, tag| said.lens_serial(text(value), tag)),
    ("Acquisition LensAttributes", |said, value, tag| lens_attributes(said, text(value), tag)),
    ("Canon FocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("Canon LensZoomActualFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("Acquisition LensZoomActualFocalLength", |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("Acquisition IrisTNumber", |said, value, tag| said.t_stop(positive(value), tag)),
    ("Acquisition IrisFNumber", |said, value, tag| said.f_number(positive(value), tag)),
    ("Canon FocusPosition", |said, value, tag| said.focus_distance_m(positive(value), tag)),
    ("Acquisition FocusPositionFromImagePlane", |said, value, tag| said.focus_distance_m(positive(value), tag)),
    ("Canon AnamorphicSqueezeRatio", |said, value, tag| said.lens_squeeze(positive(value), tag)),
    ("Canon PixelAspectRatio", |said, value, tag| said.pixel_aspect_ratio(positive(value), tag)),
    ("Sony ISOValue", |said, value, tag| said.iso(positive(value), tag)),
    ("Acquisition ISOSensitivity", |said, value, tag| said.iso(positive(value), tag)),
    ("Acquisition ISOSensitivity32", |said, value, tag| said.iso(positive(value), tag)),
    ("Acquisition ISOSensitivityAlternate", |said, value, tag| said.iso(positive(value), tag)),
    ("Acquisition ExposureIndexOfPhotoMeter", |said, value, tag| said.exposure_index(positive(value), tag)),
    ("Acquisition CaptureFrameRate", |said, value, tag| said.sensor_frame_rate(rate(value), tag)),
    ("Acquisition ShutterSpeedAngle", |said, value, tag| {
        said.shutter_angle_degrees(positive(value).map(|minutes| minutes / 60.0), tag);
    }),
    ("Acquisition ShutterSpeedTime", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("Canon ExposureTime", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("Canon ShutterSpeed", |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("Acquisition WhiteBalance", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("Acquisition NeutralDensityFilterWheelSetting", |said, value, tag| said.nd_stops(nd_stops(value), tag)),
    ("Acquisition ImageSensorReadoutMode", |said, value, tag| {
        let scan = text(value).and_then(|mode| mode.split(' ').next().map(str::to_owned));
        said.scan(scan.filter(|scan| scan == "progressive" || scan == "interlaced"), tag);
    }),
    ("Acquisition ImagerDimensionWidth", |said, value, tag| sensor_size(said, value, tag, 1000.0)),
    ("Canon ImagerDimensionWidth", |said, value, tag| sensor_size(said, value, tag, 1.0)),
    ("Canon CaptureGammaEquation", |said, value, tag| said.color_encoding(named(value, labels::transfer), tag)),
    ("Acquisition CaptureGammaEquation", |said, value, tag| said.color_encoding(named(value, labels::transfer), tag)),
    ("Canon ColorPrimaries", |said, value, tag| said.color_primaries(named(value, labels::primaries), tag)),
    ("Acquisition ColorPrimaries", |said, value, tag| said.color_primaries(named(value, labels::primaries), tag)),
    ("Acquisition CaptureGammaEquation", |said, value, tag| {
        said.color_primaries(named(value, labels::primaries_of_transfer), tag);
    }),
    ("Acquisition CodingEquations", |said, value, tag| said.color_matrix(named(value, labels::matrix), tag)),
    ("Acquisition ASC_CDL", |said, value, tag| said.cdl(cdl(value), tag)),
    ("Canon LookFileName", |said, value, tag| said.look_name(text(value), tag)),
    ("Sony MonitoringDescriptions", |said, value, tag| said.look_name(text(value), tag)),
    ("Canon TimestampOfFrame", |said, value, tag| said.recorded_at(text(value), tag)),
    ("Sony CaptureTimestamp", |said, value, tag| said.recorded_at(text(value), tag)),
];

/// Stops of a filter that lets an n-th of the light through; 1 is clear. Also `1/n`.
pub(in crate::camera::sony) fn nd_stops(value: &Value) -> Option<f64> {
    let n = positive(value)?;
    let stops = if n < 1.0 { -n.log2() } else { n.log2() };
    Some((stops * 1000.0).round() / 1000.0)
}

/// `MPC-3610 0010201 Version6.10`: model, serial number, firmware.
pub(in crate::camera::sony) fn camera_attributes(said: &mut Said, value: Option<String>, tag: &str) {
    let value = value.unwrap_or_default();
    let mut words: Vec<&str> = value.split_whitespace().collect();
    if let Some(version) = words.last().and_then(|word| word.strip_prefix("Version")) {
        said.firmware(version.to_owned(), tag);
        words.pop();
    }
    let is_serial = |word: &&str| word.len() >= 5 && word.bytes().all(|b| b.is_ascii_digit());
    if words.len() > 1
        && let Some(serial) = words.last().copied().filter(is_serial)
    {
        said.camera_serial(serial.to_owned(), tag);
        words.pop();
    }
    let model = words.join(" ");
    said.camera_model(model.strip_prefix("Canon ").unwrap_or(&model).to_owned(), tag);
}

/// A lens writes its name here, or nothing but its number (`7032.0100`).
pub(in crate::camera::sony) fn lens_attributes(said: &mut Said, value: Option<String>, tag: &str) {
    if value.as_ref().is_some_and(|value| value.chars().any(char::is_alphabetic)) {
        said.lens_model(value, tag);
    } else {
        said.lens_serial(value, tag);
    }
}

fn maker(said: &mut Said, value: &Value, tag: &str) {
    let private = text(value).and_then(|label| label.split('.').nth(2).map(str::to_owned)).unwrap_or_default();
    let make = [("0e06", "Sony"), ("0e15", "Canon")].into_iter().find(|(begins, _)| private.starts_with(begins));
    said.camera_make(make.map(|(_, name)| name.to_owned()), tag);
}

fn canon_model(said: &mut Said, value: &Value, tag: &str) {
    let model = text(value).map(|model| model.strip_prefix("Canon ").map_or(model.clone(), str::to_owned));
    if model.is_some() {
        said.camera_make("Canon".to_owned(), tag);
    }
    said.camera_model(model, tag);
}

/// Width here, and height in the tag beside; `scale` of them are a millimetre.
fn sensor_size(said: &mut Said, width: &Value, tag: &str, scale: f64) {
    let height = said.tags.get(&tag.replace("Width", "Height")).and_then(positive);
    said.active_sensor_physical_mm(positive(width).zip(height).map(|(w, h)| [w / scale, h / scale]), tag);
}

fn named(value: &Value, name: fn(&Label) -> Option<&'static str>) -> Option<String> {
    labels::parse(&text(value)?).and_then(|label| name(&label)).map(str::to_owned)
}

fn cdl(value: &Value) -> Option<Cdl> {
    let numbers: Vec<f64> = value.as_array()?.iter().filter_map(number).collect();
    let three = |at: usize| numbers.get(at..)?.first_chunk::<3>().copied();
    Some(Cdl { slope: three(0)?, offset: three(3)?, power: three(6)?, saturation: *numbers.get(9)? })
}
