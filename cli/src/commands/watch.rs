//! `platefleet watch`: follows a roll or a job until it has ended.

use std::time::{Duration, Instant};

use platefleet_fleet::{
    aws::Fleet,
    status::{Status as Standing, UNVERIFIED},
};

use super::status;
use crate::{
    console::{Console, Unit},
    failure::{Exit, Failure},
    fleet::{FleetArg, Subject},
};

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(400);

/// What has just been uploaded is known after this time.
const UNKNOWN: Duration = Duration::from_secs(10);

/// Follow a roll or a job until it has ended (JSON: a line a change)
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// `<production>/<roll path>`, or a job id or the beginning of one
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    fleet: FleetArg,
}

impl Watch {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let fleet = self.fleet.connect().await?;
        let subject = Subject::find(&fleet, &self.id).await?;
        let standing = follow(&fleet, &subject, console, |standing| {
            console.document(standing)?;
            if console.is_live() { Ok(()) } else { console.say(status::line(standing)) }
        })
        .await?;
        if console.is_live() || !standing.is_good() {
            console.say(status::text(&standing))?;
        }
        Ok(Exit::bad_if(!standing.is_good()))
    }
}

/// Follows until it has ended, with a bar on a terminal; tells every change.
pub(crate) async fn follow(
    fleet: &Fleet,
    subject: &Subject,
    console: &Console,
    mut changed: impl FnMut(&Standing) -> Result<(), Failure>,
) -> Result<Standing, Failure> {
    let bar = console.bar("", Unit::Count, 0);
    let (begun, mut last) = (Instant::now(), None::<Standing>);
    loop {
        let Some(now) = subject.look(fleet).await? else {
            if begun.elapsed() > UNKNOWN {
                return Err(subject.unknown());
            }
            console.pause(PERIOD).await?;
            continue;
        };
        let count = |name: &str| now.counts.get(name).copied().unwrap_or(0);
        bar.set_prefix(now.state.to_lowercase());
        bar.set_length(count("expected") + count("frames"));
        bar.set_position(count("verified") + count("failed") + count("frames_done") + count("frames_failed"));
        if last.as_ref() != Some(&now) {
            bar.suspend(|| changed(&now))?;
        }
        // Media travels before its manifest; one that does not come within the time of the unknown is not waited for.
        if now.ended || (now.state == UNVERIFIED && begun.elapsed() > UNKNOWN) {
            bar.finish_and_clear();
            return Ok(now);
        }
        last = Some(now);
        console.pause(PERIOD).await?;
    }
}
