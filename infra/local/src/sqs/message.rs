//! A message: what is sent, what is received, and the digests that SDKs check.

use std::{collections::BTreeMap, ops::Deref};

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// Largest message, body with attributes, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// What a sender hands in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Text of the characters that XML allows.
    pub body: String,
    /// Instead of the delay of the queue; at most 15 min.
    pub delay: Option<std::time::Duration>,
    /// Attributes by name, up to 10.
    pub attributes: BTreeMap<String, Attribute>,
    /// Message group: on a standard queue only passed on.
    pub group: Option<String>,
    /// X-Ray trace header, passed on.
    pub trace_header: Option<String>,
}

impl Outgoing {
    /// A message of a body and nothing else.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Bytes that count towards the limit: the body, and names, types and values of attributes.
    pub fn bytes(&self) -> usize {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, attribute)| name.len() + attribute.data_type.len() + attribute.value.bytes().len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label: `Number.int`.
    pub data_type: String,
    /// Its value; numbers are text.
    pub value: AttributeValue,
}

/// Value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// Of types `String` and `Number`.
    Text(String),
    /// Of type `Binary`.
    Binary(Vec<u8>),
}

impl AttributeValue {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// Identity of a message; it stays the same when the message moves to a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub String);

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message as its queue keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// Text.
    pub body: String,
    /// MD5 of the body, lower-case hex.
    pub md5: String,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// When it was sent, ms since 1970.
    pub sent: u64,
    /// Message group, if the sender named one.
    pub group: Option<String>,
    /// X-Ray trace header, if the sender gave one.
    pub trace_header: Option<String>,
    /// ARN of the queue in which it died, in a dead-letter queue.
    pub dead_letter_source: Option<String>,
}

/// A message handed to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The message itself; its fields are reached directly.
    pub message: Message,
    /// What deletes it: valid until the message is received again.
    pub receipt: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// When it was first received, ms since 1970.
    pub first_received: u64,
}

impl Deref for Received {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl Received {
    /// The system attributes by their SQS names, as `ReceiveMessage` and events to functions carry them.
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            ("SentTimestamp", self.sent.to_string()),
            ("ApproximateFirstReceiveTimestamp", self.first_received.to_string()),
            ("SenderId", "local".to_owned()),
        ]);
        let optional = [
            ("MessageGroupId", &self.group),
            ("AWSTraceHeader", &self.trace_header),
            ("DeadLetterQueueSourceArn", &self.dead_letter_source),
        ];
        attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        attributes
    }
}

/// MD5 as lower-case hex.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// MD5 of attributes as SDKs check it: names in order; name, type and value each after its length in four bytes, big end
/// first; before the value a byte that is 1 for text and 2 for binary. `None` when there are none.
///
/// Source: SQS developer guide, "Calculating the MD5 message digest for message attributes".
pub fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut encoded = Vec::new();
    for (name, attribute) in attributes {
        put(&mut encoded, name.as_bytes());
        put(&mut encoded, attribute.data_type.as_bytes());
        encoded.push(match attribute.value {
            AttributeValue::Text(_) => 1,
            AttributeValue::Binary(_) => 2,
        });
        put(&mut encoded, attribute.value.bytes());
    }
    Some(md5_hex(&encoded))
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected digest: python's hashlib over bytes laid out by hand as the developer guide says.
    #[test]
    fn attributes_are_digested_as_the_developer_guide_says() {
        let text = |kind: &str, text: &str| Attribute {
            data_type: kind.to_owned(),
            value: AttributeValue::Text(text.to_owned()),
        };
        let binary = Attribute { data_type: "Binary".to_owned(), value: AttributeValue::Binary(vec![0, 255]) };
        let attributes = BTreeMap::from([
            ("reel".to_owned(), text("String", "A001")),
            ("frames".to_owned(), text("Number.int", "24")),
            ("raw".to_owned(), binary),
        ]);
        assert_eq!(md5_of_attributes(&attributes).unwrap(), "484a1cc9a765a0ac4f47eed93fed374c");
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
    }
}
