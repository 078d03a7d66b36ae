//! The whole fleet in the in-memory world: all handlers over the real queues' habits, from an upload to a seal.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

mod bad_input;
mod checking;
mod crashes;
mod documents;
mod house;
mod kinds;
mod long_files;
mod nested;
mod pulls;
mod reports;
mod rolls;
mod samples;
mod sidecars;
mod unchecked;
