//! Orders: from pull.json to a sealed delivery.

use platefleet_fleet::{
    id::{Production, PullName},
    message::Queue,
    ports::{Bucket, Error},
    status::{self, Status},
    store::{Jobs, PullRow, PullState},
};
use platefleet_media::hash::Algorithm;
use platefleet_sim::{Fault, Functions, Port, Weather, World, block_on};
use serde_json::{Value, json};

use crate::house::{Card, calm, delivered, findings, frames, settle};

/// An order of all frames of one clip.
pub(crate) fn order(clip: &str) -> Value {
    json!({"schema": "pull-order.v1", "production": "show", "pull": "VFX_001",
        "shots": [{"shot": "AB_010", "plate": "PL01", "clip": clip}]})
}

pub(crate) fn upload_order(world: &World, order: &Value) {
    world.upload("show/pulls/VFX_001/pull.json", order.to_string());
}

pub(crate) fn pull(world: &World) -> PullRow {
    let (production, pull) = (Production::new("show").unwrap(), PullName::new("VFX_001").unwrap());
    block_on(Jobs(world).pull(&production, &pull)).unwrap().unwrap()
}

/// What people see of the newest job of the order.
pub(crate) fn job(world: &World) -> Status {
    block_on(status::of_job(world, &pull(world).job.unwrap())).unwrap().unwrap()
}

#[test]
fn an_order_becomes_plates_that_are_sealed() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    upload_order(&world, &order("A001C001_261124_R1AB"));
    calm(&world);
    let seen = job(&world);
    assert_eq!((seen.state.as_str(), findings(&seen), seen.counts["frames_done"]), ("DONE", vec![], 3));
    let root = format!("show/plates/VFX_001-{}/AB_010_PL01_v001", pull(&world).job.unwrap().short());
    let plates = world.keys(Bucket::Delivery, &format!("{root}/AB"));
    let names: Vec<_> = plates.iter().map(|key| key.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["AB_010_PL01_v001.1001.exr", "AB_010_PL01_v001.1002.exr", "AB_010_PL01_v001.1003.exr"]);
    let history = delivered(&world, &root);
    let sealed = &history[0].files;
    assert_eq!(sealed.len(), 3);
    for (file, key) in sealed.iter().zip(&plates) {
        let bytes = world.object(Bucket::Delivery, key).unwrap();
        assert_eq!(file.hashes[&Algorithm::Xxh128].text, platefleet_media::hash::xxh128(&bytes));
        assert_eq!(file.size, Some(bytes.len() as u64));
    }
}

#[test]
fn an_order_that_comes_before_its_footage_waits_for_it() {
    let (world, card) = (World::new(), Card::small());
    upload_order(&world, &order("A001C001_261124_R1AB"));
    calm(&world);
    assert_eq!(pull(&world).state, PullState::Waiting);
    card.upload(&world);
    calm(&world);
    assert_eq!(job(&world).state, "DONE");
}

#[test]
fn a_clip_or_a_frame_that_does_not_exist_is_one_clear_finding() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    let mut order = order("A001C001_261124_R1AB");
    let shots = order["shots"].as_array_mut().unwrap();
    shots.push(json!({"shot": "AB_020", "plate": "PL01", "clip": "A009C009"}));
    shots.push(json!({"shot": "AB_030", "plate": "PL01", "clip": "A001C001_261124_R1AB", "frames": [500, 510]}));
    calm(&world);
    upload_order(&world, &order);
    calm(&world);
    let seen = job(&world);
    assert_eq!((seen.state.as_str(), seen.counts["frames_done"], seen.counts["left_out"]), ("INCOMPLETE", 3, 2));
    let about: Vec<_> = seen.findings.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(about.iter().filter(|path| path.contains("AB_020")).count(), 1, "{:?}", seen.findings);
    assert_eq!(about.iter().filter(|path| path.contains("AB_030")).count(), 1, "{:?}", seen.findings);
}

#[test]
fn an_order_that_is_no_order_is_refused_with_every_reason() {
    let world = World::new();
    world.upload("show/pulls/VFX_001/pull.json", "{\"schema\": \"pull-order.v1\"");
    calm(&world);
    let row = pull(&world);
    assert_eq!((row.state, row.findings.len()), (PullState::Refused, 1));
}

#[test]
fn a_frame_that_cannot_be_decoded_fails_its_range_and_nothing_else() {
    let mut files = frames("A001C001", 3);
    // The header is whole, the pixels are not: it inspects as a frame of the sequence, and fails when it is decoded.
    let broken = files.get_mut("Clips/A001C001/A001C001_000001.dng").unwrap();
    broken.truncate(broken.len() - 100);
    files.extend(frames("A001C002", 2));
    let (world, card) = (World::new(), Card::of(files));
    card.upload(&world);
    calm(&world);
    let mut order = order("A001C002");
    order["shots"].as_array_mut().unwrap().push(json!({"shot": "AB_020", "plate": "PL01", "clip": "A001C001"}));
    upload_order(&world, &order);
    calm(&world);
    let seen = job(&world);
    assert_eq!(seen.state, "FAILED");
    assert!(
        seen.findings
            .iter()
            .any(|f| f.detail.contains("A001C001_000001.dng") || f.path.contains("A001C001_000001.dng")),
        "{:?}",
        seen.findings
    );
    let root = format!("show/plates/VFX_001-{}", pull(&world).job.unwrap().short());
    assert_eq!(delivered(&world, &format!("{root}/AB_010_PL01_v001")).len(), 1, "the whole shot is sealed");
    assert_eq!(world.keys(Bucket::Delivery, &format!("{root}/AB_020_PL01_v001/ascmhl")), Vec::<String>::new());
}

#[test]
fn an_order_whose_planning_was_given_up_is_planned_when_it_is_uploaded_again() {
    let (world, card) = (World::new(), Card::small());
    card.upload(&world);
    calm(&world);
    upload_order(&world, &order("A001C001_261124_R1AB"));
    let intake =
        Functions::new().on(Queue::Intake, async |world, record| platefleet_intake::handle(&world, &record).await);
    world.drain(&intake, Weather::calm());
    // The job's row stands, and its first message cannot be sent, in any attempt.
    for _ in 0..4 {
        world.fail_next(Port::Send, Fault::Fails(Error::Throttled("down".into())));
    }
    assert_eq!(settle(&world, Weather::calm()).died, 1);
    let row = pull(&world);
    assert_eq!((row.state, row.findings[0].kind.as_str()), (PullState::Refused, "gave-up"));
    upload_order(&world, &order("A001C001_261124_R1AB"));
    calm(&world);
    assert_eq!((pull(&world).state, job(&world).state.as_str()), (PullState::Planned, "DONE"));
    assert_eq!(job(&world).round, 2);
}
