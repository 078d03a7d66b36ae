//! Each kind of resource, property by property.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Bucket, Function, Notification, Place, Problem, Queue, Redrive, Source, Table, TableIndex, TableKey, Template,
    properties::Properties, resolve::Scope,
};

/// Days in seconds: the longest that SQS keeps a message.
const FOURTEEN_DAYS: u64 = 14 * 24 * 3600;
const TWELVE_HOURS: u64 = 12 * 3600;

pub(super) fn read(document: &Value, place: &Place) -> Result<Template, Problem> {
    let scope = Scope::new(document, place)?;
    let globals = document.get("Globals").and_then(|g| g.get("Function")).cloned().unwrap_or_default();
    let mut template = Template { buckets: vec![], queues: vec![], tables: vec![], functions: vec![] };
    for (id, resource) in scope.resources() {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        if !scope.exists(resource).map_err(|text| Problem::new(format!("resource {id}"), "Condition", text))? {
            continue;
        }
        let mut own = resource.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default();
        if kind == "AWS::Serverless::Function" {
            own = with_globals(&globals, own);
        }
        let properties = Properties::new(&scope, id, own);
        match kind {
            "AWS::S3::Bucket" => template.buckets.push(bucket(properties, name(&scope, id)?)?),
            "AWS::SQS::Queue" => template.queues.push(queue(properties, name(&scope, id)?)?),
            "AWS::DynamoDB::Table" => template.tables.push(table(properties, name(&scope, id)?)?),
            "AWS::Serverless::Function" => template.functions.push(function(properties, name(&scope, id)?)?),
            "AWS::Lambda::Function" | "AWS::Lambda::EventSourceMapping" | "AWS::Lambda::Url" => {
                return Err(properties.problem("Type", format!("{kind}: write it as AWS::Serverless::Function")));
            }
            _ => {}
        }
    }
    Ok(template)
}

fn name(scope: &Scope, id: &str) -> Result<String, Problem> {
    scope.name_of(id, 32).map_err(|text| Problem::new(format!("resource {id}"), "name", text))
}

/// What SAM does with `Globals`: properties of the function win, sections are merged, lists are joined.
fn with_globals(globals: &Value, own: Map<String, Value>) -> Map<String, Value> {
    fn merge(general: &Value, own: Value) -> Value {
        match (general, own) {
            (Value::Object(general), Value::Object(mut own)) => {
                for (name, value) in general {
                    let merged = match own.remove(name) {
                        Some(specific) => merge(value, specific),
                        None => value.clone(),
                    };
                    own.insert(name.clone(), merged);
                }
                Value::Object(own)
            }
            (Value::Array(general), Value::Array(own)) => Value::Array(general.iter().cloned().chain(own).collect()),
            (_, own) => own,
        }
    }
    match merge(globals, Value::Object(own)) {
        Value::Object(merged) => merged,
        _ => Map::new(),
    }
}

fn bucket(mut properties: Properties, name: String) -> Result<Bucket, Problem> {
    properties.ignore(&[
        "BucketName",
        "PublicAccessBlockConfiguration",
        "OwnershipControls",
        "BucketEncryption",
        "LifecycleConfiguration",
        "Tags",
    ]);
    let versioned = match properties.section("VersioningConfiguration")? {
        None => false,
        Some(mut versioning) => versioning.text("Status")?.as_deref() == Some("Enabled"),
    };
    let mut notifications = Vec::new();
    if let Some(mut section) = properties.section("NotificationConfiguration")? {
        for mut configuration in section.list("QueueConfigurations")? {
            let mut notification = Notification {
                event: configuration.required_text("Event")?,
                queue: configuration.queue("Queue")?,
                prefix: String::new(),
                suffix: String::new(),
            };
            if let Some(mut filter) = configuration.section("Filter")? {
                if let Some(mut key) = filter.section("S3Key")? {
                    for mut rule in key.list("Rules")? {
                        let value = rule.required_text("Value")?;
                        match rule.required_text("Name")?.as_str() {
                            "prefix" => notification.prefix = value,
                            "suffix" => notification.suffix = value,
                            other => return Err(rule.problem("Name", format!("{other} is neither prefix nor suffix"))),
                        }
                        rule.finish()?;
                    }
                    key.finish()?;
                }
                filter.finish()?;
            }
            configuration.finish()?;
            notifications.push(notification);
        }
        section.finish()?;
    }
    properties.finish()?;
    Ok(Bucket { name, versioned, notifications })
}

fn queue(mut properties: Properties, name: String) -> Result<Queue, Problem> {
    properties.ignore(&["QueueName", "SqsManagedSseEnabled", "MaximumMessageSize", "RedriveAllowPolicy", "Tags"]);
    let redrive = match properties.section("RedrivePolicy")? {
        None => None,
        Some(mut policy) => {
            let dead_letters = policy.queue("deadLetterTargetArn")?;
            let count = policy.number("maxReceiveCount", 1, 1000)?;
            let count = count.ok_or_else(|| policy.problem("maxReceiveCount", "is missing"))?;
            policy.finish()?;
            Some(Redrive { dead_letters, max_receive_count: count as u32 })
        }
    };
    let queue = Queue {
        name,
        visibility: properties.seconds("VisibilityTimeout", TWELVE_HOURS, 30)?,
        retention: properties.seconds("MessageRetentionPeriod", FOURTEEN_DAYS, 4 * 24 * 3600)?,
        delay: properties.seconds("DelaySeconds", 900, 0)?,
        redrive,
    };
    properties.finish()?;
    Ok(queue)
}

fn table_key(properties: &mut Properties) -> Result<TableKey, Problem> {
    let (mut partition, mut sort) = (None, None);
    for mut element in properties.list("KeySchema")? {
        let name = element.required_text("AttributeName")?;
        match element.required_text("KeyType")?.as_str() {
            "HASH" => partition = Some(name),
            "RANGE" => sort = Some(name),
            other => return Err(element.problem("KeyType", format!("{other} is neither HASH nor RANGE"))),
        }
        element.finish()?;
    }
    let partition = partition.ok_or_else(|| properties.problem("KeySchema", "has no HASH attribute"))?;
    Ok(TableKey { partition, sort })
}

fn table(mut properties: Properties, name: String) -> Result<Table, Problem> {
    properties.ignore(&[
        "TableName",
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification",
        "SSESpecification",
        "Tags",
    ]);
    properties.only("BillingMode", "PAY_PER_REQUEST")?;
    let mut attributes = std::collections::BTreeMap::new();
    for mut attribute in properties.list("AttributeDefinitions")? {
        attributes.insert(attribute.required_text("AttributeName")?, attribute.required_text("AttributeType")?);
        attribute.finish()?;
    }
    let mut indexes = Vec::new();
    for mut index in properties.list("GlobalSecondaryIndexes")? {
        let (name, key) = (index.required_text("IndexName")?, table_key(&mut index)?);
        let mut projection = index.section("Projection")?.ok_or_else(|| index.problem("Projection", "is missing"))?;
        let kind = projection.required_text("ProjectionType")?;
        projection.finish()?;
        index.finish()?;
        indexes.push(TableIndex { name, key, projection: kind });
    }
    let mut expires = None;
    if let Some(mut expiry) = properties.section("TimeToLiveSpecification")? {
        let attribute = expiry.required_text("AttributeName")?;
        expires = (expiry.text("Enabled")?.as_deref() == Some("true")).then_some(attribute);
        expiry.finish()?;
    }
    let key = table_key(&mut properties)?;
    let named = indexes.iter().map(|i| &i.key).chain([&key]).flat_map(|k| k.sort.iter().chain([&k.partition]));
    if let Some(name) = named.into_iter().find(|name| !attributes.contains_key(*name)) {
        return Err(properties.problem("AttributeDefinitions", format!("{name} is not defined")));
    }
    properties.finish()?;
    Ok(Table { name, attributes, key, indexes, expires })
}

fn function(mut properties: Properties, name: String) -> Result<Function, Problem> {
    // RecursiveLoop: nobody counts hops here.
    properties.ignore(&[
        "FunctionName",
        "Architectures",
        "Description",
        "LoggingConfig",
        "Policies",
        "RecursiveLoop",
        "Tracing",
        "Tags",
    ]);
    properties.only("Runtime", "provided.al2023")?;
    properties.only("PackageType", "Zip")?;
    let code = properties.required_text("CodeUri")?;
    let folder = code.rsplit('/').next().and_then(|file| file.strip_suffix(".zip")).filter(|stem| is_folder(stem));
    let folder = folder.map(str::to_owned);
    let folder = folder.ok_or_else(|| properties.problem("CodeUri", format!("{code} is not build/<folder>.zip")))?;
    let handler = properties.text("Handler")?.unwrap_or_else(|| "bootstrap".into());
    let timeout = Duration::from_secs(properties.number("Timeout", 1, 900)?.unwrap_or(3));
    let memory_mb = properties.number("MemorySize", 128, 10240)?.unwrap_or(128) as u32;
    let mut environment = std::collections::BTreeMap::new();
    if let Some(mut section) = properties.section("Environment")? {
        environment = section.variables("Variables")?;
        section.finish()?;
    }
    let mut sources = Vec::new();
    for mut event in properties.sections("Events")? {
        event.only("Type", "SQS")?;
        if let Some(section) = event.section("Properties")? {
            sources.extend(source(section)?);
        }
        event.finish()?;
    }
    let mut url = false;
    if let Some(mut section) = properties.section("FunctionUrlConfig")? {
        // One machine trusts its own user: signatures are not checked.
        section.only("AuthType", "AWS_IAM")?;
        section.only("InvokeMode", "BUFFERED")?;
        section.finish()?;
        url = true;
    }
    properties.finish()?;
    Ok(Function { name, folder, handler, timeout, memory_mb, environment, sources, url })
}

fn is_folder(stem: &str) -> bool {
    !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn source(mut event: Properties) -> Result<Option<Source>, Problem> {
    let queue = event.queue("Queue")?;
    let batch_size = event.number("BatchSize", 1, 10_000)?.unwrap_or(10) as usize;
    let window = event.seconds("MaximumBatchingWindowInSeconds", 300, 0)?;
    if batch_size > 10 && window.is_zero() {
        return Err(event.problem("MaximumBatchingWindowInSeconds", "must be above 0 for batches above 10"));
    }
    let mut max_concurrency = None;
    if let Some(mut scaling) = event.section("ScalingConfig")? {
        max_concurrency = scaling.number("MaximumConcurrency", 2, 1000)?.map(|n| n as usize);
        scaling.finish()?;
    }
    let mut reports_failures = false;
    for kind in event.texts("FunctionResponseTypes")? {
        if kind != "ReportBatchItemFailures" {
            return Err(event.problem("FunctionResponseTypes", format!("{kind} is not understood")));
        }
        reports_failures = true;
    }
    let enabled = event.text("Enabled")?.as_deref() != Some("false");
    event.finish()?;
    Ok(enabled.then_some(Source { queue, batch_size, window, max_concurrency, reports_failures }))
}
