//! Rolls: verdicts, healing, rest.

use std::time::Duration;

use platefleet_fleet::{
    message::Queue,
    ports::Bucket,
    state::RollState,
    store::{ClipState, Clips},
};
use platefleet_media::{hash::Algorithm, mhl::Action};
use platefleet_sim::{Weather, World, block_on};

use crate::house::{
    Card, calm, delivered, findings, frames, functions, functions_without_finalise, functions_without_hash, roll, row,
    settle, status,
};

const FIRST: &str = "Clips/A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng";

#[test]
fn a_good_roll_is_verified_inspected_and_sealed() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    assert_eq!((seen.counts["expected"], seen.counts["verified"], seen.counts["extra"]), (4, 4, 0));
    let clips = block_on(Clips(&world).of_production(&roll().production)).unwrap();
    assert_eq!(clips.iter().map(|c| (c.state, c.files)).collect::<Vec<_>>(), [(ClipState::Inspected, 3)]);
    let history = delivered(&world, "show/rolls/day 1/A001");
    assert_eq!(history.len(), 2, "the card's generation, and ours");
    let ours = &history[1];
    assert_eq!(ours.files.len(), 4);
    assert!(ours.files.iter().flat_map(|f| f.hashes.values()).all(|h| h.action == Some(Action::Verified)));
    assert!(!ours.directories.is_empty(), "a whole roll has directory hashes");
}

#[test]
fn a_damaged_file_fails_the_roll_and_its_new_upload_heals_it() {
    let (world, card) = (World::new(), Card::small());
    let mut damaged = card.clone();
    damaged.files.get_mut(FIRST).unwrap()[300] ^= 1;
    damaged.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", FIRST)]));
    let sealed = delivered(&world, "show/rolls/day 1/A001");
    let failed = sealed[1].files.iter().filter(|f| f.hashes[&Algorithm::Xxh128].action == Some(Action::Failed));
    assert_eq!(failed.map(|f| f.path.as_str()).collect::<Vec<_>>(), [FIRST]);
    let clips = block_on(Clips(&world).of_production(&roll().production)).unwrap();
    assert_eq!(clips[0].state, ClipState::Invalid);

    world.upload(&card.key(FIRST), card.files[FIRST].clone());
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    assert!(seen.round > 1);
    assert_eq!(delivered(&world, "show/rolls/day 1/A001").len(), 3);
    let clips = block_on(Clips(&world).of_production(&roll().production)).unwrap();
    assert_eq!(clips[0].state, ClipState::Inspected);
}

#[test]
fn a_roll_with_missing_files_rests_with_their_list_and_wakes_with_the_next_upload() {
    let (world, card) = (World::new(), Card::small());
    let mut part = card.clone();
    part.files.remove(FIRST);
    part.upload(&world);
    let began = platefleet_fleet::ports::Clock::now_ms(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("INCOMPLETE", vec![("missing", FIRST)]));
    assert!(platefleet_fleet::ports::Clock::now_ms(&world) - began >= 24 * 3_600_000, "only after the quiet hours");
    assert!(!row(&world, &roll()).watch.armed);

    world.upload(&card.key(FIRST), card.files[FIRST].clone());
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_file_that_no_manifest_lists_is_told_and_fails_nothing() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    world.upload(&card.key("Clips/notes.txt"), "extra");
    world.upload(&card.key(".DS_Store"), "ignored by the history");
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["extra"]), ("VERIFIED", 1));
    let report = world.object(Bucket::Delivery, "show/rolls/day 1/A001/report.json").unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["extra"], serde_json::json!(["Clips/notes.txt"]));
    let ours = &delivered(&world, "show/rolls/day 1/A001")[1];
    // A directory hash above it would speak for a file that was not read; what was read whole keeps its own.
    assert!(ours.root_hash.is_none());
    let folders: Vec<_> = ours.directories.iter().map(|folder| folder.path.as_str()).collect();
    assert!(!folders.is_empty() && !folders.contains(&"Clips"), "{folders:?}");
}

#[test]
fn media_and_manifest_may_come_in_any_order() {
    for order in 0..24 {
        let (world, card) = (World::new(), Card::small());
        let mut objects = card.objects();
        let n = objects.len();
        objects.rotate_left(order % n);
        if order >= n {
            objects.reverse();
        }
        for (key, bytes) in objects {
            world.upload(&key, bytes);
            // Every object is taken in before the next one is there.
            world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
        }
        calm(&world);
        let seen = status(&world, &roll());
        assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", 4), "order {order}");
    }
}

#[test]
fn a_removed_file_opens_a_sealed_roll_again() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    world.take_back(&card.key(FIRST));
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("INCOMPLETE", vec![("missing", FIRST)]));
}

#[test]
fn a_lost_event_is_made_good_by_the_watchdog() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    // The event of one frame never arrives; its object is there.
    let lost = card.key(FIRST);
    let events = world.take(Queue::Intake);
    for body in events.iter().filter(|body| !body.contains("_000000.dng")) {
        world.post(Queue::Intake, body);
    }
    assert!(world.object(Bucket::Ingest, &lost).is_some());
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    // And one that comes after everything was planned.
    let (world, mut part) = (World::new(), card.clone());
    part.files.remove(FIRST);
    part.upload(&world);
    world.drain(&functions(), Weather { horizon: Duration::from_secs(1), ..Weather::calm() });
    world.upload_silently(&lost, card.files[FIRST].clone());
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_second_generation_is_taken_up_and_sealed_over() {
    let (world, mut card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    card.files.insert("Clips/new.txt".into(), b"came later".to_vec());
    card.seal("2026-11-23T08:00:00Z");
    card.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", 5));
    assert_eq!(row(&world, &roll()).tip.unwrap().generations, 2);
    assert_eq!(delivered(&world, "show/rolls/day 1/A001").len(), 3, "both of theirs, then ours");
}

#[test]
fn the_same_facts_are_not_sealed_twice() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    let before = world.keys(Bucket::Delivery, "show/rolls");
    card.upload(&world);
    world.post_test_event();
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    assert_eq!(world.keys(Bucket::Delivery, "show/rolls"), before);
}

#[test]
fn a_file_that_is_replaced_while_it_is_checked_is_checked_again() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    world.drain(&functions_without_hash(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    // Replaced, and its event is still on its way.
    let event = world.upload_silently(&card.key(FIRST), b"other".to_vec());
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "FAILED");
    world.post(Queue::Intake, &event);
    calm(&world);
    assert_eq!((status(&world, &roll()).state.as_str(), world.is_empty()), ("FAILED", true));
}

#[test]
fn a_roll_below_a_roll_has_its_own_verdict() {
    let world = World::new();
    let mut inner = Card::of(frames("B001C001", 2));
    inner.roll = platefleet_fleet::id::RollId::parse("show/day 1/A001/B001").unwrap();
    inner.history.clear();
    inner.seal("2026-11-22T08:00:00Z");
    let outer = Card::small();
    inner.upload(&world);
    outer.upload(&world);
    calm(&world);
    assert_eq!(
        (row(&world, &inner.roll).state, row(&world, &outer.roll).state),
        (RollState::Verified, RollState::Verified)
    );
    assert_eq!(status(&world, &outer.roll).counts["extra"], 0);
}

#[test]
fn every_wind_brings_the_same_verdict() {
    for seed in 0..60 {
        let (world, card) = (World::new(), Card::small());
        let mut damaged = card.clone();
        damaged.files.get_mut(FIRST).unwrap()[300] ^= 1;
        damaged.upload(&world);
        settle(&world, Weather::windy(seed));
        let seen = status(&world, &roll());
        assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", FIRST)]), "seed {seed}");
        world.upload(&card.key(FIRST), card.files[FIRST].clone());
        let report = settle(&world, Weather::windy(seed + 1000));
        let seen = status(&world, &roll());
        assert_eq!(seen.state, "VERIFIED", "seed {seed}: {seen:?} {report:?}");
        delivered(&world, "show/rolls/day 1/A001");
    }
}

#[test]
fn a_file_that_is_replaced_while_its_roll_is_being_sealed_is_not_sealed_over() {
    for seed in 0..150 {
        let (world, card) = (World::new(), Card::small());
        card.upload(&world);
        // Everything is verified, and the seal is asked for.
        let now = Weather { horizon: Duration::ZERO, ..Weather::calm() };
        world.drain(&functions_without_finalise(), now);
        assert!(world.len(Queue::Finalise) > 0);
        let mut other = card.files[FIRST].clone();
        other[300] ^= 1;
        world.upload(&card.key(FIRST), other);
        settle(&world, Weather { duplicates: 0, ..Weather::windy(seed) });
        let seen = status(&world, &roll());
        assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", FIRST)]), "seed {seed}");
    }
}

#[test]
fn a_roll_that_is_taken_back_whole_comes_to_rest_in_every_weather() {
    for seed in 0..6 {
        let (world, card) = (World::new(), Card::of(frames("A001C001", 3)));
        card.upload(&world);
        calm(&world);
        for (key, _) in card.objects() {
            world.take_back(&key);
        }
        // A day passes before it rests, and a late message of that day must not begin another.
        let report = settle(&world, Weather::windy(seed));
        assert!(report.delivered < 2_000, "seed {seed}: {} deliveries", report.delivered);
        assert_eq!(status(&world, &roll()).state, "INCOMPLETE", "seed {seed}");
    }
}
