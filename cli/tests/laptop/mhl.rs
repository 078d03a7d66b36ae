use std::fs;

use serde_json::{Value, json};

use crate::{Run, footage, platefleet};

fn on(command: &str, root: &std::path::Path, more: &[&str]) -> Run {
    platefleet([command, root.to_str().unwrap(), "--json"].iter().chain(more))
}

fn findings(run: &Run) -> Vec<(String, String)> {
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let document = run.json();
    document["findings"].as_array().unwrap().iter().map(|f| (text(f, "kind"), text(f, "path"))).collect()
}

#[test]
fn a_sealed_folder_verifies_until_something_changes() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("A001");
    let (clip, name) = footage(&root);
    let sealed = on("seal", &root, &["--hash", "md5", "--hash", "xxh128", "--author", "A. Loader"]);
    assert_eq!(sealed.code, Some(0), "{}", sealed.stdout);
    assert_eq!((&sealed.json()["generation"], &sealed.json()["files"]), (&json!(1), &json!(2)));
    let good = on("verify", &root, &[]);
    assert_eq!((good.code, &good.json()["verdict"]), (Some(0), &json!("verified")));
    assert_eq!(good.json()["files"]["verified"], 2);

    let path = |n: u32| clip.join(format!("{name}_{n:06}.dng"));
    let relative = |n: u32| format!("{name}/{name}_{n:06}.dng");
    let mut bytes = fs::read(path(0)).unwrap();
    bytes[700] ^= 1;
    fs::write(path(0), &bytes).unwrap();
    fs::remove_file(path(1)).unwrap();
    fs::write(clip.join("extra.txt"), "x").unwrap();
    let bad = on("verify", &root, &[]);
    assert_eq!((bad.code, &bad.json()["verdict"]), (Some(1), &json!("failed")));
    let mut found = findings(&bad);
    found.retain(|(kind, _)| kind != "directory-mismatch");
    found.sort();
    let expected = [("extra", format!("{name}/extra.txt")), ("mismatch", relative(0)), ("missing", relative(1))];
    assert_eq!(found, expected.map(|(kind, path)| (kind.to_owned(), path)));
    let counts = &bad.json()["files"];
    assert_eq!((&counts["failed"], &counts["missing"], &counts["extra"]), (&json!(1), &json!(1), &json!(1)));
}

#[test]
fn a_folder_without_a_history_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    footage(dir.path());
    let run = on("verify", dir.path(), &[]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("no-history"), "{}", run.stdout);
}

/// Files of `abc`, listed with digests of `testdata/hash/hashes.json`: xxhash64 has its bytes reversed, xxhash is decimal.
#[test]
fn a_folder_with_lists_of_mhl_1_verifies_until_something_changes() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let list = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\">
  <hash><file>Clips\\a.mov</file><size>3</size><xxhash64>990977adf52cbc44</xxhash64></hash>
  <hash><file>b.mov</file><size>3</size><xxhash>0852579327</xxhash><md5>900150983cd24fb0d6963f7d28e17f72</md5></hash>
  <hash><file>c.mov</file><size>3</size><null></null></hash>
</hashlist>";
    fs::create_dir_all(root.join("A001/Clips")).unwrap();
    fs::write(root.join("A001/A001_2026-11-22_105740.mhl"), list).unwrap();
    for name in ["Clips/a.mov", "b.mov", "c.mov"] {
        fs::write(root.join("A001").join(name), "abc").unwrap();
    }
    let good = on("verify", root, &[]);
    assert_eq!((good.code, &good.json()["verdict"]), (Some(0), &json!("verified")), "{}", good.stdout);
    let counts = json!({"expected": 3, "verified": 3, "failed": 0, "missing": 0, "extra": 0, "renamed": 0});
    assert_eq!((&good.json()["files"], &good.json()["bytes"]), (&counts, &json!(6)));
    assert_eq!(on("verify", &root.join("A001/A001_2026-11-22_105740.mhl"), &[]).code, Some(0));

    fs::write(root.join("A001/Clips/a.mov"), "abd").unwrap();
    fs::write(root.join("A001/b.mov"), "ab").unwrap();
    fs::remove_file(root.join("A001/c.mov")).unwrap();
    fs::write(root.join("A001/new.mov"), "abc").unwrap();
    let bad = on("verify", root, &[]);
    assert_eq!((bad.code, &bad.json()["verdict"]), (Some(1), &json!("failed")));
    let counts = json!({"expected": 3, "verified": 0, "failed": 2, "missing": 1, "extra": 1, "renamed": 0});
    assert_eq!(bad.json()["files"], counts);
    let expected = [
        ("mismatch", "A001/Clips/a.mov"),
        ("size-mismatch", "A001/b.mov"),
        ("missing", "A001/c.mov"),
        ("extra", "A001/new.mov"),
    ];
    assert_eq!(findings(&bad), expected.map(|(kind, path)| (kind.to_owned(), path.to_owned())));
}

#[test]
fn a_generation_that_there_is_not_is_usage() {
    let dir = tempfile::tempdir().unwrap();
    let list = "<hashlist version=\"1.0\"><hash><file>a</file><size>1</size><null/></hash></hashlist>";
    fs::write(dir.path().join("old.mhl"), list).unwrap();
    fs::write(dir.path().join("a"), "a").unwrap();
    let run = on("verify", dir.path(), &["--generation", "1"]);
    let detail = "lists of MHL 1.x have no generations; leave the generation out";
    assert_eq!((run.code, run.error()), (Some(2), ("usage".to_owned(), detail.to_owned())));
    fs::write(dir.path().join("new.mhl"), "<hashlist version=\"1.9\" xmlns=\"urn:x\"/>").unwrap();
    assert_eq!(findings(&on("verify", dir.path(), &[])), [("malformed".to_owned(), "new.mhl".to_owned())]);
    fs::write(dir.path().join("new.mhl"), "<hashlist version=\"3.0\"/>").unwrap();
    assert_eq!(on("verify", dir.path(), &[]).code, Some(3));
    fs::remove_file(dir.path().join("new.mhl")).unwrap();
    fs::remove_file(dir.path().join("old.mhl")).unwrap();
    assert_eq!(on("seal", dir.path(), &[]).code, Some(0));
    assert_eq!(on("verify", dir.path(), &["--generation", "2"]).code, Some(2));
}

#[test]
fn a_hash_that_mhl_does_not_have_is_usage() {
    let dir = tempfile::tempdir().unwrap();
    for hash in ["sha256", "crc32"] {
        assert_eq!(on("seal", dir.path(), &["--hash", hash]).code, Some(2), "{hash}");
    }
    assert_eq!(on("verify", &dir.path().join("nowhere"), &[]).code, Some(4));
}

/// `Reels/A001/a.mov` and `Reels/notes.txt`, the former with a history of its own.
fn reels(dir: &std::path::Path) -> std::path::PathBuf {
    let root = dir.join("Reels");
    fs::create_dir_all(root.join("A001")).unwrap();
    fs::write(root.join("A001/a.mov"), "aaaa").unwrap();
    fs::write(root.join("notes.txt"), "n").unwrap();
    assert_eq!(on("seal", &root.join("A001"), &["--hash", "md5"]).code, Some(0));
    root
}

#[test]
fn who_seals_stands_in_the_manifest_and_must_be_somebody_with_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let root = reels(dir.path());
    let who = ["--author", "Jane <DIT>", "--role", "DIT", "--email", "j@x.com", "--phone", "+1 2", "--location", "LA"];
    let run = on("seal", &root, &who);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let manifest = fs::read_to_string(root.join(run.json()["manifest"].as_str().unwrap())).unwrap();
    let author = "<author role=\"DIT\" email=\"j@x.com\" phone=\"+1 2\">Jane &lt;DIT&gt;</author>";
    assert!(manifest.contains(author) && manifest.contains("<location>LA</location>"), "{manifest}");
    for wrong in [&["--author", "J", "--email", "jane"][..], &["--role", "DIT"]] {
        assert_eq!(on("seal", &root, wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn what_is_ignored_stays_ignored_and_cannot_be_what_was_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let root = reels(dir.path());
    fs::write(root.join("A001/x.tmp"), "x").unwrap();
    let run = on("seal", &root, &["--ignore", "*.tmp", "--ignore", "/cache/"]);
    assert_eq!((run.code, &run.json()["files"]), (Some(0), &json!(2)), "{}", run.stdout);
    assert_eq!(on("verify", &root, &[]).code, Some(0));
    assert_eq!(on("seal", &root, &[]).json()["files"], 2);
    let refused = on("seal", &root, &["--ignore", "*.txt"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.error().1.contains("such as `notes.txt`"), "{}", refused.stdout);
}

#[test]
fn a_folder_that_cannot_be_written_fails_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("A001");
    fs::create_dir(&root).unwrap();
    // Nobody reads so much in the time of a test.
    fs::File::create(root.join("huge.mov")).unwrap().set_len(1 << 42).unwrap();
    fs::write(root.join("ascmhl"), "a file where a folder should be").unwrap();
    assert_eq!(on("seal", &root, &["--hash", "c4"]).code, Some(4));
}

#[test]
fn a_generation_that_no_chain_lists_stops_the_next_seal_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let root = reels(dir.path());
    let chain = root.join("A001/ascmhl/ascmhl_chain.xml");
    let before = fs::read(&chain).unwrap();
    // What a power cut between manifest and chain leaves.
    let left = on("seal", &root.join("A001"), &[]);
    fs::write(&chain, before).unwrap();
    let run = on("seal", &root, &[]);
    let (kind, detail) = run.error();
    assert_eq!((run.code, kind.as_str()), (Some(1), "invalid"));
    let manifest = format!("A001/{}", left.json()["manifest"].as_str().unwrap());
    assert!(detail.contains(&format!("manifest-unlisted: {manifest}")), "{detail}");
    assert!(detail.contains("move it out of `ascmhl` and try again"), "{detail}");
    fs::remove_file(root.join(manifest)).unwrap();
    assert_eq!(on("seal", &root, &[]).code, Some(0));
}

/// Seals a file that takes long, and sends a signal once it is at work.
#[cfg(unix)]
fn sealed_until(signal: &str) -> (tempfile::TempDir, std::path::PathBuf, Option<i32>) {
    use std::{process::Command, thread::sleep, time::Duration};
    let dir = tempfile::tempdir().unwrap();
    let root = reels(dir.path());
    fs::File::create(root.join("huge.mov")).unwrap().set_len(1 << 42).unwrap();
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_platefleet")).arg("seal").arg(&root).args(["--hash", "c4"]).spawn().unwrap();
    // At work means: it holds the lock of the folder.
    while fs::File::open(&root).unwrap().try_lock().is_ok() {
        sleep(Duration::from_millis(10));
    }
    sleep(Duration::from_millis(150));
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let code = child.wait().unwrap().code();
    fs::remove_file(root.join("huge.mov")).unwrap();
    (dir, root, code)
}

#[cfg(unix)]
#[test]
fn a_seal_that_is_stopped_or_killed_leaves_the_history_as_it_was() {
    for (signal, expected) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-KILL", None)] {
        let (_keep, root, code) = sealed_until(signal);
        assert_eq!(code, expected, "{signal}");
        assert!(!root.join("ascmhl").exists(), "{signal}");
        let names = fs::read_dir(root.join("A001/ascmhl")).unwrap().count();
        assert_eq!(names, 2, "{signal}: one manifest and the chain");
        assert_eq!(on("seal", &root, &[]).code, Some(0), "{signal}");
        assert_eq!(on("verify", &root, &[]).code, Some(0), "{signal}");
    }
}

#[test]
fn every_finding_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("A001");
    fs::create_dir(&root).unwrap();
    let details = |run: &Run| -> Vec<String> {
        let document = run.json();
        let findings = document["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["detail"].as_str().unwrap().to_owned()).collect()
    };
    let none = on("verify", &root, &[]);
    assert_eq!(details(&none), ["there is no ASC MHL history; seal the folder, or verify it against a packing list"]);
    for name in ["gone", "short"] {
        fs::write(root.join(name), "abc").unwrap();
    }
    assert_eq!(on("seal", &root, &[]).code, Some(0));
    fs::remove_file(root.join("gone")).unwrap();
    fs::write(root.join("short"), "ab").unwrap();
    fs::write(root.join("new"), "n").unwrap();
    let told = [
        "the history lists it, but it is not there; copy it again from another copy",
        "the history does not list it; seal the folder again if it belongs here, else take it away",
        "has 2 bytes, the history says 3; replace it from another copy and verify again",
    ];
    assert_eq!(details(&on("verify", &root, &[])), told);
    let people = platefleet(["verify", root.to_str().unwrap()]);
    assert!(people.stdout.contains("hint  missing: copy it again from another copy"), "{}", people.stdout);
}

#[test]
fn a_flattened_history_is_a_list_that_a_copy_is_checked_against() {
    let dir = tempfile::tempdir().unwrap();
    let root = reels(dir.path());
    let list = dir.path().join("list.mhl");
    let (out, list) = (["-o", list.to_str().unwrap(), "--author", "Jane"], &list);
    let none = on("flatten", &root, &out);
    assert_eq!(none.code, Some(1), "{}", none.stdout);
    assert_eq!(on("seal", &root, &[]).code, Some(0));
    let flat = on("flatten", &root, &out);
    assert_eq!((flat.code, &flat.json()["files"], &flat.json()["histories"]), (Some(0), &json!(2), &json!(2)));
    assert_eq!(on("flatten", &root, &out).code, Some(2), "it is there already");
    let inside = root.join("ascmhl/list.mhl");
    assert_eq!(on("flatten", &root, &["-o", inside.to_str().unwrap()]).code, Some(2));

    for folder in ["ascmhl", "A001/ascmhl"] {
        fs::remove_dir_all(root.join(folder)).unwrap();
    }
    let against = ["--packing-list", list.to_str().unwrap()];
    let good = on("verify", &root, &against);
    assert_eq!((good.code, &good.json()["files"]["verified"]), (Some(0), &json!(2)), "{}", good.stdout);
    fs::write(root.join("A001/a.mov"), "aaax").unwrap();
    let bad = on("verify", &root, &against);
    assert_eq!((bad.code, findings(&bad)), (Some(1), vec![("mismatch".to_owned(), "A001/a.mov".to_owned())]));
}
