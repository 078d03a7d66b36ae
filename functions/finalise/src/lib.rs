//! `finalise`: derives whether a roll or a job is complete, and seals it. It is also the watchdog, and the one that reads
//! the dead letters.
//!
//! | file | what stands there |
//! |---|---|
//! | `roll` | a complete roll -> its sealed verdict |
//! | `standing` | what is known of a roll's files, for its row and its report |
//! | `job` | a complete job -> its sealed delivery |
//! | `seal` | writing a generation so that it can be written again |
//! | `report` | what people read of either |
//! | `tick` | the watchdogs |
//! | `bury` | what becomes of a message that everybody gave up on |

mod bury;
mod job;
mod report;
mod roll;
mod seal;
mod standing;
mod tick;

use platefleet_fleet::{
    message::Message,
    ports::{Clock, Objects, Queues, Settings, Table},
    runner::{Failure, Record},
};

/// What this function asks of the world.
pub trait Needs: Objects + Queues + Table + Clock + Settings {}
impl<T: Objects + Queues + Table + Clock + Settings> Needs for T {}

/// Takes one message: of its own queue, or of the dead letters of any.
///
/// # Errors
/// [`Failure`], when it has to come again.
pub async fn handle(env: &impl Needs, record: &Record) -> Result<(), Failure> {
    if record.dead {
        return bury::bury(env, record).await;
    }
    match record.message()? {
        Message::SettleRoll { roll } => roll::settle(env, &roll).await,
        Message::SettleJob { job } => job::settle(env, &job).await,
        Message::TickRoll { roll, tick } => tick::of_roll(env, &roll, tick).await,
        Message::TickJob { job, tick } => tick::of_job(env, &job, tick).await,
        other => Err(Failure::Hopeless(format!("finalise does not take messages for {}", other.queue().name()))),
    }
}
