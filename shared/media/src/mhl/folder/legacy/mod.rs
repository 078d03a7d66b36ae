//! Verifying a folder against its hash lists of MHL 1.x.
//!
//! Every list below the root counts, at any depth; its paths are relative to its own folder. A file has to match every digest
//! of every list that names it, and is read once for all of them. Lists that contradict each other cannot both be right, so the
//! finding names the list. `null` in a list is a promise of existence and size alone.
//!
//! A file that no list names is extra, wherever it is below the root: nothing vouches for it. Not extra are lists themselves
//! (nobody can list his own digest) and what operating systems drop into any folder they open: `.DS_Store`, `._*`, `Thumbs.db`,
//! `desktop.ini`, and all in `.Spotlight-V100`, `.Trashes`, `.fseventsd`, `.TemporaryItems`, `System Volume Information` and
//! `$RECYCLE.BIN`. A list may still name such a file, and then it has to be there.
//!
//! Where there is an ASC MHL history, it governs, and lists below its root are files like others. So a root that has one never
//! comes here, and a folder with one, further in, is left to it: when no list above covers that folder, it is a finding that
//! says to verify it by itself.

mod lists;
pub(super) use lists::look;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fs, path::Path};

use lists::Lists;

use super::{
    FileCounts, Report, Verdict, VerifyOptions, Watch,
    scan::{Disk, Found, failed, scan},
};
use crate::{
    error::{Error, Result},
    mhl::{DROPPINGS, Finding, FindingKind},
    path::RelativePath,
};

/// A folder without an ASC MHL history, against all lists in it.
pub(super) fn verify(root: &Path, disk: &Disk, options: VerifyOptions, watch: &dyn Watch) -> Result<Report> {
    let histories: BTreeSet<String> = disk.histories.keys().cloned().collect();
    let mut lists = Lists::default();
    for file in disk.files.iter().filter(|file| is_list(file.path.file_name())) {
        if !is_below(&histories, file.path.as_str()) {
            lists.read(root, file)?;
        }
    }
    if lists.count == 0 {
        let detail = match lists.manifests.first() {
            Some(name) => format!("there is no ASC MHL history; `{name}` is a manifest without its chain"),
            None => "there is no ASC MHL history".to_owned(),
        };
        let findings = vec![Finding::new(FindingKind::NoHistory, "", detail)];
        let (files, unreadable) = (FileCounts::default(), Vec::new());
        return Ok(Report { verdict: Verdict::Failed, files, bytes: 0, findings, unreadable });
    }
    refuse_generation(options)?;
    let alone: BTreeSet<String> = histories.into_iter().filter(|history| !is_below(&lists.folders, history)).collect();
    let left = alone.iter().map(|history| {
        let detail = "has an ASC MHL history, and no list above covers it; verify it by itself";
        Finding::new(FindingKind::NoHistory, history.as_str(), detail)
    });
    let found = disk.findings.iter().filter(|finding| !is_dropping(&finding.path)).cloned();
    let mut findings: Vec<_> = found.chain(left).collect();
    let mut extra = 0;
    for path in disk.files.iter().map(|file| &file.path) {
        let is_vouched = lists.name(path) || is_list(path.file_name()) || is_dropping(path.as_str());
        if !is_vouched && !is_below(&alone, path.as_str()) {
            extra += 1;
            let covered = is_below(&lists.folders, path.as_str());
            let detail = if covered { "no list names it" } else { "there is no list in its folder or above" };
            findings.push(Finding::new(FindingKind::Extra, path.as_str(), detail));
        }
    }
    let mut report = lists.check(root, disk, watch)?;
    report.files.extra = extra;
    report.findings.append(&mut findings);
    Ok(finished(report))
}

/// The files that this one list names. What else is in its folder is not looked at: another list may name it.
pub(super) fn verify_list(list: &Path, options: VerifyOptions, watch: &dyn Watch) -> Result<Report> {
    let name = list.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = list.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let size = fs::metadata(list).map_err(failed(list))?.len();
    let mut lists = Lists::default();
    lists.read(folder, &Found::new(RelativePath::new(name)?, size))?;
    if lists.count == 0 {
        let problem = "is a manifest of ASC MHL; give the folder that its history is in";
        return Err(Error::invalid(problem).in_file(list.display().to_string()));
    }
    refuse_generation(options)?;
    lists.check(folder, &scan(folder, None)?, watch).map(finished)
}

fn refuse_generation(options: VerifyOptions) -> Result<()> {
    match options.generation {
        None => Ok(()),
        Some(_) => Err(Error::invalid("lists of MHL 1.x have no generations; leave the generation out")),
    }
}

fn finished(mut report: Report) -> Report {
    report.findings.sort_by(|a, b| (&a.path, a.kind, &a.detail).cmp(&(&b.path, b.kind, &b.detail)));
    report.verdict =
        if report.findings.is_empty() && report.unreadable.is_empty() { Verdict::Verified } else { Verdict::Failed };
    report
}

/// Whether a file of this name is a hash list: it ends in `.mhl` and is not the shadow that macOS makes of one.
pub(super) fn is_list(name: &str) -> bool {
    let ending = name.len().checked_sub(4).filter(|&at| at > 0).and_then(|at| name.get(at..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(".mhl")) && !name.starts_with("._")
}

fn is_dropping(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with("._") || DROPPINGS.iter().any(|name| part.eq_ignore_ascii_case(name)))
}

/// Whether one of these folders, the root being empty, is above this path.
fn is_below(folders: &BTreeSet<String>, path: &str) -> bool {
    folders.contains("") || path.match_indices('/').any(|(at, _)| folders.contains(&path[..at]))
}
