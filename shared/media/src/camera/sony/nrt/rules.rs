//! What `NonRealTimeMeta` means in `clip-metadata.v1`.

use serde_json::Value;

use crate::{
    camera::{
        said::{Rule, Said, number, positive, rate, text, whole, whole32},
        sony::acquisition::{camera_attributes, lens_attributes, nd_stops},
    },
    timecode::{Digits, Rational, Timecode},
};

pub(super) const RULES: &[Rule] = &[
    // A recorder is the device, and the camera before it stands beside.
    ("NonRealTimeMeta/Camera@manufacturer", |said, value, tag| said.camera_make(text(value), tag)),
    ("NonRealTimeMeta/Device@manufacturer", |said, value, tag| said.camera_make(text(value), tag)),
    ("NonRealTimeMeta/Camera@modelName", |said, value, tag| said.camera_model(text(value), tag)),
    ("NonRealTimeMeta/Camera@serialNo", |said, value, tag| said.camera_serial(text(value), tag)),
    ("NonRealTimeMeta/Camera/Main-Board@software", |said, value, tag| said.firmware(text(value), tag)),
    ("NonRealTimeMeta/CameraUnitMetadataSet/CameraAttributes", |said, value, tag| {
        camera_attributes(said, text(value), tag);
    }),
    ("NonRealTimeMeta/Device@modelName", |said, value, tag| said.camera_model(text(value), tag)),
    ("NonRealTimeMeta/Device@serialNo", |said, value, tag| said.camera_serial(text(value), tag)),
    ("NonRealTimeMeta/Device/Main-Board@software", |said, value, tag| said.firmware(text(value), tag)),
    ("NonRealTimeMeta/Lens@manufacturer", |said, value, tag| said.lens_make(text(value), tag)),
    ("NonRealTimeMeta/Lens@modelName", |said, value, tag| said.lens_model(text(value), tag)),
    ("NonRealTimeMeta/LensUnitMetadataSet/LensAttributes", |said, value, tag| lens_attributes(said, text(value), tag)),
    ("NonRealTimeMeta/LensUnitMetadataSet/AnamorphicLensSqueezeRatio", |said, value, tag| {
        said.lens_squeeze(positive(value).map(|percent| percent / 100.0), tag);
    }),
    ("NonRealTimeMeta/TargetMaterial@umidRef", |said, value, tag| said.clip_uuid(umid(value), tag)),
    ("NonRealTimeMeta/Duration@value", |said, value, tag| said.frame_count(whole(value), tag)),
    ("NonRealTimeMeta/CreationDate@value", |said, value, tag| said.recorded_at(text(value), tag)),
    // The slate.
    ("NonRealTimeMeta/UserDescriptiveMetadata/CameraIndex", |said, value, tag| said.camera_index(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Reel", reel),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Scene", |said, value, tag| said.scene(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Take", |said, value, tag| said.take(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Production", |said, value, tag| said.production_name(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Project", |said, value, tag| said.production_name(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/DirectorName", |said, value, tag| said.director(text(value), tag)),
    ("NonRealTimeMeta/UserDescriptiveMetadata/DirectorOfPhotographyName", |said, value, tag| {
        said.cinematographer(text(value), tag);
    }),
    ("NonRealTimeMeta/UserDescriptiveMetadata/Circle", |said, value, tag| {
        said.circle_take(crate::camera::said::flag(value), tag);
    }),
    // Picture and sound.
    ("NonRealTimeMeta/VideoFormat/VideoFrame@videoCodec", codec),
    ("NonRealTimeMeta/VideoFormat/VideoFrame@formatFps", |said, value, tag| {
        said.frame_rate(frame_rate(value), tag);
        said.scan(scan(value), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/CaptureFrameRate", |said, value, tag| {
        said.sensor_frame_rate(frame_rate(value), tag);
    }),
    ("NonRealTimeMeta/VideoFormat/VideoFrame@captureFps", |said, value, tag| {
        said.sensor_frame_rate(frame_rate(value), tag);
    }),
    ("NonRealTimeMeta/VideoFormat/VideoLayout@pixel", |said, value, tag| said.width(whole32(value), tag)),
    ("NonRealTimeMeta/VideoFormat/VideoLayout@numOfVerticalLine", |said, value, tag| said.height(whole32(value), tag)),
    ("NonRealTimeMeta/VideoFormat/VideoLayout@pixelAspect", |said, value, tag| {
        said.pixel_aspect_ratio(ratio(value), tag);
    }),
    ("NonRealTimeMeta/VideoFormat/VideoLayout@flip", |said, value, tag| {
        said.orientation(text(value).filter(|flip| flip != "none"), tag);
    }),
    ("NonRealTimeMeta/AudioFormat@numOfChannel", |said, value, tag| said.audio_channels(some(value), tag)),
    ("NonRealTimeMeta/AudioFormat/AudioRecPort@audioCodec", audio_codec),
    ("NonRealTimeMeta/AudioFormat/AudioRecPort@samplingRate", |said, value, tag| {
        said.audio_sample_rate_hz(some(value), tag);
    }),
    ("NonRealTimeMeta/LtcChangeTable/LtcChange@value", timecode),
    // The exposure.
    ("NonRealTimeMeta/CameraUnitMetadataSet/ISOSensitivity", |said, value, tag| said.iso(positive(value), tag)),
    ("NonRealTimeMeta/CameraUnitMetadataSet/ExposureIndexOfPhotoMeter", |said, value, tag| {
        said.exposure_index(positive(value), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/ShutterSpeedAngle", |said, value, tag| {
        said.shutter_angle_degrees(positive(value).map(|minutes| minutes / 60.0), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/ShutterSpeedTime", |said, value, tag| {
        said.exposure_time_seconds(positive(value), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/WhiteBalance", |said, value, tag| {
        said.white_balance_kelvin(positive(value), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/NeutralDensityFilterWheelSetting", |said, value, tag| {
        said.nd_stops(nd_stops(value), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/CaptureGammaEquation", |said, value, tag| {
        said.color_encoding(curve(value).map(str::to_owned).or(text(value)), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/CaptureColorPrimaries", |said, value, tag| {
        said.color_primaries(gamut(value).map(str::to_owned).or(text(value)), tag);
    }),
    ("NonRealTimeMeta/CameraUnitMetadataSet/CaptureGammaEquation", |said, value, tag| {
        let gamut = match text(value).as_deref() {
            Some("s-log3") => Some("S-Gamut3"),
            Some("s-log3-cine") => Some("S-Gamut3.Cine"),
            _ => None,
        };
        said.color_primaries(gamut.map(str::to_owned), tag);
    }),
    ("NonRealTimeMeta/SonyF65CameraMetadataSet/MonitoringDescriptions", |said, value, tag| {
        said.look_name(text(value).map(|look| look.strip_prefix("LUT:").map_or(look.clone(), str::to_owned)), tag);
    }),
];

fn some(value: &Value) -> Option<u32> {
    whole32(value).filter(|n| *n > 0)
}

fn umid(value: &Value) -> Option<String> {
    text(value).filter(|umid| umid.bytes().any(|b| b != b'0'))
}

/// Sony writes reels without the camera's letter, and names clips with it: `D001`.
fn reel(said: &mut Said, value: &Value, tag: &str) {
    let index = said.tags.get("NonRealTimeMeta/UserDescriptiveMetadata/CameraIndex").and_then(text);
    said.reel_name(text(value).map(|reel| index.unwrap_or_default() + &reel), tag);
}

/// `23.98p`, `59.94i` (fields), `29.97PsF`.
fn frame_rate(value: &Value) -> Option<Rational> {
    let rate = number(value).and_then(|n| rate(&Value::from(n)))?;
    let is_of_fields = text(value)?.ends_with('i');
    if is_of_fields {
        Rational::new(rate.num(), rate.den().checked_mul(2)?).map(Rational::normalised)
    } else {
        Some(rate)
    }
}

fn scan(value: &Value) -> Option<String> {
    let text = text(value)?;
    let scan = if text.ends_with('i') { "interlaced" } else { "progressive" };
    text.ends_with(['i', 'p', 'F']).then(|| scan.to_owned())
}

fn ratio(value: &Value) -> Option<f64> {
    positive(&Value::from(text(value)?.replace(':', "/")))
}

/// `F55_X-OCN_XT_6K_16:9`, `AVC_3840_2160_H422IP@L51_CBG`, `MPEG2HD422_1080_60i`.
fn codec(said: &mut Said, value: &Value, tag: &str) {
    let Some(written) = text(value) else { return };
    let of_ocn = ["XT", "ST", "LT"].into_iter().find(|kind| written.contains(&format!("X-OCN_{kind}")));
    let (codec, decoder) = match of_ocn {
        Some(kind) => (format!("X-OCN {kind}"), Some("Sony RAW SDK (X-OCN)")),
        None if written.contains("X-OCN") => ("X-OCN".to_owned(), Some("Sony RAW SDK (X-OCN)")),
        None if written.contains("RAW") => ("Sony RAW".to_owned(), Some("Sony RAW SDK")),
        None if written.starts_with("AVC") => ("XAVC".to_owned(), Some("H.264 decoder")),
        None if written.starts_with("HEVC") => ("XAVC HS".to_owned(), Some("H.265 decoder")),
        None if written.starts_with("MPEG2") => ("MPEG-2".to_owned(), Some("MPEG-2 decoder")),
        None => (written.clone(), None),
    };
    said.codec(codec, tag);
    said.decoder_needed(decoder.map(str::to_owned), tag);
    said.compression(written, tag);
}

/// `LPCM24`.
fn audio_codec(said: &mut Said, value: &Value, tag: &str) {
    let written = text(value).unwrap_or_default();
    match written.strip_prefix("LPCM") {
        Some(bits) => {
            said.audio_codec("PCM".to_owned(), tag);
            said.audio_bit_depth(bits.parse().ok().filter(|bits| (1..=64).contains(bits)), tag);
        }
        None => said.audio_codec(written, tag),
    }
}

/// `19044716`: frames, seconds, minutes, hours in BCD, with the flags of ST 12-1. `tcFps` is what the labels count to in a
/// second; with `halfStep` each has two frames.
fn timecode(said: &mut Said, value: &Value, tag: &str) {
    let bytes: Option<Vec<u8>> = text(value).and_then(|digits| {
        (0..4).map(|i| digits.get(2 * i..2 * i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
    });
    let Some(bytes) = bytes.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else { return };
    let of = |name: &str| said.tags.get(&format!("NonRealTimeMeta/LtcChangeTable@{name}")).cloned();
    let Some(written) = of("tcFps").as_ref().and_then(some).filter(|fps| *fps <= Timecode::MAX_BASE) else {
        said.start_timecode_digits(Digits::from_bcd(bytes).ok().map(|digits| digits.to_string()), tag);
        return;
    };
    let is_half = of("halfStep").as_ref().and_then(text).is_some_and(|half| half == "true");
    let base = if is_half && written <= 30 { written * 2 } else { written };
    match Timecode::from_bcd(bytes, base) {
        Ok(timecode) => {
            said.start_timecode(timecode, tag);
            let formats = said.tags.get("NonRealTimeMeta/VideoFormat/VideoFrame@formatFps").and_then(frame_rate);
            let is_ntsc = formats.is_some_and(|rate| rate.den() == 1001);
            let rate = if is_ntsc { Rational::new(base * 1000, 1001) } else { Rational::new(base, 1) };
            said.timecode_rate(rate, tag);
        }
        Err(error) => said.finding(format!("{tag}: {error}")),
    }
}

/// Sony's words for curves.
fn curve(value: &Value) -> Option<&'static str> {
    Some(match text(value)?.to_ascii_lowercase().as_str() {
        "scene-linear" => "Linear",
        "s-log2" => "S-Log2",
        "s-log3" | "s-log3-cine" => "S-Log3",
        "s-cinetone" => "S-Cinetone",
        "rec709" => "BT.709",
        "rec709-xvycc" => "xvYCC",
        "rec2020" => "BT.2020",
        "rec2100-hlg" | "hlg" => "HLG",
        "rec2100-pq" | "st2084" | "pq" => "PQ",
        _ => return None,
    })
}

/// Sony's words for gamuts.
fn gamut(value: &Value) -> Option<&'static str> {
    Some(match text(value)?.to_ascii_lowercase().as_str() {
        "s-gamut" => "S-Gamut",
        "s-gamut3" => "S-Gamut3",
        "s-gamut3-cine" => "S-Gamut3.Cine",
        "rec709" => "BT.709",
        "rec2020" => "BT.2020",
        _ => return None,
    })
}
