//! One message that many hosts share, put together from encoded parts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use model::Host;
use prost::Message;

use super::Output;
use crate::references::Tally;
use crate::resource::Encode;
use crate::{Reference, Resource, ResourceType};

/// A message that is one long repeated field, with little before and after it.
///
/// The bytes of all parts live in the body that was last assembled, and nowhere else; a part keeps only its
/// length in it. Assembling copies the stretches between parts that changed, so that one changed host among
/// 10,000 costs two long copies and a walk over lengths, no parsing and no allocation for other hosts.
pub(super) struct Assembly {
    resource_type: ResourceType,
    name: Arc<str>,
    /// The key of the repeated field on the wire.
    field: u8,
    head: Vec<u8>,
    tail: Vec<u8>,
    /// As last assembled; `None` while there is no such resource.
    body: Option<Bytes>,
    /// By host: the order in the message.
    parts: BTreeMap<Host, Part>,
    touched: BTreeSet<Host>,
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

/// One host's element of the repeated field.
#[derive(Default)]
struct Part {
    /// Its length in the body; zero when it is not there.
    length: usize,
    references: Box<[Reference]>,
    /// What the next assembly does to it.
    pending: Option<Box<Pending>>,
}

struct Pending {
    /// Its next bytes; none for a part that goes.
    bytes: Box<[u8]>,
    /// What the part in the body names.
    was: Box<[Reference]>,
}

impl Assembly {
    /// A message from the fields that stand before and after the repeated field, whose number is below 16.
    pub(super) fn new<M: Encode>(name: impl Into<Arc<str>>, head: &M, field: u8, tail: &M) -> Self {
        Self {
            resource_type: M::TYPE,
            name: name.into(),
            field: field << 3 | LENGTH_DELIMITED,
            head: head.encode_to_vec(),
            tail: tail.encode_to_vec(),
            body: None,
            parts: BTreeMap::new(),
            touched: BTreeSet::new(),
            references: Tally::default(),
            replaced: BTreeMap::new(),
        }
    }

    /// Puts the part of a host.
    pub(super) fn put<M: Message>(&mut self, host: &Host, part: &M, mut references: Vec<Reference>) {
        references.sort_unstable();
        references.dedup();
        let fragment = Fragment { bytes: self.encode(part), references: references.into() };
        self.change(host, fragment);
    }

    /// Takes the part of a host away.
    pub(super) fn remove(&mut self, host: &Host) {
        if self.parts.contains_key(host) {
            self.change(host, Fragment { bytes: Box::default(), references: Box::default() });
        }
    }

    /// Puts a part back that was replaced, or takes away what was not there.
    pub(super) fn restore(&mut self, host: &Host, before: Option<Fragment>) {
        match before {
            Some(fragment) => self.change(host, fragment),
            None => self.remove(host),
        }
    }

    /// The hosts whose parts changed with a flush, and what those were before.
    pub(super) fn take_replaced(&mut self) -> BTreeMap<Host, Option<Fragment>> {
        std::mem::take(&mut self.replaced)
    }

    /// The parts of some hosts, as they stand in the body: one walk for all of them.
    pub(super) fn fragments(&self, hosts: &BTreeSet<Host>) -> BTreeMap<Host, Fragment> {
        let mut found = BTreeMap::new();
        let body = self.body.as_deref().unwrap_or_default();
        let mut at = self.head.len();
        // A message of 5,000 chains is not walked for nothing.
        for (host, part) in self.parts.iter().filter(|_| !hosts.is_empty()) {
            if part.length > 0 && hosts.contains(host) {
                let references = part.pending.as_ref().map_or(&part.references, |pending| &pending.was);
                let bytes = body[at..at + part.length].into();
                found.insert(host.clone(), Fragment { bytes, references: references.clone() });
            }
            at += part.length;
        }
        found
    }

    fn change(&mut self, host: &Host, Fragment { bytes, references }: Fragment) {
        let part = self.parts.entry(host.clone()).or_default();
        // Added before the old ones go: what both name keeps its place in the tree.
        self.references.add(&references);
        self.references.subtract(&part.references);
        let was = std::mem::replace(&mut part.references, references);
        match &mut part.pending {
            Some(pending) => pending.bytes = bytes,
            None => part.pending = Some(Box::new(Pending { bytes, was })),
        }
        self.touched.insert(host.clone());
    }

    /// The hosts that have a part, sorted.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        let goes = |part: &Part| part.pending.as_ref().is_some_and(|pending| pending.bytes.is_empty());
        self.parts.iter().filter_map(move |(host, part)| (!goes(part)).then_some(host))
    }

    /// The resource, if its bytes changed. Without any part it is there, too.
    pub(super) fn flush(&mut self) -> Option<Output> {
        (self.body.is_none() || !self.touched.is_empty()).then(|| self.assemble())?
    }

    /// The same for a resource that is not there while no host has a part.
    pub(super) fn flush_unless_empty(&mut self) -> Option<Output> {
        if self.body.is_none() && self.hosts().next().is_none() {
            self.forget_dropped();
            return None;
        }
        let output = self.flush();
        if self.parts.is_empty() {
            self.body = None;
            return Some(Output::Remove(self.resource_type, self.name.clone()));
        }
        output
    }

    fn assemble(&mut self) -> Option<Output> {
        let old = self.body.clone().unwrap_or_default();
        let mut splice = Splice::new(&old, &self.head, self.tail.len() + self.growth());
        for (host, part) in &mut self.parts {
            let Some(pending) = part.pending.take() else {
                splice.keep(part.length);
                continue;
            };
            let Pending { bytes, was } = *pending;
            if let Some(before) = splice.replace(part.length, &bytes) {
                let fragment = || Fragment { bytes: before.into(), references: was };
                self.replaced.entry(host.clone()).or_insert((!before.is_empty()).then(fragment));
            }
            part.length = bytes.len();
        }
        let body = splice.finish(&self.tail);
        self.forget_dropped();
        let body = Bytes::from(body?);
        self.body = Some(body.clone());
        Some(Output::Set(self.resource(body)))
    }

    fn resource(&self, body: Bytes) -> Resource {
        let Self { resource_type, ref name, ref references, .. } = *self;
        Resource { resource_type, name: name.clone(), body, refs: references.references(), slow: false }
    }

    /// By how much the next body may be longer than the last one.
    fn growth(&self) -> usize {
        let pending = |host| self.parts.get(host)?.pending.as_ref();
        self.touched.iter().filter_map(pending).map(|pending| pending.bytes.len()).sum()
    }

    fn forget_dropped(&mut self) {
        for host in std::mem::take(&mut self.touched) {
            if self.parts.get(&host).is_some_and(|part| part.length == 0) {
                self.parts.remove(&host);
            }
        }
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

/// The wire type of messages and strings.
const LENGTH_DELIMITED: u8 = 2;

/// A new body, made of stretches of the old one and new parts.
struct Splice<'a> {
    old: &'a [u8],
    new: Vec<u8>,
    /// Where the stretch begins that is yet to be copied, and where it ends for now.
    from: usize,
    to: usize,
    changed: bool,
}

impl<'a> Splice<'a> {
    fn new(old: &'a [u8], head: &[u8], growth: usize) -> Self {
        let mut new = Vec::with_capacity(old.len() + head.len() + growth);
        new.extend_from_slice(head);
        let start = if old.is_empty() { 0 } else { head.len() };
        Self { old, new, from: start, to: start, changed: old.is_empty() }
    }

    /// Passes over a part that stays.
    fn keep(&mut self, length: usize) {
        self.to += length;
    }

    /// Passes over a part that changes; gives its old bytes if it really does.
    fn replace(&mut self, length: usize, bytes: &[u8]) -> Option<&'a [u8]> {
        let before = &self.old[self.to..self.to + length];
        self.copy();
        self.new.extend_from_slice(bytes);
        self.from += length;
        self.to = self.from;
        let differs = before != bytes;
        self.changed |= differs;
        differs.then_some(before)
    }

    fn copy(&mut self) {
        self.new.extend_from_slice(&self.old[self.from..self.to]);
        self.from = self.to;
    }

    /// The new body, if it differs from the old one.
    fn finish(mut self, tail: &[u8]) -> Option<Vec<u8>> {
        self.copy();
        self.new.extend_from_slice(tail);
        self.changed.then_some(self.new)
    }
}
