//! The body of a message of ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_fleet::message::Message;

fuzz_target!(|body: &str| {
    if let Ok(message) = Message::parse(body) {
        assert_eq!(Message::parse(&message.to_body()).expect("what we write we read"), message);
    }
});
