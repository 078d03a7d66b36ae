//! Footage that no manifest names: inspected and marked, replaced when its manifest comes, gone with its objects.

use std::time::Duration;

use platefleet_fleet::{
    id::RollId,
    message::Queue,
    ports::Bucket,
    store::{ClipRow, ClipState, Clips, PullState, Rolls},
};
use platefleet_sim::{Fault, Weather, World, block_on};

use crate::{
    house::{Card, calm, findings, frames, functions, roll, settle, status},
    pulls,
};

const CLIP: &str = "A001C001_261124_R1AB";

fn clips(world: &World) -> Vec<ClipRow> {
    block_on(Clips(world).of_production(&roll().production)).unwrap()
}

fn media(world: &World, card: &Card) {
    for (path, bytes) in &card.files {
        world.upload(&card.key(path), bytes.clone());
    }
}

fn manifests(world: &World, card: &Card) {
    for (name, bytes) in &card.history {
        world.upload(&card.key(&format!("ascmhl/{name}")), bytes.clone());
    }
}

/// Roll, state and mark of every clip that there is.
fn listed(world: &World) -> Vec<(String, ClipState, Option<bool>)> {
    clips(world).into_iter().map(|clip| (clip.roll.to_string(), clip.state, clip.metadata.verified)).collect()
}

/// Rows of the table that are about this folder, or about looks that were asked for.
fn traces(world: &World, folder: &RollId) -> Vec<String> {
    let (files, looks) = (format!("ROLL#{}#{}#", folder.production, folder.path), "LOOK#");
    let rows = world.rows().into_iter().map(|row| format!("{} {}", row.key.pk, row.key.sk));
    rows.filter(|key| key.starts_with(&files) || key.starts_with(looks)).collect()
}

/// A card whose history lies in another folder than the one that stands for it: `day 1/A001/Clips` or `day 1`.
fn elsewhere(folder: &str) -> Card {
    let mut card = Card::of(frames(CLIP, 3));
    card.roll = RollId::parse(folder).unwrap();
    let moved = |(path, bytes): (&String, &Vec<u8>)| {
        let whole = format!("show/day 1/A001/{path}");
        (whole.strip_prefix(&format!("{folder}/")).unwrap().to_owned(), bytes.clone())
    };
    card.files = card.files.iter().map(moved).collect();
    card.history.clear();
    card.seal("2026-11-22T08:00:00Z");
    card
}

#[test]
fn footage_without_a_manifest_is_inspected_and_marked() {
    let (world, card) = (World::new(), Card::small());
    media(&world, &card);
    calm(&world);
    let [clip] = &clips(&world)[..] else { panic!("{:?}", listed(&world)) };
    assert_eq!((clip.roll.to_string().as_str(), clip.files, clip.unchecked), ("show/day 1/A001", 3, true));
    assert_eq!((clip.state, clip.metadata.verified, &clip.frames_key), (ClipState::Inspected, Some(false), &None));
    assert_eq!(clip.metadata.frame_count, Some(3));
    assert!(world.object(Bucket::Delivery, &format!("show/clips/{}.json", clip.clip)).is_some());
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.ended, seen.counts["clips"]), ("UNVERIFIED", false, 1));
    assert_eq!(findings(&seen), [("no-history", "day 1/A001")]);
    let all = block_on(platefleet_fleet::status::of_production(&world, &roll().production)).unwrap();
    assert_eq!(all.iter().map(|one| one.state.as_str()).collect::<Vec<_>>(), ["UNVERIFIED"]);
}

#[test]
fn its_manifest_makes_it_a_checked_clip_of_the_same_id() {
    let (world, card) = (World::new(), Card::small());
    media(&world, &card);
    calm(&world);
    let id = clips(&world)[0].clip.clone();
    manifests(&world, &card);
    calm(&world);
    let [clip] = &clips(&world)[..] else { panic!("{:?}", listed(&world)) };
    assert_eq!((&clip.clip, clip.unchecked, clip.metadata.verified), (&id, false, Some(true)));
    assert!(clip.frames_key.is_some());
    assert_eq!((status(&world, &roll()).state.as_str(), traces(&world, &roll()).len()), ("VERIFIED", 4));
}

#[test]
fn a_roll_that_turns_out_to_be_another_folder_takes_the_clip_over() {
    for folder in ["show/day 1/A001/Clips", "show/day 1"] {
        let (world, card) = (World::new(), elsewhere(folder));
        media(&world, &card);
        calm(&world);
        assert_eq!(listed(&world), [("show/day 1/A001".to_owned(), ClipState::Inspected, Some(false))]);
        manifests(&world, &card);
        calm(&world);
        assert_eq!(listed(&world), [(folder.to_owned(), ClipState::Inspected, Some(true))]);
        assert_eq!(traces(&world, &roll()), [""; 0], "{folder}");
        let documents = world.keys(Bucket::Delivery, "show/clips/");
        assert!(documents.iter().all(|key| key.contains(clips(&world)[0].clip.as_str())), "{documents:?}");
    }
}

#[test]
fn a_clip_that_the_manifest_of_its_roll_leaves_out_stays_unchecked_and_stands_once() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    let extra = frames("A001C002_261124_R1AB", 2);
    for (path, bytes) in &extra {
        world.upload(&card.key(path), bytes.clone());
    }
    calm(&world);
    let mut marks: Vec<_> = clips(&world).into_iter().map(|c| (c.metadata.clip_name, c.metadata.verified)).collect();
    marks.sort();
    let name = |n: u32| Some(format!("A001C00{n}_261124_R1AB"));
    assert_eq!(marks, [(name(1), Some(true)), (name(2), Some(false))]);
    // A generation that names it makes good.
    let mut card = card;
    card.files.extend(extra);
    card.seal("2026-11-23T08:00:00Z");
    manifests(&world, &card);
    calm(&world);
    assert!(clips(&world).iter().all(|clip| clip.metadata.verified == Some(true) && !clip.unchecked));
    assert_eq!(clips(&world).len(), 2);
}

#[test]
fn a_clip_goes_with_its_objects() {
    let (world, card) = (World::new(), Card::small());
    media(&world, &card);
    calm(&world);
    for path in card.files.keys().filter(|path| path.ends_with("_000002.dng")) {
        world.take_back(&card.key(path));
    }
    calm(&world);
    assert_eq!(clips(&world)[0].metadata.frame_count, Some(2));
    for path in card.files.keys() {
        world.take_back(&card.key(path));
    }
    calm(&world);
    assert_eq!((listed(&world), traces(&world, &roll())), (vec![], vec![]));
    assert!(world.keys(Bucket::Delivery, "show/clips/").is_empty());
    let left: Vec<_> = world.rows().into_iter().filter(|row| row.key.pk.starts_with("FACET#")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(block_on(platefleet_fleet::status::of_roll(&world, &roll())).unwrap().is_none());
}

#[test]
fn a_pull_waits_for_the_manifest_of_its_clip() {
    let (world, card) = (World::new(), Card::small());
    media(&world, &card);
    calm(&world);
    pulls::upload_order(&world, &pulls::order(CLIP));
    calm(&world);
    let row = pulls::pull(&world);
    assert_eq!(row.state, PullState::Waiting);
    assert!(row.findings[0].detail.contains("not checked: no manifest names it"), "{:?}", row.findings);
    manifests(&world, &card);
    calm(&world);
    assert_eq!(pulls::job(&world).state, "DONE");
}

#[test]
fn what_is_uploaded_at_once_is_looked_at_once() {
    let (world, card) = (World::new(), Card::of(frames(CLIP, 40)));
    media(&world, &card);
    world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    assert_eq!((world.len(Queue::Inspect), listed(&world).len()), (1, 0), "its manifest may be on its way");
    calm(&world);
    assert_eq!(clips(&world)[0].files, 40);
}

#[test]
fn every_weather_ends_with_each_clip_listed_once() {
    for seed in 0..60 {
        let folder = ["show/day 1/A001/Clips", "show/day 1/A001", "show/day 1"][seed as usize % 3];
        let (world, card) = (World::new(), elsewhere(folder));
        media(&world, &card);
        if seed % 2 == 0 {
            settle(&world, Weather::windy(seed));
            assert_eq!(listed(&world), [("show/day 1/A001".to_owned(), ClipState::Inspected, Some(false))]);
        }
        manifests(&world, &card);
        settle(&world, Weather::windy(seed + 500));
        assert_eq!(listed(&world), [(folder.to_owned(), ClipState::Inspected, Some(true))], "seed {seed}");
    }
}

#[test]
fn every_weather_ends_without_the_clip_whose_objects_are_gone() {
    for seed in 0..40 {
        let (world, card) = (World::new(), Card::small());
        media(&world, &card);
        settle(&world, Weather::windy(seed));
        for path in card.files.keys() {
            world.take_back(&card.key(path));
        }
        if seed % 2 == 0 {
            media(&world, &card);
        }
        settle(&world, Weather::windy(seed + 500));
        assert_eq!(listed(&world).len(), usize::from(seed % 2 == 0), "seed {seed}");
        let documents = world.keys(Bucket::Delivery, "show/clips/");
        assert_eq!(documents.len(), 2 * usize::from(seed % 2 == 0), "seed {seed}: {documents:?}");
    }
}

#[test]
fn every_storm_ends_at_rest() {
    let mut crashes = 0;
    for seed in 0..30 {
        let (world, card) = (World::new(), elsewhere("show/day 1/A001/Clips"));
        media(&world, &card);
        let first = settle(&world, Weather::stormy(seed));
        manifests(&world, &card);
        let report = settle(&world, Weather::stormy(seed + 500));
        crashes += first.crashes + report.crashes;
        if first.died + report.died == 0 {
            let expected = [("show/day 1/A001/Clips".to_owned(), ClipState::Inspected, Some(true))];
            assert_eq!(listed(&world), expected, "seed {seed}");
        }
    }
    assert!(crashes > 20, "the storms ended only {crashes} functions");
}

#[test]
fn a_function_that_ends_at_any_call_leaves_each_clip_once() {
    for folder in ["show/day 1/A001", "show/day 1/A001/Clips"] {
        let card = elsewhere(folder);
        let run = |fault: Option<(u64, Fault)>, with_manifest: bool| {
            let world = World::new();
            media(&world, &card);
            let before = if with_manifest {
                settle(&world, Weather::calm());
                manifests(&world, &card);
                world.calls()
            } else {
                0
            };
            if let Some((call, fault)) = fault {
                world.fail_call(call, fault);
            }
            settle(&world, Weather::calm());
            world.forget_faults();
            (world.facts(), world.calls() - before, listed(&world), traces(&world, &roll()).len())
        };
        for with_manifest in [false, true] {
            let (facts, calls, expected, traces) = run(None, with_manifest);
            assert_eq!(expected.len(), 1);
            for call in 0..calls {
                for fault in [Fault::CrashesBefore, Fault::CrashesAfter] {
                    let text = format!("{folder}, manifest {with_manifest}: {fault:?} at {call} of {calls}");
                    let (now, _, found, left) = run(Some((call, fault)), with_manifest);
                    assert_eq!((found, left), (expected.clone(), traces), "{text}");
                    let documents = |facts: &std::collections::BTreeMap<String, String>| {
                        facts.keys().filter(|key| key.contains("/clips/")).cloned().collect::<Vec<_>>()
                    };
                    assert_eq!(documents(&now), documents(&facts), "{text}");
                }
            }
        }
    }
}

#[test]
fn footage_directly_below_a_production_is_left_alone() {
    let world = World::new();
    world.upload("show/loose.dng", "no folder");
    calm(&world);
    assert!(clips(&world).is_empty());
    assert!(block_on(Rolls(&world).of_production(&roll().production)).unwrap().is_empty());
}
