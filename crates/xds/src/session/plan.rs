//! What goes next on each channel.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::channel::{Channel, Item, Outstanding, Pending};
use super::gates::{InUse, Verdict, users_of};
use super::{Close, Output, Session, StreamId, range_of};
use crate::resource::{Name, ResourceType};
use crate::settings::Moment;
use crate::snapshot::{Entry, Generation};
use crate::wire::{self, Protocol, Response};

/// Responses that may be unacknowledged while slow clusters warm: a bound for what is remembered.
const OVERTAKING: usize = 1024;

/// Responses with slow clusters among them.
const SLOW_AT_ONCE: usize = 16;

/// Which responses a channel may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    /// Nothing is outstanding.
    Free,
    /// Only slow clusters are outstanding, and clusters that Envoy is known to have: it withholds all
    /// acknowledgements of the type until the slow ones are warm, so waiting for them would let one black-holed
    /// backend delay everybody else.
    Overtake,
    /// A response is outstanding.
    Busy,
}

/// The outcome of looking at all pending names of a channel.
#[derive(Debug, Default)]
struct Plan {
    settled: Vec<Name>,
    forgotten: Vec<Name>,
    waiting: Vec<Waiting>,
    items: Vec<Item>,
    refused: Vec<Bytes>,
    slow: bool,
    from_suspects: bool,
    answer: bool,
    wakeup: Option<Moment>,
}

#[derive(Debug)]
struct Waiting {
    name: Name,
    aside: bool,
    unused: bool,
}

impl Session {
    pub(super) fn pump(&mut self, now: Moment) {
        self.wakeup = self.burst.as_ref().map(|burst| burst.until);
        // Most acknowledgements leave nothing to do; what one type sends may give work to others.
        if self.snapshot.is_some() && self.channels.values().any(Channel::has_answers) {
            for kind in ResourceType::ALL {
                self.pump_type(now, kind);
            }
        }
        self.close_stuck(now);
        self.report();
    }

    fn pump_type(&mut self, now: Moment, kind: ResourceType) {
        let working = self.channels.range(range_of(kind)).filter(|(_, channel)| channel.has_answers());
        let keys: Vec<_> = working.map(|(key, _)| *key).collect();
        for key in keys {
            while self.pump_channel(now, key) {}
        }
    }

    /// Sends one response, if one may go; tells whether another may follow.
    fn pump_channel(&mut self, now: Moment, key: (ResourceType, StreamId)) -> bool {
        let Some(channel) = self.channels.get(&key) else { return false };
        let lane = channel.lane();
        if lane == Lane::Busy || !channel.has_answers() {
            return false;
        }
        let plan = self.plan(now, channel, lane);
        let sends = plan.sends();
        self.carry_out(now, key, plan);
        sends
    }

    fn plan(&self, now: Moment, channel: &Channel, lane: Lane) -> Plan {
        let mut plan = self.plan_pending(now, channel);
        let turn = plan.items.is_empty() || channel.suspects_next;
        if let (true, Lane::Free, Some(group)) = (turn, lane, channel.suspects.next()) {
            plan.items = group.to_vec();
            plan.from_suspects = true;
        }
        if channel.must_be_whole() && !plan.waiting.is_empty() {
            plan.items.clear();
        }
        plan.answer = channel.answer_due && plan.items.is_empty() && plan.waiting.is_empty();
        plan.refused = channel.refused.iter().cloned().collect();
        plan
    }

    fn plan_pending(&self, now: Moment, channel: &Channel) -> Plan {
        let mut plan = Plan::default();
        let mut slow = Vec::new();
        let mut room = Room::of(self, channel);
        let in_use = self.in_use_for(channel);
        for (name, pending) in &channel.pending {
            if room.is_full() {
                break;
            }
            match self.verdict(now, channel, name, pending, &in_use) {
                Verdict::Settled => plan.settled.push(Arc::clone(name)),
                Verdict::Forget => plan.forgotten.push(Arc::clone(name)),
                Verdict::Remove => plan.items.push(Item::removal(channel, name, pending)),
                Verdict::Send(entry) if channel.sets_apart(&entry) => {
                    slow.push(Item::change(entry, pending));
                }
                Verdict::Send(entry) => {
                    room.take(&entry);
                    plan.items.push(Item::change(entry, pending));
                }
                Verdict::Wait { until, aside, unused } => {
                    plan.wakeup = earlier(plan.wakeup, until);
                    plan.waiting.push(Waiting { name: Arc::clone(name), aside, unused });
                }
            }
        }
        if plan.items.is_empty() && channel.may_take_slow() && !slow.is_empty() {
            match self.slow_held_back(now, channel) {
                Some(until) => plan.wakeup = earlier(plan.wakeup, Some(until)),
                None => {
                    plan.items = slow;
                    plan.slow = true;
                }
            }
        }
        plan
    }

    /// An Envoy that starts asks for no listener, and is not ready, before all clusters are warm that it was given until
    /// then: slow ones come after that. One that never asks gets them after the bound.
    fn slow_held_back(&self, now: Moment, channel: &Channel) -> Option<Moment> {
        let starts =
            channel.blank && channel.loading && self.of_kind(ResourceType::Listener).next().is_none();
        let until = channel.opened_at + self.settings.wait_bound;
        (starts && now < until).then_some(until)
    }

    /// Only removals need to know what is in use.
    fn in_use_for(&self, channel: &Channel) -> InUse<'_> {
        let gone = |name: &Name| {
            channel.hosts_of(name).is_none()
                && self.current(channel.kind, name).is_none()
                && channel.may_have(name)
        };
        match channel.pending.keys().any(gone) {
            true => self.in_use(channel.kind),
            false => InUse::new(),
        }
    }

    fn carry_out(&mut self, now: Moment, key: (ResourceType, StreamId), plan: Plan) {
        self.wakeup = earlier(self.wakeup, plan.wakeup);
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.settle(now, &plan);
        channel.loading &= channel.has_work() || !channel.outstanding.is_empty() || plan.answer;
        if plan.sends() {
            self.send(now, key, plan);
        }
    }

    fn send(&mut self, now: Moment, key: (ResourceType, StreamId), plan: Plan) {
        let followers = self.followers(key, &plan.items);
        self.last_nonce += 1;
        let nonce = self.last_nonce;
        let generation = self.snapshot.as_ref().map_or(Generation::default(), |s| s.generation());
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.take(&plan);
        let response = channel.response(nonce, &plan, generation);
        let Plan { items, refused, slow, .. } = plan;
        channel.outstanding.push(Outstanding { nonce, sent_at: now, items, refused, slow });
        self.outputs.push(Output::Send(key.1, response));
        if let Some((kind, names)) = followers {
            self.follow(now, kind, names);
        }
    }

    fn follow(&mut self, now: Moment, kind: ResourceType, names: Vec<Name>) {
        let keys: Vec<_> = self.channels.range(range_of(kind)).map(|(key, _)| *key).collect();
        for key in keys {
            self.force(now, key, &names, Pending::forced);
        }
        for name in names {
            if !self.of_kind(kind).any(|channel| channel.subscription.covers(&name)) {
                self.owed.insert((kind, name));
            }
        }
    }

    /// What goes again after these resources: the endpoints of each changed cluster, else Envoy waits 15 s for
    /// them, and the routes that a listener did not name before, or no scope did.
    fn followers(&self, key: (ResourceType, StreamId), items: &[Item]) -> Option<(ResourceType, Vec<Name>)> {
        let (kind, only_new) = match key.0 {
            ResourceType::Cluster => (ResourceType::ClusterLoadAssignment, false),
            ResourceType::Listener | ResourceType::ScopedRouteConfiguration => {
                (ResourceType::RouteConfiguration, true)
            }
            ResourceType::Secret
            | ResourceType::Runtime
            | ResourceType::ClusterLoadAssignment
            | ResourceType::RouteConfiguration => return None,
        };
        let channel = self.channels.get(&key)?;
        let named = items.iter().filter_map(|item| item.change.as_ref()).flat_map(|entry| {
            let before = channel.known.get(entry.name()).filter(|_| only_new);
            let targets = entry.refs().iter().filter(move |to| to.resource_type == kind);
            targets.filter(move |to| before.is_none_or(|old| !old.resource().refers_to(kind, &to.name)))
        });
        let mut names: BTreeSet<_> = named.map(|to| Arc::clone(&to.name)).collect();
        if key.0 == ResourceType::ScopedRouteConfiguration && !names.is_empty() {
            let sent: BTreeSet<_> = items.iter().map(|item| &item.name).collect();
            let staying = channel.known.values().filter(|entry| !sent.contains(entry.name()));
            let staying: Vec<_> = staying.collect();
            names.retain(|name| !staying.iter().any(|entry| entry.resource().refers_to(kind, name)));
        }
        Some((kind, names.into_iter().collect()))
    }

    fn close_stuck(&mut self, now: Moment) {
        if !self.settings.drop_stuck {
            return;
        }
        let limit = self.settings.stuck_after;
        let oldest = |channel: &Channel| channel.unanswered().map(|sent| sent.sent_at).min();
        let deadlines: Vec<_> =
            self.channels.iter().filter_map(|((_, s), c)| oldest(c).map(|sent| (*s, sent + limit))).collect();
        for (stream, deadline) in deadlines {
            match deadline <= now {
                true if self.streams.contains_key(&stream) => self.close(stream, Close::Stuck),
                true => {}
                false => self.wakeup = earlier(self.wakeup, Some(deadline)),
            }
        }
    }
}

impl Plan {
    fn sends(&self) -> bool {
        self.answer || !self.items.is_empty() || !self.refused.is_empty()
    }
}

pub(super) fn earlier(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).min()
}

/// What still fits into one response.
struct Room {
    resources: usize,
    bytes: usize,
    full: bool,
}

impl Room {
    fn of(session: &Session, channel: &Channel) -> Self {
        match channel.is_full_set() {
            true => Self { resources: usize::MAX, bytes: usize::MAX, full: false },
            false => Self {
                resources: session.settings.chunk_resources,
                bytes: session.settings.chunk_bytes,
                full: false,
            },
        }
    }

    fn take(&mut self, entry: &Entry) {
        self.resources = self.resources.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(entry.resource().body.len());
        self.full = self.resources == 0 || self.bytes == 0;
    }

    fn is_full(&self) -> bool {
        self.full
    }
}

impl Item {
    fn change(entry: Arc<Entry>, pending: &Pending) -> Self {
        Self {
            name: Arc::clone(entry.name()),
            change: Some(entry),
            since: pending.since,
            noticed: pending.noticed,
            aside: false,
            endpoints_at: None,
        }
    }

    fn removal(channel: &Channel, name: &Name, pending: &Pending) -> Self {
        Self {
            name: Arc::clone(name),
            change: None,
            since: pending.since,
            noticed: pending.noticed,
            aside: !users_of(channel.kind).is_empty(),
            endpoints_at: None,
        }
    }
}

impl Channel {
    fn lane(&self) -> Lane {
        if self.outstanding.is_empty() {
            return Lane::Free;
        }
        let clusters = self.kind == ResourceType::Cluster && self.protocol == Protocol::Delta;
        let slow = self.outstanding.iter().any(|sent| sent.slow);
        let passing =
            self.outstanding.len() < OVERTAKING && self.outstanding.iter().all(Outstanding::lets_others_pass);
        match clusters && slow && passing {
            true => Lane::Overtake,
            false => Lane::Busy,
        }
    }

    /// Whether one more response with slow clusters may go, if any may.
    fn may_take_slow(&self) -> bool {
        self.outstanding.iter().filter(|sent| sent.slow).count() < SLOW_AT_ONCE
    }

    /// What the first full set leaves out, a client that comes back deletes.
    fn must_be_whole(&self) -> bool {
        self.is_full_set() && self.answer_due && !self.blank
    }

    fn sets_apart(&self, entry: &Entry) -> bool {
        entry.resource().warming.is_slow() && self.kind == ResourceType::Cluster && !self.must_be_whole()
    }

    fn settle(&mut self, now: Moment, plan: &Plan) {
        for name in plan.settled.iter().chain(&plan.forgotten) {
            self.pending.remove(name);
        }
        for name in &plan.forgotten {
            self.known.remove(name);
        }
        for waiting in &plan.waiting {
            let Some(pending) = self.pending.get_mut(&waiting.name) else { continue };
            pending.aside = waiting.aside;
            pending.unused_since = waiting.unused.then(|| pending.unused_since.unwrap_or(now));
        }
    }

    /// Takes what is sent out of what waits.
    fn take(&mut self, plan: &Plan) {
        self.answer_due = false;
        self.suspects_next = !plan.from_suspects;
        self.refused.clear();
        if plan.from_suspects {
            self.suspects.take();
            return;
        }
        for item in &plan.items {
            self.pending.remove(&item.name);
            if item.change.is_none() {
                self.forget_host(&item.name);
            }
        }
    }

    fn response(&self, nonce: u64, plan: &Plan, generation: Generation) -> Response {
        let items = plan.items.as_slice();
        let resources: Vec<_> = match self.is_full_set() {
            true => self.full_set(items),
            false => items.iter().filter_map(|item| item.change.clone()).collect(),
        };
        let removed = items.iter().filter(|item| item.change.is_none()).map(|item| Arc::clone(&item.name));
        Response {
            protocol: self.protocol,
            resource_type: self.kind,
            version: match self.protocol {
                // For people only.
                Protocol::Delta => generation.to_string(),
                Protocol::Sotw => wire::digest(&resources).to_string(),
            },
            nonce: nonce.to_string(),
            removed: match self.protocol {
                Protocol::Delta => removed.collect(),
                Protocol::Sotw => Vec::new(),
            },
            refused: plan.refused.clone(),
            resources,
        }
    }

    /// What the client has, with these changes: what waits keeps its place in its present version.
    fn full_set(&self, items: &[Item]) -> Vec<Arc<Entry>> {
        let mut set = self.known.clone();
        for item in items {
            match &item.change {
                Some(entry) => drop(set.insert(Arc::clone(&item.name), Arc::clone(entry))),
                None => drop(set.remove(&item.name)),
            }
        }
        set.values().cloned().collect()
    }
}
