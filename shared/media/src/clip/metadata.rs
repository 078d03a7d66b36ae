//! The normalised metadata of a clip (`clip-metadata.v1`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;

/// What a clip says about itself, in one vocabulary for every camera. A value that is unknown is absent.
///
/// Rationals are written "n/d"; a rectangle is [left, top, width, height] in stored photosites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Metadata {
    /// Maker of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_make: Option<String>,
    /// The maker's name of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_model: Option<String>,
    /// Serial number as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_serial: Option<String>,
    /// Camera letter of the unit: A, B ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_index: Option<String>,
    /// Firmware of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// What the camera calls the take, without frame number and extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_name: Option<String>,
    /// The camera's unique id of the take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_uuid: Option<String>,
    /// Reel (tape, card) that editors match on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reel_name: Option<String>,
    /// Slate: scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// Slate: take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<String>,
    /// Slate: the take is circled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circle_take: Option<bool>,
    /// Slate: the production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production_name: Option<String>,
    /// Slate: the director.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub director: Option<String>,
    /// Slate: the director of photography.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cinematographer: Option<String>,
    /// Slate: where it was shot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Tape name, where it differs from the reel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tape_name: Option<String>,
    /// Start of recording, ISO 8601, as the camera's clock had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
    /// Day of recording, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shoot_day: Option<String>,
    /// Original, proxy, sidecar or audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A manifest vouches for every file; false when none names them. Absent where nothing was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// File format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The vendor's own name of the coding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// How the picture is compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// What the pixels need and platefleet does not have: a maker's SDK, or a codec by name. Absent when frames can be rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoder_needed: Option<String>,
    /// Bits of a stored sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<u32>,
    /// `4:2:2`, of a picture that is stored as luma and chroma.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chroma_subsampling: Option<String>,
    /// `progressive`, `interlaced top field first`, `interlaced bottom field first`, or `interlaced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<String>,
    /// Stored picture, `4448x3096`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Stored width in photosites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Stored height in photosites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// [left, top, width, height] in the stored picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_area: Option<[u32; 4]>,
    /// [width, height] for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_size: Option<[u32; 2]>,
    /// Width over height of a pixel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_aspect_ratio: Option<f64>,
    /// Anamorphic squeeze of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens_squeeze: Option<f64>,
    /// Flip or rotation for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<String>,
    /// The maker's name of the sensor mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor_mode: Option<String>,
    /// [width, height] in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_sensor_physical_mm: Option<[f64; 2]>,
    /// left or right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stereo_eye: Option<String>,
    /// Frames a second of playback, `24000/1001`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<String>,
    /// Frames a second of the sensor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor_frame_rate: Option<String>,
    /// Number of frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_count: Option<u64>,
    /// frame_count over frame_rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Timecode of the first frame, `10:11:12:13`; `;` before frames when drop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timecode: Option<String>,
    /// Base that the timecode counts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timecode_rate: Option<String>,
    /// EI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_index: Option<f64>,
    /// ISO as the camera states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso: Option<f64>,
    /// Degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutter_angle_degrees: Option<f64>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_time_seconds: Option<f64>,
    /// As shot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub white_balance_kelvin: Option<f64>,
    /// As shot, the maker's scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tint: Option<f64>,
    /// Factors of red, green, blue, as shot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub white_balance_gains: Option<[f64; 3]>,
    /// Neutral density in stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nd_stops: Option<f64>,
    /// Maker of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens_make: Option<String>,
    /// Model of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens_model: Option<String>,
    /// Serial number of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens_serial: Option<String>,
    /// Millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_length_mm: Option<f64>,
    /// T-stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t_stop: Option<f64>,
    /// f-number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_number: Option<f64>,
    /// Metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focus_distance_m: Option<f64>,
    /// Transfer curve of the stored values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_encoding: Option<String>,
    /// Gamut of the stored values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_primaries: Option<String>,
    /// Matrix between luma and chroma and RGB: `BT.709`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_matrix: Option<String>,
    /// `full` or `legal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_range: Option<String>,
    /// Look chosen in the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_name: Option<String>,
    /// ASC CDL of the look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cdl: Option<Cdl>,
    /// Frame lines of the camera's viewfinder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frame_lines: Vec<FrameLine>,
    /// UUID of the framing document that belongs to the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fdl_link: Option<String>,
    /// Number of audio channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_channels: Option<u32>,
    /// Samples a second of the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_sample_rate_hz: Option<u32>,
    /// Bits of a sample of the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_bit_depth: Option<u32>,
    /// The coding of the sound: `PCM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_codec: Option<String>,
    /// Files that belong to the clip without being of it: sidecars, proxies, sound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// Which tag each value came from: field name -> tag.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
    /// What is wrong with the clip, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The file, or the pattern of the numbered sequence (`A001C003_[000000-000047].dng`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// All files of the clip together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// ASC CDL values of a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cdl {
    /// Red, green, blue.
    pub slope: [f64; 3],
    /// Red, green, blue.
    pub offset: [f64; 3],
    /// Red, green, blue.
    pub power: [f64; 3],
    /// One for all.
    pub saturation: f64,
}

/// One frame line of a viewfinder, in stored photosites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrameLine {
    /// As the camera names it.
    pub name: String,
    /// From the left edge.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A file that belongs to a clip without being of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// Proxy, sidecar or audio.
    pub role: Role,
    /// Where it is: relative to the same root as the clip's `path`.
    pub path: String,
}

/// The JSON Schema of `clip-metadata.v1`.
pub fn schema() -> schemars::Schema {
    let mut schema = schemars::schema_for!(Metadata);
    schema.insert("title".to_owned(), "clip-metadata.v1".into());
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_named_and_describes_every_field() {
        let schema = schema();
        assert_eq!(schema.get("title").and_then(|t| t.as_str()), Some("clip-metadata.v1"));
        let properties = schema.get("properties").and_then(|p| p.as_object()).unwrap();
        for field in
            ["camera_make", "active_area", "start_timecode", "frame_lines", "sources", "findings", "size_bytes"]
        {
            assert!(properties[field]["description"].is_string(), "{field}");
        }
    }

    #[test]
    fn the_schema_is_published() {
        let published: serde_json::Value =
            serde_json::from_str(include_str!("../../schema/clip-metadata.v1.json")).unwrap();
        let now = serde_json::to_value(schema()).unwrap();
        assert!(
            published == now,
            "write it anew: platefleet inspect --schema > shared/media/schema/clip-metadata.v1.json"
        );
    }

    #[test]
    fn what_is_unknown_is_absent_and_comes_back_unknown() {
        let metadata = Metadata { role: Some(Role::Original), iso: Some(800.0), ..Metadata::default() };
        let text = serde_json::to_string(&metadata).unwrap();
        assert_eq!(text, r#"{"role":"original","iso":800.0}"#);
        assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), metadata);
    }
}
