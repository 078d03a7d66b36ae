//! Documents beside a clip add to its record, in either order of arrival; proxies and sound are listed.

use platefleet_fleet::{
    ports::Bucket,
    store::{ClipRow, ClipState, Clips, PullState},
};
use platefleet_media::clip::{Metadata, Role};
use platefleet_sim::{Fault, Weather, World, block_on};

use crate::{
    house::{Card, calm, frames, roll, settle, status},
    pulls,
};

const CLIP: &str = "A001C001_261124_R1AB";
const SIDECAR: &str = "Clips/A001C001_261124_R1ABM01.XML";

/// As a Sony camera writes it, for a clip of three frames behind a filter that passes one in so many.
fn document(filter: u32) -> Vec<u8> {
    let text = format!(
        r#"<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20"><Duration value="3"/>
        <VideoFormat><VideoFrame videoCodec="AVC_3840_2160_H422IP@L52_CBG" formatFps="24p"/></VideoFormat>
        <AcquisitionRecord><Group name="CameraUnitMetadataSet">
        <Item name="NeutralDensityFilterWheelSetting" value="1/{filter}"/></Group></AcquisitionRecord></NonRealTimeMeta>"#
    );
    text.into_bytes()
}

/// A clip, its sidecar, and a sidecar of nobody.
fn card() -> Card {
    let mut files = frames(CLIP, 3);
    files.insert(SIDECAR.into(), document(16));
    files.insert("Clips/A001C009_261124_R1ABM01.XML".into(), document(2));
    Card::of(files)
}

/// Uploads the card, the sidecar before or after all else.
fn upload(world: &World, card: &Card, sidecar_first: bool) {
    let mut objects = card.objects();
    objects.sort_by_key(|(key, _)| (key.ends_with("R1ABM01.XML") != sidecar_first, key.contains("/ascmhl/")));
    for (key, bytes) in objects {
        world.upload(&key, bytes);
    }
}

fn original(world: &World) -> ClipRow {
    let clips = block_on(Clips(world).of_production(&roll().production)).unwrap();
    let mut originals = clips.into_iter().filter(|clip| clip.metadata.role == Some(Role::Original));
    let found = originals.next().unwrap();
    assert_eq!(originals.next(), None);
    found
}

/// Stops of the filter, where they are from, and the files beside the clip; the record says what the row says.
fn said(world: &World) -> (Option<f64>, Option<String>, Vec<String>) {
    let row = original(world);
    let record = world.object(Bucket::Delivery, &format!("show/clips/{}.json", row.clip)).unwrap();
    assert_eq!(serde_json::from_slice::<Metadata>(&record).unwrap(), row.metadata);
    let related = row.metadata.related.iter().map(|file| file.path.clone()).collect();
    (row.metadata.nd_stops, row.metadata.sources.get("nd_stops").cloned(), related)
}

fn enriched(stops: f64) -> (Option<f64>, Option<String>, Vec<String>) {
    let source = "A001C001_261124_R1ABM01.XML: NonRealTimeMeta/CameraUnitMetadataSet/NeutralDensityFilterWheelSetting";
    (Some(stops), Some(source.to_owned()), vec![SIDECAR.to_owned()])
}

#[test]
fn a_sidecar_adds_to_its_clip_whichever_comes_first() {
    for sidecar_first in [true, false] {
        let (world, card) = (World::new(), card());
        upload(&world, &card, sidecar_first);
        calm(&world);
        assert_eq!(said(&world), enriched(4.0), "sidecar first: {sidecar_first}");
        assert_eq!(status(&world, &roll()).state, "VERIFIED");
    }
}

#[test]
fn a_sidecar_that_comes_late_adds_to_the_clip_that_stands() {
    let (world, mut card) = (World::new(), card());
    let late = card.files.remove(SIDECAR).unwrap();
    card.upload(&world);
    calm(&world);
    assert_eq!(said(&world), (None, None, vec![]));
    let id = original(&world).clip;
    world.upload(&card.key(SIDECAR), late);
    calm(&world);
    assert_eq!(said(&world), enriched(4.0));
    assert_eq!(original(&world).clip, id);
}

#[test]
fn a_sidecar_counts_only_while_it_is_there_and_verified() {
    let (world, card) = (World::new(), card());
    card.upload(&world);
    calm(&world);
    for _ in 0..2 {
        world.upload(&card.key(SIDECAR), document(8));
        calm(&world);
        assert_eq!(said(&world), (None, None, vec![]), "it is not what the manifest says");
        world.upload(&card.key(SIDECAR), card.files[SIDECAR].clone());
        calm(&world);
        assert_eq!(said(&world), enriched(4.0));
        world.take_back(&card.key(SIDECAR));
        calm(&world);
        assert_eq!(said(&world), (None, None, vec![]), "it is gone");
        world.upload(&card.key(SIDECAR), card.files[SIDECAR].clone());
        calm(&world);
        assert_eq!(said(&world), enriched(4.0));
    }
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_sidecar_that_is_uploaded_again_with_its_manifest_changes_the_record() {
    let (world, mut card) = (World::new(), card());
    card.upload(&world);
    calm(&world);
    for name in card.history.keys() {
        world.take_back(&card.key(&format!("ascmhl/{name}")));
    }
    card.files.insert(SIDECAR.into(), document(4));
    card.history.clear();
    card.seal("2026-11-23T08:00:00Z");
    card.upload(&world);
    calm(&world);
    assert_eq!(said(&world), enriched(2.0));
}

#[test]
fn what_is_wrong_with_a_sidecar_is_a_finding_of_a_clip_that_is_inspected() {
    let (world, mut files) = (World::new(), frames(CLIP, 3));
    files.insert(SIDECAR.into(), b"<NonRealTimeMeta><Duration".to_vec());
    Card::of(files).upload(&world);
    calm(&world);
    let row = original(&world);
    assert_eq!((row.state, row.findings.len()), (ClipState::Inspected, 0));
    let [finding] = &row.metadata.findings[..] else { panic!("{:?}", row.metadata.findings) };
    assert!(finding.starts_with(SIDECAR) && finding.contains("is not XML"), "{finding}");
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

#[test]
fn a_pull_takes_an_enriched_clip() {
    for sidecar_first in [true, false] {
        let (world, card) = (World::new(), card());
        pulls::upload_order(&world, &pulls::order(CLIP));
        upload(&world, &card, sidecar_first);
        calm(&world);
        assert_eq!((pulls::pull(&world).state, pulls::job(&world).state.as_str()), (PullState::Planned, "DONE"));
    }
}

#[test]
fn proxies_and_sound_of_the_take_are_listed() {
    let (world, mut card) = (World::new(), card());
    card.files.insert(format!("Clips/Proxy/{CLIP}.mov"), b"a smaller copy".to_vec());
    card.files.insert(format!("Clips/{CLIP}/{CLIP}.wav"), b"sound".to_vec());
    card.files.insert("Clips/A001C002_261124_R1AB.wav".into(), b"of another take".to_vec());
    card.history.clear();
    card.seal("2026-11-22T08:00:00Z");
    card.upload(&world);
    calm(&world);
    let related = original(&world).metadata.related.into_iter().map(|file| (file.role, file.path));
    let expected = [
        (Role::Proxy, format!("Clips/Proxy/{CLIP}.mov")),
        (Role::Sidecar, SIDECAR.to_owned()),
        (Role::Audio, format!("Clips/{CLIP}/{CLIP}.wav")),
    ];
    assert_eq!(related.collect::<Vec<_>>(), expected);
}

/// A log of the day, which speaks of the clip, of one that comes later and of one that never comes.
fn log(scene: &str) -> Vec<u8> {
    let row = |clip: &str| format!("{clip}.mov\tA001\t{scene}");
    let rows = [CLIP, LATER, "A001C009"].map(row).join("\n");
    format!("Heading\nFIELD_DELIM\tTABS\nFPS\t24\n\nColumn\nName\tTape\tScene\n\nData\n{rows}\n").into_bytes()
}

const LATER: &str = "A001C002_261124_R1AB";
const LOG: &str = "Reports/day 1.ale";

/// Scenes of the clips in order, and whether the log is listed with each.
fn scenes(world: &World) -> Vec<(Option<String>, bool)> {
    let mut clips = block_on(Clips(world).of_production(&roll().production)).unwrap();
    clips.sort_by(|a, b| a.pattern.cmp(&b.pattern));
    let is_listed = |clip: &ClipRow| clip.metadata.related.iter().any(|file| file.path == LOG);
    clips.iter().map(|clip| (clip.metadata.scene.clone(), is_listed(clip))).collect()
}

#[test]
fn a_log_of_the_day_adds_to_every_clip_that_it_names() {
    for log_first in [true, false] {
        let (world, mut card) = (World::new(), Card::of(frames(CLIP, 3)));
        card.files.extend(frames(LATER, 2));
        card.files.extend(frames("A001C003_261124_R1AB", 2));
        card.files.insert(LOG.into(), log("12A"));
        card.history.clear();
        card.seal("2026-11-22T08:00:00Z");
        let mut objects = card.objects();
        objects.sort_by_key(|(key, _)| (key.ends_with(LOG) != log_first, key.contains(LATER)));
        for (key, bytes) in objects {
            world.upload(&key, bytes);
            calm(&world);
        }
        let named = (Some("12A".to_owned()), true);
        assert_eq!(scenes(&world), [named.clone(), named, (None, false)], "log first: {log_first}");
        world.take_back(&card.key(LOG));
        calm(&world);
        assert_eq!(scenes(&world), vec![(None, false); 3], "it is gone");
        world.upload(&card.key(LOG), log("12A"));
        calm(&world);
        assert_eq!(scenes(&world)[1], (Some("12A".to_owned()), true), "it is back");
    }
}

#[test]
fn a_log_that_is_none_adds_to_nothing() {
    let (world, mut files) = (World::new(), frames(CLIP, 3));
    files.insert(LOG.into(), format!("{CLIP}\n").into_bytes());
    Card::of(files).upload(&world);
    calm(&world);
    assert_eq!(scenes(&world), [(None, false)]);
    assert_eq!(status(&world, &roll()).state, "VERIFIED");
}

/// Frames 0 to 2 of a take, and frame 2 once more under a shorter number.
fn written_twice() -> Card {
    let mut files = frames(CLIP, 3);
    let (path, frame) = files.iter().next_back().map(|(path, frame)| (path.clone(), frame.clone())).unwrap();
    files.insert(path.replace("_000002.dng", "_0002.dng"), frame);
    Card::of(files)
}

/// What the sequences of a take say of each other, by their patterns.
fn twice(world: &World) -> Vec<String> {
    let mut clips = block_on(Clips(world).of_production(&roll().production)).unwrap();
    clips.sort_by(|a, b| a.pattern.cmp(&b.pattern));
    clips.into_iter().map(|clip| clip.metadata.findings.join("; ")).collect()
}

fn both() -> [String; 2] {
    let place = format!("Clips/{CLIP}/{CLIP}");
    [format!("{place}_0002.dng"), format!("{place}_[000000-000002].dng")]
        .map(|other| format!("frame 2 is also in {other}: the number stands there twice"))
}

#[test]
fn a_number_that_stands_twice_in_a_take_is_a_finding_of_both_sequences_in_any_order() {
    let card = written_twice();
    for shorter_first in [true, false] {
        let (world, mut objects) = (World::new(), card.objects());
        objects.sort_by_key(|(key, _)| (key.ends_with("_0002.dng") != shorter_first, key.contains("/ascmhl/")));
        for (key, bytes) in objects {
            world.upload(&key, bytes);
            calm(&world);
        }
        assert_eq!(twice(&world), both(), "the shorter one first: {shorter_first}");
        assert_eq!(status(&world, &roll()).state, "VERIFIED");
    }
    for seed in 0..40 {
        let world = World::new();
        card.upload(&world);
        settle(&world, Weather::windy(seed));
        assert_eq!(twice(&world), both(), "seed {seed}");
    }
}

#[test]
fn a_function_that_ends_at_any_call_leaves_the_clip_enriched() {
    let card = card();
    for sidecar_first in [true, false] {
        let run = |fault: Option<(u64, Fault)>| {
            let world = World::new();
            upload(&world, &card, sidecar_first);
            let text = format!("sidecar first: {sidecar_first}, {fault:?}");
            if let Some((call, fault)) = fault {
                world.fail_call(call, fault);
            }
            settle(&world, Weather::calm());
            world.forget_faults();
            let calls = world.calls();
            assert_eq!(said(&world), enriched(4.0), "{text}");
            calls
        };
        for call in 0..run(None) {
            run(Some((call, Fault::CrashesBefore)));
            run(Some((call, Fault::CrashesAfter)));
        }
    }
}

#[test]
fn every_weather_ends_with_what_the_sidecar_says() {
    for seed in 0..60 {
        let (world, card) = (World::new(), card());
        upload(&world, &card, seed % 2 == 0);
        settle(&world, Weather::windy(seed));
        assert_eq!(said(&world), enriched(4.0), "seed {seed}");
    }
}

#[test]
fn every_storm_ends_with_what_the_sidecar_says() {
    let mut crashes = 0;
    for seed in 0..40 {
        let (world, card) = (World::new(), card());
        upload(&world, &card, seed % 2 == 0);
        let report = settle(&world, Weather::stormy(seed));
        crashes += report.crashes;
        if report.died == 0 {
            assert_eq!(said(&world), enriched(4.0), "seed {seed}");
        }
    }
    assert!(crashes > 20, "the storms ended only {crashes} functions");
}
