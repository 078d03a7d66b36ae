//! The audit trail: what happened to a roll or job, in order, never changed.

use serde_json::Value;
use std::collections::BTreeMap;

use crate::ports::{Clock, Error, Expect, Item, Key, Result, Table};

/// The trail of one roll or job.
pub struct Audit<'a, T>(pub &'a T);

impl<T: Table + Clock> Audit<'_, T> {
    /// Notes an event under a name that makes it unique (`sealed#2`): noted twice, it stands once.
    pub async fn note(&self, entity: &str, event: &str, details: Value) -> Result<()> {
        let now = self.0.now_ms();
        let mut body = serde_json::Map::new();
        body.insert("at_ms".into(), now.into());
        body.insert("event".into(), event.into());
        body.insert("details".into(), details);
        let item = Item { key: Key::new(format!("AUDIT#{entity}"), event), rev: 1, body, index: BTreeMap::new() };
        match self.0.put_row(item, Expect::Absent).await {
            Err(Error::Conflict(_)) => Ok(()),
            other => other,
        }
    }

    /// The trail, oldest first.
    pub async fn trail(&self, entity: &str) -> Result<Vec<Value>> {
        let page = self.0.query(&format!("AUDIT#{entity}"), "", None, 1000).await?;
        let mut notes: Vec<Value> = page.items.into_iter().map(|i| Value::Object(i.body)).collect();
        notes.sort_by_key(|n| n.get("at_ms").and_then(Value::as_u64));
        Ok(notes)
    }
}
