//! A history from the files of its folder, manifest by manifest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::{
    super::{CHAIN_NAME, Chain, ChainEntry, Finding, FindingKind, ManifestReader, Record},
    History, Survey,
    expectations::Added,
    survey::Surveyed,
};
use crate::{
    error::{Error, Result},
    hash,
    path::RelativePath,
    source::{Memory, Source},
};

/// More repeated paths than these are only said to be more.
const MAX_REPEATED: usize = 1000;

impl History {
    /// Reads the files of an `ascmhl` folder, by file name. Never fails: everything that is wrong is in
    /// [`History::findings`]. Files that belong to no history, and the `._` twins that macOS leaves, are passed over.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let chain = files.get(CHAIN_NAME).map(Vec::as_slice);
        let mut reader = HistoryReader::open(chain, files.keys().map(String::as_str), None);
        while let Some(name) = reader.wanted().map(str::to_owned) {
            let bytes = files.get(&name).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = reader.read(&Memory::new(name.as_str(), bytes)) {
                reader.surveyed(Err(error));
            }
        }
        reader.finish()
    }
}

/// Whether a file of the `ascmhl` folder is a manifest by its name.
pub(in crate::mhl) fn is_manifest_name(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "mhl") && !name.starts_with("._")
}

/// The generation in a manifest's name: `0002_A001_2026-11-22_105822Z.mhl` is 2.
pub(in crate::mhl) fn number_in(name: &str) -> Option<u32> {
    let stem = name.strip_suffix(".mhl")?;
    let digits = stem.split_once('_').map_or(stem, |(digits, _)| digits);
    if digits.len() < 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// What an error says, but for the name of the document, which its finding has.
fn without_path(error: Error) -> String {
    match error {
        Error::Invalid { problem, mut at } => {
            at.path = None;
            format!("{at}{problem}")
        }
        error => error.to_string(),
    }
}

/// Reads the manifests of a history one after the other, in the memory of what they expect. Everything that is wrong ends in
/// [`History::findings`].
///
/// [`HistoryReader::wanted`] names the next manifest. Who has its bytes at hand gives them to [`HistoryReader::read`]. Who has
/// to fetch them does what that does, step by step, and each again after [`Error::Missing`]: [`HistoryReader::check`], then a
/// [`Survey`] and [`HistoryReader::surveyed`], then [`HistoryReader::apply`].
pub struct HistoryReader {
    history: History,
    todo: VecDeque<Todo>,
    /// Of the manifest that is being applied.
    applied: Applied,
}

/// A manifest that is to be read.
struct Todo {
    name: String,
    number: u32,
    /// As the chain says; `None` when it does not list the manifest, which claims a generation that it lists.
    c4: Option<String>,
    is_rival: bool,
}

#[derive(Default)]
struct Applied {
    /// Records of a path that had one before.
    repeated: usize,
    /// Whether other files are expected than before.
    changed: bool,
}

impl HistoryReader {
    /// Begins with the bytes of the chain, when there is one, and the names of all files in the folder. With a `limit`, the
    /// files are expected that were after this generation.
    pub fn open<'n>(chain: Option<&[u8]>, names: impl IntoIterator<Item = &'n str>, limit: Option<u32>) -> Self {
        let history = History { limit, ..History::default() };
        let mut reader = Self { history, todo: VecDeque::new(), applied: Applied::default() };
        let manifests: BTreeSet<&str> = names.into_iter().filter(|name| is_manifest_name(name)).collect();
        let Some(bytes) = chain else {
            if manifests.is_empty() {
                reader.find(FindingKind::NoHistory, "", "there is no ASC MHL history");
            } else {
                let detail = format!("is missing, so none of {} manifests can be trusted", manifests.len());
                reader.find(FindingKind::ChainBroken, CHAIN_NAME, detail);
            }
            return reader;
        };
        match Chain::parse(bytes) {
            Ok(chain) if chain.entries.is_empty() => {
                reader.find(FindingKind::ChainBroken, CHAIN_NAME, "lists no manifest");
            }
            Ok(chain) => {
                reader.list(&chain, &manifests);
                reader.list_unlisted(&chain, &manifests);
                reader.history.chain = chain;
            }
            Err(error) => reader.find(FindingKind::Malformed, CHAIN_NAME, without_path(error)),
        }
        reader
    }

    /// The manifest that is to be read next; `None` when there is no other.
    pub fn wanted(&self) -> Option<&str> {
        self.todo.front().map(|todo| todo.name.as_str())
    }

    /// Reads the wanted manifest.
    ///
    /// # Errors
    /// Those of the source. What is wrong with the manifest is a finding.
    pub fn read(&mut self, source: &dyn Source) -> Result<()> {
        if !self.check(&hash::c4_of(source)?) {
            return Ok(());
        }
        let name = source.name();
        let survey = ManifestReader::open(source).and_then(|reader| {
            let mut survey = Survey::new(name, reader);
            survey.go_on().map(|()| survey)
        });
        if let Err(error @ (Error::Io { .. } | Error::Missing { .. })) = survey {
            return Err(error);
        }
        if self.surveyed(survey) {
            self.apply(&mut ManifestReader::open(source)?)?;
        }
        Ok(())
    }

    /// Leaves the wanted manifest out, because its bytes cannot be had: the history is not whole then.
    pub fn leave_out(&mut self) {
        self.todo.pop_front();
    }

    /// Compares the C4 ID of the wanted manifest with the chain. When they differ the manifest is done with, and this is
    /// false.
    pub fn check(&mut self, found: &str) -> bool {
        let Some(Todo { name, c4, .. }) = self.todo.front_mut() else { return false };
        let said = c4.get_or_insert_with(|| found.to_owned()).clone();
        if said == found {
            return true;
        }
        let name = name.clone();
        self.find(FindingKind::ManifestModified, &name, format!("is {found}, the chain says {said}"));
        self.todo.pop_front();
        false
    }

    /// Takes what a first look at the wanted manifest found. True when its files are to be applied.
    pub fn surveyed(&mut self, survey: Result<Survey<'_>>) -> bool {
        let Some(Todo { name, number, c4, is_rival }) = self.todo.front() else { return false };
        let (name, number, is_rival) = (name.clone(), *number, *is_rival);
        let c4 = c4.clone().unwrap_or_default();
        let Surveyed { mut generation, renames, mut findings } = match survey.map(Survey::finish) {
            Ok(surveyed) => surveyed,
            Err(error) => {
                self.find(FindingKind::Malformed, &name, without_path(error));
                self.todo.pop_front();
                return false;
            }
        };
        self.history.findings.append(&mut findings);
        let is_wanted = self.history.limit.is_none_or(|limit| number <= limit);
        self.applied = Applied::default();
        if !is_rival {
            if is_wanted {
                self.applied.changed = self.history.expected.rename(renames);
            }
            (generation.number, generation.name, generation.c4) = (number, name, c4);
            self.history.generations.push(generation);
        }
        if !is_wanted {
            self.todo.pop_front();
        }
        is_wanted
    }

    /// Adds what the wanted manifest says of each file. After [`Error::Missing`] it goes on where it was, with the same
    /// reader.
    ///
    /// # Errors
    /// Those of the source.
    pub fn apply(&mut self, reader: &mut ManifestReader<'_>) -> Result<()> {
        let Some(Todo { name, number, is_rival, .. }) = self.todo.front() else { return Ok(()) };
        let (name, number, is_rival) = (name.clone(), *number, *is_rival);
        while let Some(record) = reader.next_record()? {
            let Record::File(file) = record else { continue };
            if is_rival {
                self.history.expected.add_rival(file, number);
                continue;
            }
            let path = file.path.clone();
            match self.history.expected.add(file, number) {
                Added::New => self.applied.changed = true,
                Added::Known => {}
                Added::Repeated => self.repeated(&name, reader.line(), &path),
            }
        }
        self.todo.pop_front();
        if !is_rival {
            self.applied();
        }
        Ok(())
    }

    /// The history, once no other manifest is wanted.
    pub fn finish(mut self) -> History {
        let ignores = self.history.ignores();
        if self.history.expected.retain_unignored(&ignores) {
            self.history.folders = None;
        }
        self.history.expected.pack();
        self.history
    }

    /// After all records of a generation: what it ignores, and whether its folder digests are of what is expected now.
    fn applied(&mut self) {
        let ignores = self.history.ignores();
        let gone = self.history.expected.retain_unignored(&ignores);
        let Some(newest) = self.history.generations.last() else { return };
        let has_folders = newest.head.root_hash.is_some() || !newest.directories.is_empty();
        let is_complete = || self.history.expected.iter().all(|(_, expected)| expected.generation == newest.number);
        if has_folders && !newest.failed && is_complete() {
            self.history.folders = Some(self.history.generations.len() - 1);
        } else if gone || self.applied.changed {
            self.history.folders = None;
        }
    }

    /// What the chain lists.
    fn list(&mut self, chain: &Chain, manifests: &BTreeSet<&str>) {
        let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
        for (ChainEntry { sequence, path, c4 }, expected) in chain.entries.iter().zip(1u32..) {
            let (sequence, name) = (*sequence, path.as_str());
            let is_rival = !numbers.insert(sequence);
            if is_rival {
                let detail = format!("lists two manifests as generation {sequence}");
                self.find(FindingKind::HistoryForked, CHAIN_NAME, detail);
            } else if sequence != expected {
                let detail = format!("entry {expected} has the number {sequence}");
                self.find(FindingKind::ChainBroken, CHAIN_NAME, detail);
            }
            if name.contains('/') || RelativePath::new(name).is_err() || !is_manifest_name(name) {
                let name = name.escape_debug();
                let detail = format!("entry {expected} names `{name}`, which is no manifest of this folder");
                self.find(FindingKind::UnsafePath, CHAIN_NAME, detail);
            } else if !names.insert(name) {
                self.find(FindingKind::ChainBroken, CHAIN_NAME, format!("lists `{name}` twice"));
            } else if !manifests.contains(name) {
                self.find(FindingKind::ManifestMissing, name, "the chain lists it, but it is not there");
            } else {
                if number_in(name) != Some(sequence) {
                    self.find(FindingKind::ChainBroken, CHAIN_NAME, format!("entry {sequence} names `{name}`"));
                }
                let (name, c4) = (name.to_owned(), Some(c4.clone()));
                self.todo.push_back(Todo { name, number: sequence, c4, is_rival });
            }
        }
    }

    /// What it does not list. A rival of a generation is read, because a file has to be what both say; it is trusted no more
    /// for that.
    fn list_unlisted(&mut self, chain: &Chain, manifests: &BTreeSet<&str>) {
        for name in manifests {
            if chain.entries.iter().any(|entry| entry.path == *name) {
                continue;
            }
            let rival = chain.entries.iter().find(|entry| Some(entry.sequence) == number_in(name));
            match rival {
                Some(ChainEntry { sequence, path, .. }) => {
                    let detail = format!("claims generation {sequence}, which is `{}`", path.escape_debug());
                    self.find(FindingKind::HistoryForked, name, detail);
                    let name = (*name).to_owned();
                    self.todo.push_back(Todo { name, number: *sequence, c4: None, is_rival: true });
                }
                None => {
                    self.find(FindingKind::ManifestUnlisted, name, "the chain does not list it, so it does not count");
                }
            }
        }
    }

    fn repeated(&mut self, name: &str, line: u64, path: &RelativePath) {
        self.applied.repeated += 1;
        match self.applied.repeated {
            ..=MAX_REPEATED => {
                self.find(FindingKind::Malformed, name, format!("line {line}: `{path}` is listed twice"));
            }
            n if n == MAX_REPEATED + 1 => self.find(FindingKind::Malformed, name, "and more of that kind"),
            _ => {}
        }
    }

    fn find(&mut self, kind: FindingKind, path: &str, detail: impl Into<String>) {
        self.history.findings.push(Finding::new(kind, path, detail));
    }
}
