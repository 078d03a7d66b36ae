//! Finding a fleet, and the ids of what it works on.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use platefleet_fleet::{
    aws::{Connection, Fleet},
    id::{JobId, RollId},
    status::{self, Status},
    store::Jobs,
};

use crate::failure::Failure;

/// Where `platefleet local` keeps a fleet unless it is told.
pub(crate) const DEFAULT_DIR: &str = "platefleet-local";
/// The file in it that says where the services are.
const ENDPOINTS: &str = "endpoints.json";
/// The variable that names a fleet.
const VARIABLE: &str = "PLATEFLEET_FLEET";

/// Which fleet to talk to.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FleetArg {
    /// Folder of a fleet on this machine (`platefleet local --dir`) [env: PLATEFLEET_FLEET] [default: ./platefleet-local]
    #[arg(long = "fleet", value_name = "STACK|DIR")]
    name: Option<String>,
}

impl FleetArg {
    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Fleet, Failure> {
        Ok(Fleet::connect(&self.connection()?).await)
    }

    /// Reads where the fleet is.
    pub(crate) fn connection(&self) -> Result<Connection, Failure> {
        let named = self.name.clone().or_else(|| std::env::var(VARIABLE).ok()).filter(|n| !n.is_empty());
        let dir = PathBuf::from(named.as_deref().unwrap_or(DEFAULT_DIR));
        let path = dir.join(ENDPOINTS);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::io(&path, &error)),
            Err(_) if named.as_ref().is_some_and(|n| !n.contains('/') && !Path::new(n).exists()) => {
                let what = format!("a deployed stack (`{}`)", dir.display());
                return Err(Failure::unsupported(what).hint("name the folder of a fleet on this machine"));
            }
            Err(_) => {
                let hint = format!("start one: platefleet local --dir {}", dir.display());
                return Err(Failure::service("no fleet runs here").about(dir.display().to_string()).hint(hint));
            }
        };
        serde_json::from_slice(&text).map_err(|e| Failure::invalid(e.to_string()).about(path.display().to_string()))
    }
}

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `<production>/<roll path>`
    Roll(RollId),
    /// A job, by its id or the beginning of it.
    Job(JobId),
}

impl Subject {
    /// Finds what an id names.
    pub(crate) async fn find(fleet: &Fleet, id: &str) -> Result<Self, Failure> {
        if id.contains('/') {
            return Ok(Self::Roll(RollId::parse(id)?));
        }
        if let Ok(job) = JobId::new(id) {
            return Ok(Self::Job(job));
        }
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            let problem = "is neither `<production>/<roll path>` nor (the beginning of) a job id";
            return Err(Failure::usage(problem).about(id));
        }
        let mut jobs = Jobs(fleet).find(id).await?;
        match jobs.len() {
            0 => Err(unknown(id)),
            1 => Ok(Self::Job(jobs.remove(0))),
            n => {
                let list: Vec<&str> = jobs.iter().map(|j| &j.as_str()[..16]).collect();
                let problem = format!("is the beginning of {n} job ids");
                Err(Failure::usage(problem).about(id).hint(format!("one of {}", list.join(", "))))
            }
        }
    }

    /// Where it stands.
    pub(crate) async fn status(&self, fleet: &Fleet) -> Result<Status, Failure> {
        self.look(fleet).await?.ok_or_else(|| self.unknown())
    }

    /// Where it stands; `None` when nothing is known of it.
    pub(crate) async fn look(&self, fleet: &Fleet) -> Result<Option<Status>, Failure> {
        Ok(match self {
            Self::Roll(roll) => status::of_roll(fleet, roll).await?,
            Self::Job(job) => status::of_job(fleet, job).await?,
        })
    }

    /// Why it cannot be talked about.
    pub(crate) fn unknown(&self) -> Failure {
        match self {
            Self::Roll(roll) => unknown(&roll.to_string()),
            Self::Job(job) => unknown(job.as_str()),
        }
    }
}

fn unknown(id: &str) -> Failure {
    Failure::usage("nothing is known of it").about(id).hint("`platefleet status <production>` lists what there is")
}
