//! `render`: one range of frames -> EXR plates, one object each.
//!
//! While one frame is rendered, the next is read and the one before is written; never more than that is in memory. Keys and
//! bytes of plates are functions of the order alone, so a range that runs twice writes the same. When time runs out, the
//! next invocation goes on with the next frame.

mod frame;
mod line;

use std::time::Duration;

use platefleet_fleet::{
    id::{JobId, bucket_of},
    key,
    message::{Message, Queue},
    plan::{RangeOrder, RangeResult},
    ports::{Bucket, Clock, Error, Objects, PutIf, Queues, Settings, Table, Workers},
    runner::{Failure, Record},
    state::{Finding, JobState, RangeState},
    store::{JobRow, Jobs, RangeRow},
};

use line::{Line, Stop};

/// What this function asks of the world.
pub trait Needs: Objects + Queues + Table + Clock + Workers + Settings {}
impl<T: Objects + Queues + Table + Clock + Workers + Settings> Needs for T {}

/// Most invocations of one range: more than it has frames.
const MAX_HOPS: u32 = 2_000;

/// Renders the range that one message names.
///
/// # Errors
/// [`Failure`], when it has to come again. What is wrong with footage or order is a finding of the range instead.
pub async fn handle(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    let message = record.message()?;
    let Message::RenderRange { job, range, epoch, from, hop } = message else {
        return Err(Failure::Hopeless(format!("render does not take messages for {}", message.queue().name())));
    };
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("range {range} took more than {MAX_HOPS} invocations")));
    }
    let jobs = Jobs(env);
    let Some(row) = jobs.job(&job).await?.filter(|row| is_wanted(row, epoch)) else { return Ok(()) };
    let Some(known) = jobs.range(&job, range).await? else { return Ok(()) };
    if known.is_open() {
        // The attempt is noted before the work: whoever runs out of memory cannot note it afterwards.
        let note = |was: Option<&RangeRow>| {
            let range = was.filter(|range| range.is_open())?;
            Some(RangeRow { attempts: range.attempts + 1, ..range.clone() })
        };
        jobs.update_range(&job, range, note).await?;
        let began = env.now_ms();
        match work(env, &row, range, from).await? {
            Stop::End(result) => conclude(env, &row, range, result, began).await?,
            Stop::Late(next) => {
                let message = Message::RenderRange { job, range, epoch, from: next, hop: hop + 1 };
                return Ok(env.send(Queue::Render, &message, Duration::ZERO).await?);
            }
            Stop::Unwanted => return Ok(()),
        }
    }
    // Asked after every attempt, repeated ones included: whoever concluded may have ended before asking.
    let is_planned = jobs.job(&job).await?.is_some_and(|row| row.planned.is_some());
    if is_planned && jobs.nothing_open(&job, bucket_of(&RangeRow::name_of(range))).await? {
        jobs.settle(&job).await?;
    }
    Ok(())
}

/// A cancel or a redrive has begun another epoch; a job that is sealed wants nothing.
fn is_wanted(row: &JobRow, epoch: u64) -> bool {
    row.epoch == epoch && row.state.rank() <= JobState::Finalising.rank()
}

/// Renders the frames of a range from `from` on, as far as time goes.
async fn work(env: &impl Needs, row: &JobRow, range: u32, from: u32) -> Result<Stop, Failure> {
    let order: RangeOrder = read(env, &key::range_order_key(&row.root, range)).await?;
    let mut line = Line::new(env, row, order);
    if from > 0 {
        line.result = read(env, &key::range_key(&row.root, range)).await?;
    }
    if let Err(finding) = line.framing().await? {
        line.result.failed.push(finding);
        return Ok(Stop::End(line.result));
    }
    let stop = line.run(from as usize).await?;
    if let Stop::Late(_) = stop {
        write(env, &row.root, &line.result).await?;
    }
    Ok(stop)
}

/// Writes what was made, then the row.
async fn conclude(env: &impl Needs, row: &JobRow, range: u32, result: RangeResult, began: u64) -> Result<(), Failure> {
    write(env, &row.root, &result).await?;
    let error = finding_of(&result);
    let ms = env.now_ms().saturating_sub(began);
    tracing::info!(
        outcome = if error.is_none() { "rendered" } else { "failed" },
        frames = result.frames.len(),
        ms,
        reason = error.as_ref().map(|finding| finding.detail.as_str()),
    );
    let state = if error.is_none() { RangeState::Done } else { RangeState::Failed };
    let decide = |was: Option<&RangeRow>| {
        let range = was.filter(|range| range.is_open())?;
        Some(RangeRow { state, error: error.clone(), ms: range.ms + ms, ..range.clone() })
    };
    Jobs(env).update_range(&row.job, range, decide).await?;
    Ok(())
}

/// One finding for the whole range: the first frame that could not be made, and how many more.
fn finding_of(result: &RangeResult) -> Option<Finding> {
    let mut first = result.failed.first()?.clone();
    let more = result.failed.len() - 1;
    if more > 0 {
        first.detail = format!("{}; and {more} more frames of this range could not be made", first.detail);
    }
    Some(first)
}

async fn read<T: serde::de::DeserializeOwned>(env: &impl Needs, key: &str) -> Result<T, Failure> {
    let bytes = env.get(Bucket::Delivery, key, None, None).await?;
    serde_json::from_slice(&bytes).map_err(|e| Failure::Hopeless(format!("{key} is not readable by this build: {e}")))
}

async fn write(env: &impl Needs, root: &str, result: &RangeResult) -> Result<(), Error> {
    let mut bytes = serde_json::to_vec_pretty(result).map_err(|e| Error::Refused(e.to_string()))?;
    bytes.push(b'\n');
    env.put(Bucket::Delivery, &key::range_key(root, result.index), bytes, PutIf::Always).await?;
    Ok(())
}

/// Whether the job still wants this epoch: asked between frames.
async fn still_wanted(env: &impl Needs, job: &JobId, epoch: u64) -> Result<bool, Error> {
    Ok(Jobs(env).job(job).await?.is_some_and(|row| is_wanted(&row, epoch)))
}
