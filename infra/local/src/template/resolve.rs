//! Intrinsic functions, worked out where a property is read: `Ref`, `Sub`, `GetAtt`, `If` and conditions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Place, Problem};

/// References that lead through more than this many others lead in a circle.
const DEEPEST: usize = 32;

/// A template before its resources are read: everything that a property may refer to.
pub(super) struct Scope<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: &'a Map<String, Value>,
    resources: &'a Map<String, Value>,
    place: &'a Place,
}

impl<'a> Scope<'a> {
    /// Parameters have their defaults, or what `place` says instead.
    ///
    /// # Errors
    /// A parameter without either, or a value for one that does not exist or may not have it.
    pub(super) fn new(document: &'a Value, place: &'a Place) -> Result<Self, Problem> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let section = |name: &str| document.get(name).and_then(Value::as_object).unwrap_or(&EMPTY);
        let declared = section("Parameters");
        let mut parameters = BTreeMap::new();
        for (name, declaration) in declared {
            let problem = |text: String| Problem::new(format!("parameter {name}"), "", text);
            let value = match place.parameters.get(name) {
                Some(text) => Value::String(text.clone()),
                None => declaration
                    .get("Default")
                    .cloned()
                    .ok_or_else(|| problem("has no default and was not given".into()))?,
            };
            let allowed = declaration.get("AllowedValues").and_then(Value::as_array);
            if allowed.is_some_and(|values| !values.iter().any(|v| as_text(v) == as_text(&value))) {
                return Err(problem(format!("{} is not among the allowed values", shown(&value))));
            }
            check_number(declaration, &value).map_err(problem)?;
            parameters.insert(name.clone(), value);
        }
        if let Some(unknown) = place.parameters.keys().find(|name| !declared.contains_key(*name)) {
            return Err(Problem::new(format!("parameter {unknown}"), "", "is not declared by the template"));
        }
        Ok(Self { parameters, conditions: section("Conditions"), resources: section("Resources"), place })
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.resources.iter()
    }

    /// True unless the resource has a condition that does not hold.
    pub(super) fn exists(&self, resource: &Value) -> Result<bool, String> {
        resource.get("Condition").map_or(Ok(true), |name| self.condition(name.as_str().unwrap_or_default(), DEEPEST))
    }

    /// The value with every intrinsic in it worked out; `None` where it is `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value) -> Result<Option<Value>, String> {
        self.value(value, DEEPEST)
    }

    fn value(&self, value: &Value, depth: usize) -> Result<Option<Value>, String> {
        let depth = depth.checked_sub(1).ok_or("refers to itself")?;
        match value {
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().filter_map(|v| self.value(v, depth).transpose()).collect();
                Ok(Some(Value::Array(items?)))
            }
            Value::Object(object) => {
                if let Some((name, argument)) = intrinsic(object) {
                    return self.intrinsic(name, argument, depth);
                }
                let mut resolved = Map::new();
                for (name, value) in object {
                    if let Some(value) = self.value(value, depth)? {
                        resolved.insert(name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value, depth: usize) -> Result<Option<Value>, String> {
        match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(target, depth),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    self.attribute(resource, attribute, depth).map(|text| Some(Value::String(text)))
                }
                _ => Err("GetAtt takes a resource and an attribute".into()),
            },
            ("Fn::Sub", Value::String(text)) => self.substitute(text, depth).map(|text| Some(Value::String(text))),
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => {
                    self.value(if self.condition(condition, depth)? { yes } else { no }, depth)
                }
                _ => Err("If takes a condition and two values".into()),
            },
            _ => Err(format!("{} is not understood here", shown_intrinsic(name))),
        }
    }

    fn reference(&self, target: &str, depth: usize) -> Result<Option<Value>, String> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(Some(value.clone()));
        }
        let place = self.place;
        let text = match target {
            "AWS::NoValue" => return Ok(None),
            "AWS::StackName" => place.stack.clone(),
            "AWS::Region" => place.region.clone(),
            "AWS::AccountId" => place.account_id.clone(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            other => {
                let name = self.name_of(other, depth)?;
                if self.kind_of(other)? == "AWS::SQS::Queue" { place.queue_url(&name) } else { name }
            }
        };
        Ok(Some(Value::String(text)))
    }

    fn attribute(&self, resource: &str, attribute: &str, depth: usize) -> Result<String, String> {
        let (name, place) = (self.name_of(resource, depth)?, self.place);
        match (self.kind_of(resource)?, attribute) {
            ("AWS::SQS::Queue", "QueueName") => Ok(name),
            ("AWS::SQS::Queue", "QueueUrl") => Ok(place.queue_url(&name)),
            ("AWS::SQS::Queue", "Arn") => Ok(place.arn("sqs", &name)),
            ("AWS::DynamoDB::Table", "Arn") => Ok(place.arn("dynamodb", &format!("table/{name}"))),
            ("AWS::Serverless::Function", "Arn") => Ok(place.arn("lambda", &format!("function:{name}"))),
            ("AWS::S3::Bucket", "Arn") => Ok(format!("arn:aws:s3:::{name}")),
            (kind, _) => Err(format!("attribute {attribute} of {resource} ({kind}) is not understood")),
        }
    }

    fn kind_of(&self, resource: &str) -> Result<&str, String> {
        let kind = self.resources.get(resource).and_then(|r| r.get("Type")).and_then(Value::as_str);
        kind.ok_or_else(|| format!("{resource} is neither a parameter nor a resource"))
    }

    /// The name that a resource gets: from its name property, or its logical id after the stack's.
    pub(super) fn name_of(&self, resource: &str, depth: usize) -> Result<String, String> {
        let property = match self.kind_of(resource)? {
            "AWS::SQS::Queue" => "QueueName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::Serverless::Function" => "FunctionName",
            kind => return Err(format!("a reference to {resource} ({kind}) is not understood")),
        };
        let given = self.resources.get(resource).and_then(|r| r.get("Properties")).and_then(|p| p.get(property));
        match given.map(|value| self.value(value, depth)).transpose()?.flatten() {
            None => Ok(format!("{}-{}", self.place.stack, resource.to_ascii_lowercase())),
            Some(value) => as_text(&value).ok_or_else(|| format!("{property} of {resource} is not text")),
        }
    }

    fn substitute(&self, text: &str, depth: usize) -> Result<String, String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after.split_once('}').ok_or_else(|| format!("`{text}` lacks a closing brace"))?;
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                result.push_str(&self.attribute(resource, attribute, depth)?);
            } else {
                let value = self.reference(name, depth)?.as_ref().and_then(as_text);
                result.push_str(&value.ok_or_else(|| format!("${{{name}}} is not text"))?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn condition(&self, name: &str, depth: usize) -> Result<bool, String> {
        let condition = self.conditions.get(name).ok_or_else(|| format!("condition {name} is not declared"))?;
        self.truth(condition, depth)
    }

    fn truth(&self, condition: &Value, depth: usize) -> Result<bool, String> {
        let depth = depth.checked_sub(1).ok_or("a condition refers to itself")?;
        let (name, argument) = condition.as_object().and_then(intrinsic).ok_or("a condition that is no function")?;
        match (name, argument) {
            ("Condition", Value::String(name)) => self.condition(name, depth),
            ("Fn::Equals", Value::Array(sides)) if sides.len() == 2 => {
                let text = |side| Ok::<_, String>(self.value(side, depth)?.as_ref().and_then(as_text));
                Ok(text(&sides[0])? == text(&sides[1])?)
            }
            ("Fn::Not", Value::Array(one)) if one.len() == 1 => Ok(!self.truth(&one[0], depth)?),
            ("Fn::And", Value::Array(all)) => all.iter().try_fold(true, |so_far, c| Ok(so_far & self.truth(c, depth)?)),
            ("Fn::Or", Value::Array(any)) => any.iter().try_fold(false, |so_far, c| Ok(so_far | self.truth(c, depth)?)),
            _ => Err(format!("condition {} is not understood", shown_intrinsic(name))),
        }
    }
}

/// An object with one key that is the name of a function.
fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = object.iter();
    let (name, argument) = entries.next()?;
    let is_function = name == "Ref" || name == "Condition" && argument.is_string() || name.starts_with("Fn::");
    (is_function && entries.next().is_none()).then_some((name, argument))
}

fn check_number(declaration: &Value, value: &Value) -> Result<(), String> {
    if declaration.get("Type").and_then(Value::as_str) != Some("Number") {
        return Ok(());
    }
    let number = as_text(value).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
    let number = number.ok_or_else(|| format!("{} is not a number", shown(value)))?;
    let bound = |name: &str| declaration.get(name).and_then(Value::as_f64);
    match (bound("MinValue"), bound("MaxValue")) {
        (Some(least), _) if number < least => Err(format!("{number} is below {least}")),
        (_, Some(most)) if number > most => Err(format!("{number} is above {most}")),
        _ => Ok(()),
    }
}

/// A scalar as CloudFormation sees it: everything is text in the end.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    as_text(value).unwrap_or_else(|| value.to_string())
}

fn shown_intrinsic(name: &str) -> String {
    format!("!{}", name.trim_start_matches("Fn::"))
}
