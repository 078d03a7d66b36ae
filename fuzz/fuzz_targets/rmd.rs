//! A sidecar of RED's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::camera::rmd;

fuzz_target!(|text: &str| {
    let _ = rmd(text);
});
