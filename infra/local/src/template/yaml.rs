//! YAML as CloudFormation writes it, turned into plain JSON: `!Ref X` becomes `{"Ref": "X"}`, `!Sub x` becomes
//! `{"Fn::Sub": "x"}`, so that the short and the long form are one.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Above the largest template that CloudFormation takes (1 MB from S3).
const LARGEST: usize = 1_000_000;
const DEEPEST: usize = 64;

/// Parses one document.
///
/// # Errors
/// Where the text is not YAML, is larger than a template may be, or uses what has no meaning in JSON.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if text.len() > LARGEST {
        return Err(format!("{} bytes, a template has {LARGEST} at most", text.len()));
    }
    let documents = Yaml::load_from_str(text).map_err(|e| format!("not YAML: {e}"))?;
    match documents.as_slice() {
        [document] => to_json(document, DEEPEST),
        other => Err(format!("{} documents where one is expected", other.len())),
    }
}

fn to_json(node: &Yaml, depth: usize) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or_else(|| format!("nested deeper than {DEEPEST}"))?;
    match node {
        Yaml::Value(scalar) => Ok(scalar_to_json(scalar)),
        Yaml::Sequence(items) => items.iter().map(|item| to_json(item, depth)).collect(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let name = key_name(key).ok_or_else(|| format!("a key that is not text: {key:?}"))?;
                object.insert(name, to_json(value, depth)?);
            }
            Ok(Value::Object(object))
        }
        Yaml::Tagged(tag, inner) if tag.handle == "!" => Ok(intrinsic(&tag.suffix, to_json(inner, depth)?)),
        Yaml::Tagged(tag, _) => Err(format!("tag {}{} is not one of CloudFormation's", tag.handle, tag.suffix)),
        other => Err(format!("cannot be read: {other:?}")),
    }
}

fn scalar_to_json(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(b) => json!(b),
        Scalar::Integer(n) => json!(n),
        Scalar::FloatingPoint(n) => json!(n.into_inner()),
        Scalar::String(s) => json!(s),
    }
}

fn key_name(key: &Yaml) -> Option<String> {
    match key {
        Yaml::Value(Scalar::String(name)) => Some(name.to_string()),
        Yaml::Value(Scalar::Integer(n)) => Some(n.to_string()),
        Yaml::Value(Scalar::Boolean(b)) => Some(b.to_string()),
        _ => None,
    }
}

/// `!GetAtt A.B` has its two parts in one text; every other short form is the long one with another spelling.
fn intrinsic(name: &str, value: Value) -> Value {
    match (name, value) {
        ("Ref" | "Condition", value) => json!({ name: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (name, value) => json!({ format!("Fn::{name}"): value }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_forms_become_long_ones() {
        let value =
            parse("{a: !Ref X, b: !GetAtt Q.Arn, c: !Not [!Equals [!Ref P, \"\"]], d: !Sub \"${X}-y\"}").unwrap();
        let long = json!({
            "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["Q", "Arn"]},
            "c": {"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, ""]}]}, "d": {"Fn::Sub": "${X}-y"},
        });
        assert_eq!(value, long);
    }

    #[test]
    fn quoted_numbers_stay_text() {
        assert_eq!(parse("a: \"000123\"\nb: 5").unwrap(), json!({"a": "000123", "b": 5}));
    }

    #[test]
    fn what_is_not_one_document_of_yaml_is_refused() {
        for text in ["", "a: [", "a: 1\n---\nb: 2", "a: 1\na: 2", "a: !<tag:x> b"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"[".repeat(1000)).is_err());
        assert!(parse(&"!Not [".repeat(70)).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
