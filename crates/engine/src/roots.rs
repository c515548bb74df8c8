//! What each root contributed last, as far as it must be remembered.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Cluster, ClusterKey, ObjectId, SecretKey, VirtualHostKey};
use store::Unit;
use translate::{Contribution, Fragment, Note};

use crate::hash::fingerprint;
use crate::references::References;

/// What roots contributed last: names and fingerprints, not the contributions. Those of the current run
/// are at hand until it ends; the rest can be had again by running the root.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    last: HashMap<ObjectId, Summary, FixedState>,
    hosts: HashMap<VirtualHostKey, Vec<ObjectId>, FixedState>,
    pub(crate) clusters: References<ClusterKey>,
    pub(crate) secrets: References<SecretKey>,
    fresh: HashMap<ObjectId, BTreeMap<VirtualHostKey, Fragment>, FixedState>,
    fresh_clusters: HashMap<ClusterKey, Cluster, FixedState>,
}

/// What one root contributed last.
#[derive(Debug, Default)]
struct Summary {
    hosts: Box<[(VirtualHostKey, u64)]>,
    clusters: Box<[ClusterKey]>,
    secrets: Box<[SecretKey]>,
}

impl Roots {
    /// Takes a contribution in the place of the root's last one. Gives the units that this makes dirty,
    /// and what the root has to say.
    pub(crate) fn replace(
        &mut self,
        root: &ObjectId,
        contribution: Contribution,
    ) -> (BTreeSet<Unit>, BTreeMap<ObjectId, Note>) {
        let Contribution { fragments, clusters, secrets, notes } = contribution;
        let new = Summary {
            hosts: fragments.iter().map(|(key, fragment)| (key.clone(), fingerprint(fragment))).collect(),
            clusters: clusters.keys().cloned().collect(),
            secrets: secrets.into_iter().collect(),
        };
        let old = self.last.remove(root).unwrap_or_default();
        let mut dirty = self.replace_hosts(root, &old.hosts, &new.hosts);
        dirty.extend(self.clusters.replace(&old.clusters, &new.clusters).into_iter().map(Unit::Cluster));
        dirty.extend(self.secrets.replace(&old.secrets, &new.secrets).into_iter().map(Unit::Secret));
        self.fresh_clusters.extend(clusters);
        if !new.hosts.is_empty() || !new.clusters.is_empty() || !new.secrets.is_empty() {
            self.last.insert(root.clone(), new);
        }
        self.fresh.insert(root.clone(), fragments);
        (dirty, notes)
    }

    /// The roots that contribute to a host, in order.
    pub(crate) fn of_host(&self, key: &VirtualHostKey) -> Vec<ObjectId> {
        self.hosts.get(key).cloned().unwrap_or_default()
    }

    /// All hosts that somebody contributes to, in order.
    pub(crate) fn hosts(&self) -> BTreeSet<VirtualHostKey> {
        self.hosts.keys().cloned().collect()
    }

    /// The roots that name a cluster, in order. Looks at all roots: for rejections only.
    pub(crate) fn of_cluster(&self, name: &str) -> BTreeSet<ObjectId> {
        let names = |summary: &Summary| summary.clusters.iter().any(|key| key.as_str() == name);
        self.last.iter().filter(|(_, summary)| names(summary)).map(|(root, _)| root.clone()).collect()
    }

    /// The roots that name a Secret, in order. Looks at all roots: for rejections only.
    pub(crate) fn of_secret(&self, name: &str) -> BTreeSet<ObjectId> {
        let names = |summary: &Summary| summary.secrets.iter().any(|key| key.to_string() == name);
        self.last.iter().filter(|(_, summary)| names(summary)).map(|(root, _)| root.clone()).collect()
    }

    /// The hosts that a root contributes to.
    pub(crate) fn hosts_of(&self, root: &ObjectId) -> impl Iterator<Item = &VirtualHostKey> {
        self.last.get(root).into_iter().flat_map(|summary| summary.hosts.iter().map(|(key, _)| key))
    }

    /// A root's fragment for a host, if the root ran in this run.
    pub(crate) fn fresh(&self, root: &ObjectId, key: &VirtualHostKey) -> Option<&Fragment> {
        self.fresh.get(root)?.get(key)
    }

    /// A cluster that came into use in this run.
    pub(crate) fn fresh_cluster(&self, key: &ClusterKey) -> Option<&Cluster> {
        self.fresh_clusters.get(key)
    }

    /// Lets go of what is at hand for one run only.
    pub(crate) fn end_run(&mut self) {
        self.fresh = HashMap::default();
        self.fresh_clusters = HashMap::default();
    }

    fn replace_hosts(
        &mut self,
        root: &ObjectId,
        old: &[(VirtualHostKey, u64)],
        new: &[(VirtualHostKey, u64)],
    ) -> BTreeSet<Unit> {
        let mut dirty = BTreeSet::new();
        for (key, _) in old.iter().filter(|(key, _)| fingerprint_of(new, key).is_none()) {
            self.leave(root, key);
            dirty.insert(Unit::VirtualHost(key.clone()));
        }
        for (key, fingerprint) in new {
            let before = fingerprint_of(old, key);
            if before.is_none() {
                self.join(root, key);
            }
            if before != Some(*fingerprint) {
                dirty.insert(Unit::VirtualHost(key.clone()));
            }
        }
        dirty
    }

    fn join(&mut self, root: &ObjectId, key: &VirtualHostKey) {
        let roots = self.hosts.entry(key.clone()).or_default();
        if let Err(place) = roots.binary_search(root) {
            roots.reserve_exact(1);
            roots.insert(place, root.clone());
        }
    }

    fn leave(&mut self, root: &ObjectId, key: &VirtualHostKey) {
        let Some(roots) = self.hosts.get_mut(key) else { return };
        roots.retain(|other| other != root);
        if roots.is_empty() {
            self.hosts.remove(key);
        }
    }
}

/// The fingerprint of a host among those of a root, which are sorted.
fn fingerprint_of(hosts: &[(VirtualHostKey, u64)], key: &VirtualHostKey) -> Option<u64> {
    let place = hosts.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
    Some(hosts[place].1)
}
