//! `platefleet demo`: the whole fleet at work on this machine, on footage that it makes itself.

mod footage;
mod order;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use platefleet_fleet::{
    aws::Fleet,
    id::{JobId, Production, RollId},
    state::RangeState,
    status::Status as Standing,
    store::{ClipRow, ClipState, Clips, Jobs},
};
use platefleet_local::host::{Depth, Host, Options};
use platefleet_media::{
    exr,
    mhl::folder::{self, Unwatched, Verdict, VerifyOptions},
};
use serde_json::json;

use self::stage::Stage;
use super::{fetch, local, pull, status, upload, verify};
use crate::{
    console::{Console, bytes, count},
    failure::{Exit, Failure},
    fleet::Subject,
};

/// Divides the fleet's waiting times, so that its watchdogs end while somebody looks on.
const TIME_SCALE: f64 = 600.0;
/// Nothing in the demo takes this long.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks.
const PERIOD: Duration = Duration::from_millis(150);

/// Show the whole fleet at work on footage that it makes itself
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Folder for everything that it makes
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
    /// Folder of the function binaries [default: beside this program]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
}

impl Demo {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        footage::clear(&self.dir)?;
        let stage = Stage::new(console);
        stage.act("A fleet on this machine: S3, queues, a table, and seven functions that wait for work")?;
        let options = Options::new(self.dir.join("fleet")).map_err(|e| Failure::io(&self.dir, &e))?;
        let functions = self.functions.clone().unwrap_or_else(|| options.functions.clone());
        let host = local::begin(Options { functions, time_scale: TIME_SCALE, ..options }).await?;
        stage.line(format!("up in {:.0} ms, on 127.0.0.1 only", stage.seconds() * 1000.0))?;
        let played = self.play(&host, &stage, console).await;
        let stopped = local::end(host).await;
        let summary = played?;
        stopped?;
        stage.line("stopped: no function process is left")?;
        console.document(&summary)?;
        console.say(format!(
            "\n  plates   {}\n  picture  {}\n  all of it took {:.0} s",
            summary["plates"].as_str().unwrap_or_default(),
            summary["picture"].as_str().unwrap_or_default(),
            stage.seconds()
        ))?;
        Ok(Exit::Done)
    }

    async fn play(&self, host: &Host, stage: &Stage<'_>, console: &Console) -> Result<serde_json::Value, Failure> {
        let fleet = Fleet::connect(host.connection()).await;
        let production = Production::new("demo")?;
        let roll = |name: &str| RollId::parse(&format!("{production}/{name}"));
        let (a, b) = (roll("day1/A001")?, roll("day1/B001")?);

        stage.act("Two camera rolls, photographed and sealed with ASC MHL")?;
        let dir = self.dir.clone();
        let rolls = blocking(move || footage::shoot(&dir)).await?;
        for roll in &rolls {
            stage.line(&roll.said)?;
        }

        stage.act("The upload: on the way, one bit of one file of A001 flips")?;
        let damaged = footage::damage(&rolls[0], &self.dir.join("on-the-way"))?;
        for (id, folder, checked) in [(&a, &damaged.folder, false), (&b, &rolls[1].folder, true)] {
            let sent = upload::send(&fleet, folder, id, &[], checked, console).await?;
            if let Some(failure) = sent.failures.into_iter().next() {
                return Err(failure);
            }
            stage.line(format!("{id}: {}, {}", count(sent.files, "file"), bytes(sent.bytes)))?;
        }

        stage.act("The fleet checks every file against the manifest")?;
        for (id, good) in [(&a, false), (&b, true)] {
            let standing = settled(&fleet, id, |s| s.ended, console).await?;
            stage.text(&status::text(&standing))?;
            if standing.is_good() != good {
                let problem = format!("is {}, which is not what the demo did to it", standing.state);
                return Err(Failure::invalid(problem).about(id.to_string()));
            }
        }

        stage.act("Only that file is uploaded again, and the roll heals by itself")?;
        upload::send(&fleet, &rolls[0].folder, &a, &[&damaged.file], true, console).await?;
        let standing = settled(&fleet, &a, |s| s.ended && s.is_good(), console).await?;
        stage.text(&status::text(&standing))?;

        stage.act("What inspection found")?;
        for clip in clips(&fleet, &production, rolls.len(), console).await? {
            stage.text(&super::inspect::summary(&clip.metadata))?;
        }

        stage.act("An order for plates: four shots with handles, cropped to a framing decision (ASC FDL)")?;
        let file = order::write(&self.dir.join("order"), &production, &rolls)?;
        let answer = pull::submit(&fleet, &file, console).await?;
        let Some(plan) = answer.plan else {
            let problem = answer.row.findings.first().map_or_else(|| "refused".into(), |f| f.detail.clone());
            return Err(Failure::invalid(problem).about(file.display().to_string()));
        };
        for event in &plan.events {
            let reason = event.reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
            stage.line(format!("{:<16} {}{reason}", event.name, count(event.frames, "frame")))?;
        }

        stage.act("Ranges of frames render side by side")?;
        let standing = rendered(&fleet, &plan.job, stage, console).await?;
        stage.text(&status::text(&standing))?;
        if !standing.is_good() {
            return Err(Failure::invalid(format!("the job ended {}", standing.state)).about(plan.job.as_str()));
        }

        stage.act("The delivery, checked against its own manifests")?;
        let delivery = self.dir.join("delivery");
        let (files, size) = fetch::fetch(&fleet, &Subject::Job(plan.job.clone()), &delivery, console).await?;
        stage.line(format!("{}, {}", count(files, "file"), bytes(size)))?;
        for shot in &plan.shots {
            verified(&delivery.join(&shot.name), stage).await?;
        }
        let picture = picture(&delivery, plan.shots.first().map_or("", |s| &s.name), &self.dir).await?;

        stage.act("And then nothing: every queue is empty")?;
        idle(host, console).await?;
        stage.line("no message waits, none is on its way, no dead letter")?;
        Ok(json!({"plates": delivery.display().to_string(), "picture": picture.display().to_string(),
            "job": plan.job, "frames": plan.events.iter().map(|e| e.frames).sum::<u64>(), "seconds": stage.seconds()}))
    }
}

/// Runs what computes where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Failure::service(e.to_string()))?
}

/// Looks until something is so.
async fn until<T>(
    what: &str,
    console: &Console,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Failure::service(format!("waited {} s for {what}", PATIENCE.as_secs())));
        }
        console.pause(PERIOD).await?;
    }
}

async fn settled(
    fleet: &Fleet,
    roll: &RollId,
    enough: impl Fn(&Standing) -> bool,
    console: &Console,
) -> Result<Standing, Failure> {
    until(&format!("the verdict over {roll}"), console, async || {
        Ok(platefleet_fleet::status::of_roll(fleet, roll).await?.filter(&enough))
    })
    .await
}

async fn clips(
    fleet: &Fleet,
    production: &Production,
    wanted: usize,
    console: &Console,
) -> Result<Vec<ClipRow>, Failure> {
    until("the inspection of the clips", console, async || {
        let clips = Clips(fleet).of_production(production).await?;
        let done = clips.iter().filter(|c| c.state == ClipState::Inspected).count();
        Ok((done == wanted).then_some(clips))
    })
    .await
}

/// Tells of every range when it begins and when it ends.
async fn rendered(fleet: &Fleet, job: &JobId, stage: &Stage<'_>, console: &Console) -> Result<Standing, Failure> {
    let (mut told, subject) = (Vec::<(u32, RangeState, bool)>::new(), Subject::Job(job.clone()));
    until("the plates", console, async || {
        for range in Jobs(fleet).ranges(job).await? {
            let now = (range.index, range.state, range.attempts > 0);
            if told.contains(&now) {
                continue;
            }
            told.push(now);
            let said = match (range.state, range.attempts) {
                (RangeState::Pending, 0) => continue,
                (RangeState::Pending, _) => "begins".to_owned(),
                (RangeState::Done, _) => format!("done in {:.1} s", range.ms as f64 / 1000.0),
                (RangeState::Failed, _) => "FAILED".to_owned(),
            };
            stage.line(format!("range {}  {:<22} {}-{}  {said}", range.index, range.shot, range.first, range.last))?;
        }
        let standing = subject.status(fleet).await?;
        Ok(standing.ended.then_some(standing))
    })
    .await
}

/// Verifies the folder of one shot against the manifest that came with it.
async fn verified(folder: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    let root = folder.to_owned();
    let report = blocking(move || Ok(folder::verify(&root, &VerifyOptions::default(), &Unwatched)?)).await?;
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    stage.line(format!("{name:<22} {}", verify::summary(&report)))?;
    if report.verdict == Verdict::Failed {
        let problem = report.findings.first().map_or_else(|| "failed".into(), |f| format!("{}: {}", f.path, f.detail));
        return Err(Failure::invalid(problem).about(folder.display().to_string()));
    }
    Ok(())
}

/// A picture of the first plate of a shot.
async fn picture(delivery: &Path, shot: &str, dir: &Path) -> Result<PathBuf, Failure> {
    let (folder, path) = (delivery.join(shot), dir.join("plate.png"));
    blocking(move || {
        let entries = fs::read_dir(&folder).map_err(|e| Failure::io(&folder, &e))?;
        let plates = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "exr"));
        let plate =
            plates.min().ok_or_else(|| Failure::invalid("holds no plate").about(folder.display().to_string()))?;
        let png = exr::preview(&fs::read(&plate).map_err(|e| Failure::io(&plate, &e))?)?;
        fs::write(&path, png).map_err(|e| Failure::io(&path, &e))?;
        Ok(path)
    })
    .await
}

/// Waits until no message is left: the last ticks of the watchdogs find that there is nothing to watch.
async fn idle(host: &Host, console: &Console) -> Result<(), Failure> {
    let waited = until("the queues to be empty", console, async || Ok(host.is_idle().then_some(()))).await;
    waited.map_err(|failure| {
        let left: Vec<String> = host
            .depths()
            .into_iter()
            .filter(|(_, d)| *d != Depth::default())
            .map(|(n, d)| format!("{n}: {d:?}"))
            .collect();
        failure.hint(left.join(", "))
    })
}
