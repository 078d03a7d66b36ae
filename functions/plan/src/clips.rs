//! Which clip an event means, of those that have arrived. Decided from rows, never from an index.

use std::{collections::BTreeMap, sync::Arc};

use platefleet_fleet::{
    id::{ClipId, Production},
    order::{Shot, Source, Span},
    plan::{FrameIndex, Frames},
    ports::{Bucket, Error, Objects, Table},
    store::{ClipRow, ClipState, Clips, Rolls},
};
use platefleet_media::clip::Role;

use crate::span;

/// What was found.
pub(crate) enum Found {
    /// The clip, and its frames.
    Ready(Arc<ClipRow>, Arc<Frames>),
    /// It has not arrived, or is not checked and inspected yet.
    Waiting(String),
    /// It will never do.
    Refused(String),
}

/// Whether plates can be made of a clip now.
#[derive(Clone)]
enum Standing {
    Ready,
    Waiting(String),
    Refused(String),
    /// No manifest names it: it is meant only as long as there is no other.
    Unchecked(String),
}

/// The clips of a production, as far as an order has asked for them.
pub(crate) struct Shelf<'a, E> {
    env: &'a E,
    production: &'a Production,
    by_name: BTreeMap<Facet, Vec<(Arc<ClipRow>, Standing)>>,
    /// The frames of the clip that was asked for last: orders go on with the same clip.
    last: Option<(ClipId, Arc<Frames>)>,
}

/// Facet and value.
type Facet = (&'static str, String);

impl<'a, E: Objects + Table> Shelf<'a, E> {
    pub(crate) fn new(env: &'a E, production: &'a Production) -> Self {
        Self { env, production, by_name: BTreeMap::new(), last: None }
    }

    /// The clip of an event.
    pub(crate) async fn find(&mut self, shot: &Shot) -> Result<Found, Error> {
        let (facet, name) = match &shot.source {
            Source::Clip(name) => ("clip_name", name),
            Source::Reel(name) => ("reel_name", name),
        };
        let clips = self.named(facet, name).await?;
        let what = if facet == "clip_name" { format!("clip `{name}`") } else { format!("reel `{name}`") };
        let originals = clips.iter().filter(|(row, _)| row.metadata.role == Some(Role::Original));
        let mut originals = once_each(originals);
        let is_checked = |standing: &Standing| !matches!(standing, Standing::Unchecked(_));
        if originals.iter().any(|(_, standing)| is_checked(standing)) {
            originals.retain(|(_, standing)| is_checked(standing));
        }
        if originals.is_empty() {
            let reason = if clips.is_empty() {
                format!("{what} has not arrived, or is not checked yet")
            } else {
                format!("only a proxy of {what} has arrived; plates are made of originals")
            };
            return Ok(Found::Waiting(reason));
        }
        // Of clips that agree in the name, the one that holds the span is meant.
        let begins_in = |row: &ClipRow| span::begins_in(&shot.span, &row.metadata);
        let mut fitting: Vec<_> = originals.iter().filter(|(row, _)| begins_in(row) != Some(false)).collect();
        if matches!(shot.span, Span::Timecode(..)) && fitting.is_empty() {
            if let ([(only, standing)], Source::Clip(_)) = (&originals[..], &shot.source) {
                // Let the span be refused with the range that the clip has.
                return self.open(only, standing).await;
            }
            let have: Vec<String> = originals.iter().take(12).map(|(row, _)| span::range_of(&row.metadata)).collect();
            return Ok(Found::Waiting(format!(
                "no clip of {what} that has arrived holds this timecode; it has {}",
                have.join(", ")
            )));
        }
        if fitting.iter().any(|(_, standing)| matches!(standing, Standing::Ready)) {
            fitting.retain(|(_, standing)| matches!(standing, Standing::Ready));
        }
        match &fitting[..] {
            [(one, standing)] => self.open(one, standing).await,
            several => {
                let rolls: Vec<String> = several.iter().take(8).map(|(row, _)| row.roll.path.to_string()).collect();
                Ok(Found::Refused(format!(
                    "{} clips fit {what} (in {}): say which by source timecodes that only one of them holds",
                    several.len(),
                    rolls.join(", ")
                )))
            }
        }
    }

    async fn open(&mut self, row: &Arc<ClipRow>, standing: &Standing) -> Result<Found, Error> {
        match standing {
            Standing::Waiting(reason) | Standing::Unchecked(reason) => return Ok(Found::Waiting(reason.clone())),
            Standing::Refused(reason) => return Ok(Found::Refused(reason.clone())),
            Standing::Ready => {}
        }
        if let Some((clip, frames)) = &self.last
            && *clip == row.clip
        {
            return Ok(Found::Ready(row.clone(), frames.clone()));
        }
        let key = row.frames_key.as_deref().unwrap_or_default();
        let bytes = self.env.get(Bucket::Delivery, key, None, None).await?;
        let index: FrameIndex = serde_json::from_slice(&bytes)
            .map_err(|e| Error::Refused(format!("frame index {key} is not readable: {e}")))?;
        if index.revision != row.revision {
            return Ok(Found::Waiting(format!("clip `{}` is being read again", name_of(row))));
        }
        let frames = match index.expand() {
            Ok(frames) => Arc::new(frames),
            Err(reason) => return Ok(Found::Refused(format!("clip `{}` cannot be rendered: {reason}", name_of(row)))),
        };
        self.last = Some((row.clip.clone(), frames.clone()));
        Ok(Found::Ready(row.clone(), frames))
    }

    /// The clips whose facet is this, each with its standing.
    async fn named(&mut self, facet: &'static str, name: &str) -> Result<Vec<(Arc<ClipRow>, Standing)>, Error> {
        let key = (facet, name.to_owned());
        if let Some(known) = self.by_name.get(&key) {
            return Ok(known.clone());
        }
        let mut clips = Vec::new();
        for row in Clips(self.env).with(self.production, facet, name).await? {
            if let Some(standing) = self.standing(&row).await? {
                clips.push((Arc::new(row), standing));
            }
        }
        self.by_name.insert(key, clips.clone());
        Ok(clips)
    }

    /// `None` for a clip that no manifest of its roll names any more.
    async fn standing(&self, row: &ClipRow) -> Result<Option<Standing>, Error> {
        let name = name_of(row);
        let detail = || row.findings.first().map(|f| f.detail.clone()).unwrap_or_default();
        let damaged = row.findings.iter().any(|f| f.kind == "mismatch");
        let files = Rolls(self.env).files_of_clip(&row.roll, &row.pattern).await?;
        if files.iter().all(|file| file.expected.is_none()) {
            let is_there = row.unchecked && files.iter().any(|file| file.observed.is_some());
            let reason = || format!("clip `{name}` is not checked: no manifest names it; upload its roll's manifest");
            return Ok(is_there.then(|| Standing::Unchecked(reason())));
        }
        // What stands beside a clip changes none of its pixels: nobody waits for it.
        if ClipRow::revision_of(&files, &row.companions) != row.revision {
            return Ok(Some(Standing::Waiting(format!("clip `{name}` is being checked again"))));
        }
        Ok(Some(match row.state {
            ClipState::Inspected => match &row.metadata.decoder_needed {
                Some(needed) => Standing::Refused(format!(
                    "clip `{name}` cannot be rendered: its pixels need the {needed}, which platefleet does not have"
                )),
                None => Standing::Ready,
            },
            ClipState::Invalid if damaged => Standing::Waiting(format!("clip `{name}` is damaged: {}", detail())),
            ClipState::Invalid => Standing::Refused(format!("clip `{name}` cannot be read: {}", detail())),
            ClipState::Unsupported => Standing::Refused(format!("clip `{name}` cannot be rendered: {}", detail())),
        }))
    }
}

/// Files may belong to several rolls, one below the other. Their clip is meant once: as it stands in the nearest roll or, since
/// it has to be what all of them say, in one in which it is not ready.
fn once_each<'c>(clips: impl Iterator<Item = &'c (Arc<ClipRow>, Standing)>) -> Vec<&'c (Arc<ClipRow>, Standing)> {
    let mut by_files: BTreeMap<String, &(Arc<ClipRow>, Standing)> = BTreeMap::new();
    let rank = |(row, standing): &(Arc<ClipRow>, Standing)| {
        (!matches!(standing, Standing::Ready), row.roll.path.as_str().len())
    };
    for clip in clips {
        let best = by_files.entry(format!("{}/{}", clip.0.roll, clip.0.pattern)).or_insert(clip);
        if rank(clip) > rank(best) {
            *best = clip;
        }
    }
    by_files.into_values().collect()
}

fn name_of(row: &ClipRow) -> &str {
    row.metadata.clip_name.as_deref().unwrap_or(&row.pattern)
}
