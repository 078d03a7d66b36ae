//! What people read of a roll: complete, failed, missing, extra and healed files, who sealed it, and gaps.

use std::{collections::BTreeMap, time::Duration};

use platefleet_fleet::{id::RollId, ports::Bucket};
use platefleet_sim::{Fault, Weather, World};
use serde_json::{Value, json};

use crate::house::{Card, calm, findings, frames, functions, report, roll, row, settle, status};

const FIRST: &str = "Clips/A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng";

fn damaged(card: &Card) -> Card {
    let mut damaged = card.clone();
    damaged.files.get_mut(FIRST).unwrap()[300] ^= 1;
    damaged
}

/// Rounds and kinds in which a file failed before it healed, by path.
fn healed(report: &Value) -> BTreeMap<String, Vec<String>> {
    let kinds = |file: &Value| -> Vec<String> {
        file["failed"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap().to_owned()).collect()
    };
    let files = report["healed"].as_array().unwrap();
    files.iter().map(|file| (file["path"].as_str().unwrap().to_owned(), kinds(file))).collect()
}

#[test]
fn a_file_that_was_wrong_and_is_right_now_is_healed_and_the_report_says_since_when() {
    let (world, card) = (World::new(), Card::small());
    damaged(&card).upload(&world);
    calm(&world);
    let first = report(&world, &roll());
    assert_eq!((&first["state"], &first["failed"], &first["healed"]), (&json!("FAILED"), &json!([FIRST]), &json!([])));
    let failed_at = first["files"].as_array().unwrap().iter().find(|f| f["path"] == FIRST).unwrap()["at"].clone();

    world.advance(Duration::from_hours(1));
    world.upload(&card.key(FIRST), card.files[FIRST].clone());
    calm(&world);
    let second = report(&world, &roll());
    assert_eq!((&second["state"], &second["failed"]), (&json!("VERIFIED"), &json!([])));
    assert_eq!(second["counts"]["healed"], 1);
    assert_eq!(healed(&second), [(FIRST.to_owned(), vec!["mismatch".to_owned()])].into());
    let healed = &second["healed"][0];
    assert_eq!(healed["failed"][0]["at"], failed_at);
    assert!(healed["at"].as_str() > failed_at.as_str(), "{healed}");
    assert_eq!(status(&world, &roll()).counts["healed"], 1);
}

#[test]
fn a_report_says_who_sealed_each_generation_when_and_with_what() {
    let (world, mut card) = (World::new(), Card::small());
    card.seal("2026-11-22T09:30:00Z");
    card.upload(&world);
    calm(&world);
    let report = report(&world, &roll());
    let said: Vec<_> = report["generations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| {
            (
                g["number"].clone(),
                g["created"].clone(),
                g["authors"][0]["name"].clone(),
                g["hostname"].clone(),
                g["process"].clone(),
            )
        })
        .collect();
    let generation = |number: u32, at: &str| (json!(number), json!(at), json!("DIT"), json!("cart"), json!("transfer"));
    assert_eq!(said, [generation(1, "2026-11-22T08:00:00Z"), generation(2, "2026-11-22T09:30:00Z")]);
    assert_eq!(report["complete"], true);
}

#[test]
fn a_report_says_who_uploaded_a_file_when_the_event_told() {
    let (world, card) = (World::new(), Card::small());
    let mut objects = card.objects();
    objects.rotate_left(card.files.len());
    // The history first, so that the files are seen by their events.
    for (key, bytes) in objects {
        world.upload(&key, bytes);
        world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    }
    let report = report(&world, &roll());
    let who: Vec<_> = report["files"].as_array().unwrap().iter().map(|f| f["uploaded_by"].clone()).collect();
    assert_eq!(who, [json!("AWS:SIM"), json!("AWS:SIM"), json!("AWS:SIM"), json!("AWS:SIM")]);
}

#[test]
fn a_roll_at_rest_has_a_report_of_what_is_missing() {
    let (world, card) = (World::new(), Card::small());
    let mut part = card.clone();
    part.files.remove(FIRST);
    part.upload(&world);
    calm(&world);
    let resting = report(&world, &roll());
    assert_eq!((&resting["state"], &resting["complete"]), (&json!("INCOMPLETE"), &json!(false)));
    assert_eq!((&resting["missing"], &resting["sealed_at"]), (&json!([FIRST]), &Value::Null));
    world.upload(&card.key(FIRST), card.files[FIRST].clone());
    calm(&world);
    let sealed = report(&world, &roll());
    assert_eq!((&sealed["missing"], &sealed["complete"], &sealed["healed"]), (&json!([]), &json!(true), &json!([])));
}

#[test]
fn a_file_that_comes_after_the_seal_is_reported_at_once_and_opens_nothing() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    let (round, objects) = (row(&world, &roll()).round, world.keys(Bucket::Delivery, ""));
    world.upload(&card.key("Clips/late.txt"), "nobody knows it");
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["extra"], seen.round), ("VERIFIED", 1, round));
    assert_eq!(report(&world, &roll())["extra"], json!(["Clips/late.txt"]));
    assert_eq!(world.keys(Bucket::Delivery, ""), objects, "no new generation");
    world.take_back(&card.key("Clips/late.txt"));
    calm(&world);
    assert_eq!((status(&world, &roll()).counts["extra"], &report(&world, &roll())["extra"]), (0, &json!([])));
}

/// Clips of these numbers, two frames each.
fn clips(numbers: &[u32]) -> BTreeMap<String, Vec<u8>> {
    numbers.iter().flat_map(|n| frames(&format!("A001C{n:03}_261124_R1AB"), 2)).collect()
}

#[test]
fn a_gap_in_a_cameras_clip_numbers_is_a_notice_until_another_roll_closes_it() {
    let (world, card) = (World::new(), Card::of(clips(&[1, 2, 4])));
    card.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    assert_eq!(
        seen.notices.iter().map(|n| (n.kind.as_str(), n.path.as_str())).collect::<Vec<_>>(),
        [("clip-gap", "A001C003")]
    );
    assert_eq!(report(&world, &roll())["notices"][0]["path"], "A001C003");

    let mut other = Card::of(clips(&[3]));
    other.roll = RollId::parse("show/day 1/A001 part 2").unwrap();
    other.history.clear();
    other.seal("2026-11-22T08:00:00Z");
    other.upload(&world);
    calm(&world);
    assert_eq!(status(&world, &roll()).notices, []);
    assert_eq!(report(&world, &other.roll)["notices"], json!([]));
}

#[test]
fn a_clip_that_is_on_its_manifest_and_missing_is_no_gap() {
    let (world, card) = (World::new(), Card::of(clips(&[1, 2, 3])));
    let mut part = card.clone();
    part.files.retain(|path, _| !path.contains("A001C002"));
    part.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["missing"], seen.notices.len()), ("INCOMPLETE", 2, 0));
}

#[test]
fn a_function_that_ends_while_a_late_file_is_noted_leaves_it_in_the_report() {
    let noted = |fault: Option<(u64, Fault)>| {
        let (world, card) = (World::new(), Card::small());
        card.upload(&world);
        calm(&world);
        let before = world.calls();
        world.upload(&card.key("late.txt"), "extra");
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        settle(&world, Weather::calm());
        let calls = world.calls() - before;
        world.forget_faults();
        assert_eq!(
            (status(&world, &roll()).counts["extra"], &report(&world, &roll())["extra"]),
            (1, &json!(["late.txt"]))
        );
        calls
    };
    for call in 0..noted(None) {
        noted(Some((call, Fault::CrashesBefore)));
        noted(Some((call, Fault::CrashesAfter)));
    }
}
