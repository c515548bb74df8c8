//! The hosts as they are encoded: what is offered, what waits for acknowledgement, what was rejected.
//!
//! A shared table is rejected as a whole, so the engine remembers what each changed host was before,
//! until Envoy has acknowledged the change: the rest of the table can go on at once with that.

use std::collections::{BTreeMap, BTreeSet};

use envoy::{Layout, Output};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{
    ClusterKey, Listener, ListenerId, Problem, SecretContent, SecretKey, Settings, VirtualHost,
    VirtualHostKey,
};
use store::Unit;

use crate::hash::{fingerprint, make_room};
use crate::quarantine::{Form, Quarantine, Restore, SecretVersion};
use crate::uses::{InUse, Uses};

/// The hosts as they are encoded.
pub(crate) struct Hosts {
    layout: Box<dyn Layout>,
    /// The fingerprint of what each host should be, whether or not it is offered.
    wanted: HashMap<VirtualHostKey, u64, FixedState>,
    /// What the form of each host that is offered needs.
    in_use: InUse,
    /// What hosts needed before they changed since the last flush.
    used: HashMap<VirtualHostKey, Uses, FixedState>,
    quarantine: Quarantine,
    /// Hosts that are offered again though they have not changed: their trial has come.
    again: BTreeSet<VirtualHostKey>,
    /// Culprits that are to be closed: what was accepted last asks less of requests than what was rejected.
    closing: BTreeMap<VirtualHostKey, Closing>,
}

/// How a host is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// Its requests are answered with 500.
    Answer,
    /// It is not there: what it needs to answer was rejected.
    Absence,
}

impl Hosts {
    pub(crate) fn new(layout: Box<dyn Layout>) -> Self {
        Self {
            layout,
            wanted: HashMap::default(),
            in_use: InUse::default(),
            used: HashMap::default(),
            quarantine: Quarantine::default(),
            again: BTreeSet::new(),
            closing: BTreeMap::new(),
        }
    }

    /// Makes room for so many hosts.
    pub(crate) fn make_room(&mut self, hosts: usize) {
        make_room(&mut self.used, hosts.saturating_sub(self.wanted.len()));
        make_room(&mut self.wanted, hosts);
        self.in_use.make_room(hosts);
    }

    /// Takes what a host should be from now on, and gives the units that come into use or fall out of it.
    /// Nothing happens when it is that already, or when that is what Envoy rejects.
    pub(crate) fn set(&mut self, key: &VirtualHostKey, host: Option<&VirtualHost>) -> Vec<Unit> {
        let wanted = host.map(fingerprint);
        let is_trial = self.again.remove(key);
        let closing = self.closing.remove(key);
        let before = match wanted {
            Some(wanted) => self.wanted.insert(key.clone(), wanted),
            None => self.wanted.remove(key),
        };
        if before == wanted && !is_trial && closing.is_none() {
            return vec![];
        }
        if self.quarantine.admits(key, wanted) {
            return self.offer(key, host, host.map(Uses::from).unwrap_or_default());
        }
        closing.map(|how| self.close(key, host, how)).unwrap_or_default()
    }

    fn offer(&mut self, key: &VirtualHostKey, host: Option<&VirtualHost>, uses: Uses) -> Vec<Unit> {
        self.layout.set(key, host);
        let (before, flipped) = self.in_use.replace(key, uses);
        self.used.entry(key.clone()).or_insert(before);
        flipped
    }

    /// Offers a culprit without anything that it would serve.
    fn close(&mut self, key: &VirtualHostKey, host: Option<&VirtualHost>, how: Closing) -> Vec<Unit> {
        let closed = match how {
            Closing::Answer => host.and_then(VirtualHost::closed),
            Closing::Absence => None,
        };
        let uses = closed.as_ref().map(Uses::from).unwrap_or_default().closed();
        self.quarantine.closes(key);
        self.offer(key, closed.as_ref(), uses)
    }

    /// Takes what the fleet listens on. Gives the listeners that are new, which have no hosts.
    pub(crate) fn set_listeners(&mut self, listeners: &[Listener]) -> Vec<ListenerId> {
        self.layout.set_listeners(listeners)
    }

    /// Offers hosts when they are set again, though they have not changed.
    pub(crate) fn offer_again(&mut self, hosts: &BTreeSet<VirtualHostKey>) {
        self.again.extend(hosts.iter().cloned());
    }

    /// Takes settings that differ in what is known of the services that are asked about all hosts. Gives the hosts: they
    /// are to be set again though they have not changed.
    pub(crate) fn set_settings(&mut self, settings: &Settings) -> Vec<VirtualHostKey> {
        self.layout.set_settings(settings);
        let mut hosts: Vec<_> = self.wanted.keys().cloned().collect();
        hosts.sort_unstable();
        self.again.extend(hosts.iter().cloned());
        hosts
    }

    /// Takes what a Secret holds from now on; nothing when nobody needs it.
    pub(crate) fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        self.layout.set_secret(key, content);
    }

    /// The resources that differ from those of the last flush.
    pub(crate) fn flush(&mut self, generation: u64) -> Vec<Output> {
        let outputs = self.layout.flush();
        let mut used = std::mem::take(&mut self.used);
        let replaced = self.layout.take_replaced();
        self.quarantine.make_room(replaced.len());
        for (key, before) in replaced {
            let uses = used.remove(&key).unwrap_or_default();
            self.quarantine.published(generation, key, Form { before, uses });
        }
        outputs
    }

    /// Every Envoy has acknowledged what was published up to `generation`. Gives the units that cannot
    /// come back into use by a rejection any more.
    pub(crate) fn accepted(&mut self, generation: u64) -> Vec<Unit> {
        self.quarantine.accepted(generation)
    }

    /// The hosts whose trial has come, if nothing else is on trial: they are to be offered again.
    pub(crate) fn next_trial(&mut self) -> BTreeSet<VirtualHostKey> {
        let group = self.quarantine.next_group();
        self.again.extend(group.iter().cloned());
        group
    }

    /// The fleet rejects a resource that these hosts share: those that changed go back to what was
    /// accepted. Gives what that makes dirty. One suspect alone is the culprit, several will be tried.
    pub(crate) fn rejected(&mut self, members: &[VirtualHostKey], problem: &Problem) -> BTreeSet<Unit> {
        let restore = self.quarantine.rejected(members, &self.wanted, problem);
        self.restore(restore, Closing::Answer)
    }

    /// The fleet rejects what these hosts use: those that changed go back, and all culprits are told.
    pub(crate) fn condemned(
        &mut self,
        users: &[VirtualHostKey],
        secret: Option<&SecretVersion>,
        problem: &Problem,
    ) -> BTreeSet<Unit> {
        let restore = self.quarantine.condemned(users, &self.wanted, secret, problem);
        let told = users.iter().filter(|user| self.rejection(user).is_some()).cloned();
        let told: Vec<_> = told.map(Unit::VirtualHost).collect();
        let closing = if secret.is_some() { Closing::Absence } else { Closing::Answer };
        self.restore(restore, closing).into_iter().chain(told).collect()
    }

    fn restore(&mut self, restore: Restore, closing: Closing) -> BTreeSet<Unit> {
        let mut dirty = BTreeSet::new();
        for (key, Form { before, uses }) in restore {
            self.layout.restore(&key, before);
            let (rejected, flipped) = self.in_use.replace(&key, uses.clone());
            dirty.extend(flipped);
            if self.quarantine.is_guilty(&key) && rejected.guard_more_than(&uses) {
                self.closing.insert(key.clone(), closing);
            }
            // A culprit's owners are to be told.
            dirty.insert(Unit::VirtualHost(key));
        }
        dirty
    }

    /// Whether a host is set aside because of a Secret's content.
    pub(crate) fn awaits_secret(&self, name: &str) -> bool {
        self.quarantine.awaits_secret(name)
    }

    /// What a Secret's content is now: gives the hosts that were set aside because of another content, to be
    /// offered again.
    pub(crate) fn secret_is(&mut self, name: &str, version: Option<u64>) -> Vec<VirtualHostKey> {
        let freed = self.quarantine.secret_is(name, version);
        self.again.extend(freed.iter().cloned());
        freed
    }

    /// The hosts that are part of a resource.
    pub(crate) fn members(&self, kind: envoy::ResourceType, name: &str) -> Vec<VirtualHostKey> {
        self.layout.members(kind, name)
    }

    /// The hosts whose Secret goes by a name: their own, or the Secret's.
    pub(crate) fn users_of_secret(&self, name: &str) -> Vec<VirtualHostKey> {
        let members = self.members(envoy::ResourceType::Secret, name);
        if members.is_empty() { self.in_use.hosts_of_secret(name) } else { members }
    }

    /// Why a host's newest form is not in force.
    pub(crate) fn rejection(&self, key: &VirtualHostKey) -> Option<Problem> {
        self.quarantine.rejection(key)
    }

    /// What the hosts need that are offered.
    pub(crate) const fn in_use(&self) -> &InUse {
        &self.in_use
    }

    /// Whether a rejection can bring a cluster back.
    pub(crate) fn can_restore_cluster(&self, key: &ClusterKey) -> bool {
        self.quarantine.restorable().has_cluster(key)
    }

    /// Whether a rejection can bring a Secret back.
    pub(crate) fn can_restore_secret(&self, key: &SecretKey) -> bool {
        self.quarantine.restorable().has_secret(key)
    }
}
