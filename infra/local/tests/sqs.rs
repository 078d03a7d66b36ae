//! SQS through the SDK that the functions use.
#![allow(clippy::unwrap_used)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata as _,
    primitives::Blob,
    types::{
        DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
        MessageSystemAttributeNameForSends, MessageSystemAttributeValue, QueueAttributeName,
        SendMessageBatchRequestEntry,
    },
};
use platefleet_local::sqs::{self, QueueAttributes, Sqs};
use tokio::net::TcpListener;

struct Fixture {
    client: Client,
    sqs: Arc<Sqs>,
    url: String,
}

/// A queue `work` whose messages die in `work-dlq` after two receives. A second of the queue is 20 ms.
async fn fixture() -> Fixture {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let sqs = Sqs::new(endpoint.clone(), "000000000000", "eu-west-1", 50.0);
    let attributes = QueueAttributes {
        visibility: Duration::from_secs(5),
        redrive: Some(("work-dlq".to_owned(), 2)),
        ..QueueAttributes::default()
    };
    sqs.create("work", attributes).unwrap();
    sqs.create("work-dlq", QueueAttributes::default()).unwrap();
    tokio::spawn(sqs::serve(listener, Arc::clone(&sqs)));
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .build();
    Fixture { client: Client::from_conf(config), url: sqs.url("work"), sqs }
}

impl Fixture {
    async fn send(&self, body: &str) {
        self.client.send_message().queue_url(&self.url).message_body(body).send().await.unwrap();
    }

    async fn receive(&self, queue: &str, wait_s: i32) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(self.sqs.url(queue)).max_number_of_messages(10);
        let receive = receive.wait_time_seconds(wait_s).message_attribute_names("All");
        receive
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .unwrap()
            .messages
            .unwrap_or_default()
    }
}

fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes()?.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_message_arrives_with_attributes_and_digests_that_the_sdk_checks() {
    let f = fixture().await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("A001").build().unwrap();
    let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([0, 255])).build().unwrap();
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let header = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build().unwrap();
    let send = f.client.send_message().queue_url(&f.url).message_body("frame 1001, é").message_group_id("job-1");
    let send = send.message_attributes("reel", text.clone()).message_attributes("raw", bytes);
    let send = send.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, header);
    let sent = send.send().await.unwrap();
    let got = f.receive("work", 5).await.remove(0);
    assert_eq!((got.body(), got.message_id()), (Some("frame 1001, é"), sent.message_id()));
    assert_eq!(got.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(got.message_attributes().unwrap()["reel"], text);
    assert_eq!(system(&got, &MessageSystemAttributeName::MessageGroupId), Some("job-1"));
    assert_eq!(system(&got, &MessageSystemAttributeName::AwsTraceHeader), Some(trace));
    assert_eq!(system(&got, &MessageSystemAttributeName::ApproximateReceiveCount), Some("1"));
    let sent: u64 = system(&got, &MessageSystemAttributeName::SentTimestamp).unwrap().parse().unwrap();
    let first: u64 =
        system(&got, &MessageSystemAttributeName::ApproximateFirstReceiveTimestamp).unwrap().parse().unwrap();
    assert!((1_700_000_000_000..=first).contains(&sent), "{sent} {first}");
    let plain = f.client.receive_message().queue_url(&f.url).wait_time_seconds(5).send().await.unwrap();
    assert!(plain.messages()[0].attributes().is_none(), "nothing that was not asked for");
}

#[tokio::test]
async fn what_is_received_too_often_dies_in_the_dead_letter_queue() {
    let f = fixture().await;
    f.send("poison").await;
    for count in ["1", "2"] {
        let got = f.receive("work", 5).await.remove(0);
        assert_eq!(system(&got, &MessageSystemAttributeName::ApproximateReceiveCount), Some(count));
        let show = f.client.change_message_visibility().queue_url(&f.url).visibility_timeout(0);
        show.receipt_handle(got.receipt_handle().unwrap()).send().await.unwrap();
    }
    assert!(f.receive("work", 0).await.is_empty());
    let dead = f.receive("work-dlq", 0).await.remove(0);
    assert_eq!(dead.body(), Some("poison"));
    let source = system(&dead, &MessageSystemAttributeName::DeadLetterQueueSourceArn);
    assert_eq!(source, Some("arn:aws:sqs:eu-west-1:000000000000:work"));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message() {
    let f = fixture().await;
    let started = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        f.sqs.send("work", sqs::Outgoing::text("a")).unwrap();
    };
    let (got, ()) = tokio::join!(f.receive("work", 20), later);
    assert_eq!(got.len(), 1);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn entries_of_a_batch_succeed_and_fail_each_for_itself() {
    let f = fixture().await;
    let entry =
        |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap();
    let batch = |entries: Vec<_>| f.client.send_message_batch().queue_url(&f.url).set_entries(Some(entries)).send();
    let sent = batch(vec![entry("a", "1"), entry("b", "\u{1}"), entry("c", "3")]).await.unwrap();
    let ids: Vec<_> = sent.successful().iter().map(aws_sdk_sqs::types::SendMessageBatchResultEntry::id).collect();
    assert_eq!((ids, sent.failed()[0].code()), (vec!["a", "c"], "InvalidMessageContents"));

    let code = |error: Option<&str>| error.unwrap_or_default().to_owned();
    let twice = batch(vec![entry("a", "1"), entry("a", "2")]).await.unwrap_err();
    assert_eq!(code(twice.code()), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct");
    let many = batch((0..11).map(|i| entry(&i.to_string(), "x")).collect()).await.unwrap_err();
    assert!(many.as_service_error().unwrap().is_too_many_entries_in_batch_request());
    let long = batch((0..2).map(|i| entry(&i.to_string(), &"x".repeat(600_000))).collect()).await.unwrap_err();
    assert!(long.as_service_error().unwrap().is_batch_request_too_long());

    let received = f.receive("work", 5).await;
    let delete = |id: &str, receipt: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(receipt).build().unwrap()
    };
    let deletes = f.client.delete_message_batch().queue_url(&f.url);
    let deletes = deletes.entries(delete("a", received[0].receipt_handle().unwrap())).entries(delete("b", "bogus"));
    let deleted = deletes.send().await.unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed()[0].code()), (1, "ReceiptHandleIsInvalid"));
}

#[tokio::test]
async fn queues_are_made_described_and_refused() {
    let f = fixture().await;
    let create = |name: &str| f.client.create_queue().queue_name(name);
    let made = create("other").attributes(QueueAttributeName::VisibilityTimeout, "120").send().await.unwrap();
    assert_eq!(made.queue_url(), Some(f.sqs.url("other").as_str()));
    let fifo = create("x.fifo").attributes(QueueAttributeName::FifoQueue, "true").send().await.unwrap_err();
    assert!(fifo.as_service_error().unwrap().is_unsupported_operation(), "{fifo:?}");
    let missing = f.client.get_queue_url().queue_name("missing").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_queue_does_not_exist());
    let listed = f.client.list_queues().queue_name_prefix("work").send().await.unwrap();
    assert_eq!(listed.queue_urls(), [f.sqs.url("work"), f.sqs.url("work-dlq")]);
    f.send("a").await;
    let attributes = f.client.get_queue_attributes().queue_url(&f.url).attribute_names(QueueAttributeName::All);
    let attributes = attributes.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessages], "1");
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "5");
    let redrive: serde_json::Value = serde_json::from_str(&attributes[&QueueAttributeName::RedrivePolicy]).unwrap();
    assert_eq!(redrive["deadLetterTargetArn"], "arn:aws:sqs:eu-west-1:000000000000:work-dlq");
    f.client.purge_queue().queue_url(&f.url).send().await.unwrap();
    assert_eq!(f.sqs.counts("work"), sqs::Counts::default());
}
