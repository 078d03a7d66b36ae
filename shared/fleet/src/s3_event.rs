//! What S3 says in a notification, read without trusting it: an event is a hint to look at the object.

use serde::Deserialize;

/// A notification body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Objects that came or went. Events that change no bytes (tags, access lists, replication) are left out.
    Objects(Vec<ObjectEvent>),
    /// `s3:TestEvent`, which S3 posts when a notification is configured. There is nothing to do.
    Test,
}

/// One object that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// What happened.
    pub change: Change,
    /// Bytes; removals do not say.
    pub size: Option<u64>,
    /// Entity tag without quotes; removals do not say.
    pub etag: Option<String>,
    /// Version, where the bucket keeps versions.
    pub version: Option<String>,
    /// Who did it, as the service names them (`AWS:AIDA...`), when the event tells.
    pub principal: Option<String>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was written, copied, completed or restored.
    Created,
    /// It was deleted or has expired.
    Removed,
}

/// Why a body is no notification. Trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum BadNotification {
    /// Longer than S3 writes them.
    #[error("a notification of {0} bytes is longer than {MAX_BODY}")]
    TooLong(usize),
    /// Not JSON, or not of S3's shape.
    #[error("not an S3 notification: {0}")]
    Malformed(#[from] serde_json::Error),
    /// JSON, but neither records nor a test event.
    #[error("not an S3 notification: it has neither `Records` nor `Event`")]
    Neither,
    /// Another structure version.
    #[error("event version `{}` is unknown; this build reads 2.x", .0.escape_debug())]
    Version(String),
    /// Not percent-encoded UTF-8.
    #[error("key `{}` is not percent-encoded UTF-8", .0.escape_debug())]
    Key(String),
}

/// S3 writes up to 64 KB; SQS carries up to 1 MiB.
const MAX_BODY: usize = 1 << 20;
/// Letters of a principal that are kept; S3's have fewer.
const MAX_PRINCIPAL: usize = 200;

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "Event")]
    event: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: String,
    event_name: String,
    user_identity: Option<Identity>,
    s3: Entity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    principal_id: Option<String>,
}

#[derive(Deserialize)]
struct Entity {
    bucket: BucketEntity,
    object: ObjectEntity,
}

#[derive(Deserialize)]
struct BucketEntity {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectEntity {
    key: String,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
}

impl Notification {
    /// Reads the body of a message that S3 sent.
    ///
    /// # Errors
    /// [`BadNotification`] for the whole body, with the first thing that is wrong.
    pub fn parse(body: &str) -> Result<Self, BadNotification> {
        if body.len() > MAX_BODY {
            return Err(BadNotification::TooLong(body.len()));
        }
        let body: Body = serde_json::from_str(body)?;
        match (body.records, body.event.as_deref()) {
            (Some(records), _) => {
                Ok(Self::Objects(records.into_iter().filter_map(|r| r.read().transpose()).collect::<Result<_, _>>()?))
            }
            (None, Some("s3:TestEvent")) => Ok(Self::Test),
            _ => Err(BadNotification::Neither),
        }
    }
}

impl Record {
    fn read(self) -> Result<Option<ObjectEvent>, BadNotification> {
        if !self.event_version.starts_with("2.") {
            return Err(BadNotification::Version(self.event_version.chars().take(20).collect()));
        }
        let name = self.event_name.strip_prefix("s3:").unwrap_or(&self.event_name);
        let change = match name.split(':').next() {
            Some("ObjectCreated") => Change::Created,
            Some("ObjectRestore") if name.ends_with(":Completed") => Change::Created,
            Some("ObjectRemoved" | "LifecycleExpiration") => Change::Removed,
            _ => return Ok(None),
        };
        let ObjectEntity { key, size, e_tag, version_id } = self.s3.object;
        let key = decode_key(&key).ok_or_else(|| BadNotification::Key(key.chars().take(200).collect()))?;
        let etag = e_tag.map(|tag| tag.trim_matches('"').to_owned());
        let principal = self.user_identity.and_then(|who| who.principal_id);
        let principal = principal.map(|who| who.chars().take(MAX_PRINCIPAL).collect());
        Ok(Some(ObjectEvent { bucket: self.s3.bucket.name, key, change, size, etag, version: version_id, principal }))
    }
}

/// Undoes the encoding of keys in notifications: `+` is a space, `%XX` a byte. `None` when that is not UTF-8 or a `%` is
/// not followed by two hex digits.
pub fn decode_key(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Encodes a key as S3 does in notifications: letters, digits, `-_.*/` stand for themselves, a space is `+`.
pub fn encode_key(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::with_capacity(key.len()), |mut out, byte| {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'*' | b'/' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The example of the S3 user guide ("Event message structure"), shortened, with a key of ours.
    fn body(version: &str, name: &str, key: &str) -> String {
        json!({"Records": [{
            "eventVersion": version, "eventSource": "aws:s3", "awsRegion": "us-west-2",
            "eventTime": "1970-01-01T00:00:00.000Z", "eventName": name,
            "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "testConfigRule",
                "bucket": {"name": "ingest", "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": "arn:aws:s3:::ingest"},
                "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                           "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5"}
            }
        }]}).to_string()
    }

    fn objects(text: &str) -> Vec<ObjectEvent> {
        match Notification::parse(text).unwrap() {
            Notification::Objects(objects) => objects,
            Notification::Test => panic!("a test event"),
        }
    }

    #[test]
    fn the_published_example_is_read_and_its_key_decoded() {
        let event = &objects(&body("2.1", "ObjectCreated:Put", "show/day+1/A001+%28copy%29/%C3%A9%2B%25.dng"))[0];
        assert_eq!(event.key, "show/day 1/A001 (copy)/é+%.dng");
        assert_eq!((event.bucket.as_str(), event.size, event.change), ("ingest", Some(1024), Change::Created));
        assert_eq!(event.etag.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
        assert_eq!(event.principal.as_deref(), Some("AIDAJDPLRKLG7UEXAMPLE"));
    }

    #[test]
    fn removals_say_neither_size_nor_tag() {
        let text = r#"{"Records":[{"eventVersion":"2.6","eventName":"ObjectRemoved:DeleteMarkerCreated",
            "s3":{"bucket":{"name":"b"},"object":{"key":"k","sequencer":"1"}}}]}"#;
        let event = &objects(text)[0];
        assert_eq!((event.change, event.size, event.etag.as_ref()), (Change::Removed, None, None));
        assert_eq!(event.principal, None);
    }

    #[test]
    fn a_test_event_has_no_records() {
        let text = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z",
            "Bucket":"amzn-s3-demo-bucket","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"}"#;
        assert_eq!(Notification::parse(text).unwrap(), Notification::Test);
    }

    #[test]
    fn later_versions_of_structure_2_are_read_and_others_refused() {
        for version in ["2.0", "2.4", "2.6", "2.99"] {
            assert_eq!(objects(&body(version, "s3:ObjectCreated:CompleteMultipartUpload", "k")).len(), 1);
        }
        let error = Notification::parse(&body("3.0", "ObjectCreated:Put", "k")).unwrap_err();
        assert_eq!(error.to_string(), "event version `3.0` is unknown; this build reads 2.x");
    }

    #[test]
    fn events_that_change_no_bytes_are_left_out() {
        for name in ["ObjectTagging:Put", "ObjectAcl:Put", "ObjectRestore:Post", "Replication:OperationMissedThreshold"]
        {
            assert!(objects(&body("2.3", name, "k")).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_key_that_is_not_utf_8_is_refused() {
        for key in ["%FF", "a%", "a%4", "%zz", "%+1"] {
            let error = Notification::parse(&body("2.1", "ObjectCreated:Put", key)).unwrap_err();
            assert!(matches!(error, BadNotification::Key(_)), "{key}: {error}");
        }
    }

    #[test]
    fn what_is_no_notification_is_an_error() {
        for text in ["", "[]", "{}", "null", r#"{"Event":"other"}"#, r#"{"Records":[{}]}"#, r#"{"Records":{}}"#] {
            assert!(Notification::parse(text).is_err(), "{text}");
        }
        assert!(matches!(Notification::parse(&" ".repeat(MAX_BODY + 1)), Err(BadNotification::TooLong(_))));
    }

    proptest! {
        #[test]
        fn a_key_reads_back_from_its_encoding(key in "\\PC{0,40}") {
            prop_assert_eq!(decode_key(&encode_key(&key)).unwrap(), key);
        }

        #[test]
        fn no_body_panics(text in "\\PC{0,80}", key in "[%+0-9a-fA-F]{0,12}") {
            let _ = Notification::parse(&text);
            let _ = Notification::parse(&body("2.1", "ObjectCreated:Put", &key));
        }
    }
}
