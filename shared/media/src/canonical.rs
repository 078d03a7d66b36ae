//! One way to write a value: JSON with sorted keys and no spaces, so that equal values have equal digests.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// The canonical bytes of a value: object keys in code point order at every depth, the shortest digits that read back as
/// the same number, no white space. Stands for itself: it depends on no setting of a JSON library.
///
/// # Errors
/// [`Error::Invalid`] for values that JSON cannot hold (a number that is not finite becomes null before this sees it).
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value).map_err(|e| Error::invalid(e.to_string()))?;
    let mut text = String::new();
    write(&value, &mut text);
    Ok(text.into_bytes())
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            text.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write(&map[key], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({ "b": [ { "z": 1, "a": 0.5 } ], "a": "é\n" });
        assert_eq!(super::to_vec(&value).unwrap(), "{\"a\":\"é\\n\",\"b\":[{\"a\":0.5,\"z\":1}]}".as_bytes());
    }
}
