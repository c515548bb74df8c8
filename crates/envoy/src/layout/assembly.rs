//! One message that many hosts share, put together from encoded parts.

mod leaves;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::Host;
use prost::Message;
use rope::{Piece, Rope};

use super::Output;
use crate::references::Tally;
use crate::resource::Encode;
use crate::{Reference, Resource, ResourceType};

use leaves::Leaves;

/// A message that is one long repeated field, with little before and after it.
///
/// Its body is a rope: one changed host among 100,000 costs the copy of the piece that it is in, the other
/// pieces are shared with the version before.
pub(super) struct Assembly {
    resource_type: ResourceType,
    name: Arc<str>,
    /// Whether what one host waits for must not hold up the others.
    is_shared: bool,
    /// The key of the repeated field on the wire.
    field: u8,
    head: Piece,
    parts: Leaves,
    tail: Piece,
    /// The digest of the body that was published last; none while there is no such resource.
    published: Option<u128>,
    /// Whether parts changed since then.
    has_absorbed: bool,
    /// What the next flush does.
    pending: BTreeMap<Host, Option<Fragment>>,
    references: Tally,
    /// What parts were before the first flush since [`take_replaced`](Self::take_replaced).
    replaced: BTreeMap<Host, Option<Fragment>>,
}

/// One host's element as it goes into the message, and what it names.
#[derive(Clone, PartialEq)]
pub(super) struct Fragment {
    bytes: Box<[u8]>,
    references: Box<[Reference]>,
}

impl Assembly {
    /// A message from the fields that stand before and after the repeated field, whose number is below 16.
    pub(super) fn new<M: Encode>(name: impl Into<Arc<str>>, head: &M, field: u8, tail: &M) -> Self {
        Self {
            resource_type: M::TYPE,
            name: name.into(),
            is_shared: true,
            field: field << 3 | LENGTH_DELIMITED,
            head: head.encode_to_vec().into(),
            parts: Leaves::default(),
            tail: tail.encode_to_vec().into(),
            published: None,
            has_absorbed: false,
            pending: BTreeMap::new(),
            references: Tally::default(),
            replaced: BTreeMap::new(),
        }
    }

    /// The same, which waits with all hosts for what one of them needs.
    pub(super) fn waiting(self) -> Self {
        Self { is_shared: false, ..self }
    }

    /// Puts the part of a host.
    pub(super) fn put<M: Message>(&mut self, host: &Host, part: &M, mut references: Vec<Reference>) {
        references.sort_unstable();
        references.dedup();
        let fragment = Fragment { bytes: self.encode(part), references: references.into() };
        self.restore(host, Some(fragment));
    }

    /// Takes the part of a host away.
    pub(super) fn remove(&mut self, host: &Host) {
        self.restore(host, None);
    }

    /// Puts a part back that was replaced, or takes away what was not there.
    pub(super) fn restore(&mut self, host: &Host, before: Option<Fragment>) {
        self.pending.insert(host.clone(), before);
        // What waits is in small pieces of memory, which are better used again than left between others.
        if self.pending.len() > FEW.max(self.parts.len() / 4) {
            self.absorb();
        }
    }

    /// The hosts whose parts changed with a flush, and what those were before.
    pub(super) fn take_replaced(&mut self) -> BTreeMap<Host, Option<Fragment>> {
        std::mem::take(&mut self.replaced)
    }

    /// The parts of some hosts, as they were flushed last.
    pub(super) fn fragments(&self, hosts: &BTreeSet<Host>) -> BTreeMap<Host, Fragment> {
        let found = |host: &Host| Some((host.clone(), self.parts.fragment(host)?));
        hosts.iter().filter_map(found).collect()
    }

    /// The hosts that have a part, sorted. Looks at all hosts: for rejections only.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        let mut hosts: BTreeSet<_> = self.parts.hosts().collect();
        for (host, change) in &self.pending {
            match change {
                Some(_) => hosts.insert(host),
                None => hosts.remove(host),
            };
        }
        hosts.into_iter()
    }

    /// The resource, if its bytes changed. Without any part it is there, too.
    pub(super) fn flush(&mut self) -> Option<Output> {
        if self.pending.is_empty() && !self.has_absorbed && self.published.is_some() {
            return None;
        }
        self.absorb();
        self.has_absorbed = false;
        let resource = self.resource();
        let digest = Some(resource.body.digest());
        (std::mem::replace(&mut self.published, digest) != digest).then_some(Output::Set(resource))
    }

    /// The same for a resource that is not there while no host has a part.
    pub(super) fn flush_unless_empty(&mut self) -> Option<Output> {
        self.absorb();
        if !self.parts.is_empty() {
            return self.flush();
        }
        self.withdraw()
    }

    /// Withdraws the resource, if it was published. Its parts stay.
    pub(super) fn withdraw(&mut self) -> Option<Output> {
        self.absorb();
        self.has_absorbed = false;
        self.published.take().map(|_| Output::Remove(self.resource_type, self.name.clone()))
    }

    /// Gives the resource another name, and other fields before and after the repeated one; withdraws it under the name
    /// that it had, if it was published.
    pub(super) fn rename<M: Encode>(
        &mut self,
        name: impl Into<Arc<str>>,
        head: &M,
        tail: &M,
    ) -> Option<Output> {
        let gone = self.withdraw();
        self.name = name.into();
        self.head = head.encode_to_vec().into();
        self.tail = tail.encode_to_vec().into();
        gone
    }

    /// Takes what waits into the parts.
    fn absorb(&mut self) {
        for (host, before, references) in self.parts.apply(std::mem::take(&mut self.pending)) {
            self.has_absorbed = true;
            // Added before the old ones go: what both name keeps its place in the tree.
            self.references.add(&references);
            self.references.subtract(before.as_ref().map_or(&[], |before| &before.references));
            self.replaced.entry(host).or_insert(before);
        }
    }

    fn resource(&self) -> Resource {
        let parts = self.parts.pieces().cloned();
        let body = Rope::of([self.head.clone()].into_iter().chain(parts).chain([self.tail.clone()]));
        let references = self.references.references();
        let resource = Resource::of(self.resource_type, self.name.clone(), body, references);
        Resource { is_shared: self.is_shared, ..resource }
    }

    fn encode<M: Message>(&self, part: &M) -> Box<[u8]> {
        let length = part.encoded_len();
        let mut bytes = Vec::with_capacity(1 + prost::length_delimiter_len(length) + length);
        bytes.push(self.field);
        prost::encode_length_delimiter(length, &mut bytes)
            .and_then(|()| part.encode(&mut bytes))
            .expect("a vector grows as needed");
        bytes.into_boxed_slice()
    }
}

/// How many changes may wait whatever the number of parts. Few where the code is checked, so that tests go beyond.
const FEW: usize = if cfg!(debug_assertions) { 3 } else { 1024 };

/// The wire type of messages and strings.
const LENGTH_DELIMITED: u8 = 2;
