//! Queues, and what waits in them.

use std::time::Duration;

use platefleet_fleet::{
    message::{Message, Queue},
    ports::{Error, Queues, Result},
};

use super::{Port, State, World, millis};

/// What SQS delays at most.
const MAX_DELAY: Duration = Duration::from_mins(15);
/// What a queue of ours accepts, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A queue, or the dead letters behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) queue: Queue,
    pub(crate) dead: bool,
}

impl Line {
    pub(crate) fn name(self) -> String {
        format!("{}{}", self.queue.name(), if self.dead { "-dlq" } else { "" })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: u64,
    pub(crate) body: String,
    pub(crate) due_ms: u64,
    pub(crate) attempts: u32,
}

impl State {
    fn post(&mut self, queue: Queue, body: String, delay: Duration) {
        self.messages += 1;
        let waiting = Waiting { id: self.messages, body, due_ms: self.now_ms + millis(delay), attempts: 0 };
        self.queues.entry(Line { queue, dead: false }).or_default().push_back(waiting);
    }
}

impl World {
    /// Puts any text into a queue. Counts as no call.
    pub fn post(&self, queue: Queue, body: &str) {
        self.state().post(queue, body.to_owned(), Duration::ZERO);
    }

    /// Takes every message that is due out of a queue, oldest first.
    pub fn take(&self, queue: Queue) -> Vec<String> {
        let mut state = self.state();
        let now = state.now_ms;
        let waiting = state.queues.entry(Line { queue, dead: false }).or_default();
        let (due, later) = std::mem::take(waiting).into_iter().partition(|w| w.due_ms <= now);
        *waiting = later;
        Vec::from(due).into_iter().map(|w| w.body).collect()
    }

    /// Messages in a queue, delayed ones included.
    pub fn len(&self, queue: Queue) -> usize {
        self.state().queues.get(&Line { queue, dead: false }).map_or(0, std::collections::VecDeque::len)
    }

    /// True when no queue holds a message, delayed and dead ones included: the fleet is at rest.
    pub fn is_empty(&self) -> bool {
        self.state().queues.values().all(std::collections::VecDeque::is_empty)
    }

    /// Messages that were given up on, by the queue that they come from.
    pub fn dead(&self, queue: Queue) -> Vec<String> {
        let state = self.state();
        state.queues.get(&Line { queue, dead: true }).into_iter().flatten().map(|w| w.body.clone()).collect()
    }
}

impl Queues for World {
    async fn send(&self, queue: Queue, message: &Message, delay: Duration) -> Result<()> {
        let body = message.to_body();
        self.call(Port::Send, queue.name(), |state| {
            if body.len() > MAX_BODY {
                return Err(Error::Refused(format!("a message of {} bytes", body.len())));
            }
            state.post(queue, body, delay.min(MAX_DELAY));
            Ok(())
        })
        .await
    }
}
