//! A manifest from XML.

use std::collections::{BTreeMap, HashSet};

use super::{
    Action, Author, Creator, DirectoryRecord, FileRecord, HashEntry, Manifest, NAMESPACE, Process, Reference, Tool,
};
use crate::{
    error::{Error, Result},
    hash::{Algorithm, Digests},
    mhl::{
        DirectoryDigests, Finding, FindingKind,
        xml::{Document, Element},
    },
    path::RelativePath,
};

/// Records of one manifest.
const MAX_RECORDS: usize = 2_000_000;
/// More problems than these are only said to be more.
const MAX_PROBLEMS: usize = 1000;

impl Manifest {
    /// Reads a manifest; `name` is for messages.
    ///
    /// Any namespace prefix is read and unknown elements are skipped. A record that cannot be used is left out and stands in
    /// [`Manifest::problems`], with its line.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the document as a whole cannot be used: not XML, a DOCTYPE, another root element, no creator or
    /// process, over a limit. [`Error::Unsupported`] for MHL 1.x and for a text encoding other than UTF-8.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        let (mut document, root) = Document::open(name, bytes, "hashlist", NAMESPACE)?;
        let version = root.attribute("version").unwrap_or("none");
        if version != "2.0" {
            return Err(Error::unsupported(format!("hash list version `{}`", version.escape_debug())).in_file(name));
        }
        let mut reader = Records { name, seen: HashSet::new(), problems: Vec::new() };
        let mut creator = None;
        let mut process = None;
        let (mut files, mut directories, mut references) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(start) = document.next_child()? {
            match start.name.as_str() {
                "creatorinfo" => creator = Some(read_creator(&document.read(start)?)),
                "processinfo" => process = Some(reader.process(&document.read(start)?)),
                "hashes" => {
                    while let Some(start) = document.next_child()? {
                        if files.len() + directories.len() >= MAX_RECORDS {
                            return Err(document.invalid(format!("has more than {MAX_RECORDS} records")));
                        }
                        match start.name.as_str() {
                            "hash" => files.extend(reader.file(&document.read(start)?)),
                            "directoryhash" => directories.extend(reader.directory(&document.read(start)?)),
                            _ => document.skip()?,
                        }
                    }
                }
                "references" => {
                    let element = document.read(start)?;
                    references.extend(element.children("hashlistreference").filter_map(|e| reader.reference(e)));
                }
                _ => document.skip()?,
            }
        }
        let Some(creator) = creator else { return Err(document.invalid("has no creatorinfo")) };
        let Some((process, root_hash, ignore)) = process else { return Err(document.invalid("has no processinfo")) };
        let problems = reader.problems;
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
    /// Paths must be unique in a manifest.
    seen: HashSet<RelativePath>,
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
        let path = self.path(element, path_element.map_or("", |path| &path.text))?;
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
        let mut hashes = BTreeMap::new();
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
        let path = self.path(element, text.strip_suffix('/').unwrap_or(text))?;
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

    fn path(&mut self, element: &Element, text: &str) -> Option<RelativePath> {
        let path = self.relative(element, text)?;
        if !self.seen.insert(path.clone()) {
            self.problem(FindingKind::Malformed, element, format!("`{path}` is listed twice"));
            return None;
        }
        Some(path)
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
