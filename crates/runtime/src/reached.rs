//! How far the connected Envoys have come.

use std::collections::BTreeMap;
use std::sync::Arc;

use xds::Generation;

/// The connected Envoys, each with the generation that it has acknowledged. Knows the least of these without
/// looking at all: every acknowledgement of every Envoy asks for it.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    nodes: BTreeMap<Arc<str>, Option<Generation>>,
    /// How many have come just so far.
    counts: BTreeMap<Option<Generation>, usize>,
}

impl Reached {
    /// Notes how far an Envoy has come.
    pub(crate) fn insert(&mut self, node: Arc<str>, generation: Option<Generation>) {
        let before = self.nodes.insert(node, generation);
        *self.counts.entry(generation).or_default() += 1;
        self.uncount(before);
    }

    /// Forgets one that has gone.
    pub(crate) fn remove(&mut self, node: &str) {
        let before = self.nodes.remove(node);
        self.uncount(before);
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

    fn uncount(&mut self, generation: Option<Option<Generation>>) {
        let Some(generation) = generation else { return };
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
        for (node, generation) in [("a", Some(7)), ("b", Some(5)), ("c", None), ("c", Some(6))] {
            reached.insert(node.into(), generation.map(Generation));
        }
        assert_eq!((reached.by_all(), reached.len()), (Some(Generation(5)), 3));
        reached.insert("b".into(), Some(Generation(7)));
        assert_eq!(reached.by_all(), Some(Generation(6)));
        reached.remove("c");
        reached.remove("d");
        assert_eq!((reached.by_all(), reached.len()), (Some(Generation(7)), 2));
        reached.insert("d".into(), None);
        assert_eq!(reached.by_all(), None);
    }
}
