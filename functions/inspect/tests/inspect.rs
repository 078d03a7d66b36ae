//! What `inspect` does to the rows and objects of a clip, in every weather.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use platefleet_fleet::{
    id::{ClipId, PullName, RollId},
    message::{Message, Queue},
    plan::FrameIndex,
    ports::{Bucket, Error},
    search::{self, Query},
    store::{ClipRow, ClipState, Clips, Jobs, PullRow, PullState},
};
use platefleet_footage::{Clip, Stage};
use platefleet_media::clip::{Metadata, Role};
use platefleet_sim::{Fault, Functions, Port, Weather, World, block_on};

const PATTERN: &str = "Clips/A001C001/A001C001_[######].dng";

fn roll() -> RollId {
    RollId::parse("show/day1/A001").unwrap()
}

fn footage() -> Clip {
    Clip { name: "A001C001".into(), frames: 5, width: 64, height: 48, ..Clip::default() }
}

fn file(frame: u64) -> String {
    format!("Clips/A001C001/{}", footage().file_name(frame))
}

/// Five frames that are checked; `bad` is not what the manifest says.
fn checked(bad: Option<u64>) -> World {
    let (world, clip) = (World::new(), footage());
    let stage = Stage::new(&clip).unwrap();
    for frame in 0..clip.frames {
        world.checked_file(&roll(), &file(frame), stage.frame_bytes(frame), bad != Some(frame));
    }
    world
}

fn ask(world: &World, pattern: &str) {
    world.post(Queue::Inspect, &Message::InspectClip { roll: roll(), pattern: pattern.into() }.to_body());
}

fn inspect() -> Functions {
    Functions::new().on(Queue::Inspect, async |world, record| platefleet_inspect::handle(&world, &record).await)
}

fn drain(world: &World) {
    let report = world.drain(&inspect(), Weather::calm());
    assert!(report.at_rest && report.failures.is_empty(), "{report:?}");
}

fn row(world: &World, pattern: &str) -> Option<ClipRow> {
    block_on(Clips(world).clip(&roll().production, &ClipId::of(&roll(), pattern))).unwrap()
}

fn one(world: &World, pattern: &str) -> ClipRow {
    ask(world, pattern);
    drain(world);
    row(world, pattern).unwrap()
}

/// An order that waits for a clip of this name.
fn order(world: &World, pull: &str, wants: &[&str]) {
    let row = PullRow {
        production: roll().production,
        pull: PullName::new(pull).unwrap(),
        etag: "e".into(),
        state: PullState::Waiting,
        job: None,
        jobs: vec![],
        wants: wants.iter().map(|w| (*w).to_owned()).collect(),
        findings: vec![],
        updated_ms: 0,
    };
    block_on(Jobs(world).save_pull(&row, None)).unwrap();
}

#[test]
fn a_checked_clip_is_described_indexed_and_found() {
    let world = checked(None);
    let row = one(&world, PATTERN);
    assert_eq!((row.state, row.files, &row.findings[..]), (ClipState::Inspected, 5, &[][..]));
    let m = &row.metadata;
    assert_eq!((m.clip_name.as_deref(), m.reel_name.as_deref()), (Some("A001C001"), Some("A001")));
    assert_eq!((m.resolution.as_deref(), m.frame_count), (Some("64x48"), Some(5)));
    assert_eq!(m.path.as_deref(), Some("Clips/A001C001/A001C001_[000000-000004].dng"));
    let size = Stage::new(&footage()).unwrap().frame_bytes(0).len() as u64;
    assert_eq!(m.size_bytes, Some(5 * size));

    let index = world.object(Bucket::Delivery, row.frames_key.as_deref().unwrap()).unwrap();
    let index: FrameIndex = serde_json::from_slice(&index).unwrap();
    assert_eq!((index.schema.as_str(), &index.revision), ("frame-index.v2", &row.revision));
    let told = index.clone().expand().unwrap();
    let frames: Vec<_> = told.frames.iter().map(|f| (f.number, f.file, f.span, told.timecode(f).unwrap())).collect();
    assert_eq!(frames.len(), 5);
    assert_eq!(frames[0], (0, 0, None, "10:00:00:00".to_owned()));
    assert_eq!(frames[4], (4, 4, None, "10:00:00:04".to_owned()));
    let expected = world.observed("show/day1/A001/Clips/A001C001/A001C001_000004.dng").unwrap();
    assert_eq!((&index.files[4].etag, index.files[4].size), (&expected.etag, expected.size));

    let document = world.object(Bucket::Delivery, &format!("show/clips/{}.json", row.clip)).unwrap();
    assert_eq!(serde_json::from_slice::<Metadata>(&document).unwrap(), row.metadata);
    let raw = world.object(Bucket::Delivery, &format!("show/clips/{}.raw.json", row.clip)).unwrap();
    let raw: serde_json::Value = serde_json::from_slice(&raw).unwrap();
    let said = m.sources["camera_model"].as_str();
    let tag = raw.as_object().unwrap().iter().find(|(name, _)| name.rsplit(':').next() == Some(said));
    assert_eq!(tag.unwrap().1.as_str(), m.camera_model.as_deref(), "{said}: {raw}");
    let query = Query::parse([("model", "SYNTH*"), ("reel", "a001"), ("tc", "10:00:00:04"), ("verified", "yes")]);
    let found = block_on(search::run(&world, &query.unwrap())).unwrap();
    assert_eq!(found.clips, [row]);
}

#[test]
fn three_frames_are_looked_into_with_one_read_each() {
    let world = checked(None);
    let calls = world.calls() as usize;
    let row = one(&world, PATTERN);
    let reads: Vec<String> =
        world.log()[calls..].iter().filter(|(port, _)| *port == Port::Get).map(|(_, key)| key.clone()).collect();
    assert_eq!(reads, [0, 2, 4].map(|n| format!("show/day1/A001/{}", file(n))));
    assert_eq!(row.reads, 3);
    assert!(row.read_bytes <= 3 * (64 << 10), "{}", row.read_bytes);
}

#[test]
fn a_clip_with_an_open_file_is_left_alone() {
    let world = checked(None);
    let path = platefleet_media::path::RelativePath::new(file(3)).unwrap();
    world.upload_silently(&roll().object_key(&path), "another upload");
    block_on(platefleet_fleet::store::Rolls(&world).observe_file(&roll(), PATTERN, &path)).unwrap();
    ask(&world, PATTERN);
    ask(&world, "Clips/nothing/like_[###].dng");
    drain(&world);
    assert_eq!(row(&world, PATTERN), None);
    assert!(world.keys(Bucket::Delivery, "").is_empty());
}

#[test]
fn a_damaged_file_makes_the_clip_invalid_until_it_is_healed() {
    let world = checked(Some(3));
    let damaged = one(&world, PATTERN);
    assert_eq!((damaged.state, damaged.frames_key.as_ref()), (ClipState::Invalid, None));
    let [finding] = &damaged.findings[..] else { panic!("{:?}", damaged.findings) };
    assert_eq!((finding.kind.as_str(), finding.path.as_str()), ("mismatch", PATTERN));
    assert_eq!(
        finding.detail,
        "1 of 5 files is not what the manifest says (A001C001_000003.dng): upload again what is damaged"
    );
    assert_eq!(damaged.metadata.camera_make.as_deref(), Some(platefleet_footage::Camera::MAKE));
    let clip = footage();
    let healed = Clip { noise_seed: Some(3), ..clip };
    world.checked_file(&roll(), &file(3), Stage::new(&healed).unwrap().frame_bytes(3), true);
    let row = one(&world, PATTERN);
    assert_eq!((row.state, row.findings.len()), (ClipState::Inspected, 0));
    assert_ne!(row.revision, damaged.revision);
}

#[test]
fn what_is_no_footage_is_one_clear_finding_and_no_failed_message() {
    let world = World::new();
    for (path, bytes, state, kind, detail) in [
        ("A/empty.dng", &b""[..], ClipState::Invalid, "malformed", "the file is empty"),
        ("A/magic.dng", b"GIF89a not a frame at all", ClipState::Invalid, "malformed", "does not begin like one"),
        ("A/short.dng", b"II*\0\x08\0\0\0", ClipState::Invalid, "malformed", "the file has 8"),
        ("A/clip.cine", b"CI\x2c\0\0\0\x01\0....", ClipState::Unsupported, "unsupported", "Phantom Cine"),
        ("A/sound.wav", b"garbage garbage", ClipState::Invalid, "malformed", "does not begin like sound"),
    ] {
        world.checked_file(&roll(), path, bytes, true);
        let row = one(&world, path);
        let [finding] = &row.findings[..] else { panic!("{path}: {:?}", row.findings) };
        assert_eq!((row.state, finding.kind.as_str(), finding.path.as_str()), (state, kind, path));
        assert!(finding.detail.contains(detail), "{path}: {}", finding.detail);
        assert!(row.metadata.role.is_some() && row.metadata.clip_name.is_some());
    }
    assert_eq!(row(&world, "A/sound.wav").unwrap().metadata.role, Some(Role::Audio));
    assert!(world.is_empty());
}

#[test]
fn only_orders_that_wait_for_the_clip_are_planned_again() {
    let world = checked(None);
    order(&world, "BY_CLIP", &["A001C001"]);
    order(&world, "BY_REEL", &["B007", "A001"]);
    order(&world, "OTHER", &["A001C002"]);
    order(&world, "DONE", &[]);
    one(&world, PATTERN);
    let plan =
        |pull: &str| Message::PlanPull { production: roll().production, pull: PullName::new(pull).unwrap() }.to_body();
    assert_eq!(world.take(Queue::Plan), [plan("BY_CLIP"), plan("BY_REEL")]);
}

#[test]
fn a_file_that_changes_between_row_and_read_is_tried_again_and_nothing_is_written() {
    let world = checked(None);
    world.upload_silently("show/day1/A001/Clips/A001C001/A001C001_000000.dng", "newer");
    ask(&world, PATTERN);
    let report = world.drain(&inspect(), Weather::calm());
    assert_eq!((report.died, world.dead(Queue::Inspect).len()), (1, 1));
    assert_eq!(row(&world, PATTERN), None);
}

/// The sidecar of the five frames, as a Sony camera writes it.
const SIDECAR: &str = "Clips/A001C001M01.XML";

fn document(filter: u32) -> String {
    let item = format!("<Item name='NeutralDensityFilterWheelSetting' value='1/{filter}'/>");
    let group = format!("<Group name='CameraUnitMetadataSet'>{item}</Group>");
    format!("<NonRealTimeMeta><AcquisitionRecord>{group}</AcquisitionRecord></NonRealTimeMeta>")
}

#[test]
fn a_clip_is_read_again_when_a_sidecar_beside_it_is_new_or_another_and_only_then() {
    let world = checked(None);
    let alone = one(&world, PATTERN);
    world.checked_file(&roll(), SIDECAR, document(16), true);
    ask(&world, SIDECAR);
    drain(&world);
    let first = row(&world, PATTERN).unwrap();
    assert_eq!((alone.metadata.nd_stops, first.metadata.nd_stops), (None, Some(4.0)));
    assert_eq!((&first.clip, first.reads), (&alone.clip, alone.reads + 1));
    let index: FrameIndex =
        serde_json::from_slice(&world.object(Bucket::Delivery, first.frames_key.as_deref().unwrap()).unwrap()).unwrap();
    assert_eq!(index.revision, first.revision);

    let calls = world.calls() as usize;
    ask(&world, SIDECAR);
    ask(&world, PATTERN);
    drain(&world);
    assert!(world.log()[calls..].iter().all(|(port, _)| *port != Port::Get));
    assert_eq!(row(&world, PATTERN).unwrap(), first);

    world.checked_file(&roll(), SIDECAR, document(4), true);
    ask(&world, SIDECAR);
    drain(&world);
    let other = row(&world, PATTERN).unwrap();
    assert_eq!(other.metadata.nd_stops, Some(2.0));
    assert_ne!(other.revision, first.revision);
}

#[test]
fn a_sidecar_that_changes_between_row_and_read_is_left_out_until_it_is_checked() {
    let world = checked(None);
    world.checked_file(&roll(), SIDECAR, document(16), true);
    world.upload_silently(&format!("show/day1/A001/{SIDECAR}"), document(4));
    ask(&world, SIDECAR);
    let early = one(&world, PATTERN);
    assert_eq!((early.state, early.metadata.nd_stops), (ClipState::Inspected, None));
    world.checked_file(&roll(), SIDECAR, document(4), true);
    ask(&world, SIDECAR);
    drain(&world);
    assert_eq!(row(&world, PATTERN).unwrap().metadata.nd_stops, Some(2.0));
}

#[test]
fn a_sidecar_belongs_to_the_clip_of_the_likelier_name_whichever_comes_first() {
    let (likely, other, sidecar) = ("A/A001C001_001.mov", "A/A001C001.mov", "A/A001C001_001.xml");
    for order in [[likely, other], [other, likely]] {
        let world = World::new();
        world.checked_file(&roll(), sidecar, "<notes/>", true);
        ask(&world, sidecar);
        for clip in order {
            world.checked_file(&roll(), clip, "no footage", true);
            one(&world, clip);
        }
        let related = |clip: &str| row(&world, clip).unwrap().metadata.related.len();
        assert_eq!((related(likely), related(other)), (1, 0), "{order:?}");
    }
}

#[test]
fn an_end_at_any_call_changes_nothing_in_the_result() {
    let run = |fault: Option<(u64, Fault)>| {
        let world = checked(None);
        order(&world, "BY_CLIP", &["A001C001"]);
        ask(&world, PATTERN);
        let before = world.calls();
        if let Some((call, fault)) = fault {
            world.fail_call(call, fault);
        }
        let report = world.drain(&inspect(), Weather::calm());
        assert!(report.at_rest && report.died == 0, "{report:?}");
        assert!(!world.take(Queue::Plan).is_empty());
        (world.facts(), world.calls() - before)
    };
    let (facts, calls) = run(None);
    assert!(calls > 15);
    for call in 0..calls {
        for fault in [Fault::CrashesBefore, Fault::CrashesAfter, Fault::LosesAnswer(Error::Unknown("no answer".into()))]
        {
            let name = format!("{fault:?} at {call}");
            assert!(run(Some((call, fault))).0 == facts, "{name}");
        }
    }
}

#[test]
fn every_weather_ends_with_the_same_clip() {
    let mut expected = None;
    for seed in 0..40 {
        let world = checked(None);
        for _ in 0..3 {
            ask(&world, PATTERN);
        }
        let report = world.drain(&inspect(), Weather::stormy(seed));
        assert!(report.at_rest, "seed {seed}: {report:?}");
        let facts = world.facts();
        assert!(*expected.get_or_insert_with(|| facts.clone()) == facts, "seed {seed}");
    }
}
