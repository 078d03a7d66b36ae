//! Everything that decides a plate's pixels.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    canonical,
    color::WorkingSpace,
    error::{Error, Result},
    exr::{Compression, Profile},
    frame::Crop,
    raw::Debayer,
};

/// Grows whenever the same settings would make other pixels or other bytes.
const ENGINE: u32 = 1;

/// The settings that make a plate of a frame. Which frame it is stands in the plate's name and header; the recipe is the
/// same for all frames of a shot. Nothing in it comes from the statistics of a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// `recipe.v1`.
    pub schema: String,
    /// Which generation of this code; another one may make other bytes.
    pub engine: u32,
    /// How missing colours are found.
    pub debayer: Debayer,
    /// What is to be neutral.
    pub white_balance: WhiteBalance,
    /// Off the Planckian locus; positive is towards magenta. Only with a temperature.
    pub tint: f64,
    /// Stops; 0 leaves the scale: 1.0 is the light that saturates the sensor.
    pub exposure_stops: f64,
    /// What becomes of clipped highlights.
    pub highlights: Highlights,
    /// What plates are encoded in.
    pub working_space: WorkingSpace,
    /// What of the canvas is kept.
    pub crop: Crop,
    /// Canvas of the framing document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<String>,
    /// Framing decision of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// SHA-256 of the framing document, which goes into the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fdl_sha256: Option<String>,
    /// How plates are compressed.
    pub compression: Compression,
    /// What kind of file they are.
    pub profile: Profile,
}

/// What is to be neutral.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhiteBalance {
    /// What the camera noted.
    #[default]
    AsShot,
    /// A colour temperature, 1,000 to 40,000 K.
    Kelvin(f64),
}

/// What becomes of highlights that are clipped in the sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Highlights {
    /// They are cut where the first channel clips, and stay neutral.
    #[default]
    Clip,
    /// Channels that are not clipped rebuild those that are. Not yet.
    Reconstruct,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            schema: "recipe.v1".into(),
            engine: ENGINE,
            debayer: Debayer::default(),
            white_balance: WhiteBalance::default(),
            tint: 0.0,
            exposure_stops: 0.0,
            highlights: Highlights::default(),
            working_space: WorkingSpace::default(),
            crop: Crop::default(),
            canvas: None,
            decision: None,
            fdl_sha256: None,
            compression: Compression::default(),
            profile: Profile::default(),
        }
    }
}

impl Recipe {
    /// SHA-256 of the canonical recipe: 64 hex digits. Equal recipes have equal ids.
    pub fn id(&self) -> String {
        let bytes = canonical::to_vec(self).unwrap_or_default();
        Sha256::digest(&bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Refuses what cannot be rendered, before anything is.
    ///
    /// # Errors
    /// [`Error::Unsupported`] by name; [`Error::Invalid`] for numbers out of range and settings that contradict.
    pub fn check(&self) -> Result<()> {
        if self.schema != "recipe.v1" {
            return Err(Error::unsupported(format!("recipe schema `{}`", self.schema)));
        }
        if self.engine != ENGINE {
            return Err(Error::unsupported(format!("a recipe of engine {}, this is {ENGINE}", self.engine)));
        }
        if self.highlights == Highlights::Reconstruct {
            return Err(Error::unsupported("highlights `reconstruct`"));
        }
        if let WhiteBalance::Kelvin(kelvin) = self.white_balance
            && !(1_000.0..=40_000.0).contains(&kelvin)
        {
            return Err(Error::invalid(format!("white balance {kelvin} K is not between 1000 and 40000")));
        }
        if self.tint != 0.0 && self.white_balance == WhiteBalance::AsShot {
            return Err(Error::unsupported("a tint on a white balance as shot; give the temperature too:"));
        }
        if !self.tint.is_finite() || self.tint.abs() > 150.0 {
            return Err(Error::invalid(format!("tint {} is not between -150 and 150", self.tint)));
        }
        if !self.exposure_stops.is_finite() || self.exposure_stops.abs() > 20.0 {
            return Err(Error::invalid(format!("exposure {} stops is not between -20 and 20", self.exposure_stops)));
        }
        if self.crop != Crop::None && self.fdl_sha256.is_none() {
            return Err(Error::invalid("a crop needs a framing document (fdl)"));
        }
        if self.profile == Profile::AcesStrict && self.compression != Compression::None {
            return Err(Error::invalid("the profile aces-strict (ST 2065-4) has compression none: ask for that too"));
        }
        if self.profile == Profile::AcesStrict && self.working_space != WorkingSpace::Aces20651 {
            return Err(Error::invalid("the profile aces-strict (ST 2065-4) holds ACES2065-1 only"));
        }
        Ok(())
    }
}
