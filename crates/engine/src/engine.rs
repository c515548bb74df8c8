//! The engine: facts, dirty units, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::{Layout, Output, Resource, ResourceType, XdsMode};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{
    ClusterKey, Discovery, EndpointsKey, ObjectId, Problem, SecretKey, Settings, Severity, VirtualHost,
    VirtualHostKey,
};
use store::{Change, Store, Unit};
use translate::{Fragment, Note};

use crate::hash::fingerprint;
use crate::hosts::Hosts;
use crate::notes::Notes;
use crate::quarantine::Verdict;
use crate::references::References;
use crate::roots::Roots;
use crate::{Counters, Effect, Event, Publication, Rejection};

/// The engine.
pub struct Engine {
    settings: Arc<Settings>,
    mode: XdsMode,
    store: Store,
    roots: Roots,
    hosts: Hosts,
    notes: Notes,
    reports: HashMap<ObjectId, u64, FixedState>,
    /// What each cluster that is in use needs besides itself.
    needs: HashMap<ClusterKey, Needs, FixedState>,
    endpoints_users: References<EndpointsKey>,
    secret_users: References<SecretKey>,
    /// The fingerprints of the resources that are not hosts, as published last.
    published: HashMap<(ResourceType, Arc<str>), u64, FixedState>,
    dirty: BTreeSet<Unit>,
    pending: Pending,
    work: Counters,
    generation: u64,
    synced: bool,
}

/// What a cluster needs besides itself.
#[derive(Debug, Default)]
struct Needs {
    endpoints: Box<[EndpointsKey]>,
    secrets: Box<[SecretKey]>,
}

/// Resources that are not hosts, to be published.
#[derive(Debug, Default)]
struct Pending {
    set: BTreeMap<(ResourceType, Arc<str>), Resource>,
    removed: BTreeSet<(ResourceType, Arc<str>)>,
}

impl Engine {
    /// An engine for an empty world.
    #[must_use]
    pub fn new(settings: Arc<Settings>, mode: XdsMode, layout: Box<dyn Layout>) -> Self {
        let mut engine = Self {
            store: Store::default(),
            roots: Roots::default(),
            hosts: Hosts::new(layout),
            notes: Notes::default(),
            reports: HashMap::default(),
            needs: HashMap::default(),
            endpoints_users: References::default(),
            secret_users: References::default(),
            published: HashMap::default(),
            dirty: BTreeSet::new(),
            pending: Pending::default(),
            work: Counters::default(),
            generation: 0,
            synced: false,
            mode,
            settings,
        };
        engine.publish_static();
        engine
    }

    /// Takes an event in, and says what is to be done.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Changes(changes) => self.apply(&changes),
            Event::SourceSynced => self.synced = true,
            Event::Accepted { generation } => {
                let again = self.hosts.accepted(generation);
                self.dirty.extend(again.into_iter().map(Unit::VirtualHost));
            }
            Event::Rejected(rejection) => self.reject(&rejection),
        }
        if self.synced { self.run() } else { vec![] }
    }

    /// What every host does, made again from the facts: for people who look, not for Envoy.
    #[must_use]
    pub fn virtual_hosts(&self) -> BTreeMap<VirtualHostKey, VirtualHost> {
        let mut fragments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let roots: BTreeSet<_> = self.roots.hosts().iter().flat_map(|key| self.roots.of_host(key)).collect();
        for root in roots {
            let contribution = translate::root(&self.store.reader(), &self.settings, &root);
            for (key, fragment) in contribution.fragments {
                fragments.entry(key).or_default().push(fragment);
            }
        }
        let host = |(key, fragments)| Some((translate::merge(&key, fragments).virtual_host?, key));
        fragments.into_iter().filter_map(host).map(|(host, key)| (key, host)).collect()
    }

    fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.work.changes += 1;
            let dirty = self.store.apply(change);
            self.dirty.extend(dirty);
        }
    }

    /// Runs dirty units until there are none, then says what came of it.
    fn run(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(unit) = self.dirty.pop_first() {
            self.work.count(&unit);
            match &unit {
                Unit::Root(id) => self.run_root(&unit, id),
                Unit::VirtualHost(key) => self.run_virtual_host(&unit, key),
                Unit::Cluster(key) => self.run_cluster(key),
                Unit::Endpoints(key) => self.run_endpoints(&unit, key),
                Unit::Secret(key) => self.run_secret(&unit, key),
                Unit::Report(id) => effects.extend(self.run_report(&unit, id)),
            }
        }
        self.roots.end_run();
        effects.splice(0..0, self.publication().map(Effect::Publish));
        effects
    }

    fn run_root(&mut self, unit: &Unit, id: &ObjectId) {
        let reader = self.store.reader();
        let contribution = translate::root(&reader, &self.settings, id);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let (dirty, notes) = self.roots.replace(id, contribution);
        self.dirty.extend(dirty);
        self.dirty.insert(Unit::Report(id.clone()));
        self.say(unit, notes);
    }

    fn run_virtual_host(&mut self, unit: &Unit, key: &VirtualHostKey) {
        let roots = self.roots.of_host(key);
        let fragments = roots.iter().filter_map(|root| self.fragment(root, key)).collect();
        let mut merged = translate::merge(key, fragments);
        self.hosts.set(key, merged.virtual_host.as_ref());
        if let Some(problem) = self.hosts.rejection(key) {
            for root in roots {
                merged.notes.entry(root).or_default().problems.push(problem.clone());
            }
        }
        self.say(unit, merged.notes);
    }

    /// A root's fragment for a host: at hand, or made again (what it read has not changed since).
    fn fragment(&mut self, root: &ObjectId, key: &VirtualHostKey) -> Option<Fragment> {
        if let Some(fragment) = self.roots.fresh(root, key) {
            return Some(fragment.clone());
        }
        self.work.roots += 1;
        let mut contribution = translate::root(&self.store.reader(), &self.settings, root);
        contribution.fragments.remove(key)
    }

    fn run_cluster(&mut self, key: &ClusterKey) {
        let wanted = self.roots.clusters.contains(key);
        let cluster = self.roots.fresh_cluster(key).filter(|_| wanted);
        let resource = cluster.map(|cluster| envoy::cluster(cluster, self.mode));
        let needs = cluster.map(needs).unwrap_or_default();
        if wanted && resource.is_none() {
            // In use before, and still: nothing about a cluster of this name can have changed.
            return;
        }
        let old = self.needs.remove(key).unwrap_or_default();
        let endpoints = self.endpoints_users.replace(&old.endpoints, &needs.endpoints);
        let secrets = self.secret_users.replace(&old.secrets, &needs.secrets);
        self.dirty.extend(endpoints.into_iter().map(Unit::Endpoints));
        self.dirty.extend(secrets.into_iter().map(Unit::Secret));
        if wanted {
            self.needs.insert(key.clone(), needs);
        }
        self.offer(ResourceType::Cluster, key.name(), resource);
    }

    fn run_endpoints(&mut self, unit: &Unit, key: &EndpointsKey) {
        let resource = if self.endpoints_users.contains(key) {
            let reader = self.store.reader();
            let endpoints = translate::endpoints(&reader, key);
            let reads = reader.into_reads();
            self.store.record(unit, reads);
            Some(envoy::endpoints(key, &endpoints))
        } else {
            self.store.forget(unit);
            None
        };
        self.offer(ResourceType::ClusterLoadAssignment, key.to_string().into(), resource);
    }

    fn run_secret(&mut self, unit: &Unit, key: &SecretKey) {
        let in_use = self.roots.secrets.contains(key) || self.secret_users.contains(key);
        let content = if in_use {
            let reader = self.store.reader();
            let content = translate::secret(&reader, key);
            let reads = reader.into_reads();
            self.store.record(unit, reads);
            content
        } else {
            self.store.forget(unit);
            None
        };
        let resource = content.map(|content| envoy::secret(key, &content));
        self.offer(ResourceType::Secret, key.to_string().into(), resource);
    }

    fn run_report(&mut self, unit: &Unit, id: &ObjectId) -> Option<Effect> {
        let reader = self.store.reader();
        let report = translate::report(&reader, &self.settings, id, &self.notes.about(id));
        let reads = reader.into_reads();
        let Some(report) = report else {
            self.store.forget(unit);
            return self.reports.remove(id).map(|_| Effect::Forget(id.clone()));
        };
        self.store.record(unit, reads);
        let new = fingerprint(&report);
        (self.reports.insert(id.clone(), new) != Some(new)).then_some(Effect::Report(report))
    }

    fn say(&mut self, unit: &Unit, notes: BTreeMap<ObjectId, Note>) {
        let changed = self.notes.replace(unit, notes);
        self.dirty.extend(changed.into_iter().map(Unit::Report));
    }

    /// Takes a resource that is not a host (or its absence), to be published if it differs.
    fn offer(&mut self, kind: ResourceType, name: Arc<str>, resource: Option<Resource>) {
        let id = (kind, name);
        self.pending.set.remove(&id);
        self.pending.removed.remove(&id);
        match resource {
            Some(resource) => {
                let new = fingerprint(&resource.body);
                if self.published.get(&id) != Some(&new) {
                    self.pending.set.insert(id, resource);
                }
            }
            None if self.published.contains_key(&id) => {
                self.pending.removed.insert(id);
            }
            None => {}
        }
    }

    fn publish_static(&mut self) {
        let mut resources = envoy::static_listeners(&self.settings);
        resources.push(envoy::runtime(&self.settings));
        for resource in resources {
            self.offer(resource.resource_type, resource.name.clone(), Some(resource));
        }
    }

    fn publication(&mut self) -> Option<Publication> {
        let Pending { mut set, mut removed } = std::mem::take(&mut self.pending);
        for (id, resource) in &set {
            self.published.insert(id.clone(), fingerprint(&resource.body));
        }
        for id in &removed {
            self.published.remove(id);
        }
        for output in self.hosts.flush(self.generation + 1) {
            match output {
                Output::Set(resource) => {
                    set.insert((resource.resource_type, resource.name.clone()), resource);
                }
                Output::Remove(kind, name) => {
                    removed.insert((kind, name));
                }
            }
        }
        if set.is_empty() && removed.is_empty() {
            self.work = Counters::default();
            return None;
        }
        self.generation += 1;
        let mut work = std::mem::take(&mut self.work);
        work.resources = (set.len() + removed.len()) as u64;
        work.bytes = set.values().map(|resource| resource.body.len() as u64).sum();
        let (set, removed) = (set.into_values().collect(), removed.into_iter().collect());
        Some(Publication { generation: self.generation, set, removed, work })
    }

    /// Finds who is behind a rejected resource, takes their change back, and tells them.
    fn reject(&mut self, rejection: &Rejection) {
        let Rejection { resource_type, name, message } = rejection;
        let hosts = match resource_type {
            ResourceType::Cluster | ResourceType::ClusterLoadAssignment => {
                self.hosts_of_all(&self.roots.of_cluster(name))
            }
            ResourceType::Secret => self.hosts_of_all(&self.roots.of_secret(name)),
            ResourceType::Listener | ResourceType::RouteConfiguration | ResourceType::Runtime => {
                self.hosts.members(*resource_type, name)
            }
        };
        let problem = rejected(*resource_type, name, message);
        if let Verdict::Culprit(key) = self.hosts.rejected(&hosts, &problem) {
            self.dirty.insert(Unit::VirtualHost(key));
        }
    }

    fn hosts_of_all(&self, roots: &BTreeSet<ObjectId>) -> Vec<VirtualHostKey> {
        roots.iter().flat_map(|root| self.roots.hosts_of(root).cloned()).collect()
    }
}

fn needs(cluster: &model::Cluster) -> Needs {
    let endpoints = match &cluster.discovery {
        Discovery::Endpoints(key) => [key.clone()].into(),
        Discovery::Dns { .. } => [].into(),
    };
    let validation = cluster.tls.as_ref().and_then(|tls| tls.validation.as_ref());
    Needs { endpoints, secrets: validation.map(|validation| validation.ca.clone()).into_iter().collect() }
}

fn rejected(kind: ResourceType, name: &str, message: &str) -> Problem {
    Problem {
        severity: Severity::Error,
        kind: "EnvoyError",
        reason: "Rejected",
        path: String::new(),
        message: format!("Envoy rejects {kind:?} \"{name}\" with this object's newest form: {message}"),
        help: Some("the form that Envoy accepted last stays in force; change the object to try again".into()),
    }
}
