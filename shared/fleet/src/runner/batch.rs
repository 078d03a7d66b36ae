//! One batch of messages from SQS: each has its own fate.

use std::time::Instant;

use futures::{StreamExt as _, lock::Mutex};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::{Failure, Invocation, Record, guarded};
use crate::{
    message::Message,
    ports::Clock,
    s3_event::Notification,
    telemetry::{Unit, metrics},
};

/// Messages of a batch that are worked on at once; of the heavy ones only one, so that the memory of a function is that of one
/// roll.
const IN_FLIGHT: usize = 4;
/// SQS hands over at most this many.
const MAX_BATCH: usize = 10_000;

/// Why an event is none that this function takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Not what an SQS event source sends.
    #[error("not a batch of SQS messages: {0}; this function is invoked by its queue")]
    NotABatch(&'static str),
    /// Not what a Function URL sends.
    #[error("not a request: {0}")]
    NotARequest(&'static str),
}

/// The fields of a record that are read; SQS may add others.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Raw {
    body: Option<String>,
    attributes: Attributes,
    message_attributes: MessageAttributes,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attributes {
    #[serde(rename = "ApproximateReceiveCount")]
    receive_count: String,
    #[serde(rename = "AWSTraceHeader")]
    trace: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MessageAttributes {
    traceparent: Option<TextAttribute>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TextAttribute {
    string_value: Option<String>,
}

/// Hands every message of a batch to the handler and answers which of them are not done
/// (`{"batchItemFailures": [{"itemIdentifier"}]}`).
///
/// # Errors
/// [`BadEvent::NotABatch`] when the event has no records with an identity: then nothing can be answered by item.
pub(super) async fn answer<E, H>(env: &E, invocation: &Invocation, event: Value, handler: &H) -> Result<Value, BadEvent>
where
    E: Clone + Clock,
    H: AsyncFn(E, Record) -> Result<(), Failure>,
{
    let Value::Object(mut event) = event else { return Err(BadEvent::NotABatch("it is no object")) };
    let Some(Value::Array(records)) = event.remove("Records") else {
        return Err(BadEvent::NotABatch("it has no `Records`"));
    };
    if records.len() > MAX_BATCH {
        return Err(BadEvent::NotABatch("it has more records than SQS sends"));
    }
    let records: Vec<(String, Value)> = records
        .into_iter()
        .map(|record| record["messageId"].as_str().map(str::to_owned).map(|id| (id, record)))
        .collect::<Option<_>>()
        .ok_or(BadEvent::NotABatch("a record has no `messageId`"))?;
    let alone = &Mutex::new(());
    let failed: Vec<Value> = futures::stream::iter(records)
        .map(|(id, record)| async move {
            let done = one(env, invocation, &id, record, handler, alone).await;
            (!done).then(|| json!({"itemIdentifier": id}))
        })
        .buffered(IN_FLIGHT)
        .filter_map(std::future::ready)
        .collect()
        .await;
    Ok(json!({"batchItemFailures": failed}))
}

/// One message: true when it is done.
async fn one<E, H>(env: &E, invocation: &Invocation, id: &str, record: Value, handler: &H, alone: &Mutex<()>) -> bool
where
    E: Clone + Clock,
    H: AsyncFn(E, Record) -> Result<(), Failure>,
{
    let read = read(id, record);
    let subject = read.as_ref().map(|(record, _)| Subject::of(record)).unwrap_or_default();
    let _alone = if subject.is_heavy { Some(alone.lock().await) } else { None };
    let began = Instant::now();
    let trace = read.as_ref().ok().and_then(|(_, trace)| trace.as_ref()).or(invocation.trace.as_ref());
    let span = tracing::info_span!(
        "message",
        function = invocation.function,
        request_id = invocation.request_id,
        message_id = id,
        attempt = read.as_ref().map_or(0, |(record, _)| record.attempt),
        kind = subject.kind,
        production = subject.production,
        roll = subject.roll,
        job = subject.job,
        range = subject.range,
        object = subject.object,
        trace = trace.map(String::as_str),
    );
    async {
        let fate = match read {
            Ok((record, _)) => guarded(env.time_left(), handler(env.clone(), record)).await,
            Err(problem) => Ok(Err(Failure::Hopeless(problem))),
        };
        let elapsed_ms = began.elapsed().as_secs_f64() * 1000.0;
        let done = match fate {
            Ok(Ok(())) => {
                tracing::info!(outcome = "done", elapsed_ms);
                true
            }
            Ok(Err(Failure::Retry(reason))) => {
                tracing::warn!(outcome = "retry", reason, elapsed_ms);
                false
            }
            Ok(Err(Failure::Hopeless(reason))) => {
                tracing::error!(outcome = "hopeless", reason, elapsed_ms);
                false
            }
            Err(reason) => {
                tracing::error!(outcome = "ended", reason, elapsed_ms);
                false
            }
        };
        metrics(&[
            ("Records", Unit::Count, 1.0),
            ("Failures", Unit::Count, if done { 0.0 } else { 1.0 }),
            ("DurationMs", Unit::Milliseconds, elapsed_ms),
        ]);
        done
    }
    .instrument(span)
    .await
}

/// A record and the trace header that it carries.
fn read(id: &str, record: Value) -> Result<(Record, Option<String>), String> {
    let raw: Raw = serde_json::from_value(record).map_err(|e| format!("a record that SQS does not send: {e}"))?;
    let source = raw.event_source_arn.rsplit(':').next().unwrap_or_default().to_owned();
    let record = Record {
        id: id.to_owned(),
        body: raw.body.ok_or("a record without a body")?,
        attempt: raw.attributes.receive_count.parse().unwrap_or(1),
        dead: source.ends_with("-dlq"),
        source,
    };
    let traceparent = raw.message_attributes.traceparent.and_then(|t| t.string_value);
    Ok((record, raw.attributes.trace.or(traceparent)))
}

/// What a message is about, for the log.
#[derive(Default)]
struct Subject {
    is_heavy: bool,
    kind: Option<String>,
    production: Option<String>,
    roll: Option<String>,
    job: Option<String>,
    range: Option<u32>,
    object: Option<String>,
}

impl Subject {
    fn of(record: &Record) -> Self {
        let Ok(message) = Message::parse(&record.body) else {
            let object = match Notification::parse(&record.body) {
                Ok(Notification::Objects(objects)) => objects.into_iter().next().map(|o| o.key),
                _ => None,
            };
            return Self { object, ..Self::default() };
        };
        let kind = serde_json::to_value(&message).ok().and_then(|v| Some(v.get("type")?.as_str()?.to_owned()));
        let is_heavy = message.is_heavy();
        let (production, roll, job, range) = match message {
            Message::ExpandHistory { roll, .. }
            | Message::LookAgain { roll, .. }
            | Message::SendChecks { roll, .. }
            | Message::HashFile { roll, .. }
            | Message::InspectClip { roll, .. }
            | Message::LookAtClip { roll, .. }
            | Message::SettleRoll { roll }
            | Message::TickRoll { roll, .. } => (Some(roll.production), Some(roll.path), None, None),
            Message::PlanPull { production, .. } => (Some(production), None, None, None),
            Message::RenderRange { job, range, .. } => (None, None, Some(job), Some(range)),
            Message::SettleJob { job } | Message::TickJob { job, .. } => (None, None, Some(job), None),
        };
        Self {
            is_heavy,
            kind,
            production: production.map(Into::into),
            roll: roll.map(Into::into),
            job: job.map(Into::into),
            range,
            object: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, time::Duration};

    use super::*;
    use proptest::prelude::*;

    #[derive(Clone)]
    struct Watch(Duration);

    impl Clock for Watch {
        fn now_ms(&self) -> u64 {
            0
        }
        fn time_left(&self) -> Duration {
            self.0
        }
    }

    const MINUTE: Watch = Watch(Duration::from_mins(1));

    /// The example of the Lambda developer guide ("Using Lambda with Amazon SQS"), with bodies of ours.
    fn event(bodies: &[&str]) -> Value {
        let records: Vec<_> = bodies
            .iter()
            .map(|body| {
                json!({
                    "messageId": format!("id-{body}"), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...", "body": body,
                    "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1545082649183", "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                        "ApproximateFirstReceiveTimestamp": "1545082649185", "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"},
                    "messageAttributes": {"myAttribute": {"stringValue": "myValue", "stringListValues": [], "binaryListValues": [], "dataType": "String"}},
                    "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3", "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue", "awsRegion": "us-east-2"
                })
            })
            .collect();
        json!({"Records": records})
    }

    async fn answer_of(
        event: Value,
        handler: impl AsyncFn(Watch, Record) -> Result<(), Failure>,
    ) -> Result<Value, BadEvent> {
        answer(&MINUTE, &Invocation::default(), event, &handler).await
    }

    #[tokio::test]
    async fn each_message_has_its_own_fate() {
        let answer = answer_of(event(&["good", "bad", "panic", "good2", "hopeless"]), async |_, record| {
            match record.body.as_str() {
                "bad" => Err(Failure::Retry("later".into())),
                "hopeless" => Err(Failure::Hopeless("never".into())),
                "panic" => panic!("a bug"),
                _ => Ok(()),
            }
        });
        let expected = json!({"batchItemFailures": [
            {"itemIdentifier": "id-bad"}, {"itemIdentifier": "id-panic"}, {"itemIdentifier": "id-hopeless"}]});
        assert_eq!(answer.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn of_the_messages_that_hold_a_whole_roll_one_is_worked_on_at_a_time() {
        let (at_once, most) = (RefCell::new(0), RefCell::new(0));
        let work = async |_, record: Record| {
            let is_heavy = record.body.contains("expand-history");
            if is_heavy {
                *at_once.borrow_mut() += 1;
                let now = *at_once.borrow();
                most.replace_with(|most| now.max(*most));
            }
            tokio::task::yield_now().await;
            if is_heavy {
                *at_once.borrow_mut() -= 1;
            }
            Ok(())
        };
        let roll = crate::id::RollId::parse("show/A001").unwrap();
        let heavy = Message::ExpandHistory { roll, hop: 0 }.to_body();
        let answer = answer_of(event(&[&heavy, "an event", &heavy, &heavy, "another"]), work).await.unwrap();
        assert_eq!((answer, most.into_inner()), (json!({"batchItemFailures": []}), 1));
    }

    #[tokio::test]
    async fn a_message_arrives_as_it_was_sent() {
        let seen = RefCell::new(Vec::new());
        let mut batch = event(&["a", "b"]);
        batch["Records"][1]["eventSourceARN"] = "arn:aws:sqs:us-east-2:123456789012:show-render-dlq".into();
        answer_of(batch, async |_, record| {
            seen.borrow_mut().push(record);
            Ok(())
        })
        .await
        .unwrap();
        let record = |id: &str, body: &str, source: &str, dead| Record {
            id: id.into(),
            body: body.into(),
            attempt: 3,
            source: source.into(),
            dead,
        };
        let expected = [record("id-a", "a", "my-queue", false), record("id-b", "b", "show-render-dlq", true)];
        assert_eq!(*seen.borrow(), expected);
    }

    #[tokio::test]
    async fn a_slow_message_does_not_take_its_neighbours_along() {
        let watch = Watch(Duration::from_millis(520));
        let invocation = Invocation::default();
        let answer = answer(&watch, &invocation, event(&["fast", "slow"]), &async |_, record: Record| {
            if record.body == "slow" {
                std::future::pending::<()>().await;
            }
            Ok(())
        });
        assert_eq!(answer.await.unwrap(), json!({"batchItemFailures": [{"itemIdentifier": "id-slow"}]}));
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_read_is_never_acknowledged() {
        let mut batch = event(&["good"]);
        batch["Records"][0]["body"] = Value::Null;
        let answer = answer_of(batch, async |_, _| Ok(())).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "id-good"}]}));
    }

    #[tokio::test]
    async fn an_event_of_another_kind_is_an_error_that_says_so() {
        for other in [json!({}), json!([]), json!({"Records": [{"Sns": {}}]}), json!({"Records": 7}), Value::Null] {
            let error = answer_of(other, async |_, _| Ok(())).await.unwrap_err().to_string();
            assert!(
                error.starts_with("not a batch of SQS messages: ") && error.ends_with("invoked by its queue"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_log_knows_what_a_message_is_about() {
        let subject = |body: &str| {
            let record = Record { id: "1".into(), body: body.into(), attempt: 1, source: String::new(), dead: false };
            Subject::of(&record)
        };
        let roll = subject(r#"{"v":1,"type":"settle-roll","roll":{"production":"p","path":"d1/A001"}}"#);
        assert_eq!((roll.kind.as_deref(), roll.roll.as_deref()), (Some("settle-roll"), Some("d1/A001")));
        let job = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let range = subject(&format!(r#"{{"v":1,"type":"render-range","job":"{job}","range":7,"epoch":1}}"#));
        assert_eq!((range.job.as_deref(), range.range), (Some(job), Some(7)));
        let object = subject(
            r#"{"Records":[{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}"#,
        );
        assert_eq!(object.object.as_deref(), Some("a b"));
    }

    proptest! {
        #[test]
        fn no_record_panics(body in "\\PC{0,60}", count in "\\PC{0,6}", arn in "\\PC{0,20}") {
            let record = json!({"messageId": "1", "body": body, "attributes": {"ApproximateReceiveCount": count}, "eventSourceARN": arn});
            if let Ok((record, _)) = read("1", record) {
                let _ = Subject::of(&record);
            }
        }
    }
}
