//! The in-memory world that handlers are tested in. Deterministic: one thread, a clock that only tests move, and every
//! port call a step at which the world can fail, lose its answer, or end the function.
//!
//! | room | what stands there |
//! |---|---|
//! | [`World`] | every port of `platefleet_fleet::ports` in memory, and what a test may look at and change |
//! | [`Fault`] | the script of what goes wrong, by call |
//! | [`Functions`], [`Weather`] | delivering messages until the queues are empty: repeated, reordered, overlapping |
//! | [`contract`] | what every implementation of the ports does, as functions to run on it |
//!
//! Not imitated: object versions other than the newest, lock contention, throughput limits, costs.
//!
//! ```
//! use platefleet_fleet::{message::Queue, ports::{Bucket, Objects as _}};
//! use platefleet_sim::{Functions, Weather, World};
//!
//! let world = World::new();
//! world.upload("show/A001/a.dng", b"pixels".to_vec());
//! let functions = Functions::new().on(Queue::Intake, async |world, record| {
//!     world.get(Bucket::Ingest, "show/A001/a.dng", Some(0..3), None).await?;
//!     assert!(record.body.contains("ObjectCreated:Put"));
//!     Ok(())
//! });
//! let report = world.drain(&functions, Weather::calm());
//! assert!(report.at_rest && report.delivered == 1);
//! ```
#![deny(missing_docs)]

mod checked;
pub mod contract;
mod delivery;
mod fault;
mod run;
mod world;

pub use delivery::{Functions, Report, Weather};
pub use fault::{Fault, Port};
pub use run::{Stopped, block_on};
pub use world::World;
