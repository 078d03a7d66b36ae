//! Which files of a roll stand beside which clip: the sidecars, proxies and sound of a take, in either order of arrival.
//!
//! A file leaves a row under every name of a take that it may belong to, and an original one under every name that its take goes
//! by. Whoever comes leaves its rows first and then looks for those of the other side, so one of the two always sees the
//! other. The rows are hints and stay; what counts is the row of the file.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_media::{
    camera::is_document,
    clip::{ClipKey, Role, key_of, names_of_take, takes_of_file},
    path::RelativePath,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::Rolls;
use crate::{
    id::RollId,
    ports::{Item, Key, Result, Table},
    state::{FileRow, FileState},
};

/// Rows of one page.
const PAGE: usize = 100;
/// Most files beside a clip that are taken down: a row of the table holds 400 KB.
const MAX_COMPANIONS: usize = 64;
/// Beginning of the sort key of a file beside a take.
const FILE: &str = "S#";
/// Beginning of the sort key of an original.
const CLIP: &str = "C#";

/// A file that stands beside a clip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Companion {
    /// Proxy, sidecar or audio.
    pub role: Role,
    /// Its path in the roll.
    pub path: RelativePath,
    /// Entity tag of what was read of it; none of a file that is only listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// The files and originals of the takes of rolls.
pub struct Companions<'a, T>(pub &'a T);

impl<T> Companions<'_, T> {
    /// Whether a file may stand beside a clip: proxies, sound, and the documents that are read.
    pub fn may_be(path: &RelativePath) -> bool {
        match Role::of(path) {
            Role::Original => false,
            Role::Sidecar => is_document(path.as_str()),
            Role::Proxy | Role::Audio => true,
        }
    }
}

impl<T: Table> Companions<'_, T> {
    /// Takes down a file that is verified; it may stand already.
    pub async fn note_file(&self, roll: &RollId, path: &RelativePath) -> Result<()> {
        self.note(roll, &takes_of_file(path), &format!("{FILE}{path}")).await
    }

    /// Takes down an original; it may stand already.
    pub async fn note_clip(&self, roll: &RollId, original: &ClipKey) -> Result<()> {
        self.note(roll, &names_of_take(original), &format!("{CLIP}{}", original.pattern)).await
    }

    /// Patterns of the originals that a file may belong to, each once: it belongs to the first.
    pub async fn clips_of(&self, roll: &RollId, path: &RelativePath) -> Result<Vec<String>> {
        let mut clips = Vec::new();
        for name in takes_of_file(path) {
            for pattern in self.noted(roll, &name, CLIP).await? {
                if !clips.contains(&pattern) {
                    clips.push(pattern);
                }
            }
        }
        Ok(clips)
    }

    /// The verified files that may belong to an original, in path order, each with the patterns of all that it may belong to.
    pub async fn of_clip(&self, roll: &RollId, original: &ClipKey) -> Result<Vec<(FileRow, Vec<String>)>> {
        let mut paths = BTreeSet::new();
        for name in names_of_take(original) {
            let noted = self.noted(roll, &name, FILE).await?;
            paths.extend(noted.into_iter().filter_map(|path| RelativePath::new(path).ok()));
        }
        let mut files = Vec::new();
        for path in paths.into_iter().take(MAX_COMPANIONS) {
            let stored = Rolls(self.0).file(roll, &key_of(&path).pattern, &path).await?;
            if let Some(stored) = stored.filter(|stored| stored.row.state == FileState::Verified) {
                files.push((stored.row, self.clips_of(roll, &path).await?));
            }
        }
        Ok(files)
    }

    async fn note(&self, roll: &RollId, names: &[String], sk: &str) -> Result<()> {
        let row = |name: &String| {
            let key = Key::new(partition(roll, name), sk);
            Item { key, rev: 1, body: Map::new(), index: BTreeMap::new() }
        };
        self.0.write_rows(names.iter().map(row).collect(), Vec::new()).await
    }

    /// What stands under a name of a take, in order.
    async fn noted(&self, roll: &RollId, name: &str, kind: &str) -> Result<Vec<String>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(&partition(roll, name), kind, after.as_deref(), PAGE).await?;
            found.extend(page.items.iter().filter_map(|row| row.key.sk.strip_prefix(kind).map(str::to_owned)));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }
}

fn partition(roll: &RollId, name: &str) -> String {
    format!("TAKE#{}#{}#{name}", roll.production, roll.path)
}
