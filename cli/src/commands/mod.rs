//! One command, one file: what is typed, what it does, what it says.

pub(crate) mod inspect;
pub(crate) mod later;
pub(crate) mod render;
pub(crate) mod seal;
pub(crate) mod synth;
pub(crate) mod verify;
