//! What a generation says, from what is there and what was known.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    hash::{Algorithm, Digests, digests},
    mhl::{Action, CHAIN_NAME, FindingKind, Manifest},
};

fn path(text: &str) -> RelativePath {
    RelativePath::new(text).unwrap()
}

fn file(name: &str, bytes: &[u8], formats: &[Algorithm]) -> Scanned {
    let digests = digests(formats.iter().copied(), bytes);
    Scanned::new(path(name), bytes.len() as u64, digests)
}

fn stamp(created: &str) -> Stamp {
    Stamp { created: created.to_owned(), hostname: "vm".to_owned(), ..Stamp::default() }
}

/// A history that grows by sealing.
#[derive(Default)]
struct Roll {
    files: BTreeMap<String, Vec<u8>>,
}

impl Roll {
    fn history(&self) -> History {
        if self.files.is_empty() { History::default() } else { History::read(&self.files) }
    }

    fn seal(&mut self, files: &[Scanned]) -> (Manifest, Vec<Finding>) {
        let time = format!("2026-11-22T10:57:{:02}Z", self.files.len());
        let sealed = next_generation(&self.history(), "A001", files, &[], &stamp(&time), &[]).unwrap();
        let manifest = Manifest::parse(&sealed.name, &sealed.manifest).unwrap();
        self.files.insert(sealed.name, sealed.manifest);
        self.files.insert(CHAIN_NAME.to_owned(), sealed.chain);
        assert_eq!(self.history().findings, []);
        (manifest, sealed.findings)
    }
}

fn actions(manifest: &Manifest, name: &str) -> Vec<(Algorithm, Action)> {
    let record = manifest.files.iter().find(|file| file.path.as_str() == name).unwrap();
    record.hashes.iter().map(|(&algorithm, entry)| (algorithm, entry.action.unwrap())).collect()
}

use Algorithm::{C4, Md5, Xxh64, Xxh128};

#[test]
fn a_file_is_original_once_and_verified_after_that() {
    let mut roll = Roll::default();
    let (first, _) = roll.seal(&[file("a", b"1", &[Xxh128])]);
    assert_eq!(actions(&first, "a"), [(Xxh128, Action::Original)]);
    let (second, findings) = roll.seal(&[file("a", b"1", &[Xxh128]), file("b", b"2", &[Xxh128])]);
    assert_eq!(
        (actions(&second, "a"), actions(&second, "b")),
        (vec![(Xxh128, Action::Verified)], vec![(Xxh128, Action::Original)])
    );
    assert_eq!(findings, []);
    let names: Vec<_> = roll.history().generations.iter().map(|generation| generation.name.clone()).collect();
    assert_eq!(names, ["0001_A001_2026-11-22_105700Z.mhl", "0002_A001_2026-11-22_105702Z.mhl"]);
}

#[test]
fn a_changed_file_is_recorded_as_failed_and_never_becomes_a_reference() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"1", &[Xxh64])]);
    let (second, findings) = roll.seal(&[file("a", b"x", &[Xxh64])]);
    assert_eq!(actions(&second, "a"), [(Xxh64, Action::Failed)]);
    assert_eq!(findings[0].kind, FindingKind::Mismatch);
    // The damaged bytes are still wrong, the first ones still right.
    let (third, _) = roll.seal(&[file("a", b"x", &[Xxh64])]);
    assert_eq!(actions(&third, "a"), [(Xxh64, Action::Failed)]);
    let (fourth, findings) = roll.seal(&[file("a", b"1", &[Xxh64])]);
    assert_eq!((actions(&fourth, "a"), findings), (vec![(Xxh64, Action::Verified)], vec![]));
}

#[test]
fn a_new_format_counts_only_when_a_known_one_was_verified_in_the_same_read() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"1", &[Xxh64]), file("b", b"2", &[Xxh64])]);
    let (second, _) = roll.seal(&[file("a", b"1", &[Xxh64, Md5]), file("b", b"x", &[Xxh64, Md5])]);
    assert_eq!(actions(&second, "a"), [(Md5, Action::Verified), (Xxh64, Action::Verified)]);
    assert_eq!(actions(&second, "b"), [(Xxh64, Action::Failed)]);
    assert_eq!(roll.history().expectations()[&path("b")].hashes.len(), 1);
    // Not every file has md5, so no folder has it.
    assert_eq!(second.root_hash.unwrap().content.keys().copied().collect::<Vec<_>>(), [Xxh64]);
}

#[test]
fn a_known_file_that_was_hashed_in_new_formats_only_is_refused() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"1", &[Xxh64])]);
    let sealed =
        next_generation(&roll.history(), "A001", &[file("a", b"1", &[Md5])], &[], &stamp("2026-11-22T11:00:00Z"), &[]);
    let error = sealed.unwrap_err().to_string();
    assert_eq!(error, "`a` cannot be compared: the history knows it by xxh64; hash it in that format too");
}

#[test]
fn a_moved_file_is_verified_under_its_new_path_with_the_previous_one() {
    let mut roll = Roll::default();
    roll.seal(&[file("Clips/a.mov", b"123", &[Xxh64]), file("b", b"2", &[Xxh64])]);
    let (second, findings) = roll.seal(&[file("Clips/new.mov", b"123", &[Xxh64]), file("b", b"2", &[Xxh64])]);
    assert_eq!(second.files[0].previous, Some(path("Clips/a.mov")));
    assert_eq!((actions(&second, "Clips/new.mov"), findings), (vec![(Xxh64, Action::Verified)], vec![]));
    let history = roll.history();
    let expected = history.expectations();
    assert_eq!(expected.keys().map(RelativePath::as_str).collect::<Vec<_>>(), ["Clips/new.mov", "b"]);
    assert_eq!(expected[&path("Clips/new.mov")].previous, Some(path("Clips/a.mov")));
}

#[test]
fn two_copies_of_a_missing_file_are_two_new_files_not_a_guess() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"123", &[Xxh64])]);
    let (second, findings) = roll.seal(&[file("b", b"123", &[Xxh64]), file("c", b"123", &[Xxh64])]);
    assert_eq!((actions(&second, "b"), second.files[0].previous.clone()), (vec![(Xxh64, Action::Original)], None));
    assert_eq!((findings[0].kind, findings[0].path.as_str()), (FindingKind::Missing, "a"));
}

#[test]
fn an_empty_file_has_its_size() {
    let (manifest, _) = Roll::default().seal(&[file("zero.bin", b"", &[Xxh64])]);
    assert_eq!(manifest.files[0].size, Some(0));
}

#[test]
fn a_damaged_history_is_not_continued() {
    let mut roll = Roll::default();
    let a = file("a", b"1", &[Xxh64]);
    roll.seal(std::slice::from_ref(&a));
    roll.files.insert("0002_forged.mhl".to_owned(), b"<hashlist/>".to_vec());
    let error = next_generation(&roll.history(), "A001", &[a], &[], &stamp("2026-11-22T11:00:00Z"), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the history is damaged and cannot be continued: manifest-unlisted: 0002_forged.mhl: the chain does not list it, so it does not count"
    );
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let seal = |root: &str, time: &str, files: &[Scanned]| {
        next_generation(&History::default(), root, files, &[], &stamp(time), &[]).map(drop).map_err(|e| e.to_string())
    };
    let (time, a) = ("2026-11-22T10:57:40Z", file("a", b"1", &[Xxh64]));
    assert_eq!(seal("x", time, &[]).unwrap_err(), "there is nothing to seal: no file and no folder");
    assert_eq!(seal("x", time, &[a.clone(), a.clone()]).unwrap_err(), "`a` is given twice");
    assert_eq!(
        seal("../x", time, std::slice::from_ref(&a)).unwrap_err(),
        "`../x` cannot be the name of a history's root folder"
    );
    assert!(
        seal("x", "2026-11-22T10:57:40+01:00", std::slice::from_ref(&a)).unwrap_err().contains("is not of the form")
    );
    assert!(seal("x", time, &[file("a", b"", &[Algorithm::Sha256])]).unwrap_err().contains("no digest in a format"));
    let bad = Scanned { digests: Digests::from([(C4, "c4".to_owned())]), ..a };
    assert_eq!(seal("x", time, &[bad]).unwrap_err(), "`a`: `c4` is no c4 digest");
}

#[test]
fn ignored_files_are_left_out_and_a_nested_history_is_referenced() {
    let nested = next_generation(
        &History::default(),
        "A001",
        &[file("a", b"1", &[Xxh64])],
        &[],
        &stamp("2026-11-22T10:57:40Z"),
        &[],
    );
    let nested = nested.unwrap();
    let seal = NestedSeal {
        root: path("A001"),
        name: nested.name,
        c4: nested.c4.clone(),
        root_hash: nested.root_hash.clone(),
    };
    let files = [file(".DS_Store", b"x", &[Xxh64]), file("s.txt", b"2", &[Xxh64])];
    let upper = next_generation(
        &History::default(),
        "Reels",
        &files,
        &[],
        &stamp("2026-11-22T10:57:40Z"),
        std::slice::from_ref(&seal),
    )
    .unwrap();
    let manifest = Manifest::parse("x", &upper.manifest).unwrap();
    assert_eq!(manifest.files.len(), 1);
    assert_eq!(manifest.directories[0].digests, nested.root_hash);
    assert_eq!(manifest.references[0].path.as_str(), "A001/ascmhl/0001_A001_2026-11-22_105740Z.mhl");
    assert_eq!(manifest.references[0].c4, nested.c4);
    let below = [file("A001/a", b"1", &[Xxh64])];
    let error = next_generation(&History::default(), "Reels", &below, &[], &stamp("2026-11-22T10:57:40Z"), &[seal])
        .unwrap_err();
    assert_eq!(error.to_string(), "`A001/a` belongs to the history of `A001`");
}

proptest! {
    #[test]
    fn the_same_files_in_any_order_give_the_same_bytes(
        names in proptest::collection::btree_set("[a-c]{1,2}(/[a-c]{3}){0,2}", 1..8), seed in any::<u64>()
    ) {
        let files: Vec<_> = names.iter().map(|name| file(name, name.as_bytes(), &[Xxh64, C4])).collect();
        let mut other = files.clone();
        let length = other.len();
        other.rotate_left(seed as usize % length);
        other.reverse();
        let seal = |files: &[Scanned]| next_generation(&History::default(), "r", files, &[], &stamp("2026-11-22T10:57:40Z"), &[]);
        prop_assert_eq!(seal(&files).unwrap(), seal(&other).unwrap());
    }

    /// Whatever happens to a roll between seals, every generation stays readable and what was right stays expected.
    #[test]
    fn any_sequence_of_seals_is_a_whole_history(
        rounds in proptest::collection::vec(proptest::collection::btree_map("[a-d]", "[xyz]{1,2}", 1..4), 1..5)
    ) {
        let mut roll = Roll::default();
        for round in &rounds {
            let files: Vec<_> = round.iter().map(|(name, bytes)| file(name, bytes.as_bytes(), &[Xxh64])).collect();
            let before = roll.history();
            let before = before.expectations();
            let (manifest, findings) = roll.seal(&files);
            for record in &manifest.files {
                let wrong = findings.iter().any(|f| f.kind == FindingKind::Mismatch && f.path == record.path.as_str());
                let known = before.get(record.previous.as_ref().unwrap_or(&record.path));
                let changed = known.is_some_and(|known| known.hashes[&Xxh64] != record.hashes[&Xxh64].text);
                prop_assert_eq!(wrong, changed);
            }
        }
        prop_assert!(roll.history().is_whole());
    }
}

#[test]
fn a_file_that_was_not_read_has_no_record_and_leaves_the_folders_without_digests() {
    let mut roll = Roll::default();
    let unread = Scanned { digests: Digests::new(), ..file("Clips/b", b"2", &[]) };
    let (manifest, findings) = roll.seal(&[file("Clips/a", b"1", &[Xxh128]), unread.clone()]);
    assert_eq!(manifest.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["Clips/a"]);
    assert!(manifest.directories.is_empty() && manifest.root_hash.is_none() && findings.is_empty());
    // Known or not, it is there: neither missing nor wrong.
    let (whole, _) = roll.seal(&[file("Clips/a", b"1", &[Xxh128]), file("Clips/b", b"2", &[Xxh128])]);
    assert_eq!((whole.files.len(), whole.directories.len()), (2, 1));
    assert_eq!(roll.seal(&[file("Clips/a", b"1", &[Xxh128]), unread]).1, []);
}

#[test]
fn a_folder_that_moved_with_all_its_files_is_recorded_as_moved() {
    let mut roll = Roll::default();
    let (one, two) = (file("Clips/a/1", b"11", &[Xxh64]), file("Clips/b/2", b"22", &[Xxh64]));
    roll.seal(&[one.clone(), two.clone(), file("x", b"3", &[Xxh64])]);
    let moved = |file: &Scanned, to: &str| Scanned { path: path(to), ..file.clone() };
    let (second, _) = roll.seal(&[moved(&one, "Day1/a/1"), moved(&two, "Day1/b/2"), file("x", b"3", &[Xxh64])]);
    let previous = |manifest: &Manifest| {
        let moved =
            manifest.directories.iter().filter_map(|d| Some((d.path.to_string(), d.previous.as_ref()?.to_string())));
        moved.collect::<Vec<_>>()
    };
    let pair = |new: &str, old: &str| (new.to_owned(), old.to_owned());
    assert_eq!(previous(&second), [pair("Day1/a", "Clips/a"), pair("Day1/b", "Clips/b"), pair("Day1", "Clips")]);
    // One file stays behind: its folder did not move, the other one did.
    let stays = [moved(&one, "Day1/a/1"), moved(&two, "Day2/b/2"), file("x", b"3", &[Xxh64])];
    let (third, _) = roll.seal(&stays);
    assert_eq!(previous(&third), [pair("Day2/b", "Day1/b")]);
}

#[test]
fn files_that_changed_places_are_wrong_and_the_finding_says_whose_bytes_they_have() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"1", &[Xxh64]), file("b", b"2", &[Xxh64])]);
    let (second, findings) = roll.seal(&[file("a", b"2", &[Xxh64]), file("b", b"1", &[Xxh64])]);
    assert_eq!((actions(&second, "a"), second.files[0].previous.clone()), (vec![(Xxh64, Action::Failed)], None));
    let ends: Vec<_> = findings.iter().map(|finding| finding.detail.rsplit("; ").next().unwrap()).collect();
    assert_eq!(ends, ["these are the bytes of `b`", "these are the bytes of `a`"]);
}

#[test]
fn an_empty_file_at_another_place_is_no_renamed_one() {
    let mut roll = Roll::default();
    roll.seal(&[file("a", b"", &[Xxh64]), file("x", b"1", &[Xxh64])]);
    let (second, findings) = roll.seal(&[file("b", b"", &[Xxh64]), file("x", b"1", &[Xxh64])]);
    assert_eq!((actions(&second, "b"), second.files[0].previous.clone()), (vec![(Xxh64, Action::Original)], None));
    assert_eq!((findings[0].kind, findings[0].path.as_str()), (FindingKind::Missing, "a"));
}

#[test]
fn what_is_left_out_grows_and_never_hides_what_was_sealed() {
    let mut roll = Roll::default();
    let (a, tmp) = (file("a", b"1", &[Xxh64]), file("x.tmp", b"2", &[Xxh64]));
    let with = |pattern: &str| Stamp { ignore: vec![pattern.to_owned()], ..stamp("2026-11-22T10:57:00Z") };
    let sealed = next_generation(&roll.history(), "A001", &[a.clone(), tmp.clone()], &[], &with("*.tmp"), &[]).unwrap();
    let manifest = Manifest::parse("x", &sealed.manifest).unwrap();
    assert_eq!(manifest.ignore, [".DS_Store", "ascmhl", "ascmhl/", "*.tmp"]);
    assert_eq!(manifest.files.len(), 1);
    roll.files.insert(sealed.name, sealed.manifest);
    roll.files.insert(CHAIN_NAME.to_owned(), sealed.chain);
    // The pattern stays without being given again.
    let (second, findings) = roll.seal(&[a.clone(), tmp]);
    assert_eq!((second.ignore.len(), second.files.len(), findings), (4, 1, vec![]));
    let error = next_generation(&roll.history(), "A001", &[a], &[], &with("a"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("a new pattern would hide a file that the history lists, such as `a`"), "{error}");
}

#[test]
fn dates_stand_where_the_schema_has_them_and_records_in_the_order_of_a_walk() {
    let date = |day: u32| Some(format!("2026-11-{day:02}T00:00:00Z"));
    let a = Scanned { created: date(1), modified: date(2), hashed: date(3), ..file("Clips/a", b"1", &[Xxh64]) };
    let clips = ScannedDirectory { path: path("Clips"), modified: date(4) };
    let files = [file("0", b"2", &[Xxh64]), a];
    let sealed = next_generation(&History::default(), "r", &files, &[clips], &stamp("2026-11-22T10:57:40Z"), &[]);
    let text = String::from_utf8(sealed.unwrap().manifest).unwrap();
    let lines = [
        "size=\"1\" creationdate=\"2026-11-01T00:00:00Z\" lastmodificationdate=\"2026-11-02T00:00:00Z\">Clips/a<",
        "<xxh64 action=\"original\" hashdate=\"2026-11-03T00:00:00Z\">",
        "<path lastmodificationdate=\"2026-11-04T00:00:00Z\">Clips<",
        "<path size=\"1\">0<",
        "<xxh64 action=\"original\" hashdate=\"2026-11-22T10:57:40Z\">",
    ];
    let places: Vec<_> =
        lines.iter().map(|line| text.find(line).unwrap_or_else(|| panic!("{line} in {text}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
}
