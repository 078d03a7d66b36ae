//! MXF: inspected, its frames looked up, each frame asked what it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    Error,
    camera::{Format, Mxf},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let file = Counted::new(Memory::new("A001.mxf", bytes));
    let inspected = Mxf.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    let Ok(inspected) = inspected else { return };
    assert!(inspected.frames.end() <= bytes.len() as u64);
    let _ = Mxf.spans(&file, 0..inspected.frames.count().min(10));
    let _ = Mxf.each_frame(&file, &mut |values| match values.frame {
        0..100 => Ok(()),
        _ => Err(Error::invalid("enough")),
    });
});
