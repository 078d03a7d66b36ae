//! A job of which no range is open -> the delivery, sealed: a history for each version folder, and the report of the job.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_fleet::{
    id::{JobId, hex_sha256},
    key,
    plan::{Document, Plan, PlateResult, RangeResult, ShotPlan},
    ports::{Bucket, Error, PutIf},
    runner::Failure,
    state::{Finding, JobState, RangeState, fitting},
    status::iso,
    store::{Audit, JobRow, Jobs, RangeRow},
};
use platefleet_media::{
    hash::{self, Algorithm},
    mhl::{self, History, Process, Scanned, Stamp},
    path::RelativePath,
};
use serde_json::json;

use crate::{
    Needs,
    report::{self, Shot},
    seal::Delivered,
};

/// Shots that are sealed at once, and results that are read at once for each.
const SHOTS_IN_FLIGHT: usize = 4;
const READS_IN_FLIGHT: usize = 8;

/// Derives whether the job is complete; if it is, seals what was delivered.
pub(crate) async fn settle(env: &impl Needs, job: &JobId) -> Result<(), Failure> {
    let jobs = Jobs(env);
    let Some(row) = jobs.job(job).await? else { return Ok(()) };
    let is_live = row.state.rank() <= JobState::Finalising.rank();
    if row.planned.is_none() || !is_live || !jobs.nothing_open(job, 0).await? {
        return Ok(());
    }
    let Some((row, sealed_at_ms)) = enter(env, &row).await? else { return Ok(()) };
    let plan = document::<Plan>(env, &key::plan_key(&row.root)).await?;
    let ranges = jobs.ranges(job).await?;
    let mut findings: Vec<Finding> = ranges.iter().filter_map(|range| range.error.clone()).collect();
    let work = plan.shots.iter().map(|shot| seal_shot(env, &row, shot, &ranges, sealed_at_ms));
    let sealed: Vec<(Shot, Vec<Finding>)> = stream::iter(work).buffered(SHOTS_IN_FLIGHT).try_collect().await?;
    let (shots, problems): (Vec<Shot>, Vec<Vec<Finding>>) = sealed.into_iter().unzip();
    findings.extend(problems.into_iter().flatten());
    let is_whole = shots.iter().all(|shot| shot.manifest.is_some());
    let state = match (is_whole, row.left_out) {
        (false, _) => JobState::Failed,
        (true, 0) => JobState::Done,
        (true, _) => JobState::Incomplete,
    };
    findings.extend(row.findings.iter().cloned());
    findings.sort();
    findings.dedup();
    let text = report::of_job(&row, state, sealed_at_ms, &plan, &shots, &findings);
    env.put(Bucket::Delivery, &key::report_key(&row.root), text, PutIf::Always).await?;
    let kept = fitting(&findings, "report.json");
    let (_, is_moved) = jobs
        .update_job(job, |was| {
            let same = |r: &&JobRow| r.state == JobState::Finalising && (r.round, r.epoch) == (row.round, row.epoch);
            let mut row = was.filter(same)?.clone();
            row.state = state;
            row.findings.clone_from(&kept);
            row.watch.armed = false;
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    if is_moved {
        let details = json!({"state": state, "shots": shots.len(), "frames": row.frames, "findings": findings.len()});
        Audit(env).note(job.as_str(), &format!("sealed#{}", row.round), details).await?;
    }
    Ok(())
}

/// Enters FINALISING, or finds that somebody has; the time of the seal is fixed by whoever came first. `None` when the job has
/// been cancelled or opened again meanwhile.
async fn enter(env: &impl Needs, read: &JobRow) -> Result<Option<(JobRow, u64)>, Failure> {
    let now = env.now_ms();
    let same = |row: &&JobRow| (row.round, row.epoch) == (read.round, read.epoch);
    let (row, _) = Jobs(env)
        .update_job(&read.job, |was| {
            let mut row = was.filter(same).filter(|r| r.state.rank() < JobState::Finalising.rank())?.clone();
            row.state = JobState::Finalising;
            row.sealed_at_ms = Some(now);
            row.updated_ms = now;
            Some(row)
        })
        .await?;
    let row = row.filter(|row| same(&row) && row.state == JobState::Finalising);
    Ok(row.and_then(|row| row.sealed_at_ms.map(|at| (row, at))))
}

/// A JSON document that the fleet wrote earlier.
async fn document<T: serde::de::DeserializeOwned>(env: &impl Needs, key: &str) -> Result<T, Failure> {
    let bytes = env.get(Bucket::Delivery, key, None, None).await?;
    serde_json::from_slice(&bytes).map_err(|e| Failure::Hopeless(format!("{key} is not readable by this build: {e}")))
}

/// Seals the version folder of one shot, when all of it is there.
async fn seal_shot(
    env: &impl Needs,
    row: &JobRow,
    shot: &ShotPlan,
    ranges: &[RangeRow],
    sealed_at_ms: u64,
) -> Result<(Shot, Vec<Finding>), Failure> {
    let folder = format!("{}/{}", row.root, shot.name);
    let mut made = Shot { folder: folder.clone(), ..Shot::default() };
    let first = ranges.partition_point(|range| range.index < shot.first_range);
    let own = ranges[first..].iter().take_while(|range| range.index <= shot.last_range);
    let done = own.filter(|range| range.state == RangeState::Done);
    let results = done.map(|range| async { document(env, &key::range_key(&row.root, range.index)).await });
    let results: Vec<RangeResult> = stream::iter(results).buffered(READS_IN_FLIGHT).try_collect().await?;
    for result in results {
        made.plates.extend(result.frames);
        made.warnings.extend(result.warnings);
    }
    made.plates.sort_by_key(|plate| plate.number);
    made.warnings.sort();
    made.warnings.dedup();
    let wanted: Vec<u32> = (shot.first..=shot.last).collect();
    if !made.plates.iter().map(|plate| plate.number).eq(wanted.iter().copied()) {
        let detail = format!("{} of {} plates are there: it is not sealed", made.plates.len(), wanted.len());
        return Ok((made, vec![Finding::new("missing", &shot.name, detail)]));
    }
    let mut files: Vec<Scanned> = made.plates.iter().map(scanned).collect::<Result<_, _>>()?;
    for (name, document) in &shot.documents {
        let Some(file) = deliver(env, &folder, name, document).await? else {
            let detail = "was replaced after the order was planned, and is not delivered: order again";
            return Ok((made, vec![Finding::new("missing", format!("{}/{name}", shot.name), detail)]));
        };
        files.push(file);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let delivered = Delivered::read(env, &folder).await?;
    // A shot that an earlier round has sealed stays as it was.
    if let Some(entry) = delivered.chain().entries.first() {
        made.manifest = Some(delivered.key(&entry.path));
        return Ok((made, Vec::new()));
    }
    let stamp = Stamp {
        created: iso(sealed_at_ms),
        hostname: "platefleet".into(),
        comment: Some(format!("{} of {}, job {}", row.pull, row.production, row.job.short())),
        process: Process::InPlace,
        ..Stamp::default()
    };
    let sealed = mhl::next_generation(&History::default(), &shot.name, &files, &[], &stamp, &[])
        .map_err(|error| Failure::Hopeless(format!("{}: {error}", shot.name)))?;
    made.manifest = Some(delivered.append(env, &BTreeMap::new(), &sealed).await?);
    Ok((made, Vec::new()))
}

fn scanned(plate: &PlateResult) -> Result<Scanned, Failure> {
    let path = RelativePath::new(plate.file.clone()).map_err(|e| Failure::Hopeless(e.to_string()))?;
    let digests = [(Algorithm::Xxh128, plate.xxh128.clone())].into();
    Ok(Scanned::new(path, plate.bytes, digests))
}

/// Puts a document of the order beside the plates. `None` when it is no longer the one that was planned with.
async fn deliver(env: &impl Needs, folder: &str, name: &str, document: &Document) -> Result<Option<Scanned>, Failure> {
    let path = RelativePath::new(name).map_err(|e| Failure::Hopeless(e.to_string()))?;
    let key = format!("{folder}/{name}");
    let bytes = match env.get(Bucket::Ingest, &document.key, None, Some(&document.etag)).await {
        Ok(bytes) => bytes,
        // An earlier attempt may have put it there already.
        Err(Error::NotFound(_) | Error::Conflict(_)) => match env.get(Bucket::Delivery, &key, None, None).await {
            Ok(bytes) if hex_sha256(&bytes) == document.sha256 => bytes,
            Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        },
        Err(other) => return Err(other.into()),
    };
    let digests = [(Algorithm::Xxh128, hash::xxh128(&bytes))].into();
    let scanned = Scanned::new(path, bytes.len() as u64, digests);
    env.put(Bucket::Delivery, &key, bytes, PutIf::Always).await?;
    Ok(Some(scanned))
}
