//! Clips by what they say about themselves: through queries on facets, never by a scan.
//!
//! Every condition is a partition of facet rows. Their pages are read in turn until the shortest of them ends; the others are
//! intersected with it as long as that is cheaper than loading what is left. Rows are loaded by key, and only a row that
//! still is what was asked for is answered.

mod list;
mod query;

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

pub use query::{BadQuery, Condition, Query};

use crate::{
    id::{ClipId, Production},
    ports::{self, Table},
    store::{ClipRow, Clips},
};
use list::List;

/// Most clips of one answer.
pub const MAX_LIMIT: usize = 1_000;
/// Most clips that are loaded for one answer.
const MAX_FITTING: usize = 10_000;
/// Fewer clips than this are loaded rather than intersected any further.
const FEW: usize = 16;
/// Rows that are loaded at once.
const IN_FLIGHT: usize = 16;

/// One page of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// By roll and pattern.
    pub clips: Vec<ClipRow>,
    /// How many clips there are, on this and all other pages.
    pub total: usize,
    /// Id of the last clip of this page, when there is a further one: hand it back as `after`.
    pub next: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every condition has more clips than are loaded.
    #[error("more than {MAX_FITTING} clips may be meant: add a condition that fewer of them meet")]
    TooMany,
    /// The table did not answer.
    #[error(transparent)]
    Port(#[from] ports::Error),
}

/// Runs a query, in one production or in all of them.
///
/// # Errors
/// [`Error`]; of [`Error::TooMany`] nothing is answered rather than a part.
pub async fn run(table: &impl Table, query: &Query) -> Result<Found, Error> {
    let productions = match &query.production {
        Some(production) => vec![production.clone()],
        None => Clips(table).productions().await?,
    };
    let mut clips = Vec::new();
    for production in &productions {
        clips.extend(in_production(table, production, query).await?);
        if clips.len() > MAX_FITTING {
            return Err(Error::TooMany);
        }
    }
    clips.sort_by(|a, b| (&a.roll, &a.pattern).cmp(&(&b.roll, &b.pattern)));
    let total = clips.len();
    let begin = match &query.after {
        Some(after) => clips.iter().position(|clip| clip.clip.as_str() == after).map_or(total, |at| at + 1),
        None => 0,
    };
    let mut page = clips.split_off(begin);
    let is_last = page.len() <= query.limit;
    page.truncate(query.limit);
    let next = page.last().filter(|_| !is_last).map(|clip| clip.clip.to_string());
    Ok(Found { clips: page, total, next })
}

async fn in_production(table: &impl Table, production: &Production, query: &Query) -> Result<Vec<ClipRow>, Error> {
    let clips = Clips(table);
    let meant = meant(&clips, production, query).await?;
    if meant.len() > MAX_FITTING {
        return Err(Error::TooMany);
    }
    let loads = meant.iter().map(|clip| clips.clip(production, clip));
    let rows: Vec<Option<ClipRow>> = stream::iter(loads).buffered(IN_FLIGHT).try_collect().await?;
    // A facet may be older than its row, or belong to a row that was never written.
    Ok(rows.into_iter().flatten().filter(|row| query.holds(row)).collect())
}

/// The clips that may meet all conditions, by id.
async fn meant<T: Table>(
    clips: &Clips<'_, T>,
    production: &Production,
    query: &Query,
) -> Result<BTreeSet<ClipId>, Error> {
    let mut lists = List::of(query);
    while !lists.is_empty() && lists.iter().all(|list| !list.is_whole()) {
        if lists.iter().all(|list| list.clips.len() > MAX_FITTING) {
            return Err(Error::TooMany);
        }
        for list in &mut lists {
            list.read_on(clips, production).await?;
        }
    }
    lists.sort_by_key(|list| (!list.is_whole(), list.clips.len()));
    let mut lists = lists.into_iter();
    let mut meant = lists.next().map(|shortest| shortest.clips).unwrap_or_default();
    for mut list in lists {
        // A page costs about as much as a row.
        let mut pages = meant.len();
        while !list.is_whole() && meant.len() > FEW && pages > 0 {
            list.read_on(clips, production).await?;
            pages -= 1;
        }
        if list.is_whole() {
            meant.retain(|clip| list.clips.contains(clip));
        }
    }
    Ok(meant)
}

/// A clip as searches answer it: its `clip-metadata.v1`, with `clip_id`, `roll`, `state` and `verified`.
pub fn record(row: &ClipRow) -> Value {
    let mut record = json!(row.metadata);
    record["clip_id"] = row.clip.as_str().into();
    record["roll"] = row.roll.to_string().into();
    record["state"] = json!(row.state);
    record["verified"] = row.metadata.verified.unwrap_or_default().into();
    record
}
