//! Who read what: from each thing that was read to the units that read it, and back.
//!
//! Both sides are numbered, so that an edge costs eight bytes; numbers are used again.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::{Read, Unit};

/// Who read what.
#[derive(Debug, Default)]
pub(crate) struct Index {
    sources: Interner<Read>,
    units: Interner<Unit>,
}

impl Index {
    /// Replaces what a unit has read.
    pub(crate) fn record(&mut self, unit: &Unit, mut reads: Vec<Read>) {
        reads.sort_unstable();
        reads.dedup();
        let unit = self.units.intern(unit);
        let new: Box<[u32]> = reads.iter().map(|read| self.sources.intern(read)).collect();
        let old = std::mem::replace(&mut self.units.slot(unit).edges, new.to_vec());
        for source in &*new {
            if !old.contains(source) {
                self.sources.slot(*source).edges.push(unit);
            }
        }
        for source in old {
            if !new.contains(&source) {
                self.disconnect(source, unit);
            }
        }
    }

    /// Forgets a unit and all that it has read.
    pub(crate) fn forget(&mut self, unit: &Unit) {
        let Some(number) = self.units.find(unit) else { return };
        for source in std::mem::take(&mut self.units.slot(number).edges) {
            self.disconnect(source, number);
        }
        self.units.release(number);
    }

    /// The units that read something.
    pub(crate) fn readers(&self, read: &Read) -> impl Iterator<Item = &Unit> {
        let edges =
            self.sources.find(read).map(|source| self.sources.slots[source as usize].edges.as_slice());
        edges.unwrap_or_default().iter().filter_map(|unit| self.units.slots[*unit as usize].key.as_ref())
    }

    /// How many things are known to be read, and by how many units.
    #[cfg(test)]
    fn len(&self) -> (usize, usize) {
        (self.sources.table.len(), self.units.table.len())
    }

    fn disconnect(&mut self, source: u32, unit: u32) {
        let edges = &mut self.sources.slot(source).edges;
        edges.retain(|reader| *reader != unit);
        if edges.is_empty() {
            self.sources.release(source);
        }
    }
}

/// Numbers for keys; each key is kept once.
#[derive(Debug)]
struct Interner<K> {
    table: HashTable<u32>,
    slots: Vec<Slot<K>>,
    free: Vec<u32>,
    state: FixedState,
}

/// A numbered key and the numbers on the other side that it is connected to.
#[derive(Debug)]
struct Slot<K> {
    key: Option<K>,
    edges: Vec<u32>,
}

impl<K> Default for Interner<K> {
    fn default() -> Self {
        Self { table: HashTable::new(), slots: vec![], free: vec![], state: FixedState::default() }
    }
}

impl<K: Hash + Eq + Clone> Interner<K> {
    fn find(&self, key: &K) -> Option<u32> {
        let hash = self.state.hash_one(key);
        self.table.find(hash, |number| self.slots[*number as usize].key.as_ref() == Some(key)).copied()
    }

    fn intern(&mut self, key: &K) -> u32 {
        if let Some(number) = self.find(key) {
            return number;
        }
        let slot = Slot { key: Some(key.clone()), edges: Vec::new() };
        let number = if let Some(number) = self.free.pop() {
            self.slots[number as usize] = slot;
            number
        } else {
            self.slots.push(slot);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        };
        let (slots, state) = (&self.slots, &self.state);
        self.table.insert_unique(state.hash_one(key), number, |number| {
            state.hash_one(slots[*number as usize].key.as_ref().expect("only keys in use are in the table"))
        });
        number
    }

    fn release(&mut self, number: u32) {
        let Some(key) = self.slots[number as usize].key.take() else { return };
        if let Ok(entry) = self.table.find_entry(self.state.hash_one(&key), |other| *other == number) {
            entry.remove();
        }
        self.slots[number as usize].edges = Vec::new();
        self.free.push(number);
    }

    fn slot(&mut self, number: u32) -> &mut Slot<K> {
        &mut self.slots[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use model::{Host, Kind, ObjectId};

    use super::*;

    fn root(name: &str) -> Unit {
        Unit::Root(ObjectId::new(Kind::HttpProxy, "ns", name))
    }

    fn host(name: &str) -> Read {
        Read::RootsOfHost(Host::new(name))
    }

    fn readers(index: &Index, read: &Read) -> Vec<Unit> {
        let mut readers: Vec<_> = index.readers(read).cloned().collect();
        readers.sort();
        readers
    }

    #[test]
    fn a_unit_is_found_by_what_it_read_last() {
        let mut index = Index::default();
        index.record(&root("a"), vec![host("x"), host("y"), host("x")]);
        index.record(&root("b"), vec![host("y")]);
        assert_eq!(readers(&index, &host("y")), [root("a"), root("b")]);
        index.record(&root("a"), vec![host("z")]);
        assert_eq!(readers(&index, &host("x")), []);
        assert_eq!(readers(&index, &host("y")), [root("b")]);
        assert_eq!(readers(&index, &host("z")), [root("a")]);
    }

    #[test]
    fn what_nobody_reads_is_forgotten() {
        let mut index = Index::default();
        index.record(&root("a"), vec![host("x"), host("y")]);
        index.record(&root("b"), vec![host("y")]);
        index.forget(&root("a"));
        assert_eq!(index.len(), (1, 1));
        index.forget(&root("b"));
        assert_eq!(index.len(), (0, 0));
        index.record(&root("c"), vec![host("x")]);
        assert_eq!(readers(&index, &host("x")), [root("c")]);
    }
}
