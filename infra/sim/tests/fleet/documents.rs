//! What vouches for a roll: long histories, forked ones, and lists of MHL 1.x.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use platefleet_fleet::{ports::Bucket, state::FileState, store::Rolls};
use platefleet_media::{clip, hash, path::RelativePath};
use platefleet_sim::{Port, Weather, World, block_on};

use crate::house::{Card, calm, delivered, findings, roll, row, settle, status};

const FIRST: &str = "Clips/A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng";
const MD5_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// A list of MHL 1.1 that says this of its files: path, size, digest elements.
pub(crate) fn list(files: &[(&str, usize, String)]) -> String {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\">\n<creatorinfo>");
    text.push_str(
        "<name>Jane</name><hostname>cart</hostname><tool>copier 1</tool><finishdate>2026-11-22T08:00:00Z</finishdate>",
    );
    text.push_str("</creatorinfo>\n");
    for (path, size, digests) in files {
        let path = path.replace('&', "&amp;");
        let _ = writeln!(text, "<hash><file>{path}</file><size>{size}</size>{digests}</hash>");
    }
    text + "</hashlist>\n"
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    format!("<md5>{}</md5>", hash::digest(hash::Algorithm::Md5, bytes))
}

/// The list of a whole card.
fn list_of(card: &Card) -> String {
    list(&card.files.iter().map(|(path, bytes)| (path.as_str(), bytes.len(), md5(bytes))).collect::<Vec<_>>())
}

#[test]
fn a_list_of_mhl_1_makes_a_roll_whether_it_comes_before_its_files_or_after() {
    for is_first in [true, false] {
        let (world, card) = (World::new(), Card::small());
        let list_key = card.key("A001_2026-11-22_080000.mhl");
        if is_first {
            world.upload(&list_key, list_of(&card));
        }
        for (path, bytes) in &card.files {
            world.upload(&card.key(path), bytes.clone());
        }
        if !is_first {
            world.upload(&list_key, list_of(&card));
        }
        calm(&world);
        let seen = status(&world, &roll());
        assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]), "list first: {is_first}");
        assert_eq!((seen.counts["verified"], seen.counts["extra"]), (4, 0), "the list itself is not extra");
        let ours = &delivered(&world, "show/rolls/day 1/A001")[..];
        assert_eq!((ours.len(), ours[0].files.len()), (1, 4), "the fleet begins the history that there was not");
        let report = world.object(Bucket::Delivery, "show/rolls/day 1/A001/report.json").unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["lists"][0]["authors"][0]["name"], "Jane");
    }
}

#[test]
fn a_damaged_and_a_missing_file_of_a_list_are_found_and_healed() {
    let (world, card) = (World::new(), Card::small());
    world.upload(&card.key("A001.mhl"), list_of(&card));
    for (path, bytes) in card.files.iter().filter(|(path, _)| *path != FIRST) {
        let mut bytes = bytes.clone();
        bytes[0] ^= u8::from(path.starts_with("Sidecar"));
        world.upload(&card.key(path), bytes);
    }
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!(seen.state, "INCOMPLETE");
    assert_eq!(findings(&seen), [("mismatch", "Sidecar é & b.txt"), ("missing", FIRST)]);
    for (path, bytes) in &card.files {
        world.upload(&card.key(path), bytes.clone());
    }
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn what_only_a_list_can_say_is_checked_and_sealed_in_a_format_of_today() {
    let world = World::new();
    let of = |path: &str| format!("{}/{path}", roll());
    let (null, short) = ("<null/>".to_owned(), "<xxhash>0046947589</xxhash>".to_owned());
    // XXH32 of no bytes is 02CC5D05, 46947589 in decimal.
    world.upload(&of("A001.mhl"), list(&[("empty", 0, short), ("unread", 3, null)]));
    world.upload(&of("empty"), "");
    world.upload(&of("unread"), "abc");
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("VERIFIED", vec![]));
    let file = |path: &str| {
        let path = RelativePath::new(path).unwrap();
        block_on(Rolls(&world).file(&roll(), &clip::key_of(&path).pattern, &path)).unwrap().unwrap().row
    };
    assert_eq!(file("unread").verdict.unwrap().how, "size");
    assert_eq!(file("empty").state, FileState::Verified);
    let ours = delivered(&world, "show/rolls/day 1/A001");
    let sealed: Vec<_> = ours[0].files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(sealed, ["empty"], "what nobody has read is not sealed");
    assert_eq!(ours[0].files[0].hashes[&hash::Algorithm::Xxh128].text, "99aa06d3014798d86001c324468d497f");
}

#[test]
fn two_lists_of_one_folder_have_both_to_be_right() {
    let world = World::new();
    let of = |path: &str| format!("{}/{path}", roll());
    world.upload(&of("one.mhl"), list(&[("a", 1, md5(b"a"))]));
    world.upload(&of("two.mhl"), list(&[("a", 1, format!("<md5>{MD5_OF_NOTHING}</md5>"))]));
    world.upload(&of("a"), "a");
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", "a")]));
    world.take_back(&of("two.mhl"));
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_history_above_a_list_governs_the_same_files_too() {
    let (world, mut card) = (World::new(), Card::small());
    let inner = list(&[("a", 1, md5(b"a"))]);
    card.files.insert("sub/old.mhl".into(), inner.clone().into_bytes());
    card.files.insert("sub/a".into(), b"a".to_vec());
    card.history = BTreeMap::new();
    card.seal("2026-11-22T09:00:00Z");
    for (key, bytes) in card.objects().into_iter().rev() {
        world.upload(&key, bytes);
    }
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", 6));
    let inner = platefleet_fleet::id::RollId::parse("show/day 1/A001/sub").unwrap();
    assert_eq!(status(&world, &inner).state, "VERIFIED");
}

#[test]
fn files_have_to_be_what_both_of_two_independent_first_generations_say() {
    let (card, mut other) = (Card::small(), Card::small());
    other.files.insert(FIRST.into(), b"another take".to_vec());
    other.history = BTreeMap::new();
    other.seal("2026-11-22T09:30:00Z");
    let rival = other.history.keys().find(|name| name.starts_with("0001")).unwrap();
    let world = World::new();
    card.upload(&world);
    world.upload(&card.key(&format!("ascmhl/{rival}")), other.history[rival].clone());
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!(
        (seen.state.as_str(), findings(&seen)),
        ("FAILED", vec![("history-forked", rival.as_str()), ("mismatch", FIRST)])
    );
    assert!(
        seen.findings[1].detail.contains("an independent generation of its history"),
        "{}",
        seen.findings[1].detail
    );
}

/// A card of many small files.
pub(crate) fn many(files: usize) -> Card {
    Card::of((0..files).map(|n| (format!("Clips/{n:05}.txt"), format!("file {n}").into_bytes())).collect())
}

#[test]
fn a_long_history_is_expanded_over_many_invocations_from_the_saved_place() {
    let (world, card) = (World::new(), many(400));
    card.upload(&world);
    // Each call takes 130 ms, so that an invocation makes some 200 calls before the last 8 seconds.
    world.set_call_time(Duration::from_millis(130));
    world.set_time_left(Duration::from_secs(34));
    let before = world.log().len();
    let report = settle(&world, Weather::calm());
    assert!(report.failures.is_empty(), "{report:?}");
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), seen.counts["verified"]), ("VERIFIED", 400));
    let log = world.log();
    let hops = log[before..].iter().filter(|(port, what)| *port == Port::Send && what.contains("intake")).count();
    assert!(hops > 4, "{hops} messages to intake");
    assert_eq!(row(&world, &roll()).cursor, None);
}

#[test]
fn a_second_generation_over_many_files_writes_only_what_is_new() {
    let (world, mut card) = (World::new(), many(200));
    card.upload(&world);
    calm(&world);
    card.files.insert("Clips/new.txt".into(), b"new".to_vec());
    card.seal("2026-11-23T08:00:00Z");
    let before = world.log().len();
    for name in card.history.keys() {
        world.upload(&card.key(&format!("ascmhl/{name}")), card.history[name].clone());
    }
    world.upload(&card.key("Clips/new.txt"), "new");
    calm(&world);
    assert_eq!(status(&world, &roll()).counts["verified"], 201);
    let log = world.log();
    let heads = log[before..].iter().filter(|(port, what)| *port == Port::Head && what.contains("Clips/0")).count();
    assert_eq!(heads, 0, "what is verified is not looked at again");
}
