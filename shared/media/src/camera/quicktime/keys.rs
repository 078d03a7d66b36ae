//! Keys that are not one maker's: Apple's `com.apple.quicktime.*` and `com.apple.proapps.*` (Final Cut Pro, Atomos), SMPTE
//! RDD 18 as Atomos writes it, and users' data.

use serde_json::Value;

use crate::camera::said::{Rule, flag, number, positive, text};

/// Key -> field.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    // Final Cut Pro, Atomos.
    ("com.apple.proapps.manufacturer",          |said, value, tag| said.camera_make(text(value), tag)),
    ("com.apple.proapps.cameraManufacturer",    |said, value, tag| said.camera_make(text(value), tag)),
    ("com.apple.proapps.modelname",             |said, value, tag| said.camera_model(text(value), tag)),
    ("com.apple.proapps.model",                 |said, value, tag| said.camera_model(text(value), tag)),
    ("com.apple.proapps.serialno",              |said, value, tag| said.camera_serial(text(value), tag)),
    ("com.apple.proapps.cameraID",              |said, value, tag| said.camera_index(text(value), tag)),
    ("com.apple.proapps.cameraName",            |said, value, tag| said.camera_index(text(value), tag)),
    ("com.apple.proapps.clipID",                |said, value, tag| said.clip_uuid(text(value), tag)),
    ("com.apple.proapps.clipFileName",          |said, value, tag| said.clip_name(text(value), tag)),
    ("com.apple.proapps.reel",                  |said, value, tag| said.reel_name(text(value), tag)),
    ("com.apple.proapps.studio.reel",           |said, value, tag| said.reel_name(text(value), tag)),
    ("com.apple.proapps.scene",                 |said, value, tag| said.scene(text(value), tag)),
    ("com.apple.proapps.studio.scene",          |said, value, tag| said.scene(text(value), tag)),
    ("com.apple.proapps.take",                  |said, value, tag| said.take(text(value), tag)),
    ("com.apple.proapps.shot",                  |said, value, tag| said.take(text(value), tag)),
    ("com.apple.proapps.studio.shot",           |said, value, tag| said.take(text(value), tag)),
    ("com.apple.proapps.isGood",                |said, value, tag| said.circle_take(flag(value), tag)),
    ("com.apple.proapps.iso",                   |said, value, tag| said.iso(positive(value), tag)),
    ("com.apple.proapps.studio.cameraISO",      |said, value, tag| said.iso(positive(value), tag)),
    ("com.apple.proapps.whitebalance",          |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("com.apple.proapps.studio.cameraColorTemperature", |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("com.apple.proapps.shutterangle",          |said, value, tag| said.shutter_angle_degrees(angle(value), tag)),
    ("com.apple.proapps.lens",                  |said, value, tag| said.lens_model(text(value), tag)),
    ("com.apple.proapps.lensmodel",             |said, value, tag| said.lens_model(text(value), tag)),
    ("com.apple.proapps.exif.{Exif}.FNumber",           |said, value, tag| said.f_number(positive(value), tag)),
    ("com.apple.proapps.exif.{Exif}.FocalLength",       |said, value, tag| said.focal_length_mm(positive(value), tag)),
    ("com.apple.proapps.exif.{Exif}.ExposureTime",      |said, value, tag| said.exposure_time_seconds(positive(value), tag)),
    ("com.apple.proapps.exif.{Exif}.ExposureIndex",     |said, value, tag| said.exposure_index(positive(value), tag)),
    ("com.apple.proapps.exif.{Exif}.ISOSpeedRatings",   |said, value, tag| said.iso(positive(value), tag)),
    ("com.apple.proapps.exif.{Exif}.LensModel",         |said, value, tag| said.lens_model(text(value), tag)),
    // SMPTE RDD 18 by name, in ProRes RAW: `F1.0`, `179.2deg`, `4300K`.
    ("org.smpte.rdd18.camera.isosensitivity",           |said, value, tag| said.iso(positive(value), tag)),
    ("org.smpte.rdd18.camera.whitebalance",             |said, value, tag| said.white_balance_kelvin(positive(value), tag)),
    ("org.smpte.rdd18.camera.shutterspeed_angle",       |said, value, tag| said.shutter_angle_degrees(angle(value), tag)),
    ("org.smpte.rdd18.camera.capturegammaequation",     |said, value, tag| said.color_encoding(text(value), tag)),
    ("org.smpte.rdd18.lens.irisfnumber",                |said, value, tag| said.f_number(stop(value), tag)),
    ("org.smpte.rdd18.lens.irist",                      |said, value, tag| said.t_stop(stop(value), tag)),
    ("org.smpte.rdd18.lens.lensattributes",             |said, value, tag| said.lens_model(text(value), tag)),
    // What recorded: behind what it recorded from.
    ("com.apple.proapps.image.{TIFF}.Make",     |said, value, tag| said.camera_make(text(value), tag)),
    ("com.apple.proapps.image.{TIFF}.Model",    |said, value, tag| said.camera_model(text(value), tag)),
    ("com.apple.proapps.image.{TIFF}.Software", |said, value, tag| said.firmware(text(value), tag)),
    // QuickTime metadata.
    ("com.apple.quicktime.make",                |said, value, tag| said.camera_make(text(value), tag)),
    ("com.apple.quicktime.model",               |said, value, tag| said.camera_model(text(value), tag)),
    ("com.apple.quicktime.software",            |said, value, tag| said.firmware(text(value), tag)),
    ("com.apple.quicktime.camera.identifier",   |said, value, tag| said.camera_index(text(value), tag)),
    ("com.apple.quicktime.creationdate",        |said, value, tag| said.recorded_at(text(value), tag)),
    ("com.apple.quicktime.director",            |said, value, tag| said.director(text(value), tag)),
    ("com.apple.quicktime.camera.lens_model",   |said, value, tag| said.lens_model(text(value), tag)),
    ("com.android.manufacturer",                |said, value, tag| said.camera_make(text(value), tag)),
    ("com.android.model",                       |said, value, tag| said.camera_model(text(value), tag)),
    // Users' data. A file that FFmpeg muxed says so where cameras give their firmware.
    ("udta:©mak", |said, value, tag| said.camera_make(text(value), tag)),
    ("udta:©mod", |said, value, tag| said.camera_model(text(value), tag)),
    ("udta:©mdl", |said, value, tag| said.camera_model(text(value), tag)),
    ("udta:©csn", |said, value, tag| said.camera_serial(text(value), tag)),
    ("udta:©swr", |said, value, tag| said.firmware(text(value).filter(|by| !by.starts_with("Lavf")), tag)),
    ("udta:©dir", |said, value, tag| said.director(text(value), tag)),
    ("udta:©day", |said, value, tag| said.recorded_at(text(value).filter(|day| is_time(day)), tag)),
    ("udta:manu", |said, value, tag| said.camera_make(text(value), tag)),
    ("udta:modl", |said, value, tag| said.camera_model(text(value), tag)),
    ("udta:CNFV", |said, value, tag| said.firmware(text(value), tag)),
    ("udta:CNMN", |said, value, tag| said.camera_model(text(value), tag)),
    ("udta:FIRM", |said, value, tag| said.firmware(text(value), tag)),
];

/// Degrees of a shutter.
fn angle(value: &Value) -> Option<f64> {
    positive(value).filter(|degrees| *degrees <= 360.0)
}

/// `F1.0`, `T2.8`.
fn stop(value: &Value) -> Option<f64> {
    let written = text(value)?;
    number(&Value::from(written.trim_start_matches(['F', 'f', 'T', 't', '/']))).filter(|n| *n > 0.0)
}

/// True for `2026-11-24T08:15:00`, with anything behind.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().take(19).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00"
}
