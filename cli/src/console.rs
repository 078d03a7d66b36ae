//! Where a command speaks: results to stdout, progress and remarks to stderr; and how it hears that it shall stop.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use platefleet_fleet::status::iso;
use platefleet_media::mhl::folder::Watch;
use serde::Serialize;
use tokio::sync::watch;

use crate::failure::Failure;

/// The ears and the mouth of a command.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    json: bool,
    stop: watch::Receiver<bool>,
}

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
}

impl Console {
    /// `json`: one document on stdout instead of text.
    pub(crate) fn new(json: bool, stop: watch::Receiver<bool>) -> Self {
        Self { json, stop }
    }

    /// True when somebody watches this run.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// Lines of text for people; nothing under `--json`. A name from a disk or a document cannot move the cursor.
    pub(crate) fn say(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        if self.json { Ok(()) } else { write_out(&printable(text.as_ref())) }
    }

    /// A line of text for people, in bold on a terminal that has it, with an empty line before it.
    pub(crate) fn title(&self, text: &str, bold: bool) -> Result<(), Failure> {
        let (on, off) = if bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        if self.json { Ok(()) } else { write_out(&format!("\n{on}{}{off}", printable(text))) }
    }

    /// The document, under `--json`; nothing otherwise.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        if self.json { write_out(&to_json(value)?) } else { Ok(()) }
    }

    /// A remark beside the result: to stderr.
    #[allow(clippy::unused_self, reason = "whoever speaks does it through the console")]
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        // Nobody is left to tell that stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{}", printable(line.as_ref()));
    }

    /// Says why the command failed: as the document, or on stderr.
    pub(crate) fn fail(&self, failure: &Failure) {
        if self.json {
            let _ = self.document(&serde_json::json!({"error": failure.to_json()}));
        } else {
            self.note(format!("error: {}", failure.text()));
        }
    }

    /// A bar on stderr; invisible where that is no terminal.
    #[allow(clippy::unused_self, reason = "whoever speaks does it through the console")]
    pub(crate) fn bar(&self, what: &str, unit: Unit, total: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(12));
        let template = match unit {
            Unit::Count => "{prefix:>12} {wide_bar:.cyan/blue} {pos}/{len} {eta:>4}",
            Unit::Bytes => "{prefix:>12} {wide_bar:.cyan/blue} {bytes}/{total_bytes} {msg} {bytes_per_sec} {eta:>4}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(what.to_owned());
        bar
    }

    /// True once the user asked to stop.
    pub(crate) fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until the user asks to stop.
    pub(crate) async fn until_stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // The sender lives as long as the program.
            std::future::pending::<()>().await;
        }
    }

    /// Sleeps.
    ///
    /// # Errors
    /// When the user asked to stop meanwhile.
    pub(crate) async fn pause(&self, time: Duration) -> Result<(), Failure> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.until_stopped() => Err(Failure::interrupted()),
        }
    }
}

/// The text with its control characters written out, line ends excepted.
fn printable(text: &str) -> Cow<'_, str> {
    let is_ours = |c: char| !c.is_control() || c == '\n';
    if text.chars().all(is_ours) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if is_ours(c) { c.to_string() } else { c.escape_default().to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|e| Failure::invalid(format!("the result cannot be written as JSON: {e}")))
}

fn write_out(line: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // Whoever read us has seen enough (`| head`): that is no failure.
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout".as_ref(), &e)),
        _ => Ok(()),
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

/// Shows how far the reading of a folder is, and tells it to stop.
pub(crate) struct Bar<'a> {
    console: &'a Console,
    progress: ProgressBar,
    /// Files that are done, and that there are.
    files: (AtomicU64, AtomicU64),
}

impl<'a> Bar<'a> {
    pub(crate) fn new(console: &'a Console, what: &str) -> Self {
        Self { console, progress: console.bar(what, Unit::Bytes, 0), files: (AtomicU64::new(0), AtomicU64::new(0)) }
    }

    fn say_files(&self) {
        if self.progress.is_hidden() {
            return;
        }
        let (done, all) = (self.files.0.load(Ordering::Relaxed), self.files.1.load(Ordering::Relaxed));
        self.progress.set_message(format!("{done}/{}", count(all, "file")));
    }

    /// Takes it off the screen.
    pub(crate) fn clear(&self) {
        self.progress.finish_and_clear();
    }
}

impl Watch for Bar<'_> {
    fn begin(&self, files: u64, bytes: u64) {
        self.files.1.fetch_add(files, Ordering::Relaxed);
        self.progress.inc_length(bytes);
        self.say_files();
    }
    fn file_done(&self) {
        self.files.0.fetch_add(1, Ordering::Relaxed);
        self.say_files();
    }
    fn advance(&self, bytes: u64) {
        self.progress.inc(bytes);
    }
    fn now(&self) -> Option<String> {
        Some(iso(now_ms()))
    }
    fn stopped(&self) -> bool {
        self.console.stopped()
    }
}

/// `1.4 GB`, in the decimal units of storage.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// `1 frame`, `2 frames`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_control_characters_is_written_out() {
        assert_eq!(printable("a\u{1b}[2Jb\u{1}\nc é"), "a\\u{1b}[2Jb\\u{1}\nc é");
        assert!(matches!(printable("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_read_as_people_say_them() {
        let said = [0, 999, 1000, 999_949, 999_951, 1_400_000_000].map(bytes);
        assert_eq!(said, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.4 GB"]);
    }
}
