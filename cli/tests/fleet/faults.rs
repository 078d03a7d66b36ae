//! Faults of every kind on the way through the house: damaged, missing and extra files, and functions killed at work.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use platefleet_fleet::{
    aws::Fleet,
    ports::{Bucket, Objects as _, PutIf},
};
use serde_json::{Value, json};

use crate::house::{House, PATIENCE};

/// Every file below a folder with its bytes, by path.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn is(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == extension)
}

fn plates(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    tree(root).into_iter().filter(|(path, _)| is(path, "exr")).map(|(path, bytes)| (name(&path), bytes)).collect()
}

fn frames_of(folder: &Path) -> Vec<String> {
    tree(folder).into_keys().filter(|path| is(path, "dng")).collect()
}

/// The folder of the one take of a roll, and its name.
fn take(folder: &Path) -> (PathBuf, String) {
    let first = frames_of(folder).remove(0);
    let (stem, _) = first.rsplit('/').next().unwrap().rsplit_once('_').unwrap();
    (folder.join(&first).parent().unwrap().to_owned(), stem.to_owned())
}

fn order(folder: &Path, clip: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let order = json!({"schema": "pull-order.v1", "production": "show", "pull": "VFX_001",
        "shots": [{"shot": "AB_010", "plate": "PL01", "clip": clip}]});
    let file = folder.join("pull.json");
    fs::write(&file, order.to_string()).unwrap();
    file
}

fn finding(status: &Value, kind: &str, path: &str) -> bool {
    status["findings"].as_array().unwrap().iter().any(|f| f["kind"] == kind && f["path"] == path)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_upload_with_every_fault_to_a_sealed_delivery() {
    let house = House::build().await;
    let roll = house.roll("A001", "8").await;
    let frames = frames_of(&roll);
    let (damaged, missing) = (&frames[2], &frames[5]);
    let (good, absent) = (fs::read(roll.join(damaged)).unwrap(), fs::read(roll.join(missing)).unwrap());

    // One frame is damaged on its way, one does not arrive, and a file arrives that no manifest lists.
    fs::remove_file(roll.join(damaged)).unwrap();
    fs::remove_file(roll.join(missing)).unwrap();
    fs::write(roll.join("notes.txt"), "extra").unwrap();
    let upload = ["upload", roll.to_str().unwrap(), "--production", "show", "--roll", "day 1/A001"];
    house.platefleet(&upload).await;
    let mut bytes = good.clone();
    bytes[5_000] ^= 1;
    let store = Fleet::connect(house.host.connection()).await;
    store.put(Bucket::Ingest, &format!("show/day 1/A001/{damaged}"), bytes, PutIf::Always).await.unwrap();

    let status = house.until("show/day 1/A001", &["INCOMPLETE"]).await;
    assert!(finding(&status, "mismatch", damaged) && finding(&status, "missing", missing), "{status}");
    assert_eq!(status["findings"].as_array().unwrap().len(), 2, "{status}");
    assert_eq!((&status["counts"]["expected"], &status["counts"]["extra"]), (&json!(9), &json!(1)));
    assert_eq!(status["counts"]["verified"], 7);
    house.rest().await;

    // What was wrong is uploaded again, and only that; the roll heals by itself.
    fs::write(roll.join(damaged), good).unwrap();
    fs::write(roll.join(missing), absent).unwrap();
    house.platefleet(&upload).await;
    let status = house.until("show/day 1/A001", &["VERIFIED", "FAILED"]).await;
    assert_eq!((&status["state"], &status["counts"]["verified"]), (&json!("VERIFIED"), &json!(9)), "{status}");

    // An order, and its plates.
    let (clip, name) = take(&roll);
    let submitted = house.ask(&["pull", "submit", order(&house.path("pull"), &name).to_str().unwrap(), "--json"]).await;
    assert_eq!(submitted["frames"], 8, "{submitted}");
    let job = submitted["job"].as_str().unwrap().to_owned();
    assert!(house.platefleet(&["watch", &job]).await.status.success());
    assert_eq!(house.until(&job, &["DONE", "FAILED", "INCOMPLETE"]).await["state"], "DONE");
    let fetched = house.path("fetched");
    house.ask(&["fetch", &job, fetched.to_str().unwrap()]).await;

    // The plates are those that the command renders from the same files, bit for bit.
    let rendered = house.path("rendered");
    let pattern = rendered.join("AB_010_PL01_v001.%04d.exr");
    let render =
        ["render", "--input", clip.to_str().unwrap(), "--output", pattern.to_str().unwrap(), "--first-frame", "1001"];
    house.ask(&render).await;
    assert_eq!(plates(&fetched).len(), 8);
    assert!(plates(&fetched) == plates(&rendered), "the fleet's plates are not those of `platefleet render`");

    // The delivery is what its manifest says.
    let sealed = tree(&fetched).into_keys().find(|path| path.ends_with("ascmhl_chain.xml")).unwrap();
    let shot = fetched.join(Path::new(&sealed).parent().unwrap().parent().unwrap());
    let report = house.ask(&["verify", shot.to_str().unwrap(), "--json"]).await;
    assert_eq!((&report["verdict"], &report["files"]["verified"]), (&json!("verified"), &json!(8)), "{report}");

    house.rest().await;
    house.close().await;
}

/// A roll and an order of it from beginning to end, with a process of this function killed at work; the plates.
async fn with_a_killed(function: Option<&str>) -> BTreeMap<String, Vec<u8>> {
    let house = House::build().await;
    let roll = house.roll("A001", "6").await;
    let (_, name) = take(&roll);
    let work = async {
        house.ask(&["upload", roll.to_str().unwrap(), "--production", "show", "--roll", "A001"]).await;
        house.until("show/A001", &["VERIFIED"]).await;
        let file = order(&house.path("pull"), &name);
        let submitted = house.ask(&["pull", "submit", file.to_str().unwrap(), "--json"]).await;
        let job = submitted["job"].as_str().unwrap().to_owned();
        house.until(&job, &["DONE"]).await;
        let fetched = house.path("fetched");
        house.ask(&["fetch", &job, fetched.to_str().unwrap()]).await;
        plates(&fetched)
    };
    let killer = async {
        let Some(function) = function else { return };
        let began = Instant::now();
        while !house.host.kill(function) {
            assert!(began.elapsed() < PATIENCE, "{function} was never at work");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    };
    let (plates, ()) = tokio::join!(work, killer);
    house.rest().await;
    house.close().await;
    plates
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_any_one_function_at_work_changes_nothing_in_the_result() {
    let expected = with_a_killed(None).await;
    assert_eq!(expected.len(), 6);
    for function in ["intake", "hash", "inspect", "plan", "render", "finalise"] {
        assert!(with_a_killed(Some(function)).await == expected, "other plates when {function} is killed");
    }
}
