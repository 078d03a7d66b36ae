//! `platefleet upload`: a roll, or several, to the ingest bucket.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use futures::{StreamExt as _, stream};
use platefleet_fleet::{
    aws::{Checksum, Fleet},
    documents,
    id::{Production, RollId},
    key::HISTORY,
    ports::{Bucket, Error},
};
use platefleet_media::{
    mhl::{Expectation, History, LegacyList},
    path::RelativePath,
};
use serde_json::json;

use crate::{
    clips::relative,
    console::{Console, Unit, bytes, count},
    failure::{Exit, Failure},
    fleet::FleetArg,
};

/// Files on their way at once.
const IN_FLIGHT: usize = 8;
/// Folders deeper than this are not looked into.
const MAX_DEPTH: usize = 32;

/// Upload a roll, its media first and its manifests last
#[derive(Debug, clap::Args)]
pub(crate) struct Upload {
    /// Folder of a roll (it holds `ascmhl`), or one of rolls
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Whose it is
    #[arg(long, value_name = "P")]
    production: String,
    /// Where it goes below the production [default: the folder's name]
    #[arg(long, value_name = "PATH")]
    roll: Option<String>,
    /// Only this file of the folder; again for more than one
    #[arg(long, value_name = "FILE")]
    only: Vec<String>,
    #[command(flatten)]
    fleet: FleetArg,
}

/// What became of an upload.
#[derive(Debug, Default)]
pub(crate) struct Uploaded {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Files that the store did not take, and why.
    pub(crate) failures: Vec<Failure>,
}

impl Upload {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let production = Production::new(self.production.as_str())?;
        let path = match &self.roll {
            Some(path) => path.clone(),
            None => name_of(&self.dir)?,
        };
        let path = RelativePath::new(path).map_err(|e| Failure::from(e).typed())?;
        let roll = RollId { production, path };
        let fleet = self.fleet.connect().await?;
        let only: Vec<&str> = self.only.iter().map(String::as_str).collect();
        let uploaded = send(&fleet, &self.dir, &roll, &only, true, console).await?;
        for failure in &uploaded.failures {
            console.note(format!("error: {}", failure.text()));
        }
        let findings: Vec<_> = uploaded.failures.iter().map(Failure::finding).collect();
        console.document(&json!({"roll": roll.to_string(), "files": uploaded.files, "bytes": uploaded.bytes,
            "findings": findings}))?;
        console.say(format!("{roll}: {}, {}", count(uploaded.files, "file"), bytes(uploaded.bytes)))?;
        Ok(uploaded.failures.iter().map(|f| f.exit).fold(Exit::Done, Exit::and))
    }
}

fn name_of(dir: &Path) -> Result<String, Failure> {
    let whole = fs::canonicalize(dir).map_err(|e| Failure::io(dir, &e))?;
    let name = whole.file_name().and_then(|n| n.to_str()).map(str::to_owned);
    name.ok_or_else(|| Failure::usage("the folder has no name: say --roll").about(dir.display().to_string()))
}

/// Uploads the files of a folder: media side by side, then the manifests, the chain last of all. With `checked`, each
/// file that a manifest lists goes with its digest, and the store refuses what differs from it.
pub(crate) async fn send(
    fleet: &Fleet,
    dir: &Path,
    roll: &RollId,
    only: &[&str],
    checked: bool,
    console: &Console,
) -> Result<Uploaded, Failure> {
    let mut files = Vec::new();
    let mut uploaded = Uploaded::default();
    walk(dir, dir, 0, &mut files, &mut uploaded.failures)?;
    // Before files are left out: the histories among them know the digests of those that stay.
    let digests = if checked { known(dir, &files) } else { BTreeMap::new() };
    files.retain(|(path, _)| only.is_empty() || only.contains(&path.as_str()));
    if let Some(missing) = only.iter().find(|o| !files.iter().any(|(path, _)| path.as_str() == **o)) {
        return Err(Failure::io(&dir.join(missing), &std::io::ErrorKind::NotFound.into()));
    }
    if files.is_empty() {
        return Err(Failure::invalid("holds no file").about(dir.display().to_string()));
    }
    let bar = console.bar("uploading", Unit::Bytes, files.iter().map(|(_, size)| size).sum());
    let (mut manifests, media): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| is_history(path));
    manifests.sort_by_key(|(path, _)| (path.file_name() == "ascmhl_chain.xml", path.clone()));
    for (group, at_once) in [(media, IN_FLIGHT), (manifests, 1)] {
        let mut sending = stream::iter(group)
            .map(|(path, size)| {
                let checksum = digests.get(&path);
                async move {
                    let key = roll.object_key(&path);
                    let sent = fleet.upload_file(Bucket::Ingest, &key, &dir.join(path.as_str()), checksum).await;
                    (path, size, sent)
                }
            })
            .buffer_unordered(at_once);
        loop {
            let next = tokio::select! {
                next = sending.next() => next,
                () = console.until_stopped() => return Err(Failure::interrupted()),
            };
            let Some((path, size, sent)) = next else { break };
            bar.inc(size);
            match sent {
                Ok(_) => {
                    uploaded.files += 1;
                    uploaded.bytes += size;
                }
                Err(error) => uploaded.failures.push(not_taken(&dir.join(path.as_str()), error, digests.get(&path))),
            }
        }
    }
    bar.finish_and_clear();
    uploaded.failures.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(uploaded)
}

fn not_taken(path: &Path, error: Error, checksum: Option<&Checksum>) -> Failure {
    let shown = path.display().to_string();
    match error {
        // The store's words for it; a missing permission, say, is refused too.
        Error::Refused(why)
            if checksum.is_some() && (why.contains("BadDigest") || why.contains("ChecksumMismatch")) =>
        {
            let problem = "its bytes are not those that the manifest lists, so the store refused it";
            let hint = "copy it again from the card, and upload it with --only";
            Failure { kind: "mismatch".into(), ..Failure::invalid(problem) }.about(shown).hint(hint)
        }
        other => Failure::from(other).about(shown),
    }
}

fn is_history(path: &RelativePath) -> bool {
    path.as_str().split('/').rev().nth(1) == Some(HISTORY) || documents::is_list(path.file_name())
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<(RelativePath, u64)>,
    failures: &mut Vec<Failure>,
) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(|e| Failure::io(folder, &e))? {
        let path = entry.map_err(|e| Failure::io(folder, &e))?.path();
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(error) => {
                failures.push(Failure::io(&path, &error));
                continue;
            }
        };
        if meta.is_dir() {
            // A link to a folder may lead back to where we are.
            if path.is_symlink() {
                continue;
            }
            if depth >= MAX_DEPTH {
                failures.push(Failure::unsupported("a folder nested this deep").about(path.display().to_string()));
                continue;
            }
            walk(root, &path, depth + 1, files, failures)?;
        } else if path.file_name().is_some_and(|name| name != ".DS_Store") {
            match relative(root, &path) {
                Ok(relative) => files.push((relative, meta.len())),
                Err(failure) => failures.push(failure),
            }
        }
    }
    Ok(())
}

/// What the histories and lists below a folder say of its files, in a digest that the store compares.
fn known(dir: &Path, files: &[(RelativePath, u64)]) -> BTreeMap<RelativePath, Checksum> {
    let mut histories: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for (path, _) in files.iter().filter(|(path, _)| is_history(path)) {
        let folder = path.parent().map(|p| p.as_str().to_owned()).unwrap_or_default();
        if let Ok(bytes) = fs::read(dir.join(path.as_str())) {
            histories.entry(folder).or_default().insert(path.file_name().to_owned(), bytes);
        }
    }
    let mut all = BTreeMap::new();
    for (folder, documents) in histories {
        let root = folder.strip_suffix(HISTORY).unwrap_or(&folder);
        let expected: Vec<_> = if folder.split('/').next_back() == Some(HISTORY) {
            History::read(&documents).into_expectations().into_iter().collect()
        } else {
            let lists = documents.iter().filter_map(|(name, bytes)| LegacyList::parse(name, bytes).ok());
            lists.flat_map(|list| list.expectations()).collect()
        };
        let root = if root.is_empty() || root.ends_with('/') { root.to_owned() } else { format!("{root}/") };
        for (path, expected) in expected {
            if let (Ok(path), Some(checksum)) = (RelativePath::new(format!("{root}{path}")), checksum_of(&expected)) {
                all.entry(path).or_insert(checksum);
            }
        }
    }
    all
}

/// A digest that the store compares, the fastest one first.
fn checksum_of(expected: &Expectation) -> Option<Checksum> {
    ["xxh128", "xxh3", "xxh64", "md5", "sha1", "c4"].into_iter().find_map(|name| {
        let (_, text) = expected.hashes.iter().find(|(algorithm, _)| algorithm.name() == name)?;
        Checksum::from_mhl(name, text)
    })
}
