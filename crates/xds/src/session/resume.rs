//! The beginning of a channel: what the client already has, and so what it still lacks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::channel::{Channel, Claim, Pending};
use super::{Session, StreamId};
use crate::rejection::Rejections;
use crate::resource::{Name, ResourceType, Version};
use crate::settings::Moment;
use crate::snapshot::{Entry, Snapshot, Table};
use crate::wire::Protocol;

impl Session {
    /// The first configuration has come: everything that was asked for until now is answered.
    pub(super) fn resume_all(&mut self, now: Moment) {
        let keys: Vec<_> = self.channels.keys().copied().collect();
        for key in keys {
            self.resume(now, key);
        }
        let streams: Vec<_> = self.streams.keys().copied().collect();
        for stream in streams {
            self.check_strangers(stream);
        }
    }

    pub(super) fn resume(&mut self, now: Moment, key: (ResourceType, StreamId)) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        self.claim_hosts(key);
        let effective = self.effective_table(&snapshot, key.0);
        let doubtful: BTreeSet<_> = self.rejections.doubtful(key.0).cloned().collect();
        let digest = self.effective_digest(&snapshot, key.0);
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.opened_at = now;
        channel.progress_at = now;
        let claim = std::mem::take(&mut channel.claim);
        match channel.protocol {
            Protocol::Delta => {
                channel.resume_delta(claim, &effective, &self.rejections);
                channel.doubt(&doubtful);
            }
            Protocol::Sotw if doubtful.is_empty() => {
                channel.resume_sotw(&claim, &effective, digest);
            }
            Protocol::Sotw => channel.answer_due = channel.subscription.is_all(),
        }
        let pending = Pending::new(snapshot.generation(), now);
        channel.expect_all(&effective, &pending);
        channel.expect_names(&snapshot, &pending);
        let owed: Vec<_> = self
            .owed
            .extract_if((key.0, Name::from("")).., |(kind, name)| {
                *kind == key.0 && channel.subscription.covers(name)
            })
            .collect();
        for (_, name) in owed {
            channel.force(&name, pending.clone().forced());
        }
        self.expect_hosts(key, &pending);
        if let Some(channel) = self.channels.get_mut(&key) {
            channel.loading = channel.has_work();
        }
    }
}

impl Channel {
    fn resume_delta(&mut self, claim: Claim, effective: &Table, rejections: &Rejections) {
        self.answer_due = self.subscription.is_all() && claim.versions.is_empty();
        for (name, text) in claim.versions {
            if !self.subscription.covers(&name) {
                continue;
            }
            let version = text.parse::<Version>().ok();
            let same = |entry: &&Arc<Entry>| Some(entry.version()) == version;
            let last_good = rejections.last_good(self.kind, &name);
            match effective.get(&name).filter(same).or(last_good.filter(same)) {
                Some(entry) => drop(self.known.insert(name, Arc::clone(entry))),
                None => drop(self.foreign.insert(name)),
            }
        }
    }

    /// What the client says of these names is not to be relied on.
    fn doubt(&mut self, names: &BTreeSet<Name>) {
        for name in names.iter().filter(|name| self.subscription.covers(name)).cloned().collect::<Vec<_>>() {
            self.known.remove(&name);
            self.foreign.insert(name);
        }
    }

    /// The version of a full set says what the client has; that of a part says nothing.
    fn resume_sotw(&mut self, claim: &Claim, effective: &Table, digest: Version) {
        let all = self.subscription.is_all();
        self.answer_due = all;
        if all && claim.version == digest.to_string() {
            self.known = effective.clone();
            self.answer_due = false;
        }
    }

    /// Under a wildcard: what differs from the configuration.
    fn expect_all(&mut self, effective: &Table, pending: &Pending) {
        if !self.subscription.is_all() {
            return;
        }
        let lacking = |(name, entry): &(&Name, &Arc<_>)| self.known.get(*name) != Some(*entry);
        let mut names: Vec<_> = effective.iter().filter(lacking).map(|(name, _)| Arc::clone(name)).collect();
        let gone = |name: &&Name| !effective.contains_key(*name);
        names.extend(self.known.keys().chain(&self.foreign).filter(gone).cloned());
        for name in names {
            self.force(&name, pending.clone());
        }
    }

    /// Names that were asked for, unless the client has them as they are.
    fn expect_names(&mut self, snapshot: &Snapshot, pending: &Pending) {
        let names = self.subscription.names().iter().filter(|name| self.hosts_of(name).is_none());
        for name in names.cloned().collect::<Vec<_>>() {
            match snapshot.get(self.kind, &name) {
                Some(entry) if self.known.get(&name) == Some(entry) => continue,
                Some(_) => {}
                None => drop(self.strangers.insert(Arc::clone(&name))),
            }
            self.force(&name, pending.clone().asked());
        }
    }
}
