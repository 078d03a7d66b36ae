//! The files of an ASC MHL history, out of a bucket.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    id::hex,
    key::HISTORY,
    ports::{Bucket, Error, ObjectInfo, Objects, Result},
};

/// Most files in one `ascmhl` folder.
const MAX_FILES: usize = 10_000;
/// Most bytes of all of them together: a function holds them in memory.
const MAX_BYTES: u64 = 128 << 20;

/// What one `ascmhl` folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFiles {
    /// Bytes by file name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Entity tags by file name.
    pub etags: BTreeMap<String, String>,
}

impl HistoryFiles {
    /// Which files these are: SHA-256 over their names and entity tags. Any change of the history makes another.
    pub fn revision(&self) -> String {
        let mut digest = Sha256::new();
        for (name, etag) in &self.etags {
            digest.update(format!("{name}\n{etag}\n").as_bytes());
        }
        hex(&digest.finalize())
    }
}

/// The files of the history below `<root>/ascmhl/`, by name. Subfolders and macOS companions (`._*`) are none of them.
///
/// # Errors
/// Those of the port; [`Error::Refused`] over the limits.
pub async fn list(objects: &impl Objects, bucket: Bucket, root: &str) -> Result<BTreeMap<String, ObjectInfo>> {
    let folder = format!("{root}/{HISTORY}/");
    let listed = list_all(objects, bucket, &folder, MAX_FILES).await?;
    let files: BTreeMap<String, ObjectInfo> = listed
        .into_iter()
        .filter_map(|object| Some((object.key.strip_prefix(&folder)?.to_owned(), object)))
        .filter(|(name, _)| !name.is_empty() && !name.contains('/') && !name.starts_with("._"))
        .collect();
    Ok(files)
}

/// Reads the history below `<root>/ascmhl/`.
///
/// # Errors
/// Those of [`list`]; [`Error::Conflict`] when a file changes while it is read.
pub async fn read(objects: &impl Objects, bucket: Bucket, root: &str) -> Result<HistoryFiles> {
    let mut history = HistoryFiles::default();
    let files = list(objects, bucket, root).await?;
    if files.values().map(|object| object.size).sum::<u64>() > MAX_BYTES {
        return Err(Error::Refused(format!("{root}: a history of more than {MAX_BYTES} bytes")));
    }
    for (name, object) in files {
        let content = objects.get(bucket, &object.key, None, Some(&object.etag)).await?;
        history.etags.insert(name.clone(), object.etag);
        history.files.insert(name, content);
    }
    Ok(history)
}

/// Everything below a prefix, page by page.
///
/// # Errors
/// Those of the port; [`Error::Refused`] for more than `most` objects.
pub async fn list_all(objects: &impl Objects, bucket: Bucket, prefix: &str, most: usize) -> Result<Vec<ObjectInfo>> {
    let (mut all, mut after): (Vec<ObjectInfo>, Option<String>) = (Vec::new(), None);
    loop {
        let page = objects.list(bucket, prefix, after.as_deref()).await?;
        all.extend(page.items);
        if all.len() > most {
            return Err(Error::Refused(format!("{prefix} holds more than {most} objects")));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}
