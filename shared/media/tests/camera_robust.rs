//! Every camera file of the reference data, cut and damaged in thousands of ways, and made 100 GB long: a clear error or a
//! partial record, in little memory, from few reads.

#![allow(unsafe_code, reason = "an allocator that counts has to be one")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    borrow::Cow,
    env, fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use platefleet_media::{
    Error, Result,
    camera::{Inspected, MAX_BYTES, MAX_READS, WINDOW, recognise},
    source::{Known, Source, Sparse},
};

/// Counts the bytes that are held, and the most that ever were.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// One test at a time, because memory is counted for all.
static TURN: Mutex<()> = Mutex::new(());

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

const MAX_MEMORY: usize = 64 << 20;

/// The most bytes that are held at a time by this, besides those that are held already.
fn most(work: impl FnOnce()) -> usize {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    work();
    MOST.load(Relaxed).saturating_sub(before)
}

const FOLDERS: [&str; 9] = ["arri", "braw", "canon", "dng", "dpx", "exr", "mov", "mxf", "red"];
const EXTENSIONS: [&str; 10] = ["ari", "braw", "cr3", "crm", "dng", "dpx", "exr", "mov", "mxf", "r3d"];

/// The camera files of the reference data; none, and said aloud, where there is none.
fn samples() -> Vec<(String, Vec<u8>)> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples");
    if !root.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", root.display());
        return Vec::new();
    }
    let camera_file = |path: &Path| {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
    };
    let mut paths: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| camera_file(path))
        .collect();
    paths.sort();
    assert!(paths.len() >= 35, "only {} camera files in {}", paths.len(), root.display());
    let named = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
    paths.into_iter().map(named).collect()
}

/// A part of some bytes, one of which may be another.
struct Damaged<'a> {
    name: &'a str,
    bytes: &'a [u8],
    flipped: Option<usize>,
}

impl Source for Damaged<'_> {
    fn name(&self) -> &str {
        self.name
    }
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let whole = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let Some(bytes) = self.bytes.get(whole.clone()) else {
            return Err(Error::invalid(format!("bytes {range:?} are wanted of {}", self.bytes.len())));
        };
        match self.flipped {
            Some(at) if whole.contains(&at) => {
                let mut bytes = bytes.to_vec();
                bytes[at - whole.start] ^= 0xff;
                Ok(Cow::Owned(bytes))
            }
            _ => Ok(Cow::Borrowed(bytes)),
        }
    }
}

/// Inspects it, and fails when that panics, takes too much memory, or says nothing that helps.
fn survives(file: &Damaged<'_>, how: &str) {
    let mut outcome = None;
    let used = most(|| outcome = Some(recognise(file.name, file).and_then(|format| format.inspect(file))));
    assert!(used < MAX_MEMORY, "{}, {how}: {used} bytes of memory", file.name);
    match outcome {
        Some(Err(error)) => {
            assert!(
                matches!(error, Error::Invalid { .. } | Error::Unsupported { .. }),
                "{}, {how}: {error}",
                file.name
            );
            assert!(error.to_string().len() > 10, "{}, {how}: {error}", file.name);
        }
        Some(Ok(Inspected { metadata, .. })) => {
            assert!(metadata.container.is_some(), "{}, {how}: a record of nothing", file.name);
        }
        None => unreachable!(),
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_told_or_partly_read() {
    let _turn = TURN.lock();
    for (name, bytes) in samples() {
        for len in (0..bytes.len()).step_by(64) {
            survives(&Damaged { name: &name, bytes: &bytes[..len], flipped: None }, &format!("cut to {len} bytes"));
        }
    }
}

#[test]
fn a_file_with_any_byte_of_its_head_flipped_is_told_or_read() {
    let _turn = TURN.lock();
    for (name, bytes) in samples() {
        for at in 0..bytes.len().min(4096) {
            survives(&Damaged { name: &name, bytes: &bytes, flipped: Some(at) }, &format!("byte {at} flipped"));
        }
    }
}

/// Inspects as over a network: what is missing is fetched, in windows, until the record is there. Answers the reads and
/// their bytes too.
fn over_a_network(file: &dyn Source) -> (Result<Inspected>, u32, u64) {
    let mut known = Known::new(file.name(), file.len());
    let (mut reads, mut bytes) = (0, 0);
    loop {
        match recognise(file.name(), &known).and_then(|format| format.inspect(&known)) {
            Err(Error::Missing { range, .. }) => {
                let range = range.start..range.end.max(range.start + WINDOW).min(file.len());
                reads += 1;
                bytes += range.end - range.start;
                assert!(reads < 100, "{}: it reads and reads", file.name());
                known.insert(range.start, file.read(range).unwrap().into_owned());
            }
            outcome => return (outcome, reads, bytes),
        }
    }
}

#[test]
fn every_file_is_inspected_with_few_reads_even_at_the_start_of_100_gigabytes() {
    let _turn = TURN.lock();
    for (name, bytes) in samples() {
        for len in [bytes.len() as u64, 100 << 30] {
            let file = Sparse::new(name.as_str(), len).with(0, bytes.as_slice());
            let (outcome, reads, read) = over_a_network(&file);
            let said = match &outcome {
                Ok(inspected) => format!("{} fields, {} tags", inspected.metadata.sources.len(), inspected.tags.len()),
                Err(error) => error.to_string(),
            };
            println!("{name} of {len} bytes: {reads} reads, {read} bytes, {said}");
            assert!(reads <= MAX_READS && read <= MAX_BYTES, "{name} of {len} bytes: {reads} reads, {read} bytes");
        }
    }
}

#[test]
fn every_value_carries_its_source() {
    let _turn = TURN.lock();
    // What the name says, and what is said about the record itself.
    let without = ["role", "path", "size_bytes", "sources", "findings", "related", "verified"];
    for (name, bytes) in samples() {
        let file = Damaged { name: &name, bytes: &bytes, flipped: None };
        let Ok(inspected) = recognise(&name, &file).and_then(|format| format.inspect(&file)) else { continue };
        let document = serde_json::to_value(&inspected.metadata).unwrap();
        for field in document.as_object().unwrap().keys().filter(|f| !without.contains(&f.as_str())) {
            assert!(inspected.metadata.sources.contains_key(field), "{name}: nothing says where `{field}` came from");
        }
        for field in inspected.metadata.sources.keys() {
            assert!(document.get(field).is_some(), "{name}: `{field}` has a source and no value");
        }
    }
}
