//! Orders, jobs, their ranges, and the versions of plates.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::{ClipRow, Family, OpenMarkers, Row, Stored, list_all, load, save, update};
use crate::{
    id::{BUCKETS, JobId, Production, PullName, bucket_of},
    message::{Message, Queue},
    ports::{Clock, Error, Expect, Index, Item, Key, Queues, Result, Settings, Table},
    state::{Finding, JobState, RangeState, Watch},
};

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// Nothing of it can be made; the findings say why.
    Refused,
    /// Nothing of it can be made yet: the clips that it wants have not arrived. It is planned again when one does.
    Waiting,
    /// It has a job.
    Planned,
}

/// An order as it was last read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullRow {
    /// Whose it is.
    pub production: Production,
    /// Its name.
    pub pull: PullName,
    /// Entity tag of its `pull.json`: which order this row is about.
    pub etag: String,
    /// What became of it.
    pub state: PullState,
    /// Its newest job, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Every job of this order, the oldest first: one more each time that clips have arrived which it waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobId>,
    /// Clips and reels that events of it wait for, by name. When one arrives, the order is planned again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<String>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// When it was read, milliseconds since 1970.
    pub updated_ms: u64,
}

impl PullRow {
    fn key_of(production: &Production, pull: &PullName) -> Key {
        Key::new(format!("PROD#{production}"), format!("PULL#{pull}"))
    }

    /// True when an event of the order waits for a clip of this name, or of this reel.
    pub fn waits_for(&self, clip: &ClipRow) -> bool {
        let of_files = Some(clip.name_of_files());
        let names = [&clip.metadata.clip_name, &of_files, &clip.metadata.reel_name];
        self.wants.iter().any(|want| names.into_iter().flatten().any(|name| name == want))
    }
}

impl Row for PullRow {
    fn key(&self) -> Key {
        Self::key_of(&self.production, &self.pull)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// Its id.
    pub job: JobId,
    /// Whose it is.
    pub production: Production,
    /// The order that it works.
    pub pull: PullName,
    /// Grows within a round.
    pub state: JobState,
    /// Grows with a redrive.
    pub round: u64,
    /// Grows with a cancel or a redrive; messages of another epoch do nothing.
    pub epoch: u64,
    /// Where everything of it goes in the delivery bucket.
    pub root: String,
    /// Number of ranges, once the row of every one of them is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<u32>,
    /// Its watchdog.
    pub watch: Watch,
    /// Shots that are being made.
    pub shots: u32,
    /// Plates that are being made.
    pub frames: u64,
    /// Orders of it that wait for a clip or were refused.
    pub left_out: u32,
    /// Fixed by the first write that entered FINALISING in this round; milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_at_ms: Option<u64>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
}

impl JobRow {
    fn key_of(job: &JobId) -> Key {
        Key::new(format!("JOB#{job}"), "META")
    }
}

impl Row for JobRow {
    fn key(&self) -> Key {
        Self::key_of(&self.job)
    }
    fn index(&self) -> BTreeMap<Index, Key> {
        let state = serde_json::to_value(self.state).unwrap_or_default();
        let state = state.as_str().unwrap_or_default();
        let pk = format!("PROD#{}#JOBS", self.production);
        [(Index::JobsByState, Key::new(pk, format!("{state}#{:013}#{}", self.created_ms, self.job)))].into()
    }
}

/// A range of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeRow {
    /// Its job.
    pub job: JobId,
    /// Its index in the plan.
    pub index: u32,
    /// `SHOT_PL01_v001`.
    pub shot: String,
    /// First frame number.
    pub first: u32,
    /// Last frame number, inclusive.
    pub last: u32,
    /// Grows with a redrive.
    pub round: u64,
    /// Grows within a round.
    pub state: RangeState,
    /// Attempts, each recorded before its work.
    pub attempts: u32,
    /// Milliseconds that its rendering took.
    #[serde(default)]
    pub ms: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Finding>,
}

impl RangeRow {
    /// The name that buckets and markers go by.
    pub fn name_of(index: u32) -> String {
        format!("{index:06}")
    }

    fn key_of(job: &JobId, index: u32) -> Key {
        let name = Self::name_of(index);
        Key::new(Family::Job(job.clone()).partition(bucket_of(&name)), format!("R#{name}"))
    }

    /// True while the job has to wait for this range.
    pub fn is_open(&self) -> bool {
        self.state == RangeState::Pending
    }
}

impl Row for RangeRow {
    fn key(&self) -> Key {
        Self::key_of(&self.job, self.index)
    }
}

/// The last version of a plate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateVersion {
    /// Whose it is.
    pub production: Production,
    /// The shot.
    pub shot: String,
    /// The plate of the shot.
    pub plate: String,
    /// Job by version, from 1.
    pub jobs: BTreeMap<u32, JobId>,
}

impl PlateVersion {
    fn key_of(production: &Production, shot: &str, plate: &str) -> Key {
        Key::new(format!("PROD#{production}"), format!("PLATE#{shot}#{plate}"))
    }
}

impl Row for PlateVersion {
    fn key(&self) -> Key {
        Self::key_of(&self.production, &self.shot, &self.plate)
    }
}

/// Messages that are on their way at once when many are sent.
const SENDS_IN_FLIGHT: usize = 16;

/// Partition of the list of job ids, so that a prefix finds a job.
const ALL_JOBS: &str = "JOBS";

/// The store of orders, jobs and ranges.
pub struct Jobs<'a, T>(pub &'a T);

impl<'a, T: Table> Jobs<'a, T> {
    /// An order.
    pub async fn pull(&self, production: &Production, pull: &PullName) -> Result<Option<PullRow>> {
        Ok(load::<PullRow>(self.0, &PullRow::key_of(production, pull)).await?.map(|s| s.row))
    }

    /// The orders of a production.
    pub async fn pulls(&self, production: &Production) -> Result<Vec<PullRow>> {
        list_all(self.0, &format!("PROD#{production}"), "PULL#").await
    }

    /// An order as it was read, for [`Jobs::save_pull`].
    pub async fn stored_pull(&self, production: &Production, pull: &PullName) -> Result<Option<Stored<PullRow>>> {
        load(self.0, &PullRow::key_of(production, pull)).await
    }

    /// Writes an order if its row still is what was read.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else was faster.
    pub async fn save_pull(&self, row: &PullRow, was: Option<&Stored<PullRow>>) -> Result<()> {
        save(self.0, row, was.map(|w| w.rev)).await.map(|_| ())
    }

    /// A job.
    pub async fn job(&self, job: &JobId) -> Result<Option<JobRow>> {
        Ok(load::<JobRow>(self.0, &JobRow::key_of(job)).await?.map(|s| s.row))
    }

    /// The jobs of a production, as the index of jobs knows them: eventually, and never to decide from.
    pub async fn of_production(&self, production: &Production) -> Result<Vec<JobRow>> {
        let (pk, mut rows, mut after) = (format!("PROD#{production}#JOBS"), Vec::new(), None::<String>);
        loop {
            let page = self.0.query_index(Index::JobsByState, &pk, "", after.as_deref(), 500).await?;
            for key in page.items {
                rows.extend(load::<JobRow>(self.0, &key).await?.map(|s| s.row));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        rows.sort_by(|a: &JobRow, b| (a.created_ms, &a.job).cmp(&(b.created_ms, &b.job)));
        Ok(rows)
    }

    /// Writes a job that is not there yet, its entry in the list of ids first; answers the one that stands.
    pub async fn create(&self, row: &JobRow) -> Result<JobRow> {
        let entry = Item {
            key: Key::new(ALL_JOBS, row.job.as_str()),
            rev: 1,
            body: serde_json::Map::new(),
            index: BTreeMap::new(),
        };
        self.0.put_row(entry, Expect::Anything).await?;
        match save(self.0, row, None).await {
            Ok(stored) => Ok(stored.row),
            Err(Error::Conflict(_)) => Ok(self.job(&row.job).await?.unwrap_or_else(|| row.clone())),
            Err(other) => Err(other),
        }
    }

    /// Jobs whose id begins with these digits, at most 10.
    pub async fn find(&self, prefix: &str) -> Result<Vec<JobId>> {
        let page = self.0.query(ALL_JOBS, prefix, None, 10).await?;
        Ok(page.items.into_iter().filter_map(|i| JobId::new(i.key.sk).ok()).collect())
    }

    /// Decides over a job; see [`update`].
    pub async fn update_job(
        &self,
        job: &JobId,
        decide: impl FnMut(Option<&JobRow>) -> Option<JobRow> + Send,
    ) -> Result<(Option<JobRow>, bool)> {
        update(self.0, &JobRow::key_of(job), decide).await
    }

    /// The open ranges of a job.
    pub fn markers(&self, job: &JobId) -> OpenMarkers<'a, T> {
        OpenMarkers::new(self.0, Family::Job(job.clone()))
    }

    /// Writes a range that is not there yet, its marker first. A range that stands is left as it is.
    pub async fn create_range(&self, row: &RangeRow) -> Result<()> {
        if load::<RangeRow>(self.0, &row.key()).await?.is_some() {
            return Ok(());
        }
        let name = RangeRow::name_of(row.index);
        self.markers(&row.job).put(bucket_of(&name), &name).await?;
        match save(self.0, row, None).await {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// A range.
    pub async fn range(&self, job: &JobId, index: u32) -> Result<Option<RangeRow>> {
        Ok(load::<RangeRow>(self.0, &RangeRow::key_of(job, index)).await?.map(|s| s.row))
    }

    /// Decides over a range; its marker is deleted when it is no longer open. Answers the row as it stands.
    pub async fn update_range(
        &self,
        job: &JobId,
        index: u32,
        decide: impl FnMut(Option<&RangeRow>) -> Option<RangeRow> + Send,
    ) -> Result<Option<RangeRow>> {
        let (row, _) = update(self.0, &RangeRow::key_of(job, index), decide).await?;
        if row.as_ref().is_some_and(|r| !r.is_open()) {
            let name = RangeRow::name_of(index);
            self.markers(job).delete(bucket_of(&name), &name).await?;
        }
        Ok(row)
    }

    /// All ranges of a job, in order.
    pub async fn ranges(&self, job: &JobId) -> Result<Vec<RangeRow>> {
        let mut rows: Vec<RangeRow> = Vec::new();
        for bucket in 0..BUCKETS {
            rows.extend(list_all::<RangeRow>(self.0, &Family::Job(job.clone()).partition(bucket), "R#").await?);
        }
        rows.sort_by_key(|r| r.index);
        Ok(rows)
    }

    /// True when the job waits for no range: asked after every attempt. Markers whose row is terminal are deleted on
    /// the way. Says nothing of whether the job is planned.
    pub async fn nothing_open(&self, job: &JobId, likely: u8) -> Result<bool> {
        let markers = self.markers(job);
        while let Some((bucket, name)) = markers.any(likely).await? {
            let row = match name.parse::<u32>() {
                Ok(index) => self.range(job, index).await?,
                Err(_) => return Ok(false),
            };
            match row {
                Some(row) if !row.is_open() => markers.delete(bucket, &name).await?,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The version of a plate that belongs to a job: the one that it has, or the next.
    pub async fn version(&self, production: &Production, shot: &str, plate: &str, job: &JobId) -> Result<u32> {
        let key = PlateVersion::key_of(production, shot, plate);
        let (row, _) = update(self.0, &key, |was: Option<&PlateVersion>| {
            let mut row = was.cloned().unwrap_or_else(|| PlateVersion {
                production: production.clone(),
                shot: shot.to_owned(),
                plate: plate.to_owned(),
                jobs: BTreeMap::new(),
            });
            if row.jobs.values().any(|j| j == job) {
                return None;
            }
            let next = row.jobs.keys().next_back().map_or(1, |v| v + 1);
            row.jobs.insert(next, job.clone());
            Some(row)
        })
        .await?;
        row.and_then(|r| r.jobs.into_iter().find(|(_, j)| j == job).map(|(v, _)| v))
            .ok_or_else(|| Error::Unknown(format!("version of {shot} {plate}")))
    }
}

impl<T: Table + Queues + Clock + Settings> Jobs<'_, T> {
    /// Sends a tick of the job's watchdog, to arrive one tick from now.
    pub async fn send_tick(&self, job: &JobId, tick: u64) -> Result<()> {
        let message = Message::TickJob { job: job.clone(), tick };
        self.0.send(Queue::Finalise, &message, self.0.settings().tick_delay).await
    }

    /// Sends the range to be rendered, in the job's epoch.
    pub async fn send_range(&self, job: &JobRow, range: u32) -> Result<()> {
        let message = Message::RenderRange { job: job.job.clone(), range, epoch: job.epoch, from: 0, hop: 0 };
        self.0.send(Queue::Render, &message, Duration::ZERO).await
    }

    /// Sends every open range; answers how many.
    pub async fn resend_ranges(&self, job: &JobRow) -> Result<u64> {
        let open: Vec<u32> =
            self.ranges(&job.job).await?.into_iter().filter(RangeRow::is_open).map(|r| r.index).collect();
        let sends = futures::stream::iter(&open).map(|index| self.send_range(job, *index));
        sends.buffered(SENDS_IN_FLIGHT).try_collect::<()>().await?;
        Ok(open.len() as u64)
    }

    /// Asks `finalise` to derive whether the job is complete.
    pub async fn settle(&self, job: &JobId) -> Result<()> {
        self.0.send(Queue::Finalise, &Message::SettleJob { job: job.clone() }, Duration::ZERO).await
    }
}
