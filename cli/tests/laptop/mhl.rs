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

#[test]
fn a_hash_that_mhl_does_not_have_is_usage() {
    let dir = tempfile::tempdir().unwrap();
    for hash in ["sha256", "crc32"] {
        assert_eq!(on("seal", dir.path(), &["--hash", hash]).code, Some(2), "{hash}");
    }
    assert_eq!(on("verify", &dir.path().join("nowhere"), &[]).code, Some(4));
}
