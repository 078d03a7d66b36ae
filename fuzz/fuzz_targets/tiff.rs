//! TIFF directories under every format that is built on them, whatever the file seems to be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::formats,
    source::{Known, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    for format in formats() {
        let _ = format.inspect(&Memory::new("A001.dng", bytes));
        // The first half only, as of an object of which not all ranges are there yet.
        let mut known = Known::new("A001.dng", bytes.len() as u64);
        known.insert(0, bytes[..bytes.len() / 2].to_vec());
        let _ = format.inspect(&known);
    }
});
