//! Sidecars of Sony's cameras.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::camera::sony::sidecar;

fuzz_target!(|text: &str| {
    if let Ok(read) = sidecar(text) {
        assert!(read.tags.len() <= 4096 && read.metadata.findings.len() <= 33);
    }
});
