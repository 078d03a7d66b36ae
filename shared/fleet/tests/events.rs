//! The sample events of `events/`, which `make invoke` sends, are events of their functions.

use std::{collections::BTreeSet, path::PathBuf};

use platefleet_fleet::{
    key::{Upload, classify},
    message::{Message, Queue},
    s3_event::{Change, Notification},
};
use platefleet_media::{clip::key_of, path::RelativePath};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn event(function: &str) -> Value {
    let text = std::fs::read(folder().join(format!("{function}.json"))).expect("a sample event of every function");
    serde_json::from_slice(&text).expect("JSON")
}

/// The body of the only record of an SQS event, whose queue is that function's.
fn body(function: &str) -> String {
    let event = event(function);
    let [record] = event["Records"].as_array().expect("records").as_slice() else { panic!("{function}: one record") };
    assert_eq!(record["eventSource"], "aws:sqs");
    assert!(record["messageId"].is_string() && record["attributes"]["ApproximateReceiveCount"] == "1");
    let queue = record["eventSourceARN"].as_str().and_then(|arn| arn.rsplit(':').next());
    assert_eq!(queue, Some(format!("platefleet-{function}").as_str()));
    record["body"].as_str().expect("a body").to_owned()
}

#[test]
fn every_function_has_one_sample_event() {
    let found: BTreeSet<String> =
        folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let functions = Queue::ALL.iter().map(|queue| queue.name()).chain(["status"]);
    assert_eq!(found, functions.map(|name| format!("{name}.json")).collect());
}

#[test]
fn the_sample_message_of_each_queue_belongs_in_it() {
    for queue in Queue::ALL.into_iter().filter(|queue| *queue != Queue::Intake) {
        let message = Message::parse(&body(queue.name())).unwrap();
        assert_eq!(message.queue(), queue, "{message:?}");
    }
}

#[test]
fn the_sample_upload_is_footage_of_the_clip_that_the_sample_inspection_reads() {
    let Notification::Objects(objects) = Notification::parse(&body("intake")).unwrap() else { panic!("a test event") };
    let [object] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!((object.change, object.bucket.as_str()), (Change::Created, "platefleet-ingest-000000000000"));
    let Upload::Footage { production, path } = classify(&object.key).unwrap() else { panic!("{}", object.key) };
    let Message::InspectClip { roll, pattern } = Message::parse(&body("inspect")).unwrap() else { panic!() };
    assert_eq!(roll.production, production);
    let in_roll = path.as_str().strip_prefix(&format!("{}/", roll.path)).unwrap();
    assert_eq!(key_of(&RelativePath::new(in_roll).unwrap()).pattern, pattern);
}

#[test]
fn the_sample_request_is_of_payload_version_2() {
    let request = event("status");
    assert_eq!((&request["version"], &request["rawPath"]), (&"2.0".into(), &"/status".into()));
    assert_eq!(request["requestContext"]["http"]["method"], "GET");
}
