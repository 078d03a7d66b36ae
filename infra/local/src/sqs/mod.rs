//! SQS on this machine: standard queues in memory, on disk if wanted, and the protocol AWS JSON 1.0 in front.
//!
//! Left out, and refused by name: FIFO queues, move tasks, tags, permissions. Counts are exact and a queue hands messages
//! out oldest first, which SQS does not promise; whoever needs disorder asks the simulator.

mod engine;
mod message;
mod operations;
mod protocol;
mod queue;
mod spool;

pub use engine::{Sqs, SqsError};
pub use message::md5_of_attributes;
pub use message::{Attribute, AttributeValue, MAX_MESSAGE_BYTES, Message, MessageId, Outgoing, Received};
pub use protocol::serve;
pub use queue::{Counts, QueueAttributes};
