//! What the world outside makes of the effects of an engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Counters, Effect, Engine, Event};
use envoy::{Resource, ResourceType, XdsMode};
use envoy_protos::envoy::config::cluster::v3::Cluster;
use envoy_protos::envoy::config::route::v3::route::Action;
use envoy_protos::envoy::config::route::v3::route_action::ClusterSpecifier;
use envoy_protos::envoy::config::route::v3::{RouteAction, RouteConfiguration, ScopedRouteConfiguration};
use model::{FleetId, ObjectId, Report, Settings};
use prost::Message;
use store::Change;

pub(crate) type Id = (ResourceType, Arc<str>);
pub(crate) type Resources = BTreeMap<Id, Resource>;
pub(crate) type Reports = BTreeMap<ObjectId, Report>;

/// An engine, and everything that it has said so far.
pub(crate) struct Run {
    engine: Engine,
    pub(crate) resources: Resources,
    pub(crate) reports: Reports,
    generation: u64,
}

/// What one event led to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) set: Vec<Resource>,
    pub(crate) removed: Vec<Id>,
    /// Objects about which something was said.
    pub(crate) told: Vec<ObjectId>,
    pub(crate) work: Counters,
}

impl Outcome {
    pub(crate) fn names(&self) -> Vec<String> {
        let set = self.set.iter().map(|each| format!("{:?} {}", each.resource_type, each.name));
        set.chain(self.removed.iter().map(|(kind, name)| format!("- {kind:?} {name}"))).collect()
    }
}

impl Run {
    /// An engine that waits for its sources.
    pub(crate) fn waiting(settings: &Settings) -> Self {
        let layout = envoy::layout(settings, XdsMode::AdsDelta);
        let engine = Engine::new(Arc::new(settings.clone()), XdsMode::AdsDelta, layout);
        Self { engine, resources: BTreeMap::new(), reports: BTreeMap::new(), generation: 0 }
    }

    /// An engine for an empty world that is complete.
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut run = Self::waiting(settings);
        run.handle(Event::SourceSynced);
        run
    }

    /// An engine that is given a world at once.
    pub(crate) fn of(settings: &Settings, changes: Vec<Change>) -> Self {
        let mut run = Self::waiting(settings);
        assert!(run.handle(Event::Changes(changes)).names().is_empty(), "published before all is known");
        run.handle(Event::SourceSynced);
        run
    }

    pub(crate) fn changes(&mut self, changes: Vec<Change>) -> Outcome {
        self.handle(Event::Changes(changes))
    }

    pub(crate) fn apply(&mut self, objects: impl IntoIterator<Item = api::Object>) -> Outcome {
        self.changes(objects.into_iter().map(Change::Applied).collect())
    }

    /// Every Envoy has acknowledged everything.
    pub(crate) fn accept(&mut self) -> Outcome {
        self.handle(Event::Accepted { fleet: FleetId::ingress(), generation: self.generation })
    }

    /// Takes an event, and holds the effects against what they promise.
    pub(crate) fn handle(&mut self, event: Event) -> Outcome {
        let before = self.engine.totals();
        let effects = self.engine.handle(event);
        let mut outcome = Outcome { work: self.engine.totals() - before, ..Outcome::default() };
        for effect in effects {
            match effect {
                Effect::Publish(publication) => {
                    assert_eq!(publication.generation, self.generation + 1, "publications are numbered");
                    self.generation = publication.generation;
                    self.publish(publication.set, publication.removed, &mut outcome);
                }
                Effect::Report(report) => {
                    outcome.told.push(report.object.clone());
                    let before = self.reports.insert(report.object.clone(), report.clone());
                    assert_ne!(before.as_ref(), Some(&report), "told what was told before");
                }
                Effect::Forget(object) => {
                    assert!(self.reports.remove(&object).is_some(), "{object} forgotten, never reported");
                    outcome.told.push(object);
                }
            }
        }
        outcome
    }

    fn publish(&mut self, set: Vec<Resource>, removed: Vec<Id>, outcome: &mut Outcome) {
        assert!(!set.is_empty() || !removed.is_empty(), "an empty publication");
        for resource in &set {
            let id = (resource.resource_type, resource.name.clone());
            let before = self.resources.insert(id, resource.clone());
            let is_new = before.is_none_or(|before| before.body != resource.body);
            assert!(is_new, "published unchanged: {:?} {}", resource.resource_type, resource.name);
        }
        for id in &removed {
            assert!(self.resources.remove(id).is_some(), "{id:?} removed, never published");
        }
        outcome.set.extend(set);
        outcome.removed.extend(removed);
    }

    /// Whatever a resource names is there, and nothing is there that nobody names.
    pub(crate) fn check_closed(&self) -> Result<(), String> {
        let mut unused: Resources = self.resources.clone();
        unused.retain(|(kind, name), _| !is_named_by_nobody(*kind, name));
        for (id, resource) in &self.resources {
            for reference in resource.refs.iter() {
                let named = (reference.resource_type, reference.name.clone());
                if !self.resources.contains_key(&named) {
                    return Err(format!("{id:?} names {named:?}, which is not there"));
                }
                unused.remove(&named);
            }
            for name in named_in_content(resource) {
                if !resource
                    .refs
                    .iter()
                    .any(|reference| (reference.resource_type, &*reference.name) == (name.0, &name.1))
                {
                    return Err(format!("{id:?} names {name:?} in its content, not among its references"));
                }
            }
        }
        match unused.keys().next() {
            None => Ok(()),
            Some(id) => Err(format!("nobody names {id:?}")),
        }
    }

    /// Whether two runs have come to the same, byte for byte.
    pub(crate) fn equals(&self, other: &Self) -> Result<(), String> {
        for (id, resource) in &self.resources {
            let Some(twin) = other.resources.get(id) else { return Err(format!("only one has {id:?}")) };
            if twin.body != resource.body {
                let (one, other) = (envoy::to_json(resource), envoy::to_json(twin));
                return Err(format!("{id:?} differs:\n  {one}\n  {other}"));
            }
            if (&twin.refs, twin.warming) != (&resource.refs, resource.warming) {
                return Err(format!("{id:?} has {:?} and {:?}", resource.refs, twin.refs));
            }
        }
        if let Some(id) = other.resources.keys().find(|id| !self.resources.contains_key(*id)) {
            return Err(format!("only the other has {id:?}"));
        }
        if self.reports != other.reports {
            return Err(format!("reports differ:\n  {:?}\n  {:?}", self.reports, other.reports));
        }
        Ok(())
    }
}

/// What Envoy asks for by itself, or because a client does.
fn is_named_by_nobody(kind: ResourceType, name: &str) -> bool {
    match kind {
        ResourceType::Listener | ResourceType::Runtime | ResourceType::ScopedRouteConfiguration => true,
        // The rest is what connections of chains that are gone by now still ask, which must find no routes.
        ResourceType::RouteConfiguration => {
            let of_older_chains = name == "ingress_fallbackcert" || name.starts_with("https/");
            of_older_chains || ["ingress_http", "https-redirect"].contains(&name)
        }
        // The name of a host and not of an object.
        ResourceType::Secret => !name.contains('/'),
        ResourceType::ClusterLoadAssignment | ResourceType::Cluster => false,
    }
}

/// What a table, a scope or a cluster names, read from its bytes.
fn named_in_content(resource: &Resource) -> Vec<(ResourceType, String)> {
    match resource.resource_type {
        ResourceType::RouteConfiguration => {
            named_in_table(RouteConfiguration::decode(resource.body.to_bytes()).expect("a table"))
        }
        ResourceType::ScopedRouteConfiguration => {
            let scope = ScopedRouteConfiguration::decode(resource.body.to_bytes()).expect("a scope");
            match scope.route_configuration {
                Some(table) => named_in_table(table),
                None => vec![(ResourceType::RouteConfiguration, scope.route_configuration_name)],
            }
        }
        ResourceType::Cluster => {
            let cluster = Cluster::decode(resource.body.to_bytes()).expect("a cluster");
            let endpoints = cluster.eds_cluster_config.into_iter();
            endpoints.map(|eds| (ResourceType::ClusterLoadAssignment, eds.service_name)).collect()
        }
        _ => vec![],
    }
}

fn named_in_table(table: RouteConfiguration) -> Vec<(ResourceType, String)> {
    let routes = table.virtual_hosts.into_iter().flat_map(|host| host.routes);
    let clusters = routes.filter_map(|route| match route.action {
        Some(Action::Route(action)) => Some(clusters_of(action)),
        _ => None,
    });
    clusters.flatten().map(|name| (ResourceType::Cluster, name)).collect()
}

fn clusters_of(action: RouteAction) -> Vec<String> {
    let mut names: Vec<_> = action.request_mirror_policies.into_iter().map(|mirror| mirror.cluster).collect();
    match action.cluster_specifier {
        Some(ClusterSpecifier::Cluster(name)) => names.push(name),
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            names.extend(weighted.clusters.into_iter().map(|cluster| cluster.name));
        }
        _ => {}
    }
    names
}
