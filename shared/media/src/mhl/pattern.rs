//! Patterns of one folder, as patterns of another.
//!
//! A line of a gitignore file with a slash at its start or in its middle is anchored to the folder that it is written for;
//! without one it matches names at any depth.

use super::Ignore;
use crate::path::RelativePath;

/// What is left of a pattern in a folder below: `/A001/*.tmp` is `/*.tmp` in `A001`, and nothing in `B001`. It can become
/// two: `**/A001/x` is `/x` there, and still itself further down.
pub(super) fn below(pattern: &str, folder: &RelativePath) -> Vec<String> {
    if !is_anchored(pattern) {
        return vec![pattern.to_owned()];
    }
    let names: Vec<_> = folder.as_str().split('/').collect();
    let mut found = Vec::new();
    enter(pattern.strip_prefix('/').unwrap_or(pattern), &names, &mut found);
    found
}

/// Goes down these folders with an anchored pattern.
fn enter(pattern: &str, names: &[&str], found: &mut Vec<String>) {
    let mut find = |pattern: String| {
        if !found.contains(&pattern) {
            found.push(pattern);
        }
    };
    let Some((name, deeper)) = names.split_first() else {
        find(if pattern.starts_with("**/") { pattern.to_owned() } else { format!("/{pattern}") });
        return;
    };
    if let Some(rest) = pattern.strip_prefix("**/") {
        find(pattern.to_owned());
        for skipped in 0..names.len() {
            enter(rest, &names[skipped..], found);
        }
        return;
    }
    let Some((part, more)) = pattern.split_once('/') else { return };
    let one = Ignore::new([format!("/{part}").as_str()]);
    if !more.is_empty() && RelativePath::new(*name).is_ok_and(|name| one.is_ignored(&name, true)) {
        enter(more, deeper, found);
    }
}

/// A pattern of a folder below, as one of the folder above: `*.tmp` of `A001` is `/A001/**/*.tmp`.
pub(super) fn above(pattern: &str, folder: &RelativePath) -> String {
    let (not, pattern) = pattern.strip_prefix('!').map_or(("", pattern), |rest| ("!", rest));
    let mut literal = String::new();
    for character in folder.as_str().chars() {
        if "*?[]\\{}".contains(character) {
            literal.push('\\');
        }
        literal.push(character);
    }
    let anywhere = if is_anchored(pattern) { "" } else { "**/" };
    format!("{not}/{literal}/{anywhere}{}", pattern.strip_prefix('/').unwrap_or(pattern))
}

fn is_anchored(pattern: &str) -> bool {
    pattern.trim_end_matches('/').contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::new(text).unwrap()
    }

    #[test]
    fn an_anchored_pattern_loses_the_folder_and_others_hold_everywhere() {
        let below = |pattern| below(pattern, &path("day/A001"));
        for (pattern, expected) in [
            ("*.tmp", &["*.tmp"][..]),
            ("cache/", &["cache/"]),
            ("/day/A001/cache", &["/cache"]),
            ("day/A*/x/", &["/x/"]),
            ("**/x/y", &["**/x/y"]),
            ("**/A001/y", &["**/A001/y", "/y"]),
            ("day/**/x", &["**/x"]),
            ("/day/A001", &[]),
            ("day/A001/", &[]),
            ("/day/B001/x", &[]),
            ("/top.txt", &[]),
        ] {
            assert_eq!(below(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_of_a_folder_below_holds_only_there() {
        let above = |pattern| above(pattern, &path("A [1]"));
        assert_eq!(above("*.tmp"), "/A \\[1\\]/**/*.tmp");
        assert_eq!(above("/cache/"), "/A \\[1\\]/cache/");
        assert_eq!(above("a/b"), "/A \\[1\\]/a/b");
        assert_eq!(above("!keep"), "!/A \\[1\\]/**/keep");
    }

    proptest! {
        /// Seen from either folder, a pattern leaves out the same files.
        #[test]
        fn a_translated_pattern_means_the_same(
            pattern in "(/|\\*\\*/)?[ab*]{1,2}(/[ab*]{1,2}){0,2}/?", file in "[ab]{1,2}(/[ab]{1,2}){0,2}"
        ) {
            prop_assume!(Ignore::check(&pattern).is_none() && !pattern.trim_matches(['/', '*']).is_empty());
            let (folder, file) = (path("a"), path(&file));
            let from_above = file.below(&folder).unwrap();
            let lifted = Ignore::new([above(&pattern, &folder).as_str()]);
            let own = Ignore::new([pattern.as_str()]).is_ignored(&file, false);
            prop_assert_eq!(lifted.is_ignored(&from_above, false), own, "{}", above(&pattern, &folder));
            // A pattern that leaves out the folder itself leaves nothing to say in it.
            let upper = Ignore::new([pattern.as_str()]);
            prop_assume!(!upper.is_ignored(&folder, true));
            let lowered = below(&pattern, &folder);
            let lowered = Ignore::new(lowered.iter().map(String::as_str)).is_ignored(&file, false);
            prop_assert_eq!(lowered, upper.is_ignored(&from_above, false), "{:?}", below(&pattern, &folder));
        }
    }
}
