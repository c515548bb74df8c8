//! What the Envoys of one fleet are sent: hosts and what these need, and what is done about what they reject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::{Layout, Resource, ResourceType, XdsMode};
use model::{
    AssignmentKey, ClusterKey, ExtensionName, FleetId, Listener, ListenerId, ObjectId, Problem,
    SecretContent, SecretKey, Settings, Severity, UpstreamTls, VirtualHost, VirtualHostKey,
};
use store::{Store, Unit};
use translate::Note;

use crate::Rejection;
use crate::extensions::{self, Extensions};
use crate::hash::fingerprint;
use crate::hosts::Hosts;
use crate::outgoing::{Batch, Outgoing};
use crate::quarantine::SecretVersion;
use crate::references::References;
use crate::roots::Roots;
use crate::shelf::Shelf;

/// What the Envoys of one fleet are sent. Its methods give the units that they make dirty.
pub(crate) struct Fleet {
    id: FleetId,
    mode: XdsMode,
    hosts: Hosts,
    /// Boxed: half of a growing table is empty.
    clusters: Shelf<ClusterKey, Box<Made>>,
    secrets: Shelf<SecretKey, SecretContent>,
    extensions: Extensions,
    endpoints_users: References<AssignmentKey>,
    secret_users: References<SecretKey>,
    outgoing: Outgoing,
    /// The number of the last publication.
    generation: u64,
}

/// A cluster as it is published.
#[derive(Debug, Clone)]
struct Made {
    resource: Resource,
    needs: Needs,
}

/// What a cluster needs besides itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    endpoints: Box<[AssignmentKey]>,
    secrets: Box<[SecretKey]>,
}

/// What there is to say about objects.
pub(crate) type Notes = BTreeMap<ObjectId, Note>;

impl Fleet {
    /// A fleet without hosts, with all that is there without any.
    pub(crate) fn new(id: FleetId, settings: &Arc<Settings>, mode: XdsMode, layout: Box<dyn Layout>) -> Self {
        let mut outgoing = Outgoing::default();
        let mut resources = envoy::static_listeners(settings, mode);
        resources.extend(envoy::static_secrets(settings));
        for resource in resources {
            outgoing.offer(resource.resource_type, resource.name.clone(), Some(resource));
        }
        let mut fleet = Self {
            id,
            mode,
            hosts: Hosts::new(layout),
            clusters: Shelf::default(),
            secrets: Shelf::default(),
            extensions: Extensions::new(settings.clone()),
            endpoints_users: References::default(),
            secret_users: References::default(),
            outgoing,
            generation: 0,
        };
        fleet.offer_runtime(settings, &settings.listeners());
        fleet
    }

    /// The fleet of Gateways, which listens nowhere yet.
    pub(crate) fn of_gateways(id: FleetId, settings: &Arc<Settings>, mode: XdsMode) -> Self {
        let layout = settings.layout.of_gateways();
        let settings = Arc::new(Settings { layout, ..settings.of_fleet(&id) });
        let layout = envoy::layout_with(&settings, &[], mode);
        Self::new(id, &settings, mode, layout)
    }

    /// Takes what the fleet listens on from now on. Gives the listeners that are new: their hosts are to be set.
    pub(crate) fn set_listeners(&mut self, settings: &Settings, listeners: &[Listener]) -> Vec<ListenerId> {
        self.offer_runtime(settings, listeners);
        self.hosts.set_listeners(listeners)
    }

    /// Has hosts offered when they are set again, though they have not changed.
    pub(crate) fn offer_again(&mut self, hosts: &BTreeSet<VirtualHostKey>) {
        self.hosts.offer_again(hosts);
    }

    fn offer_runtime(&mut self, settings: &Settings, listeners: &[Listener]) {
        let runtime = envoy::runtime(settings, listeners);
        self.outgoing.offer(runtime.resource_type, runtime.name.clone(), Some(runtime));
    }

    /// The units of the fleet that may have read something, each once.
    pub(crate) fn readers(&self, settings: &Settings) -> Vec<Unit> {
        let endpoints = self.endpoints_users.keys().map(|key| Unit::Endpoints(self.id.clone(), key.clone()));
        let secrets: BTreeSet<_> = self.secrets.keys().chain(self.secret_users.keys()).collect();
        let secrets = secrets.into_iter().map(|key| Unit::Secret(self.id.clone(), key.clone()));
        let extensions = settings.extensions().into_iter();
        let extensions = extensions.map(|name| Unit::Extension(self.id.clone(), name));
        endpoints.chain(secrets).chain(extensions).collect()
    }

    /// Makes room for what comes of so many roots: a host and a cluster with its endpoints each, as a rule.
    pub(crate) fn make_room(&mut self, roots: usize) {
        self.hosts.make_room(roots);
        self.clusters.make_room(roots);
        self.endpoints_users.make_room(roots);
        self.outgoing.make_room(2 * roots);
    }

    /// Takes what a host should be from now on.
    pub(crate) fn set_host(&mut self, key: &VirtualHostKey, host: Option<&VirtualHost>) -> Vec<Unit> {
        self.hosts.set(key, host)
    }

    /// Why a host's newest form is not in force.
    pub(crate) fn rejection(&self, key: &VirtualHostKey) -> Option<Problem> {
        self.hosts.rejection(key)
    }

    /// Makes an ExtensionService that is asked about all hosts what it is now. Where it is asked in another way than
    /// before, all hosts are set again: their chains say how.
    pub(crate) fn run_extension(
        &mut self,
        store: &mut Store,
        settings: &Settings,
        name: &ExtensionName,
    ) -> (Vec<Unit>, Notes) {
        let reader = store.reader();
        let (extension, notes) = translate::asked_about_all(&reader, settings, name);
        let reads = reader.into_reads();
        store.record(&Unit::Extension(self.id.clone(), name.clone()), reads);
        let made = extensions::Made::new(name, extension, self.mode);
        let (resource, needs) = (made.resource.clone(), made.needs.clone());
        let (before, settings) = self.extensions.replace(name, made);
        let mut dirty = self.replace_needs(&before, &needs);
        self.outgoing.offer(ResourceType::Cluster, resource.name.clone(), Some(resource));
        if let Some(settings) = settings {
            let hosts = self.hosts.set_settings(&settings);
            dirty.extend(hosts.into_iter().map(Unit::VirtualHost));
        }
        (dirty, notes)
    }

    /// Publishes a cluster that hosts need, or takes it away.
    pub(crate) fn run_cluster(&mut self, roots: &Roots, key: &ClusterKey) -> Vec<Unit> {
        if !self.hosts.in_use().has_cluster(key) {
            let Some(needs) = self.clusters.withdraw(key).map(|made| made.needs.clone()) else {
                return vec![];
            };
            self.outgoing.offer(ResourceType::Cluster, key.name(), None);
            return self.replace_needs(&needs, &Needs::default());
        }
        // Nothing about a cluster of this name can have changed.
        if self.clusters.published(key).is_some() {
            return vec![];
        }
        let Some(made) = self.make_cluster(roots, key) else { return vec![] };
        self.outgoing.offer(ResourceType::Cluster, key.name(), Some(made.resource.clone()));
        let dirty = self.replace_needs(&Needs::default(), &made.needs);
        self.clusters.publish(key, made);
        dirty
    }

    /// The cluster of a root that is at hand, or what it was when it was in use last.
    fn make_cluster(&self, roots: &Roots, key: &ClusterKey) -> Option<Box<Made>> {
        let make = |cluster| {
            Box::new(Made { resource: envoy::cluster(key, cluster, self.mode), needs: Needs::of(cluster) })
        };
        roots.cluster(key).map(make).or_else(|| self.clusters.last(key).cloned())
    }

    fn replace_needs(&mut self, old: &Needs, new: &Needs) -> Vec<Unit> {
        let endpoints = self.endpoints_users.replace(&old.endpoints, &new.endpoints).into_iter();
        let secrets = self.secret_users.replace(&old.secrets, &new.secrets).into_iter();
        let endpoints = endpoints.map(|key| Unit::Endpoints(self.id.clone(), key));
        endpoints.chain(secrets.map(|key| Unit::Secret(self.id.clone(), key))).collect()
    }

    /// Publishes the endpoints of a cluster, or takes them away.
    pub(crate) fn run_endpoints(&mut self, store: &mut Store, key: &AssignmentKey) {
        let unit = Unit::Endpoints(self.id.clone(), key.clone());
        let resource = if self.endpoints_users.contains(key) {
            let reader = store.reader();
            let endpoints = translate::endpoints(&reader, key);
            let reads = reader.into_reads();
            store.record(&unit, reads);
            Some(envoy::endpoints(key, &endpoints))
        } else {
            store.forget(&unit);
            None
        };
        self.outgoing.offer(ResourceType::ClusterLoadAssignment, key.name().into(), resource);
    }

    /// Publishes a Secret that hosts or clusters need, or takes it away.
    pub(crate) fn run_secret(&mut self, store: &mut Store, key: &SecretKey) -> Vec<Unit> {
        let unit = Unit::Secret(self.id.clone(), key.clone());
        let name: Arc<str> = key.to_string().into();
        let in_use = self.hosts.in_use().has_secret(key) || self.secret_users.contains(key);
        if !in_use && !self.hosts.awaits_secret(&name) {
            store.forget(&unit);
            self.withdraw_secret(key);
            return vec![];
        }
        let reader = store.reader();
        let content = translate::secret(&reader, key);
        let reads = reader.into_reads();
        store.record(&unit, reads);
        let version = content.as_ref().map(fingerprint);
        let freed = self.hosts.secret_is(&name, version).into_iter().map(Unit::VirtualHost).collect();
        if !in_use {
            self.withdraw_secret(key);
            return freed;
        }
        // Gone from the world and still in use: by the form of a host that Envoy accepted last.
        if let Some(content) = content.or_else(|| self.secrets.last(key).cloned()) {
            self.hosts.set_secret(key, Some(&content));
            self.secrets.publish(key, content);
        }
        freed
    }

    fn withdraw_secret(&mut self, key: &SecretKey) {
        self.secrets.withdraw(key);
        self.hosts.set_secret(key, None);
    }

    /// What differs from the last publication, and the number of the next one if there is to be one.
    pub(crate) fn publication(&mut self) -> Option<(u64, Batch)> {
        let hosts = self.hosts.flush(self.generation + 1);
        let batch = self.outgoing.take(hosts);
        if batch.0.is_empty() && batch.1.is_empty() {
            return None;
        }
        self.generation += 1;
        Some((self.generation, batch))
    }

    /// Lets go of what cannot come back any more.
    pub(crate) fn settle(&mut self) {
        let Self { clusters, secrets, hosts, .. } = self;
        clusters.settle(|key| hosts.can_restore_cluster(key));
        secrets.settle(|key| hosts.can_restore_secret(key));
    }

    /// Every Envoy has acknowledged what was published up to `generation`.
    pub(crate) fn accept(&mut self, generation: u64) {
        for unit in self.hosts.accepted(generation) {
            match unit {
                Unit::Cluster(_, key) => self.clusters.doubt(key),
                Unit::Secret(_, key) => self.secrets.doubt(key),
                Unit::Gateways(_)
                | Unit::Extension(..)
                | Unit::Root(_)
                | Unit::VirtualHost(_)
                | Unit::Endpoints(..)
                | Unit::Report(_) => {}
            }
        }
    }

    /// The next group of suspects, if there is one and nothing else is on trial.
    pub(crate) fn next_trial(&mut self) -> Vec<Unit> {
        self.hosts.next_trial().into_iter().map(Unit::VirtualHost).collect()
    }

    /// Finds who is behind a rejected resource and takes their change back; they are told when their hosts run.
    pub(crate) fn reject(&mut self, rejection: &Rejection) -> BTreeSet<Unit> {
        let Rejection { resource_type, name, .. } = rejection;
        let problem = problem(rejection);
        match resource_type {
            ResourceType::Cluster => {
                let users = self.hosts.in_use().hosts_of_cluster(name);
                self.hosts.condemned(&users, None, &problem)
            }
            ResourceType::Secret => {
                let users = self.hosts.users_of_secret(name);
                let rejected = users.first().and_then(|host| self.secret_of(host, name));
                self.hosts.condemned(&users, rejected.as_ref(), &problem)
            }
            // A port that is taken or forbidden is nobody's object.
            ResourceType::Listener if rejection.is_about_the_machine() => BTreeSet::new(),
            ResourceType::Listener
            | ResourceType::RouteConfiguration
            | ResourceType::ScopedRouteConfiguration => {
                let members = self.hosts.members(*resource_type, name);
                self.hosts.rejected(&members, &problem)
            }
            ResourceType::ClusterLoadAssignment | ResourceType::Runtime => BTreeSet::new(),
        }
    }

    /// The ExtensionService of a rejected cluster, and what it is told. Envoy itself keeps the form of the cluster that
    /// it accepted last.
    pub(crate) fn rejected_extension(&self, rejection: &Rejection) -> Option<(Unit, Notes)> {
        let is_cluster = rejection.resource_type == ResourceType::Cluster;
        let name = is_cluster.then(|| self.extensions.of_cluster(&rejection.name)).flatten()?;
        let notes =
            Notes::from([(name.object(), Note { problems: vec![problem(rejection)], ..Note::default() })]);
        Some((Unit::Extension(self.id.clone(), name), notes))
    }

    /// The Secret of a host that goes by a name, as it is published.
    fn secret_of(&self, host: &VirtualHostKey, name: &str) -> Option<SecretVersion> {
        let key = self.hosts.in_use().secret_of(host, name)?;
        Some((key.to_string().into(), fingerprint(self.secrets.published(key)?)))
    }
}

impl Needs {
    pub(crate) fn of(cluster: &model::Cluster) -> Self {
        let endpoints = cluster.assignment().into_iter().collect();
        let secrets: BTreeSet<_> = cluster.tls.iter().flat_map(UpstreamTls::secrets).cloned().collect();
        Self { endpoints, secrets: secrets.into_iter().collect() }
    }
}

fn problem(rejection: &Rejection) -> Problem {
    let Rejection { resource_type, name, message } = rejection;
    Problem {
        severity: Severity::Error,
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        message: format!(
            "Envoy rejects {resource_type:?} \"{name}\" with this object's newest form: {message}"
        ),
        help: Some("the form that Envoy accepted last stays in force; change the object to try again".into()),
    }
}
