//! Something for each of a few algorithms, in little memory: rolls have a million files.

use std::{iter, ops::Index, slice, vec};

use super::Algorithm;

/// At most one value for each algorithm, in the order of [`Algorithm`].
///
/// A map in all but its memory: it holds a handful of entries, mostly one, and takes no more room than they need (a
/// `BTreeMap` begins with room for eleven).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByAlgorithm<T>(Vec<(Algorithm, T)>);

impl<T> ByAlgorithm<T> {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What this algorithm has.
    pub fn get(&self, algorithm: &Algorithm) -> Option<&T> {
        self.place(*algorithm).ok().map(|at| &self.0[at].1)
    }

    /// Whether this algorithm has something.
    pub fn contains_key(&self, algorithm: &Algorithm) -> bool {
        self.place(*algorithm).is_ok()
    }

    /// Sets what an algorithm has. Answers what it had before.
    pub fn insert(&mut self, algorithm: Algorithm, value: T) -> Option<T> {
        match self.place(algorithm) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.add(at, algorithm, value);
                None
            }
        }
    }

    /// Sets what an algorithm has, where it has nothing.
    pub fn insert_first(&mut self, algorithm: Algorithm, value: T) {
        if let Err(at) = self.place(algorithm) {
            self.add(at, algorithm, value);
        }
    }

    /// Takes out what an algorithm has.
    pub fn remove(&mut self, algorithm: &Algorithm) -> Option<T> {
        self.place(*algorithm).ok().map(|at| self.0.remove(at).1)
    }

    /// How many algorithms have something.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in the order of their algorithms.
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// The algorithms that have something, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Algorithm> {
        self.0.iter().map(|(algorithm, _)| algorithm)
    }

    /// What they have, in the order of their algorithms.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    fn place(&self, algorithm: Algorithm) -> Result<usize, usize> {
        self.0.binary_search_by_key(&algorithm, |(known, _)| *known)
    }

    fn add(&mut self, at: usize, algorithm: Algorithm, value: T) {
        // No room for more than there is: the next one may never come.
        self.0.reserve_exact(1);
        self.0.insert(at, (algorithm, value));
    }
}

impl<T> Default for ByAlgorithm<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T> IntoIterator for &'a ByAlgorithm<T> {
    type Item = (&'a Algorithm, &'a T);
    type IntoIter = iter::Map<slice::Iter<'a, (Algorithm, T)>, fn(&'a (Algorithm, T)) -> Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(algorithm, value)| (algorithm, value))
    }
}

impl<T> IntoIterator for ByAlgorithm<T> {
    type Item = (Algorithm, T);
    type IntoIter = vec::IntoIter<(Algorithm, T)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> Extend<(Algorithm, T)> for ByAlgorithm<T> {
    fn extend<I: IntoIterator<Item = (Algorithm, T)>>(&mut self, more: I) {
        for (algorithm, value) in more {
            self.insert(algorithm, value);
        }
    }
}

impl<T> FromIterator<(Algorithm, T)> for ByAlgorithm<T> {
    fn from_iter<I: IntoIterator<Item = (Algorithm, T)>>(all: I) -> Self {
        let mut values = Self::new();
        values.extend(all);
        values
    }
}

impl<T, const N: usize> From<[(Algorithm, T); N]> for ByAlgorithm<T> {
    fn from(all: [(Algorithm, T); N]) -> Self {
        all.into_iter().collect()
    }
}

impl<T> Index<&Algorithm> for ByAlgorithm<T> {
    type Output = T;

    /// # Panics
    /// When there is none for this algorithm.
    fn index(&self, algorithm: &Algorithm) -> &T {
        self.get(algorithm).expect("a value for this algorithm")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_value_takes_the_room_of_one() {
        let mut values = ByAlgorithm::from([(Algorithm::Md5, "a".to_owned())]);
        assert_eq!(values.0.capacity(), 1);
        values.insert(Algorithm::C4, "b".to_owned());
        assert_eq!(values.0.capacity(), 2);
    }

    proptest! {
        #[test]
        fn it_is_the_map_that_it_stands_for(
            steps in proptest::collection::vec((0u8..4, proptest::sample::select(Algorithm::ALL.to_vec()), "[ab]"), 0..40)
        ) {
            let (mut ours, mut map) = (ByAlgorithm::new(), BTreeMap::new());
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
                prop_assert!(ours.iter().eq(map.iter()) && ours.keys().eq(map.keys()) && ours.values().eq(map.values()));
            }
            prop_assert_eq!(&map.clone().into_iter().collect::<ByAlgorithm<_>>(), &ours);
            prop_assert!(ours.into_iter().eq(map));
        }
    }
}
