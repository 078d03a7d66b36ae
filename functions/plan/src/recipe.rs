//! What decides the pixels of a shot: the order's words made a recipe, or the reason why that cannot be.

use platefleet_fleet::order::{Settings, Shot};
use platefleet_media::{
    frame::{self, Crop},
    plate::{Recipe, WhiteBalance},
    raw::Debayer,
};
use serde::de::DeserializeOwned;

use crate::attachments::{Attachments, Framing};

/// Refuses what is wrong with the settings of a shot, whatever its clip is.
pub(crate) fn check(shot: &Shot, attachments: &Attachments) -> Result<(), String> {
    of(&shot.settings, attachments).map(|_| ())
}

/// The recipe of a shot whose picture has this size, with its framing document.
pub(crate) fn for_picture<'a>(
    settings: &Settings,
    attachments: &'a Attachments,
    size: [usize; 2],
) -> Result<(Recipe, Option<&'a Framing>), String> {
    let (recipe, framing) = of(settings, attachments)?;
    let (canvas, decision) = (recipe.canvas.as_deref(), recipe.decision.as_deref());
    let named = |e: platefleet_media::Error| format!("`{}`: {e}", settings.fdl.as_deref().unwrap_or_default());
    let document = framing.map(|f| &f.document);
    let crop = frame::region(document, recipe.crop, canvas, decision, size).map_err(named)?;
    let odd = [crop.left, crop.top, crop.width, crop.height].iter().any(|v| v % 2 != 0);
    if recipe.debayer == Debayer::Half && recipe.crop != Crop::None && odd {
        return Err("a crop at odd photosites cannot be made with debayer `half`".into());
    }
    if let Some(document) = document
        && recipe.crop == Crop::None
        && (canvas.is_some() || decision.is_some())
    {
        let canvas = document.canvas(canvas, size).map_err(named)?;
        if decision.is_some() {
            document.decision(canvas, decision).map_err(named)?;
        }
    }
    Ok((recipe, framing))
}

fn of<'a>(settings: &Settings, attachments: &'a Attachments) -> Result<(Recipe, Option<&'a Framing>), String> {
    if let Some(file) = &settings.template {
        return Err(format!("canvas templates (`template`: `{file}`) are not supported; `crop` crops in whole pixels"));
    }
    if let Some(file) = &settings.amf {
        return Err(format!("ACES metadata files (`amf`: `{file}`) are not supported"));
    }
    let framing = match &settings.fdl {
        None => None,
        Some(name) => match attachments.get(name) {
            Some(Ok(framing)) => Some(framing),
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err(format!("`{name}` was not read")),
        },
    };
    if framing.is_none() && (settings.canvas.is_some() || settings.decision.is_some()) {
        return Err("`canvas` and `decision` need a framing document (`fdl`)".into());
    }
    let raw = settings.raw.clone().unwrap_or_default();
    let white_balance = match raw.white_balance.as_ref().and_then(serde_json::Value::as_f64) {
        Some(kelvin) => WhiteBalance::Kelvin(kelvin),
        None => WhiteBalance::AsShot,
    };
    let recipe = Recipe {
        debayer: word("debayer", settings.debayer.as_ref(), "quality, fast, half")?,
        white_balance,
        tint: raw.tint.unwrap_or(0.0),
        exposure_stops: raw.exposure_stops.unwrap_or(0.0),
        highlights: word("highlights", raw.highlights.as_ref(), "clip, reconstruct")?,
        working_space: word("working_space", settings.working_space.as_ref(), "aces2065-1, acescg")?,
        crop: word("crop", settings.crop.as_ref(), "none, effective, protection, decision")?,
        canvas: settings.canvas.clone(),
        decision: settings.decision.clone(),
        fdl_sha256: framing.map(|f| f.place.sha256.clone()),
        compression: word("compression", settings.compression.as_ref(), "zip, zips, piz, none")?,
        profile: word("profile", settings.profile.as_ref(), "plate, aces-strict")?,
        ..Recipe::default()
    };
    recipe.check().map_err(|e| e.to_string())?;
    Ok((recipe, framing))
}

/// A setting as one of its words.
fn word<T: DeserializeOwned + Default>(name: &str, value: Option<&String>, known: &str) -> Result<T, String> {
    let Some(value) = value else { return Ok(T::default()) };
    serde_json::from_value(value.as_str().into())
        .map_err(|_| format!("`{name}` is `{}`; known are {known}", value.escape_debug()))
}
