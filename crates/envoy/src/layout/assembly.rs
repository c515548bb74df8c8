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
    /// What the hosts that changed with the last flush were before it.
    replaced: Vec<(Host, Option<Replaced>)>,
}

/// A part as it was: the bytes of its element, and what it named.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replaced {
    bytes: Box<[u8]>,
    references: Box<[Reference]>,
}

/// One host's element of the repeated field.
#[derive(Default)]
struct Part {
    /// Its length in the body; zero when it is not there.
    length: usize,
    references: Box<[Reference]>,
    /// What it named in the body, where that differs.
    named: Option<Box<[Reference]>>,
    pending: Pending,
}

/// What the next assembly does to a part.
#[derive(Default)]
enum Pending {
    #[default]
    Keep,
    Put(Box<[u8]>),
    Drop,
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
            replaced: vec![],
        }
    }

    /// Puts the part of a host.
    pub(super) fn put<M: Message>(&mut self, host: &Host, part: &M, mut references: Vec<Reference>) {
        references.sort_unstable();
        references.dedup();
        self.put_bytes(host, self.encode(part), references.into());
    }

    /// Puts back what a part was.
    pub(super) fn restore(&mut self, host: &Host, replaced: Option<Replaced>) {
        match replaced {
            Some(Replaced { bytes, references }) => self.put_bytes(host, bytes, references),
            None => self.remove(host),
        }
    }

    /// What the hosts that changed with the last flush were before it; once.
    pub(super) fn take_replaced(&mut self) -> Vec<(Host, Option<Replaced>)> {
        std::mem::take(&mut self.replaced)
    }

    fn put_bytes(&mut self, host: &Host, bytes: Box<[u8]>, references: Box<[Reference]>) {
        let place = self.parts.entry(host.clone()).or_default();
        // Added before the old ones go: what both name keeps its place in the tree.
        self.references.add(&references);
        self.references.subtract(&place.references);
        let named = std::mem::replace(&mut place.references, references);
        place.named.get_or_insert(named);
        place.pending = Pending::Put(bytes);
        self.touched.insert(host.clone());
    }

    /// Takes the part of a host away.
    pub(super) fn remove(&mut self, host: &Host) {
        let Some(part) = self.parts.get_mut(host) else { return };
        self.references.subtract(&part.references);
        let named = std::mem::take(&mut part.references);
        part.named.get_or_insert(named);
        part.pending = Pending::Drop;
        self.touched.insert(host.clone());
    }

    /// The hosts that have a part, sorted.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        let present = |(host, part): (_, &Part)| (!matches!(part.pending, Pending::Drop)).then_some(host);
        self.parts.iter().filter_map(present)
    }

    /// The resource, if its bytes changed. Without any part it is there, too.
    pub(super) fn flush(&mut self) -> Option<Output> {
        (self.body.is_none() || !self.touched.is_empty()).then(|| self.assemble())?
    }

    /// The same for a resource that is not there while no host has a part.
    pub(super) fn flush_unless_empty(&mut self) -> Option<Output> {
        if self.hosts().next().is_some() {
            return self.flush();
        }
        self.forget_all();
        self.body.take().map(|_| Output::Remove(self.resource_type, self.name.clone()))
    }

    /// All parts go, with the message that they were in.
    fn forget_all(&mut self) {
        let body = self.body.clone().unwrap_or_default();
        let mut splice = Splice::new(&body, &self.head, 0);
        for (host, mut part) in std::mem::take(&mut self.parts) {
            let bytes = splice.upcoming(part.length);
            let named = part.named.take().unwrap_or_default();
            let replaced = Replaced { bytes: bytes.into(), references: named };
            self.replaced.push((host, (!bytes.is_empty()).then_some(replaced)));
            splice.part(part.length, Pending::Keep);
        }
        self.touched.clear();
    }

    fn assemble(&mut self) -> Option<Output> {
        let old = self.body.clone().unwrap_or_default();
        let mut splice = Splice::new(&old, &self.head, self.tail.len() + self.growth());
        for (host, part) in &mut self.parts {
            let before = splice.upcoming(part.length);
            let pending = std::mem::take(&mut part.pending);
            if !matches!(pending, Pending::Keep) {
                let named = part.named.take().unwrap_or_default();
                let replaced = Replaced { bytes: before.into(), references: named };
                self.replaced.push((host.clone(), (!before.is_empty()).then_some(replaced)));
            }
            part.length = splice.part(part.length, pending);
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
        let pending = |host| match self.parts.get(host).map(|part| &part.pending) {
            Some(Pending::Put(bytes)) => bytes.len(),
            Some(Pending::Keep | Pending::Drop) | None => 0,
        };
        self.touched.iter().map(pending).sum()
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

    /// The old bytes of the next part.
    fn upcoming(&self, length: usize) -> &'a [u8] {
        &self.old[self.to..self.to + length]
    }

    /// Passes over one part, and gives its new length.
    fn part(&mut self, length: usize, pending: Pending) -> usize {
        match pending {
            Pending::Keep => {
                self.to += length;
                length
            }
            Pending::Put(bytes) => {
                self.replace(length, &bytes);
                bytes.len()
            }
            Pending::Drop => {
                self.replace(length, &[]);
                0
            }
        }
    }

    fn replace(&mut self, length: usize, bytes: &[u8]) {
        self.changed |= self.old[self.to..self.to + length] != *bytes;
        self.copy();
        self.new.extend_from_slice(bytes);
        self.from += length;
        self.to = self.from;
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
