//! A queue that a function works from: Lambda's event source mapping.

use std::{sync::Arc, time::Instant};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use super::{
    MAX_PAYLOAD_BYTES, Phase,
    event::{Undone, event, undone},
    function::{Function, Slot},
};
use crate::{
    sqs::{Received, Sqs},
    template::Source,
};

/// Invocations of a source at once when the template sets no maximum. Source: Lambda's limit for standard queues.
const MOST: usize = 1250;
/// No more messages are taken into an event that is longer than this, bytes: in JSON a message of 1 MiB takes up to
/// twice as much, since it has no characters that need more than one backslash.
const ENOUGH_BYTES: usize = MAX_PAYLOAD_BYTES - (5 << 19);

/// Takes batches from a queue until the host ends, and then waits for those at work.
pub(super) async fn poll(source: Source, sqs: Arc<Sqs>, function: Arc<Function>, mut phase: watch::Receiver<Phase>) {
    let concurrency = Arc::new(Semaphore::new(source.max_concurrency.unwrap_or(MOST)));
    let mut at_work = JoinSet::new();
    loop {
        let turn = tokio::select! {
            _ = phase.wait_for(|phase| *phase > Phase::Running) => break,
            turn = turn(&source, &sqs, &function, &concurrency) => turn,
        };
        let Some((permit, slot)) = turn else { break };
        let batch = Batch::receive(&source, &sqs, &function);
        if !batch.messages.is_empty() {
            let function = Arc::clone(&function);
            at_work.spawn(async move {
                let _permit = permit;
                batch.work(&function, slot).await;
            });
        }
        while at_work.try_join_next().is_some() {}
    }
    while at_work.join_next().await.is_some() {}
}

/// Waits for a message first and for a process second: nobody holds a process back while there is nothing to do, and no
/// message's time runs while there is nobody to work on it.
async fn turn(
    source: &Source,
    sqs: &Sqs,
    function: &Function,
    concurrency: &Arc<Semaphore>,
) -> Option<(OwnedSemaphorePermit, Slot)> {
    if let Err(error) = sqs.ready(&source.queue).await {
        tracing::error!(queue = source.queue, %error, "nobody works from this queue");
        return None;
    }
    if !source.window.is_zero() && sqs.counts(&source.queue).visible < source.batch_size {
        tokio::time::sleep(function.scaled(source.window)).await;
    }
    let permit = Arc::clone(concurrency).acquire_owned().await.ok()?;
    Some((permit, function.slot().await?))
}

/// Messages that one invocation works on.
struct Batch {
    messages: Vec<Received>,
    source: Source,
    sqs: Arc<Sqs>,
    received: Instant,
}

impl Batch {
    fn receive(source: &Source, sqs: &Arc<Sqs>, function: &Function) -> Self {
        let received = Instant::now();
        let mut messages = Vec::new();
        let mut bytes = 0;
        while messages.len() < source.batch_size && bytes < ENOUGH_BYTES {
            let Some(message) = sqs.receive_for_work(&source.queue, 1, function.longest()).pop() else { break };
            bytes += 2 * message.body.len() + 1024;
            messages.push(message);
        }
        Self { messages, source: source.clone(), sqs: Arc::clone(sqs), received }
    }

    async fn work(self, function: &Function, slot: Slot) {
        let Self { messages, source, sqs, received } = self;
        let event = event(&messages, &sqs.arn(&source.queue), sqs.region());
        let trace = messages.iter().find_map(|message| message.trace_header.clone());
        let answer = function.run(slot, event, trace).await;
        let undone = undone(&answer, source.reports_failures, &messages);
        if let Undone::All(reason) = undone {
            tracing::debug!(queue = source.queue, messages = messages.len(), reason, "a batch comes again");
        }
        for message in &messages {
            let again = match &undone {
                Undone::All(_) => true,
                Undone::Some(ids) => ids.contains(&message.id.0),
            };
            let settled = if again {
                sqs.give_back(&source.queue, &message.receipt, received)
            } else {
                sqs.delete(&source.queue, &message.receipt)
            };
            if let Err(error) = settled {
                tracing::error!(queue = source.queue, message = %message.id, again, %error, "a message is not settled");
            }
        }
    }
}
