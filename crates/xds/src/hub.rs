//! The configurations of all fleets and the sessions of all connected Envoys.

mod clock;
mod connected;
mod member;
mod shown;
mod traffic;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use clock::Clock;
use connected::Connected;
pub(crate) use connected::{Failed, Opening, Outgoing};
pub(crate) use member::Member;
pub(crate) use shown::Ends;
use traffic::Meter;
pub use traffic::Traffic;

use crate::discovery::Node;
use crate::fleet::FleetId;
use crate::observation::{NodeStatus, Observation};
use crate::resource::{Name, ResourceType, Update};
use crate::session::{Memory, Session, StreamId};
use crate::settings::{Moment, Settings};
use crate::snapshot::{Generation, Snapshot};
use crate::wire::Encoder;

/// Envoys that are remembered after they left, because they rejected something.
const MEMORIES: usize = 1_000;

/// Where configurations are published and Envoys meet them.
#[derive(Debug)]
pub struct Hub {
    settings: Arc<Settings>,
    encoder: Encoder,
    began: Instant,
    last_stream: AtomicU64,
    observations: mpsc::UnboundedSender<Observation>,
    fleets: Mutex<BTreeMap<FleetId, Fleet>>,
    meter: Meter,
    ends: Ends,
}

#[derive(Debug)]
struct Fleet {
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    nodes: BTreeMap<Name, Present>,
    memories: BTreeMap<Name, Memory>,
    /// The last configuration before the fleet was retired.
    retired: Generation,
}

/// A connected Envoy on the list.
#[derive(Debug)]
struct Present {
    connected: Arc<Connected>,
    /// Runs the clock as long as the Envoy is on the list, once the stream has ended that ran it.
    clock: Option<AbortOnDropHandle<Failed>>,
}

/// How far the connected Envoys of a fleet have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Connected Envoys.
    pub connected: usize,
    /// Those that have reached the generation in question.
    pub reached: usize,
}

impl Progress {
    /// At least one Envoy is connected and all connected ones have come so far.
    pub fn is_complete(self) -> bool {
        self.connected > 0 && self.reached == self.connected
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            snapshots: watch::Sender::new(None),
            nodes: BTreeMap::new(),
            memories: BTreeMap::new(),
            retired: Generation::default(),
        }
    }
}

impl Hub {
    /// A hub without configurations, and what its sessions will tell.
    pub fn new(settings: Settings) -> (Arc<Self>, mpsc::UnboundedReceiver<Observation>) {
        let (observations, observed) = mpsc::unbounded_channel();
        let hub = Self {
            settings: Arc::new(settings),
            encoder: Encoder::default(),
            began: Instant::now(),
            last_stream: AtomicU64::new(0),
            observations,
            fleets: Mutex::default(),
            meter: Meter::default(),
            ends: Ends::default(),
        };
        (Arc::new(hub), observed)
    }

    /// Changes the configuration of a fleet, and makes it known to its Envoys.
    ///
    /// The first call for a fleet must bring its complete configuration, however small: Envoys that came before
    /// are answered only then. An update without effect wakes nobody and returns the present generation.
    pub fn publish(&self, fleet: &FleetId, update: Update) -> Generation {
        let mut fleets = self.fleets();
        let fleet = fleets.entry(fleet.clone()).or_default();
        let old = fleet.snapshots.borrow().clone();
        let old = old.unwrap_or_else(|| Arc::new(Snapshot::empty_after(fleet.retired)));
        match old.apply(update) {
            None => old.generation(),
            Some(new) => {
                let generation = new.generation();
                fleet.snapshots.send_replace(Some(Arc::new(new)));
                fleet.nodes.values().for_each(|node| node.connected.call());
                generation
            }
        }
    }

    /// The configuration of a fleet, once it is complete.
    pub fn snapshot(&self, fleet: &FleetId) -> Option<Arc<Snapshot>> {
        self.fleets().get(fleet).and_then(|fleet| fleet.snapshots.borrow().clone())
    }

    /// Forgets the configuration of a fleet that is no more. Its Envoys keep what they have; those that connect
    /// are not answered until something is published again.
    pub fn retire(&self, fleet: &FleetId) {
        let mut fleets = self.fleets();
        if let Some(fleet) = fleets.get_mut(fleet)
            && let Some(last) = fleet.snapshots.send_replace(None)
        {
            fleet.retired = last.generation();
        }
        fleets.retain(|_, fleet| fleet.snapshots.borrow().is_some() || !fleet.nodes.is_empty());
    }

    /// All connected Envoys, by fleet and node id.
    pub fn status(&self) -> Vec<NodeStatus> {
        let connected: Vec<_> = {
            let fleets = self.fleets();
            let nodes = fleets.values().flat_map(|fleet| fleet.nodes.values());
            nodes.map(|node| Arc::clone(&node.connected)).collect()
        };
        let now = self.now();
        connected.iter().map(|node| node.with_session(|session| session.status(now))).collect()
    }

    /// When the first of the certificates expires that connected Envoys of the default fleet have shown, in unix
    /// seconds; `None` without such Envoys, and without TLS. Those of Gateways are not looked at: who makes them
    /// renews them.
    pub fn earliest_client_expiry(&self) -> Option<i64> {
        self.ends.earliest()
    }

    pub(crate) fn ends(&self) -> &Ends {
        &self.ends
    }

    /// A request of this type, or of a type that nobody knows, was received.
    pub(crate) fn received(&self, resource_type: Option<ResourceType>, bytes: usize) {
        if let Some(resource_type) = resource_type {
            self.meter.received(resource_type, bytes);
        }
    }

    /// What was asked and sent of each type, and what Envoys said to it.
    pub fn traffic(&self) -> Vec<Traffic> {
        let fleets = self.fleets();
        let mut traffic = ResourceType::ALL.map(|resource_type| self.meter.read(resource_type)).to_vec();
        for node in fleets.values().flat_map(|fleet| fleet.nodes.values()) {
            for each in &mut traffic {
                let (acks, nacks) =
                    node.connected.with_session(|session| session.answers(each.resource_type));
                each.acks += acks;
                each.nacks += nacks;
            }
        }
        traffic
    }

    /// How many connected Envoys of a fleet have acknowledged a generation.
    pub fn progress(&self, fleet: &FleetId, generation: Generation) -> Progress {
        let fleets = self.fleets();
        let nodes = fleets.get(fleet).into_iter().flat_map(|fleet| fleet.nodes.values());
        let reached = nodes.map(|node| node.connected.with_session(Session::generation));
        let reached: Vec<_> = reached.map(|reached| reached.is_some_and(|g| g >= generation)).collect();
        Progress { connected: reached.len(), reached: reached.iter().filter(|r| **r).count() }
    }

    /// The limits and periods.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    pub(crate) fn sent(&self, resource_type: ResourceType, bytes: usize) {
        self.meter.sent(resource_type, bytes);
    }

    pub(crate) fn now(&self) -> Moment {
        self.began.elapsed()
    }

    pub(crate) fn at(&self, moment: Moment) -> Instant {
        self.began + moment
    }

    pub(crate) fn observe(&self, observation: Observation) {
        tracing::debug!(?observation, "xds session");
        // Nobody listens during shutdown only.
        let _ = self.observations.send(observation);
    }

    /// Opens a stream in the session of its Envoy. The session is made when this is its first stream, which then runs
    /// its clock, so that a change wakes no task but that of the connection.
    pub(crate) fn join(
        self: &Arc<Self>,
        fleet: &FleetId,
        node: &Node,
        opening: Opening,
    ) -> (Member, Option<Clock>) {
        let stream = StreamId(self.last_stream.fetch_add(1, Ordering::Relaxed) + 1);
        let mut fleets = self.fleets();
        let known = fleets.entry(fleet.clone()).or_default();
        let name: Name = node.id.as_str().into();
        let present = match known.nodes.get(&name) {
            Some(present) if !present.connected.has_failed() => Some(Arc::clone(&present.connected)),
            Some(_) | None => None,
        };
        let is_first = present.is_none();
        let connected = present.unwrap_or_else(|| self.connect(known, fleet, node));
        connected.open(self, stream, opening);
        let clock = is_first
            .then(|| Clock::new(Arc::clone(self), Arc::clone(&connected), known.snapshots.subscribe()));
        let hub = Arc::clone(self);
        (Member { hub, connected, fleet: fleet.clone(), node: name, stream, runs_clock: is_first }, clock)
    }

    fn connect(&self, known: &mut Fleet, fleet: &FleetId, node: &Node) -> Arc<Connected> {
        let mut session = Session::new(fleet.clone(), node, Arc::clone(&self.settings));
        if let Some(memory) = known.memories.remove(node.id.as_str()) {
            session = session.remembering(memory);
        }
        let connected = Arc::new(Connected::new(session));
        let present = Present { connected: Arc::clone(&connected), clock: None };
        known.nodes.insert(node.id.as_str().into(), present);
        connected
    }

    /// Takes an Envoy off the list if no stream of it is left, else sees to its clock. The list stays locked meanwhile,
    /// so that none joins unseen.
    fn leave(self: &Arc<Self>, member: &Member) {
        let mut fleets = self.fleets();
        let Some(known) = fleets.get_mut(&member.fleet) else { return };
        let (node, connected) = (&member.node, &member.connected);
        let listed = known.nodes.get(node).is_some_and(|present| Arc::ptr_eq(&present.connected, connected));
        if !listed {
            return;
        }
        if !connected.is_over() {
            if member.runs_clock {
                self.run_clock_apart(known, node);
            }
            return;
        }
        known.nodes.remove(node);
        connected.with_session(|session| self.meter.gone(session));
        if let Some(memory) = connected.with_session(Session::memory) {
            known.remember(node, memory);
        }
    }

    fn run_clock_apart(self: &Arc<Self>, known: &mut Fleet, node: &Name) {
        // Without a runtime the program ends, and with it all streams.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Fleet { nodes, snapshots, .. } = known;
        let Some(present) = nodes.get_mut(node) else { return };
        let clock = Clock::new(Arc::clone(self), Arc::clone(&present.connected), snapshots.subscribe());
        present.clock = Some(AbortOnDropHandle::new(runtime.spawn(clock.run())));
    }

    fn fleets(&self) -> MutexGuard<'_, BTreeMap<FleetId, Fleet>> {
        self.fleets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fleet {
    fn remember(&mut self, node: &Name, memory: Memory) {
        if self.memories.len() >= MEMORIES {
            self.memories.pop_first();
        }
        self.memories.insert(Arc::clone(node), memory);
    }
}
