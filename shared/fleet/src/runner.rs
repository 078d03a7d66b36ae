//! One batch of messages: each has its own fate.

use crate::{
    message::{BadMessage, Message},
    ports,
};

/// One message as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Identity of the message in its queue; the same for every delivery of it.
    pub id: String,
    /// Its text.
    pub body: String,
    /// Which delivery of it this is; 1 is the first.
    pub attempt: u32,
    /// Name of the queue that it came from.
    pub source: String,
    /// True when that queue holds what others gave up on.
    pub dead: bool,
}

impl Record {
    /// The body as one of our messages.
    ///
    /// # Errors
    /// [`Failure::Hopeless`]: a body does not get better by trying again.
    pub fn message(&self) -> Result<Message, Failure> {
        Ok(Message::parse(&self.body)?)
    }
}

/// Why a message is not done. Either kind stays in its queue until that gives up and hands it to the dead letters, so
/// that nothing is acknowledged silently; the kind tells a reader of the log whether waiting may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt will.
    #[error("{0}")]
    Hopeless(String),
}

impl From<ports::Error> for Failure {
    fn from(error: ports::Error) -> Self {
        match error {
            ports::Error::Refused(_) => Self::Hopeless(error.to_string()),
            _ => Self::Retry(error.to_string()),
        }
    }
}

impl From<BadMessage> for Failure {
    fn from(error: BadMessage) -> Self {
        Self::Hopeless(error.to_string())
    }
}
