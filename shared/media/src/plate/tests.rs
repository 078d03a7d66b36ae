//! What render does, through its one public door.

use super::*;
use crate::{
    color::{Calibration, Illuminant, WorkingSpace},
    exr::Compression,
    raw::{Cfa, Levels},
};

/// A camera whose RGB is XYZ scaled so that D65 is neutral, over a flat grey of half saturation.
fn mosaic(width: usize, height: usize) -> Mosaic {
    Mosaic {
        width,
        height,
        samples: vec![564; width * height],
        cfa: Cfa::Rggb,
        active: Rect { left: 0, top: 0, width, height },
        levels: Levels {
            linearization: None,
            black: vec![64.0],
            black_repeat: [1, 1],
            black_delta_h: vec![],
            black_delta_v: vec![],
            white: 1064.0,
        },
        color: Calibration {
            illuminants: vec![Illuminant {
                light_source: 21,
                color_matrix: [[1.052_1, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.918_4]],
                camera_calibration: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                forward_matrix: None,
            }],
            as_shot_neutral: Some([1.0; 3]),
            ..Calibration::default()
        },
    }
}

const TIMING: FrameTiming = FrameTiming { number: 1001, timecode: None, rate: None };

fn render(recipe: &Recipe) -> Plate {
    render_frame(recipe, None, &Metadata::default(), &mosaic(12, 8), &TIMING).unwrap()
}

#[test]
fn a_grey_at_half_saturation_is_half_in_every_channel_and_space() {
    for working_space in [WorkingSpace::Aces20651, WorkingSpace::AcesCg] {
        for debayer in [Debayer::Quality, Debayer::Fast, Debayer::Half] {
            let plate = render(&Recipe { debayer, working_space, ..Recipe::default() });
            let (rgb, _) = exr::read(&plate.bytes).unwrap();
            for value in rgb.planes.iter().flatten() {
                assert!((value - 0.5).abs() < 0.001, "{working_space:?} {debayer:?} {value}");
            }
        }
    }
}

#[test]
fn a_stop_of_exposure_doubles() {
    let plate = render(&Recipe { exposure_stops: 1.0, ..Recipe::default() });
    assert!((exr::read(&plate.bytes).unwrap().0.planes[1][0] - 1.0).abs() < 0.002);
}

#[test]
fn the_same_recipe_and_bytes_give_the_same_plate_whatever_the_thread_count() {
    let noisy = Mosaic { samples: (0..1200u32).map(|i| (64 + i * 7919 % 1000) as u16).collect(), ..mosaic(40, 30) };
    let render = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| render_frame(&Recipe::default(), None, &Metadata::default(), &noisy, &TIMING).unwrap().bytes)
    };
    let one = render(1);
    assert_eq!(one, render(2));
    assert_eq!(one, render(5));
}

#[test]
fn a_crop_to_a_decision_is_a_copy_of_the_whole_plate() {
    let text = r#"{"uuid":"u","version":{"major":2},"contexts":[{"canvases":[{"id":"c","dimensions":{"width":40,"height":30},
        "framing_decisions":[{"id":"c-i","dimensions":{"width":20,"height":10},"anchor_point":{"x":7,"y":5}}]}]}]}"#;
    let fdl = Document::parse(text.as_bytes()).unwrap();
    let noisy = Mosaic { samples: (0..1200u32).map(|i| (64 + i * 7919 % 1000) as u16).collect(), ..mosaic(40, 30) };
    let recipe =
        |crop| Recipe { crop, fdl_sha256: Some("x".into()), compression: Compression::None, ..Recipe::default() };
    let render = |crop| {
        let plate = render_frame(&recipe(crop), Some(&fdl), &Metadata::default(), &noisy, &TIMING).unwrap();
        (exr::read(&plate.bytes).unwrap().0, plate.warnings)
    };
    let ((whole, said), (part, _)) = (render(frame::Crop::None), render(frame::Crop::Decision));
    assert_eq!((part.width, part.height), (20, 10));
    for (a, b) in part.planes.iter().zip(&whole.planes) {
        for y in 0..10 {
            assert_eq!(a[y * 20..][..20], b[(y + 5) * 40 + 7..][..20]);
        }
    }
    assert_eq!(said, ["the framing document is carried in the header; the whole canvas is kept"]);
}

#[test]
fn clipped_highlights_stay_neutral() {
    // Under a warm white, blue gets a gain of 2: its clipped photosites would be twice as bright as the others.
    let mut warm = mosaic(12, 8);
    warm.color.as_shot_neutral = Some([1.0, 1.0, 0.5]);
    warm.samples.fill(1064);
    let plate = render_frame(&Recipe::default(), None, &Metadata::default(), &warm, &TIMING).unwrap();
    let (rgb, _) = exr::read(&plate.bytes).unwrap();
    for i in 0..rgb.planes[0].len() {
        assert!(rgb.planes.iter().all(|p| (p[i] - 1.0).abs() < 0.002), "{:?}", rgb.planes.each_ref().map(|p| p[i]));
    }
}

#[test]
fn what_cannot_be_rendered_is_refused_by_name() {
    let reconstruct = Recipe { highlights: Highlights::Reconstruct, ..Recipe::default() };
    assert_eq!(reconstruct.check().unwrap_err().to_string(), "highlights `reconstruct` is not supported");
    let engine = Recipe { engine: 99, ..Recipe::default() };
    assert_eq!(engine.check().unwrap_err().kind(), "unsupported");
    assert!(Recipe { exposure_stops: f64::NAN, ..Recipe::default() }.check().is_err());
    assert!(Recipe { crop: frame::Crop::Decision, ..Recipe::default() }.check().is_err());
}

#[test]
fn a_recipe_id_follows_from_its_settings_alone() {
    let recipe = Recipe::default();
    assert_eq!(recipe.id(), Recipe::default().id());
    assert_ne!(recipe.id(), Recipe { tint: 1.0, ..Recipe::default() }.id());
    let text = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap().id(), recipe.id());
}
