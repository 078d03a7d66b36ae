//! Which files of a roll stand beside which clip: the sidecars, proxies and sound of a take, in either order of arrival.
//!
//! A file leaves a row under every name of a take that it may belong to, and an original one under every name that its take goes
//! by. Whoever comes leaves its rows first and then looks for those of the other side, so one of the two always sees the
//! other. The rows are hints and stay; what counts is the row of the file.
//!
//! A log (ALE) belongs to the clips that it names inside: it leaves a row under each of their names, and the names under its own.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_media::{
    camera::{is_document, is_log},
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
/// Beginning of the sort key of a clip's name in a log.
const NAME: &str = "N#";
/// Queries at once.
const IN_FLIGHT: usize = 16;

/// A file that stands beside a clip, or another sequence of its take that has some of the same numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Companion {
    /// Proxy, sidecar or audio; original for another sequence.
    pub role: Role,
    /// Its path in the roll, or its pattern.
    pub path: RelativePath,
    /// Entity tag of what was read of it, none of a file that is only listed; of another sequence what is said of it.
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
    /// Takes down a file that is verified, and is no log; it may stand already.
    pub async fn note_file(&self, roll: &RollId, path: &RelativePath) -> Result<()> {
        self.note(roll, takes_of_file(path), &format!("{FILE}{path}")).await
    }

    /// Takes down a log that is verified, and the clips that it names (lower case). Those that it named before stay.
    pub async fn note_log(&self, roll: &RollId, path: &RelativePath, clips: &BTreeSet<String>) -> Result<()> {
        let names = clips.iter().map(|clip| row(&log_partition(roll, path), &format!("{NAME}{clip}"))).collect();
        self.0.write_rows(names, Vec::new()).await?;
        self.note(roll, clips.iter().map(|clip| name_in_logs(clip)), &format!("{FILE}{path}")).await
    }

    /// Takes down an original; it may stand already.
    pub async fn note_clip(&self, roll: &RollId, original: &ClipKey) -> Result<()> {
        self.note(roll, names_of_take(original), &format!("{CLIP}{}", original.pattern)).await
    }

    /// Takes down a name (lower case) that logs may have for an original; it may stand already.
    pub async fn note_clip_in_logs(&self, roll: &RollId, name: &str, pattern: &str) -> Result<()> {
        self.note(roll, [name_in_logs(name)], &format!("{CLIP}{pattern}")).await
    }

    /// Patterns of the originals that a file may belong to, each once: a log to all of them, another file to the first.
    pub async fn clips_of(&self, roll: &RollId, path: &RelativePath) -> Result<Vec<String>> {
        let names = if is_log(path.as_str()) {
            let clips = self.noted(&log_partition(roll, path), NAME).await?;
            clips.iter().map(|clip| name_in_logs(clip)).collect()
        } else {
            takes_of_file(path)
        };
        let partitions: Vec<String> = names.iter().map(|name| partition(roll, name)).collect();
        let found = partitions.iter().map(|partition| self.noted(partition, CLIP));
        let found: Vec<Vec<String>> = stream::iter(found).buffered(IN_FLIGHT).try_collect().await?;
        let mut clips = Vec::new();
        for pattern in found.into_iter().flatten() {
            if !clips.contains(&pattern) {
                clips.push(pattern);
            }
        }
        Ok(clips)
    }

    /// Patterns of other sequences of the take, which differ from this one only in how they write their numbers.
    pub async fn twins_of(&self, roll: &RollId, original: &ClipKey) -> Result<BTreeSet<String>> {
        let alike = |pattern: &str| pattern.replace('#', "").to_lowercase();
        let mut twins = BTreeSet::new();
        for name in names_of_take(original).iter().filter(|_| original.frame.is_some()) {
            let noted = self.noted(&partition(roll, name), CLIP).await?;
            twins.extend(noted.into_iter().filter(|twin| alike(twin) == alike(&original.pattern)));
        }
        twins.remove(&original.pattern);
        Ok(twins)
    }

    /// The verified files, but for logs, that may belong to an original, in path order.
    pub async fn of_clip(&self, roll: &RollId, original: &ClipKey) -> Result<Vec<FileRow>> {
        self.files_under(roll, &names_of_take(original)).await
    }

    /// The verified logs that name a clip so (lower case), in path order.
    pub async fn logs_of(&self, roll: &RollId, name: &str) -> Result<Vec<FileRow>> {
        self.files_under(roll, &[name_in_logs(name)]).await
    }

    async fn files_under(&self, roll: &RollId, names: &[String]) -> Result<Vec<FileRow>> {
        let mut paths = BTreeSet::new();
        for name in names {
            let noted = self.noted(&partition(roll, name), FILE).await?;
            paths.extend(noted.into_iter().filter_map(|path| RelativePath::new(path).ok()));
        }
        let mut files = Vec::new();
        for path in paths.into_iter().take(MAX_COMPANIONS) {
            let stored = Rolls(self.0).file(roll, &key_of(&path).pattern, &path).await?;
            files.extend(stored.map(|stored| stored.row).filter(|row| row.state == FileState::Verified));
        }
        Ok(files)
    }

    async fn note(&self, roll: &RollId, names: impl IntoIterator<Item = String> + Send, sk: &str) -> Result<()> {
        let rows = names.into_iter().map(|name| row(&partition(roll, &name), sk)).collect();
        self.0.write_rows(rows, Vec::new()).await
    }

    /// What stands in a partition, in order.
    async fn noted(&self, partition: &str, kind: &str) -> Result<Vec<String>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(partition, kind, after.as_deref(), PAGE).await?;
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

fn log_partition(roll: &RollId, path: &RelativePath) -> String {
    format!("LOG#{}#{}#{path}", roll.production, roll.path)
}

/// A clip as logs name it, in whatever folder it is: no name of a take begins so.
fn name_in_logs(clip: &str) -> String {
    format!("/{clip}")
}

fn row(partition: &str, sk: &str) -> Item {
    Item { key: Key::new(partition, sk), rev: 1, body: Map::new(), index: BTreeMap::new() }
}
