//! A plate that is read back for a preview.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::exr::{preview, read};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((rgb, _)) = read(bytes) {
        assert!(rgb.planes.iter().all(|plane| plane.len() == rgb.width * rgb.height));
        if rgb.width * rgb.height <= 1 << 16 {
            let _ = preview(bytes);
        }
    }
});
