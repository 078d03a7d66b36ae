//! Listings: a page of keys, with what stands below a delimiter rolled up.

use std::{ops::Bound, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    disk::Version,
    error::{Result, S3Error},
    store::Bucket,
};

/// Most entries of a page.
pub(super) const MAX_KEYS: usize = 1000;

/// A place in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind this key.
    Key(String),
    /// Behind all that begin so.
    Prefix(String),
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) prefix: String,
    /// Empty for none.
    pub(super) delimiter: String,
    /// Only what stands behind this, in byte order.
    pub(super) after: Option<Place>,
    /// Entries at most, rolled-up prefixes included.
    pub(super) max: usize,
}

/// What is answered.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Arc<Version>>,
    pub(super) prefixes: Vec<String>,
    /// Where the next page goes on; `None` on the last.
    pub(super) next: Option<Place>,
}

/// Lists the objects whose latest version is no delete marker, in byte order of their keys.
pub(super) fn list(bucket: &Bucket, query: &Query) -> Page {
    let mut page = Page::default();
    let mut last = None;
    let mut from = match &query.after {
        Some(Place::Key(key)) if *key >= query.prefix => Bound::Excluded(key.clone()),
        Some(Place::Prefix(prefix)) if *prefix >= query.prefix => match past(prefix) {
            Some(next) => Bound::Included(next),
            None => return page,
        },
        _ => Bound::Included(query.prefix.clone()),
    };
    while let Some((key, versions)) = bucket.keys.range((from, Bound::Unbounded)).next() {
        let Some(rest) = key.strip_prefix(&query.prefix) else { break };
        let Some(version) = versions.last().filter(|version| version.content.is_some()) else {
            from = Bound::Excluded(key.clone());
            continue;
        };
        if page.objects.len() + page.prefixes.len() == query.max {
            page.next = last;
            break;
        }
        let rolled = if query.delimiter.is_empty() { None } else { rest.find(&query.delimiter) };
        if let Some(at) = rolled {
            let prefix = &key[..query.prefix.len() + at + query.delimiter.len()];
            last = Some(Place::Prefix(prefix.to_owned()));
            page.prefixes.push(prefix.to_owned());
            match past(prefix) {
                Some(next) => from = Bound::Included(next),
                None => break,
            }
        } else {
            last = Some(Place::Key(key.clone()));
            page.objects.push(Arc::clone(version));
            from = Bound::Excluded(key.clone());
        }
    }
    page
}

/// The least text that stands behind all that begin with this; `None` when there is none.
fn past(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            // Between these stand the surrogates, which are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

impl Place {
    /// As a continuation token.
    pub(super) fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(match self {
            Self::Key(key) => format!("k{key}"),
            Self::Prefix(prefix) => format!("p{prefix}"),
        })
    }

    /// Reads a token.
    pub(super) fn parse(token: &str) -> Result<Self> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.as_deref().unwrap_or_default();
        match (text.strip_prefix('k'), text.strip_prefix('p')) {
            (Some(key), _) => Ok(Self::Key(key.to_owned())),
            (_, Some(prefix)) => Ok(Self::Prefix(prefix.to_owned())),
            _ => Err(S3Error::invalid("the continuation token is not one of this server")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::s3::{
        disk::Content,
        store::{BucketSpec, Keys},
    };

    /// A bucket of these keys; the latest version of those with `true` is a delete marker.
    fn bucket(keys: &BTreeSet<(String, bool)>) -> Bucket {
        let spec = BucketSpec { name: "b".to_owned(), versioned: true, notifications: Vec::new() };
        let version = |key: &str, order, content| {
            Arc::new(Version { key: key.to_owned(), order, id: None, modified: 0, content })
        };
        let mut all = Keys::new();
        for (key, deleted) in keys {
            let held = all.entry(key.clone()).or_default();
            *held = vec![version(key, 1, Some(Content::default()))];
            held.extend(deleted.then(|| version(key, 2, None)));
        }
        Bucket { spec, keys: all }
    }

    /// What S3's reference says a listing holds, by looking at each key.
    fn expected(bucket: &Bucket, prefix: &str, delimiter: &str) -> BTreeSet<String> {
        let live = bucket.keys.iter().filter(|(_, versions)| versions.last().unwrap().content.is_some());
        let entry = |key: &String| {
            let rest = key.strip_prefix(prefix)?;
            let end = if delimiter.is_empty() { None } else { rest.find(delimiter) };
            Some(end.map_or(key.clone(), |end| key[..prefix.len() + end + delimiter.len()].to_owned()))
        };
        live.filter_map(|(key, _)| entry(key)).collect()
    }

    #[test]
    fn nothing_stands_behind_the_last_character() {
        assert_eq!(past("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(past("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(past("\u{10ffff}"), None);
        assert_eq!(past(""), None);
    }

    proptest! {
        #[test]
        fn pages_together_are_the_listing(
            keys in proptest::collection::btree_set(("[ab/é\u{10ffff}]{1,5}", any::<bool>()), 0..20),
            prefix in "[ab/]{0,2}",
            delimiter in "(|/|a/)",
            max in 1..5_usize,
        ) {
            let bucket = bucket(&keys);
            let mut query = Query { prefix: prefix.clone(), delimiter: delimiter.clone(), after: None, max };
            let mut found = Vec::new();
            loop {
                let page = list(&bucket, &query);
                prop_assert!(page.objects.len() + page.prefixes.len() <= max);
                let mut entries: Vec<_> = page.objects.iter().map(|version| version.key.clone()).collect();
                entries.extend(page.prefixes);
                entries.sort();
                found.extend(entries);
                let Some(next) = page.next else { break };
                query.after = Some(Place::parse(&next.token()).unwrap());
            }
            let expected: Vec<_> = expected(&bucket, &prefix, &delimiter).into_iter().collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_token_panics(token in "\\PC{0,20}") {
            let _ = Place::parse(&token);
        }
    }
}
