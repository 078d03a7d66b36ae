//! A file of this format, its magic number given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Format, R3d},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let mut whole = b"\0\0\x10\0RED2".to_vec();
    whole.extend_from_slice(bytes);
    let file = Counted::new(Memory::new("A001.R3D", &whole[..]));
    let inspected = R3d.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    if inspected.is_ok() {
        let _ = R3d.each_frame(&file, &mut |_| Ok(()));
    }
});
