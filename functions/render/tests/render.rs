//! What `render` makes of a range, in every weather.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use std::time::Duration;

use platefleet_fleet::{
    env::Settings,
    id::{JobId, Production, PullName, RollId},
    message::{Message, Queue},
    plan::{RangeOrder, RangeResult},
    ports::{Bucket, Error},
    state::{JobState, RangeState},
    store::{JobRow, Jobs, RangeRow},
};
use platefleet_footage::{Clip, Stage};
use platefleet_media::hash;
use platefleet_sim::{Fault, Functions, Weather, World, block_on};
use serde_json::json;

const FOLDER: &str = "show/A001/A001C001/A001C001_";

/// A job over eight frames in ranges of two or three, of which nothing is rendered yet; `broken` replaces the bytes of a frame.
fn ordered(broken: Option<(u64, &[u8])>) -> (World, JobRow) {
    let world = World::with_settings(Settings { range: Duration::from_millis(2), ..Settings::default() });
    let clip = Clip { name: "A001C001".into(), frames: 8, width: 64, height: 48, ..Clip::default() };
    let (stage, roll) = (Stage::new(&clip).unwrap(), RollId::parse("show/A001").unwrap());
    for frame in 0..clip.frames {
        let bytes = broken.filter(|b| b.0 == frame).map_or_else(|| stage.frame_bytes(frame), |b| b.1.to_vec());
        world.checked_file(&roll, &format!("A001C001/{}", clip.file_name(frame)), bytes, true);
    }
    let pattern = "A001C001/A001C001_[######].dng".into();
    world.post(Queue::Inspect, &Message::InspectClip { roll, pattern }.to_body());
    let order = json!({"schema": "pull-order.v1", "production": "show", "pull": "P", "shots": [{"shot": "A", "clip": "A001C001"}]});
    world.upload_silently("show/pulls/P/pull.json", order.to_string());
    let planning = Functions::new()
        .on(Queue::Inspect, async |world, record| platefleet_inspect::handle(&world, &record).await)
        .on(Queue::Plan, async |world, record| platefleet_plan::handle(&world, &record).await);
    assert!(world.drain(&planning, Weather::calm()).failures.is_empty());
    let (production, pull) = (Production::new("show").unwrap(), PullName::new("P").unwrap());
    world.post(Queue::Plan, &Message::PlanPull { production: production.clone(), pull: pull.clone() }.to_body());
    assert!(world.drain(&planning, Weather::calm()).failures.is_empty());
    let id = block_on(Jobs(&world).pull(&production, &pull)).unwrap().unwrap().job.unwrap();
    world.take(Queue::Finalise);
    let row = job(&world, &id);
    (world, row)
}

fn job(world: &World, id: &JobId) -> JobRow {
    block_on(Jobs(world).job(id)).unwrap().unwrap()
}

fn ranges(world: &World, job: &JobRow) -> Vec<RangeRow> {
    block_on(Jobs(world).ranges(&job.job)).unwrap()
}

fn functions() -> Functions {
    Functions::new().on(Queue::Render, async |world, record| platefleet_render::handle(&world, &record).await)
}

fn drain(world: &World) {
    let report = world.drain(&functions(), Weather::calm());
    assert!(report.at_rest && report.failures.is_empty(), "{report:?}");
}

fn plates(world: &World) -> Vec<String> {
    let mut keys = world.keys(Bucket::Delivery, "show/plates/");
    keys.retain(|key| std::path::Path::new(key).extension().is_some_and(|e| e == "exr"));
    keys
}

fn result(world: &World, job: &JobRow, index: u32) -> RangeResult {
    serde_json::from_slice(
        &world.object(Bucket::Delivery, &format!("{}/job/ranges/{index:06}.json", job.root)).unwrap(),
    )
    .unwrap()
}

fn settles(world: &World) -> usize {
    let settle = |body: &String| matches!(Message::parse(body), Ok(Message::SettleJob { .. }));
    world.take(Queue::Finalise).iter().filter(|body| settle(body)).count()
}

#[test]
fn every_plate_is_delivered_with_its_digest_and_the_job_is_asked_to_settle() {
    let (world, job) = ordered(None);
    drain(&world);
    let keys = plates(&world);
    let expected: Vec<_> = (1001..=1008).map(|n| format!("{}/A_PL01_v001/A_PL01_v001.{n}.exr", job.root)).collect();
    assert_eq!(keys, expected);
    assert!(ranges(&world, &job).iter().all(|r| r.state == RangeState::Done && r.attempts == 1));
    let frames: Vec<_> = (0..job.planned.unwrap()).flat_map(|n| result(&world, &job, n).frames).collect();
    for (key, frame) in keys.iter().zip(&frames) {
        let bytes = world.object(Bucket::Delivery, key).unwrap();
        assert_eq!((frame.bytes, &frame.xxh128), (bytes.len() as u64, &hash::xxh128(&bytes)));
        assert!(key.ends_with(&frame.file));
    }
    assert_eq!((frames.len(), settles(&world)), (8, 1));
    assert!(block_on(Jobs(&world).nothing_open(&job.job, 0)).unwrap());
}

#[test]
fn a_frame_that_is_none_fails_its_range_with_one_finding_and_nothing_else() {
    for (bytes, kind) in
        [(&b""[..], "malformed"), (b"GIF89a is not a frame", "malformed"), (b"II*\0\x08\0\0\0", "malformed")]
    {
        let (world, job) = ordered(Some((1, bytes)));
        drain(&world);
        let failed: Vec<_> = ranges(&world, &job).into_iter().filter(|r| r.state == RangeState::Failed).collect();
        let [range] = &failed[..] else { panic!("{failed:?}") };
        let finding = range.error.as_ref().unwrap();
        assert_eq!((finding.kind.as_str(), finding.path.as_str()), (kind, &*format!("{FOLDER}000001.dng")));
        assert!(finding.detail.starts_with("frame 1002 of A_PL01_v001 cannot be made: "), "{}", finding.detail);
        assert!(
            plates(&world).len() >= 6
                && settles(&world) == 1
                && (world.len(Queue::Render), world.dead(Queue::Render).len()) == (0, 0)
        );
    }
}

#[test]
fn a_file_that_was_replaced_or_removed_is_not_rendered() {
    let (world, job) = ordered(None);
    world.upload_silently(&format!("{FOLDER}000000.dng"), "newer");
    world.take_back(&format!("{FOLDER}000007.dng"));
    world.take(Queue::Intake);
    drain(&world);
    let errors: Vec<_> = ranges(&world, &job).into_iter().filter_map(|r| r.error).collect();
    let kinds: Vec<_> = errors.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["mismatch", "missing"]);
}

#[test]
fn a_message_of_another_epoch_does_nothing() {
    let (world, job) = ordered(None);
    let other = |was: Option<&JobRow>| Some(JobRow { state: JobState::Cancelled, epoch: 2, ..was.unwrap().clone() });
    block_on(Jobs(&world).update_job(&job.job, other)).unwrap();
    drain(&world);
    assert!(plates(&world).is_empty() && (world.len(Queue::Render), world.dead(Queue::Render).len()) == (0, 0));
    assert!(ranges(&world, &job).iter().all(|r| r.attempts == 0));
}

#[test]
fn a_cancel_stops_a_range_between_frames() {
    let (world, job) = ordered(None);
    let message = world.take(Queue::Render).remove(0);
    world.post(Queue::Render, &message);
    let cancelling = Functions::new().on(Queue::Render, async |world: World, record| {
        let cancel = async {
            let stop =
                |was: Option<&JobRow>| Some(JobRow { epoch: 2, state: JobState::Cancelled, ..was.unwrap().clone() });
            let id = match Message::parse(&record.body).unwrap() {
                Message::RenderRange { job, .. } => job,
                other => panic!("{other:?}"),
            };
            Jobs(&world).update_job(&id, stop).await.unwrap();
        };
        futures::join!(platefleet_render::handle(&world, &record), cancel).0
    });
    assert!(world.drain(&cancelling, Weather::calm()).failures.is_empty());
    assert!(ranges(&world, &job).iter().all(|r| r.state == RangeState::Pending));
    assert!(plates(&world).len() < 3 && (world.len(Queue::Render), world.dead(Queue::Render).len()) == (0, 0));
}

#[test]
fn when_time_is_short_the_rest_is_sent_on_and_the_plates_are_the_same() {
    let (world, _) = ordered(None);
    drain(&world);
    let (hasty, job) = ordered(None);
    hasty.set_time_left(Duration::from_secs(7));
    hasty.set_call_time(Duration::from_millis(150));
    let report = hasty.drain(&functions(), Weather::calm());
    assert!(report.at_rest && report.failures.is_empty(), "{report:?}");
    assert!(report.delivered > u64::from(job.planned.unwrap()), "{report:?}");
    assert!(hasty.facts() == world.facts());
}

#[test]
fn an_end_at_any_call_changes_nothing_in_the_result() {
    let run = |fault: Option<(u64, Fault)>| {
        let (world, _) = ordered(None);
        let message = world.take(Queue::Render).remove(0);
        world.post(Queue::Render, &message);
        let before = world.calls();
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        let report = world.drain(&functions(), Weather::calm());
        assert!(report.at_rest && report.died == 0, "{report:?}");
        (world.facts(), world.calls() - before)
    };
    let (facts, calls) = run(None);
    for call in 0..calls {
        for fault in [Fault::CrashesBefore, Fault::CrashesAfter, Fault::LosesAnswer(Error::Unknown("no answer".into()))]
        {
            let name = format!("{fault:?} at {call}");
            assert!(run(Some((call, fault))).0 == facts, "{name}");
        }
    }
}

#[test]
fn every_weather_ends_with_the_same_plates() {
    let mut expected = None;
    for seed in 0..20 {
        let (world, job) = ordered(None);
        let report = world.drain(&functions(), Weather { faults: 5, ..Weather::stormy(seed) });
        assert!(report.at_rest && report.died == 0, "seed {seed}: {report:?}");
        let facts = world.facts();
        assert!(*expected.get_or_insert_with(|| facts.clone()) == facts, "seed {seed}");
        assert!(settles(&world) > 0 && ranges(&world, &job).iter().all(|r| r.state == RangeState::Done));
        let order: RangeOrder = serde_json::from_slice(
            &world.object(Bucket::Delivery, &format!("{}/job/ranges/000000.order.json", job.root)).unwrap(),
        )
        .unwrap();
        assert_eq!(order.frames.len(), result(&world, &job, 0).frames.len());
    }
}
