//! The ports on S3, SQS and DynamoDB. The only room that knows an SDK.
//!
//! Every call has time-outs below a function's, and a bounded number of attempts with jitter. An attempt whose answer
//! got lost may have happened, so a repeated conditional write can find its own result and answer
//! [`crate::ports::Error::Conflict`]: look again.

mod attribute;
mod connection;
mod error;
mod files;
mod objects;
mod queues;
mod table;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::config::{
    Credentials, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};
use aws_smithy_http_client::tls;

pub use connection::{BadConnection, Buckets, Connection, queue_variable};
pub use files::Checksum;
pub use queues::QueueCount;

use crate::{
    env,
    ports::{Bucket, Clock, Error, Result, Settings, Workers},
    telemetry::panic_text,
};

/// Attempts of a call, the first included.
const ATTEMPTS: u32 = 4;
/// Longest pause between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// To connect.
const CONNECT: Duration = Duration::from_secs(3);
/// One attempt of a small call, and all its attempts.
const SMALL: (Duration, Duration) = (Duration::from_secs(8), Duration::from_secs(25));
/// One attempt of a call that carries an object, and all its attempts.
const LARGE: (Duration, Duration) = (Duration::from_secs(45), Duration::from_secs(100));

/// The ports of a deployed fleet, or of one on this machine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
    deadline_ms: u64,
}

#[derive(Debug)]
struct Shared {
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    buckets: Buckets,
    table: String,
    queues: BTreeMap<String, String>,
    trusts_checksums: bool,
    settings: env::Settings,
}

impl Fleet {
    /// Connects a function to the fleet that its environment names.
    ///
    /// # Errors
    /// [`BadConnection`]: everything that is missing or unusable, at once.
    pub async fn from_env() -> std::result::Result<Self, BadConnection> {
        let var = |name: &str| std::env::var(name).ok();
        let (connection, settings) = (Connection::read(var), env::Settings::read(var));
        let settings = match (&connection, settings) {
            (Err(missing), Err(problem)) => return Err(BadConnection::Settings(format!("{missing}; {problem}"))),
            (_, Err(problem)) => return Err(BadConnection::Settings(problem)),
            (_, Ok(settings)) => settings,
        };
        Ok(Self::with_settings(&connection?, settings).await)
    }

    /// Connects to a fleet. Nothing is sent yet.
    pub async fn connect(connection: &Connection) -> Self {
        Self::with_settings(connection, env::Settings::default()).await
    }

    /// Connects to a fleet with settings other than the default ones.
    pub async fn with_settings(connection: &Connection, settings: env::Settings) -> Self {
        let sdk = sdk_config(connection).await;
        let mut s3 = aws_sdk_s3::config::Builder::from(&sdk);
        s3.set_endpoint_url(connection.s3.clone());
        let s3 = s3
            .force_path_style(connection.s3.is_some())
            .timeout_config(timeouts(LARGE))
            // Uploads carry a CRC; what is read back is checked by the digests of the domain.
            .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let mut sqs = aws_sdk_sqs::config::Builder::from(&sdk);
        sqs.set_endpoint_url(connection.sqs.clone());
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&sdk);
        dynamodb.set_endpoint_url(connection.dynamodb.clone());
        let shared = Shared {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            buckets: connection.buckets.clone(),
            table: connection.table.clone(),
            queues: connection.queues.clone(),
            trusts_checksums: connection.trusts_checksums(),
            settings,
        };
        Self { shared: Arc::new(shared), deadline_ms: u64::MAX }
    }

    /// The same fleet for an invocation that ends at this time (milliseconds since 1970).
    #[must_use]
    pub fn until(&self, deadline_ms: u64) -> Self {
        Self { shared: Arc::clone(&self.shared), deadline_ms }
    }

    fn bucket(&self, bucket: Bucket) -> &str {
        match bucket {
            Bucket::Ingest => &self.shared.buckets.ingest,
            Bucket::Delivery => &self.shared.buckets.delivery,
        }
    }
}

fn timeouts((attempt, operation): (Duration, Duration)) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

async fn sdk_config(connection: &Connection) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new();
    // Reading the system's certificates takes longer than all the rest of a start.
    let http = if connection.needs_tls() {
        http.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https()
    } else {
        http.build_http()
    };
    let region = Region::new(connection.region.clone());
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(MAX_BACKOFF))
        .timeout_config(timeouts(SMALL));
    let credentials =
        if let Some((id, secret)) = connection.access_key_id.as_ref().zip(connection.secret_access_key.as_ref()) {
            let token = connection.session_token.clone();
            Some(SharedCredentialsProvider::new(Credentials::new(id, secret, token, None, "connection")))
        } else {
            let found = aws_config::defaults(BehaviorVersion::latest()).region(region).http_client(http).load().await;
            found.credentials_provider()
        };
    builder.set_credentials_provider(credentials);
    builder.build()
}

impl Clock for Fleet {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
    }

    fn time_left(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.saturating_sub(self.now_ms()))
    }
}

impl Workers for Fleet {
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => Error::Refused(format!("a computation panicked: {}", panic_text(&*panic))),
            Err(_) => Error::Unknown("a computation was abandoned".into()),
        })
    }
}

impl Settings for Fleet {
    fn settings(&self) -> &env::Settings {
        &self.shared.settings
    }
}
