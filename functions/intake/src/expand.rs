//! A history -> what is expected of every file of its roll.
//!
//! Every row is written before `planned` is, and `planned` before the first message: nobody can find the roll complete, or
//! check a file, while its expectations are still being written. A long history goes on from a saved cursor.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _};
use platefleet_fleet::{
    documents::{Documents, Said},
    id::{RollId, hex_sha256},
    key,
    message::{Message, Place, Queue},
    runner::Failure,
    state::{FileRow, Finding, RollState, fitting},
    store::{Looks, RollRow, Rolls, Tip},
};
use platefleet_media::{clip, path::RelativePath};

use crate::{
    Needs,
    join::{Join, Joined, folders_above},
};

/// Rows that are written at once.
const IN_FLIGHT: usize = 16;
/// Rows that are written between two looks at the clock.
const STEP: usize = 64;
/// Paths that are looked at between two looks at the clock.
const LOOK: usize = 4096;
/// Kept for handing over the rest.
const MARGIN: Duration = Duration::from_secs(8);
/// Less time than this is not enough to begin: other messages of the same batch have taken it.
const BEGIN: Duration = Duration::from_secs(30);
/// Most invocations of one expansion.
const MAX_HOPS: u32 = 1_000;

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
    if env.time_left() < BEGIN {
        if again {
            rolls.update_roll(roll, |was| Some(unplanned(was?))).await?;
        }
        return go_on(env, roll, hop).await;
    }
    let documents = documents_of(env, roll).await?;
    let said = documents.read(env).await?;
    let findings = fitting(&said.findings, "ascmhl");
    if let Some(waits) = said.waits {
        tracing::info!(outcome = "waits", reason = waits);
        return wait(env, roll, &findings).await;
    }
    let tip = Tip {
        revision: documents.revision(),
        generations: said.generations.len() as u32,
        is_history: documents.is_history(),
    };
    // A message that comes again may have ended after it wrote rows of an older history over those of this one.
    let row = begin(env, roll, &tip, &findings, again).await?;
    let is_known = row.planned.is_some();
    if !is_known {
        let rest = write_rows(env, roll, &said, row.cursor.as_deref()).await?;
        let planned = said.files.len() as u64;
        let note = |was: Option<&RollRow>| {
            let mut now = was?.clone();
            if now.tip.as_ref() != Some(&tip) {
                // Overtaken by a newer history, over whose rows some of ours may have been written: it is expanded anew.
                return Some(unplanned(&now));
            }
            if now.planned.is_some() || now.draft != row.draft {
                return None;
            }
            now.cursor = rest.as_ref().map(ToString::to_string);
            if rest.is_none() {
                now.planned = Some(planned);
                if now.state == RollState::Receiving {
                    now.state = RollState::Checking;
                }
                now.updated_ms = env.now_ms();
            }
            Some(now)
        };
        let (now, _) = rolls.update_roll(roll, note).await?;
        if rest.is_some() || !now.is_some_and(|now| now.tip.as_ref() == Some(&tip) && now.planned.is_some()) {
            return go_on(env, roll, hop).await;
        }
        tell_above(env, roll).await?;
    }
    drop(said);
    // Somebody who looked later may have written first: whoever ends makes sure that the newest history is the one in the row.
    if documents_of(env, roll).await? != documents {
        return go_on(env, roll, hop).await;
    }
    if !is_known || again {
        return send_checks(env, roll, Place::default(), 0).await;
    }
    settle(env, roll).await
}

/// What vouches for a roll now.
async fn documents_of(env: &impl Needs, roll: &RollId) -> Result<Documents, Failure> {
    let lists = Rolls(env).roll(roll).await?.map(|row| row.lists).unwrap_or_default();
    Ok(Documents::list(env, roll, &lists).await?)
}

/// Has the reports of sealed rolls above this one written again, which counted its files as extra ones before it was a roll.
async fn tell_above(env: &impl Needs, roll: &RollId) -> Result<(), Failure> {
    let rolls = Rolls(env);
    for above in key::candidate_rolls(&roll.production, &roll.path) {
        let Some(folder) = roll.path.strip(&above.path) else { continue };
        let is_sealed = |row: RollRow| row.state.rank() >= RollState::Finalising.rank();
        if rolls.roll(&above).await?.is_some_and(is_sealed) && rolls.has_files_below(&above, &folder).await? {
            rolls.settle(&above).await?;
        }
    }
    Ok(())
}

/// Looks at every open file whose row is not what the listing says, and sends what can be checked.
pub(crate) async fn look_again(
    env: &impl Needs,
    roll: &RollId,
    after: Option<RelativePath>,
    hop: u32,
) -> Result<(), Failure> {
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("{roll}: looking again took more than {MAX_HOPS} invocations")));
    }
    let (rolls, nothing) = (Rolls(env), Said::default());
    let mut join = Join::after(env, roll, &nothing, after.as_ref()).await?;
    let mut seen = 0;
    while let Some(Joined { path, listed, row, .. }) = join.next().await? {
        if let Some(row) = row.filter(|row| row.is_open() && row.observed != listed) {
            let file = rolls.observe_file(roll, &row.pattern, &path).await?;
            rolls.ask_beside(&file).await?;
            seen += LOOK / STEP;
        }
        seen += 1;
        if seen >= LOOK && env.time_left() < MARGIN {
            let message = Message::LookAgain { roll: roll.clone(), after: Some(path), hop: hop + 1 };
            return Ok(env.send(Queue::Intake, &message, Duration::ZERO).await?);
        }
        seen %= LOOK;
    }
    send_checks(env, roll, Place::default(), 0).await
}

/// Sends the check of every file that can be checked, in as many invocations as that takes.
pub(crate) async fn send_checks(env: &impl Needs, roll: &RollId, from: Place, hop: u32) -> Result<(), Failure> {
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("{roll}: sending its checks took more than {MAX_HOPS} invocations")));
    }
    if let Some(from) = Rolls(env).resend_checks(roll, from, MARGIN).await? {
        let message = Message::SendChecks { roll: roll.clone(), from, hop: hop + 1 };
        return Ok(env.send(Queue::Intake, &message, Duration::ZERO).await?);
    }
    settle(env, roll).await
}

async fn settle(env: &impl Needs, roll: &RollId) -> Result<(), Failure> {
    let rolls = Rolls(env);
    if rolls.nothing_open(roll, 0).await? {
        rolls.settle(roll).await?;
    }
    Ok(())
}

async fn go_on(env: &impl Needs, roll: &RollId, hop: u32) -> Result<(), Failure> {
    let message = Message::ExpandHistory { roll: roll.clone(), hop: hop + 1 };
    Ok(env.send(Queue::Intake, &message, Duration::ZERO).await?)
}

/// Notes what an unfinished history lacks. The roll rests with it if nothing more comes.
async fn wait(env: &impl Needs, roll: &RollId, findings: &[Finding]) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let told: Vec<String> = findings.iter().map(|f| format!("{}\n{}\n{}\n", f.kind, f.path, f.detail)).collect();
    let lacks = Some(hex_sha256(told.concat().as_bytes()));
    let note = |was: Option<&RollRow>| {
        let mut row = was?.clone();
        let news = row.lacks != lacks || row.planned.is_some() || row.tip.is_some();
        news.then(|| {
            row.lacks.clone_from(&lacks);
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
                return anew.then(|| unplanned(&row));
            }
            row.draft += 1;
            reopen(&mut row, RollState::Receiving);
            row.findings = findings.to_vec();
            row.tip = Some(tip.clone());
            (row.planned, row.lacks, row.cursor) = (None, None, None);
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
    row.draft += 1;
    row
}

/// Back to an earlier state, in the next round when that state was left behind.
fn reopen(row: &mut RollRow, state: RollState) {
    if row.state.rank() > state.rank() {
        row.round += 1;
        row.state = state;
    }
}

/// Writes both halves of every file, from the cursor on; the last path that was written when time ran out.
async fn write_rows(
    env: &impl Needs,
    roll: &RollId,
    said: &Said,
    cursor: Option<&str>,
) -> Result<Option<RelativePath>, Failure> {
    let (rolls, looks, nested) = (Rolls(env), Looks(env), nested(env, roll, said).await?);
    let after = cursor.and_then(|path| RelativePath::new(path).ok());
    let mut join = Join::after(env, roll, said, after.as_ref()).await?;
    loop {
        let (mut news, mut last, mut seen) = (Vec::new(), None, 0);
        let mut strangers = Vec::new();
        while news.len() < STEP && seen < LOOK {
            let Some(joined) = join.next().await? else { break };
            seen += 1;
            last = Some(joined.path.clone());
            if joined.expected.is_none() && (joined.row.is_some() || is_news(said, &nested, &joined)) {
                let pattern = clip::key_of(&joined.path).pattern;
                if strangers.last() != Some(&pattern) {
                    strangers.push(pattern);
                }
            }
            if is_news(said, &nested, &joined) {
                news.push(joined);
            }
        }
        if last.is_none() {
            return Ok(None);
        }
        let writes = news.into_iter().map(|joined| write_file(&rolls, roll, joined));
        futures::stream::iter(writes).buffer_unordered(IN_FLIGHT).try_collect::<Vec<()>>().await?;
        // Asked for after the rows stand, and again by whoever has to write them again.
        for pattern in strangers {
            looks.soon(roll, &pattern).await?;
        }
        if env.time_left() < MARGIN {
            return Ok(last);
        }
    }
}

/// Folders below a roll with a history of their own: those that its history refers to, and those that have become rolls.
async fn nested(env: &impl Needs, roll: &RollId, said: &Said) -> Result<BTreeSet<RelativePath>, Failure> {
    let others = Rolls(env).of_production(&roll.production).await?;
    let histories =
        others.into_iter().filter(RollRow::has_history).filter_map(|other| other.roll.path.strip(&roll.path));
    Ok(said.nested.iter().cloned().chain(histories).collect())
}

/// Whether there is anything to write of a path. Nothing, of a stranger in a folder with a history of its own.
fn is_news(said: &Said, nested: &BTreeSet<RelativePath>, joined: &Joined) -> bool {
    let Joined { path, expected, listed, row } = joined;
    let is_own = || !said.ignores.is_ignored(path, false) && !folders_above(path).any(|above| nested.contains(&above));
    let Some(row) = row else { return expected.is_some() || is_own() };
    let is_planned = match expected {
        Some(expected) => row.expected.as_ref() == Some(expected),
        None => row.expected.is_none(),
    };
    !is_planned || row.observed != *listed
}

/// Writes what is expected of one file, and what the listing says of it where nobody has looked closer.
async fn write_file<T: Needs>(rolls: &Rolls<'_, T>, roll: &RollId, joined: Joined) -> Result<(), Failure> {
    let Joined { path, expected, listed, row } = joined;
    let (pattern, is_known) = (clip::key_of(&path).pattern, row.is_some());
    let decide = |was: &FileRow| {
        let planned = match &expected {
            Some(expected) => was.expect(expected.clone()),
            None => was.forget_expected(),
        };
        // A listing is older than the row: it only fills in what nobody has seen.
        let seen = if was.observed.is_none() && listed.is_some() {
            planned.as_ref().unwrap_or(was).observe(listed.clone())
        } else {
            None
        };
        seen.or(planned)
    };
    let mut file = rolls.update_file(roll, &pattern, &path, decide).await?;
    if file.observed != listed {
        file = rolls.observe_file(roll, &pattern, &path).await?;
    }
    if is_known && file.observed.is_none() {
        rolls.ask_beside(&file).await?;
    }
    Ok(())
}
