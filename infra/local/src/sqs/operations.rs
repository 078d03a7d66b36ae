//! The operations: JSON in, a call of the engine, JSON out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    engine::{Sqs, SqsError},
    message::{Attribute, AttributeValue, Outgoing, Received, md5_hex, md5_of_attributes},
    protocol::Fault,
    queue::QueueAttributes,
};

/// Entries of a batch, and messages of a receive.
const MAX_BATCH: usize = 10;

/// Runs one operation.
pub(super) async fn run(sqs: &Arc<Sqs>, operation: &str, input: &Value) -> Result<Value, Fault> {
    match operation {
        "CreateQueue" => create_queue(sqs, &read(input)?),
        "GetQueueUrl" => {
            let input: Named = read(input)?;
            sqs.attributes(&input.queue_name)?;
            Ok(json!({"QueueUrl": sqs.url(&input.queue_name)}))
        }
        "ListQueues" => {
            let input: ListQueues = read(input)?;
            let names = sqs.names().into_iter().filter(|name| name.starts_with(&input.queue_name_prefix));
            Ok(json!({"QueueUrls": names.map(|name| sqs.url(&name)).collect::<Vec<_>>()}))
        }
        "GetQueueAttributes" => get_attributes(sqs, &read(input)?),
        "SetQueueAttributes" => {
            let input: SetAttributes = read(input)?;
            let name = queue_name(&input.queue_url)?;
            let (mut attributes, _) = sqs.attributes(name)?;
            apply(&mut attributes, &input.attributes)?;
            sqs.set_attributes(name, attributes)?;
            Ok(json!({}))
        }
        "PurgeQueue" => {
            sqs.purge(queue_name(&read::<OnQueue>(input)?.queue_url)?)?;
            Ok(json!({}))
        }
        "SendMessage" => {
            let name = queue_name(&read::<OnQueue>(input)?.queue_url)?.to_owned();
            send(sqs, &name, read(input)?)
        }
        "SendMessageBatch" => send_batch(sqs, read(input)?),
        "ReceiveMessage" => receive(sqs, read(input)?).await,
        "DeleteMessage" => {
            let input: Held = read(input)?;
            sqs.delete(queue_name(&input.queue_url)?, &input.receipt_handle)?;
            Ok(json!({}))
        }
        "ChangeMessageVisibility" => {
            let name = queue_name(&read::<OnQueue>(input)?.queue_url)?.to_owned();
            change_visibility(sqs, &name, &read(input)?)
        }
        "DeleteMessageBatch" => {
            let name = queue_name(&read::<OnQueue>(input)?.queue_url)?.to_owned();
            sqs.attributes(&name)?;
            batch(read(input)?, |entry| {
                sqs.delete(&name, &read::<Receipt>(entry)?.receipt_handle)?;
                Ok(json!({}))
            })
        }
        "ChangeMessageVisibilityBatch" => {
            let name = queue_name(&read::<OnQueue>(input)?.queue_url)?.to_owned();
            sqs.attributes(&name)?;
            batch(read(input)?, |entry| change_visibility(sqs, &name, &read(entry)?))
        }
        other => Err(Fault::new("UnsupportedOperation", format!("{} is not supported here", other.escape_debug()))),
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Fault> {
    T::deserialize(input).map_err(|error| Fault::new("InvalidParameterValueException", error.to_string()))
}

/// The last part of a queue's address; clients may reach the server under another host name.
fn queue_name(url: &str) -> Result<&str, Fault> {
    match url.rsplit('/').next() {
        Some(name) if !name.is_empty() => Ok(name),
        _ => Err(SqsError::NoSuchQueue(url.chars().take(200).collect()).into()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnQueue {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct ListQueues {
    queue_name_prefix: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receipt {
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Held {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeVisibility {
    receipt_handle: String,
    visibility_timeout: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    entries: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendBatch {
    queue_url: String,
    entries: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, WireAttribute>,
    #[serde(default)]
    message_system_attributes: BTreeMap<String, WireAttribute>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

fn create_queue(sqs: &Sqs, input: &CreateQueue) -> Result<Value, Fault> {
    let mut attributes = QueueAttributes::default();
    apply(&mut attributes, &input.attributes)?;
    sqs.create(&input.queue_name, attributes)?;
    Ok(json!({"QueueUrl": sqs.url(&input.queue_name)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Value,
}

fn apply(attributes: &mut QueueAttributes, changes: &BTreeMap<String, String>) -> Result<(), Fault> {
    for (name, text) in changes {
        let bad = || Fault::new("InvalidParameterValueException", format!("{name}: `{}`", text.escape_debug()));
        let number = || text.parse::<u64>().map_err(|_| bad());
        match name.as_str() {
            "VisibilityTimeout" => attributes.visibility = Duration::from_secs(number()?),
            "DelaySeconds" => attributes.delay = Duration::from_secs(number()?),
            "MessageRetentionPeriod" => attributes.retention = Duration::from_secs(number()?),
            "MaximumMessageSize" => attributes.max_message_bytes = usize::try_from(number()?).map_err(|_| bad())?,
            "RedrivePolicy" if text.is_empty() => attributes.redrive = None,
            "RedrivePolicy" => {
                let policy: RedrivePolicy = serde_json::from_str(text).map_err(|_| bad())?;
                let count = &policy.max_receive_count;
                let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
                let count = count.and_then(|count| u32::try_from(count).ok()).ok_or_else(bad)?;
                let target = policy.dead_letter_target_arn.rsplit(':').next().unwrap_or_default();
                attributes.redrive = Some((target.to_owned(), count));
            }
            // There is one caller and no encryption: nothing to enforce.
            "Policy" | "RedriveAllowPolicy" | "SqsManagedSseEnabled" => {}
            "FifoQueue" if text == "false" => {}
            "FifoQueue" | "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                return Err(
                    SqsError::Unsupported("FIFO queues are not supported here, only standard ones".into()).into()
                );
            }
            "ReceiveMessageWaitTimeSeconds" if text == "0" => {}
            _ => return Err(Fault::new("InvalidAttributeName", format!("unknown attribute {}", name.escape_debug()))),
        }
    }
    Ok(())
}

fn get_attributes(sqs: &Sqs, input: &GetAttributes) -> Result<Value, Fault> {
    let name = queue_name(&input.queue_url)?;
    let (attributes, created) = sqs.attributes(name)?;
    let counts = sqs.counts(name);
    let mut all = Map::from_iter(
        [
            ("QueueArn", sqs.arn(name)),
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("CreatedTimestamp", (created / 1000).to_string()),
            ("VisibilityTimeout", attributes.visibility.as_secs().to_string()),
            ("DelaySeconds", attributes.delay.as_secs().to_string()),
            ("MessageRetentionPeriod", attributes.retention.as_secs().to_string()),
            ("MaximumMessageSize", attributes.max_message_bytes.to_string()),
            ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), Value::String(value))),
    );
    if let Some((target, limit)) = attributes.redrive {
        let policy = json!({"deadLetterTargetArn": sqs.arn(&target), "maxReceiveCount": limit});
        all.insert("RedrivePolicy".to_owned(), Value::String(policy.to_string()));
    }
    let wanted = |name: &String| input.attribute_names.iter().any(|wanted| wanted == "All" || wanted == name);
    all.retain(|name, _| wanted(name));
    Ok(json!({"Attributes": all}))
}

fn attribute(name: &str, wire: WireAttribute) -> Result<Attribute, Fault> {
    let bad = |problem: &str| {
        Fault::new("InvalidParameterValueException", format!("attribute `{}`: {problem}", name.escape_debug()))
    };
    let kind = wire.data_type.split('.').next().unwrap_or_default();
    let value = match (kind, wire.string_value, wire.binary_value) {
        ("String" | "Number", Some(text), _) if !text.is_empty() => AttributeValue::Text(text),
        ("Binary", _, Some(text)) => {
            AttributeValue::Binary(BASE64_STANDARD.decode(text).map_err(|_| bad("its value is not base64"))?)
        }
        ("String" | "Number" | "Binary", ..) => return Err(bad("it has no value of its type")),
        _ => return Err(bad("its type is not String, Number or Binary")),
    };
    Ok(Attribute { data_type: wire.data_type, value })
}

fn outgoing(input: SendMessage) -> Result<Outgoing, Fault> {
    if input.message_deduplication_id.is_some() {
        let problem = "MessageDeduplicationId is for FIFO queues, which are not supported here";
        return Err(SqsError::Unsupported(problem.to_owned()).into());
    }
    let mut trace_header = None;
    for (name, value) in input.message_system_attributes {
        match name.as_str() {
            "AWSTraceHeader" => trace_header = value.string_value,
            _ => {
                return Err(Fault::new(
                    "InvalidParameterValueException",
                    "the only system attribute is AWSTraceHeader",
                ));
            }
        }
    }
    let attributes = input.message_attributes.into_iter();
    let attributes = attributes.map(|(name, wire)| Ok((name.clone(), attribute(&name, wire)?)));
    Ok(Outgoing {
        body: input.message_body,
        delay: input.delay_seconds.map(Duration::from_secs),
        attributes: attributes.collect::<Result<_, Fault>>()?,
        group: input.message_group_id,
        trace_header,
    })
}

fn send(sqs: &Sqs, queue: &str, input: SendMessage) -> Result<Value, Fault> {
    let message = outgoing(input)?;
    let mut output = json!({"MD5OfMessageBody": md5_hex(message.body.as_bytes())});
    if let Some(md5) = md5_of_attributes(&message.attributes) {
        output["MD5OfMessageAttributes"] = md5.into();
    }
    if let Some(trace) = &message.trace_header {
        let trace = Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(trace.clone()) };
        let md5 = md5_of_attributes(&BTreeMap::from([("AWSTraceHeader".to_owned(), trace)]));
        output["MD5OfMessageSystemAttributes"] = md5.into();
    }
    output["MessageId"] = sqs.send(queue, message)?.0.into();
    Ok(output)
}

fn send_batch(sqs: &Sqs, input: SendBatch) -> Result<Value, Fault> {
    let name = queue_name(&input.queue_url)?;
    let (attributes, _) = sqs.attributes(name)?;
    // An entry that cannot be read counts with its body; it fails for itself below.
    let bytes = input.entries.iter().map(|entry| match read(entry).and_then(outgoing) {
        Ok(message) => message.bytes(),
        Err(_) => entry["MessageBody"].as_str().map_or(0, str::len),
    });
    let bytes: usize = bytes.sum();
    if bytes > attributes.max_message_bytes {
        let limit = attributes.max_message_bytes;
        return Err(Fault::new(
            "BatchRequestTooLong",
            format!("a batch of {bytes} bytes is longer than {limit} bytes"),
        ));
    }
    batch(Batch { entries: input.entries }, |entry| send(sqs, name, read(entry)?))
}

/// Runs each entry for itself: a bad one fails alone.
fn batch(input: Batch, mut each: impl FnMut(&Value) -> Result<Value, Fault>) -> Result<Value, Fault> {
    let entries = input.entries;
    match entries.len() {
        0 => return Err(Fault::new("EmptyBatchRequest", "the batch has no entries")),
        1..=MAX_BATCH => {}
        n => return Err(Fault::new("TooManyEntriesInBatchRequest", format!("{n} entries are more than {MAX_BATCH}"))),
    }
    let plain = |id: &&str| {
        (1..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let mut ids = BTreeSet::new();
    for entry in &entries {
        let id = entry["Id"].as_str().filter(plain).ok_or_else(|| {
            Fault::new("InvalidBatchEntryId", "an Id has 1 to 80 letters, digits, hyphens and underscores")
        })?;
        if !ids.insert(id) {
            return Err(Fault::new("BatchEntryIdsNotDistinct", format!("Id {id} occurs twice")));
        }
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in &entries {
        match each(entry) {
            Ok(mut output) => {
                output["Id"] = entry["Id"].clone();
                successful.push(output);
            }
            Err(fault) => failed.push(json!({
                "Id": entry["Id"], "SenderFault": fault.is_the_senders(), "Code": fault.query_code(),
                "Message": fault.message,
            })),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

fn change_visibility(sqs: &Sqs, queue: &str, input: &ChangeVisibility) -> Result<Value, Fault> {
    sqs.change_visibility(queue, &input.receipt_handle, Duration::from_secs(input.visibility_timeout))?;
    Ok(json!({}))
}

async fn receive(sqs: &Sqs, input: ReceiveMessage) -> Result<Value, Fault> {
    let name = queue_name(&input.queue_url)?;
    sqs.attributes(name)?;
    let in_range = |name: &str, value: u64, least: u64, most: u64| {
        let problem = format!("{name} {value} is not in {least}..={most}");
        if (least..=most).contains(&value) { Ok(value) } else { Err(SqsError::InvalidParameter(problem)) }
    };
    let max = in_range("MaxNumberOfMessages", input.max_number_of_messages.unwrap_or(1) as u64, 1, MAX_BATCH as u64)?;
    let wait = in_range("WaitTimeSeconds", input.wait_time_seconds.unwrap_or(0), 0, 20)?;
    let visibility = input.visibility_timeout.map(|v| in_range("VisibilityTimeout", v, 0, 43_200)).transpose()?;
    let visibility = visibility.map(Duration::from_secs);
    let received = sqs.receive_hidden(name, max as usize, visibility, Duration::from_secs(wait)).await;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let system = [input.attribute_names, input.message_system_attribute_names].concat();
    let messages = received.iter().map(|message| describe(message, &system, &input.message_attribute_names));
    Ok(json!({"Messages": messages.collect::<Vec<_>>()}))
}

/// A message with the system attributes and the attributes that were asked for.
fn describe(message: &Received, system: &[String], names: &[String]) -> Value {
    let mut output = json!({
        "MessageId": message.id.0, "ReceiptHandle": message.receipt, "MD5OfBody": message.md5, "Body": message.body,
    });
    let mut attributes = message.system_attributes();
    attributes.retain(|name, _| system.iter().any(|wanted| wanted == "All" || wanted == name));
    if !attributes.is_empty() {
        output["Attributes"] = json!(attributes);
    }
    // Names may end in `.*`, for a prefix.
    let wanted = |name: &str| {
        names.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == name,
        })
    };
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| wanted(name));
    if let Some(md5) = md5_of_attributes(&attributes) {
        output["MD5OfMessageAttributes"] = md5.into();
        let wire = attributes.into_iter().map(|(name, Attribute { data_type, value })| {
            let value = match value {
                AttributeValue::Text(text) => json!({"DataType": data_type, "StringValue": text}),
                AttributeValue::Binary(bytes) => {
                    json!({"DataType": data_type, "BinaryValue": BASE64_STANDARD.encode(bytes)})
                }
            };
            (name, value)
        });
        output["MessageAttributes"] = Value::Object(wire.collect());
    }
    output
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    const OPERATIONS: [&str; 13] = [
        "CreateQueue",
        "GetQueueUrl",
        "ListQueues",
        "GetQueueAttributes",
        "SetQueueAttributes",
        "PurgeQueue",
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
    ];

    /// JSON whose names and values come close to those of requests. No number is a time that would be waited for.
    fn input() -> impl Strategy<Value = Value> {
        let names = "(Queue(Url|Name)|Entries|Id|MessageBody|ReceiptHandle|VisibilityTimeout|WaitTimeSeconds|\
            MaxNumberOfMessages|Attributes|AttributeNames|MessageAttributes|DataType|StringValue|BinaryValue|RedrivePolicy)";
        let leaf = prop_oneof![
            Just(json!("http://x/1/q")),
            Just(json!("q")),
            Just(json!("1-1")),
            Just(json!("All")),
            Just(json!("Binary")),
            Just(json!(0)),
            Just(json!(-1)),
            Just(json!(1_u64 << 63)),
            Just(json!("{\"deadLetterTargetArn\":\"q\",\"maxReceiveCount\":\"3\"}")),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                btree_map(names, inner, 0..8).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_request_panics(operation in proptest::sample::select(&OPERATIONS), input in input()) {
            let sqs = Sqs::new(String::new(), "1", "r", 1.0);
            sqs.create("q", QueueAttributes::default()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _ = runtime.block_on(run(&sqs, operation, &input));
        }
    }
}
