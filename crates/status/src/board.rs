//! What is to be written, and when.

mod entry;
mod known;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::gateway_api::gateway::GatewayStatusAddress;
use api::http_proxy::status::LoadBalancerIngress;
use k8s_openapi::jiff::Timestamp;
use model::{FleetId, FleetOwner, GatewayName};

use crate::body::{Body, body};
use crate::observation::Seen;
use crate::share::Share;
use crate::{CONTROLLER_NAME, Event, Kind, Observation, Release, Statement, Target};
use entry::Entry;
use known::Known;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// There is something to say about an object, in place of what there was before.
    Said(Box<Statement>),
    /// There is nothing to say about an object any more: it is gone, or not ours. Entries of ours in a route or a policy
    /// are taken back.
    Unsaid(Target),
    /// The API server has an object, new or changed.
    Observed(Target, Box<Observation>),
    /// The API server has an object no more.
    Gone(Target),
    /// All connected Envoys of a fleet, at least one, have acknowledged all publications up to this one.
    Acknowledged(FleetId, u64),
    /// A fleet is no more. Another one of its name counts its publications anew.
    Dissolved(FleetId),
    /// Where clients reach the hosts. None at all says nothing: what was known before stays.
    Addresses(Vec<LoadBalancerIngress>),
    /// Where clients reach the Gateways of a fleet; nowhere, as long as no address is assigned. That of one Gateway is
    /// forgotten when it is gone, so of a new one it has to be told again; until then, the addresses that stand in its
    /// status stay. The first sixteen are told.
    GatewayAddresses(FleetId, Vec<GatewayStatusAddress>),
    /// Whether we write about a Gateway, and about what is attached to it: all are ours unless it is told, or none
    /// ([`Board::dedicated`]).
    Served(Target, bool),
    /// Whether the cluster has the experimental channel of the Gateway API; until it is told, classes are not written.
    Experimental(bool),
    /// Which release the definitions of the Gateway API are of; until it is told, classes are not written.
    Release(Release),
    /// We are the leader until then, unless the lease is renewed.
    Leads {
        /// When nothing may be written any more.
        until: Instant,
    },
    /// We are not the leader.
    Follows,
    /// A write has come to an end.
    Finished(Target, Outcome),
}

/// What became of a write.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was done, and the object is this now.
    Written(Box<Observation>),
    /// There is no such object.
    Gone,
    /// It was refused, because the object has changed and is this now.
    Outdated(Box<Observation>),
    /// The API server asks for patience: nothing is written for so long.
    Busy(Duration),
    /// It was refused, or nobody knows: it is tried again, later each time.
    Failed,
}

/// A status to write, as [`FIELD_MANAGER`](crate::FIELD_MANAGER).
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The object.
    pub target: Target,
    /// What to send.
    pub body: Body,
    /// When the lease ends that it is written under.
    pub until: Instant,
}

/// What is to be written, and when. It is told everything, and asked for what is due.
#[derive(Debug)]
pub struct Board {
    /// Who tells, in Events.
    identity: Box<str>,
    /// Apart from the map, whose nodes are half empty where names come in order.
    entries: BTreeMap<Target, Box<Entry>>,
    /// What is to be written and is not being written, by the time from which it may be.
    agenda: BTreeSet<(Instant, Target)>,
    /// Objects of each fleet, by the publication whose acknowledgement they wait for.
    waiting: BTreeMap<FleetId, BTreeSet<(u64, Target)>>,
    /// What is to be told by Events.
    news: VecDeque<Target>,
    leads_until: Option<Instant>,
    paused_until: Option<Instant>,
    known: Known,
    /// The addresses that the last object had: most have the same.
    seen_addresses: Arc<[LoadBalancerIngress]>,
}

impl Board {
    /// A board of somebody who is not the leader and knows nothing yet; Events name `identity` as who tells.
    #[must_use]
    pub fn new(identity: &str) -> Self {
        Self {
            identity: identity.into(),
            entries: BTreeMap::new(),
            agenda: BTreeSet::new(),
            waiting: BTreeMap::new(),
            news: VecDeque::new(),
            leads_until: None,
            paused_until: None,
            known: Known::new(Share::most(CONTROLLER_NAME)),
            seen_addresses: Arc::from([]),
        }
    }

    /// The same, with another name of our entries in routes and policies.
    #[must_use]
    pub fn named(self, controller: &str) -> Self {
        Self { known: Known::new(Share::most(controller)), ..self }
    }

    /// The same, of a controller that serves a Gateway of its own, beside others that have the same name.
    #[must_use]
    pub fn dedicated(self, controller: &str) -> Self {
        Self { known: Known::new(Share::none(controller)), ..self }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Said(said) => self.said(now, *said),
            Input::Unsaid(target) => self.change(now, &target, Entry::unsay),
            Input::Observed(target, observation) => self.observed(now, &target, &observation),
            Input::Gone(target) => self.gone(now, &target),
            Input::Acknowledged(fleet, generation) => self.acknowledged(now, &fleet, generation),
            Input::Dissolved(fleet) => drop(self.known.acknowledged.remove(&fleet)),
            Input::Addresses(addresses) => self.addresses(now, &addresses),
            Input::GatewayAddresses(fleet, addresses) => self.gateway_addresses(now, fleet, addresses),
            Input::Served(gateway, is_ours) => {
                if self.known.share.tell(gateway, is_ours) {
                    self.share_changed(now);
                }
            }
            Input::Experimental(experimental) => {
                let before = self.known.experimental.replace(experimental);
                self.plan_classes(now, before != Some(experimental));
            }
            Input::Release(release) => {
                let is_new = self.known.release.as_ref() != Some(&release);
                self.known.release = Some(release);
                self.plan_classes(now, is_new);
            }
            Input::Leads { until } => self.leads(now, until),
            Input::Follows => self.follows(),
            Input::Finished(target, outcome) => self.finished(now, &target, outcome),
        }
    }

    /// The next write that is due; it counts as being written until its [`Outcome`] is told.
    pub fn next_write(&mut self, now: Instant, wall: Timestamp) -> Option<Write> {
        let until = self.leads_until.filter(|until| now < *until)?;
        if self.deadline(now)? > now {
            return None;
        }
        let (_, target) = self.agenda.pop_first()?;
        let entry = self.entries.get_mut(&target)?;
        entry.due = None;
        let says = entry.begin(&self.known)?;
        let body = body(&target, &says, entry.seen.as_ref()?, wall)?;
        Some(Write { target, body, until })
    }

    /// When the next write is due, which may be past; `None` when nothing is to be written, or not by us.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.leads_until.filter(|until| now < *until)?;
        let (due, _) = self.agenda.first()?;
        Some(self.paused_until.map_or(*due, |paused| paused.max(*due)))
    }

    /// How many statuses are to be written by us, now or later; those that are being written do not count.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.agenda.len()
    }

    /// The next thing to tell by an Event. Each is told once; when that fails, nobody misses much.
    pub fn next_event(&mut self, now: Instant, wall: Timestamp) -> Option<Event> {
        self.leads_until.filter(|until| now < *until)?;
        while let Some(target) = self.news.pop_front() {
            let entry = self.entries.get(&target);
            let told = entry.and_then(|entry| {
                let (said, seen) = entry.both()?;
                Event::new(said, &seen.uid, &self.identity, wall)
            });
            if told.is_some() {
                return told;
            }
        }
        None
    }

    fn said(&mut self, now: Instant, said: Statement) {
        let target = said.target.clone();
        self.change(now, &target, |entry| entry.said = Some(said));
    }

    /// Of the entries of routes and policies others are ours now. Those that are there are not kept.
    fn share_changed(&mut self, now: Instant) {
        let entries = self.entries.values_mut();
        entries.filter_map(|entry| entry.seen.as_mut()).for_each(Seen::doubt);
        self.plan_all(now);
    }

    fn observed(&mut self, now: Instant, target: &Target, observation: &Observation) {
        if target.kind == Kind::ListenerSet && self.known.share.attach(target, observation.gateway().cloned())
        {
            self.share_changed(now);
        }
        let seen = self.seen(target, observation);
        self.seen_addresses = Arc::clone(&seen.load_balancer);
        self.change(now, target, |entry| entry.observe(seen));
    }

    /// What is kept of an observation.
    fn seen(&self, target: &Target, observation: &Observation) -> Seen {
        // The addresses that an object most likely has.
        let addresses = self.known.addresses.as_ref().unwrap_or(&self.seen_addresses);
        Seen::new(target, observation, addresses, &self.known.share)
    }

    fn gone(&mut self, now: Instant, target: &Target) {
        if target.kind == Kind::Gateway {
            self.known.gateways.remove(&target.fleet());
        }
        if target.kind == Kind::ListenerSet {
            self.known.share.attach(target, None);
        }
        self.change(now, target, |entry| entry.seen = None);
    }

    fn acknowledged(&mut self, now: Instant, fleet: &FleetId, generation: u64) {
        let newest = self.known.acknowledged.entry(fleet.clone()).or_default();
        *newest = generation.max(*newest);
        while let Some(target) = self.waits_no_more(fleet, generation) {
            self.plan(now, &target);
        }
    }

    /// Takes out the next object of a fleet that waited for a publication up to this one.
    fn waits_no_more(&mut self, fleet: &FleetId, generation: u64) -> Option<Target> {
        let waiting = self.waiting.get_mut(fleet)?;
        waiting.first().filter(|(awaited, _)| *awaited <= generation)?;
        waiting.pop_first().map(|(_, target)| target)
    }

    fn addresses(&mut self, now: Instant, addresses: &[LoadBalancerIngress]) {
        if addresses.is_empty() || self.known.addresses.as_deref() == Some(addresses) {
            return;
        }
        self.known.addresses = Some(addresses.into());
        self.plan_all(now);
    }

    fn gateway_addresses(&mut self, now: Instant, fleet: FleetId, addresses: Vec<GatewayStatusAddress>) {
        let concerned: Vec<Target> = match fleet.owner() {
            None => vec![],
            Some(FleetOwner::Gateway(GatewayName { namespace, name })) => {
                vec![Target::new(Kind::Gateway, Arc::clone(namespace), Arc::clone(name))]
            }
            // Every one of its Gateways is there.
            Some(FleetOwner::Class(_)) => {
                let gateways = self.entries.iter().filter(|(target, _)| target.kind == Kind::Gateway);
                let own = gateways.filter(|(_, entry)| entry.is_said_of(&fleet));
                own.map(|(target, _)| target.clone()).collect()
            }
        };
        self.known.gateways.insert(fleet, addresses);
        concerned.iter().for_each(|gateway| self.plan(now, gateway));
    }

    /// What classes say of the API may have changed.
    fn plan_classes(&mut self, now: Instant, has_changed: bool) {
        if !has_changed {
            return;
        }
        let classes = self.entries.keys().filter(|target| target.kind == Kind::GatewayClass);
        for class in classes.cloned().collect::<Vec<_>>() {
            self.plan(now, &class);
        }
    }

    fn leads(&mut self, now: Instant, until: Instant) {
        let led = self.leads_until.replace(until).is_some_and(|until| now < until);
        if !led {
            self.plan_all(now);
        }
    }

    fn follows(&mut self) {
        self.leads_until = None;
        self.agenda.clear();
        self.news.clear();
        for entry in self.entries.values_mut() {
            entry.rest();
        }
    }

    fn finished(&mut self, now: Instant, target: &Target, outcome: Outcome) {
        match outcome {
            Outcome::Written(found) => {
                let found = self.seen(target, &found);
                self.change(now, target, |entry| entry.written(now, found));
            }
            Outcome::Gone => self.change(now, target, Entry::missing),
            Outcome::Outdated(found) => {
                let found = self.seen(target, &found);
                self.change(now, target, |entry| entry.outdated(now, found));
            }
            Outcome::Busy(pause) => {
                self.paused_until = self.paused_until.max(Some(now + pause));
                self.change(now, target, |entry| entry.writing = None);
            }
            Outcome::Failed => self.change(now, target, |entry| entry.failed(now)),
        }
    }

    /// Changes what is known of an object, and plans what follows from it.
    fn change(&mut self, now: Instant, target: &Target, change: impl FnOnce(&mut Entry)) {
        let entry = self.entries.entry(target.clone()).or_default();
        let awaited = entry.awaits();
        change(entry);
        let awaits = entry.awaits().filter(|(fleet, awaits)| self.known.lacks(fleet, *awaits));
        if awaited != awaits {
            if let Some((fleet, awaited)) = awaited
                && let Some(waiting) = self.waiting.get_mut(&fleet)
            {
                waiting.remove(&(awaited, target.clone()));
            }
            if let Some((fleet, awaits)) = awaits {
                self.waiting.entry(fleet).or_default().insert((awaits, target.clone()));
            }
        }
        self.plan(now, target);
    }

    fn plan_all(&mut self, now: Instant) {
        let targets: Vec<Target> = self.entries.keys().cloned().collect();
        for target in targets {
            self.plan(now, &target);
        }
    }

    /// Decides anew whether and when an object is written.
    fn plan(&mut self, now: Instant, target: &Target) {
        let leads = self.leads_until.is_some_and(|until| now < until);
        let Some(entry) = self.entries.get_mut(target) else { return };
        if let Some(due) = entry.due.take() {
            self.agenda.remove(&(due, target.clone()));
        }
        if entry.is_empty() {
            self.entries.remove(target);
        } else if leads {
            if self.known.share.has(target) && entry.is_news() {
                self.news.push_back(target.clone());
            }
            if let Some(due) = entry.plan(now, &self.known) {
                self.agenda.insert((due, target.clone()));
            }
        }
    }
}
