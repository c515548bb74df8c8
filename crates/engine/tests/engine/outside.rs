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
    pub(crate) resources: BTreeMap<FleetId, Resources>,
    pub(crate) reports: Reports,
    generations: BTreeMap<FleetId, u64>,
}

/// What one event led to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) set: Vec<Resource>,
    pub(crate) removed: Vec<Id>,
    /// Objects about which something was said.
    pub(crate) told: Vec<ObjectId>,
    pub(crate) work: Counters,
    /// Fleets that are no more.
    pub(crate) dissolved: Vec<FleetId>,
}

impl Outcome {
    fn add(&mut self, more: Self) {
        let Self { set, removed, told, work, dissolved } = more;
        self.set.extend(set);
        self.removed.extend(removed);
        self.told.extend(told);
        self.work += work;
        self.dissolved.extend(dissolved);
    }

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
        let (resources, reports, generations) = Default::default();
        Self { engine, resources, reports, generations }
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
        let mut outcome = Outcome::default();
        for (fleet, generation) in self.generations.clone() {
            outcome.add(self.handle(Event::Accepted { fleet, generation }));
        }
        outcome
    }

    /// Takes an event, and holds the effects against what they promise.
    pub(crate) fn handle(&mut self, event: Event) -> Outcome {
        let before = self.engine.totals();
        let effects = self.engine.handle(event);
        let mut outcome = Outcome { work: self.engine.totals() - before, ..Outcome::default() };
        for effect in effects {
            match effect {
                Effect::Publish(publication) => {
                    let generation = self.generations.entry(publication.fleet.clone()).or_default();
                    assert_eq!(publication.generation, *generation + 1, "publications are numbered");
                    *generation = publication.generation;
                    self.publish(&publication.fleet, publication.set, publication.removed, &mut outcome);
                }
                Effect::Dissolve(fleet) => {
                    assert!(self.generations.remove(&fleet).is_some(), "{fleet} dissolved, never published");
                    self.resources.remove(&fleet);
                    outcome.dissolved.push(fleet);
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

    fn publish(&mut self, fleet: &FleetId, set: Vec<Resource>, removed: Vec<Id>, outcome: &mut Outcome) {
        let resources = self.resources.entry(fleet.clone()).or_default();
        assert!(!set.is_empty() || !removed.is_empty(), "an empty publication");
        for resource in &set {
            let id = (resource.resource_type, resource.name.clone());
            let before = resources.insert(id, resource.clone());
            let is_new = before.is_none_or(|before| before.body != resource.body);
            assert!(is_new, "published unchanged: {:?} {}", resource.resource_type, resource.name);
        }
        for id in &removed {
            assert!(resources.remove(id).is_some(), "{id:?} removed, never published");
        }
        outcome.set.extend(set);
        outcome.removed.extend(removed);
    }

    /// What the ingress was sent.
    pub(crate) fn ingress(&self) -> &Resources {
        static NOTHING: Resources = Resources::new();
        self.resources.get(&FleetId::ingress()).unwrap_or(&NOTHING)
    }

    /// Whatever a resource names is there, and nothing is there that nobody names.
    pub(crate) fn check_closed(&self) -> Result<(), String> {
        self.resources.iter().try_for_each(|(fleet, resources)| {
            check_closed(fleet, resources).map_err(|why| format!("{fleet}: {why}"))
        })
    }

    /// Whether two runs have come to the same, byte for byte.
    pub(crate) fn equals(&self, other: &Self) -> Result<(), String> {
        let fleets = |run: &Self| run.resources.keys().cloned().collect::<Vec<_>>();
        if fleets(self) != fleets(other) {
            return Err(format!("fleets are {:?} and {:?}", fleets(self), fleets(other)));
        }
        for (one, twin) in self.resources.values().zip(other.resources.values()) {
            equal(one, twin)?;
        }
        if self.reports != other.reports {
            return Err(format!("reports differ:\n  {:?}\n  {:?}", self.reports, other.reports));
        }
        Ok(())
    }
}

fn check_closed(fleet: &FleetId, resources: &Resources) -> Result<(), String> {
    let mut unused: Resources = resources.clone();
    unused.retain(|(kind, name), _| !is_named_by_nobody(*kind, name) && !is_for_requests(fleet, *kind, name));
    for (id, resource) in resources {
        for reference in resource.refs.iter() {
            let named = (reference.resource_type, reference.name.clone());
            if !resources.contains_key(&named) {
                return Err(format!("{id:?} names {named:?}, which is not there"));
            }
            unused.remove(&named);
        }
        for name in named_in_content(resource) {
            let mut refs = resource.refs.iter();
            if !refs.any(|reference| (reference.resource_type, &*reference.name) == (name.0, &name.1)) {
                return Err(format!("{id:?} names {name:?} in its content, not among its references"));
            }
        }
    }
    unused.keys().next().map_or(Ok(()), |id| Err(format!("nobody names {id:?}")))
}

fn equal(resources: &Resources, other: &Resources) -> Result<(), String> {
    for (id, resource) in resources {
        let Some(twin) = other.get(id) else { return Err(format!("only one has {id:?}")) };
        if twin.body != resource.body {
            let (one, other) = (envoy::to_json(resource), envoy::to_json(twin));
            return Err(format!("{id:?} differs:\n  {one}\n  {other}"));
        }
        if (&twin.refs, twin.warming) != (&resource.refs, resource.warming) {
            return Err(format!("{id:?} has {:?} and {:?}", resource.refs, twin.refs));
        }
    }
    other
        .keys()
        .find(|id| !resources.contains_key(*id))
        .map_or(Ok(()), |id| Err(format!("only the other has {id:?}")))
}

/// Whether a Gateway has it for listeners for requests, of which it may have none.
fn is_for_requests(fleet: &FleetId, kind: ResourceType, name: &str) -> bool {
    !fleet.is_ingress() && kind == ResourceType::Cluster && name.starts_with("extension/")
}

/// What Envoy asks for by itself, or because a client does.
fn is_named_by_nobody(kind: ResourceType, name: &str) -> bool {
    match kind {
        ResourceType::Listener | ResourceType::Runtime | ResourceType::ScopedRouteConfiguration => true,
        // The rest is what connections of chains that are gone by now still ask, which must find no routes.
        ResourceType::RouteConfiguration => {
            let of_older_chains = name == "ingress_fallbackcert" || name.starts_with("https/");
            of_older_chains || name == "ingress_http" || name.ends_with("https-redirect")
        }
        // The name of a host and not of an object.
        ResourceType::Secret => !name.contains('/'),
        ResourceType::ClusterLoadAssignment | ResourceType::Cluster => false,
    }
}

/// What the scope of a host is told as.
pub(crate) fn scope(class: &str, host: &str) -> String {
    format!("ScopedRouteConfiguration {}", envoy::scope_name(&format!("{class}/{host}")))
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
    // A cluster that is never there makes Envoy answer 500.
    let named = clusters.flatten().filter(|name| name != "~nowhere");
    named.map(|name| (ResourceType::Cluster, name)).collect()
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
