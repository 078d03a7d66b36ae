//! Where a fleet is: the places that its clients connect to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{env, message::Queue};

/// Where a fleet is. The one-machine host writes it as `endpoints.json`; functions read it from their environment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// URL of an S3 server; AWS without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
    /// URL of an SQS server; AWS without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqs: Option<String>,
    /// URL of a DynamoDB server; AWS without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamodb: Option<String>,
    /// URL of a Lambda server; AWS without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<String>,
    /// Region, also of signatures.
    pub region: String,
    /// Without it, credentials come from where the AWS command line finds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// Belongs to the access key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<String>,
    /// Belongs to temporary access keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    /// Names of the buckets.
    pub buckets: Buckets,
    /// Name of the table.
    pub table: String,
    /// URLs of the queues by name: `intake` and so on; dead letters `intake-dlq` and so on, where they are known.
    pub queues: BTreeMap<String, String>,
    /// True when the S3 server checks the checksums that uploads bring along, so that its word for them can be taken.
    /// AWS does; of another server somebody has to say so.
    #[serde(default)]
    pub validates_checksums: bool,
}

/// Names of the buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// Camera originals, manifests and orders.
    pub ingest: String,
    /// What the fleet makes.
    pub delivery: String,
}

/// Leaves the secrets out.
impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("s3", &self.s3)
            .field("sqs", &self.sqs)
            .field("dynamodb", &self.dynamodb)
            .field("region", &self.region)
            .field("buckets", &self.buckets)
            .field("table", &self.table)
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

/// Why a fleet cannot be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadConnection {
    /// Variables of the environment that are not set.
    #[error("these environment variables are not set: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// Settings that are not usable.
    #[error("{0}")]
    Settings(String),
}

/// Name of the variable that holds the URL of a queue.
pub fn queue_variable(queue: Queue) -> String {
    format!("{}{}", env::QUEUE_PREFIX, queue.name().to_ascii_uppercase())
}

impl Connection {
    /// Reads the environment of a function with something like [`std::env::var`].
    ///
    /// # Errors
    /// [`BadConnection::Missing`] with every variable that is not set.
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, BadConnection> {
        let get = |name: &str| var(name).filter(|value| !value.is_empty());
        let mut missing = Vec::new();
        let mut need = |name: &str| {
            get(name).unwrap_or_else(|| {
                missing.push(name.to_owned());
                String::new()
            })
        };
        let region = need("AWS_REGION");
        let buckets = Buckets { ingest: need(env::INGEST_BUCKET), delivery: need(env::DELIVERY_BUCKET) };
        let table = need(env::TABLE);
        let queues = Queue::ALL.map(|queue| (queue.name().to_owned(), need(&queue_variable(queue)))).into();
        if !missing.is_empty() {
            return Err(BadConnection::Missing(missing));
        }
        let endpoint = |service: &str| get(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| get("AWS_ENDPOINT_URL"));
        Ok(Self {
            s3: endpoint("S3"),
            sqs: endpoint("SQS"),
            dynamodb: endpoint("DYNAMODB"),
            lambda: endpoint("LAMBDA"),
            region,
            access_key_id: get("AWS_ACCESS_KEY_ID"),
            secret_access_key: get("AWS_SECRET_ACCESS_KEY"),
            session_token: get("AWS_SESSION_TOKEN"),
            buckets,
            table,
            queues,
            validates_checksums: get(env::VALIDATES_CHECKSUMS).is_some_and(|v| v == "1" || v == "true"),
        })
    }

    /// True when the store's word for a checksum can be taken.
    pub fn trusts_checksums(&self) -> bool {
        self.s3.is_none() || self.validates_checksums
    }

    /// True when some service is spoken to over TLS.
    pub(super) fn needs_tls(&self) -> bool {
        [&self.s3, &self.sqs, &self.dynamodb].iter().any(|url| url.as_ref().is_none_or(|u| u.starts_with("https:")))
            || self.access_key_id.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &str) -> Option<String> {
        match name {
            "AWS_ENDPOINT_URL_S3" => Some("http://127.0.0.1:9000".into()),
            "AWS_SESSION_TOKEN" | env::VALIDATES_CHECKSUMS => None,
            endpoint if endpoint.starts_with("AWS_ENDPOINT") => None,
            other => Some(other.to_ascii_lowercase()),
        }
    }

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let error = Connection::read(|name| (name == env::TABLE).then(|| "t".into())).unwrap_err().to_string();
        for name in [
            "AWS_REGION",
            env::INGEST_BUCKET,
            env::DELIVERY_BUCKET,
            "PLATEFLEET_QUEUE_INTAKE",
            "PLATEFLEET_QUEUE_FINALISE",
        ] {
            assert!(error.contains(name), "{error}");
        }
        assert!(!error.contains(env::TABLE), "{error}");
    }

    #[test]
    fn an_environment_is_a_connection_and_one_reads_back_from_its_json() {
        let connection = Connection::read(complete).unwrap();
        assert_eq!(connection.queues["hash"], "platefleet_queue_hash");
        assert_eq!(connection.s3.as_deref(), Some("http://127.0.0.1:9000"));
        assert!(!connection.trusts_checksums(), "nobody said that this server validates");
        assert!(connection.needs_tls(), "DynamoDB is AWS's own");
        let json = serde_json::to_string(&connection).unwrap();
        assert_eq!(serde_json::from_str::<Connection>(&json).unwrap(), connection);
    }

    #[test]
    fn a_stores_word_is_taken_from_aws_and_from_a_server_of_which_somebody_says_so() {
        let trusts = |endpoint: Option<&str>, validates: Option<&str>| {
            let var = |name: &str| match name {
                "AWS_ENDPOINT_URL_S3" => endpoint.map(str::to_owned),
                env::VALIDATES_CHECKSUMS => validates.map(str::to_owned),
                other => complete(other),
            };
            Connection::read(var).unwrap().trusts_checksums()
        };
        assert!(trusts(None, None));
        assert!(trusts(Some("http://nas:9000"), Some("1")) && trusts(Some("http://nas:9000"), Some("true")));
        for no in [None, Some(""), Some("0"), Some("false"), Some("maybe")] {
            assert!(!trusts(Some("http://nas:9000"), no), "{no:?}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let text = format!("{:?}", Connection::read(complete).unwrap());
        assert!(!text.contains("secret") && !text.contains("access_key"), "{text}");
    }
}
