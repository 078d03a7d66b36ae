//! The table.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use platefleet_fleet::ports::{Error, Expect, Index, Item, Key, Page, Result, Table};

use serde_json::Value;

use super::{Port, State, World};

/// DynamoDB's limits, in bytes.
const MAX_ITEM: usize = 400 * 1024;
const MAX_PK: usize = 2048;
const MAX_SK: usize = 1024;
/// Rows of one request of many.
const MAX_BATCH: usize = 25;

impl World {
    /// Lets secondary indexes answer from the rows of this moment until [`World::thaw_indexes`].
    pub fn freeze_indexes(&self) {
        let mut state = self.state();
        state.frozen = Some(state.rows.clone());
    }

    /// Lets secondary indexes catch up.
    pub fn thaw_indexes(&self) {
        self.state().frozen = None;
    }

    /// Rows that a page of a query holds at most, whatever its limit: as when rows are large.
    pub fn set_row_page(&self, rows: usize) {
        self.state().row_page = rows.max(1);
    }

    /// Every row, in key order. Counts as no call.
    pub fn rows(&self) -> Vec<Item> {
        self.state().rows.values().cloned().collect()
    }

    /// A row. Counts as no call.
    pub fn row(&self, pk: &str, sk: &str) -> Option<Item> {
        self.state().rows.get(&Key::new(pk, sk)).cloned()
    }
}

impl State {
    fn expect(&self, key: &Key, expect: Expect) -> Result<()> {
        let there = self.rows.get(key).map(|item| item.rev);
        let holds = match expect {
            Expect::Anything => true,
            Expect::Absent => there.is_none(),
            Expect::Rev(rev) => there == Some(rev),
        };
        if holds { Ok(()) } else { Err(Error::Conflict(format!("row {} {}", key.pk, key.sk))) }
    }
}

/// As DynamoDB keeps a value: a float that is whole is an integer.
fn kept(value: &mut Value) {
    match value {
        Value::Number(n) => {
            // Below 2^53 a whole float is exactly one integer; larger ones stay what they are.
            if let Some(whole) = n.as_f64().filter(|f| n.is_f64() && f.fract() == 0.0 && f.abs() < 9.0e15) {
                *n = (whole as i64).into();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(kept),
        Value::Object(map) => map.values_mut().for_each(kept),
        _ => {}
    }
}

fn check(item: &Item) -> Result<()> {
    let refuse = |why: &str| Err(Error::Refused(format!("row {} {} {why}", item.key.pk, item.key.sk)));
    if std::iter::once(&item.key).chain(item.index.values()).any(|key| key.pk.is_empty() || key.sk.is_empty()) {
        return refuse("has an empty key");
    }
    if item.key.pk.len() > MAX_PK || item.key.sk.len() > MAX_SK {
        return refuse("has too long a key");
    }
    let keys = |name: &str| {
        matches!(name, "pk" | "sk" | "rev" | "gsi1pk" | "gsi1sk" | "gsi2pk" | "gsi2sk" | "gsi3pk" | "gsi3sk")
    };
    if item.body.keys().any(|name| keys(name)) {
        return refuse("has an attribute called like a key");
    }
    let size: usize = item.body.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if size > MAX_ITEM { refuse("is larger than 400 KB") } else { Ok(()) }
}

impl Table for World {
    async fn get_row(&self, key: &Key) -> Result<Option<Item>> {
        self.call(Port::RowGet, &key.sk, |state| Ok(state.rows.get(key).cloned())).await
    }

    async fn put_row(&self, mut item: Item, expect: Expect) -> Result<()> {
        item.body.values_mut().for_each(kept);
        let subject = item.key.sk.clone();
        self.call(Port::RowPut, &subject, |state| {
            check(&item)?;
            state.expect(&item.key, expect)?;
            state.rows.insert(item.key.clone(), item);
            Ok(())
        })
        .await
    }

    async fn delete_row(&self, key: &Key, expect: Expect) -> Result<()> {
        self.call(Port::RowDelete, &key.sk, |state| {
            state.expect(key, expect)?;
            state.rows.remove(key);
            Ok(())
        })
        .await
    }

    async fn write_rows(&self, puts: Vec<Item>, deletes: Vec<Key>) -> Result<()> {
        let mut writes: Vec<(Key, Option<Item>)> = puts.into_iter().map(|row| (row.key.clone(), Some(row))).collect();
        writes.extend(deletes.into_iter().map(|key| (key, None)));
        for batch in writes.chunks(MAX_BATCH) {
            let subject = batch.iter().map(|(key, _)| key.sk.as_str()).collect::<Vec<_>>().join(", ");
            self.call(Port::RowsWrite, &subject, |state| {
                let keys: BTreeSet<&Key> = batch.iter().map(|(key, _)| key).collect();
                if keys.len() < batch.len() {
                    return Err(Error::Refused("two writes of one row in one request".into()));
                }
                batch.iter().filter_map(|(_, row)| row.as_ref()).try_for_each(check)?;
                for (key, row) in batch {
                    match row.clone() {
                        Some(mut row) => {
                            row.body.values_mut().for_each(kept);
                            state.rows.insert(key.clone(), row);
                        }
                        None => _ = state.rows.remove(key),
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn query(&self, pk: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page<Item>> {
        self.call(Port::Query, prefix, |state| {
            let limit = limit.clamp(1, state.row_page);
            let rows = state.rows.range(Key::new(pk, prefix)..);
            let mut items: Vec<Item> = rows
                .take_while(|(key, _)| key.pk == pk && key.sk.starts_with(prefix))
                .filter(|(key, _)| after.is_none_or(|after| key.sk.as_str() > after))
                .take(limit + 1)
                .map(|(_, item)| item.clone())
                .collect();
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).map(|item| item.key.sk.clone());
            Ok(Page { items, next })
        })
        .await
    }

    async fn query_index(
        &self,
        index: Index,
        pk: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Key>> {
        self.call(Port::QueryIndex, prefix, |state| {
            let limit = limit.clamp(1, state.row_page);
            let rows = state.frozen.as_ref().unwrap_or(&state.rows);
            let entries: BTreeMap<(&str, &Key), ()> = rows
                .iter()
                .filter_map(|(key, item)| Some((item.index.get(&index)?, key)))
                .filter(|(at, _)| at.pk == pk && at.sk.starts_with(prefix))
                .map(|(at, key)| ((at.sk.as_str(), key), ()))
                .collect();
            let after = after.map(read_cursor).transpose()?;
            let rest = entries.into_keys().filter(|(sk, key)| {
                after.as_ref().is_none_or(|(a_sk, a_key)| (*sk, *key).cmp(&(a_sk, a_key)) == Ordering::Greater)
            });
            let mut found: Vec<_> = rest.take(limit + 1).collect();
            let more = found.len() > limit;
            found.truncate(limit);
            let next =
                found.last().filter(|_| more).map(|(sk, key)| serde_json::json!([sk, key.pk, key.sk]).to_string());
            Ok(Page { items: found.into_iter().map(|(_, key)| key.clone()).collect(), next })
        })
        .await
    }
}

fn read_cursor(text: &str) -> Result<(String, Key)> {
    let (index_sk, pk, sk): (String, String, String) =
        serde_json::from_str(text).map_err(|e| Error::Refused(format!("not a page of this index: {e}")))?;
    Ok((index_sk, Key { pk, sk }))
}
