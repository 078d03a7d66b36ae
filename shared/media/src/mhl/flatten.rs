//! One list of all that a history, and every history below it, says of its files.

use std::collections::BTreeMap;

use super::{Action, FileRecord, Ignore, Manifest, ManifestReader, Process, Record, Stamp, manifest::walk, pattern};
use crate::{
    error::{Error, Result},
    hash::ByAlgorithm,
    path::RelativePath,
    source::Source,
};

/// A packing list in the making (the standard's process `flatten`).
///
/// Of each file and format it keeps the earliest digest that did not fail, with its own action and date; of each file the
/// attributes of the latest record that did not fail, under the path that the file has now.
#[derive(Debug, Default)]
pub struct Flattened {
    files: BTreeMap<RelativePath, FileRecord>,
    ignore: Vec<String>,
}

impl Flattened {
    /// Adds one generation, record by record. Generations of a history come in their order, and a history before those below
    /// it; `root` is where it stands, `None` for the top.
    ///
    /// # Errors
    /// Those of [`ManifestReader`]; [`Error::Invalid`] when a path becomes too long. Some of the generation is in the list then.
    pub fn add(&mut self, root: Option<&RelativePath>, manifest: &dyn Source) -> Result<()> {
        let place = |path: &RelativePath| root.map_or_else(|| Ok(path.clone()), |root| path.below(root));
        // All moves first: two files may have changed places.
        let mut moved = Vec::new();
        let mut reader = ManifestReader::open(manifest)?;
        while let Some(record) = reader.next_record()? {
            if let Record::File(FileRecord { path, previous: Some(previous), .. }) = record {
                moved.extend(self.files.remove(&place(&previous)?).map(|record| (place(&path), record)));
            }
        }
        for (path, record) in moved {
            self.files.insert(path?, record);
        }
        for line in &reader.finish()?.ignore {
            // The three that every list has hold at any depth already.
            let is_default = super::DEFAULT_PATTERNS.contains(&line.as_str());
            let root = root.filter(|_| !is_default);
            self.ignore.push(root.map_or_else(|| line.clone(), |root| pattern::above(line, root)));
        }
        let mut reader = ManifestReader::open(manifest)?;
        while let Some(record) = reader.next_record()? {
            let Record::File(file) = record else { continue };
            self.add_file(place(&file.path)?, file.previous.as_ref().map(place).transpose()?, file);
        }
        Ok(())
    }

    fn add_file(&mut self, path: RelativePath, previous: Option<RelativePath>, file: FileRecord) {
        let good: Vec<_> = file.hashes.into_iter().filter(|(_, e)| e.action != Some(Action::Failed)).collect();
        if good.is_empty() {
            return;
        }
        let record = self.files.entry(path).or_insert_with_key(|path| FileRecord {
            path: path.clone(),
            size: None,
            created: None,
            modified: None,
            hashes: ByAlgorithm::new(),
            previous: None,
        });
        record.size = file.size.or(record.size);
        record.created = file.created.or(record.created.take());
        record.modified = file.modified.or(record.modified.take());
        record.previous = previous.or(record.previous.take());
        for (algorithm, entry) in good {
            record.hashes.insert_first(algorithm, entry);
        }
    }

    /// The list.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing to list, or when a manifest cannot say what the stamp says.
    pub fn finish(self, stamp: &Stamp) -> Result<Manifest> {
        stamp.check()?;
        let ignore = Ignore::new(self.ignore.iter().map(String::as_str));
        let kept = self.files.into_iter().filter(|(path, _)| !ignore.is_ignored(path, false));
        let mut files: Vec<_> = kept.map(|(path, record)| FileRecord { path, ..record }).collect();
        if files.is_empty() {
            return Err(Error::invalid("there is nothing to list: no generation has a file"));
        }
        files.sort_by(|a, b| walk::order((&a.path, false), (&b.path, false)));
        Ok(Manifest {
            creator: stamp.creator(),
            process: Process::Flatten,
            root_hash: None,
            ignore: ignore.patterns(),
            files,
            directories: Vec::new(),
            references: Vec::new(),
            problems: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hash::Algorithm::{self, Md5, Xxh64},
        source::Memory,
    };

    /// Format, action, second of its date, digit that it repeats.
    type Digest<'a> = (Algorithm, &'a str, u32, u8);
    /// Path with attributes, digests, previous path.
    type Said<'a> = (&'a str, &'a [Digest<'a>], Option<&'a str>);

    fn manifest(ignore: &str, records: &[Said<'_>]) -> Vec<u8> {
        let digest = |(format, action, second, digit): &Digest<'_>| {
            let text = digit.to_string().repeat(if *format == Md5 { 32 } else { 16 });
            let date = format!("2026-11-22T10:57:{second:02}Z");
            format!("<{format} action=\"{action}\" hashdate=\"{date}\">{text}</{format}>")
        };
        let record = |(path, digests, previous): &Said<'_>| {
            let (path, attributes) = path.split_once(' ').unwrap_or((path, ""));
            let previous = previous.map_or_else(String::new, |path| format!("<previousPath>{path}</previousPath>"));
            let digests: Vec<_> = digests.iter().map(digest).collect();
            format!("<hash><path {attributes}>{path}</path>{}{previous}</hash>", digests.concat())
        };
        let hashes: Vec<_> = records.iter().map(record).collect();
        let hashes = hashes.concat();
        let text = format!(
            "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><creatorinfo/><processinfo><process>in-place</process>\
             <ignore><pattern>ascmhl</pattern>{ignore}</ignore></processinfo><hashes>{hashes}</hashes></hashlist>"
        );
        assert_eq!(Manifest::parse("x", text.as_bytes()).unwrap().problems, []);
        text.into_bytes()
    }

    fn add(list: &mut Flattened, root: Option<&str>, manifest: &[u8]) {
        let root = root.map(|root| RelativePath::new(root).unwrap());
        list.add(root.as_ref(), &Memory::new("x", manifest)).unwrap();
    }

    fn stamp() -> Stamp {
        Stamp { created: "2026-11-22T10:57:40Z".to_owned(), ..Stamp::default() }
    }

    /// Path, size, previous path, and for each format its action, second and digit.
    fn said(list: &Manifest) -> Vec<String> {
        let one = |file: &FileRecord| {
            let digests = file.hashes.iter().map(|(format, entry)| {
                let (action, date) = (entry.action.unwrap().name(), &entry.date.as_ref().unwrap()[17..19]);
                format!("{format} {action} {date} {}", &entry.text[..1])
            });
            let digests: Vec<_> = digests.collect();
            let previous = file.previous.as_ref().map_or("-", RelativePath::as_str);
            format!("{} {} {previous}: {}", file.path, file.size.unwrap(), digests.join(", "))
        };
        list.files.iter().map(one).collect()
    }

    #[test]
    fn each_format_keeps_its_earliest_digest_and_the_path_what_was_said_last() {
        let mut list = Flattened::default();
        add(&mut list, None, &manifest("", &[("a size=\"1\"", &[(Xxh64, "original", 1, 1)], None)]));
        // Damaged, then right again with a new format, then under another name.
        add(&mut list, None, &manifest("", &[("a size=\"9\"", &[(Xxh64, "failed", 2, 9)], None)]));
        let both = [(Xxh64, "verified", 3, 1), (Md5, "verified", 3, 2)];
        add(&mut list, None, &manifest("", &[("a size=\"1\"", &both, None)]));
        add(&mut list, None, &manifest("", &[("b size=\"1\"", &[(Xxh64, "verified", 4, 1)], Some("a"))]));
        add(&mut list, None, &manifest("", &[("b size=\"9\"", &[(Xxh64, "failed", 5, 9)], None)]));
        let list = list.finish(&stamp()).unwrap();
        assert_eq!(said(&list), ["b 1 a: md5 verified 03 2, xxh64 original 01 1"]);
        assert!((list.process, list.root_hash, list.directories.len()) == (Process::Flatten, None, 0));
    }

    #[test]
    fn files_that_changed_places_keep_their_digests() {
        let mut list = Flattened::default();
        let (one, two) = ([(Xxh64, "original", 1, 1)], [(Xxh64, "original", 1, 2)]);
        add(&mut list, None, &manifest("", &[("a size=\"1\"", &one, None), ("b size=\"2\"", &two, None)]));
        let (one, two) = ([(Xxh64, "verified", 2, 1)], [(Xxh64, "verified", 2, 2)]);
        add(&mut list, None, &manifest("", &[("a size=\"2\"", &two, Some("b")), ("b size=\"1\"", &one, Some("a"))]));
        let list = list.finish(&stamp()).unwrap();
        assert_eq!(said(&list), ["a 2 b: xxh64 original 01 2", "b 1 a: xxh64 original 01 1"]);
    }

    #[test]
    fn nested_files_and_patterns_stand_below_their_root() {
        let mut list = Flattened::default();
        let digest = [(Xxh64, "original", 1, 1)];
        add(&mut list, None, &manifest("<pattern>*.bak</pattern>", &[("s.tmp size=\"1\"", &digest, None)]));
        let nested = manifest("<pattern>*.tmp</pattern>", &[("Clips/a size=\"1\"", &digest, None)]);
        add(&mut list, Some("A001"), &nested);
        let list = list.finish(&stamp()).unwrap();
        assert_eq!(list.ignore, [".DS_Store", "ascmhl", "ascmhl/", "*.bak", "/A001/**/*.tmp"]);
        assert_eq!(list.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["A001/Clips/a", "s.tmp"]);
    }

    #[test]
    fn nothing_is_no_list() {
        let error = Flattened::default().finish(&stamp()).unwrap_err();
        assert_eq!(error.to_string(), "there is nothing to list: no generation has a file");
    }
}
