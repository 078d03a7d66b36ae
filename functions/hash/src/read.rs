//! Ranged reading with resumable digests.

use std::{collections::BTreeSet, time::Duration};

use platefleet_fleet::{
    message::{Message, Queue},
    ports::{self, Bucket},
    runner::Failure,
    state::{Expected, FileRow, Observed},
    store::{HashProgress, Progresses},
};
use platefleet_media::hash::{Algorithm, Hasher};

use crate::{Check, Needs, verdict};

/// Bytes of one read. Digests take 16 MiB in 10 to 40 ms, so that a read and the digest of the one before overlap well.
const CHUNK: u64 = 16 << 20;
/// A link of the chain ends with this much time left: enough for a slow read, and for handing over.
const MARGIN: Duration = Duration::from_secs(45);
/// And it ends after this long: a crash loses no more than that.
const LINK: Duration = Duration::from_mins(5);
/// Most invocations for one file: more than S3's largest object needs.
const MAX_HOPS: u32 = 10_000;
/// How long saved progress is kept.
const KEEP: Duration = Duration::from_hours(24 * 14);

/// Digests the object from where the last invocation stopped, as far as the time goes.
pub(crate) async fn digest(
    env: &impl Needs,
    file: &FileRow,
    expected: &Expected,
    observed: &Observed,
    hop: u32,
) -> Result<Check, Failure> {
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("{} took more than {MAX_HOPS} invocations", file.path)));
    }
    let began = env.now_ms();
    let key = file.roll.object_key(&file.path);
    let mut hasher = begin(env, file, expected, observed).await?;
    let mut next = read(env, &key, observed, hasher.count()).await;
    loop {
        let bytes = match next {
            Err(ports::Error::NotFound(_) | ports::Error::Conflict(_)) => return Ok(Check::Changed),
            other => other?,
        };
        let offset = hasher.count() + bytes.len() as u64;
        let is_last = offset >= observed.size;
        let is_late = env.time_left() < MARGIN || env.now_ms().saturating_sub(began) > LINK.as_millis() as u64;
        let work = env.compute(move || {
            hasher.update(&bytes);
            hasher
        });
        if is_last || is_late {
            hasher = work.await?;
            next = Ok(Vec::new());
        } else {
            let (done, read) = futures::join!(work, read(env, &key, observed, offset));
            (hasher, next) = (done?, read);
        }
        if is_last {
            let digests =
                hasher.finish().into_iter().map(|(algorithm, text)| (algorithm.name().to_owned(), text)).collect();
            return Ok(Check::Verdict(verdict::of_digests(file, expected, digests, "streamed", env.now_ms())));
        }
        if is_late {
            save(env, file, expected, observed, &hasher).await?;
            let (roll, path) = (file.roll.clone(), file.path.clone());
            let message = Message::HashFile { roll, path, round: file.round, hop: hop + 1 };
            env.send(Queue::Hash, &message, Duration::ZERO).await?;
            return Ok(Check::GoesOn);
        }
    }
}

/// What saved progress goes by: other algorithms are another pass.
fn pass_of(file: &FileRow, expected: &Expected, observed: &Observed) -> String {
    HashProgress::object_of(&file.roll, &file.path, &observed.etag, expected.algorithms())
}

async fn read(env: &impl Needs, key: &str, observed: &Observed, offset: u64) -> ports::Result<Vec<u8>> {
    let end = observed.size.min(offset + CHUNK);
    env.get(Bucket::Ingest, key, Some(offset..end), Some(&observed.etag)).await
}

/// The digests where the last invocation left them. Saved state that cannot be used, or is for other algorithms, is as good
/// as none.
async fn begin(env: &impl Needs, file: &FileRow, expected: &Expected, observed: &Observed) -> Result<Hasher, Failure> {
    let wanted: BTreeSet<Algorithm> =
        expected.algorithms().into_iter().filter_map(|name| Algorithm::parse(name)).collect();
    let object = pass_of(file, expected, observed);
    let saved = Progresses(env).get(&object).await?;
    let resumed = saved.and_then(|progress| {
        let hasher = Hasher::resume(&progress.state_bytes()?).ok()?;
        (hasher.count() == progress.offset
            && progress.offset <= observed.size
            && hasher.algorithms().eq(wanted.iter().copied()))
        .then_some(hasher)
    });
    Ok(resumed.unwrap_or_else(|| Hasher::new(wanted)))
}

async fn save(
    env: &impl Needs,
    file: &FileRow,
    expected: &Expected,
    observed: &Observed,
    hasher: &Hasher,
) -> Result<(), Failure> {
    let progress = HashProgress {
        object: pass_of(file, expected, observed),
        offset: hasher.count(),
        state: HashProgress::state_text(&hasher.save()),
        expires_at: env.now_ms() / 1000 + KEEP.as_secs(),
    };
    Progresses(env).advance(&progress).await?;
    Ok(())
}

/// Forgets the progress over a file whose verdict is in.
pub(crate) async fn forget(
    env: &impl Needs,
    file: &FileRow,
    expected: &Expected,
    observed: &Observed,
) -> Result<(), Failure> {
    if observed.size <= CHUNK {
        return Ok(());
    }
    Ok(Progresses(env).forget(&pass_of(file, expected, observed)).await?)
}
