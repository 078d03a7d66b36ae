//! Acquisition metadata of a frame, whatever wrote it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::camera::sony::acquisition;

fuzz_target!(|bytes: &[u8]| {
    let read = acquisition(bytes);
    assert!(read.tags.len() <= 4096 && read.metadata.findings.len() <= 33);
});
