//! A roll of which every expected file has a verdict -> the verdict over the roll, sealed.

use std::{collections::BTreeMap, time::Duration};

use platefleet_fleet::{
    documents::{self, Documents},
    id::{RollId, hex_sha256},
    key,
    message::{Message, Queue},
    ports::{Bucket, ObjectInfo},
    runner::Failure,
    state::{FileRow, FileState, Finding, RollState, fitting},
    status::iso,
    store::{Audit, RollRow, Rolls, Seal},
};
use platefleet_media::{
    canonical,
    hash::{Algorithm, Digests},
    mhl::{self, Chain, History, Process, Scanned, Stamp},
    path::RelativePath,
};
use serde_json::json;

use crate::{
    Needs,
    seal::Delivered,
    standing::{self, Standing},
};

/// Derives whether the roll is complete; if it is, seals its verdict.
pub(crate) async fn settle(env: &impl Needs, roll: &RollId) -> Result<(), Failure> {
    let rolls = Rolls(env);
    let Some(row) = rolls.roll(roll).await? else { return Ok(()) };
    let Some(tip) = &row.tip else { return Ok(()) };
    if row.state.rank() > RollState::Finalising.rank() {
        return standing::amend(env, &row).await;
    }
    if row.planned.is_none() || !rolls.nothing_open(roll, 0).await? {
        return Ok(());
    }
    let standing = Standing::read(env, roll).await?;
    if standing.documents.revision() != tip.revision {
        // A newer history has come: what it expects goes first.
        let message = Message::ExpandHistory { roll: roll.clone(), hop: 0 };
        return Ok(env.send(Queue::Intake, &message, Duration::ZERO).await?);
    }
    let Standing { documents, said, files, .. } = &standing;
    let broken = &said.findings;
    let uploaded = documents.chain(env).await?.and_then(|bytes| Chain::parse(&bytes).ok()).unwrap_or_default();
    let facts = digest_of(&row, files, broken);
    let delivered = Delivered::read(env, &key::roll_root(roll)).await?;
    let generation = generation_of(env, &standing, &uploaded, &delivered).await?;
    let fresh = Seal { at_ms: env.now_ms(), facts: facts.clone(), manifest: None, generation };
    let Some(seal) = enter(env, &row, fresh).await? else { return Ok(()) };
    // A fact that came before FINALISING did not wake the roll: look once more. Whatever comes from now on does.
    if !rolls.nothing_open(roll, 0).await? {
        return Ok(());
    }
    if digest_of(&row, &standing::files_of(env, roll, &said.ignores).await?.0, broken) != facts {
        return Ok(rolls.settle(roll).await?);
    }
    let manifest = match seal.manifest {
        // These facts are sealed already, by an earlier round.
        Some(manifest) => Some(manifest),
        // Nothing can be appended to a history that is broken: the report says why.
        None if !broken.is_empty() => None,
        None => {
            append(env, roll, &standing, &base_of(&uploaded, &delivered, Some(seal.generation)), &delivered, &seal)
                .await?
        }
    };
    let state = if standing.is_good() { RollState::Verified } else { RollState::Failed };
    let findings = standing.findings();
    let seal = Seal { manifest, ..seal };
    // Whoever was overtaken leaves the newer report alone.
    let is_current =
        |row: &RollRow| row.state == RollState::Finalising && row.seal.as_ref().is_some_and(|s| s.facts == facts);
    if !rolls.roll(roll).await?.as_ref().is_some_and(is_current) {
        return Ok(());
    }
    standing.report(env, &row, state, Some(&seal), &findings).await?;
    let kept = fitting(&findings, "report.json");
    let (_, is_moved) = rolls
        .update_roll(roll, |was| {
            let mut row = was.filter(|row| is_current(row))?.clone();
            row.state = state;
            row.seal = Some(seal.clone());
            row.findings.clone_from(&kept);
            standing.count(&mut row);
            row.watch.armed = false;
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    if is_moved {
        let counts = RollRow::count(files);
        let details =
            json!({"state": state, "generation": seal.generation, "manifest": seal.manifest, "counts": counts});
        Audit(env).note(&roll.to_string(), &format!("sealed#{}", row.round), details).await?;
    }
    Ok(())
}

/// What is sealed: equal facts have equal digests.
fn digest_of(row: &RollRow, files: &[FileRow], broken: &[Finding]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|f| {
            let digests = f.verdict.as_ref().map(|v| &v.digests);
            json!([f.path, f.state, f.observed, f.expected.as_ref().map(|e| (&e.hashes, &e.rivals)), digests])
        })
        .collect();
    let facts = json!({"tip": row.tip, "files": files, "broken": broken});
    hex_sha256(&canonical::to_vec(&facts).unwrap_or_default())
}

/// Enters FINALISING, or finds that somebody has: the seal whose time and number are fixed by whoever came first. `None` when
/// the roll has moved on meanwhile.
async fn enter(env: &impl Needs, read: &RollRow, fresh: Seal) -> Result<Option<Seal>, Failure> {
    let (row, _) = Rolls(env)
        .update_roll(&read.roll, |was| {
            let mut row = was.filter(|row| row.round == read.round && row.tip == read.tip)?.clone();
            if row.state.rank() > RollState::Finalising.rank() {
                return None;
            }
            let is_same = row.seal.as_ref().is_some_and(|seal| seal.facts == fresh.facts);
            if row.state == RollState::Finalising && is_same {
                return None;
            }
            row.state = RollState::Finalising;
            if !is_same {
                row.seal = Some(fresh.clone());
            }
            row.updated_ms = env.now_ms();
            Some(row)
        })
        .await?;
    Ok(row
        .filter(|row| row.state == RollState::Finalising && row.round == read.round)
        .and_then(|row| row.seal)
        .filter(|seal| seal.facts == fresh.facts))
}

/// Number of the generation that a new seal is. Lists of MHL 1.x may be replaced by others: when what the fleet has sealed by
/// earlier ones cannot be compared with what is right by those of today, its history begins anew.
async fn generation_of(
    env: &impl Needs,
    Standing { documents, files, .. }: &Standing,
    uploaded: &Chain,
    delivered: &Delivered,
) -> Result<u32, Failure> {
    let base = base_of(uploaded, delivered, None);
    if !documents.is_history() && !base.entries.is_empty() {
        let history = read_base(env, documents, delivered, &base).await?.0;
        let expected = history.expectations();
        let goes_with = |file: &FileRow| {
            let (found, known) = (scanned_of(file).digests, expected.get(&file.path).map(|known| &known.hashes));
            let Some(known) = known.filter(|known| !known.is_empty() && !found.is_empty()) else { return true };
            let mut both = found.iter().filter_map(|(algorithm, text)| Some(known.get(algorithm)? == text)).peekable();
            both.peek().is_some() && (file.state != FileState::Verified || both.all(|is_equal| is_equal))
        };
        if !history.findings.is_empty() || !files.iter().all(goes_with) {
            return Ok(1);
        }
    }
    Ok(base.entries.len() as u32 + 1)
}

/// The generations that come before generation `number` (or before a new one): those that were uploaded, and those that
/// the fleet has sealed on top of just these.
fn base_of(theirs: &Chain, delivered: &Delivered, number: Option<u32>) -> Chain {
    let mut ours = delivered.chain();
    if !ours.entries.starts_with(&theirs.entries) {
        return theirs.clone();
    }
    ours.entries.truncate(number.map_or(usize::MAX, |n| n as usize - 1).max(theirs.entries.len()));
    ours
}

/// Writes the fleet's own generation; answers the manifest's key, or `None` when there is nothing that it could say.
async fn append(
    env: &impl Needs,
    roll: &RollId,
    Standing { documents, files, elsewhere, .. }: &Standing,
    base: &Chain,
    delivered: &Delivered,
    seal: &Seal,
) -> Result<Option<String>, Failure> {
    let (history, earlier) = read_base(env, documents, delivered, base).await?;
    // A file that is not what a list of MHL 1.x says is no original, and there is no generation that it could be compared with.
    let is_stranger = |file: &FileRow| {
        !documents.is_history() && file.state == FileState::Failed && !history.expectations().contains_key(&file.path)
    };
    let unread = |path: &RelativePath| Scanned::new(path.clone(), 0, Digests::new());
    let record = |file: &FileRow| if is_stranger(file) { unread(&file.path) } else { scanned_of(file) };
    let mut scanned: Vec<Scanned> = files.iter().map(record).collect();
    if scanned.iter().all(|file| file.digests.is_empty()) {
        return Ok(None);
    }
    // What nobody read leaves the folders above it without digests. Files are in path order.
    let is_elsewhere = |path: &&RelativePath| files.binary_search_by(|file| file.path.cmp(path)).is_err();
    scanned.extend(elsewhere.iter().filter(is_elsewhere).map(unread));
    let stamp = Stamp {
        created: iso(seal.at_ms),
        hostname: "platefleet".into(),
        comment: Some(format!("verified as {roll}")),
        process: Process::InPlace,
        ..Stamp::default()
    };
    let sealed = mhl::next_generation(&history, roll.path.file_name(), &scanned, &[], &stamp, &[])
        .map_err(|error| Failure::Hopeless(format!("{roll}: {error}")))?;
    Ok(Some(delivered.append(env, &earlier, &sealed).await?))
}

/// The history of these generations, and where each of their manifests stands.
async fn read_base(
    env: &impl Needs,
    documents: &Documents,
    delivered: &Delivered,
    base: &Chain,
) -> Result<(History, BTreeMap<String, (Bucket, ObjectInfo)>), Failure> {
    let place = |name: &str| {
        let uploaded = documents.get(name).map(|object| (Bucket::Ingest, object.clone()));
        uploaded.or_else(|| Some((Bucket::Delivery, delivered.get(name)?.clone())))
    };
    let earlier: BTreeMap<String, (Bucket, ObjectInfo)> =
        base.entries.iter().filter_map(|entry| Some((entry.path.clone(), place(&entry.path)?))).collect();
    let history = if base.entries.is_empty() {
        History::default()
    } else {
        documents::read_history(env, Some(&base.to_xml()), &earlier).await?
    };
    Ok((history, earlier))
}

/// A file as a manifest records it: without digests when it was not read, as an extra one is.
fn scanned_of(file: &FileRow) -> Scanned {
    let digests = file.verdict.iter().flat_map(|verdict| &verdict.digests);
    let digests = digests
        .filter_map(|(name, text)| Some((Algorithm::parse(name).filter(|a| Algorithm::MHL.contains(a))?, text.clone())))
        .collect();
    let size = file.observed.as_ref().map_or(0, |observed| observed.size);
    Scanned::new(file.path.clone(), size, digests)
}
