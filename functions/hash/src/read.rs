//! Ranged reading with resumable digests.

use std::time::Duration;

use platefleet_fleet::{
    message::{Message, Queue},
    ports::{self, Bucket},
    runner::Failure,
    state::Observed,
};

use crate::{
    Check, Link, Needs,
    progress::{self, MARGIN},
    verdict,
};

/// Bytes of one read. Digests take 16 MiB in 10 to 40 ms, so that a read and the digest of the one before overlap well.
pub(crate) const CHUNK: u64 = 16 << 20;
/// Most invocations for one file: more than S3's largest object needs.
const MAX_HOPS: u32 = 10_000;

/// Digests the object from where the last invocation stopped, as far as the time goes.
pub(crate) async fn digest(env: &impl Needs, link: &Link<'_>) -> Result<Check, Failure> {
    let Link { file, expected, observed, hop, .. } = *link;
    if hop > MAX_HOPS {
        return Err(Failure::Hopeless(format!("{} took more than {MAX_HOPS} invocations", file.path)));
    }
    let began = env.now_ms();
    let key = file.roll.object_key(&file.path);
    let Some(mut hasher) = progress::begin(env, link).await? else { return Ok(Check::GoesOn) };
    let from = hasher.count();
    let mut next = read(env, &key, observed, from).await;
    loop {
        let bytes = match next {
            Err(ports::Error::NotFound(_) | ports::Error::Conflict(_)) => return Ok(Check::Changed),
            other => other?,
        };
        let offset = hasher.count() + bytes.len() as u64;
        let is_last = offset >= observed.size;
        let worked = Duration::from_millis(env.now_ms().saturating_sub(began));
        let is_late = env.time_left() < MARGIN || worked > env.settings().link;
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
            if !progress::hand_over(env, link, from, &hasher).await? {
                return Ok(Check::GoesOn);
            }
            tracing::info!(outcome = "goes-on", offset, hop);
            let (roll, path) = (file.roll.clone(), file.path.clone());
            let message = Message::HashFile { roll, path, round: file.round, hop: hop + 1 };
            env.send(Queue::Hash, &message, Duration::ZERO).await?;
            return Ok(Check::GoesOn);
        }
    }
}

async fn read(env: &impl Needs, key: &str, observed: &Observed, offset: u64) -> ports::Result<Vec<u8>> {
    let end = observed.size.min(offset + CHUNK);
    env.get(Bucket::Ingest, key, Some(offset..end), Some(&observed.etag)).await
}
