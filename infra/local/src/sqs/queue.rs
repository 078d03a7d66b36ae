//! One standard queue as a state machine: time is handed in, nothing waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use super::{
    message::{Message, Received},
    spool::{Spool, Spooled},
};

/// How a queue behaves. The defaults are those of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAttributes {
    /// How long a received message is hidden from other receivers; at most 12 h.
    pub visibility: Duration,
    /// How long a sent message stays hidden unless it says otherwise; at most 15 min.
    pub delay: Duration,
    /// After this time a message is dropped; 60 s to 14 days. Not divided by the time scale.
    pub retention: Duration,
    /// Dead-letter queue, by name, and how often a message is received before it moves there.
    pub redrive: Option<(String, u32)>,
    /// Largest body with attributes in bytes, 1 KiB to 1 MiB.
    pub max_message_bytes: usize,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_hours(4 * 24),
            redrive: None,
            max_message_bytes: super::MAX_MESSAGE_BYTES,
        }
    }
}

/// How many messages a queue holds. SQS calls these approximate; here they are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ready to be received.
    pub visible: usize,
    /// Received and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
}

/// A message in its queue.
#[derive(Debug, Clone)]
struct Held {
    message: Message,
    /// First moment at which it can be received, ms since 1970.
    visible_at: u64,
    receive_count: u32,
    first_received: u64,
}

/// Place of a message in its queue: it grows with each message, over all queues, and is never used again.
pub(super) type Place = u64;

/// Retention is checked at most this often, ms.
const SWEEP_EVERY: u64 = 1000;

/// Messages of one queue. All times are ms since 1970.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) attributes: QueueAttributes,
    pub(super) created: u64,
    held: BTreeMap<Place, Held>,
    /// Every held message by the moment it becomes visible.
    schedule: BTreeSet<(u64, Place)>,
    next_sweep: u64,
    spool: Spool,
}

/// What a receive found.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) received: Vec<Received>,
    /// Messages that were received too often and now belong into the dead-letter queue. They stay on disk until
    /// [`Queue::unspool`].
    pub(super) dead: Vec<(Place, Message)>,
}

impl Queue {
    pub(super) fn new(attributes: QueueAttributes, now: u64, spool: Spool, spooled: Vec<Spooled>) -> Self {
        let (held, schedule) = (BTreeMap::new(), BTreeSet::new());
        let mut queue = Self { attributes, created: now, held, schedule, next_sweep: 0, spool };
        for Spooled { place, visible_at, message } in spooled {
            queue.hold(place, message, visible_at);
        }
        queue
    }

    /// Place of the latest message.
    pub(super) fn last_place(&self) -> Place {
        self.held.last_key_value().map_or(0, |(&place, _)| place)
    }

    pub(super) fn push(&mut self, place: Place, message: Message, visible_at: u64) -> io::Result<()> {
        self.spool.keep(place, visible_at, &message)?;
        self.hold(place, message, visible_at);
        Ok(())
    }

    /// Forgets on disk what [`Queue::take`] found dead.
    pub(super) fn unspool(&self, place: Place) {
        self.spool.drop(place);
    }

    fn hold(&mut self, place: Place, message: Message, visible_at: u64) {
        self.schedule.insert((visible_at, place));
        self.held.insert(place, Held { message, visible_at, receive_count: 0, first_received: 0 });
    }

    /// Takes up to `max` visible messages, oldest first, and hides them until `hidden_until`.
    pub(super) fn take(&mut self, max: usize, now: u64, hidden_until: u64) -> Taken {
        self.sweep(now);
        let limit = self.attributes.redrive.as_ref().map_or(u32::MAX, |(_, limit)| *limit);
        let mut taken = Taken::default();
        let ready: Vec<Place> = self.schedule.range(..(now + 1, 0)).map(|&(_, place)| place).collect();
        for place in ready {
            if taken.received.len() == max {
                break;
            }
            let Some(held) = self.held.get_mut(&place) else { continue };
            self.schedule.remove(&(held.visible_at, place));
            if held.receive_count >= limit {
                taken.dead.extend(self.held.remove(&place).map(|held| (place, held.message)));
                continue;
            }
            if held.receive_count == 0 {
                held.first_received = now;
            }
            held.receive_count += 1;
            held.visible_at = hidden_until.max(now);
            self.schedule.insert((held.visible_at, place));
            taken.received.push(Received {
                receipt: Receipt { place, receive_count: held.receive_count }.to_string(),
                receive_count: held.receive_count,
                first_received: held.first_received,
                message: held.message.clone(),
            });
        }
        taken
    }

    /// Forgets a message if this is the receipt of its latest receive.
    pub(super) fn delete(&mut self, receipt: Receipt) {
        if self.is_latest(receipt)
            && let Some(held) = self.held.remove(&receipt.place)
        {
            self.schedule.remove(&(held.visible_at, receipt.place));
            self.spool.drop(receipt.place);
        }
    }

    /// Moves the end of a message's invisibility; `false` when it is not in flight under this receipt.
    pub(super) fn hide_until(&mut self, receipt: Receipt, until: u64, now: u64) -> bool {
        let latest = self.is_latest(receipt);
        let Some(held) = self.held.get_mut(&receipt.place).filter(|held| latest && held.visible_at > now) else {
            return false;
        };
        self.schedule.remove(&(held.visible_at, receipt.place));
        held.visible_at = until;
        self.schedule.insert((until, receipt.place));
        true
    }

    fn is_latest(&self, receipt: Receipt) -> bool {
        self.held.get(&receipt.place).is_some_and(|held| held.receive_count == receipt.receive_count)
    }

    /// When the next message becomes visible; in the past when one is.
    pub(super) fn next_visible(&self) -> Option<u64> {
        self.schedule.first().map(|&(at, _)| at)
    }

    pub(super) fn counts(&mut self, now: u64) -> Counts {
        self.sweep(now);
        let mut counts = Counts::default();
        for held in self.held.values() {
            *match (held.visible_at <= now, held.receive_count) {
                (true, _) => &mut counts.visible,
                (false, 0) => &mut counts.delayed,
                (false, _) => &mut counts.in_flight,
            } += 1;
        }
        counts
    }

    pub(super) fn purge(&mut self) {
        self.held.keys().for_each(|&place| self.spool.drop(place));
        self.held.clear();
        self.schedule.clear();
    }

    fn sweep(&mut self, now: u64) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP_EVERY;
        let retention = self.attributes.retention.as_millis() as u64;
        let (schedule, spool) = (&mut self.schedule, &self.spool);
        self.held.retain(|place, held| {
            let keep = held.message.sent.saturating_add(retention) > now;
            if !keep {
                schedule.remove(&(held.visible_at, *place));
                spool.drop(*place);
            }
            keep
        });
    }
}

/// What a receipt handle says: which message, and which of its receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    place: Place,
    receive_count: u32,
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{:x}", self.place, self.receive_count)
    }
}

impl std::str::FromStr for Receipt {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (place, count) = text.split_once('-').ok_or(())?;
        Ok(Self {
            place: u64::from_str_radix(place, 16).map_err(drop)?,
            receive_count: u32::from_str_radix(count, 16).map_err(drop)?,
        })
    }
}
