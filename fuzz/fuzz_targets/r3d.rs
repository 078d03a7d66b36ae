//! A file of this format, its magic number given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::{Format, R3d},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    // The first byte says which version it is.
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut whole = if first % 2 == 0 { b"\0\0\x10\0RED2" } else { b"\0\0\x02\0RED1" }.to_vec();
    whole.extend_from_slice(rest);
    let file = Counted::new(Memory::new("A001.R3D", &whole[..]));
    let inspected = R3d.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    if inspected.is_ok() {
        let _ = R3d.each_frame(&file, &mut |_| Ok(()));
        let _ = R3d.spans(&file, 0..u64::from(*first));
    }
});
