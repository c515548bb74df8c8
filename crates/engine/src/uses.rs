//! What hosts need besides themselves: clusters and Secrets.
//!
//! Counted by the form of each host that is offered to Envoy, not by what roots would like: the certificate
//! of an object that lost its host goes to no Envoy.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{
    ClusterKey, JwtProvider, Route, SecretKey, TlsTermination, Traffic, VirtualHost, VirtualHostKey,
};
use store::Unit;

use crate::guards::Guards;
use crate::hash::make_room;
use crate::references::References;

/// What one host needs besides itself; sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    clusters: Box<[ClusterKey]>,
    secrets: Box<[SecretKey]>,
    /// Which of the Secrets holds its certificate, the first of them.
    certificate: u32,
    /// What it guards itself with.
    guards: Guards,
}

impl From<&VirtualHost> for Uses {
    fn from(host: &VirtualHost) -> Self {
        let mut clusters: Vec<&ClusterKey> = match &host.traffic {
            Traffic::Http(routes) => routes.iter().flat_map(Route::clusters).collect(),
            Traffic::Tcp(targets) | Traffic::Udp(targets) => {
                targets.clusters.iter().map(|each| &each.cluster).collect()
            }
        };
        clusters.extend(host.jwt_providers.iter().filter_map(JwtProvider::key_server));
        clusters.extend(host.authorization.iter().map(|authorization| &authorization.cluster));
        clusters.sort_unstable();
        clusters.dedup();
        let mut secrets: Vec<&SecretKey> = host.tls.iter().flat_map(secrets).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let certificate = host.tls.as_ref().and_then(|tls| tls.certificates.first());
        Self {
            clusters: clusters.into_iter().cloned().collect(),
            certificate: position(&secrets, certificate),
            guards: Guards::of(host),
            secrets: secrets.into_iter().cloned().collect(),
        }
    }
}

/// Where a Secret is among others; 0 when it is not.
fn position(secrets: &[&SecretKey], certificate: Option<&SecretKey>) -> u32 {
    let position = secrets.iter().position(|key| Some(*key) == certificate);
    position.and_then(|position| position.try_into().ok()).unwrap_or_default()
}

impl Uses {
    /// Whether a host with these needs asks more of requests, or something else, than it did with those.
    pub(crate) fn guard_more_than(&self, before: &Self) -> bool {
        self.guards.are_other_than(before.guards)
    }

    /// The needs of a host that is closed.
    pub(crate) fn closed(self) -> Self {
        Self { guards: Guards::CLOSED, ..self }
    }
}

fn secrets(tls: &TlsTermination) -> impl Iterator<Item = &SecretKey> {
    let bundle = tls.clients.certificates().and_then(|certificates| certificates.trust.bundle());
    tls.certificates.iter().chain(tls.clients.fallback()).chain(bundle)
}

/// What hosts need, counted.
#[derive(Debug, Default)]
pub(crate) struct InUse {
    by_host: HashMap<VirtualHostKey, Uses, FixedState>,
    clusters: References<ClusterKey>,
    secrets: References<SecretKey>,
}

impl InUse {
    /// Makes room for so many hosts, with a cluster each.
    pub(crate) fn make_room(&mut self, hosts: usize) {
        make_room(&mut self.by_host, hosts);
        self.clusters.make_room(hosts);
    }

    /// Replaces what a host needs. Gives what it needed before, and what came into use or fell out of it.
    pub(crate) fn replace(&mut self, key: &VirtualHostKey, new: Uses) -> (Uses, Vec<Unit>) {
        let Self { by_host, clusters, secrets } = self;
        let needs_nothing = new == Uses::default();
        if needs_nothing && by_host.is_empty() {
            return (new, vec![]);
        }
        let known = by_host.entry(key.clone()).or_default();
        let old = std::mem::replace(known, new);
        let fleet = key.listener.fleet();
        let clusters = clusters.replace(&old.clusters, &known.clusters).into_iter();
        let secrets = secrets.replace(&old.secrets, &known.secrets).into_iter();
        let clusters = clusters.map(|key| Unit::Cluster(fleet.clone(), key));
        let flipped = clusters.chain(secrets.map(|key| Unit::Secret(fleet.clone(), key))).collect();
        if needs_nothing {
            by_host.remove(key);
        }
        (old, flipped)
    }

    pub(crate) fn has_cluster(&self, key: &ClusterKey) -> bool {
        self.clusters.contains(key)
    }

    pub(crate) fn has_secret(&self, key: &SecretKey) -> bool {
        self.secrets.contains(key)
    }

    /// The hosts that need a cluster, in order. Looks at all hosts: for rejections only.
    pub(crate) fn hosts_of_cluster(&self, name: &str) -> Vec<VirtualHostKey> {
        self.hosts(|uses| uses.clusters.iter().any(|key| key.as_str() == name))
    }

    /// The hosts that need a Secret, in order. Looks at all hosts: for rejections only.
    pub(crate) fn hosts_of_secret(&self, name: &str) -> Vec<VirtualHostKey> {
        self.hosts(|uses| uses.secrets.iter().any(|key| key.to_string() == name))
    }

    /// The Secret of a host that goes by a name: its own, or that of the host, which its certificate may have.
    pub(crate) fn secret_of(&self, host: &VirtualHostKey, name: &str) -> Option<&SecretKey> {
        let Uses { secrets, certificate, .. } = self.by_host.get(host)?;
        secrets.iter().find(|key| key.to_string() == name).or_else(|| secrets.get(*certificate as usize))
    }

    fn hosts(&self, names: impl Fn(&Uses) -> bool) -> Vec<VirtualHostKey> {
        let all = self.by_host.iter().filter(|(_, uses)| names(uses)).map(|(key, _)| key.clone());
        let mut hosts: Vec<_> = all.collect();
        hosts.sort_unstable();
        hosts
    }
}
