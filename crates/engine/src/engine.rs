//! The engine: facts, dirty units, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::{Layout, Resource, ResourceType, XdsMode};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{
    AssignmentKey, ClusterKey, ExtensionName, ObjectId, Problem, SecretContent, SecretKey, Settings,
    Severity, UpstreamTls, VirtualHost, VirtualHostKey,
};
use store::{Change, Store, Unit};
use translate::{Fragment, Note};

use crate::dirty::Dirty;
use crate::extensions::{self, Extensions};
use crate::hash::{fingerprint, make_room};
use crate::hosts::Hosts;
use crate::notes::Notes;
use crate::outgoing::Outgoing;
use crate::quarantine::SecretVersion;
use crate::references::References;
use crate::roots::Roots;
use crate::shelf::Shelf;
use crate::{Counters, Effect, Event, Publication, Rejection};

/// How many roots' contributions are held at once while many run. Few where the code is checked, so that the
/// small worlds of tests go beyond it.
const AT_HAND: usize = if cfg!(debug_assertions) { 3 } else { 32 };

/// The engine.
pub struct Engine {
    settings: Arc<Settings>,
    mode: XdsMode,
    store: Store,
    roots: Roots,
    hosts: Hosts,
    notes: Notes,
    reports: HashMap<ObjectId, u64, FixedState>,
    /// Boxed: half of a growing table is empty.
    clusters: Shelf<ClusterKey, Box<Made>>,
    secrets: Shelf<SecretKey, SecretContent>,
    extensions: Extensions,
    endpoints_users: References<AssignmentKey>,
    secret_users: References<SecretKey>,
    dirty: Dirty,
    outgoing: Outgoing,
    /// The work since the last run ended.
    work: Counters,
    /// The work of all runs that ended.
    totals: Counters,
    generation: u64,
    synced: bool,
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
            clusters: Shelf::default(),
            secrets: Shelf::default(),
            extensions: Extensions::new(settings.clone()),
            endpoints_users: References::default(),
            secret_users: References::default(),
            dirty: Dirty::default(),
            outgoing: Outgoing::default(),
            work: Counters::default(),
            totals: Counters::default(),
            generation: 0,
            synced: false,
            mode,
            settings,
        };
        engine.publish_static();
        engine.dirty.extend(engine.settings.extensions().into_iter().map(Unit::Extension));
        engine
    }

    /// Takes an event in, and says what is to be done.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Changes(changes) => self.apply(&changes),
            Event::SourceSynced => self.synced = true,
            Event::Accepted { generation } => self.accept(generation),
            Event::Rejected(rejection) => self.reject(&rejection),
        }
        if self.synced { self.run() } else { vec![] }
    }

    /// All work since the engine was made.
    #[must_use]
    pub const fn totals(&self) -> Counters {
        self.totals
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
        self.make_room();
        let mut effects = Vec::with_capacity(self.dirty.roots());
        let publication = loop {
            self.run_dirty(&mut effects);
            let publication = self.publication();
            // Suspects whose trial changes nothing in the end are acknowledged by nobody.
            if publication.is_some() || !self.try_next() {
                break publication;
            }
        };
        let (clusters, secrets, hosts) = (&mut self.clusters, &mut self.secrets, &self.hosts);
        clusters.settle(|key| hosts.can_restore_cluster(key));
        secrets.settle(|key| hosts.can_restore_secret(key));
        self.dirty.shrink();
        effects.sort_by(|a, b| a.object().cmp(&b.object()));
        effects.splice(0..0, publication.map(Effect::Publish));
        effects
    }

    /// Makes room for what comes of the roots that wait: a host, a cluster with its endpoints, and a report each, as a
    /// rule. Room that is not used takes no memory: nobody touches it.
    fn make_room(&mut self) {
        let roots = self.dirty.roots();
        // Those that ran before have their room.
        self.store.make_room(roots.saturating_sub(self.roots.len()));
        make_room(&mut self.reports, roots);
        self.roots.make_room(roots);
        self.hosts.make_room(roots);
        self.clusters.make_room(roots);
        self.endpoints_users.make_room(roots);
        self.outgoing.make_room(2 * roots);
    }

    fn run_dirty(&mut self, effects: &mut Vec<Effect>) {
        while let Some(unit) = self.next_unit() {
            self.work.count(&unit);
            match &unit {
                Unit::Extension(name) => self.run_extension(&unit, name),
                Unit::Root(id) => self.run_root(&unit, id),
                Unit::VirtualHost(key) => self.run_virtual_host(&unit, key),
                Unit::Cluster(key) => self.run_cluster(key),
                Unit::Endpoints(key) => self.run_endpoints(&unit, key),
                Unit::Secret(key) => self.run_secret(&unit, key),
                Unit::Report(id) => effects.extend(self.run_report(&unit, id)),
            }
        }
        self.roots.end_run();
    }

    /// The unit to run next: roots first, but what they contribute is large, so that every so often all that
    /// follows from it is run before the next root. A host of several roots may then run more than once.
    fn next_unit(&mut self) -> Option<Unit> {
        if self.roots.at_hand() >= AT_HAND {
            if let Some(unit) = self.dirty.pop_following() {
                return Some(unit);
            }
            self.roots.end_run();
        }
        self.dirty.pop()
    }

    /// Where it is asked in another way than before, all hosts are set again: their chains say how.
    fn run_extension(&mut self, unit: &Unit, name: &ExtensionName) {
        let reader = self.store.reader();
        let (extension, notes) = translate::asked_about_all(&reader, &self.settings, name);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let made = extensions::Made::new(name, extension, self.mode);
        let (resource, needs) = (made.resource.clone(), made.needs.clone());
        let (before, settings) = self.extensions.replace(name, made);
        self.replace_needs(&before, &needs);
        self.outgoing.offer(ResourceType::Cluster, resource.name.clone(), Some(resource));
        if let Some(settings) = settings {
            let hosts = self.hosts.set_settings(&settings);
            self.dirty.extend(hosts.into_iter().map(Unit::VirtualHost));
        }
        self.say(unit, notes);
    }

    fn run_root(&mut self, unit: &Unit, id: &ObjectId) {
        let reader = self.store.reader();
        let contribution = translate::root(&reader, &self.settings, id);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let (dirty, notes) = self.roots.replace(id, contribution);
        self.dirty.extend(dirty);
        self.say(unit, notes);
    }

    fn run_virtual_host(&mut self, unit: &Unit, key: &VirtualHostKey) {
        let roots = self.roots.of_host(key);
        let fragments = roots.iter().filter_map(|root| self.fragment(root, key)).collect();
        let mut merged = translate::merge(key, fragments);
        let flipped = self.hosts.set(key, merged.virtual_host.as_ref());
        self.dirty.extend(flipped);
        // After the host was set: closing it changes what there is to say.
        if let Some(problem) = self.hosts.rejection(key) {
            for root in roots {
                merged.notes.entry(root).or_default().problems.push(problem.clone());
            }
        }
        self.say(unit, merged.notes);
    }

    /// A root's fragment for a host: at hand, or made again (what it read has not changed since).
    fn fragment(&mut self, root: &ObjectId, key: &VirtualHostKey) -> Option<Fragment> {
        let at_hand = self.roots.take_fragment(root, key);
        at_hand.or_else(|| {
            self.work.roots += 1;
            let contribution = translate::root(&self.store.reader(), &self.settings, root);
            self.roots.keep_at_hand(root, contribution);
            self.roots.take_fragment(root, key)
        })
    }

    fn run_cluster(&mut self, key: &ClusterKey) {
        if !self.hosts.in_use().has_cluster(key) {
            if let Some(made) = self.clusters.withdraw(key).cloned() {
                self.replace_needs(&made.needs, &Needs::default());
                self.outgoing.offer(ResourceType::Cluster, key.name(), None);
            }
            return;
        }
        // Nothing about a cluster of this name can have changed.
        if self.clusters.published(key).is_some() {
            return;
        }
        let Some(made) = self.make_cluster(key) else { return };
        self.replace_needs(&Needs::default(), &made.needs);
        self.outgoing.offer(ResourceType::Cluster, key.name(), Some(made.resource.clone()));
        self.clusters.publish(key, made);
    }

    /// The cluster of a root that is at hand, or what it was when it was in use last.
    fn make_cluster(&self, key: &ClusterKey) -> Option<Box<Made>> {
        let make = |cluster| {
            Box::new(Made { resource: envoy::cluster(key, cluster, self.mode), needs: Needs::of(cluster) })
        };
        self.roots.cluster(key).map(make).or_else(|| self.clusters.last(key).cloned())
    }

    fn replace_needs(&mut self, old: &Needs, new: &Needs) {
        let endpoints = self.endpoints_users.replace(&old.endpoints, &new.endpoints);
        let secrets = self.secret_users.replace(&old.secrets, &new.secrets);
        self.dirty.extend(endpoints.into_iter().map(Unit::Endpoints));
        self.dirty.extend(secrets.into_iter().map(Unit::Secret));
    }

    fn run_endpoints(&mut self, unit: &Unit, key: &AssignmentKey) {
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
        self.outgoing.offer(ResourceType::ClusterLoadAssignment, key.name().into(), resource);
    }

    fn run_secret(&mut self, unit: &Unit, key: &SecretKey) {
        let name: Arc<str> = key.to_string().into();
        let in_use = self.hosts.in_use().has_secret(key) || self.secret_users.contains(key);
        if !in_use && !self.hosts.awaits_secret(&name) {
            self.store.forget(unit);
            return self.withdraw_secret(key);
        }
        let reader = self.store.reader();
        let content = translate::secret(&reader, key);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let version = content.as_ref().map(fingerprint);
        let freed = self.hosts.secret_is(&name, version);
        self.dirty.extend(freed.into_iter().map(Unit::VirtualHost));
        if !in_use {
            return self.withdraw_secret(key);
        }
        // Gone from the world and still in use: by the form of a host that Envoy accepted last.
        let Some(content) = content.or_else(|| self.secrets.last(key).cloned()) else { return };
        self.hosts.set_secret(key, Some(&content));
        self.secrets.publish(key, content);
    }

    fn withdraw_secret(&mut self, key: &SecretKey) {
        self.secrets.withdraw(key);
        self.hosts.set_secret(key, None);
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

    fn publish_static(&mut self) {
        let mut resources = envoy::static_listeners(&self.settings, self.mode);
        resources.extend(envoy::static_secrets(&self.settings));
        resources.push(envoy::runtime(&self.settings));
        for resource in resources {
            self.outgoing.offer(resource.resource_type, resource.name.clone(), Some(resource));
        }
    }

    fn publication(&mut self) -> Option<Publication> {
        let hosts = self.hosts.flush(self.generation + 1);
        let (set, removed) = self.outgoing.take(hosts);
        let mut work = std::mem::take(&mut self.work);
        work.resources = (set.len() + removed.len()) as u64;
        work.bytes = set.iter().map(|resource| resource.body.len() as u64).sum();
        self.totals += work;
        if set.is_empty() && removed.is_empty() {
            return None;
        }
        self.generation += 1;
        Some(Publication { generation: self.generation, set, removed, work })
    }

    fn accept(&mut self, generation: u64) {
        for unit in self.hosts.accepted(generation) {
            match unit {
                Unit::Cluster(key) => self.clusters.doubt(key),
                Unit::Secret(key) => self.secrets.doubt(key),
                Unit::Extension(_)
                | Unit::Root(_)
                | Unit::VirtualHost(_)
                | Unit::Endpoints(_)
                | Unit::Report(_) => {}
            }
        }
        self.try_next();
    }

    /// Offers the next group of suspects, if there is one and nothing else is on trial.
    fn try_next(&mut self) -> bool {
        let group = self.hosts.next_trial();
        self.dirty.extend(group.into_iter().map(Unit::VirtualHost));
        !self.dirty.is_empty()
    }

    /// Envoy itself keeps the form of the cluster that it accepted last.
    fn tell_extension(&mut self, name: ExtensionName, problem: Problem) {
        let note = Note { problems: vec![problem] };
        let notes = BTreeMap::from([(name.object(), note)]);
        self.say(&Unit::Extension(name), notes);
    }

    /// The Secret of a host that goes by a name, as it is published.
    fn secret_of(&self, host: &VirtualHostKey, name: &str) -> Option<SecretVersion> {
        let key = self.hosts.in_use().secret_of(host, name)?;
        Some((key.to_string().into(), fingerprint(self.secrets.published(key)?)))
    }

    /// Finds who is behind a rejected resource, takes their change back, and tells them.
    fn reject(&mut self, rejection: &Rejection) {
        let Rejection { resource_type, name, message } = rejection;
        let problem = rejected(*resource_type, name, message);
        let dirty = match resource_type {
            ResourceType::Cluster if let Some(extension) = self.extensions.of_cluster(name) => {
                return self.tell_extension(extension, problem);
            }
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
            ResourceType::Listener if rejection.is_about_the_machine() => return,
            ResourceType::Listener
            | ResourceType::RouteConfiguration
            | ResourceType::ScopedRouteConfiguration => {
                let members = self.hosts.members(*resource_type, name);
                self.hosts.rejected(&members, &problem)
            }
            ResourceType::ClusterLoadAssignment | ResourceType::Runtime => return,
        };
        self.dirty.extend(dirty);
    }
}

impl Needs {
    pub(crate) fn of(cluster: &model::Cluster) -> Self {
        let endpoints = cluster.assignment().into_iter().collect();
        let secrets: BTreeSet<_> = cluster.tls.iter().flat_map(UpstreamTls::secrets).cloned().collect();
        Self { endpoints, secrets: secrets.into_iter().collect() }
    }
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
