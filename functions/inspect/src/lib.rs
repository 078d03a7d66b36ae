//! One clip: its normalised metadata, its frame index, and the facets that it is found by.
//!
//! Asked for when the last open file of a clip has its verdict, and a while after a file came that no manifest names: such a
//! clip is inspected too, and is `verified: false`. Asked too early, twice or late it does no harm. Reads ranges of at most
//! three files, and the documents that stand beside the clip. What is wrong with the footage becomes a finding of the clip;
//! only what the bucket or the table did not answer is tried again.

mod beside;
mod read;
mod unchecked;

use platefleet_fleet::{
    id::{ClipId, RollId},
    key::{clip_key, frames_key, raw_key},
    message::{Message, Queue},
    plan::{FrameIndex, IndexedFile, IndexedRun},
    ports::{self, Bucket, Clock, Objects, PutIf, Queues, Table},
    runner::{Failure, Record},
    state::{FileRow, FileState, Finding},
    store::{ClipRow, ClipState, Clips, Companions, Jobs, Looks, Rolls},
};
use platefleet_media::{
    camera::{ClipReport, FrameRun, FrameTable},
    clip::{Metadata, Role, key_of},
    error::Error,
    path::RelativePath,
};
use std::time::Duration;

use beside::Beside;

/// How often a clip whose row is written by others at the same time is looked at again in one invocation.
const MAX_CONFLICTS: u32 = 5;
/// Number of the first frame of a file that is a clip by itself.
const FIRST_FRAME: u64 = 1001;

/// Works one message.
///
/// # Errors
/// [`Failure::Retry`] when a port did not answer, or a file changed meanwhile; [`Failure::Hopeless`] for a message that
/// is none of this function's.
pub async fn handle(env: &(impl Objects + Queues + Table + Clock), record: &Record) -> Result<(), Failure> {
    let (roll, pattern) = match record.message()? {
        Message::InspectClip { roll, pattern } => (roll, pattern),
        Message::LookAtClip { roll, pattern } => {
            // From here on whoever writes a file asks for another look.
            Looks(env).begin(&roll, &pattern).await?;
            (roll, pattern)
        }
        _ => return Err(Failure::Hopeless("only clips are inspected here".into())),
    };
    if let Ok(path) = RelativePath::new(pattern.as_str()) {
        if Companions::<()>::may_be(&path) {
            beside::tell(env, &roll, &path).await?;
        }
        if Role::of(&path) == Role::Sidecar {
            return Ok(());
        }
    }
    for conflicts in 0..MAX_CONFLICTS {
        // Who was overtaken, or ended half-way, may have written older documents over newer ones.
        let is_first = record.attempt <= 1 && conflicts == 0;
        match Box::pin(inspect(env, &roll, &pattern, is_first)).await {
            Err(ports::Error::Conflict(_)) => {}
            other => return Ok(other?),
        }
    }
    Err(Failure::Retry(format!("clip {pattern} of {roll} changes while it is inspected")))
}

/// The row of the clip is read, then its files, and the row is written if it is still the one that was read: so an older
/// look at the files cannot overwrite a newer one. What was read of the same files is not read again, when nobody has tried
/// it yet.
async fn inspect(
    env: &(impl Objects + Queues + Table + Clock),
    roll: &RollId,
    pattern: &str,
    is_first: bool,
) -> Result<(), ports::Error> {
    let (clips, clip) = (Clips(env), ClipId::of(roll, pattern));
    let was = clips.stored(&roll.production, &clip).await?;
    let files = Rolls(env).files_of_clip(roll, pattern).await?;
    let is_named = files.iter().any(|f| f.expected.is_some());
    let counts = |f: &FileRow| if is_named { f.expected.is_some() } else { f.observed.is_some() };
    let files: Vec<FileRow> = files.into_iter().filter(counts).collect();
    let Some(first) = files.first() else { return unchecked::withdraw(env, roll, pattern, was).await };
    // An open file asks again when it has its verdict.
    if files.iter().any(FileRow::is_open) {
        return Ok(());
    }
    if !is_named && unchecked::belongs_elsewhere(env, roll, first).await? {
        return unchecked::withdraw(env, roll, pattern, was).await;
    }
    unchecked::withdraw_others(env, roll, pattern).await?;
    let mut beside = Beside::of_clip(env, roll, first).await?;
    if let Some(was) = &was {
        beside.were(&was.row.companions);
        if let Some(name) = &was.row.metadata.clip_name {
            beside.in_logs_as(env, roll, Some(name)).await?;
        }
    }
    let revision = ClipRow::revision_of(&files, &beside.companions());
    let row = match &was {
        Some(known) if is_first && known.row.revision == revision && stands(env, &known.row).await? => {
            clips.repair(&known.row).await?;
            known.row.clone()
        }
        _ => {
            beside.tell_others(env, roll).await?;
            let row = look(env, clip, roll, pattern, &files, beside).await?;
            clips.put(&row, was.as_ref()).await?;
            row
        }
    };
    if !is_named && unchecked::belongs_elsewhere(env, roll, first).await? {
        let was = clips.stored(&roll.production, &row.clip).await?;
        return unchecked::withdraw(env, roll, pattern, was).await;
    }
    wake_orders(env, &row).await
}

/// Whether nothing but facets can be missing of a clip: its documents are written before its row, but a withdrawal that was
/// overtaken may have removed them. One that was given up on has another chance.
async fn stands(env: &impl Objects, row: &ClipRow) -> Result<bool, ports::Error> {
    let mut stands = row.findings.iter().all(|f| f.kind != "gave-up");
    for key in [clip_key(&row.roll.production, &row.clip), raw_key(&row.roll.production, &row.clip)] {
        stands = stands && env.head(Bucket::Delivery, &key).await?.is_some();
    }
    Ok(stands)
}

/// Reads the clip and writes its documents; answers its row, which is not written yet.
async fn look(
    env: &(impl Objects + Table + Clock),
    clip: ClipId,
    roll: &RollId,
    pattern: &str,
    files: &[FileRow],
    mut beside: Beside,
) -> Result<ClipRow, ports::Error> {
    let unchecked = files.iter().all(|f| f.expected.is_none());
    let is_good = |f: &&FileRow| unchecked || f.state == FileState::Verified;
    let good: Vec<FileRow> = files.iter().filter(is_good).cloned().collect();
    let damaged: Vec<&FileRow> = files.iter().filter(|f| !is_good(f)).collect();
    let (report, mut tally) = if good.is_empty() {
        (Ok(ClipReport::default()), read::Tally::default())
    } else {
        read::inspect(env, &good).await?
    };
    let is_read = report.is_ok() && !good.is_empty();
    let (state, mut report, finding) = match report {
        Ok(report) if damaged.is_empty() => (ClipState::Inspected, report, None),
        Ok(report) => (ClipState::Invalid, report, Some(damage(pattern, &damaged, files.len()))),
        Err(Error::Io { source, at }) => return Err(ports::Error::Unknown(format!("{at}{source}"))),
        Err(error) => {
            let unsupported = matches!(error, Error::Unsupported { .. });
            let state = if unsupported { ClipState::Unsupported } else { ClipState::Invalid };
            (state, ClipReport::default(), Some(Finding::of(&error, pattern)))
        }
    };
    name(&mut report.metadata, pattern, files);
    if let Some(name) = &report.metadata.clip_name {
        beside.in_logs_as(env, roll, Some(name)).await?;
    }
    let companions = beside.enrich(env, is_read, &mut report, &mut tally).await?;
    let revision = ClipRow::revision_of(files, &companions);
    let ClipReport { mut metadata, tags, runs } = report;
    if let Some(finding) = &finding {
        metadata.findings.push(format!("{}: {}", finding.path, finding.detail));
    }
    tracing::info!(
        clip = clip.as_str(),
        ?state,
        files = files.len(),
        reads = tally.reads,
        bytes = tally.bytes,
        finding = finding.as_ref().map(|f| f.detail.as_str()),
        "inspected"
    );
    let production = &roll.production;
    // Nothing is rendered from what is not checked.
    let index = (state == ClipState::Inspected && !unchecked).then(|| FrameIndex {
        schema: "frame-index.v2".into(),
        clip: clip.clone(),
        revision: revision.clone(),
        files: good.iter().filter_map(indexed_file).collect(),
        runs: indexed_runs(runs, &good),
        start_timecode: metadata.start_timecode.clone(),
        timecode_rate: metadata.timecode_rate.as_deref().and_then(|rate| rate.parse().ok()),
    });
    if let Some(index) = &index {
        put(env, &frames_key(production, &clip, &revision), index).await?;
    }
    put(env, &raw_key(production, &clip), &tags).await?;
    put(env, &clip_key(production, &clip), &metadata).await?;
    Ok(ClipRow {
        frames_key: index.map(|_| frames_key(production, &clip, &revision)),
        clip,
        roll: roll.clone(),
        pattern: pattern.to_owned(),
        state,
        revision,
        files: files.len() as u64,
        unchecked,
        companions,
        metadata,
        findings: finding.into_iter().collect(),
        reads: tally.reads,
        read_bytes: tally.bytes,
        inspected_ms: env.now_ms(),
    })
}

/// One finding for all files of a clip that are not what their manifest says.
fn damage(pattern: &str, damaged: &[&FileRow], of: usize) -> Finding {
    let names: Vec<&str> = damaged.iter().take(3).map(|f| f.path.file_name()).collect();
    let more = if damaged.len() > names.len() { ", ..." } else { "" };
    let verb = if damaged.len() == 1 { "is" } else { "are" };
    let detail = format!(
        "{} of {of} files {verb} not what the manifest says ({}{more}): upload again what is damaged",
        damaged.len(),
        names.join(", ")
    );
    Finding::new("mismatch", pattern, detail)
}

/// Fills in what is known of every clip, whatever its files say.
fn name(metadata: &mut Metadata, pattern: &str, files: &[FileRow]) {
    if let Some(file) = files.first() {
        let key = key_of(&file.path);
        metadata.clip_name.get_or_insert_with(|| key.clip_name().to_owned());
        metadata.role.get_or_insert(key.role);
    }
    metadata.path.get_or_insert_with(|| pattern.to_owned());
    metadata.verified = Some(files.iter().all(|f| f.state == FileState::Verified));
    metadata.sources.insert("verified".to_owned(), "manifest".to_owned());
    metadata.size_bytes = Some(files.iter().filter_map(|f| f.observed.as_ref()).map(|o| o.size).sum());
}

fn indexed_file(file: &FileRow) -> Option<IndexedFile> {
    let observed = file.observed.as_ref()?;
    let verified = file.state == FileState::Verified;
    Some(IndexedFile {
        key: file.roll.object_key(&file.path),
        etag: observed.etag.clone(),
        size: observed.size,
        verified,
    })
}

/// `files` are in path order, as they were inspected.
fn indexed_runs(runs: Vec<FrameRun>, files: &[FileRow]) -> Vec<IndexedRun> {
    let numbered = files.first().is_some_and(|f| key_of(&f.path).frame.is_some());
    let frames = runs.iter().fold(0u64, |sum, run| sum.saturating_add(run.table.count()));
    // A file of one frame is read whole, so that its index does not depend on which files were looked into.
    let single = numbered || frames == 1;
    let indexed = |FrameRun { file, number, table }| IndexedRun {
        file,
        number: if numbered { number } else { number.saturating_add(FIRST_FRAME) },
        table: if single && table.count() == 1 { FrameTable::Whole } else { table },
    };
    runs.into_iter().map(indexed).collect()
}

/// Writes a document under its one key: the same facts, the same bytes.
async fn put(env: &impl Objects, key: &str, document: &impl serde::Serialize) -> Result<(), ports::Error> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|e| ports::Error::Refused(e.to_string()))?;
    bytes.push(b'\n');
    env.put(Bucket::Delivery, key, bytes, PutIf::Always).await.map(|_| ())
}

/// Lets the orders that wait for this clip be planned again. The row stands by now, and an order says what it wants
/// before it looks a last time: one of the two always sees the other.
async fn wake_orders(env: &(impl Queues + Table), row: &ClipRow) -> Result<(), ports::Error> {
    if row.unchecked || row.state != ClipState::Inspected || row.metadata.role != Some(Role::Original) {
        return Ok(());
    }
    let production = &row.roll.production;
    for pull in Jobs(env).pulls(production).await?.into_iter().filter(|p| p.waits_for(row)) {
        let message = Message::PlanPull { production: production.clone(), pull: pull.pull };
        env.send(Queue::Plan, &message, Duration::ZERO).await?;
    }
    Ok(())
}
