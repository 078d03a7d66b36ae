//! One range of frames: the plates of it, each one PUT under a key that follows from the order.
//!
//! A message of another epoch does nothing; one whose range is done asks again whether the job is complete. The attempt is
//! recorded before the work, so that a range that ends its function every time is seen. When time is short, what is
//! delivered is noted in the range's result, and a message for the rest is sent. A frame that cannot be made fails its
//! range with a finding that names the file; only what the world did not answer is tried again.

mod frame;
mod pipeline;

use std::{sync::Arc, time::Duration};

use platefleet_fleet::{
    id::{JobId, bucket_of, hex_sha256},
    key::{range_key, range_order_key},
    message::{Message, Queue},
    plan::{RangeOrder, RangeResult},
    ports::{self, Bucket, Clock, Objects, PutIf, Queues, Settings, Table, Workers},
    runner::{Failure, Record},
    state::{Finding, RangeState},
    store::{JobRow, Jobs, RangeRow},
};
use platefleet_media::frame::Document;

use frame::Shared;
use pipeline::{End, is_live};

/// Most invocations that a range may take; each makes at least one frame.
const MAX_HOPS: u32 = 200;

/// What this function asks of the world.
pub trait Needs: Objects + Queues + Table + Clock + Workers + Settings {}
impl<T: Objects + Queues + Table + Clock + Workers + Settings> Needs for T {}

/// Works one message.
///
/// # Errors
/// [`Failure::Retry`] when a port did not answer; [`Failure::Hopeless`] for a message that is none of this function's.
pub async fn handle(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    let Message::RenderRange { job, range, epoch, hop, .. } = record.message()? else {
        return Err(Failure::Hopeless("only ranges are rendered here".into()));
    };
    let jobs = Jobs(env);
    let Some(row) = jobs.job(&job).await?.filter(|row| is_live(Some(row), epoch)) else {
        tracing::info!(job = job.as_str(), range, epoch, "the job has gone on");
        return Ok(());
    };
    let attempt = |was: Option<&RangeRow>| {
        let open = was.filter(|r| r.is_open())?;
        Some(RangeRow { attempts: open.attempts + 1, ..open.clone() })
    };
    let Some(open) = jobs.update_range(&job, range, attempt).await? else { return Ok(()) };
    if open.is_open() {
        let began_ms = env.now_ms();
        let Some(error) = work(env, &row, range, hop).await? else { return Ok(()) };
        let ms = env.now_ms().saturating_sub(began_ms);
        // A redrive opens the next round: a verdict of this one does not count there.
        let conclude = |was: Option<&RangeRow>| {
            let same = was.filter(|r| r.is_open() && r.round == open.round)?;
            let state = if error.is_some() { RangeState::Failed } else { RangeState::Done };
            Some(RangeRow { state, error: error.clone(), ms: same.ms + ms, ..same.clone() })
        };
        jobs.update_range(&job, range, conclude).await?;
    }
    // Asked after every attempt, repeated ones included.
    let planned = jobs.job(&job).await?.is_some_and(|row| row.planned.is_some());
    if planned && jobs.nothing_open(&job, bucket_of(&RangeRow::name_of(range))).await? {
        jobs.settle(&job).await?;
    }
    Ok(())
}

/// Makes the plates of a range. `None` when the range is not at its end; else what is wrong with it, if anything is.
async fn work(env: &impl Needs, row: &JobRow, range: u32, hop: u32) -> Result<Option<Option<Finding>>, Failure> {
    let place = range_order_key(&row.root, range);
    let bytes = env.get(Bucket::Delivery, &place, None, None).await?;
    let order: RangeOrder = serde_json::from_slice(&bytes)
        .map_err(|e| Failure::Hopeless(format!("{place} is not readable by this build: {e}")))?;
    let document = match framing(env, &order).await? {
        Ok(document) => document,
        Err(finding) => return Ok(Some(Some(finding))),
    };
    let (mut result, stands) = progress(env, row, &order).await?;
    let (shared, before) = (Arc::new(Shared { order, document }), result.frames.len());
    let end = pipeline::run(env, &shared, row.epoch, &mut result).await?;
    tracing::info!(
        plates = result.frames.len() - before,
        bytes = result.frames[before..].iter().map(|f| f.bytes).sum::<u64>(),
        end = ?end,
        "rendered"
    );
    let key = range_key(&row.root, range);
    match end {
        End::Stale => Ok(None),
        End::Failed(finding) => Ok(Some(Some(finding))),
        End::Whole => {
            put(env, &key, &result, PutIf::Always).await?;
            Ok(Some(None))
        }
        End::Later if hop >= MAX_HOPS => {
            let name = &shared.order.name;
            let detail = format!("range {range} of {name} took more than {MAX_HOPS} invocations");
            Ok(Some(Some(Finding::new("gave-up", name, detail))))
        }
        End::Later => {
            // Over what was read only: a repeated message may have come further meanwhile, and its result stays.
            match put(env, &key, &result, stands.map_or(PutIf::Absent, PutIf::Match)).await {
                Ok(()) | Err(ports::Error::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
            send_on(env, &row.job, row.epoch, range, result.frames.len() as u32, hop + 1).await?;
            Ok(None)
        }
    }
}

async fn send_on(
    env: &impl Queues,
    job: &JobId,
    epoch: u64,
    range: u32,
    from: u32,
    hop: u32,
) -> Result<(), ports::Error> {
    let message = Message::RenderRange { job: job.clone(), range, epoch, from, hop };
    env.send(Queue::Render, &message, Duration::ZERO).await
}

/// The framing document of a range, if it has one, or why it cannot be used.
async fn framing(env: &impl Objects, order: &RangeOrder) -> Result<Result<Option<Document>, Finding>, ports::Error> {
    let Some(place) = &order.fdl else { return Ok(Ok(None)) };
    let replaced = || {
        let detail =
            format!("{}: the framing document was replaced after the order was planned: order again", order.name);
        Finding::new("mismatch", &place.key, detail)
    };
    let bytes = match env.get(Bucket::Ingest, &place.key, None, Some(&place.etag)).await {
        Ok(bytes) => bytes,
        Err(ports::Error::NotFound(_) | ports::Error::Conflict(_)) => return Ok(Err(replaced())),
        Err(other) => return Err(other),
    };
    if hex_sha256(&bytes) != place.sha256 {
        return Ok(Err(replaced()));
    }
    Ok(Document::parse(&bytes).map(Some).map_err(|e| Finding::of(&e, &place.key)))
}

/// What earlier invocations have delivered of a range, and the entity tag of that note.
async fn progress(
    env: &impl Objects,
    row: &JobRow,
    order: &RangeOrder,
) -> Result<(RangeResult, Option<String>), ports::Error> {
    let fresh =
        RangeResult { schema: "range-result.v1".into(), index: order.index, frames: Vec::new(), warnings: Vec::new() };
    let key = range_key(&row.root, order.index);
    let Some(object) = env.head(Bucket::Delivery, &key).await? else { return Ok((fresh, None)) };
    let bytes = env.get(Bucket::Delivery, &key, None, Some(&object.etag)).await?;
    let begins = |known: &RangeResult| {
        let numbers = known.frames.iter().map(|f| f.number);
        known.frames.len() <= order.frames.len()
            && numbers.eq(order.frames.iter().map(|f| f.number).take(known.frames.len()))
    };
    let known = serde_json::from_slice::<RangeResult>(&bytes).ok().filter(begins);
    Ok((known.unwrap_or(fresh), Some(object.etag)))
}

async fn put(env: &impl Objects, key: &str, result: &RangeResult, condition: PutIf) -> Result<(), ports::Error> {
    let mut bytes = serde_json::to_vec_pretty(result).map_err(|e| ports::Error::Refused(e.to_string()))?;
    bytes.push(b'\n');
    env.put(Bucket::Delivery, key, bytes, condition).await.map(|_| ())
}
