//! One log file for each function: what its processes print, and Lambda's own lines about them in the shape of the JSON
//! log format of Lambda's system logs (`platform.initReport`, `platform.report`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value, json};

/// A log that is longer when a process begins is put aside; one such is kept.
const MAX_BYTES: u64 = 32 << 20;

/// The log of a function.
#[derive(Debug)]
pub(super) struct Log(PathBuf);

/// How an invocation ended, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Error,
    Timeout,
    /// The process ended, or could not begin.
    Failure,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

/// What is known about an invocation when it has ended.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) id: &'a str,
    pub(super) status: Status,
    pub(super) error: Option<&'a str>,
    pub(super) took: Duration,
    /// Only of the first invocation of a process.
    pub(super) init: Option<Duration>,
    pub(super) memory_mb: u32,
    pub(super) max_memory_mb: Option<u64>,
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl Log {
    pub(super) fn new(folder: &Path, function: &str) -> Self {
        Self(folder.join(format!("{function}.log")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file for a new process to write to.
    pub(super) fn open(&self) -> io::Result<File> {
        if fs::metadata(&self.0).is_ok_and(|meta| meta.len() > MAX_BYTES) {
            fs::rename(&self.0, self.0.with_extension("log.1"))?;
        }
        OpenOptions::new().create(true).append(true).open(&self.0)
    }

    pub(super) fn init(&self, pid: u32, init: Duration) {
        let metrics = json!({"durationMs": ms(init)});
        let record = json!({
            "initializationType": "on-demand", "phase": "init", "status": "success", "pid": pid, "init_ms": ms(init),
            "metrics": metrics,
        });
        self.line("platform.initReport", &record);
    }

    pub(super) fn report(&self, report: &Report) {
        let mut metrics = Map::new();
        metrics.insert("durationMs".into(), ms(report.took).into());
        metrics.insert("memorySizeMB".into(), report.memory_mb.into());
        metrics.extend(report.max_memory_mb.map(|mb| ("maxMemoryUsedMB".to_owned(), mb.into())));
        metrics.extend(report.init.map(|init| ("initDurationMs".to_owned(), ms(init).into())));
        let mut record = json!({"requestId": report.id, "status": report.status.name(), "metrics": metrics});
        if let Some(error) = report.error {
            record["errorType"] = error.into();
        }
        self.line("platform.report", &record);
    }

    fn line(&self, kind: &str, record: &Value) {
        let mut record =
            json!({"time": format!("{:.3}", jiff::Timestamp::now()), "type": kind, "record": record}).to_string();
        record.push('\n');
        // One write, so that it does not come in the middle of a line of the function.
        if let Err(error) = self.open().and_then(|mut file| file.write_all(record.as_bytes())) {
            tracing::warn!(path = %self.0.display(), %error, "a line of the log is lost");
        }
    }
}
