//! What stands beside a clip: the documents that add to its record, its proxies and its sound.
//!
//! A file that came, changed or went has the clips read again that it may belong to. A clip takes those that are verified,
//! and belong to no other clip of a likelier name. What is wrong with a document is a finding of the clip, and fails nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use platefleet_fleet::{
    id::RollId,
    message::{Message, Queue},
    ports::{self, Bucket, Objects, Queues, Table},
    state::{FileRow, FileState},
    store::{Companion, Companions, Rolls},
};
use platefleet_media::{
    Error,
    camera::{self, ClipReport},
    clip::{self, ClipKey, Related, Role, key_of},
    path::RelativePath,
    source::Known,
};

use crate::read::Tally;

/// Most documents of a clip that are read.
const MAX_DOCUMENTS: usize = 8;
/// Most names of clips that are taken out of a log: two or three for each of its rows.
const MAX_NAMES: usize = 10_000;

/// The files beside one clip.
#[derive(Default)]
pub(crate) struct Beside {
    /// None of a clip that has no companions.
    clip: Option<ClipKey>,
    /// By path.
    files: Vec<FileRow>,
    /// The names, lower case, that it was looked for in logs by.
    names: BTreeSet<String>,
    /// Other sequences of the take with some of the same numbers, each with the finding that says so.
    twins: BTreeMap<RelativePath, String>,
    /// Other clips that these files belonged to before this one was there.
    others: BTreeSet<String>,
}

/// Has the clips read again that a file may belong to.
pub(crate) async fn tell(
    env: &(impl Objects + Queues + Table),
    roll: &RollId,
    path: &RelativePath,
) -> Result<(), ports::Error> {
    let companions = Companions(env);
    let stored = Rolls(env).file(roll, &key_of(path).pattern, path).await?;
    if let Some(file) = stored.map(|stored| stored.row).filter(|row| row.state == FileState::Verified) {
        if camera::is_log(path.as_str()) {
            companions.note_log(roll, path, &clips_of_log(env, &file).await?).await?;
        } else {
            companions.note_file(roll, path).await?;
        }
    }
    ask(env, roll, companions.clips_of(roll, path).await?).await
}

/// The clips that a log names. One that cannot be read names none, and one that changed meanwhile is checked again.
async fn clips_of_log(env: &impl Objects, file: &FileRow) -> Result<BTreeSet<String>, ports::Error> {
    let mut tally = Tally::default();
    let named = read_whole(env, file, &mut tally, |document| {
        let clips = camera::clips_of_log(document)?;
        let too_many = || Error::unsupported(format!("a log of {} names of clips: {MAX_NAMES} are read", clips.len()));
        if clips.len() > MAX_NAMES { Err(too_many()) } else { Ok(clips) }
    });
    match named.await? {
        Some(Ok(clips)) => Ok(clips),
        Some(Err(problem)) => {
            tracing::warn!(log = %file.path, %problem, "it adds to no clip");
            Ok(BTreeSet::new())
        }
        None => Ok(BTreeSet::new()),
    }
}

/// What can be learnt of a document, which is asked for once, whole; none when it is no longer what its row is about. What is
/// wrong with it is the inner error.
async fn read_whole<T>(
    env: &impl Objects,
    file: &FileRow,
    tally: &mut Tally,
    mut learn: impl FnMut(&Known) -> platefleet_media::Result<T>,
) -> Result<Option<platefleet_media::Result<T>>, ports::Error> {
    let Some(observed) = &file.observed else { return Ok(None) };
    let mut document = Known::new(file.path.as_str(), observed.size);
    let range = match learn(&document) {
        Err(Error::Missing { range, .. }) => range,
        learnt => return Ok(Some(learnt)),
    };
    let (start, bytes) = (range.start, range.end - range.start);
    match env.get(Bucket::Ingest, &file.roll.object_key(&file.path), Some(range), Some(&observed.etag)).await {
        Ok(read) => document.insert(start, read),
        Err(ports::Error::NotFound(_) | ports::Error::Conflict(_)) => return Ok(None),
        Err(other) => return Err(other),
    }
    *tally = Tally { reads: tally.reads + 1, bytes: tally.bytes + bytes };
    Ok(Some(learn(&document)))
}

async fn ask(
    env: &impl Queues,
    roll: &RollId,
    patterns: impl IntoIterator<Item = String> + Send,
) -> Result<(), ports::Error> {
    for pattern in patterns {
        env.send(Queue::Inspect, &Message::InspectClip { roll: roll.clone(), pattern }, Duration::ZERO).await?;
    }
    Ok(())
}

/// What is to be said when two sequences of a take have a frame of the same number.
async fn duplicates(
    env: &impl Table,
    roll: &RollId,
    pattern: &str,
    twin: &str,
) -> Result<Option<String>, ports::Error> {
    let mut paths = Vec::new();
    for pattern in [pattern, twin] {
        let files = Rolls(env).files_of_clip(roll, pattern).await?;
        paths.extend(files.into_iter().filter(|file| file.state == FileState::Verified).map(|file| file.path));
    }
    let clips = clip::group(&paths);
    let own = clips.iter().find(|clip| clip.pattern == pattern);
    Ok(own.and_then(|own| own.duplicates.first().cloned()))
}

impl Beside {
    /// Takes down an original, and finds what stands beside it. Only a clip that a manifest names has companions.
    pub(crate) async fn of_clip(env: &impl Table, roll: &RollId, first: &FileRow) -> Result<Self, ports::Error> {
        let key = key_of(&first.path);
        let mut beside = Self::default();
        if key.role != Role::Original || first.expected.is_none() {
            return Ok(beside);
        }
        let companions = Companions(env);
        companions.note_clip(roll, &key).await?;
        for file in companions.of_clip(roll, &key).await? {
            let clips = companions.clips_of(roll, &file.path).await?;
            if clips.first() == Some(&key.pattern) {
                beside.files.push(file);
                beside.others.extend(clips.into_iter().skip(1));
            }
        }
        for twin in companions.twins_of(roll, &key).await? {
            if let Some(finding) = duplicates(env, roll, &key.pattern, &twin).await?
                && let Ok(path) = RelativePath::new(twin.as_str())
            {
                beside.twins.insert(path, finding);
                beside.others.insert(twin);
            }
        }
        beside.clip = Some(key);
        beside.in_logs_as(env, roll, None).await?;
        Ok(beside)
    }

    /// Takes down that other sequences had some of the same numbers when the clip was read before.
    pub(crate) fn were(&mut self, companions: &[Companion]) {
        let twins = companions.iter().filter(|companion| companion.role == Role::Original);
        self.others.extend(twins.map(|twin| twin.path.to_string()));
    }

    /// Finds the logs that name the clip as its files do, or as its header does.
    pub(crate) async fn in_logs_as(
        &mut self,
        env: &impl Table,
        roll: &RollId,
        header: Option<&str>,
    ) -> Result<(), ports::Error> {
        let Some(key) = &self.clip else { return Ok(()) };
        let name = header.unwrap_or(key.clip_name()).to_lowercase();
        if !self.names.insert(name.clone()) {
            return Ok(());
        }
        let companions = Companions(env);
        companions.note_clip_in_logs(roll, &name, &key.pattern).await?;
        self.files.extend(companions.logs_of(roll, &name).await?);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.dedup_by(|a, b| a.path == b.path);
        Ok(())
    }

    /// The files as the row of the clip names them.
    pub(crate) fn companions(&self) -> Vec<Companion> {
        let mut documents = 0;
        let companion = |file: &FileRow| {
            let is_document = camera::is_document(file.path.as_str());
            documents += usize::from(is_document);
            let observed = file.observed.as_ref().filter(|_| is_document && documents <= MAX_DOCUMENTS);
            Companion {
                role: Role::of(&file.path),
                path: file.path.clone(),
                etag: observed.map(|observed| observed.etag.clone()),
            }
        };
        let twin = |(path, finding): (&RelativePath, &String)| Companion {
            role: Role::Original,
            path: path.clone(),
            etag: Some(finding.clone()),
        };
        self.files.iter().map(companion).chain(self.twins.iter().map(twin)).collect()
    }

    /// Has those read again that may have taken these files for theirs.
    pub(crate) async fn tell_others(&self, env: &impl Queues, roll: &RollId) -> Result<(), ports::Error> {
        ask(env, roll, self.others.iter().cloned()).await
    }

    /// Adds what the documents say to the report of the clip, if it could be read, and lists the files there but for logs that
    /// say nothing. Answers the companions as they were found: one that changed since its row was written was not read, and
    /// asks again when it is checked.
    pub(crate) async fn enrich(
        &self,
        env: &impl Objects,
        is_read: bool,
        report: &mut ClipReport,
        tally: &mut Tally,
    ) -> Result<Vec<Companion>, ports::Error> {
        let mut companions = self.companions();
        for (companion, file) in companions.iter_mut().zip(&self.files) {
            let mut is_of_it = !camera::is_log(companion.path.as_str());
            if is_read && companion.etag.is_some() {
                match read_whole(env, file, tally, |document| camera::enrich(report, document)).await? {
                    Some(Ok(speaks)) => is_of_it |= speaks,
                    Some(Err(problem)) => {
                        report.metadata.findings.push(problem.in_file(file.path.as_str()).to_string());
                    }
                    None => companion.etag = None,
                }
            }
            if is_of_it {
                report.metadata.related.push(Related { role: companion.role, path: companion.path.to_string() });
            }
        }
        report.metadata.findings.extend(self.twins.values().cloned());
        report.metadata.related.sort();
        Ok(companions)
    }
}
