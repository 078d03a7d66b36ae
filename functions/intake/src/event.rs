//! One object that came or went.

use std::time::Duration;

use platefleet_fleet::{
    documents,
    id::{Production, RollId},
    key::{self, Upload},
    message::{Message, Queue},
    ports::Bucket,
    runner::Failure,
    s3_event::{Change, ObjectEvent},
    state::RollState,
    store::{Looks, RollRow, Rolls},
};
use platefleet_media::{
    clip::{self, Role},
    path::RelativePath,
};

use crate::Needs;

/// Writes what the event is a hint of.
pub(crate) async fn note(env: &impl Needs, event: &ObjectEvent) -> Result<(), Failure> {
    match key::classify(&event.key) {
        Ok(Upload::Footage { production, path }) => {
            if documents::is_list(path.file_name()) {
                list(env, &production, &path).await?;
            }
            footage(env, &production, &path, event).await
        }
        Ok(Upload::History { roll, .. }) => history(env, &roll).await,
        Ok(Upload::Order { production, pull }) if event.change == Change::Created => {
            Ok(env.send(Queue::Plan, &Message::PlanPull { production, pull }, Duration::ZERO).await?)
        }
        Ok(Upload::Order { .. } | Upload::Attachment) => Ok(()),
        Err(bad) => {
            // It stays where it is: nothing of ours, and nobody waits for it.
            tracing::warn!(outcome = "left alone", reason = %bad);
            Ok(())
        }
    }
}

/// A chain or a manifest: the roll is known from now on, and its history is to be read.
async fn history(env: &impl Needs, roll: &RollId) -> Result<(), Failure> {
    // The row goes before the listing of whoever expands: an upload that is looked up later finds it.
    Rolls(env).touch(roll, false).await?;
    Ok(env.send(Queue::Intake, &Message::ExpandHistory { roll: roll.clone(), hop: 0 }, Duration::ZERO).await?)
}

/// A list of MHL 1.x, which may be a file of another roll as well: its folder is a roll from now on.
async fn list(env: &impl Needs, production: &Production, path: &RelativePath) -> Result<(), Failure> {
    let Some(folder) = path.parent() else {
        tracing::warn!(
            outcome = "left alone",
            reason = "a list directly below the production: put it in a roll folder"
        );
        return Ok(());
    };
    let roll = RollId { production: production.clone(), path: folder };
    if env.head(Bucket::Ingest, &format!("{roll}/{}", path.file_name())).await?.is_some() {
        Rolls(env).note_list(&roll, path.file_name()).await?;
    } else if Rolls(env).roll(&roll).await?.is_none() {
        return Ok(());
    }
    history(env, &roll).await
}

async fn footage(
    env: &impl Needs,
    production: &Production,
    path: &RelativePath,
    event: &ObjectEvent,
) -> Result<(), Failure> {
    let upload = event.etag.as_deref().zip(event.principal.as_deref());
    // None as long as its manifest has not come. Who expands that lists the roll, and finds the file.
    let rolls = rolls_of(env, production, path).await?;
    for (row, path) in &rolls {
        observe(env, row, path, upload).await?;
    }
    strange(env, production, path, &rolls, upload).await
}

/// A file of no roll is taken down in the folder that stands for one, and its clip is looked at soon. One that was taken down
/// there before its roll was known may still be.
async fn strange(
    env: &impl Needs,
    production: &Production,
    path: &RelativePath,
    rolls: &[(RollRow, RelativePath)],
    upload: Option<(&str, &str)>,
) -> Result<(), Failure> {
    let Some(folder) = key::assumed_roll(production, path).filter(|_| Role::of(path) != Role::Sidecar) else {
        return Ok(());
    };
    let Some(below) = path.strip(&folder.path) else { return Ok(()) };
    if rolls.iter().any(|(row, _)| row.roll == folder) {
        return Ok(());
    }
    let pattern = clip::key_of(&below).pattern;
    if rolls.is_empty() || Rolls(env).file(&folder, &pattern, &below).await?.is_some() {
        Rolls(env).observe_upload(&folder, &pattern, &below, upload).await?;
        Looks(env).soon(&folder, &pattern).await?;
    }
    Ok(())
}

async fn observe(
    env: &impl Needs,
    row: &RollRow,
    path: &RelativePath,
    upload: Option<(&str, &str)>,
) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let roll = &row.roll;
    let pattern = clip::key_of(path).pattern;
    let file = rolls.observe_upload(roll, &pattern, path, upload).await?;
    // The roll wakes before the check is sent: a verdict that is faster than us finds it awake.
    let state = if file.is_open() || row.state.rank() < RollState::Finalising.rank() {
        rolls.touch(roll, file.is_open()).await?.state
    } else {
        row.state
    };
    if file.expected.is_none() {
        Looks(env).soon(roll, &pattern).await?;
        if state.rank() >= RollState::Finalising.rank() {
            // Nobody waits for it, and the report over the roll has to say so.
            rolls.settle(roll).await?;
        }
    } else {
        rolls.ask_beside(&file).await?;
    }
    Ok(rolls.send_check(&file).await?)
}

/// The rolls that a file belongs to, with its path in each: the nearest folder above it with a history, those with lists of
/// MHL 1.x in between, of which each may name it, and of those above all that do name it.
async fn rolls_of(
    env: &impl Needs,
    production: &Production,
    path: &RelativePath,
) -> Result<Vec<(RollRow, RelativePath)>, Failure> {
    let (mut found, mut is_nested) = (Vec::new(), false);
    for candidate in key::candidate_rolls(production, path) {
        let Some(below) = path.strip(&candidate.path) else { continue };
        if let Some(row) = Rolls(env).roll(&candidate).await? {
            let has_history = row.has_history();
            if !is_nested || may_name(env, &row, &below).await? {
                found.push((row, below));
            }
            is_nested |= has_history;
        }
    }
    Ok(found)
}

/// Whether a roll names a file, or is just being told what it names.
async fn may_name(env: &impl Needs, row: &RollRow, path: &RelativePath) -> Result<bool, Failure> {
    if row.planned.is_none() {
        return Ok(true);
    }
    let file = Rolls(env).file(&row.roll, &clip::key_of(path).pattern, path).await?;
    Ok(file.is_some_and(|stored| stored.row.expected.is_some()))
}
