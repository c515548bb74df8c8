//! Acknowledgements and rejections.

use std::sync::Arc;

use super::channel::{Channel, Item, Outstanding, Pending};
use super::{Output, Session, StreamId};
use crate::discovery::ErrorDetail;
use crate::observation::Observation;
use crate::resource::{Name, Reference, ResourceType};
use crate::scrub::scrub;
use crate::settings::Moment;
use crate::snapshot::Entry;

impl Session {
    /// A request with a nonce: it acknowledges or rejects the response of that nonce, or, when that is no longer
    /// outstanding, nothing. Whether it rejects is told by the error alone.
    pub(super) fn answered(
        &mut self,
        now: Moment,
        key: (ResourceType, StreamId),
        nonce: &str,
        error: Option<ErrorDetail>,
    ) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let Some(at) = channel.outstanding.iter().position(|sent| sent.nonce.to_string() == nonce) else {
            return;
        };
        let response = channel.outstanding.remove(at);
        channel.last_answered = Some(response.nonce);
        match error {
            None => self.accept(now, key, response),
            Some(error) => self.reject(now, key, response, &error),
        }
    }

    fn accept(&mut self, now: Moment, key: (ResourceType, StreamId), response: Outstanding) {
        self.counters[key.0.index()].acks += 1;
        if key.0 == ResourceType::ClusterLoadAssignment {
            self.note_endpoints(now, key.1, &response);
        }
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.progress_at = if channel.loading { now } else { channel.progress_at };
        for item in response.items {
            channel.foreign.remove(&item.name);
            channel.uncertain.remove(&item.name);
            self.rejections.settle(key.0, &item.name);
            match item.change {
                Some(entry) if channel.subscription.covers(&item.name) => {
                    self.rejections.accepted(entry.published());
                    channel.known.insert(item.name, entry);
                }
                Some(_) | None => drop(channel.known.remove(&item.name)),
            }
        }
        channel.loading &= channel.has_work();
        self.share(key);
    }

    fn share(&mut self, key: (ResourceType, StreamId)) {
        let Some(snapshot) = &self.snapshot else { return };
        if self.channels.get(&key).is_some_and(Channel::may_share) {
            let table = self.effective_table(snapshot, key.0);
            if let Some(channel) = self.channels.get_mut(&key) {
                channel.share(table);
            }
        }
    }

    /// Endpoints that were acknowledged after their cluster was sent show that Envoy has the cluster, even while it
    /// withholds the acknowledgement of clusters because another one is slow to warm. On separate streams they may have
    /// overtaken the cluster, and show nothing.
    fn note_endpoints(&mut self, now: Moment, stream: StreamId, endpoints: &Outstanding) {
        let Some(clusters) = self.channels.get_mut(&(ResourceType::Cluster, stream)) else { return };
        if !clusters.outstanding.iter().any(|sent| sent.slow) {
            return;
        }
        let withheld = |sent: &&mut Outstanding| sent.nonce < endpoints.nonce;
        for sent in clusters.outstanding.iter_mut().filter(withheld) {
            for item in &mut sent.items {
                let arrived = || item.change.as_ref().is_some_and(|cluster| has_all(cluster, endpoints));
                item.endpoints_at = item.endpoints_at.or_else(|| arrived().then_some(now));
            }
        }
    }

    fn reject(
        &mut self,
        now: Moment,
        key: (ResourceType, StreamId),
        response: Outstanding,
        error: &ErrorDetail,
    ) {
        let message = scrub(&error.message);
        let counters = &mut self.counters[key.0.index()];
        counters.nacks += 1;
        counters.last_error = Some(message.clone());
        let (changed, removed): (Vec<_>, Vec<_>) =
            response.items.into_iter().partition(|item| item.change.is_some());
        let retry_removals = !changed.is_empty();
        if let (true, Some(channel)) = (retry_removals, self.channels.get_mut(&key)) {
            channel.refuse_again(response.refused);
        }
        for item in removed {
            self.removal_rejected(now, key, item, retry_removals);
        }
        match sole_culprit(&changed) {
            Some(entry) => self.hold(now, key, &entry, &message),
            None => self.accuse(now, key, changed),
        }
    }

    /// A removal that came with rejected resources may have been done or not, and goes again, unless the resource
    /// is back. A removal that is rejected alone is never repeated.
    fn removal_rejected(&mut self, now: Moment, key: (ResourceType, StreamId), item: Item, retry: bool) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        if retry && channel.has_forgotten_host(&item.name) {
            return channel.refuse(&item.name);
        }
        let known = channel.known.remove(&item.name);
        if !retry {
            channel.foreign.remove(&item.name);
            channel.uncertain.remove(&item.name);
            return;
        }
        if let Some(known) = known {
            channel.uncertain.insert(Arc::clone(&item.name), known);
        }
        self.rejections.doubt(key.0, std::iter::once(Arc::clone(&item.name)));
        let pending = Pending { aside: item.aside, asked: true, ..Pending::new(item.since, now) };
        channel.pending.entry(item.name).or_insert(pending);
    }

    /// Whether the item is still what is to be sent.
    fn is_current(&self, key: (ResourceType, StreamId), item: &Item) -> bool {
        let channel = &self.channels[&key];
        let wanted = self.wanted(channel, &item.name);
        channel.subscription.covers(&item.name) && item.change.is_some() && wanted.entry() == item.change
    }

    /// Several resources were rejected together: those that are still wanted are offered apart.
    fn accuse(&mut self, now: Moment, key: (ResourceType, StreamId), items: Vec<Item>) {
        let (current, outdated): (Vec<_>, Vec<_>) =
            items.iter().cloned().partition(|item| self.is_current(key, item));
        let outdated: Vec<Name> = outdated.into_iter().map(|item| item.name).collect();
        self.force(now, key, &outdated, Pending::forced);
        let Some(channel) = self.channels.get_mut(&key) else { return };
        for item in &current {
            // A change since then would have made the item outdated: what waits is a wish to send it again.
            channel.pending.remove(&item.name);
        }
        self.rejections.doubt(key.0, items.iter().map(|item| Arc::clone(&item.name)));
        channel.suspects.split(current);
        let covered = items.into_iter().filter(|item| channel.subscription.covers(&item.name));
        channel.uncertain.extend(covered.filter_map(|item| item.change.map(|entry| (item.name, entry))));
    }

    /// One resource was rejected alone, under one name or several: it is the culprit, and it was not taken.
    fn hold(&mut self, now: Moment, key: (ResourceType, StreamId), sent: &Arc<Entry>, message: &str) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.uncertain.remove(sent.name());
        self.rejections.settle(key.0, sent.name());
        let entry = sent.published();
        let in_force = self.in_force(key, sent);
        self.rejections.hold(entry, message.to_owned(), in_force);
        self.hold_spellings(now, entry);
        let (fleet, node) = self.identity();
        self.outputs.push(Output::Observe(Observation::Rejected {
            fleet,
            node,
            release: self.release,
            resource_type: key.0,
            name: Arc::clone(entry.name()),
            version: entry.version(),
            message: message.to_owned(),
        }));
    }
}

/// The resource that is to blame when all these are that resource.
fn sole_culprit(items: &[Item]) -> Option<Arc<Entry>> {
    let (first, others) = items.split_first()?;
    let culprit = first.change.as_ref()?;
    let same =
        |item: &Item| item.change.as_ref().is_some_and(|entry| entry.published() == culprit.published());
    others.iter().all(same).then(|| Arc::clone(culprit))
}

/// Whether these are the endpoints of a cluster, which has some.
fn has_all(cluster: &Entry, endpoints: &Outstanding) -> bool {
    let of_kind = |to: &&Reference| to.resource_type == ResourceType::ClusterLoadAssignment;
    let mut refs = cluster.refs().iter().filter(of_kind).peekable();
    refs.peek().is_some() && refs.all(|to| endpoints.item(&to.name).is_some_and(|item| item.change.is_some()))
}
