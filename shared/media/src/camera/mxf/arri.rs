//! What ARRI's cameras write in MXF beside the standard: JSON (ALEXA 35, RDD 55), kept as found.
//!
//! Their sets are private (labels `0e17`); what the names in them mean is not published, so they are tags and no fields.

use serde_json::Value;

use super::sets::{Set, Sets};
use crate::camera::said::Said;

/// Longest document: a property has a length of 16 bits.
const MAX_JSON: usize = 64 << 10;
const MAX_NAME: usize = 256;

/// Notes the JSON documents of ARRI's sets, leaf by leaf: `ARRI lens.model`.
pub(super) fn note(sets: &Sets, said: &mut Said) {
    for set in sets.iter().filter(is_arris) {
        for (_, value) in set.items().filter(|(_, value)| value.len() <= MAX_JSON) {
            if let Some(document) = json(value) {
                leaves("ARRI".to_owned(), ' ', &document, said);
            }
        }
    }
}

fn is_arris(set: &Set<'_>) -> bool {
    set.key[8..10] == [0x0e, 0x17]
}

/// A document in UTF-8 or UTF-16, whatever stands around it.
fn json(value: &[u8]) -> Option<Value> {
    let utf8 = value.iter().position(|b| *b == b'{').and_then(|at| value.get(at..));
    let end = |text: &[u8]| text.iter().rposition(|b| *b == b'}').map(|at| at + 1);
    let document = utf8.and_then(|text| serde_json::from_slice(text.get(..end(text)?)?).ok());
    document.or_else(|| {
        let text = super::sets::utf16(value);
        serde_json::from_str(text.get(text.find('{')?..=text.rfind('}')?)?).ok()
    })
}

fn leaves(name: String, joint: char, value: &Value, said: &mut Said) {
    match value {
        Value::Object(members) if name.len() < MAX_NAME => {
            for (member, value) in members {
                leaves(format!("{name}{joint}{member}"), '.', value, said);
            }
        }
        Value::Null => {}
        other => said.tag(name, other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_in_either_text_and_told_leaf_by_leaf() {
        let mut said = Said::default();
        let text = r#"{"camera":{"model":"ALEXA 35","fps":24.5},"none":null}"#;
        leaves("ARRI".to_owned(), ' ', &json(format!("\0\0{text}\0").as_bytes()).unwrap(), &mut said);
        assert_eq!(said.tags["ARRI camera.model"], "ALEXA 35");
        assert_eq!(said.tags["ARRI camera.fps"], 24.5);
        assert_eq!(said.tags.len(), 2);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(json(&wide).unwrap()["camera"]["model"], "ALEXA 35");
        assert_eq!(json(b"no document"), None);
    }
}
