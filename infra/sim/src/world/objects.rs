//! Objects, and uploads with the notifications that S3 sends for them.

use std::{collections::BTreeMap, ops::Range};

use md5::{Digest as _, Md5};
use platefleet_fleet::{
    message::Queue,
    ports::{Bucket, Error, ObjectInfo, Objects, Page, PutIf, Result},
    s3_event::encode_key,
};
use serde_json::json;

use super::{Port, State, World};

/// Name of the ingest bucket in notifications.
const INGEST: &str = "ingest";

/// What an object holds.
#[derive(Debug)]
enum Content {
    Stored(Vec<u8>),
    /// So many bytes, each range of which is made when it is read.
    Made(u64, fn(Range<u64>) -> Vec<u8>),
}

impl Content {
    fn size(&self) -> u64 {
        match self {
            Self::Stored(bytes) => bytes.len() as u64,
            Self::Made(size, _) => *size,
        }
    }

    fn whole(&self) -> Vec<u8> {
        match self {
            Self::Stored(bytes) => bytes.clone(),
            Self::Made(size, make) => make(0..*size),
        }
    }

    /// The bytes of a range, when it lies inside.
    fn range(&self, range: Range<u64>) -> Option<Vec<u8>> {
        match self {
            Self::Stored(bytes) => {
                let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
                bytes.get(start..end).map(<[u8]>::to_vec)
            }
            Self::Made(size, make) => (range.start <= range.end && range.end <= *size).then(|| make(range)),
        }
    }
}

#[derive(Debug)]
pub(super) struct Object {
    content: Content,
    etag: String,
    version: u64,
    checksums: BTreeMap<String, String>,
}

impl Object {
    fn info(&self, key: &str) -> ObjectInfo {
        ObjectInfo {
            key: key.to_owned(),
            size: self.content.size(),
            etag: self.etag.clone(),
            version: Some(format!("v{}", self.version)),
            checksums: BTreeMap::new(),
        }
    }
}

impl State {
    fn write(&mut self, bucket: Bucket, key: &str, bytes: Vec<u8>) -> String {
        let etag = hex(&Md5::digest(&bytes));
        self.place(bucket, key, Content::Stored(bytes), etag.clone());
        etag
    }

    fn place(&mut self, bucket: Bucket, key: &str, content: Content, etag: String) {
        self.versions += 1;
        let object = Object { content, etag, version: self.versions, checksums: BTreeMap::new() };
        self.objects.insert((bucket, key.to_owned()), object);
    }

    fn created(&self, key: &str, size: u64, etag: &str) -> String {
        let object = json!({"key": encode_key(key), "size": size, "eTag": etag, "versionId": format!("v{}", self.versions),
                            "sequencer": format!("{:018X}", self.versions)});
        notification("ObjectCreated:Put", &object)
    }
}

impl World {
    /// Puts an object into the ingest bucket and its notification into the intake queue.
    pub fn upload(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let body = self.upload_silently(key, bytes);
        self.post(Queue::Intake, &body);
    }

    /// Puts an object into the ingest bucket and answers the notification that S3 would send, for the test to deliver
    /// (or to lose).
    pub fn upload_silently(&self, key: &str, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into();
        let mut state = self.state();
        let size = bytes.len() as u64;
        let etag = state.write(Bucket::Ingest, key, bytes);
        state.created(key, size, &etag)
    }

    /// Puts an object that is too large to be stored into the ingest bucket, and its notification into the intake queue:
    /// `make` makes any range of its `size` bytes. `etag` stands for its content.
    pub fn upload_made(&self, key: &str, size: u64, etag: &str, make: fn(Range<u64>) -> Vec<u8>) {
        let mut state = self.state();
        state.place(Bucket::Ingest, key, Content::Made(size, make), etag.to_owned());
        let body = state.created(key, size, etag);
        drop(state);
        self.post(Queue::Intake, &body);
    }

    /// Removes an object from the ingest bucket and puts its notification into the intake queue.
    pub fn take_back(&self, key: &str) {
        let mut state = self.state();
        state.versions += 1;
        state.objects.remove(&(Bucket::Ingest, key.to_owned()));
        let object = json!({"key": encode_key(key), "sequencer": format!("{:018X}", state.versions)});
        drop(state);
        self.post(Queue::Intake, &notification("ObjectRemoved:Delete", &object));
    }

    /// Puts the message into the intake queue that S3 posts when a notification is configured.
    pub fn post_test_event(&self) {
        let body = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": INGEST});
        self.post(Queue::Intake, &body.to_string());
    }

    /// The bytes of an object, when it is there. Counts as no call.
    pub fn object(&self, bucket: Bucket, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(&(bucket, key.to_owned())).map(|o| o.content.whole())
    }

    /// Keys of a bucket that begin with a prefix, in order. Counts as no call.
    pub fn keys(&self, bucket: Bucket, prefix: &str) -> Vec<String> {
        let from = (bucket, prefix.to_owned());
        let state = self.state();
        state
            .objects
            .range(from..)
            .map_while(|((b, k), _)| (*b == bucket && k.starts_with(prefix)).then(|| k.clone()))
            .collect()
    }

    /// Says that the store has validated this checksum of the whole object when it was uploaded: MHL text by algorithm.
    ///
    /// # Panics
    /// When the object is not there.
    pub fn vouch(&self, bucket: Bucket, key: &str, algorithm: &str, digest: &str) {
        let mut state = self.state();
        let object = state.objects.get_mut(&(bucket, key.to_owned())).expect("the object is there");
        object.checksums.insert(algorithm.to_owned(), digest.to_owned());
    }

    /// Objects a page of a listing holds, 1,000 unless said otherwise.
    pub fn set_object_page(&self, objects: usize) {
        self.state().object_page = objects.max(1);
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

fn notification(event: &str, object: &serde_json::Value) -> String {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": event,
        "eventTime": "2026-11-22T10:57:40.000Z", "userIdentity": {"principalId": "AWS:SIM"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "intake",
               "bucket": {"name": INGEST, "arn": format!("arn:aws:s3:::{INGEST}")}, "object": object}
    }]})
    .to_string()
}

impl Objects for World {
    async fn head(&self, bucket: Bucket, key: &str) -> Result<Option<ObjectInfo>> {
        self.call(Port::Head, key, |state| {
            let object = state.objects.get(&(bucket, key.to_owned()));
            Ok(object.map(|o| ObjectInfo { checksums: o.checksums.clone(), ..o.info(key) }))
        })
        .await
    }

    async fn get(
        &self,
        bucket: Bucket,
        key: &str,
        range: Option<Range<u64>>,
        if_match: Option<&str>,
    ) -> Result<Vec<u8>> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(Vec::new());
        }
        self.call(Port::Get, key, |state| {
            let object = state.objects.get(&(bucket, key.to_owned())).ok_or_else(|| Error::NotFound(key.to_owned()))?;
            if if_match.is_some_and(|etag| etag != object.etag) {
                return Err(Error::Conflict(key.to_owned()));
            }
            let Some(range) = range else { return Ok(object.content.whole()) };
            object.content.range(range.clone()).ok_or_else(|| {
                let size = object.content.size();
                Error::Refused(format!("bytes {}..{} of {key}: it has {size}", range.start, range.end))
            })
        })
        .await
    }

    async fn put(&self, bucket: Bucket, key: &str, bytes: Vec<u8>, condition: PutIf) -> Result<String> {
        self.call(Port::Put, key, |state| {
            let there = state.objects.get(&(bucket, key.to_owned())).map(|o| o.etag.as_str());
            let holds = match &condition {
                PutIf::Always => true,
                PutIf::Absent => there.is_none(),
                PutIf::Match(etag) => there == Some(etag),
            };
            if holds { Ok(state.write(bucket, key, bytes)) } else { Err(Error::Conflict(key.to_owned())) }
        })
        .await
    }

    async fn copy(&self, from: (Bucket, &str), if_match: &str, to: (Bucket, &str)) -> Result<()> {
        self.call(Port::Copy, to.1, |state| {
            let source = state.objects.get(&(from.0, from.1.to_owned()));
            let source = source.ok_or_else(|| Error::NotFound(from.1.to_owned()))?;
            if source.etag != if_match {
                return Err(Error::Conflict(from.1.to_owned()));
            }
            let bytes = source.content.whole();
            state.write(to.0, to.1, bytes);
            Ok(())
        })
        .await
    }

    async fn remove(&self, bucket: Bucket, key: &str) -> Result<()> {
        self.call(Port::Remove, key, |state| {
            state.objects.remove(&(bucket, key.to_owned()));
            Ok(())
        })
        .await
    }

    async fn list(&self, bucket: Bucket, prefix: &str, after: Option<&str>) -> Result<Page<ObjectInfo>> {
        self.call(Port::List, prefix, |state| {
            let below = state
                .objects
                .range((bucket, prefix.to_owned())..)
                .take_while(|((b, key), _)| *b == bucket && key.starts_with(prefix))
                .filter(|((_, key), _)| after.is_none_or(|after| key.as_str() > after));
            let mut items: Vec<_> = below
                .take(state.object_page + 1)
                .map(|((_, key), object)| ObjectInfo { version: None, ..object.info(key) })
                .collect();
            let more = items.len() > state.object_page;
            items.truncate(state.object_page);
            let next = items.last().filter(|_| more).map(|last| last.key.clone());
            Ok(Page { items, next })
        })
        .await
    }
}
