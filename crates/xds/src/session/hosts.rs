//! Names of hosts on a channel: admitted when a Secret answers for them, else refused and forgotten.

use std::sync::Arc;

use bytes::Bytes;

use super::channel::{Channel, Pending};
use super::{Session, StreamId, range_of};
use crate::on_demand::{Host, Hosts, asks_for_host};
use crate::resource::{Name, ResourceType, Version};
use crate::settings::Moment;
use crate::snapshot::{Entry, Snapshot};

impl Session {
    /// The resource that answers for a name on a channel, as it was published.
    pub(super) fn published(&self, channel: &Channel, name: &Name) -> Option<&Arc<Entry>> {
        match channel.hosts_of(name) {
            None => self.current(channel.kind, name),
            Some(hosts) => hosts.get(name)?.resolve(self.snapshot.as_deref()?),
        }
    }

    /// Divides names that were just asked for: those of hosts, as far as something answers for them, and all others.
    pub(super) fn admit(&mut self, key: (ResourceType, StreamId), asked: &[Name]) -> (Vec<Name>, Vec<Name>) {
        let Some(mut channel) = self.channels.remove(&key) else { return Default::default() };
        let (hosts, others) = asked.iter().cloned().partition(|name| channel.hosts_of(name).is_some());
        let hosts = self.admit_to(&mut channel, hosts);
        self.channels.insert(key, channel);
        (hosts, others)
    }

    fn admit_to(&self, channel: &mut Channel, mut names: Vec<Name>) -> Vec<Name> {
        names.retain(|name| {
            let admitted = self.admit_one(channel, name);
            match admitted {
                // It may have been refused a moment ago, and not been told yet.
                true => drop(channel.refused.remove(name.as_bytes())),
                false => channel.refuse(name),
            }
            admitted
        });
        names
    }

    /// What the client may have is admitted in any case: it is to be told when that changes.
    fn admit_one(&self, channel: &mut Channel, name: &Name) -> bool {
        let has = channel.may_have(name);
        let (Some(hosts), Some(host)) = (&mut channel.hosts, Host::of(name)) else { return has };
        let answer = self.snapshot.as_ref().and_then(|snapshot| host.resolve(snapshot));
        let fits = |answer: &&Arc<Entry>| {
            self.offered(answer).is_some_and(|offered| offered.resource().can_be(name))
                && (hosts.get(name).is_some() || hosts.has_room(&host, name, answer))
        };
        let admitted = has || answer.filter(fits).is_some();
        if admitted {
            hosts.insert(host, name, answer);
        }
        admitted
    }

    /// What is to be sent in place of a published resource: the one accepted last, when this one was rejected.
    pub(super) fn offered<'a>(&'a self, published: &'a Arc<Entry>) -> Option<&'a Arc<Entry>> {
        match self.rejections.contains(published) {
            true => self.rejections.last_good(published.resource_type(), published.name()),
            false => Some(published),
        }
    }

    /// What a client that comes back says of names of hosts.
    pub(super) fn claim_hosts(&mut self, key: (ResourceType, StreamId)) {
        let Some(mut channel) = self.channels.remove(&key) else { return };
        let on_demand = channel.hosts.is_some();
        let is_host = |name: &Name, _: &mut String| on_demand && asks_for_host(name);
        let mut claimed: Vec<_> = channel.claim.versions.extract_if(.., is_host).collect();
        claimed.retain(|(name, _)| channel.subscription.covers(name));
        for (name, text) in claimed {
            channel.foreign.insert(Arc::clone(&name));
            self.admit_one(&mut channel, &name);
            let version = text.parse::<Version>().ok();
            let wanted = self.wanted(&channel, &name).entry();
            if let Some(entry) = wanted.filter(|entry| Some(entry.version()) == version) {
                channel.foreign.remove(&name);
                channel.known.insert(name, entry);
            }
        }
        self.channels.insert(key, channel);
    }

    /// Names of hosts that a client asked for when the stream began, unless it has them as they are.
    pub(super) fn expect_hosts(&mut self, key: (ResourceType, StreamId), pending: &Pending) {
        let Some(mut channel) = self.channels.remove(&key) else { return };
        let names = channel.subscription.names().iter().filter(|name| channel.hosts_of(name).is_some());
        let names = names.cloned().collect();
        for name in self.admit_to(&mut channel, names) {
            let wanted = self.wanted(&channel, &name).entry();
            if wanted.is_none() || channel.known.get(&name) != wanted.as_ref() {
                channel.force(&name, pending.clone().asked());
            }
        }
        self.channels.insert(key, channel);
    }

    /// What a client has of a resource that it rejected, as it was published.
    pub(super) fn in_force(
        &self,
        key: (ResourceType, StreamId),
        rejected: &Arc<Entry>,
    ) -> Option<Arc<Entry>> {
        let (channel, name) = (self.channels.get(&key)?, rejected.published().name());
        let others = channel.names_of(self.snapshot.as_deref()?, name);
        let known =
            std::iter::once(rejected.name()).chain(&others).filter_map(|name| channel.known.get(name));
        known.map(Entry::published).find(|known| known.name() == name).cloned()
    }

    /// Nobody is offered a rejected Secret under another spelling; where a client has nothing to go on with, it is
    /// told that there is nothing.
    pub(super) fn hold_spellings(&mut self, now: Moment, rejected: &Arc<Entry>) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        let pending = Pending::new(snapshot.generation(), now).asked_meanwhile();
        for (_, channel) in self.channels.range_mut(range_of(rejected.resource_type())) {
            let Some(hosts) = channel.hosts_of(rejected.name()) else { continue };
            let names = hosts.answered_by(&snapshot, rejected.name());
            for name in channel.acquit(rejected) {
                self.rejections.settle(rejected.resource_type(), &name);
            }
            for name in names.iter().filter(|name| !channel.may_have(name)).cloned().collect::<Vec<_>>() {
                channel.force(&name, pending.clone());
            }
        }
    }
}

impl Channel {
    /// The names of hosts of this channel, if this is one.
    pub(super) fn hosts_of(&self, name: &str) -> Option<&Hosts> {
        self.hosts.as_ref().filter(|_| asks_for_host(name))
    }

    /// The names whose answer may change with a resource: itself, or the names of the hosts that it is for.
    pub(super) fn names_of(&self, snapshot: &Snapshot, resource: &Name) -> Vec<Name> {
        match self.hosts_of(resource) {
            None => vec![Arc::clone(resource)],
            Some(hosts) => hosts.answered_by(snapshot, resource),
        }
    }

    /// Answers that there is nothing, and forgets that it was asked for.
    pub(super) fn refuse(&mut self, name: &Name) {
        self.subscription.forget(name);
        self.drop_name(name);
        self.refused.insert(Bytes::copy_from_slice(name.as_bytes()));
    }

    /// Whether this is the name of a host that was told to be gone.
    pub(super) fn has_forgotten_host(&self, name: &str) -> bool {
        self.hosts_of(name).is_some() && !self.subscription.covers(name)
    }

    /// A host's name that is told to be gone is no longer subscribed: Envoy asks again when a client does.
    pub(super) fn forget_host(&mut self, name: &Name) {
        if let Some(hosts) = self.hosts.as_mut().filter(|_| asks_for_host(name)) {
            hosts.remove(name);
            self.subscription.forget(name);
        }
    }
}
