//! The properties of one resource, read one by one. What is left over at the end was not understood.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use super::{
    Problem,
    resolve::{Scope, as_text},
};

/// Properties under one path of a resource.
pub(super) struct Properties<'a> {
    scope: &'a Scope<'a>,
    resource: &'a str,
    path: String,
    left: Map<String, Value>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(scope: &'a Scope<'a>, resource: &'a str, properties: Map<String, Value>) -> Self {
        Self { scope, resource, path: String::new(), left: properties }
    }

    pub(super) fn problem(&self, property: &str, text: impl Into<String>) -> Problem {
        Problem::new(format!("resource {}", self.resource), format!("{}{property}", self.path), text)
    }

    fn within(&self, property: &str, value: Value) -> Result<Self, Problem> {
        match value {
            Value::Object(left) => {
                Ok(Self { scope: self.scope, resource: self.resource, path: format!("{}{property}.", self.path), left })
            }
            _ => Err(self.problem(property, "is not a set of properties")),
        }
    }

    /// Takes a property with its intrinsics worked out.
    fn take(&mut self, property: &str) -> Result<Option<Value>, Problem> {
        let Some(value) = self.left.remove(property) else { return Ok(None) };
        self.scope.resolve(&value).map_err(|text| self.problem(property, text))
    }

    fn required<T>(&self, property: &str, value: Option<T>) -> Result<T, Problem> {
        value.ok_or_else(|| self.problem(property, "is missing"))
    }

    pub(super) fn text(&mut self, property: &str) -> Result<Option<String>, Problem> {
        let value = self.take(property)?;
        value.map(|v| as_text(&v).ok_or_else(|| self.problem(property, "is not text"))).transpose()
    }

    pub(super) fn required_text(&mut self, property: &str) -> Result<String, Problem> {
        let text = self.text(property)?;
        self.required(property, text)
    }

    /// A whole number between two bounds, both included.
    pub(super) fn number(&mut self, property: &str, least: u64, most: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(property)? else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(n) if (least..=most).contains(&n) => Ok(Some(n)),
            _ => Err(self.problem(property, format!("{text} is not a whole number from {least} to {most}"))),
        }
    }

    pub(super) fn seconds(&mut self, property: &str, most: u64, default: u64) -> Result<Duration, Problem> {
        Ok(Duration::from_secs(self.number(property, 0, most)?.unwrap_or(default)))
    }

    /// The last part of the ARN of one of our queues: its name.
    pub(super) fn queue(&mut self, property: &str) -> Result<String, Problem> {
        let arn = self.required_text(property)?;
        match arn.strip_prefix("arn:aws:sqs:").and_then(|rest| rest.rsplit(':').next()) {
            Some(name) => Ok(name.to_owned()),
            None => Err(self.problem(property, format!("{arn} is not the ARN of a queue"))),
        }
    }

    /// A property that must have this value if it is there: another one would mean something that we do not do.
    pub(super) fn only(&mut self, property: &str, meaning: &str) -> Result<(), Problem> {
        match self.text(property)? {
            Some(text) if text != meaning => {
                Err(self.problem(property, format!("{text} is not understood, only {meaning} is")))
            }
            _ => Ok(()),
        }
    }

    /// The properties below a property, to be [finished](Self::finish) by itself.
    pub(super) fn section(&mut self, property: &str) -> Result<Option<Self>, Problem> {
        self.take(property)?.map(|value| self.within(property, value)).transpose()
    }

    /// Named sections in a section: the events of a function.
    pub(super) fn sections(&mut self, property: &str) -> Result<Vec<Self>, Problem> {
        let Some(section) = self.section(property)? else { return Ok(Vec::new()) };
        section.left.iter().map(|(name, value)| section.within(name, value.clone())).collect()
    }

    /// Sections in a list.
    pub(super) fn list(&mut self, property: &str) -> Result<Vec<Self>, Problem> {
        match self.take(property)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(n, item)| self.within(&format!("{property}[{n}]"), item)).collect()
            }
            Some(_) => Err(self.problem(property, "is not a list")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, property: &str) -> Result<Vec<String>, Problem> {
        match self.take(property)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| as_text(item).ok_or_else(|| self.problem(property, "is not a list of texts")))
                .collect(),
            Some(_) => Err(self.problem(property, "is not a list")),
        }
    }

    /// Names and texts: an environment.
    pub(super) fn variables(&mut self, property: &str) -> Result<BTreeMap<String, String>, Problem> {
        let Some(section) = self.section(property)? else { return Ok(BTreeMap::new()) };
        let pairs = section.left.iter().map(|(name, value)| {
            let text = as_text(value).ok_or_else(|| section.problem(name, "is not text"))?;
            Ok((name.clone(), text))
        });
        pairs.collect()
    }

    /// Properties that matter in the cloud only.
    pub(super) fn ignore(&mut self, properties: &[&str]) {
        for property in properties {
            self.left.remove(*property);
        }
    }

    /// # Errors
    /// Something is left that was not understood.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.left.keys().next() {
            Some(property) => Err(self.problem(property, "is not understood by the fleet on one machine")),
            None => Ok(()),
        }
    }
}
