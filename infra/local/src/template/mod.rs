//! What `template.yaml` says about the fleet, as plain values: the subset of CloudFormation and SAM that our resources
//! use. In the resources that one machine runs, everything that is not understood is an error with its name, so that the
//! local fleet cannot silently differ from the deployed one. Roles, policies, logs and alarms mean nothing here.

mod properties;
mod resolve;
mod resources;
mod yaml;

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

/// Where a template is put up: the answers to pseudo parameters and to parameters.
#[derive(Debug, Clone)]
pub struct Place {
    /// `AWS::StackName`.
    pub stack: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// What URLs of queues begin with, such as `http://127.0.0.1:9324`.
    pub sqs: String,
    /// Values that replace the defaults of parameters.
    pub parameters: BTreeMap<String, String>,
}

impl Place {
    /// The URL of a queue.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.sqs, self.account_id)
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account_id)
    }
}

/// The resources of a template that one machine runs, each kind in the order of logical ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Buckets.
    pub buckets: Vec<Bucket>,
    /// Queues, dead letters included.
    pub queues: Vec<Queue>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Functions.
    pub functions: Vec<Function>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Whether it keeps versions.
    pub versioned: bool,
    /// What it tells whom.
    pub notifications: Vec<Notification>,
}

/// One notification of a bucket to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Such as `s3:ObjectCreated:*`.
    pub event: String,
    /// Name of the queue.
    pub queue: String,
    /// What keys begin with; empty for all.
    pub prefix: String,
    /// What keys end with; empty for all.
    pub suffix: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How long a received message is hidden.
    pub visibility: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a new message is hidden unless it says otherwise.
    pub delay: Duration,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// When a queue gives up on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// Name of the queue of dead letters.
    pub dead_letters: String,
    /// Deliveries before that; at least 1.
    pub max_receive_count: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Type of each key attribute: `S`, `N` or `B`.
    pub attributes: BTreeMap<String, String>,
    /// Its key.
    pub key: TableKey,
    /// Global secondary indexes.
    pub indexes: Vec<TableIndex>,
    /// Attribute with the second at which a row expires.
    pub expires: Option<String>,
}

/// Names of key attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    /// The partition key.
    pub partition: String,
    /// The sort key.
    pub sort: Option<String>,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableIndex {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: TableKey,
    /// `ALL` or `KEYS_ONLY`.
    pub projection: String,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The folder of its source, and its binary after `platefleet-`: `render` of `build/render.zip`.
    pub folder: String,
    /// Its handler, which binaries ignore.
    pub handler: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MB; told to it, not enforced.
    pub memory_mb: u32,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Queues that it works from.
    pub sources: Vec<Source>,
    /// Whether it has a URL.
    pub url: bool,
}

/// A queue that a function works from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name of the queue.
    pub queue: String,
    /// Most messages of one invocation.
    pub batch_size: usize,
    /// How long a batch that is not full waits for more.
    pub window: Duration,
    /// Most invocations at once.
    pub max_concurrency: Option<usize>,
    /// Whether the function's answer names the messages that failed.
    pub reports_failures: bool,
}

/// Why a template cannot be run on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `resource Table`, `parameter TickSeconds`; empty for the whole file.
    pub subject: String,
    /// Path of the property, such as `RedrivePolicy.maxReceiveCount`.
    pub property: String,
    /// What is wrong.
    pub text: String,
}

impl Problem {
    fn new(subject: impl Into<String>, property: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), property: property.into(), text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.subject, &self.property] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for Problem {}

impl Template {
    /// Reads the text of a template as it would be put up at `place`.
    ///
    /// # Errors
    /// The first [`Problem`], with resource and property.
    pub fn read(text: &str, place: &Place) -> Result<Self, Problem> {
        let document = yaml::parse(text).map_err(|text| Problem::new("", "", text))?;
        if document.get("Resources").and_then(Value::as_object).is_none() {
            return Err(Problem::new("", "Resources", "is missing"));
        }
        let template = resources::read(&document, place)?;
        template.check()?;
        Ok(template)
    }

    /// Whatever is named must be there.
    fn check(&self) -> Result<(), Problem> {
        let known = |queue: &String| self.queues.iter().any(|q| q.name == *queue);
        let missing = |subject: String, property: &str, queue: &String| {
            Err(Problem::new(subject, property, format!("queue {queue} is not in the template")))
        };
        for bucket in &self.buckets {
            if let Some(n) = bucket.notifications.iter().find(|n| !known(&n.queue)) {
                return missing(format!("bucket {}", bucket.name), "NotificationConfiguration", &n.queue);
            }
        }
        for queue in &self.queues {
            if let Some(redrive) = queue.redrive.iter().find(|r| !known(&r.dead_letters)) {
                return missing(format!("queue {}", queue.name), "RedrivePolicy", &redrive.dead_letters);
            }
        }
        for function in &self.functions {
            for source in &function.sources {
                let Some(queue) = self.queues.iter().find(|q| q.name == source.queue) else {
                    return missing(format!("function {}", function.name), "Events", &source.queue);
                };
                // Lambda refuses such an event source: a message would come again while it is being worked on.
                if queue.visibility < function.timeout {
                    let text = format!(
                        "{} s is longer than the visibility time-out of {}, {} s",
                        function.timeout.as_secs(),
                        queue.name,
                        queue.visibility.as_secs()
                    );
                    return Err(Problem::new(format!("function {}", function.name), "Timeout", text));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
