//! A file of this format, its magic number given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Format, OpenExr},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let mut whole = b"\x76\x2f\x31\x01".to_vec();
    whole.extend_from_slice(bytes);
    let file = Counted::new(Memory::new("A001.exr", &whole[..]));
    let inspected = OpenExr.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    if inspected.is_ok() {
        let _ = OpenExr.each_frame(&file, &mut |_| Ok(()));
    }
});
