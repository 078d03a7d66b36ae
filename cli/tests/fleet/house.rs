//! A fleet of the real binaries in this process, and what a person has on disk beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use platefleet_local::host::{Host, Options};
use serde_json::Value;

/// Quiet hours and ticks pass this much faster: a day in nine seconds.
const TIME_SCALE: f64 = 9_600.0;
/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// One fleet at a time: at its end no function process of this program may be left.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A running fleet in a directory of its own, and what a person has on disk.
pub(crate) struct House {
    _alone: tokio::sync::MutexGuard<'static, ()>,
    pub(crate) host: Host,
    dir: tempfile::TempDir,
}

impl House {
    pub(crate) async fn build() -> Self {
        Self::build_as(&[]).await
    }

    /// A fleet whose functions find these variables in their environment too, or with these values.
    pub(crate) async fn build_as(variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path().join("fleet")).unwrap();
        options.functions = crate::functions();
        options.template = Some(template(dir.path(), variables));
        options.time_scale = TIME_SCALE;
        Self { _alone: ALONE.lock().await, host: Host::start(options).await.unwrap(), dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the command against this fleet.
    pub(crate) async fn platefleet(&self, args: &[&str]) -> Output {
        let (fleet, args) = (self.path("fleet"), args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        let run = move || {
            Command::new(env!("CARGO_BIN_EXE_platefleet")).args(&args).env("PLATEFLEET_FLEET", fleet).output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Runs the command, which has to succeed; its JSON.
    pub(crate) async fn ask(&self, args: &[&str]) -> Value {
        let output = self.platefleet(args).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{args:?}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Asks for the status of a roll or job until it is in one of these states.
    pub(crate) async fn until(&self, id: &str, states: &[&str]) -> Value {
        let began = Instant::now();
        loop {
            let output = self.platefleet(&["status", id, "--json"]).await;
            let status: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
            if states.iter().any(|state| status["state"] == *state) {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "{id} is not {states:?}: {status} {:?}", self.host.depths());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until every queue is empty.
    pub(crate) async fn rest(&self) {
        let began = Instant::now();
        while !self.host.is_idle() {
            assert!(began.elapsed() < PATIENCE, "not at rest: {:?}", self.host.depths());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the fleet; no function process may be left.
    pub(crate) async fn close(self) {
        let Self { host, dir, _alone } = self;
        host.stop().await.unwrap();
        let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            let parent: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
            (parent == std::process::id() && name.starts_with("platefleet-")).then(|| name.to_owned())
        });
        assert_eq!(children.collect::<Vec<_>>(), Vec::<String>::new(), "no function process is left");
        drop(dir);
    }

    /// A sealed roll of one take on disk: its folder.
    pub(crate) async fn roll(&self, name: &str, frames: &str) -> PathBuf {
        let folder = self.path(name);
        let at = folder.to_str().unwrap();
        let synth = ["synth", "--format", "cinemadng", "--frames", frames, "--size", "192x108", "-o", at];
        self.ask(&synth).await;
        fs::write(folder.join("report é.txt"), "slate 12").unwrap();
        self.ask(&["seal", at, "--author", "DIT", "--json"]).await;
        folder
    }
}

/// The project's template, with these variables for every function.
fn template(dir: &Path, variables: &[(&str, &str)]) -> PathBuf {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    let (before, after) = text.split_once("        RUST_LOG: info\n").unwrap();
    let given = |line: &str| variables.iter().any(|(name, _)| line.trim_start().starts_with(&format!("{name}:")));
    let ours = variables.iter().map(|(name, value)| format!("        {name}: \"{value}\""));
    let made: Vec<String> = ours.chain(after.lines().filter(|line| !given(line)).map(str::to_owned)).collect();
    let path = dir.join("template.yaml");
    fs::write(&path, format!("{before}        RUST_LOG: info\n{}\n", made.join("\n"))).unwrap();
    path
}
