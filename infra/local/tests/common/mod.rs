//! A fleet of puppets for the tests.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of it, and a test may fail")]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use platefleet_local::host::{Host, Options};
use serde_json::{Value, json};

/// How to run the small fleet in a directory.
pub(crate) fn options(dir: &Path, time_scale: f64) -> Options {
    let functions = Path::new(env!("CARGO_BIN_EXE_platefleet-puppet")).parent().unwrap().to_owned();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/fleet.yaml");
    Options { dir: dir.to_owned(), template: Some(template), functions, port: 0, time_scale, workers: Some(2) }
}

/// A host and the directory that goes with it.
pub(crate) struct Fixture {
    pub(crate) host: Host,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) async fn fixture(time_scale: f64) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(options(dir.path(), time_scale)).await.unwrap();
    Fixture { host, dir }
}

impl Fixture {
    pub(crate) fn client(&self) -> aws_sdk_sqs::Client {
        use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
        let connection = self.host.connection();
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .region(Region::new("us-east-1"))
            .endpoint_url(connection.sqs.clone().unwrap())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    /// Sends an order to the puppet's queue.
    pub(crate) async fn send(&self, order: Value) {
        let url = &self.host.connection().queues["work"];
        self.client().send_message().queue_url(url).message_body(order.to_string()).send().await.unwrap();
    }

    /// What the puppet was told to do and has done with, in order: the lines of its log.
    pub(crate) fn done(&self) -> Vec<Value> {
        self.lines().into_iter().filter(|line| !line["done"].is_null()).collect()
    }

    /// Lines of the puppet's log that are of a kind of Lambda's own.
    pub(crate) fn platform(&self, kind: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["type"] == kind).map(|line| line["record"].clone()).collect()
    }

    fn lines(&self) -> Vec<Value> {
        let log: PathBuf = self.dir.path().join("logs/puppet.log");
        let text = std::fs::read_to_string(log).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The queue of the puppet: visible, delayed, in flight; then the same of its dead letters.
    pub(crate) fn work(&self) -> [usize; 6] {
        let depths = self.host.depths();
        let [w, d] = ["work", "work-dlq"].map(|name| depths[name]);
        [w.visible, w.delayed, w.in_flight, d.visible, d.delayed, d.in_flight]
    }
}

/// Waits until something is so; panics with its name when it does not become so.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "it did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An order.
pub(crate) fn order(what: &str) -> Value {
    json!({ "do": what })
}
