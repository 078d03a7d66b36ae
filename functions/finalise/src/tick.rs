//! The watchdogs. A tick has a number: the next one is sent, then the row moves from this number to the next, so of two equal
//! ticks one ends. A tick asks for completion again; when a whole tick brought no progress, it looks at the objects and
//! sends messages again.

use std::time::Duration;

use platefleet_fleet::{
    id::{JobId, RollId},
    message::{Message, Queue},
    runner::Failure,
    state::{FileRow, FileState, Finding, JobState, RollState, Watch},
    store::{JobRow, Jobs, RollRow, Rolls},
};

use crate::{
    Needs, bury,
    standing::{Standing, findings_at_rest},
};

/// Tick `tick` of a roll.
pub(crate) async fn of_roll(env: &impl Needs, id: &RollId, tick: u64) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let Some(row) = rolls.roll(id).await? else { return Ok(()) };
    if row.watch.tick > tick {
        return Ok(());
    }
    if row.state.rank() > RollState::Finalising.rank() {
        let end = |was: Option<&RollRow>| {
            let row = was.filter(|r| r.state.rank() > RollState::Finalising.rank() && r.watch.tick <= tick)?;
            Some(RollRow { watch: ended(tick), ..row.clone() })
        };
        rolls.update_roll(id, end).await?;
        return Ok(());
    }
    let open = rolls.markers(id).count().await?;
    if is_quiet(env, &row) && rest(env, &row, tick).await? {
        return Ok(());
    }
    rolls.send_tick(id, tick + 1).await?;
    let step = |was: Option<&RollRow>| {
        let row = was.filter(|r| r.watch.tick == tick)?;
        Some(RollRow { watch: Watch { tick: tick + 1, armed: true, open: Some(open) }, ..row.clone() })
    };
    rolls.update_roll(id, step).await?;
    // By message: a roll that cannot be sealed ends with the dead letters, not with ticks that fail for ever.
    if row.planned.is_some() && rolls.nothing_open(id, 0).await? {
        return Ok(rolls.settle(id).await?);
    }
    if row.watch.open == Some(open) {
        push_roll(env, &row).await?;
    }
    Ok(())
}

/// Nothing has come for long, and nothing is being worked on.
fn is_quiet(env: &impl Needs, row: &RollRow) -> bool {
    let quiet = env.now_ms().saturating_sub(row.last_fact_ms);
    Duration::from_millis(quiet) >= env.settings().quiet && row.state != RollState::Finalising
}

/// Puts a quiet roll to rest with the list of what is missing; false when something of it is still being checked, or
/// when it is complete.
async fn rest(env: &impl Needs, read: &RollRow, tick: u64) -> Result<bool, Failure> {
    let rolls = Rolls(env);
    let standing = Standing::read(env, &read.roll).await?;
    let files = &standing.files;
    let is_worked_on = files.iter().any(|f| f.state == FileState::Paired);
    let missing: Vec<&FileRow> = files.iter().filter(|f| f.is_open() && f.state == FileState::Waiting).collect();
    if is_worked_on || (read.planned.is_some() && missing.is_empty()) {
        return Ok(false);
    }
    let findings = findings_at_rest(read, files);
    let same = |r: &RollRow| r.round == read.round && r.last_fact_ms == read.last_fact_ms && r.state == read.state;
    // The report goes before the row: a tick that ends between the two comes again, and finds the roll awake.
    if !rolls.roll(&read.roll).await?.as_ref().is_some_and(same) {
        return Ok(false);
    }
    standing.report(env, read, RollState::Incomplete, read.seal.as_ref(), &findings).await?;
    let (_, rests) = rolls
        .update_roll(&read.roll, |was| {
            let mut row = was.filter(|row| same(row))?.clone();
            row.state = RollState::Incomplete;
            row.findings.clone_from(&findings);
            standing.count(&mut row);
            row.watch = ended(tick);
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    if !rests {
        return Ok(false);
    }
    // A file that came between the look and the write found the roll awake: it must not stay unseen.
    let now_missing =
        rolls.files(&read.roll).await?.into_iter().filter(|f| f.is_open() && f.state == FileState::Waiting);
    if now_missing.map(|f| f.path).ne(missing.iter().map(|f| f.path.clone())) {
        rolls.touch(&read.roll, true).await?;
        rolls.push_checks(&read.roll).await?;
        rolls.settle(&read.roll).await?;
    }
    Ok(true)
}

/// The watch of what has ended: late ticks of up to this number end too.
fn ended(tick: u64) -> Watch {
    Watch { tick: tick + 1, armed: false, open: None }
}

/// Nothing moved for a whole tick: events and messages may have been lost.
async fn push_roll(env: &impl Needs, row: &RollRow) -> Result<(), Failure> {
    let roll = &row.roll;
    if row.planned.is_none() {
        let message = Message::ExpandHistory { roll: roll.clone(), hop: 0 };
        env.send(Queue::Intake, &message, Duration::ZERO).await?;
    }
    let message = Message::LookAgain { roll: roll.clone(), after: None, hop: 0 };
    env.send(Queue::Intake, &message, Duration::ZERO).await?;
    Ok(())
}

/// Tick `tick` of a job.
pub(crate) async fn of_job(env: &impl Needs, id: &JobId, tick: u64) -> Result<(), Failure> {
    let jobs = Jobs(env);
    let Some(row) = jobs.job(id).await? else { return Ok(()) };
    if row.watch.tick > tick {
        return Ok(());
    }
    if row.state.rank() > JobState::Finalising.rank() {
        let end = |was: Option<&JobRow>| {
            let row = was.filter(|r| r.state.rank() > JobState::Finalising.rank() && r.watch.tick <= tick)?;
            Some(JobRow { watch: ended(tick), ..row.clone() })
        };
        jobs.update_job(id, end).await?;
        return Ok(());
    }
    let open = jobs.markers(id).count().await?;
    jobs.send_tick(id, tick + 1).await?;
    let step = |was: Option<&JobRow>| {
        let row = was.filter(|r| r.watch.tick == tick)?;
        Some(JobRow { watch: Watch { tick: tick + 1, armed: true, open: Some(open) }, ..row.clone() })
    };
    jobs.update_job(id, step).await?;
    if row.watch.open == Some(open) {
        let order = Jobs(env).pull(&row.production, &row.pull).await?;
        if row.planned.is_none() && !order.is_some_and(|order| order.jobs.contains(id)) {
            let detail = "its order was replaced or taken back before it was planned";
            return bury::fail_job(env, id, Finding::new("refused", row.pull.as_str(), detail)).await;
        }
        if row.planned.is_none() {
            let message = Message::PlanPull { production: row.production.clone(), pull: row.pull.clone() };
            env.send(Queue::Plan, &message, Duration::ZERO).await?;
        } else {
            jobs.resend_ranges(&row).await?;
        }
    }
    if row.planned.is_some() && jobs.nothing_open(id, 0).await? {
        jobs.settle(id).await?;
    }
    Ok(())
}
