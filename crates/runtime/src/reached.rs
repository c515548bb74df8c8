//! How far the connected Envoys have come.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use xds::Generation;

/// The connected Envoys, each with the generation that it has acknowledged. Knows the least of these without
/// looking at all: every acknowledgement of every Envoy asks for it.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    nodes: HashMap<Arc<str>, Option<Generation>>,
    /// How many have come just so far.
    counts: BTreeMap<Option<Generation>, usize>,
}

impl Reached {
    /// An Envoy is waited for, which has acknowledged nothing yet.
    pub(crate) fn insert(&mut self, node: Arc<str>) {
        if let Some(before) = self.nodes.insert(node, None) {
            self.uncount(before);
        }
        self.count(None);
    }

    /// Notes how far an Envoy has come, if it is waited for.
    pub(crate) fn advance(&mut self, node: &str, generation: Generation) {
        let Some(known) = self.nodes.get_mut(node) else { return };
        let before = known.replace(generation);
        self.uncount(before);
        self.count(Some(generation));
    }

    /// Forgets one that has gone.
    pub(crate) fn remove(&mut self, node: &str) {
        if let Some(before) = self.nodes.remove(node) {
            self.uncount(before);
        }
    }

    pub(crate) fn contains(&self, node: &str) -> bool {
        self.nodes.contains_key(node)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What all have acknowledged; `None` when one has acknowledged nothing, or nobody is connected.
    pub(crate) fn by_all(&self) -> Option<Generation> {
        self.counts.first_key_value().and_then(|(least, _)| *least)
    }

    fn count(&mut self, generation: Option<Generation>) {
        *self.counts.entry(generation).or_default() += 1;
    }

    fn uncount(&mut self, generation: Option<Generation>) {
        if let Some(count) = self.counts.get_mut(&generation) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&generation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_come_as_far_as_the_slowest() {
        let mut reached = Reached::default();
        assert_eq!((reached.by_all(), reached.len()), (None, 0));
        ["a", "b", "c"].into_iter().for_each(|node| reached.insert(node.into()));
        assert_eq!((reached.by_all(), reached.len()), (None, 3));
        for (node, generation) in [("a", 7), ("b", 5), ("c", 6), ("nobody", 1)] {
            reached.advance(node, Generation(generation));
        }
        assert_eq!((reached.by_all(), reached.len()), (Some(Generation(5)), 3));
        reached.advance("b", Generation(7));
        assert_eq!(reached.by_all(), Some(Generation(6)));
        reached.remove("c");
        reached.remove("d");
        assert_eq!((reached.by_all(), reached.len()), (Some(Generation(7)), 2));
        reached.insert("d".into());
        assert_eq!(reached.by_all(), None);
    }
}
