//! What the functions share about being a fleet.
//!
//! | room | what stands there |
//! |---|---|
//! | [`id`] | productions, rolls, clips, jobs: names that are safe in keys |
//! | [`key`] | object keys: what an upload is, where a delivery goes |
//! | [`documents`] | what vouches for a roll: its ASC MHL history, or lists of MHL 1.x |
//! | [`history`] | the files of an ASC MHL history, out of a bucket |
//! | [`message`] | what travels through the queues, versioned |
//! | [`gaps`] | clips that were never uploaded, by their numbers |
//! | [`search`] | clips by what they say about themselves |
//! | [`state`] | rounds, ranks, and the pure decisions over rows |
//! | [`ports`] | objects, queues, table, clock, workers: what a handler may ask of the world |
//! | [`status`] | where a roll or a job stands, for people and scripts |
//! | [`store`] | rows and the rules of writing them, over the table port |
//! | [`order`] | pull orders (`pull-order.v1`), and the recipes that their settings make |
//! | [`plan`] | what planning decides: plans, range orders, frame indexes |
//! | [`runner`] | a batch of messages: partial failures, panics caught per record |
//! | [`s3_event`] | what S3 says in a notification |
//! | [`telemetry`] | JSON logs and metrics |
//! | [`mod@env`] | the names of the environment variables |
//! | [`aws`] | the ports on S3, SQS and DynamoDB |
//!
//! A handler knows ports, never an SDK type; only [`aws`] knows those.
#![deny(missing_docs)]

pub mod aws;
pub mod documents;
pub mod env;
pub mod gaps;
pub mod history;
pub mod id;
pub mod key;
pub mod message;
pub mod order;
pub mod plan;
pub mod ports;
mod recipe;
pub mod runner;
pub mod s3_event;
pub mod search;
pub mod state;
pub mod status;
pub mod store;
pub mod telemetry;
