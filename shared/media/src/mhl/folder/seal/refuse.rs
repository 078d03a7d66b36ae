//! What cannot be sealed: better said before hours of hashing, and all at once.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use super::super::{
    nested::references,
    scan::{Disk, failed},
    within,
};
use crate::{
    error::{Error, Result},
    mhl::{FOLDER_NAME, Finding, FindingKind, write::can_carry},
};

/// Refuses names that XML cannot carry, links to nothing, and histories that are not what they should be. What it answers
/// can be sealed over, and somebody must know: nested histories that are no longer there.
pub(super) fn unsealable(root: &Path, disk: &Disk) -> Result<Vec<Finding>> {
    let mut findings = disk.findings.clone();
    let paths = disk.files.iter().map(|file| &file.path).chain(&disk.empty_folders);
    findings.extend(paths.filter(|path| !path.as_str().chars().all(can_carry)).map(|path| {
        Finding::new(FindingKind::BadName, path.as_str(), "the name has a character that XML cannot carry")
    }));
    let (gone, wrong): (Vec<_>, Vec<_>) = of_histories(disk).into_iter().partition(|finding| {
        let nested = finding.path.rsplitn(3, '/').nth(2).unwrap_or_default();
        finding.kind == FindingKind::ManifestMissing && !disk.histories.contains_key(nested)
    });
    findings.extend(wrong);
    if findings.is_empty() { Ok(gone) } else { Err(refusal("cannot be sealed", root, findings)) }
}

/// What is wrong with the histories, and with what they say of each other.
pub(in crate::mhl::folder) fn of_histories(disk: &Disk) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, history) in &disk.histories {
        let folder = if key.is_empty() { FOLDER_NAME.to_owned() } else { format!("{key}/{FOLDER_NAME}") };
        let wrong = history.findings.iter().filter(|finding| finding.kind != FindingKind::NoHistory);
        findings.extend(wrong.map(|finding| within(&folder, finding)));
        findings.extend(references(disk, key, history));
    }
    findings
}

/// All of it, and what to do about it.
pub(in crate::mhl::folder) fn refusal(what: &str, root: &Path, mut findings: Vec<Finding>) -> Error {
    findings.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    let mut problem = format!("{what}:");
    for Finding { kind, path, detail } in &findings {
        let _ = write!(problem, "\n  {kind}: {}: {detail}", path.escape_debug());
    }
    let advice: BTreeSet<_> = findings.iter().filter_map(|finding| Some((finding.kind, finding.advice()?))).collect();
    for (kind, advice) in advice {
        let _ = write!(problem, "\n{kind}: {advice}");
    }
    Error::invalid(problem).in_file(root.display().to_string())
}

/// The name of the folder at the root, which becomes a part of the names of its manifests.
pub(super) fn root_name(root: &Path) -> Result<String> {
    let whole = root.canonicalize().map_err(failed(root))?;
    let Some(name) = whole.file_name() else { return Ok("root".to_owned()) };
    let name = name.to_str().ok_or_else(|| {
        let problem = "the name of the folder is not UTF-8, so it cannot stand in the name of a manifest";
        Error::invalid(problem).in_file(root.display().to_string())
    })?;
    Ok(name.to_owned())
}
