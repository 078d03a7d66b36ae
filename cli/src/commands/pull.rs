//! `platefleet pull submit`: an order for plates.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use platefleet_fleet::{
    aws::Fleet,
    key::{ORDER_FILE, job_root, plan_key, pull_prefix},
    order::Order,
    plan::{EventStatus, Plan},
    ports::{Bucket, Objects as _},
    store::{Jobs, PullRow},
};
use platefleet_media::Error;
use serde_json::json;

use super::later;
use crate::{
    console::{Console, count},
    failure::{Exit, Failure},
    fleet::FleetArg,
};

/// Between two looks for the answer.
const PERIOD: Duration = Duration::from_millis(200);
/// An order that nobody has planned by then waits for a fleet that does not run.
const PATIENCE: Duration = Duration::from_mins(3);

/// Order plates
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Submit(Submit),
    #[command(hide = true)]
    Plan(later::Later),
    #[command(hide = true)]
    Diff(later::Later),
}

/// Upload an order (pull.json) and the files it names, and wait for its plan
#[derive(Debug, clap::Args)]
struct Submit {
    /// The order; files in it are named relative to it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Other editorial files: not yet
    #[arg(hide = true)]
    more: Vec<OsString>,
    #[command(flatten)]
    fleet: FleetArg,
}

impl Pull {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        match &self.action {
            Action::Submit(submit) => submit.run(console).await,
            Action::Plan(later) => later.run("pull plan"),
            Action::Diff(later) => later.run("pull diff"),
        }
    }
}

/// What became of an order.
pub(crate) struct Answer {
    pub(crate) row: PullRow,
    /// The plan of its newest job, when it has one.
    pub(crate) plan: Option<Plan>,
    /// [`Exit::Unsupported`] when a shot asks for what this version does not do.
    pub(crate) exit: Exit,
}

impl Submit {
    async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let json = self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        if !json || !self.more.is_empty() {
            let what = "an order other than one pull.json (EDL, OTIO, ALE, CSV)";
            return Err(Failure::unsupported(what).about(self.file.display().to_string()));
        }
        let fleet = self.fleet.connect().await?;
        let Answer { row, plan, exit } = submit(&fleet, &self.file, console).await?;
        let Some(plan) = plan else {
            let all: Vec<String> = row.findings.iter().map(|f| format!("{}: {}", f.path, f.detail)).collect();
            let kind = row.findings.first().map_or("refused", |f| &f.kind).to_owned();
            let exit = exit.and(Exit::Bad);
            let failure = Failure { exit, kind, ..Failure::invalid(all.join("; ")) };
            return Err(failure.about(self.file.display().to_string()));
        };
        let frames: u64 = plan.events.iter().map(|e| e.frames).sum();
        console
            .document(&json!({"job": plan.job, "shots": plan.shots.len(), "frames": frames, "events": plan.events}))?;
        for event in &plan.events {
            let said = match event.status {
                EventStatus::Planned => count(event.frames, "frame"),
                EventStatus::Waiting => "waiting".into(),
                EventStatus::Refused => "REFUSED".into(),
            };
            let reason = event.reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
            console.say(format!("{:<24} {said}{reason}", event.name))?;
        }
        console.say(format!("job {}: {}", plan.job.short(), count(frames, "frame")))?;
        Ok(exit.and(Exit::bad_if(plan.events.iter().any(|e| e.status == EventStatus::Refused))))
    }
}

/// Uploads an order, its attachments first, and waits until it is planned.
pub(crate) async fn submit(fleet: &Fleet, file: &Path, console: &Console) -> Result<Answer, Failure> {
    let shown = file.display().to_string();
    let bytes = fs::read(file).map_err(|e| Failure::io(file, &e))?;
    let order = Order::parse(&bytes).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.path, p.detail)).collect();
        let first = problems.first();
        let unsupported = first.is_some_and(|p| p.kind == "unsupported");
        let failure = Failure::invalid(all.join("; ")).about(&shown);
        let exit = if unsupported { Exit::Unsupported } else { failure.exit };
        Failure { kind: first.map_or("malformed", |p| &p.kind).to_owned(), exit, ..failure }
    })?;
    // Which framing document it is does not decide what is supported.
    let is_unsupported =
        order.shots.iter().any(|shot| matches!(shot.settings.recipe(Some(b"")), Err(Error::Unsupported { .. })));
    let exit = if is_unsupported { Exit::Unsupported } else { Exit::Done };
    let prefix = pull_prefix(&order.production, &order.pull);
    let folder = file.parent().unwrap_or(Path::new(""));
    for name in order.attachments() {
        let path = folder.join(name);
        fs::metadata(&path).map_err(|e| Failure::io(&path, &e).hint(format!("{shown} names it")))?;
        fleet.upload_file(Bucket::Ingest, &format!("{prefix}{name}"), &path, None).await?;
    }
    let etag = fleet.upload_file(Bucket::Ingest, &format!("{prefix}{ORDER_FILE}"), file, None).await?;
    let begun = Instant::now();
    loop {
        let row = Jobs(fleet).pull(&order.production, &order.pull).await?.filter(|row| row.etag == etag);
        if let Some(row) = row {
            let Some(job) = row.job.clone() else { return Ok(Answer { row, plan: None, exit }) };
            let key = plan_key(&job_root(&order.production, &order.pull, &job));
            let plan = fleet.get(Bucket::Delivery, &key, None, None).await?;
            let plan = serde_json::from_slice(&plan).map_err(|e| Failure::service(e.to_string()).about(&key))?;
            return Ok(Answer { row, plan: Some(plan), exit });
        }
        if begun.elapsed() > PATIENCE {
            let hint = "is the fleet running? the order is uploaded and will be planned when it does";
            return Err(Failure::service("nobody has planned it yet").about(shown).hint(hint));
        }
        console.pause(PERIOD).await?;
    }
}
