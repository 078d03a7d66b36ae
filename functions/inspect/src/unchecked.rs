//! Clips that no manifest names: where they belong, and how they give way.
//!
//! A clip stands once. Which folder it stands under changes when a roll becomes known; whoever writes it withdraws what stands
//! under the other folders above its files, and a clip that is unchecked is looked for once more after it was written. Of two
//! that write at the same time, one always sees the other.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_fleet::{
    id::{ClipId, RollId},
    key::{assumed_roll, candidate_rolls, clip_key, raw_key},
    ports::{self, Bucket, Objects, Table},
    state::FileRow,
    store::{ClipRow, Clips, Rolls, Stored},
};
use platefleet_media::path::RelativePath;

/// Rows that are deleted at once.
const IN_FLIGHT: usize = 16;

/// Whether a clip that is unchecked here belongs to another roll: one that names its first file or, when none does, the nearest
/// that has it.
pub(crate) async fn belongs_elsewhere(env: &impl Table, here: &RollId, file: &FileRow) -> Result<bool, ports::Error> {
    let rolls = Rolls(env);
    let Ok(path) = file.path.below(&here.path) else { return Ok(false) };
    let mut nearest = None;
    for roll in candidate_rolls(&here.production, &path) {
        let Some((below, pattern)) = path.strip(&roll.path).zip(pattern_in(&roll, here, &file.pattern)) else {
            continue;
        };
        if rolls.roll(&roll).await?.is_none() {
            continue;
        }
        let Some(stored) = rolls.file(&roll, &pattern, &below).await? else { continue };
        if stored.row.expected.is_some() {
            return Ok(roll != *here);
        }
        nearest.get_or_insert(roll);
    }
    Ok(nearest.is_some_and(|nearest| nearest != *here))
}

/// The pattern of a clip as another folder above its files has it.
fn pattern_in(roll: &RollId, here: &RollId, pattern: &str) -> Option<String> {
    let whole = RelativePath::new(pattern).ok()?.below(&here.path).ok()?;
    whole.strip(&roll.path).map(|pattern| pattern.to_string())
}

/// Withdraws what stands of a clip under other folders above its files, as far as it is unchecked there.
pub(crate) async fn withdraw_others(
    env: &(impl Objects + Table),
    here: &RollId,
    pattern: &str,
) -> Result<(), ports::Error> {
    let Some(whole) = RelativePath::new(pattern).ok().and_then(|pattern| pattern.below(&here.path).ok()) else {
        return Ok(());
    };
    let assumed = assumed_roll(&here.production, &whole);
    for roll in candidate_rolls(&here.production, &whole).into_iter().filter(|roll| roll != here) {
        let Some(pattern) = pattern_in(&roll, here, pattern) else { continue };
        let was = Clips(env).stored(&roll.production, &ClipId::of(&roll, &pattern)).await?;
        let was = was.filter(|was| was.row.unchecked);
        if was.is_some() || assumed.as_ref() == Some(&roll) {
            withdraw(env, &roll, &pattern, was).await?;
        }
    }
    Ok(())
}

/// Withdraws a clip that has no files here any more: its documents, its row with the facets and, in a folder that is no roll, the rows of its files.
/// These go last, so that a repeated try finds what is left.
pub(crate) async fn withdraw(
    env: &(impl Objects + Table),
    roll: &RollId,
    pattern: &str,
    was: Option<Stored<ClipRow>>,
) -> Result<(), ports::Error> {
    if let Some(was) = was {
        for key in [raw_key(&roll.production, &was.row.clip), clip_key(&roll.production, &was.row.clip)] {
            env.remove(Bucket::Delivery, &key).await?;
        }
        Clips(env).remove(&was).await?;
    }
    let rolls = Rolls(env);
    if rolls.roll(roll).await?.is_some() {
        return Ok(());
    }
    let files = rolls.files_of_clip(roll, pattern).await?;
    let forget = files.iter().map(|file| rolls.forget_file(file));
    stream::iter(forget).buffer_unordered(IN_FLIGHT).try_collect().await
}
