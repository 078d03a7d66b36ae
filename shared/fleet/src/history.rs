//! The files of an ASC MHL history, out of a bucket.

use std::collections::BTreeMap;

use crate::{
    key::HISTORY,
    ports::{Bucket, Error, ObjectInfo, Objects, Result},
};

/// Most files in one `ascmhl` folder.
const MAX_FILES: usize = 10_000;
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
