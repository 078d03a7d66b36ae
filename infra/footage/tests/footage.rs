//! What is written is what the reader of camera originals finds, and what the scene was.

use platefleet_footage::{Camera, Clip, Format, Stage, chart, truth, write_clip, write_truth};
use platefleet_media::{
    camera::{inspect_clip, recognise},
    clip::Metadata,
    exr::{self, Compression},
    path::RelativePath,
    plate::{FrameTiming, Recipe, render_frame},
    raw::{Cfa, Debayer},
    source::{File, Memory, Source},
    timecode::{Rational, Timecode},
};

fn small() -> Clip {
    Clip { width: 160, height: 90, frames: 5, ..Clip::default() }
}

#[test]
fn the_reader_finds_the_codes_that_were_exposed_at_every_phase_and_depth() {
    for phase in [Cfa::Rggb, Cfa::Grbg, Cfa::Gbrg, Cfa::Bggr] {
        for (bits, black, white) in [(12, 256, 4095), (16, 2048, 65_535)] {
            let camera = Camera { phase, bits, black, white, ..Camera::default() };
            let clip = Clip { camera, noise_seed: Some(1), ..small() };
            let stage = Stage::new(&clip).unwrap();
            let bytes = stage.frame_bytes(3);
            let file = Memory::new("A001.dng", bytes);
            let mosaic = recognise("A001.dng", &file).unwrap().decode(&file, 0).unwrap();
            assert_eq!(mosaic.samples, stage.codes(3));
            assert_eq!((mosaic.cfa, mosaic.levels.white as u16), (phase, white));
        }
    }
}

/// D50 (0.9642, 1, 0.8249) to the ACES white by Bradford, then XYZ to AP0 (SMPTE ST 2065-1); computed with NumPy from
/// those definitions.
const D50_TO_ACES: [[f64; 3]; 3] = [
    [1.015_806_92, -0.017_740_77, 0.046_429_55],
    [-0.507_811_55, 1.391_305_53, 0.119_197_93],
    [0.008_475_54, -0.014_063_61, 1.219_410_22],
];

/// Row-major 3x3 times column.
fn apply(m: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

#[test]
fn the_matrices_in_the_file_lead_from_each_patch_back_to_its_stated_colour() {
    let camera = Camera { bits: 16, black: 0, white: 65_535, ..Camera::default() };
    let clip = Clip { width: 320, height: 180, camera, ..Clip::default() };
    let file = Memory::new("A001.dng", clip.frame_bytes(0).unwrap());
    let mosaic = recognise("A001.dng", &file).unwrap().decode(&file, 0).unwrap();
    let set = &mosaic.color.illuminants[0];
    let neutral = mosaic.color.as_shot_neutral.unwrap();
    for patch in chart(&clip) {
        let mut camera = [0.0; 3];
        let mut count = [0.0; 3];
        for y in patch.rect.top..patch.rect.top + patch.rect.height {
            for x in patch.rect.left..patch.rect.left + patch.rect.width {
                let color = mosaic.cfa.color_at(x, y);
                camera[color] += f64::from(mosaic.samples[y * mosaic.width + x]) / 65_535.0;
                count[color] += 1.0;
            }
        }
        let balanced = std::array::from_fn(|i| camera[i] / count[i] / neutral[i]);
        let aces = apply(D50_TO_ACES, apply(set.forward_matrix.unwrap(), balanced));
        for (found, stated) in aces.iter().zip(patch.aces) {
            assert!((found - stated).abs() < 3e-5, "{}: {aces:?} is not {:?}", patch.name, patch.aces);
        }
    }
}

#[test]
fn a_clip_on_disk_is_one_clip_with_believable_metadata() {
    let dir = tempfile::tempdir().unwrap();
    let rate = Rational::new(30000, 1001).unwrap();
    let start = Timecode::parse("09:59:59;28", rate).unwrap();
    let clip = Clip { rate, start, ..small() };
    let written = write_clip(dir.path(), &clip, &|_| ()).unwrap();
    let files: Vec<_> = written
        .iter()
        .map(|p| RelativePath::new(p.strip_prefix(dir.path()).unwrap().to_str().unwrap()).unwrap())
        .collect();
    assert_eq!(files[4].as_str(), "A001C001_261124_R1AB/A001C001_261124_R1AB_000004.dng");
    let open = |path: &RelativePath| -> platefleet_media::Result<Box<dyn Source>> {
        Ok(Box::new(File::open(&dir.path().join(path.as_str()))?))
    };
    let report = inspect_clip(&files, &open).unwrap();
    let m = &report.metadata;
    assert_eq!(m.findings, [""; 0]);
    assert_eq!((m.camera_make.as_deref(), m.camera_model.as_deref()), (Some("platefleet"), Some("Synth One")));
    assert_eq!((m.reel_name.as_deref(), m.clip_name.as_deref()), (Some("A001"), Some("A001C001_261124_R1AB")));
    assert_eq!((m.frame_rate.as_deref(), m.start_timecode.as_deref()), (Some("30000/1001"), Some("09:59:59;28")));
    assert_eq!((m.iso, m.t_stop, m.shutter_angle_degrees), (Some(800.0), Some(2.8), Some(180.0)));
    assert_eq!((m.focal_length_mm, m.lens_model.as_deref()), (Some(35.0), Some("Synth Prime 35mm T1.5")));
    assert_eq!((m.camera_serial.as_deref(), m.camera_index.as_deref()), (Some("SYN-0001"), Some("A")));
    assert_eq!(m.recorded_at.as_deref(), Some("2026-11-24T09:59:59"));
    assert_eq!(report.frames().nth(4).unwrap().timecode.as_deref(), Some("10:00:00;02"));
}

#[test]
fn frames_differ_where_something_moves_and_nowhere_else_and_repeat_exactly() {
    let clip = small();
    let stage = Stage::new(&clip).unwrap();
    let (first, later) = (stage.codes(0), stage.codes(40));
    assert!(first.iter().zip(&later).filter(|(a, b)| a != b).count() > 300);
    for patch in chart(&clip) {
        let at = patch.rect.top * clip.width + patch.rect.left;
        assert_eq!(first[at], later[at]);
    }
    let noisy = Clip { noise_seed: Some(9), ..small() };
    assert_eq!(noisy.frame_bytes(2).unwrap(), noisy.frame_bytes(2).unwrap());
    let other = Clip { noise_seed: Some(10), ..small() };
    assert_ne!(noisy.frame_bytes(2).unwrap(), other.frame_bytes(2).unwrap());
}

#[test]
fn the_noise_of_a_grey_patch_is_that_of_its_photons_and_the_reading() {
    let camera = Camera { bits: 16, black: 2048, white: 65_535, ..Camera::default() };
    let clip = Clip { width: 640, height: 360, camera, noise_seed: Some(3), ..Clip::default() };
    let stage = Stage::new(&clip).unwrap();
    let (clean, noisy) = (Stage::new(&Clip { noise_seed: None, ..clip.clone() }).unwrap().codes(0), stage.codes(0));
    let grey = chart(&clip)[21].rect;
    let mut errors = Vec::new();
    let mut light = Vec::new();
    for y in grey.top..grey.top + grey.height {
        for x in (grey.left..grey.left + grey.width).filter(|x| Cfa::Rggb.color_at(*x, y) == 1) {
            let at = y * clip.width + x;
            errors.push((f64::from(noisy[at]) - f64::from(clean[at])) / 63_487.0);
            light.push((f64::from(clean[at]) - 2048.0) / 63_487.0);
        }
    }
    let count = errors.len() as f64;
    let mean_light = light.iter().sum::<f64>() / count;
    let variance = errors.iter().map(|e| e * e).sum::<f64>() / count;
    // Photons: light / full well; reading: (4 / 30000)^2.
    let expected = mean_light / 30_000.0 + (4.0f64 / 30_000.0).powi(2);
    assert!((variance / expected - 1.0).abs() < 0.2, "{variance} {expected} of {count}");
}

#[test]
fn the_truth_is_written_as_a_float_map_from_the_bottom_up() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip { frames: 1, ..small() };
    let paths = write_truth(dir.path(), &clip, &|_| ()).unwrap();
    let bytes = std::fs::read(&paths[0]).unwrap();
    let header = b"PF\n160 90\n-1.0\n";
    assert!(bytes.starts_with(header) && bytes.len() == header.len() + 160 * 90 * 12);
    let top_left = &bytes[header.len() + 89 * 160 * 12..][..4];
    assert_eq!(top_left, truth(&clip, 0).unwrap().planes[0][0].to_le_bytes());
}

#[test]
fn what_cannot_be_recorded_is_refused_with_the_reason() {
    let refusal = |clip: Clip| clip.frame_bytes(0).unwrap_err().to_string();
    assert!(refusal(Clip { width: 33, ..small() }).contains("size 33x90"));
    assert!(
        refusal(Clip { camera: Camera { black: 5000, ..Camera::default() }, ..small() }).contains("white level 4095")
    );
    assert!(refusal(Clip { camera: Camera { bits: 14, ..Camera::default() }, ..small() }).contains("14 bits"));
    assert!(refusal(Clip { rate: Rational::new(25, 1).unwrap(), ..small() }).contains("rate 25/1"));
    assert!(refusal(Clip { name: "../up".to_owned(), ..small() }).contains("is no file name"));
    let error = "arriraw".parse::<Format>().unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("ARRIRAW")), ("unsupported", true));
}

/// The whole way: scene, photosites, file, decoder, levels, white balance, demosaic, matrices, half floats.
#[test]
fn a_plate_of_the_chart_is_within_one_per_cent_of_the_scene() {
    for (size, bits, black, white) in [((1920, 1080), 12, 256, 4095), ((640, 360), 16, 2048, 65_535)] {
        let camera = Camera { bits, black, white, ..Camera::default() };
        let clip = Clip { width: size.0, height: size.1, frames: 1, camera, ..Clip::default() };
        let file = Memory::new("A001.dng", clip.frame_bytes(0).unwrap());
        let mosaic = recognise("A001.dng", &file).unwrap().decode(&file, 0).unwrap();
        for debayer in [Debayer::Quality, Debayer::Fast, Debayer::Half] {
            let recipe = Recipe { debayer, compression: Compression::None, ..Recipe::default() };
            let timing = FrameTiming { number: 1001, timecode: None, rate: None };
            let plate = render_frame(&recipe, None, &Metadata::default(), &mosaic, &timing).unwrap();
            let (rgb, _) = exr::read(&plate.bytes).unwrap();
            for patch in chart(&clip) {
                let scale = clip.width / rgb.width;
                let (x, y) = (patch.rect.left + patch.rect.width / 2, patch.rect.top + patch.rect.height / 2);
                for (plane, stated) in rgb.planes.iter().zip(patch.aces) {
                    let found = f64::from(plane[y / scale * rgb.width + x / scale]);
                    assert!((found / stated - 1.0).abs() < 0.01, "{bits} bits, {debayer:?}, {}: {found}", patch.name);
                }
            }
        }
    }
}
