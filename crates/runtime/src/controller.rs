//! The task that owns the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use engine::{Effect, Engine, Event, Publication, Rejection};
use envoy::{Layout, XdsMode};
use model::{Listener, ObjectId, Report, Settings, VirtualHost, VirtualHostKey};
use store::Change;
use tokio::sync::{mpsc, oneshot};
use xds::{FleetId, HeldResource, Hub, NodeStatus, Observation, OnDemandSecrets};

use crate::convert;
use crate::fleet::Fleet;
use crate::ledger::{Ledger, Times};
use crate::notice::{Notice, Published};

/// What the controller is told from outside.
#[derive(Debug)]
pub enum Input {
    /// Objects came, changed or went.
    Changes(Vec<Change>),
    /// Objects are there, and cannot be read: what there is to say about them. They were removed before.
    Unreadable(Vec<Report>),
    /// The sources have said everything that they know.
    Synced,
    /// Somebody wants to see what every host does.
    Describe(oneshot::Sender<BTreeMap<VirtualHostKey, VirtualHost>>),
    /// Somebody wants to see where Envoys listen.
    Listeners(oneshot::Sender<Vec<Listener>>),
    /// Somebody wants to know whether the engine still works.
    AreYouThere(oneshot::Sender<()>),
}

/// What a controller is made from.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What the operator decides for everyone.
    pub settings: Settings,
    /// How Envoys and the xDS server talk.
    pub mode: XdsMode,
    /// Limits and periods of the xDS server.
    pub xds: xds::Settings,
}

/// The task that owns the engine.
pub struct Controller {
    engine: Engine,
    hub: Arc<Hub>,
    observations: mpsc::UnboundedReceiver<Observation>,
    notices: mpsc::UnboundedSender<Notice>,
    /// The fleets that were offered something, and those that have Envoys.
    fleets: BTreeMap<FleetId, Fleet>,
    /// Objects that cannot be read: the engine does not know of them.
    unreadable: BTreeSet<ObjectId>,
    /// The names of the listeners that are there without hosts.
    without_hosts: Vec<Arc<str>>,
    /// What the hub says of all connected Envoys; tests say it themselves.
    status: Box<dyn Fn() -> Vec<NodeStatus> + Send>,
}

impl Controller {
    /// A controller for an empty world, and what it will tell.
    #[must_use]
    pub fn new(options: Options) -> (Self, mpsc::UnboundedReceiver<Notice>) {
        let layout = envoy::layout(&options.settings, options.mode);
        Self::with_layout(options, layout)
    }

    /// The same with another layout, made for these options' settings and mode.
    #[must_use]
    pub fn with_layout(options: Options, layout: Box<dyn Layout>) -> (Self, mpsc::UnboundedReceiver<Notice>) {
        let Options { settings, mode, xds } = options;
        let (hub, observations) = Hub::new(with_secrets_of(settings.layout, xds));
        let (notices, told) = mpsc::unbounded_channel();
        let listeners = envoy::static_listeners(&settings, mode);
        let settings = Arc::new(settings);
        let asked = Arc::clone(&hub);
        let controller = Self {
            engine: Engine::new(settings, mode, layout),
            hub,
            observations,
            notices,
            fleets: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            without_hosts: listeners.into_iter().map(|listener| listener.name).collect(),
            status: Box::new(move || asked.status()),
        };
        (controller, told)
    }

    /// Where the xDS server finds the configurations.
    #[must_use]
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.hub)
    }

    /// Runs until the sender of inputs is gone.
    pub async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    None => return,
                    Some(Input::Changes(changes)) => self.change(changes),
                    Some(Input::Unreadable(reports)) => self.cannot_read(reports),
                    Some(Input::Synced) => self.handle(Event::SourceSynced),
                    // Who asked may have gone in the meantime.
                    Some(Input::Describe(answer)) => drop(answer.send(self.engine.virtual_hosts())),
                    Some(Input::Listeners(answer)) => drop(answer.send(self.engine.listeners())),
                    Some(Input::AreYouThere(answer)) => drop(answer.send(())),
                },
                Some(observation) = self.observations.recv() => self.observe(observation),
            }
        }
    }

    fn change(&mut self, changes: Vec<Change>) {
        if !self.unreadable.is_empty() {
            for change in &changes {
                let object = change.object();
                // The engine tells what it makes of an object that is there now.
                if self.unreadable.remove(&object) && matches!(change, Change::Removed(_)) {
                    self.tell(Notice::Forgotten(object));
                }
            }
        }
        self.handle(Event::Changes(changes));
    }

    fn cannot_read(&mut self, reports: Vec<Report>) {
        for report in reports {
            self.unreadable.insert(report.object.clone());
            self.report(report);
        }
    }

    fn report(&self, report: Report) {
        let fleet = self.fleets.get(&convert::hub_fleet(&report.fleet));
        let carried_by = fleet.map_or(0, |fleet| fleet.published);
        self.tell(Notice::Report { report, carried_by });
    }

    /// A fleet, which is known from now on.
    fn fleet(&mut self, id: &FleetId) -> &mut Fleet {
        self.fleets.entry(id.clone()).or_insert_with(|| Fleet::new(id))
    }

    fn handle(&mut self, event: Event) {
        let began = Instant::now();
        let effects = self.engine.handle(event);
        let ended = Instant::now();
        let mut publications = Vec::new();
        for effect in effects {
            match effect {
                // Before the reports of the same event.
                Effect::Publish(publication) => {
                    let fleet = convert::hub_fleet(&publication.fleet);
                    self.fleet(&fleet).published = publication.generation;
                    publications.push((fleet, publication));
                }
                Effect::Dissolve(fleet) => self.dissolve(fleet),
                Effect::Report(report) => self.report(report),
                Effect::Forget(object) => self.tell(Notice::Forgotten(object)),
            }
        }
        // Last: of the tasks that are woken here, the last one runs next on this thread, and Envoys are to wait
        // for nobody who only shows what happened.
        for (fleet, publication) in publications {
            self.publish(&fleet, publication, began, ended);
        }
    }

    /// Envoys of a fleet that is no more keep what they have: whoever ends the fleet ends them.
    fn dissolve(&mut self, fleet: model::FleetId) {
        let id = convert::hub_fleet(&fleet);
        self.hub.retire(&id);
        if let Some(known) = self.fleets.get_mut(&id) {
            (known.published, known.ledger) = (0, Ledger::default());
        }
        self.fleets.retain(|_, known| !known.is_idle());
        self.tell(Notice::Dissolved(fleet));
    }

    fn publish(&mut self, fleet: &FleetId, publication: Publication, began: Instant, ended: Instant) {
        let generation = publication.generation;
        let published = Published {
            fleet: publication.fleet.clone(),
            generation,
            set: publication
                .set
                .iter()
                .map(|each| format!("{:?} {}", each.resource_type, each.name))
                .collect(),
            removed: publication.removed.iter().map(|(kind, name)| format!("{kind:?} {name}")).collect(),
            work: publication.work,
            engine_time: ended.duration_since(began),
        };
        let update = convert::update(publication);
        self.tell(Notice::Published(published));
        let offered = self.hub.publish(fleet, update);
        self.fleet(fleet).ledger.offered(offered, generation, Times { began, offered: ended });
    }

    fn observe(&mut self, observation: Observation) {
        match observation {
            Observation::Connected { fleet, node, release } => {
                let node_name = node.to_string();
                self.tell(Notice::Connected { fleet: convert::engine_fleet(&fleet), node: node_name });
                // Every Envoy says its release. Who does not is somebody who looks, and is not waited for.
                if release.is_some() {
                    self.fleet(&fleet).reached.insert(node);
                }
            }
            Observation::Disconnected { fleet, node } => {
                let node_name = node.to_string();
                self.tell(Notice::Disconnected { fleet: convert::engine_fleet(&fleet), node: node_name });
                self.fleet(&fleet).reached.remove(&node);
                // The one that all others were waiting for may be gone, and the one that did not reject.
                self.judge_again(&fleet);
                self.settle(&fleet);
                if self.fleet(&fleet).is_idle() {
                    self.fleets.remove(&fleet);
                }
            }
            Observation::Reached { fleet, node, generation } => {
                self.fleet(&fleet).reached.advance(&node, generation);
                self.settle(&fleet);
            }
            Observation::Rejected { fleet, node, resource_type, name, version, message, .. } => {
                self.fleet(&fleet).listener_was_rejected |= resource_type == xds::ResourceType::Listener;
                let kind = convert::layout_kind(resource_type);
                let rejection = Rejection { resource_type: kind, name: name.clone(), message };
                tracing::warn!(%fleet, %node, %resource_type, %name, reason = rejection.message, "rejected");
                let (engine_id, node) = (convert::engine_fleet(&fleet), node.to_string());
                self.tell(Notice::Rejected { fleet: engine_id, node, rejection: rejection.clone() });
                if self.is_rejected_by_all(&fleet, resource_type, &name, version) {
                    self.reject(&fleet, rejection);
                }
            }
        }
    }

    fn reject(&mut self, fleet: &FleetId, rejection: Rejection) {
        self.handle(Event::Rejected { fleet: convert::engine_fleet(fleet), rejection });
    }

    /// Tells what every connected Envoy of a fleet has come up to.
    fn settle(&mut self, id: &FleetId) {
        let fleet = self.fleet(id);
        let Some(newest) = fleet.ledger.newest() else { return };
        let Some(reached) = fleet.reached.by_all() else { return };
        if fleet.listener_was_rejected && self.a_listener_is_missing(id) {
            return;
        }
        let fleet = self.fleet(id);
        let (engine_id, nodes) = (fleet.id.clone(), fleet.reached.len());
        if let Some((generation, times)) = fleet.ledger.acknowledged(reached.min(newest)) {
            let (after, in_all) = (times.offered.elapsed(), times.began.elapsed());
            self.handle(Event::Accepted { fleet: engine_id.clone(), generation });
            self.tell(Notice::Acknowledged { fleet: engine_id, generation, after, in_all, nodes });
        }
    }

    /// Whether an Envoy rejects a listener as it is now (its port is taken, a file of it cannot be opened): that is
    /// nobody's object, and what hosts have there is not in force.
    fn a_listener_is_missing(&mut self, id: &FleetId) -> bool {
        let snapshot = self.hub.snapshot(id);
        let is_current = |held: &HeldResource| {
            let current = snapshot.as_ref().and_then(|snapshot| snapshot.get(held.resource_type, &held.name));
            current.is_some_and(|entry| entry.version() == held.version)
        };
        let is_of_hosts = |held: &HeldResource| {
            held.resource_type == xds::ResourceType::Listener
                && !self.without_hosts.iter().any(|name| **name == *held.name)
        };
        let mut held = self.nodes(id).into_iter().flat_map(|node| node.held);
        let is_missing = held.any(|held| is_of_hosts(&held) && is_current(&held));
        self.fleet(id).listener_was_rejected = is_missing;
        is_missing
    }

    /// Handles rejections that only an Envoy which has gone did not share.
    fn judge_again(&mut self, fleet: &FleetId) {
        let held: Vec<_> = self.nodes(fleet).into_iter().flat_map(|node| node.held).collect();
        for held in held {
            let resource_type = convert::layout_kind(held.resource_type);
            if self.is_rejected_by_all(fleet, held.resource_type, &held.name, held.version) {
                let (name, message) = (held.name, held.message);
                self.reject(fleet, Rejection { resource_type, name, message });
            }
        }
    }

    /// The state of the connected Envoys of a fleet; the hub lists one that has gone a moment longer.
    fn nodes(&self, id: &FleetId) -> Vec<NodeStatus> {
        let Some(fleet) = self.fleets.get(id) else { return vec![] };
        let all = (self.status)().into_iter().filter(|node| node.fleet == *id);
        all.filter(|node| fleet.reached.contains(&node.node)).collect()
    }

    /// Whether a resource is what a fleet's configuration holds now, and every connected Envoy of the newest release
    /// rejects it: one old or hostile Envoy takes nothing from the others.
    fn is_rejected_by_all(
        &self,
        fleet: &FleetId,
        resource_type: xds::ResourceType,
        name: &str,
        version: xds::Version,
    ) -> bool {
        let snapshot = self.hub.snapshot(fleet);
        let current = snapshot.as_ref().and_then(|snapshot| snapshot.get(resource_type, name));
        if current.is_none_or(|entry| entry.version() != version) {
            return false;
        }
        let nodes = self.nodes(fleet);
        let newest = nodes.iter().map(|node| node.release).max().flatten();
        nodes.iter().filter(|node| node.release == newest).all(|node| {
            node.held
                .iter()
                .any(|held| (held.resource_type, &*held.name, held.version) == (resource_type, name, version))
        })
    }

    fn tell(&self, notice: Notice) {
        // Nobody listens during shutdown only.
        let _ = self.notices.send(notice);
    }
}

/// The limits of the xDS server, which answers for the names of hosts where the layout has Envoys ask by them.
fn with_secrets_of(layout: model::Layout, mut limits: xds::Settings) -> xds::Settings {
    let on_demand = match layout {
        model::Layout::Table | model::Layout::Scoped => None,
        model::Layout::OnDemand => Some(OnDemandSecrets::default()),
    };
    limits.on_demand_secrets = limits.on_demand_secrets.or(on_demand);
    limits
}

#[cfg(test)]
mod tests;
