//! What a handler may ask of the world. Narrow, in the domain's words; each call is one step that may fail, be repeated,
//! or succeed without its answer arriving.

use std::{collections::BTreeMap, future::Future, ops::Range, time::Duration};

use serde_json::{Map, Value};

use crate::message::{Message, Queue};

/// The result of a port call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a port call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object is not there.
    #[error("{0} does not exist")]
    NotFound(String),
    /// A condition did not hold: somebody else was faster. Look again.
    #[error("{0} has changed meanwhile")]
    Conflict(String),
    /// The service asks for patience. Trying again helps.
    #[error("throttled: {0}")]
    Throttled(String),
    /// The service will not do this however often it is asked (permission, size, malformed).
    #[error("refused: {0}")]
    Refused(String),
    /// No clear answer: it may have happened or not. Everything is repeatable, so try again.
    #[error("no clear answer: {0}")]
    Unknown(String),
}

/// The two buckets. Nothing that the fleet writes can trigger it: functions write to [`Bucket::Delivery`] only, and that
/// one notifies nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Camera originals, manifests and orders, as uploaded.
    Ingest,
    /// Plates, manifests, metadata and plans that the fleet makes.
    Delivery,
}

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key, decoded.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Entity tag without quotes: identity of the content for `If-Match`.
    pub etag: String,
    /// Version, where the bucket keeps versions and the call tells.
    pub version: Option<String>,
    /// Checksums of the full object that the store itself has validated, as MHL text by algorithm name (`xxh128`, `md5`
    /// ...). Never composite ones. Only `head` fills this in.
    pub checksums: BTreeMap<String, String>,
}

/// Condition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutIf {
    /// Whatever stands there: for deterministic keys with identical bytes.
    Always,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match` with this entity tag.
    Match(String),
}

/// One page of a listing; `next` continues it.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In key order.
    pub items: Vec<T>,
    /// Hand it back to get the next page; `None` at the end.
    pub next: Option<String>,
}

/// Bytes under keys.
pub trait Objects: Send + Sync {
    /// What the store says of an object; `None` when it is not there.
    fn head(&self, bucket: Bucket, key: &str) -> impl Future<Output = Result<Option<ObjectInfo>>> + Send;

    /// The bytes of an object, or of a range of it (which must lie inside it).
    ///
    /// [`Error::NotFound`] when it is not there, [`Error::Conflict`] when it no longer has the entity tag `if_match`.
    fn get(
        &self,
        bucket: Bucket,
        key: &str,
        range: Option<Range<u64>>,
        if_match: Option<&str>,
    ) -> impl Future<Output = Result<Vec<u8>>> + Send;

    /// Writes an object whole and answers its entity tag. [`Error::Conflict`] when the condition does not hold.
    fn put(
        &self,
        bucket: Bucket,
        key: &str,
        bytes: Vec<u8>,
        condition: PutIf,
    ) -> impl Future<Output = Result<String>> + Send;

    /// Copies within the store, without tags. [`Error::NotFound`] when the source is not there, [`Error::Conflict`] when it no
    /// longer has the entity tag `if_match`.
    fn copy(&self, from: (Bucket, &str), if_match: &str, to: (Bucket, &str))
    -> impl Future<Output = Result<()>> + Send;

    /// Removes an object; removing what is not there is no error.
    fn remove(&self, bucket: Bucket, key: &str) -> impl Future<Output = Result<()>> + Send;

    /// Objects below a prefix in key order, up to 1,000 a page.
    fn list(
        &self,
        bucket: Bucket,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<ObjectInfo>>> + Send;
}

/// Messages to other functions. At least once, in any order.
pub trait Queues: Send + Sync {
    /// Sends now or after a delay (at most 15 minutes; longer is cut to that).
    fn send(&self, queue: Queue, message: &Message, delay: Duration) -> impl Future<Output = Result<()>> + Send;
}

/// Where a row stands: partition key, sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Sort key in it.
    pub sk: String,
}

impl Key {
    /// A key of these two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// One of the three sparse secondary indexes. Eventually consistent: never decide from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    /// Jobs of a production by state: `gsi1pk`, `gsi1sk`.
    JobsByState,
    /// Versions of a shot: `gsi2pk`, `gsi2sk`.
    ShotHistory,
    /// Clips of a reel by start timecode: `gsi3pk`, `gsi3sk`.
    ReelTimecode,
}

impl Index {
    /// Its name in the table: `gsi1`, `gsi2`, `gsi3`. Its key attributes are the name followed by `pk` and `sk`.
    pub fn name(self) -> &'static str {
        match self {
            Self::JobsByState => "gsi1",
            Self::ShotHistory => "gsi2",
            Self::ReelTimecode => "gsi3",
        }
    }
}

/// A row of the table: its key, its revision, and plain JSON attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it stands.
    pub key: Key,
    /// Grows by one with each write; 1 when first written. The writer sets it.
    pub rev: u64,
    /// Attributes besides key, revision and index keys. No empty strings as index keys, no nulls.
    pub body: Map<String, Value>,
    /// Where the row stands in secondary indexes; absent from all others.
    pub index: BTreeMap<Index, Key>,
}

/// What must be true of the stored row for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing: overwrite. For rows whose content is a function of their key.
    Anything,
    /// There is no such row.
    Absent,
    /// It has this revision.
    Rev(u64),
}

/// The one table.
pub trait Table: Send + Sync {
    /// A row, strongly consistent.
    fn get_row(&self, key: &Key) -> impl Future<Output = Result<Option<Item>>> + Send;

    /// Writes a row whole if the expectation holds, else [`Error::Conflict`].
    fn put_row(&self, item: Item, expect: Expect) -> impl Future<Output = Result<()>> + Send;

    /// Deletes a row if the expectation holds; deleting what is not there is no error under [`Expect::Anything`].
    fn delete_row(&self, key: &Key, expect: Expect) -> impl Future<Output = Result<()>> + Send;

    /// Writes rows whole and deletes others, whatever stands there, in few requests. Each key once. In no order; some of it
    /// may have happened when it fails.
    fn write_rows(&self, puts: Vec<Item>, deletes: Vec<Key>) -> impl Future<Output = Result<()>> + Send;

    /// Rows of a partition whose sort key begins with a prefix, in order, strongly consistent. At most `limit` rows a
    /// page; `after` is the `next` of the page before.
    fn query(
        &self,
        pk: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Item>>> + Send;

    /// The same on a secondary index, eventually consistent. Only key attributes of the rows are promised.
    fn query_index(
        &self,
        index: Index,
        pk: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Key>>> + Send;
}

/// Time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> u64;

    /// How long this invocation may still work.
    fn time_left(&self) -> Duration;
}

/// Threads for work that computes: keeps it off the thread that waits for the network.
pub trait Workers: Send + Sync {
    /// Runs a computation to its end and answers its result; a panic in it is an [`Error::Refused`].
    fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;
}

/// Settings of the fleet that handlers read: values, not places.
pub trait Settings: Send + Sync {
    /// See [`crate::env`].
    fn settings(&self) -> &crate::env::Settings;
}

/// Everything at once: what a deployed function has, and what the in-memory world implements.
pub trait World: Objects + Queues + Table + Clock + Workers + Settings {}
impl<T: Objects + Queues + Table + Clock + Workers + Settings> World for T {}
