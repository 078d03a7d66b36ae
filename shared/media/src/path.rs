//! Relative paths that cannot leave their root.

use std::{borrow::Borrow, fmt};

use crate::error::{Error, Result};

/// A relative path with `/` between its parts: no empty part, no `.` or `..`, no NUL or other control character, no
/// backslash, no drive letter. It can only be joined below a root.
///
/// Case, spaces and Unicode form are kept as they came (ASC MHL compares paths as written).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativePath(Box<str>);

/// More than any file system of a camera card allows.
const MAX_BYTES: usize = 1000;

impl RelativePath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the reason.
    pub fn new(path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        let refuse = |why: &str| Err(Error::invalid(format!("path `{}` {why}", path.escape_debug())));
        if path.is_empty() {
            return refuse("is empty");
        }
        if path.len() > MAX_BYTES {
            let start: String = path.chars().take(100).collect();
            let start = start.escape_debug();
            return Err(Error::invalid(format!("path `{start}...` is longer than {MAX_BYTES} bytes")));
        }
        if path.starts_with('/') {
            return refuse("is absolute");
        }
        if path.contains('\\') {
            return refuse("contains a backslash");
        }
        if path.chars().any(char::is_control) {
            return refuse("contains a control character");
        }
        let bytes = path.as_bytes();
        if bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
            return refuse("has a drive letter");
        }
        for part in path.split('/') {
            match part {
                "" => return refuse("has an empty part"),
                "." => return refuse("has a part `.`"),
                ".." => return refuse("leaves its root"),
                _ => {}
            }
        }
        Ok(Self(path.into_boxed_str()))
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// All but the last part; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// What follows the last dot of the file name, in lower case; empty without one.
    pub fn extension(&self) -> String {
        extension_of(&self.0)
    }

    /// This path below another.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the result would be too long.
    pub fn below(&self, root: &Self) -> Result<Self> {
        Self::new(format!("{}/{}", root.0, self.0))
    }

    /// The rest of this path below `root`, when it is below it.
    pub fn strip(&self, root: &Self) -> Option<Self> {
        self.0.strip_prefix(&*root.0)?.strip_prefix('/').map(|rest| Self(rest.into()))
    }
}

/// What follows the last dot of the file name of a path or key, in lower case; empty without one.
pub(crate) fn extension_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => extension.to_ascii_lowercase(),
        _ => String::new(),
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for RelativePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RelativePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RelativePath {
    type Error = Error;
    fn try_from(path: String) -> Result<Self> {
        Self::new(path)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_that_leaves_its_root_is_refused_with_the_reason() {
        for (path, why) in [
            ("../A002/x.ari", "path `../A002/x.ari` leaves its root"),
            ("a/../../b", "path `a/../../b` leaves its root"),
            ("/etc/passwd", "path `/etc/passwd` is absolute"),
            ("a//b", "path `a//b` has an empty part"),
            ("a/", "path `a/` has an empty part"),
            ("", "path `` is empty"),
            ("a\\b", "path `a\\\\b` contains a backslash"),
            ("C:x", "path `C:x` has a drive letter"),
            ("a\0b", "path `a\\0b` contains a control character"),
            ("./a", "path `./a` has a part `.`"),
        ] {
            assert_eq!(RelativePath::new(path).unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn spaces_ampersands_and_accents_are_kept() {
        let path = RelativePath::new("Clips/sub/a & b é.TXT").unwrap();
        assert_eq!((path.file_name(), path.extension().as_str()), ("a & b é.TXT", "txt"));
        assert_eq!(path.parent().unwrap().as_str(), "Clips/sub");
    }

    proptest! {
        #[test]
        fn an_accepted_path_joined_to_a_root_stays_below_it(path in "[\\PC]{0,24}", root in "[a-z]{1,4}(/[a-z]{1,4}){0,2}") {
            if let Ok(path) = RelativePath::new(path) {
                let root = RelativePath::new(root).unwrap();
                let joined = path.below(&root).unwrap();
                prop_assert_eq!(joined.strip(&root).unwrap(), path);
                prop_assert!(joined.as_str().split('/').all(|p| p != ".." && p != "."));
            }
        }
    }
}
