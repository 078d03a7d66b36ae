//! What is recorded, and how it is written to disk.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use platefleet_media::{
    Error, Result,
    raw::Rgb,
    timecode::{Rational, Timecode},
};
use rayon::prelude::*;

use crate::{
    camera::{Camera, aces_to_camera},
    dng,
    noise::Noise,
    scene::{Layout, Scene},
};

/// A take: what the camera recorded, and with which settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Reel that the file states.
    pub reel: String,
    /// Name of the take: folder and start of the file names.
    pub name: String,
    /// Number of frames; files count from 0.
    pub frames: u64,
    /// Width in photosites, even, 64..=16384.
    pub width: usize,
    /// Height in photosites, even, 36..=16384.
    pub height: usize,
    /// Frames a second.
    pub rate: Rational,
    /// Timecode of frame 0; free run, so its hours are those of the day.
    pub start: Timecode,
    /// Year, month and day of recording.
    pub date: (u16, u8, u8),
    /// The camera and its settings.
    pub camera: Camera,
    /// Seed of photon and read noise; none for a noiseless sensor, whose only error is rounding to codes.
    pub noise_seed: Option<u64>,
}

impl Default for Clip {
    /// One second of 1920x1080 at 23.976 from ten o'clock, without noise.
    fn default() -> Self {
        let rate = Rational::new(24000, 1001).expect("1001 is not 0");
        Self {
            reel: "A001".to_owned(),
            name: "A001C001_261124_R1AB".to_owned(),
            frames: 24,
            width: 1920,
            height: 1080,
            rate,
            start: Timecode::parse("10:00:00:00", rate).expect("ten o'clock is a timecode"),
            date: (2026, 11, 24),
            camera: Camera::default(),
            noise_seed: None,
        }
    }
}

impl Clip {
    /// The name of a frame's file.
    pub fn file_name(&self, frame: u64) -> String {
        format!("{}_{frame:06}.dng", self.name)
    }

    /// The timecode of a frame.
    pub fn timecode(&self, frame: u64) -> Timecode {
        self.start.plus(i64::try_from(frame).unwrap_or(i64::MAX))
    }

    /// The bytes of one file: [`Stage::frame_bytes`] for when only one frame is wanted.
    ///
    /// # Errors
    /// Those of [`Stage::new`].
    pub fn frame_bytes(&self, frame: u64) -> Result<Vec<u8>> {
        Ok(Stage::new(self)?.frame_bytes(frame))
    }

    /// Seconds as a ratio: the shutter's part of a frame.
    pub(crate) fn exposure_time(&self) -> (u32, u32) {
        let millidegrees = (self.camera.shutter_angle_degrees * 1000.0).round().clamp(1.0, 360_000.0) as u64;
        let (num, den) = (millidegrees * u64::from(self.rate.den()), 360_000 * u64::from(self.rate.num()));
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let (mut num, mut den) = (num / a.max(1), den / a.max(1));
        while num.max(den) > u64::from(u32::MAX) {
            (num, den) = (num.div_ceil(2), den.div_ceil(2));
        }
        (num as u32, den as u32)
    }

    /// Refuses what cannot be recorded.
    fn check(&self) -> Result<()> {
        let camera = &self.camera;
        let fits = |n: usize, least: usize| (least..=16_384).contains(&n) && n.is_multiple_of(2);
        if !fits(self.width, 64) || !fits(self.height, 36) {
            let size = format!("{}x{}", self.width, self.height);
            return Err(Error::invalid(format!("size {size}: sides are even, from 64x36 to 16384x16384")));
        }
        if !matches!(camera.bits, 12 | 16) {
            return Err(Error::unsupported(format!("a synthetic sensor of {} bits (12 and 16 are)", camera.bits)));
        }
        if camera.white <= camera.black || u32::from(camera.white) >= 1 << camera.bits {
            let problem =
                format!("white level {} does not fit between black level {} and the bits", camera.white, camera.black);
            return Err(Error::invalid(problem));
        }
        let base = self.rate.timecode_base();
        if base != Some(self.start.base()) || base.is_none_or(|b| b > 60) || i32::try_from(self.rate.num()).is_err() {
            return Err(Error::invalid(format!("no timecode of rate {} starts at {}", self.rate, self.start)));
        }
        if self.frames > 1_000_000 {
            return Err(Error::invalid(format!("{} frames, and file names count to 999999", self.frames)));
        }
        let one_part = |name: &str| !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if !one_part(&self.name) || self.name.chars().any(char::is_control) {
            return Err(Error::invalid(format!("clip name `{}` is no file name", self.name.escape_debug())));
        }
        Ok(())
    }
}

/// The formats that footage is asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CinemaDNG, uncompressed.
    CinemaDng,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "cinemadng" => Ok(Self::CinemaDng),
            "arriraw" => Err(Error::unsupported("synthetic footage in ARRIRAW (cinemadng is written)")),
            other => Err(Error::invalid(format!("format `{}`: known is cinemadng", other.escape_debug()))),
        }
    }
}

/// A clip ready to be photographed: what stands still is already on the sensor.
pub struct Stage<'a> {
    clip: &'a Clip,
    scene: Scene,
    /// ACES2065-1 to camera RGB, one row a filter colour.
    to_camera: [[f32; 3]; 3],
    /// Light on each photosite, 1 at saturation.
    still: Vec<f32>,
}

impl<'a> Stage<'a> {
    /// Sets the scene.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::Unsupported`] for sizes, levels and rates that cannot be recorded.
    pub fn new(clip: &'a Clip) -> Result<Self> {
        clip.check()?;
        let mut stage = Self {
            clip,
            scene: Scene::new(Layout::new(clip.width, clip.height)),
            to_camera: aces_to_camera().map(|row| row.map(|n| n as f32)),
            still: Vec::new(),
        };
        let mut still = vec![0.0; clip.width * clip.height];
        still.par_chunks_exact_mut(clip.width).enumerate().for_each(|(y, row)| {
            for (x, site) in row.iter_mut().enumerate() {
                *site = stage.seen(x, y, stage.scene.still(x, y));
            }
        });
        stage.still = still;
        Ok(stage)
    }

    /// What the photosite at this place sees of light in ACES2065-1.
    fn seen(&self, x: usize, y: usize, light: [f32; 3]) -> f32 {
        let row = self.to_camera[self.clip.camera.phase.color_at(x, y)];
        row[0] * light[0] + row[1] * light[1] + row[2] * light[2]
    }

    /// The code values of a frame, row by row.
    pub fn codes(&self, frame: u64) -> Vec<u16> {
        let Clip { width, camera, .. } = self.clip;
        let timecode = self.clip.timecode(frame).to_string();
        let mut light = self.still.clone();
        self.scene.moving(frame, &timecode, |x, y, aces| light[y * width + x] = self.seen(x, y, aces));
        let (black, range) = (f32::from(camera.black), f32::from(camera.white) - f32::from(camera.black));
        let code = |value: f32| (black + value * range + 0.5).clamp(0.0, f32::from(camera.white)) as u16;
        let Some(seed) = self.clip.noise_seed else { return light.into_iter().map(code).collect() };
        let noise = Noise::new(seed, frame);
        let (photon, read) = (1.0 / camera.full_well, (camera.read_noise / camera.full_well).powi(2));
        let noisy = |(value, photosite): (f32, u64)| {
            code(value + (value * photon + read).max(0.0).sqrt() * noise.at(photosite))
        };
        light.into_iter().zip(0..).map(noisy).collect()
    }

    /// The bytes of a frame's file.
    pub fn frame_bytes(&self, frame: u64) -> Vec<u8> {
        let Clip { width, height, camera, .. } = self.clip;
        let row_bytes = width * camera.bits as usize / 8;
        let mut bytes = dng::header(self.clip, self.clip.timecode(frame), row_bytes * height);
        let picture_at = bytes.len();
        bytes.resize(picture_at + row_bytes * height, 0);
        let codes = self.codes(frame);
        for (row, packed) in codes.chunks_exact(*width).zip(bytes[picture_at..].chunks_exact_mut(row_bytes)) {
            dng::pack_row(row, camera.bits, packed);
        }
        bytes
    }
}

/// The noiseless picture of a frame in ACES2065-1, scene-linear: what a perfect pipeline makes of the file.
///
/// # Errors
/// Those of [`Stage::new`].
pub fn truth(clip: &Clip, frame: u64) -> Result<Rgb> {
    clip.check()?;
    let Clip { width, height, .. } = *clip;
    let scene = Scene::new(Layout::new(width, height));
    let mut picture = vec![[0.0; 3]; width * height];
    picture.par_chunks_exact_mut(width).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.iter_mut().enumerate() {
            *pixel = scene.still(x, y);
        }
    });
    scene.moving(frame, &clip.timecode(frame).to_string(), |x, y, aces| picture[y * width + x] = aces);
    Ok(Rgb { width, height, planes: std::array::from_fn(|c| picture.iter().map(|p| p[c]).collect()) })
}

/// A picture as a portable float map, `PF`: 32-bit little-endian red, green, blue, from the bottom row up.
pub fn pfm(picture: &Rgb) -> Vec<u8> {
    let Rgb { width, height, planes: [red, green, blue] } = picture;
    let mut bytes = format!("PF\n{width} {height}\n-1.0\n").into_bytes();
    bytes.reserve(width * height * 12);
    for y in (0..*height).rev() {
        let row = y * width..(y + 1) * width;
        for ((red, green), blue) in red[row.clone()].iter().zip(&green[row.clone()]).zip(&blue[row]) {
            bytes.extend([red, green, blue].into_iter().flat_map(|n| n.to_le_bytes()));
        }
    }
    bytes
}

/// Writes the clip's frames to `<dir>/<name>/<name>_000000.dng` and on, and returns their paths in order.
///
/// `progress` hears of each finished frame, from any thread and in any order.
///
/// # Errors
/// Those of [`Stage::new`], and [`Error::Io`].
pub fn write_clip(dir: &Path, clip: &Clip, progress: &(dyn Fn(u64) + Sync)) -> Result<Vec<PathBuf>> {
    let stage = Stage::new(clip)?;
    write_frames(&dir.join(&clip.name), clip, "dng", progress, &|frame| Ok(stage.frame_bytes(frame)))
}

/// Writes the truth of each frame to `<dir>/<name>/<name>_000000.pfm` and on ([`truth`], [`pfm`]).
///
/// Give it another folder than the footage, unless the truth is to be delivered with it.
///
/// # Errors
/// Those of [`Stage::new`], and [`Error::Io`].
pub fn write_truth(dir: &Path, clip: &Clip, progress: &(dyn Fn(u64) + Sync)) -> Result<Vec<PathBuf>> {
    clip.check()?;
    write_frames(&dir.join(&clip.name), clip, "pfm", progress, &|frame| Ok(pfm(&truth(clip, frame)?)))
}

fn write_frames(
    folder: &Path,
    clip: &Clip,
    extension: &str,
    progress: &(dyn Fn(u64) + Sync),
    bytes: &(dyn Fn(u64) -> Result<Vec<u8>> + Sync),
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).map_err(|e| Error::io(folder.display().to_string(), e))?;
    let write = |frame| {
        let path = folder.join(clip.file_name(frame)).with_extension(extension);
        fs::write(&path, bytes(frame)?).map_err(|e| Error::io(path.display().to_string(), e))?;
        progress(frame);
        Ok(path)
    };
    (0..clip.frames).into_par_iter().map(write).collect()
}
