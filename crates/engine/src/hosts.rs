//! The hosts as they are encoded: what is current, what waits for acknowledgement, what was rejected.
//!
//! A shared table is rejected as a whole, so the engine remembers what each changed host was before,
//! until Envoy has acknowledged the change: the rest of the table can go on at once with that.

use std::collections::{BTreeMap, BTreeSet};

use envoy::{Before, Layout, Output};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Problem, VirtualHost, VirtualHostKey};

use crate::hash::fingerprint;
use crate::quarantine::{Quarantine, Verdict};

/// The hosts as they are encoded.
pub(crate) struct Hosts {
    layout: Box<dyn Layout>,
    /// The fingerprint of what each host should be, whether or not it is in force.
    wanted: HashMap<VirtualHostKey, u64, FixedState>,
    quarantine: Quarantine,
    /// Hosts that are offered again though they have not changed: their trial has come.
    again: BTreeSet<VirtualHostKey>,
}

impl Hosts {
    pub(crate) fn new(layout: Box<dyn Layout>) -> Self {
        Self { layout, wanted: HashMap::default(), quarantine: Quarantine::default(), again: BTreeSet::new() }
    }

    /// Takes what a host should be from now on. Nothing happens when it is that already, or when that is
    /// what Envoy rejects.
    pub(crate) fn set(&mut self, key: &VirtualHostKey, host: Option<&VirtualHost>) {
        let wanted = host.map(fingerprint);
        if self.wanted.get(key).copied() == wanted && !self.again.remove(key) {
            return;
        }
        match wanted {
            Some(wanted) => self.wanted.insert(key.clone(), wanted),
            None => self.wanted.remove(key),
        };
        if self.quarantine.admits(key, wanted) {
            self.layout.set(key, host);
        }
    }

    /// The resources that differ from those of the last flush.
    pub(crate) fn flush(&mut self, generation: u64) -> Vec<Output> {
        let outputs = self.layout.flush();
        for (key, before) in self.layout.take_replaced() {
            self.quarantine.published(generation, key, before);
        }
        outputs
    }

    /// Every Envoy has acknowledged what was published up to `generation`. Gives hosts that are to be
    /// offered again.
    pub(crate) fn accepted(&mut self, generation: u64) -> Vec<VirtualHostKey> {
        self.quarantine.accepted(generation);
        let group = self.quarantine.next_group();
        self.again.extend(group.iter().cloned());
        group
    }

    /// The fleet rejects these hosts' resource: what changed in it goes back to what was accepted. Gives
    /// the culprit, if there is only one suspect; else the suspects are tried in groups.
    pub(crate) fn rejected(&mut self, hosts: &[VirtualHostKey], problem: &Problem) -> Verdict {
        let (verdict, restore) = self.quarantine.rejected(hosts, &self.wanted, problem);
        for (key, before) in restore {
            self.layout.restore(&key, before);
        }
        verdict
    }

    /// The hosts that are part of a resource.
    pub(crate) fn members(&self, kind: envoy::ResourceType, name: &str) -> Vec<VirtualHostKey> {
        self.layout.members(kind, name)
    }

    /// Why a host's newest form is not in force.
    pub(crate) fn rejection(&self, key: &VirtualHostKey) -> Option<&Problem> {
        self.quarantine.rejection(key)
    }
}

/// Hosts with what they were before.
pub(crate) type Restore = BTreeMap<VirtualHostKey, Before>;
