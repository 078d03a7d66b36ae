//! What becomes of a message that everybody gave up on: its row says so, and nothing returns for ever. The function that gave
//! up could not write this itself: it ran out of memory or time, or panicked.

use std::collections::BTreeMap;

use platefleet_fleet::{
    documents::Documents,
    id::{ClipId, JobId, Production, PullName, RollId, bucket_of},
    key::{self, Upload},
    message::Message,
    ports::Error,
    runner::{Failure, Record},
    s3_event::Notification,
    state::{FileState, Finding, JobState, RangeState, RollState, Verdict, fitting},
    store::{Audit, ClipRow, ClipState, Clips, JobRow, Jobs, PullState, RangeRow, RollRow, Rolls},
};
use platefleet_media::{
    clip::{self, Metadata, Role},
    path::RelativePath,
};
use serde_json::json;

use crate::Needs;

const KIND: &str = "gave-up";

/// Writes what is lost into the row that it belongs to.
pub(crate) async fn bury(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    tracing::error!(
        outcome = "buried",
        source = record.source,
        body = record.body.chars().take(2000).collect::<String>()
    );
    let Ok(message) = Message::parse(&record.body) else { return event(env, record).await };
    let text = format!("every attempt of {} failed; its log says why", message.queue().name());
    match message {
        Message::ExpandHistory { roll, .. } => {
            let finding = Finding::new(KIND, "ascmhl", format!("{text}. Upload the history again when that is mended"));
            untaken(env, &roll, finding).await
        }
        // The watchdog sends them again.
        Message::LookAgain { .. } | Message::SendChecks { .. } => Ok(()),
        Message::HashFile { roll, path, round, .. } => file(env, &roll, &path, round, text).await,
        Message::InspectClip { roll, pattern } | Message::LookAtClip { roll, pattern } => {
            inspection(env, &roll, &pattern, text).await
        }
        Message::PlanPull { production, pull } => order(env, &production, &pull, text).await,
        Message::RenderRange { job, range, epoch, .. } => self::range(env, &job, range, epoch, text).await,
        Message::SettleRoll { roll } | Message::TickRoll { roll, .. } => {
            fail_roll(env, &roll, Finding::new(KIND, roll.path.as_str(), format!("it could not be sealed: {text}")))
                .await
        }
        Message::SettleJob { job } | Message::TickJob { job, .. } => {
            fail_job(env, &job, Finding::new(KIND, job.short(), format!("it could not be sealed: {text}"))).await
        }
    }
}

/// An event of S3, or a body that nobody can read: noted in the audit trail, of the roll where there is one.
async fn event(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    let body: String = record.body.chars().take(4000).collect();
    let Ok(Notification::Objects(events)) = Notification::parse(&record.body) else {
        let details = json!({"source": record.source, "body": body});
        return Ok(Audit(env).note("dead-letters", &format!("unreadable#{}", record.id), details).await?);
    };
    for event in events {
        let Ok(upload) = key::classify(&event.key) else { continue };
        let finding = |path: &str| Finding::new(KIND, path, "its upload could not be taken in: upload it again");
        match upload {
            Upload::History { roll, name } => note_roll(env, &roll, finding(&name)).await?,
            Upload::Order { production, pull } => {
                order(env, &production, &pull, "its upload could not be taken in".into()).await?;
            }
            Upload::Footage { production, path } => {
                for roll in key::candidate_rolls(&production, &path) {
                    if Rolls(env).roll(&roll).await?.is_some() {
                        note_roll(env, &roll, finding(path.as_str())).await?;
                        break;
                    }
                }
            }
            Upload::Attachment => {}
        }
    }
    Ok(())
}

async fn file(env: &impl Needs, roll: &RollId, path: &RelativePath, round: u64, text: String) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let Some(stored) = rolls.file(roll, &clip::key_of(path).pattern, path).await? else { return Ok(()) };
    let is_waited_for = stored.row.round == round && stored.row.state == FileState::Paired;
    let verdict = is_waited_for.then(|| Verdict {
        verified: false,
        how: KIND.into(),
        finding: Some(Finding::new(KIND, path.as_str(), format!("could not be read: {text}. Upload it again"))),
        digests: BTreeMap::new(),
        at_ms: env.now_ms(),
    });
    Ok(rolls.conclude_file(&stored.row, verdict).await?)
}

async fn inspection(env: &impl Needs, roll: &RollId, pattern: &str, text: String) -> Result<(), Failure> {
    if RelativePath::new(pattern).is_ok_and(|path| Role::of(&path) == Role::Sidecar) {
        let detail = format!("could not be added to the record of its clip: {text}. Upload it again");
        return note_roll(env, roll, Finding::new(KIND, pattern, detail)).await;
    }
    let clips = Clips(env);
    let id = ClipId::of(roll, pattern);
    let was = clips.stored(&roll.production, &id).await?;
    let files = Rolls(env).files_of_clip(roll, pattern).await?;
    let companions = was.as_ref().map(|was| was.row.companions.clone()).unwrap_or_default();
    let revision = ClipRow::revision_of(&files, &companions);
    let is_there = files.iter().any(|file| file.expected.is_some() || file.observed.is_some());
    if let Some(was) = was.as_ref().filter(|was| was.row.revision == revision) {
        // It stands; who died may have deleted facets of it.
        return Ok(clips.repair(&was.row).await?);
    }
    if !is_there {
        return Ok(());
    }
    let key = files.first().map(|file| clip::key_of(&file.path));
    let metadata = Metadata {
        path: Some(pattern.to_owned()),
        clip_name: key.as_ref().map(|key| key.clip_name().to_owned()),
        role: key.map(|key| key.role),
        ..Metadata::default()
    };
    let row = ClipRow {
        clip: id,
        roll: roll.clone(),
        pattern: pattern.to_owned(),
        state: ClipState::Invalid,
        revision,
        files: files.len() as u64,
        unchecked: files.iter().all(|file| file.expected.is_none()),
        companions,
        metadata,
        frames_key: None,
        findings: vec![Finding::new(KIND, pattern, format!("could not be inspected: {text}"))],
        reads: 0,
        read_bytes: 0,
        inspected_ms: env.now_ms(),
    };
    Ok(clips.put(&row, was.as_ref()).await?)
}

async fn order(env: &impl Needs, production: &Production, pull: &PullName, text: String) -> Result<(), Failure> {
    let jobs = Jobs(env);
    let finding =
        Finding::new(KIND, pull.as_str(), format!("could not be planned: {text}. Upload its pull.json again"));
    let Some(stored) = jobs.stored_pull(production, pull).await? else {
        return Ok(Audit(env).note(&format!("{production}/{pull}"), KIND, json!(finding)).await?);
    };
    let mut row = stored.row.clone();
    for job in row.job.iter().chain(&row.jobs) {
        if jobs.job(job).await?.is_some_and(|job| job.planned.is_none()) {
            fail_job(env, job, finding.clone()).await?;
        }
    }
    row.state = PullState::Refused;
    row.findings = vec![finding];
    row.updated_ms = env.now_ms();
    match jobs.save_pull(&row, Some(&stored)).await {
        // Somebody has planned it meanwhile: what he wrote stands.
        Err(Error::Conflict(_)) => Ok(()),
        other => Ok(other?),
    }
}

async fn range(env: &impl Needs, job: &JobId, index: u32, epoch: u64, text: String) -> Result<(), Failure> {
    let jobs = Jobs(env);
    let Some(row) = jobs.job(job).await?.filter(|row| row.epoch == epoch) else { return Ok(()) };
    jobs.update_range(job, index, |was| {
        let range = was.filter(|range| range.is_open())?;
        let place = format!("{} {}-{}", range.shot, range.first, range.last);
        let detail = format!("could not be rendered after {} attempts: {text}", range.attempts);
        Some(RangeRow { state: RangeState::Failed, error: Some(Finding::new(KIND, place, detail)), ..range.clone() })
    })
    .await?;
    if row.planned.is_some() && jobs.nothing_open(job, bucket_of(&RangeRow::name_of(index))).await? {
        jobs.settle(job).await?;
    }
    Ok(())
}

/// Adds a finding to a roll without moving it.
async fn note_roll(env: &impl Needs, roll: &RollId, finding: Finding) -> Result<(), Failure> {
    Rolls(env)
        .update_roll(roll, |was| {
            let mut row = was.filter(|row| !row.findings.contains(&finding))?.clone();
            row.findings.push(finding.clone());
            row.findings = fitting(&row.findings, "the audit trail");
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    Ok(())
}

/// The documents of a roll cannot be taken up; unless they are, by another message. The seal over earlier ones speaks for the
/// roll no more.
async fn untaken(env: &impl Needs, roll: &RollId, finding: Finding) -> Result<(), Failure> {
    let Some(read) = Rolls(env).roll(roll).await? else { return Ok(()) };
    let is_known = match Documents::list(env, roll, &read.lists).await {
        Ok(documents) => read.tip.as_ref().is_some_and(|tip| tip.revision == documents.revision()),
        Err(Error::Refused(_)) => false,
        Err(other) => return Err(other.into()),
    };
    if is_known && read.planned.is_some() {
        return Ok(());
    }
    let reopen = |was: Option<&RollRow>| {
        let row = was.filter(|row| row.round == read.round && row.state.rank() > RollState::Finalising.rank())?;
        Some(RollRow { round: row.round + 1, state: RollState::Receiving, ..row.clone() })
    };
    Rolls(env).update_roll(roll, reopen).await?;
    fail_roll(env, roll, finding).await
}

/// A roll that cannot go on by itself. A new fact wakes it.
async fn fail_roll(env: &impl Needs, roll: &RollId, finding: Finding) -> Result<(), Failure> {
    Rolls(env)
        .update_roll(roll, |was| {
            let mut row = was.filter(|row| row.state.rank() <= RollState::Finalising.rank())?.clone();
            if !row.findings.contains(&finding) {
                row.findings.push(finding.clone());
                row.findings = fitting(&row.findings, "the audit trail");
            }
            row.state = RollState::Failed;
            // Whatever history it was planned from has to be taken up again.
            row.tip = None;
            row.planned = None;
            row.watch.armed = false;
            row.watch.tick += 1;
            row.updated_ms = env.now_ms();
            Some(RollRow { cursor: None, ..row })
        })
        .await?;
    Ok(())
}

pub(crate) async fn fail_job(env: &impl Needs, job: &JobId, finding: Finding) -> Result<(), Failure> {
    Jobs(env)
        .update_job(job, |was| {
            let mut row = was.filter(|row| row.state.rank() <= JobState::Finalising.rank())?.clone();
            if !row.findings.contains(&finding) {
                row.findings.push(finding.clone());
                row.findings = fitting(&row.findings, "the audit trail");
            }
            row.state = JobState::Failed;
            row.watch.armed = false;
            row.updated_ms = env.now_ms();
            Some(JobRow { ..row })
        })
        .await?;
    Ok(())
}
