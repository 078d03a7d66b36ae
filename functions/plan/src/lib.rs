//! One pull order: a job, its shots and frame ranges.
//!
//! Every event of the order is accounted for: planned, waiting for a clip, or refused with a reason that a VFX editor
//! understands. What can be made is made now. When a clip arrives that an order waits for, the order is planned again, and
//! a further job makes only what no earlier job of the same order has. An order of which nothing can be made yet is
//! `waiting`, one of which nothing can be made at all `refused`; neither has a job.
//!
//! The steps, each repeatable: decide; write the documents of the job; write the order's row over the one that was read,
//! which commits the decision; launch the job from its plan. A repeated message finds the row and only finishes the
//! launch. The row says what the order wants before the clips are looked at a last time, and `inspect` writes a clip
//! before it looks for orders: one of the two always sees the other.

mod attachments;
mod clips;
mod launch;
mod ranges;
mod recipe;
mod shot;
mod span;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use platefleet_fleet::{
    id::{JobId, Production, PullName},
    key::{ORDER_FILE, job_root, plan_key, pull_prefix},
    message::Message,
    order::{self, Order, Shot, Source},
    plan::{Event, EventStatus, Plan},
    ports::{self, Bucket, Clock, Objects, Queues, Settings, Table},
    runner::{Failure, Record},
    state::Finding,
    store::{Jobs, PullRow, PullState, Stored},
};

use attachments::Attachments;
use clips::{Found, Shelf};
use shot::Draft;

/// How often an order is looked at again in one invocation when it, or its clips, change meanwhile.
const MAX_ROUNDS: u32 = 6;
/// Most plates of an order.
const MAX_FRAMES: usize = 200_000;
/// Most findings in a row, and most bytes of one: a row holds 400 KB.
const MAX_FINDINGS: usize = 400;
const MAX_DETAIL: usize = 400;
/// Most names in a row that an order waits for.
const MAX_WANTS: usize = 1_000;

/// Works one message.
///
/// # Errors
/// [`Failure::Retry`] when a port did not answer; [`Failure::Hopeless`] for a message that is none of this function's.
pub async fn handle(env: &(impl Objects + Queues + Table + Clock + Settings), record: &Record) -> Result<(), Failure> {
    let Message::PlanPull { production, pull } = record.message()? else {
        return Err(Failure::Hopeless("only orders are planned here".into()));
    };
    for _ in 0..MAX_ROUNDS {
        match round(env, &production, &pull).await {
            Ok(Round::Settled) => return Ok(()),
            Ok(Round::Changed) | Err(ports::Error::Conflict(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(Failure::Retry(format!("order {pull} of {production} changes while it is planned")))
}

enum Round {
    /// The row says what is true.
    Settled,
    /// It was written, and clips have to be looked at once more.
    Changed,
}

async fn round(
    env: &(impl Objects + Queues + Table + Clock + Settings),
    production: &Production,
    pull: &PullName,
) -> Result<Round, ports::Error> {
    let jobs = Jobs(env);
    let was = jobs.stored_pull(production, pull).await?;
    let key = format!("{}{ORDER_FILE}", pull_prefix(production, pull));
    let Some(object) = env.head(Bucket::Ingest, &key).await? else {
        tracing::info!(key, "the order was taken back");
        return Ok(Round::Settled);
    };
    let order = if object.size > order::MAX_BYTES as u64 {
        Err(vec![Finding::new("malformed", ORDER_FILE, format!("is larger than {} bytes", order::MAX_BYTES))])
    } else {
        let bytes = env.get(Bucket::Ingest, &key, None, Some(&object.etag)).await?;
        Order::parse(&bytes).and_then(|order| belongs(order, production, pull))
    };
    let known: Vec<JobId> =
        was.as_ref().filter(|w| w.row.etag == object.etag).map(|w| w.row.jobs.clone()).unwrap_or_default();
    let row = PullRow {
        production: production.clone(),
        pull: pull.clone(),
        etag: object.etag,
        state: PullState::Refused,
        job: None,
        jobs: known,
        wants: Vec::new(),
        findings: Vec::new(),
        updated_ms: env.now_ms(),
    };
    let row = match order {
        Err(findings) => PullRow { findings: shorten(findings), ..row },
        Ok(order) => decide(env, &order, row).await?,
    };
    let again = commit(env, was.as_ref(), &row).await?;
    // All of them: an earlier one may have been left half-way when a further clip arrived.
    for job in &row.jobs {
        launch::launch(env, production, pull, job).await?;
    }
    Ok(again)
}

/// An order is one of its folder.
fn belongs(order: Order, production: &Production, pull: &PullName) -> Result<Order, Vec<Finding>> {
    let mut problems = Vec::new();
    let mut same = |field: &str, says: &str, folder: &str| {
        if says != folder {
            let detail = format!("`{field}` is `{says}`, but the order was uploaded to `{folder}`");
            problems.push(Finding::new("malformed", ORDER_FILE, detail));
        }
    };
    same("production", order.production.as_str(), production.as_str());
    same("pull", order.pull.as_str(), pull.as_str());
    if problems.is_empty() { Ok(order) } else { Err(problems) }
}

/// Writes the row when it says something new.
async fn commit(env: &impl Table, was: Option<&Stored<PullRow>>, row: &PullRow) -> Result<Round, ports::Error> {
    if was.is_some_and(|w| PullRow { updated_ms: row.updated_ms, ..w.row.clone() } == *row) {
        return Ok(Round::Settled);
    }
    Jobs(env).save_pull(row, was).await?;
    Ok(if row.wants.is_empty() { Round::Settled } else { Round::Changed })
}

/// Accounts for every event, and writes the documents of a job that makes what no earlier one does. Answers the row to
/// be, `row` filled in.
async fn decide(env: &(impl Objects + Table + Settings), order: &Order, row: PullRow) -> Result<PullRow, ports::Error> {
    let attachments = attachments::read(env, order).await?;
    let made = made_before(env, &row).await?;
    let mut shelf = Shelf::new(env, &order.production);
    let (mut events, mut drafts, mut frames) = (Vec::new(), Vec::new(), 0);
    let mut wants = BTreeSet::new();
    for (index, shot) in order.shots.iter().enumerate() {
        let (mut event, draft) = account(&mut shelf, index, shot, &attachments).await?;
        if event.status == EventStatus::Waiting {
            wants.insert(match &shot.source {
                Source::Clip(name) | Source::Reel(name) => name.clone(),
            });
        }
        match draft.map(|draft| (made.get(&(shot.shot.clone(), shot.plate.clone())), draft)) {
            Some((Some((content, job)), draft)) if *content == draft.content => {
                event.reason = Some(format!("it is made by job {}", job.short()));
            }
            Some((_, draft)) if frames + draft.frames.len() > MAX_FRAMES => {
                refuse(&mut event, format!("an order has at most {MAX_FRAMES} plates; put it into another order"));
            }
            Some((_, draft)) => {
                frames += draft.frames.len();
                drafts.push(draft);
            }
            None => {}
        }
        events.push(event);
    }
    let findings = findings(&events);
    let new = if drafts.is_empty() { None } else { Some(write::documents(env, order, events, drafts).await?) };
    let mut jobs = row.jobs.clone();
    jobs.extend(new.filter(|job| !row.jobs.contains(job)));
    let state = match (jobs.is_empty(), wants.is_empty()) {
        (false, _) => PullState::Planned,
        (true, false) => PullState::Waiting,
        (true, true) => PullState::Refused,
    };
    let wants = wants.into_iter().take(MAX_WANTS).collect();
    Ok(PullRow { state, job: jobs.last().cloned(), jobs, wants, findings, ..row })
}

/// What earlier jobs of this very order make: by shot and plate, the content and the job.
async fn made_before(
    env: &impl Objects,
    row: &PullRow,
) -> Result<BTreeMap<(String, String), (String, JobId)>, ports::Error> {
    let mut made = BTreeMap::new();
    for job in &row.jobs {
        let plan = read_plan(env, &row.production, &row.pull, job).await?;
        made.extend(plan.shots.into_iter().map(|s| ((s.shot, s.plate), (s.content, job.clone()))));
    }
    Ok(made)
}

/// The plan of a job, which stands before any row names the job.
async fn read_plan(
    env: &impl Objects,
    production: &Production,
    pull: &PullName,
    job: &JobId,
) -> Result<Plan, ports::Error> {
    let key = plan_key(&job_root(production, pull, job));
    let bytes = env.get(Bucket::Delivery, &key, None, None).await?;
    serde_json::from_slice(&bytes).map_err(|e| ports::Error::Refused(format!("{key} is not readable: {e}")))
}

/// What becomes of one event: the draft of its plates when they can be made.
async fn account(
    shelf: &mut Shelf<'_, impl Objects + Table>,
    index: usize,
    shot: &Shot,
    attachments: &Attachments,
) -> Result<(Event, Option<Draft>), ports::Error> {
    let mut event = blank(index, shot);
    // What is wrong with the order itself is told before anybody waits for a clip.
    if let Err(reason) = recipe::check(shot, attachments) {
        refuse(&mut event, reason);
        return Ok((event, None));
    }
    let (clip, frames) = match shelf.find(shot).await? {
        Found::Ready(clip, frames) => (clip, frames),
        Found::Waiting(reason) => {
            event.reason = Some(reason);
            return Ok((event, None));
        }
        Found::Refused(reason) => {
            refuse(&mut event, reason);
            return Ok((event, None));
        }
    };
    let metadata = &clip.metadata;
    event.reel.clone_from(&metadata.reel_name);
    event.clip.clone_from(&metadata.clip_name);
    event.rate.clone_from(&metadata.frame_rate);
    match shot::draft(shot, &clip, &frames, attachments) {
        Ok(draft) => {
            event.status = EventStatus::Planned;
            event.frames = draft.frames.len() as u64;
            event.warnings.clone_from(&draft.warnings);
            (event.source_in, event.source_out) = (Some(draft.source.0.clone()), Some(draft.source.1.clone()));
            Ok((event, Some(draft)))
        }
        Err(reason) => {
            refuse(&mut event, reason);
            Ok((event, None))
        }
    }
}

/// An event as it was ordered.
fn blank(index: usize, shot: &Shot) -> Event {
    let (clip, reel) = match &shot.source {
        Source::Clip(name) => (Some(name.clone()), None),
        Source::Reel(name) => (None, Some(name.clone())),
    };
    let (source_in, source_out) = span::as_ordered(&shot.span).unzip();
    Event {
        index,
        name: format!("{}_{}", shot.shot, shot.plate),
        shot: shot.shot.clone(),
        reel,
        clip,
        source_in,
        source_out,
        rate: None,
        frames: 0,
        status: EventStatus::Waiting,
        reason: None,
        warnings: Vec::new(),
    }
}

fn refuse(event: &mut Event, reason: String) {
    event.status = EventStatus::Refused;
    event.frames = 0;
    event.reason = Some(reason);
}

/// A finding for each event that is not made.
pub(crate) fn findings(events: &[Event]) -> Vec<Finding> {
    let left_out = events.iter().filter_map(|event| {
        let kind = match event.status {
            EventStatus::Planned => return None,
            EventStatus::Waiting => "waiting",
            EventStatus::Refused => "refused",
        };
        Some(Finding::new(kind, &event.name, event.reason.as_deref().unwrap_or_default()))
    });
    shorten(left_out.collect())
}

/// As many findings, and as much of each, as a row holds.
fn shorten(mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    findings.truncate(MAX_FINDINGS);
    for text in findings.iter_mut().flat_map(|f| [&mut f.path, &mut f.detail]) {
        if text.len() > MAX_DETAIL {
            *text = format!("{}...", text.chars().take(MAX_DETAIL / 4).collect::<String>());
        }
    }
    if more > 0 {
        findings.push(Finding::new("refused", ORDER_FILE, format!("{more} more events are not made")));
    }
    findings
}
