//! The invariants of the engine that hold for any world.

use std::collections::BTreeMap;

use api::gateway_api::GROUP;
use api::gateway_api::listener_set::ListenerSetSpec;
use api::gateway_api::references::ParentReference;
use envoy::ResourceType;
use model::{FleetId, Kind, ObjectId, Settings};
use store::Change;

use crate::dice::Dice;
use crate::histories::{History, hold};
use crate::outside::{Id, Run};
use crate::world::{Edit, World, settings};

fn changes(event: &[Edit]) -> Vec<Change> {
    event.iter().map(Edit::change).collect()
}

#[test]
fn incremental_equals_scratch() {
    hold(1500, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut run = Run::new(&settings);
        let mut world = World::default();
        let every = 1 + dice.below(40);
        for (number, event) in history.iter().enumerate() {
            run.changes(changes(event));
            event.iter().for_each(|edit| world.edit(edit));
            if dice.chance(30) {
                run.accept();
            }
            if number % every == 0 || number + 1 == history.len() {
                run.equals(&Run::of(&settings, world.changes()))?;
            }
        }
        Ok(())
    });
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    hold(700, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let world = World::after(history);
        let scratch = Run::of(&settings, world.changes());
        let mut shuffled = world.changes();
        dice.shuffle(&mut shuffled);
        let mut run = if dice.chance(50) { Run::new(&settings) } else { Run::waiting(&settings) };
        while !shuffled.is_empty() {
            let size = (1 + dice.below(20)).min(shuffled.len());
            run.changes(shuffled.drain(..size).collect());
        }
        run.handle(engine::Event::SourceSynced);
        run.equals(&scratch)
    });
}

#[test]
fn references_are_closed_after_every_event() {
    hold(500, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut run = Run::new(&settings);
        run.check_closed()?;
        for event in history {
            run.changes(changes(event));
            run.check_closed()?;
        }
        let all = World::after(history).0.into_keys().map(Change::Removed).collect();
        run.changes(all);
        run.check_closed()?;
        run.equals(&Run::new(&settings))
    });
}

#[test]
fn versions_are_content() {
    hold(200, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut lived = Run::new(&settings);
        for event in history {
            lived.changes(changes(event));
            lived.accept();
        }
        let restarted = Run::of(&settings, World::after(history).changes());
        if versions(&lived) == versions(&restarted) { Ok(()) } else { Err("a restart sends again".into()) }
    });
}

/// What an Envoy that comes back says it has.
fn versions(run: &Run) -> BTreeMap<&Id, u128> {
    run.ingress().iter().map(|(id, resource)| (id, resource.body.digest())).collect()
}

#[test]
fn every_object_that_is_ours_has_one_report() {
    hold(150, 100, |history: &History, mut dice| {
        let mut run = Run::new(&settings(&mut dice));
        let mut world = World::default();
        for event in history {
            run.changes(changes(event));
            event.iter().for_each(|edit| world.edit(edit));
        }
        let ours = |object: &&api::Object| is_reported(object, &world);
        let expected = world.0.values().filter(ours).map(|object| Change::Applied(object.clone()).object());
        // Of a policy there is something to say where a route has its backend.
        let is_policy =
            |id: &ObjectId| matches!(id.kind, Kind::BackendTlsPolicy | Kind::XBackendTrafficPolicy);
        let found: Vec<_> = run.reports.keys().filter(|id| !is_policy(id)).cloned().collect();
        let mut expected: Vec<_> = expected.collect();
        expected.sort();
        if found == expected { Ok(()) } else { Err(format!("{found:?} and not {expected:?}")) }
    });
}

/// Ingresses, HTTPProxies and IngressRoutes of our class, all ExtensionServices and delegations, classes of ours with
/// their Gateways, and what is attached to these.
pub(crate) fn is_reported(object: &api::Object, world: &World) -> bool {
    let is_there = |kind, namespace: Option<&str>, name: &str| {
        let namespace = namespace.unwrap_or(object.namespace());
        let found = world.0.get(&ObjectId::new(kind, namespace, name));
        found.is_some_and(|found| is_reported(found, world))
    };
    let is_attached = |parents: &[ParentReference]| {
        parents
            .iter()
            .filter_map(|parent| store::parent(parent, &object.namespace().into()))
            .any(|parent| is_there(parent.kind, Some(&parent.namespace), &parent.name))
    };
    let field = match object {
        api::Object::HttpProxy(proxy) => proxy.spec.ingress_class_name.as_deref(),
        api::Object::Ingress(ingress) => {
            ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref())
        }
        api::Object::IngressRoute(_) => None,
        api::Object::ExtensionService(_)
        | api::Object::TlsCertificateDelegation(_)
        | api::Object::HeptioCertificateDelegation(_) => return true,
        api::Object::GatewayClass(class) => {
            return class.spec.controller_name == *Settings::default().gateway_controller;
        }
        api::Object::Gateway(gateway) => {
            return is_there(Kind::GatewayClass, Some(""), &gateway.spec.gateway_class_name);
        }
        api::Object::ListenerSet(set) => {
            let ListenerSetSpec { parent_ref: parent, .. } = &set.spec;
            let is_gateway = (parent.group.as_str(), parent.kind.as_str()) == (GROUP, "Gateway");
            return is_gateway && is_there(Kind::Gateway, parent.namespace.as_deref(), &parent.name);
        }
        api::Object::HttpRoute(route) => return is_attached(&route.spec.parent_refs),
        api::Object::GrpcRoute(route) => return is_attached(&route.spec.parent_refs),
        api::Object::TlsRoute(route) => return is_attached(&route.spec.parent_refs),
        api::Object::TcpRoute(route) => return is_attached(&route.spec.parent_refs),
        api::Object::UdpRoute(route) => return is_attached(&route.spec.parent_refs),
        _ => return false,
    };
    let annotations = object.metadata().annotations.as_ref();
    let class = annotations.and_then(|all| all.get("projectcontour.io/ingress.class"));
    let mut classes = class.map(String::as_str).into_iter().chain(field);
    // An empty one says nothing.
    classes.find(|class| !class.is_empty()).is_none_or(|class| class == "contour")
}

/// The properties above would hold for worlds in which nothing is ever served, too.
#[test]
fn random_worlds_serve_something_of_everything() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..90 {
        let history = crate::world::history(&mut Dice::new(seed), 150);
        let run = Run::of(&model::Settings::default(), World::after(&history).changes());
        for (_, resources) in run.resources.iter().filter(|(fleet, _)| **fleet != FleetId::ingress()) {
            *seen.entry("fleet of a Gateway".into()).or_default() += 1;
            for (kind, name) in resources.keys().filter(|(kind, _)| *kind != ResourceType::Runtime) {
                let word = name.split(['-', '/']).next().unwrap_or_default();
                *seen.entry(format!("{kind:?} {word}")).or_default() += 1;
            }
        }
        for (kind, name) in run.ingress().keys() {
            let word = if name.starts_with("chain/") { "TLS host".into() } else { format!("{kind:?}") };
            *seen.entry(word).or_default() += 1;
        }
        for report in run.reports.values() {
            *seen.entry(format!("{:?}", report.verdict)).or_default() += 1;
            for problem in &report.problems {
                *seen.entry(problem.reason.to_owned()).or_default() += 1;
            }
        }
    }
    let often = ["Cluster", "ClusterLoadAssignment", "Secret", "TLS host", "Valid", "Invalid", "Orphaned"];
    let seldom = [
        "fleet of a Gateway",
        "Listener http",
        "Listener https",
        "Listener tcp",
        "Listener udp",
        "ScopedRouteConfiguration http",
        "RouteConfiguration https",
        "HostnameConflict",
        "NoMatchingParent",
        "RefNotPermitted",
        "DuplicateVhost",
        "IncludeNotFound",
        "IncludeCreatesCycle",
        "DelegationNotPermitted",
        "RouteConflict",
    ];
    for (words, least) in [(&often[..], 25), (&seldom, 3)] {
        let missing = words.iter().find(|word| seen.get(**word).is_none_or(|count| *count < least));
        assert_eq!(missing, None, "too few of it: {seen:?}");
    }
}
