//! Objects in a store, and what comes of them.

use std::collections::{BTreeMap, BTreeSet};

use model::{Action, ClusterKey, Kind, ObjectId, Report, Settings, Traffic, VirtualHostKey};
use serde_json::{Value, json};
use store::{Change, Store};
use translate::{Contribution, Fragment, Merged, Note};

/// Objects in a store.
pub(crate) struct World {
    store: Store,
    settings: Settings,
    objects: BTreeSet<ObjectId>,
}

impl World {
    pub(crate) fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        let settings = Settings { external_names: true, ..Settings::default() };
        let mut world = Self { store: Store::default(), settings, objects: BTreeSet::new() };
        for object in objects {
            world.apply(object);
        }
        world
    }

    /// Puts an object in; one that no API server would decode is left out.
    pub(crate) fn apply(&mut self, object: Value) {
        let word = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let kind = api::Kind::find(&word("apiVersion"), &word("kind")).expect("a kind that is read");
        let Ok(decoded) = api::decode(kind, object) else { return };
        let change = Change::Applied(decoded.object);
        self.objects.insert(change.object());
        self.store.apply(&change);
    }

    pub(crate) fn root(&self, id: &ObjectId) -> Contribution {
        translate::root(&self.store.reader(), &self.settings, id)
    }

    pub(crate) fn reports(&self) -> BTreeMap<ObjectId, Report> {
        let contributions = self.contributions();
        let merged: Vec<_> = merge(&contributions).into_values().collect();
        let notes = contributions.iter().map(|each| &each.notes).chain(merged.iter().map(|each| &each.notes));
        let mut said: BTreeMap<&ObjectId, Vec<&Note>> = BTreeMap::new();
        for (object, note) in notes.flatten() {
            said.entry(object).or_default().push(note);
        }
        let report = |id: &ObjectId| {
            let notes = said.get(id).map(Vec::as_slice).unwrap_or_default();
            Some((id.clone(), translate::report(&self.store.reader(), &self.settings, id, notes)?))
        };
        self.objects.iter().filter_map(report).collect()
    }

    pub(crate) fn contributions(&self) -> Vec<Contribution> {
        let roots = self.objects.iter().filter(|id| matches!(id.kind, Kind::Ingress | Kind::HttpProxy));
        roots.map(|id| self.root(id)).collect()
    }

    pub(crate) fn hosts(&self) -> BTreeMap<VirtualHostKey, Merged> {
        merge(&self.contributions())
    }
}

fn merge(contributions: &[Contribution]) -> BTreeMap<VirtualHostKey, Merged> {
    let mut fragments: BTreeMap<&VirtualHostKey, Vec<Fragment>> = BTreeMap::new();
    for (key, fragment) in contributions.iter().flat_map(|each| &each.fragments) {
        fragments.entry(key).or_default().push(fragment.clone());
    }
    fragments.into_iter().map(|(key, each)| (key.clone(), translate::merge(key, each))).collect()
}

/// The clusters that traffic goes to.
pub(crate) fn clusters(traffic: &Traffic) -> BTreeSet<&ClusterKey> {
    match traffic {
        Traffic::Tcp(proxy) => proxy.clusters.iter().map(|each| &each.cluster).collect(),
        Traffic::Http(routes) => {
            let forwards = routes.iter().filter_map(|route| match &route.action {
                Action::Forward(forward) => Some(forward),
                _ => None,
            });
            let clusters = forwards.flat_map(|forward| {
                let mirrors = forward.mirrors.iter().map(|each| &each.cluster);
                forward.clusters.iter().map(|each| &each.cluster).chain(mirrors)
            });
            clusters.collect()
        }
    }
}

pub(crate) fn proxy_id(name: &str) -> ObjectId {
    ObjectId::new(Kind::HttpProxy, "default", name)
}

pub(crate) fn proxy(name: &str, spec: Value) -> Value {
    object("projectcontour.io/v1", "HTTPProxy", name, spec)
}

pub(crate) fn ingress(name: &str, spec: Value) -> Value {
    object("networking.k8s.io/v1", "Ingress", name, spec)
}

pub(crate) fn service(name: &str) -> Value {
    object("v1", "Service", name, json!({"ports": [{"port": 80}]}))
}

fn object(version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let mut object = json!({"apiVersion": version, "kind": kind});
    object["metadata"] = json!({"name": name, "namespace": "default"});
    object["spec"] = spec;
    object
}

/// A Secret that Envoy takes.
pub(crate) fn secret() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/cases/tls/terminate.yaml");
    let text = std::fs::read_to_string(path).expect("the case is there");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("the case is YAML");
    let mut secret =
        documents.into_iter().find(|document| document["kind"] == "Secret").expect("it has a Secret");
    secret["metadata"]["namespace"] = json!("default");
    secret
}
