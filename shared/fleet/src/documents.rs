//! What vouches for a roll: the ASC MHL history in its `ascmhl` folder or, without one, the lists of MHL 1.x beside its files.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_media::{
    Error as MediaError,
    hash::{Algorithm, Hasher},
    mhl::{
        CHAIN_NAME, Expectation, FindingKind, Generation, History, HistoryReader, Ignore, LegacyCreator, LegacyList,
        ManifestReader, Survey,
    },
    path::RelativePath,
    source::{Memory, Window},
};
use sha2::{Digest, Sha256};

use crate::{
    history,
    id::{RollId, hex},
    ports::{Bucket, Error, ObjectInfo, Objects, Result},
    state::{Expected, Finding},
};

/// Larger manifests are read through a window of this many bytes.
const WINDOW: u64 = 8 << 20;
/// A chain of as many generations as are allowed has about 20 MB.
const MAX_CHAIN_BYTES: u64 = 64 << 20;
/// A list of MHL 1.x is held in memory: this many bytes name about 250,000 files.
const MAX_LIST_BYTES: u64 = 64 << 20;

/// The documents of one roll, as they are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// By file name.
    objects: BTreeMap<String, ObjectInfo>,
    /// Whether they are an ASC MHL history.
    is_history: bool,
}

/// What the documents of a roll say.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Every file that should be there.
    pub files: BTreeMap<RelativePath, Expectation>,
    /// Those of which a list says on purpose that they have no digest.
    pub unhashed: BTreeSet<RelativePath>,
    /// Everything that is wrong with the documents.
    pub findings: Vec<Finding>,
    /// What is left out.
    pub ignores: Ignore,
    /// Generations of the history; none for lists.
    pub generations: Vec<Generation>,
    /// Who made each list.
    pub lists: BTreeMap<String, LegacyCreator>,
    /// Folders with a history of their own.
    pub nested: BTreeSet<RelativePath>,
    /// Why they cannot be used yet: a part is still on its way.
    pub waits: Option<&'static str>,
}

impl Said {
    /// What is expected of a file.
    pub fn expected(&self, path: &RelativePath) -> Option<Expected> {
        let expectation = self.files.get(path)?;
        let texts = |set: &platefleet_media::hash::Digests| -> BTreeMap<String, String> {
            set.iter().map(|(algorithm, text)| (algorithm.name().to_owned(), text.clone())).collect()
        };
        Some(Expected {
            size: expectation.size,
            hashes: texts(&expectation.hashes),
            generation: expectation.generation,
            rivals: expectation.rivals.iter().map(texts).collect(),
            unhashed: self.unhashed.contains(path),
        })
    }
}

impl Documents {
    /// Looks at the `ascmhl` folder of a roll and, when there is nothing in it, at these lists of MHL 1.x.
    ///
    /// # Errors
    /// Those of the port; [`Error::Refused`] over the limits.
    pub async fn list(objects: &impl Objects, roll: &RollId, lists: &BTreeSet<String>) -> Result<Self> {
        let root = roll.to_string();
        let history = history::list(objects, Bucket::Ingest, &root).await?;
        if !history.is_empty() {
            return Ok(Self { objects: history, is_history: true });
        }
        let mut found = BTreeMap::new();
        for name in lists {
            if let Some(object) = objects.head(Bucket::Ingest, &format!("{root}/{name}")).await? {
                found.insert(name.clone(), object);
            }
        }
        Ok(Self { objects: found, is_history: false })
    }

    /// Which documents these are: SHA-256 over their names and entity tags. Any change makes another.
    pub fn revision(&self) -> String {
        let mut digest = Sha256::new();
        for (name, object) in &self.objects {
            digest.update(format!("{name}\n{}\n", object.etag).as_bytes());
        }
        hex(&digest.finalize())
    }

    /// Whether they are an ASC MHL history.
    pub fn is_history(&self) -> bool {
        self.is_history
    }

    /// The chain, as bytes; `None` without one.
    ///
    /// # Errors
    /// Those of the port; [`Error::Refused`] over the limit.
    pub async fn chain(&self, objects: &impl Objects) -> Result<Option<Vec<u8>>> {
        match self.objects.get(CHAIN_NAME) {
            Some(chain) if self.is_history => Ok(Some(read_chain(objects, Bucket::Ingest, chain).await?)),
            _ => Ok(None),
        }
    }

    /// A document by its file name.
    pub fn get(&self, name: &str) -> Option<&ObjectInfo> {
        self.objects.get(name)
    }

    /// Reads them, a large manifest piece by piece: the memory goes to what they expect.
    ///
    /// # Errors
    /// Those of the port; [`Error::Conflict`] when a document changes while it is read.
    pub async fn read(&self, objects: &impl Objects) -> Result<Said> {
        if self.is_history { self.read_history(objects).await } else { self.read_lists(objects).await }
    }

    async fn read_history(&self, objects: &impl Objects) -> Result<Said> {
        let chain = self.chain(objects).await?;
        let manifests = self.objects.iter().map(|(name, object)| (name.clone(), (Bucket::Ingest, object.clone())));
        let history = read_history(objects, chain.as_deref(), &manifests.collect()).await?;
        let roots = history.generations.iter().flat_map(|generation| &generation.references);
        let nested = roots.filter_map(|reference| reference.path.parent()?.parent()).collect();
        let has = |kind| history.findings.iter().any(|finding| finding.kind == kind);
        // Manifests go before the chain that lists them, or the chain before them.
        let waits = if has(FindingKind::NoHistory) {
            Some("there is no chain yet")
        } else if has(FindingKind::ManifestMissing) {
            Some("a manifest that the chain lists is not there yet")
        } else if has(FindingKind::ManifestUnlisted) {
            Some("a manifest is there that no chain lists yet")
        } else {
            None
        };
        Ok(Said {
            findings: history.findings.iter().cloned().map(Finding::from).collect(),
            ignores: history.ignores(),
            nested,
            waits,
            unhashed: BTreeSet::new(),
            lists: BTreeMap::new(),
            generations: history.generations.clone(),
            files: history.into_expectations(),
        })
    }

    async fn read_lists(&self, objects: &impl Objects) -> Result<Said> {
        let mut said = Said { ignores: LegacyList::ignores(), ..Said::default() };
        if self.objects.is_empty() {
            said.waits = Some("there is no history and no list");
        }
        for (name, object) in &self.objects {
            if object.size > MAX_LIST_BYTES {
                let detail = format!("has {} bytes; the limit is {MAX_LIST_BYTES}", object.size);
                said.findings.push(Finding::new("malformed", name.as_str(), detail));
                continue;
            }
            match LegacyList::parse(name, &whole(objects, &(Bucket::Ingest, object.clone())).await?) {
                Ok(list) => said.add_list(name, list),
                Err(error) => said.findings.push(Finding::of(&error, name)),
            }
        }
        Ok(said)
    }
}

impl Said {
    /// Adds what a list says. A file that several lists name has to match them all.
    fn add_list(&mut self, name: &str, list: LegacyList) {
        self.findings.extend(list.problems.iter().cloned().map(Finding::from));
        let unhashed = list.files.iter().filter(|file| file.is_null && file.digests.is_empty());
        self.unhashed.extend(unhashed.map(|file| file.path.clone()));
        let expectations = list.expectations();
        self.lists.insert(name.to_owned(), list.creator);
        for (path, expectation) in expectations {
            match self.files.get_mut(&path) {
                None => drop(self.files.insert(path, expectation)),
                Some(known) if known.hashes.is_empty() => known.hashes = expectation.hashes,
                Some(known) => {
                    if known.hashes != expectation.hashes && !expectation.hashes.is_empty() {
                        known.rivals.push(expectation.hashes);
                    }
                }
            }
        }
    }
}

/// A chain.
///
/// # Errors
/// Those of the port; [`Error::Refused`] over the limit.
pub async fn read_chain(objects: &impl Objects, bucket: Bucket, chain: &ObjectInfo) -> Result<Vec<u8>> {
    if chain.size > MAX_CHAIN_BYTES {
        return Err(Error::Refused(format!("{} has more than {MAX_CHAIN_BYTES} bytes", chain.key)));
    }
    objects.get(bucket, &chain.key, None, Some(&chain.etag)).await
}

/// A history of manifests that stand in these places, by file name.
///
/// # Errors
/// Those of the port; [`Error::Conflict`] when a manifest changes while it is read.
pub async fn read_history(
    objects: &impl Objects,
    chain: Option<&[u8]>,
    manifests: &BTreeMap<String, (Bucket, ObjectInfo)>,
) -> Result<History> {
    let mut reader = HistoryReader::open(chain, manifests.keys().map(String::as_str), None);
    while let Some(name) = reader.wanted().map(str::to_owned) {
        match manifests.get(&name) {
            Some(manifest) => read_manifest(objects, manifest, &name, &mut reader).await?,
            None => reader.leave_out(),
        }
    }
    Ok(reader.finish())
}

async fn whole(objects: &impl Objects, (bucket, object): &(Bucket, ObjectInfo)) -> Result<Vec<u8>> {
    objects.get(*bucket, &object.key, None, Some(&object.etag)).await
}

async fn piece(objects: &impl Objects, (bucket, object): &(Bucket, ObjectInfo), start: u64) -> Result<Vec<u8>> {
    let end = object.size.min(start + WINDOW);
    objects.get(*bucket, &object.key, Some(start..end), Some(&object.etag)).await
}

/// Does a step of a reader again after each piece that it misses. The outer error is the port's, the inner one says what is
/// wrong with the document.
async fn fetching<T>(
    objects: &impl Objects,
    object: &(Bucket, ObjectInfo),
    window: &Window,
    mut step: impl FnMut() -> Result<T, MediaError>,
) -> Result<Result<T, MediaError>> {
    loop {
        match step() {
            Err(MediaError::Missing { range, .. }) => {
                window.slide(range.start, piece(objects, object, range.start).await?);
            }
            other => return Ok(other),
        }
    }
}

/// One manifest. See [`HistoryReader`].
async fn read_manifest(
    objects: &impl Objects,
    object: &(Bucket, ObjectInfo),
    name: &str,
    reader: &mut HistoryReader,
) -> Result<()> {
    if object.1.size <= WINDOW {
        let bytes = whole(objects, object).await?;
        return reader.read(&Memory::new(name, bytes)).map_err(|error| Error::Refused(error.to_string()));
    }
    let mut hasher = Hasher::new([Algorithm::C4]);
    while hasher.count() < object.1.size {
        hasher.update(&piece(objects, object, hasher.count()).await?);
    }
    if !reader.check(&hasher.finish().remove(&Algorithm::C4).unwrap_or_default()) {
        return Ok(());
    }
    let window = Window::new(name, object.1.size);
    let survey = match fetching(objects, object, &window, || ManifestReader::open(&window)).await? {
        Ok(manifest) => {
            let mut survey = Survey::new(name, manifest);
            fetching(objects, object, &window, || survey.go_on()).await?.map(|()| survey)
        }
        Err(error) => Err(error),
    };
    if !reader.surveyed(survey) {
        return Ok(());
    }
    let refused = |error: MediaError| Error::Refused(error.to_string());
    let mut manifest = fetching(objects, object, &window, || ManifestReader::open(&window)).await?.map_err(refused)?;
    fetching(objects, object, &window, || reader.apply(&mut manifest)).await?.map_err(refused)
}

/// Whether a file of this name beside media is a list of MHL 1.x (or a manifest that lost its folder).
pub fn is_list(name: &str) -> bool {
    let ending = name.len().checked_sub(4).filter(|&at| at > 0).and_then(|at| name.get(at..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(".mhl")) && !name.starts_with("._")
}
