//! `platefleet synth`: footage of a scene whose light is known, from a camera that does not exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

use platefleet_footage::{Camera, Clip, Format, chart, write_clip, write_truth};
use platefleet_media::{
    raw::Cfa,
    timecode::{Rational, Timecode},
};
use serde_json::{Value, json};

use crate::{
    console::{Console, Unit, bytes, count},
    failure::{Exit, Failure},
};

/// Photograph a synthetic scene with known truth
#[derive(Debug, clap::Args)]
pub(crate) struct Synth {
    /// Format of the files: cinemadng
    #[arg(long, default_value = "cinemadng")]
    format: String,
    /// Number of frames
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    frames: u64,
    /// Width and height in photosites
    #[arg(long, value_name = "WxH", default_value = "1920x1080", value_parser = size)]
    size: (usize, usize),
    /// Colours of the first 2x2 photosites
    #[arg(long, value_name = "PHASE", default_value = "rggb", value_parser = ["rggb", "grbg", "gbrg", "bggr"])]
    phase: String,
    /// Bits of a photosite: 12 or 16
    #[arg(long, default_value_t = 12)]
    bits: u32,
    /// Add photon and read noise, the same for the same --seed
    #[arg(long)]
    noise: bool,
    /// Seed of the noise
    #[arg(long, default_value_t = 1, requires = "noise")]
    seed: u64,
    /// Also write the scene-linear ACES2065-1 picture of each frame (PFM) and the chart's stated values to DIR/truth
    #[arg(long)]
    truth: bool,
    /// Reel that the files name
    #[arg(long, default_value = "A001")]
    reel: String,
    /// Name of the take: folder and start of the file names
    #[arg(long, default_value = "A001C001_261124_R1AB")]
    clip: String,
    /// Frames a second, as a ratio
    #[arg(long, default_value = "24000/1001", value_parser = rate)]
    rate: Rational,
    /// Timecode of the first frame
    #[arg(long, value_name = "TIMECODE", default_value = "10:00:00:00")]
    start: String,
    /// Folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides.ok_or_else(|| "is not a width and a height, like 1920x1080".into())
}

fn rate(text: &str) -> Result<Rational, String> {
    text.parse().map_err(|e: platefleet_media::Error| e.to_string())
}

impl Synth {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let Format::CinemaDng = self.format.parse().map_err(|e| Failure::from(e).typed())?;
        let clip = self.clip()?;
        let steps = self.frames * if self.truth { 2 } else { 1 };
        let bar = console.bar("photographing", Unit::Count, steps);
        let files = write_clip(&self.output, &clip, &|_| bar.inc(1)).map_err(|e| Failure::from(e).typed())?;
        let truth = if self.truth {
            if console.stopped() {
                return Err(Failure::interrupted());
            }
            Some(write_known(&self.output.join("truth"), &clip, &|_| bar.inc(1))?)
        } else {
            None
        };
        bar.finish_and_clear();
        let size = |path: &PathBuf| fs::metadata(path).map(|m| m.len()).map_err(|e| Failure::io(path, &e));
        let written: u64 = files.iter().map(size).sum::<Result<_, _>>()?;
        let folder = self.output.join(&clip.name);
        let last = clip.frames.saturating_sub(1);
        let pattern = folder.join(format!("{}_[{:06}-{last:06}].dng", clip.name, 0));
        console.document(&json!({
            "clip_name": clip.name, "path": pattern.display().to_string(), "frames": clip.frames, "bytes": written,
            "truth": truth.as_ref().map(|t| t.display().to_string()),
        }))?;
        console.say(format!("{}: {}, {}", pattern.display(), count(clip.frames, "frame"), bytes(written)))?;
        if let Some(truth) = &truth {
            console.say(format!("{}: what a perfect pipeline makes of it", truth.display()))?;
        }
        Ok(Exit::Done)
    }

    fn clip(&self) -> Result<Clip, Failure> {
        let phase = match self.phase.as_str() {
            "grbg" => Cfa::Grbg,
            "gbrg" => Cfa::Gbrg,
            "bggr" => Cfa::Bggr,
            _ => Cfa::Rggb,
        };
        // The levels that the synthetic sensor has at each depth.
        let (black, white) = if self.bits == 16 { (2048, 65_535) } else { (256, 4095) };
        Ok(Clip {
            reel: self.reel.clone(),
            name: self.clip.clone(),
            frames: self.frames,
            width: self.size.0,
            height: self.size.1,
            rate: self.rate,
            start: Timecode::parse(&self.start, self.rate).map_err(|e| Failure::from(e).typed())?,
            camera: Camera { phase, bits: self.bits, black, white, ..Camera::default() },
            noise_seed: self.noise.then_some(self.seed),
            ..Clip::default()
        })
    }
}

/// Writes the pictures and the chart of a clip.
fn write_known(dir: &Path, clip: &Clip, progress: &(dyn Fn(u64) + Sync)) -> Result<PathBuf, Failure> {
    write_truth(dir, clip, progress)?;
    let patches: Vec<Value> = chart(clip)
        .iter()
        .map(
            |p| json!({"name": p.name, "rect": [p.rect.left, p.rect.top, p.rect.width, p.rect.height], "aces": p.aces}),
        )
        .collect();
    let path = dir.join(&clip.name).join("chart.json");
    let document = json!({"color": "ACES2065-1, scene-linear", "patches": patches});
    fs::write(&path, format!("{document:#}\n")).map_err(|e| Failure::io(&path, &e))?;
    Ok(dir.join(&clip.name))
}
