//! `OPEN#` markers: what a roll or a job still waits for. Completion is derived from their absence, never counted.
//!
//! A marker is put before the row that it stands for becomes open, and deleted after that row is terminal. So a crash
//! between the two leaves a marker too many, never one too few; whoever meets a marker whose row is terminal deletes it.

use serde::{Deserialize, Serialize};

use crate::{
    id::{BUCKETS, JobId, RollId},
    ports::{Expect, Item, Key, Result, Table},
};

/// Whose markers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// Files of a roll.
    Roll(RollId),
    /// Ranges of a job.
    Job(JobId),
}

impl Family {
    /// The partition of one bucket.
    pub fn partition(&self, bucket: u8) -> String {
        match self {
            Self::Roll(roll) => super::roll_partition(roll, bucket),
            Self::Job(job) => format!("JOB#{job}#{bucket:02}"),
        }
    }
}

/// The markers of one family.
pub struct OpenMarkers<'a, T> {
    table: &'a T,
    family: Family,
}

impl<'a, T: Table> OpenMarkers<'a, T> {
    /// Of this roll or job.
    pub fn new(table: &'a T, family: Family) -> Self {
        Self { table, family }
    }

    fn key(&self, bucket: u8, name: &str) -> Key {
        Key::new(self.family.partition(bucket), format!("OPEN#{name}"))
    }

    /// Puts a marker; it may stand already.
    pub async fn put(&self, bucket: u8, name: &str) -> Result<()> {
        let item = Item {
            key: self.key(bucket, name),
            rev: 1,
            body: serde_json::Map::new(),
            index: std::collections::BTreeMap::new(),
        };
        self.table.put_row(item, Expect::Anything).await
    }

    /// Deletes a marker; it may be gone already.
    pub async fn delete(&self, bucket: u8, name: &str) -> Result<()> {
        self.table.delete_row(&self.key(bucket, name), Expect::Anything).await
    }

    /// The first open name of a bucket, strongly consistent; `prefix` narrows it to names that begin so.
    pub async fn first(&self, bucket: u8, prefix: &str) -> Result<Option<String>> {
        Ok(self.page(bucket, prefix, None, 1).await?.0.into_iter().next())
    }

    /// Open names of a bucket, a page at a time: the names, and where the next page begins.
    pub async fn page(
        &self,
        bucket: u8,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>)> {
        let pk = self.family.partition(bucket);
        let page = self.table.query(&pk, &format!("OPEN#{prefix}"), after, limit).await?;
        let names = page.items.into_iter().filter_map(|i| i.key.sk.strip_prefix("OPEN#").map(str::to_owned)).collect();
        Ok((names, page.next))
    }

    /// The first open name of any bucket with its bucket; `None` when nothing is open. Looks at `likely` first, since
    /// most askers know a bucket that is not empty yet.
    pub async fn any(&self, likely: u8) -> Result<Option<(u8, String)>> {
        for step in 0..BUCKETS {
            let bucket = (likely + step) % BUCKETS;
            if let Some(name) = self.first(bucket, "").await? {
                return Ok(Some((bucket, name)));
            }
        }
        Ok(None)
    }

    /// How many names are open in all buckets.
    pub async fn count(&self) -> Result<u64> {
        let mut count = 0;
        for bucket in 0..BUCKETS {
            let mut after: Option<String> = None;
            loop {
                let (names, next) = self.page(bucket, "", after.as_deref(), 1000).await?;
                count += names.len() as u64;
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(count)
    }
}
