//! Rolls and their files.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_media::{
    clip::{self, Role},
    path::RelativePath,
};
use serde::{Deserialize, Serialize};

use super::{Companions, Family, OpenMarkers, Row, Stored, file_key, list, list_all, load, roll_partition, update};
use crate::{
    gaps::Takes,
    id::{BUCKETS, Production, RollId, bucket_of},
    message::{Message, Place, Queue},
    ports::{Bucket, Clock, Error, Expect, Key, Objects, Queues, Result, Settings, Table},
    state::{FileRow, FileState, Finding, Observed, RollState, Verdict, Watch},
};

/// Rows that are looked at, and messages that are sent, at once.
const IN_FLIGHT: usize = 16;

/// Most bytes of the names of a roll's lists: DynamoDB refuses a row of more than 400 KB.
const MAX_LIST_NAMES: usize = 100_000;

/// Rows of one page.
const PAGE: usize = 500;

/// The history that a roll was planned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tip {
    /// [`crate::documents::Documents::revision`]: a new or changed file of the history makes another.
    pub revision: String,
    /// How many generations the chain lists.
    pub generations: u32,
    /// Whether it is an ASC MHL history; else lists of MHL 1.x.
    #[serde(default = "yes")]
    pub is_history: bool,
}

fn yes() -> bool {
    true
}

/// A verdict that was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Fixed by the first write that entered FINALISING in this round; milliseconds since 1970.
    pub at_ms: u64,
    /// SHA-256 of the facts that were sealed; equal facts need no other seal.
    pub facts: String,
    /// Key of the manifest in the delivery bucket, once it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Generation number of that manifest.
    #[serde(default)]
    pub generation: u32,
}

/// A roll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollRow {
    /// Its name.
    pub roll: RollId,
    /// Grows within a round.
    pub state: RollState,
    /// Grows when a sealed or resting roll gets a new fact.
    pub round: u64,
    /// Lists of MHL 1.x that were uploaded into its folder, those that went since included: they vouch for it as long as it has
    /// no history.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<String>,
    /// The history, or the lists, that its expectations come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<Tip>,
    /// Number of expected files, once the row of every one of them is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<u64>,
    /// Grows whenever its expectations are written from the first path on: whoever began earlier cannot say any more how far
    /// they have come.
    #[serde(default)]
    pub draft: u64,
    /// What an unfinished history lacked when it was last looked at, as a digest: the same again is no news, though the roll
    /// may rest by now with findings of its files as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// Last path whose expectation is written, while a long manifest is being expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Its watchdog.
    pub watch: Watch,
    /// When the last fact came, give or take a quarter of a tick; milliseconds since 1970.
    pub last_fact_ms: u64,
    /// The last seal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// What is wrong with the history itself, and what the last seal found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Counts of the last seal or rest, by [`FileState`] in lower case, with `expected` and `bytes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Numbers of its clips at the last seal or rest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub takes: Takes,
    /// When the row was last written, milliseconds since 1970.
    pub updated_ms: u64,
}

impl RollRow {
    /// A roll of which nothing is known.
    pub fn new(roll: RollId, now_ms: u64) -> Self {
        Self {
            roll,
            state: RollState::Receiving,
            round: 1,
            lists: BTreeSet::new(),
            tip: None,
            planned: None,
            draft: 0,
            lacks: None,
            cursor: None,
            watch: Watch::default(),
            last_fact_ms: now_ms,
            seal: None,
            findings: Vec::new(),
            counts: BTreeMap::new(),
            takes: Takes::new(),
            updated_ms: now_ms,
        }
    }

    /// Whether an ASC MHL history vouches for it, or will: one without is the folder of a list of MHL 1.x.
    pub fn has_history(&self) -> bool {
        self.tip.as_ref().map_or(self.lists.is_empty(), |tip| tip.is_history)
    }

    fn key_of(roll: &RollId) -> Key {
        Key::new(format!("PROD#{}", roll.production), format!("ROLL#{}", roll.path))
    }

    /// Counts files by state, with `expected`, `healed`, `extra`, `missing` and `bytes`.
    pub fn count(files: &[FileRow]) -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<String, u64> =
            ["expected", "verified", "healed", "failed", "missing", "waiting", "extra", "bytes"]
                .map(|k| (k.to_owned(), 0))
                .into();
        let mut add = |name: &str, n: u64| *counts.entry(name.to_owned()).or_default() += n;
        for file in files {
            add("bytes", file.observed.as_ref().map_or(0, |o| o.size));
            if file.expected.is_none() {
                add("extra", u64::from(file.observed.is_some()));
                continue;
            }
            add("expected", 1);
            add("healed", u64::from(file.is_healed()));
            match file.state {
                FileState::Verified => add("verified", 1),
                FileState::Failed => add("failed", 1),
                FileState::Waiting => add("missing", 1),
                FileState::Paired => add("waiting", 1),
            }
        }
        counts
    }
}

impl Row for RollRow {
    fn key(&self) -> Key {
        Self::key_of(&self.roll)
    }
}

impl Row for FileRow {
    fn key(&self) -> Key {
        file_key(&self.roll, &self.pattern, &self.path)
    }
}

/// The store of rolls and their files.
pub struct Rolls<'a, T>(pub &'a T);

impl<'a, T: Table> Rolls<'a, T> {
    /// A roll.
    pub async fn roll(&self, roll: &RollId) -> Result<Option<RollRow>> {
        Ok(load::<RollRow>(self.0, &RollRow::key_of(roll)).await?.map(|s| s.row))
    }

    /// The rolls of a production.
    pub async fn of_production(&self, production: &Production) -> Result<Vec<RollRow>> {
        list_all(self.0, &format!("PROD#{production}"), "ROLL#").await
    }

    /// Decides over a roll; see [`update`].
    pub async fn update_roll(
        &self,
        roll: &RollId,
        decide: impl FnMut(Option<&RollRow>) -> Option<RollRow> + Send,
    ) -> Result<(Option<RollRow>, bool)> {
        update(self.0, &RollRow::key_of(roll), decide).await
    }

    /// A file.
    pub async fn file(&self, roll: &RollId, pattern: &str, path: &RelativePath) -> Result<Option<Stored<FileRow>>> {
        load(self.0, &file_key(roll, pattern, path)).await
    }

    /// Decides over a file, which is made when it is not there; `decide` answers the new row, or `None` to leave it, and
    /// may be called more than once. Answers the row as it stands.
    pub async fn update_file(
        &self,
        roll: &RollId,
        pattern: &str,
        path: &RelativePath,
        mut decide: impl FnMut(&FileRow) -> Option<FileRow> + Send,
    ) -> Result<FileRow> {
        loop {
            let was = self.file_or_new(roll, pattern, path).await?;
            let next = decide(&was.row);
            if let Some(row) = self.write_file(&was, next).await? {
                return Ok(row);
            }
        }
    }

    async fn file_or_new(&self, roll: &RollId, pattern: &str, path: &RelativePath) -> Result<Stored<FileRow>> {
        let fresh = || Stored { row: FileRow::new(roll.clone(), path.clone(), pattern.to_owned()), rev: 0 };
        Ok(self.file(roll, pattern, path).await?.unwrap_or_else(fresh))
    }

    /// Writes a file's next row, its marker before it when it becomes open and away after it when it no longer is.
    /// Answers the row as it stands, or `None` when somebody else was faster.
    async fn write_file(&self, was: &Stored<FileRow>, next: Option<FileRow>) -> Result<Option<FileRow>> {
        let after = next.as_ref().unwrap_or(&was.row);
        let markers = self.markers(&after.roll);
        let bucket = bucket_of(&after.pattern);
        if after.is_open() {
            markers.put(bucket, after.path.as_str()).await?;
        }
        if let Some(next) = &next {
            match super::save(self.0, next, (was.rev > 0).then_some(was.rev)).await {
                Ok(_) => {}
                Err(Error::Conflict(_)) => return Ok(None),
                Err(other) => return Err(other),
            }
        }
        if !after.is_open() && (after.expected.is_some() || was.row.expected.is_some()) {
            markers.delete(bucket, after.path.as_str()).await?;
        }
        Ok(Some(after.clone()))
    }

    /// The open files of a roll.
    pub fn markers(&self, roll: &RollId) -> OpenMarkers<'a, T> {
        OpenMarkers::new(self.0, Family::Roll(roll.clone()))
    }

    /// A page of the files of one bucket of a roll, in path order, after a path; and the path that the next page comes after.
    pub async fn files_after(
        &self,
        roll: &RollId,
        bucket: u8,
        after: Option<&RelativePath>,
    ) -> Result<(Vec<FileRow>, Option<RelativePath>)> {
        let after = after.map(|path| format!("FILE#{path}"));
        let page = list(self.0, &roll_partition(roll, bucket), "FILE#", after.as_deref(), PAGE).await?;
        let next = page.next.and_then(|key| RelativePath::new(key.strip_prefix("FILE#")?).ok());
        Ok((page.items, next))
    }

    /// All files of one bucket of a roll, in path order.
    pub async fn files_in(&self, roll: &RollId, bucket: u8) -> Result<Vec<FileRow>> {
        list_all(self.0, &roll_partition(roll, bucket), "FILE#").await
    }

    /// All files of a roll, in path order.
    pub async fn files(&self, roll: &RollId) -> Result<Vec<FileRow>> {
        let buckets = stream::iter(0..BUCKETS).map(|bucket| self.files_in(roll, bucket));
        let mut files: Vec<FileRow> = buckets.buffered(usize::from(BUCKETS)).try_concat().await?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// True when a roll has rows of files in a folder, expected or not.
    pub async fn has_files_below(&self, roll: &RollId, folder: &RelativePath) -> Result<bool> {
        let prefix = format!("FILE#{folder}/");
        for bucket in 0..BUCKETS {
            if !self.0.query(&roll_partition(roll, bucket), &prefix, None, 1).await?.items.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files of one clip of a roll, in path order.
    pub async fn files_of_clip(&self, roll: &RollId, pattern: &str) -> Result<Vec<FileRow>> {
        // All files of a clip share the text before the frame number, so one narrow query finds them.
        let prefix = pattern.split('[').next().unwrap_or(pattern);
        let pk = roll_partition(roll, bucket_of(pattern));
        let files: Vec<FileRow> = list_all(self.0, &pk, &format!("FILE#{prefix}")).await?;
        Ok(files.into_iter().filter(|f| f.pattern == pattern).collect())
    }

    /// Forgets a file that no manifest names, of a folder that is no roll; unless its row has changed meanwhile, or is not there.
    pub async fn forget_file(&self, file: &FileRow) -> Result<()> {
        let Some(stored) = self.file(&file.roll, &file.pattern, &file.path).await? else { return Ok(()) };
        if stored.row != *file || file.expected.is_some() {
            return Ok(());
        }
        match self.0.delete_row(&file.key(), Expect::Rev(stored.rev)).await {
            // Whoever changed it has the clip looked at again.
            Err(Error::Conflict(_)) => Ok(()),
            other => other,
        }
    }

    /// True while a file of the clip is open: one narrow query for its markers.
    pub async fn clip_is_open(&self, roll: &RollId, pattern: &str) -> Result<bool> {
        let prefix = pattern.split('[').next().unwrap_or(pattern);
        let (markers, bucket) = (self.markers(roll), bucket_of(pattern));
        let mut after: Option<String> = None;
        loop {
            let (names, next) = markers.page(bucket, prefix, after.as_deref(), 8).await?;
            for name in names {
                // Another clip may begin with the same letters.
                let Ok(path) = RelativePath::new(name.clone()) else { continue };
                if clip::key_of(&path).pattern != pattern {
                    continue;
                }
                match self.file(roll, pattern, &path).await? {
                    Some(stored) if !stored.row.is_open() => markers.delete(bucket, &name).await?,
                    _ => return Ok(true),
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(false),
            }
        }
    }

    /// True when the roll waits for no file: asked after every attempt. Markers whose row is terminal are deleted on the
    /// way. Says nothing of whether the roll is planned.
    pub async fn nothing_open(&self, roll: &RollId, likely: u8) -> Result<bool> {
        let markers = self.markers(roll);
        while let Some((bucket, name)) = markers.any(likely).await? {
            let Ok(path) = RelativePath::new(name.clone()) else {
                markers.delete(bucket, &name).await?;
                continue;
            };
            let key = Key::new(roll_partition(roll, bucket), format!("FILE#{path}"));
            match load::<FileRow>(self.0, &key).await? {
                Some(stored) if !stored.row.is_open() => markers.delete(bucket, &name).await?,
                // Open, or its row is about to be written by whoever put the marker.
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl<T: Table + Objects> Rolls<'_, T> {
    /// Looks at the object of a file and writes what it is. The look comes after the read of the row and the write is
    /// conditional on that read, so an older look cannot overwrite a newer one, whatever order events come in.
    pub async fn observe_file(&self, roll: &RollId, pattern: &str, path: &RelativePath) -> Result<FileRow> {
        self.observe_upload(roll, pattern, path, None).await
    }

    /// The same after an event, which tells who uploaded what has this entity tag.
    pub async fn observe_upload(
        &self,
        roll: &RollId,
        pattern: &str,
        path: &RelativePath,
        upload: Option<(&str, &str)>,
    ) -> Result<FileRow> {
        loop {
            let was = self.file_or_new(roll, pattern, path).await?;
            let object = self.0.head(Bucket::Ingest, &roll.object_key(path)).await?;
            let observed = object.map(|o| Observed { etag: o.etag, size: o.size });
            let seen = was.row.observe(observed).map(|mut row| {
                let of_this = |(etag, _): &(&str, &str)| row.observed.as_ref().is_some_and(|seen| seen.etag == *etag);
                row.uploaded_by = upload.filter(of_this).map(|(_, who)| who.to_owned());
                row
            });
            if let Some(row) = self.write_file(&was, seen).await? {
                return Ok(row);
            }
        }
    }
}

impl<T: Table + Queues + Clock + Settings> Rolls<'_, T> {
    /// Sends the check of a file, when both its halves are known and there is no verdict.
    pub async fn send_check(&self, file: &FileRow) -> Result<()> {
        if file.state != FileState::Paired {
            return Ok(());
        }
        let message = Message::HashFile { roll: file.roll.clone(), path: file.path.clone(), round: file.round, hop: 0 };
        self.0.send(Queue::Hash, &message, Duration::ZERO).await
    }

    /// Writes the verdict over a file, when there is one, and asks whether its clip and its roll are whole now: asked
    /// after every attempt, repeated ones included.
    pub async fn conclude_file(&self, file: &FileRow, verdict: Option<Verdict>) -> Result<()> {
        if let Some(verdict) = verdict {
            let decide = |row: &FileRow| row.conclude(file.round, verdict.clone());
            self.update_file(&file.roll, &file.pattern, &file.path, decide).await?;
        }
        let is_asked_for = Role::of(&file.path) == Role::Original || Companions::<T>::may_be(&file.path);
        if is_asked_for && !self.clip_is_open(&file.roll, &file.pattern).await? {
            let message = Message::InspectClip { roll: file.roll.clone(), pattern: file.pattern.clone() };
            self.0.send(Queue::Inspect, &message, Duration::ZERO).await?;
        }
        let planned = self.roll(&file.roll).await?.is_some_and(|r| r.planned.is_some());
        if planned && self.nothing_open(&file.roll, bucket_of(&file.pattern)).await? {
            self.settle(&file.roll).await?;
        }
        Ok(())
    }

    /// Has the clip of a file that stands beside it read again, when the file went or came back as it was: no check says so.
    pub async fn ask_beside(&self, file: &FileRow) -> Result<()> {
        if file.state == FileState::Paired || !Companions::<T>::may_be(&file.path) {
            return Ok(());
        }
        let message = Message::InspectClip { roll: file.roll.clone(), pattern: file.pattern.clone() };
        self.0.send(Queue::Inspect, &message, Duration::ZERO).await
    }

    /// Sends the check of every file that has both halves and no verdict, from a place on; where to go on, when so much time
    /// or less is left.
    pub async fn resend_checks(&self, roll: &RollId, from: Place, margin: Duration) -> Result<Option<Place>> {
        let mut place = from;
        while place.bucket < BUCKETS {
            let (names, next) = self.markers(roll).page(place.bucket, "", place.after.as_deref(), 200).await?;
            let checks = names.into_iter().filter_map(|n| RelativePath::new(n).ok()).map(|path| async move {
                let pattern = clip::key_of(&path).pattern;
                let file = self.file(roll, &pattern, &path).await?.map(|stored| stored.row);
                match file.filter(|f| f.state == FileState::Paired) {
                    Some(file) => self.send_check(&file).await,
                    None => Ok(()),
                }
            });
            stream::iter(checks).buffer_unordered(IN_FLIGHT).try_collect::<Vec<()>>().await?;
            place = match next {
                Some(next) => Place { after: Some(next), ..place },
                None => Place { bucket: place.bucket + 1, after: None },
            };
            if place.bucket < BUCKETS && self.0.time_left() < margin {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Has `intake` send the check of every file that has both halves and no verdict.
    pub async fn push_checks(&self, roll: &RollId) -> Result<()> {
        let message = Message::SendChecks { roll: roll.clone(), from: Place::default(), hop: 0 };
        self.0.send(Queue::Intake, &message, Duration::ZERO).await
    }

    /// Notes that a list of MHL 1.x came into the roll's folder.
    ///
    /// # Errors
    /// [`Error::Refused`] for more lists than a row holds.
    pub async fn note_list(&self, roll: &RollId, name: &str) -> Result<()> {
        let now = self.0.now_ms();
        let mut is_full = false;
        self.update_roll(roll, |was| {
            let mut row = was.cloned().unwrap_or_else(|| RollRow::new(roll.clone(), now));
            is_full = row.lists.iter().map(String::len).sum::<usize>() + name.len() > MAX_LIST_NAMES;
            (row.lists.insert(name.to_owned()) && !is_full).then_some(row)
        })
        .await?;
        if is_full && !self.roll(roll).await?.is_some_and(|row| row.lists.contains(name)) {
            return Err(Error::Refused(format!("{roll} has too many lists: put them into folders of their own")));
        }
        Ok(())
    }

    /// Notes that a fact about the roll has come: makes the roll, wakes it when it rests or is sealed, arms its
    /// watchdog. Writes only when that changes something, or when the last note is older than a quarter of a tick.
    ///
    /// `opens` says that the fact left a file open (or the history unread), which a sealed roll has to take up again.
    pub async fn touch(&self, roll: &RollId, opens: bool) -> Result<RollRow> {
        let now = self.0.now_ms();
        let stale = (self.0.settings().tick / 4).as_millis() as u64;
        let row = self
            .update_roll(roll, |was| {
                let mut row = was.cloned().unwrap_or_else(|| RollRow::new(roll.clone(), now));
                let wake = opens && row.state.rank() >= RollState::Finalising.rank();
                if was.is_some() && !wake && row.watch.armed && now.saturating_sub(row.last_fact_ms) < stale {
                    return None;
                }
                if wake {
                    row.round += 1;
                    row.state = if row.planned.is_some() { RollState::Checking } else { RollState::Receiving };
                }
                row.last_fact_ms = now;
                row.updated_ms = now;
                Some(row)
            })
            .await?
            .0
            .unwrap_or_else(|| RollRow::new(roll.clone(), now));
        if row.watch.armed || row.state.rank() >= RollState::Finalising.rank() {
            return Ok(row);
        }
        // The tick goes first: a crash before the write leaves a tick that finds its number and goes on.
        self.send_tick(roll, row.watch.tick).await?;
        let armed = self
            .update_roll(roll, |was| {
                let mut row = was?.clone();
                if row.watch.armed {
                    return None;
                }
                row.watch.armed = true;
                Some(row)
            })
            .await?;
        Ok(armed.0.unwrap_or(row))
    }

    /// Sends a tick of the roll's watchdog, to arrive one tick from now.
    pub async fn send_tick(&self, roll: &RollId, tick: u64) -> Result<()> {
        let message = Message::TickRoll { roll: roll.clone(), tick };
        self.0.send(Queue::Finalise, &message, self.0.settings().tick_delay).await
    }

    /// Asks `finalise` to derive whether the roll is complete.
    pub async fn settle(&self, roll: &RollId) -> Result<()> {
        self.0.send(Queue::Finalise, &Message::SettleRoll { roll: roll.clone() }, Duration::ZERO).await
    }
}
