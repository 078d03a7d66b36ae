//! `hash`: one file of a roll -> its verdict. Every digest that the manifest asks for in one pass of ranged reads; when time
//! runs out, the state of the digests is saved and the next invocation goes on. Where the store itself vouches for a
//! checksum of the right kind, nothing is read at all.

mod progress;
mod read;
mod verdict;

use platefleet_fleet::{
    message::Message,
    ports::{Bucket, Clock, Objects, Queues, Settings, Table, Workers},
    runner::{Failure, Record},
    state::{Expected, FileRow, FileState, Observed, Verdict},
    store::Rolls,
};
use platefleet_media::clip;

/// What this function asks of the world.
pub trait Needs: Objects + Queues + Table + Clock + Workers + Settings {}
impl<T: Objects + Queues + Table + Clock + Workers + Settings> Needs for T {}

/// Checks the file that one message names.
///
/// # Errors
/// [`Failure`], when it has to come again.
pub async fn handle(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    let message = record.message()?;
    let Message::HashFile { roll, path, round, hop } = message else {
        return Err(Failure::Hopeless(format!("hash does not take messages for {}", message.queue().name())));
    };
    let rolls = Rolls(env);
    let pattern = clip::key_of(&path).pattern;
    let Some(stored) = rolls.file(&roll, &pattern, &path).await? else { return Ok(()) };
    let file = stored.row;
    let (Some(expected), Some(observed)) = (&file.expected, &file.observed) else { return Ok(()) };
    let is_fresh = hop == 0 && record.attempt <= 1;
    let link = Link { file: &file, expected, observed, hop, is_fresh };
    if file.round != round || file.state != FileState::Paired {
        // Late or repeated. Who wrote the verdict may have ended before asking what follows from it.
        rolls.conclude_file(&file, None).await?;
        if file.state != FileState::Paired {
            progress::forget(env, &link).await?;
        }
        return Ok(());
    }
    match check(env, &link).await? {
        Check::Verdict(verdict) => {
            tracing::info!(outcome = if verdict.verified { "verified" } else { "failed" }, how = verdict.how);
            rolls.conclude_file(&file, Some(verdict)).await?;
            Ok(progress::forget(env, &link).await?)
        }
        Check::GoesOn => Ok(()),
        Check::Changed => {
            let file = rolls.observe_file(&roll, &pattern, &path).await?;
            rolls.touch(&roll, file.is_open()).await?;
            rolls.ask_beside(&file).await?;
            Ok(rolls.send_check(&file).await?)
        }
    }
}

/// One invocation of the chain that checks a file.
#[derive(Debug, Clone, Copy)]
struct Link<'a> {
    file: &'a FileRow,
    expected: &'a Expected,
    observed: &'a Observed,
    /// Invocations before this one.
    hop: u32,
    /// True for the first delivery of a message that nobody has handed over.
    is_fresh: bool,
}

/// What came of one attempt.
enum Check {
    /// The check is done.
    Verdict(Verdict),
    /// The rest was handed to the next invocation, or another one is at it.
    GoesOn,
    /// The object is no longer what was observed.
    Changed,
}

async fn check(env: &impl Needs, link: &Link<'_>) -> Result<Check, Failure> {
    let Link { file, expected, observed, .. } = *link;
    let now = env.now_ms();
    if let Some(verdict) = verdict::without_reading(file, expected, observed, now) {
        return Ok(Check::Verdict(verdict));
    }
    let key = file.roll.object_key(&file.path);
    let object = env.head(Bucket::Ingest, &key).await?.filter(|object| object.etag == observed.etag);
    let Some(object) = object else { return Ok(Check::Changed) };
    if let Some(verdict) = verdict::of_stored(file, expected, object.checksums, now) {
        return Ok(Check::Verdict(verdict));
    }
    read::digest(env, link).await
}
