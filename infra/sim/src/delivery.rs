//! Delivering messages until the queues are empty: in order on a calm day, else repeated, reordered, overlapping, and
//! with port calls that fail or end the function.

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    time::Duration,
};

use futures::{FutureExt as _, future::LocalBoxFuture};
use platefleet_fleet::{
    message::Queue,
    runner::{Failure, Record},
};

use crate::{
    run::step,
    world::{Line, Waiting, World, millis, panic_text},
};

/// Deliveries of a message before it goes to the dead letters.
const MAX_ATTEMPTS: u32 = 4;
/// How long a message that was not done stays hidden.
const VISIBILITY: Duration = Duration::from_secs(30);

type Handler = Rc<dyn Fn(World, Record) -> LocalBoxFuture<'static, Result<(), Failure>>>;

/// The functions of a fleet, by the queue that they serve.
#[derive(Clone, Default)]
pub struct Functions {
    by_queue: BTreeMap<Queue, Handler>,
    dead: Option<Handler>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_queue.keys()).finish()
    }
}

fn boxed(handler: impl AsyncFn(World, Record) -> Result<(), Failure> + 'static) -> Handler {
    let handler = Rc::new(handler);
    Rc::new(move |world, record| {
        let handler = Rc::clone(&handler);
        async move { handler(world, record).await }.boxed_local()
    })
}

impl Functions {
    /// None yet: messages stay in their queues.
    pub fn new() -> Self {
        Self::default()
    }

    /// The function that serves a queue.
    #[must_use]
    pub fn on(mut self, queue: Queue, handler: impl AsyncFn(World, Record) -> Result<(), Failure> + 'static) -> Self {
        self.by_queue.insert(queue, boxed(handler));
        self
    }

    /// The function that serves the dead letters of every queue.
    #[must_use]
    pub fn on_dead(mut self, handler: impl AsyncFn(World, Record) -> Result<(), Failure> + 'static) -> Self {
        self.dead = Some(boxed(handler));
        self
    }

    fn of(&self, line: Line) -> Option<&Handler> {
        if line.dead { self.dead.as_ref() } else { self.by_queue.get(&line.queue) }
    }
}

/// How messages travel.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Decides everything random. The same seed, the same day.
    pub seed: u64,
    /// True when any due message may come next.
    pub reorder: bool,
    /// Deliveries in a hundred that come once more.
    pub duplicates: u32,
    /// Invocations at once; their port calls interleave.
    pub overlap: usize,
    /// Port calls in a thousand that fail, lose their answer or end the function.
    pub faults: u32,
    /// Deliveries after which a drain stops.
    pub max_deliveries: u64,
    /// How far the clock may be moved on to what is delayed.
    pub horizon: Duration,
}

impl Weather {
    /// Every message once, in order, one at a time.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            seed: 0,
            reorder: false,
            duplicates: 0,
            overlap: 1,
            faults: 0,
            max_deliveries: 100_000,
            horizon: Duration::from_hours(24 * 7),
        }
    }

    /// Messages repeated and in any order, four invocations at once. No faults.
    #[must_use]
    pub fn windy(seed: u64) -> Self {
        Self { seed, reorder: true, duplicates: 20, overlap: 4, ..Self::calm() }
    }

    /// Wind, and one port call in a hundred goes wrong.
    #[must_use]
    pub fn stormy(seed: u64) -> Self {
        Self { faults: 10, ..Self::windy(seed) }
    }
}

/// What a drain did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Invocations.
    pub delivered: u64,
    /// Invocations that were not done, with the queue and the reason; panics included.
    pub failures: Vec<(Queue, String)>,
    /// Invocations that a fault ended.
    pub crashes: u64,
    /// Messages that went to the dead letters.
    pub died: u64,
    /// True when nothing is left to deliver; false when a limit of the weather was reached first.
    pub at_rest: bool,
}

struct Running {
    line: Line,
    waiting: Waiting,
    future: LocalBoxFuture<'static, Result<(), Failure>>,
}

impl World {
    /// Delivers messages to the functions until nothing is left that one of them serves. When only delayed messages
    /// remain, the clock is moved on. What fails comes again after 30 seconds, and goes to the dead letters after the
    /// fourth attempt.
    pub fn drain(&self, functions: &Functions, weather: Weather) -> Report {
        let mut dice = Dice::new(weather.seed);
        let mut report = Report::default();
        let mut running: Vec<Running> = Vec::new();
        let last_ms = self.state().now_ms.saturating_add(millis(weather.horizon));
        self.state().crashed = false;
        self.state().storm = (weather.faults > 0).then(|| (Dice::new(!weather.seed), weather.faults));
        loop {
            while running.len() < weather.overlap.max(1) && report.delivered < weather.max_deliveries {
                let Some((line, waiting)) = self.pick(functions, &weather, &mut dice) else { break };
                let Some(handler) = functions.of(line) else { break };
                report.delivered += 1;
                let record = Record {
                    id: waiting.id.to_string(),
                    body: waiting.body.clone(),
                    attempt: waiting.attempts,
                    source: line.name(),
                    dead: line.dead,
                };
                let future = handler(self.invocation(), record);
                running.push(Running { line, waiting, future });
            }
            if running.is_empty() {
                let next_ms = self.next_due(functions);
                report.at_rest = next_ms.is_none();
                match next_ms {
                    Some(due_ms) if due_ms <= last_ms && report.delivered < weather.max_deliveries => {
                        let mut state = self.state();
                        state.now_ms = state.now_ms.max(due_ms);
                    }
                    _ => break,
                }
                continue;
            }
            let turn = if running.len() > 1 { dice.below(running.len()) } else { 0 };
            self.turn(&mut running, turn, functions, &mut report);
        }
        self.state().storm = None;
        report
    }

    /// Lets one invocation go on to its next port call.
    fn turn(&self, running: &mut Vec<Running>, turn: usize, functions: &Functions, report: &mut Report) {
        let polled = catch_unwind(AssertUnwindSafe(|| step(running[turn].future.as_mut())));
        let crashed = std::mem::take(&mut self.state().crashed);
        let failure = match polled {
            Ok(None) if !crashed => return,
            Ok(Some(Ok(Ok(())))) if !crashed => None,
            Ok(Some(Ok(Err(failure)))) if !crashed => Some(failure.to_string()),
            Err(panic) => Some(format!("panicked: {}", panic_text(&*panic))),
            _ => {
                report.crashes += 1;
                Some("the function ended".into())
            }
        };
        let Running { line, waiting, future } = running.swap_remove(turn);
        drop(future);
        if let Some(reason) = failure {
            report.failures.push((line.queue, reason));
            self.put_back(line, waiting, functions, report);
        }
    }

    /// Takes a due message that somebody serves.
    fn pick(&self, functions: &Functions, weather: &Weather, dice: &mut Dice) -> Option<(Line, Waiting)> {
        let mut state = self.state();
        let now = state.now_ms;
        let mut all_due =
            state.queues.iter().filter(|(line, _)| functions.of(**line).is_some()).flat_map(|(line, queue)| {
                queue.iter().enumerate().filter(|(_, w)| w.due_ms <= now).map(|(index, _)| (*line, index))
            });
        let (line, index) = if weather.reorder {
            let due: Vec<(Line, usize)> = all_due.collect();
            if due.is_empty() {
                return None;
            }
            due[dice.below(due.len())]
        } else {
            all_due.next()?
        };
        let queue = state.queues.get_mut(&line)?;
        let mut waiting = queue.remove(index)?;
        waiting.attempts += 1;
        if weather.duplicates > 0 && dice.chance(weather.duplicates, 100) {
            queue.push_back(waiting.clone());
        }
        Some((line, waiting))
    }

    fn put_back(&self, line: Line, mut waiting: Waiting, functions: &Functions, report: &mut Report) {
        let mut state = self.state();
        if waiting.attempts < MAX_ATTEMPTS {
            waiting.due_ms = state.now_ms + millis(VISIBILITY);
            state.queues.entry(line).or_default().push_back(waiting);
        } else if !line.dead {
            report.died += 1;
            waiting.attempts = 0;
            state.queues.entry(Line { dead: true, ..line }).or_default().push_back(waiting);
        } else if functions.dead.is_some() {
            // Nobody is behind the dead letters: it stays for a person, out of reach of this drain.
            waiting.due_ms = u64::MAX;
            state.queues.entry(line).or_default().push_back(waiting);
        }
    }

    fn next_due(&self, functions: &Functions) -> Option<u64> {
        let state = self.state();
        let served = state.queues.iter().filter(|(line, _)| functions.of(**line).is_some());
        served.flat_map(|(_, queue)| queue).map(|w| w.due_ms).filter(|due| *due < u64::MAX).min()
    }
}

/// SplitMix64: enough for choosing what goes wrong. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators" (2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is above 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn chance(&mut self, of: u32, among: u32) -> bool {
        self.next() % u64::from(among.max(1)) < u64::from(of)
    }
}
