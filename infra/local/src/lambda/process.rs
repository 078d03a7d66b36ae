//! One process of a function.

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    sync::{oneshot, watch},
};

use super::{
    Phase,
    runtime_api::{Invocation, Reply, Session},
    spawner::Spawner,
};

/// A process that has not asked for work by then is given up. Source: Lambda's limit of the init phase.
const INIT: Duration = Duration::from_secs(10);

/// A process that waits for work, or works.
pub(super) struct Process {
    /// Its number in the operating system.
    pub(super) pid: u32,
    /// From its beginning to its first question for work.
    pub(super) init: Duration,
    child: Child,
    session: Session,
    _counted: Counted,
}

/// A process is alive as long as this stands.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Why a process cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoStart {
    /// The operating system did not begin it.
    Spawn(String),
    /// It ended before it asked for work; with what it said of the reason.
    Ended(String, Option<axum::body::Bytes>),
    /// It did not ask for work in time.
    TooSlow,
    /// The host ends.
    Stopped,
}

/// How an invocation ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With an answer.
    Replied(Reply),
    /// With the process, which ended in the middle.
    Died(String),
    /// With the time; the process is killed.
    TimedOut,
}

/// How a process ended, as Lambda words it.
fn ending(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

impl Process {
    /// Begins a process and waits until it asks for work.
    pub(super) async fn begin(
        program: &Path,
        environment: &BTreeMap<String, String>,
        log: File,
        spawner: &Spawner,
        count: &Arc<AtomicUsize>,
        mut phase: watch::Receiver<Phase>,
    ) -> Result<Self, NoStart> {
        let spawn = |error: std::io::Error| NoStart::Spawn(format!("{}: {error}", program.display()));
        let session = Session::open().await.map_err(spawn)?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", session.address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(spawn)?)
            .stderr(log);
        // A Ctrl-C in the terminal is for the host, which ends its functions in order.
        #[cfg(unix)]
        command.process_group(0);
        let began = Instant::now();
        let mut child = spawner.spawn(command).await.map_err(spawn)?;
        let counted = Counted::new(count);
        let pid = child.id().unwrap_or_default();
        let problem = tokio::select! {
            () = session.ready() => None,
            status = child.wait() => Some(NoStart::Ended(ending(status), session.init_error())),
            () = tokio::time::sleep(INIT) => Some(NoStart::TooSlow),
            _ = phase.wait_for(|phase| *phase >= Phase::Ending) => Some(NoStart::Stopped),
        };
        let process = Self { pid, init: began.elapsed(), child, session, _counted: counted };
        match problem {
            None => Ok(process),
            Some(problem) => {
                process.end().await;
                Err(problem)
            }
        }
    }

    /// Hands an event to the process and waits for its answer, for the end of its time, or for its death.
    pub(super) async fn invoke(
        &mut self,
        invocation: Invocation,
        kill: oneshot::Receiver<()>,
        mut phase: watch::Receiver<Phase>,
    ) -> End {
        let timeout = invocation.timeout;
        let answer = self.session.offer(invocation).await;
        let killed = async {
            tokio::select! {
                // Nobody can kill it any more if the sender is gone: then only the end of the host does.
                Ok(()) = kill => {}
                _ = phase.wait_for(|phase| *phase >= Phase::Ending) => {}
            }
        };
        tokio::select! {
            biased;
            Ok(reply) = answer => return End::Replied(reply),
            status = self.child.wait() => return End::Died(ending(status)),
            () = tokio::time::sleep(timeout) => {
                let _ = self.child.kill().await;
                return End::TimedOut;
            }
            () = killed => {}
        }
        let _ = self.child.start_kill();
        End::Died(ending(self.child.wait().await))
    }

    /// True while the process has not ended.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and waits until it is gone.
    pub(super) async fn end(mut self) {
        let _ = self.child.kill().await;
    }

    /// The most memory that it has held so far, MB, where the operating system tells.
    pub(super) fn max_memory_mb(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        peak_kb(&status).map(|kb| kb.div_ceil(1024))
    }
}

/// `VmHWM` of a `/proc/*/status`, kB.
fn peak_kb(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of proc_pid_status(5).
    #[test]
    fn the_peak_of_memory_is_read_from_the_status_of_a_process() {
        assert_eq!(
            peak_kb("Name:\tbash\nVmPeak:\t  131168 kB\nVmHWM:\t   13484 kB\nVmRSS:\t   10664 kB\n"),
            Some(13484)
        );
        assert_eq!(peak_kb("Name:\tkthreadd\nThreads:\t1\n"), None);
    }
}
