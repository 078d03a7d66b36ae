//! Clips: what was found in them, and the facets that they are searched by.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_media::clip::{Metadata, name_in_pattern};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    Companion, Row, Stored,
    facets::{self, Field, SLOTS},
    list_all, load, save,
};
use crate::{
    id::{ClipId, Production, RollId, hex_sha256},
    ports::{Error, Expect, Index, Item, Key, Page, Result, Table},
    state::{FileRow, FileState, Finding},
};

/// Rows of one page.
const PAGE: usize = 1000;
/// Calls at once.
const IN_FLIGHT: usize = 16;

/// What became of the inspection of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClipState {
    /// Read; its metadata stands in the row.
    Inspected,
    /// A format or feature that this build does not read, named in the findings.
    Unsupported,
    /// Not what it claims to be, or damaged.
    Invalid,
}

/// A clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipRow {
    /// Its id.
    pub clip: ClipId,
    /// The roll that it came in.
    pub roll: RollId,
    /// Its file, or the pattern of its sequence, in the roll.
    pub pattern: String,
    /// What became of its inspection.
    pub state: ClipState,
    /// SHA-256 over the paths, entity tags and verdicts of its files, and over its companions: which bytes this row is about.
    /// See [`ClipRow::revision_of`].
    pub revision: String,
    /// Number of files.
    pub files: u64,
    /// No manifest names its files: they are taken as they are, and nothing is rendered from them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchecked: bool,
    /// The files of its roll that stood beside it when it was inspected, in path order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
    /// What it and the documents beside it say; at least `path` and `role`.
    pub metadata: Metadata,
    /// Key of the frame index in the delivery bucket, when it was inspected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_key: Option<String>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Ranged reads that its inspection took, over all files that were looked into.
    #[serde(default)]
    pub reads: u32,
    /// Bytes of those reads.
    #[serde(default)]
    pub read_bytes: u64,
    /// When it was inspected, milliseconds since 1970.
    pub inspected_ms: u64,
}

/// Partition of the list of productions.
const FLEET: &str = "FLEET";

impl ClipRow {
    /// Field and canonical value of everything that it is found by; of `timecode` one value for each slot that it touches.
    pub fn facets(&self) -> BTreeSet<(&'static str, String)> {
        facets::of(self)
    }

    /// What its files call it; its header may have another name for it (`clip_name` of its metadata).
    pub fn name_of_files(&self) -> String {
        name_in_pattern(&self.pattern)
    }

    /// The revision of a clip that is made of these files: of those that a manifest names or, when none names any, of those
    /// that are there; with these files beside it. Tells apart other bytes, other files and other verdicts, whatever the order
    /// of the rows.
    pub fn revision_of(files: &[FileRow], companions: &[Companion]) -> String {
        let is_named = files.iter().any(|f| f.expected.is_some());
        let mut lines: Vec<String> = files
            .iter()
            .filter(|f| if is_named { f.expected.is_some() } else { f.observed.is_some() })
            .map(|f| {
                let etag = f.observed.as_ref().map_or("", |o| o.etag.as_str());
                format!("{}\n{etag}\n{}\n", f.path, f.state == FileState::Verified)
            })
            .collect();
        lines.sort_unstable();
        // A path has no line of its own that is empty: the two lists cannot be taken for each other.
        lines.extend(companions.iter().map(|c| format!("\n{}\n{}\n", c.path, c.etag.as_deref().unwrap_or_default())));
        hex_sha256(lines.concat().as_bytes())
    }

    /// The row of a facet. Slots of timecode stand in the index of their reel as well.
    fn facet_row(&self, field: &str, value: &str) -> Item {
        let production = &self.roll.production;
        let key = facet_key(production, field, value, &self.clip);
        let reel = self.metadata.reel_name.as_deref().filter(|_| field == SLOTS).and_then(canonical_reel);
        let place = |reel: String| (Index::ReelTimecode, Key::new(reel_partition(production, &reel), key.sk.clone()));
        let body = Map::from_iter([("clip".to_owned(), self.clip.as_str().into())]);
        Item { index: reel.map(place).into_iter().collect(), key, rev: 1, body }
    }

    /// The rows of its facets, and the one that says that its production has clips.
    fn facet_rows(&self, facets: &BTreeSet<(&'static str, String)>) -> Vec<Item> {
        let production = Key::new(FLEET, format!("PRODUCTION#{}", self.roll.production));
        let production = Item { key: production, rev: 1, body: Map::new(), index: BTreeMap::new() };
        facets.iter().map(|(field, value)| self.facet_row(field, value)).chain([production]).collect()
    }

    fn facet_keys<'a>(&self, facets: impl Iterator<Item = &'a (&'static str, String)>) -> Vec<Key> {
        facets.map(|(field, value)| facet_key(&self.roll.production, field, value, &self.clip)).collect()
    }

    fn key_of(production: &Production, clip: &ClipId) -> Key {
        Key::new(format!("PROD#{production}"), format!("CLIP#{clip}"))
    }
}

impl Row for ClipRow {
    fn key(&self) -> Key {
        Self::key_of(&self.roll.production, &self.clip)
    }
}

fn facet_key(production: &Production, field: &str, value: &str, clip: &ClipId) -> Key {
    Key::new(format!("FACET#{production}#{field}"), format!("{value}#{clip}"))
}

fn canonical_reel(reel: &str) -> Option<String> {
    Field::named("reel_name")?.canonical(reel)
}

fn reel_partition(production: &Production, reel: &str) -> String {
    format!("CLIP#{production}#REEL#{reel}")
}

/// The store of clips.
pub struct Clips<'a, T>(pub &'a T);

impl<T: Table> Clips<'_, T> {
    /// A clip.
    pub async fn clip(&self, production: &Production, clip: &ClipId) -> Result<Option<ClipRow>> {
        Ok(load::<ClipRow>(self.0, &ClipRow::key_of(production, clip)).await?.map(|s| s.row))
    }

    /// All clips of a production.
    pub async fn of_production(&self, production: &Production) -> Result<Vec<ClipRow>> {
        list_all(self.0, &format!("PROD#{production}"), "CLIP#").await
    }

    /// A clip as it was read, for [`Clips::put`].
    pub async fn stored(&self, production: &Production, clip: &ClipId) -> Result<Option<Stored<ClipRow>>> {
        load(self.0, &ClipRow::key_of(production, clip)).await
    }

    /// Productions that have, or had, a clip, in order.
    pub async fn productions(&self) -> Result<Vec<Production>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(FLEET, "PRODUCTION#", after.as_deref(), PAGE).await?;
            let names = page.items.iter().filter_map(|row| row.key.sk.strip_prefix("PRODUCTION#"));
            found.extend(names.filter_map(|name| Production::new(name).ok()));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Writes a clip and its facets if its row still is what was read. Facets come first, so that whoever finds the row
    /// finds them all; those that no longer hold are deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else was faster: read the files again, and then [`Clips::repair`] or try again. What
    /// stands there has its facets by then, but for those that somebody deletes at this moment.
    pub async fn put(&self, clip: &ClipRow, was: Option<&Stored<ClipRow>>) -> Result<()> {
        let (before, now) = (was.map(|w| w.row.facets()).unwrap_or_default(), clip.facets());
        self.0.write_rows(clip.facet_rows(&now), clip.facet_keys(before.difference(&now))).await?;
        match save(self.0, clip, was.map(|w| w.rev)).await {
            Ok(_) => Ok(()),
            Err(conflict @ Error::Conflict(_)) => {
                let theirs = self.clip(&clip.roll.production, &clip.clip).await?;
                let stand = theirs.as_ref().map(ClipRow::facets).unwrap_or_default();
                let rows = theirs.map(|row| row.facet_rows(&stand)).unwrap_or_default();
                self.0.write_rows(rows, clip.facet_keys(now.difference(&stand))).await?;
                Err(conflict)
            }
            Err(other) => Err(other),
        }
    }

    /// Deletes a clip and its facets if its row still is what was read.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else was faster: then [`Clips::repair`] what stands there.
    pub async fn remove(&self, was: &Stored<ClipRow>) -> Result<()> {
        self.0.write_rows(Vec::new(), was.row.facet_keys(was.row.facets().iter())).await?;
        self.0.delete_row(&was.row.key(), Expect::Rev(was.rev)).await
    }

    /// Puts the facets of a clip that stands in the table; they may stand already.
    pub async fn repair(&self, clip: &ClipRow) -> Result<()> {
        self.0.write_rows(clip.facet_rows(&clip.facets()), Vec::new()).await
    }

    /// One page of the clips whose facet begins so (in its canonical form), in order of the value.
    pub(crate) async fn found(
        &self,
        production: &Production,
        field: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ClipId>> {
        let page = self.0.query(&format!("FACET#{production}#{field}"), prefix, after, PAGE).await?;
        let items =
            page.items.into_iter().filter_map(|i| serde_json::from_value(i.body.get("clip")?.clone()).ok()).collect();
        Ok(Page { items, next: page.next })
    }

    /// One page of the clips of a reel (in its canonical form) that touch a ten-minute slot, out of the index of reels: the
    /// newest ones may be missing.
    pub(crate) async fn of_reel(
        &self,
        production: &Production,
        reel: &str,
        slot: &str,
        after: Option<&str>,
    ) -> Result<Page<ClipId>> {
        let (pk, slot) = (reel_partition(production, reel), format!("{slot}#"));
        let page = self.0.query_index(Index::ReelTimecode, &pk, &slot, after, PAGE).await?;
        let clip = |key: &Key| serde_json::from_value(key.sk.strip_prefix(&slot)?.into()).ok();
        Ok(Page { items: page.items.iter().filter_map(clip).collect(), next: page.next })
    }

    /// The clips that say exactly this of a field.
    pub async fn with(&self, production: &Production, field: &str, value: &str) -> Result<Vec<ClipRow>> {
        let Some(canonical) = Field::named(field).and_then(|field| field.canonical(value)) else {
            return Ok(Vec::new());
        };
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.found(production, field, &format!("{canonical}#"), after.as_deref()).await?;
            let loads = page.items.iter().map(|clip| self.clip(production, clip));
            let loaded: Vec<_> = stream::iter(loads).buffered(IN_FLIGHT).try_collect().await?;
            rows.extend(loaded.into_iter().flatten().filter(|row| facets::says(row, field, value)));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }
}
