//! How a file is checked: by the store's word, or by reading it.

use std::{collections::BTreeMap, ops::Range};

use platefleet_fleet::{message::Queue, ports::Bucket, store::Rolls};
use platefleet_media::hash::{self, Algorithm};
use platefleet_sim::{Port, World, block_on};

use crate::house::{Card, calm, findings, frames, roll, status};

const FIRST: &str = "Clips/A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng";

/// Uploads a card to a store that vouches for this checksum of each of its files.
fn upload_vouched(world: &World, card: &Card, algorithm: Algorithm, digest: impl Fn(&str, &[u8]) -> String) {
    for (key, bytes) in card.objects() {
        let event = world.upload_silently(&key, bytes.clone());
        world.vouch(Bucket::Ingest, &key, algorithm.name(), &digest(&key, &bytes));
        world.post(Queue::Intake, &event);
    }
}

/// How every file was checked, and with which digests.
fn checks(world: &World) -> BTreeMap<String, (String, Vec<String>)> {
    let files = block_on(Rolls(world).files(&roll())).unwrap();
    let of = |file: platefleet_fleet::state::FileRow| {
        let verdict = file.verdict.unwrap();
        (file.path.as_str().to_owned(), (verdict.how, verdict.digests.into_keys().collect()))
    };
    files.into_iter().map(of).collect()
}

/// Reads of a roll's media, as far as it lies in `Clips`.
fn reads(world: &World) -> usize {
    let of_media = |(port, key): &(Port, String)| *port == Port::Get && key.contains("/Clips/");
    world.log().iter().filter(|call| of_media(call)).count()
}

/// Two files that no camera makes, so that nobody but `hash` reads them.
fn card(algorithms: &[Algorithm]) -> Card {
    let files = [("Clips/a.bin", vec![1; 5_000]), ("Clips/b.bin", vec![2; 70_000])];
    Card::sealed_with(files.map(|(path, bytes)| (path.to_owned(), bytes)).into(), algorithms)
}

#[test]
fn any_checksum_that_the_store_vouches_for_is_a_verdict_without_reading() {
    for algorithm in Algorithm::MHL {
        let (world, card) = (World::new(), card(&[algorithm]));
        upload_vouched(&world, &card, algorithm, |_, bytes| hash::digest(algorithm, bytes));
        calm(&world);
        assert_eq!(status(&world, &roll()).state, "VERIFIED", "{algorithm}");
        assert_eq!(reads(&world), 0, "{algorithm}");
        let check = ("stored-checksum".to_owned(), vec![algorithm.name().to_owned()]);
        assert_eq!(checks(&world).into_values().collect::<Vec<_>>(), [check.clone(), check], "{algorithm}");
    }
}

#[test]
fn a_stored_checksum_that_differs_is_a_mismatch_without_reading() {
    let (world, card) = (World::new(), card(&[Algorithm::C4, Algorithm::Md5]));
    upload_vouched(&world, &card, Algorithm::C4, |key, bytes| {
        hash::c4(if key.ends_with("b.bin") { b"something else" } else { bytes })
    });
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", "Clips/b.bin")]));
    assert!(seen.findings[0].detail.starts_with("its c4 is c4"), "{seen:?}");
    assert_eq!(reads(&world), 0);
}

#[test]
fn a_verdict_says_which_of_several_digests_were_compared() {
    let all = [Algorithm::Md5, Algorithm::C4, Algorithm::Xxh64];
    let (world, card) = (World::new(), card(&all));
    upload_vouched(&world, &card, Algorithm::C4, |_, bytes| hash::c4(bytes));
    calm(&world);
    let compared = |world: &World| checks(world)["Clips/a.bin"].clone();
    assert_eq!(compared(&world), ("stored-checksum".to_owned(), vec!["c4".to_owned()]));
    // Without the store's word they are all compared, in one read.
    let (world, card) = (World::new(), self::card(&all));
    card.upload(&world);
    calm(&world);
    assert_eq!(compared(&world), ("streamed".to_owned(), ["c4", "md5", "xxh64"].map(str::to_owned).to_vec()));
    assert_eq!(reads(&world), 2, "one for each file");
}

#[test]
fn a_checksum_that_no_manifest_asks_for_says_nothing() {
    let (world, card) = (World::new(), card(&[Algorithm::Xxh128]));
    upload_vouched(&world, &card, Algorithm::Sha1, |_, _| "0".repeat(40));
    calm(&world);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    assert_eq!(checks(&world)["Clips/a.bin"].0, "streamed");
}

#[test]
fn an_etag_is_never_taken_for_an_md5() {
    let nines = |range: Range<u64>| vec![9; (range.end - range.start) as usize];
    let twos = |range: Range<u64>| vec![2; (range.end - range.start) as usize];
    let (world, card) = (World::new(), card(&[Algorithm::Md5]));
    for (key, bytes) in card.objects() {
        let (size, md5) = (bytes.len() as u64, hash::digest(Algorithm::Md5, &bytes));
        match key.rsplit('/').next() {
            // Other bytes under the ETag of the right ones, and the right ones under that of an upload in parts.
            Some("a.bin") => world.upload_made(&key, size, &md5, nines),
            Some("b.bin") => world.upload_made(&key, size, &format!("{}-2", "0".repeat(32)), twos),
            _ => world.upload(&key, bytes),
        }
    }
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", "Clips/a.bin")]));
    assert_eq!(checks(&world)["Clips/b.bin"], ("streamed".to_owned(), vec!["md5".to_owned()]));
    assert_eq!(reads(&world), 2, "one for each file");
}

#[test]
fn a_file_of_another_size_fails_without_being_read() {
    let (world, card) = (World::new(), Card::of(frames("A001C001_261124_R1AB", 3)));
    let mut short = card.clone();
    short.files.get_mut(FIRST).unwrap().pop();
    short.upload(&world);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("size-mismatch", FIRST)]));
    let reads = world.log().into_iter().filter(|(port, key)| *port == Port::Get && key.contains(FIRST));
    assert_eq!(reads.count(), 0);
}
