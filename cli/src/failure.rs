//! How a command ends: the exit code, and the error that says why.

use std::{io, path::Path, process::ExitCode};

use platefleet_fleet::{id::BadName, ports, state::Finding};
use platefleet_media::Error;
use serde_json::{Value, json};

/// How a command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, and nothing is wrong.
    Done,
    /// 1: the data is bad.
    Bad,
    /// 2: it was asked in a way that cannot be meant, or leaves a choice open.
    Usage,
    /// 3: a format, feature or identifier that this version does not handle.
    Unsupported,
    /// 4: a disk, a network or a service did not do its part.
    Failed,
    /// 130: stopped by the user, as shells have it.
    Interrupted,
}

impl Exit {
    /// Both together: 4 goes before 3, and 3 before 1. Usage is found before anything else happens, and stands alone.
    pub(crate) fn and(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Done => 0,
            Self::Bad => 1,
            Self::Unsupported => 2,
            Self::Failed => 3,
            Self::Usage => 4,
            Self::Interrupted => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// [`Exit::Bad`] when something is wrong.
    pub(crate) fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Bad => 1,
            Exit::Usage => 2,
            Exit::Unsupported => 3,
            Exit::Failed => 4,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command could not be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// The code to end with.
    pub(crate) exit: Exit,
    /// A word for machines: `invalid`, `usage`, `unsupported`, `io`, `service`, `interrupted`, or a finding's kind.
    pub(crate) kind: String,
    /// What it is about: a file, a key, an id.
    pub(crate) path: Option<String>,
    /// What is wrong, without the path.
    pub(crate) detail: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Failure {
    fn new(exit: Exit, kind: &str, detail: impl Into<String>) -> Self {
        Self { exit, kind: kind.to_owned(), path: None, detail: detail.into(), hint: None }
    }

    /// The data is bad.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Exit::Bad, "invalid", detail)
    }

    /// What was typed cannot be meant, or leaves a choice.
    pub(crate) fn usage(detail: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", detail)
    }

    /// What this version does not do; `what` names it.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(Exit::Unsupported, "unsupported", format!("{} is not supported", what.into()))
    }

    /// A service did not do its part.
    pub(crate) fn service(detail: impl Into<String>) -> Self {
        Self::new(Exit::Failed, "service", detail)
    }

    /// A file could not be read or written.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::new(Exit::Failed, "io", error.to_string()).about(path.display().to_string())
    }

    /// The user stopped it.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted", "stopped before it was done")
    }

    /// Says what it is about.
    #[must_use]
    pub(crate) fn about(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as what was typed wrongly: for settings that were given on the command line.
    #[must_use]
    pub(crate) fn typed(mut self) -> Self {
        if self.exit == Exit::Bad {
            self.exit = Exit::Usage;
            "usage".clone_into(&mut self.kind);
        }
        self
    }

    /// As a finding among others.
    pub(crate) fn finding(&self) -> Finding {
        Finding::new(self.kind.clone(), self.path.clone().unwrap_or_default(), self.detail.clone())
    }

    /// `{kind, path, detail, hint}`.
    pub(crate) fn to_json(&self) -> Value {
        json!({"kind": self.kind, "path": self.path, "detail": self.detail, "hint": self.hint})
    }

    /// For people, without a full stop.
    pub(crate) fn text(&self) -> String {
        let place = self.path.as_ref().map_or_else(String::new, |p| format!("{p}: "));
        let hint = self.hint.as_ref().map_or_else(String::new, |h| format!("\nhint: {h}"));
        format!("{place}{}{hint}", self.detail)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error {
            Error::Unsupported { .. } => Exit::Unsupported,
            Error::Invalid { .. } => Exit::Bad,
            Error::Io { .. } | Error::Missing { .. } => Exit::Failed,
        };
        let path = error.location().and_then(|at| at.path.clone());
        let text = error.to_string();
        let detail = path.as_ref().and_then(|p| text.strip_prefix(p.as_str())?.strip_prefix(": ")).unwrap_or(&text);
        Self { path: path.clone(), ..Self::new(exit, error.kind(), detail) }
    }
}

impl From<ports::Error> for Failure {
    fn from(error: ports::Error) -> Self {
        let hint = match &error {
            ports::Error::Unknown(_) | ports::Error::Throttled(_) => {
                Some("is the fleet running? then try again".into())
            }
            _ => None,
        };
        Self { hint, ..Self::service(error.to_string()) }
    }
}

impl From<BadName> for Failure {
    fn from(error: BadName) -> Self {
        Self::usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_endings_4_goes_before_3_and_3_before_1() {
        let all = [Exit::Bad, Exit::Done, Exit::Failed, Exit::Unsupported];
        assert_eq!(all.into_iter().fold(Exit::Done, Exit::and), Exit::Failed);
        assert_eq!(Exit::Bad.and(Exit::Unsupported), Exit::Unsupported);
        assert_eq!(Exit::Done.and(Exit::Bad), Exit::Bad);
    }

    #[test]
    fn an_error_of_a_file_says_the_path_once() {
        let error = Error::invalid("the file is empty").in_file("A001.dng");
        let failure = Failure::from(error);
        assert_eq!((failure.path.as_deref(), failure.detail.as_str()), (Some("A001.dng"), "the file is empty"));
        assert_eq!(failure.text(), "A001.dng: the file is empty");
        assert_eq!(failure.exit, Exit::Bad);
    }
}
