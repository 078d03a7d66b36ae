//! Commands of the contract that this version does not have yet: refused by name, so that a script can tell.

use std::ffi::OsString;

use crate::failure::{Exit, Failure};

/// Whatever follows the name of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Later {
    /// Is not looked at
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<OsString>,
}

impl Later {
    /// Refuses.
    #[allow(clippy::unused_self, reason = "a command like the others")]
    pub(crate) fn run(&self, name: &str) -> Result<Exit, Failure> {
        Err(Failure::unsupported(format!("the command `{name}`")).hint("see `platefleet --help` for those that are"))
    }
}
