//! Errors that say what is wrong, where, and whether trying again can help.

use std::{fmt, io, ops::Range};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file could not be used.
///
/// The kind decides what a caller does: `Unsupported` and `Invalid` end the work with a reason, only `Io` is worth
/// another try, and `Missing` asks for bytes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Well formed, but not something this version reads. `what` names the feature.
    #[error("{at}{what} is not supported")]
    Unsupported {
        /// The format, feature or identifier that we do not handle.
        what: String,
        /// Where it stands.
        at: Location,
    },
    /// Contradicts its standard or itself; a file that ends too early is invalid, not an I/O failure.
    #[error("{at}{problem}")]
    Invalid {
        /// What is wrong, as a sentence without a full stop.
        problem: String,
        /// Where it stands.
        at: Location,
    },
    /// The bytes did not arrive. Trying again may help.
    #[error("{at}{source}")]
    Io {
        /// The operating system's or the service's own error.
        source: io::Error,
        /// Which file.
        at: Location,
    },
    /// No error, but a request: read these bytes of this source, then call again.
    #[error("{name}: bytes {}..{} have not been read yet", range.start, range.end)]
    Missing {
        /// The name of the source.
        name: String,
        /// Byte offsets in it.
        range: Range<u64>,
    },
}

impl Error {
    /// An [`Error::Invalid`] without a location; add one with [`Error::at`].
    pub fn invalid(problem: impl Into<String>) -> Self {
        Self::Invalid { problem: problem.into(), at: Location::default() }
    }

    /// An [`Error::Unsupported`] without a location; add one with [`Error::at`].
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into(), at: Location::default() }
    }

    /// An [`Error::Io`] of this file.
    pub fn io(path: impl Into<String>, source: io::Error) -> Self {
        Self::Io { source, at: Location::file(path) }
    }

    /// Adds what this layer knows about the place; what a layer below has said already stays.
    #[must_use]
    pub fn at(mut self, more: &Location) -> Self {
        if let Self::Unsupported { at, .. } | Self::Invalid { at, .. } | Self::Io { at, .. } = &mut self {
            at.fill(more);
        }
        self
    }

    /// [`Error::at`] for a byte offset.
    #[must_use]
    pub fn at_offset(self, offset: u64) -> Self {
        self.at(&Location { offset: Some(offset), ..Location::default() })
    }

    /// [`Error::at`] for a field or element name.
    #[must_use]
    pub fn in_field(self, field: impl Into<String>) -> Self {
        self.at(&Location { field: Some(field.into()), ..Location::default() })
    }

    /// [`Error::at`] for a file.
    #[must_use]
    pub fn in_file(self, path: impl Into<String>) -> Self {
        self.at(&Location::file(path))
    }

    /// Where it happened, when that is known.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Unsupported { at, .. } | Self::Invalid { at, .. } | Self::Io { at, .. } => Some(at),
            Self::Missing { .. } => None,
        }
    }

    /// `unsupported`, `invalid`, `io` or `missing`: the word for machines.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported",
            Self::Invalid { .. } => "invalid",
            Self::Io { .. } => "io",
            Self::Missing { .. } => "missing",
        }
    }
}

/// Where in which file. Each layer fills in its part once.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, as the user named it.
    pub path: Option<String>,
    /// Byte offset from the start of the file.
    pub offset: Option<u64>,
    /// Line, from 1, in text formats.
    pub line: Option<u64>,
    /// Tag, element or header field.
    pub field: Option<String>,
}

impl Location {
    /// Somewhere in this file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// At this line, from 1, of a text.
    pub fn line(line: u64) -> Self {
        Self { line: Some(line), ..Self::default() }
    }

    fn fill(&mut self, more: &Self) {
        fn keep<T: Clone>(ours: &mut Option<T>, theirs: Option<&T>) {
            if ours.is_none() {
                *ours = theirs.cloned();
            }
        }
        keep(&mut self.path, more.path.as_ref());
        keep(&mut self.offset, more.offset.as_ref());
        keep(&mut self.line, more.line.as_ref());
        keep(&mut self.field, more.field.as_ref());
    }
}

/// `A001.dng: byte 512: WhiteLevel: `, with only the parts that are known.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(offset) = self.offset {
            write!(f, "byte {offset}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_place_once_and_the_innermost_layer_wins() {
        let error = Error::invalid("white level 0 is not above black level 64")
            .in_field("WhiteLevel")
            .at_offset(512)
            .in_file("A001C003_000012.dng")
            .in_file("outer.dng");
        assert_eq!(
            error.to_string(),
            "A001C003_000012.dng: byte 512: WhiteLevel: white level 0 is not above black level 64"
        );
    }
}
