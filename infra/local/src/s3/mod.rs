//! S3 on this machine: buckets in paths, objects in a versioned file store, changes told to the queues.
//!
//! Written directly on axum. `s3s`, a framework for such servers, was tried and left: its generated code takes longer to
//! compile than the rest of this crate, and at the time of writing its types lack the headers of the newer checksums, by
//! which the fleet verifies without reading.
//!
//! Requests are signed as AWS says, by the one caller of [`ACCESS_KEY_ID`]. What is not supported is refused with
//! `NotImplemented` and its name, never ignored: tags, access lists, locks, encryption with own keys, conditions on dates,
//! copies into parts. Buckets are those of the template.

mod auth;
mod body;
mod buckets;
mod checksum;
mod chunked;
mod disk;
mod error;
mod event;
mod list;
mod multipart;
mod names;
mod objects;
mod service;
mod store;
mod uploads;
mod xml;

pub use auth::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
pub use service::serve;
pub use store::{BucketSpec, Notification, OpenError, Store};
