//! A file of boxes: recognised, inspected within the budget, its frames looked up and told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    Error,
    camera::{Format, QuickTime},
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let file = Counted::new(Memory::new("A001.mov", bytes));
    let inspected = QuickTime.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    let _ = QuickTime.spans(&file, 0..3);
    if inspected.is_ok_and(|i| i.frames.count() < 1000) {
        let _ = QuickTime.each_frame(&file, &mut |values| {
            if values.frame > 100 { Err(Error::invalid("enough")) } else { Ok(()) }
        });
    }
});
