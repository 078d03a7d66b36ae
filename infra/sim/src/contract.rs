//! What every implementation of the ports does, as functions that panic where it does not. The in-memory world passes
//! them in this crate's tests; the same functions run on the real adapters against the one-machine host, and can run on
//! AWS. That keeps the in-memory world honest.
//!
//! Every function works below a `scope` of its own (a production name that nobody else uses), so that they can run on a
//! fleet that is not empty, and again.

// A contract is a test that several crates run: a panic is how it says no.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{collections::BTreeMap, time::Duration};

use platefleet_fleet::{
    id::RollId,
    message::{Message, Queue},
    ports::{
        Bucket::{Delivery, Ingest},
        Error, Expect, Index, Item, Key, Objects, PutIf, Queues, Result, Table,
    },
};
use serde_json::{Map, Value, json};

/// What the queue contracts need besides the ports: to look at the other end of a queue.
pub trait OtherEnd {
    /// Takes messages out of a queue: all that are due, possibly none.
    fn receive(&self, queue: Queue) -> impl Future<Output = Vec<String>>;
    /// Lets time pass.
    fn pass(&self, time: Duration) -> impl Future<Output = ()>;
}

impl OtherEnd for crate::World {
    async fn receive(&self, queue: Queue) -> Vec<String> {
        self.take(queue)
    }
    async fn pass(&self, time: Duration) {
        self.advance(time);
    }
}

/// Every contract of objects and rows, one after the other.
pub async fn all(world: &(impl Objects + Table), scope: &str) {
    let at = |name: &str| format!("{scope}-{name}");
    an_object_is_read_back_whole_and_by_range(world, &at("range")).await;
    what_is_not_there_is_none_or_not_found(world, &at("absent")).await;
    a_put_if_absent_succeeds_once(world, &at("once")).await;
    a_put_if_match_succeeds_only_on_what_was_read(world, &at("match")).await;
    a_get_if_match_of_an_overwritten_object_conflicts(world, &at("overwritten")).await;
    equal_bytes_have_equal_entity_tags(world, &at("etag")).await;
    an_empty_object_is_an_object(world, &at("empty")).await;
    a_removal_is_repeatable(world, &at("removal")).await;
    a_copy_has_the_bytes_of_its_source(world, &at("copy")).await;
    a_listing_is_in_byte_order_below_its_prefix(world, &at("list")).await;
    a_listing_goes_on_where_a_page_ended(world, &at("pages")).await;
    the_buckets_are_apart(world, &at("buckets")).await;
    a_row_is_read_back_exactly(world, &at("row")).await;
    a_whole_float_comes_back_as_an_integer(world, &at("whole")).await;
    an_attribute_that_would_hide_a_key_is_refused(world, &at("hide")).await;
    a_row_that_must_be_absent_is_written_once(world, &at("row-once")).await;
    a_row_is_overwritten_only_at_the_revision_that_was_read(world, &at("row-rev")).await;
    a_row_without_expectation_is_overwritten_whole(world, &at("row-any")).await;
    a_row_is_deleted_only_as_expected(world, &at("row-delete")).await;
    many_rows_are_written_and_deleted_at_once(world, &at("many-row-delete")).await;
    a_query_is_in_byte_order_below_its_prefix(world, &at("query")).await;
    a_query_goes_on_where_a_page_ended(world, &at("query-pages")).await;
    an_index_finds_rows_by_their_index_keys(world, &at("index")).await;
    a_row_that_leaves_an_index_is_not_found_there(world, &at("index-leave")).await;
}

/// Every contract of queues, one after the other. `delay` is at least a second, SQS's unit.
pub async fn queues(world: &(impl Queues + OtherEnd), scope: &str, delay: Duration) {
    a_message_arrives_in_its_queue(world, &format!("{scope}-message")).await;
    a_delayed_message_waits(world, &format!("{scope}-delayed"), delay).await;
}

#[track_caller]
fn conflicts<T: std::fmt::Debug>(answer: Result<T>) {
    match answer {
        Err(Error::Conflict(_)) => {}
        other => panic!("expected a conflict, got {other:?}"),
    }
}

/// Ranges are half open and give exactly their bytes; a range beyond the end is refused.
pub async fn an_object_is_read_back_whole_and_by_range(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/a b+c%20é/frame.0001.exr");
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let etag = world.put(Delivery, &key, bytes.clone(), PutIf::Always).await.unwrap();
    assert!(!etag.contains('"'), "entity tags are without quotes: {etag}");
    let info = world.head(Delivery, &key).await.unwrap().unwrap();
    assert_eq!((info.key.as_str(), info.size, &info.etag), (key.as_str(), 5000, &etag));
    assert_eq!(world.get(Delivery, &key, None, None).await.unwrap(), bytes);
    for range in [0..1, 0..5000, 4999..5000, 1234..2345] {
        let part = world.get(Delivery, &key, Some(range.clone()), Some(&etag)).await.unwrap();
        assert_eq!(part, bytes[range.start as usize..range.end as usize], "{range:?}");
    }
    assert_eq!(world.get(Delivery, &key, Some(7..7), None).await.unwrap(), b"");
    for range in [5000..5001, 4999..5001] {
        let answer = world.get(Delivery, &key, Some(range.clone()), None).await;
        assert!(matches!(answer, Err(Error::Refused(_))), "{range:?}: {answer:?}");
    }
}

/// `head` answers `None`, `get` and `copy` an error that says so.
pub async fn what_is_not_there_is_none_or_not_found(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/nothing");
    assert_eq!(world.head(Delivery, &key).await.unwrap(), None);
    for range in [None, Some(0..4)] {
        let answer = world.get(Delivery, &key, range, None).await;
        assert!(matches!(answer, Err(Error::NotFound(_))), "{answer:?}");
    }
    let answer = world.copy((Delivery, &key), "any", (Delivery, &format!("{scope}/copy"))).await;
    assert!(matches!(answer, Err(Error::NotFound(_))), "{answer:?}");
}

/// `If-None-Match: *`.
pub async fn a_put_if_absent_succeeds_once(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/manifest.mhl");
    world.put(Delivery, &key, b"first".to_vec(), PutIf::Absent).await.unwrap();
    conflicts(world.put(Delivery, &key, b"second".to_vec(), PutIf::Absent).await);
    assert_eq!(world.get(Delivery, &key, None, None).await.unwrap(), b"first");
}

/// `If-Match` on a write; an absent object matches nothing.
pub async fn a_put_if_match_succeeds_only_on_what_was_read(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/chain.xml");
    let first = world.put(Delivery, &key, b"one".to_vec(), PutIf::Absent).await.unwrap();
    let second = world.put(Delivery, &key, b"two".to_vec(), PutIf::Match(first.clone())).await.unwrap();
    assert_ne!(first, second);
    conflicts(world.put(Delivery, &key, b"lost".to_vec(), PutIf::Match(first.clone())).await);
    assert_eq!(world.get(Delivery, &key, None, None).await.unwrap(), b"two");
    conflicts(world.put(Delivery, &format!("{scope}/absent"), b"x".to_vec(), PutIf::Match(first)).await);
}

/// A reader never gets bytes of another version than it asked for.
pub async fn a_get_if_match_of_an_overwritten_object_conflicts(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/clip.mov");
    let etag = world.put(Ingest, &key, b"take one".to_vec(), PutIf::Always).await.unwrap();
    let newer = world.put(Ingest, &key, b"take two".to_vec(), PutIf::Always).await.unwrap();
    conflicts(world.get(Ingest, &key, None, Some(&etag)).await);
    conflicts(world.get(Ingest, &key, Some(0..4), Some(&etag)).await);
    assert_eq!(world.get(Ingest, &key, Some(5..8), Some(&newer)).await.unwrap(), b"two");
}

/// So that a repeated upload opens no new round.
pub async fn equal_bytes_have_equal_entity_tags(world: &impl Objects, scope: &str) {
    let put = |name: &'static str| world_put(world, scope, name, b"hello world");
    let (a, b) = (put("a").await, put("b").await);
    assert_eq!(a, b);
    // printf 'hello world' | md5sum
    assert_eq!(a, "5eb63bbbe01eeed093cb22bb8f5acdc3");
}

async fn world_put(world: &impl Objects, scope: &str, name: &str, bytes: &[u8]) -> String {
    world.put(Ingest, &format!("{scope}/{name}"), bytes.to_vec(), PutIf::Always).await.unwrap()
}

/// Zero bytes are bytes.
pub async fn an_empty_object_is_an_object(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/empty");
    let etag = world.put(Ingest, &key, Vec::new(), PutIf::Absent).await.unwrap();
    assert_eq!(world.head(Ingest, &key).await.unwrap().unwrap().size, 0);
    assert_eq!(world.get(Ingest, &key, None, Some(&etag)).await.unwrap(), b"");
    conflicts(world.put(Ingest, &key, b"x".to_vec(), PutIf::Absent).await);
}

/// Removing what is not there is no error.
pub async fn a_removal_is_repeatable(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/gone");
    world.put(Delivery, &key, b"x".to_vec(), PutIf::Always).await.unwrap();
    world.remove(Delivery, &key).await.unwrap();
    assert_eq!(world.head(Delivery, &key).await.unwrap(), None);
    world.remove(Delivery, &key).await.unwrap();
    world.put(Delivery, &key, b"again".to_vec(), PutIf::Absent).await.unwrap();
}

/// Across buckets, with a key that needs encoding.
pub async fn a_copy_has_the_bytes_of_its_source(world: &impl Objects, scope: &str) {
    let (from, to) = (format!("{scope}/é a+b %41?.xml"), format!("{scope}/to & fro"));
    let etag = world.put(Ingest, &from, b"document".to_vec(), PutIf::Always).await.unwrap();
    let answer = world.copy((Ingest, &from), "another", (Delivery, &to)).await;
    assert!(matches!(answer, Err(Error::Conflict(_))), "{answer:?}");
    assert_eq!(world.head(Delivery, &to).await.unwrap(), None);
    world.copy((Ingest, &from), &etag, (Delivery, &to)).await.unwrap();
    assert_eq!(world.get(Delivery, &to, None, Some(&etag)).await.unwrap(), b"document");
}

/// Byte order of UTF-8, not any locale's; a prefix is text, not a folder.
pub async fn a_listing_is_in_byte_order_below_its_prefix(world: &impl Objects, scope: &str) {
    for name in ["r/b", "r/B", "r/a/é.dng", "r/a/z.dng", "r/a b+c", "r/a/\u{1f3ac}", "r.txt", "r0", "q/x"] {
        world_put(world, scope, name, name.as_bytes()).await;
    }
    let page = world.list(Ingest, &format!("{scope}/r/"), None).await.unwrap();
    assert_eq!(page.next, None);
    let names: Vec<_> = page.items.iter().map(|o| o.key.strip_prefix(&format!("{scope}/")).unwrap()).collect();
    assert_eq!(names, ["r/B", "r/a b+c", "r/a/z.dng", "r/a/é.dng", "r/a/\u{1f3ac}", "r/b"]);
    assert_eq!(page.items[1].size, 7);
    let head = world.head(Ingest, &page.items[1].key).await.unwrap().unwrap();
    assert_eq!(page.items[1].etag, head.etag);
    assert!(world.list(Ingest, &format!("{scope}/none/"), None).await.unwrap().items.is_empty());
}

/// `after` may also be any key that was seen, and what comes after it is listed.
pub async fn a_listing_goes_on_where_a_page_ended(world: &impl Objects, scope: &str) {
    for n in 0..7 {
        world_put(world, scope, &format!("f{n}"), b"x").await;
    }
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = world.list(Ingest, &format!("{scope}/"), after.as_deref()).await.unwrap();
        keys.extend(page.items.into_iter().map(|o| o.key));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(keys, (0..7).map(|n| format!("{scope}/f{n}")).collect::<Vec<_>>());
    let rest = world.list(Ingest, &format!("{scope}/"), Some(&format!("{scope}/f4"))).await.unwrap();
    assert_eq!(rest.items.len(), 2);
}

/// The same key in both is two objects.
pub async fn the_buckets_are_apart(world: &impl Objects, scope: &str) {
    let key = format!("{scope}/k");
    world.put(Ingest, &key, b"in".to_vec(), PutIf::Always).await.unwrap();
    assert_eq!(world.head(Delivery, &key).await.unwrap(), None);
    world.remove(Delivery, &key).await.unwrap();
    assert_eq!(world.get(Ingest, &key, None, None).await.unwrap(), b"in");
}

fn body(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn item(pk: &str, sk: &str, rev: u64, value: Value) -> Item {
    Item { key: Key::new(pk, sk), rev, body: body(value), index: BTreeMap::new() }
}

/// Numbers are exact up to 64 bits, floats to the last digit; text, lists and maps as they were.
pub async fn a_row_is_read_back_exactly(world: &impl Table, scope: &str) {
    let value = json!({
        "largest": u64::MAX, "smallest": i64::MIN, "zero": 0, "float": 0.1, "tiny": 1e-100, "negative": -3,
        "text": "é \u{1f3ac} \"quoted\"\n", "empty": "", "yes": true, "no": false,
        "list": [1, "two", [3.5], {}], "map": {"a": {"b": []}}, "type": "range"
    });
    let mut row = item(scope, "META#é 1", 1, value);
    row.index.insert(Index::ShotHistory, Key::new(format!("{scope}#shot"), "v001#j"));
    world.put_row(row.clone(), Expect::Absent).await.unwrap();
    assert_eq!(world.get_row(&row.key).await.unwrap().unwrap(), row);
    assert_eq!(world.get_row(&Key::new(scope, "META#other")).await.unwrap(), None);
}

/// A table keeps numbers, not their types: a float that is whole comes back as an integer.
pub async fn a_whole_float_comes_back_as_an_integer(world: &impl Table, scope: &str) {
    let whole = item(scope, "W", 1, json!({"rate": 24.0, "list": [{"gain": -1.0}], "rest": 23.976}));
    world.put_row(whole, Expect::Anything).await.unwrap();
    let row = world.get_row(&Key::new(scope, "W")).await.unwrap().unwrap();
    assert_eq!(row.body, body(json!({"rate": 24, "list": [{"gain": -1}], "rest": 23.976})));
}

/// Names of keys and of the revision are not free for attributes.
pub async fn an_attribute_that_would_hide_a_key_is_refused(world: &impl Table, scope: &str) {
    for name in ["pk", "sk", "rev", "gsi1pk", "gsi3sk"] {
        let answer = world.put_row(item(scope, "H", 1, json!({ name: "x" })), Expect::Anything).await;
        assert!(matches!(answer, Err(Error::Refused(_))), "{name}: {answer:?}");
    }
    assert_eq!(world.get_row(&Key::new(scope, "H")).await.unwrap(), None);
}

/// `Expect::Absent`.
pub async fn a_row_that_must_be_absent_is_written_once(world: &impl Table, scope: &str) {
    world.put_row(item(scope, "R", 1, json!({"n": 1})), Expect::Absent).await.unwrap();
    conflicts(world.put_row(item(scope, "R", 1, json!({"n": 2})), Expect::Absent).await);
    assert_eq!(world.get_row(&Key::new(scope, "R")).await.unwrap().unwrap().body["n"], 1);
}

/// `Expect::Rev`: of two writers who read the same row one wins.
pub async fn a_row_is_overwritten_only_at_the_revision_that_was_read(world: &impl Table, scope: &str) {
    conflicts(world.put_row(item(scope, "R", 2, json!({})), Expect::Rev(1)).await);
    world.put_row(item(scope, "R", 1, json!({"n": 1})), Expect::Absent).await.unwrap();
    world.put_row(item(scope, "R", 2, json!({"n": 2})), Expect::Rev(1)).await.unwrap();
    conflicts(world.put_row(item(scope, "R", 2, json!({"n": 3})), Expect::Rev(1)).await);
    let row = world.get_row(&Key::new(scope, "R")).await.unwrap().unwrap();
    assert_eq!((row.rev, &row.body["n"]), (2, &json!(2)));
}

/// Attributes of the row before do not shine through.
pub async fn a_row_without_expectation_is_overwritten_whole(world: &impl Table, scope: &str) {
    world.put_row(item(scope, "R", 1, json!({"a": 1})), Expect::Anything).await.unwrap();
    world.put_row(item(scope, "R", 1, json!({"b": 2})), Expect::Anything).await.unwrap();
    assert_eq!(world.get_row(&Key::new(scope, "R")).await.unwrap().unwrap().body, body(json!({"b": 2})));
}

/// Deleting what is not there is no error unless a revision was expected.
pub async fn a_row_is_deleted_only_as_expected(world: &impl Table, scope: &str) {
    let key = Key::new(scope, "R");
    world.delete_row(&key, Expect::Anything).await.unwrap();
    conflicts(world.delete_row(&key, Expect::Rev(1)).await);
    world.put_row(item(scope, "R", 2, json!({})), Expect::Anything).await.unwrap();
    conflicts(world.delete_row(&key, Expect::Rev(1)).await);
    assert!(world.get_row(&key).await.unwrap().is_some());
    world.delete_row(&key, Expect::Rev(2)).await.unwrap();
    assert_eq!(world.get_row(&key).await.unwrap(), None);
}

/// More rows than one request holds, whatever stands there; what is not there may be deleted.
pub async fn many_rows_are_written_and_deleted_at_once(world: &impl Table, scope: &str) {
    let rows = |n: u64| (0..60).map(|r| item(scope, &format!("R#{r:02}"), n, json!({ "n": n }))).collect::<Vec<_>>();
    let keys = |rows: std::ops::Range<u32>| rows.map(|r| Key::new(scope, format!("R#{r:02}"))).collect::<Vec<_>>();
    world.write_rows(rows(1), Vec::new()).await.unwrap();
    world.write_rows(rows(2)[..30].to_vec(), keys(30..70)).await.unwrap();
    let page = world.query(scope, "R#", None, 100).await.unwrap();
    assert!(page.items.iter().all(|row| row.rev == 2 && row.body["n"] == 2));
    assert_eq!(page.items.into_iter().map(|row| row.key).collect::<Vec<_>>(), keys(0..30));
    world.write_rows(Vec::new(), Vec::new()).await.unwrap();
    let twice = world.write_rows(rows(3)[..1].to_vec(), keys(0..1)).await;
    assert!(matches!(twice, Err(Error::Refused(_))), "{twice:?}");
}

/// Byte order of UTF-8; a prefix is text; other partitions are not seen.
pub async fn a_query_is_in_byte_order_below_its_prefix(world: &impl Table, scope: &str) {
    for sk in ["FILE#b", "FILE#B", "FILE#a/é", "FILE#a/z", "FILE#a b", "FILF", "FILE", "OPEN#a"] {
        world.put_row(item(scope, sk, 1, json!({"sk_is": sk})), Expect::Anything).await.unwrap();
    }
    world.put_row(item(&format!("{scope}x"), "FILE#c", 1, json!({})), Expect::Anything).await.unwrap();
    let page = world.query(scope, "FILE#", None, 100).await.unwrap();
    let keys: Vec<_> = page.items.iter().map(|i| i.key.sk.as_str()).collect();
    assert_eq!(keys, ["FILE#B", "FILE#a b", "FILE#a/z", "FILE#a/é", "FILE#b"]);
    assert_eq!((page.next, &page.items[0].body["sk_is"]), (None, &json!("FILE#B")));
    assert_eq!(world.query(scope, "", None, 100).await.unwrap().items.len(), 8);
    assert!(world.query(scope, "GONE#", None, 1).await.unwrap().items.is_empty());
}

/// A page holds at most what was asked for; together they hold every row once.
pub async fn a_query_goes_on_where_a_page_ended(world: &impl Table, scope: &str) {
    for n in 0..7 {
        world.put_row(item(scope, &format!("R#{n}"), 1, json!({})), Expect::Anything).await.unwrap();
    }
    world.put_row(item(scope, "S", 1, json!({})), Expect::Anything).await.unwrap();
    for limit in [1, 3, 7, 100] {
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = world.query(scope, "R#", after.as_deref(), limit).await.unwrap();
            assert!(page.items.len() <= limit);
            keys.extend(page.items.into_iter().map(|i| i.key.sk));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(keys, (0..7).map(|n| format!("R#{n}")).collect::<Vec<_>>(), "limit {limit}");
    }
}

async fn index_keys(world: &impl Table, index: Index, pk: &str, prefix: &str, limit: usize) -> Vec<String> {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = world.query_index(index, pk, prefix, after.as_deref(), limit).await.unwrap();
        assert!(page.items.len() <= limit);
        keys.extend(page.items.into_iter().map(|key| key.sk));
        match page.next {
            Some(next) => after = Some(next),
            None => return keys,
        }
    }
}

/// In the order of the index, rows with equal index keys each once; a row stands only in the indexes that it names.
pub async fn an_index_finds_rows_by_their_index_keys(world: &impl Table, scope: &str) {
    let reel = format!("{scope}#REEL#A001");
    for (sk, at) in [("CLIP#3", "0300"), ("CLIP#1", "0100"), ("CLIP#2a", "0200"), ("CLIP#2b", "0200")] {
        let mut row = item(scope, sk, 1, json!({}));
        row.index.insert(Index::ReelTimecode, Key::new(reel.clone(), at));
        world.put_row(row, Expect::Anything).await.unwrap();
    }
    world.put_row(item(scope, "CLIP#4", 1, json!({})), Expect::Anything).await.unwrap();
    for limit in [1, 2, 100] {
        let mut keys = index_keys(world, Index::ReelTimecode, &reel, "", limit).await;
        keys[1..3].sort();
        assert_eq!(keys, ["CLIP#1", "CLIP#2a", "CLIP#2b", "CLIP#3"], "limit {limit}");
    }
    assert_eq!(index_keys(world, Index::ReelTimecode, &reel, "03", 10).await, ["CLIP#3"]);
    assert!(index_keys(world, Index::JobsByState, &reel, "", 10).await.is_empty());
}

/// An index is sparse.
pub async fn a_row_that_leaves_an_index_is_not_found_there(world: &impl Table, scope: &str) {
    let jobs = format!("{scope}#JOBS");
    let mut row = item(scope, "META", 1, json!({}));
    row.index.insert(Index::JobsByState, Key::new(jobs.clone(), "RENDERING#1"));
    world.put_row(row.clone(), Expect::Anything).await.unwrap();
    assert_eq!(index_keys(world, Index::JobsByState, &jobs, "RENDERING#", 10).await, ["META"]);
    row.index.insert(Index::JobsByState, Key::new(jobs.clone(), "DONE#1"));
    world.put_row(row.clone(), Expect::Anything).await.unwrap();
    assert!(index_keys(world, Index::JobsByState, &jobs, "RENDERING#", 10).await.is_empty());
    row.index.clear();
    world.put_row(row, Expect::Anything).await.unwrap();
    assert!(index_keys(world, Index::JobsByState, &jobs, "", 10).await.is_empty());
}

fn settle(scope: &str) -> Message {
    Message::SettleRoll { roll: RollId::parse(&format!("{scope}/A001")).unwrap() }
}

async fn receive_ours(world: &impl OtherEnd, scope: &str) -> Vec<Message> {
    let bodies = world.receive(Queue::Finalise).await;
    bodies.iter().filter_map(|b| Message::parse(b).ok()).filter(|m| *m == settle(scope)).collect()
}

/// Sent twice, it is there twice.
pub async fn a_message_arrives_in_its_queue(world: &(impl Queues + OtherEnd), scope: &str) {
    world.send(Queue::Finalise, &settle(scope), Duration::ZERO).await.unwrap();
    world.send(Queue::Finalise, &settle(scope), Duration::ZERO).await.unwrap();
    let mut count = 0;
    for _ in 0..20 {
        count += receive_ours(world, scope).await.len();
        if count >= 2 {
            break;
        }
        world.pass(Duration::from_millis(100)).await;
    }
    assert_eq!(count, 2);
}

/// Not before its time, and then it does.
pub async fn a_delayed_message_waits(world: &(impl Queues + OtherEnd), scope: &str, delay: Duration) {
    world.send(Queue::Finalise, &settle(scope), delay).await.unwrap();
    assert!(receive_ours(world, scope).await.is_empty(), "it came at once");
    for _ in 0..20 {
        world.pass(delay / 4).await;
        if !receive_ours(world, scope).await.is_empty() {
            return;
        }
    }
    panic!("it never came");
}
