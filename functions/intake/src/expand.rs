//! A history -> what is expected of every file of its roll.
//!
//! Every row is written before `planned` is, and `planned` before the first message: nobody can find the roll complete, or
//! check a file, while its expectations are still being written. A long history goes on from a saved cursor.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::{StreamExt as _, TryStreamExt as _};
use platefleet_fleet::{
    history::{self, HistoryFiles},
    id::RollId,
    key::HISTORY,
    message::{Message, Queue},
    ports::{Bucket, ObjectInfo},
    runner::Failure,
    state::{Expected, FileRow, Finding, Observed, RollState, fitting},
    store::{RollRow, Rolls, Tip},
};
use platefleet_media::{
    clip,
    mhl::{FindingKind, History},
    path::RelativePath,
};

use crate::Needs;

/// Rows that are written at once.
const IN_FLIGHT: usize = 16;
/// Rows between two looks at the clock.
const STEP: usize = 64;
/// Kept for handing over the rest.
const MARGIN: Duration = Duration::from_secs(8);
/// Most invocations of one expansion.
const MAX_HOPS: u32 = 1_000;
/// Most objects of a roll.
const MAX_OBJECTS: usize = 2_000_000;

/// Reads the history of a roll and writes what it expects.
///
/// `again` says that this message was delivered before, so that it may have ended between two of its steps.
pub(crate) async fn expand(env: &impl Needs, roll: &RollId, hop: u32, again: bool) -> Result<(), Failure> {
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("{roll}: its history took more than {MAX_HOPS} invocations to expand")));
    }
    let rolls = Rolls(env);
    // The row goes before the listing: an upload that is looked up later finds it.
    if rolls.roll(roll).await?.is_none() {
        rolls.touch(roll, false).await?;
    }
    let uploaded = history::read(env, Bucket::Ingest, &roll.to_string()).await?;
    let history = History::read(&uploaded.files);
    let findings: Vec<Finding> = history.findings.iter().cloned().map(Finding::from).collect();
    let findings = fitting(&findings, "ascmhl");
    if let Some(waits) = is_unfinished(&history) {
        tracing::info!(outcome = "waits", reason = waits);
        return wait(env, roll, &findings).await;
    }
    let tip = Tip { revision: uploaded.revision(), generations: history.generations.len() as u32 };
    // A message that comes again may have ended after it wrote rows of an older history over those of this one.
    let row = begin(env, roll, &tip, &findings, again).await?;
    let is_known = row.planned.is_some();
    if !is_known {
        let Some(planned) = write_rows(env, roll, &tip, &history, row.cursor.as_deref()).await? else {
            return go_on(env, roll, hop).await;
        };
        let (row, _) = rolls
            .update_roll(roll, |was| {
                let mut row = was.filter(|row| row.tip.as_ref() == Some(&tip) && row.planned.is_none())?.clone();
                row.planned = Some(planned);
                row.cursor = None;
                if row.state == RollState::Receiving {
                    row.state = RollState::Checking;
                }
                row.updated_ms = env.now_ms();
                Some(row)
            })
            .await?;
        if row.is_none_or(|row| row.tip.as_ref() != Some(&tip)) {
            // Overtaken by a newer history, over whose rows some of ours may have been written: it is expanded anew.
            rolls.update_roll(roll, |was| Some(unplanned(was?))).await?;
            return go_on(env, roll, hop).await;
        }
    }
    if !is_known || again {
        rolls.resend_checks(roll).await?;
    }
    if rolls.nothing_open(roll, 0).await? {
        rolls.settle(roll).await?;
    }
    // Somebody who looked later may have written first: whoever ends makes sure that the newest history is the one in the row.
    if is_outdated(env, roll, &uploaded).await? {
        return go_on(env, roll, hop).await;
    }
    Ok(())
}

async fn go_on(env: &impl Needs, roll: &RollId, hop: u32) -> Result<(), Failure> {
    let message = Message::ExpandHistory { roll: roll.clone(), hop: hop + 1 };
    Ok(env.send(Queue::Intake, &message, Duration::ZERO).await?)
}

/// A history of which a part is still on its way: manifests go before the chain that lists them, or the chain before them.
fn is_unfinished(history: &History) -> Option<&'static str> {
    let has = |kind| history.findings.iter().any(|finding| finding.kind == kind);
    if has(FindingKind::NoHistory) {
        Some("there is no chain yet")
    } else if has(FindingKind::ManifestMissing) {
        Some("a manifest that the chain lists is not there yet")
    } else if has(FindingKind::ManifestUnlisted) {
        Some("a manifest is there that no chain lists yet")
    } else {
        None
    }
}

/// Notes what an unfinished history lacks. The roll rests with it if nothing more comes.
async fn wait(env: &impl Needs, roll: &RollId, findings: &[Finding]) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let note = |was: Option<&RollRow>| {
        let mut row = was?.clone();
        let news = row.findings != findings || row.planned.is_some();
        news.then(|| {
            reopen(&mut row, RollState::Receiving);
            row.findings = findings.to_vec();
            (row.tip, row.planned, row.cursor) = (None, None, None);
            row.updated_ms = env.now_ms();
            row
        })
    };
    let (row, is_news) = rolls.update_roll(roll, note).await?;
    let is_unwatched = row.is_some_and(|row| row.state.rank() < RollState::Finalising.rank() && !row.watch.armed);
    // Looking again is no new fact: a history that is never finished comes to rest.
    if is_news || is_unwatched {
        rolls.touch(roll, false).await?;
    }
    Ok(())
}

/// Takes up a history: the row as it stands. A history that is known already is left as it is.
async fn begin(
    env: &impl Needs,
    roll: &RollId,
    tip: &Tip,
    findings: &[Finding],
    anew: bool,
) -> Result<RollRow, Failure> {
    let rolls = Rolls(env);
    let now = env.now_ms();
    let (row, _) = rolls
        .update_roll(roll, |was| {
            let mut row = was.cloned().unwrap_or_else(|| RollRow::new(roll.clone(), now));
            if row.tip.as_ref() == Some(tip) {
                return (anew && row.planned.is_some()).then(|| unplanned(&row));
            }
            reopen(&mut row, RollState::Receiving);
            row.findings = findings.to_vec();
            row.tip = Some(tip.clone());
            (row.planned, row.cursor) = (None, None);
            (row.last_fact_ms, row.updated_ms) = (now, now);
            Some(row)
        })
        .await?;
    rolls.touch(roll, false).await?;
    Ok(row.unwrap_or_else(|| RollRow::new(roll.clone(), now)))
}

/// The row as it was before its expectations stood.
fn unplanned(row: &RollRow) -> RollRow {
    let mut row = row.clone();
    reopen(&mut row, RollState::Receiving);
    (row.planned, row.cursor) = (None, None);
    row
}

/// Back to an earlier state, in the next round when that state was left behind.
fn reopen(row: &mut RollRow, state: RollState) {
    if row.state.rank() > state.rank() {
        row.round += 1;
        row.state = state;
    }
}

/// Writes both halves of every file, from the cursor on; the number of expected files, or `None` when time ran out and the
/// cursor is saved.
async fn write_rows(
    env: &impl Needs,
    roll: &RollId,
    tip: &Tip,
    history: &History,
    cursor: Option<&str>,
) -> Result<Option<u64>, Failure> {
    let rolls = Rolls(env);
    let expectations = history.expectations();
    let ignores = history.ignores();
    let listed = list_media(env, roll).await?;
    let extra = listed.keys().filter(|path| !expectations.contains_key(path) && !ignores.is_ignored(path, false));
    let known = rolls.files(roll).await?;
    let forgotten =
        known.iter().filter(|f| f.expected.is_some() && !expectations.contains_key(&f.path)).map(|f| &f.path);
    let paths: BTreeSet<&RelativePath> = expectations.keys().chain(extra).chain(forgotten).collect();
    let todo: Vec<&RelativePath> =
        paths.into_iter().filter(|path| cursor.is_none_or(|done| path.as_str() > done)).collect();
    for step in todo.chunks(STEP) {
        let writes = step.iter().map(|path| {
            let expected = expectations.get(path).map(|e| Expected {
                size: e.size,
                hashes: e.hashes.iter().map(|(algorithm, text)| (algorithm.name().to_owned(), text.clone())).collect(),
                generation: e.generation,
                rivals: Vec::new(),
            });
            write_file(&rolls, roll, path, expected, listed.get(*path))
        });
        futures::stream::iter(writes).buffer_unordered(IN_FLIGHT).try_collect::<Vec<()>>().await?;
        if env.time_left() < MARGIN {
            let done = step.last().map(|path| path.as_str().to_owned());
            let note = |was: Option<&RollRow>| {
                let row = was.filter(|row| row.tip.as_ref() == Some(tip) && row.planned.is_none())?;
                Some(RollRow { cursor: done.clone(), ..row.clone() })
            };
            rolls.update_roll(roll, note).await?;
            return Ok(None);
        }
    }
    Ok(Some(expectations.len() as u64))
}

/// Writes what is expected of one file, and what the listing says of it where nobody has looked closer.
async fn write_file<T: Needs>(
    rolls: &Rolls<'_, T>,
    roll: &RollId,
    path: &RelativePath,
    expected: Option<Expected>,
    listed: Option<&Observed>,
) -> Result<(), Failure> {
    let pattern = clip::key_of(path).pattern;
    let decide = |was: &FileRow| {
        let planned = match &expected {
            Some(expected) => was.expect(expected.clone()),
            None => was.forget_expected(),
        };
        // A listing is older than the row: it only fills in what nobody has seen.
        let seen = if was.observed.is_none() && listed.is_some() {
            planned.as_ref().unwrap_or(was).observe(listed.cloned())
        } else {
            None
        };
        seen.or(planned)
    };
    let row = rolls.update_file(roll, &pattern, path, decide).await?;
    if row.observed.as_ref() != listed {
        rolls.observe_file(roll, &pattern, path).await?;
    }
    Ok(())
}

/// What the bucket holds of a roll, by path: without its own history, and without the rolls below it.
async fn list_media(env: &impl Needs, roll: &RollId) -> Result<BTreeMap<RelativePath, Observed>, Failure> {
    let prefix = format!("{roll}/");
    let objects = history::list_all(env, Bucket::Ingest, &prefix, MAX_OBJECTS).await?;
    let inside = |object: &ObjectInfo| RelativePath::new(object.key.strip_prefix(&prefix)?).ok();
    let mut media: BTreeMap<RelativePath, Observed> = BTreeMap::new();
    let mut nested: BTreeSet<String> = BTreeSet::new();
    for object in objects {
        let Some(path) = inside(&object) else { continue };
        match path.parent() {
            Some(folder) if folder.file_name() == HISTORY => {
                nested.extend(folder.parent().map(|root| format!("{root}/")));
            }
            _ => {
                media.insert(path, Observed { etag: object.etag, size: object.size });
            }
        }
    }
    media.retain(|path, _| !nested.iter().any(|root| path.as_str().starts_with(root)));
    Ok(media)
}

async fn is_outdated(env: &impl Needs, roll: &RollId, read: &HistoryFiles) -> Result<bool, Failure> {
    let now = history::list(env, Bucket::Ingest, &roll.to_string()).await?;
    Ok(!now.iter().map(|(name, object)| (name, &object.etag)).eq(&read.etags))
}
