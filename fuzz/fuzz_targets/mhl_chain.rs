//! The chain of a history, alone: what is read can be written and read again, and a chain without its manifests is never whole.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    mhl::{CHAIN_NAME, Chain, History},
    path::RelativePath,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(chain) = Chain::parse(bytes) else { return };
    // The reader passes control characters on, so that a finding can name them; XML cannot hold them, and no path has them.
    let is_path = |path: &str| RelativePath::new(path).is_ok();
    if chain.entries.iter().all(|entry| is_path(&entry.path)) {
        assert_eq!(Chain::parse(&chain.to_xml()).expect("what we write we read"), chain);
    }
    let history = History::read(&BTreeMap::from([(CHAIN_NAME.to_owned(), bytes.to_vec())]));
    assert!(history.generations.is_empty());
    assert!(chain.entries.is_empty() || !history.is_whole(), "its manifests are missing");
});
