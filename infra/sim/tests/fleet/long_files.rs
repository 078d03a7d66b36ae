//! Files that are too long for one invocation: hashed in links of a chain, on objects that are made as they are read.
//!
//! Digests are expected as another implementation computes them over the same bytes: python's xxhash 4.1.0, of 1 MiB pages
//! that begin with their number:
//!
//! ```python
//! page = bytearray((j * 2654435761 & 0xFFFFFFFF) >> 24 for j in range(1 << 20))
//! digest, size = xxhash.xxh3_128(), 500_000_000_000
//! for n in range(-(-size // 2**20)):
//!     struct.pack_into("<Q", page, 0, n)
//!     digest.update(memoryview(page)[: min(2**20, size - n * 2**20)])
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::LazyLock,
    time::Duration,
};

use platefleet_fleet::{
    env::Settings,
    message::{Place, Queue},
    ports,
    state::{FileRow, FileState},
    store::{HashProgress, Progresses, Rolls},
};
use platefleet_media::{
    hash::{self, Algorithm, Digests},
    mhl::Scanned,
    path::RelativePath,
};
use platefleet_sim::{Fault, Functions, Port, Weather, World, block_on};

use crate::house::{Card, calm, findings, functions_without_hash, roll, settle, status};

/// A name that no camera gives, so that nobody but `hash` reads it.
const PATH: &str = "A001.bin";
const ETAG: &str = "made-59605-parts";
/// Sizes of made objects, and the XXH128 of each.
const SHORT: (u64, &str) = (150_000_003, "3bab436696b91d6ba29548678d61825b");
const LONG: (u64, &str) = (3_000_000_017, "20f27317aa9945d05969109cadd58b8e");
const HUGE: (u64, &str) = (500_000_000_000, "9403e1d6dfa1d5922a13f1c6377dfd54");

const PAGE: usize = 1 << 20;
static BYTES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..PAGE as u32).map(|j| (j.wrapping_mul(2_654_435_761) >> 24) as u8).collect());

/// The bytes of a range that begins with a page.
fn make(range: Range<u64>) -> Vec<u8> {
    assert!(range.start.is_multiple_of(PAGE as u64), "reads begin with a page: {range:?}");
    let size = (range.end - range.start) as usize;
    let mut bytes = Vec::with_capacity(size.next_multiple_of(PAGE));
    for number in range.start / PAGE as u64..range.end.div_ceil(PAGE as u64) {
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&BYTES[8..]);
    }
    bytes.truncate(size);
    bytes
}

/// The same bytes with one bit of them changed.
fn make_damaged(range: Range<u64>) -> Vec<u8> {
    const WHERE: u64 = 100_000_000;
    let mut bytes = make(range.clone());
    if range.contains(&WHERE) {
        bytes[(WHERE - range.start) as usize] ^= 1;
    }
    bytes
}

/// A card whose one file is a made object, sealed with these digests.
fn card(size: u64, digests: Digests) -> Card {
    let mut card = Card { roll: roll(), files: BTreeMap::new(), history: BTreeMap::new(), algorithms: Vec::new() };
    let path = RelativePath::new(PATH).unwrap();
    card.seal_as("2026-11-22T08:00:00Z", vec![Scanned::new(path, size, digests)]);
    card
}

/// A world with the card and its object in it, in which a read (and any other call) takes this long, and a link this long.
fn world_of((size, digest): (u64, &str), read: Duration, link: Duration) -> (World, Card) {
    let world = World::with_settings(Settings { link, ..Settings::default() });
    let card = card(size, [(Algorithm::Xxh128, digest.to_owned())].into());
    card.upload(&world);
    world.upload_made(&card.key(PATH), size, ETAG, make);
    world.drain(&functions_without_hash(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    // The time-out of hash.
    world.set_time_left(Duration::from_mins(6));
    world.set_call_time(read);
    (world, card)
}

fn file(world: &World) -> FileRow {
    block_on(Rolls(world).files(&roll())).unwrap().remove(0)
}

fn progress(world: &World) -> Option<HashProgress> {
    let object = HashProgress::object_of(&roll(), &RelativePath::new(PATH).unwrap(), ETAG, [&"xxh128".to_owned()]);
    block_on(Progresses(world).get(&object)).unwrap()
}

fn calls(world: &World, port: Port, part: &str) -> usize {
    world.log().iter().filter(|(which, what)| *which == port && what.contains(part)).count()
}

/// Invocations that handed over to a next one.
fn links(world: &World) -> usize {
    calls(world, Port::Send, "hash")
}

#[test]
fn a_long_file_is_hashed_over_dozens_of_invocations_to_the_right_digest() {
    // Eight reads a link.
    let (world, _) = world_of(LONG, Duration::from_millis(400), Duration::from_secs(3));
    let before = links(&world);
    calm(&world);
    let file = file(&world);
    let verdict = file.verdict.unwrap();
    assert_eq!((file.state, verdict.how.as_str()), (FileState::Verified, "streamed"));
    assert_eq!(verdict.digests["xxh128"], LONG.1);
    assert!(links(&world) - before > 20, "{} links", links(&world) - before);
    let reads = calls(&world, Port::Get, PATH);
    assert_eq!(reads, LONG.0.div_ceil(16 << 20) as usize, "every byte once");
    assert_eq!(progress(&world), None, "nothing is left of the way there");
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_damaged_bit_of_a_long_file_is_found() {
    let (world, card) = world_of(SHORT, Duration::from_millis(400), Duration::from_secs(1));
    world.upload_made(&card.key(PATH), SHORT.0, "damaged", make_damaged);
    calm(&world);
    let seen = status(&world, &roll());
    assert_eq!((seen.state.as_str(), findings(&seen)), ("FAILED", vec![("mismatch", PATH)]));
}

#[test]
fn a_file_of_500_gb_and_another_size_fails_at_once() {
    let world = World::new();
    let card = card(HUGE.0, [(Algorithm::Xxh128, HUGE.1.to_owned())].into());
    card.upload(&world);
    world.upload_made(&card.key(PATH), HUGE.0 - 1, ETAG, make);
    let now = Weather { horizon: Duration::ZERO, ..Weather::calm() };
    world.drain(&functions_without_hash(), now);
    world.drain(&only_hash(), now);
    let file = file(&world);
    assert_eq!((file.state, file.verdict.unwrap().how.as_str()), (FileState::Failed, "size"));
    assert_eq!(calls(&world, Port::Get, PATH), 0);
}

#[test]
fn an_object_of_500_gb_is_hashed_whole_in_links_of_five_minutes() {
    // 50 MB/s: a read of 16 MiB takes 335 ms.
    let (world, _) = world_of(HUGE, Duration::from_millis(335), Settings::default().link);
    let (began, before) = (now(&world), links(&world));
    // The watchdog's ticks come in between.
    let report = settle(&world, Weather { reorder: true, ..Weather::calm() });
    assert_eq!(report.failures, []);
    let took = Duration::from_millis(now(&world) - began);
    let verdict = file(&world).verdict.unwrap();
    assert_eq!((verdict.how.as_str(), verdict.digests["xxh128"].as_str()), ("streamed", HUGE.1));
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
    // 29,803 reads, 897 in a link of 300 s: 34 links. What the watchdog sends every 15 minutes reads nothing.
    let sent = links(&world) - before;
    assert!((40..60).contains(&sent), "{sent} messages: 33 that hand over, and the watchdog's");
    assert!(took < Duration::from_mins(200), "{took:?} of the world's time");
    assert_eq!(calls(&world, Port::Get, PATH), 29_803, "every byte once");
}

#[test]
fn a_saved_state_of_all_digests_is_small() {
    let all = Algorithm::MHL.map(|algorithm| (algorithm, hash::digest(algorithm, b"not it"))).into();
    let (world, card) =
        (World::with_settings(Settings { link: Duration::from_secs(1), ..Settings::default() }), card(SHORT.0, all));
    card.upload(&world);
    world.upload_made(&card.key(PATH), SHORT.0, ETAG, make);
    world.drain(&functions_without_hash(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    world.set_call_time(Duration::from_millis(400));
    world.drain(&only_hash(), Weather { horizon: Duration::ZERO, max_deliveries: 1, ..Weather::calm() });
    let names = Algorithm::MHL.map(|algorithm| algorithm.name().to_owned()).into_iter().collect::<BTreeSet<_>>();
    let object = HashProgress::object_of(&roll(), &RelativePath::new(PATH).unwrap(), ETAG, &names);
    let saved = block_on(Progresses(&world).get(&object)).unwrap().unwrap();
    assert!((16 << 20..SHORT.0).contains(&saved.offset), "{}", saved.offset);
    assert!(saved.state_bytes().unwrap().len() <= 1024);
}

#[test]
fn a_replaced_object_is_hashed_from_its_beginning() {
    let (world, card) = world_of(SHORT, Duration::from_millis(400), Duration::from_secs(1));
    let two = Weather { horizon: Duration::ZERO, max_deliveries: 2, ..Weather::calm() };
    world.drain(&only_hash(), two);
    assert!(progress(&world).unwrap().offset > 0);
    let before = calls(&world, Port::Get, PATH);
    world.upload_made(&card.key(PATH), SHORT.0, "another tag, and the same bytes", make);
    calm(&world);
    assert_eq!(file(&world).verdict.unwrap().digests["xxh128"], SHORT.1);
    // One read more may find that the object is another one.
    let reads = calls(&world, Port::Get, PATH) - before;
    assert!((9..=10).contains(&reads), "{reads} reads of all 9");
}

#[test]
fn a_second_message_for_a_file_that_is_being_read_reads_nothing() {
    let (world, _) = world_of(SHORT, Duration::from_millis(400), Duration::from_secs(1));
    world.drain(&only_hash(), Weather { horizon: Duration::ZERO, max_deliveries: 1, ..Weather::calm() });
    let (before, waiting) = (calls(&world, Port::Get, PATH), world.len(Queue::Hash));
    // As the watchdog sends them when nothing has moved for a whole tick.
    block_on(Rolls(&world).resend_checks(&roll(), Place::default(), Duration::ZERO)).unwrap();
    let handed_over = world.take(Queue::Hash);
    world.post(Queue::Hash, handed_over.last().unwrap());
    world.drain(&only_hash(), Weather { horizon: Duration::ZERO, ..Weather::calm() });
    assert_eq!((calls(&world, Port::Get, PATH), world.len(Queue::Hash)), (before, 0), "{waiting} waited");
    // A message that came to its end nowhere is taken up once the time of a link has passed.
    world.advance(Duration::from_mins(5));
    block_on(Rolls(&world).resend_checks(&roll(), Place::default(), Duration::ZERO)).unwrap();
    calm(&world);
    assert_eq!(file(&world).state, FileState::Verified);
    assert_eq!(calls(&world, Port::Get, PATH), 9, "it went on where the lost one stopped");
}

#[test]
fn a_chain_that_was_sent_twice_becomes_one_again() {
    for seed in 0..20 {
        let (world, _) = world_of(SHORT, Duration::from_millis(400), Duration::from_secs(1));
        for body in world.take(Queue::Hash) {
            // Both are on their way as if they had been handed over: neither may be left out.
            let body = body.replace("\"hop\":0", "\"hop\":1");
            world.post(Queue::Hash, &body);
            world.post(Queue::Hash, &body);
        }
        settle(&world, Weather { duplicates: 0, ..Weather::windy(seed) });
        assert_eq!(file(&world).state, FileState::Verified, "seed {seed}");
        let reads = calls(&world, Port::Get, PATH);
        assert!(reads <= 9 + 3, "seed {seed}: {reads} reads of 9, and at most a link of 3 twice");
    }
}

#[test]
fn a_function_that_ends_at_any_call_of_a_chain_changes_nothing_in_the_verdict() {
    let chain = |fault: Option<(u64, Fault)>| {
        let (world, _) = world_of(SHORT, Duration::from_millis(400), Duration::from_secs(1));
        let (before, text) = (world.calls(), format!("{fault:?}"));
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        settle(&world, Weather::calm());
        let calls = world.calls() - before;
        world.forget_faults();
        let file = file(&world);
        assert_eq!((file.state, file.round), (FileState::Verified, 2), "{text}");
        assert_eq!(file.verdict.unwrap().digests["xxh128"], SHORT.1, "{text}");
        assert_eq!((status(&world, &roll()).state.as_str(), progress(&world)), ("VERIFIED", None), "{text}");
        calls
    };
    let calls = chain(None);
    assert!(calls > 40, "{calls} calls");
    for call in 0..calls {
        for fault in [Fault::CrashesBefore, Fault::CrashesAfter] {
            chain(Some((call, fault)));
        }
        for error in [ports::Error::Throttled("once".into()), ports::Error::Unknown("once".into())] {
            chain(Some((call, Fault::LosesAnswer(error))));
        }
    }
}

/// Nobody seals, nobody inspects: only what `hash` does.
fn only_hash() -> Functions {
    Functions::new().on(Queue::Hash, async |world, record| platefleet_hash::handle(&world, &record).await)
}

fn now(world: &World) -> u64 {
    platefleet_fleet::ports::Clock::now_ms(world)
}
