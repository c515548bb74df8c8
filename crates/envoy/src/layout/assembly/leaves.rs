//! Encoded parts in the order of their hosts, in pieces that changes share.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;

use model::Host;
use rope::Piece;
use xxhash_rust::xxh3::xxh3_64;

use super::Fragment;
use crate::Reference;

/// How many parts one piece has on average: enough that pieces are few, few enough that to copy one is cheap.
/// Few where the code is checked, so that the small worlds of tests have many pieces.
const PARTS: u64 = if cfg!(debug_assertions) { 3 } else { 128 };

/// All parts, in leaves of one piece each.
///
/// The bytes of a part live in its leaf's piece, and nowhere else. A leaf begins where the *name* of a host
/// says so: the same hosts make the same pieces, whatever came and went before.
#[derive(Default)]
pub(super) struct Leaves {
    leaves: Vec<Leaf>,
    /// How many parts there are.
    parts: usize,
}

struct Leaf {
    piece: Piece,
    parts: Box<[Part]>,
}

/// One host's stretch of the piece.
struct Part {
    host: Host,
    length: usize,
    references: Box<[Reference]>,
}

/// A part that changed: whose it is, what it was, and what it names now.
pub(super) type Replaced = (Host, Option<Fragment>, Box<[Reference]>);

type OneChange = (Host, Option<Fragment>);
type Changes = BTreeMap<Host, Option<Fragment>>;

impl Leaves {
    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        self.parts
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.leaves.iter().map(|leaf| &leaf.piece)
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.leaves.iter().flat_map(|leaf| &leaf.parts).map(|part| &part.host)
    }

    /// The part of a host.
    pub(super) fn fragment(&self, host: &Host) -> Option<Fragment> {
        let leaf = self.leaves.get(self.place(host))?;
        let (part, bytes) = leaf.stretches().find(|(part, _)| part.host == *host)?;
        Some(part.fragment(bytes))
    }

    /// Puts parts and takes them away. Gives those that really changed, in order.
    pub(super) fn apply(&mut self, changes: Changes) -> Vec<Replaced> {
        let mut replaced = Vec::new();
        // From the end: the places of earlier leaves stay what they are.
        for (run, changes) in self.runs(changes).into_iter().rev() {
            let old: Vec<_> = self.leaves.drain(run.clone()).collect();
            let before = count(&old);
            let mut merge = Merge { new: Builder::default(), replaced: Vec::new() };
            merge.all(old, changes);
            let new = merge.new.finish();
            self.parts = self.parts + count(&new) - before;
            self.leaves.splice(run.start..run.start, new);
            replaced.extend(merge.replaced.into_iter().rev());
        }
        replaced.reverse();
        replaced
    }

    /// The changes by the leaves that they are made in, as runs of neighbours.
    fn runs(&self, changes: Changes) -> Vec<(Range<usize>, Changes)> {
        let mut runs: Vec<(Range<usize>, Changes)> = Vec::new();
        for (host, change) in changes {
            let leaves = self.touched(&host, change.is_none());
            match runs.last_mut() {
                Some((run, changes)) if leaves.start < run.end || leaves.is_empty() => {
                    run.end = run.end.max(leaves.end);
                    changes.insert(host, change);
                }
                Some(_) | None => runs.push((leaves, BTreeMap::from([(host, change)]))),
            }
        }
        runs
    }

    /// The leaf that a host belongs to; with the one before it when the leaf loses the host that it begins with.
    fn touched(&self, host: &Host, goes: bool) -> Range<usize> {
        let place = self.place(host);
        let is_first = self.leaves.get(place).is_some_and(|leaf| leaf.parts[0].host == *host);
        let first = if goes && is_first { place.saturating_sub(1) } else { place };
        first..self.leaves.len().min(place + 1)
    }

    /// The last leaf that begins at or before a host, or the first one.
    fn place(&self, host: &Host) -> usize {
        self.leaves.partition_point(|leaf| leaf.parts[0].host <= *host).saturating_sub(1)
    }
}

impl Leaf {
    /// The parts with their bytes.
    fn stretches(&self) -> impl Iterator<Item = (&Part, &[u8])> {
        let mut rest = &self.piece.bytes()[..];
        self.parts.iter().map(move |part| {
            let bytes;
            (bytes, rest) = rest.split_at(part.length);
            (part, bytes)
        })
    }
}

impl Part {
    fn fragment(&self, bytes: &[u8]) -> Fragment {
        Fragment { bytes: bytes.into(), references: self.references.clone() }
    }
}

/// Old leaves and changes, merged into new leaves.
struct Merge {
    new: Builder,
    replaced: Vec<Replaced>,
}

impl Merge {
    fn all(&mut self, old: Vec<Leaf>, changes: Changes) {
        let mut changes = changes.into_iter().peekable();
        for Leaf { piece, parts } in old {
            let mut rest = &piece.bytes()[..];
            for part in parts {
                let bytes;
                (bytes, rest) = rest.split_at(part.length);
                self.one(part, bytes, &mut changes);
            }
        }
        changes.for_each(|(host, change)| self.change(host, None, change));
    }

    fn one(&mut self, part: Part, bytes: &[u8], changes: &mut Peekable<impl Iterator<Item = OneChange>>) {
        match self.up_to(&part.host, changes) {
            None => self.new.push(part, bytes),
            Some(change) => self.change(part.host.clone(), Some(part.fragment(bytes)), change),
        }
    }

    /// Makes the changes of hosts before this one, and gives this one's own.
    fn up_to(
        &mut self,
        host: &Host,
        changes: &mut Peekable<impl Iterator<Item = OneChange>>,
    ) -> Option<Option<Fragment>> {
        loop {
            match changes.peek()?.0.cmp(host) {
                Ordering::Greater => return None,
                Ordering::Equal => return changes.next().map(|(_, change)| change),
                Ordering::Less => {
                    let (host, change) = changes.next()?;
                    self.change(host, None, change);
                }
            }
        }
    }

    fn change(&mut self, host: Host, before: Option<Fragment>, after: Option<Fragment>) {
        let differs = before != after;
        let mut references = Box::default();
        if let Some(Fragment { bytes, references: named }) = after {
            references = named;
            let part = Part { host: host.clone(), length: bytes.len(), references: references.clone() };
            self.new.push(part, &bytes);
        }
        if differs {
            self.replaced.push((host, before, references));
        }
    }
}

/// Leaves in the making.
#[derive(Default)]
struct Builder {
    leaves: Vec<Leaf>,
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

impl Builder {
    fn push(&mut self, part: Part, bytes: &[u8]) {
        if begins_leaf(&part.host) {
            self.close();
        }
        self.bytes.extend_from_slice(bytes);
        self.parts.push(part);
    }

    fn close(&mut self) {
        if self.parts.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes).into_boxed_slice();
        let parts = std::mem::take(&mut self.parts).into();
        self.leaves.push(Leaf { piece: bytes.into(), parts });
    }

    fn finish(mut self) -> Vec<Leaf> {
        self.close();
        self.leaves
    }
}

fn count(leaves: &[Leaf]) -> usize {
    leaves.iter().map(|leaf| leaf.parts.len()).sum()
}

/// Whether a leaf begins with this host, if there is a part of it.
fn begins_leaf(host: &Host) -> bool {
    xxh3_64(host.as_str().as_bytes()).is_multiple_of(PARTS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(text: &str) -> Fragment {
        Fragment { bytes: text.as_bytes().into(), references: Box::default() }
    }

    fn content(leaves: &Leaves) -> Vec<Vec<u8>> {
        leaves.pieces().map(|piece| piece.bytes().to_vec()).collect()
    }

    /// One of 2,000 hosts: some twenty leaves when all are there.
    fn host() -> impl Strategy<Value = Host> {
        (0..2_000_u32).prop_map(|number| Host::new(format!("h{number:04}")))
    }

    type Texts = BTreeMap<Host, Option<String>>;

    fn texts() -> impl Strategy<Value = Texts> {
        let text = prop_oneof![3 => Just(None), 7 => "[a-z]{1,4}".prop_map(Some)];
        prop::collection::btree_map(host(), text, 0..800)
    }

    fn changes(texts: Texts) -> Changes {
        texts.into_iter().map(|(host, text)| (host, text.map(|text| fragment(&text)))).collect()
    }

    proptest! {
        #[test]
        fn pieces_depend_on_what_is_there_not_on_how_it_came(history in prop::collection::vec(texts(), 1..6)) {
            let (mut leaves, mut world) = (Leaves::default(), Texts::new());
            for texts in history {
                let differs = |(host, new): &(&Host, &Option<String>)| {
                    world.get(*host).cloned().flatten() != **new
                };
                let expected: Vec<_> = texts.iter().filter(differs).map(|(host, _)| host.clone()).collect();
                world.extend(texts.clone());
                let replaced = leaves.apply(changes(texts));
                prop_assert_eq!(replaced.into_iter().map(|(host, ..)| host).collect::<Vec<_>>(), expected);
            }
            let mut fresh = Leaves::default();
            world.retain(|_, part| part.is_some());
            prop_assert_eq!(leaves.hosts().collect::<Vec<_>>(), world.keys().collect::<Vec<_>>());
            prop_assert_eq!(leaves.len(), world.len());
            fresh.apply(changes(world));
            prop_assert_eq!(content(&leaves), content(&fresh));
        }
    }

    #[test]
    fn one_change_copies_one_piece() {
        let mut leaves = Leaves::default();
        let host = |number: u32| Host::new(format!("h{number:05}"));
        leaves.apply((0..10_000).map(|number| (host(number), Some(fragment("some bytes")))).collect());
        let before: Vec<_> = leaves.pieces().map(|piece| piece.bytes().as_ptr()).collect();
        assert!(before.len() > 40, "{} pieces", before.len());
        let replaced = leaves.apply([(host(5_000), Some(fragment("others")))].into());
        let old: Vec<_> =
            replaced.into_iter().map(|(host, old, _)| (host, old.map(|old| old.bytes))).collect();
        assert_eq!(old, [(host(5_000), Some(fragment("some bytes").bytes))]);
        let after: Vec<_> = leaves.pieces().map(|piece| piece.bytes().as_ptr()).collect();
        assert_eq!(before.len(), after.len());
        assert_eq!(before.iter().zip(&after).filter(|(before, after)| before != after).count(), 1);
    }

    #[test]
    fn the_part_of_a_host_is_found_in_its_leaf() {
        let mut leaves = Leaves::default();
        let host = |number: u32| Host::new(format!("h{number:04}"));
        leaves.apply((0..1_000).map(|number| (host(number), Some(fragment(&number.to_string())))).collect());
        for number in 0..1_000 {
            let found = leaves.fragment(&host(number)).map(|fragment| fragment.bytes);
            assert_eq!(found.as_deref(), Some(number.to_string().as_bytes()));
        }
        assert!(leaves.fragment(&Host::new("a")).is_none());
    }
}
