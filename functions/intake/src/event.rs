//! One object that came or went.

use std::time::Duration;

use platefleet_fleet::{
    id::{Production, RollId},
    key::{self, Upload},
    message::{Message, Queue},
    runner::Failure,
    s3_event::{Change, ObjectEvent},
    state::RollState,
    store::{RollRow, Rolls},
};
use platefleet_media::{clip, path::RelativePath};

use crate::Needs;

/// Writes what the event is a hint of.
pub(crate) async fn note(env: &impl Needs, event: &ObjectEvent) -> Result<(), Failure> {
    match key::classify(&event.key) {
        Ok(Upload::Footage { production, path }) => footage(env, &production, &path, event).await,
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

async fn footage(
    env: &impl Needs,
    production: &Production,
    path: &RelativePath,
    event: &ObjectEvent,
) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let Some((row, path)) = roll_of(env, production, path).await? else {
        // Its manifest has not come. Who expands that lists the roll, and finds the file.
        return Ok(());
    };
    let roll = row.roll;
    let pattern = clip::key_of(&path).pattern;
    let upload = event.etag.as_deref().zip(event.principal.as_deref());
    let file = rolls.observe_upload(&roll, &pattern, &path, upload).await?;
    // The roll wakes before the check is sent: a verdict that is faster than us finds it awake.
    if file.is_open() || row.state.rank() < RollState::Finalising.rank() {
        rolls.touch(&roll, file.is_open()).await?;
    } else if file.expected.is_none() {
        // Nobody waits for it, and the report over the roll has to say so.
        rolls.settle(&roll).await?;
    }
    Ok(rolls.send_check(&file).await?)
}

/// The nearest folder above a file that is a roll, and the path in it.
async fn roll_of(
    env: &impl Needs,
    production: &Production,
    path: &RelativePath,
) -> Result<Option<(RollRow, RelativePath)>, Failure> {
    for candidate in key::candidate_rolls(production, path) {
        let Some(below) = path.strip(&candidate.path) else { continue };
        if let Some(row) = Rolls(env).roll(&candidate).await? {
            return Ok(Some((row, below)));
        }
    }
    Ok(None)
}
