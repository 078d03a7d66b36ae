//! Real camera files through the whole fleet: each is checked, inspected with few reads, and found by what it says.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use platefleet_fleet::{
    search::{self, Query},
    store::{ClipRow, ClipState, Clips},
};
use platefleet_media::clip::Role;
use platefleet_sim::{World, block_on};

use crate::house::{Card, calm, roll};

const EXTENSIONS: [&str; 8] = ["braw", "cr3", "dng", "dpx", "exr", "mov", "mxf", "r3d"];

/// The camera files of the reference data, by a path of their own; none, and said aloud, where there is none.
fn files() -> BTreeMap<String, Vec<u8>> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples");
    if !root.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", root.display());
        return BTreeMap::new();
    }
    let mut files = BTreeMap::new();
    for folder in ["braw", "canon", "dng", "dpx", "exr", "mov", "mxf", "red"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
            if EXTENSIONS.contains(&extension.as_str()) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.insert(format!("Clips/{folder}/{name}"), fs::read(&path).unwrap());
            }
        }
    }
    assert!(files.len() >= 35, "only {} camera files in {}", files.len(), root.display());
    files
}

fn found(world: &World, pairs: &[(&str, &str)]) -> Vec<String> {
    let answer = block_on(search::run(world, &Query::parse(pairs.iter().copied()).unwrap())).unwrap();
    answer.clips.into_iter().map(|row| row.pattern).collect()
}

#[test]
fn every_camera_file_is_inspected_and_found_by_what_it_says() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let world = World::new();
    Card::of(files).upload(&world);
    calm(&world);
    let clips: Vec<ClipRow> = block_on(Clips(&world).of_production(&roll().production)).unwrap();
    let originals: Vec<&ClipRow> = clips.iter().filter(|c| c.metadata.role == Some(Role::Original)).collect();
    assert!(originals.len() >= 30, "{} clips", originals.len());
    for clip in originals {
        let m = &clip.metadata;
        assert_eq!(clip.state, ClipState::Inspected, "{}: {:?}", clip.pattern, clip.findings);
        assert!(clip.reads <= 15 && clip.read_bytes <= 3 << 20, "{}: {} reads", clip.pattern, clip.reads);
        assert_eq!(m.verified, Some(true), "{}", clip.pattern);
        let production = clip.roll.production.to_string();
        for (field, value) in [
            ("codec", &m.codec),
            ("resolution", &m.resolution),
            ("fps", &m.frame_rate),
            ("model", &m.camera_model),
            ("reel", &m.reel_name),
            ("lens", &m.lens_model),
            ("tc", &m.start_timecode),
        ] {
            let Some(value) = value else { continue };
            if field == "tc" && (m.frame_count.is_none() || m.timecode_rate.is_none()) {
                continue;
            }
            let clips = found(&world, &[("production", &production), (field, value)]);
            assert!(clips.contains(&clip.pattern), "{} by {field}={value}: {clips:?}", clip.pattern);
        }
    }
    assert_eq!(found(&world, &[("model", "S-WEAPON"), ("fps", "23.976"), ("iso", "1280")]), ["Clips/red/Red.r3d"]);
    let braw = ["Clips/braw/braw_trimmed.braw"];
    assert_eq!(found(&world, &[("camera_model", "Blackmagic URSA*"), ("tc", "12:01:40:06")]), braw);
    assert_eq!(found(&world, &[("reel", "57"), ("tc", "12:01:40:05")]), braw);
    assert!(found(&world, &[("reel", "57"), ("tc", "12:01:40:07")]).is_empty(), "the clip has two frames");
}

#[test]
fn a_log_finds_its_clip_by_the_name_in_the_header_whatever_its_file_is_called() {
    let red: BTreeMap<_, _> = files().into_iter().filter(|(path, _)| path.ends_with("/Red.r3d")).collect();
    for log_first in [true, false] {
        let mut card = red.clone();
        if card.is_empty() {
            return;
        }
        let row = "A106_C037_0118G5_001.R3D\t12A\n";
        card.insert("day 1.ale".into(), format!("Heading\nFPS\t24\n\nColumn\nName\tScene\n\nData\n{row}").into());
        let (world, mut objects) = (World::new(), Card::of(card).objects());
        objects.sort_by_key(|(key, _)| (key.ends_with("day 1.ale") != log_first, key.contains("/ascmhl/")));
        for (key, bytes) in objects {
            world.upload(&key, bytes);
            calm(&world);
        }
        assert_eq!(
            found(&world, &[("scene", "12a"), ("reel", "A106")]),
            ["Clips/red/Red.r3d"],
            "log first: {log_first}"
        );
    }
}
