//! The order in which a walk meets files and folders.
//!
//! The standard leaves the order of records free. This is the one of the reference tool, so that manifests can be compared:
//! names by code point; in each folder what is in its folders comes first, then its files, then the folder itself.

use std::cmp::Ordering;

use crate::path::RelativePath;

/// Compares two paths, each with whether it is a folder.
pub(in crate::mhl) fn order(a: (&RelativePath, bool), b: (&RelativePath, bool)) -> Ordering {
    steps(a).cmp(steps(b))
}

/// Into a folder, onto a file, out of a folder: in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step<'a> {
    Into(&'a str),
    File(&'a str),
    Out,
}

fn steps((path, is_dir): (&RelativePath, bool)) -> impl Iterator<Item = Step<'_>> {
    let mut parts = path.as_str().split('/').peekable();
    let within = std::iter::from_fn(move || {
        let part = parts.next()?;
        Some(if parts.peek().is_some() || is_dir { Step::Into(part) } else { Step::File(part) })
    });
    within.chain(is_dir.then_some(Step::Out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_files_and_stand_behind_what_is_in_them() {
        // As `ascmhl create` 1.2 writes a folder with these files; `B` sorts before `a`, and `a-b` before `a/`.
        let walked = ["B/x", "B/", "a/a/z", "a/a/", "a/b", "a/", "a-b", "a.txt", "\u{fb01}", "\u{10400}"];
        let mut sorted: Vec<_> = walked.iter().rev().copied().collect();
        let key = |text: &'static str| (RelativePath::new(text.trim_end_matches('/')).unwrap(), text.ends_with('/'));
        sorted.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            order((&a.0, a.1), (&b.0, b.1))
        });
        assert_eq!(sorted, walked);
    }
}
