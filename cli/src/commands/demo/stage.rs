//! How the demo tells its story: acts, and lines with the time.

use std::{
    cell::Cell,
    io::{self, IsTerminal as _},
    time::Instant,
};

use crate::{console::Console, failure::Failure};

pub(super) struct Stage<'a> {
    console: &'a Console,
    begun: Instant,
    act: Cell<u32>,
    color: bool,
}

impl<'a> Stage<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        let color = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { console, begun: Instant::now(), act: Cell::new(0), color }
    }

    /// Since the beginning.
    pub(super) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// The title of the next act.
    pub(super) fn act(&self, title: &str) -> Result<(), Failure> {
        self.act.set(self.act.get() + 1);
        self.console.title(&format!("{}. {title}", self.act.get()), self.color)
    }

    /// Something that has just happened.
    pub(super) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.console.say(format!("{:6.1} s  {}", self.seconds(), text.as_ref()))
    }

    /// Several lines, of which the first one has the time.
    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        self.line(text.trim_end().replace('\n', "\n          "))
    }
}
