//! Clips: what was found in them, and the facets that they are searched by.

use platefleet_media::clip::Metadata;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Row, Stored, list_all, load, save};
use crate::{
    id::{ClipId, Production, RollId, hex_sha256},
    ports::{Error, Expect, Index, Item, Key, Result, Table},
    state::{FileRow, FileState, Finding},
};

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
    /// SHA-256 over the paths, entity tags and verdicts of its files: which bytes this row is about. See
    /// [`ClipRow::revision_of`].
    pub revision: String,
    /// Number of files.
    pub files: u64,
    /// What it says about itself; at least `path` and `role`.
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

/// Fields that clips are searched by.
pub const FACETS: [&str; 12] = [
    "camera_make",
    "camera_model",
    "camera_serial",
    "clip_name",
    "codec",
    "frame_rate",
    "lens_model",
    "reel_name",
    "resolution",
    "scene",
    "shoot_day",
    "roll",
];

impl ClipRow {
    /// The facets of this clip: field and value.
    pub fn facets(&self) -> BTreeMap<&'static str, String> {
        let values = serde_json::to_value(&self.metadata).unwrap_or_default();
        FACETS
            .into_iter()
            .filter_map(|field| {
                let value =
                    if field == "roll" { self.roll.path.to_string() } else { values.get(field)?.as_str()?.to_owned() };
                // A sort key holds 1,024 bytes; a facet that long is no facet.
                (!value.is_empty() && value.len() <= 900).then_some((field, value))
            })
            .collect()
    }

    /// The revision of a clip that is made of these files: of those that a manifest names. Tells apart other bytes, other
    /// files and other verdicts, whatever the order of the rows.
    pub fn revision_of(files: &[FileRow]) -> String {
        let mut lines: Vec<String> = files
            .iter()
            .filter(|f| f.expected.is_some())
            .map(|f| {
                let etag = f.observed.as_ref().map_or("", |o| o.etag.as_str());
                format!("{}\n{etag}\n{}\n", f.path, f.state == FileState::Verified)
            })
            .collect();
        lines.sort_unstable();
        hex_sha256(lines.concat().as_bytes())
    }

    fn facet_key(production: &Production, field: &str, value: &str, clip: &ClipId) -> Key {
        Key::new(format!("FACET#{production}#{field}"), format!("{value}#{clip}"))
    }

    fn key_of(production: &Production, clip: &ClipId) -> Key {
        Key::new(format!("PROD#{production}"), format!("CLIP#{clip}"))
    }
}

impl Row for ClipRow {
    fn key(&self) -> Key {
        Self::key_of(&self.roll.production, &self.clip)
    }

    fn index(&self) -> BTreeMap<Index, Key> {
        let (Some(reel), Some(start)) = (&self.metadata.reel_name, &self.metadata.start_timecode) else {
            return BTreeMap::new();
        };
        let pk = format!("CLIP#{}#REEL#{reel}", self.roll.production);
        [(Index::ReelTimecode, Key::new(pk, format!("{start}#{}", self.clip)))].into()
    }
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

    /// Writes a clip and its facets if its row still is what was read. Facets come first, so that whoever finds the row
    /// finds them all; those that no longer hold are deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else was faster: read the files again, and then [`Clips::repair`] or try again.
    pub async fn put(&self, clip: &ClipRow, was: Option<&Stored<ClipRow>>) -> Result<()> {
        let (before, now) = (was.map(|w| w.row.facets()).unwrap_or_default(), clip.facets());
        self.repair(clip).await?;
        self.delete_facets(clip, before.iter().filter(|(field, value)| now.get(*field) != Some(*value))).await?;
        match save(self.0, clip, was.map(|w| w.rev)).await {
            Ok(_) => Ok(()),
            Err(conflict @ Error::Conflict(_)) => {
                self.delete_facets(clip, now.iter()).await?;
                Err(conflict)
            }
            Err(other) => Err(other),
        }
    }

    /// Puts the facets of a clip that stands in the table; they may stand already.
    pub async fn repair(&self, clip: &ClipRow) -> Result<()> {
        for (field, value) in &clip.facets() {
            let key = ClipRow::facet_key(&clip.roll.production, field, value, &clip.clip);
            let mut body = serde_json::Map::new();
            body.insert("clip".into(), clip.clip.as_str().into());
            self.0.put_row(Item { key, rev: 1, body, index: BTreeMap::new() }, Expect::Anything).await?;
        }
        Ok(())
    }

    async fn delete_facets(
        &self,
        clip: &ClipRow,
        facets: impl Iterator<Item = (&&'static str, &String)> + Send,
    ) -> Result<()> {
        for (field, value) in facets {
            let key = ClipRow::facet_key(&clip.roll.production, field, value, &clip.clip);
            self.0.delete_row(&key, Expect::Anything).await?;
        }
        Ok(())
    }

    /// Clips whose facet begins with a value, at most 1,000.
    pub async fn search(&self, production: &Production, field: &str, value: &str) -> Result<Vec<ClipId>> {
        let page = self.0.query(&format!("FACET#{production}#{field}"), value, None, 1000).await?;
        Ok(page.items.into_iter().filter_map(|i| serde_json::from_value(i.body.get("clip")?.clone()).ok()).collect())
    }

    /// Clips whose facet is exactly this value.
    pub async fn with(&self, production: &Production, field: &str, value: &str) -> Result<Vec<ClipRow>> {
        let mut rows = Vec::new();
        for clip in self.search(production, field, &format!("{value}#")).await? {
            rows.extend(self.clip(production, &clip).await?);
        }
        rows.retain(|r| r.facets().get(field).is_some_and(|v| v == value));
        Ok(rows)
    }
}
