//! The in-memory world keeps the contract of the ports, and does to handlers what it is told to.

use std::time::Duration;

use platefleet_fleet::{
    message::{Message, Queue},
    ports::{
        Bucket, Clock as _, Error, Expect, Index, Item, Key, Objects as _, PutIf, Queues as _, Table as _, Workers as _,
    },
    runner::Failure,
    s3_event::{Change, Notification},
};
use platefleet_sim::{Fault, Functions, Port, Stopped, Weather, World, block_on, contract};

#[test]
fn the_world_keeps_the_contract_of_the_ports() {
    block_on(contract::all(&World::new(), "all"));
}

#[test]
fn the_world_keeps_the_contract_with_small_pages() {
    let world = World::new();
    world.set_row_page(2);
    block_on(contract::a_query_goes_on_where_a_page_ended(&world, "q"));
    block_on(contract::an_index_finds_rows_by_their_index_keys(&world, "i"));
    world.set_object_page(3);
    let page = |after| block_on(world.list(Bucket::Ingest, "p/", after)).unwrap();
    for n in 0..6 {
        world.upload_silently(&format!("p/{n}"), "x");
    }
    let first = page(None);
    assert_eq!((first.items.len(), first.next.as_deref()), (3, Some("p/2")));
    let second = page(first.next.as_deref());
    assert_eq!((second.items.len(), second.next), (3, None));
}

#[test]
fn the_world_keeps_the_contract_of_queues() {
    block_on(contract::queues(&World::new(), "q", Duration::from_mins(15)));
}

#[test]
fn an_upload_is_notified_as_s3_does() {
    let world = World::new();
    world.upload("show/day 1/é+.dng", "abc");
    world.take_back("show/day 1/é+.dng");
    world.post_test_event();
    let bodies = world.take(Queue::Intake);
    let events: Vec<_> = bodies.iter().map(|b| Notification::parse(b).unwrap()).collect();
    let [Notification::Objects(created), Notification::Objects(removed), Notification::Test] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((created[0].key.as_str(), created[0].size), ("show/day 1/é+.dng", Some(3)));
    // printf abc | md5sum
    assert_eq!(created[0].etag.as_deref(), Some("900150983cd24fb0d6963f7d28e17f72"));
    assert_eq!((removed[0].change, removed[0].key.as_str()), (Change::Removed, "show/day 1/é+.dng"));
    assert_eq!(world.keys(Bucket::Ingest, ""), Vec::<String>::new());
}

#[test]
fn a_call_fails_before_it_happens_or_after() {
    let world = World::new();
    let put = |key| block_on(world.put(Bucket::Delivery, key, b"x".to_vec(), PutIf::Always));
    world.fail_next(Port::Put, Fault::Fails(Error::Throttled("slow down".into())));
    world.fail_next(Port::Put, Fault::LosesAnswer(Error::Unknown("timed out".into())));
    assert!(matches!(put("a"), Err(Error::Throttled(_))));
    assert!(matches!(put("b"), Err(Error::Unknown(_))));
    assert!(put("c").is_ok());
    assert_eq!(world.keys(Bucket::Delivery, ""), ["b", "c"]);
    assert_eq!((world.calls(), world.log()[1].clone()), (3, (Port::Put, "b".into())));
}

#[test]
fn a_function_can_end_at_every_call_before_and_after_it() {
    for (call, crash_after, left) in [(0, false, 0), (0, true, 1), (1, false, 1), (1, true, 2), (2, true, 2)] {
        let world = World::new();
        world.fail_call(call, if crash_after { Fault::CrashesAfter } else { Fault::CrashesBefore });
        let ended = world.run(async {
            // One after the other, and as children of a join: the whole function ends either way.
            world.put(Bucket::Delivery, "a", vec![], PutIf::Always).await.unwrap();
            futures::join!(world.put(Bucket::Delivery, "b", vec![], PutIf::Always), async {}).0.unwrap();
        });
        assert_eq!(ended.is_err(), call < 2);
        assert_eq!(world.keys(Bucket::Delivery, "").len(), left, "call {call}, after: {crash_after}");
    }
}

#[test]
fn what_waits_for_another_world_is_stopped() {
    assert_eq!(World::new().run(std::future::pending::<()>()), Err(Stopped));
}

#[test]
fn time_stands_still_unless_a_test_moves_it() {
    let world = World::new();
    world.set_time_left(Duration::from_secs(10));
    world.set_call_time(Duration::from_secs(3));
    let began = world.now_ms();
    block_on(world.head(Bucket::Ingest, "x")).unwrap();
    assert_eq!((world.now_ms() - began, world.time_left()), (3000, Duration::from_secs(7)));
    world.advance(Duration::from_mins(1));
    assert_eq!(world.time_left(), Duration::ZERO);
    assert_eq!(world.invocation().time_left(), Duration::from_secs(10));
}

#[test]
fn a_computation_that_panics_is_refused() {
    let world = World::new();
    assert_eq!(block_on(world.compute(|| 6 * 7)).unwrap(), 42);
    let error = block_on(world.compute(|| -> u8 { panic!("bad frame") })).unwrap_err();
    assert_eq!(error.to_string(), "refused: a computation panicked: bad frame");
}

#[test]
fn frozen_indexes_answer_from_the_past() {
    let world = World::new();
    let put =
        |sk: &str| {
            let index = [(Index::JobsByState, Key::new("g", sk))].into();
            block_on(world.put_row(
                Item { key: Key::new("p", sk), rev: 1, body: serde_json::Map::new(), index },
                Expect::Anything,
            ))
        };
    let found = || block_on(world.query_index(Index::JobsByState, "g", "", None, 10)).unwrap().items.len();
    put("a").unwrap();
    world.freeze_indexes();
    put("b").unwrap();
    assert_eq!(found(), 1);
    assert_eq!(block_on(world.query("p", "", None, 10)).unwrap().items.len(), 2);
    world.thaw_indexes();
    assert_eq!(found(), 2);
}

/// A function that writes a fact and sends the next message, and one that ends the chain.
fn relay() -> Functions {
    Functions::new()
        .on(Queue::Intake, async |world: World, record| {
            let key = format!("fact/{}", record.id);
            world.put(Bucket::Delivery, &key, record.body.into_bytes(), PutIf::Always).await?;
            let roll = platefleet_fleet::id::RollId::parse("p/A001").expect("a roll");
            world.send(Queue::Finalise, &Message::SettleRoll { roll }, Duration::from_mins(15)).await?;
            Ok(())
        })
        .on(Queue::Finalise, async |world: World, _| {
            world.put(Bucket::Delivery, "done", vec![], PutIf::Always).await?;
            Ok(())
        })
}

#[test]
fn a_drain_delivers_until_nothing_is_left_and_moves_the_clock_for_delayed_messages() {
    let world = World::new();
    let began = world.now_ms();
    world.post(Queue::Intake, "a");
    world.post(Queue::Hash, "nobody serves this");
    let report = world.drain(&relay(), Weather::calm());
    assert_eq!((report.delivered, report.at_rest, world.len(Queue::Hash)), (2, true, 1));
    assert_eq!(world.now_ms() - began, 900_000);
    assert_eq!(world.keys(Bucket::Delivery, ""), ["done", "fact/1"]);
}

#[test]
fn a_message_that_always_fails_goes_to_the_dead_letters_after_four_attempts_and_leaves_the_rest_alone() {
    let world = World::new();
    for body in ["good", "poison", "panic"] {
        world.post(Queue::Intake, body);
    }
    let functions = Functions::new().on(Queue::Intake, async |_, record| match record.body.as_str() {
        "good" => Ok(()),
        "panic" => panic!("at the {}. attempt", record.attempt),
        other => Err(Failure::Hopeless(format!("{other} {}", record.attempt))),
    });
    let report = world.drain(&functions, Weather::calm());
    assert_eq!((report.delivered, report.died, report.at_rest), (9, 2, true));
    assert_eq!(world.dead(Queue::Intake), ["poison", "panic"]);
    assert_eq!(report.failures.last().unwrap().1, "panicked: at the 4. attempt");
    let buried = functions.on_dead(async |_, record| {
        assert!(record.dead && record.source == "intake-dlq");
        Ok(())
    });
    assert!(world.drain(&buried, Weather::calm()).at_rest && world.is_empty());
}

#[test]
fn facts_survive_every_weather_and_a_seed_repeats_its_day() {
    let day = |seed| {
        let world = World::new();
        for n in 0..10 {
            world.post(Queue::Intake, &n.to_string());
        }
        let report = world.drain(&relay(), Weather::stormy(seed));
        assert!(report.at_rest, "seed {seed}: {report:?}");
        let facts = world.keys(Bucket::Delivery, "fact/").len();
        assert!(facts + world.dead(Queue::Intake).len() >= 10, "seed {seed}: {report:?}");
        (report, world.log())
    };
    let days: Vec<_> = (0..50).map(day).collect();
    assert!(days.iter().any(|(report, _)| report.crashes > 0), "the storm ends functions");
    assert!(days.iter().any(|(report, _)| report.delivered > 20 + report.failures.len() as u64), "it repeats messages");
    assert_eq!(days[7], day(7));
}

#[test]
fn a_drain_that_never_ends_stops_at_its_limits() {
    let world = World::new();
    world.post(Queue::Hash, "again");
    let functions = Functions::new().on(Queue::Hash, async |world: World, _| {
        world.post(Queue::Hash, "again");
        Ok(())
    });
    let report = world.drain(&functions, Weather { max_deliveries: 50, ..Weather::calm() });
    assert_eq!((report.delivered, report.at_rest), (50, false));
}
