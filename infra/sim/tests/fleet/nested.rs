//! Rolls below rolls, whatever comes first.

use std::{collections::BTreeMap, time::Duration};

use platefleet_fleet::{id::RollId, ports::Bucket};
use platefleet_sim::{Weather, World};

use crate::{
    documents::{list, md5},
    house::{Card, calm, delivered, findings, frames, functions, report, roll, settle, status},
    pulls,
};

const INNER: &str = "show/day 1/A001/B001";

/// A card in a folder of [`Card::small`].
fn inner() -> Card {
    let mut card = Card::of(frames("B001C001", 2));
    card.roll = RollId::parse(INNER).unwrap();
    card.history.clear();
    card.seal("2026-11-22T07:00:00Z");
    card
}

/// What comes of these objects, each of which is taken in before the next is there: of the outer and of the inner roll.
fn taken_in(objects: &[&(String, Vec<u8>)]) -> World {
    let world = World::new();
    for (key, bytes) in objects {
        world.upload(key, bytes.clone());
        world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    }
    calm(&world);
    world
}

/// The parts of a card: its media, its manifest, its chain.
fn parts(card: &Card) -> Vec<Vec<(String, Vec<u8>)>> {
    let mut objects = card.objects();
    let history = objects.split_off(card.files.len());
    [vec![objects], history.into_iter().map(|object| vec![object]).collect()].concat()
}

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let place = |order: Vec<usize>| {
        (0..of).map(move |at| {
            let mut order = order.clone();
            order.insert(at, of - 1);
            order
        })
    };
    orders(of - 1).into_iter().flat_map(place).collect()
}

#[test]
fn nested_cards_have_the_same_verdicts_in_every_order_of_upload() {
    let parts: Vec<_> = parts(&Card::small()).into_iter().chain(parts(&inner())).collect();
    let orders = orders(parts.len());
    assert_eq!(orders.len(), 720);
    for order in orders.iter().step_by(7) {
        let objects: Vec<_> = order.iter().flat_map(|&part| &parts[part]).collect();
        let world = taken_in(&objects);
        for (roll, verified) in [(roll(), 4), (RollId::parse(INNER).unwrap(), 2)] {
            let seen = status(&world, &roll);
            let counts = (seen.counts["verified"], seen.counts["extra"]);
            assert_eq!((seen.state.as_str(), counts), ("VERIFIED", (verified, 0)), "{roll}, order {order:?}");
            assert_eq!(report(&world, &roll)["extra"], serde_json::json!([]), "{roll}, order {order:?}");
        }
        delivered(&world, "show/rolls/day 1/A001");
    }
}

#[test]
fn a_file_that_a_roll_lists_in_a_folder_with_a_history_of_its_own_has_to_be_what_both_say() {
    let inner = inner();
    let mut outer = Card::small();
    outer.files.extend(inner.files.iter().map(|(path, bytes)| (format!("B001/{path}"), bytes.clone())));
    outer.history.clear();
    outer.seal("2026-11-22T06:00:00Z");
    let parts: Vec<_> = parts(&outer).into_iter().chain(parts(&inner).split_off(1)).collect();
    for order in orders(parts.len()) {
        let objects: Vec<_> = order.iter().flat_map(|&part| &parts[part]).collect();
        let world = taken_in(&objects);
        for (roll, verified) in [(roll(), 6), (inner.roll.clone(), 2)] {
            let seen = status(&world, &roll);
            assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", verified), "{roll}, {order:?}");
        }
        let damaged = inner.files.keys().next().unwrap();
        world.upload(&inner.key(damaged), "something else");
        calm(&world);
        assert_eq!(findings(&status(&world, &inner.roll)), [("size-mismatch", damaged.as_str())], "{order:?}");
        let path = format!("B001/{damaged}");
        assert_eq!(findings(&status(&world, &roll())), [("size-mismatch", path.as_str())], "{order:?}");
    }
}

#[test]
fn a_clip_that_two_rolls_answer_for_is_one_clip_to_an_order() {
    let (world, mut card) = (World::new(), Card::small());
    let clip = "Clips/A001C001_261124_R1AB";
    let of_clip: Vec<_> = card.files.iter().filter(|(path, _)| path.starts_with("Clips")).collect();
    let lines: Vec<_> =
        of_clip.iter().map(|(path, bytes)| (&path[clip.len() + 1..], bytes.len(), md5(bytes))).collect();
    let text = list(&lines);
    card.files.insert(format!("{clip}/old.mhl"), text.into_bytes());
    card.history = BTreeMap::new();
    card.seal("2026-11-22T09:00:00Z");
    pulls::upload_order(&world, &pulls::order("A001C001_261124_R1AB"));
    card.upload(&world);
    calm(&world);
    assert_eq!(status(&world, &RollId::parse(&card.key(clip)).unwrap()).state, "VERIFIED");
    let job = pulls::job(&world);
    assert_eq!((job.state.as_str(), findings(&job)), ("DONE", vec![]));
}

#[test]
fn the_seal_of_a_roll_has_no_digest_of_folders_with_a_history_of_their_own() {
    let world = World::new();
    inner().upload(&world);
    let mut outer = Card::small();
    outer.files.insert("Other/notes.txt".into(), b"notes".to_vec());
    outer.history.clear();
    outer.seal("2026-11-22T08:00:00Z");
    outer.upload(&world);
    calm(&world);
    let ours = &delivered(&world, "show/rolls/day 1/A001")[1];
    assert!(ours.root_hash.is_none(), "it would leave out what lies in B001");
    let folders: Vec<_> = ours.directories.iter().map(|folder| folder.path.as_str()).collect();
    assert!(folders.contains(&"Other"), "{folders:?}");
}

#[test]
fn a_list_that_is_taken_back_from_a_folder_leaves_the_roll_above_as_it_was() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    let list_key = card.key("Clips/old.mhl");
    world.upload(&list_key, list(&[("gone", 1, md5(b"a"))]));
    calm(&world);
    world.take_back(&list_key);
    calm(&world);
    world.upload(&card.key("Clips/late.txt"), "extra");
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", 4));
    let path = card.files.keys().next().unwrap();
    world.upload(&card.key(path), "something else");
    calm(&world);
    assert_eq!(findings(&status(&world, &roll())), [("size-mismatch", path.as_str())]);
}

#[test]
fn every_storm_over_nested_cards_and_a_list_ends_with_the_same_verdicts() {
    let mut crashes = 0;
    for seed in 0..40 {
        let world = World::new();
        let mut objects: Vec<_> = Card::small().objects().into_iter().chain(inner().objects()).collect();
        objects.push(("show/day 1/A001/C/old.mhl".into(), list(&[("a", 1, md5(b"a"))]).into_bytes()));
        objects.push(("show/day 1/A001/C/a".into(), b"a".to_vec()));
        for (key, bytes) in objects {
            world.upload(&key, bytes);
        }
        let weather = if seed % 2 == 0 { Weather::windy(seed) } else { Weather::stormy(seed) };
        let report = settle(&world, weather);
        crashes += report.crashes;
        for (roll, verified) in [(roll(), 4), (RollId::parse(INNER).unwrap(), 2)] {
            let seen = status(&world, &roll);
            assert!(seen.ended, "seed {seed}: {seen:?}");
            if report.died == 0 {
                assert_eq!(
                    (seen.state.as_str(), seen.counts["verified"]),
                    ("VERIFIED", verified),
                    "{roll}, seed {seed}"
                );
            }
        }
        let of_list = status(&world, &RollId::parse("show/day 1/A001/C").unwrap());
        assert!(report.died > 0 || of_list.state == "VERIFIED", "seed {seed}: {of_list:?}");
        assert!(!world.keys(Bucket::Delivery, "show/rolls/day 1/A001").is_empty());
    }
    assert!(crashes > 10, "the storms ended only {crashes} functions");
}
