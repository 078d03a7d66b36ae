//! Real folders, sealed and damaged.

mod weaknesses;

use std::{fs, path::PathBuf};

use super::*;
use crate::mhl::FindingKind;

fn stamp(second: u32) -> Stamp {
    Stamp { created: format!("2026-11-22T10:57:{second:02}Z"), hostname: "vm".to_owned(), ..Stamp::default() }
}

fn roll() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("A001");
    fs::create_dir_all(root.join("Clips/sub")).unwrap();
    fs::create_dir_all(root.join("Empty")).unwrap();
    fs::write(root.join("Clips/a.mov"), b"aaaa").unwrap();
    fs::write(root.join("Clips/sub/a & b \u{e9}.txt"), b"bb").unwrap();
    fs::write(root.join("zero.bin"), b"").unwrap();
    (folder, root)
}

fn sealed(root: &std::path::Path, second: u32) -> SealReport {
    seal(root, &SealOptions { hashes: Vec::new(), stamp: stamp(second) }, &Unwatched).unwrap()
}

fn found(root: &std::path::Path) -> Vec<(FindingKind, String)> {
    let found = found_of(root);
    let report = verify(root, &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!(report.verdict == Verdict::Verified, found.is_empty());
    found
}

fn found_of(root: &std::path::Path) -> Vec<(FindingKind, String)> {
    let report = verify(root, &VerifyOptions::default(), &Unwatched).unwrap();
    report.findings.into_iter().map(|finding| (finding.kind, finding.path)).collect()
}

#[test]
fn what_was_sealed_verifies_and_every_damage_has_its_name() {
    let (_keep, root) = roll();
    let report = sealed(&root, 1);
    assert_eq!((report.manifest.as_str(), report.generation), ("ascmhl/0001_A001_2026-11-22_105701Z.mhl", 1));
    assert_eq!((report.files, report.bytes), (3, 6));
    assert_eq!(found(&root), []);
    fs::write(root.join("Clips/a.mov"), b"aaab").unwrap();
    assert_eq!(found(&root), [(FindingKind::Mismatch, "Clips/a.mov".to_owned())]);
    fs::write(root.join("Clips/a.mov"), b"aaa").unwrap();
    assert_eq!(found(&root), [(FindingKind::SizeMismatch, "Clips/a.mov".to_owned())]);
    fs::remove_file(root.join("Clips/a.mov")).unwrap();
    assert_eq!(found(&root), [(FindingKind::Missing, "Clips/a.mov".to_owned())]);
    fs::write(root.join("Clips/b.mov"), b"aaaa").unwrap();
    assert_eq!(found(&root), [(FindingKind::Renamed, "Clips/b.mov".to_owned())]);
    fs::write(root.join("new"), b"n").unwrap();
    assert_eq!(found(&root).last(), Some(&(FindingKind::Extra, "new".to_owned())));
}

/// Nobody can read this file, whoever it is: its first page is never there.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_is_named_and_the_rest_has_its_verdict() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::remove_file(root.join("zero.bin")).unwrap();
    std::os::unix::fs::symlink("/proc/self/mem", root.join("zero.bin")).unwrap();
    let report = verify(&root, &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!((report.verdict, &report.findings[..]), (Verdict::Failed, &[][..]));
    assert_eq!(report.unreadable.len(), 1);
    assert_eq!(report.unreadable[0].path, "zero.bin");
    assert_eq!((report.files.verified, report.files.missing, report.files.expected), (2, 0, 3));
    fs::write(root.join("Clips/a.mov"), b"aaab").unwrap();
    assert_eq!(found_of(&root), [(FindingKind::Mismatch, "Clips/a.mov".to_owned())]);
}

#[test]
fn a_nested_history_counts_as_it_was_when_the_wanted_generation_was_written() {
    let (_keep, root) = roll();
    fs::create_dir_all(root.join("B001")).unwrap();
    fs::write(root.join("B001/b.mov"), b"b").unwrap();
    sealed(&root.join("B001"), 1);
    sealed(&root, 2);
    fs::write(root.join("B001/c.mov"), b"c").unwrap();
    sealed(&root.join("B001"), 3);
    sealed(&root, 4);
    let at = |generation| {
        let report = verify(&root, &VerifyOptions { generation }, &Unwatched).unwrap();
        (report.files.expected, report.findings.into_iter().map(|f| (f.kind, f.path)).collect::<Vec<_>>())
    };
    assert_eq!(at(None), (5, vec![]));
    assert_eq!(at(Some(2)), (5, vec![]));
    assert_eq!(at(Some(1)), (4, vec![(FindingKind::Extra, "B001/c.mov".to_owned())]));
}

#[test]
fn a_renamed_file_that_a_generation_records_verifies() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::rename(root.join("Clips/a.mov"), root.join("Clips/b.mov")).unwrap();
    assert_eq!(sealed(&root, 2).findings, []);
    let report = verify(&root, &VerifyOptions::default(), &Unwatched).unwrap();
    assert_eq!((report.verdict, report.files.renamed, report.files.verified), (Verdict::Verified, 1, 3));
}

#[test]
fn sealing_an_upper_folder_seals_the_nested_ones_first_and_refers_to_them() {
    let (keep, root) = roll();
    sealed(&root, 1);
    let report = sealed(keep.path(), 2);
    assert_eq!(report.generation, 1);
    assert!(root.join("ascmhl/0002_A001_2026-11-22_105702Z.mhl").exists());
    assert_eq!(found(keep.path()), []);
    fs::write(root.join("Clips/a.mov"), b"aaab").unwrap();
    assert_eq!(found(keep.path()), [(FindingKind::Mismatch, "A001/Clips/a.mov".to_owned())]);
}

#[test]
fn no_history_is_a_finding() {
    let (_keep, root) = roll();
    assert_eq!(found(&root), [(FindingKind::NoHistory, String::new())]);
}

#[test]
fn an_empty_folder_that_went_or_came_is_a_directory_mismatch() {
    let (_keep, root) = roll();
    sealed(&root, 1);
    fs::create_dir(root.join("Clips/new")).unwrap();
    let kind = FindingKind::DirectoryMismatch;
    assert_eq!(found(&root), [(kind, ".".to_owned()), (kind, "Clips".to_owned())]);
    fs::remove_dir(root.join("Clips/new")).unwrap();
    assert_eq!(found(&root), []);
    fs::remove_dir(root.join("Empty")).unwrap();
    assert_eq!(found(&root), [(kind, ".".to_owned()), (kind, "Empty".to_owned())]);
}

#[test]
fn a_nested_history_that_went_on_or_came_later_changes_the_folders_above_it_and_no_others() {
    let (keep, root) = roll();
    let day = keep.path().join("day");
    fs::create_dir(&day).unwrap();
    fs::rename(&root, day.join("A001")).unwrap();
    fs::create_dir(keep.path().join("Empty")).unwrap();
    for (second, root) in [day.join("A001"), day.clone(), keep.path().to_owned()].iter().enumerate() {
        sealed(root, second as u32);
    }
    // The deepest one goes on; nobody above it knows.
    fs::write(day.join("A001/new.mov"), b"n").unwrap();
    sealed(&day.join("A001"), 5);
    assert_eq!(found(keep.path()), []);
    assert_eq!(found(&day), []);
    // Another one comes.
    fs::create_dir(day.join("B001")).unwrap();
    fs::write(day.join("B001/b.mov"), b"b").unwrap();
    assert_eq!(found(keep.path()), [(FindingKind::Extra, "day/B001/b.mov".to_owned())]);
    sealed(&day.join("B001"), 6);
    assert_eq!(found(keep.path()), []);
    // What is beside them is still looked at.
    fs::remove_dir(keep.path().join("Empty")).unwrap();
    assert_eq!(found(keep.path()), [(FindingKind::DirectoryMismatch, "Empty".to_owned())]);
}

/// Leaves sealed folders where a script can hand them to the reference tool.
#[test]
#[ignore = "writes to the folder PLATEFLEET_MHL_OUT for an outside judge"]
fn sealed_folders_for_an_outside_judge() {
    let out = PathBuf::from(std::env::var_os("PLATEFLEET_MHL_OUT").unwrap());
    let (keep, root) = roll();
    let options = |second| SealOptions { hashes: Algorithm::MHL.to_vec(), stamp: stamp(second) };
    seal(&root, &options(1), &Unwatched).unwrap();
    seal(&root, &options(2), &Unwatched).unwrap();
    fs::write(keep.path().join("summary.txt"), b"s").unwrap();
    seal(keep.path(), &options(3), &Unwatched).unwrap();
    fs::rename(keep.keep(), out.join("Reels")).unwrap();
}
