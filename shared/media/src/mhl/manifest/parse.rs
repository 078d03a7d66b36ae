//! A manifest from XML.

use std::collections::HashSet;

use super::{
    Action, Author, Creator, DirectoryRecord, FileRecord, HashEntry, Manifest, ManifestHead, NAMESPACE, Process,
    Reference, Tool,
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, ByAlgorithm, Digests},
    mhl::{
        DirectoryDigests, Finding, FindingKind,
        xml::{Document, Element},
    },
    path::RelativePath,
    source::{Memory, Source},
};

/// Records of one manifest.
const MAX_RECORDS: usize = 2_000_000;
/// More problems than these are only said to be more.
const MAX_PROBLEMS: usize = 1000;

/// Reads a manifest record by record, in the memory of one.
///
/// A [`Source`] that has to fetch bytes first is asked again: after [`Error::Missing`], [`ManifestReader::next_record`] and
/// [`ManifestReader::finish`] go on where they were.
pub struct ManifestReader<'a> {
    document: Document<'a>,
    records: Records<'a>,
    section: Section,
    creator: Option<Creator>,
    process: Option<(Process, Option<DirectoryDigests>, Vec<String>)>,
    count: usize,
    line: u64,
}

/// A part of a manifest that [`ManifestReader::next_record`] hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Of a file.
    File(FileRecord),
    /// Of a folder.
    Directory(DirectoryRecord),
    /// Of a manifest in a nested history.
    Reference(Reference),
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Top,
    Hashes,
    References,
    /// Behind the root element.
    Behind,
    End,
}

impl<'a> ManifestReader<'a> {
    /// Begins to read a manifest.
    ///
    /// Any namespace prefix is read and unknown elements are skipped.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not XML, has a DOCTYPE or another root element; [`Error::Unsupported`] for MHL 1.x and
    /// for a text encoding other than UTF-8.
    pub fn open(source: &'a dyn Source) -> Result<Self> {
        let (document, root) = Document::open(source, "hashlist", NAMESPACE)?;
        let version = root.attribute("version").unwrap_or("none");
        if version != "2.0" {
            let version = format!("hash list version `{}`", version.escape_debug());
            return Err(Error::unsupported(version).in_file(source.name()));
        }
        let records = Records { name: source.name(), problems: Vec::new() };
        Ok(Self { document, records, section: Section::Top, creator: None, process: None, count: 0, line: 1 })
    }

    /// The next record; `None` at the end. Whether a path is there twice is not looked at. A record that cannot be used is
    /// left out, and stands in [`ManifestHead::problems`] with its line.
    ///
    /// # Errors
    /// [`Error::Invalid`] when what follows is not XML or over a limit; those of the source.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        while self.section != Section::End {
            self.document.mark();
            let problems = self.records.problems.len();
            match self.step() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(error) => {
                    self.document.rewind();
                    self.records.problems.truncate(problems);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Where the record that came last stands, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The patterns that were read so far: all of them, once a record came.
    pub fn ignore(&self) -> &[String] {
        self.process.as_ref().map_or(&[], |(_, _, patterns)| patterns)
    }

    /// What a manifest says besides its records, once they are all read.
    ///
    /// # Errors
    /// [`Error::Invalid`] without creator or process, or when what follows is not XML; those of the source.
    pub fn finish(&mut self) -> Result<ManifestHead> {
        while self.next_record()?.is_some() {}
        let Some(creator) = self.creator.clone() else { return Err(self.document.invalid("has no creatorinfo")) };
        let Some((process, root_hash, ignore)) = self.process.clone() else {
            return Err(self.document.invalid("has no processinfo"));
        };
        Ok(ManifestHead { creator, process, root_hash, ignore, problems: self.records.problems.clone() })
    }

    /// One child of an element that holds many.
    fn step(&mut self) -> Result<Option<Record>> {
        if self.section == Section::Behind {
            self.document.finish()?;
            self.section = Section::End;
            return Ok(None);
        }
        let Some(start) = self.document.next_child()? else {
            self.section = if self.section == Section::Top { Section::Behind } else { Section::Top };
            return Ok(None);
        };
        if self.section != Section::Top {
            if self.count == MAX_RECORDS {
                return Err(self.document.invalid(format!("has more than {MAX_RECORDS} records")));
            }
            self.count += 1;
        }
        self.line = start.line;
        match (self.section, start.name.as_str()) {
            (Section::Top, "creatorinfo") => self.creator = Some(read_creator(&self.document.read(start)?)),
            (Section::Top, "processinfo") => self.process = Some(self.records.process(&self.document.read(start)?)),
            (Section::Top, "hashes") => self.section = Section::Hashes,
            (Section::Top, "references") => self.section = Section::References,
            (Section::Hashes, "hash") => {
                return Ok(self.records.file(&self.document.read(start)?).map(Record::File));
            }
            (Section::Hashes, "directoryhash") => {
                return Ok(self.records.directory(&self.document.read(start)?).map(Record::Directory));
            }
            (Section::References, "hashlistreference") => {
                return Ok(self.records.reference(&self.document.read(start)?).map(Record::Reference));
            }
            _ => self.document.skip()?,
        }
        Ok(None)
    }
}

impl Manifest {
    /// Reads a manifest whole; `name` is for messages. Of records with the same path the first counts.
    ///
    /// # Errors
    /// Those of [`ManifestReader`].
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        let source = Memory::new(name, bytes);
        let mut reader = ManifestReader::open(&source)?;
        let mut seen = HashSet::new();
        let mut repeated = Vec::new();
        let mut once = |path: &RelativePath, line: u64| {
            let is_new = seen.insert(path.clone());
            if !is_new {
                let detail = format!("line {line}: `{path}` is listed twice");
                repeated.push(Finding::new(FindingKind::Malformed, name, detail));
            }
            is_new
        };
        let (mut files, mut directories, mut references) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(record) = reader.next_record()? {
            let line = reader.line();
            match record {
                Record::File(file) if once(&file.path, line) => files.push(file),
                Record::Directory(folder) if once(&folder.path, line) => directories.push(folder),
                Record::Reference(reference) => references.push(reference),
                Record::File(_) | Record::Directory(_) => {}
            }
        }
        let ManifestHead { creator, process, root_hash, ignore, mut problems } = reader.finish()?;
        problems.append(&mut repeated);
        Ok(Self { creator, process, root_hash, ignore, files, directories, references, problems })
    }
}

fn read_creator(element: &Element) -> Creator {
    let author = |author: &Element| Author {
        name: author.text.clone(),
        role: author.start.owned("role"),
        email: author.start.owned("email"),
        phone: author.start.owned("phone"),
    };
    let tool = |tool: &Element| Tool { name: tool.text.clone(), version: tool.start.owned("version") };
    Creator {
        created: element.text_of("creationdate").unwrap_or_default(),
        hostname: element.text_of("hostname").unwrap_or_default(),
        tool: element.child("tool").map(tool).unwrap_or_default(),
        authors: element.children("author").map(author).collect(),
        location: element.text_of("location"),
        comment: element.text_of("comment"),
    }
}

/// Reads records and keeps what is wrong with them.
struct Records<'a> {
    name: &'a str,
    problems: Vec<Finding>,
}

impl Records<'_> {
    fn process(&mut self, element: &Element) -> (Process, Option<DirectoryDigests>, Vec<String>) {
        let word = element.text_of("process").unwrap_or_default();
        let process = Process::parse(word.trim()).unwrap_or_else(|| {
            self.problem(FindingKind::Malformed, element, format!("process `{}` is not known", word.escape_debug()));
            Process::default()
        });
        let root = element.child("roothash").map(|root| self.directory_digests(root));
        let patterns =
            element.child("ignore").map(|ignore| ignore.children("pattern").map(|p| p.text.clone()).collect());
        (process, root, patterns.unwrap_or_default())
    }

    fn file(&mut self, element: &Element) -> Option<FileRecord> {
        let path_element = element.child("path");
        let path = self.relative(element, path_element.map_or("", |path| &path.text))?;
        let start = path_element.map(|path| &path.start);
        let attribute = |name| start.and_then(|start| start.owned(name));
        let size = attribute("size").and_then(|text| {
            let size = text.trim().parse().ok();
            if size.is_none() {
                let text = text.escape_debug();
                self.problem(FindingKind::Malformed, element, format!("`{path}` has the size `{text}`"));
            }
            size
        });
        let mut hashes = ByAlgorithm::new();
        for child in &element.children {
            let Some((algorithm, text)) = self.digest(child, &path) else { continue };
            let word = child.start.attribute("action");
            let action = word.and_then(Action::parse);
            if let (Some(word), None) = (word, &action) {
                let word = word.escape_debug();
                self.problem(FindingKind::Malformed, child, format!("`{path}` has the action `{word}`"));
                continue;
            }
            let entry = HashEntry { text, action, date: child.start.owned("hashdate") };
            if hashes.insert(algorithm, entry).is_some() {
                self.problem(FindingKind::Malformed, child, format!("`{path}` has {algorithm} twice"));
            }
        }
        if hashes.is_empty() {
            let known = Algorithm::MHL.map(Algorithm::name).join(", ");
            self.problem(FindingKind::Malformed, element, format!("`{path}` has no digest; known are {known}"));
        }
        let previous = self.previous(element);
        let (created, modified) = (attribute("creationdate"), attribute("lastmodificationdate"));
        Some(FileRecord { path, size, created, modified, hashes, previous })
    }

    fn directory(&mut self, element: &Element) -> Option<DirectoryRecord> {
        let path_element = element.child("path");
        let text = path_element.map_or("", |path| &path.text);
        // The example of the standard writes folders with a slash at the end; the reference tool without.
        let path = self.relative(element, text.strip_suffix('/').unwrap_or(text))?;
        let digests = self.directory_digests(element);
        let modified = path_element.and_then(|path| path.start.owned("lastmodificationdate"));
        Some(DirectoryRecord { path, modified, digests, previous: self.previous(element) })
    }

    fn reference(&mut self, element: &Element) -> Option<Reference> {
        let path = self.relative(element, &element.text_of("path").unwrap_or_default())?;
        let c4 = element.text_of("c4").unwrap_or_default().trim().to_owned();
        if !Algorithm::C4.is_text(&c4) {
            self.problem(FindingKind::Malformed, element, format!("the reference to `{path}` has no C4 ID"));
            return None;
        }
        Some(Reference { path, c4 })
    }

    fn directory_digests(&mut self, element: &Element) -> DirectoryDigests {
        let mut read = |name| -> Digests {
            let children = element.child(name).map(|list| &list.children[..]).unwrap_or_default();
            children.iter().filter_map(|child| self.digest(child, name)).collect()
        };
        DirectoryDigests { content: read("content"), structure: read("structure") }
    }

    /// The digest that this element is; nothing for other elements.
    fn digest(&mut self, element: &Element, of: impl std::fmt::Display) -> Option<(Algorithm, String)> {
        let algorithm = Algorithm::parse(element.name()).filter(|known| Algorithm::MHL.contains(known))?;
        let mut text = element.text.trim().to_owned();
        if algorithm != Algorithm::C4 {
            // The standard wants lower case; the value is the same.
            text.make_ascii_lowercase();
        }
        if !algorithm.is_text(&text) {
            let text = text.escape_debug();
            self.problem(FindingKind::Malformed, element, format!("`{of}`: `{text}` is no {algorithm} digest"));
            return None;
        }
        Some((algorithm, text))
    }

    fn previous(&mut self, element: &Element) -> Option<RelativePath> {
        let text = element.text_of("previousPath")?;
        self.relative(element, text.strip_suffix('/').unwrap_or(&text))
    }

    fn relative(&mut self, element: &Element, text: &str) -> Option<RelativePath> {
        match RelativePath::new(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.problem(FindingKind::UnsafePath, element, error);
                None
            }
        }
    }

    fn problem(&mut self, kind: FindingKind, element: &Element, detail: impl std::fmt::Display) {
        let line = element.start.line;
        match self.problems.len() {
            ..MAX_PROBLEMS => self.problems.push(Finding::new(kind, self.name, format!("line {line}: {detail}"))),
            MAX_PROBLEMS => self.problems.push(Finding::new(kind, self.name, "and more of that kind")),
            _ => {}
        }
    }
}
