//! Configurations: small, closed under reference, changed at random.

use std::collections::BTreeMap;
use std::sync::Arc;

use isobath_xds::{Entry, Overdue, OwnName, Reference, Resource, ResourceType, Update, Warming};

use crate::random::Random;

const CLUSTERS: [&str; 4] = ["c0", "c1", "c2", "c3"];
const SECRETS: [&str; 2] = ["ns/s0", "ns/s1"];
/// Secrets that are named by hosts, for on-demand certificates.
const HOSTS: [&str; 4] = ["a.x", "*.x", "b.y.x", "localhost"];
/// What clients of Envoy ask for.
pub(crate) const SERVER_NAMES: [&str; 10] =
    ["a.x", "A.X", "a.x.", "q.x", "Q.x", "b.y.x", "c.y.x", "localhost", "LocalHost", "*"];
const ROUTES: [&str; 2] = ["r0", "r1"];
const SCOPES: [&str; 2] = ["p0", "p1"];
const LISTENERS: [&str; 2] = ["l0", "l1"];

/// A number that changes when the content does, and the names it mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Content {
    revision: usize,
    targets: Vec<&'static str>,
}

type Table = BTreeMap<&'static str, Content>;

/// What the users want.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    clusters: Table,
    secrets: BTreeMap<&'static str, usize>,
    hosts: BTreeMap<&'static str, usize>,
    endpoints: BTreeMap<&'static str, usize>,
    routes: Table,
    scopes: Table,
    listeners: Table,
}

impl World {
    /// Changes something, then makes the whole closed under reference again.
    pub(crate) fn change(&mut self, random: &mut Random) {
        for _ in 0..=random.below(3) {
            self.change_one(random);
        }
        self.close();
    }

    fn change_one(&mut self, random: &mut Random) {
        let revision = random.below(3);
        match random.below(10) {
            0 => drop(self.clusters.remove(random.pick(&CLUSTERS))),
            1 => drop(self.clusters.insert(random.pick(&CLUSTERS), content(revision, &SECRETS, random))),
            2 => drop(self.routes.insert(random.pick(&ROUTES), content(revision, &CLUSTERS, random))),
            3 => drop(self.scopes.insert(random.pick(&SCOPES), content(revision, &CLUSTERS, random))),
            4 => drop(self.listeners.insert(random.pick(&LISTENERS), listener(revision, random))),
            5 => drop(self.listeners.remove(random.pick(&LISTENERS))),
            6 => drop(self.scopes.remove(random.pick(&SCOPES))),
            7 => drop(self.hosts.insert(random.pick(&HOSTS), revision)),
            8 => drop(self.hosts.remove(random.pick(&HOSTS))),
            _ => {
                self.secrets.insert(random.pick(&SECRETS), revision);
                self.endpoints.insert(random.pick(&CLUSTERS), revision);
            }
        }
    }

    fn close(&mut self) {
        let clusters = &self.clusters;
        for content in self.routes.values_mut().chain(self.scopes.values_mut()) {
            content.targets.retain(|name| clusters.contains_key(name));
        }
        let named: Vec<_> = self.listeners.values().flat_map(|l| &l.targets).copied().collect();
        self.routes.retain(|name, _| named.contains(name));
        for name in &named {
            match ROUTES.contains(name) {
                true => drop(self.routes.entry(name).or_default()),
                false => drop(self.secrets.entry(name).or_default()),
            }
        }
        for name in self.clusters.values().flat_map(|cluster| &cluster.targets) {
            self.secrets.entry(name).or_default();
        }
        self.endpoints.retain(|name, _| clusters.contains_key(name));
        for name in clusters.keys() {
            self.endpoints.entry(name).or_default();
        }
    }

    /// The Secret for a server name: that of the host, else that of the wildcard, under the name as it was asked for.
    pub(crate) fn answer(&self, asked: &str) -> Option<Resource> {
        self.answers_for(asked).map(|name| host_secret(asked, self.hosts[name]))
    }

    /// What was published when this is sent: the Secret of a host is sent under every name that it answers for.
    pub(crate) fn published(&self, sent: &Arc<Entry>) -> Arc<Entry> {
        let Resource { own_name: OwnName::BeforeBody, body, .. } = sent.resource() else {
            return Arc::clone(sent);
        };
        let own = self.answers_for(sent.name()).unwrap_or(sent.name());
        Entry::new(sent.resource_type(), Resource::named(own, body.clone()))
    }

    fn answers_for(&self, asked: &str) -> Option<&'static str> {
        let lower = asked.to_lowercase();
        let host = lower.strip_suffix('.').unwrap_or(&lower);
        let parent = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let found = match host {
            "*" => None,
            _ => self.hosts.get_key_value(host).or_else(|| self.hosts.get_key_value(parent?.as_str())),
        };
        found.map(|(name, _)| *name)
    }

    /// Everything, as it is published.
    pub(crate) fn resources(&self, seed: u64) -> BTreeMap<(ResourceType, &'static str), Resource> {
        let mut all = BTreeMap::new();
        let mut put = |kind, name: &'static str, body: String, refs: Vec<Reference>| {
            let overdue = if seed.is_multiple_of(2) { Overdue::KeepPrevious } else { Overdue::SendAnyway };
            let mut resource = Resource::new(name, body.into_bytes()).with_refs(refs).overdue(overdue);
            resource.warming = if is_slow(kind, name, seed) { Warming::Open } else { Warming::Quick };
            all.insert((kind, name), resource);
        };
        for (name, content) in &self.clusters {
            let mut refs = vec![Reference::sent(ResourceType::ClusterLoadAssignment, *name)];
            refs.extend(content.targets.iter().map(|to| Reference::sent(ResourceType::Secret, *to)));
            put(ResourceType::Cluster, name, format!("{content:?}"), refs);
        }
        for (kind, table) in [
            (ResourceType::RouteConfiguration, &self.routes),
            (ResourceType::ScopedRouteConfiguration, &self.scopes),
        ] {
            for (name, content) in table {
                let needs = if seed % 5 < 2 { Reference::in_force } else { Reference::acked };
                let refs = content
                    .targets
                    .iter()
                    .copied()
                    .map(|to: &str| needs(ResourceType::Cluster, to))
                    .collect();
                put(kind, name, format!("{content:?}"), refs);
            }
        }
        for (name, content) in &self.listeners {
            let target = |to: &&'static str| match ROUTES.contains(to) {
                true => Reference::sent(ResourceType::RouteConfiguration, *to),
                false => Reference::sent(ResourceType::Secret, *to),
            };
            put(
                ResourceType::Listener,
                name,
                format!("{content:?}"),
                content.targets.iter().map(target).collect(),
            );
        }
        for (kind, table) in
            [(ResourceType::Secret, &self.secrets), (ResourceType::ClusterLoadAssignment, &self.endpoints)]
        {
            for (name, revision) in table {
                put(kind, name, format!("{revision}"), Vec::new());
            }
        }
        let hosts = self.hosts.iter();
        all.extend(
            hosts.map(|(name, revision)| ((ResourceType::Secret, *name), host_secret(name, *revision))),
        );
        all
    }

    /// The update that leads from one world to another.
    pub(crate) fn update_from(&self, old: &World, seed: u64) -> Update {
        let (before, after) = (old.resources(seed), self.resources(seed));
        let mut update = Update::default();
        for ((kind, name), resource) in &after {
            if before.get(&(*kind, *name)).is_none_or(|old| old.version != resource.version) {
                update.set.push((*kind, resource.clone()));
            }
        }
        for (kind, name) in before.keys().filter(|key| !after.contains_key(*key)) {
            update.removed.push((*kind, (*name).into()));
        }
        update
    }
}

fn host_secret(name: &str, revision: usize) -> Resource {
    Resource::named(name, format!("{revision}").into_bytes())
}

/// In every third trace one cluster is slow to warm.
fn is_slow(kind: ResourceType, name: &str, seed: u64) -> bool {
    kind == ResourceType::Cluster && name == CLUSTERS[3] && has_slow_cluster(seed)
}

pub(crate) fn has_slow_cluster(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

fn content(revision: usize, targets: &[&'static str], random: &mut Random) -> Content {
    let mut chosen: Vec<_> = targets.iter().copied().filter(|_| random.one_in(2)).collect();
    chosen.sort_unstable();
    Content { revision, targets: chosen }
}

fn listener(revision: usize, random: &mut Random) -> Content {
    let mut targets = vec![random.pick(&ROUTES)];
    if random.one_in(2) {
        targets.push(random.pick(&SECRETS));
    }
    Content { revision, targets }
}
