//! Clips that no manifest names are looked at a short while after one of their files came or went.

use std::collections::BTreeMap;

use platefleet_media::{clip::Role, path::RelativePath};
use serde_json::Map;

use super::Companions;
use crate::{
    id::{ClipId, RollId},
    message::{Message, Queue},
    ports::{Clock, Expect, Item, Key, Queues, Result, Settings, Table},
};

/// Attribute: until when the look that was asked for will see what is written.
const UNTIL: &str = "until_ms";
/// Attribute: when the table may drop the row, in seconds since 1970.
const EXPIRES: &str = "expires_at";
/// Seconds for which a row is kept that nobody deleted.
const KEEP: u64 = 24 * 3600;

/// The looks that were asked for and have not begun.
pub struct Looks<'a, T>(pub &'a T);

fn key_of(roll: &RollId, pattern: &str) -> Key {
    Key::new(format!("LOOK#{}", ClipId::of(roll, pattern)), "SOON")
}

impl<T: Table + Queues + Clock + Settings> Looks<'_, T> {
    /// Has a clip looked at soon, after one of its files was written; not for documents that nobody reads. Of many files that come at once one
    /// asks.
    ///
    /// The message goes first, and its row spares others theirs only for half of its delay: so whoever is spared has written
    /// before the look begins, however slow the one that asked is.
    pub async fn soon(&self, roll: &RollId, pattern: &str) -> Result<()> {
        let is_read = |path: RelativePath| Role::of(&path) == Role::Original || Companions::<T>::may_be(&path);
        if !RelativePath::new(pattern).is_ok_and(is_read) {
            return Ok(());
        }
        let (key, now) = (key_of(roll, pattern), self.0.now_ms());
        let asked = self.0.get_row(&key).await?;
        if asked.and_then(|row| row.body.get(UNTIL)?.as_u64()).is_some_and(|until| now < until) {
            return Ok(());
        }
        let settings = self.0.settings();
        let message = Message::LookAtClip { roll: roll.clone(), pattern: pattern.to_owned() };
        self.0.send(Queue::Inspect, &message, settings.look_delay()).await?;
        let until = now + (settings.look() / 2).as_millis() as u64;
        let body = Map::from_iter([(UNTIL.to_owned(), until.into()), (EXPIRES.to_owned(), (now / 1000 + KEEP).into())]);
        self.0.put_row(Item { key, rev: 1, body, index: BTreeMap::new() }, Expect::Anything).await
    }
}

impl<T: Table> Looks<'_, T> {
    /// Forgets that a look was asked for: it begins.
    pub async fn begin(&self, roll: &RollId, pattern: &str) -> Result<()> {
        self.0.delete_row(&key_of(roll, pattern), Expect::Anything).await
    }
}
