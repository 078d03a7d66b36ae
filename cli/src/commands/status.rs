//! `platefleet status`: where a roll, a job or a production stands.

use std::fmt::Write as _;

use platefleet_fleet::{
    aws::Fleet,
    id::Production,
    ports::{Bucket, Objects as _},
    status::{Status as Standing, unverified_folders},
    store::{Jobs, Rolls},
};

use crate::{
    console::Console,
    failure::{Exit, Failure},
    fleet::{FleetArg, Subject},
};

/// Say where a roll or a job stands; without an id, all of them
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// `<production>/<roll path>`, a job id or the beginning of one, or a production
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    fleet: FleetArg,
}

impl Status {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let fleet = self.fleet.connect().await?;
        if let Some(id) = &self.id
            && !is_production(&fleet, id).await?
        {
            let standing = Subject::find(&fleet, id).await?.status(&fleet).await?;
            console.document(&standing)?;
            console.say(text(&standing))?;
            return Ok(Exit::bad_if(standing.ended && !standing.is_good()));
        }
        let productions = match &self.id {
            Some(id) => vec![Production::new(id.as_str())?],
            None => productions(&fleet).await?,
        };
        let mut all = Vec::new();
        for production in &productions {
            for roll in Rolls(&fleet).of_production(production).await? {
                all.push(Subject::Roll(roll.roll).status(&fleet).await?);
            }
            for folder in unverified_folders(&fleet, production).await? {
                all.extend(Subject::Roll(folder).look(&fleet).await?);
            }
            for job in Jobs(&fleet).pulls(production).await?.into_iter().flat_map(|pull| pull.jobs) {
                all.push(Subject::Job(job).status(&fleet).await?);
            }
        }
        console.document(&all)?;
        for standing in &all {
            console.say(line(standing))?;
        }
        if all.is_empty() {
            console.say("nothing has been uploaded yet")?;
        }
        Ok(Exit::Done)
    }
}

/// True for the name of a production that has something: its keys begin with it.
async fn is_production(fleet: &Fleet, id: &str) -> Result<bool, Failure> {
    if Production::new(id).is_err() {
        return Ok(false);
    }
    Ok(!fleet.list(Bucket::Ingest, &format!("{id}/"), None).await?.items.is_empty())
}

/// The productions of a fleet, from the keys of what was uploaded: one listing for each.
async fn productions(fleet: &Fleet) -> Result<Vec<Production>, Failure> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = fleet.list(Bucket::Ingest, "", after.as_deref()).await?;
        for object in &page.items {
            let name = object.key.split('/').next().unwrap_or_default();
            if let Ok(production) = Production::new(name)
                && found.last() != Some(&production)
            {
                found.push(production);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// In one line.
pub(crate) fn line(standing: &Standing) -> String {
    let id = if standing.id.contains('/') { &standing.id } else { standing.id.get(..12).unwrap_or(&standing.id) };
    let shown =
        ["clips", "verified", "healed", "failed", "missing", "extra", "frames_done", "frames_failed", "left_out"];
    let count =
        |name: &&str| standing.counts.get(*name).copied().filter(|n| *n > 0).map(|n| (n, name.replace('_', " ")));
    let mut said = format!("{id:<28} {:<11}", standing.state);
    for (name, thing) in [("expected", "file"), ("uploaded", "file"), ("frames", "frame")] {
        if let Some(&n) = standing.counts.get(name) {
            let _ = write!(said, " {n} {thing}{}", if n == 1 { "" } else { "s" });
        }
    }
    for (n, name) in shown.iter().filter_map(count) {
        let _ = write!(said, ", {n} {}", if n == 1 && name == "clips" { "clip" } else { &name });
    }
    said
}

/// With everything that is wrong.
pub(crate) fn text(standing: &Standing) -> String {
    let mut said = line(standing);
    for finding in standing.findings.iter().chain(&standing.notices) {
        let _ = write!(said, "\n{:>18}  {}: {}", finding.kind, finding.path, finding.detail);
    }
    said
}
