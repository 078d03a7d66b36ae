//! A fleet to test, and rolls to put into it.

use std::collections::BTreeMap;

use platefleet_fleet::{
    id::RollId,
    message::Queue,
    ports::Bucket,
    status::{self, Status},
    store::{RollRow, Rolls},
};
use platefleet_footage::{Clip, Stage};
use platefleet_media::{
    hash::{self, Algorithm},
    mhl::{self, Author, CHAIN_NAME, History, Manifest, Process, Scanned, Stamp},
    path::RelativePath,
};
use platefleet_sim::{Functions, Report, Weather, World, block_on};

/// Every function of the fleet on its queue.
pub(crate) fn functions() -> Functions {
    functions_without_hash().on(Queue::Hash, async |world, record| platefleet_hash::handle(&world, &record).await)
}

/// Files are taken in and checked, and nobody seals.
pub(crate) fn functions_without_finalise() -> Functions {
    Functions::new()
        .on(Queue::Intake, async |world, record| platefleet_intake::handle(&world, &record).await)
        .on(Queue::Hash, async |world, record| platefleet_hash::handle(&world, &record).await)
        .on(Queue::Inspect, async |world, record| platefleet_inspect::handle(&world, &record).await)
}

/// Files are taken in, and wait to be checked.
pub(crate) fn functions_without_hash() -> Functions {
    Functions::new()
        .on(Queue::Intake, async |world, record| platefleet_intake::handle(&world, &record).await)
        .on(Queue::Inspect, async |world, record| platefleet_inspect::handle(&world, &record).await)
        .on(Queue::Plan, async |world, record| platefleet_plan::handle(&world, &record).await)
        .on(Queue::Render, async |world, record| platefleet_render::handle(&world, &record).await)
        .on(Queue::Finalise, async |world, record| platefleet_finalise::handle(&world, &record).await)
        .on_dead(async |world, record| platefleet_finalise::handle(&world, &record).await)
}

/// Lets the fleet work until it is at rest, and asserts that it comes to rest with nothing left in any queue.
pub(crate) fn settle(world: &World, weather: Weather) -> Report {
    let report = world.drain(&functions(), weather);
    assert!(report.at_rest && world.is_empty(), "seed {}: not at rest: {report:?}", weather.seed);
    report
}

/// [`settle`] on a calm day, on which nothing may fail.
pub(crate) fn calm(world: &World) {
    let report = settle(world, Weather::calm());
    assert!(report.failures.is_empty() && report.died == 0, "{report:?}");
}

pub(crate) fn roll() -> RollId {
    RollId::parse("show/day 1/A001").unwrap()
}

/// A roll as it lies on a card: files by path, and its history.
#[derive(Clone)]
pub(crate) struct Card {
    pub(crate) roll: RollId,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The files of `ascmhl/`, by name.
    pub(crate) history: BTreeMap<String, Vec<u8>>,
    /// What its generations are sealed with.
    pub(crate) algorithms: Vec<Algorithm>,
}

impl Card {
    /// These files, sealed once.
    pub(crate) fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::sealed_with(files, &[Algorithm::Xxh128, Algorithm::Md5])
    }

    /// These files, sealed once with these digests.
    pub(crate) fn sealed_with(files: BTreeMap<String, Vec<u8>>, algorithms: &[Algorithm]) -> Self {
        let algorithms = algorithms.to_vec();
        let mut card = Self { roll: roll(), files, history: BTreeMap::new(), algorithms };
        card.seal("2026-11-22T08:00:00Z");
        card
    }

    /// One small clip and a sidecar.
    pub(crate) fn small() -> Self {
        let mut files = frames("A001C001_261124_R1AB", 3);
        files.insert("Sidecar é & b.txt".into(), b"slate 12".to_vec());
        Self::of(files)
    }

    /// Adds a generation over what is there now.
    pub(crate) fn seal(&mut self, created: &str) {
        let scanned = |(path, bytes): (&String, &Vec<u8>)| {
            let digests = hash::digests(self.algorithms.iter().copied(), bytes);
            Scanned::new(RelativePath::new(path.as_str()).unwrap(), bytes.len() as u64, digests)
        };
        self.seal_as(created, self.files.iter().map(scanned).collect());
    }

    /// Adds a generation that says this of its files.
    pub(crate) fn seal_as(&mut self, created: &str, mut scanned: Vec<Scanned>) {
        scanned.sort_by(|a, b| a.path.cmp(&b.path));
        let stamp = Stamp {
            created: created.into(),
            hostname: "cart".into(),
            author: Some(Author { name: "DIT".into(), ..Author::default() }),
            process: Process::Transfer,
            ..Stamp::default()
        };
        let history = History::read(&self.history);
        let history = if self.history.is_empty() { History::default() } else { history };
        let sealed = mhl::next_generation(&history, self.roll.path.file_name(), &scanned, &[], &stamp, &[]).unwrap();
        self.history.insert(sealed.name, sealed.manifest);
        self.history.insert(CHAIN_NAME.into(), sealed.chain);
    }

    pub(crate) fn key(&self, path: &str) -> String {
        format!("{}/{path}", self.roll)
    }

    /// Every object of the roll: media first, then manifests, then the chain.
    pub(crate) fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let media = self.files.iter().map(|(path, bytes)| (self.key(path), bytes.clone()));
        let manifests = self.history.iter().filter(|(name, _)| *name != CHAIN_NAME);
        let chain = self.history.iter().filter(|(name, _)| *name == CHAIN_NAME);
        media
            .chain(manifests.chain(chain).map(|(name, bytes)| (self.key(&format!("ascmhl/{name}")), bytes.clone())))
            .collect()
    }

    pub(crate) fn upload(&self, world: &World) {
        for (key, bytes) in self.objects() {
            world.upload(&key, bytes);
        }
    }
}

/// Frames of a synthetic take, by path.
pub(crate) fn frames(name: &str, frames: u64) -> BTreeMap<String, Vec<u8>> {
    let clip = Clip { name: name.into(), frames, width: 64, height: 48, ..Clip::default() };
    let stage = Stage::new(&clip).unwrap();
    (0..frames).map(|n| (format!("Clips/{name}/{}", clip.file_name(n)), stage.frame_bytes(n))).collect()
}

/// The row of a roll.
pub(crate) fn row(world: &World, roll: &RollId) -> RollRow {
    block_on(Rolls(world).roll(roll)).unwrap().unwrap()
}

/// What people see of a roll.
pub(crate) fn status(world: &World, roll: &RollId) -> Status {
    block_on(status::of_roll(world, roll)).unwrap().unwrap()
}

/// The report over a roll as it is delivered.
pub(crate) fn report(world: &World, roll: &RollId) -> serde_json::Value {
    let key = platefleet_fleet::key::report_key(&platefleet_fleet::key::roll_root(roll));
    serde_json::from_slice(&world.object(Bucket::Delivery, &key).unwrap()).unwrap()
}

/// Kind and path of every finding.
pub(crate) fn findings(status: &Status) -> Vec<(&str, &str)> {
    status.findings.iter().map(|f| (f.kind.as_str(), f.path.as_str())).collect()
}

/// The manifests that were sealed for a folder of the delivery bucket, in order; nothing of their history may be wrong.
pub(crate) fn delivered(world: &World, root: &str) -> Vec<Manifest> {
    let prefix = format!("{root}/ascmhl/");
    let files: BTreeMap<String, Vec<u8>> = world
        .keys(Bucket::Delivery, &prefix)
        .into_iter()
        .map(|key| (key[prefix.len()..].to_owned(), world.object(Bucket::Delivery, &key).unwrap()))
        .collect();
    let history = History::read(&files);
    assert_eq!(history.findings, [], "{root}");
    history.generations.iter().map(|g| Manifest::parse(&g.name, &files[&g.name]).unwrap()).collect()
}
