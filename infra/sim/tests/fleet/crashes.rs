//! Functions that end between any two calls, services that lose answers: the result is the same.

use std::collections::BTreeMap;

use platefleet_fleet::ports::Bucket;
use platefleet_sim::{Fault, Weather, World};

use crate::{
    house::{Card, report, roll, settle, status},
    pulls,
};

/// A roll and a pull of it, worked to the end.
fn worked(prepare: impl FnOnce(&World), weather: Weather) -> World {
    let (world, card) = (World::new(), Card::small());
    pulls::upload_order(&world, &pulls::order("A001C001_261124_R1AB"));
    card.upload(&world);
    prepare(&world);
    settle(&world, weather);
    world
}

/// What was delivered: plates by key with their bytes, and the names of everything else without the time in them.
fn delivery(world: &World) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let (mut plates, mut others) = (BTreeMap::new(), Vec::new());
    for key in world.keys(Bucket::Delivery, "") {
        if key.rsplit('.').next() == Some("exr") {
            let bytes = world.object(Bucket::Delivery, &key).unwrap();
            plates.insert(key, bytes);
        } else {
            others.push(key.split("_20").next().unwrap_or(&key).to_owned());
        }
    }
    (plates, others)
}

#[test]
fn a_function_that_ends_at_any_call_changes_nothing_in_the_result() {
    let calm = worked(|_| {}, Weather::calm());
    let (expected, calls) = (delivery(&calm), calm.calls());
    assert_eq!(expected.0.len(), 3);
    // Every call, once before and once after it has happened.
    for call in 0..calls {
        for fault in [Fault::CrashesBefore, Fault::CrashesAfter] {
            let text = format!("call {call} of {calls}, {fault:?}: {:?}", calm.log()[call as usize]);
            let world = worked(|world| world.fail_call(call, fault), Weather::calm());
            assert_eq!(status(&world, &roll()).state, "VERIFIED", "{text}");
            assert_eq!(delivery(&world), expected, "{text}");
            assert_eq!(pulls::job(&world).state, "DONE", "{text}");
        }
    }
}

#[test]
fn every_storm_ends_at_rest_with_the_same_plates() {
    let expected = delivery(&worked(|_| {}, Weather::calm())).0;
    let mut crashes = 0;
    for seed in 0..40 {
        let (world, card) = (World::new(), Card::small());
        pulls::upload_order(&world, &pulls::order("A001C001_261124_R1AB"));
        card.upload(&world);
        let report = settle(&world, Weather::stormy(seed));
        crashes += report.crashes;
        let seen = status(&world, &roll());
        assert!(seen.ended, "seed {seed}: {seen:?}");
        if report.died == 0 {
            assert_eq!(seen.state, "VERIFIED", "seed {seed}: {report:?}");
            assert_eq!(delivery(&world).0, expected, "seed {seed}");
        }
    }
    assert!(crashes > 20, "the storms ended only {crashes} functions");
}

#[test]
fn a_function_that_ends_while_a_roll_heals_leaves_it_healed() {
    let card = Card::small();
    let damaged = card.files.keys().next().unwrap().clone();
    let healed = |fault: Option<(u64, Fault)>| {
        let (world, mut bad) = (World::new(), card.clone());
        bad.files.get_mut(&damaged).unwrap()[300] ^= 1;
        bad.upload(&world);
        settle(&world, Weather::calm());
        assert_eq!(status(&world, &roll()).state, "FAILED");
        let before = world.calls();
        world.upload(&card.key(&damaged), card.files[&damaged].clone());
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        settle(&world, Weather::calm());
        let calls = world.calls() - before;
        world.forget_faults();
        let seen = status(&world, &roll());
        assert_eq!((seen.state.as_str(), seen.counts["healed"]), ("VERIFIED", 1));
        let report = report(&world, &roll());
        assert_eq!((&report["state"], &report["healed"][0]["path"]), (&"VERIFIED".into(), &damaged.as_str().into()));
        assert_eq!(report["healed"][0]["failed"].as_array().unwrap().len(), 1, "{report}");
        calls
    };
    for call in 0..healed(None) {
        healed(Some((call, Fault::CrashesBefore)));
        healed(Some((call, Fault::CrashesAfter)));
    }
}
