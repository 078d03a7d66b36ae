//! A framing document, and every crop that it offers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::frame::{Crop, Document, region};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::parse(bytes) else { return };
    for canvas in document.canvases() {
        let size = [canvas.dimensions.width as usize, canvas.dimensions.height as usize];
        for crop in [Crop::Effective, Crop::Protection, Crop::Decision] {
            if let Ok(kept) = region(Some(&document), crop, Some(&canvas.id), None, size) {
                assert!(kept.left + kept.width <= size[0] && kept.top + kept.height <= size[1], "{kept:?} in {size:?}");
            }
        }
    }
});
