//! Reading XML that strangers wrote.
//!
//! No document type declaration, so no entities of its own; limits on bytes, depth and elements; one namespace, under any
//! prefix, in which everything of interest stands. Elements of other namespaces are skipped with all they contain.

use quick_xml::{
    XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
    reader::NsReader,
};

use crate::error::{Error, Location, Result};

/// A manifest of a million files with two digests each has about 400 MB; larger ones are no footage of one roll.
pub(super) const MAX_BYTES: usize = 512 << 20;
/// The schemas nest five deep; `metadata` may hold anything.
const MAX_DEPTH: usize = 64;
/// Elements that are held in memory at a time: one record with all that is in it.
const MAX_ELEMENTS_AT_ONCE: usize = 10_000;

/// For documents whose elements stand in no namespace.
pub(super) const NO_NAMESPACE: &str = "";

/// A document that is read from start to end.
pub(super) struct Document<'a> {
    name: String,
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    namespace: &'static str,
    depth: usize,
    /// The line of `counted`, from 1.
    line: u64,
    counted: usize,
}

/// The start of an element; see [`Document::next_child`].
pub(super) struct Start {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// From 1.
    pub(super) line: u64,
}

/// An element with all that is in it.
pub(super) struct Element {
    pub(super) start: Start,
    /// Character data of this element itself, as it stands.
    pub(super) text: String,
    /// Child elements of the document's namespace.
    pub(super) children: Vec<Element>,
}

impl<'a> Document<'a> {
    /// Opens a document and reads the start of its root element, which must be `root` of `namespace`.
    pub(super) fn open(
        name: &str,
        bytes: &'a [u8],
        root: &'static str,
        namespace: &'static str,
    ) -> Result<(Self, Start)> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::invalid(format!("has {} bytes; the limit is {MAX_BYTES}", bytes.len())).in_file(name));
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(Error::unsupported("a text encoding other than UTF-8").in_file(name));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::invalid("is not UTF-8").at_offset(error.valid_up_to() as u64).in_file(name))?;
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut document = Self { name: name.to_owned(), text, reader, namespace, depth: 0, line: 1, counted: 0 };
        loop {
            let (bound, event) = document.event()?;
            match event {
                Event::Start(start) if start.local_name().as_ref() == root && bound == Bound::Here => {
                    let start = document.enter(&start)?;
                    return Ok((document, start));
                }
                Event::Start(start) if start.local_name().as_ref() == root && bound == Bound::Nowhere => {
                    return Err(Error::unsupported("an MHL 1.x manifest (no namespace)").in_file(name));
                }
                Event::Start(start) => {
                    let found = start.local_name().as_ref().escape_debug().to_string();
                    let of = if namespace == NO_NAMESPACE { "no namespace" } else { namespace };
                    return Err(document.invalid(format!("begins with `{found}`, not with `{root}` of {of}")));
                }
                Event::Eof => return Err(document.invalid("holds no XML element")),
                _ => {}
            }
        }
    }

    /// The start of the next child of the element that was started last and has not ended; `None` at its end. What follows is
    /// either its own children, or [`Document::read`].
    pub(super) fn next_child(&mut self) -> Result<Option<Start>> {
        loop {
            match self.event()? {
                (Bound::Here, Event::Start(start)) => return self.enter(&start).map(Some),
                (_, Event::Start(start)) => {
                    self.enter(&start)?;
                    self.skip()?;
                }
                (_, Event::End(_)) => {
                    self.depth -= 1;
                    return Ok(None);
                }
                (_, Event::Eof) => return Err(self.invalid("ends in the middle of an element")),
                _ => {}
            }
        }
    }

    /// The rest of the element that starts so.
    pub(super) fn read(&mut self, start: Start) -> Result<Element> {
        self.read_limited(start, &mut { MAX_ELEMENTS_AT_ONCE })
    }

    /// Passes over the rest of the element that was started last.
    pub(super) fn skip(&mut self) -> Result<()> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.event()?.1 {
                Event::Start(start) => drop(self.enter(&start)?),
                Event::End(_) => self.depth -= 1,
                Event::Eof => return Err(self.invalid("ends in the middle of an element")),
                _ => {}
            }
        }
        Ok(())
    }

    /// An error at the place that was read last.
    pub(super) fn invalid(&mut self, problem: impl Into<String>) -> Error {
        let line = self.line();
        Error::invalid(problem).at(&Location::line(line)).in_file(&self.name)
    }

    fn read_limited(&mut self, start: Start, budget: &mut usize) -> Result<Element> {
        let mut element = Element { start, text: String::new(), children: Vec::new() };
        loop {
            let (bound, event) = self.event()?;
            match event {
                Event::Start(start) => {
                    *budget = budget.checked_sub(1).ok_or_else(|| {
                        self.invalid(format!(
                            "more than {MAX_ELEMENTS_AT_ONCE} elements within `{}`",
                            element.start.name
                        ))
                    })?;
                    let start = self.enter(&start)?;
                    if bound == Bound::Here && start.name != "metadata" {
                        element.children.push(self.read_limited(start, budget)?);
                    } else {
                        self.skip()?;
                    }
                }
                Event::Text(text) => element.text.push_str(&text.xml10_content()),
                Event::CData(text) => element.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => element.text.push_str(&self.resolve(&reference)?),
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(element);
                }
                Event::Eof => return Err(self.invalid("ends in the middle of an element")),
                _ => {}
            }
        }
    }

    /// The next event, without those that are refused.
    fn event(&mut self) -> Result<(Bound, Event<'a>)> {
        let bound = match self.reader.read_resolved_event() {
            Ok((ResolveResult::Bound(namespace), event)) if namespace.0 == self.namespace => Ok((Bound::Here, event)),
            Ok((ResolveResult::Unbound, event)) if self.namespace == NO_NAMESPACE => Ok((Bound::Here, event)),
            Ok((ResolveResult::Unbound, event)) => Ok((Bound::Nowhere, event)),
            Ok((_, event)) => Ok((Bound::Elsewhere, event)),
            Err(error) => Err(error.to_string()),
        };
        let (bound, event) = bound.map_err(|problem| self.invalid(format!("is not XML: {problem}")))?;
        match &event {
            Event::DocType(_) => Err(self.invalid("has a DOCTYPE, which is refused")),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !["utf-8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str()) => {
                    Err(Error::unsupported(format!("the text encoding {}", encoding.escape_debug()))
                        .in_file(&self.name))
                }
                _ => Ok((bound, event)),
            },
            _ => Ok((bound, event)),
        }
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Result<Start> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.invalid(format!("nests more than {MAX_DEPTH} elements")));
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let read = attribute.map_err(|error| error.to_string()).and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                Ok((attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
            });
            attributes.push(read.map_err(|problem| self.invalid(format!("is not XML: {problem}")))?);
        }
        Ok(Start { name: start.local_name().as_ref().to_owned(), attributes, line: self.line() })
    }

    fn resolve(&mut self, reference: &BytesRef<'_>) -> Result<String> {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => Ok(character.to_string()),
            Ok(None) => match resolve_xml_entity(reference) {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.invalid(format!("the entity `&{};` is not known", reference.escape_debug()))),
            },
            Err(error) => Err(self.invalid(format!("is not XML: {error}"))),
        }
    }

    fn line(&mut self) -> u64 {
        let position = (self.reader.buffer_position() as usize).min(self.text.len());
        if position > self.counted {
            let new = &self.text.as_bytes()[self.counted..position];
            self.line += new.split(|&byte| byte == b'\n').skip(1).count() as u64;
            self.counted = position;
        }
        self.line
    }
}

/// Where an element stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// In the document's namespace.
    Here,
    /// In none.
    Nowhere,
    /// In another.
    Elsewhere,
}

impl Start {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }
}

impl Element {
    pub(super) fn name(&self) -> &str {
        &self.start.name
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name() == name)
    }

    pub(super) fn children<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name() == name)
    }

    /// The text of a child, as it stands.
    pub(super) fn text_of(&self, name: &str) -> Option<String> {
        self.child(name).map(|child| child.text.clone())
    }
}
