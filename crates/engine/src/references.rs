//! What is in use: how many others name a cluster, a Service's endpoints or a Secret.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::hash::make_room;

/// How often each key is named.
#[derive(Debug)]
pub(crate) struct References<K> {
    counts: HashMap<K, u32, FixedState>,
}

impl<K> Default for References<K> {
    fn default() -> Self {
        Self { counts: HashMap::default() }
    }
}

impl<K: Hash + Eq + Clone + Ord> References<K> {
    /// Makes room for so many keys.
    pub(crate) fn make_room(&mut self, keys: usize) {
        make_room(&mut self.counts, keys);
    }

    /// All keys that somebody names, in any order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.counts.keys()
    }

    /// Whether anybody names the key.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.counts.contains_key(key)
    }

    /// Takes one user's names from `old` to `new` (both sorted), and gives the keys that came into use or
    /// fell out of it.
    pub(crate) fn replace(&mut self, old: &[K], new: &[K]) -> Vec<K> {
        let mut flipped = Vec::new();
        for key in new.iter().filter(|key| old.binary_search(key).is_err()) {
            let count = self.counts.entry(key.clone()).or_default();
            *count += 1;
            if *count == 1 {
                flipped.push(key.clone());
            }
        }
        for key in old.iter().filter(|key| new.binary_search(key).is_err()) {
            let Some(count) = self.counts.get_mut(key) else { continue };
            *count -= 1;
            if *count == 0 {
                self.counts.remove(key);
                flipped.push(key.clone());
            }
        }
        flipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_and_the_last_user_flip_a_key() {
        let mut references = References::default();
        assert_eq!(references.replace(&[], &["a", "b"]), ["a", "b"]);
        assert!(references.replace(&[], &["b"]).is_empty());
        assert_eq!(references.replace(&["a", "b"], &["b"]), ["a"]);
        assert!(references.replace(&["b"], &[]).is_empty());
        assert!(references.contains(&"b"));
        assert_eq!(references.replace(&["b"], &[]), ["b"]);
    }
}
