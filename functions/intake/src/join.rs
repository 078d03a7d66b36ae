//! What is expected of a roll, what the bucket holds of it, and what its rows say already: three lists in path order, read side
//! by side from a place on. Each is read page by page, so a roll of a million files needs the memory of a few thousand.

use std::{collections::VecDeque, ops::Bound};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platefleet_fleet::{
    documents::Said,
    id::{BUCKETS, RollId},
    key::HISTORY,
    ports::{Bucket, Result},
    state::{Expected, FileRow, Observed},
    store::Rolls,
};
use platefleet_media::path::RelativePath;

use crate::Needs;

/// What is known of one path.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) path: RelativePath,
    pub(crate) expected: Option<Expected>,
    pub(crate) listed: Option<Observed>,
    pub(crate) row: Option<FileRow>,
}

/// The three lists.
pub(crate) struct Join<'a, T> {
    said: &'a Said,
    expected: std::iter::Peekable<Box<dyn Iterator<Item = &'a RelativePath> + Send + 'a>>,
    listing: Listing<'a, T>,
    rows: Rows<'a, T>,
}

impl<'a, T: Needs> Join<'a, T> {
    /// Begins after a path.
    pub(crate) async fn after(env: &'a T, roll: &RollId, said: &'a Said, after: Option<&RelativePath>) -> Result<Self> {
        let from = after.map_or(Bound::Unbounded, |path| Bound::Excluded(path.clone()));
        let expected: Box<dyn Iterator<Item = &RelativePath> + Send> =
            Box::new(said.files.range((from, Bound::Unbounded)).map(|(path, _)| path));
        let prefix = format!("{roll}/");
        let next = Some(after.map_or_else(|| prefix.clone(), |path| format!("{prefix}{path}")));
        let listing = Listing { env, prefix, next, page: VecDeque::new() };
        Ok(Self { said, expected: expected.peekable(), listing, rows: Rows::after(env, roll, after).await? })
    }

    /// The next path of any list, with what each says of it.
    pub(crate) async fn next(&mut self) -> Result<Option<Joined>> {
        let listed = self.listing.peek().await?;
        let first = [self.expected.peek().copied(), listed, self.rows.peek()].into_iter().flatten().min();
        let Some(path) = first.cloned() else { return Ok(None) };
        let expected = self.expected.next_if(|next| **next == path).and_then(|path| self.said.expected(path));
        let listed = self.listing.take(&path);
        let row = self.rows.take(&path).await?;
        Ok(Some(Joined { path, expected, listed, row }))
    }
}

/// What the bucket holds, without histories.
struct Listing<'a, T> {
    env: &'a T,
    prefix: String,
    /// Where the next page begins; `None` after the last.
    next: Option<String>,
    page: VecDeque<(RelativePath, Observed)>,
}

impl<T: Needs> Listing<'_, T> {
    async fn peek(&mut self) -> Result<Option<&RelativePath>> {
        while self.page.is_empty() {
            let Some(after) = self.next.take() else { break };
            let page = self.env.list(Bucket::Ingest, &self.prefix, Some(&after)).await?;
            self.next = page.next;
            for object in page.items {
                let path = object.key.strip_prefix(&self.prefix).and_then(|path| RelativePath::new(path).ok());
                if let Some(path) = path.filter(is_media) {
                    self.page.push_back((path, Observed { etag: object.etag, size: object.size }));
                }
            }
        }
        Ok(self.page.front().map(|(path, _)| path))
    }

    fn take(&mut self, path: &RelativePath) -> Option<Observed> {
        self.page.pop_front_if(|(next, _)| next == path).map(|(_, observed)| observed)
    }
}

/// The folders above a path, the nearest first.
pub(crate) fn folders_above(path: &RelativePath) -> impl Iterator<Item = RelativePath> {
    std::iter::successors(path.parent(), RelativePath::parent)
}

fn is_media(path: &RelativePath) -> bool {
    folders_above(path).all(|folder| folder.file_name() != HISTORY)
}

/// The rows of all buckets.
struct Rows<'a, T> {
    env: &'a T,
    roll: RollId,
    buckets: Vec<Rest>,
}

/// What is left of one bucket of rows.
#[derive(Default)]
struct Rest {
    page: VecDeque<FileRow>,
    /// Where the next page begins; `None` after the last.
    next: Option<RelativePath>,
}

impl<'a, T: Needs> Rows<'a, T> {
    async fn after(env: &'a T, roll: &RollId, after: Option<&RelativePath>) -> Result<Self> {
        let first = (0..BUCKETS).map(|bucket| page(env, roll, bucket, after));
        let buckets = stream::iter(first).buffered(usize::from(BUCKETS)).try_collect().await?;
        Ok(Self { env, roll: roll.clone(), buckets })
    }

    fn peek(&self) -> Option<&RelativePath> {
        self.buckets.iter().filter_map(|rest| rest.page.front()).map(|row| &row.path).min()
    }

    async fn take(&mut self, path: &RelativePath) -> Result<Option<FileRow>> {
        for (rest, bucket) in self.buckets.iter_mut().zip(0..) {
            if rest.page.front().is_some_and(|row| row.path == *path) {
                let row = rest.page.pop_front();
                if let (true, Some(after)) = (rest.page.is_empty(), rest.next.take()) {
                    *rest = page(self.env, &self.roll, bucket, Some(&after)).await?;
                }
                return Ok(row);
            }
        }
        Ok(None)
    }
}

/// A page of one bucket, never empty before the last.
async fn page<T: Needs>(env: &T, roll: &RollId, bucket: u8, after: Option<&RelativePath>) -> Result<Rest> {
    let mut after = after.cloned();
    loop {
        let (rows, next) = Rolls(env).files_after(roll, bucket, after.as_ref()).await?;
        if !rows.is_empty() || next.is_none() {
            return Ok(Rest { page: rows.into(), next });
        }
        after = next;
    }
}
