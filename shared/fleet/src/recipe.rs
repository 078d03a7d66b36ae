//! What the settings of an order mean: the recipe of its plates.
//!
//! The command line makes its recipes here too, so that the same settings on the same files give the same bytes.

use platefleet_media::{
    Error, Result,
    plate::{Recipe, WhiteBalance},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{id::hex_sha256, order::Settings};

impl Settings {
    /// The recipe that these settings make with the bytes of the framing document that `fdl` names. Handles and first
    /// frame decide which plates there are, not what is in them, and do not count.
    ///
    /// # Errors
    /// [`Error::Unsupported`] by name for what this version does not render; [`Error::Invalid`] for words that no setting
    /// has, and for settings that contradict each other.
    pub fn recipe(&self, fdl: Option<&[u8]>) -> Result<Recipe> {
        if self.template.is_some() {
            return Err(Error::unsupported("a canvas template (ASC FDL)").in_field("template"));
        }
        if self.amf.is_some() {
            return Err(Error::unsupported("an ACES metadata file").in_field("amf"));
        }
        let default = Recipe::default();
        let raw = self.raw.clone().unwrap_or_default();
        let recipe = Recipe {
            debayer: word("debayer", self.debayer.as_deref(), "quality, fast, half")?,
            white_balance: white_balance(raw.white_balance.as_ref())?,
            tint: raw.tint.unwrap_or(default.tint),
            exposure_stops: raw.exposure_stops.unwrap_or(default.exposure_stops),
            highlights: word("highlights", raw.highlights.as_deref(), "clip, reconstruct")?,
            working_space: word("working_space", self.working_space.as_deref(), "aces2065-1, acescg")?,
            crop: word("crop", self.crop.as_deref(), "none, effective, protection, decision")?,
            canvas: self.canvas.clone(),
            decision: self.decision.clone(),
            fdl_sha256: fdl.map(hex_sha256),
            compression: word("compression", self.compression.as_deref(), "zip, zips, piz, none")?,
            profile: word("profile", self.profile.as_deref(), "plate, aces-strict")?,
            ..default
        };
        for (field, value) in [("canvas", &self.canvas), ("decision", &self.decision)] {
            if value.is_some() && fdl.is_none() {
                return Err(Error::invalid("needs a framing document (fdl)").in_field(field));
            }
        }
        recipe.check()?;
        Ok(recipe)
    }
}

/// The value that a word stands for; the default without one.
fn word<T: DeserializeOwned + Default>(field: &str, word: Option<&str>, known: &str) -> Result<T> {
    let Some(word) = word else { return Ok(T::default()) };
    serde_json::from_value(Value::String(word.to_owned())).map_err(|_| {
        let shown: String = word.chars().take(40).collect();
        Error::invalid(format!("`{}` is none of {known}", shown.escape_debug())).in_field(field)
    })
}

fn white_balance(value: Option<&Value>) -> Result<WhiteBalance> {
    match value {
        None => Ok(WhiteBalance::AsShot),
        Some(Value::String(word)) if word == "as-shot" => Ok(WhiteBalance::AsShot),
        Some(value) => value.as_f64().map(WhiteBalance::Kelvin).ok_or_else(|| {
            Error::invalid(format!("{value} is neither \"as-shot\" nor a temperature in Kelvin"))
                .in_field("white_balance")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RawSettings;

    #[test]
    fn settings_that_say_nothing_make_the_default_recipe() {
        assert_eq!(Settings::default().recipe(None).unwrap(), Recipe::default());
    }

    #[test]
    fn every_setting_that_decides_pixels_is_in_the_recipe_and_the_others_are_not() {
        let settings = |kelvin: Value| Settings {
            handles: Some(8),
            first_frame: Some(1009),
            fdl: Some("main.fdl".into()),
            decision: Some("c-i".into()),
            crop: Some("decision".into()),
            compression: Some("piz".into()),
            debayer: Some("half".into()),
            working_space: Some("acescg".into()),
            raw: Some(RawSettings {
                white_balance: Some(kelvin),
                tint: Some(4.0),
                exposure_stops: Some(-0.5),
                highlights: Some("clip".into()),
            }),
            ..Settings::default()
        };
        let recipe = settings(5600.into()).recipe(Some(b"abc")).unwrap();
        let text = serde_json::to_value(&recipe).unwrap();
        // printf abc | sha256sum
        let fdl = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (field, value) in [
            ("debayer", Value::from("half")),
            ("working_space", "acescg".into()),
            ("crop", "decision".into()),
            ("decision", "c-i".into()),
            ("compression", "piz".into()),
            ("tint", 4.0.into()),
            ("exposure_stops", (-0.5).into()),
            ("fdl_sha256", fdl.into()),
            ("white_balance", serde_json::json!({"kelvin": 5600.0})),
        ] {
            assert_eq!(text[field], value, "{field}");
        }
        let others = Settings { handles: None, first_frame: None, ..settings(5600.0.into()) };
        assert_eq!(others.recipe(Some(b"abc")).unwrap().id(), recipe.id());
    }

    #[test]
    fn what_is_not_rendered_is_refused_by_name_and_what_is_no_word_with_the_words() {
        let refusal = |settings: Settings| {
            let error = settings.recipe(None).unwrap_err();
            (error.kind(), error.to_string())
        };
        let (kind, text) = refusal(Settings { template: Some("vfx.fdl".into()), ..Settings::default() });
        assert_eq!((kind, text.as_str()), ("unsupported", "template: a canvas template (ASC FDL) is not supported"));
        assert_eq!(refusal(Settings { amf: Some("x.amf".into()), ..Settings::default() }).0, "unsupported");
        let raw = RawSettings { highlights: Some("reconstruct".into()), ..RawSettings::default() };
        assert_eq!(refusal(Settings { raw: Some(raw), ..Settings::default() }).0, "unsupported");
        let (kind, text) = refusal(Settings { compression: Some("dwaa".into()), ..Settings::default() });
        assert_eq!((kind, text.as_str()), ("invalid", "compression: `dwaa` is none of zip, zips, piz, none"));
        assert_eq!(refusal(Settings { crop: Some("decision".into()), ..Settings::default() }).0, "invalid");
    }
}
