//! What a history folder says when something is wrong with it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    hash::{Digests, digests},
    mhl::{Scanned, Stamp, next_generation},
};

fn path(text: &str) -> RelativePath {
    RelativePath::new(text).unwrap()
}

/// The `ascmhl` folder of a roll with one file and so many generations.
fn folder(generations: usize) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let digests: Digests = digests([Algorithm::Xxh64], b"1");
    let scanned = [Scanned { path: path("a"), size: 1, modified: None, digests }];
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

/// A history whose generations are these records (path, previous path, digit, action).
fn history(generations: &[&[Record<'_>]]) -> History {
    let manifest = |records: &&[Record<'_>]| {
        let records: Vec<String> = records
            .iter()
            .map(|(path, previous, digit, action)| {
                let previous = previous.map_or_else(String::new, |p| format!("<previousPath>{p}</previousPath>"));
                let digest = digit.to_string().repeat(16);
                format!("<hash><path>{path}</path><xxh64 action=\"{action}\">{digest}</xxh64>{previous}</hash>")
            })
            .collect();
        let records = records.concat();
        let document = format!(
            "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><creatorinfo/><processinfo><process>in-place</process>\
             </processinfo><hashes>{records}</hashes></hashlist>"
        );
        Manifest::parse("x", document.as_bytes()).unwrap()
    };
    let generations = generations.iter().map(manifest).zip(1..).map(|(manifest, number)| Generation {
        number,
        name: String::new(),
        c4: String::new(),
        manifest,
    });
    History { generations: generations.collect(), ..History::default() }
}

fn expected(history: &History) -> Vec<(String, String)> {
    let one = |(path, e): (RelativePath, Expectation)| (path.to_string(), e.hashes[&Algorithm::Xxh64][..1].to_owned());
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
fn an_earlier_generation_can_be_asked_for() {
    let history = history(&[&[("a", None, 1, "original")], &[("b", None, 2, "original")]]);
    assert_eq!(history.expectations_at(1).len(), 1);
    assert_eq!(history.expectations().len(), 2);
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
        history.with_directories(u32::MAX);
    }
}
