//! What S3 tells queues, as the S3 user guide lays it out ("Event message structure").

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    disk::Version,
    names::encode_key,
    store::{BucketSpec, Notification, now_ms},
};
use crate::sqs::{Outgoing, Sqs};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    Put,
    Copied,
    Completed,
    Deleted,
    MarkerCreated,
}

impl Happened {
    fn name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copied => "ObjectCreated:Copy",
            Self::Completed => "ObjectCreated:CompleteMultipartUpload",
            Self::Deleted => "ObjectRemoved:Delete",
            Self::MarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
        }
    }
}

/// Milliseconds since 1970 as S3 writes moments: three digits behind the second.
pub(super) fn moment(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    format!("{time:.3}")
}

/// A number for each request, as S3 has them.
pub(super) fn request_id() -> String {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    format!("{:016X}", REQUESTS.fetch_add(1, Ordering::Relaxed))
}

/// Posts the test event of a bucket whose notifications are new.
pub(super) fn test(sqs: &Sqs, spec: &BucketSpec) {
    for to in &spec.notifications {
        let body = json!({
            "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": moment(now_ms()), "Bucket": spec.name,
            "RequestId": request_id(), "HostId": "local",
        });
        send(sqs, to, &body);
    }
}

/// Tells all queues that want to hear of it.
pub(super) fn tell(sqs: &Sqs, spec: &BucketSpec, version: &Version, happened: Happened, order: u64) {
    for (number, to) in spec.notifications.iter().enumerate() {
        if wants(to, &version.key, happened) {
            send(sqs, to, &record(sqs.region(), spec, version, happened, order, number));
        }
    }
}

fn wants(to: &Notification, key: &str, happened: Happened) -> bool {
    let event = |event: &String| {
        let event = event.strip_prefix("s3:").unwrap_or(event);
        event.strip_suffix('*').map_or(event == happened.name(), |prefix| happened.name().starts_with(prefix))
    };
    to.events.iter().any(event) && key.starts_with(&to.prefix) && key.ends_with(&to.suffix)
}

fn record(region: &str, spec: &BucketSpec, version: &Version, happened: Happened, order: u64, number: usize) -> Value {
    let mut object = json!({"key": encode_key(&version.key), "sequencer": format!("{order:016X}")});
    if let (Some(content), true) = (&version.content, happened != Happened::Deleted) {
        object["size"] = content.size.into();
        object["eTag"] = content.etag.as_str().into();
    }
    if let Some(id) = &version.id {
        object["versionId"] = id.as_str().into();
    }
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": moment(now_ms()),
        "eventName": happened.name(),
        "userIdentity": {"principalId": "local"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": request_id(), "x-amz-id-2": "local"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": format!("{}-{number}", spec.name),
            "bucket": {
                "name": spec.name,
                "ownerIdentity": {"principalId": "local"},
                "arn": format!("arn:aws:s3:::{}", spec.name),
            },
            "object": object,
        },
    }]})
}

fn send(sqs: &Sqs, to: &Notification, body: &Value) {
    if let Err(error) = sqs.send(&to.queue, Outgoing::text(body.to_string())) {
        tracing::error!(queue = to.queue, %error, "a notification is lost");
    }
}
