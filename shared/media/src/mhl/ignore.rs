//! What a history leaves out.

use std::{iter::Peekable, str::Chars};

use ::ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::path::RelativePath;

/// The patterns that every history has.
pub const DEFAULT_PATTERNS: [&str; 3] = [".DS_Store", "ascmhl", "ascmhl/"];

/// Lines of one history; more would only be there to make matching slow.
const MAX_PATTERNS: usize = 10_000;

/// Patterns with the meaning of a gitignore file at the root of the history.
#[derive(Debug, Clone)]
pub struct Ignore {
    own: Vec<String>,
    matcher: Gitignore,
}

impl Default for Ignore {
    /// What every history leaves out.
    fn default() -> Self {
        Self::new([])
    }
}

impl Ignore {
    /// These patterns, each once, and the three that every history has. A line that is no pattern ([`Ignore::check`]) matches
    /// nothing.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut own: Vec<String> = Vec::new();
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns.into_iter().take(MAX_PATTERNS) {
            if DEFAULT_PATTERNS.contains(&pattern) || own.iter().any(|known| known == pattern) {
                continue;
            }
            if builder.add_line(None, &without_alternatives(pattern)).is_ok() {
                own.push(pattern.to_owned());
            }
        }
        Self { own, matcher: builder.build().unwrap_or_else(|_| Gitignore::empty()) }
    }

    /// Why this line is no pattern; `None` when it is one.
    pub fn check(pattern: &str) -> Option<String> {
        let mut builder = GitignoreBuilder::new("");
        match builder.add_line(None, &without_alternatives(pattern)).map(|builder| builder.build()) {
            Ok(Ok(_)) => None,
            Ok(Err(error)) | Err(error) => Some(error.to_string()),
        }
    }

    /// All patterns: the defaults, then the others in the order in which they were recorded.
    pub fn patterns(&self) -> Vec<String> {
        DEFAULT_PATTERNS.iter().map(|&pattern| pattern.to_owned()).chain(self.own.iter().cloned()).collect()
    }

    /// Whether this path, or a folder above it, is left out. No pattern can take the defaults back, or what is in a folder
    /// that is left out.
    pub fn is_ignored(&self, path: &RelativePath, is_dir: bool) -> bool {
        let path = path.as_str();
        let mut above = path.match_indices('/').map(|(end, _)| &path[..end]);
        path.split('/').any(|part| part == ".DS_Store" || part == super::FOLDER_NAME)
            || !self.own.is_empty()
                && (above.any(|folder| self.matcher.matched(folder, true).is_ignore())
                    || self.matcher.matched(path, is_dir).is_ignore())
    }
}

/// The pattern with its braces escaped. To git they are characters like others; the matcher takes `{a,b}` for `a` or `b`.
fn without_alternatives(pattern: &str) -> String {
    let mut escaped = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' => escaped.push('\\'),
            '\\' => {
                escaped.push(character);
                escaped.extend(characters.next());
                continue;
            }
            '[' => {
                escaped.push(character);
                take_class(&mut characters, &mut escaped);
                continue;
            }
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

/// A class of characters up to its `]`, in which braces mean nothing. One that stands first belongs to it.
fn take_class(characters: &mut Peekable<Chars<'_>>, escaped: &mut String) {
    escaped.extend(characters.next_if(|first| ['!', '^'].contains(first)));
    escaped.extend(characters.next_if_eq(&']'));
    for character in characters {
        escaped.push(character);
        if character == ']' {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(patterns: &[&str], path: &str) -> bool {
        Ignore::new(patterns.iter().copied()).is_ignored(&RelativePath::new(path).unwrap(), false)
    }

    #[test]
    fn patterns_are_gitignore_lines_at_the_root_of_the_history() {
        assert!(ignored(&["*.tmp"], "Clips/a.tmp"));
        assert!(ignored(&["/Clips/cache/"], "Clips/cache/deep/a.mov"));
        assert!(!ignored(&["/cache"], "Clips/cache/a.mov"));
        assert!(!ignored(&["*.tmp", "!keep.tmp"], "keep.tmp"));
        // As `git check-ignore` says.
        assert!(ignored(&["cache/", "!cache/keep"], "cache/keep"));
        assert!(ignored(&["/*/"], "Clips/a.mov"));
        assert!(!ignored(&["/*/"], "a.mov"));
    }

    #[test]
    fn braces_are_characters_like_others() {
        // As `git check-ignore` says.
        assert!(ignored(&["x{a,b}*"], "x{a,b}.mov"));
        assert!(ignored(&["\\{a\\}"], "{a}"));
        assert!(ignored(&["[{]a}"], "{a}"));
        assert!(ignored(&["[]{}]a"], "}a"));
        assert!(ignored(&["a}"], "a}"));
        assert!(!ignored(&["a{b,c}"], "ab"));
        assert_eq!(Ignore::check("a}"), None);
    }

    #[test]
    fn the_defaults_hold_at_any_depth_and_cannot_be_taken_back() {
        assert!(ignored(&["!ascmhl", "!.DS_Store"], "A001/ascmhl/0001_A001.mhl"));
        assert!(ignored(&["!ascmhl", "!.DS_Store"], "Clips/.DS_Store"));
        assert!(!ignored(&[], "Clips/ascmhl.mov"));
    }

    #[test]
    fn the_set_keeps_its_order_and_holds_each_pattern_once() {
        let set = Ignore::new(["*.b", "ascmhl", "*.a", "*.b"]);
        assert_eq!(set.patterns(), [".DS_Store", "ascmhl", "ascmhl/", "*.b", "*.a"]);
    }

    #[test]
    fn a_line_that_is_no_pattern_is_named() {
        assert!(Ignore::check("a/[z-a]").is_some());
        assert_eq!(Ignore::check("*.mov"), None);
    }
}
