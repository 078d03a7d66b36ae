//! The chain: which manifests a history has, in order, with their C4 IDs.

use super::{write::Xml, xml::Document};
use crate::{error::Result, hash::Algorithm, source::Memory};

/// The name of the chain file in the `ascmhl` folder.
pub const CHAIN_NAME: &str = "ascmhl_chain.xml";

const NAMESPACE: &str = "urn:ASC:MHL:DIRECTORY:v2.0";
/// Generations of one history.
const MAX_ENTRIES: usize = 100_000;

/// The list of a history's manifests (namespace `urn:ASC:MHL:DIRECTORY:v2.0`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// As listed.
    pub entries: Vec<ChainEntry>,
}

/// One manifest of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEntry {
    /// 1, 2, 3 and so on, without gaps.
    pub sequence: u32,
    /// The manifest, relative to the chain: its file name.
    pub path: String,
    /// The C4 ID of the manifest's bytes.
    pub c4: String,
}

impl Chain {
    /// Reads a chain file. Whether its numbers and names make sense is for [`super::History::read`] to say.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when it is not a chain, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let source = Memory::new(CHAIN_NAME, bytes);
        let (mut document, _) = Document::open(&source, "ascmhldirectory", NAMESPACE)?;
        let mut entries = Vec::new();
        loop {
            document.mark();
            let Some(start) = document.next_child()? else { break };
            if start.name != "hashlist" {
                document.skip()?;
                continue;
            }
            if entries.len() == MAX_ENTRIES {
                return Err(document.invalid(format!("lists more than {MAX_ENTRIES} manifests")));
            }
            let number = start.owned("sequencenr").unwrap_or_default();
            let Ok(sequence) = number.trim().parse() else {
                return Err(document.invalid(format!("sequencenr `{}` is not a number", number.escape_debug())));
            };
            let element = document.read(start)?;
            let Some(path) = element.text_of("path") else {
                return Err(document.invalid(format!("entry {sequence} has no path")));
            };
            let c4 = element.text_of("c4").unwrap_or_default().trim().to_owned();
            if !Algorithm::C4.is_text(&c4) {
                return Err(
                    document.invalid(format!("entry {sequence} has no C4 ID (no other digest is allowed here)"))
                );
            }
            entries.push(ChainEntry { sequence, path, c4 });
        }
        Ok(Self { entries })
    }

    /// The chain file.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut xml = Xml::new();
        xml.open("ascmhldirectory", &[("xmlns", Some(NAMESPACE))]);
        for entry in &self.entries {
            xml.open("hashlist", &[("sequencenr", Some(&entry.sequence.to_string()))]);
            xml.leaf("path", &[], &entry.path);
            xml.leaf("c4", &[], &entry.c4);
            xml.close();
        }
        xml.finish()
    }
}
