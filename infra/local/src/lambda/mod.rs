//! Lambda on this machine: the functions of the template as processes of the same binaries that Lambda runs.
//!
//! | file | idea |
//! |---|---|
//! | `runtime_api` | what a process asks: the next event; what it answers |
//! | `process` | one process: begins, works on one event at a time, ends |
//! | `function` | the processes of one function: warm ones are used again, idle ones end |
//! | `event` | a batch of messages as an event, and what the answer says of each |
//! | `poller` | a queue that a function works from |
//! | `front` | invocations over HTTP, and Function URLs |
//! | `environment` | the variables of a process |
//! | `log` | one log file for each function |
//!
//! As on Lambda: a process works on one invocation at a time; one that takes too long is killed, and one that ends in
//! the middle fails its invocation; messages that were not done come again when their visibility time has passed.
//! Unlike Lambda: memory is told to a process, not enforced; a function has no more processes at once than `workers`;
//! asynchronous invocations, versions, aliases and layers are refused or absent.

mod environment;
mod event;
mod front;
mod function;
mod log;
mod poller;
mod process;
mod runtime_api;
mod spawner;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub(crate) use environment::Surroundings;
pub use function::Answer;

use self::{function::Function, spawner::Spawner};
use crate::{sqs::Sqs, template};

/// Largest event and largest answer of an invocation, bytes. Source: Lambda quotas.
const MAX_PAYLOAD_BYTES: usize = 6 << 20;
/// What is running may end by itself for so long before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// A killed process is gone after this time.
const GONE: Duration = Duration::from_secs(5);

/// What the functions may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Everything.
    Running,
    /// End what was begun.
    Draining,
    /// Nothing: processes are killed.
    Ending,
}

/// How functions are run.
pub(crate) struct Settings<'a> {
    /// Folder of the binaries.
    pub(crate) binaries: &'a Path,
    /// Folder of the logs.
    pub(crate) logs: &'a Path,
    /// Divides batching windows and the time that an idle process is kept.
    pub(crate) time_scale: f64,
    /// Processes of one function at once.
    pub(crate) workers: usize,
}

/// The functions of a fleet.
pub(crate) struct Functions {
    by_name: BTreeMap<String, Arc<Function>>,
    phase: watch::Sender<Phase>,
    tasks: JoinSet<()>,
}

impl Functions {
    /// Makes the functions ready to be invoked. No process begins before there is work.
    ///
    /// # Errors
    /// Every binary that is missing, at once.
    pub(crate) fn new(
        functions: &[template::Function],
        settings: &Settings<'_>,
        surroundings: &Surroundings,
    ) -> Result<Self> {
        let program = |function: &template::Function| settings.binaries.join(format!("platefleet-{}", function.folder));
        let missing: Vec<_> = functions.iter().map(program).filter(|p| !p.is_file()).collect();
        ensure!(
            missing.is_empty(),
            "no such function binary: {}; build them with `cargo build --bins`, or name their folder with --functions",
            missing.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
        );
        let (phase, _) = watch::channel(Phase::Running);
        let spawner = Spawner::begin().context("cannot begin the thread that begins processes")?;
        let mut by_name = BTreeMap::new();
        for function in functions {
            let environment = surroundings.of(function);
            let made =
                Function::new(function, program(function), environment, settings, spawner.clone(), phase.subscribe());
            by_name.insert(function.folder.clone(), Arc::new(made));
        }
        Ok(Self { by_name, phase, tasks: JoinSet::new() })
    }

    /// Begins to work from the queues.
    pub(crate) fn poll(&mut self, sqs: &Arc<Sqs>) {
        for function in self.by_name.values() {
            for source in function.sources() {
                self.tasks.spawn(poller::poll(
                    source.clone(),
                    Arc::clone(sqs),
                    Arc::clone(function),
                    self.phase.subscribe(),
                ));
            }
            self.tasks.spawn(Arc::clone(function).end_idle_processes());
        }
    }

    /// Serves invocations over HTTP.
    pub(crate) fn serve(&mut self, listener: TcpListener) {
        self.tasks.spawn(front::serve(listener, self.by_name.clone(), self.phase.subscribe()));
    }

    /// A function by its folder, its name or its ARN.
    fn find(&self, name: &str) -> Option<&Arc<Function>> {
        find(&self.by_name, name)
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// There is no such function.
    pub(crate) async fn invoke(&self, name: &str, event: Bytes) -> Result<Answer> {
        let names = || self.by_name.keys().cloned().collect::<Vec<_>>().join(", ");
        let function = self.find(name).with_context(|| format!("no function `{name}`; there are: {}", names()))?;
        Ok(function.invoke(event, None).await)
    }

    /// Kills a process of a function in the middle of its work; false when it has none at work.
    pub(crate) fn kill(&self, name: &str) -> bool {
        self.find(name).is_some_and(|function| function.kill_one())
    }

    /// Processes that are alive.
    pub(crate) fn processes(&self) -> usize {
        self.by_name.values().map(|function| function.processes()).sum()
    }

    /// Ends all processes: what is at work has a moment to end by itself.
    ///
    /// # Errors
    /// A process is still there.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.phase.send_replace(Phase::Draining);
        let working = || self.by_name.values().any(|function| function.is_working());
        wait_while(working, GRACE).await;
        self.phase.send_replace(Phase::Ending);
        for function in self.by_name.values() {
            function.end_all().await;
        }
        let _ = tokio::time::timeout(GONE, async { while self.tasks.join_next().await.is_some() {} }).await;
        wait_while(|| self.processes() > 0, GONE).await;
        ensure!(self.processes() == 0, "{} function processes did not end", self.processes());
        Ok(())
    }
}

fn find<'a>(functions: &'a BTreeMap<String, Arc<Function>>, name: &str) -> Option<&'a Arc<Function>> {
    let name = name.rsplit_once(":function:").map_or(name, |(_, name)| name);
    let name = name.strip_suffix(":$LATEST").unwrap_or(name);
    functions.get(name).or_else(|| functions.values().find(|function| function.name() == name))
}

async fn wait_while(condition: impl Fn() -> bool, longest: Duration) {
    let until = tokio::time::Instant::now() + longest;
    while condition() && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
