//! Folders with lists of MHL 1.x, whole and damaged.
//!
//! `abc` has md5 900150983cd24fb0d6963f7d28e17f72, sha1 a9993e364706816aba3e25717850c26c9cd0d89d, xxh64 44bc2cf5ad770999 and xxh32
//! 852579327 (`testdata/hash/hashes.json`).

use std::path::PathBuf;

use super::*;
use crate::mhl::{
    Stamp,
    folder::{SealOptions, Unwatched, seal, verify as verify_folder},
};

const MD5: &str = "<md5>900150983cd24fb0d6963f7d28e17f72</md5>";
const SHA1: &str = "<sha1>a9993e364706816aba3e25717850c26c9cd0d89d</sha1>";
const XXH32: &str = "<xxhash>0852579327</xxhash>";
const XXH64: &str = "<xxhash64>990977adf52cbc44</xxhash64>";
const XXH64_BE: &str = "<xxhash64be>44bc2cf5ad770999</xxhash64be>";

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with these files, all `abc`.
    fn new(files: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for file in files {
            folder.write(file, "abc");
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A list of files of three bytes, each with these elements.
    fn list(&self, name: &str, records: &[(&str, &str)]) {
        let record =
            |(path, elements): &(&str, &str)| format!("<hash><file>{path}</file><size>3</size>{elements}</hash>\n");
        let records: String = records.iter().map(record).collect();
        self.write(name, &format!("<hashlist version=\"1.1\">\n{records}</hashlist>\n"));
    }

    fn report(&self) -> Report {
        let report = verify_folder(self.0.path(), &VerifyOptions::default(), &Unwatched).unwrap();
        assert_eq!(report.verdict == Verdict::Verified, report.findings.is_empty());
        let files = &report.files;
        assert_eq!(files.expected, files.verified + files.failed + files.missing);
        report
    }

    fn found(&self) -> Vec<(FindingKind, String, String)> {
        self.report().findings.into_iter().map(|finding| (finding.kind, finding.path, finding.detail)).collect()
    }
}

fn finding(kind: FindingKind, path: &str, detail: &str) -> (FindingKind, String, String) {
    (kind, path.to_owned(), detail.to_owned())
}

#[test]
fn every_digest_of_every_list_is_checked_and_each_file_read_once() {
    let folder = Folder::new(&["a", "Clips/b", "Clips/sub/c"]);
    folder.list("top.mhl", &[("a", &format!("{MD5}{XXH32}")), ("Clips\\b", SHA1), ("./Clips/sub/c", "<null/>")]);
    folder.list("Clips/inner.mhl", &[("b", &format!("{XXH64}{XXH64_BE}{MD5}")), ("sub/c", MD5)]);
    let report = folder.report();
    assert_eq!(report.findings, []);
    assert_eq!((report.files.expected, report.files.verified, report.bytes), (3, 3, 9));
}

#[test]
fn every_damage_has_its_name_and_all_are_found() {
    let folder = Folder::new(&["good", "null", "new", "Clips/short"]);
    folder.write("bytes", "abd");
    folder.write("Clips/long", "abcd");
    let listed = ["good", "bytes", "gone", "Clips/long", "Clips/gone", "../up"].map(|path| (path, MD5));
    folder.list("A001.mhl", &[&listed[..], &[("null", "<null></null>"), ("Clips/short", "")]].concat());
    folder.write("Clips/broken.mhl", "<hashlist version=\"1.1\"><hash>");
    let report = folder.report();
    assert_eq!(
        folder.found(),
        [
            finding(
                FindingKind::Malformed,
                "A001.mhl",
                "line 9: `Clips/short` has no digest; known are md5, sha1, xxhash, xxhash64, xxhash64be, c4, sha256"
            ),
            finding(FindingKind::UnsafePath, "A001.mhl", "line 7: path `../up` leaves its root"),
            finding(FindingKind::Malformed, "Clips/broken.mhl", "line 1: ends in the middle of an element"),
            finding(FindingKind::Missing, "Clips/gone", "`A001.mhl` lists it, but it is not there"),
            finding(FindingKind::SizeMismatch, "Clips/long", "has 4 bytes, `A001.mhl` says 3"),
            // md5sum of `abd`.
            finding(
                FindingKind::Mismatch,
                "bytes",
                "md5 is 4911e516e5aa21d327512e0c8b197616, `A001.mhl` says 900150983cd24fb0d6963f7d28e17f72 as md5"
            ),
            finding(FindingKind::Missing, "gone", "`A001.mhl` lists it, but it is not there"),
            finding(FindingKind::Extra, "new", "no list names it"),
        ]
    );
    let files = report.files;
    assert_eq!((files.expected, files.verified, files.failed, files.missing, files.extra), (7, 2, 3, 2, 1));
}

#[test]
fn of_two_lists_that_contradict_the_finding_names_the_one_that_is_not_met() {
    let folder = Folder::new(&["Clips/a"]);
    folder.list("2026-11-22.mhl", &[("Clips/a", MD5)]);
    folder.list("Clips/2026-11-23.mhl", &[("a", &format!("<sha1>{}</sha1>{MD5}", "0".repeat(40)))]);
    let zeros = "0".repeat(40);
    let detail =
        format!("sha1 is a9993e364706816aba3e25717850c26c9cd0d89d, `Clips/2026-11-23.mhl` says {zeros} as sha1");
    assert_eq!(folder.found(), [finding(FindingKind::Mismatch, "Clips/a", &detail)]);
    folder.write("Clips/2026-11-23.mhl", "<hashlist><hash><file>a</file><size>4</size><null/></hash></hashlist>");
    let detail = "has 3 bytes, `Clips/2026-11-23.mhl` says 4";
    assert_eq!(folder.found(), [finding(FindingKind::SizeMismatch, "Clips/a", detail)]);
}

#[test]
fn a_digest_in_the_other_byte_order_fails_and_the_finding_says_why() {
    let folder = Folder::new(&["a", "b"]);
    let wrong = "<xxhash64>44bc2cf5ad770999</xxhash64>";
    folder.list("A001.mhl", &[("a", wrong), ("b", "<xxhash64be>990977adf52cbc44</xxhash64be>")]);
    let says = "xxh64 is 44bc2cf5ad770999, `A001.mhl` says 990977adf52cbc44 as";
    assert_eq!(
        folder.found(),
        [
            finding(
                FindingKind::Mismatch,
                "a",
                &format!("{says} xxhash64 (as xxhash64be it would fit: the writer did not reverse the bytes)")
            ),
            finding(
                FindingKind::Mismatch,
                "b",
                &format!("{says} xxhash64be (as xxhash64 it would fit: the writer reversed the bytes)")
            ),
        ]
    );
}

#[test]
fn lists_and_droppings_are_not_extra_but_count_when_they_are_listed() {
    let droppings = [".DS_Store", "Clips/._a", "Thumbs.db", ".Trashes/501/x", "$RECYCLE.BIN/x", "._A001.mhl"];
    let folder = Folder::new(&[&droppings[..], &["Clips/a", "B.MHL"]].concat());
    folder.write("B.MHL", "<hashlist><hash><file>Clips/a</file><null/></hash></hashlist>");
    folder.list("A001.mhl", &[("Clips/a", MD5), (".DS_Store", MD5), ("Thumbs.db", MD5)]);
    assert_eq!(folder.found(), []);
    assert_eq!(folder.report().files.verified, 3);
    fs::remove_file(folder.path(".DS_Store")).unwrap();
    folder.write("Thumbs.db", "abd");
    let kinds: Vec<_> = folder.found().into_iter().map(|(kind, path, _)| (kind, path)).collect();
    assert_eq!(
        kinds,
        [(FindingKind::Missing, ".DS_Store".to_owned()), (FindingKind::Mismatch, "Thumbs.db".to_owned())]
    );
}

#[test]
fn a_file_that_no_list_covers_is_extra_too() {
    let folder = Folder::new(&["A001/a", "A002/b"]);
    folder.list("A001/A001.mhl", &[("a", MD5)]);
    let detail = "there is no list in its folder or above";
    assert_eq!(folder.found(), [finding(FindingKind::Extra, "A002/b", detail)]);
}

#[test]
fn a_list_named_by_another_is_a_file_and_a_list() {
    let folder = Folder::new(&["A001/a"]);
    folder.list("A001/A001.mhl", &[("a", MD5)]);
    let digest = crate::hash::digest(crate::hash::Algorithm::Md5, &fs::read(folder.path("A001/A001.mhl")).unwrap());
    let record = |path: &str| {
        format!("<hashlist><hash referencehhashlist=\"yes\"><file>{path}</file><md5>{digest}</md5></hash></hashlist>")
    };
    folder.write("day.mhl", &record("A001/A001.mhl"));
    assert_eq!(folder.report().files.verified, 2);
    folder.write("day.mhl", &record("A002/A002.mhl"));
    let detail = "`day.mhl` lists it, but it is not there";
    assert_eq!(folder.found(), [finding(FindingKind::Missing, "A002/A002.mhl", detail)]);
}

#[test]
fn a_history_governs_where_there_is_one_and_lists_are_files_there() {
    let folder = Folder::new(&["A001/a", "A001/old.mhl", "A002/b"]);
    let stamp = Stamp { created: "2026-11-22T10:57:40Z".to_owned(), hostname: "vm".to_owned(), ..Stamp::default() };
    seal(&folder.path("A001"), &SealOptions { hashes: Vec::new(), stamp }, &Unwatched).unwrap();
    // Not a list at all, which nobody minds: the history says what its bytes are.
    let report = verify_folder(&folder.path("A001"), &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!((report.verdict, report.files.verified), (Verdict::Verified, 2));
    folder.list("A002/A002.mhl", &[("b", MD5)]);
    let detail = "has an ASC MHL history, and no list above covers it; verify it by itself";
    assert_eq!(folder.found(), [finding(FindingKind::NoHistory, "A001", detail)]);
    // A list above covers it, and may even list the history.
    let chain = fs::read(folder.path("A001/ascmhl/ascmhl_chain.xml")).unwrap();
    let chain = crate::hash::digest(crate::hash::Algorithm::Md5, &chain);
    let record = |path: &str, md5: &str| format!("<hash><file>{path}</file>{md5}</hash>");
    let listed = record("A001/ascmhl/ascmhl_chain.xml", &format!("<md5>{chain}</md5>")) + &record("A001/a", MD5);
    folder.write("day.mhl", &format!("<hashlist version=\"1.0\">{listed}</hashlist>"));
    assert_eq!((folder.found(), folder.report().files.verified), (vec![], 3));
}

#[test]
fn a_list_given_by_name_is_checked_alone() {
    let folder = Folder::new(&["a", "b"]);
    folder.list("one.mhl", &[("a", MD5)]);
    folder.list("two.mhl", &[("b", SHA1), ("c", SHA1)]);
    let verify = |name: &str| verify_folder(&folder.path(name), &VerifyOptions::default(), &Unwatched);
    let one = verify("one.mhl").unwrap();
    assert_eq!((one.verdict, one.files.expected, one.files.extra), (Verdict::Verified, 1, 0));
    let two = verify("two.mhl").unwrap();
    assert_eq!((two.verdict, two.files.verified, two.files.missing), (Verdict::Failed, 1, 1));
    assert_eq!(verify("a").unwrap_err().kind(), "io");
    folder.write("new.mhl", "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"></hashlist>");
    let error = verify("new.mhl").unwrap_err();
    assert!(
        error.to_string().ends_with("new.mhl: is a manifest of ASC MHL; give the folder that its history is in"),
        "{error}"
    );
}

#[test]
fn a_manifest_without_its_chain_is_no_list_and_a_generation_cannot_be_asked_for() {
    let folder = Folder::new(&["a"]);
    folder.write("packing.mhl", "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"></hashlist>");
    let detail = "there is no ASC MHL history; `packing.mhl` is a manifest without its chain";
    assert_eq!(folder.found(), [finding(FindingKind::NoHistory, "", detail)]);
    folder.list("A001.mhl", &[("a", MD5)]);
    assert_eq!(folder.found(), []);
    let options = VerifyOptions { generation: Some(1) };
    let error = verify_folder(folder.0.path(), &options, &Unwatched).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("have no generations")), ("invalid", true));
}

#[test]
fn a_version_or_an_encoding_that_is_not_known_is_named() {
    let folder = Folder::new(&["a"]);
    for (list, what) in [
        ("<hashlist version=\"3.0\"/>", "A/x.mhl: hash list version `3.0` is not supported"),
        ("<?xml version='1.0' encoding='EBCDIC'?><hashlist/>", "A/x.mhl: the text encoding EBCDIC is not supported"),
    ] {
        folder.write("A/x.mhl", list);
        let error = verify_folder(folder.0.path(), &VerifyOptions::default(), &Unwatched).unwrap_err();
        assert_eq!(error.kind(), "unsupported");
        assert!(error.to_string().ends_with(what), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_dangle_or_lead_out_and_bad_names_are_findings() {
    use std::os::unix::fs::symlink;
    let outside = Folder::new(&["secret"]);
    let folder = Folder::new(&["a"]);
    symlink("nowhere", folder.path("link")).unwrap();
    symlink(outside.0.path(), folder.path("door")).unwrap();
    folder.write("bad\u{1}name", "x");
    folder.list("A001.mhl", &[("a", MD5), ("link", MD5), ("door/secret", MD5)]);
    let kinds: Vec<_> = folder.found().into_iter().map(|(kind, path, _)| (kind, path)).collect();
    assert_eq!(
        kinds,
        [
            (FindingKind::BadName, "bad\u{1}name".to_owned()),
            (FindingKind::Missing, "door/secret".to_owned()),
            (FindingKind::Missing, "link".to_owned()),
            (FindingKind::DanglingSymlink, "link".to_owned()),
        ]
    );
}
