//! What `plan` makes of an order, in every weather.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use std::time::Duration;

use platefleet_fleet::{
    env::Settings,
    id::{ClipId, JobId, Production, PullName, RollId},
    message::{Message, Queue},
    plan::{EventStatus, FrameIndex, IndexedRun, Plan, RangeOrder},
    ports::{Bucket, Error, Objects as _, PutIf},
    state::{JobState, RangeState},
    store::{ClipRow, Clips, JobRow, Jobs, PullRow, PullState},
};
use platefleet_footage::{Clip, Stage};
use platefleet_media::{camera::FrameTable, clip::Metadata};
use platefleet_sim::{Fault, Functions, Weather, World, block_on};
use serde_json::{Value, json};

fn show() -> Production {
    Production::new("show").unwrap()
}

fn pull() -> PullName {
    PullName::new("VFX_012").unwrap()
}

/// A world in which a range holds three of our tiny frames.
fn world() -> World {
    World::with_settings(Settings { range: Duration::from_millis(2), ..Settings::default() })
}

/// A clip of ten frames with the files numbered from 0, checked and waiting for `inspect`.
fn arrive(world: &World, roll: &str, name: &str, start: &str, good: bool) {
    let clip = Clip { name: name.into(), reel: roll.into(), frames: 10, width: 64, height: 48, ..Clip::default() };
    let clip = Clip { start: platefleet_media::timecode::Timecode::parse(start, clip.rate).unwrap(), ..clip };
    let stage = Stage::new(&clip).unwrap();
    let roll = RollId::parse(&format!("show/day1/{roll}")).unwrap();
    for frame in 0..clip.frames {
        let path = format!("{name}/{}", clip.file_name(frame));
        world.checked_file(&roll, &path, stage.frame_bytes(frame), good || frame != 4);
    }
    let pattern = format!("{name}/{name}_[######].dng");
    world.post(Queue::Inspect, &Message::InspectClip { roll, pattern }.to_body());
}

/// Two clips of reel A001 and one of B001, inspected.
fn footage() -> World {
    let world = world();
    arrive(&world, "A001", "A001C001", "10:00:00:00", true);
    arrive(&world, "A001", "A001C002", "11:00:00:00", true);
    arrive(&world, "B001", "B001C001", "10:00:00:00", true);
    drain(&world);
    world
}

fn functions() -> Functions {
    Functions::new()
        .on(Queue::Inspect, async |world, record| platefleet_inspect::handle(&world, &record).await)
        .on(Queue::Plan, async |world, record| platefleet_plan::handle(&world, &record).await)
}

fn drain(world: &World) {
    let report = world.drain(&functions(), Weather::calm());
    assert!(report.at_rest && report.failures.is_empty(), "{report:?}");
}

fn order(defaults: &Value, shots: &Value) -> Value {
    json!({"schema": "pull-order.v1", "production": "show", "pull": "VFX_012", "defaults": defaults, "shots": shots})
}

fn attach(world: &World, name: &str, text: &str) {
    world.upload_silently(&format!("show/pulls/VFX_012/{name}"), text);
}

fn ask(world: &World) {
    world.post(Queue::Plan, &Message::PlanPull { production: show(), pull: pull() }.to_body());
}

fn submit(world: &World, order: &Value) -> PullRow {
    attach(world, "pull.json", &order.to_string());
    ask(world);
    drain(world);
    row(world)
}

fn row(world: &World) -> PullRow {
    block_on(Jobs(world).pull(&show(), &pull())).unwrap().unwrap()
}

fn job(world: &World, job: &JobId) -> JobRow {
    block_on(Jobs(world).job(job)).unwrap().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(world: &World, key: &str) -> T {
    serde_json::from_slice(&world.object(Bucket::Delivery, key).unwrap()).unwrap()
}

fn plan_of(world: &World, id: &JobId) -> Plan {
    read(world, &format!("{}/job/plan.json", job(world, id).root))
}

fn range_order(world: &World, id: &JobId, index: u32) -> RangeOrder {
    read(world, &format!("{}/job/ranges/{index:06}.order.json", job(world, id).root))
}

/// Ranges that were sent to be rendered, in order.
fn sent(world: &World) -> Vec<u32> {
    let mut ranges: Vec<u32> = world
        .take(Queue::Render)
        .iter()
        .map(|body| match Message::parse(body).unwrap() {
            Message::RenderRange { range, epoch: 1, from: 0, hop: 0, .. } => range,
            other => panic!("{other:?}"),
        })
        .collect();
    ranges.sort_unstable();
    ranges
}

#[test]
fn an_order_becomes_a_job_with_ranges_that_are_sent() {
    let world = footage();
    let row = submit(
        &world,
        &order(
            &json!({"handles": 2, "compression": "none", "raw": {"exposure_stops": 1}}),
            &json!([
                {"shot": "AGM_104", "clip": "A001C001", "frames": [2, 5]},
                {"shot": "AGM_105", "plate": "BG01", "reel": "A001", "source_in": "11:00:00:00", "source_out": "11:00:00:06"},
            ]),
        ),
    );
    assert_eq!((row.state, row.findings.len(), row.wants.len()), (PullState::Planned, 0, 0));
    let id = row.job.unwrap();
    assert_eq!(row.jobs, std::slice::from_ref(&id));
    let job = job(&world, &id);
    assert_eq!((job.state, job.shots, job.frames, job.left_out), (JobState::Rendering, 2, 16, 0));
    assert_eq!(job.root, format!("show/plates/VFX_012-{}", &id.as_str()[..8]));
    assert!(job.watch.armed && world.len(Queue::Finalise) == 1, "its watchdog is armed");

    let plan = plan_of(&world, &id);
    let [a, b] = &plan.shots[..] else { panic!("{:?}", plan.shots) };
    assert_eq!((a.name.as_str(), a.first, a.last), ("AGM_104_PL01_v001", 1001, 1008));
    assert_eq!((b.name.as_str(), b.first, b.last), ("AGM_105_BG01_v001", 1001, 1008));
    assert_eq!(b.pattern, "A001C002/A001C002_[######].dng");
    assert!((a.recipe.exposure_stops - 1.0).abs() < 1e-12);
    let [first, second] = &plan.events[..] else { panic!() };
    assert_eq!((first.source_in.as_deref(), first.source_out.as_deref(), first.frames), (Some("2"), Some("5"), 8));
    // Clip 2 begins with the span: there is nothing before it.
    assert_eq!(second.warnings, ["head handles are 0 frames instead of 2: the clip has no more"]);
    assert_eq!((second.reel.as_deref(), second.rate.as_deref()), (Some("A001"), Some("24000/1001")));

    let ranges = block_on(Jobs(&world).ranges(&id)).unwrap();
    assert_eq!(job.planned, Some(ranges.len() as u32));
    assert!(ranges.iter().all(|r| r.state == RangeState::Pending));
    assert_eq!(sent(&world), (0..ranges.len() as u32).collect::<Vec<_>>());
    let mut plates = Vec::new();
    for range in &ranges {
        let order = range_order(&world, &id, range.index);
        assert_eq!((order.frames[0].number, order.name.as_str()), (range.first, range.shot.as_str()));
        assert_eq!(order.folder, format!("{}/{}", job.root, order.name));
        plates.extend(order.frames.into_iter().map(|f| (order.name.clone(), f.number, f.key)));
    }
    assert_eq!(plates.len(), 16);
    assert!(plates[0].2.ends_with("A001C001_000000.dng") && plates[7].2.ends_with("A001C001_000007.dng"));
}

#[test]
fn work_is_cut_into_ranges_that_never_cross_a_shot() {
    let world = footage();
    let shots = json!([{"shot": "A", "clip": "A001C001"}, {"shot": "B", "clip": "B001C001"}]);
    let id = submit(&world, &order(&json!({}), &shots)).job.unwrap();
    let ranges: Vec<_> = block_on(Jobs(&world).ranges(&id)).unwrap();
    let cut: Vec<_> = ranges.iter().map(|r| (r.shot.as_str(), r.first, r.last)).collect();
    let names = ["A_PL01_v001", "B_PL01_v001"];
    let expected: Vec<_> = names
        .iter()
        .flat_map(|n| [(1001, 1002), (1003, 1005), (1006, 1007), (1008, 1010)].map(|(a, b)| (*n, a, b)))
        .collect();
    assert_eq!(cut, expected);
}

#[test]
fn every_event_is_accounted_for_and_the_good_ones_are_made() {
    use EventStatus::{Planned, Refused, Waiting};
    let world = footage();
    arrive(&world, "C001", "C001C001", "12:00:00:00", false);
    world.checked_file(&RollId::parse("show/R001").unwrap(), "R001_C001.R3D", "\0\0\x01\0RED2....", true);
    let message = Message::InspectClip { roll: RollId::parse("show/R001").unwrap(), pattern: "R001_C001.R3D".into() };
    world.post(Queue::Inspect, &message.to_body());
    drain(&world);

    let cases = [
        (json!({"clip": "A001C001"}), Planned, ""),
        (json!({"clip": "Z999C001"}), Waiting, "clip `Z999C001` has not arrived, or is not checked yet"),
        (
            json!({"reel": "Z999", "source_in": "10:00:00:00", "source_out": "10:00:00:05"}),
            Waiting,
            "reel `Z999` has not arrived",
        ),
        (
            json!({"reel": "A001", "source_in": "15:00:00:00", "source_out": "15:00:00:05"}),
            Waiting,
            "no clip of reel `A001` that has arrived holds this timecode; it has A001C001 (10:00:00:00 to 10:00:00:10), A001C002 (11:00:00:00 to 11:00:00:10)",
        ),
        (
            json!({"clip": "C001C001"}),
            Waiting,
            "clip `C001C001` is damaged: 1 of 10 files is not what the manifest says (C001C001_000004.dng)",
        ),
        (json!({"clip": "R001_C001"}), Refused, "clip `R001_C001` cannot be rendered: "),
        (
            json!({"clip": "A001C001", "frames": [5, 12]}),
            Refused,
            "frames 5 to 12 are not inside clip `A001C001`, which has 0 to 9",
        ),
        (
            json!({"clip": "A001C001", "source_in": "10:00:00:05", "source_out": "10:00:01:00"}),
            Refused,
            "which has 10:00:00:00 to 10:00:00:10",
        ),
        (
            json!({"clip": "A001C001", "source_in": "09:00:00:00", "source_out": "09:00:01:00"}),
            Refused,
            "is not inside clip `A001C001`",
        ),
        (
            json!({"clip": "A001C001", "template": "t.fdl"}),
            Refused,
            "canvas templates (`template`: `t.fdl`) are not supported",
        ),
        (
            json!({"clip": "A001C001", "amf": "look.amf"}),
            Refused,
            "ACES metadata files (`amf`: `look.amf`) are not supported",
        ),
        (
            json!({"clip": "A001C001", "raw": {"highlights": "reconstruct"}}),
            Refused,
            "highlights `reconstruct` is not supported",
        ),
        (
            json!({"clip": "A001C001", "compression": "dwab"}),
            Refused,
            "compression: `dwab` is none of zip, zips, piz, none",
        ),
        (json!({"clip": "A001C001", "profile": "aces-strict"}), Refused, "has compression none"),
        (json!({"clip": "A001C001", "crop": "decision"}), Refused, "a crop needs a framing document"),
        (json!({"clip": "A001C001", "fdl": "none.fdl"}), Refused, "`none.fdl` is not beside pull.json"),
    ];
    let shots: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(n, (shot, ..))| {
            let mut shot = shot.clone();
            shot["shot"] = format!("S{n:02}").into();
            shot
        })
        .collect();
    let row = submit(&world, &order(&json!({}), &json!(shots)));
    let id = row.job.clone().unwrap();
    let plan = plan_of(&world, &id);
    for (event, (shot, status, reason)) in plan.events.iter().zip(&cases) {
        assert_eq!(event.status, *status, "{shot}: {:?}", event.reason);
        assert!(event.reason.as_deref().unwrap_or_default().contains(reason), "{shot}: {:?}", event.reason);
    }
    assert_eq!((plan.events.len(), plan.shots.len(), job(&world, &id).left_out), (16, 1, 15));
    assert_eq!((row.findings.len(), &row.findings), (15, &job(&world, &id).findings));
    assert_eq!(row.wants, ["A001", "C001C001", "Z999", "Z999C001"]);
    assert_eq!((row.findings[0].kind.as_str(), row.findings[0].path.as_str()), ("waiting", "S01_PL01"));
}

#[test]
fn an_order_that_is_none_is_refused_with_every_reason_and_has_no_job() {
    let world = footage();
    let bad = order(&json!({}), &json!([{"shot": "A", "clip": "x", "frames": [9, 3]}, {"shot": "B"}]));
    let row = submit(&world, &bad);
    assert_eq!((row.state, row.job, row.findings.len()), (PullState::Refused, None, 2));
    let mut other = order(&json!({}), &json!([{"shot": "A", "clip": "A001C001"}]));
    other["pull"] = "VFX_013".into();
    let row = submit(&world, &other);
    assert_eq!(row.findings[0].detail, "`pull` is `VFX_013`, but the order was uploaded to `VFX_012`");
    let nothing = order(&json!({}), &json!([{"shot": "A", "clip": "A001C001", "frames": [90, 91]}]));
    let row = submit(&world, &nothing);
    assert_eq!((row.state, row.job, row.findings[0].kind.as_str()), (PullState::Refused, None, "refused"));
    attach(&world, "pull.json", "not json");
    ask(&world);
    drain(&world);
    assert!(self::row(&world).findings[0].detail.starts_with("is not JSON"));
    assert!(world.is_empty() && world.keys(Bucket::Delivery, "show/plates/").is_empty());
}

fn framing(width: u32, height: u32) -> String {
    json!({"uuid": "u", "version": {"major": 2, "minor": 0}, "contexts": [{"canvases": [{
        "id": "C1", "dimensions": {"width": width, "height": height}, "framing_decisions": [
            {"id": "C1-A", "dimensions": {"width": 48, "height": 32}, "anchor_point": {"x": 8, "y": 8}}]}]}]})
    .to_string()
}

#[test]
fn a_framing_document_is_checked_against_the_clip_when_it_is_planned() {
    let world = footage();
    attach(&world, "good.fdl", &framing(64, 48));
    attach(&world, "other.fdl", &framing(1920, 1080));
    attach(&world, "broken.fdl", "{}");
    let row = submit(
        &world,
        &order(
            &json!({"crop": "decision", "fdl": "good.fdl"}),
            &json!([
                {"shot": "GOOD", "clip": "A001C001", "frames": [0, 1]},
                {"shot": "OTHER", "clip": "A001C001", "fdl": "other.fdl"},
                {"shot": "BROKEN", "clip": "A001C001", "fdl": "broken.fdl"},
                {"shot": "DECISION", "clip": "A001C001", "decision": "C1-B"},
                {"shot": "CANVAS", "clip": "A001C001", "crop": "none", "canvas": "C2"},
            ]),
        ),
    );
    let reasons: Vec<_> = row.findings.iter().map(|f| (f.path.as_str(), f.detail.as_str())).collect();
    for ((path, detail), (shot, part)) in reasons.iter().zip([
        ("OTHER_PL01", "`other.fdl`: no canvas of the framing document is 64x48; it has C1 (1920x1080)"),
        ("BROKEN_PL01", "`broken.fdl` cannot be used: not a framing document"),
        ("DECISION_PL01", "C1-A"),
        ("CANVAS_PL01", "has no canvas `C2`; it has C1 (64x48)"),
    ]) {
        assert!(*path == shot && detail.contains(part), "{path}: {detail}");
    }
    let id = row.job.unwrap();
    let plan = plan_of(&world, &id);
    let order = range_order(&world, &id, 0);
    assert_eq!((plan.shots.len(), reasons.len()), (1, 4));
    let document = order.fdl.unwrap();
    assert_eq!(Some(&document.sha256), order.recipe.fdl_sha256.as_ref());
    assert_eq!(plan.shots[0].documents["good.fdl"], document);
    assert_eq!(document.key, "show/pulls/VFX_012/good.fdl");
}

#[test]
fn an_order_that_waits_is_planned_when_its_clips_arrive_and_each_job_makes_what_is_new() {
    let world = world();
    let shots = json!([{"shot": "A", "clip": "A001C001"}, {"shot": "B", "clip": "B001C001"}, {"shot": "C", "clip": "C001C001"}]);
    let row = submit(&world, &order(&json!({}), &shots));
    assert_eq!((row.state, row.job, row.wants.len()), (PullState::Waiting, None, 3));
    assert!(world.is_empty(), "at rest every queue is empty");

    arrive(&world, "A001", "A001C001", "10:00:00:00", true);
    arrive(&world, "X001", "X001C001", "10:00:00:00", true);
    drain(&world);
    let first = self::row(&world);
    assert_eq!(
        (first.state, first.jobs.len(), first.wants.join(" ").as_str()),
        (PullState::Planned, 1, "B001C001 C001C001")
    );
    assert_eq!(job(&world, &first.jobs[0]).left_out, 2);

    arrive(&world, "B001", "B001C001", "10:00:00:00", true);
    drain(&world);
    let second = self::row(&world);
    assert_eq!((second.jobs.len(), &second.jobs[0], second.wants.join(" ").as_str()), (2, &first.jobs[0], "C001C001"));
    let plan = plan_of(&world, &second.jobs[1]);
    let shots: Vec<_> = plan.shots.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(shots, ["B_PL01_v001"], "the shot of the first job is not made again");
    let reason = format!("it is made by job {}", first.jobs[0].short());
    assert_eq!((plan.events[0].status, plan.events[0].reason.as_ref()), (EventStatus::Planned, Some(&reason)));

    arrive(&world, "C001", "C001C001", "10:00:00:00", true);
    drain(&world);
    let third = self::row(&world);
    assert_eq!((third.jobs.len(), third.wants.len(), third.findings.len()), (3, 0, 0));
    assert_eq!(job(&world, &third.jobs[2]).left_out, 0);
}

#[test]
fn a_damaged_clip_is_made_once_it_is_healed() {
    let world = world();
    arrive(&world, "A001", "A001C001", "10:00:00:00", false);
    drain(&world);
    let row = submit(&world, &order(&json!({}), &json!([{"shot": "A", "clip": "A001C001"}])));
    assert_eq!(row.state, PullState::Waiting);
    let roll = RollId::parse("show/day1/A001").unwrap();
    let clip = Clip { name: "A001C001".into(), reel: "A001".into(), width: 64, height: 48, ..Clip::default() };
    let clip = Clip { noise_seed: Some(3), ..clip };
    world.checked_file(&roll, "A001C001/A001C001_000004.dng", clip.frame_bytes(4).unwrap(), true);
    let pattern = "A001C001/A001C001_[######].dng".into();
    world.post(Queue::Inspect, &Message::InspectClip { roll, pattern }.to_body());
    drain(&world);
    assert_eq!((self::row(&world).state, self::row(&world).wants.len()), (PullState::Planned, 0));
}

#[test]
fn a_repeated_message_or_upload_changes_nothing_and_sends_nothing() {
    let world = footage();
    let this = order(&json!({}), &json!([{"shot": "A", "clip": "A001C001"}, {"shot": "B", "clip": "Z001"}]));
    submit(&world, &this);
    assert!(!sent(&world).is_empty());
    let facts = world.facts();
    for _ in 0..3 {
        submit(&world, &this);
    }
    assert_eq!((world.facts() == facts, sent(&world).len()), (true, 0));
}

#[test]
fn another_order_of_the_same_shots_makes_the_next_versions() {
    let world = footage();
    let shots = json!([{"shot": "A", "clip": "A001C001"}]);
    let first = submit(&world, &order(&json!({}), &shots)).job.unwrap();
    let second = submit(&world, &order(&json!({"raw": {"exposure_stops": 1}}), &shots)).job.unwrap();
    assert_ne!(first, second);
    let name = |job| plan_of(&world, job).shots[0].name.clone();
    assert_eq!((name(&first), name(&second)), ("A_PL01_v001".into(), "A_PL01_v002".into()));
    assert_eq!(row(&world).jobs, [second]);
}

#[test]
fn a_clip_that_is_there_twice_is_told_apart_by_timecode_or_refused() {
    let world = footage();
    arrive(&world, "D001", "A001C001", "14:00:00:00", true);
    drain(&world);
    let shots = json!([
        {"shot": "A", "clip": "A001C001", "source_in": "14:00:00:02", "source_out": "14:00:00:04"},
        {"shot": "B", "clip": "A001C001"},
    ]);
    let row = submit(&world, &order(&json!({}), &shots));
    assert!(row.findings[0].detail.starts_with("2 clips fit clip `A001C001` (in day1/"), "{:?}", row.findings);
    assert_eq!(plan_of(&world, &row.job.unwrap()).shots[0].roll.path.as_str(), "day1/D001");
}

#[test]
fn an_order_that_was_taken_back_leaves_no_trace() {
    let world = footage();
    ask(&world);
    drain(&world);
    assert!(block_on(Jobs(&world).pulls(&show())).unwrap().is_empty());
}

/// Planning takes a hundred calls: with more faults than this, four attempts may all fail.
fn storm(seed: u64) -> Weather {
    Weather { faults: 4, ..Weather::stormy(seed) }
}

fn whole_order() -> Value {
    order(
        &json!({"fdl": "good.fdl"}),
        &json!([{"shot": "A", "clip": "A001C001"}, {"shot": "B", "clip": "B001C001", "frames": [1, 2]}, {"shot": "C", "clip": "Z001"}]),
    )
}

#[test]
fn an_end_at_any_call_changes_nothing_in_the_result() {
    let footage = |fault: Option<(u64, Fault)>| {
        let world = footage();
        attach(&world, "good.fdl", &framing(64, 48));
        attach(&world, "pull.json", &whole_order().to_string());
        ask(&world);
        let before = world.calls();
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        let report = world.drain(&functions(), Weather::calm());
        assert!(report.at_rest && report.died == 0, "{report:?}");
        let mut ranges = sent(&world);
        ranges.dedup();
        (world.facts(), ranges, world.calls() - before)
    };
    let (facts, ranges, calls) = footage(None);
    assert!(calls > 40 && ranges == [0, 1, 2, 3, 4]);
    for call in 0..calls {
        for fault in [Fault::CrashesBefore, Fault::CrashesAfter, Fault::LosesAnswer(Error::Unknown("no answer".into()))]
        {
            let name = format!("{fault:?} at {call}");
            let (now, sent, _) = footage(Some((call, fault)));
            assert!(now == facts, "{name}");
            assert_eq!(sent, ranges, "{name}");
        }
    }
}

#[test]
fn every_weather_ends_with_the_same_job() {
    let mut expected = None;
    for seed in 0..25 {
        let world = footage();
        attach(&world, "good.fdl", &framing(64, 48));
        attach(&world, "pull.json", &whole_order().to_string());
        for _ in 0..3 {
            ask(&world);
        }
        let report = world.drain(&functions(), storm(seed));
        assert!(report.at_rest, "seed {seed}: {report:?}");
        let mut ranges = sent(&world);
        ranges.dedup();
        assert_eq!(ranges, [0, 1, 2, 3, 4], "seed {seed}");
        let facts = world.facts();
        assert!(*expected.get_or_insert_with(|| facts.clone()) == facts, "seed {seed}");
    }
}

#[test]
fn a_clip_that_arrives_while_its_order_is_planned_is_not_missed() {
    for seed in 0..25 {
        let world = world();
        attach(
            &world,
            "pull.json",
            &order(&json!({}), &json!([{"shot": "A", "clip": "A001C001"}, {"shot": "B", "clip": "B001C001"}]))
                .to_string(),
        );
        ask(&world);
        arrive(&world, "A001", "A001C001", "10:00:00:00", true);
        arrive(&world, "B001", "B001C001", "10:00:00:00", true);
        let report = world.drain(&functions(), storm(seed));
        assert!(report.at_rest, "seed {seed}: {report:?}");
        let row = row(&world);
        assert_eq!((row.state, row.wants.len(), row.findings.len()), (PullState::Planned, 0, 0), "seed {seed}");
        let mut made: Vec<_> = row.jobs.iter().flat_map(|j| plan_of(&world, j).shots).map(|s| s.shot).collect();
        made.sort_unstable();
        assert_eq!(made, ["A", "B"], "seed {seed}: each is made once");
        assert!(row.jobs.iter().all(|j| job(&world, j).state == JobState::Rendering));
    }
}

#[test]
fn a_clip_is_ordered_by_the_name_in_its_header_or_by_that_of_its_files() {
    for name in ["A001C001", "Reel 1 take 1"] {
        let world = footage();
        let (clips, id) =
            (Clips(&world), ClipId::of(&RollId::parse("show/day1/A001").unwrap(), "A001C001/A001C001_[######].dng"));
        let was = block_on(clips.stored(&show(), &id)).unwrap().unwrap();
        let metadata = Metadata { clip_name: Some("Reel 1 take 1".into()), ..was.row.metadata.clone() };
        block_on(clips.put(&ClipRow { metadata, ..was.row.clone() }, Some(&was))).unwrap();
        let whole = order(&json!({}), &json!([{"shot": "A", "clip": name, "frames": [1, 2]}]));
        attach(&world, "pull.json", &whole.to_string());
        ask(&world);
        drain(&world);
        assert_eq!((row(&world).state, row(&world).jobs.len()), (PullState::Planned, 1), "{name}");
    }
}

#[test]
fn a_clip_whose_pixels_need_a_decoder_is_refused_by_its_name() {
    let world = footage();
    let (clips, id) =
        (Clips(&world), ClipId::of(&RollId::parse("show/day1/A001").unwrap(), "A001C001/A001C001_[######].dng"));
    let was = block_on(clips.stored(&show(), &id)).unwrap().unwrap();
    let metadata = Metadata { decoder_needed: Some("RED R3D SDK".into()), ..was.row.metadata.clone() };
    block_on(clips.put(&ClipRow { metadata, ..was.row.clone() }, Some(&was))).unwrap();
    let shots = json!([{"shot": "S1", "clip": "A001C001"}, {"shot": "S2", "clip": "A001C002"}]);
    let row = submit(&world, &order(&json!({}), &shots));
    assert_eq!(row.state, PullState::Planned);
    let plan = plan_of(&world, &row.job.unwrap());
    let status: Vec<_> = plan.events.iter().map(|event| event.status).collect();
    assert_eq!(status, [EventStatus::Refused, EventStatus::Planned]);
    assert_eq!(
        plan.events[0].reason.as_deref(),
        Some("clip `A001C001` cannot be rendered: its pixels need the RED R3D SDK, which platefleet does not have")
    );
}

#[test]
fn a_clip_whose_frames_only_its_file_knows_is_refused() {
    let world = footage();
    let id = ClipId::of(&RollId::parse("show/day1/A001").unwrap(), "A001C001/A001C001_[######].dng");
    let row = block_on(Clips(&world).clip(&show(), &id)).unwrap().unwrap();
    let key = row.frames_key.unwrap();
    let mut index: FrameIndex = read(&world, &key);
    index.runs = vec![IndexedRun { file: 0, number: 1001, table: FrameTable::Own { count: 10 } }];
    block_on(world.put(Bucket::Delivery, &key, serde_json::to_vec(&index).unwrap(), PutIf::Always)).unwrap();
    let row = submit(&world, &order(&json!({}), &json!([{"shot": "S1", "clip": "A001C001"}])));
    assert_eq!(row.state, PullState::Refused);
    assert!(row.findings[0].detail.contains("only tables inside its file"), "{:?}", row.findings);
}
