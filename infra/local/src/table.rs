//! DynamoDB on this machine: dynoxide on one SQLite file, with the tables of the template.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use dynoxide::{Database, DynoxideError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::template::{Table, TableKey};

/// Between two looks for rows that have expired. DynamoDB itself promises days.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// The tables.
pub(crate) struct Tables(Database);

impl Tables {
    /// Opens a database file, makes it if it is missing, and makes the tables that it lacks.
    ///
    /// # Errors
    /// The file cannot be used, or it has a table of this name with other keys or indexes.
    pub(crate) fn open(file: &Path, tables: &[Table]) -> Result<Self> {
        let name = file.to_str().context("the path of the table is not UTF-8")?;
        let database = Database::new(name).with_context(|| format!("cannot open the table in {name}"))?;
        // This sets SQLite to wait for the disk at checkpoints, not after every row: rows survive a kill of the host, as
        // the log is written by then, and at most the last ones are lost with the machine's power.
        database.disable_bulk_loading().with_context(|| format!("cannot set up {name}"))?;
        for table in tables {
            make(&database, table).with_context(|| format!("table {} in {name}", table.name))?;
        }
        Ok(Self(database))
    }

    /// Serves until the listener fails, and removes what has expired.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let database = self.0.clone();
        let sweep = async move {
            loop {
                tokio::time::sleep(SWEEP_EVERY).await;
                let database = database.clone();
                match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "expired rows stay"),
                    Err(error) => tracing::warn!(%error, "expired rows stay"),
                }
            }
        };
        tokio::select! {
            () = sweep => {}
            () = dynoxide::server::serve_on(listener, self.0) => {}
        }
    }
}

fn make(database: &Database, table: &Table) -> Result<()> {
    let wanted = definition(table);
    match database.describe_table(request(json!({"TableName": table.name}))?) {
        Ok(found) => ensure!(
            shape(&serde_json::to_value(found.table)?) == shape(&wanted),
            "it was made with other keys or indexes; use another directory, or remove the file and lose what is in it"
        ),
        Err(DynoxideError::ResourceNotFoundException(_)) => _ = database.create_table(request(wanted)?)?,
        Err(error) => return Err(error.into()),
    }
    if let Some(attribute) = &table.expires {
        let found = database.describe_time_to_live(request(json!({"TableName": table.name}))?)?;
        if found.time_to_live_description.time_to_live_status == "DISABLED" {
            let specification = json!({"AttributeName": attribute, "Enabled": true});
            let update = json!({"TableName": table.name, "TimeToLiveSpecification": specification});
            database.update_time_to_live(request(update)?)?;
        }
    }
    Ok(())
}

fn request<T: DeserializeOwned>(value: Value) -> Result<T> {
    Ok(serde_json::from_value(value)?)
}

/// The request that creates a table.
fn definition(table: &Table) -> Value {
    let attributes = table.attributes.iter().map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}));
    let indexes = table.indexes.iter().map(|index| {
        let projection = json!({"ProjectionType": index.projection});
        json!({"IndexName": index.name, "KeySchema": key(&index.key), "Projection": projection})
    });
    let mut definition = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes.collect::<Vec<_>>(),
        "KeySchema": key(&table.key),
    });
    if !table.indexes.is_empty() {
        definition["GlobalSecondaryIndexes"] = indexes.collect();
    }
    definition
}

fn key(key: &TableKey) -> Value {
    let partition = json!({"AttributeName": key.partition, "KeyType": "HASH"});
    let sort = key.sort.iter().map(|name| json!({"AttributeName": name, "KeyType": "RANGE"}));
    std::iter::once(partition).chain(sort).collect()
}

/// What must be equal in a table that is used again: its keys and its indexes, in any order.
fn shape(description: &Value) -> (String, Vec<String>) {
    let indexes = description["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    let mut indexes: Vec<_> = indexes
        .map(|i| format!("{} {} {}", i["IndexName"], i["KeySchema"], i["Projection"]["ProjectionType"]))
        .collect();
    indexes.sort();
    (description["KeySchema"].to_string(), indexes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::template::TableIndex;

    fn table(sort: Option<&str>) -> Table {
        let key = |partition: &str, sort: Option<&str>| TableKey {
            partition: partition.into(),
            sort: sort.map(str::to_owned),
        };
        let names = ["gsi1pk", "gsi1sk", "pk"].into_iter().chain(sort);
        Table {
            name: "facts".into(),
            attributes: names.map(|name| (name.to_owned(), "S".to_owned())).collect::<BTreeMap<_, _>>(),
            key: key("pk", sort),
            indexes: vec![TableIndex {
                name: "gsi1".into(),
                key: key("gsi1pk", Some("gsi1sk")),
                projection: "KEYS_ONLY".into(),
            }],
            expires: Some("expires_at".into()),
        }
    }

    #[test]
    fn a_table_is_found_again_and_one_of_another_shape_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("table.sqlite");
        for _ in 0..2 {
            let tables = Tables::open(&file, &[table(Some("sk"))]).unwrap();
            let found = tables.0.describe_table(request(json!({"TableName": "facts"})).unwrap()).unwrap();
            assert_eq!(serde_json::to_value(found.table).unwrap()["TableStatus"], "ACTIVE");
        }
        let error = Tables::open(&file, &[table(None)]).err().unwrap();
        assert!(format!("{error:#}").contains("other keys or indexes"), "{error:#}");
    }
}
