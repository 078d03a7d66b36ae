//! Every port in memory, and what a test may look at and change.

mod objects;
mod queues;
mod table;

use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use platefleet_fleet::{
    env,
    ports::{Bucket, Clock, Error, Item, Key, Result, Settings, Workers},
};

use crate::{
    delivery::Dice,
    fault::{Fault, Port, Script},
    run::{Stopped, step, yield_now},
};
use objects::Object;
pub(crate) use queues::{Line, Waiting};

/// 2026-11-22T10:57:40Z, the moment at which every world begins.
const DAWN_MS: u64 = 1_795_345_060_000;
/// How long an invocation may work unless the test says otherwise.
const TIME_LEFT: Duration = Duration::from_mins(1);

/// The in-memory world. Clones share everything but the deadline of an invocation.
#[derive(Debug, Clone)]
pub struct World {
    shared: Arc<Shared>,
    deadline_ms: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Shared {
    settings: env::Settings,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) now_ms: u64,
    time_left: Duration,
    call_time: Duration,
    objects: BTreeMap<(Bucket, String), Object>,
    versions: u64,
    object_page: usize,
    rows: BTreeMap<Key, Item>,
    /// What indexes answer from while they are frozen.
    frozen: Option<BTreeMap<Key, Item>>,
    row_page: usize,
    pub(crate) queues: BTreeMap<Line, VecDeque<Waiting>>,
    messages: u64,
    script: Script,
    /// Dice and chance of a random fault, in thousandths of the calls.
    pub(crate) storm: Option<(Dice, u32)>,
    pub(crate) crashed: bool,
    log: Vec<(Port, String)>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world with the default settings.
    pub fn new() -> Self {
        Self::with_settings(env::Settings::default())
    }

    /// An empty world with these settings.
    pub fn with_settings(settings: env::Settings) -> Self {
        let state = State {
            now_ms: DAWN_MS,
            time_left: TIME_LEFT,
            call_time: Duration::ZERO,
            objects: BTreeMap::new(),
            versions: 0,
            object_page: 1000,
            rows: BTreeMap::new(),
            frozen: None,
            row_page: usize::MAX,
            queues: BTreeMap::new(),
            messages: 0,
            script: Script::default(),
            storm: None,
            crashed: false,
            log: Vec::new(),
        };
        let deadline_ms = Arc::new(AtomicU64::new(DAWN_MS + millis(TIME_LEFT)));
        Self { shared: Arc::new(Shared { settings, state: Mutex::new(state) }), deadline_ms }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a handler under test must not hide what it left behind.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a future to its end, or until a fault of the script ends it.
    pub fn run<F: Future>(&self, future: F) -> std::result::Result<F::Output, Stopped> {
        self.state().crashed = false;
        let mut future = pin!(future);
        loop {
            let done = step(future.as_mut());
            if std::mem::take(&mut self.state().crashed) {
                return Err(Stopped);
            }
            if let Some(done) = done {
                return done;
            }
        }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.state().now_ms += millis(by);
    }

    /// How long this world's invocation may work from now; every later delivery gets as much.
    pub fn set_time_left(&self, left: Duration) {
        let mut state = self.state();
        state.time_left = left;
        self.deadline_ms.store(state.now_ms + millis(left), Ordering::Relaxed);
    }

    /// Lets every port call take this long, so that time runs out during an invocation.
    pub fn set_call_time(&self, time: Duration) {
        self.state().call_time = time;
    }

    /// The same world as another invocation sees it: with the whole time left.
    #[must_use]
    pub fn invocation(&self) -> Self {
        let state = self.state();
        let deadline_ms = state.now_ms + millis(state.time_left);
        drop(state);
        Self { shared: Arc::clone(&self.shared), deadline_ms: Arc::new(AtomicU64::new(deadline_ms)) }
    }

    /// Port calls so far.
    pub fn calls(&self) -> u64 {
        self.state().log.len() as u64
    }

    /// Port calls so far: which, and of what (a key, a queue).
    pub fn log(&self) -> Vec<(Port, String)> {
        self.state().log.clone()
    }

    /// Lets the `nth` call from now go wrong; 0 is the next one.
    pub fn fail_call(&self, nth: u64, fault: Fault) {
        let mut state = self.state();
        let call = state.log.len() as u64 + nth;
        state.script.at_call(call, fault);
    }

    /// Lets the next call of this kind go wrong. Said twice, the next two do.
    pub fn fail_next(&self, port: Port, fault: Fault) {
        self.state().script.at_next(port, fault);
    }

    /// Forgets every fault that has not happened yet.
    pub fn forget_faults(&self) {
        self.state().script = Script::default();
    }

    /// One port call: a step at which others may go first, and which may go wrong before or after it happens.
    async fn call<T>(&self, port: Port, subject: &str, act: impl FnOnce(&mut State) -> Result<T> + Send) -> Result<T> {
        yield_now().await;
        match self.attempt(port, subject, act) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// `None` when the function ends here.
    fn attempt<T>(&self, port: Port, subject: &str, act: impl FnOnce(&mut State) -> Result<T>) -> Option<Result<T>> {
        let mut state = self.state();
        let call = state.log.len() as u64;
        state.log.push((port, subject.to_owned()));
        state.now_ms += millis(state.call_time);
        let fault = state.script.take(call, port).or_else(|| state.storm_fault());
        let answer = match fault {
            None => return Some(act(&mut state)),
            Some(Fault::Fails(error)) => return Some(Err(error)),
            Some(Fault::LosesAnswer(error)) => act(&mut state).and(Err(error)),
            Some(Fault::CrashesBefore) => {
                state.crashed = true;
                return None;
            }
            Some(Fault::CrashesAfter) => {
                state.crashed = true;
                let _ = act(&mut state);
                return None;
            }
        };
        Some(answer)
    }
}

impl State {
    fn storm_fault(&mut self) -> Option<Fault> {
        let (dice, chance) = self.storm.as_mut()?;
        if !dice.chance(*chance, 1000) {
            return None;
        }
        Some(match dice.below(5) {
            0 => Fault::Fails(Error::Throttled("the storm".into())),
            1 => Fault::Fails(Error::Unknown("the storm".into())),
            2 => Fault::LosesAnswer(Error::Unknown("the storm".into())),
            3 => Fault::CrashesBefore,
            _ => Fault::CrashesAfter,
        })
    }
}

impl Clock for World {
    fn now_ms(&self) -> u64 {
        self.state().now_ms
    }

    fn time_left(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.load(Ordering::Relaxed).saturating_sub(self.now_ms()))
    }
}

impl Workers for World {
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        catch_unwind(AssertUnwindSafe(work))
            .map_err(|panic| Error::Refused(format!("a computation panicked: {}", panic_text(&*panic))))
    }
}

impl Settings for World {
    fn settings(&self) -> &env::Settings {
        &self.shared.settings
    }
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no text)".into())
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
