//! `platefleet`, the command people type: it parses what was typed, calls the libraries, and says what came out.
//!
//! | place | what stands there |
//! |---|---|
//! | `commands/` | one command, one file |
//! | `clips` | what a path on a disk means |
//! | `console` | stdout for results, stderr for progress, and the wish to stop |
//! | `failure` | exit codes, and errors for people and for scripts |
//! | `fleet` | where a fleet is, and what ids mean |

mod clips;
mod commands;
mod console;
mod failure;
mod findings;
mod fleet;

use std::process::ExitCode;

use clap::{Parser, Subcommand, error::ErrorKind};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

use crate::{
    commands::{
        demo, fetch, flatten, inspect, later, local, pull, render, seal, search, status, synth, upload, verify,
        watch as follow,
    },
    console::Console,
    failure::{Exit, Failure},
};

/// Verified footage and VFX plates from camera originals: on this machine, or by a fleet of functions.
#[derive(Debug, Parser)]
#[command(name = "platefleet", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done; 1 the data is bad; 2 usage, or a choice that must be made; 3 unsupported; \
                        4 an I/O or service failure. 130 when stopped by Ctrl-C."
)]
struct Cli {
    /// One JSON document on stdout instead of text; errors too
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Seal(seal::Seal),
    Flatten(flatten::Flatten),
    Render(Box<render::Render>),
    Synth(synth::Synth),
    Demo(demo::Demo),
    Local(local::Local),
    Upload(upload::Upload),
    Pull(pull::Pull),
    Status(status::Status),
    Watch(follow::Watch),
    Search(search::Search),
    Fetch(fetch::Fetch),
    #[command(hide = true)]
    Fdl(later::Later),
    #[command(hide = true)]
    Color(later::Later),
    #[command(hide = true)]
    Check(later::Later),
    #[command(hide = true)]
    Cancel(later::Later),
    #[command(hide = true)]
    Redrive(later::Later),
    #[command(hide = true)]
    Reconcile(later::Later),
}

impl Command {
    /// True for commands that end in good order when the user stops them; others may just end.
    fn tidies_up(&self) -> bool {
        !matches!(self, Self::Inspect(_) | Self::Synth(_))
    }

    fn run(&self, console: &Console, runtime: &Runtime) -> Result<Exit, Failure> {
        match self {
            Self::Inspect(command) => command.run(console),
            Self::Verify(command) => command.run(console),
            Self::Seal(command) => command.run(console),
            Self::Flatten(command) => command.run(console),
            Self::Render(command) => command.run(console),
            Self::Synth(command) => command.run(console),
            Self::Demo(command) => runtime.block_on(command.run(console)),
            Self::Local(command) => runtime.block_on(command.run(console)),
            Self::Upload(command) => runtime.block_on(command.run(console)),
            Self::Pull(command) => runtime.block_on(command.run(console)),
            Self::Status(command) => runtime.block_on(command.run(console)),
            Self::Watch(command) => runtime.block_on(command.run(console)),
            Self::Search(command) => runtime.block_on(command.run(console)),
            Self::Fetch(command) => runtime.block_on(command.run(console)),
            Self::Fdl(command) => command.run("fdl"),
            Self::Color(command) => command.run("color"),
            Self::Check(command) => command.run("check"),
            Self::Cancel(command) => command.run("cancel"),
            Self::Redrive(command) => command.run("redrive"),
            Self::Reconcile(command) => command.run("reconcile"),
        }
    }
}

fn main() -> ExitCode {
    let (stop, stopping) = watch::channel(false);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, stopping).into(),
    };
    // What follows the name of a command that is not there yet is not looked at, `--json` included.
    let json = cli.json || std::env::args_os().any(|a| a == "--json");
    let console = Console::new(json, stopping);
    let outcome = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            if cli.command.tidies_up() {
                runtime.spawn(listen(stop));
            }
            let outcome = cli.command.run(&console, &runtime);
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::service(format!("no threads to work with: {error}"))),
    };
    let exit = outcome.unwrap_or_else(|failure| {
        console.fail(&failure);
        failure.exit
    });
    exit.into()
}

/// Says what is wrong with what was typed; help and version are nothing wrong.
fn not_understood(error: &clap::Error, stopping: watch::Receiver<bool>) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked && std::env::args_os().any(|a| a == "--json") {
        let text = error.to_string();
        // What is missing or wrong may stand in the lines after the first; what could be typed instead begins with "Usage:".
        let said: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim).collect();
        let failure =
            Failure::usage(said.join(" ").trim().trim_start_matches("error: ")).hint("see `platefleet --help`");
        Console::new(true, stopping).fail(&failure);
        return Exit::Usage;
    }
    // Nobody is left to tell that the terminal is closed.
    let _ = error.print();
    if asked { Exit::Done } else { Exit::Usage }
}

/// The first Ctrl-C (or TERM) asks the command to stop; the second one stops it.
async fn listen(stop: watch::Sender<bool>) {
    wait_for_signal().await;
    stop.send_replace(true);
    wait_for_signal().await;
    std::process::exit(130);
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
