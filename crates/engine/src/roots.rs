//! What each root contributed last, as far as it must be remembered.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Cluster, ClusterKey, ListenerId, ObjectId, VirtualHostKey};
use store::Unit;
use translate::{Contribution, Fragment, Note};

use crate::hash::{fingerprint, make_room};

/// What roots contributed last: names and fingerprints, not the contributions. Those of the current run
/// are at hand until it ends; the rest can be had again by running the root.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    last: HashMap<ObjectId, Summary, FixedState>,
    hosts: HashMap<VirtualHostKey, Vec<ObjectId>, FixedState>,
    fresh: HashMap<ObjectId, BTreeMap<VirtualHostKey, Fragment>, FixedState>,
    fresh_clusters: HashMap<ClusterKey, Cluster, FixedState>,
}

/// The hosts that one root contributes to, sorted, and the fingerprint of its part in each.
type Summary = Box<[(VirtualHostKey, u64)]>;

impl Roots {
    /// Takes a contribution in the place of the root's last one. Gives the units that this makes dirty,
    /// and what the root has to say.
    pub(crate) fn replace(
        &mut self,
        root: &ObjectId,
        contribution: Contribution,
    ) -> (Vec<Unit>, BTreeMap<ObjectId, Note>) {
        let fragments = &contribution.fragments;
        let new: Summary = fragments.iter().map(|(key, part)| (key.clone(), fingerprint(part))).collect();
        let old = self.last.remove(root).unwrap_or_default();
        let dirty = self.replace_hosts(root, &old, &new);
        if !new.is_empty() {
            self.last.insert(root.clone(), new);
        }
        let notes = self.keep_at_hand(root, contribution);
        (dirty, notes)
    }

    /// Keeps what a root contributes at hand until the run ends. Gives what it has to say.
    pub(crate) fn keep_at_hand(
        &mut self,
        root: &ObjectId,
        contribution: Contribution,
    ) -> BTreeMap<ObjectId, Note> {
        self.fresh_clusters.extend(contribution.clusters);
        self.fresh.insert(root.clone(), contribution.fragments);
        contribution.notes
    }

    /// Makes room for what so many roots contribute, to a host each.
    pub(crate) fn make_room(&mut self, roots: usize) {
        make_room(&mut self.last, roots);
        make_room(&mut self.hosts, roots);
    }

    /// How many roots contribute something.
    pub(crate) fn len(&self) -> usize {
        self.last.len()
    }

    /// The roots that contribute to a host, in order.
    pub(crate) fn of_host(&self, key: &VirtualHostKey) -> Vec<ObjectId> {
        self.hosts.get(key).cloned().unwrap_or_default()
    }

    /// All hosts that somebody contributes to, in order.
    pub(crate) fn hosts(&self) -> BTreeSet<VirtualHostKey> {
        self.hosts.keys().cloned().collect()
    }

    /// The hosts of some listeners, in order.
    pub(crate) fn hosts_on(&self, listeners: &[ListenerId]) -> BTreeSet<VirtualHostKey> {
        self.hosts.keys().filter(|key| listeners.contains(&key.listener)).cloned().collect()
    }

    /// Of how many roots it is at hand what they contribute.
    pub(crate) fn at_hand(&self) -> usize {
        self.fresh.len()
    }

    /// A root's fragment for a host, if it is at hand. It is not any more then: nearly every host runs once.
    pub(crate) fn take_fragment(&mut self, root: &ObjectId, key: &VirtualHostKey) -> Option<Fragment> {
        self.fresh.get_mut(root)?.remove(key)
    }

    /// A cluster of a root that is at hand.
    pub(crate) fn cluster(&self, key: &ClusterKey) -> Option<&Cluster> {
        self.fresh_clusters.get(key)
    }

    /// Lets go of what is at hand for one run only.
    pub(crate) fn end_run(&mut self) {
        self.fresh.clear();
        self.fresh_clusters.clear();
    }

    fn replace_hosts(
        &mut self,
        root: &ObjectId,
        old: &[(VirtualHostKey, u64)],
        new: &[(VirtualHostKey, u64)],
    ) -> Vec<Unit> {
        let mut dirty = Vec::new();
        for (key, _) in old.iter().filter(|(key, _)| fingerprint_of(new, key).is_none()) {
            self.leave(root, key);
            dirty.push(Unit::VirtualHost(key.clone()));
        }
        for (key, fingerprint) in new {
            let before = fingerprint_of(old, key);
            if before.is_none() {
                self.join(root, key);
            }
            if before != Some(*fingerprint) {
                dirty.push(Unit::VirtualHost(key.clone()));
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
