//! The engine: facts, dirty units, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use envoy::{Layout, XdsMode};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{FleetId, Listener, ObjectId, Settings, VirtualHost, VirtualHostKey};
use store::{Change, Store, Unit};
use translate::{Fragment, GatewayPlan, Note};

use crate::dirty::Dirty;
use crate::fleet::Fleet;
use crate::hash::{fingerprint, make_room};
use crate::notes::Notes;
use crate::roots::Roots;
use crate::{Counters, Effect, Event, Publication, Rejection};

/// How many roots' contributions are held at once while many run. Few where the code is checked, so that the
/// small worlds of tests go beyond it.
const AT_HAND: usize = if cfg!(debug_assertions) { 3 } else { 32 };

/// The engine.
pub struct Engine {
    settings: Arc<Settings>,
    mode: XdsMode,
    store: Store,
    roots: Roots,
    /// The Gateways of each fleet and their ListenerSets: what offers something to routes.
    offering: BTreeMap<FleetId, BTreeSet<ObjectId>>,
    fleets: BTreeMap<FleetId, Fleet>,
    /// The fleets that are no more since the last run.
    dissolved: Vec<FleetId>,
    /// The fleets that something ran for since their last publication.
    touched: BTreeSet<FleetId>,
    notes: Notes,
    reports: HashMap<ObjectId, u64, FixedState>,
    dirty: Dirty,
    /// The work since the last run ended.
    work: Counters,
    /// The work of all runs that ended.
    totals: Counters,
    synced: bool,
}

impl Engine {
    /// An engine for an empty world.
    #[must_use]
    pub fn new(settings: Arc<Settings>, mode: XdsMode, layout: Box<dyn Layout>) -> Self {
        let ingress = FleetId::ingress();
        let mut dirty = Dirty::default();
        dirty.extend(settings.extensions().into_iter().map(|name| Unit::Extension(ingress.clone(), name)));
        let fleet = Fleet::new(ingress.clone(), &settings, mode, layout);
        Self {
            mode,
            store: Store::default(),
            roots: Roots::default(),
            offering: BTreeMap::new(),
            dissolved: vec![],
            fleets: BTreeMap::from([(ingress.clone(), fleet)]),
            touched: BTreeSet::from([ingress]),
            notes: Notes::default(),
            reports: HashMap::default(),
            dirty,
            work: Counters::default(),
            totals: Counters::default(),
            synced: false,
            settings,
        }
    }

    /// Takes an event in, and says what is to be done.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Changes(changes) => self.apply(&changes),
            Event::SourceSynced => self.synced = true,
            Event::Accepted { fleet, generation } => self.accept(&fleet, generation),
            Event::Rejected { fleet, rejection } => self.reject(&fleet, &rejection),
        }
        if self.synced { self.run() } else { vec![] }
    }

    /// All work since the engine was made.
    #[must_use]
    pub const fn totals(&self) -> Counters {
        self.totals
    }

    /// What every host does, made again from the facts: for people who look, not for Envoy.
    #[must_use]
    pub fn virtual_hosts(&self) -> BTreeMap<VirtualHostKey, VirtualHost> {
        let mut fragments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let roots: BTreeSet<_> = self.roots.hosts().iter().flat_map(|key| self.roots.of_host(key)).collect();
        for root in roots {
            let contribution = translate::root(&self.store.reader(), &self.settings, &root);
            for (key, fragment) in contribution.fragments {
                fragments.entry(key).or_default().push(fragment);
            }
        }
        let host = |(key, fragments)| Some((translate::merge(&key, fragments).virtual_host?, key));
        fragments.into_iter().filter_map(host).map(|(host, key)| (key, host)).collect()
    }

    /// What the Envoys of all fleets listen on, by the same way.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        let of_fleet = |fleet| translate::gateways(&self.store.reader(), &self.settings, fleet);
        let of_gateways = self.offering.keys().filter_map(of_fleet).flat_map(|plan| plan.listeners);
        self.settings.listeners().into_iter().chain(of_gateways).collect()
    }

    fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.work.changes += 1;
            let dirty = self.store.apply(change);
            self.dirty.extend(dirty);
        }
    }

    /// Runs dirty units until there are none, then says what came of it.
    fn run(&mut self) -> Vec<Effect> {
        self.make_room();
        let mut effects = Vec::with_capacity(self.dirty.roots());
        let mut publications = Vec::new();
        self.run_dirty(&mut effects);
        while let Some(fleet) = self.touched.pop_first() {
            let publication = self.publication(&fleet);
            // Suspects whose trial changes nothing in the end are acknowledged by nobody.
            if publication.is_none() && self.try_next(&fleet) {
                self.run_dirty(&mut effects);
            }
            publications.extend(publication.map(Effect::Publish));
        }
        self.totals += std::mem::take(&mut self.work);
        self.dirty.shrink();
        effects.sort_by(|a, b| a.object().cmp(&b.object()));
        let dissolved = self.dissolved.drain(..).map(Effect::Dissolve);
        effects.splice(0..0, dissolved.chain(publications));
        effects
    }

    /// Makes room for what comes of the roots that wait. Room that is not used takes no memory: nobody touches it.
    fn make_room(&mut self) {
        let roots = self.dirty.roots();
        // Those that ran before have their room.
        self.store.make_room(roots.saturating_sub(self.roots.len()));
        make_room(&mut self.reports, roots);
        self.roots.make_room(roots);
        // Of several fleets it is not known whose they are.
        if self.fleets.len() == 1 {
            self.fleets.values_mut().for_each(|fleet| fleet.make_room(roots));
        }
    }

    fn run_dirty(&mut self, effects: &mut Vec<Effect>) {
        while let Some(unit) = self.next_unit() {
            self.work.count(&unit);
            match &unit {
                Unit::Gateways(fleet) => self.run_gateways(&unit, fleet),
                Unit::Root(id) => self.run_root(&unit, id),
                Unit::VirtualHost(key) => self.run_virtual_host(&unit, key),
                Unit::Report(id) => effects.extend(self.run_report(&unit, id)),
                Unit::Extension(fleet, _)
                | Unit::Cluster(fleet, _)
                | Unit::Endpoints(fleet, _)
                | Unit::Secret(fleet, _) => self.run_for(fleet, &unit),
            }
        }
        self.roots.end_run();
    }

    /// The unit to run next: roots first, but what they contribute is large, so that every so often all that
    /// follows from it is run before the next root. A host of several roots may then run more than once.
    fn next_unit(&mut self) -> Option<Unit> {
        if self.roots.at_hand() >= AT_HAND {
            if let Some(unit) = self.dirty.pop_following() {
                return Some(unit);
            }
            self.roots.end_run();
        }
        self.dirty.pop()
    }

    /// Takes what the Gateways of a fleet offer to routes and listen on; the fleet comes and goes with them.
    fn run_gateways(&mut self, unit: &Unit, fleet: &FleetId) {
        let reader = self.store.reader();
        let plan = translate::gateways(&reader, &self.settings, fleet);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let is_ours = plan.is_some();
        let GatewayPlan { listeners, mut offers, notes } = plan.unwrap_or_default();
        let offering: BTreeSet<ObjectId> = offers.keys().cloned().collect();
        let before = match is_ours {
            true => self.offering.insert(fleet.clone(), offering.clone()),
            false => self.offering.remove(fleet),
        };
        for parent in before.unwrap_or_default().union(&offering) {
            // What has gone to another fleet, a Gateway or a ListenerSet, is that one's to offer, whichever ran first.
            if !offering.contains(parent) && self.offering.values().any(|others| others.contains(parent)) {
                continue;
            }
            let dirty = self.store.set_offer(parent, offers.remove(parent));
            self.dirty.extend(dirty);
        }
        self.say(unit, notes);
        match is_ours {
            true => self.listen(fleet, &listeners),
            false => self.dissolve(fleet),
        }
    }

    /// Has a fleet listen, which is made when there is none.
    fn listen(&mut self, id: &FleetId, listeners: &[Listener]) {
        let Self { settings, mode, fleets, dirty, .. } = self;
        fleets.entry(id.clone()).or_insert_with(|| {
            dirty.extend(settings.extensions().into_iter().map(|name| Unit::Extension(id.clone(), name)));
            Fleet::of_gateways(id.clone(), settings, *mode)
        });
        let Some(fleet) = touch(fleets, &mut self.touched, id) else { return };
        let new = fleet.set_listeners(settings, listeners);
        // Routes that have not changed do not run: what they do on these listeners is made again.
        let hosts = if new.is_empty() { BTreeSet::new() } else { self.roots.hosts_on(&new) };
        fleet.offer_again(&hosts);
        dirty.extend(hosts.into_iter().map(Unit::VirtualHost));
    }

    fn dissolve(&mut self, id: &FleetId) {
        if let Some(fleet) = self.fleets.remove(id) {
            for unit in fleet.readers(&self.settings) {
                self.store.forget(&unit);
                self.say(&unit, BTreeMap::new());
            }
            self.touched.remove(id);
            self.dissolved.push(id.clone());
        }
    }

    fn run_root(&mut self, unit: &Unit, id: &ObjectId) {
        let reader = self.store.reader();
        let mut contribution = translate::root(&reader, &self.settings, id);
        let reads = reader.into_reads();
        self.store.record(unit, reads);
        let claimed = self.store.set_claims(id, std::mem::take(&mut contribution.claims));
        // What a route claims does not depend on what comes of it, so that it runs once more at most.
        let runs_again = claimed.contains(unit);
        self.dirty.extend(claimed);
        if runs_again {
            return;
        }
        let (dirty, notes) = self.roots.replace(id, contribution);
        self.dirty.extend(dirty);
        self.say(unit, notes);
    }

    fn run_virtual_host(&mut self, unit: &Unit, key: &VirtualHostKey) {
        let roots = self.roots.of_host(key);
        let fragments = roots.iter().filter_map(|root| self.fragment(root, key)).collect();
        let mut merged = translate::merge(key, fragments);
        let Some(fleet) = touch(&mut self.fleets, &mut self.touched, key.listener.fleet()) else {
            return self.say(unit, BTreeMap::new());
        };
        self.dirty.extend(fleet.set_host(key, merged.virtual_host.as_ref()));
        // After the host was set: closing it changes what there is to say.
        if let Some(problem) = fleet.rejection(key) {
            for root in roots {
                merged.notes.entry(root).or_default().problems.push(problem.clone());
            }
        }
        self.say(unit, merged.notes);
    }

    /// A root's fragment for a host: at hand, or made again (what it read has not changed since).
    fn fragment(&mut self, root: &ObjectId, key: &VirtualHostKey) -> Option<Fragment> {
        let at_hand = self.roots.take_fragment(root, key);
        at_hand.or_else(|| {
            self.work.roots += 1;
            let contribution = translate::root(&self.store.reader(), &self.settings, root);
            self.roots.keep_at_hand(root, contribution);
            self.roots.take_fragment(root, key)
        })
    }

    /// Runs a unit of one fleet that is no host.
    fn run_for(&mut self, fleet: &FleetId, unit: &Unit) {
        let Some(fleet) = touch(&mut self.fleets, &mut self.touched, fleet) else { return };
        match unit {
            Unit::Extension(_, name) => {
                let (dirty, notes) = fleet.run_extension(&mut self.store, &self.settings, name);
                self.dirty.extend(dirty);
                self.say(unit, notes);
            }
            Unit::Cluster(_, key) => self.dirty.extend(fleet.run_cluster(&self.roots, key)),
            Unit::Endpoints(_, key) => fleet.run_endpoints(&mut self.store, key),
            Unit::Secret(_, key) => self.dirty.extend(fleet.run_secret(&mut self.store, key)),
            Unit::Gateways(_) | Unit::Root(_) | Unit::VirtualHost(_) | Unit::Report(_) => {}
        }
    }

    fn run_report(&mut self, unit: &Unit, id: &ObjectId) -> Option<Effect> {
        let reader = self.store.reader();
        let report = translate::report(&reader, &self.settings, id, &self.notes.about(id));
        let reads = reader.into_reads();
        let Some(report) = report else {
            self.store.forget(unit);
            return self.reports.remove(id).map(|_| Effect::Forget(id.clone()));
        };
        self.store.record(unit, reads);
        let new = fingerprint(&report);
        (self.reports.insert(id.clone(), new) != Some(new)).then_some(Effect::Report(report))
    }

    fn say(&mut self, unit: &Unit, notes: BTreeMap<ObjectId, Note>) {
        let changed = self.notes.replace(unit, notes);
        self.dirty.extend(changed.into_iter().map(Unit::Report));
    }

    fn publication(&mut self, id: &FleetId) -> Option<Publication> {
        let fleet = self.fleets.get_mut(id)?;
        let publication = fleet.publication();
        fleet.settle();
        let mut work = std::mem::take(&mut self.work);
        if let Some((_, (set, removed))) = &publication {
            work.resources = (set.len() + removed.len()) as u64;
            work.bytes = set.iter().map(|resource| resource.body.len() as u64).sum();
        }
        self.totals += work;
        let (generation, (set, removed)) = publication?;
        Some(Publication { fleet: id.clone(), generation, set, removed, work })
    }

    fn accept(&mut self, id: &FleetId, generation: u64) {
        if let Some(fleet) = touch(&mut self.fleets, &mut self.touched, id) {
            fleet.accept(generation);
            self.try_next(id);
        }
    }

    /// Offers the next group of suspects, if there is one and nothing else is on trial.
    fn try_next(&mut self, id: &FleetId) -> bool {
        let group = self.fleets.get_mut(id).map(Fleet::next_trial).unwrap_or_default();
        self.dirty.extend(group);
        !self.dirty.is_empty()
    }

    /// Finds who is behind a rejected resource, takes their change back, and tells them.
    fn reject(&mut self, id: &FleetId, rejection: &Rejection) {
        let Some(fleet) = touch(&mut self.fleets, &mut self.touched, id) else { return };
        match fleet.rejected_extension(rejection) {
            Some((unit, notes)) => self.say(&unit, notes),
            None => self.dirty.extend(fleet.reject(rejection)),
        }
    }
}

/// A fleet for which something is done: what comes of it is to be published.
fn touch<'f>(
    fleets: &'f mut BTreeMap<FleetId, Fleet>,
    touched: &mut BTreeSet<FleetId>,
    id: &FleetId,
) -> Option<&'f mut Fleet> {
    let fleet = fleets.get_mut(id)?;
    if !touched.contains(id) {
        touched.insert(id.clone());
    }
    Some(fleet)
}
