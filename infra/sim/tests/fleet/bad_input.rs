//! Bad input: one clear finding each, nothing else is lost, and nothing returns for ever.

use platefleet_fleet::{
    message::Queue,
    store::{ClipState, Clips},
};
use platefleet_media::mhl::CHAIN_NAME;
use platefleet_sim::{Weather, World, block_on};

use crate::house::{Card, calm, findings, frames, roll, settle, status};

/// Uploads a card, lets the fleet come to rest, and answers the roll's state with its findings.
fn verdict(card: &Card) -> (String, Vec<(String, String)>) {
    let world = World::new();
    card.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    let findings = findings(&seen).into_iter().map(|(kind, path)| (kind.to_owned(), path.to_owned())).collect();
    (seen.state, findings)
}

/// The card's manifest with a piece of its text replaced, and the chain made to fit.
fn forged(from: &str, to: &str) -> Card {
    let mut card = Card::small();
    let name = manifest_of(&card);
    let text = String::from_utf8(card.history[&name].clone()).unwrap();
    assert!(text.contains(from), "{text}");
    let text = text.replacen(from, to, 1).into_bytes();
    let mut chain = platefleet_media::mhl::Chain::parse(&card.history[CHAIN_NAME]).unwrap();
    chain.entries[0].c4 = platefleet_media::hash::c4(&text);
    card.history.insert(CHAIN_NAME.into(), chain.to_xml());
    card.history.insert(name, text);
    card
}

fn manifest_of(card: &Card) -> String {
    card.history.keys().find(|name| *name != CHAIN_NAME).unwrap().clone()
}

#[test]
fn a_manifest_with_a_path_that_leaves_the_roll_fails_the_roll() {
    let (state, findings) = verdict(&forged(">Sidecar é &amp; b.txt<", ">../../other/secret.txt<"));
    assert_eq!(state, "FAILED");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].0, "unsafe-path");
}

#[test]
fn a_manifest_with_a_doctype_fails_the_roll() {
    let (state, findings) = verdict(&forged("<hashlist", "<!DOCTYPE x [<!ENTITY a \"b\">]><hashlist"));
    assert_eq!(state, "FAILED");
    assert_eq!(findings.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["malformed"]);
}

#[test]
fn a_manifest_that_is_not_what_its_chain_says_fails_the_roll() {
    let mut card = Card::small();
    let name = manifest_of(&card);
    card.history.get_mut(&name).unwrap().push(b' ');
    let (state, findings) = verdict(&card);
    assert_eq!(state, "FAILED");
    assert!(findings.iter().any(|f| f.0 == "manifest-modified"), "{findings:?}");
}

#[test]
fn an_empty_manifest_or_chain_fails_the_roll_or_leaves_it_incomplete() {
    for name in [CHAIN_NAME.to_owned(), manifest_of(&Card::small())] {
        let mut card = Card::small();
        card.history.insert(name.clone(), Vec::new());
        let (state, findings) = verdict(&card);
        assert!(state == "FAILED" || state == "INCOMPLETE", "{name}: {state}");
        assert!(!findings.is_empty(), "{name}");
    }
}

#[test]
fn a_chain_that_lists_a_manifest_which_never_comes_leaves_the_roll_incomplete() {
    let mut card = Card::small();
    let name = manifest_of(&card);
    card.history.remove(&name);
    let (state, findings) = verdict(&card);
    assert_eq!(state, "INCOMPLETE");
    assert!(findings.iter().any(|f| f.0 == "manifest-missing"), "{findings:?}");
}

#[test]
fn a_manifest_that_no_chain_lists_is_not_believed() {
    let mut card = Card::small();
    card.history.insert("0002_A001_2026-11-23_080000Z.mhl".into(), b"<hashlist/>".to_vec());
    let (state, findings) = verdict(&card);
    assert_eq!(state, "INCOMPLETE");
    assert!(findings.iter().any(|f| f.0 == "manifest-unlisted"), "{findings:?}");
}

#[test]
fn a_frame_that_is_empty_cut_short_or_not_a_picture_is_a_finding_of_its_clip_alone() {
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut", b"II*\0\x08\0\0\0\xff\xff".to_vec()),
        ("text", b"not a picture at all".to_vec()),
    ] {
        let mut files = frames("A001C001", 2);
        files.insert("Clips/A001C002/A001C002_000000.dng".into(), bytes);
        let (world, card) = (World::new(), Card::of(files));
        card.upload(&world);
        calm(&world);
        let seen = status(&world, &roll());
        assert_eq!(seen.state, "VERIFIED", "{what}: its bytes are what the manifest says");
        assert_eq!(findings(&seen).len(), 1, "{what}: {:?}", seen.findings);
        assert_eq!(findings(&seen)[0].1, "Clips/A001C002/A001C002_000000.dng", "{what}");
        let clips = block_on(Clips(&world).of_production(&roll().production)).unwrap();
        let states: Vec<_> = clips.iter().map(|c| (c.pattern.contains("C001/"), c.state, c.findings.len())).collect();
        assert!(states.contains(&(true, ClipState::Inspected, 0)), "{what}: {states:?}");
        assert!(states.contains(&(false, ClipState::Invalid, 1)), "{what}: {states:?}");
    }
}

#[test]
fn a_format_that_is_not_read_is_refused_by_name() {
    let mut files = frames("A001C001", 1);
    let mut cine = b"CI\x2c\0\0\0\x01\0".to_vec();
    cine.resize(256, 0);
    files.insert("Clips/A002_C001.cine".into(), cine);
    let (world, card) = (World::new(), Card::of(files));
    card.upload(&world);
    calm(&world);
    let clips = block_on(Clips(&world).of_production(&roll().production)).unwrap();
    let cine = clips.iter().find(|c| c.pattern.ends_with("cine")).unwrap();
    assert_eq!(cine.state, ClipState::Unsupported);
    assert!(cine.findings[0].detail.contains("Phantom Cine"), "{:?}", cine.findings);
}

#[test]
fn a_message_that_nobody_can_read_is_buried_and_does_not_return() {
    let (world, card) = (World::new(), Card::small());
    for queue in Queue::ALL {
        world.post(queue, "not a message");
        world.post(queue, r#"{"v":99,"type":"hash-file"}"#);
    }
    card.upload(&world);
    let report = settle(&world, Weather::calm());
    assert_eq!(report.died, 12);
    assert_eq!(status(&world, &roll()).state, "VERIFIED", "nothing else is lost");
}

#[test]
fn an_object_outside_the_layout_is_left_alone() {
    let world = World::new();
    for key in ["loose.txt", "show/ascmhl/ascmhl_chain.xml", "sh ow/x/y", "show/pulls/a b/pull.json"] {
        world.upload(key, "x");
    }
    calm(&world);
    assert!(world.rows().is_empty());
}
