//! Buckets of versioned objects: an index in memory over files on disk.

use std::{
    collections::BTreeMap,
    fs,
    hash::{BuildHasher as _, RandomState},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use super::{
    disk::{Content, Disk, Incoming, Version},
    error::{Result, S3Error},
    event::{self, Happened},
    uploads::{self, Uploads},
};
use crate::sqs::Sqs;

/// A bucket, as the template describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSpec {
    /// 3 to 63 lower-case letters, digits, hyphens and dots.
    pub name: String,
    /// Whether it keeps versions.
    pub versioned: bool,
    /// Whom it tells of changes.
    pub notifications: Vec<Notification>,
}

/// A queue that hears of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Name of the queue.
    pub queue: String,
    /// Such as `s3:ObjectCreated:*` or `s3:ObjectRemoved:Delete`.
    pub events: Vec<String>,
    /// Only keys that begin so.
    pub prefix: String,
    /// Only keys that end so.
    pub suffix: String,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A bucket's name is none.
    #[error("`{}` is no bucket name: 3 to 63 lower-case letters, digits, hyphens and dots, at the ends no hyphen or dot", .0.escape_debug())]
    Name(String),
    /// A notification goes nowhere.
    #[error("bucket `{bucket}` notifies queue `{queue}`, which does not exist; create it before the store is opened")]
    Queue {
        /// The bucket.
        bucket: String,
        /// The missing queue.
        queue: String,
    },
    /// The directory cannot be read or written, or a file in it is damaged.
    #[error("the S3 store: {0}")]
    Disk(#[from] std::io::Error),
}

/// A condition of a write or a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Condition {
    #[default]
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match`, tag without quotes or `*`.
    Match(String),
}

/// The versions of a bucket by key, the latest last. No key is without versions.
pub(super) type Keys = BTreeMap<String, Vec<Arc<Version>>>;

pub(super) struct Bucket {
    pub(super) spec: BucketSpec,
    pub(super) keys: Keys,
}

/// A store of objects. Its methods touch the disk: short for everything but bodies, which stream past it.
pub struct Store {
    pub(super) disk: Disk,
    buckets: Mutex<BTreeMap<String, Bucket>>,
    uploads: Mutex<Uploads>,
    /// Locks by hash of bucket and key: a condition is checked and its write done under one of them.
    writing: [Mutex<()>; 64],
    hash: RandomState,
    sqs: Arc<Sqs>,
    order: AtomicU64,
}

/// What a removal did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Removed {
    pub(super) version: Option<String>,
    pub(super) marker: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn check_name(name: &str) -> Result<(), OpenError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(plain) && name.bytes().last().is_some_and(plain);
    let inside = name.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'.') && !name.contains("..");
    if ends && inside && (3..=63).contains(&name.len()) { Ok(()) } else { Err(OpenError::Name(name.to_owned())) }
}

impl Store {
    /// Opens the store in a directory and makes what is missing. The queues that buckets notify must exist; those of a
    /// bucket that is new get an `s3:TestEvent`.
    pub fn open(dir: &Path, specs: &[BucketSpec], sqs: Arc<Sqs>) -> Result<Arc<Self>, OpenError> {
        let queues = sqs.names();
        for spec in specs {
            check_name(&spec.name)?;
            if let Some(to) = spec.notifications.iter().find(|to| !queues.contains(&to.queue)) {
                return Err(OpenError::Queue { bucket: spec.name.clone(), queue: to.queue.clone() });
            }
        }
        fs::create_dir_all(dir).map_err(super::disk::at(dir))?;
        let disk = Disk::open(dir)?;
        let mut buckets = BTreeMap::new();
        let mut order = now_ms() << 20;
        for spec in specs {
            if disk.make_bucket(&spec.name)? {
                event::test(&sqs, spec);
            }
            let keys = index(&disk, &spec.name)?;
            order = order.max(keys.values().flatten().map(|version| version.order + 1).max().unwrap_or(0));
            buckets.insert(spec.name.clone(), Bucket { spec: spec.clone(), keys });
        }
        let uploads = Mutex::new(uploads::load(&disk)?);
        Ok(Arc::new(Self {
            disk,
            uploads,
            buckets: Mutex::new(buckets),
            writing: std::array::from_fn(|_| Mutex::default()),
            hash: RandomState::new(),
            sqs,
            order: AtomicU64::new(order),
        }))
    }

    /// Region of the buckets: that of the queues.
    pub(super) fn region(&self) -> &str {
        self.sqs.region()
    }

    pub(super) fn bucket_names(&self) -> Vec<String> {
        lock(&self.buckets).keys().cloned().collect()
    }

    /// Looks into a bucket, which stands still meanwhile.
    pub(super) fn bucket<T>(&self, bucket: &str, look: impl FnOnce(&Bucket) -> T) -> Result<T> {
        lock(&self.buckets).get(bucket).map(look).ok_or_else(|| S3Error::no_such_bucket(bucket))
    }

    /// The latest version of an object, or the one of this id.
    pub(super) fn find(&self, bucket: &str, key: &str, id: Option<&str>) -> Result<Arc<Version>> {
        let versions = self.bucket(bucket, |bucket| bucket.keys.get(key).cloned())?.unwrap_or_default();
        let Some(id) = id else {
            let version = versions.into_iter().next_back().ok_or_else(|| S3Error::no_such_key(key))?;
            return if version.content.is_some() { Ok(version) } else { Err(marker_stands(&version)) };
        };
        let version = versions.into_iter().find(|version| version.id.as_deref().unwrap_or("null") == id);
        version.ok_or_else(|| S3Error::no_such_version(id))
    }

    /// Makes a new version the latest, if the condition holds.
    pub(super) fn write(
        &self,
        bucket: &str,
        key: &str,
        (content, data): (Content, Incoming),
        condition: &Condition,
        happened: Happened,
    ) -> Result<Arc<Version>> {
        let _writing = lock(self.lock_of(bucket, key));
        self.check(bucket, key, condition)?;
        self.append(bucket, key, Some((content, data)), happened)
    }

    /// Removes an object, or the version of this id. Removing what is not there is no error.
    pub(super) fn remove(&self, bucket: &str, key: &str, id: Option<&str>, condition: &Condition) -> Result<Removed> {
        let _writing = lock(self.lock_of(bucket, key));
        self.check(bucket, key, condition)?;
        let versioned = self.bucket(bucket, |bucket| bucket.spec.versioned)?;
        if id.is_none() && versioned {
            let marker = self.append(bucket, key, None, Happened::MarkerCreated)?;
            return Ok(Removed { version: marker.id.clone(), marker: true });
        }
        let versions = self.bucket(bucket, |bucket| bucket.keys.get(key).cloned())?.unwrap_or_default();
        let wanted = id.unwrap_or("null");
        let Some(version) = versions.iter().find(|version| version.id.as_deref().unwrap_or("null") == wanted) else {
            return Ok(Removed { version: id.map(str::to_owned), marker: false });
        };
        self.drop_version(bucket, version)?;
        self.tell(bucket, version, Happened::Deleted);
        Ok(Removed { version: id.map(str::to_owned), marker: version.content.is_none() })
    }

    pub(super) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        lock(&self.uploads)
    }

    /// A number that no write before had.
    pub(super) fn next_order(&self) -> u64 {
        self.order.fetch_add(1, Ordering::Relaxed)
    }

    /// A number that nobody can guess.
    pub(super) fn scramble(&self, text: &str) -> u64 {
        self.hash.hash_one(text)
    }

    fn lock_of(&self, bucket: &str, key: &str) -> &Mutex<()> {
        let place = self.hash.hash_one((bucket, key)) % self.writing.len() as u64;
        &self.writing[place as usize]
    }

    fn check(&self, bucket: &str, key: &str, condition: &Condition) -> Result<()> {
        match (condition, self.find(bucket, key, None)) {
            (Condition::None, _) | (Condition::Absent, Err(_)) => Ok(()),
            (Condition::Absent, Ok(_)) => Err(S3Error::precondition("If-None-Match")),
            (Condition::Match(_), Err(missing)) => Err(missing),
            (Condition::Match(tag), Ok(version)) => {
                let same = version.content.as_ref().is_some_and(|content| tag == "*" || content.etag == *tag);
                if same { Ok(()) } else { Err(S3Error::precondition("If-Match")) }
            }
        }
    }

    fn append(
        &self,
        bucket: &str,
        key: &str,
        content: Option<(Content, Incoming)>,
        happened: Happened,
    ) -> Result<Arc<Version>> {
        let versioned = self.bucket(bucket, |bucket| bucket.spec.versioned)?;
        let order = self.next_order();
        let (content, data) = content.unzip();
        let id = versioned.then(|| format!("{order:032x}"));
        let version = Arc::new(Version { key: key.to_owned(), order, id, modified: now_ms(), content });
        self.disk.commit(bucket, &version, data)?;
        let replaced = {
            let mut buckets = lock(&self.buckets);
            let bucket = buckets.get_mut(bucket).ok_or_else(|| S3Error::no_such_bucket(bucket))?;
            let versions = bucket.keys.entry(key.to_owned()).or_default();
            let replaced: Vec<_> = versions.extract_if(.., |old| old.id == version.id).collect();
            versions.push(Arc::clone(&version));
            replaced
        };
        for old in replaced {
            self.disk.forget(bucket, &old)?;
        }
        self.tell(bucket, &version, happened);
        Ok(version)
    }

    fn drop_version(&self, bucket: &str, version: &Version) -> Result<()> {
        self.disk.forget(bucket, version)?;
        if let Some(bucket) = lock(&self.buckets).get_mut(bucket)
            && let Some(versions) = bucket.keys.get_mut(&version.key)
        {
            versions.retain(|held| held.order != version.order);
            if versions.is_empty() {
                bucket.keys.remove(&version.key);
            }
        }
        Ok(())
    }

    fn tell(&self, bucket: &str, version: &Version, happened: Happened) {
        // A removal is later than the version it removes.
        let order = match happened {
            Happened::Deleted => self.next_order(),
            _ => version.order,
        };
        let Ok(spec) = self.bucket(bucket, |bucket| bucket.spec.clone()) else { return };
        event::tell(&self.sqs, &spec, version, happened, order);
    }
}

/// A delete marker stands where an object was asked for.
fn marker_stands(marker: &Version) -> S3Error {
    let error = S3Error::no_such_key(&marker.key).with("x-amz-delete-marker", "true");
    error.with("x-amz-version-id", marker.id.clone().unwrap_or_else(|| "null".to_owned()))
}

/// Reads a bucket from disk. A crash between a write and the removal of what it replaced is made good here.
fn index(disk: &Disk, bucket: &str) -> std::io::Result<Keys> {
    let mut versions = disk.load(bucket)?;
    versions.sort_by_key(|version| version.order);
    let mut keys = Keys::new();
    for version in versions {
        let held = keys.entry(version.key.clone()).or_default();
        for old in held.extract_if(.., |old| old.id == version.id) {
            disk.forget(bucket, &old)?;
        }
        held.push(Arc::new(version));
    }
    Ok(keys)
}
