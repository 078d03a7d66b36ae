//! An order for plates (`pull.json`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use platefleet_fleet::order::{MAX_SHOTS, Order};

fuzz_target!(|bytes: &[u8]| {
    match Order::parse(bytes) {
        Ok(order) => assert!(order.shots.len() <= MAX_SHOTS),
        Err(problems) => assert!(!problems.is_empty(), "refused without a reason"),
    }
});
