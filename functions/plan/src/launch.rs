//! A job whose plan is written and committed: its rows, and then its messages.

use futures::{StreamExt as _, TryStreamExt as _};
use platefleet_fleet::{
    id::{JobId, Production, PullName},
    key::{job_root, range_order_key},
    plan::{EventStatus, Plan, RangeOrder, ShotPlan},
    ports::{Bucket, Clock, Error, Objects, Queues, Settings, Table},
    state::{JobState, RangeState, Watch},
    store::{JobRow, Jobs, RangeRow},
};

use crate::{findings, read_plan, write::IN_FLIGHT};

/// Brings a job from its plan to its ranges being rendered. Does nothing for a job that has come so far; goes on with one
/// that was left half-way.
pub(crate) async fn launch(
    env: &(impl Objects + Queues + Table + Clock + Settings),
    production: &Production,
    pull: &PullName,
    job: &JobId,
) -> Result<(), Error> {
    let jobs = Jobs(env);
    let (known, _) = jobs.update_job(job, |was| reopened(was?, env.now_ms())).await?;
    if known.is_some_and(|row| row.state != JobState::Planning) {
        return Ok(());
    }
    let plan = read_plan(env, production, pull, job).await?;
    let row = jobs.create(&job_row(&plan, env.now_ms())).await?;
    arm(env, &row).await?;
    for shot in &plan.shots {
        futures::stream::iter(shot.first_range..=shot.last_range)
            .map(|index| range(env, &row, shot, index))
            .buffered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
    }
    let ranges = plan.shots.last().map_or(0, |shot| shot.last_range + 1);
    let (planned, _) = jobs
        .update_job(job, |was| {
            let planning = was.filter(|row| row.state == JobState::Planning && row.planned.is_none())?;
            Some(JobRow { planned: Some(ranges), updated_ms: env.now_ms(), ..planning.clone() })
        })
        .await?;
    let Some(planned) = planned.filter(|row| row.state == JobState::Planning) else { return Ok(()) };
    // The state says last that the messages are sent: whoever finds it PLANNING sends them again.
    jobs.resend_ranges(&planned).await?;
    jobs.update_job(job, |was| {
        let planning = was.filter(|row| row.state == JobState::Planning)?;
        Some(JobRow { state: JobState::Rendering, updated_ms: env.now_ms(), ..planning.clone() })
    })
    .await?;
    tracing::info!(job = job.as_str(), ranges, shots = plan.shots.len(), "launched");
    Ok(())
}

/// A job whose planning was given up before its rows stood is planned anew when its order is: in the next round, and in an
/// epoch of its own.
fn reopened(row: &JobRow, now_ms: u64) -> Option<JobRow> {
    (row.state == JobState::Failed && row.planned.is_none()).then(|| JobRow {
        state: JobState::Planning,
        round: row.round + 1,
        epoch: row.epoch + 1,
        findings: Vec::new(),
        updated_ms: now_ms,
        ..row.clone()
    })
}

fn job_row(plan: &Plan, now_ms: u64) -> JobRow {
    let left_out = plan.events.iter().filter(|e| e.status != EventStatus::Planned).count();
    JobRow {
        job: plan.job.clone(),
        production: plan.production.clone(),
        pull: plan.pull.clone(),
        state: JobState::Planning,
        round: 1,
        epoch: 1,
        root: job_root(&plan.production, &plan.pull, &plan.job),
        planned: None,
        watch: Watch::default(),
        shots: plan.shots.len() as u32,
        frames: plan.shots.iter().map(|s| u64::from(s.last - s.first + 1)).sum(),
        left_out: left_out as u32,
        sealed_at_ms: None,
        findings: findings(&plan.events),
        created_ms: now_ms,
        updated_ms: now_ms,
    }
}

/// Arms the watchdog of a job. The tick goes first: a crash before the write leaves a tick that finds its number and goes
/// on.
async fn arm(env: &(impl Queues + Table + Clock + Settings), row: &JobRow) -> Result<(), Error> {
    if row.watch.armed {
        return Ok(());
    }
    let jobs = Jobs(env);
    jobs.send_tick(&row.job, row.watch.tick).await?;
    let armed = |was: Option<&JobRow>| {
        let row = was.filter(|row| !row.watch.armed && row.state == JobState::Planning)?;
        Some(JobRow { watch: Watch { armed: true, ..row.watch }, ..row.clone() })
    };
    jobs.update_job(&row.job, armed).await.map(|_| ())
}

/// The row of a range, unless it stands. Its frame numbers are those of its order.
async fn range(env: &(impl Objects + Table), job: &JobRow, shot: &ShotPlan, index: u32) -> Result<(), Error> {
    let jobs = Jobs(env);
    if jobs.range(&job.job, index).await?.is_some() {
        return Ok(());
    }
    let key = range_order_key(&job.root, index);
    let bytes = env.get(Bucket::Delivery, &key, None, None).await?;
    let order: RangeOrder =
        serde_json::from_slice(&bytes).map_err(|e| Error::Refused(format!("{key} is not readable: {e}")))?;
    let number = |frame: Option<&platefleet_fleet::plan::FrameOrder>| frame.map_or(0, |f| f.number);
    jobs.create_range(&RangeRow {
        job: job.job.clone(),
        index,
        shot: shot.name.clone(),
        first: number(order.frames.first()),
        last: number(order.frames.last()),
        round: job.round,
        state: RangeState::Pending,
        attempts: 0,
        ms: 0,
        error: None,
    })
    .await
}
