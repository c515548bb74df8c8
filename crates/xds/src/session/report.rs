//! What a session tells: acknowledged generations, and its state for people.

use std::time::Duration;

use super::channel::Channel;
use super::{Output, Session};
use crate::observation::{NodeStatus, Observation, TypeStatus};
use crate::on_demand::Hosts;
use crate::resource::ResourceType;
use crate::settings::Moment;
use crate::snapshot::Generation;
use crate::wire;

impl Session {
    /// The greatest generation of which everything that this Envoy subscribes to is acknowledged, rejected, or
    /// set aside; `None` before its listeners are there.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    pub(super) fn report(&mut self) {
        let Some(reached) = self.reached() else { return };
        if self.generation.is_none_or(|before| before < reached) {
            self.generation = Some(reached);
            let (fleet, node) = self.identity();
            self.outputs.push(Output::Observe(Observation::Reached { fleet, node, generation: reached }));
        }
    }

    fn reached(&self) -> Option<Generation> {
        let snapshot = self.snapshot.as_ref()?;
        if !self.of_kind(ResourceType::Listener).any(|channel| !channel.loading) {
            return None;
        }
        let waiting = self.channels.values().filter_map(Channel::oldest_change).min();
        let reached = waiting.map_or(snapshot.generation(), Generation::previous);
        (reached > Generation::default()).then_some(reached)
    }

    /// The state for `status`, metrics and the console.
    pub fn status(&self, now: Moment) -> NodeStatus {
        let (fleet, node) = self.identity();
        NodeStatus {
            fleet,
            node,
            release: self.release,
            streams: self.streams.len(),
            generation: self.generation,
            types: ResourceType::ALL.into_iter().filter_map(|kind| self.type_status(now, kind)).collect(),
            held: self.snapshot.as_ref().map_or(Vec::new(), |snapshot| self.rejections.held(snapshot)),
            unknown_types: self.unknown_types,
        }
    }

    /// How many responses of a type were acknowledged, and how many rejected, since the Envoy connected.
    pub(crate) fn answers(&self, kind: ResourceType) -> (u64, u64) {
        let counters = &self.counters[kind.index()];
        (counters.acks, counters.nacks)
    }

    fn type_status(&self, now: Moment, kind: ResourceType) -> Option<TypeStatus> {
        let newest = self.of_kind(kind).last()?;
        let counters = &self.counters[kind.index()];
        let age = self.of_kind(kind).filter_map(|channel| channel.unanswered_for(now)).max();
        Some(TypeStatus {
            resource_type: kind,
            protocol: newest.protocol,
            resources: self.of_kind(kind).map(|channel| channel.known.len()).sum(),
            version: wire::digest(self.of_kind(kind).flat_map(|channel| channel.known.values())),
            pending: self.of_kind(kind).map(Channel::waiting).sum(),
            outstanding: self.of_kind(kind).map(|channel| channel.outstanding.len()).sum(),
            unanswered_for: age,
            stuck: age.is_some_and(|age| age >= self.settings.stuck_after),
            acks: counters.acks,
            nacks: counters.nacks,
            last_error: counters.last_error.clone(),
        })
    }

    /// How many names are remembered of a type, in all places together; for tests and for people.
    pub fn remembered_names(&self, kind: ResourceType) -> usize {
        let owed = self.owed.iter().filter(|(of, _)| *of == kind).count();
        let rejected = self.rejections.names(kind).chain(self.rejections.doubtful(kind)).count();
        self.of_kind(kind).map(Channel::remembered_names).sum::<usize>() + owed + rejected
    }

    /// Whether a name is acknowledged at the configuration's present version; for tests and for people.
    pub fn has_current(&self, kind: ResourceType, name: &str) -> bool {
        let current = self.current(kind, name);
        current.is_some() && self.of_kind(kind).any(|channel| channel.known.get(name) == current)
    }
}

impl Channel {
    /// The configuration that brought the oldest change that is not yet acknowledged. Clusters that are slow to
    /// warm do not count, nor those that serve although Envoy withholds their acknowledgement: one black-holed
    /// backend must not hold up the status of everybody else.
    fn oldest_change(&self) -> Option<Generation> {
        let pending = self.pending.values().filter(|p| !p.aside).map(|p| p.since);
        let fast = self.outstanding.iter().filter(|sent| !sent.slow);
        let sent = fast.flat_map(|sent| &sent.items).chain(self.suspects.items());
        pending
            .chain(sent.filter(|item| !item.aside && item.endpoints_at.is_none()).map(|item| item.since))
            .min()
    }

    fn remembered_names(&self) -> usize {
        let subscribed = self.subscription.names().len() + self.hosts.as_ref().map_or(0, Hosts::len);
        let at_the_client = self.known.len() + self.foreign.len() + self.uncertain.len();
        let refused =
            self.outstanding.iter().map(|sent| sent.refused.len()).sum::<usize>() + self.refused.len();
        subscribed
            + at_the_client
            + self.changing()
            + self.strangers.len()
            + self.claim.versions.len()
            + refused
    }

    fn waiting(&self) -> usize {
        self.pending.len() + self.suspects.items().count()
    }

    fn unanswered_for(&self, now: Moment) -> Option<Duration> {
        self.unanswered().map(|sent| now.saturating_sub(sent.sent_at)).max()
    }
}
