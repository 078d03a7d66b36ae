//! `intake`: an object was created or removed -> a fact in the table. Joins what a manifest expects with what the bucket
//! holds, in whatever order they come, and routes: files with both halves to `hash`, orders to `plan`.
//!
//! An event is a hint. What counts is what the object looks like now, after the row was read.

mod event;
mod expand;
mod join;

use platefleet_fleet::{
    message::Message,
    ports::{Clock, Objects, Queues, Settings, Table},
    runner::{Failure, Record},
    s3_event::Notification,
};

/// What this function asks of the world.
pub trait Needs: Objects + Queues + Table + Clock + Settings {}
impl<T: Objects + Queues + Table + Clock + Settings> Needs for T {}

/// Takes one message: a notification of S3, or the expansion of a history.
///
/// # Errors
/// [`Failure`], when it has to come again.
pub async fn handle(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    let notification = match Message::parse(&record.body) {
        Ok(Message::ExpandHistory { roll, hop }) => return expand::expand(env, &roll, hop, record.attempt > 1).await,
        Ok(Message::LookAgain { roll, after, hop }) => return expand::look_again(env, &roll, after, hop).await,
        Ok(Message::SendChecks { roll, from, hop }) => return expand::send_checks(env, &roll, from, hop).await,
        Ok(other) => {
            return Err(Failure::Hopeless(format!("intake does not take messages for {}", other.queue().name())));
        }
        Err(not_ours) => Notification::parse(&record.body)
            .map_err(|not_s3| Failure::Hopeless(format!("neither a message ({not_ours}) nor an event ({not_s3})")))?,
    };
    let Notification::Objects(events) = notification else {
        tracing::info!("S3 has tested the notification");
        return Ok(());
    };
    for event in events {
        event::note(env, &event).await?;
    }
    Ok(())
}
