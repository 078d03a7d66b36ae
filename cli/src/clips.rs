//! Clips on a disk: what a path on the command line means.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use platefleet_media::{
    Error, Result,
    camera::{self, ClipReport},
    clip::{self, Clip, Related, Role},
    path::RelativePath,
    source::{File, Source},
};
use serde_json::Value;

use crate::failure::Failure;

/// Folders deeper than this are not looked into; no camera nests like that, and links could make circles.
const MAX_DEPTH: usize = 32;

/// Extensions of documents that speak of one clip.
const SIDECARS: [&str; 2] = ["rmd", "xml"];

/// A clip below a folder.
#[derive(Debug, Clone)]
pub(crate) struct DiskClip {
    /// The folder, as the user named it.
    pub(crate) root: PathBuf,
    /// Its files are relative to the folder.
    pub(crate) clip: Clip,
    /// What belongs to it without being of it, relative to the folder.
    pub(crate) related: Vec<Related>,
}

/// What was found at a path.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In order of their patterns.
    pub(crate) clips: Vec<DiskClip>,
    /// What could not be looked at.
    pub(crate) failures: Vec<Failure>,
}

impl DiskClip {
    /// The file, or the sequence with its first and last number, as the user would type it.
    pub(crate) fn path(&self) -> String {
        self.root.join(self.clip.path()).display().to_string()
    }

    /// Bytes of all its files.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.clip.files.iter().filter_map(|f| fs::metadata(self.root.join(f.path.as_str())).ok()).map(|m| m.len()).sum()
    }

    /// Opens a file of it, named as the user would name it.
    pub(crate) fn open(&self, path: &RelativePath) -> Result<File> {
        File::open(&self.root.join(path.as_str()))
    }

    /// What it says about itself.
    pub(crate) fn inspect(&self) -> Result<ClipReport, Failure> {
        let files: Vec<RelativePath> = self.clip.files.iter().map(|f| f.path.clone()).collect();
        let open = |path: &RelativePath| -> Result<Box<dyn Source>> { Ok(Box::new(self.open(path)?)) };
        let mut report = camera::inspect_clip(&files, &open).map_err(|e| self.failure(e))?;
        for finding in &self.clip.findings {
            if !report.metadata.findings.contains(finding) {
                report.metadata.findings.push(finding.clone());
            }
        }
        let mut related = self.related.clone();
        for sidecar in self.related.iter().filter(|r| r.role == Role::Sidecar) {
            let document = File::open(&self.root.join(&sidecar.path)).map_err(|e| self.failure(e))?;
            let speaks = camera::enrich(&mut report, &document).map_err(|e| self.failure(e))?;
            if !speaks && camera::is_log(&sidecar.path) {
                related.retain(|file| file != sidecar);
            }
        }
        report.metadata.path = Some(self.path());
        report.metadata.size_bytes = Some(self.size_bytes());
        let absolute = |r: &Related| Related { path: self.root.join(&r.path).display().to_string(), ..r.clone() };
        report.metadata.related = related.iter().map(absolute).collect();
        Ok(report)
    }

    /// What every frame of it says, given with its number; what is wrong with any is added to the report's findings.
    pub(crate) fn each_frame(
        &self,
        report: &mut ClipReport,
        told: &mut dyn FnMut(u64, BTreeMap<String, Value>) -> Result<()>,
    ) -> Result<(), Failure> {
        let files: Vec<RelativePath> = self.clip.files.iter().map(|f| f.path.clone()).collect();
        let open = |path: &RelativePath| -> Result<Box<dyn Source>> { Ok(Box::new(self.open(path)?)) };
        camera::each_frame(report, &files, &open, told).map_err(|e| self.failure(e))
    }

    /// A failure of one of its files, whose path is made the one that the user would type.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        let mut failure = Failure::from(error);
        let relative = |path: &String| self.clip.files.iter().any(|f| f.path.as_str() == path);
        if failure.path.as_ref().is_some_and(relative) {
            failure.path = failure.path.map(|p| self.root.join(p).display().to_string());
        }
        failure.path = failure.path.or_else(|| Some(self.path()));
        failure
    }
}

/// The clips that a path means: those in a folder (documents about clips left out), a file alone, or a numbered
/// sequence (`A001_%06d.dng`, `A001_####.dng`, `A001_[0000-0023].dng`).
///
/// # Errors
/// When the path is not there, or holds no clip.
pub(crate) fn find(path: &Path) -> Result<Found, Failure> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => in_folder(path),
        Ok(_) => one_file(path),
        Err(error) => match Numbered::parse(path) {
            Some(numbered) => numbered.find(path),
            None => Err(Failure::io(path, &error)),
        },
    }
}

fn in_folder(root: &Path) -> Result<Found, Failure> {
    let (mut paths, mut found) = (Vec::new(), Found::default());
    walk(root, root, 0, &mut paths, &mut found.failures);
    let clips = clip::group(&paths);
    let related = related(&clips, &paths);
    let footage = clips.into_iter().zip(related).filter(|(clip, _)| clip.role != Role::Sidecar);
    found.clips = footage.map(|(clip, related)| DiskClip { root: root.to_owned(), clip, related }).collect();
    if found.clips.is_empty() {
        // Only documents: those of a kind that is known say what they can.
        let documents = clip::group(paths.iter().filter(|p| SIDECARS.contains(&p.extension().as_str())));
        let alone = |clip| DiskClip { root: root.to_owned(), clip, related: Vec::new() };
        found.clips = documents.into_iter().map(alone).collect();
    }
    if found.clips.is_empty() && found.failures.is_empty() {
        return Err(Failure::invalid("holds no camera original, proxy or sound").about(root.display().to_string()));
    }
    Ok(found)
}

/// What belongs to each clip by name, and the log exchanges (ALE), which speak of clips by name inside.
fn related(clips: &[Clip], paths: &[RelativePath]) -> Vec<Vec<Related>> {
    let logs = paths.iter().filter(|p| p.extension() == "ale");
    let logs: Vec<Related> = logs.map(|p| Related { role: Role::Sidecar, path: p.to_string() }).collect();
    let mut related = clip::relate(clips);
    for (files, _) in related.iter_mut().zip(clips).filter(|(_, clip)| clip.role == Role::Original) {
        files.extend(logs.iter().filter(|log| !files.contains(log)).cloned().collect::<Vec<_>>());
    }
    related
}

/// The clips, with what belongs to them in their folder.
fn with_neighbours(root: &Path, clips: Vec<Clip>) -> Vec<DiskClip> {
    let folder = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let names = fs::read_dir(folder).into_iter().flatten().filter_map(|e| e.ok()?.file_name().into_string().ok());
    let visible = names.filter(|name| !name.starts_with('.') && folder.join(name).is_file());
    let paths: Vec<RelativePath> = visible.filter_map(|name| RelativePath::new(name).ok()).collect();
    let neighbours = clip::group(&paths).into_iter().filter(|c| c.role != Role::Original);
    let all: Vec<Clip> = clips.iter().cloned().chain(neighbours).collect();
    let related = related(&all, &paths);
    clips.into_iter().zip(related).map(|(clip, related)| DiskClip { root: root.to_owned(), clip, related }).collect()
}

/// Collects the files of a folder; hidden ones and histories are none of a clip's.
fn walk(root: &Path, folder: &Path, depth: usize, paths: &mut Vec<RelativePath>, failures: &mut Vec<Failure>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return failures.push(Failure::io(folder, &error)),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return failures.push(Failure::io(folder, &error)),
        };
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") || entry.file_name() == "ascmhl" {
            continue;
        }
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() && depth < MAX_DEPTH => walk(root, &path, depth + 1, paths, failures),
            Ok(meta) if meta.is_dir() => {
                failures.push(Failure::unsupported("a folder nested this deep").about(path.display().to_string()));
            }
            Ok(_) => match relative(root, &path) {
                Ok(relative) => paths.push(relative),
                Err(failure) => failures.push(failure),
            },
            Err(error) => failures.push(Failure::io(&path, &error)),
        }
    }
}

/// A path below a root, when it can be written in a manifest.
pub(crate) fn relative(root: &Path, path: &Path) -> Result<RelativePath, Failure> {
    let bad = |why: String| {
        let hint = "rename it: manifests and keys cannot hold this name";
        Failure { kind: "bad-name".into(), ..Failure::invalid(why) }.about(path.display().to_string()).hint(hint)
    };
    let below = path.strip_prefix(root).unwrap_or(path).to_str().ok_or_else(|| bad("its name is not UTF-8".into()))?;
    RelativePath::new(below).map_err(|e| bad(e.to_string()))
}

fn one_file(path: &Path) -> Result<Found, Failure> {
    let root = path.parent().unwrap_or(Path::new(""));
    let file = relative(root, path)?;
    Ok(Found { clips: with_neighbours(root, clip::group([&file])), failures: Vec::new() })
}

/// A file name with a place for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// Before the number.
    pub(crate) head: String,
    /// Digits at least.
    pub(crate) width: usize,
    /// After the number.
    pub(crate) tail: String,
    /// First and last number, when they are named.
    span: Option<(u64, u64)>,
}

impl Numbered {
    /// Reads a path: its last part has one of `%06d`, `%d`, `######`, `[######]` and `[000000-000023]`.
    pub(crate) fn parse(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let numbered = |head: &str, width: usize, tail: &str, span| {
            Some(Self { head: head.to_owned(), width, tail: tail.to_owned(), span })
        };
        if let Some((head, rest)) = name.rsplit_once('[')
            && let Some((inside, tail)) = rest.split_once(']')
        {
            if !inside.is_empty() && inside.bytes().all(|b| b == b'#') {
                return numbered(head, inside.len(), tail, None);
            }
            let (first, last) = inside.split_once('-')?;
            let span = (first.parse().ok()?, last.parse().ok()?);
            return numbered(head, first.len(), tail, Some(span));
        }
        if let Some((head, rest)) = name.rsplit_once('%')
            && let Some((width, tail)) = rest.split_once('d')
            && width.bytes().all(|b| b.is_ascii_digit())
        {
            let width = if width.is_empty() { 1 } else { width.parse().ok().filter(|w| *w <= 18)? };
            return numbered(head, width, tail, None);
        }
        let end = name.rfind('#')? + 1;
        let start = name[..end].trim_end_matches('#').len();
        numbered(&name[..start], end - start, &name[end..], None)
    }

    /// The name with this number in it.
    pub(crate) fn name(&self, number: u64) -> String {
        format!("{}{number:0width$}{}", self.head, self.tail, width = self.width)
    }

    fn find(&self, path: &Path) -> Result<Found, Failure> {
        let root = path.parent().unwrap_or(Path::new(""));
        let folder = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(|e| Failure::io(folder, &e))? {
            let name = entry.map_err(|e| Failure::io(folder, &e))?.file_name();
            let Some(name) = name.to_str() else { continue };
            let digits = name.strip_prefix(&self.head).and_then(|rest| rest.strip_suffix(&self.tail));
            let Some(digits) = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit())) else {
                continue;
            };
            let fits = digits.parse().is_ok_and(|n| self.span.is_none_or(|(first, last)| (first..=last).contains(&n)));
            if fits && (digits.len() == self.width || digits.len() > self.width && !digits.starts_with('0')) {
                paths.push(RelativePath::new(name)?);
            }
        }
        let clips = with_neighbours(root, clip::group(&paths));
        if clips.is_empty() {
            return Err(Failure::io(path, &std::io::ErrorKind::NotFound.into()));
        }
        Ok(Found { clips, failures: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_name_is_understood_in_every_way_that_people_write_it() {
        for (text, width) in [
            ("out/A_%04d.exr", 4),
            ("out/A_####.exr", 4),
            ("out/A_[####].exr", 4),
            ("out/A_[0007-0012].exr", 4),
            ("out/A_%d.exr", 1),
        ] {
            let numbered = Numbered::parse(Path::new(text)).unwrap();
            assert_eq!(
                (numbered.head.as_str(), numbered.width, numbered.tail.as_str()),
                ("A_", width, ".exr"),
                "{text}"
            );
        }
        assert_eq!(Numbered::parse(Path::new("plate.#.exr")).unwrap().name(1001), "plate.1001.exr");
        for none in ["out/A_0001.exr", "out", "100%.exr", "a[b].exr", "%99d"] {
            assert_eq!(Numbered::parse(Path::new(none)), None, "{none}");
        }
    }
}
