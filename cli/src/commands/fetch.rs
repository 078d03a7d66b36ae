//! `platefleet fetch`: what the fleet has made, to a folder.

use std::path::{Path, PathBuf};

use futures::{StreamExt as _, stream};
use platefleet_fleet::{
    aws::Fleet,
    key::roll_root,
    ports::{Bucket, Objects as _},
    store::Jobs,
};
use platefleet_media::path::RelativePath;
use serde_json::json;

use crate::{
    console::{Console, Unit, bytes, count},
    failure::{Exit, Failure},
    fleet::{FleetArg, Subject},
};

/// Files on their way at once.
const IN_FLIGHT: usize = 8;

/// Download the plates of a job, or the sealed history of a roll
#[derive(Debug, clap::Args)]
pub(crate) struct Fetch {
    /// A job id or the beginning of one, or `<production>/<roll path>`
    #[arg(value_name = "ID")]
    id: String,
    /// Folder to write to
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    fleet: FleetArg,
}

impl Fetch {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let fleet = self.fleet.connect().await?;
        let subject = Subject::find(&fleet, &self.id).await?;
        // Names what is not known before anything is listed.
        let standing = subject.status(&fleet).await?;
        if !standing.ended {
            let problem = format!("it is still {}, and nothing of it is sealed", standing.state);
            let hint = format!("wait for it: platefleet watch {}", self.id);
            return Err(Failure::usage(problem).about(&standing.id).hint(hint));
        }
        let (files, size) = fetch(&fleet, &subject, &self.dir, console).await?;
        console.document(&json!({"dir": self.dir, "files": files, "bytes": size}))?;
        console.say(format!("{}: {}, {}", self.dir.display(), count(files, "file"), bytes(size)))?;
        if !standing.is_good() {
            console
                .note(format!("{} ended {}: what was fetched is not all that was wanted", standing.id, standing.state));
        }
        Ok(Exit::bad_if(!standing.is_good()))
    }
}

/// Downloads everything below the root of a job or a roll, but not what functions note for each other.
pub(crate) async fn fetch(
    fleet: &Fleet,
    subject: &Subject,
    dir: &Path,
    console: &Console,
) -> Result<(u64, u64), Failure> {
    let root = match subject {
        Subject::Roll(roll) => roll_root(roll),
        Subject::Job(job) => {
            let row = Jobs(fleet).job(job).await?;
            row.ok_or_else(|| Failure::usage("there is no such job").about(job.as_str()))?.root
        }
    };
    let prefix = format!("{root}/");
    let (mut objects, mut after) = (Vec::new(), None);
    loop {
        let page = fleet.list(Bucket::Delivery, &prefix, after.as_deref()).await?;
        objects.extend(page.items.into_iter().filter(|o| !o.key[prefix.len()..].starts_with("job/ranges/")));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    if objects.is_empty() {
        return Err(Failure::invalid("nothing is delivered yet").about(root));
    }
    let bar = console.bar("fetching", Unit::Bytes, objects.iter().map(|o| o.size).sum());
    let files = objects.len() as u64;
    let mut downloads = stream::iter(objects)
        .map(|object| {
            let below = RelativePath::new(&object.key[prefix.len()..]);
            async move {
                let path = dir.join(below?.as_str());
                let folder = path.parent().unwrap_or(dir);
                tokio::fs::create_dir_all(folder).await.map_err(|e| Failure::io(folder, &e))?;
                Ok::<u64, Failure>(fleet.download_file(Bucket::Delivery, &object.key, &path).await?)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut size = 0;
    loop {
        let next = tokio::select! {
            next = downloads.next() => next,
            () = console.until_stopped() => return Err(Failure::interrupted()),
        };
        let Some(received) = next else { break };
        let received = received?;
        bar.inc(received);
        size += received;
    }
    bar.finish_and_clear();
    Ok((files, size))
}
