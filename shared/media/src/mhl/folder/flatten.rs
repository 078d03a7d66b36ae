//! A history, and all below it, as one list outside of them.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    scan::{failed, scan},
    seal::{of_histories, refusal},
};
use crate::{
    error::{Error, Result},
    hash::c4_of,
    mhl::{FOLDER_NAME, FindingKind, Flattened, History, Stamp},
    path::RelativePath,
    source,
};

/// What [`flatten`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlattenReport {
    /// Files in the list.
    pub files: u64,
    /// Bytes that they have together.
    pub bytes: u64,
    /// Histories that it is made of.
    pub histories: u64,
}

/// Writes the packing list of a folder: everything that its history, and every nested one, says of files. Only manifests are
/// read. The list is for others, so it belongs to no history and no chain lists it.
///
/// # Errors
/// [`Error::Invalid`] when a history is damaged or there is none, or when `out` is there already or stands in an `ascmhl`
/// folder; [`Error::Io`] when something cannot be read or written. There is no list then.
pub fn flatten(root: &Path, out: &Path, stamp: &Stamp) -> Result<FlattenReport> {
    refuse_packing_list_at(out)?;
    let disk = scan(root, None)?;
    let is_none = |history: &History| history.findings.iter().any(|finding| finding.kind == FindingKind::NoHistory);
    if disk.histories.get("").is_none_or(is_none) {
        return Err(Error::invalid("there is no ASC MHL history").in_file(root.display().to_string()));
    }
    let findings = of_histories(&disk);
    if !findings.is_empty() {
        return Err(refusal("cannot be flattened", root, findings));
    }
    let mut list = Flattened::default();
    for (key, history) in &disk.histories {
        let place = RelativePath::new(key.as_str()).ok();
        for generation in &history.generations {
            let file = root.join(key).join(FOLDER_NAME).join(&generation.name);
            let manifest = source::File::open(&file)?;
            if c4_of(&manifest)? != generation.c4 {
                return Err(Error::invalid("changed while it was read").in_file(file.display().to_string()));
            }
            list.add(place.as_ref(), &manifest)?;
        }
    }
    let list = list.finish(stamp).map_err(|error| error.in_file(root.display().to_string()))?;
    write(out, &list.to_xml())?;
    Ok(FlattenReport {
        files: list.files.len() as u64,
        bytes: list.files.iter().filter_map(|file| file.size).sum(),
        histories: disk.histories.len() as u64,
    })
}

/// Whether a packing list can stand here: nothing does yet, and it is in no `ascmhl` folder, where it would be a manifest that
/// no chain lists.
///
/// # Errors
/// [`Error::Invalid`] when it cannot, [`Error::Io`] when there is no such folder.
pub fn refuse_packing_list_at(out: &Path) -> Result<()> {
    let refuse = |problem: &str| Err(Error::invalid(problem).in_file(out.display().to_string()));
    if fs::symlink_metadata(out).is_ok() {
        return refuse("is there already; choose another name");
    }
    if out.file_name().is_none() {
        return refuse("is no name of a file");
    }
    let folder = folder_of(out).canonicalize().map_err(failed(folder_of(out)))?;
    if folder.components().any(|part| part.as_os_str() == FOLDER_NAME) {
        return refuse("stands in an `ascmhl` folder; a packing list belongs to no history");
    }
    Ok(())
}

fn folder_of(out: &Path) -> &Path {
    out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whole, or not at all.
fn write(out: &Path, bytes: &[u8]) -> Result<()> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let new = folder_of(out).join(format!(".{name}.platefleet-new"));
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, out)).map_err(|error| {
        // The error is what there is to say, even when this fails too.
        let _ = fs::remove_file(&new);
        failed(out)(error)
    })
}
