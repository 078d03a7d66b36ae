//! Queues on SQS.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde::Serialize;

use super::{Fleet, error::port_error, queue_variable};
use crate::{
    message::{Message, Queue},
    ports::{Error, Queues, Result},
};

/// What SQS delays at most.
const MAX_DELAY_SECONDS: u64 = 900;

/// How many messages a queue holds, approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct QueueCount {
    /// Ready to be taken.
    pub waiting: u64,
    /// Taken and not answered yet.
    pub in_flight: u64,
    /// Not due yet.
    pub delayed: u64,
}

impl Fleet {
    /// How many messages every known queue holds, by its name in the connection.
    pub async fn queue_counts(&self) -> Result<BTreeMap<String, QueueCount>> {
        let mut counts = BTreeMap::new();
        for (name, url) in &self.shared.queues {
            let output = self
                .shared
                .sqs
                .get_queue_attributes()
                .queue_url(url)
                .attribute_names(Name::ApproximateNumberOfMessages)
                .attribute_names(Name::ApproximateNumberOfMessagesNotVisible)
                .attribute_names(Name::ApproximateNumberOfMessagesDelayed)
                .send()
                .await
                .map_err(|e| port_error(&format!("queue {name}"), &e))?;
            let count = |attribute: Name| {
                let text = output.attributes().and_then(|all| all.get(&attribute));
                text.and_then(|t| t.parse().ok()).unwrap_or(0)
            };
            let count = QueueCount {
                waiting: count(Name::ApproximateNumberOfMessages),
                in_flight: count(Name::ApproximateNumberOfMessagesNotVisible),
                delayed: count(Name::ApproximateNumberOfMessagesDelayed),
            };
            counts.insert(name.clone(), count);
        }
        Ok(counts)
    }
}

/// Whole seconds, rounded up: a message never comes before its time.
fn delay_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    seconds.min(MAX_DELAY_SECONDS) as i32
}

/// Whose message it is. SQS serves the groups of a standard queue fairly, so that one production's turnover does not
/// keep others waiting.
fn group(message: &Message) -> &str {
    match message {
        Message::ExpandHistory { roll, .. }
        | Message::LookAgain { roll, .. }
        | Message::SendChecks { roll, .. }
        | Message::HashFile { roll, .. }
        | Message::InspectClip { roll, .. }
        | Message::LookAtClip { roll, .. }
        | Message::SettleRoll { roll }
        | Message::TickRoll { roll, .. } => roll.production.as_str(),
        Message::PlanPull { production, .. } => production.as_str(),
        Message::RenderRange { job, .. } | Message::SettleJob { job } | Message::TickJob { job, .. } => job.as_str(),
    }
}

impl Queues for Fleet {
    async fn send(&self, queue: Queue, message: &Message, delay: Duration) -> Result<()> {
        let url = self.shared.queues.get(queue.name());
        let url = url.ok_or_else(|| Error::Refused(format!("no URL for {}", queue_variable(queue))))?;
        self.shared
            .sqs
            .send_message()
            .queue_url(url)
            .message_body(message.to_body())
            .message_group_id(group(message))
            .delay_seconds(delay_seconds(delay))
            .send()
            .await
            .map_err(|e| port_error(&format!("queue {}", queue.name()), &e))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_whole_seconds_rounded_up_and_at_most_fifteen_minutes() {
        for (ms, seconds) in [(0, 0), (1, 1), (600, 1), (1000, 1), (1001, 2), (900_000, 900), (86_400_000, 900)] {
            assert_eq!(delay_seconds(Duration::from_millis(ms)), seconds, "{ms} ms");
        }
    }
}
