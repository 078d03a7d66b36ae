//! What a clip says about itself, from as few bytes of the bucket as will do.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use platefleet_fleet::{
    ports::{self, Bucket, Objects},
    state::{FileRow, Observed},
};
use platefleet_media::{
    Error, Result,
    camera::{ClipReport, MAX_BYTES, MAX_READS, WINDOW, inspect_clip},
    path::RelativePath,
    source::{Known, Source},
};

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) reads: u32,
    pub(crate) bytes: u64,
}

struct Fetched {
    key: String,
    observed: Observed,
    known: Known,
    tally: Tally,
}

/// What is known of a file so far, as a source of its own.
struct View<'a>(&'a Known);

impl Source for View<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn len(&self) -> u64 {
        self.0.len()
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        self.0.read(range)
    }
}

/// Inspects a clip of these files. What is wrong with the footage is the inner error; the outer one is of the bucket,
/// and worth another try. Bytes are only read of the version that the rows are about.
pub(crate) async fn inspect(env: &impl Objects, files: &[FileRow]) -> ports::Result<(Result<ClipReport>, Tally)> {
    let mut fetched: BTreeMap<RelativePath, Fetched> = files
        .iter()
        .filter_map(|file| {
            let observed = file.observed.clone()?;
            let known = Known::new(file.path.as_str(), observed.size);
            let key = file.roll.object_key(&file.path);
            Some((file.path.clone(), Fetched { key, observed, known, tally: Tally::default() }))
        })
        .collect();
    let paths: Vec<RelativePath> = fetched.keys().cloned().collect();
    let report = loop {
        let missing = inspect_clip(&paths, &|path| match fetched.get(path) {
            Some(file) => Ok(Box::new(View(&file.known))),
            None => Err(Error::invalid("it is not a file of this clip").in_file(path.as_str())),
        });
        let Err(Error::Missing { name, range }) = missing else { break missing };
        let Some(file) = fetched.values_mut().find(|f| f.known.name() == name) else {
            break Err(Error::invalid("it is not a file of this clip").in_file(name));
        };
        if let Err(too_much) = file.fetch(env, range).await? {
            break Err(too_much);
        }
    };
    let total = fetched.values().fold(Tally::default(), |sum, file| Tally {
        reads: sum.reads + file.tally.reads,
        bytes: sum.bytes + file.tally.bytes,
    });
    Ok((report, total))
}

impl Fetched {
    /// Fetches a range, and what follows it up to a window.
    async fn fetch(&mut self, env: &impl Objects, range: Range<u64>) -> ports::Result<Result<()>> {
        let range = range.start..range.end.max(range.start + WINDOW).min(self.known.len());
        let bytes = range.end - range.start;
        if self.tally.reads == MAX_READS || self.tally.bytes + bytes > MAX_BYTES {
            let what = format!("metadata that takes more than {MAX_READS} reads or {MAX_BYTES} bytes to collect");
            return Ok(Err(Error::unsupported(what).at_offset(range.start).in_file(self.known.name())));
        }
        let start = range.start;
        let read = env.get(Bucket::Ingest, &self.key, Some(range), Some(&self.observed.etag)).await?;
        self.tally = Tally { reads: self.tally.reads + 1, bytes: self.tally.bytes + bytes };
        self.known.insert(start, read);
        Ok(Ok(()))
    }
}
