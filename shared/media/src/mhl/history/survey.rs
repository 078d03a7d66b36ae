//! A first look at a manifest: whether all of it can be read, and everything but its files.

use super::{
    super::{Action, Finding, FindingKind, Ignore, ManifestReader, Record},
    Generation,
};
use crate::{error::Result, path::RelativePath};

/// More problems than these are only said to be more.
const MAX_PROBLEMS: usize = 1000;

/// The first look, which a source that has to fetch bytes may interrupt.
pub struct Survey<'a> {
    name: &'a str,
    reader: ManifestReader<'a>,
    ignore: Option<Ignore>,
    seen: Surveyed,
}

/// What the first look found.
#[derive(Debug, Clone, Default)]
pub(super) struct Surveyed {
    pub(super) generation: Generation,
    /// Where files are, and where they were.
    pub(super) renames: Vec<(RelativePath, RelativePath)>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Survey<'a> {
    /// Begins to look at the manifest of this name.
    pub fn new(name: &'a str, reader: ManifestReader<'a>) -> Self {
        Self { name, reader, ignore: None, seen: Surveyed::default() }
    }

    /// Looks at all of it. After [`Error::Missing`] it goes on where it was.
    ///
    /// # Errors
    /// Those of [`ManifestReader`].
    pub fn go_on(&mut self) -> Result<()> {
        while let Some(record) = self.reader.next_record()? {
            let patterns = self.reader.ignore();
            let ignore = self.ignore.get_or_insert_with(|| Ignore::new(patterns.iter().map(String::as_str)));
            let generation = &mut self.seen.generation;
            match record {
                Record::File(file) => {
                    if ignore.is_ignored(&file.path, false) {
                        self.find(format!("lists `{}`, which it ignores", file.path));
                        continue;
                    }
                    generation.files += 1;
                    generation.formats.extend(file.hashes.keys());
                    generation.failed |= file.hashes.values().any(|entry| entry.action == Some(Action::Failed));
                    self.seen.renames.extend(file.previous.map(|previous| (file.path, previous)));
                }
                Record::Directory(folder) => {
                    if ignore.is_ignored(&folder.path, true) {
                        let detail = format!("lists `{}`, which it ignores", folder.path);
                        self.find(detail);
                    } else {
                        generation.directories.push(folder);
                    }
                }
                Record::Reference(reference) => generation.references.push(reference),
            }
        }
        self.seen.generation.head = self.reader.finish()?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Surveyed {
        let head = &mut self.seen.generation.head;
        self.seen.findings.append(&mut head.problems);
        for pattern in &head.ignore {
            if let Some(reason) = Ignore::check(pattern) {
                let detail = format!("`{}` is no pattern: {reason}", pattern.escape_debug());
                self.seen.findings.push(Finding::new(FindingKind::Malformed, self.name, detail));
            }
        }
        self.seen
    }

    fn find(&mut self, detail: String) {
        if self.seen.findings.len() < MAX_PROBLEMS {
            self.seen.findings.push(Finding::new(FindingKind::Malformed, self.name, detail));
        }
    }
}
