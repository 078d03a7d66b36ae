//! A camera file: recognised, inspected, decoded, rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    camera::recognise,
    plate::{FrameTiming, Recipe, render_frame},
    raw::Debayer,
    source::{Counted, Memory},
};

fuzz_target!(|bytes: &[u8]| {
    let file = Counted::new(Memory::new("A001.dng", bytes));
    let Ok(format) = recognise("A001.dng", &file) else { return };
    let inspected = format.inspect(&file);
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    let Ok(mosaic) = format.decode(&file, 0) else { return };
    assert_eq!(mosaic.samples.len(), mosaic.width * mosaic.height);
    if mosaic.samples.len() <= 1 << 16 {
        let metadata = inspected.map(|i| i.metadata).unwrap_or_default();
        let timing = FrameTiming { number: 1001, timecode: None, rate: None };
        let recipe = Recipe { debayer: Debayer::Half, ..Recipe::default() };
        let _ = render_frame(&recipe, None, &metadata, &mosaic, &timing);
    }
});
