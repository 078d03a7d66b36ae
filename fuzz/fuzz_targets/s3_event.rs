//! What S3 says happened, down to what the key means.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_fleet::{
    key::classify,
    s3_event::{Notification, decode_key, encode_key},
};

fuzz_target!(|body: &str| {
    assert_eq!(decode_key(&encode_key(body)).as_deref(), Some(body));
    let _ = classify(body);
    if let Ok(Notification::Objects(objects)) = Notification::parse(body) {
        for object in objects {
            let _ = classify(&object.key);
        }
    }
});
