//! A batch of messages as the event that a function gets, and what its answer says of each message.
//! Source: Lambda developer guide, "Using Lambda with Amazon SQS" and "Implementing partial batch responses".

use std::collections::BTreeSet;

use axum::body::Bytes;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::function::Answer;
use crate::sqs::{Attribute, AttributeValue, Received, md5_of_attributes};

/// The event of a batch.
pub(super) fn event(batch: &[Received], arn: &str, region: &str) -> Bytes {
    let records: Vec<_> = batch.iter().map(|message| record(message, arn, region)).collect();
    json!({"Records": records}).to_string().into()
}

fn record(message: &Received, arn: &str, region: &str) -> Value {
    let attributes: Map<_, _> = message.attributes.iter().map(|(name, a)| (name.clone(), attribute(a))).collect();
    let mut record = json!({
        "messageId": message.id.0,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": attributes,
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    });
    if let Some(md5) = md5_of_attributes(&message.attributes) {
        record["md5OfMessageAttributes"] = md5.into();
    }
    record
}

fn attribute(attribute: &Attribute) -> Value {
    let mut value = json!({"stringListValues": [], "binaryListValues": [], "dataType": attribute.data_type});
    match &attribute.value {
        AttributeValue::Text(text) => value["stringValue"] = text.as_str().into(),
        AttributeValue::Binary(bytes) => value["binaryValue"] = BASE64_STANDARD.encode(bytes).into(),
    }
    value
}

/// Which messages of a batch are not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undone {
    /// These.
    Some(BTreeSet<String>),
    /// All, with the reason.
    All(&'static str),
}

/// What an answer says of a batch. An answer that cannot be understood leaves the whole batch undone: nothing is
/// acknowledged by mistake.
pub(super) fn undone(answer: &Answer, reports_failures: bool, batch: &[Received]) -> Undone {
    let body = match answer {
        Answer::Failed(_) => return Undone::All("the function failed"),
        Answer::Done(_) if !reports_failures => return Undone::Some(BTreeSet::new()),
        Answer::Done(body) => body,
    };
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return Undone::All("the answer is not JSON") };
    let failures = match value.get("batchItemFailures") {
        None | Some(Value::Null) => return Undone::Some(BTreeSet::new()),
        Some(Value::Array(failures)) => failures,
        Some(_) => return Undone::All("batchItemFailures is not a list"),
    };
    let mut undone = BTreeSet::new();
    for failure in failures {
        let id = failure.get("itemIdentifier").and_then(Value::as_str).unwrap_or_default();
        if !batch.iter().any(|message| message.id.0 == id) {
            return Undone::All("an itemIdentifier of batchItemFailures is not of this batch");
        }
        undone.insert(id.to_owned());
    }
    Undone::Some(undone)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sqs::{Message, MessageId};

    fn received(id: &str) -> Received {
        let text = Attribute { data_type: "String".into(), value: AttributeValue::Text("A001".into()) };
        let bytes = Attribute { data_type: "Binary".into(), value: AttributeValue::Binary(vec![0, 255]) };
        let message = Message {
            id: MessageId(id.into()),
            body: "Test message.".into(),
            md5: "e4e68fb7bd0e697a0ae8f1bb342846b3".into(),
            attributes: BTreeMap::from([("reel".to_owned(), text), ("raw".to_owned(), bytes)]),
            sent: 1_545_082_649_183,
            group: None,
            trace_header: None,
            dead_letter_source: None,
        };
        Received {
            message,
            receipt: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a".into(),
            receive_count: 1,
            first_received: 1_545_082_649_185,
        }
    }

    /// The record of the developer guide's example event, with the attributes of its section on message attributes.
    #[test]
    fn an_event_has_the_shape_of_the_developer_guide() {
        let arn = "arn:aws:sqs:us-east-2:123456789012:my-queue";
        let event: Value = serde_json::from_slice(&event(&[received("059f36b4")], arn, "us-east-2")).unwrap();
        let mut record = event["Records"][0].clone();
        let md5 = record.as_object_mut().unwrap().remove("md5OfMessageAttributes").unwrap();
        assert_eq!(md5.as_str().unwrap().len(), 32);
        let expected = json!({
            "messageId": "059f36b4",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": "Test message.",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1545082649183",
                "SenderId": "local",
                "ApproximateFirstReceiveTimestamp": "1545082649185"
            },
            "messageAttributes": {
                "reel": {"stringValue": "A001", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                "raw": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"}
            },
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": "us-east-2"
        });
        assert_eq!(record, expected);
    }

    /// "Success and failure conditions" of the developer guide.
    #[test]
    fn an_answer_fails_what_it_names_and_everything_when_it_is_not_understood() {
        let batch = [received("a"), received("b")];
        let fate = |answer: &'static str| undone(&Answer::Done(Bytes::from_static(answer.as_bytes())), true, &batch);
        for success in ["{}", "null", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#, r#""done""#] {
            assert_eq!(fate(success), Undone::Some(BTreeSet::new()), "{success}");
        }
        let one = BTreeSet::from(["b".to_owned()]);
        assert_eq!(fate(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#), Undone::Some(one));
        for failure in [
            "",
            "not json",
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"ItemIdentifier":"a"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#,
            r#"{"batchItemFailures":{}}"#,
        ] {
            assert!(matches!(fate(failure), Undone::All(_)), "{failure}");
        }
        let rubbish = Answer::Done(Bytes::from_static(b"rubbish"));
        assert_eq!(undone(&rubbish, false, &batch), Undone::Some(BTreeSet::new()), "nobody reads this answer");
        assert!(matches!(undone(&Answer::Failed(Bytes::new()), false, &batch), Undone::All(_)));
    }
}
