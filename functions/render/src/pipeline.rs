//! The frames of a range, one each being fetched, rendered and written at any time.

use std::{sync::Arc, time::Duration};

use futures::join;
use platefleet_fleet::{
    plan::RangeResult,
    ports::{self, Clock, Objects, Table, Workers},
    state::{Finding, JobState},
    store::{JobRow, Jobs},
};

use crate::frame::{self, Fetched, Made, Shared, Trouble};

/// Time kept for what follows the last frame: result, row, message.
const RESERVE: Duration = Duration::from_secs(6);

/// How a run of frames ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every plate of the range is delivered.
    Whole,
    /// Time is short: the rest is for another invocation.
    Later,
    /// The job was cancelled or opened again.
    Stale,
    /// A frame cannot be made.
    Failed(Finding),
}

/// True while messages of this epoch are to be worked.
pub(crate) fn is_live(job: Option<&JobRow>, epoch: u64) -> bool {
    job.is_some_and(|row| row.epoch == epoch && row.state.rank() < JobState::Finalising.rank())
}

/// Makes the plates that `result` does not have yet, and adds them to it.
pub(crate) async fn run(
    env: &(impl Objects + Table + Clock + Workers),
    shared: &Arc<Shared>,
    epoch: u64,
    result: &mut RangeResult,
) -> Result<End, ports::Error> {
    let jobs = Jobs(env);
    let (count, start) = (shared.order.frames.len(), result.frames.len());
    let mut next = start;
    let (mut fetched, mut made): (Option<Fetched>, Option<Made>) = (None, None);
    let (mut end, mut slowest) = (None, Duration::ZERO);
    loop {
        // At least one frame an invocation, so that every one comes further; a frame takes three more steps.
        let begin = end.is_none() && next < count && (next == start || env.time_left() > RESERVE + slowest * 3);
        if end.is_none() && next < count && !begin {
            end = Some(End::Later);
        }
        if !begin && fetched.is_none() && made.is_none() {
            return Ok(end.unwrap_or(End::Whole));
        }
        let began_ms = env.now_ms();
        let (to_render, to_write) = (fetched.take(), made.take());
        let (read, rendered, written, job) = join!(
            async { if begin { Some(frame::fetch(env, shared, next).await) } else { None } },
            async {
                match to_render {
                    Some(frame) => Some(frame::render(env, shared, frame).await),
                    None => None,
                }
            },
            async {
                match to_write {
                    Some(plate) => Some(frame::write(env, shared, plate).await),
                    None => None,
                }
            },
            jobs.job(&shared.order.job),
        );
        slowest = slowest.max(Duration::from_millis(env.now_ms().saturating_sub(began_ms)));
        next += usize::from(begin);
        if let Some((plate, warnings)) = keep(written, &mut end)? {
            result.frames.push(plate);
            for warning in warnings {
                if !result.warnings.contains(&warning) {
                    result.warnings.push(warning);
                }
            }
        }
        // The frame that is being rendered comes before the one that is being read: its trouble is told.
        let was_failed = end.is_some();
        made = keep(rendered, &mut end)?;
        let has_failed = !was_failed && end.is_some();
        let ahead = keep(read, &mut end)?;
        fetched = if has_failed { None } else { ahead };
        if !is_live(job?.as_ref(), epoch) {
            return Ok(End::Stale);
        }
    }
}

/// What a step made. The first trouble with a frame ends the run; trouble with the world ends the attempt.
fn keep<T>(step: Option<Result<T, Trouble>>, end: &mut Option<End>) -> Result<Option<T>, ports::Error> {
    match step {
        None => Ok(None),
        Some(Ok(done)) => Ok(Some(done)),
        Some(Err(Trouble::World(error))) => Err(error),
        Some(Err(Trouble::Frame(finding))) => {
            if !matches!(end, Some(End::Failed(_))) {
                *end = Some(End::Failed(finding));
            }
            Ok(None)
        }
    }
}
