//! What `status` answers.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use platefleet_fleet::{
    id::{ClipId, JobId, Production, PullName, RollId},
    runner::Request,
    state::{JobState, Watch},
    store::{ClipRow, ClipState, Clips, JobRow, Jobs, RollRow, Rolls},
};
use platefleet_media::clip::Metadata;
use platefleet_sim::{World, block_on};
use serde_json::{Value, json};

fn ask(world: &World, method: &str, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let request = Request { method: method.into(), path: path.into(), query };
    let response = block_on(platefleet_status::handle(world, &request));
    (response.status, serde_json::from_str(&response.body).unwrap())
}

fn world() -> (World, JobId) {
    let (world, show) = (World::new(), Production::new("show").unwrap());
    let roll = RollId::parse("show/day1/A001").unwrap();
    block_on(Rolls(&world).update_roll(&roll, |_| Some(RollRow::new(roll.clone(), 1_795_345_060_000)))).unwrap();
    let id = JobId::of(b"abc");
    let row = JobRow {
        job: id.clone(),
        production: show,
        pull: PullName::new("P").unwrap(),
        state: JobState::Rendering,
        round: 1,
        epoch: 1,
        root: "show/plates/P-ba7816bf".into(),
        planned: Some(0),
        watch: Watch::default(),
        shots: 2,
        frames: 9,
        left_out: 1,
        sealed_at_ms: None,
        findings: vec![],
        created_ms: 1,
        updated_ms: 1_795_345_060_000,
    };
    block_on(Jobs(&world).create(&row)).unwrap();
    (world, id)
}

#[test]
fn rolls_and_jobs_are_found_by_id_and_jobs_by_a_prefix() {
    let (world, id) = world();
    let (code, roll) = ask(&world, "GET", "/status", &[("id", "show/day1/A001")]);
    assert_eq!((code, &roll["kind"], &roll["state"]), (200, &"roll".into(), &"RECEIVING".into()));
    for text in [id.as_str(), id.short()] {
        let (code, job) = ask(&world, "GET", "/status", &[("id", text)]);
        assert_eq!((code, &job["id"], &job["counts"]["frames"]), (200, &id.as_str().into(), &9.into()));
        assert_eq!(job["updated_at"], "2026-11-22T10:57:40Z");
    }
}

#[test]
fn a_production_is_a_list_of_both() {
    let (world, id) = world();
    let (code, all) = ask(&world, "GET", "/status", &[("production", "show")]);
    assert_eq!((code, &all[0]["id"], &all[1]["id"]), (200, &"show/day1/A001".into(), &id.as_str().into()));
    assert_eq!(ask(&world, "GET", "/status", &[("production", "other")]).1, Value::Array(vec![]));
}

#[test]
fn what_is_not_known_or_not_asked_well_is_said() {
    let (world, _) = world();
    for (method, path, query, code) in [
        ("GET", "/status", &[("id", "show/none")][..], 404),
        ("GET", "/status", &[("id", "abcdef")], 404),
        ("GET", "/status", &[("id", "../x")], 400),
        ("GET", "/status", &[("id", "NOT HEX")], 400),
        ("GET", "/status", &[], 400),
        ("GET", "/other", &[], 404),
        ("GET", "/search", &[("production", "show")], 400),
        ("GET", "/search", &[("shoe_size", "42")], 400),
        ("GET", "/search", &[("tc", "25:00:00:00")], 400),
        ("POST", "/status", &[("id", "ba78")], 405),
    ] {
        let (status, body) = ask(&world, method, path, query);
        assert_eq!(status, code, "{method} {path} {query:?}");
        assert!(body["error"]["kind"].is_string() && body["error"]["detail"].is_string());
    }
}

#[test]
fn clips_are_found_by_what_they_say() {
    let (world, roll) = (World::new(), RollId::parse("show/day1/A001").unwrap());
    let metadata = Metadata { camera_model: Some("ALEXA Mini LF".into()), verified: Some(true), ..Metadata::default() };
    for pattern in ["a.mxf", "b.mxf"] {
        let row = ClipRow {
            clip: ClipId::of(&roll, pattern),
            roll: roll.clone(),
            pattern: pattern.into(),
            state: ClipState::Inspected,
            revision: "r".into(),
            files: 1,
            unchecked: false,
            metadata: metadata.clone(),
            companions: vec![],
            frames_key: None,
            findings: vec![],
            reads: 0,
            read_bytes: 0,
            inspected_ms: 0,
        };
        block_on(Clips(&world).put(&row, None)).unwrap();
    }
    let (code, first) = ask(&world, "GET", "/search", &[("production", "show"), ("model", "alexa*"), ("limit", "1")]);
    let id = ClipId::of(&roll, "a.mxf");
    let expected = json!([{"camera_model": "ALEXA Mini LF", "verified": true, "clip_id": id.as_str(),
        "roll": "show/day1/A001", "state": "inspected"}]);
    assert_eq!((code, first), (200, expected));
    let (_, rest) = ask(&world, "GET", "/search", &[("model", "alexa*"), ("after", id.as_str())]);
    assert_eq!(rest[0]["clip_id"], ClipId::of(&roll, "b.mxf").as_str());
    assert_eq!(rest.as_array().unwrap().len(), 1);
}
