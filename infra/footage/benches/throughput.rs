//! What one core does: frames a second of render, bytes a second of each digest. `make bench`.
//!
//! Fixed input, the best of several runs, one thread; beside the digests the time that copying the same bytes takes, and
//! `xxhsum` where it is installed.
#![expect(clippy::print_stdout, reason = "a bench is read on stdout")]

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use platefleet_footage::Clip;
use platefleet_media::{
    camera::{Dng, Format as _, recognise},
    exr::Compression,
    hash::{Algorithm, digests},
    plate::{FrameTiming, Recipe, render_frame},
    raw::Debayer,
    source::Memory,
};

/// Runs of each measurement; the best counts, as the others were disturbed.
const RUNS: usize = 5;
/// Bytes that are hashed: larger than the caches, smaller than a laptop's memory.
const HASHED: usize = 256 << 20;

fn best(mut work: impl FnMut()) -> Duration {
    (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    one.install(|| {
        render();
        hash();
    });
}

fn render() {
    let clip = Clip { noise_seed: Some(1), ..Clip::default() };
    let file = Memory::new("A001.dng", clip.frame_bytes(0).expect("a frame"));
    let metadata = Dng.inspect(&file).expect("a CinemaDNG frame").metadata;
    println!("CinemaDNG, {}x{}, 12 bits, to EXR (half, ACES2065-1), one thread:", clip.width, clip.height);
    for debayer in [Debayer::Quality, Debayer::Fast] {
        for compression in [Compression::Zip, Compression::Piz, Compression::None] {
            let recipe = Recipe { debayer, compression, ..Recipe::default() };
            let timing = FrameTiming { number: 1001, timecode: None, rate: None };
            let time = best(|| {
                let mosaic = recognise("A001.dng", &file).and_then(|format| format.decode(&file, 0)).expect("codes");
                let plate = render_frame(&recipe, None, &metadata, &mosaic, &timing).expect("a plate");
                std::hint::black_box(plate);
            });
            println!("  {debayer:?} {compression:?}: {:.1} frames/s", 1.0 / time.as_secs_f64());
        }
    }
}

fn hash() {
    // Digests do not depend on what they digest; the pattern only must not be all zero pages.
    let bytes: Vec<u8> = (0..HASHED).map(|i| (i >> 3) as u8 ^ i as u8).collect();
    let speed = |time: Duration| HASHED as f64 / time.as_secs_f64() / 1e9;
    println!("digests of {} MiB in memory, one thread:", HASHED >> 20);
    let mut copy = vec![0u8; HASHED];
    println!("  (copying them): {:.2} GB/s", speed(best(|| std::hint::black_box(&mut copy).copy_from_slice(&bytes))));
    for algorithm in Algorithm::ALL {
        let time = best(|| drop(std::hint::black_box(digests([algorithm], &bytes))));
        println!("  {}: {:.2} GB/s", algorithm.name(), speed(time));
    }
    beside_xxhsum(&bytes, &speed);
}

/// The reference implementation on the same bytes, in a file that the page cache holds.
fn beside_xxhsum(bytes: &[u8], speed: &dyn Fn(Duration) -> f64) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("bytes");
    fs::write(&path, bytes).expect("room for the bytes");
    let mut found = true;
    let time = best(|| {
        let done = Command::new("xxhsum").arg("-H2").arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).status();
        found &= done.is_ok_and(|status| status.success());
    });
    if found {
        println!("  xxhsum -H2 (xxh128, reads a cached file): {:.2} GB/s", speed(time));
    } else {
        println!("SKIPPED: xxhsum is not installed");
    }
}
