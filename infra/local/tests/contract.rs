//! The contracts of the ports, through the adapters that deployed functions use, on the servers of this crate. The
//! in-memory world passes the same ones.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use aws_sdk_sqs::Client;
use common::fixture;
use platefleet_fleet::{
    aws::Fleet,
    message::{Message, Queue},
    ports::{Queues, Result},
};
use platefleet_sim::contract::{self, OtherEnd};

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_keep_the_contracts_of_objects_and_rows() {
    let f = fixture(1.0).await;
    let fleet = Fleet::connect(f.host.connection()).await;
    contract::all(&fleet, "contract").await;
    f.host.stop().await.unwrap();
}

/// The adapter at one end, and a plain client at the other.
struct Ends {
    fleet: Fleet,
    client: Client,
    url: String,
}

impl Queues for Ends {
    async fn send(&self, queue: Queue, message: &Message, delay: Duration) -> Result<()> {
        self.fleet.send(queue, message, delay).await
    }
}

impl OtherEnd for Ends {
    async fn receive(&self, queue: Queue) -> Vec<String> {
        assert_eq!(queue, Queue::Finalise, "the one that nobody works from here");
        let got = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10).send().await.unwrap();
        let mut bodies = Vec::new();
        for message in got.messages.unwrap_or_default() {
            let delete = self.client.delete_message().queue_url(&self.url);
            delete.receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
            bodies.push(message.body.unwrap());
        }
        bodies
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_keep_the_contracts_of_queues() {
    let f = fixture(1.0).await;
    let fleet = Fleet::connect(f.host.connection()).await;
    let ends = Ends { fleet, client: f.client(), url: f.host.connection().queues["finalise"].clone() };
    contract::queues(&ends, "contract", Duration::from_secs(1)).await;
    f.host.stop().await.unwrap();
}
