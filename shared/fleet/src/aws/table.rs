//! The table on DynamoDB. A row's attributes stand beside its keys (`pk`, `sk`, `gsi1pk` ...) and its revision (`rev`).

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use serde_json::Value;

use super::{Fleet, attribute, error::port_error};
use crate::ports::{Error, Expect, Index, Item, Key, Page, Result, Table};

type Attributes = HashMap<String, AttributeValue>;

const INDEXES: [Index; 3] = [Index::JobsByState, Index::ShotHistory, Index::ReelTimecode];
/// Rows that one page asks for at most.
const MAX_PAGE: usize = 1000;
/// Rows of one request of many: the service's limit.
const MAX_BATCH: usize = 25;
/// How often the rest of such a request is sent again; the service takes what it has room for.
const MAX_RESTS: u32 = 6;
/// Wait before the first of these, doubled for each.
const REST: Duration = Duration::from_millis(25);

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn label(key: &Key) -> String {
    format!("row {} {}", key.pk, key.sk)
}

fn index_names(index: Index) -> (String, String) {
    (format!("{}pk", index.name()), format!("{}sk", index.name()))
}

/// True for the names that a row's own attributes must not have.
fn is_reserved(name: &str) -> bool {
    matches!(name, "pk" | "sk" | "rev" | "gsi1pk" | "gsi1sk" | "gsi2pk" | "gsi2sk" | "gsi3pk" | "gsi3sk")
}

fn encode(item: Item) -> Result<Attributes> {
    if let Some(name) = item.body.keys().find(|name| is_reserved(name)) {
        return Err(Error::Refused(format!("{}: an attribute cannot be called `{name}`", label(&item.key))));
    }
    let mut attributes = attribute::write_map(item.body);
    attributes.insert("pk".into(), text(item.key.pk));
    attributes.insert("sk".into(), text(item.key.sk));
    attributes.insert("rev".into(), AttributeValue::N(item.rev.to_string()));
    for (index, key) in item.index {
        let (pk, sk) = index_names(index);
        attributes.insert(pk, text(key.pk));
        attributes.insert(sk, text(key.sk));
    }
    Ok(attributes)
}

fn decode(mut attributes: Attributes) -> Result<Item> {
    let mut take = |name: &str| match attributes.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    let key = take("pk").zip(take("sk")).map(|(pk, sk)| Key { pk, sk });
    let key = key.ok_or_else(|| Error::Refused("a row without its keys".into()))?;
    let mut index = BTreeMap::new();
    for at in INDEXES {
        let (pk, sk) = index_names(at);
        if let Some((pk, sk)) = take(&pk).zip(take(&sk)) {
            index.insert(at, Key { pk, sk });
        }
    }
    let mut body = attribute::read_map(attributes).map_err(|e| Error::Refused(format!("{} has {e}", label(&key))))?;
    let rev = body.remove("rev").as_ref().and_then(Value::as_u64);
    let rev = rev.ok_or_else(|| Error::Refused(format!("{} has no revision", label(&key))))?;
    Ok(Item { key, rev, body, index })
}

/// Condition of a write, its names and its values.
type Condition = (Option<&'static str>, Option<HashMap<String, String>>, Option<Attributes>);

fn condition(expect: Expect) -> Condition {
    let name = |placeholder: &str, name: &str| Some(HashMap::from([(placeholder.to_owned(), name.to_owned())]));
    match expect {
        Expect::Anything => (None, None, None),
        Expect::Absent => (Some("attribute_not_exists(#pk)"), name("#pk", "pk"), None),
        Expect::Rev(rev) => {
            let value = HashMap::from([(":rev".to_owned(), AttributeValue::N(rev.to_string()))]);
            (Some("#rev = :rev"), name("#rev", "rev"), Some(value))
        }
    }
}

/// Condition of a query on these two key attributes.
fn below(pk: (&str, &str), sk: (&str, &str)) -> (&'static str, HashMap<String, String>, Attributes) {
    let mut names = HashMap::from([("#pk".to_owned(), pk.0.to_owned())]);
    let mut values = HashMap::from([(":pk".to_owned(), text(pk.1))]);
    if sk.1.is_empty() {
        return ("#pk = :pk", names, values);
    }
    names.insert("#sk".into(), sk.0.to_owned());
    values.insert(":prefix".into(), text(sk.1));
    ("#pk = :pk AND begins_with(#sk, :prefix)", names, values)
}

/// The requests that write and delete these rows.
fn writes(puts: Vec<Item>, deletes: Vec<Key>) -> Result<Vec<WriteRequest>> {
    let wrong = |e: aws_sdk_dynamodb::error::BuildError| Error::Refused(e.to_string());
    let put = |item| {
        let request = PutRequest::builder().set_item(Some(encode(item)?)).build().map_err(wrong)?;
        Ok(WriteRequest::builder().put_request(request).build())
    };
    let delete = |key: Key| {
        let request = DeleteRequest::builder().key("pk", text(key.pk)).key("sk", text(key.sk)).build();
        Ok(WriteRequest::builder().delete_request(request.map_err(wrong)?).build())
    };
    puts.into_iter().map(put).chain(deletes.into_iter().map(delete)).collect()
}

fn page_size(limit: usize) -> i32 {
    limit.clamp(1, MAX_PAGE) as i32
}

impl Table for Fleet {
    async fn get_row(&self, key: &Key) -> Result<Option<Item>> {
        let request = self.shared.dynamodb.get_item().table_name(&self.shared.table).consistent_read(true);
        let request = request.key("pk", text(&key.pk)).key("sk", text(&key.sk));
        let output = request.send().await.map_err(|e| port_error(&label(key), &e))?;
        output.item.map(decode).transpose()
    }

    async fn put_row(&self, item: Item, expect: Expect) -> Result<()> {
        let what = label(&item.key);
        let (condition, names, values) = condition(expect);
        self.shared
            .dynamodb
            .put_item()
            .table_name(&self.shared.table)
            .set_item(Some(encode(item)?))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(|e| port_error(&what, &e))?;
        Ok(())
    }

    async fn delete_row(&self, key: &Key, expect: Expect) -> Result<()> {
        let (condition, names, values) = condition(expect);
        self.shared
            .dynamodb
            .delete_item()
            .table_name(&self.shared.table)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(|e| port_error(&label(key), &e))?;
        Ok(())
    }

    async fn write_rows(&self, puts: Vec<Item>, deletes: Vec<Key>) -> Result<()> {
        let what = format!("{} rows", puts.len() + deletes.len());
        for batch in writes(puts, deletes)?.chunks(MAX_BATCH) {
            let (mut rest, mut tries) = (batch.to_vec(), 0);
            loop {
                let request = self.shared.dynamodb.batch_write_item().request_items(&self.shared.table, rest);
                let output = request.send().await.map_err(|e| port_error(&what, &e))?;
                rest = output.unprocessed_items.into_iter().flatten().flat_map(|(_, rest)| rest).collect();
                if rest.is_empty() {
                    break;
                }
                if tries == MAX_RESTS {
                    return Err(Error::Throttled(format!("{what}: {} are left over", rest.len())));
                }
                tokio::time::sleep(REST * 2u32.pow(tries)).await;
                tries += 1;
            }
        }
        Ok(())
    }

    async fn query(&self, pk: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page<Item>> {
        let (condition, names, values) = below(("pk", pk), ("sk", prefix));
        let start = after.map(|sk| HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]));
        let output = self
            .shared
            .dynamodb
            .query()
            .table_name(&self.shared.table)
            .consistent_read(true)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(start)
            .limit(page_size(limit))
            .send()
            .await
            .map_err(|e| port_error(&format!("rows {pk} {prefix}"), &e))?;
        let next = output.last_evaluated_key.map(decode_key).transpose()?.map(|key| key.sk);
        let items = output.items.unwrap_or_default().into_iter().map(decode).collect::<Result<_>>()?;
        Ok(Page { items, next })
    }

    async fn query_index(
        &self,
        index: Index,
        pk: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Key>> {
        let (pk_name, sk_name) = index_names(index);
        let (condition, names, values) = below((&pk_name, pk), (&sk_name, prefix));
        let start = after.map(|cursor| read_cursor(cursor, pk, &pk_name, &sk_name)).transpose()?;
        let output = self
            .shared
            .dynamodb
            .query()
            .table_name(&self.shared.table)
            .index_name(index.name())
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(start)
            .limit(page_size(limit))
            .send()
            .await
            .map_err(|e| port_error(&format!("index {} {pk} {prefix}", index.name()), &e))?;
        let next = output.last_evaluated_key.map(|key| write_cursor(key, &sk_name)).transpose()?;
        let items = output.items.unwrap_or_default().into_iter().map(decode_key).collect::<Result<_>>()?;
        Ok(Page { items, next })
    }
}

fn decode_key(mut attributes: Attributes) -> Result<Key> {
    match (attributes.remove("pk"), attributes.remove("sk")) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Ok(Key { pk, sk }),
        _ => Err(Error::Refused("a row without its keys".into())),
    }
}

/// Where a page of an index ended: index sort key and the row's own keys, as a JSON array.
fn write_cursor(mut key: Attributes, sk_name: &str) -> Result<String> {
    let Some(AttributeValue::S(index_sk)) = key.remove(sk_name) else {
        return Err(Error::Refused(format!("an index page without `{sk_name}`")));
    };
    let key = decode_key(key)?;
    Ok(serde_json::json!([index_sk, key.pk, key.sk]).to_string())
}

fn read_cursor(cursor: &str, index_pk: &str, pk_name: &str, sk_name: &str) -> Result<Attributes> {
    let (index_sk, pk, sk): (String, String, String) =
        serde_json::from_str(cursor).map_err(|e| Error::Refused(format!("not a page of this index: {e}")))?;
    let attributes = [("pk", pk), ("sk", sk), (pk_name, index_pk.to_owned()), (sk_name, index_sk)];
    Ok(attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_reads_back_from_its_attributes() {
        let body = json!({"state": "rendering", "frames": [1001, 1008], "expires_at": 1_700_000_000});
        let Value::Object(body) = body else { panic!("an object") };
        let index = BTreeMap::from([(Index::JobsByState, Key::new("PROD#p#JOBS", "RENDERING#1"))]);
        let item = Item { key: Key::new("JOB#j", "META"), rev: 7, body, index };
        let attributes = encode(item.clone()).unwrap();
        // Time to live is read by the service, so it stands at the top.
        assert_eq!(attributes["expires_at"], AttributeValue::N("1700000000".into()));
        assert_eq!(attributes["gsi1sk"], text("RENDERING#1"));
        assert_eq!(decode(attributes).unwrap(), item);
    }

    #[test]
    fn an_attribute_that_would_hide_a_key_is_refused() {
        let body = [("rev".to_owned(), json!(3))].into_iter().collect();
        let error = encode(Item { key: Key::new("p", "s"), rev: 1, body, index: BTreeMap::new() }).unwrap_err();
        assert_eq!(error.to_string(), "refused: row p s: an attribute cannot be called `rev`");
    }

    #[test]
    fn a_cursor_reads_back() {
        let key = read_cursor(r#"["0100","PROD#p","CLIP#1"]"#, "REEL#A001", "gsi3pk", "gsi3sk").unwrap();
        assert_eq!(key["gsi3pk"], text("REEL#A001"));
        assert_eq!(write_cursor(key, "gsi3sk").unwrap(), r#"["0100","PROD#p","CLIP#1"]"#);
        assert!(read_cursor("CLIP#1", "r", "gsi3pk", "gsi3sk").is_err());
    }
}
