//! An Avid log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::camera::ale;

fuzz_target!(|text: &str| {
    if let Ok(log) = ale(text) {
        let _ = log.about("A001C001");
    }
});
