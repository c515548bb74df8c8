//! Who read what: from each thing that was read to the units that read it, and back.
//!
//! Both sides are numbered, so that an edge costs a few bytes; numbers are used again.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::{Source, Unit};

/// Who read what.
#[derive(Debug, Default)]
pub(crate) struct Index {
    sources: Interner<Source>,
    units: Interner<Unit>,
}

impl Index {
    /// Replaces what a unit has read.
    pub(crate) fn record(&mut self, unit: &Unit, mut reads: Vec<Source>) {
        if reads.is_empty() {
            return self.forget(unit);
        }
        reads.sort_unstable();
        reads.dedup();
        let unit = self.units.intern(unit);
        let mut new: Box<[u32]> = reads.iter().map(|read| self.sources.intern(read)).collect();
        // Sorted, so that it can be searched: what includes much reads much.
        new.sort_unstable();
        let old = self.units.slot(unit).edges.clone();
        if *old.as_slice() == *new {
            return;
        }
        self.units.slot(unit).edges = Edges::from(&*new);
        for source in &*new {
            if old.as_slice().binary_search(source).is_err() {
                self.sources.slot(*source).edges.push(unit);
            }
        }
        for source in old.as_slice() {
            if new.binary_search(source).is_err() {
                self.disconnect(*source, unit);
            }
        }
    }

    /// Makes room for so many units more, which read so many things that nobody reads yet.
    pub(crate) fn make_room(&mut self, units: usize, sources: usize) {
        self.units.make_room(units);
        self.sources.make_room(sources);
    }

    /// Forgets a unit and all that it has read.
    pub(crate) fn forget(&mut self, unit: &Unit) {
        let Some(number) = self.units.find(unit) else { return };
        for source in std::mem::take(&mut self.units.slot(number).edges).as_slice() {
            self.disconnect(*source, number);
        }
        self.units.release(number);
    }

    /// The units that read something.
    pub(crate) fn readers(&self, read: Source) -> impl Iterator<Item = &Unit> {
        let edges = self.sources.find(&read).map(|source| self.sources.slots.get(source).edges.as_slice());
        edges.unwrap_or_default().iter().filter_map(|unit| self.units.slots.get(*unit).key.as_ref())
    }

    /// How many things are known to be read, and by how many units.
    #[cfg(test)]
    fn len(&self) -> (usize, usize) {
        (self.sources.table.len(), self.units.table.len())
    }

    fn disconnect(&mut self, source: u32, unit: u32) {
        let edges = &mut self.sources.slot(source).edges;
        edges.remove(unit);
        if edges.as_slice().is_empty() {
            self.sources.release(source);
        }
    }
}

/// Numbers for keys; each key is kept once.
#[derive(Debug)]
struct Interner<K> {
    table: HashTable<u32>,
    slots: Pages<Slot<K>>,
    free: Vec<u32>,
    state: FixedState,
}

impl<K: Hash> Pages<Slot<K>> {
    fn hash(&self, number: u32, state: &FixedState) -> u64 {
        state.hash_one(self.get(number).key.as_ref().expect("only keys in use are in the table"))
    }
}

/// A numbered key and the numbers on the other side that it is connected to.
#[derive(Debug)]
struct Slot<K> {
    key: Option<K>,
    edges: Edges,
}

impl<K> Default for Interner<K> {
    fn default() -> Self {
        Self { table: HashTable::new(), slots: Pages::default(), free: vec![], state: FixedState::default() }
    }
}

impl<K: Hash + Eq + Clone> Interner<K> {
    fn find(&self, key: &K) -> Option<u32> {
        let hash = self.state.hash_one(key);
        self.table.find(hash, |number| self.slots.get(*number).key.as_ref() == Some(key)).copied()
    }

    fn intern(&mut self, key: &K) -> u32 {
        let Self { table, slots, free, state } = self;
        let is_key = |number: &u32| slots.get(*number).key.as_ref() == Some(key);
        match table.entry(state.hash_one(key), is_key, |number| slots.hash(*number, state)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let slot = Slot { key: Some(key.clone()), edges: Edges::None };
                let number = if let Some(number) = free.pop() {
                    *slots.get_mut(number) = slot;
                    number
                } else {
                    slots.push(slot)
                };
                place.insert(number);
                number
            }
        }
    }

    /// Makes room for so many keys more.
    fn make_room(&mut self, keys: usize) {
        let Self { table, slots, state, .. } = self;
        table.reserve(keys, |number| slots.hash(*number, state));
    }

    fn release(&mut self, number: u32) {
        let Some(key) = self.slots.get_mut(number).key.take() else { return };
        if let Ok(entry) = self.table.find_entry(self.state.hash_one(&key), |other| *other == number) {
            entry.remove();
        }
        self.slots.get_mut(number).edges = Edges::None;
        self.free.push(number);
    }

    fn slot(&mut self, number: u32) -> &mut Slot<K> {
        self.slots.get_mut(number)
    }
}

/// The numbers on the other side. Nearly everything is read by one unit: one number needs no list.
#[derive(Debug, Clone, Default)]
enum Edges {
    #[default]
    None,
    One(u32),
    /// Boxed: nearly all are one number, and there are many of them.
    Many(Box<Numbers>),
}

#[derive(Debug, Clone)]
struct Numbers(Vec<u32>);

impl Edges {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::None => &[],
            Self::One(number) => std::slice::from_ref(number),
            Self::Many(numbers) => &numbers.0,
        }
    }

    fn push(&mut self, number: u32) {
        match self {
            Self::None => *self = Self::One(number),
            Self::One(one) => *self = Self::from([*one, number].as_slice()),
            Self::Many(numbers) => numbers.0.push(number),
        }
    }

    fn remove(&mut self, number: u32) {
        match self {
            Self::One(one) if *one == number => *self = Self::None,
            Self::None | Self::One(_) => {}
            Self::Many(numbers) => {
                numbers.0.retain(|other| *other != number);
                if numbers.0.len() < 2 {
                    *self = Self::from(std::mem::take(&mut numbers.0).as_slice());
                }
            }
        }
    }
}

impl From<&[u32]> for Edges {
    fn from(numbers: &[u32]) -> Self {
        match numbers {
            [] => Self::None,
            [one] => Self::One(*one),
            many => Self::Many(Box::new(Numbers(many.to_vec()))),
        }
    }
}

/// A list that grows by pages: half of it is never empty, and nothing in it ever moves.
#[derive(Debug)]
struct Pages<T> {
    pages: Vec<Vec<T>>,
}

/// Entries on one page.
const PAGE: usize = 1024;

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: vec![] }
    }
}

impl<T> Pages<T> {
    fn get(&self, number: u32) -> &T {
        &self.pages[number as usize / PAGE][number as usize % PAGE]
    }

    fn get_mut(&mut self, number: u32) -> &mut T {
        &mut self.pages[number as usize / PAGE][number as usize % PAGE]
    }

    /// Adds an entry and gives its number.
    fn push(&mut self, entry: T) -> u32 {
        if self.pages.last().is_none_or(|page| page.len() == PAGE) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        let full = (self.pages.len() - 1) * PAGE;
        let Some(page) = self.pages.last_mut() else { return u32::MAX };
        page.push(entry);
        u32::try_from(full + page.len() - 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use model::{Kind, ObjectId};

    use super::*;
    use crate::Read;

    fn root(name: &str) -> Unit {
        Unit::Root(ObjectId::new(Kind::HttpProxy, "ns", name))
    }

    fn host(name: &str) -> Source {
        Read::RootsOfHost(name).into()
    }

    fn readers(index: &Index, read: Source) -> Vec<Unit> {
        let mut readers: Vec<_> = index.readers(read).cloned().collect();
        readers.sort();
        readers
    }

    #[test]
    fn a_unit_is_found_by_what_it_read_last() {
        let mut index = Index::default();
        index.record(&root("a"), vec![host("x"), host("y"), host("x")]);
        index.record(&root("b"), vec![host("y")]);
        assert_eq!(readers(&index, host("y")), [root("a"), root("b")]);
        index.record(&root("a"), vec![host("z")]);
        assert_eq!(readers(&index, host("x")), []);
        assert_eq!(readers(&index, host("y")), [root("b")]);
        assert_eq!(readers(&index, host("z")), [root("a")]);
    }

    #[test]
    fn what_is_read_after_other_things_is_found_by_them_no_more() {
        let mut index = Index::default();
        let names: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let reads = |names: &[String]| names.iter().map(|name| host(name)).collect::<Vec<_>>();
        index.record(&root("a"), reads(&names[40..60]));
        index.record(&root("b"), reads(&names));
        index.record(&root("b"), reads(&names[..50]));
        for (number, name) in names.iter().enumerate() {
            let expected =
                [(40..60, "a"), (0..50, "b")].into_iter().filter(|(reads, _)| reads.contains(&number));
            let expected: Vec<_> = expected.map(|(_, name)| root(name)).collect();
            assert_eq!(readers(&index, host(name)), expected, "{name}");
        }
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
        assert_eq!(readers(&index, host("x")), [root("c")]);
    }
}
