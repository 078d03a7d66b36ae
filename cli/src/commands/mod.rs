//! One command, one file: what is typed, what it does, what it says.

pub(crate) mod demo;
pub(crate) mod fetch;
pub(crate) mod flatten;
pub(crate) mod inspect;
pub(crate) mod later;
pub(crate) mod local;
pub(crate) mod pull;
pub(crate) mod render;
pub(crate) mod seal;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod synth;
pub(crate) mod upload;
pub(crate) mod verify;
pub(crate) mod watch;
