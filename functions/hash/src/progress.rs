//! How far the digests of a long file have come: begun, handed over, forgotten.
//!
//! Of two invocations that went on from the same place, the first to hand over wins, and the other one ends: what it
//! would have handed over is on its way already. So a repeated message never becomes a second chain.

use std::{collections::BTreeSet, time::Duration};

use platefleet_fleet::{
    ports,
    runner::Failure,
    store::{HashProgress, Progresses},
};
use platefleet_media::hash::{Algorithm, Hasher};

use crate::{Link, Needs};

/// Files of more bytes than this are marked while they are worked on: a second message for one finds that, and ends
/// without reading them for nothing.
const MARKED_ABOVE: u64 = 128 << 20;
/// A link ends with this much time left: enough for a slow read, and for handing over.
pub(crate) const MARGIN: Duration = Duration::from_secs(45);
/// How long saved progress is kept.
const KEEP: Duration = Duration::from_hours(24 * 14);

/// The digests where the last invocation left them; `None` when another one is at work on them.
pub(crate) async fn begin(env: &impl Needs, link: &Link<'_>) -> Result<Option<Hasher>, Failure> {
    if link.observed.size <= MARKED_ABOVE {
        let saved = Progresses(env).get(&object_of(link)).await?;
        return Ok(Some(resume(link, saved.as_ref())));
    }
    let (now, mut hasher) = (env.now_ms(), Hasher::new(wanted(link)));
    let (progresses, object) = (Progresses(env), object_of(link));
    let is_ours = progresses.claim(&object, |was| {
        let is_busy = was.is_some_and(|was| was.round == link.file.round && was.busy_until_ms > now);
        if link.is_fresh && is_busy {
            return None;
        }
        hasher = resume(link, was);
        Some(progress(env, link, now, &hasher))
    });
    Ok(is_ours.await?.then_some(hasher))
}

/// Saves the digests, which this invocation began at `from`, for the next one; false when somebody has come as far from
/// the same place before.
pub(crate) async fn hand_over(env: &impl Needs, link: &Link<'_>, from: u64, hasher: &Hasher) -> Result<bool, Failure> {
    Ok(Progresses(env).advance(from, &progress(env, link, env.now_ms(), hasher)).await?)
}

/// Forgets the progress over a file whose verdict is in. Files of one read have none.
pub(crate) async fn forget(env: &impl Needs, link: &Link<'_>) -> ports::Result<()> {
    if link.observed.size <= crate::read::CHUNK {
        return Ok(());
    }
    Progresses(env).forget(&object_of(link)).await
}

/// What saved progress goes by: other algorithms are another pass.
fn object_of(link: &Link<'_>) -> String {
    HashProgress::object_of(&link.file.roll, &link.file.path, &link.observed.etag, &link.expected.to_read())
}

fn wanted(link: &Link<'_>) -> BTreeSet<Algorithm> {
    link.expected.to_read().iter().filter_map(|name| Algorithm::parse(name)).collect()
}

/// Saved state that cannot be used, or is for other algorithms, is as good as none.
fn resume(link: &Link<'_>, saved: Option<&HashProgress>) -> Hasher {
    let wanted = wanted(link);
    let resumed = saved.and_then(|progress| {
        let hasher = Hasher::resume(&progress.state_bytes()?).ok()?;
        (hasher.count() == progress.offset
            && progress.offset <= link.observed.size
            && hasher.algorithms().eq(wanted.iter().copied()))
        .then_some(hasher)
    });
    resumed.unwrap_or_else(|| Hasher::new(wanted))
}

fn progress(env: &impl Needs, link: &Link<'_>, now_ms: u64, hasher: &Hasher) -> HashProgress {
    HashProgress {
        object: object_of(link),
        offset: hasher.count(),
        state: HashProgress::state_text(&hasher.save()),
        round: link.file.round,
        busy_until_ms: now_ms + (env.settings().link + MARGIN).as_millis() as u64,
        expires_at: now_ms / 1000 + KEEP.as_secs(),
    }
}
