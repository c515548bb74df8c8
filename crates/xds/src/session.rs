//! One Envoy over all its streams: requests, configurations and time in, responses and observations out.
//!
//! A session has no IO and no clock. Each (stream, type) is a [`Channel`]; what may go on one channel is decided
//! by what all channels of the session have acknowledged (`gates`), so the order holds on one aggregated stream
//! and on separate streams alike.

mod answers;
mod channel;
mod gates;
mod hosts;
mod plan;
mod report;
mod requests;
mod resume;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use channel::Item;
use channel::{Channel, Pending};

use crate::discovery::{Node, Request, SemanticVersion};
use crate::fleet::FleetId;
use crate::observation::Observation;
use crate::rejection::Rejections;
use crate::resource::{Name, ResourceType, Version};
use crate::settings::{Moment, Settings};
use crate::snapshot::{Entry, Generation, Snapshot, Table};
use crate::wire::{self, Protocol, Response};

/// Names a stream within its session; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Which types a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them (ADS).
    Aggregated,
    /// One.
    Single(ResourceType),
}

/// What happens to a session.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "an input is handed over once and taken apart")]
pub enum Input {
    /// A stream was opened; its first request follows.
    Opened {
        /// The new stream.
        stream: StreamId,
        /// Its variant.
        protocol: Protocol,
        /// Its types.
        scope: Scope,
    },
    /// A request arrived.
    Request(StreamId, Request),
    /// A stream ended.
    Closed(StreamId),
    /// The fleet has a new configuration.
    Snapshot(Arc<Snapshot>),
    /// Time has passed.
    Tick,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this response.
    Send(StreamId, Response),
    /// End this stream; the session has forgotten it already.
    Close(StreamId, Close),
    /// Tell the rest of the program.
    Observe(Observation),
}

/// Why a stream is ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Close {
    /// The request cannot be understood.
    #[error("{0}")]
    InvalidArgument(String),
    /// One of the limits is reached.
    #[error("{0}")]
    ResourceExhausted(String),
    /// A newer stream of the same Envoy took over.
    #[error("a newer stream of this node took over")]
    Superseded,
    /// The Envoy has not answered for too long.
    #[error("no acknowledgement within the deadline")]
    Stuck,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    protocol: Protocol,
    scope: Scope,
}

/// A configuration that waits for the end of a burst.
#[derive(Debug)]
struct Burst {
    snapshot: Arc<Snapshot>,
    began: Moment,
    until: Moment,
}

#[derive(Clone, Debug, Default)]
struct Counters {
    acks: u64,
    nacks: u64,
    last_error: Option<String>,
}

/// One Envoy: (fleet, node id).
#[derive(Debug)]
pub struct Session {
    fleet: FleetId,
    node: Name,
    release: Option<SemanticVersion>,
    settings: Arc<Settings>,
    snapshot: Option<Arc<Snapshot>>,
    burst: Option<Burst>,
    last_change: Option<Moment>,
    streams: BTreeMap<StreamId, Stream>,
    /// In the order of delivery, then of the streams.
    channels: BTreeMap<(ResourceType, StreamId), Channel>,
    rejections: Rejections,
    counters: [Counters; 7],
    unknown_types: u64,
    /// Followers of what was sent, which nobody had asked for by then: a client that comes back may ask for its
    /// endpoints only after a changed cluster was sent, and still needs them again.
    owed: BTreeSet<(ResourceType, Name)>,
    last_nonce: u64,
    generation: Option<Generation>,
    wakeup: Option<Moment>,
    outputs: Vec<Output>,
}

impl Session {
    /// A session without streams. Nothing is answered before the first [`Input::Snapshot`].
    pub fn new(fleet: FleetId, node: &Node, settings: Arc<Settings>) -> Self {
        Self {
            fleet,
            node: node.id.as_str().into(),
            release: node.release(),
            settings,
            snapshot: None,
            burst: None,
            last_change: None,
            streams: BTreeMap::new(),
            channels: BTreeMap::new(),
            rejections: Rejections::default(),
            counters: Default::default(),
            unknown_types: 0,
            owed: BTreeSet::new(),
            last_nonce: 0,
            generation: None,
            wakeup: None,
            outputs: Vec::new(),
        }
    }

    /// The same, for an Envoy that was here before: what it rejected then is not offered again, unless it now
    /// runs another release.
    #[must_use]
    pub(crate) fn remembering(mut self, memory: Memory) -> Self {
        if memory.release == self.release {
            self.rejections = memory.rejections;
        }
        self
    }

    /// What must outlive the session's streams, if anything must.
    pub(crate) fn memory(&self) -> Option<Memory> {
        (!self.rejections.is_empty())
            .then(|| Memory { release: self.release, rejections: self.rejections.clone() })
    }

    /// Whether any stream is open.
    pub fn is_connected(&self) -> bool {
        !self.streams.is_empty()
    }

    /// When [`Input::Tick`] is needed at the latest.
    pub fn wakeup(&self) -> Option<Moment> {
        self.wakeup
    }

    /// Takes one input and returns what is to be done, in order. Never panics, whatever the requests hold.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Output> {
        match input {
            Input::Opened { stream, protocol, scope } => self.open(stream, Stream { protocol, scope }),
            Input::Request(stream, request) => self.request(now, stream, request),
            Input::Closed(stream) => self.forget_stream(stream),
            Input::Snapshot(snapshot) => self.offer(now, snapshot),
            Input::Tick => {}
        }
        self.end_burst(now);
        self.pump(now);
        std::mem::take(&mut self.outputs)
    }

    fn open(&mut self, id: StreamId, stream: Stream) {
        if self.streams.len() >= self.settings.streams_per_node {
            let limit = self.settings.streams_per_node;
            return self.outputs.push(Output::Close(
                id,
                Close::ResourceExhausted(format!("more than {limit} streams of this node")),
            ));
        }
        if self.streams.is_empty() {
            let (fleet, node) = self.identity();
            self.outputs.push(Output::Observe(Observation::Connected { fleet, node, release: self.release }));
        }
        let superseded: Vec<_> =
            self.streams.iter().filter(|(_, old)| stream.supersedes(old)).map(|(old, _)| *old).collect();
        self.streams.insert(id, stream);
        for old in superseded {
            self.close(old, Close::Superseded);
        }
    }

    fn close(&mut self, stream: StreamId, why: Close) {
        self.outputs.push(Output::Close(stream, why));
        self.forget_stream(stream);
    }

    fn forget_stream(&mut self, stream: StreamId) {
        if self.streams.remove(&stream).is_none() {
            return;
        }
        for kind in ResourceType::ALL {
            self.channels.remove(&(kind, stream));
        }
        if self.streams.is_empty() {
            self.generation = None;
            self.owed.clear();
            let (fleet, node) = self.identity();
            self.outputs.push(Output::Observe(Observation::Disconnected { fleet, node }));
        }
    }

    fn identity(&self) -> (FleetId, Name) {
        (self.fleet.clone(), Arc::clone(&self.node))
    }

    /// Takes a configuration at once when it comes alone, else when the burst is over.
    fn offer(&mut self, now: Moment, snapshot: Arc<Snapshot>) {
        let follows = self.last_change.is_some_and(|last| now.saturating_sub(last) < self.settings.burst_gap);
        self.last_change = Some(now);
        if self.burst.is_none() && (!follows || self.snapshot.is_none()) {
            return self.adopt(now, &snapshot);
        }
        let began = self.burst.as_ref().map_or(now, |burst| burst.began);
        let until = (now + self.settings.burst_gap).min(began + self.settings.burst_cap);
        self.burst = Some(Burst { snapshot, began, until });
    }

    fn end_burst(&mut self, now: Moment) {
        if let Some(burst) = self.burst.take_if(|burst| burst.until <= now) {
            self.adopt(now, &burst.snapshot);
        }
    }

    fn adopt(&mut self, now: Moment, snapshot: &Arc<Snapshot>) {
        match self.snapshot.replace(Arc::clone(snapshot)) {
            None => self.resume_all(now),
            Some(old) => {
                let pending = Pending::new(snapshot.generation(), now);
                for kind in ResourceType::ALL {
                    let changed = old.changed_names(snapshot, kind);
                    if !changed.is_empty() {
                        self.note_changes(snapshot, kind, &changed, &pending);
                    }
                }
            }
        }
    }

    fn note_changes(&mut self, snapshot: &Snapshot, kind: ResourceType, changed: &[Name], pending: &Pending) {
        for channel in self.of_kind_mut(kind) {
            let names: Vec<_> =
                changed.iter().flat_map(|changed| channel.names_of(snapshot, changed)).collect();
            for name in names {
                channel.note_change(snapshot, &name, pending);
            }
        }
    }

    fn of_kind(&self, kind: ResourceType) -> impl Iterator<Item = &Channel> {
        self.channels.range(range_of(kind)).map(|(_, channel)| channel)
    }

    fn of_kind_mut(&mut self, kind: ResourceType) -> impl Iterator<Item = &mut Channel> {
        self.channels.range_mut(range_of(kind)).map(|(_, channel)| channel)
    }

    /// The version of a full set of all that this Envoy is to have of a type.
    fn effective_digest(&self, snapshot: &Snapshot, kind: ResourceType) -> Version {
        match self.rejections.is_empty() {
            true => snapshot.digest(kind),
            false => wire::digest(self.effective_table(snapshot, kind).values()),
        }
    }

    /// What this Envoy is to have of a type: the configuration, with the last accepted version in place of what
    /// it rejected.
    fn effective_table(&self, snapshot: &Snapshot, kind: ResourceType) -> Table {
        let mut table = snapshot.table(kind).clone();
        for name in self.rejections.names(kind) {
            let rejected = table.get(name).is_some_and(|entry| self.rejections.contains(entry));
            match self.rejections.last_good(kind, name) {
                Some(good) if rejected => drop(table.insert(Arc::clone(name), Arc::clone(good))),
                None if rejected => drop(table.remove(name)),
                Some(_) | None => {}
            }
        }
        table
    }

    fn current(&self, kind: ResourceType, name: &str) -> Option<&Arc<Entry>> {
        self.snapshot.as_ref().and_then(|snapshot| snapshot.get(kind, name))
    }
}

fn range_of(kind: ResourceType) -> std::ops::RangeInclusive<(ResourceType, StreamId)> {
    (kind, StreamId(0))..=(kind, StreamId(u64::MAX))
}

impl Stream {
    /// The newest aggregated stream wins, and the newest stream of a type that Envoy asks for once. An
    /// Envoy without ADS opens a stream for each cluster's endpoints, each route table and each secret, two for
    /// one name while a cluster is replaced: those live side by side.
    fn supersedes(&self, old: &Stream) -> bool {
        match (self.scope, old.scope) {
            (Scope::Aggregated, Scope::Aggregated) => true,
            (Scope::Single(new), Scope::Single(old)) => {
                new == old && matches!(new, ResourceType::Listener | ResourceType::Cluster)
            }
            (Scope::Aggregated, Scope::Single(_)) | (Scope::Single(_), Scope::Aggregated) => false,
        }
    }
}

/// What is remembered of an Envoy that has gone.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    release: Option<SemanticVersion>,
    rejections: Rejections,
}
