//! A file of this format, its magic number given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Dpx, Format},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let mut whole = b"SDPX".to_vec();
    whole.extend_from_slice(bytes);
    let file = Counted::new(Memory::new("A001.dpx", &whole[..]));
    let inspected = Dpx.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    if inspected.is_ok() {
        let _ = Dpx.each_frame(&file, &mut |_| Ok(()));
    }
});
