//! A history: the chain, then one manifest for each generation, parted by zero bytes (which XML cannot hold).
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use platefleet_media::{
    mhl::{CHAIN_NAME, Chain, History, Manifest},
    path::RelativePath,
};

fuzz_target!(|bytes: &[u8]| {
    let mut files = BTreeMap::new();
    for (number, part) in bytes.split(|byte| *byte == 0).enumerate() {
        if number == 0 {
            // The reader passes control characters on, so that a finding can name them; XML cannot hold them, and no path has
            // them.
            let is_sound =
                |chain: &Chain| chain.entries.iter().all(|entry| RelativePath::new(entry.path.as_str()).is_ok());
            if let Some(chain) = Chain::parse(part).ok().filter(is_sound) {
                assert_eq!(Chain::parse(&chain.to_xml()).expect("what we write we read"), chain);
            }
            files.insert(CHAIN_NAME.to_owned(), part.to_vec());
            continue;
        }
        let name = format!("{number:04}_A001_2026-11-24_100000Z.mhl");
        if let Ok(manifest) = Manifest::parse(&name, part) {
            // Half a directory hash (content or structure alone) is read leniently and not written, so the first
            // writing may lose it; what was written once is written the same again.
            let xml = manifest.to_xml();
            assert_eq!(Manifest::parse(&name, &xml).expect("what we write we read").to_xml(), xml);
        }
        files.insert(name, part.to_vec());
    }
    let history = History::read(&files);
    let expected = history.expectations();
    let ignores = history.ignores();
    for path in expected.keys() {
        let _ = ignores.is_ignored(path, false);
    }
});
