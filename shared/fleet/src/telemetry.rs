//! JSON lines on standard output: what happened, as values, and metrics in CloudWatch's embedded format (EMF).
//!
//! Keys of objects are values of fields, so JSON escapes them. URLs are never written: a signed one would be a secret.

use std::{
    io::Write as _,
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use tracing_subscriber::EnvFilter;

/// Namespace of the metrics.
const NAMESPACE: &str = "platefleet";

static FUNCTION: OnceLock<&'static str> = OnceLock::new();

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// Begins logging for a function. `RUST_LOG` chooses what is logged; `info` without it. Panics are logged with their
/// place instead of being printed.
pub fn init(function: &'static str) {
    if FUNCTION.set(function).is_err() {
        return;
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_current_span(true)
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, panic = panic_text(panic.payload()), "panicked");
    }));
}

/// One metric of this function. Does nothing before [`init`], as in tests.
pub fn metric(name: &'static str, unit: Unit, value: f64) {
    metrics(&[(name, unit, value)]);
}

/// Several metrics of one moment, in one line.
pub fn metrics(values: &[(&'static str, Unit, f64)]) {
    if let Some(function) = FUNCTION.get() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // A log that cannot be written is no reason to fail the work.
        let _ = writeln!(std::io::stdout().lock(), "{}", emf(function, now.as_millis() as u64, values));
    }
}

/// A line in the embedded metric format. Source: CloudWatch user guide, "Specification: Embedded metric format".
fn emf(function: &str, now_ms: u64, values: &[(&'static str, Unit, f64)]) -> Value {
    let metrics: Vec<_> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.name()})).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics});
    let mut line = Map::new();
    line.insert("_aws".into(), json!({"Timestamp": now_ms, "CloudWatchMetrics": [directive]}));
    line.insert("function".into(), function.into());
    line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
    Value::Object(line)
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_line_has_the_shape_that_cloudwatch_reads() {
        let line =
            emf("hash", 1_700_000_000_000, &[("Records", Unit::Count, 1.0), ("DurationMs", Unit::Milliseconds, 2.5)]);
        let expected = r#"{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"platefleet",
            "Dimensions":[["function"]],"Metrics":[{"Name":"Records","Unit":"Count"},{"Name":"DurationMs","Unit":"Milliseconds"}]}]},
            "function":"hash","Records":1.0,"DurationMs":2.5}"#;
        assert_eq!(line, serde_json::from_str::<Value>(expected).unwrap());
    }
}
