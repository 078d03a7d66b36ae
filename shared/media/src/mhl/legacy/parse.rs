//! A list from XML.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use super::{LegacyCreator, LegacyFile, LegacyFormat, LegacyList, MAX_LIST_BYTES, text};
use crate::{
    error::{Error, Result},
    mhl::{
        Finding, FindingKind, manifest,
        xml::{Document, Element, NO_NAMESPACE},
    },
    path::RelativePath,
    source::Memory,
};

/// Records of one list.
const MAX_RECORDS: usize = 2_000_000;
/// More problems than these are only said to be more.
const MAX_PROBLEMS: usize = 1000;
/// Elements of a record that are no digest, so that what is left can be named when a record has none.
const PLAIN: [&str; 6] = ["file", "size", "creationdate", "lastmodificationdate", "hashdate", "null"];

impl LegacyList {
    /// Reads a list; `name` is for messages. Text in any encoding of Unicode, and in the old ones that browsers know.
    ///
    /// A record that cannot be used is left out and stands in [`LegacyList::problems`], with its line.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the document as a whole cannot be used: not XML, a DOCTYPE, another root element, over a limit.
    /// [`Error::Unsupported`] for a version that is not 1.x and for a text encoding that is not known.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_LIST_BYTES {
            let problem = format!("has {} bytes; the limit is {MAX_LIST_BYTES}", bytes.len());
            return Err(Error::invalid(problem).in_file(name));
        }
        let text = text::decode(bytes).map_err(|error| error.in_file(name))?;
        let source = Memory::new(name, text.as_bytes());
        let (mut document, root) = Document::open(&source, "hashlist", NO_NAMESPACE)?;
        let version = root.owned("version").unwrap_or_default();
        if !is_known(&version) {
            return Err(Error::unsupported(format!("hash list version `{}`", version.escape_debug())).in_file(name));
        }
        let mut records = Records { name, files: Vec::new(), known: HashMap::new(), problems: Vec::new() };
        let mut creator = LegacyCreator::default();
        let mut count = 0;
        loop {
            document.mark();
            let Some(start) = document.next_child()? else { break };
            match start.name.as_str() {
                "creatorinfo" => creator = read_creator(&document.read(start)?),
                "hash" if count >= MAX_RECORDS => {
                    return Err(document.invalid(format!("has more than {MAX_RECORDS} records")));
                }
                "hash" => {
                    count += 1;
                    records.add(&document.read(start)?);
                }
                _ => document.skip()?,
            }
        }
        if count == 0 {
            records.problems.push(Finding::new(FindingKind::Malformed, name, "lists no file"));
        }
        Ok(Self { version, creator, files: records.files, problems: records.problems })
    }
}

/// Whether this is a manifest of ASC MHL, whose files have the same ending.
pub(in crate::mhl) fn is_asc_mhl(bytes: &[u8]) -> bool {
    let is_one = |text: &str| {
        let source = Memory::new("", text.as_bytes());
        Document::open(&source, "hashlist", manifest::NAMESPACE).is_ok()
    };
    text::decode(bytes).is_ok_and(|text| is_one(&text))
}

/// The schema wants a decimal number with one digit after the point; some tools write none at all.
fn is_known(version: &str) -> bool {
    version.is_empty() || version == "1" || version.starts_with("1.")
}

fn read_creator(element: &Element) -> LegacyCreator {
    let text = |name| element.text_of(name).unwrap_or_default();
    LegacyCreator {
        name: text("name"),
        username: text("username"),
        hostname: text("hostname"),
        tool: text("tool"),
        started: text("startdate"),
        finished: text("finishdate"),
        log: element.text_of("log"),
    }
}

/// Reads records and keeps what is wrong with them.
struct Records<'a> {
    name: &'a str,
    files: Vec<LegacyFile>,
    /// Where each path stands in `files`.
    known: HashMap<RelativePath, usize>,
    problems: Vec<Finding>,
}

impl Records<'_> {
    fn add(&mut self, element: &Element) {
        let Some(file) = self.file(element) else { return };
        let Some(&at) = self.known.get(&file.path) else {
            self.known.insert(file.path.clone(), self.files.len());
            self.files.push(file);
            return;
        };
        let earlier = &mut self.files[at];
        let same_size = earlier.size.is_none() || file.size.is_none() || earlier.size == file.size;
        let differs = |(format, text): (&LegacyFormat, &String)| earlier.digests.get(format).is_some_and(|e| e != text);
        if !same_size || file.digests.iter().any(differs) {
            let (path, line) = (&file.path, earlier.line);
            let detail = format!("`{path}` is listed twice, and not as in line {line}");
            self.problem(FindingKind::Malformed, element, detail);
            return;
        }
        // A second record may bring another format.
        earlier.size = earlier.size.or(file.size);
        earlier.is_null |= file.is_null;
        earlier.digests.extend(file.digests);
    }

    fn file(&mut self, element: &Element) -> Option<LegacyFile> {
        let path = self.path(element)?;
        let size = element.text_of("size").and_then(|text| {
            let size = text.trim().parse().ok();
            if size.is_none() {
                let text = text.escape_debug();
                self.problem(FindingKind::Malformed, element, format!("`{path}` has the size `{text}`"));
            }
            size
        });
        let mut digests = BTreeMap::new();
        for child in &element.children {
            let Some((format, text)) = self.digest(child, &path) else { continue };
            match digests.entry(format) {
                Entry::Vacant(entry) => drop(entry.insert(text)),
                Entry::Occupied(entry) if *entry.get() == text => {}
                Entry::Occupied(_) => {
                    let detail = format!("`{path}` has two different {}", format.name());
                    self.problem(FindingKind::Malformed, child, detail);
                }
            }
        }
        let pair = [LegacyFormat::Xxhash64, LegacyFormat::Xxhash64Be].map(|format| digests.get(&format));
        if let [Some(little), Some(big)] = pair
            && little != big
        {
            let detail = format!("`{path}`: xxhash64 and xxhash64be are not of the same bytes");
            self.problem(FindingKind::Malformed, element, detail);
        }
        let is_null = element.child("null").is_some();
        if digests.is_empty() && !is_null {
            self.problem(FindingKind::Malformed, element, no_digest(element, &path));
        }
        // The schema spells it with two h.
        let reference = ["referencehhashlist", "referencehashlist"].map(|name| element.start.attribute(name));
        let is_yes = |word: &str| ["yes", "true", "1"].contains(&word.trim().to_ascii_lowercase().as_str());
        Some(LegacyFile {
            path,
            size,
            created: element.text_of("creationdate"),
            modified: element.text_of("lastmodificationdate"),
            hashed: element.text_of("hashdate"),
            digests,
            is_null,
            is_reference_list: reference.into_iter().flatten().any(is_yes),
            line: element.start.line,
        })
    }

    /// The digest that this element is; nothing for other elements.
    fn digest(&mut self, element: &Element, path: &RelativePath) -> Option<(LegacyFormat, String)> {
        let format = LegacyFormat::ALL.into_iter().find(|format| format.name() == element.name())?;
        let encoding = element.start.attribute("encoding").unwrap_or("hex");
        let text = element.text.trim();
        let digest = format.normalise(text).filter(|_| encoding.eq_ignore_ascii_case("hex"));
        if digest.is_none() {
            let (text, name) = (text.escape_debug(), format.name());
            let hint = match format {
                LegacyFormat::Xxhash => " (the standard wants a decimal number)",
                _ if !encoding.eq_ignore_ascii_case("hex") => " in hexadecimal digits",
                _ => "",
            };
            self.problem(FindingKind::Malformed, element, format!("`{path}`: `{text}` is no {name} digest{hint}"));
        }
        Some((format, digest?))
    }

    fn path(&mut self, element: &Element) -> Option<RelativePath> {
        let text = element.text_of("file").unwrap_or_default();
        // A line break cannot be part of a name; some printers set text on lines of its own.
        let text = if text.contains(['\n', '\r']) { text.trim() } else { &text };
        let text = text.replace('\\', "/");
        let mut relative = text.as_str();
        while let Some(rest) = relative.strip_prefix("./") {
            relative = rest;
        }
        match RelativePath::new(relative) {
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

fn no_digest(element: &Element, path: &RelativePath) -> String {
    let is_known = |name: &str| PLAIN.contains(&name) || LegacyFormat::ALL.iter().any(|format| format.name() == name);
    let others: Vec<_> = element.children.iter().map(Element::name).filter(|name| !is_known(name)).collect();
    let known = LegacyFormat::ALL.map(LegacyFormat::name).join(", ");
    if others.is_empty() {
        format!("`{path}` has no digest; known are {known}")
    } else {
        format!("`{path}` has no digest that we know but {}; known are {known}", others.join(", ").escape_debug())
    }
}
