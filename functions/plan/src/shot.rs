//! One event that can be made: its recipe, and every plate with the bytes that it is made of.

use std::sync::Arc;

use platefleet_fleet::{
    id::hex_sha256,
    order::Shot,
    plan::{Document, FrameOrder, Frames},
    store::ClipRow,
};
use platefleet_media::{canonical, clip::Metadata, plate::Recipe};
use serde_json::json;

use crate::{attachments::Attachments, recipe, span};

/// Number of the first plate, unless the order says another.
const FIRST_FRAME: u32 = 1001;

/// A shot as it will be made, before it has a version.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) shot: String,
    pub(crate) plate: String,
    pub(crate) clip: Arc<ClipRow>,
    pub(crate) recipe: Recipe,
    /// Name in the order, and where it is.
    pub(crate) framing: Option<(String, Document)>,
    pub(crate) frames: Vec<FrameOrder>,
    /// Span without handles, as the event tells it.
    pub(crate) source: (String, String),
    pub(crate) warnings: Vec<String>,
    /// See `ShotPlan::content`.
    pub(crate) content: String,
    /// Photosites of the picture.
    pub(crate) photosites: u64,
}

/// The plates of an event, or why they cannot be made.
pub(crate) fn draft(
    shot: &Shot,
    clip: &Arc<ClipRow>,
    index: &Frames,
    attachments: &Attachments,
) -> Result<Draft, String> {
    let size = picture(&clip.metadata)
        .ok_or_else(|| format!("clip `{}` does not say how large its picture is", clip.pattern))?;
    let (recipe, framing) = recipe::for_picture(&shot.settings, attachments, size)?;
    let handles = shot.settings.handles.unwrap_or(0);
    let selection = span::select(&shot.span, handles, &clip.metadata, index)?;
    let first = shot.settings.first_frame.unwrap_or(FIRST_FRAME);
    let frames = index.frames[selection.frames]
        .iter()
        .zip(first..)
        .map(|(frame, number)| {
            let file = index
                .files
                .get(frame.file)
                .filter(|f| f.verified)
                .ok_or_else(|| format!("frame {} is in a file that is not checked", frame.number))?;
            Ok(FrameOrder {
                number,
                key: file.key.clone(),
                etag: file.etag.clone(),
                size: file.size,
                frame: frame.frame,
                span: frame.span,
                timecode: index.timecode(frame),
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let decides = json!({
        "shot": shot.shot, "plate": shot.plate, "recipe": recipe, "frames": frames, "clip": clip.clip,
        "metadata": clip.metadata
    });
    let content = canonical::to_vec(&decides).map_err(|e| e.to_string())?;
    let framing = framing.zip(shot.settings.fdl.as_ref()).map(|(f, name)| (name.clone(), f.place.clone()));
    Ok(Draft {
        shot: shot.shot.clone(),
        plate: shot.plate.clone(),
        clip: clip.clone(),
        recipe,
        framing,
        frames,
        source: selection.source,
        warnings: selection.warnings,
        content: hex_sha256(&content),
        photosites: size[0] as u64 * size[1] as u64,
    })
}

/// Width and height of the picture that a clip's frames hold: the active area.
fn picture(metadata: &Metadata) -> Option<[usize; 2]> {
    let [width, height] = match metadata.active_area {
        Some([_, _, width, height]) => [width, height],
        None => [metadata.width?, metadata.height?],
    };
    (width > 0 && height > 0).then_some([width as usize, height as usize])
}
