//! Production sound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Format, Wav},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    for form in [&b"RIFF\0\0\0\0WAVE"[..], b"RF64\0\0\0\0WAVE", b"BW64\0\0\0\0WAVE", b"FORM\0\0\0\0AIFF"] {
        let file = Counted::new(Memory::new("A001.wav", [form, bytes].concat()));
        let _ = Wav.inspect(&file);
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    }
});
