//! A header of an ARRIRAW frame. What the bytes say comes after the magic number and version, so that all of it is met.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Arriraw, Format},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let mut header = b"ARRI\x12\x34\x56\x78\x00\x10\x00\x00\x03\x00\x00\x00".to_vec();
    header.extend_from_slice(bytes);
    for name in ["A001.ari", "A001.arx"] {
        let file = Counted::new(Memory::new(name, &header[..]));
        let inspected = Arriraw.inspect(&file).expect("a header of the right version says something");
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        assert_eq!(inspected.metadata.camera_make.as_deref(), Some("ARRI"));
    }
});
