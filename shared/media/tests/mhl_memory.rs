//! How much memory reading a manifest takes: that of a record, however many there are.

#![allow(unsafe_code, reason = "an allocator that counts has to be one")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    borrow::Cow,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use platefleet_media::{Result, mhl::ManifestReader, source::Source};

/// Counts the bytes that are held, and the most that ever were.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: memory comes from, and goes back to, the system's allocator, with the layout that was given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the rules of `dealloc`, and `place` came from `System`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that are held at a time by this, besides those that are held already.
fn most(work: impl FnOnce()) -> usize {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    work();
    MOST.load(Relaxed) - before
}

const HEAD: &str = "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><creatorinfo/><processinfo><process>in-place</process>\
    </processinfo><hashes>";
const TAIL: &str = "</hashes></hashlist>";

/// A manifest that is nowhere: its head, as many times the same record, its tail.
struct Repeated {
    record: String,
    times: u64,
}

impl Source for Repeated {
    fn name(&self) -> &'static str {
        "0001_A001.mhl"
    }
    fn len(&self) -> u64 {
        (HEAD.len() + TAIL.len()) as u64 + self.record.len() as u64 * self.times
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let (head, tail) = (HEAD.len() as u64, self.len() - TAIL.len() as u64);
        let byte = |at: u64| match at {
            _ if at < head => HEAD.as_bytes()[at as usize],
            _ if at < tail => self.record.as_bytes()[((at - head) % self.record.len() as u64) as usize],
            _ => TAIL.as_bytes()[(at - tail) as usize],
        };
        Ok(range.map(byte).collect())
    }
}

/// Reads all records and counts them.
fn count(source: &Repeated) -> u64 {
    let mut reader = ManifestReader::open(source).expect("a manifest");
    let mut count = 0;
    while reader.next_record().expect("a record").is_some() {
        count += 1;
    }
    count
}

/// One test: whatever another one did at the same time would be counted too.
#[test]
fn a_manifest_takes_the_memory_of_a_record_and_a_hostile_record_no_more_than_its_limit() {
    let record = "<hash><path size=\"5\">Clips/A001C001_0000001.ari</path>\
        <xxh64 action=\"original\">0ea03b369a463d9d</xxh64></hash>\n";
    let long = Repeated { record: record.to_owned(), times: 100_000 };
    assert!(long.len() > 10_000_000);
    let held = most(|| assert_eq!(count(&long), 100_000));
    assert!(held < 2 << 20, "{held} bytes for {} records of {} bytes", long.times, long.len());

    for hostile in [
        // Text, a comment, a name, an attribute: none of them ends.
        "<hash><path>".to_owned(),
        "<hash><!--".to_owned(),
        "<hash><a".to_owned(),
        "<hash><a b=\"".to_owned(),
    ] {
        let endless = Repeated { record: format!("{hostile}{}", "x".repeat(20 << 20)), times: 1 };
        let held = most(|| {
            let mut reader = ManifestReader::open(&endless).unwrap();
            let error = reader.next_record().unwrap_err();
            assert_eq!(error.to_string(), "0001_A001.mhl: line 1: more than 16777216 bytes within one record");
        });
        assert!(held < 100 << 20, "{held} bytes for `{hostile}`");
    }
}
