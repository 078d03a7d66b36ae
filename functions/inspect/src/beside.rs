//! What stands beside a clip: the documents that add to its record, its proxies and its sound.
//!
//! A file that came, changed or went has the clips read again that it may belong to. A clip takes those that are verified,
//! and belong to no other clip of a likelier name. What is wrong with a document is a finding of the clip, and fails nothing.

use std::{collections::BTreeSet, time::Duration};

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
    clip::{Related, Role, key_of},
    path::RelativePath,
    source::Known,
};

use crate::read::Tally;

/// Most documents of a clip that are read.
const MAX_DOCUMENTS: usize = 8;

/// The files beside one clip.
#[derive(Default)]
pub(crate) struct Beside {
    files: Vec<FileRow>,
    /// Other clips that these files belonged to before this one was there.
    others: BTreeSet<String>,
}

/// Has the clips read again that a file may belong to.
pub(crate) async fn tell(env: &(impl Queues + Table), roll: &RollId, path: &RelativePath) -> Result<(), ports::Error> {
    let companions = Companions(env);
    let stored = Rolls(env).file(roll, &key_of(path).pattern, path).await?;
    if stored.is_some_and(|stored| stored.row.state == FileState::Verified) {
        companions.note_file(roll, path).await?;
    }
    ask(env, roll, companions.clips_of(roll, path).await?).await
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
        for (file, clips) in companions.of_clip(roll, &key).await? {
            if clips.first() == Some(&key.pattern) {
                beside.files.push(file);
                beside.others.extend(clips.into_iter().skip(1));
            }
        }
        Ok(beside)
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
        self.files.iter().map(companion).collect()
    }

    /// Has those read again that may have taken these files for theirs.
    pub(crate) async fn tell_others(&self, env: &impl Queues, roll: &RollId) -> Result<(), ports::Error> {
        ask(env, roll, self.others.iter().cloned()).await
    }

    /// Adds what the documents say to the report of the clip. Answers the companions as they were found: one that changed
    /// since its row was written was not read, and asks again when it is checked.
    pub(crate) async fn enrich(
        &self,
        env: &impl Objects,
        report: &mut ClipReport,
        tally: &mut Tally,
    ) -> Result<Vec<Companion>, ports::Error> {
        let mut companions = self.companions();
        for (companion, file) in companions.iter_mut().zip(&self.files) {
            let (Some(etag), Some(observed)) = (companion.etag.clone(), &file.observed) else { continue };
            let (key, mut document) = (file.roll.object_key(&file.path), Known::new(file.path.as_str(), observed.size));
            // It is asked for once, whole.
            for _ in 0..2 {
                match camera::enrich(report, &document) {
                    Ok(()) => break,
                    Err(Error::Missing { range, .. }) => {
                        let (start, bytes) = (range.start, range.end - range.start);
                        match env.get(Bucket::Ingest, &key, Some(range), Some(&etag)).await {
                            Ok(read) => document.insert(start, read),
                            Err(ports::Error::NotFound(_) | ports::Error::Conflict(_)) => {
                                companion.etag = None;
                                break;
                            }
                            Err(other) => return Err(other),
                        }
                        *tally = Tally { reads: tally.reads + 1, bytes: tally.bytes + bytes };
                    }
                    Err(problem) => {
                        report.metadata.findings.push(problem.in_file(file.path.as_str()).to_string());
                        break;
                    }
                }
            }
        }
        Ok(companions)
    }
}

/// The companions as a record lists them.
pub(crate) fn related(companions: &[Companion]) -> Vec<Related> {
    let related = |c: &Companion| Related { role: c.role, path: c.path.to_string() };
    let mut related: Vec<Related> = companions.iter().map(related).collect();
    related.sort();
    related
}
