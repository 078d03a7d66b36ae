//! What `status` answers.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use platefleet_fleet::{
    id::{JobId, Production, PullName, RollId},
    runner::{Request, Response},
    state::{JobState, RollState, Watch},
    store::{JobRow, Jobs, PullRow, PullState, RollRow, Rolls},
};
use platefleet_sim::{Fault, Port, World, block_on};
use serde_json::Value;

fn ask(world: &World, query: &[(&str, &str)]) -> (u16, Value) {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let Response { status, body, .. } =
        block_on(platefleet_status::handle(world, &Request { method: "GET".into(), path: "/status".into(), query }));
    (status, serde_json::from_str(&body).unwrap())
}

fn house() -> (World, JobId) {
    let world = World::new();
    let roll = RollId::parse("show/day1/A001").unwrap();
    let row = RollRow {
        state: RollState::Verified,
        counts: [("expected".to_owned(), 3)].into(),
        ..RollRow::new(roll.clone(), 0)
    };
    block_on(Rolls(&world).update_roll(&roll, |_| Some(row.clone()))).unwrap();
    let (production, pull) = (Production::new("show").unwrap(), PullName::new("VFX_001").unwrap());
    let job = JobId::of(b"abc");
    let row = JobRow {
        job: job.clone(),
        production: production.clone(),
        pull: pull.clone(),
        state: JobState::Rendering,
        round: 1,
        epoch: 1,
        root: "show/plates/VFX_001".into(),
        planned: Some(0),
        watch: Watch::default(),
        shots: 1,
        frames: 7,
        left_out: 0,
        sealed_at_ms: None,
        findings: vec![],
        created_ms: 0,
        updated_ms: 0,
    };
    block_on(Jobs(&world).create(&row)).unwrap();
    let order = PullRow {
        production,
        pull,
        etag: "e".into(),
        state: PullState::Planned,
        job: Some(job.clone()),
        jobs: vec![job.clone()],
        wants: vec![],
        findings: vec![],
        updated_ms: 0,
    };
    block_on(Jobs(&world).save_pull(&order, None)).unwrap();
    (world, job)
}

#[test]
fn a_roll_and_a_job_are_found_by_their_ids() {
    let (world, job) = house();
    let (status, roll) = ask(&world, &[("id", "show/day1/A001")]);
    assert_eq!((status, &roll["kind"], &roll["state"]), (200, &"roll".into(), &"VERIFIED".into()));
    assert_eq!((&roll["counts"]["expected"], &roll["ended"]), (&3.into(), &true.into()));
    for id in [job.as_str(), job.short(), "b"] {
        let (status, found) = ask(&world, &[("id", id)]);
        assert_eq!((status, &found["id"], &found["counts"]["frames"]), (200, &job.as_str().into(), &7.into()));
        assert_eq!((&found["state"], &found["ended"]), (&"RENDERING".into(), &false.into()));
    }
}

#[test]
fn a_production_is_listed() {
    let (world, job) = house();
    let (status, list) = ask(&world, &[("production", "show")]);
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!((status, ids), (200, vec!["show/day1/A001", job.as_str()]));
    assert_eq!(ask(&world, &[("production", "other")]), (200, Value::Array(vec![])));
}

#[test]
fn what_is_unknown_or_no_id_is_told() {
    let (world, _) = house();
    for (query, status) in [
        (vec![("id", "show/A009")], 404),
        (vec![("id", "ffff")], 404),
        (vec![("id", "show/../x")], 400),
        (vec![("id", "JOBS#")], 400),
        (vec![("id", "")], 400),
        (vec![("production", "a b")], 400),
        (vec![], 400),
    ] {
        let answer = ask(&world, &query);
        assert_eq!(answer.0, status, "{query:?}: {}", answer.1);
        assert!(answer.1["error"]["detail"].is_string());
    }
}

#[test]
fn a_table_that_does_not_answer_is_no_unknown_roll() {
    let (world, _) = house();
    world.fail_next(Port::RowGet, Fault::Fails(platefleet_fleet::ports::Error::Throttled("slow down".into())));
    assert_eq!(ask(&world, &[("id", "show/day1/A001")]).0, 503);
}
