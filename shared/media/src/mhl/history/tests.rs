//! What a history folder says when something is wrong with it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    hash::{Digests, digests},
    mhl::{ChainEntry, ManifestReader, Scanned, Stamp, next_generation},
    source::{Memory, Window},
};

fn path(text: &str) -> RelativePath {
    RelativePath::new(text).unwrap()
}

/// The `ascmhl` folder of a roll with one file and so many generations.
fn folder(generations: usize) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let digests: Digests = digests([Algorithm::Xxh64], b"1");
    let scanned = [Scanned::new(path("a"), 1, digests)];
    for number in 1..=generations {
        let stamp = Stamp { created: format!("2026-11-22T10:57:{number:02}Z"), ..Stamp::default() };
        let history = if number == 1 { History::default() } else { History::read(&files) };
        let sealed = next_generation(&history, "A001", &scanned, &[], &stamp, &[]).unwrap();
        files.insert(sealed.name, sealed.manifest);
        files.insert(CHAIN_NAME.to_owned(), sealed.chain);
    }
    files
}

fn edit_chain(files: &mut BTreeMap<String, Vec<u8>>, edit: impl Fn(&mut Chain)) {
    let mut chain = Chain::parse(&files[CHAIN_NAME]).unwrap();
    edit(&mut chain);
    files.insert(CHAIN_NAME.to_owned(), chain.to_xml());
}

fn found(files: &BTreeMap<String, Vec<u8>>) -> Vec<(FindingKind, String)> {
    History::read(files).findings.into_iter().map(|finding| (finding.kind, finding.path)).collect()
}

const FIRST: &str = "0001_A001_2026-11-22_105701Z.mhl";
const SECOND: &str = "0002_A001_2026-11-22_105702Z.mhl";

#[test]
fn a_good_history_has_no_findings_and_other_files_do_not_count() {
    let mut files = folder(2);
    files.insert("README.txt".to_owned(), b"hello".to_vec());
    files.insert("._0001_A001_2026-11-22_105701Z.mhl".to_owned(), b"resource fork".to_vec());
    assert_eq!(found(&files), []);
    assert_eq!(History::read(&files).generations.len(), 2);
}

#[test]
fn an_empty_folder_is_no_history_and_manifests_without_a_chain_are_not_trusted() {
    assert_eq!(found(&BTreeMap::new()), [(FindingKind::NoHistory, String::new())]);
    let mut files = folder(1);
    files.remove(CHAIN_NAME);
    assert_eq!(found(&files), [(FindingKind::ChainBroken, CHAIN_NAME.to_owned())]);
    assert!(History::read(&files).expectations().is_empty());
}

#[test]
fn a_modified_manifest_does_not_count() {
    let mut files = folder(2);
    files.get_mut(SECOND).unwrap().push(b' ');
    assert_eq!(found(&files), [(FindingKind::ManifestModified, SECOND.to_owned())]);
    assert_eq!(History::read(&files).generations.len(), 1);
}

#[test]
fn a_missing_manifest_is_named() {
    let mut files = folder(2);
    files.remove(FIRST);
    assert_eq!(found(&files), [(FindingKind::ManifestMissing, FIRST.to_owned())]);
}

#[test]
fn a_manifest_that_the_chain_does_not_list_is_a_finding_and_says_nothing() {
    let mut files = folder(1);
    let forged = String::from_utf8(files[FIRST].clone()).unwrap().replace(">a<", ">forged<");
    files.insert("0002_forged.mhl".to_owned(), forged.into_bytes());
    assert_eq!(found(&files), [(FindingKind::ManifestUnlisted, "0002_forged.mhl".to_owned())]);
    assert!(!History::read(&files).expectations().contains_key(&path("forged")));
}

#[test]
fn two_manifests_of_one_generation_are_a_fork() {
    let mut files = folder(2);
    files.insert("0002_other_2026-11-22_110000Z.mhl".to_owned(), files[SECOND].clone());
    assert_eq!(found(&files), [(FindingKind::HistoryForked, "0002_other_2026-11-22_110000Z.mhl".to_owned())]);
    let mut files = folder(2);
    edit_chain(&mut files, |chain| chain.entries[1].sequence = 1);
    assert_eq!(found(&files)[0], (FindingKind::HistoryForked, CHAIN_NAME.to_owned()));
}

#[test]
fn a_gap_a_swap_and_a_repetition_break_the_chain() {
    let mut files = folder(3);
    edit_chain(&mut files, |chain| drop(chain.entries.remove(1)));
    assert_eq!(found(&files)[0], (FindingKind::ChainBroken, CHAIN_NAME.to_owned()));
    let mut files = folder(3);
    edit_chain(&mut files, |chain| chain.entries.swap(0, 1));
    assert_eq!(found(&files)[0], (FindingKind::ChainBroken, CHAIN_NAME.to_owned()));
    let mut files = folder(2);
    edit_chain(&mut files, |chain| {
        let mut again = chain.entries[1].clone();
        again.sequence = 3;
        chain.entries.push(again);
    });
    assert_eq!(found(&files), [(FindingKind::ChainBroken, CHAIN_NAME.to_owned())]);
    assert!(!History::read(&files).is_whole());
}

#[test]
fn a_chain_that_leaves_its_folder_is_unsafe_and_one_that_is_no_xml_is_malformed() {
    let mut files = folder(1);
    edit_chain(&mut files, |chain| chain.entries[0].path = "../../0001_x.mhl".to_owned());
    assert_eq!(found(&files)[0], (FindingKind::UnsafePath, CHAIN_NAME.to_owned()));
    files.insert(CHAIN_NAME.to_owned(), b"<!DOCTYPE x><x/>".to_vec());
    assert_eq!(found(&files), [(FindingKind::Malformed, CHAIN_NAME.to_owned())]);
    assert!(!History::read(&files).is_whole());
}

#[test]
fn a_manifest_that_is_no_manifest_is_malformed_even_when_the_chain_vouches_for_it() {
    let mut files = folder(1);
    files.insert(FIRST.to_owned(), b"<hashlist".to_vec());
    let c4 = crate::hash::c4(b"<hashlist");
    edit_chain(&mut files, |chain| chain.entries[0].c4.clone_from(&c4));
    assert_eq!(found(&files), [(FindingKind::Malformed, FIRST.to_owned())]);
}

/// Path, previous path, digit that its digest repeats, action.
type Record<'a> = (&'a str, Option<&'a str>, u8, &'a str);

/// A folder whose generations are these records (path, previous path, digit, action).
fn folder_of(generations: &[&[Record<'_>]]) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut chain) = (BTreeMap::new(), Chain::default());
    for (records, sequence) in generations.iter().zip(1..) {
        let records: Vec<String> = records
            .iter()
            .map(|(path, previous, digit, action)| {
                let previous = previous.map_or_else(String::new, |p| format!("<previousPath>{p}</previousPath>"));
                let digest = digit.to_string().repeat(16);
                format!("<hash><path>{path}</path><xxh64 action=\"{action}\">{digest}</xxh64>{previous}</hash>")
            })
            .collect();
        let document = document(&records.concat());
        let path = format!("{sequence:04}_x.mhl");
        chain.entries.push(ChainEntry { sequence, path: path.clone(), c4: crate::hash::c4(document.as_bytes()) });
        files.insert(path, document.into_bytes());
    }
    files.insert(CHAIN_NAME.to_owned(), chain.to_xml());
    files
}

fn document(records: &str) -> String {
    format!(
        "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><creatorinfo/><processinfo><process>in-place</process>\
         </processinfo><hashes>{records}</hashes></hashlist>"
    )
}

fn history(generations: &[&[Record<'_>]]) -> History {
    History::read(&folder_of(generations))
}

fn expected(history: &History) -> Vec<(String, String)> {
    let one =
        |(path, e): (&RelativePath, &Expectation)| (path.to_string(), e.hashes[&Algorithm::Xxh64][..1].to_owned());
    history.expectations().into_iter().map(one).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn the_first_entry_that_did_not_fail_is_the_reference() {
    let history = history(&[&[("a", None, 9, "failed")], &[("a", None, 1, "original")], &[("a", None, 2, "verified")]]);
    assert_eq!(expected(&history), pairs(&[("a", "1")]));
}

#[test]
fn renames_are_followed_even_when_two_files_change_places() {
    let swapped = history(&[
        &[("a", None, 1, "original"), ("b", None, 2, "original")],
        &[("a", Some("b"), 2, "verified"), ("b", Some("a"), 1, "verified")],
    ]);
    assert_eq!(expected(&swapped), pairs(&[("a", "2"), ("b", "1")]));
    let reused =
        history(&[&[("a", None, 1, "original")], &[("b", Some("a"), 1, "verified")], &[("a", None, 3, "original")]]);
    assert_eq!(expected(&reused), pairs(&[("a", "3"), ("b", "1")]));
}

#[test]
fn a_file_has_to_match_both_of_two_independent_first_generations() {
    let mut files = folder_of(&[&[("a", None, 1, "original"), ("b", None, 2, "original")]]);
    let rival = document(
        "<hash><path>a</path><xxh64 action=\"original\">3333333333333333</xxh64></hash>\
         <hash><path>c</path><xxh64 action=\"original\">4444444444444444</xxh64></hash>",
    );
    files.insert("0001_other.mhl".to_owned(), rival.into_bytes());
    let history = History::read(&files);
    assert_eq!(history.findings.len(), 1);
    assert_eq!((history.findings[0].kind, history.is_whole()), (FindingKind::HistoryForked, false));
    assert_eq!(expected(&history), pairs(&[("a", "1"), ("b", "2"), ("c", "4")]));
    let a = &history.expectations()[&path("a")];
    assert_eq!(a.rivals, [Digests::from([(Algorithm::Xxh64, "3".repeat(16))])]);
    assert!(history.expectations()[&path("b")].rivals.is_empty());
}

#[test]
fn a_path_that_a_generation_repeats_is_a_finding_and_its_first_record_counts() {
    let history = history(&[&[("a", None, 1, "original"), ("a", None, 2, "original")]]);
    assert_eq!(history.findings, [Finding::new(FindingKind::Malformed, "0001_x.mhl", "line 1: `a` is listed twice")]);
    assert_eq!(expected(&history), pairs(&[("a", "1")]));
}

/// Does a step again after each piece that it misses; counts the pieces.
fn fetching<T>(bytes: &[u8], window: &Window, fetched: &mut u32, mut step: impl FnMut() -> Result<T>) -> T {
    loop {
        match step() {
            Ok(done) => return done,
            Err(Error::Missing { range, .. }) => {
                *fetched += 1;
                window.slide(range.start, bytes[range.start as usize..range.end as usize].to_vec());
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_history_that_is_fetched_piece_by_piece_is_the_same() {
    let names: Vec<String> = (0..6000).map(|n| format!("Clips/A001C001_{n:06}.dng")).collect();
    let first: Vec<Record<'_>> = names.iter().map(|name| (name.as_str(), None, 1, "original")).collect();
    let second: Vec<Record<'_>> = names.iter().map(|name| (name.as_str(), None, 1, "verified")).collect();
    let files = folder_of(&[&first, &second, &[("b", Some(&names[0]), 1, "verified")]]);
    let mut reader = HistoryReader::open(Some(&files[CHAIN_NAME]), files.keys().map(String::as_str), None);
    let mut fetched = 0;
    while let Some(name) = reader.wanted().map(str::to_owned) {
        let bytes = &files[&name];
        let window = Window::new(name.as_str(), bytes.len() as u64);
        assert!(reader.check(&crate::hash::c4(bytes)));
        let manifest = fetching(bytes, &window, &mut fetched, || ManifestReader::open(&window));
        let mut survey = Survey::new(&name, manifest);
        fetching(bytes, &window, &mut fetched, || survey.go_on());
        assert!(reader.surveyed(Ok(survey)));
        let mut manifest = fetching(bytes, &window, &mut fetched, || ManifestReader::open(&window));
        fetching(bytes, &window, &mut fetched, || reader.apply(&mut manifest));
    }
    assert!(fetched >= 12, "{fetched} pieces");
    let (ours, whole) = (reader.finish(), History::read(&files));
    assert_eq!((ours.generations, ours.findings), (whole.generations, whole.findings));
    assert_eq!(ours.expected, whole.expected);
    assert_eq!(whole.expected.len(), 6000);
}

#[test]
fn an_earlier_generation_can_be_asked_for() {
    let files = folder_of(&[&[("a", None, 1, "original")], &[("b", None, 2, "original")]]);
    let mut reader = HistoryReader::open(Some(&files[CHAIN_NAME]), files.keys().map(String::as_str), Some(1));
    while let Some(name) = reader.wanted().map(str::to_owned) {
        reader.read(&Memory::new(name.as_str(), &files[&name][..])).unwrap();
    }
    let earlier = reader.finish();
    assert_eq!(expected(&earlier), pairs(&[("a", "1")]));
    assert_eq!((earlier.generations.len(), earlier.newest_read().unwrap().number), (2, 1));
    assert_eq!(expected(&History::read(&files)), pairs(&[("a", "1"), ("b", "2")]));
}

proptest! {
    #[test]
    fn no_folder_makes_reading_panic(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..6)
    ) {
        let mut files = folder(2);
        let names: Vec<_> = files.keys().cloned().collect();
        for (name, at, byte) in damage {
            let bytes = files.get_mut(name.get(&names)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let history = History::read(&files);
        history.expectations();
        history.with_directories();
    }
}
