//! Records a clip and its truth: `cargo run --release -p platefleet-footage --example record -- DIR [FRAMES]`.

use std::{env, path::Path, time::Instant};

use platefleet_footage::{Clip, write_clip, write_truth};

fn main() -> platefleet_media::Result<()> {
    let mut arguments = env::args().skip(1);
    let dir = arguments.next().unwrap_or_else(|| "footage".to_owned());
    let frames = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(24);
    let clip = Clip { frames, noise_seed: Some(1), ..Clip::default() };
    let started = Instant::now();
    write_clip(&Path::new(&dir).join("A001"), &clip, &|_| ())?;
    eprintln!("{frames} frames of {}x{} in {:?}", clip.width, clip.height, started.elapsed());
    write_truth(&Path::new(&dir).join("truth"), &Clip { frames: frames.min(1), ..clip }, &|_| ())?;
    Ok(())
}
