//! Reading XML that strangers wrote, piece by piece.
//!
//! A document is read from a [`Source`] through a window that moves ([`text`]). When the source has to fetch bytes first
//! ([`Error::Missing`]), the reader goes back to the last [`Document::mark`] and may be asked again.
//!
//! No document type declaration, so no entities of its own; limits on bytes, depth and elements; one namespace, under any
//! prefix, in which everything of interest stands. Elements of other namespaces are skipped with all they contain.

use quick_xml::{
    XmlVersion,
    errors::{Error as XmlError, IllFormedError},
    escape::resolve_xml_entity,
    events::{BytesStart, Event as XmlEvent},
    name::PrefixDeclaration,
    reader::Reader,
};

use self::text::Text;
use crate::{
    error::{Error, Result},
    source::Source,
};

mod text;

/// The schemas nest five deep; `metadata` may hold anything.
const MAX_DEPTH: usize = 64;
/// Elements that are held in memory at a time: one record with all that is in it.
const MAX_ELEMENTS_AT_ONCE: usize = 10_000;
/// Of one element. The schemas have four, and one more for each namespace; each is compared with all before it.
const MAX_ATTRIBUTES: usize = 64;

/// For documents whose elements stand in no namespace.
pub(super) const NO_NAMESPACE: &str = "";

/// A document that is read from start to end.
pub(super) struct Document<'a> {
    text: Text<'a>,
    namespace: &'static str,
    open: Vec<Open>,
    bindings: Vec<Binding>,
    /// The element that was started last was written as `<name/>`: its end comes next.
    ends: bool,
    /// How many elements were open at the mark.
    marked: usize,
}

/// An element that has not ended.
struct Open {
    name: String,
    /// Namespaces that were bound outside it.
    bindings: usize,
}

struct Binding {
    prefix: String,
    namespace: String,
}

/// The start of an element; see [`Document::next_child`].
pub(super) struct Start {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// From 1.
    pub(super) line: u64,
    bound: Bound,
}

/// An element with all that is in it.
pub(super) struct Element {
    pub(super) start: Start,
    /// Character data of this element itself, as it stands.
    pub(super) text: String,
    /// Child elements of the document's namespace.
    pub(super) children: Vec<Element>,
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

/// What the next piece of text is.
enum Event {
    Start(Start),
    End,
    Text(String),
    Nothing,
    Eof,
}

impl<'a> Document<'a> {
    /// Opens a document and reads the start of its root element, which must be `root` of `namespace`.
    pub(super) fn open(source: &'a dyn Source, root: &'static str, namespace: &'static str) -> Result<(Self, Start)> {
        let name = source.name();
        let text = Text::open(source)?;
        let mut document = Self { text, namespace, open: Vec::new(), bindings: Vec::new(), ends: false, marked: 0 };
        loop {
            match document.event()? {
                Event::Start(start) if start.name == root && start.bound == Bound::Here => {
                    return Ok((document, start));
                }
                Event::Start(start) if start.name == root && start.bound == Bound::Nowhere => {
                    return Err(Error::unsupported("an MHL 1.x manifest (no namespace)").in_file(name));
                }
                Event::Start(start) => {
                    let found = start.name.escape_debug().to_string();
                    let of = if namespace == NO_NAMESPACE { "no namespace" } else { namespace };
                    return Err(document.invalid(format!("begins with `{found}`, not with `{root}` of {of}")));
                }
                Event::Eof => return Err(document.invalid("holds no XML element")),
                _ => {}
            }
        }
    }

    /// Everything before this place is done with: [`Document::rewind`] comes back here.
    pub(super) fn mark(&mut self) {
        self.text.mark();
        self.marked = self.open.len();
    }

    /// Goes back to the mark, as long as no element that was open there has ended.
    pub(super) fn rewind(&mut self) {
        if let Some(first) = self.open.get(self.marked) {
            self.bindings.truncate(first.bindings);
            self.open.truncate(self.marked);
        }
        self.text.rewind();
        self.ends = false;
    }

    /// The start of the next child of the element that was started last and has not ended; `None` at its end. What follows is
    /// either its own children, or [`Document::read`].
    pub(super) fn next_child(&mut self) -> Result<Option<Start>> {
        loop {
            match self.event()? {
                Event::Start(start) if start.bound == Bound::Here => return Ok(Some(start)),
                Event::Start(_) => self.skip()?,
                Event::End => return Ok(None),
                Event::Eof => return Err(self.invalid("ends in the middle of an element")),
                Event::Text(_) | Event::Nothing => {}
            }
        }
    }

    /// After the end of the root element: nothing may follow but white space, comments and processing instructions.
    pub(super) fn finish(&mut self) -> Result<()> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Nothing => {}
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Start(_) | Event::End | Event::Text(_) => {
                    return Err(self.invalid("goes on after the end of its root element"));
                }
            }
        }
    }

    /// The rest of the element that starts so.
    pub(super) fn read(&mut self, start: Start) -> Result<Element> {
        self.read_limited(start, &mut { MAX_ELEMENTS_AT_ONCE })
    }

    /// Passes over the rest of the element that was started last.
    pub(super) fn skip(&mut self) -> Result<()> {
        let outside = self.open.len().saturating_sub(1);
        while self.open.len() > outside {
            if matches!(self.event()?, Event::Eof) {
                return Err(self.invalid("ends in the middle of an element"));
            }
        }
        Ok(())
    }

    /// An error at the place that was read last.
    pub(super) fn invalid(&mut self, problem: impl Into<String>) -> Error {
        self.text.invalid(problem)
    }

    fn read_limited(&mut self, start: Start, budget: &mut usize) -> Result<Element> {
        let mut element = Element { start, text: String::new(), children: Vec::new() };
        loop {
            match self.event()? {
                Event::Start(start) => {
                    *budget = budget.checked_sub(1).ok_or_else(|| {
                        let name = &element.start.name;
                        self.invalid(format!("more than {MAX_ELEMENTS_AT_ONCE} elements within `{name}`"))
                    })?;
                    if start.bound == Bound::Here && start.name != "metadata" {
                        element.children.push(self.read_limited(start, budget)?);
                    } else {
                        self.skip()?;
                    }
                }
                Event::Text(text) => element.text.push_str(&text),
                Event::End => return Ok(element),
                Event::Eof => return Err(self.invalid("ends in the middle of an element")),
                Event::Nothing => {}
            }
        }
    }

    /// The next event, without those that are refused. Nothing has moved when it fails.
    fn event(&mut self) -> Result<Event> {
        if self.ends {
            self.ends = false;
            self.close();
            return Ok(Event::End);
        }
        loop {
            match self.try_event()? {
                Some((event, length)) => {
                    self.text.pass(length);
                    return Ok(event);
                }
                None => self.text.extend()?,
            }
        }
    }

    /// The next event and its length in the window; `None` when the window may end in the middle of it.
    fn try_event(&mut self) -> Result<Option<(Event, usize)>> {
        let is_all = self.text.is_all();
        let ahead = self.text.ahead();
        if let Some(mark) = ahead.chars().next().filter(|&first| first == '\u{FEFF}') {
            // A reader that begins here would take it for a byte order mark.
            return Ok(Some((Event::Text(mark.to_string()), mark.len_utf8())));
        }
        let mut reader = Reader::from_str(ahead);
        // The reader sees one event; what is open is known here.
        reader.config_mut().allow_unmatched_ends = true;
        let event = reader.read_event().map(XmlEvent::into_owned);
        let length = reader.buffer_position() as usize;
        match event {
            Ok(XmlEvent::Eof) | Err(XmlError::Syntax(_) | XmlError::IllFormed(IllFormedError::UnclosedReference))
                if !is_all =>
            {
                Ok(None)
            }
            Ok(XmlEvent::Text(_)) if !is_all && length == ahead.len() => Ok(None),
            Ok(event) => Ok(Some((self.take(event)?, length))),
            Err(error) => Err(self.not_xml(error)),
        }
    }

    /// What an event means here; opens and closes elements.
    fn take(&mut self, event: XmlEvent<'_>) -> Result<Event> {
        Ok(match event {
            XmlEvent::Start(start) => Event::Start(self.enter(&start)?),
            XmlEvent::Empty(start) => {
                let start = self.enter(&start)?;
                self.ends = true;
                Event::Start(start)
            }
            XmlEvent::End(end) => {
                let name = end.name().into_inner();
                if self.open.last().is_none_or(|open| open.name != name) {
                    return Err(self.not_xml(format!("`</{}>` ends no element", name.escape_debug())));
                }
                self.close();
                Event::End
            }
            XmlEvent::Text(text) => Event::Text(text.xml10_content().into_owned()),
            XmlEvent::CData(text) => Event::Text(text.xml10_content().into_owned()),
            XmlEvent::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => Event::Text(character.to_string()),
                Ok(None) => match resolve_xml_entity(&reference) {
                    Some(text) => Event::Text(text.to_owned()),
                    None => {
                        return Err(self.invalid(format!("the entity `&{};` is not known", reference.escape_debug())));
                    }
                },
                Err(error) => return Err(self.not_xml(error)),
            },
            XmlEvent::DocType(_) => return Err(self.invalid("has a DOCTYPE, which is refused")),
            XmlEvent::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !["utf-8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str()) => {
                    let encoding = format!("the text encoding {}", encoding.escape_debug());
                    return Err(Error::unsupported(encoding).in_file(self.text.name()));
                }
                _ => Event::Nothing,
            },
            XmlEvent::Comment(_) | XmlEvent::PI(_) => Event::Nothing,
            XmlEvent::Eof => Event::Eof,
        })
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Result<Start> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.invalid(format!("nests more than {MAX_DEPTH} elements")));
        }
        let outside = self.bindings.len();
        let mut attributes = Vec::new();
        for (number, attribute) in start.attributes().enumerate() {
            if number == MAX_ATTRIBUTES {
                self.bindings.truncate(outside);
                return Err(self.invalid(format!("an element has more than {MAX_ATTRIBUTES} attributes")));
            }
            let read = attribute.map_err(|error| error.to_string()).and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                Ok((attribute.key, value.into_owned()))
            });
            let (key, value) = match read {
                Ok(read) => read,
                Err(problem) => {
                    self.bindings.truncate(outside);
                    return Err(self.not_xml(problem));
                }
            };
            match key.as_namespace_binding() {
                Some(PrefixDeclaration::Default) => self.bind("", value),
                Some(PrefixDeclaration::Named(prefix)) => self.bind(prefix, value),
                None => attributes.push((key.local_name().as_ref().to_owned(), value)),
            }
        }
        let (local, prefix) = start.name().decompose();
        let prefix = prefix.as_ref().map_or("", |prefix| prefix.as_ref());
        let namespace = self.bindings.iter().rev().find(|binding| binding.prefix == prefix);
        let bound = match namespace.map_or(NO_NAMESPACE, |binding| binding.namespace.as_str()) {
            NO_NAMESPACE if !prefix.is_empty() => Bound::Elsewhere,
            namespace if namespace == self.namespace => Bound::Here,
            NO_NAMESPACE => Bound::Nowhere,
            _ => Bound::Elsewhere,
        };
        self.open.push(Open { name: start.name().into_inner().to_owned(), bindings: outside });
        Ok(Start { name: local.as_ref().to_owned(), attributes, line: self.text.line(), bound })
    }

    fn bind(&mut self, prefix: &str, namespace: String) {
        self.bindings.push(Binding { prefix: prefix.to_owned(), namespace });
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.bindings.truncate(open.bindings);
        }
    }

    fn not_xml(&mut self, problem: impl std::fmt::Display) -> Error {
        self.invalid(format!("is not XML: {problem}"))
    }
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
