//! The processes of one function: warm ones are used again, idle ones end.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::{
    Phase, Settings,
    log::{Log, Report, Status},
    process::{End, NoStart, Process},
    runtime_api::{Invocation, Reply, error_json},
    spawner::Spawner,
};
use crate::template::{self, Source};

/// A process without work ends after this time, divided by the time scale.
const IDLE: Duration = Duration::from_secs(20);
/// Not before this time.
const LEAST_IDLE: Duration = Duration::from_millis(500);

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done: JSON of the function.
    Done(Bytes),
    /// It failed, took too long, crashed or could not begin: JSON with `errorType` and `errorMessage`.
    Failed(Bytes),
}

/// The right to one process of a function.
pub(super) type Slot = OwnedSemaphorePermit;

/// A function.
pub(super) struct Function {
    template: template::Function,
    program: PathBuf,
    environment: BTreeMap<String, String>,
    arn: Arc<str>,
    log: Log,
    time_scale: f64,
    spawner: Spawner,
    phase: watch::Receiver<Phase>,
    slots: Arc<Semaphore>,
    count: Arc<AtomicUsize>,
    idle: Mutex<Vec<(Process, Instant)>>,
    /// What kills the processes at work, by number of the invocation.
    at_work: Mutex<BTreeMap<u64, Option<oneshot::Sender<()>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers an invocation as long as it stands.
struct AtWork<'a>(&'a Function, u64);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        lock(&self.0.at_work).remove(&self.1);
    }
}

impl Function {
    pub(super) fn new(
        function: &template::Function,
        program: PathBuf,
        environment: BTreeMap<String, String>,
        settings: &Settings<'_>,
        spawner: Spawner,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let region = environment.get("AWS_REGION").map_or("", String::as_str);
        Self {
            arn: format!("arn:aws:lambda:{region}:000000000000:function:{}", function.name).into(),
            template: function.clone(),
            program,
            environment,
            log: Log::new(settings.logs, &function.folder),
            time_scale: settings.time_scale,
            spawner,
            phase,
            slots: Arc::new(Semaphore::new(settings.workers)),
            count: Arc::default(),
            idle: Mutex::default(),
            at_work: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.template.name
    }

    pub(super) fn has_url(&self) -> bool {
        self.template.url
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.template.sources
    }

    /// The longest that an invocation takes, with the beginning of a process and some time around it.
    pub(super) fn longest(&self) -> Duration {
        self.template.timeout + Duration::from_secs(15)
    }

    /// A time of the fleet on this machine.
    pub(super) fn scaled(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.time_scale).unwrap_or(time)
    }

    /// Waits until another process may work. `None` when the host ends.
    pub(super) async fn slot(&self) -> Option<Slot> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    pub(super) async fn invoke(&self, event: Bytes, trace: Option<String>) -> Answer {
        match self.slot().await {
            Some(slot) => self.run(slot, event, trace).await,
            None => self.stopped(),
        }
    }

    fn stopped(&self) -> Answer {
        Answer::Failed(error_json("Runtime.Stopped", &format!("{} is no longer run", self.name())))
    }

    /// Invokes the function in a slot.
    pub(super) async fn run(&self, slot: Slot, event: Bytes, trace: Option<String>) -> Answer {
        let _slot = slot;
        if *self.phase.borrow() > Phase::Running {
            return self.stopped();
        }
        let (id, number) = invocation_id();
        let (kill, killed) = oneshot::channel();
        let _at_work = AtWork(self, number);
        lock(&self.at_work).insert(number, Some(kill));
        let began = Instant::now();
        let (mut process, init) = match self.process().await {
            Ok(process) => process,
            Err(problem) => return self.no_start(&id, began, &problem),
        };
        let invocation = Invocation {
            id: id.clone(),
            event,
            timeout: self.template.timeout,
            trace: trace.unwrap_or_else(|| trace_header(number)),
            arn: Arc::clone(&self.arn),
        };
        let began = Instant::now();
        let end = process.invoke(invocation, killed, self.phase.clone()).await;
        let took = began.elapsed();
        let max_memory_mb = process.max_memory_mb();
        let (answer, status) = match end {
            End::Replied(Reply::Response(bytes)) => (Answer::Done(bytes), Status::Success),
            End::Replied(Reply::Error(bytes)) => (Answer::Failed(bytes), Status::Error),
            End::Died(how) => {
                let message = format!("RequestId: {id} Error: Runtime exited with error: {how}");
                (Answer::Failed(error_json("Runtime.ExitError", &message)), Status::Failure)
            }
            End::TimedOut => {
                let message = format!(
                    "RequestId: {id} Error: Task timed out after {:.2} seconds",
                    self.template.timeout.as_secs_f64()
                );
                (Answer::Failed(error_json("Sandbox.Timedout", &message)), Status::Timeout)
            }
        };
        self.report(&id, status, &answer, took, init, max_memory_mb);
        if matches!(status, Status::Success | Status::Error) && *self.phase.borrow() < Phase::Ending {
            lock(&self.idle).push((process, Instant::now()));
        } else {
            process.end().await;
        }
        answer
    }

    fn report(
        &self,
        id: &str,
        status: Status,
        answer: &Answer,
        took: Duration,
        init: Option<Duration>,
        max_memory_mb: Option<u64>,
    ) {
        let error = match answer {
            Answer::Done(_) => None,
            Answer::Failed(json) => Some(summary(json)),
        };
        if let Some((kind, message)) = &error {
            tracing::warn!(function = self.template.folder, kind, message, log = %self.log.path().display(), "failed");
        }
        let error = error.as_ref().map(|(kind, _)| kind.as_str());
        self.log.report(&Report { id, status, error, took, init, memory_mb: self.template.memory_mb, max_memory_mb });
    }

    /// A warm process, or a new one with the time that it took to begin.
    async fn process(&self) -> Result<(Process, Option<Duration>), NoStart> {
        while let Some((mut process, _)) = { lock(&self.idle).pop() } {
            if process.is_alive() {
                return Ok((process, None));
            }
        }
        let log = self.log.open().map_err(|e| NoStart::Spawn(format!("{}: {e}", self.log.path().display())))?;
        let (program, count) = (&self.program, &self.count);
        let process = Process::begin(program, &self.environment, log, &self.spawner, count, self.phase.clone()).await?;
        self.log.init(process.pid, process.init);
        tracing::debug!(function = self.template.folder, pid = process.pid, init_ms = process.init.as_secs_f64() * 1e3);
        let init = process.init;
        Ok((process, Some(init)))
    }

    fn no_start(&self, id: &str, began: Instant, problem: &NoStart) -> Answer {
        let log = self.log.path().display();
        let answer = match problem {
            NoStart::Ended(_, Some(said)) => Answer::Failed(said.clone()),
            NoStart::Ended(how, None) => {
                let message = format!("RequestId: {id} Error: Runtime exited with error: {how}; see {log}");
                Answer::Failed(error_json("Runtime.ExitError", &message))
            }
            NoStart::Spawn(why) => Answer::Failed(error_json("Runtime.InvalidEntrypoint", why)),
            NoStart::TooSlow => {
                let message = format!("RequestId: {id} Error: the function did not ask for work in time; see {log}");
                Answer::Failed(error_json("Sandbox.Timedout", &message))
            }
            NoStart::Stopped => self.stopped(),
        };
        self.report(id, Status::Failure, &answer, began.elapsed(), None, None);
        answer
    }

    pub(super) fn processes(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(super) fn is_working(&self) -> bool {
        !lock(&self.at_work).is_empty()
    }

    /// Kills the process of the oldest invocation that is not being killed already.
    pub(super) fn kill_one(&self) -> bool {
        let kill = lock(&self.at_work).values_mut().find_map(Option::take);
        kill.is_some_and(|kill| kill.send(()).is_ok())
    }

    /// Ends processes that have had no work for a while, until the host ends.
    pub(super) async fn end_idle_processes(self: Arc<Self>) {
        let longest = self.scaled(IDLE).max(LEAST_IDLE);
        let mut phase = self.phase.clone();
        loop {
            tokio::select! {
                _ = phase.wait_for(|phase| *phase >= Phase::Ending) => return,
                () = tokio::time::sleep(longest / 4) => {}
            }
            let over: Vec<_> = lock(&self.idle)
                .extract_if(.., |(process, since)| since.elapsed() > longest || !process.is_alive())
                .collect();
            for (process, _) in over {
                process.end().await;
            }
        }
    }

    /// Ends all idle processes; nothing begins after it.
    pub(super) async fn end_all(&self) {
        self.slots.close();
        let idle = std::mem::take(&mut *lock(&self.idle));
        for (process, _) in idle {
            process.end().await;
        }
    }
}

/// Kind and message of an error, for the log.
fn summary(json: &[u8]) -> (String, String) {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let text = |name: &str| value[name].as_str().unwrap_or("unknown").to_owned();
    (text("errorType"), text("errorMessage"))
}

/// An identity that no other invocation of this machine has, and its number.
fn invocation_id() -> (String, u64) {
    static INVOCATIONS: AtomicU64 = AtomicU64::new(1);
    let number = INVOCATIONS.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64);
    (format!("{:08x}-{:04x}-4000-8000-{number:012x}", now >> 16 & 0xffff_ffff, now & 0xffff), number)
}

/// An X-Ray trace header: not sampled, since nobody would read it.
fn trace_header(number: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    format!("Root=1-{now:08x}-{number:024x};Parent={number:016x};Sampled=0")
}
