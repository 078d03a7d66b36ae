//! What goes wrong, and when.

use std::collections::{BTreeMap, VecDeque};

use platefleet_fleet::ports::Error;

/// The calls of the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    /// `Objects::head`.
    Head,
    /// `Objects::get`.
    Get,
    /// `Objects::put`.
    Put,
    /// `Objects::copy`.
    Copy,
    /// `Objects::remove`.
    Remove,
    /// `Objects::list`.
    List,
    /// `Queues::send`.
    Send,
    /// `Table::get_row`.
    RowGet,
    /// `Table::put_row`.
    RowPut,
    /// `Table::delete_row`.
    RowDelete,
    /// One request of `Table::write_rows`.
    RowsWrite,
    /// `Table::query`.
    Query,
    /// `Table::query_index`.
    QueryIndex,
}

/// What a call does instead of succeeding.
#[derive(Debug)]
pub enum Fault {
    /// Nothing happens; the caller gets this error.
    Fails(Error),
    /// It happens; the caller gets this error all the same.
    LosesAnswer(Error),
    /// The function ends before it happens.
    CrashesBefore,
    /// The function ends after it has happened.
    CrashesAfter,
}

/// Faults to come, each used once.
#[derive(Debug, Default)]
pub(crate) struct Script {
    by_call: BTreeMap<u64, Fault>,
    by_port: BTreeMap<Port, VecDeque<Fault>>,
}

impl Script {
    pub(crate) fn at_call(&mut self, call: u64, fault: Fault) {
        self.by_call.insert(call, fault);
    }

    pub(crate) fn at_next(&mut self, port: Port, fault: Fault) {
        self.by_port.entry(port).or_default().push_back(fault);
    }

    pub(crate) fn take(&mut self, call: u64, port: Port) -> Option<Fault> {
        self.by_call.remove(&call).or_else(|| self.by_port.get_mut(&port)?.pop_front())
    }
}
