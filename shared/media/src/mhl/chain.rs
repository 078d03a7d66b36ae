//! The chain: which manifests a history has, in order, with their C4 IDs.

use crate::error::{Error, Result};

/// The name of the chain file in the `ascmhl` folder.
pub const CHAIN_NAME: &str = "ascmhl_chain.xml";

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
    /// Reads a chain file. Whether its numbers make sense is for [`super::History::read`] to say.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not a chain, with the line.
    pub fn parse(_bytes: &[u8]) -> Result<Self> {
        Err(Error::unsupported("reading a chain"))
    }

    /// The chain file.
    pub fn to_xml(&self) -> Vec<u8> {
        Vec::new()
    }
}
