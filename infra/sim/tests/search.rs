//! Searching clips: what is found, in which order, and with which calls.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use platefleet_fleet::{
    id::{ClipId, RollId},
    search::{self, Error, Query},
    store::{ClipRow, ClipState, Clips},
};
use platefleet_media::clip::{Metadata, Role};
use platefleet_sim::{Port, World, block_on};

fn clip(roll: &str, name: &str, metadata: Metadata) -> ClipRow {
    let (roll, pattern) = (RollId::parse(roll).unwrap(), format!("{name}.mxf"));
    ClipRow {
        clip: ClipId::of(&roll, &pattern),
        roll,
        pattern,
        state: ClipState::Inspected,
        revision: "r".into(),
        files: 1,
        unchecked: false,
        metadata: Metadata { clip_name: Some(name.into()), role: Some(Role::Original), ..metadata },
        companions: vec![],
        frames_key: None,
        findings: vec![],
        reads: 0,
        read_bytes: 0,
        inspected_ms: 0,
    }
}

fn put(world: &World, row: &ClipRow) {
    let was = block_on(Clips(world).stored(&row.roll.production, &row.clip)).unwrap();
    block_on(Clips(world).put(row, was.as_ref())).unwrap();
}

/// One minute of a camera at 23.976.
fn shot(model: &str, reel: &str, start: &str) -> Metadata {
    Metadata {
        camera_make: Some("ARRI".into()),
        camera_model: Some(model.into()),
        reel_name: Some(reel.into()),
        frame_rate: Some("24000/1001".into()),
        timecode_rate: Some("24000/1001".into()),
        start_timecode: Some(start.into()),
        frame_count: Some(60 * 24),
        exposure_index: Some(800.0),
        ..Metadata::default()
    }
}

fn three() -> World {
    let world = World::new();
    put(&world, &clip("show/A001", "A001C002", shot("ALEXA Mini LF", "A001", "10:09:30:00")));
    put(&world, &clip("show/A001", "A001C001", shot("ALEXA Mini LF", "A001", "10:00:00:00")));
    put(&world, &clip("other/B001", "B001C001", shot("ALEXA 35", "B001", "10:09:30:00")));
    world
}

fn names(world: &World, pairs: &[(&str, &str)]) -> Vec<String> {
    let found = block_on(search::run(world, &Query::parse(pairs.iter().copied()).unwrap())).unwrap();
    found.clips.into_iter().map(|clip| clip.metadata.clip_name.unwrap()).collect()
}

#[test]
fn clips_meet_every_condition_and_come_in_order_of_their_rolls() {
    let world = three();
    for (pairs, found) in [
        (&[("model", "alexa*")][..], &["B001C001", "A001C001", "A001C002"][..]),
        (&[("model", "alexa*"), ("production", "show")], &["A001C001", "A001C002"]),
        (&[("camera_model", "ALEXA MINI LF"), ("fps", "23.98"), ("ei", "800")], &["A001C001", "A001C002"]),
        (&[("camera_model", "ALEXA")], &[]),
        (&[("make", "arri"), ("reel", "b001")], &["B001C001"]),
        (&[("roll", "a0*"), ("name", "*2")], &[]),
        (&[("roll", "a0*"), ("name", "a001c002")], &["A001C002"]),
        (&[("fps", "24")], &[]),
        (&[("fps", "23*"), ("production", "nobody")], &[]),
    ] {
        assert_eq!(names(&world, pairs), found, "{pairs:?}");
    }
}

#[test]
fn a_timecode_finds_the_clips_that_hold_it() {
    let world = three();
    put(&world, &clip("show/A001", "A001C003", shot("ALEXA Mini LF", "A001", "23:59:30:00")));
    let drop = Metadata {
        frame_rate: Some("30000/1001".into()),
        timecode_rate: Some("30000/1001".into()),
        frame_count: Some(1800),
        ..shot("FX9", "C001", "10:09:30;00")
    };
    put(&world, &clip("show/C001", "C001C001", drop));
    for (pairs, found) in [
        // One minute from 10:09:30:00 goes on to 10:10:29:23.
        (&[("tc", "10:09:29:23")][..], &[][..]),
        (&[("tc", "10:09:30:00")], &["B001C001", "A001C002", "C001C001"]),
        (&[("tc", "10:10:29:23"), ("reel", "A001")], &["A001C002"]),
        (&[("tc", "10:10:30:00"), ("reel", "A001")], &[]),
        (&[("tc", "00:00:00:00")], &["A001C003"]),
        (&[("timecode", "00:00:29:23"), ("reel", "a001")], &["A001C003"]),
        (&[("tc", "00:00:30:00")], &[]),
        (&[("tc", "10:09:30:00"), ("reel", "a*")], &["A001C002"]),
        // Only 30 frames a second have frame 29, and drop-frame counting goes two labels further here.
        (&[("tc", "10:10:00:29")], &["C001C001"]),
        (&[("tc", "10:09:30;00")], &["C001C001"]),
        (&[("tc", "10:10:00:00"), ("fps", "29.97")], &["C001C001"]),
    ] {
        assert_eq!(names(&world, pairs), found, "{pairs:?}");
    }
}

#[test]
fn a_facet_that_is_older_than_its_row_answers_nothing() {
    let world = three();
    let row = clip("show/A001", "A001C001", shot("ALEXA Mini LF", "A001", "10:00:00:00"));
    let stale = world.rows();
    let renamed = Metadata { reel_name: Some("A009".into()), ..row.metadata.clone() };
    put(&world, &ClipRow { metadata: renamed, ..row });
    assert_eq!(names(&world, &[("reel", "A001")]), ["A001C002"]);
    // As if the facets had not been deleted.
    for row in stale.into_iter().filter(|row| row.key.pk == "FACET#show#reel_name") {
        block_on(platefleet_fleet::ports::Table::put_row(&world, row, platefleet_fleet::ports::Expect::Anything))
            .unwrap();
    }
    assert_eq!(names(&world, &[("reel", "A001")]), ["A001C002"]);
    assert_eq!(names(&world, &[("reel", "A001"), ("tc", "10:00:00:00")]), [""; 0]);
    assert_eq!(names(&world, &[("reel", "A009"), ("tc", "10:00:00:00")]), ["A001C001"]);
}

#[test]
fn the_rarest_condition_decides_what_is_read() {
    let world = World::new();
    for n in 0..300 {
        put(&world, &clip("show/A001", &format!("A001C{n:03}"), shot("ALEXA Mini LF", "A001", "10:00:00:00")));
    }
    put(&world, &clip("show/B001", "B001C001", shot("ALEXA 35", "B001", "10:00:00:00")));
    let before = world.calls() as usize;
    assert_eq!(names(&world, &[("make", "ARRI"), ("model", "alexa 35"), ("production", "show")]), ["B001C001"]);
    let calls: Vec<Port> = world.log()[before..].iter().map(|(port, _)| *port).collect();
    assert_eq!(calls.iter().filter(|port| **port == Port::RowGet).count(), 1, "{calls:?}");
    assert!(calls.len() <= 4, "{calls:?}");
}

#[test]
fn an_answer_has_pages_that_follow_each_other() {
    let world = World::new();
    for n in 0..25 {
        put(&world, &clip("show/A001", &format!("A001C{n:03}"), shot("ALEXA Mini LF", "A001", "10:00:00:00")));
    }
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut pairs = vec![("make", "arri"), ("limit", "10")];
        pairs.extend(after.as_deref().map(|after| ("after", after)));
        let found = block_on(search::run(&world, &Query::parse(pairs).unwrap())).unwrap();
        assert_eq!(found.total, 25);
        all.extend(found.clips.into_iter().map(|clip| clip.pattern));
        match found.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(all, (0..25).map(|n| format!("A001C{n:03}.mxf")).collect::<Vec<_>>());
}

#[test]
fn a_query_that_is_none_says_what_there_is() {
    for (pairs, part) in [
        (&[("shoe_size", "42")][..], "there are camera_make (make)"),
        (&[("shoe_size", "42")], "timecode (tc)"),
        (&[], "give a condition"),
        (&[("fps", "fast")], "`fast` is no value of frame_rate"),
        (&[("tc", "10:11")], "`10:11` is no timecode"),
        (&[("tc", "24:00:00:00")], "no timecode"),
        (&[("make", "arri"), ("limit", "0")], "1 to 1000"),
        (&[("make", "arri"), ("production", "a b")], "production"),
    ] {
        let problem = Query::parse(pairs.iter().copied()).unwrap_err().to_string();
        assert!(problem.contains(part), "{pairs:?}: {problem}");
    }
    let broken = World::new();
    broken.fail_next(Port::Query, platefleet_sim::Fault::Fails(platefleet_fleet::ports::Error::Throttled("x".into())));
    let error = block_on(search::run(&broken, &Query::parse([("make", "arri")]).unwrap())).unwrap_err();
    assert!(matches!(error, Error::Port(_)));
}
