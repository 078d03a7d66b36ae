//! A hash list of MHL 1.x in any text encoding.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use platefleet_media::mhl::LegacyList;

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = LegacyList::parse("fuzz.mhl", bytes) else { return };
    let paths: BTreeSet<_> = list.files.iter().map(|file| &file.path).collect();
    assert_eq!(paths.len(), list.files.len(), "each file stands once");
    for file in &list.files {
        assert!(file.path.as_str().split('/').all(|part| !["", ".", ".."].contains(&part)));
        for (format, text) in &file.digests {
            assert!(format.algorithm().is_text(text), "digests are in our own form");
        }
    }
    assert!(!list.files.is_empty() || !list.problems.is_empty(), "an empty list says so");
    assert_eq!(list.expectations().len(), list.files.len());
});
