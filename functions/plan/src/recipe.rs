//! What decides the pixels of a shot: the order's words made a recipe, or the reason why that cannot be.

use platefleet_fleet::order::{Settings, Shot};
use platefleet_media::{
    frame::{self, Crop},
    plate::Recipe,
    raw::Debayer,
};

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
    let recipe = settings.recipe(framing.map(|f| f.document.text().as_bytes())).map_err(|e| e.to_string())?;
    Ok((recipe, framing))
}
