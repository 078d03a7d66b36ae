//! Rolls whose documents change: lists that are replaced, a history after lists and lists after a history, a history that
//! overtakes another one; and functions that end at any call meanwhile.

use std::{
    collections::BTreeMap,
    task::{Context, Waker},
    time::Duration,
};

use futures::{FutureExt as _, future::LocalBoxFuture};
use platefleet_fleet::{
    message::{Message, Place, Queue},
    ports::Queues as _,
    runner::Record,
    store::Rolls,
};
use platefleet_media::{hash, path::RelativePath};
use platefleet_sim::{Fault, Weather, World, block_on};

use crate::{
    documents::{list, many, md5},
    house::{Card, calm, delivered, findings, functions, roll, row, settle, status},
};

fn of(path: &str) -> String {
    format!("{}/{path}", roll())
}

fn sha1(bytes: &[u8]) -> String {
    format!("<sha1>{}</sha1>", hash::digest(hash::Algorithm::Sha1, bytes))
}

/// A roll of a list that was sealed by the fleet three times.
fn sealed_thrice() -> World {
    let world = World::new();
    world.upload(&of("one.mhl"), list(&[("a", 1, md5(b"a")), ("b", 1, md5(b"b"))]));
    for (a, state) in [("x", "FAILED"), ("y", "FAILED"), ("a", "VERIFIED")] {
        world.upload(&of("b"), "b");
        world.upload(&of("a"), a);
        calm(&world);
        assert_eq!(status(&world, &roll()).state, state);
        world.advance(Duration::from_hours(1));
    }
    assert_eq!(delivered(&world, "show/rolls/day 1/A001").len(), 3);
    world
}

#[test]
fn a_history_that_comes_after_a_list_takes_its_place_and_leaves_none_of_its_seals() {
    let world = sealed_thrice();
    let mut card = Card::of([("a".to_owned(), b"a".to_vec()), ("b".to_owned(), b"b".to_vec())].into());
    card.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    assert_eq!(delivered(&world, "show/rolls/day 1/A001").len(), 2, "theirs and ours");
    // And back: without its history the roll is what its list says.
    for name in std::mem::take(&mut card.history).into_keys() {
        world.take_back(&of(&format!("ascmhl/{name}")));
    }
    world.advance(Duration::from_hours(1));
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["verified"], findings(&seen)), ("VERIFIED", 2, vec![]));
    assert!(!row(&world, &roll()).has_history());
    delivered(&world, "show/rolls/day 1/A001");
}

#[test]
fn a_list_that_knows_other_digests_is_sealed_anew() {
    let world = sealed_thrice();
    world.take_back(&of("one.mhl"));
    world.upload(&of("two.mhl"), list(&[("a", 1, sha1(b"a")), ("b", 1, sha1(b"b"))]));
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    let ours = delivered(&world, "show/rolls/day 1/A001");
    assert!(ours.last().unwrap().files.iter().all(|file| file.hashes.contains_key(&hash::Algorithm::Sha1)));
}

#[test]
fn a_file_that_is_right_by_the_list_of_today_is_not_sealed_as_wrong() {
    let world = sealed_thrice();
    world.upload(&of("one.mhl"), list(&[("a", 1, md5(b"z")), ("b", 1, md5(b"b"))]));
    world.upload(&of("a"), "z");
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    let ours = delivered(&world, "show/rolls/day 1/A001");
    let wrong = ours.last().unwrap().files.iter().flat_map(|file| file.hashes.values());
    assert_eq!(wrong.filter(|hash| hash.action == Some(platefleet_media::mhl::Action::Failed)).count(), 0);
}

#[test]
fn a_list_beside_a_history_changes_nothing() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    world.upload(&of("old.mhl"), list(&[("nobody", 1, md5(b"x"))]));
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["expected"], findings(&seen)), ("VERIFIED", 4, vec![]));
    assert!(row(&world, &roll()).has_history());
}

#[test]
fn a_fork_is_healed_by_taking_the_rival_back() {
    let (world, card, mut other) = (World::new(), Card::small(), Card::small());
    let first = card.files.keys().next().unwrap();
    other.files.insert(first.clone(), b"another take".to_vec());
    other.history = BTreeMap::new();
    other.seal("2026-11-22T09:30:00Z");
    let rival = other.history.keys().find(|name| name.starts_with("0001")).unwrap();
    card.upload(&world);
    world.upload(&of(&format!("ascmhl/{rival}")), other.history[rival].clone());
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "FAILED");
    world.take_back(&of(&format!("ascmhl/{rival}")));
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
}

/// The digests that the rows of a roll expect, by path.
fn expected(world: &World) -> BTreeMap<String, BTreeMap<String, String>> {
    let files = block_on(Rolls(world).files(&roll())).unwrap();
    files.into_iter().filter_map(|file| Some((file.path.to_string(), file.expected?.hashes))).collect()
}

/// A list that says of each of forty files that it holds this byte.
fn forty(bytes: &[u8]) -> String {
    let names: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    list(&names.iter().map(|name| (name.as_str(), 1, md5(bytes))).collect::<Vec<_>>())
}

/// An invocation of `intake` that takes up the roll's documents, one port call after another.
struct Expansion(LocalBoxFuture<'static, ()>);

impl Expansion {
    fn begin(world: &World) -> Self {
        let message = Message::ExpandHistory { roll: roll(), hop: 0 };
        let (id, body, source) = ("1".into(), message.to_body(), "intake".into());
        let (world, record) = (world.invocation(), Record { id, body, attempt: 1, source, dead: false });
        let work = async move {
            // What changes while it is read comes again.
            if platefleet_intake::handle(&world, &record).await.is_err() {
                world.post(Queue::Intake, &record.body);
            }
        };
        Self(work.boxed_local())
    }

    /// Goes on for so many steps; true when it has ended.
    fn go_on(&mut self, steps: usize) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        (0..steps).any(|_| self.0.as_mut().poll(&mut context).is_ready())
    }
}

#[test]
fn rows_of_an_overtaken_history_are_not_left_standing() {
    let newest = BTreeMap::from([("md5".to_owned(), hash::digest(hash::Algorithm::Md5, b"n"))]);
    let mut overlaps = 0;
    for (first, second) in (0..60).step_by(4).flat_map(|first| (0..60).step_by(6).map(move |second| (first, second))) {
        let world = World::new();
        block_on(Rolls(&world).note_list(&roll(), "one.mhl")).unwrap();
        world.upload_silently(&of("one.mhl"), forty(b"o"));
        let mut older = Expansion::begin(&world);
        if older.go_on(first) {
            break;
        }
        world.upload(&of("one.mhl"), forty(b"n"));
        let mut newer = Expansion::begin(&world);
        overlaps += usize::from(!newer.go_on(second));
        // The older one ends, since no time is left to either, and then the newer one.
        world.advance(Duration::from_mins(14));
        assert!(older.go_on(1000));
        newer.go_on(1000);
        world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
        let wrong = expected(&world).into_values().filter(|hashes| *hashes != newest).count();
        assert_eq!((wrong, expected(&world).len()), (0, 40), "after {first} steps and {second}");
    }
    assert!(overlaps > 20, "only {overlaps} times both were at work");
}

/// Lets a function end once before and once after each call that `work` makes, and asks whether the result is the same.
fn at_every_call(prepare: impl Fn() -> World, work: impl Fn(&World), check: impl Fn(&World, &str)) {
    let run = |fault: Option<(u64, Fault)>| {
        let world = prepare();
        work(&world);
        let (text, before) = (format!("{fault:?}"), world.calls());
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        settle(&world, Weather::calm());
        let calls = world.calls() - before;
        world.forget_faults();
        check(&world, &text);
        calls
    };
    for call in 0..run(None) {
        run(Some((call, Fault::CrashesBefore)));
        run(Some((call, Fault::CrashesAfter)));
    }
}

fn verified(files: u64) -> impl Fn(&World, &str) {
    move |world, text| {
        let seen = status(world, &roll());
        assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", files), "{text}");
        delivered(world, "show/rolls/day 1/A001");
    }
}

#[test]
fn a_function_that_ends_while_a_list_is_taken_up_changes_nothing() {
    at_every_call(
        World::new,
        |world| {
            world.upload(&of("a"), "a");
            world.upload(&of("one.mhl"), list(&[("a", 1, md5(b"a")), ("b", 1, md5(b"b"))]));
            world.upload(&of("b"), "b");
        },
        verified(2),
    );
}

#[test]
fn a_function_that_ends_while_a_long_history_is_expanded_changes_nothing() {
    let prepare = || {
        let world = World::new();
        world.set_call_time(Duration::from_millis(650));
        world.set_time_left(Duration::from_secs(34));
        world
    };
    let upload = |world: &World| many(4).upload(world);
    at_every_call(prepare, upload, verified(4));
}

#[test]
fn a_function_that_ends_while_lists_give_way_to_a_history_changes_nothing() {
    let card = Card::of([("a".to_owned(), b"a".to_vec()), ("b".to_owned(), b"b".to_vec())].into());
    at_every_call(
        sealed_thrice,
        |world| {
            for (name, bytes) in &card.history {
                world.upload(&of(&format!("ascmhl/{name}")), bytes.clone());
            }
        },
        |world, text| {
            verified(2)(world, text);
            assert_eq!(delivered(world, "show/rolls/day 1/A001").len(), 2, "{text}");
        },
    );
}

#[test]
fn a_function_that_ends_while_lost_events_are_looked_for_changes_nothing() {
    let prepare = || {
        let world = World::new();
        let mut part = many(6);
        let files = std::mem::take(&mut part.files);
        part.upload(&world);
        world.drain(&functions(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
        for (path, bytes) in files {
            world.upload_silently(&part.key(&path), bytes);
        }
        world
    };
    let look = |world: &World| {
        let look = Message::LookAgain { roll: roll(), after: None, hop: 0 };
        block_on(world.send(Queue::Intake, &look, Duration::ZERO)).unwrap();
    };
    at_every_call(prepare, look, verified(6));
    let send = |world: &World| {
        for path in many(6).files.into_keys() {
            let (path, rolls) = (RelativePath::new(path).unwrap(), Rolls(world));
            let pattern = platefleet_media::clip::key_of(&path).pattern;
            block_on(rolls.observe_file(&roll(), &pattern, &path)).unwrap();
        }
        let send = Message::SendChecks { roll: roll(), from: Place::default(), hop: 0 };
        block_on(world.send(Queue::Intake, &send, Duration::ZERO)).unwrap();
    };
    at_every_call(prepare, send, verified(6));
}

#[test]
fn a_newer_history_that_cannot_be_taken_up_ends_the_word_of_the_seal() {
    let (world, mut card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    let broken = functions().on(Queue::Intake, async |world, record| {
        assert!(!record.body.contains("expand-history"), "this build has a bug");
        platefleet_intake::handle(&world, &record).await
    });
    // The same documents once more: that they were taken up stands.
    card.upload(&world);
    world.drain(&broken, Weather::calm());
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    card.seal("2026-11-23T08:00:00Z");
    card.upload(&world);
    world.drain(&broken, Weather::calm());
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("gave-up", "ascmhl")]));
    card.upload(&world);
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}
