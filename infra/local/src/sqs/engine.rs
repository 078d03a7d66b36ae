//! All queues behind one lock, and the waiting for messages.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::Notify;

use super::{
    message::{MAX_MESSAGE_BYTES, Message, MessageId, Outgoing, Received, md5_hex},
    queue::{Counts, Place, Queue, QueueAttributes, Receipt},
    spool::Spool,
};

/// Longest visibility, s.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);
/// Longest delay, s.
const MAX_DELAY: Duration = Duration::from_mins(15);
/// Attributes of a message.
const MAX_ATTRIBUTES: usize = 10;
/// A scaled time is not shorter than this, so that a receiver keeps a chance to delete what it received.
const FLOOR: Duration = Duration::from_millis(20);

/// Why SQS did not do what was asked. Trying again does not help, unless it is the disk.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SqsError {
    /// There is no queue of this name.
    #[error("The specified queue does not exist: `{0}`")]
    NoSuchQueue(String),
    /// The name is taken by a queue with other attributes.
    #[error("A queue `{0}` exists with other attributes")]
    QueueExists(String),
    /// A value is out of its range.
    #[error("{0}")]
    InvalidParameter(String),
    /// The body has a character that XML does not allow.
    #[error("The body has the character {0:?}; allowed are tab, line feed, carriage return and what XML 1.0 allows")]
    InvalidCharacter(char),
    /// Not a receipt handle of ours.
    #[error("The receipt handle `{0}` is not valid")]
    InvalidReceipt(String),
    /// The message is not in flight under this receipt.
    #[error("The message of receipt handle `{0}` is not in flight")]
    NotInFlight(String),
    /// The message could not be written to disk. Trying again may help.
    #[error("{0}")]
    Disk(String),
    /// Something SQS offers and this server does not.
    #[error("{0}")]
    Unsupported(String),
}

/// The queues of one account.
#[derive(Debug)]
pub struct Sqs {
    base_url: String,
    account: String,
    region: String,
    time_scale: f64,
    clock: Clock,
    /// Where messages are kept, if they are.
    directory: Option<PathBuf>,
    queues: Mutex<Queues>,
}

#[derive(Debug)]
struct Queues {
    by_name: BTreeMap<String, (Queue, Arc<Notify>)>,
    next_place: Place,
}

/// Wall time that does not jump: it is read once, then it runs with the monotonic clock.
#[derive(Debug)]
struct Clock {
    since: Instant,
    at_start: u64,
}

impl Clock {
    fn now(&self) -> u64 {
        self.at_start + self.since.elapsed().as_millis() as u64
    }
}

impl Sqs {
    /// No queues yet. `base_url` has no slash at its end; `time_scale` divides visibility times and delays, down to 20 ms.
    pub fn new(base_url: String, account: &str, region: &str, time_scale: f64) -> Arc<Self> {
        Arc::new(Self::make(base_url, account, region, time_scale, None))
    }

    /// The same with messages kept in a directory: a queue that is created has those of before the restart. What was in
    /// flight is visible again.
    pub fn open(directory: &Path, base_url: String, account: &str, region: &str, time_scale: f64) -> Arc<Self> {
        Arc::new(Self::make(base_url, account, region, time_scale, Some(directory.to_owned())))
    }

    fn make(base_url: String, account: &str, region: &str, time_scale: f64, directory: Option<PathBuf>) -> Self {
        let at_start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_millis() as u64);
        Self {
            base_url,
            account: account.to_owned(),
            region: region.to_owned(),
            time_scale,
            clock: Clock { since: Instant::now(), at_start },
            // Places of before a restart must not mean messages of after it.
            queues: Mutex::new(Queues { by_name: BTreeMap::new(), next_place: at_start << 16 }),
            directory,
        }
    }

    /// Makes a queue; repeating it with equal attributes is no error.
    pub fn create(&self, name: &str, attributes: QueueAttributes) -> Result<(), SqsError> {
        check_name(name)?;
        check_attributes(&attributes)?;
        let mut queues = self.lock();
        match queues.by_name.get(name) {
            Some((queue, _)) if queue.attributes == attributes => Ok(()),
            Some(_) => Err(SqsError::QueueExists(name.to_owned())),
            None => {
                let spool = self.directory.as_ref().map(|directory| Spool::open(directory.join(name))).transpose()?;
                let (spool, spooled) = spool.unwrap_or_default();
                let queue = Queue::new(attributes, self.clock.now(), spool, spooled);
                queues.next_place = queues.next_place.max(queue.last_place() + 1);
                queues.by_name.insert(name.to_owned(), (queue, Arc::default()));
                Ok(())
            }
        }
    }

    /// Sends a message.
    pub fn send(&self, name: &str, outgoing: Outgoing) -> Result<MessageId, SqsError> {
        let now = self.clock.now();
        let mut queues = self.lock();
        let place = queues.next_place;
        let (queue, wake) = queues.get(name)?;
        check_message(&outgoing, queue.attributes.max_message_bytes)?;
        let delay = outgoing.delay.unwrap_or(queue.attributes.delay);
        let id =
            MessageId(format!("{:08x}-{:04x}-4000-8000-{:012x}", place >> 32, place >> 16 & 0xffff, place & 0xffff));
        let message = Message {
            id: id.clone(),
            md5: md5_hex(outgoing.body.as_bytes()),
            body: outgoing.body,
            attributes: outgoing.attributes,
            sent: now,
            group: outgoing.group,
            trace_header: outgoing.trace_header,
            dead_letter_source: None,
        };
        queue.push(place, message, now + self.scaled(delay))?;
        wake.notify_waiters();
        queues.next_place += 1;
        Ok(id)
    }

    /// Receives up to `max` messages that are visible now, and hides them for `visibility` or for as long as the queue
    /// says. None when there is no such queue.
    pub fn receive(&self, name: &str, max: usize, visibility: Option<Duration>) -> Vec<Received> {
        self.take(name, max, |queue| self.scaled(visibility.unwrap_or(queue.visibility).min(MAX_VISIBILITY)))
    }

    /// Receives for a worker that says itself when it is done, by [`delete`](Self::delete) or
    /// [`give_back`](Self::give_back), and that takes `longest` at most. The time scale shortens visibility times but not
    /// work, and a message must not come again while it is being worked on.
    pub fn receive_for_work(&self, name: &str, max: usize, longest: Duration) -> Vec<Received> {
        self.take(name, max, |queue| self.scaled(queue.visibility).max(longest.as_millis() as u64))
    }

    /// Ends the work on a message that was received at `since`: it is visible again when the queue's visibility time has
    /// passed since then, as if nobody had spoken of it.
    pub fn give_back(&self, name: &str, receipt: &str, since: Instant) -> Result<(), SqsError> {
        let now = self.clock.now();
        let mut queues = self.lock();
        let (queue, wake) = queues.get(name)?;
        let hidden = self.scaled(queue.attributes.visibility).saturating_sub(since.elapsed().as_millis() as u64);
        if !queue.hide_until(parse_receipt(receipt)?, now + hidden, now) {
            return Err(SqsError::NotInFlight(receipt.to_owned()));
        }
        wake.notify_waiters();
        Ok(())
    }

    /// Waits until a message is visible. It may be gone again when somebody looks.
    pub async fn ready(&self, name: &str) -> Result<(), SqsError> {
        loop {
            let wake = self.lock().get(name).map(|(_, wake)| Arc::clone(wake))?;
            let mut woken = pin!(wake.notified());
            woken.as_mut().enable();
            let now = self.clock.now();
            let next = self.lock().get(name)?.0.next_visible();
            match next {
                Some(at) if at <= now => return Ok(()),
                Some(at) => _ = tokio::time::timeout(Duration::from_millis(at - now), woken).await,
                None => woken.await,
            }
        }
    }

    /// Takes visible messages and hides them for the time that `hide` says, ms.
    fn take(&self, name: &str, max: usize, hide: impl Fn(&QueueAttributes) -> u64) -> Vec<Received> {
        let now = self.clock.now();
        let mut queues = self.lock();
        let Ok((queue, _)) = queues.get(name) else { return Vec::new() };
        let hidden_until = now + hide(&queue.attributes);
        let taken = queue.take(max, now, hidden_until);
        if let Some((target, _)) = queue.attributes.redrive.clone().filter(|_| !taken.dead.is_empty()) {
            let source = self.arn(name);
            for (old, mut message) in taken.dead {
                message.dead_letter_source.get_or_insert_with(|| source.clone());
                match queues.bury(&target, message, now) {
                    Ok(()) => queues.get(name).into_iter().for_each(|(queue, _)| queue.unspool(old)),
                    Err(error) => {
                        tracing::error!(queue = name, dead_letter_queue = target, %error, "a dead letter is lost");
                    }
                }
            }
        }
        taken.received
    }

    /// The same, waiting up to `wait` for the first message.
    pub async fn receive_wait(&self, name: &str, max: usize, wait: Duration) -> Vec<Received> {
        self.receive_hidden(name, max, None, wait).await
    }

    pub(super) async fn receive_hidden(
        &self,
        name: &str,
        max: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Vec<Received> {
        let deadline = self.clock.now() + wait.as_millis() as u64;
        loop {
            let Ok(wake) = self.lock().get(name).map(|(_, wake)| Arc::clone(wake)) else { return Vec::new() };
            let mut woken = pin!(wake.notified());
            // Listen before looking, or a message that arrives in between wakes nobody.
            woken.as_mut().enable();
            let received = self.receive(name, max, visibility);
            let now = self.clock.now();
            if !received.is_empty() || now >= deadline {
                return received;
            }
            let next = self.lock().get(name).ok().and_then(|(queue, _)| queue.next_visible());
            let until = next.map_or(deadline, |at| at.max(now + 1).min(deadline));
            let _ = tokio::time::timeout(Duration::from_millis(until - now), woken).await;
        }
    }

    /// Deletes a message. A receipt of before the latest receive deletes nothing and is no error.
    pub fn delete(&self, name: &str, receipt: &str) -> Result<(), SqsError> {
        let mut queues = self.lock();
        let (queue, _) = queues.get(name)?;
        queue.delete(parse_receipt(receipt)?);
        Ok(())
    }

    /// Sets how long a message stays hidden from now on; zero shows it at once.
    pub fn change_visibility(&self, name: &str, receipt: &str, visibility: Duration) -> Result<(), SqsError> {
        check_range("VisibilityTimeout", visibility, Duration::ZERO, MAX_VISIBILITY)?;
        let now = self.clock.now();
        let mut queues = self.lock();
        let (queue, wake) = queues.get(name)?;
        if !queue.hide_until(parse_receipt(receipt)?, now + self.scaled(visibility), now) {
            return Err(SqsError::NotInFlight(receipt.to_owned()));
        }
        wake.notify_waiters();
        Ok(())
    }

    /// How many messages a queue holds; none when there is no such queue.
    pub fn counts(&self, name: &str) -> Counts {
        let now = self.clock.now();
        self.lock().get(name).map(|(queue, _)| queue.counts(now)).unwrap_or_default()
    }

    /// Names of the queues, in order.
    pub fn names(&self) -> Vec<String> {
        self.lock().by_name.keys().cloned().collect()
    }

    /// Attributes of a queue and when it was created, ms since 1970.
    pub fn attributes(&self, name: &str) -> Result<(QueueAttributes, u64), SqsError> {
        self.lock().get(name).map(|(queue, _)| (queue.attributes.clone(), queue.created))
    }

    /// Replaces the attributes of a queue; messages already hidden stay so for as long as they were.
    pub fn set_attributes(&self, name: &str, attributes: QueueAttributes) -> Result<(), SqsError> {
        check_attributes(&attributes)?;
        self.lock().get(name).map(|(queue, _)| queue.attributes = attributes)
    }

    /// Forgets all messages of a queue.
    pub fn purge(&self, name: &str) -> Result<(), SqsError> {
        self.lock().get(name).map(|(queue, _)| queue.purge())
    }

    /// Region of the queues.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Address of a queue.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.base_url, self.account)
    }

    /// ARN of a queue.
    pub fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.account)
    }

    /// A time divided by the time scale, ms.
    fn scaled(&self, time: Duration) -> u64 {
        let divided = Duration::try_from_secs_f64(time.as_secs_f64() / self.time_scale).unwrap_or(time);
        if time.is_zero() { 0 } else { divided.max(FLOOR.min(time)).as_millis() as u64 }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<io::Error> for SqsError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

impl Queues {
    /// Puts a dead message into its dead-letter queue.
    fn bury(&mut self, target: &str, message: Message, now: u64) -> Result<(), SqsError> {
        let place = self.next_place;
        self.next_place += 1;
        let (queue, wake) = self.get(target)?;
        queue.push(place, message, now)?;
        wake.notify_waiters();
        Ok(())
    }

    fn get(&mut self, name: &str) -> Result<(&mut Queue, &mut Arc<Notify>), SqsError> {
        let (queue, wake) = self.by_name.get_mut(name).ok_or_else(|| SqsError::NoSuchQueue(name.to_owned()))?;
        Ok((queue, wake))
    }
}

fn parse_receipt(receipt: &str) -> Result<Receipt, SqsError> {
    receipt.parse().map_err(|()| SqsError::InvalidReceipt(receipt.chars().take(100).collect()))
}

fn check_name(name: &str) -> Result<(), SqsError> {
    if name.strip_suffix(".fifo").is_some() {
        return Err(SqsError::Unsupported(format!("`{name}`: FIFO queues are not supported here, only standard ones")));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 80 || !name.chars().all(plain) {
        let problem = "a queue name has 1 to 80 letters, digits, hyphens and underscores";
        return Err(SqsError::InvalidParameter(format!("{problem}: `{}`", name.escape_debug())));
    }
    Ok(())
}

fn check_attributes(attributes: &QueueAttributes) -> Result<(), SqsError> {
    check_range("VisibilityTimeout", attributes.visibility, Duration::ZERO, MAX_VISIBILITY)?;
    check_range("DelaySeconds", attributes.delay, Duration::ZERO, MAX_DELAY)?;
    let (least, most) = (Duration::from_mins(1), Duration::from_hours(14 * 24));
    check_range("MessageRetentionPeriod", attributes.retention, least, most)?;
    if !(1024..=MAX_MESSAGE_BYTES).contains(&attributes.max_message_bytes) {
        let bytes = attributes.max_message_bytes;
        return Err(SqsError::InvalidParameter(format!(
            "MaximumMessageSize {bytes} is not in 1024..={MAX_MESSAGE_BYTES}"
        )));
    }
    match attributes.redrive {
        Some((_, limit)) if !(1..=1000).contains(&limit) => {
            Err(SqsError::InvalidParameter(format!("maxReceiveCount {limit} is not in 1..=1000")))
        }
        _ => Ok(()),
    }
}

fn check_range(name: &str, value: Duration, least: Duration, most: Duration) -> Result<(), SqsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let (value, least, most) = (value.as_secs_f64(), least.as_secs(), most.as_secs());
    Err(SqsError::InvalidParameter(format!("{name} {value} s is not in {least}..={most} s")))
}

fn check_message(message: &Outgoing, limit: usize) -> Result<(), SqsError> {
    check_range("DelaySeconds", message.delay.unwrap_or_default(), Duration::ZERO, MAX_DELAY)?;
    if message.body.is_empty() {
        return Err(SqsError::InvalidParameter("MessageBody is empty".to_owned()));
    }
    if message.bytes() > limit {
        let bytes = message.bytes();
        return Err(SqsError::InvalidParameter(format!("a message of {bytes} bytes is longer than {limit} bytes")));
    }
    if message.attributes.len() > MAX_ATTRIBUTES {
        let count = message.attributes.len();
        return Err(SqsError::InvalidParameter(format!("{count} attributes are more than {MAX_ATTRIBUTES}")));
    }
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    message.body.chars().find(|&c| !allowed(c)).map_or(Ok(()), |c| Err(SqsError::InvalidCharacter(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(5);

    /// A queue `q` whose messages die in `q-dlq` after two receives; visibility of 1 s is 20 ms.
    fn sqs() -> Arc<Sqs> {
        let sqs = Sqs::new("http://localhost:1".to_owned(), "000000000000", "eu-west-1", 50.0);
        let attributes = QueueAttributes {
            visibility: Duration::from_secs(1),
            redrive: Some(("q-dlq".to_owned(), 2)),
            ..QueueAttributes::default()
        };
        sqs.create("q", attributes).unwrap();
        sqs.create("q-dlq", QueueAttributes::default()).unwrap();
        sqs
    }

    #[test]
    fn a_received_message_is_hidden_and_a_deleted_one_gone() {
        let sqs = sqs();
        let id = sqs.send("q", Outgoing::text("a")).unwrap();
        let got = sqs.receive("q", 10, Some(WAIT * 100));
        assert_eq!((got.len(), &got[0].id, got[0].body.as_str(), got[0].receive_count), (1, &id, "a", 1));
        assert!(sqs.receive("q", 10, None).is_empty());
        assert_eq!(sqs.counts("q"), Counts { visible: 0, in_flight: 1, delayed: 0 });
        sqs.delete("q", &got[0].receipt).unwrap();
        assert_eq!(sqs.counts("q"), Counts::default());
    }

    #[tokio::test]
    async fn an_undeleted_message_comes_back_and_then_dies_in_the_dead_letter_queue() {
        let sqs = sqs();
        let id = sqs.send("q", Outgoing::text("poison")).unwrap();
        let first = sqs.receive_wait("q", 1, WAIT).await;
        let second = sqs.receive_wait("q", 1, WAIT).await;
        assert_eq!((first[0].receive_count, second[0].receive_count), (1, 2));
        // The dead letter arrives when the source queue is asked a third time.
        let (third, dead) =
            tokio::join!(sqs.receive_wait("q", 1, Duration::from_millis(100)), sqs.receive_wait("q-dlq", 1, WAIT));
        assert!(third.is_empty());
        assert_eq!((&dead[0].id, dead[0].body.as_str()), (&id, "poison"));
        assert_eq!(dead[0].dead_letter_source.as_deref(), Some("arn:aws:sqs:eu-west-1:000000000000:q"));
        assert_eq!(sqs.counts("q"), Counts::default());
    }

    #[tokio::test]
    async fn a_stale_receipt_deletes_nothing() {
        let sqs = sqs();
        sqs.send("q", Outgoing::text("a")).unwrap();
        let stale = sqs.receive("q", 1, None).remove(0);
        let fresh = sqs.receive_wait("q", 1, WAIT).await.remove(0);
        sqs.delete("q", &stale.receipt).unwrap();
        assert_eq!(sqs.counts("q").in_flight + sqs.counts("q").visible, 1);
        sqs.delete("q", &fresh.receipt).unwrap();
        sqs.delete("q", &fresh.receipt).unwrap();
        assert_eq!(sqs.counts("q"), Counts::default());
        assert!(matches!(sqs.delete("q", "rubbish"), Err(SqsError::InvalidReceipt(_))));
    }

    #[tokio::test]
    async fn a_waiting_receiver_is_woken_by_a_send_and_by_the_end_of_a_delay() {
        let sqs = sqs();
        let waiting = tokio::spawn({
            let sqs = Arc::clone(&sqs);
            async move { sqs.receive_wait("q", 1, WAIT).await }
        });
        tokio::task::yield_now().await;
        let started = Instant::now();
        let delay = Some(Duration::from_secs(1));
        sqs.send("q", Outgoing { delay, ..Outgoing::text("later") }).unwrap();
        assert_eq!(sqs.counts("q").delayed, 1);
        assert_eq!(waiting.await.unwrap()[0].body, "later");
        let took = started.elapsed();
        assert!((Duration::from_millis(19)..Duration::from_secs(1)).contains(&took), "{took:?}");
    }

    #[test]
    fn messages_survive_a_restart_and_deleted_ones_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let open = || {
            let sqs = Sqs::open(directory.path(), String::new(), "000000000000", "eu-west-1", 1.0);
            let redrive = Some(("q-dlq".to_owned(), 1));
            sqs.create("q", QueueAttributes { redrive, ..QueueAttributes::default() }).unwrap();
            sqs.create("q-dlq", QueueAttributes::default()).unwrap();
            sqs
        };
        let sqs = open();
        let delay = Some(WAIT * 100);
        sqs.send("q", Outgoing { delay, ..Outgoing::text("later") }).unwrap();
        for body in ["deleted", "in flight", "dead", "waiting"] {
            sqs.send("q", Outgoing::text(body)).unwrap();
        }
        let got = sqs.receive("q", 3, None);
        sqs.delete("q", &got[0].receipt).unwrap();
        sqs.change_visibility("q", &got[2].receipt, Duration::ZERO).unwrap();
        assert_eq!(sqs.receive("q", 10, Some(WAIT))[0].body, "waiting");
        assert_eq!(sqs.counts("q-dlq").visible, 1);
        let sqs = open();
        let bodies = |queue| sqs.receive(queue, 10, None).into_iter().map(|got| got.message.body).collect::<Vec<_>>();
        assert_eq!(bodies("q"), ["in flight", "waiting"]);
        assert_eq!(bodies("q-dlq"), ["dead"]);
        assert_eq!(sqs.counts("q").delayed, 1);
        sqs.purge("q").unwrap();
        assert_eq!(open().counts("q"), Counts::default());
    }

    #[test]
    fn visibility_zero_shows_a_message_at_once() {
        let sqs = sqs();
        sqs.send("q", Outgoing::text("a")).unwrap();
        let got = sqs.receive("q", 1, Some(WAIT * 100)).remove(0);
        sqs.change_visibility("q", &got.receipt, Duration::ZERO).unwrap();
        assert_eq!(sqs.receive("q", 1, None)[0].receive_count, 2);
        let error = sqs.change_visibility("q", &got.receipt, WAIT).unwrap_err();
        assert!(matches!(error, SqsError::NotInFlight(_)), "of an older receive: {error}");
    }

    #[test]
    fn messages_over_the_limit_and_characters_outside_xml_are_refused() {
        let sqs = sqs();
        sqs.send("q", Outgoing::text("x".repeat(1 << 20))).unwrap();
        let long = sqs.send("q", Outgoing::text("x".repeat((1 << 20) + 1))).unwrap_err();
        assert_eq!(long.to_string(), "a message of 1048577 bytes is longer than 1048576 bytes");
        assert_eq!(sqs.send("q", Outgoing::text("a\0")), Err(SqsError::InvalidCharacter('\0')));
        assert!(matches!(sqs.send("q", Outgoing::text("")), Err(SqsError::InvalidParameter(_))));
        assert!(matches!(sqs.send("nowhere", Outgoing::text("a")), Err(SqsError::NoSuchQueue(_))));
    }

    #[test]
    fn a_queue_is_made_once_and_fifo_is_refused_by_name() {
        let sqs = sqs();
        sqs.create("q-dlq", QueueAttributes::default()).unwrap();
        assert!(matches!(sqs.create("q", QueueAttributes::default()), Err(SqsError::QueueExists(_))));
        assert!(matches!(sqs.create("q.fifo", QueueAttributes::default()), Err(SqsError::Unsupported(_))));
        assert!(matches!(sqs.create("a/b", QueueAttributes::default()), Err(SqsError::InvalidParameter(_))));
        assert_eq!(sqs.names(), ["q", "q-dlq"]);
        assert_eq!(sqs.url("q"), "http://localhost:1/000000000000/q");
    }

    #[tokio::test]
    async fn a_message_that_is_worked_on_stays_hidden_and_comes_back_when_its_visibility_has_passed() {
        let sqs = sqs();
        sqs.send("q", Outgoing::text("a")).unwrap();
        sqs.ready("q").await.unwrap();
        let since = Instant::now();
        let got = sqs.receive_for_work("q", 10, WAIT).remove(0);
        // The queue's own visibility is 20 ms.
        assert!(sqs.receive_wait("q", 1, Duration::from_millis(60)).await.is_empty());
        sqs.give_back("q", &got.receipt, since).unwrap();
        sqs.ready("q").await.unwrap();
        let again = sqs.receive_for_work("q", 1, WAIT).remove(0);
        assert_eq!(again.receive_count, 2);
        sqs.give_back("q", &again.receipt, Instant::now()).unwrap();
        assert_eq!(sqs.counts("q").in_flight, 1, "20 ms have not passed");
        assert!(sqs.ready("nowhere").await.is_err());
    }

    #[test]
    fn times_are_divided_but_not_below_20_ms() {
        let sqs = sqs();
        let scaled = [0, 1, 10, 500, 60_000].map(|ms| sqs.scaled(Duration::from_millis(ms)));
        assert_eq!(scaled, [0, 1, 10, 20, 1200]);
    }
}
