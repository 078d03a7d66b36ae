//! JSON values as DynamoDB attributes and back. Integers are exact; a float that is whole comes back as an integer,
//! since DynamoDB keeps numbers, not their types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

/// The attribute of a value.
pub(super) fn write(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(b) => AttributeValue::Bool(b),
        Value::Number(n) => AttributeValue::N(n.to_string()),
        Value::String(s) => AttributeValue::S(s),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(write).collect()),
        Value::Object(map) => AttributeValue::M(write_map(map)),
    }
}

/// The attributes of a map.
pub(super) fn write_map(map: Map<String, Value>) -> HashMap<String, AttributeValue> {
    map.into_iter().map(|(name, value)| (name, write(value))).collect()
}

/// The value of an attribute; the name of its type when that is none of JSON's.
pub(super) fn read(attribute: AttributeValue) -> Result<Value, &'static str> {
    Ok(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(b) => Value::Bool(b),
        AttributeValue::N(text) => Value::Number(number(&text).ok_or("a number beyond 64 bits")?),
        AttributeValue::S(s) => Value::String(s),
        AttributeValue::L(list) => Value::Array(list.into_iter().map(read).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => Value::Object(read_map(map)?),
        AttributeValue::B(_) | AttributeValue::Bs(_) => return Err("binary"),
        AttributeValue::Ns(_) | AttributeValue::Ss(_) => return Err("a set"),
        _ => return Err("an unknown type"),
    })
}

/// The map of attributes.
pub(super) fn read_map(map: HashMap<String, AttributeValue>) -> Result<Map<String, Value>, &'static str> {
    map.into_iter().map(|(name, attribute)| Ok((name, read(attribute)?))).collect()
}

fn number(text: &str) -> Option<Number> {
    if let Ok(n) = text.parse::<u64>() {
        return Some(n.into());
    }
    if let Ok(n) = text.parse::<i64>() {
        return Some(n.into());
    }
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn integers_of_64_bits_are_exact() {
        for value in [json!(u64::MAX), json!(i64::MIN), json!(0), json!(-1), json!(9_007_199_254_740_993_u64)] {
            assert_eq!(read(write(value.clone())).unwrap(), value);
        }
        // As DynamoDB gives back 24.0.
        assert_eq!(read(AttributeValue::N("24".into())).unwrap(), json!(24));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        assert_eq!(read(AttributeValue::Ss(vec!["a".into()])), Err("a set"));
        assert_eq!(read(AttributeValue::N("1e400".into())), Err("a number beyond 64 bits"));
        assert!(read(AttributeValue::N("many".into())).is_err());
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has only finite ones", |f| f.is_finite()).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map("[a-z]{1,4}", inner, 0..4).prop_map(|m| m.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_reads_back_from_its_attribute(value in json_value()) {
            prop_assert_eq!(read(write(value.clone())).unwrap(), value);
        }

        #[test]
        fn no_number_panics(text in "[-+0-9.eE]{0,12}") {
            let _ = number(&text);
        }
    }
}
