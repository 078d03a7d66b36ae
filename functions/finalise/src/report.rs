//! What people read: `report.json` of a roll and of a job. A function of the facts and of the time of the seal, so that a
//! repeated seal writes the same bytes.

use std::collections::BTreeMap;

use platefleet_fleet::{
    id::RollId,
    plan::{Plan, PlateResult},
    state::{FileRow, FileState, Finding, JobState, RollState},
    status::iso,
    store::{JobRow, Seal},
};
use serde_json::{Value, json};

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

/// `roll-report.v1`.
pub(crate) fn of_roll(
    roll: &RollId,
    state: RollState,
    seal: &Seal,
    counts: &BTreeMap<String, u64>,
    findings: &[Finding],
    files: &[FileRow],
) -> Vec<u8> {
    let extra: Vec<&str> = files.iter().filter(|f| f.expected.is_none()).map(|f| f.path.as_str()).collect();
    let checked: Vec<Value> = files.iter().filter(|f| f.expected.is_some()).map(checked).collect();
    text(&json!({
        "schema": "roll-report.v1",
        "roll": roll.to_string(),
        "state": state,
        "sealed_at": iso(seal.at_ms),
        "manifest": seal.manifest,
        "counts": counts,
        "findings": findings,
        "extra": extra,
        "files": checked,
    }))
}

fn checked(file: &FileRow) -> Value {
    let verdict = file.verdict.as_ref();
    json!({
        "path": file.path,
        "size": file.observed.as_ref().map(|o| o.size),
        "verified": file.state == FileState::Verified,
        "how": verdict.map(|v| &v.how),
        "at": verdict.map(|v| iso(v.at_ms)),
        "digests": verdict.map(|v| &v.digests),
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
