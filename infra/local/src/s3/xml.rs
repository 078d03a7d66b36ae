//! The little XML that S3 speaks.

use std::fmt::Write as _;

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

use super::error::{Result, S3Error};

/// Deepest nesting of a request.
const MAX_DEPTH: usize = 8;

/// A document being written.
pub(super) struct Document {
    text: String,
    root: &'static str,
}

impl Document {
    /// Opens a document of S3's namespace.
    pub(super) fn new(root: &'static str) -> Self {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        Self { text: format!("{head}<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"), root }
    }

    /// An error; these stand in no namespace.
    pub(super) fn error(code: &str, message: &str, resource: &str, request: &str) -> String {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
        let mut document = Self { text, root: "Error" };
        document.leaf("Code", code).leaf("Message", message).leaf("Resource", resource).leaf("RequestId", request);
        document.finish()
    }

    /// An element with text.
    pub(super) fn leaf(&mut self, name: &str, text: impl std::fmt::Display) -> &mut Self {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        escape(&text.to_string(), &mut self.text);
        self.close(name)
    }

    /// An element with elements.
    pub(super) fn group(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        inside(self);
        self.close(name)
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
        self
    }

    /// The whole document.
    pub(super) fn finish(mut self) -> String {
        self.close(self.root);
        self.text
    }
}

/// Control characters become references, as S3 writes them, though XML 1.0 has no place for most.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c < ' ' => {
                let _ = write!(out, "&#x{:x};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// An element that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Without prefix.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Reads the root element of a document.
    pub(super) fn parse(document: &[u8]) -> Result<Self> {
        let malformed =
            |problem: String| S3Error::bad("MalformedXML", format!("the request is not XML of S3: {problem}"));
        let text = std::str::from_utf8(document).map_err(|error| malformed(error.to_string()))?;
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| malformed(error.to_string()))?;
            let depth = open.len();
            let Some(current) = open.last_mut() else { return Err(malformed("unbalanced".to_owned())) };
            match event {
                Event::Start(start) => {
                    if depth > MAX_DEPTH {
                        return Err(malformed(format!("more than {MAX_DEPTH} levels")));
                    }
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Empty(start) => current.children.push(Self::named(start.local_name().as_ref())),
                Event::Text(text) => current.text += &text,
                Event::CData(text) => current.text += &text,
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    let unknown = || malformed(format!("unknown reference `{}`", name.escape_debug()));
                    if let Some(c) = reference.resolve_char_ref().map_err(|_| unknown())? {
                        current.text.push(c);
                    } else {
                        current.text += resolve_predefined_entity(name).ok_or_else(unknown)?;
                    }
                }
                Event::End(_) => {
                    let done = open.pop().unwrap_or_default();
                    let parent = open.last_mut().ok_or_else(|| malformed("unbalanced".to_owned()))?;
                    parent.children.push(done);
                }
                Event::Eof if depth == 1 => {
                    return current.children.pop().ok_or_else(|| malformed("it has no element".to_owned()));
                }
                Event::Eof => return Err(malformed("it ends early".to_owned())),
                Event::DocType(_) => return Err(malformed("it has a document type".to_owned())),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text of the first child of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_references_and_prefixes_are_read() {
        let text =
            b"<?xml version='1.0'?><s:Delete xmlns:s='x'><Object><Key>a&amp;b&#x20;&#99;<![CDATA[<]]></Key></Object>\
            <Object/></s:Delete>";
        let delete = Element::parse(text).unwrap();
        assert_eq!(delete.name, "Delete");
        assert_eq!(delete.all("Object").map(|o| o.get("Key")).collect::<Vec<_>>(), [Some("a&b c<"), None]);
    }

    #[test]
    fn what_could_harm_or_is_cut_is_refused() {
        let deep = "<a>".repeat(40);
        for text in ["", "<a>", "</a>", "<a></b>", "<a>&xxe;</a>", "<!DOCTYPE a><a/>", "no", &deep] {
            assert_eq!(Element::parse(text.as_bytes()).unwrap_err().code, "MalformedXML", "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_reads_back(text in "[^\\p{Cc}]{0,40}") {
            let mut document = Document::new("A");
            document.leaf("B", &text);
            let read = Element::parse(document.finish().as_bytes()).unwrap();
            prop_assert_eq!(read.get("B").unwrap(), text);
        }

        #[test]
        fn no_document_panics(text in "(<|</|>|a|&|;|#|x|!|\\[|\\]|-| |\"){0,30}") {
            let _ = Element::parse(text.as_bytes());
        }
    }
}
