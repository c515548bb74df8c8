//! Objects in a store, and what comes of them: the engine's work, done once and plainly.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    ClusterKey, FleetId, JwtProvider, Kind, ObjectId, Report, Route, Settings, Traffic, VirtualHostKey,
};
use store::{Change, Store};
use translate::{Contribution, Fragment, GatewayPlan, Merged, Note};

/// Objects in a store.
pub(crate) struct World {
    pub(crate) store: Store,
    settings: Settings,
    objects: BTreeSet<ObjectId>,
    /// What there is to say about Gateways and ListenerSets, by their Envoys.
    gateways: BTreeMap<FleetId, BTreeMap<ObjectId, Note>>,
}

impl World {
    pub(crate) fn new(settings: Settings, objects: impl IntoIterator<Item = api::Object>) -> Self {
        let (store, objects_of, gateways) = (Store::default(), BTreeSet::new(), BTreeMap::new());
        let mut world = Self { store, settings, objects: objects_of, gateways };
        for object in objects {
            let change = Change::Applied(object);
            world.objects.insert(change.object());
            world.store.apply(&change);
        }
        for fleet in world.objects.clone().iter().filter_map(fleet) {
            world.offer(&fleet);
        }
        for root in world.objects.clone() {
            let claims = world.root(&root).claims;
            world.store.set_claims(&root, claims);
        }
        world
    }

    /// Has the Gateways of a fleet offer to routes what they do.
    fn offer(&mut self, fleet: &FleetId) {
        let plan = translate::gateways(&self.store.reader(), &self.settings, fleet);
        let Some(GatewayPlan { offers, notes, .. }) = plan else { return };
        for (parent, offer) in offers {
            self.store.set_offer(&parent, Some(offer));
        }
        self.gateways.insert(fleet.clone(), notes);
    }

    /// What one root contributes.
    pub(crate) fn root(&self, id: &ObjectId) -> Contribution {
        translate::root(&self.store.reader(), &self.settings, id)
    }

    /// What every object contributes that may be a root.
    pub(crate) fn contributions(&self) -> BTreeMap<ObjectId, Contribution> {
        let all = self.objects.iter().map(|id| (id.clone(), self.root(id)));
        all.filter(|(_, contribution)| *contribution != Contribution::default()).collect()
    }

    pub(crate) fn hosts(&self) -> BTreeMap<VirtualHostKey, Merged> {
        merge(&self.contributions())
    }

    pub(crate) fn reports(&self) -> BTreeMap<ObjectId, Report> {
        let contributions = self.contributions();
        let merged = merge(&contributions);
        let notes = contributions.values().map(|each| &each.notes).chain(self.gateways.values());
        let mut said: BTreeMap<&ObjectId, Vec<&Note>> = BTreeMap::new();
        for (object, note) in notes.chain(merged.values().map(|each| &each.notes)).flatten() {
            said.entry(object).or_default().push(note);
        }
        let report = |id: &ObjectId| {
            let notes = said.get(id).map(Vec::as_slice).unwrap_or_default();
            Some((id.clone(), translate::report(&self.store.reader(), &self.settings, id, notes)?))
        };
        self.objects.iter().filter_map(report).collect()
    }
}

/// The Envoys that an object of this name may have.
fn fleet(id: &ObjectId) -> Option<FleetId> {
    match id.kind {
        Kind::Gateway => Some(FleetId::gateway(id.namespace.clone(), id.name.clone())),
        Kind::GatewayClass => Some(FleetId::class(id.name.clone())),
        _ => None,
    }
}

fn merge(contributions: &BTreeMap<ObjectId, Contribution>) -> BTreeMap<VirtualHostKey, Merged> {
    let mut fragments: BTreeMap<&VirtualHostKey, Vec<Fragment>> = BTreeMap::new();
    for (key, fragment) in contributions.values().flat_map(|each| &each.fragments) {
        fragments.entry(key).or_default().push(fragment.clone());
    }
    fragments.into_iter().map(|(key, each)| (key.clone(), translate::merge(key, each))).collect()
}

/// A contribution has all clusters that it names, and no others.
pub(crate) fn consistent(contribution: &Contribution) -> Result<(), String> {
    let fragments = contribution.fragments.values();
    let named: BTreeSet<_> = fragments.flat_map(clusters).collect();
    if named != contribution.clusters.keys().collect() {
        return Err(format!("the clusters {named:?} are named, not {:?}", contribution.clusters.keys()));
    }
    Ok(())
}

/// The clusters that a part of a host needs.
fn clusters(fragment: &Fragment) -> BTreeSet<&ClusterKey> {
    let keys = fragment.jwt_providers.iter().filter_map(JwtProvider::key_server);
    let asked = fragment.authorization.iter().map(|authorization| &authorization.cluster);
    keys.chain(asked).chain(targets(&fragment.traffic)).collect()
}

/// The clusters that traffic goes to.
fn targets(traffic: &Traffic) -> BTreeSet<&ClusterKey> {
    match traffic {
        Traffic::Tcp(targets) | Traffic::Udp(targets) => {
            targets.clusters.iter().map(|each| &each.cluster).collect()
        }
        Traffic::Http(routes) => routes.iter().flat_map(Route::clusters).collect(),
    }
}
