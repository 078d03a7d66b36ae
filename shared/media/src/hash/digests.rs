//! A few digests of one file, in little memory: rolls have a million files.

use std::{iter, ops::Index, slice, vec};

use super::Algorithm;

/// Digests as text, each in the form that ASC MHL writes it (lower-case hexadecimal, except for C4); one for each algorithm,
/// and in the order of [`Algorithm`].
///
/// A map in all but its memory: it holds a handful of entries, mostly one, and takes no more room than they need (a
/// `BTreeMap` begins with room for eleven).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digests(Vec<Entry>);

type Entry = (Algorithm, String);

impl Digests {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The digest of this algorithm.
    pub fn get(&self, algorithm: &Algorithm) -> Option<&String> {
        self.place(*algorithm).ok().map(|at| &self.0[at].1)
    }

    /// Whether there is a digest of this algorithm.
    pub fn contains_key(&self, algorithm: &Algorithm) -> bool {
        self.place(*algorithm).is_ok()
    }

    /// Sets a digest. Answers the one that was there before.
    pub fn insert(&mut self, algorithm: Algorithm, text: String) -> Option<String> {
        match self.place(algorithm) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, text)),
            Err(at) => {
                self.add(at, algorithm, text);
                None
            }
        }
    }

    /// Sets a digest where there is none of its algorithm.
    pub fn insert_first(&mut self, algorithm: Algorithm, text: String) {
        if let Err(at) = self.place(algorithm) {
            self.add(at, algorithm, text);
        }
    }

    /// Takes a digest out.
    pub fn remove(&mut self, algorithm: &Algorithm) -> Option<String> {
        self.place(*algorithm).ok().map(|at| self.0.remove(at).1)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in the order of their algorithms.
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// Their algorithms, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Algorithm> {
        self.0.iter().map(|(algorithm, _)| algorithm)
    }

    fn place(&self, algorithm: Algorithm) -> Result<usize, usize> {
        self.0.binary_search_by_key(&algorithm, |(known, _)| *known)
    }

    fn add(&mut self, at: usize, algorithm: Algorithm, text: String) {
        // No room for more than there is: the next one may never come.
        self.0.reserve_exact(1);
        self.0.insert(at, (algorithm, text));
    }
}

impl<'a> IntoIterator for &'a Digests {
    type Item = (&'a Algorithm, &'a String);
    type IntoIter = iter::Map<slice::Iter<'a, Entry>, fn(&'a Entry) -> Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(algorithm, text)| (algorithm, text))
    }
}

impl IntoIterator for Digests {
    type Item = (Algorithm, String);
    type IntoIter = vec::IntoIter<(Algorithm, String)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<(Algorithm, String)> for Digests {
    fn extend<I: IntoIterator<Item = (Algorithm, String)>>(&mut self, more: I) {
        for (algorithm, text) in more {
            self.insert(algorithm, text);
        }
    }
}

impl FromIterator<(Algorithm, String)> for Digests {
    fn from_iter<I: IntoIterator<Item = (Algorithm, String)>>(all: I) -> Self {
        let mut digests = Self::new();
        digests.extend(all);
        digests
    }
}

impl<const N: usize> From<[(Algorithm, String); N]> for Digests {
    fn from(all: [(Algorithm, String); N]) -> Self {
        all.into_iter().collect()
    }
}

impl Index<&Algorithm> for Digests {
    type Output = String;

    /// # Panics
    /// When there is no digest of this algorithm.
    fn index(&self, algorithm: &Algorithm) -> &String {
        self.get(algorithm).expect("a digest of this algorithm")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_digest_takes_the_room_of_one() {
        let mut digests = Digests::from([(Algorithm::Md5, "a".to_owned())]);
        assert_eq!(digests.0.capacity(), 1);
        digests.insert(Algorithm::C4, "b".to_owned());
        assert_eq!(digests.0.capacity(), 2);
    }

    proptest! {
        #[test]
        fn it_is_the_map_that_it_stands_for(
            steps in proptest::collection::vec((0u8..4, proptest::sample::select(Algorithm::ALL.to_vec()), "[ab]"), 0..40)
        ) {
            let (mut ours, mut map) = (Digests::new(), BTreeMap::new());
            for (step, algorithm, text) in steps {
                match step {
                    0 => prop_assert_eq!(ours.insert(algorithm, text.clone()), map.insert(algorithm, text)),
                    1 => prop_assert_eq!(ours.remove(&algorithm), map.remove(&algorithm)),
                    2 => {
                        ours.insert_first(algorithm, text.clone());
                        map.entry(algorithm).or_insert(text);
                    }
                    _ => ours.extend([(algorithm, text.clone())].into_iter().inspect(|_| drop(map.insert(algorithm, text.clone())))),
                }
                prop_assert_eq!((ours.get(&algorithm), ours.contains_key(&algorithm)), (map.get(&algorithm), map.contains_key(&algorithm)));
                prop_assert_eq!((ours.len(), ours.is_empty()), (map.len(), map.is_empty()));
                prop_assert!(ours.iter().eq(map.iter()) && ours.keys().eq(map.keys()));
            }
            prop_assert_eq!(&map.clone().into_iter().collect::<Digests>(), &ours);
            prop_assert!(ours.into_iter().eq(map));
        }
    }
}
