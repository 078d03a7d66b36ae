//! S3 through the SDK that the functions use.
#![allow(clippy::unwrap_used)]

use std::{path::Path, sync::Arc, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation},
    error::{ProvideErrorMetadata as _, SdkError},
    primitives::ByteStream,
    types::{
        ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, Delete,
        ObjectIdentifier,
    },
};
use platefleet_local::{
    s3::{self, BucketSpec, Notification, Store},
    sqs::{QueueAttributes, Sqs},
};
use tokio::net::TcpListener;

const QUEUE: &str = "intake";

struct Fixture {
    client: Client,
    sqs: Arc<Sqs>,
    endpoint: String,
    directory: Arc<tempfile::TempDir>,
}

/// A versioned bucket `ingest` that notifies, and a plain one `delivery` that does not.
async fn open(directory: &Path) -> (String, Arc<Sqs>) {
    let sqs = Sqs::new("http://127.0.0.1:1".to_owned(), "000000000000", "eu-west-1", 1.0);
    sqs.create(QUEUE, QueueAttributes::default()).unwrap();
    let notification = Notification {
        queue: QUEUE.to_owned(),
        events: vec!["s3:ObjectCreated:*".to_owned(), "s3:ObjectRemoved:*".to_owned()],
        prefix: "show/".to_owned(),
        suffix: ".dng".to_owned(),
    };
    let buckets = [
        BucketSpec { name: "ingest".to_owned(), versioned: true, notifications: vec![notification] },
        BucketSpec { name: "delivery".to_owned(), versioned: false, notifications: Vec::new() },
    ];
    let store = Store::open(directory, &buckets, Arc::clone(&sqs)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(s3::serve(listener, store));
    (endpoint, sqs)
}

fn client(endpoint: &str, id: &str, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .region(Region::new("eu-west-1"))
        .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

async fn fixture() -> Fixture {
    again(Arc::new(tempfile::tempdir().unwrap())).await
}

/// The store in the same directory after a restart.
async fn again(directory: Arc<tempfile::TempDir>) -> Fixture {
    let (endpoint, sqs) = open(directory.path()).await;
    let client = client(&endpoint, s3::ACCESS_KEY_ID, s3::SECRET_ACCESS_KEY);
    Fixture { client, sqs, endpoint, directory }
}

impl Fixture {
    async fn put(&self, bucket: &str, key: &str, body: &str) -> aws_sdk_s3::operation::put_object::PutObjectOutput {
        let body = ByteStream::from(body.as_bytes().to_vec());
        self.client.put_object().bucket(bucket).key(key).body(body).send().await.unwrap()
    }

    async fn text(&self, bucket: &str, key: &str) -> Result<String, (u16, String)> {
        let output = refusal(self.client.get_object().bucket(bucket).key(key).send().await)?;
        Ok(String::from_utf8(output.body.collect().await.unwrap().to_vec()).unwrap())
    }

    /// Bodies of the messages that wait, as JSON; at least `count`.
    async fn messages(&self, count: usize) -> Vec<serde_json::Value> {
        let mut bodies = Vec::new();
        while bodies.len() < count {
            let received = self.sqs.receive_wait(QUEUE, 10, Duration::from_secs(5)).await;
            assert!(!received.is_empty(), "only {} of {count} messages", bodies.len());
            bodies.extend(received.iter().map(|message| serde_json::from_str(&message.body).unwrap()));
        }
        bodies
    }
}

/// Status and code of a refusal.
fn refusal<T, E: aws_sdk_s3::error::ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> Result<T, (u16, String)> {
    result.map_err(|error| {
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        (status, error.code().unwrap_or_default().to_owned())
    })
}

fn refused(status: u16, code: &str) -> Result<(), (u16, String)> {
    Err((status, code.to_owned()))
}

#[tokio::test]
async fn an_object_comes_back_with_its_tag_type_and_metadata_and_survives_a_restart() {
    let f = fixture().await;
    let key = "show/day 1/A001+é#?%.ari";
    let body = ByteStream::from_static(b"hello");
    let put = f.client.put_object().bucket("ingest").key(key).body(body);
    let put = put.content_type("image/x-ari").metadata("reel", "A001").send().await.unwrap();
    // md5sum of "hello"
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    f.put("delivery", "../../../../etc/passwd", "safe").await;
    let f = again(f.directory).await;
    let got = f.client.get_object().bucket("ingest").key(key).send().await.unwrap();
    assert_eq!((got.e_tag(), got.content_type()), (put.e_tag(), Some("image/x-ari")));
    assert_eq!(got.metadata().unwrap()["reel"], "A001");
    assert_eq!(got.version_id(), put.version_id());
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    assert_eq!(f.text("delivery", "../../../../etc/passwd").await.unwrap(), "safe");
    assert_eq!(f.text("ingest", "nope").await, Err((404, "NoSuchKey".to_owned())));
    assert_eq!(f.text("nowhere", "nope").await, Err((404, "NoSuchBucket".to_owned())));
}

#[tokio::test]
async fn an_object_of_many_pieces_streams_in_and_out() {
    let f = fixture().await;
    let bytes: Vec<u8> = (0..9_000_001_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    f.client.put_object().bucket("delivery").key("big").body(bytes.clone().into()).send().await.unwrap();
    let got = f.client.get_object().bucket("delivery").key("big").send().await.unwrap();
    assert!(got.body.collect().await.unwrap().to_vec() == bytes);
}

#[tokio::test]
async fn a_conditional_write_happens_once() {
    let f = fixture().await;
    let put =
        |body: &'static [u8]| f.client.put_object().bucket("delivery").key("k").body(ByteStream::from_static(body));
    let etag = put(b"1").if_none_match("*").send().await.unwrap().e_tag.unwrap();
    let second = refusal(put(b"2").if_none_match("*").send().await).map(drop);
    assert_eq!(second, refused(412, "PreconditionFailed"));
    put(b"3").if_match(&etag).send().await.unwrap();
    assert_eq!(refusal(put(b"4").if_match(&etag).send().await).map(drop), refused(412, "PreconditionFailed"));
    let missing = f.client.put_object().bucket("delivery").key("missing").if_match(&etag);
    assert_eq!(refusal(missing.send().await).map(drop), refused(404, "NoSuchKey"));
    assert_eq!(f.text("delivery", "k").await.unwrap(), "3");
}

#[tokio::test]
async fn of_twenty_who_write_if_absent_one_wins() {
    let f = fixture().await;
    let writes = (0..20).map(|i| {
        let body = ByteStream::from(vec![i; 100_000]);
        f.client.put_object().bucket("ingest").key("claim").if_none_match("*").body(body).send()
    });
    let results = futures::future::join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn ranges_and_conditions_of_a_read() {
    let f = fixture().await;
    let etag = f.put("delivery", "k", "0123456789").await.e_tag.unwrap();
    let get = || f.client.get_object().bucket("delivery").key("k");
    let part = get().range("bytes=2-4").if_match(&etag).send().await.unwrap();
    assert_eq!((part.content_range(), part.content_length()), (Some("bytes 2-4/10"), Some(3)));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"234");
    let tail = get().range("bytes=-3").send().await.unwrap().body.collect().await.unwrap().to_vec();
    assert_eq!(tail, b"789");
    assert_eq!(refusal(get().range("bytes=10-").send().await).map(drop), refused(416, "InvalidRange"));
    assert_eq!(refusal(get().if_match("\"other\"").send().await).map(drop), refused(412, "PreconditionFailed"));
    let unchanged = refusal(get().if_none_match(&etag).send().await).map(drop).unwrap_err();
    assert_eq!(unchanged.0, 304);
    assert_eq!(get().if_none_match("\"other\"").send().await.unwrap().content_length(), Some(10));
}

#[tokio::test]
async fn versions_stay_until_they_are_deleted_by_id() {
    let f = fixture().await;
    let first = f.put("ingest", "k", "one").await.version_id.unwrap();
    f.put("ingest", "k", "two").await;
    let get = |id: String| f.client.get_object().bucket("ingest").key("k").version_id(id);
    let one = get(first.clone()).send().await.unwrap().body.collect().await.unwrap().to_vec();
    assert_eq!((one.as_slice(), f.text("ingest", "k").await.unwrap().as_str()), (&b"one"[..], "two"));

    let removed = f.client.delete_object().bucket("ingest").key("k").send().await.unwrap();
    assert_eq!(removed.delete_marker(), Some(true));
    assert_eq!(f.text("ingest", "k").await, Err((404, "NoSuchKey".to_owned())));
    let marker = removed.version_id.unwrap();
    assert_eq!(refusal(get(marker.clone()).send().await).map(drop), refused(405, "MethodNotAllowed"));
    let listed = f.client.list_objects_v2().bucket("ingest").send().await.unwrap();
    assert_eq!(listed.key_count(), Some(0));
    let versions = f.client.list_object_versions().bucket("ingest").send().await.unwrap();
    assert_eq!((versions.versions().len(), versions.delete_markers().len()), (2, 1));
    assert_eq!(versions.delete_markers()[0].is_latest(), Some(true));

    let f = again(f.directory).await;
    f.client.delete_object().bucket("ingest").key("k").version_id(marker).send().await.unwrap();
    assert_eq!(f.text("ingest", "k").await.unwrap(), "two");
    f.client.delete_object().bucket("ingest").key("k").version_id(&first).send().await.unwrap();
    let gone = f.client.get_object().bucket("ingest").key("k").version_id(&first).send().await;
    assert_eq!(refusal(gone).map(drop), refused(404, "NoSuchVersion"));
}

#[tokio::test]
async fn listings_page_in_byte_order_and_roll_up() {
    let f = fixture().await;
    let keys = ["a b", "a/1", "a/2+é", "a/𝄞", "b&<>\"", "c/\u{1}x", "c/y", "é", "\u{fffd}", "😀/z"];
    for key in keys {
        f.put("delivery", key, "x").await;
    }
    for encoded in [false, true] {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let mut list = f.client.list_objects_v2().bucket("delivery").max_keys(3).set_continuation_token(token);
            if encoded {
                list = list.encoding_type(aws_sdk_s3::types::EncodingType::Url);
            }
            let page = list.send().await.unwrap();
            assert!(page.contents().len() <= 3);
            found.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
            token = page.next_continuation_token().map(str::to_owned);
            assert_eq!(page.is_truncated(), Some(token.is_some()));
            if token.is_none() {
                break;
            }
        }
        let encode = |key: &str| if encoded { platefleet_encode(key) } else { key.to_owned() };
        assert_eq!(found, keys.map(encode));
    }
    let mut rolled = Vec::new();
    let mut token = None;
    loop {
        let list =
            f.client.list_objects_v2().bucket("delivery").delimiter("/").max_keys(2).set_continuation_token(token);
        let page = list.send().await.unwrap();
        rolled.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        rolled.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    rolled.sort();
    assert_eq!(rolled, ["a b", "a/", "b&<>\"", "c/", "é", "\u{fffd}", "😀/"]);
    let after = f.client.list_objects_v2().bucket("delivery").prefix("a/").start_after("a/1").send().await.unwrap();
    assert_eq!(after.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>(), ["a/2+é", "a/𝄞"]);
}

/// Percent-encoding as a form does it, written down a second time.
fn platefleet_encode(key: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*/".contains(&byte);
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if keep(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    key.bytes().map(encode).collect()
}

#[tokio::test]
async fn checksums_are_compared_kept_and_given_back() {
    let f = fixture().await;
    let put = || f.client.put_object().bucket("delivery").key("k").body(ByteStream::from_static(b"123456789"));
    let head = || f.client.head_object().bucket("delivery").key("k").checksum_mode(ChecksumMode::Enabled).send();
    // Values: base64 of the catalogue's check values of "123456789".
    put().checksum_algorithm(ChecksumAlgorithm::Crc32C).send().await.unwrap();
    let stored = head().await.unwrap();
    assert_eq!(stored.checksum_crc32_c(), Some("4waSgw=="));
    assert_eq!(stored.checksum_type(), Some(&ChecksumType::FullObject));
    put().checksum_crc64_nvme("rosUhgp5mIg=").send().await.unwrap();
    assert_eq!(head().await.unwrap().checksum_crc64_nvme(), Some("rosUhgp5mIg="));
    let wrong = put().checksum_sha1("AAAAAAAAAAAAAAAAAAAAAAAAAAA=").send().await;
    assert_eq!(refusal(wrong).map(drop), refused(400, "BadDigest"));
    let wrong = put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await;
    assert_eq!(refusal(wrong).map(drop), refused(400, "BadDigest"));
    for (xxh128, expected) in [("UNKNOWN", refused(400, "InvalidRequest")), (XXH128, Ok(()))] {
        assert_eq!(refusal(put().checksum_xxhash128(xxh128).send().await).map(drop), expected, "{xxh128}");
    }
    assert_eq!(head().await.unwrap().checksum_xxhash128(), Some(XXH128));
    let without = f.client.head_object().bucket("delivery").key("k").send().await.unwrap();
    assert_eq!(without.checksum_xxhash128(), None);
}

/// Base64 of XXH3-128 of "123456789", by the reference implementation.
const XXH128: &str = "MxGUd+3l3NXpcWQnaB1YYA==";

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let f = fixture().await;
    let create = f.client.create_multipart_upload().bucket("ingest").key("show/big.dng").metadata("reel", "A001");
    let id = create.send().await.unwrap().upload_id.unwrap();
    let (first, last) = (vec![7_u8; 5 << 20], b"end".to_vec());
    let mut parts = Vec::new();
    for (number, body) in [(1, first.clone()), (3, last.clone())] {
        let part = f.client.upload_part().bucket("ingest").key("show/big.dng").upload_id(&id).part_number(number);
        let part = part.body(body.into()).send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap()).build());
    }
    let f = again(f.directory).await;
    let listed = f.client.list_parts().bucket("ingest").key("show/big.dng").upload_id(&id).send().await.unwrap();
    assert_eq!(listed.parts().iter().filter_map(aws_sdk_s3::types::Part::part_number).collect::<Vec<_>>(), [1, 3]);
    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = f.client.complete_multipart_upload().bucket("ingest").key("show/big.dng");
        complete.upload_id(&id).multipart_upload(parts).send()
    };
    let reversed = complete(parts.iter().rev().cloned().collect()).await;
    assert_eq!(refusal(reversed).map(drop), refused(400, "InvalidPartOrder"));
    let done = complete(parts.clone()).await.unwrap();
    // md5 of the two md5 digests, by python's hashlib.
    assert_eq!(done.e_tag(), Some("\"6ed53a032abd3d6e7d9c650d3a0121e0-2\""));
    assert_eq!(refusal(complete(parts).await).map(drop), refused(404, "NoSuchUpload"));
    let got = f.client.get_object().bucket("ingest").key("show/big.dng").checksum_mode(ChecksumMode::Enabled);
    let got = got.send().await.unwrap();
    assert_eq!(got.metadata().unwrap()["reel"], "A001");
    assert_eq!((got.checksum_type(), got.checksum_crc64_nvme().is_some()), (Some(&ChecksumType::FullObject), true));
    assert!(got.body.collect().await.unwrap().to_vec() == [first, last].concat());
    let events = f.messages(1).await;
    let record = &events.last().unwrap()["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(record["s3"]["object"]["size"], (5 << 20) + 3);
}

#[tokio::test]
async fn small_parts_are_refused_and_an_aborted_upload_is_gone() {
    let f = fixture().await;
    let create = f.client.create_multipart_upload().bucket("delivery").key("k");
    let create = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    let id = create.upload_id.unwrap();
    let mut parts = Vec::new();
    for number in [1, 2] {
        let part = f.client.upload_part().bucket("delivery").key("k").upload_id(&id).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from_static(b"x"));
        let part = part.send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap()).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = f.client.complete_multipart_upload().bucket("delivery").key("k").upload_id(&id);
    assert_eq!(refusal(complete.multipart_upload(parts).send().await).map(drop), refused(400, "EntityTooSmall"));
    f.client.abort_multipart_upload().bucket("delivery").key("k").upload_id(&id).send().await.unwrap();
    let listed = f.client.list_parts().bucket("delivery").key("k").upload_id(&id).send().await;
    assert_eq!(refusal(listed).map(drop), refused(404, "NoSuchUpload"));
}

#[tokio::test]
async fn queues_hear_of_what_they_asked_for() {
    let f = fixture().await;
    let test = f.messages(1).await;
    assert_eq!((&test[0]["Event"], &test[0]["Bucket"]), (&"s3:TestEvent".into(), &"ingest".into()));
    f.put("ingest", "show/skipped.txt", "x").await;
    f.put("ingest", "other/a.dng", "x").await;
    let put = f.put("ingest", "show/A 001+é.dng", "hello").await;
    let copy =
        f.client.copy_object().bucket("ingest").key("show/b.dng").copy_source("ingest/show%2FA%20001%2B%C3%A9.dng");
    copy.send().await.unwrap();
    f.client.delete_object().bucket("ingest").key("show/b.dng").send().await.unwrap();
    let id = put.version_id().unwrap();
    f.client.delete_object().bucket("ingest").key("show/A 001+é.dng").version_id(id).send().await.unwrap();
    let events = f.messages(4).await;
    let records: Vec<_> = events.iter().map(|event| &event["Records"][0]).collect();
    let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    let expected =
        ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"];
    assert_eq!(names, expected);
    let object = &records[0]["s3"]["object"];
    assert_eq!(object["key"], "show/A+001%2B%C3%A9.dng");
    assert_eq!((&object["size"], &object["versionId"]), (&5.into(), &id.into()));
    assert_eq!(object["eTag"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!((&records[0]["eventVersion"], &records[0]["awsRegion"]), (&"2.1".into(), &"eu-west-1".into()));
    let sequencers: Vec<_> = records.iter().map(|r| r["s3"]["object"]["sequencer"].as_str().unwrap()).collect();
    assert!(sequencers.is_sorted(), "{sequencers:?}");
    let f = again(f.directory).await;
    assert_eq!(f.sqs.counts(QUEUE).visible, 0, "a second test event");
}

#[tokio::test]
async fn a_copy_keeps_metadata_and_many_are_deleted_at_once() {
    let f = fixture().await;
    let put = f.client.put_object().bucket("ingest").key("a&b").body(ByteStream::from_static(b"hello"));
    put.metadata("reel", "A001").send().await.unwrap();
    f.client.copy_object().bucket("delivery").key("copy").copy_source("ingest/a%26b").send().await.unwrap();
    let copied = f.client.head_object().bucket("delivery").key("copy").send().await.unwrap();
    assert_eq!((copied.content_length(), copied.metadata().unwrap()["reel"].as_str()), (Some(5), "A001"));
    let objects = ["copy", "never there"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let deleted = f.client.delete_objects().bucket("delivery").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (2, 0));
    assert_eq!(f.text("delivery", "copy").await, Err((404, "NoSuchKey".to_owned())));
}

#[tokio::test]
async fn who_is_not_the_one_caller_is_refused() {
    let f = fixture().await;
    for (id, secret, code) in [
        ("somebody", s3::SECRET_ACCESS_KEY, "InvalidAccessKeyId"),
        (s3::ACCESS_KEY_ID, "guessed", "SignatureDoesNotMatch"),
    ] {
        let list = client(&f.endpoint, id, secret).list_objects_v2().bucket("ingest").send().await;
        assert_eq!(refusal(list).map(drop), refused(403, code));
    }
}

#[tokio::test]
async fn what_is_not_supported_is_refused_by_name() {
    let f = fixture().await;
    f.put("delivery", "k", "x").await;
    let error = f.client.get_object_tagging().bucket("delivery").key("k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("NotImplemented"));
    assert_eq!(error.message(), Some("the parameter `tagging` of this request is not supported here"));
}

#[tokio::test]
async fn half_written_files_are_gone_after_a_restart() {
    let f = fixture().await;
    f.put("delivery", "k", "x").await;
    let incoming = f.directory.path().join("incoming");
    assert_eq!(std::fs::read_dir(&incoming).unwrap().count(), 0, "nothing stays behind a write");
    std::fs::write(incoming.join("left"), "half").unwrap();
    let inside = std::fs::read_dir(f.directory.path().join("buckets/delivery")).unwrap().next().unwrap().unwrap();
    let orphan = inside.path().join("00-0.data");
    std::fs::write(&orphan, "bytes nothing is known of").unwrap();
    let f = again(f.directory).await;
    assert!(!orphan.exists() && std::fs::read_dir(&incoming).unwrap().count() == 0);
    assert_eq!(f.text("delivery", "k").await.unwrap(), "x");
}
