//! Who made the file (Identification sets): the camera, when its maker makes cameras.

use super::{
    items,
    sets::{Set, Sets},
};
use crate::{camera::said::Said, clip::names};

const IDENTIFICATION: u8 = 0x30;
const CAMERA_MAKERS: &[&str] =
    &["ARRI", "Blackmagic Design", "Canon", "Ikegami", "JVC", "Panasonic", "RED", "Sony", "Z CAM"];

/// The first identification: who wrote the file, before others touched it.
pub(super) fn of(sets: &Sets) -> Option<Set<'_>> {
    let listed = sets.of_class(0x2f).next().and_then(|preface| preface.children(0x3b06).into_iter().next());
    listed.or_else(|| sets.of_class(IDENTIFICATION).next())
}

/// Company that made the file; empty when unknown.
pub(super) fn company(identification: Option<Set<'_>>) -> String {
    identification.and_then(|set| set.text(0x3c01)).unwrap_or_default()
}

/// Says camera and firmware, when the file was written by a camera, and when.
pub(super) fn say(sets: &Sets, said: &mut Said) {
    let Some(set) = of(sets) else { return };
    items::note(sets, &set, "Identification", said);
    let make = names::make(&company(Some(set)));
    if !CAMERA_MAKERS.contains(&make.as_str()) {
        return;
    }
    said.camera_make(make, "Identification CompanyName");
    // `Mem` and `Opt` are media, and no cameras.
    let product = set.text(0x3c02).filter(|product| product.len() > 3);
    if product.is_some() && said.metadata.camera_model.is_none() {
        said.firmware(set.text(0x3c04), "Identification VersionString");
    }
    said.camera_model(product, "Identification ProductName");
}
