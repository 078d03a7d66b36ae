//! How files are checked: by the store's word where it can be taken, else by reading, in as many invocations as it takes.

use std::{collections::BTreeMap, fs, path::Path};

use platefleet_fleet::{
    aws::Fleet,
    id::RollId,
    state::{FileRow, Verdict},
    store::Rolls,
};

use crate::house::House;

const ROLL: &str = "show/A001";

/// A folder of two small files, sealed with these options.
async fn sealed(house: &House, hashes: &[&str]) -> String {
    let folder = house.path("A001");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one.txt"), "slate 12").unwrap();
    fs::write(folder.join("two é.bin"), vec![7; 300_000]).unwrap();
    let at = folder.to_str().unwrap().to_owned();
    let options = hashes.iter().flat_map(|name| ["--hash", name]);
    house.ask(&[&["seal", &at, "--json"][..], &options.collect::<Vec<_>>()].concat()).await;
    at
}

async fn files(house: &House) -> Vec<FileRow> {
    let fleet = Fleet::connect(house.host.connection()).await;
    Rolls(&fleet).files(&RollId::parse(ROLL).unwrap()).await.unwrap()
}

/// How each file of the roll was checked, and with which digests.
async fn checks(house: &House) -> BTreeMap<String, (String, Vec<String>)> {
    let of = |verdict: Verdict| (verdict.how, verdict.digests.into_keys().collect());
    files(house).await.into_iter().map(|f| (f.path.as_str().to_owned(), of(f.verdict.unwrap()))).collect()
}

fn both(how: &str, digests: &[&str]) -> BTreeMap<String, (String, Vec<String>)> {
    let digests: Vec<String> = digests.iter().map(|name| (*name).to_owned()).collect();
    ["one.txt", "two é.bin"].map(|path| (path.to_owned(), (how.to_owned(), digests.clone()))).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_trusted_verifies_a_c4_history_by_its_sha512_and_no_byte_is_read() {
    let house = House::build().await;
    let folder = sealed(&house, &["c4"]).await;
    house.ask(&["upload", &folder, "--production", "show", "--json"]).await;
    house.until(ROLL, &["VERIFIED"]).await;
    assert_eq!(checks(&house).await, both("stored-checksum", &["c4"]));
    house.rest().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_digests_the_verdict_says_which_one_the_store_has_compared() {
    let house = House::build().await;
    let folder = sealed(&house, &["c4", "md5"]).await;
    house.ask(&["upload", &folder, "--production", "show", "--json"]).await;
    house.until(ROLL, &["VERIFIED"]).await;
    assert_eq!(checks(&house).await, both("stored-checksum", &["md5"]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_trusted_is_read() {
    let house = House::build_as(&[("PLATEFLEET_VALIDATES_CHECKSUMS", "0")]).await;
    let folder = sealed(&house, &["c4"]).await;
    house.ask(&["upload", &folder, "--production", "show", "--json"]).await;
    house.until(ROLL, &["VERIFIED"]).await;
    assert_eq!(checks(&house).await, both("streamed", &["c4"]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_two_gigabytes_is_hashed_over_several_invocations() {
    const SIZE: u64 = 2 << 30;
    let house = House::build_as(&[("PLATEFLEET_VALIDATES_CHECKSUMS", "0"), ("PLATEFLEET_LINK_SECONDS", "0.5")]).await;
    let folder = house.path("A001");
    fs::create_dir_all(&folder).unwrap();
    // Holes, and a few bytes so that no two reads are equal.
    let file = fs::File::create(folder.join("A001C001.mov")).unwrap();
    file.set_len(SIZE).unwrap();
    for part in 0..128_u64 {
        std::os::unix::fs::FileExt::write_all_at(&file, &part.to_le_bytes(), part * (SIZE / 128)).unwrap();
    }
    drop(file);
    let at = folder.to_str().unwrap();
    house.ask(&["seal", at, "--hash", "xxh128", "--json"]).await;
    house.ask(&["upload", at, "--production", "show", "--json"]).await;
    house.until(ROLL, &["VERIFIED"]).await;
    let file = files(&house).await.remove(0);
    let verdict = file.verdict.unwrap();
    assert_eq!((verdict.how.as_str(), file.observed.unwrap().size), ("streamed", SIZE));
    let links = handed_over(&house.path("fleet"));
    assert!(links.len() >= 2, "one invocation did it all: {links:?}");
    assert!(links.is_sorted() && links.iter().all(|offset| (1..SIZE).contains(offset)), "{links:?}");
    house.rest().await;
    house.close().await;
}

/// Where the invocations of hash stopped and handed the rest to the next, in order, from what they log.
fn handed_over(fleet: &Path) -> Vec<u64> {
    let log = fs::read_to_string(fleet.join("logs/hash.log")).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter(|line| line["outcome"] == "goes-on").map(|line| line["offset"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_with_a_list_of_mhl_1_is_verified_and_its_history_begins() {
    let house = House::build().await;
    let folder = house.path("A001");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one.txt"), "slate 12").unwrap();
    fs::write(folder.join("empty.bin"), "").unwrap();
    // `printf 'slate 12' | md5sum`; XXH32 of nothing is 02CC5D05, which a list writes as a decimal number.
    let record =
        |file: &str, size: u8, digest: &str| format!("<hash><file>{file}</file><size>{size}</size>{digest}</hash>");
    let records = record("one.txt", 8, "<md5>33f86307bb670c365f326027f9d2290c</md5>")
        + &record("empty.bin", 0, "<xxhash>0046947589</xxhash>");
    let list = format!("<?xml version=\"1.0\"?><hashlist version=\"1.1\"><creatorinfo/>{records}</hashlist>");
    fs::write(folder.join("A001_2026-11-22_080000.mhl"), list).unwrap();
    house.ask(&["upload", folder.to_str().unwrap(), "--production", "show", "--json"]).await;
    let status = house.until(ROLL, &["VERIFIED"]).await;
    assert_eq!((&status["counts"]["verified"], &status["counts"]["extra"]), (&2.into(), &0.into()), "{status}");
    let sealed = house.path("sealed");
    house.ask(&["fetch", ROLL, sealed.to_str().unwrap()]).await;
    fs::rename(sealed.join("ascmhl"), folder.join("ascmhl")).unwrap();
    fs::remove_file(folder.join("A001_2026-11-22_080000.mhl")).unwrap();
    let verdict = house.ask(&["verify", folder.to_str().unwrap(), "--json"]).await;
    assert_eq!(verdict["files"]["verified"], 2, "{verdict}");
    house.rest().await;
    house.close().await;
}
