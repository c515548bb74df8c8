//! Things that are published, and those that are not any more but may have to come back.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::hash::make_room;

/// Things that are published, and those that may have to come back: a change that took them out of use can
/// still be rejected, and the form of a host that Envoy accepted last names them.
#[derive(Debug)]
pub(crate) struct Shelf<K, V> {
    published: HashMap<K, V, FixedState>,
    kept: HashMap<K, V, FixedState>,
    /// Keys of which it is not known whether they must be kept (any longer).
    doubtful: Vec<K>,
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self { published: HashMap::default(), kept: HashMap::default(), doubtful: vec![] }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Shelf<K, V> {
    /// Makes room for so many things that are published.
    pub(crate) fn make_room(&mut self, things: usize) {
        make_room(&mut self.published, things);
    }

    /// The keys of what is published, in any order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.published.keys()
    }

    /// What is published.
    pub(crate) fn published(&self, key: &K) -> Option<&V> {
        self.published.get(key)
    }

    /// What is published, or was before.
    pub(crate) fn last(&self, key: &K) -> Option<&V> {
        self.published.get(key).or_else(|| self.kept.get(key))
    }

    /// Takes a thing that is published from now on.
    pub(crate) fn publish(&mut self, key: &K, value: V) {
        self.kept.remove(key);
        self.published.insert(key.clone(), value);
    }

    /// A thing is not published any more. Gives it, and keeps it until [`settle`](Self::settle).
    pub(crate) fn withdraw(&mut self, key: &K) -> Option<&V> {
        let value = self.published.remove(key)?;
        self.doubtful.push(key.clone());
        Some(self.kept.entry(key.clone()).or_insert(value))
    }

    /// One reason to keep a thing is gone.
    pub(crate) fn doubt(&mut self, key: K) {
        self.doubtful.push(key);
    }

    /// Lets go of what cannot come back.
    pub(crate) fn settle(&mut self, can_come_back: impl Fn(&K) -> bool) {
        for key in std::mem::take(&mut self.doubtful) {
            if !can_come_back(&key) {
                self.kept.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_come_back_is_forgotten() {
        let mut shelf = Shelf::default();
        for (key, value) in [("a", 1), ("b", 2)] {
            shelf.publish(&key, value);
            assert_eq!(shelf.withdraw(&key), Some(&value));
        }
        shelf.settle(|key| *key == "a");
        assert_eq!((shelf.last(&"a"), shelf.last(&"b")), (Some(&1), None));
        assert_eq!(shelf.published(&"a"), None);
        shelf.doubt("a");
        shelf.settle(|_| false);
        assert_eq!(shelf.last(&"a"), None);
        assert!(shelf.doubtful.is_empty());
    }

    #[test]
    fn what_comes_back_is_published_alone() {
        let mut shelf = Shelf::default();
        shelf.publish(&"a", 1);
        assert_eq!(shelf.withdraw(&"b"), None);
        shelf.withdraw(&"a");
        shelf.publish(&"a", 2);
        shelf.settle(|_| false);
        assert_eq!(shelf.published(&"a"), Some(&2));
        assert!(shelf.kept.is_empty());
    }
}
