//! The eight confirmed weaknesses of the reference tool (`ascmhl` 1.2, each seen by running it), and that we do not have them.
//!
//! Two need more than a folder: what an object store says of its objects is in `infra/sim/tests/fleet/checking.rs`
//! (`an_etag_is_never_taken_for_an_md5`), how fast many files are is measured by `make bench-peers`.

use std::{
    path::Path,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    hash::c4,
    mhl::{Action, CHAIN_NAME, Chain, FOLDER_NAME, Manifest},
};

const FIRST: &str = "0001_A001_2026-11-22_105701Z.mhl";

fn manifest(root: &Path, name: &str) -> Manifest {
    Manifest::parse(name, &fs::read(root.join(FOLDER_NAME).join(name)).unwrap()).unwrap()
}

/// Changes a manifest and has the chain vouch for it, as a forger would.
fn forge(root: &Path, name: &str, edit: impl Fn(&str) -> String) {
    let folder = root.join(FOLDER_NAME);
    let before = fs::read_to_string(folder.join(name)).unwrap();
    let after = edit(&before);
    assert_ne!(before, after, "nothing was forged");
    fs::write(folder.join(name), &after).unwrap();
    let mut chain = Chain::parse(&fs::read(folder.join(CHAIN_NAME)).unwrap()).unwrap();
    let entry = chain.entries.iter_mut().find(|entry| entry.path == name).unwrap();
    entry.c4 = c4(after.as_bytes());
    fs::write(folder.join(CHAIN_NAME), chain.to_xml()).unwrap();
}

/// Without what stands from `open` to `close`.
fn cut(text: &str, open: &str, close: &str) -> String {
    let (before, rest) = text.split_once(open).unwrap();
    format!("{before}{}", rest.split_once(close).unwrap().1)
}

/// Counts what is announced and what is read.
#[derive(Default)]
struct Bytes {
    announced: AtomicU64,
    read: AtomicU64,
}

impl Watch for Bytes {
    fn begin(&self, _files: u64, bytes: u64) {
        self.announced.fetch_add(bytes, Ordering::SeqCst);
    }
    fn advance(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::SeqCst);
    }
}

fn counted(root: &Path) -> (Report, u64, u64) {
    let watch = Bytes::default();
    let report = verify(root, &VerifyOptions::default(), &watch).unwrap();
    (report, watch.announced.into_inner(), watch.read.into_inner())
}

/// 1: the reference exits with 0 when nothing but the root's own digest differs.
#[test]
fn weakness_1_a_forged_root_hash_alone_is_found() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    let digest = manifest(&root, FIRST).root_hash.unwrap().content[&Algorithm::Xxh128].clone();
    forge(&root, FIRST, |xml| xml.replacen(&digest, &"0".repeat(32), 1));
    let report = verify(&root, &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!((report.files.verified, report.files.failed), (3, 0));
    assert_eq!(found(&root), [(FindingKind::DirectoryMismatch, ".".to_owned())]);
}

/// 2: the reference ends with a traceback when a manifest has no `roothash`, which the schema allows.
#[test]
fn weakness_2_a_manifest_without_a_root_hash_verifies_and_its_folders_are_still_checked() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    forge(&root, FIRST, |xml| cut(xml, "<roothash>", "</roothash>"));
    assert_eq!(manifest(&root, FIRST).root_hash, None);
    assert_eq!(found(&root), []);
    fs::create_dir(root.join("Clips/new")).unwrap();
    assert_eq!(found(&root), [(FindingKind::DirectoryMismatch, "Clips".to_owned())]);
}

/// 3: the reference trusts any manifest that lies in the folder.
#[test]
fn weakness_3_a_manifest_that_the_chain_does_not_list_cannot_excuse_damage() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    let folder = root.join(FOLDER_NAME);
    let chain = fs::read(folder.join(CHAIN_NAME)).unwrap();
    fs::write(root.join("new"), b"n").unwrap();
    sealed(&root, 2);
    // The second generation, good as it is, without its place in the chain.
    fs::write(folder.join(CHAIN_NAME), chain).unwrap();
    let name = "0002_A001_2026-11-22_105702Z.mhl";
    assert_eq!(found(&root), [(FindingKind::ManifestUnlisted, format!("ascmhl/{name}"))]);
    let report = verify(&root, &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!((report.files.expected, report.files.verified), (3, 3), "`new` is not vouched for");
}

/// 4: the reference ends with a traceback at a link that points to nothing, or at a character that XML cannot hold.
#[cfg(unix)]
#[test]
fn weakness_4_a_dangling_link_and_a_control_character_are_findings_and_are_refused_before_hashing() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    std::os::unix::fs::symlink("nowhere", root.join("link")).unwrap();
    fs::write(root.join("bad\u{1}name"), b"x").unwrap();
    let kinds: Vec<_> = found(&root).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [FindingKind::BadName, FindingKind::DanglingSymlink]);
    let watch = Bytes::default();
    let error = seal(&root, &SealOptions { hashes: Vec::new(), stamp: stamp(2) }, &watch).unwrap_err();
    assert!(error.to_string().contains("cannot be sealed"), "{error}");
    assert_eq!((watch.announced.into_inner(), watch.read.into_inner()), (0, 0));
}

/// 5: the reference accepts `..` in a path.
#[test]
fn weakness_5_a_path_that_leaves_the_root_is_unsafe_and_what_it_names_is_never_read() {
    let (keep, root) = roll();
    sealed(&root, 1);
    fs::rename(root.join("Clips/a.mov"), keep.path().join("a.mov")).unwrap();
    forge(&root, FIRST, |xml| xml.replace(">Clips/a.mov<", ">../a.mov<"));
    let (report, _, read) = counted(&root);
    let unsafe_path = &report.findings[0];
    assert_eq!(
        (unsafe_path.kind, unsafe_path.path.as_str()),
        (FindingKind::UnsafePath, "ascmhl/0001_A001_2026-11-22_105701Z.mhl")
    );
    assert!(unsafe_path.detail.ends_with("path `../a.mov` leaves its root"), "{unsafe_path}");
    assert_eq!(
        (report.verdict, report.files.expected, read),
        (Verdict::Failed, 2, 2),
        "the two bytes of the other files"
    );
}

/// 6: the reference loses the size of an empty file, and calls a renamed one `original`.
#[test]
fn weakness_6_an_empty_file_has_its_size_and_a_renamed_one_is_verified() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::rename(root.join("Clips/a.mov"), root.join("Clips/b.mov")).unwrap();
    sealed(&root, 2);
    let second = manifest(&root, "0002_A001_2026-11-22_105702Z.mhl");
    let of = |path: &str| second.files.iter().find(|file| file.path.as_str() == path).unwrap();
    assert_eq!(of("zero.bin").size, Some(0));
    let renamed = of("Clips/b.mov");
    assert_eq!(renamed.previous.as_ref().unwrap().as_str(), "Clips/a.mov");
    assert_eq!(renamed.hashes[&Algorithm::Xxh128].action, Some(Action::Verified));
}

/// Holds each file until another one is being read as well.
#[derive(Default)]
struct Together {
    reading: Mutex<u32>,
    more: Condvar,
}

impl Watch for Together {
    fn advance(&self, _bytes: u64) {
        let mut reading = self.reading.lock().unwrap();
        *reading += 1;
        self.more.notify_all();
        let (_reading, late) =
            self.more.wait_timeout_while(reading, Duration::from_mins(1), |reading| *reading < 2).unwrap();
        assert!(!late.timed_out(), "one file waits for the other");
    }
}

/// 6: the reference hashes one file after the other, and looks through all of them for each.
#[test]
fn weakness_6_several_files_are_read_at_a_time() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let report = two.install(|| verify(&root, &VerifyOptions::default(), &Together::default())).unwrap();
    assert_eq!((report.verdict, report.bytes), (Verdict::Verified, 6));
}

/// 7: the reference reads a file to its end before it says that the size is wrong.
#[test]
fn weakness_7_another_size_is_found_before_any_byte_is_read() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::write(root.join("Clips/a.mov"), b"aaaaa").unwrap();
    fs::write(root.join("Clips/sub/a & b \u{e9}.txt"), b"b").unwrap();
    let (report, announced, read) = counted(&root);
    assert_eq!((report.files.failed, report.files.verified), (2, 1));
    assert!(report.findings.iter().all(|finding| finding.kind == FindingKind::SizeMismatch), "{:?}", report.findings);
    assert_eq!((announced, read, report.bytes), (0, 0, 0), "only the empty file was opened");
}

/// 7: the reference cannot verify against an earlier generation.
#[test]
fn weakness_7_a_folder_verifies_against_the_generation_that_is_asked_for() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::write(root.join("new"), b"n").unwrap();
    sealed(&root, 2);
    let at = |generation| {
        let report = verify(&root, &VerifyOptions { generation }, &Unwatched).unwrap();
        let findings = report.findings.into_iter().map(|finding| (finding.kind, finding.path));
        (report.files.expected, findings.collect::<Vec<_>>())
    };
    assert_eq!((at(None), at(Some(2))), ((4, vec![]), (4, vec![])));
    assert_eq!(at(Some(1)), (3, vec![(FindingKind::Extra, "new".to_owned())]));
    let error = verify(&root, &VerifyOptions { generation: Some(3) }, &Unwatched).unwrap_err();
    assert_eq!(error.to_string(), "there is no generation 3; the newest is 2");
}

/// 7: the reference takes a file whose digest has no `action` for one that it does not know.
#[test]
fn weakness_7_a_digest_without_an_action_is_compared_like_any_other() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    forge(&root, FIRST, |xml| xml.replace(" action=\"original\"", ""));
    let first = manifest(&root, FIRST);
    assert!(first.files.iter().flat_map(|file| file.hashes.values()).all(|entry| entry.action.is_none()));
    assert_eq!(found(&root), []);
    fs::write(root.join("Clips/a.mov"), b"aaab").unwrap();
    assert_eq!(found(&root), [(FindingKind::Mismatch, "Clips/a.mov".to_owned())]);
}

/// 8: the reference knows no object store; what makes one bearable holds on a disk as well.
#[test]
fn weakness_8_every_format_of_a_file_is_checked_in_one_read() {
    let (_keep, root) = roll();
    seal(&root, &SealOptions { hashes: Algorithm::MHL.to_vec(), stamp: stamp(1) }, &Unwatched).unwrap();
    assert_eq!(manifest(&root, FIRST).files[0].hashes.len(), 6);
    let (report, announced, read) = counted(&root);
    assert_eq!((report.verdict, announced, read), (Verdict::Verified, 6, 6));
}
