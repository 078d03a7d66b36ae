//! Digests against vectors, and any way of cutting the input against the whole.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Origin and licence: `testdata/hash/README.md`.
const VECTORS: &str = include_str!("../../testdata/hash/hashes.json");

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

fn vectors() -> Vec<(String, Vec<u8>, Digests)> {
    let document: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = document["vectors"].as_array().unwrap().iter().map(|vector| {
        let length = vector["length"].as_u64().unwrap() as usize;
        let bytes = vector["utf8"].as_str().map_or_else(|| pattern(length), |text| text.as_bytes().to_vec());
        assert_eq!(bytes.len(), length);
        let digests =
            Algorithm::ALL.iter().map(|&algorithm| (algorithm, vector[algorithm.name()].as_str().unwrap().to_owned()));
        (vector["name"].as_str().unwrap().to_owned(), bytes, digests.collect())
    });
    vectors.collect()
}

#[test]
fn every_digest_of_every_vector_is_right() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 28, "vectors in the file");
    for (name, bytes, expected) in vectors {
        assert_eq!(digests(Algorithm::ALL, &bytes), expected, "{name}");
        for algorithm in Algorithm::ALL {
            assert_eq!(digest(algorithm, &bytes), expected[&algorithm], "{name}, {algorithm} alone");
            assert!(algorithm.is_text(&expected[&algorithm]));
        }
    }
}

#[test]
fn lengths_around_every_border_of_the_xxhashes_agree_with_another_implementation() {
    for length in (0..=2 * 1024 + 130).chain([65_535, 65_536, 65_537, 200_000]) {
        let bytes = pattern(length);
        let ours = digests([Algorithm::Xxh32, Algorithm::Xxh64, Algorithm::Xxh3, Algorithm::Xxh128], &bytes);
        assert_eq!(ours[&Algorithm::Xxh32], format!("{:08x}", twox_hash::XxHash32::oneshot(0, &bytes)), "{length}");
        assert_eq!(ours[&Algorithm::Xxh64], format!("{:016x}", twox_hash::XxHash64::oneshot(0, &bytes)), "{length}");
        assert_eq!(ours[&Algorithm::Xxh3], format!("{:016x}", twox_hash::XxHash3_64::oneshot(&bytes)), "{length}");
        assert_eq!(ours[&Algorithm::Xxh128], format!("{:032x}", twox_hash::XxHash3_128::oneshot(&bytes)), "{length}");
    }
}

proptest! {
    #[test]
    fn any_split_with_any_saves_gives_the_digests_of_the_whole(
        bytes in proptest::collection::vec(any::<u8>(), 0..5000),
        cuts in proptest::collection::vec((0usize..700, any::<bool>()), 0..24),
        set in proptest::sample::subsequence(Algorithm::ALL.to_vec(), 0..=Algorithm::ALL.len()),
    ) {
        let mut hasher = Hasher::new(set.iter().copied());
        let mut rest = &bytes[..];
        for (cut, save) in cuts {
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            hasher.update(piece);
            rest = later;
            if save {
                let state = hasher.save();
                prop_assert!(state.len() <= MAX_STATE_BYTES);
                hasher = Hasher::resume(&state).unwrap();
                prop_assert_eq!(hasher.count(), (bytes.len() - rest.len()) as u64);
            }
        }
        hasher.update(rest);
        prop_assert_eq!(hasher.count(), bytes.len() as u64);
        prop_assert_eq!(hasher.finish(), digests(set, &bytes));
    }

    #[test]
    fn a_damaged_state_is_refused(length in 0usize..600, at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut hasher = Hasher::new(Algorithm::ALL);
        hasher.update(&pattern(length));
        let mut state = hasher.save();
        let at = at.index(state.len());
        state[at] ^= flip;
        prop_assert!(Hasher::resume(&state).is_err());
    }

    #[test]
    fn no_bytes_make_resuming_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..1100), sign in any::<bool>()) {
        // With a right beginning and checksum, so that the inside is reached as well.
        if sign && bytes.len() > 4 {
            bytes[..4].copy_from_slice(b"PFH\x01");
            let sum = twox_hash::XxHash64::oneshot(0, &bytes);
            bytes.extend(sum.to_le_bytes());
        }
        let _ = Hasher::resume(&bytes).map(Hasher::finish);
    }

    #[test]
    fn text_and_bytes_of_a_digest_are_the_same_thing(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        for (algorithm, text) in digests(Algorithm::ALL, &bytes) {
            let digest = algorithm.to_bytes(&text).unwrap();
            if algorithm != Algorithm::C4 {
                prop_assert_eq!(hex(&digest), text);
            }
        }
    }
}

#[test]
fn a_state_of_all_digests_fits_its_limit_and_a_later_version_is_named() {
    let mut state = Hasher::new(Algorithm::ALL).save();
    assert!(state.len() <= MAX_STATE_BYTES, "{} bytes", state.len());
    state[3] = 9;
    let error = Hasher::resume(&state).err().unwrap();
    assert_eq!(error.kind(), "unsupported");
}

#[test]
fn upper_case_and_wrong_lengths_are_no_digests() {
    assert!(!Algorithm::Md5.is_text("D41D8CD98F00B204E9800998ECF8427E"));
    assert!(!Algorithm::Md5.is_text("d41d8cd98f00b204e9800998ecf8427"));
    assert!(!Algorithm::Xxh64.is_text("0ea03b369a463d9dé"));
}

#[test]
fn names_are_those_of_the_schema_and_read_back() {
    let names: Vec<_> = Algorithm::MHL.iter().map(|a| a.name()).collect();
    assert_eq!(names, ["c4", "md5", "sha1", "xxh128", "xxh3", "xxh64"]);
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
    }
    assert_eq!(Algorithm::parse("crc32"), None);
}

/// Prints speeds; asserts nothing about them, because a shared machine would make that a coin toss.
#[test]
#[ignore = "a measurement, not a check: run it alone with --ignored --nocapture"]
fn speed() {
    let bytes = pattern(64 << 20);
    for set in [
        vec![Algorithm::Xxh128],
        vec![Algorithm::Xxh64],
        vec![Algorithm::Xxh32],
        vec![Algorithm::Md5],
        vec![Algorithm::C4],
        Algorithm::ALL.to_vec(),
    ] {
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                std::hint::black_box(digests(set.iter().copied(), std::hint::black_box(&bytes)));
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        println!("{set:?}: {:.2} GB/s", bytes.len() as f64 / best / 1e9);
    }
    let start = std::time::Instant::now();
    std::hint::black_box(twox_hash::XxHash3_128::oneshot(std::hint::black_box(&bytes)));
    println!("twox-hash xxh128: {:.2} GB/s", bytes.len() as f64 / start.elapsed().as_secs_f64() / 1e9);
}
