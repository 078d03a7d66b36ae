//! Sealing real folders: what is refused before anything is read, what stays when it does not come to an end, and histories
//! in histories.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::*;
use crate::{
    hash::Algorithm,
    mhl::{
        CHAIN_NAME, FindingKind, Manifest,
        folder::{Unwatched, VerifyOptions, verify},
    },
};

fn options(second: u32) -> SealOptions {
    let stamp =
        Stamp { created: format!("2026-11-22T10:57:{second:02}Z"), hostname: "vm".to_owned(), ..Stamp::default() };
    SealOptions { hashes: Vec::new(), stamp }
}

fn with(second: u32, hashes: &[Algorithm]) -> SealOptions {
    SealOptions { hashes: hashes.to_vec(), ..options(second) }
}

fn leaving_out(second: u32, pattern: &str) -> SealOptions {
    let mut options = options(second);
    options.stamp.ignore.push(pattern.to_owned());
    options
}

fn sealed(root: &Path, options: &SealOptions) -> SealReport {
    let report = seal(root, options, &Unwatched).unwrap();
    assert_eq!(report.findings, []);
    report
}

fn refused(root: &Path, options: &SealOptions) -> String {
    seal(root, options, &MustNotRead).unwrap_err().to_string()
}

/// Fails the test when files are read.
struct MustNotRead;

impl Watch for MustNotRead {
    fn begin(&self, _files: u64, _bytes: u64) {
        panic!("it was about to read");
    }
}

/// `Reels/A001/Clips/a.mov` and `Reels/notes.txt`.
fn reels() -> (tempfile::TempDir, PathBuf) {
    let keep = tempfile::tempdir().unwrap();
    let root = keep.path().join("Reels");
    fs::create_dir_all(root.join("A001/Clips")).unwrap();
    fs::write(root.join("A001/Clips/a.mov"), b"aaaa").unwrap();
    fs::write(root.join("notes.txt"), b"n").unwrap();
    (keep, root)
}

/// Everything in the `ascmhl` folders, by path.
fn histories(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = [root.join(FOLDER_NAME), root.join("A001").join(FOLDER_NAME)];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn newest(root: &Path) -> Manifest {
    let files = fs::read_dir(root.join(FOLDER_NAME)).unwrap().map(|entry| entry.unwrap().path());
    let newest = files.filter(|path| path.extension().is_some_and(|e| e == "mhl")).max().unwrap();
    Manifest::parse("newest", &fs::read(newest).unwrap()).unwrap()
}

fn is_verified(root: &Path) -> bool {
    verify(root, &VerifyOptions::default(), &Unwatched).unwrap().findings.is_empty()
}

fn formats(manifest: &Manifest) -> BTreeSet<Algorithm> {
    manifest.files.iter().flat_map(|file| file.hashes.keys().copied()).collect()
}

#[test]
fn each_nested_history_goes_on_in_its_own_formats() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &with(1, &[Algorithm::Md5]));
    sealed(&root, &with(2, &[Algorithm::Md5, Algorithm::C4]));
    fs::remove_dir_all(root.join("A001/ascmhl")).unwrap();
    fs::remove_dir_all(root.join("ascmhl")).unwrap();
    sealed(&root.join("A001"), &with(1, &[Algorithm::Md5]));
    // A first generation has the formats of those below it, so that its folders can have digests.
    sealed(&root, &options(2));
    assert_eq!(formats(&newest(&root)), BTreeSet::from([Algorithm::Md5]));
    sealed(&root.join("A001"), &with(3, &[Algorithm::Sha1]));
    sealed(&root, &options(4));
    assert_eq!(formats(&newest(&root)), BTreeSet::from([Algorithm::Md5]));
    assert_eq!(formats(&newest(&root.join("A001"))), BTreeSet::from([Algorithm::Md5, Algorithm::Sha1]));
    assert!(is_verified(&root));
}

#[test]
fn the_root_of_a_nested_history_is_written_twice_and_folders_have_their_dates() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    sealed(&root, &options(2));
    let (upper, nested) = (newest(&root), newest(&root.join("A001")));
    assert_eq!(upper.directories[0].path.as_str(), "A001");
    assert_eq!(Some(&upper.directories[0].digests), nested.root_hash.as_ref());
    assert!(upper.directories[0].modified.is_some() && nested.files[0].modified.is_some());
    assert_eq!(upper.references[0].path.as_str(), "A001/ascmhl/0002_A001_2026-11-22_105702Z.mhl");
}

#[cfg(unix)]
#[test]
fn names_and_links_that_cannot_be_sealed_are_all_said_before_anything_is_read() {
    let (_keep, root) = reels();
    std::os::unix::fs::symlink("nowhere", root.join("A001/link")).unwrap();
    for name in ["bell\u{7}", "A001/non\u{ffff}character"] {
        fs::write(root.join(name), b"x").unwrap();
    }
    let error = refused(&root, &options(1));
    for said in ["bad-name: bell\\u{7}:", "bad-name: A001/non\\u{ffff}character:", "dangling-symlink: A001/link:"] {
        assert!(error.contains(said), "{said} in {error}");
    }
    assert!(!root.join(FOLDER_NAME).exists());
}

#[cfg(unix)]
#[test]
fn a_root_whose_name_cannot_be_in_a_manifest_is_refused_before_anything_is_read() {
    use std::os::unix::ffi::OsStrExt as _;
    let keep = tempfile::tempdir().unwrap();
    let long = "x".repeat(230);
    for (name, said) in [
        (&b"bell\x07"[..], "cannot be the name of a history's root folder"),
        (b"\xff", "is not UTF-8"),
        ("\u{fffe}".as_bytes(), "cannot be the name of a history's root folder"),
        (long.as_bytes(), "name too long"),
    ] {
        let root = keep.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&root).unwrap();
        fs::write(root.join("a"), b"1").unwrap();
        let error = refused(&root, &options(1));
        assert!(error.contains(said), "{said} in {error}");
        assert!(!root.join(FOLDER_NAME).exists());
    }
}

#[test]
fn every_finding_of_every_history_is_said_and_none_is_continued() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    sealed(&root, &options(2));
    let first = root.join("A001/ascmhl/0001_A001_2026-11-22_105701Z.mhl");
    let mut bytes = fs::read(&first).unwrap();
    bytes.push(b' ');
    fs::write(&first, bytes).unwrap();
    fs::write(root.join("ascmhl/0002_Reels_2026-11-22_105703Z.mhl"), b"<hashlist/>").unwrap();
    let before = histories(&root);
    let error = refused(&root, &options(3));
    assert!(error.contains("manifest-modified: A001/ascmhl/0001_A001_2026-11-22_105701Z.mhl"), "{error}");
    assert!(error.contains("manifest-unlisted: ascmhl/0002_Reels_2026-11-22_105703Z.mhl"), "{error}");
    assert!(error.contains("move it out of `ascmhl` and try again"), "{error}");
    assert_eq!(histories(&root), before);
}

#[test]
fn a_record_that_is_not_sound_keeps_a_history_from_being_continued() {
    let (_keep, root) = reels();
    let report = sealed(&root, &options(1));
    let manifest = root.join(report.manifest);
    let text = fs::read_to_string(&manifest).unwrap().replace(">notes.txt<", ">../notes.txt<");
    let chain = root.join(FOLDER_NAME).join(CHAIN_NAME);
    let mut listed = crate::mhl::Chain::parse(&fs::read(&chain).unwrap()).unwrap();
    listed.entries[0].c4 = crate::hash::c4(text.as_bytes());
    fs::write(&manifest, text).unwrap();
    fs::write(&chain, listed.to_xml()).unwrap();
    assert!(refused(&root, &options(2)).contains("unsafe-path: ascmhl/0001_Reels"));
}

#[test]
fn a_pattern_leaves_out_files_and_folders_here_and_in_nested_histories() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    fs::create_dir(root.join("A001/cache")).unwrap();
    for name in ["A001/cache/x", "A001/y.tmp", "z.tmp"] {
        fs::write(root.join(name), b"x").unwrap();
    }
    let mut options = leaving_out(2, "*.tmp");
    options.stamp.ignore.push("/A001/cache/".to_owned());
    let report = sealed(&root, &options);
    assert_eq!(report.files, 2);
    assert!(is_verified(&root) && is_verified(&root.join("A001")));
    let nested = newest(&root.join("A001"));
    assert_eq!(nested.ignore[3..], ["*.tmp", "/cache/"]);
    assert_eq!(nested.directories.iter().map(|d| d.path.as_str()).collect::<Vec<_>>(), ["Clips"]);
}

#[test]
fn a_pattern_that_would_hide_what_was_sealed_is_refused_before_anything_is_read() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    sealed(&root, &options(2));
    assert!(refused(&root, &leaving_out(3, "*.txt")).contains("such as `notes.txt`"));
    assert!(refused(&root, &leaving_out(3, "*.mov")).contains("such as `Clips/a.mov`"));
    assert!(refused(&root, &leaving_out(3, "/A001/Clips/")).contains("such as `Clips/a.mov`"));
    assert!(refused(&root, &leaving_out(3, "A001/")).contains("would hide the history of `A001`"));
}

/// Does something to a file once all were read, or asks to stop.
struct Meanwhile<F: Fn() + Sync> {
    act: F,
    acted: AtomicBool,
    stop: bool,
}

impl<F: Fn() + Sync> Watch for Meanwhile<F> {
    fn advance(&self, _bytes: u64) {
        if !self.acted.swap(true, Ordering::SeqCst) {
            (self.act)();
        }
    }
    fn stopped(&self) -> bool {
        self.stop && self.acted.load(Ordering::SeqCst)
    }
}

fn meanwhile(root: &Path, stop: bool, act: impl Fn() + Sync) -> String {
    let before = histories(root);
    let watch = Meanwhile { act, acted: AtomicBool::new(false), stop };
    let error = seal(root, &options(9), &watch).unwrap_err().to_string();
    assert_eq!(histories(root), before);
    error
}

#[test]
fn a_file_that_changes_while_files_are_read_is_named_and_nothing_is_written() {
    let (_keep, root) = reels();
    let place = root.join("notes.txt");
    let error = meanwhile(&root, false, || fs::write(&place, b"longer").unwrap());
    assert!(error.contains("changed while they were read"), "{error}");
    assert!(error.ends_with("\n  notes.txt"), "{error}");
    assert!(!root.join(FOLDER_NAME).exists());
    let error = meanwhile(&root, false, || fs::remove_file(&place).unwrap());
    assert!(error.contains("notes.txt"), "{error}");
}

/// Has a clock that goes on by a second with every look at it.
struct Clock(AtomicU32);

impl Watch for Clock {
    fn now(&self) -> Option<String> {
        Some(format!("2026-11-22T11:00:{:02}Z", self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

#[test]
fn a_digest_has_the_date_of_its_reading_and_the_manifest_that_of_the_beginning() {
    let (_keep, root) = reels();
    seal(&root, &options(1), &Clock(AtomicU32::new(1))).unwrap();
    let manifest = newest(&root);
    assert_eq!(manifest.creator.created, "2026-11-22T10:57:01Z");
    let entries = manifest.files.iter().flat_map(|file| file.hashes.values());
    let dates: BTreeSet<_> = entries.map(|entry| entry.date.as_deref().unwrap()).collect();
    assert_eq!(dates, BTreeSet::from(["2026-11-22T11:00:01Z", "2026-11-22T11:00:02Z"]));
}

#[test]
fn a_seal_that_is_stopped_leaves_the_history_as_it_was() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    let error = meanwhile(&root, true, || {});
    assert!(error.contains("stopped"), "{error}");
    assert!(!root.join(FOLDER_NAME).exists());
}

#[test]
fn a_history_that_somebody_else_continued_meanwhile_is_left_alone() {
    let (keep, root) = reels();
    sealed(&root, &options(1));
    let theirs = keep.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::copy(root.join("notes.txt"), theirs.join("notes.txt")).unwrap();
    let other = sealed(&theirs, &options(2));
    let watch = Meanwhile {
        act: || {
            fs::copy(theirs.join(FOLDER_NAME).join(CHAIN_NAME), root.join(FOLDER_NAME).join(CHAIN_NAME)).unwrap();
        },
        acted: AtomicBool::new(false),
        stop: false,
    };
    let error = seal(&root, &options(3), &watch).unwrap_err().to_string();
    assert!(error.contains("the history changed while the files were read"), "{error}");
    let names: Vec<_> = histories(&root).into_keys().collect();
    assert_eq!(names.len(), 2, "{names:?} beside {}", other.manifest);
}

#[test]
fn a_nested_history_whose_files_are_all_gone_does_not_keep_the_others_from_going_on() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    sealed(&root, &options(2));
    fs::remove_dir_all(root.join("A001/Clips")).unwrap();
    let report = seal(&root, &options(3), &Unwatched).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.path.as_str())).collect();
    assert_eq!(found, [(FindingKind::Missing, "A001/Clips/a.mov")]);
    // xxh128 of nothing.
    let emptied = newest(&root.join("A001")).root_hash.unwrap();
    assert_eq!(emptied.content[&Algorithm::Xxh128], "99aa06d3014798d86001c324468d497f");
    assert_eq!(newest(&root).references[0].path.as_str(), "A001/ascmhl/0003_A001_2026-11-22_105703Z.mhl");
    let report = verify(&root, &VerifyOptions::default(), &Unwatched).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.path.as_str())).collect();
    assert_eq!(found, [(FindingKind::Missing, "A001/Clips/a.mov")]);
}

#[test]
fn when_a_level_cannot_be_written_none_is() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    sealed(&root, &options(2));
    let before = histories(&root);
    let blocked = root.join("A001/ascmhl/0003_A001_2026-11-22_105709Z.mhl");
    // Comes after the first look, so that only writing can meet it.
    let watch = Meanwhile { act: || fs::create_dir(&blocked).unwrap(), acted: AtomicBool::new(false), stop: false };
    seal(&root, &options(9), &watch).unwrap_err();
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(histories(&root), before);
}

#[test]
fn a_lower_folder_that_is_being_sealed_keeps_the_upper_one_waiting() {
    let (_keep, root) = reels();
    sealed(&root.join("A001"), &options(1));
    let _held = lock(&root.join("A001")).unwrap();
    assert!(refused(&root, &options(2)).contains("somebody else seals this folder just now"));
}

#[test]
fn a_new_nested_history_does_not_make_an_original_of_what_the_upper_one_knows_better() {
    let (_keep, root) = reels();
    fs::write(root.join("A001/Clips/b.mov"), b"bb").unwrap();
    sealed(&root, &options(1));
    fs::create_dir(root.join("A001/ascmhl")).unwrap();
    fs::write(root.join("A001/Clips/a.mov"), b"aaax").unwrap();
    fs::remove_file(root.join("A001/Clips/b.mov")).unwrap();
    fs::write(root.join("A001/Clips/c.mov"), b"c").unwrap();
    let report = seal(&root, &options(2), &Unwatched).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.path.as_str())).collect();
    assert_eq!(found, [(FindingKind::Mismatch, "A001/Clips/a.mov"), (FindingKind::Missing, "A001/Clips/b.mov")]);
    let nested = newest(&root.join("A001"));
    assert_eq!(nested.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["Clips/c.mov"]);
    assert!(nested.root_hash.is_none());
}
