//! What travels through the queues. Messages carry ids, never state: who receives one reads the rows.

use serde::{Deserialize, Serialize};

use platefleet_media::path::RelativePath;

use crate::id::{JobId, Production, PullName, RollId};

/// The version that this build writes, and the only one it reads.
pub const VERSION: u64 = 1;

/// The work queues. Each has a dead-letter queue behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// S3 events and the expansion of long manifests.
    Intake,
    /// Files to check.
    Hash,
    /// Clips to read.
    Inspect,
    /// Orders to plan.
    Plan,
    /// Ranges to render.
    Render,
    /// Rolls and jobs to settle, ticks of watchdogs.
    Finalise,
}

impl Queue {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Intake, Self::Hash, Self::Inspect, Self::Plan, Self::Render, Self::Finalise];

    /// The name of its function, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Hash => "hash",
            Self::Inspect => "inspect",
            Self::Plan => "plan",
            Self::Render => "render",
            Self::Finalise => "finalise",
        }
    }
}

/// A place among the open files of a roll, in the order of their markers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The bucket of markers.
    pub bucket: u8,
    /// Where its last page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// One message. Unknown fields are tolerated, unknown versions and types refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Message {
    /// Read the history of a roll and write what it expects.
    ExpandHistory {
        /// The roll.
        roll: RollId,
        /// Invocations that this expansion has taken so far.
        #[serde(default)]
        hop: u32,
    },
    /// Look at every open file of a roll again, and send its check: events and messages may have been lost.
    LookAgain {
        /// The roll.
        roll: RollId,
        /// The path after which to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<RelativePath>,
        /// Invocations that this has taken so far.
        #[serde(default)]
        hop: u32,
    },
    /// Send the check of every file of a roll that has both halves and no verdict.
    SendChecks {
        /// The roll.
        roll: RollId,
        /// Where to go on.
        #[serde(default)]
        from: Place,
        /// Invocations that this has taken so far.
        #[serde(default)]
        hop: u32,
    },
    /// Check a file against what is expected of it.
    HashFile {
        /// The roll.
        roll: RollId,
        /// The file in it.
        path: RelativePath,
        /// The round of the file's row that this is for.
        round: u64,
        /// Invocations that this check has taken so far.
        #[serde(default)]
        hop: u32,
    },
    /// Read the metadata of a clip.
    InspectClip {
        /// The roll.
        roll: RollId,
        /// File or sequence pattern in it.
        pattern: String,
    },
    /// Read the metadata of a clip that no manifest names, unless one does by now; or forget it when its files are gone.
    LookAtClip {
        /// The roll, or the folder that stands for one.
        roll: RollId,
        /// File or sequence pattern in it.
        pattern: String,
    },
    /// Plan an order.
    PlanPull {
        /// The production.
        production: Production,
        /// Its order.
        pull: PullName,
    },
    /// Render a range of a job.
    RenderRange {
        /// The job.
        job: JobId,
        /// Index of the range in its plan.
        range: u32,
        /// Epoch of the job that this is for; a cancel or a redrive begins another.
        epoch: u64,
        /// Frame of the range to go on with.
        #[serde(default)]
        from: u32,
        /// Invocations that this range has taken so far.
        #[serde(default)]
        hop: u32,
    },
    /// Derive whether a roll is complete, and seal its verdict.
    SettleRoll {
        /// The roll.
        roll: RollId,
    },
    /// Derive whether a job is complete, and seal it.
    SettleJob {
        /// The job.
        job: JobId,
    },
    /// The watchdog of a roll.
    TickRoll {
        /// The roll.
        roll: RollId,
        /// Number of this tick.
        tick: u64,
    },
    /// The watchdog of a job.
    TickJob {
        /// The job.
        job: JobId,
        /// Number of this tick.
        tick: u64,
    },
}

/// Why a body is no message.
#[derive(Debug, thiserror::Error)]
pub enum BadMessage {
    /// Written by another version.
    #[error("message version {0} is unknown; this build reads version {VERSION}")]
    Version(String),
    /// Not one of ours.
    #[error("not a platefleet message: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Message {
    /// The body to send: JSON with `"v": 1`.
    pub fn to_body(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("v".into(), VERSION.into());
        }
        value.to_string()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`BadMessage`]; neither kind gets better by trying again.
    pub fn parse(body: &str) -> Result<Self, BadMessage> {
        let value: serde_json::Value = serde_json::from_str(body)?;
        match value.get("v") {
            Some(v) if v.as_u64() == Some(VERSION) => Ok(serde_json::from_value(value)?),
            Some(v) => Err(BadMessage::Version(v.to_string())),
            None => Err(BadMessage::Version("(none)".into())),
        }
    }

    /// Whether its function holds what is known of a whole roll in memory.
    pub fn is_heavy(&self) -> bool {
        matches!(self, Self::ExpandHistory { .. } | Self::SettleRoll { .. } | Self::TickRoll { .. })
    }

    /// The queue that it belongs in.
    pub fn queue(&self) -> Queue {
        match self {
            Self::ExpandHistory { .. } | Self::LookAgain { .. } | Self::SendChecks { .. } => Queue::Intake,
            Self::HashFile { .. } => Queue::Hash,
            Self::InspectClip { .. } | Self::LookAtClip { .. } => Queue::Inspect,
            Self::PlanPull { .. } => Queue::Plan,
            Self::RenderRange { .. } => Queue::Render,
            Self::SettleRoll { .. } | Self::SettleJob { .. } | Self::TickRoll { .. } | Self::TickJob { .. } => {
                Queue::Finalise
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_from_its_body() {
        let message = Message::HashFile {
            roll: RollId::parse("show/d1/A001").unwrap(),
            path: RelativePath::new("Clips/a b.dng").unwrap(),
            round: 3,
            hop: 0,
        };
        assert_eq!(Message::parse(&message.to_body()).unwrap(), message);
        assert_eq!(message.queue(), Queue::Hash);
    }

    #[test]
    fn unknown_fields_are_tolerated_and_unknown_versions_refused() {
        let body = r#"{"v":1,"type":"settle-roll","roll":{"production":"p","path":"A001"},"colour":"blue"}"#;
        assert!(Message::parse(body).is_ok());
        let error = Message::parse(&body.replace("\"v\":1", "\"v\":2")).unwrap_err();
        assert_eq!(error.to_string(), "message version 2 is unknown; this build reads version 1");
        assert!(Message::parse(r#"{"type":"settle-roll"}"#).is_err());
        assert!(Message::parse(&body.replace("settle-roll", "dance")).is_err());
    }

    #[test]
    fn a_path_that_leaves_its_roll_is_no_message() {
        let body = r#"{"v":1,"type":"hash-file","roll":{"production":"p","path":"A001"},"path":"../x","round":1}"#;
        assert!(Message::parse(body).unwrap_err().to_string().contains("leaves its root"));
    }
}
