//! The clips of one condition, read page by page.

use std::collections::BTreeSet;

use super::{Condition, Query};
use crate::{
    id::{ClipId, Production},
    ports::{Result, Table},
    store::{
        Clips,
        facets::{SLOTS, slot_of},
    },
};

/// Where they are read.
enum Place {
    /// Rows of a facet whose sort key begins so.
    Facet(&'static str, String),
    /// The slots of a reel.
    Reel { reel: String, slot: String },
}

/// The clips of a condition, as far as they were read.
pub(super) struct List {
    place: Place,
    /// They, without those that follow.
    pub(super) clips: BTreeSet<ClipId>,
    /// `None` after the last page.
    next: Option<Cursor>,
}

/// Where to go on.
enum Cursor {
    First,
    After(String),
}

impl List {
    /// A list for each condition; a reel and a timecode together are one.
    pub(super) fn of(query: &Query) -> Vec<Self> {
        let begin = |place| Self { place, clips: BTreeSet::new(), next: Some(Cursor::First) };
        let reel = query.conditions.iter().find_map(|condition| match condition {
            Condition::Is { field, value } if field.name == "reel_name" => Some(value),
            _ => None,
        });
        let place = |condition: &Condition| match condition {
            Condition::Is { field, .. } if field.name == "reel_name" && query.has_timecode() => None,
            Condition::Is { field, value } => Some(Place::Facet(field.name, format!("{value}#"))),
            Condition::Begins { field, value } => Some(Place::Facet(field.name, value.clone())),
            Condition::Holds { timecode } => {
                let slot = slot_of(timecode).unwrap_or(timecode).to_owned();
                Some(match reel {
                    Some(reel) => Place::Reel { reel: reel.clone(), slot },
                    None => Place::Facet(SLOTS, format!("{slot}#")),
                })
            }
        };
        query.conditions.iter().filter_map(place).map(begin).collect()
    }

    /// True when all of them were read.
    pub(super) fn is_whole(&self) -> bool {
        self.next.is_none()
    }

    /// Reads the next page, if there is one.
    pub(super) async fn read_on<T: Table>(&mut self, clips: &Clips<'_, T>, production: &Production) -> Result<()> {
        let Some(cursor) = self.next.take() else { return Ok(()) };
        let after = match &cursor {
            Cursor::First => None,
            Cursor::After(key) => Some(key.as_str()),
        };
        let page = match &self.place {
            Place::Facet(field, prefix) => clips.found(production, field, prefix, after).await?,
            Place::Reel { reel, slot } => clips.of_reel(production, reel, slot, after).await?,
        };
        self.clips.extend(page.items);
        self.next = page.next.map(Cursor::After);
        Ok(())
    }
}
