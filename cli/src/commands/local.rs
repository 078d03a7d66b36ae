//! `platefleet local`: the fleet on this machine, until it is stopped.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
};

use platefleet_local::host::{Host, Options};
use serde_json::json;

use crate::{
    console::Console,
    failure::{Exit, Failure},
    fleet::{DEFAULT_DIR, FleetArg},
};

/// Largest answer of a function that is read, in bytes: Lambda's own limit, and headers.
const MAX_ANSWER: u64 = 7 << 20;

/// Run the fleet on this machine until stopped
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Local {
    #[command(subcommand)]
    action: Option<Action>,
    /// Folder that keeps everything of it
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Port of S3; the other services have the three after it. 0 for any that are free
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Template to run instead of the one built in
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Folder of the function binaries [default: beside this program]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Divides visibility, delay, tick and quiet times
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    time_scale: f64,
    /// Processes of a function at once [default: as many as cores]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Invoke(Invoke),
}

/// Give a function of the running fleet an event
#[derive(Debug, clap::Args)]
struct Invoke {
    /// Name of the function: intake, hash, inspect, plan, render, finalise or status
    function: String,
    /// File with the event
    event: PathBuf,
    #[command(flatten)]
    fleet: FleetArg,
}

impl Local {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        if let Some(Action::Invoke(invoke)) = &self.action {
            return invoke.run(console).await;
        }
        let host = begin(self.options()?).await?;
        let connection = host.connection();
        console.document(&json!({"dir": self.dir, "s3": connection.s3, "buckets": connection.buckets}))?;
        console.say(format!(
            "the fleet runs: S3 at {}, ingest bucket `{}`, delivery bucket `{}`, everything in {}",
            connection.s3.as_deref().unwrap_or("?"),
            connection.buckets.ingest,
            connection.buckets.delivery,
            self.dir.display(),
        ))?;
        console.say("Ctrl-C stops it")?;
        console.until_stopped().await;
        end(host).await?;
        console.say("stopped")?;
        Ok(Exit::Done)
    }

    fn options(&self) -> Result<Options, Failure> {
        let options = Options::new(&self.dir).map_err(|e| Failure::io(&self.dir, &e))?;
        Ok(Options {
            template: self.template.clone(),
            functions: self.functions.clone().unwrap_or_else(|| options.functions.clone()),
            port: self.port,
            time_scale: self.time_scale,
            workers: self.workers,
            ..options
        })
    }
}

/// Starts a fleet.
pub(crate) async fn begin(options: Options) -> Result<Host, Failure> {
    let dir = options.dir.display().to_string();
    Host::start(options).await.map_err(|e| Failure::service(format!("{e:#}")).about(dir))
}

/// Stops it.
pub(crate) async fn end(host: Host) -> Result<(), Failure> {
    host.stop().await.map_err(|e| Failure::service(format!("{e:#}")))
}

impl Invoke {
    /// The event goes to the running fleet as it would to Lambda.
    async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let event = fs::read(&self.event).map_err(|e| Failure::io(&self.event, &e))?;
        let connection = self.fleet.connection()?;
        let base = connection.lambda.ok_or_else(|| Failure::unsupported("invoking a function of this fleet"))?;
        let (host, function) = (base.trim_start_matches("http://").to_owned(), self.function.clone());
        let call = move || post(&host, &format!("/2015-03-31/functions/{function}/invocations"), &event);
        let answer = tokio::task::spawn_blocking(call).await.map_err(|e| Failure::service(e.to_string()))?;
        let answer = answer.map_err(|e| Failure::service(e.to_string()).about(base))?;
        let value: serde_json::Value = serde_json::from_str(&answer).unwrap_or_else(|_| json!(answer));
        console.document(&value)?;
        console.say(format!("{value:#}"))?;
        Ok(Exit::bad_if(value.get("errorType").is_some()))
    }
}

/// One request to a server on this machine, and the body of its answer.
fn post(host: &str, path: &str, body: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(host)?;
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    Ok(body.to_owned())
}
