//! From the objects of a case to what comes of them, through the store and every translation.

use std::collections::{BTreeMap, BTreeSet};

use model::{ClusterKey, Kind, ObjectId, Settings, Traffic, VirtualHostKey};
use serde_json::Value;
use store::{Change, Store, Unit};
use translate::{Contribution, Merged, Note};

use crate::render;

/// Runs a case: the order in which its objects arrive must make no difference.
pub(crate) fn run(text: &str) -> Result<Value, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| format!("the objects are no YAML: {error}"))?;
    let mut settings = Settings::default();
    let mut objects = Vec::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        match document["kind"].as_str() {
            Some("Settings") => settings = read_settings(&document)?,
            _ => objects.push(read_object(document)?),
        }
    }
    let found = come_of(&settings, &objects)?;
    objects.reverse();
    if come_of(&settings, &objects)? != found {
        return Err("another order of arrival gives another result".into());
    }
    Ok(found)
}

fn come_of(settings: &Settings, objects: &[api::Object]) -> Result<Value, String> {
    let run = Run::new(settings, objects)?;
    let world = run.translate();
    world.consistent()?;
    Ok(render::world(&world))
}

fn read_object(document: Value) -> Result<api::Object, String> {
    let word = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    let (version, name) = (word("apiVersion"), word("kind"));
    let kind = api::Kind::find(&version, &name).ok_or_else(|| format!("no kind {name} of {version}"))?;
    let decoded = api::decode(kind, document).map_err(|problem| format!("{name}: {problem}"))?;
    if !decoded.unknown.is_empty() {
        return Err(format!("{name} has unknown fields: {:?}", decoded.unknown));
    }
    let mut object = decoded.object;
    object.metadata_mut().namespace.get_or_insert_with(|| "default".into());
    Ok(object)
}

/// The settings that cases may override.
fn read_settings(document: &Value) -> Result<Settings, String> {
    let mut settings = Settings::default();
    for (key, value) in document.as_object().into_iter().flatten() {
        let flag = || value.as_bool().ok_or_else(|| format!("{key} must be true or false"));
        let words = || -> Vec<_> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
        };
        match key.as_str() {
            "kind" => {}
            "rootNamespaces" => settings.root_namespaces = words(),
            "ingressClasses" => settings.ingress_classes = words(),
            "externalNames" => settings.external_names = flag()?,
            "disablePermitInsecure" => settings.disable_permit_insecure = flag()?,
            "tlsMinimum" => settings.tls_minimum = model::TlsVersion::V1_3,
            "duplicateFqdn" if value == "InvalidAll" => {
                settings.duplicate_fqdn = model::DuplicateFqdn::InvalidAll;
            }
            other => return Err(format!("{other} cannot be set in a case")),
        }
    }
    Ok(settings)
}

/// What came of the objects of a case.
pub(crate) struct World<'a> {
    pub(crate) store: &'a Store,
    pub(crate) contributions: BTreeMap<ObjectId, Contribution>,
    pub(crate) hosts: BTreeMap<VirtualHostKey, Merged>,
    pub(crate) reports: Vec<model::Report>,
}

/// A store with what came of it.
struct Run {
    store: Store,
    settings: Settings,
    objects: BTreeSet<ObjectId>,
}

impl Run {
    fn new(settings: &Settings, objects: &[api::Object]) -> Result<Self, String> {
        let mut run = Self { store: Store::default(), settings: settings.clone(), objects: BTreeSet::new() };
        for object in objects {
            let change = Change::Applied(object.clone());
            if !run.objects.insert(change.object()) {
                return Err(format!("{} stands there twice", change.object()));
            }
            run.store.apply(&change);
        }
        Ok(run)
    }
}

impl World<'_> {
    /// Everything that is named is there, and nothing else is.
    fn consistent(&self) -> Result<(), String> {
        for (id, contribution) in &self.contributions {
            let named: BTreeSet<&ClusterKey> =
                contribution.fragments.values().flat_map(|fragment| clusters(&fragment.traffic)).collect();
            let there: BTreeSet<&ClusterKey> = contribution.clusters.keys().collect();
            if named != there {
                return Err(format!("{id} names the clusters {named:?} and has {there:?}"));
            }
            let tls = contribution.fragments.values().filter_map(|fragment| fragment.tls.as_ref());
            let named: BTreeSet<_> = tls.map(|tls| &tls.certificate).collect();
            if named != contribution.secrets.iter().collect() {
                return Err(format!("{id} names the Secrets {named:?} and has {:?}", contribution.secrets));
            }
        }
        Ok(())
    }
}

impl Run {
    fn translate(&self) -> World<'_> {
        let mut said: BTreeMap<Unit, BTreeMap<ObjectId, Note>> = BTreeMap::new();
        let mut contributions = BTreeMap::new();
        for id in self.objects.iter().filter(|id| matches!(id.kind, Kind::Ingress | Kind::HttpProxy)) {
            let contribution = translate::root(&self.store.reader(), &self.settings, id);
            said.insert(Unit::Root(id.clone()), contribution.notes.clone());
            contributions.insert(id.clone(), contribution);
        }
        let mut fragments: BTreeMap<VirtualHostKey, Vec<_>> = BTreeMap::new();
        for (key, fragment) in contributions.values().flat_map(|contribution| &contribution.fragments) {
            fragments.entry(key.clone()).or_default().push(fragment.clone());
        }
        let merge = |(key, fragments)| {
            let merged = translate::merge(&key, fragments);
            (key, merged)
        };
        let hosts: BTreeMap<_, Merged> = fragments.into_iter().map(merge).collect();
        let tell = |(key, merged): (&VirtualHostKey, &Merged)| {
            (Unit::VirtualHost(key.clone()), merged.notes.clone())
        };
        said.extend(hosts.iter().map(tell));
        let reports = self.objects.iter().filter_map(|id| self.report(id, &said)).collect();
        World { store: &self.store, contributions, hosts, reports }
    }

    fn report(
        &self,
        id: &ObjectId,
        said: &BTreeMap<Unit, BTreeMap<ObjectId, Note>>,
    ) -> Option<model::Report> {
        let notes: Vec<&Note> = said.values().filter_map(|notes| notes.get(id)).collect();
        translate::report(&self.store.reader(), &self.settings, id, &notes)
    }
}

/// The clusters that traffic goes to.
fn clusters(traffic: &Traffic) -> Vec<&ClusterKey> {
    match traffic {
        Traffic::Tcp(proxy) => proxy.clusters.iter().map(|each| &each.cluster).collect(),
        Traffic::Http(routes) => {
            let forwards = routes.iter().filter_map(|route| match &route.action {
                model::Action::Forward(forward) => Some(forward),
                _ => None,
            });
            let names = forwards.flat_map(|forward| {
                let mirrors = forward.mirrors.iter().map(|each| &each.cluster);
                forward.clusters.iter().map(|each| &each.cluster).chain(mirrors)
            });
            names.collect()
        }
    }
}
