//! Rows, and the rules of writing them, over the table port. One implementation serves every table.

mod audit;
mod clips;
mod companions;
pub(crate) mod facets;
mod jobs;
mod looks;
mod open;
mod progress;
mod rolls;

use platefleet_media::path::RelativePath;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

pub use audit::Audit;
pub use clips::{ClipRow, ClipState, Clips};
pub use companions::{Companion, Companions};
pub use facets::{FIELDS, Field};
pub use jobs::{JobRow, Jobs, PlateVersion, PullRow, PullState, RangeRow};
pub use looks::Looks;
pub use open::{Family, OpenMarkers};
pub use progress::{HashProgress, Progresses};
pub use rolls::{RollRow, Rolls, Seal, Tip};

use crate::ports::{Error, Expect, Index, Item, Key, Page, Result, Table};

/// How often a write is tried again when somebody else was faster.
const MAX_CONFLICTS: u32 = 12;

/// A type that stands in the table as one row.
pub trait Row: Serialize + DeserializeOwned + Clone + Send + Sync {
    /// Where it stands; a function of its content.
    fn key(&self) -> Key;
    /// Where it stands in secondary indexes.
    fn index(&self) -> BTreeMap<Index, Key> {
        BTreeMap::new()
    }
}

/// A row as it was read, with the revision that a conditional write needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<R> {
    /// The row.
    pub row: R,
    /// Its revision.
    pub rev: u64,
}

fn decode<R: Row>(item: Item) -> Result<Stored<R>> {
    let key = format!("{} {}", item.key.pk, item.key.sk);
    let row = serde_json::from_value(Value::Object(item.body))
        .map_err(|e| Error::Refused(format!("row {key} is not readable by this build: {e}")))?;
    Ok(Stored { row, rev: item.rev })
}

fn encode<R: Row>(row: &R, rev: u64) -> Result<Item> {
    match serde_json::to_value(row) {
        Ok(Value::Object(body)) => Ok(Item { key: row.key(), rev, body, index: row.index() }),
        Ok(_) => Err(Error::Refused("a row is not an object".into())),
        Err(e) => Err(Error::Refused(format!("a row cannot be written: {e}"))),
    }
}

/// Reads a row.
pub async fn load<R: Row>(table: &impl Table, key: &Key) -> Result<Option<Stored<R>>> {
    table.get_row(key).await?.map(decode).transpose()
}

/// Writes a row if it still is what it was when it was read (`None`: not there).
pub async fn save<R: Row>(table: &impl Table, row: &R, was: Option<u64>) -> Result<Stored<R>> {
    let rev = was.unwrap_or(0) + 1;
    table.put_row(encode(row, rev)?, was.map_or(Expect::Absent, Expect::Rev)).await?;
    Ok(Stored { row: row.clone(), rev })
}

/// Reads, decides and writes until nobody was faster. `decide` answers the new row, or `None` to leave it; it may be
/// called more than once. Answers the row as it stands, and whether this call wrote it.
pub async fn update<R: Row>(
    table: &impl Table,
    key: &Key,
    mut decide: impl FnMut(Option<&R>) -> Option<R> + Send,
) -> Result<(Option<R>, bool)> {
    for _ in 0..MAX_CONFLICTS {
        let was = load::<R>(table, key).await?;
        let Some(next) = decide(was.as_ref().map(|s| &s.row)) else {
            return Ok((was.map(|s| s.row), false));
        };
        match save(table, &next, was.map(|s| s.rev)).await {
            Ok(stored) => return Ok((Some(stored.row), true)),
            Err(Error::Conflict(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Err(Error::Throttled(format!("row {} {} is written by many at once", key.pk, key.sk)))
}

/// One page of rows of a partition.
pub async fn list<R: Row>(
    table: &impl Table,
    pk: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<R>> {
    let page = table.query(pk, prefix, after, limit).await?;
    let items = page.items.into_iter().map(|i| decode(i).map(|s| s.row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// All rows of a partition that begin with a prefix, page by page.
pub async fn list_all<R: Row>(table: &impl Table, pk: &str, prefix: &str) -> Result<Vec<R>> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = list(table, pk, prefix, after.as_deref(), 500).await?;
        rows.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(rows),
        }
    }
}

/// Partition of one bucket of a roll's files.
fn roll_partition(roll: &crate::id::RollId, bucket: u8) -> String {
    format!("ROLL#{}#{}#{bucket:02}", roll.production, roll.path)
}

fn file_key(roll: &crate::id::RollId, pattern: &str, path: &RelativePath) -> Key {
    Key::new(roll_partition(roll, crate::id::bucket_of(pattern)), format!("FILE#{path}"))
}
