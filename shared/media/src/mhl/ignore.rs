//! What a history leaves out.

use crate::path::RelativePath;

/// The patterns that every history has.
pub const DEFAULT_PATTERNS: [&str; 3] = [".DS_Store", "ascmhl", "ascmhl/"];

/// Patterns with the meaning of a gitignore file at the root of the history.
#[derive(Debug, Clone)]
pub struct Ignore {
    patterns: Vec<String>,
    matcher: ignore::gitignore::Gitignore,
}

impl Ignore {
    /// These patterns, and the three that every history has. A line that is no pattern is left out; see
    /// [`Ignore::check`].
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<String> = Vec::new();
        for pattern in patterns.into_iter().chain(DEFAULT_PATTERNS) {
            // The defaults come last, where no pattern can take them back.
            if DEFAULT_PATTERNS.contains(&pattern) || !all.iter().any(|known| known == pattern) {
                all.push(pattern.to_owned());
            }
        }
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        all.retain(|pattern| builder.add_line(None, pattern).is_ok());
        let matcher = builder.build().unwrap_or_else(|_| ignore::gitignore::Gitignore::empty());
        Self { patterns: all, matcher }
    }

    /// Whether one line is a pattern; if not, why.
    pub fn check(pattern: &str) -> Result<(), String> {
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        builder.add_line(None, pattern).map(drop).map_err(|error| error.to_string())
    }

    /// The patterns, in the order in which they were recorded, the defaults once.
    pub fn patterns(&self) -> Vec<String> {
        let own = self.patterns.iter().filter(|pattern| !DEFAULT_PATTERNS.contains(&pattern.as_str()));
        DEFAULT_PATTERNS.iter().map(|&pattern| pattern.to_owned()).chain(own.cloned()).collect()
    }

    /// Whether this path, or a folder above it, is left out.
    pub fn is_ignored(&self, path: &RelativePath, is_dir: bool) -> bool {
        self.matcher.matched_path_or_any_parents(path.as_str(), is_dir).is_ignore()
    }
}
