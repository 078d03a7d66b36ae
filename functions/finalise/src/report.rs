//! What people read: `report.json` of a roll and of a job. A function of the facts and of the time of the seal, so that a
//! repeated seal writes the same bytes.

use std::collections::BTreeMap;

use platefleet_fleet::{
    id::RollId,
    plan::{Plan, PlateResult},
    state::{EarlierFailure, FileRow, FileState, Finding, JobState, RollState},
    status::iso,
    store::{JobRow, Seal},
};
use platefleet_media::mhl::{Author, Generation, LegacyCreator};
use serde_json::{Value, json};

use crate::standing::{Standing, paths_of, unchecked};

/// A shot as it was delivered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shot {
    /// Its folder in the delivery bucket.
    pub(crate) folder: String,
    /// Its plates, in order.
    pub(crate) plates: Vec<PlateResult>,
    /// What a person should know, each once.
    pub(crate) warnings: Vec<String>,
    /// Key of its manifest, when it is sealed.
    pub(crate) manifest: Option<String>,
}

/// `roll-report.v1`. `told` is what is wrong, and what fails nothing.
pub(crate) fn of_roll(
    roll: &RollId,
    state: RollState,
    seal: Option<&Seal>,
    counts: &BTreeMap<String, u64>,
    told: (&[Finding], &[Finding]),
    standing: &Standing,
) -> Vec<u8> {
    let files = &standing.files;
    let checked: Vec<Value> = files.iter().filter(|f| f.expected.is_some()).map(checked).collect();
    text(&json!({
        "schema": "roll-report.v1",
        "roll": roll.to_string(),
        "state": state,
        "complete": files.iter().all(|f| !f.is_open()),
        "sealed_at": seal.map(|seal| iso(seal.at_ms)),
        "manifest": seal.map(|seal| &seal.manifest),
        "lists": standing.said.lists.iter().map(list).collect::<Vec<_>>(),
        "generations": standing.said.generations.iter().map(generation).collect::<Vec<_>>(),
        "counts": counts,
        "findings": told.0,
        "notices": told.1,
        "failed": paths_of(files, |f| f.state == FileState::Failed),
        "missing": paths_of(files, |f| f.is_open() && f.state == FileState::Waiting),
        "extra": paths_of(files, |f| f.expected.is_none()),
        "healed": files.iter().filter(|f| f.is_healed()).map(healed).collect::<Vec<_>>(),
        "files": checked,
    }))
}

/// Who made a manifest of the uploaded history, when and with what.
fn generation(generation: &Generation) -> Value {
    let creator = &generation.head.creator;
    let author = |a: &Author| json!({"name": a.name, "role": a.role, "email": a.email, "phone": a.phone});
    json!({
        "number": generation.number,
        "manifest": generation.name,
        "created": creator.created,
        "hostname": creator.hostname,
        "tool": {"name": creator.tool.name, "version": creator.tool.version},
        "authors": creator.authors.iter().map(author).collect::<Vec<_>>(),
        "location": creator.location,
        "process": generation.head.process.name(),
        "comment": creator.comment,
    })
}

/// Who made a list of MHL 1.x, when and with what.
fn list((name, creator): (&String, &LegacyCreator)) -> Value {
    json!({
        "list": name,
        "created": creator.finished,
        "hostname": creator.hostname,
        "tool": {"name": creator.tool},
        "authors": [{"name": creator.name}],
        "comment": creator.log,
    })
}

/// A file that is right now, and was not before.
fn healed(file: &FileRow) -> Value {
    let earlier = |f: &EarlierFailure| json!({"round": f.round, "kind": f.kind, "at": iso(f.at_ms)});
    json!({
        "path": file.path,
        "at": file.verdict.as_ref().map(|v| iso(v.at_ms)),
        "failed": file.failures.iter().map(earlier).collect::<Vec<_>>(),
    })
}

fn checked(file: &FileRow) -> Value {
    let verdict = file.verdict.as_ref();
    json!({
        "path": file.path,
        "size": file.observed.as_ref().map(|o| o.size),
        "uploaded_by": file.uploaded_by,
        "verified": file.state == FileState::Verified,
        "how": verdict.map(|v| &v.how),
        "at": verdict.map(|v| iso(v.at_ms)),
        "digests": verdict.map(|v| &v.digests),
        "not_compared": unchecked(file),
    })
}

/// `job-report.v1`.
pub(crate) fn of_job(
    row: &JobRow,
    state: JobState,
    sealed_at_ms: u64,
    plan: &Plan,
    shots: &[Shot],
    findings: &[Finding],
) -> Vec<u8> {
    let shots: Vec<Value> = plan
        .shots
        .iter()
        .zip(shots)
        .map(|(planned, made)| {
            json!({
                "name": planned.name,
                "shot": planned.shot,
                "plate": planned.plate,
                "version": planned.version,
                "roll": planned.roll.to_string(),
                "clip": planned.pattern,
                "first": planned.first,
                "last": planned.last,
                "plates": made.plates.len(),
                "bytes": made.plates.iter().map(|p| p.bytes).sum::<u64>(),
                "recipe": planned.recipe,
                "recipe_id": planned.recipe_id,
                "folder": made.folder,
                "manifest": made.manifest,
                "warnings": made.warnings,
            })
        })
        .collect();
    text(&json!({
        "schema": "job-report.v1",
        "job": row.job,
        "production": row.production,
        "pull": row.pull,
        "state": state,
        "sealed_at": iso(sealed_at_ms),
        "events": plan.events,
        "shots": shots,
        "findings": findings,
    }))
}

fn text(report: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(report).unwrap_or_default();
    text.push(b'\n');
    text
}
