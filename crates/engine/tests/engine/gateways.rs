//! Many Gateways and routes: a change costs what changed, and what is none of ours nothing.

use api::Object;
use engine::Counters;
use model::{FleetId, Settings};
use serde_json::{Value, json};
use store::Change;

use crate::objects::{self, root, service, service_port};
use crate::outside::{Run, scope};

const GATEWAYS: usize = 50;
const ROUTES: usize = 100;

fn object(kind: api::Kind, namespace: &str, name: &str, spec: &Value) -> Object {
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    api::decode(kind, json!({"metadata": metadata, "spec": spec})).expect("an object").object
}

fn class(name: &str, controller: &str) -> Object {
    object(api::Kind::GatewayClass, "", name, &json!({"controllerName": controller}))
}

fn gateway(number: usize, class: &str) -> Object {
    let listener = json!({"name": "http", "protocol": "HTTP", "port": 80});
    let spec = json!({"gatewayClassName": class, "listeners": [listener]});
    object(api::Kind::Gateway, "ns", &format!("gateway-{number}"), &spec)
}

fn route(gateway: usize, number: usize, path: &str) -> Object {
    let spec = json!({
        "parentRefs": [{"name": format!("gateway-{gateway}")}],
        "hostnames": [format!("host-{number}.example")],
        "rules": [{
            "matches": [{"path": {"value": path}}],
            "backendRefs": [{"name": "web", "port": 80}],
        }],
    });
    object(api::Kind::HttpRoute, "ns", &format!("route-{gateway}-{number}"), &spec)
}

fn web() -> Object {
    service("ns", "web", vec![service_port("", 80)])
}

/// Gateways of ours, each with its routes.
fn many() -> Run {
    let ours = class("ours", &Settings::default().gateway_controller);
    let mut world = vec![ours, web()];
    for number in 0..GATEWAYS {
        world.push(gateway(number, "ours"));
        world.extend((0..ROUTES).map(|route_number| route(number, route_number, "/")));
    }
    let mut run = Run::of(&Settings::default(), world.into_iter().map(Change::Applied).collect());
    run.accept();
    run
}

fn work(roots: u64, virtual_hosts: u64, reports: u64) -> Counters {
    Counters { changes: 1, roots, virtual_hosts, reports, ..Counters::default() }
}

/// The same without what was published.
fn units(mut work: Counters) -> Counters {
    (work.resources, work.bytes) = (0, 0);
    work
}

#[test]
fn a_route_runs_itself_and_its_hosts_and_publishes_these() {
    let mut run = many();
    let outcome = run.apply([route(7, 3, "/other")]);
    assert_eq!(units(outcome.work), work(1, 1, 1));
    assert_eq!(outcome.names(), ["ScopedRouteConfiguration http-80/host-3.example"]);
    assert!(outcome.work.bytes < 1024, "{} bytes", outcome.work.bytes);
}

#[test]
fn a_route_that_comes_is_counted_by_its_gateway() {
    let mut run = many();
    let outcome = run.apply([route(7, ROUTES, "/")]);
    // Its own report, and that of the Gateway.
    assert_eq!(units(outcome.work), work(1, 1, 2));
    assert_eq!(outcome.names(), [scope("http-80", &format!("host-{ROUTES}.example"))]);
    let again = run.apply([route(7, ROUTES, "/")]);
    assert_eq!(units(again.work), work(0, 0, 0));
}

#[test]
fn a_gateway_that_comes_and_goes_is_its_own_affair() {
    let mut run = many();
    let outcome = run.apply([gateway(GATEWAYS, "ours")]);
    let expected = Counters { gateways: 1, ..work(1, 1, 1) };
    assert_eq!(units(outcome.work), expected);
    let name = format!("gateway-{GATEWAYS}");
    let id = model::ObjectId::new(model::Kind::Gateway, "ns", name.as_str());
    let outcome = run.changes(vec![Change::Removed(id)]);
    assert_eq!(outcome.dissolved, [FleetId::gateway("ns", name.as_str())]);
    assert_eq!(outcome.names(), [""; 0]);
}

/// A class or a Gateway that names this ContourDeployment of the namespace `ns`.
fn naming(kind: api::Kind, name: &str, parameters: &str) -> Object {
    let mut reference =
        json!({"group": "projectcontour.io", "kind": "ContourDeployment", "name": parameters});
    let (namespace, spec) = if kind == api::Kind::GatewayClass {
        reference["namespace"] = "ns".into();
        let controller = &Settings::default().gateway_controller;
        ("", json!({"controllerName": controller, "parametersRef": reference}))
    } else {
        let listener = json!({"name": "http", "protocol": "HTTP", "port": 80});
        let infrastructure = json!({"parametersRef": reference});
        let spec = json!({
            "gatewayClassName": "ours", "listeners": [listener], "infrastructure": infrastructure,
        });
        ("ns", spec)
    };
    object(kind, namespace, name, &spec)
}

fn parameters(name: &str, envoy: &Value) -> Object {
    object(api::Kind::ContourDeployment, "ns", name, &json!({"envoy": envoy}))
}

#[test]
fn parameters_run_who_names_them_and_change_nothing_that_is_served() {
    let mut run = many();
    run.apply([
        naming(api::Kind::GatewayClass, "named", "of-class"),
        naming(api::Kind::Gateway, "gateway-7", "of-gateway"),
    ]);
    run.accept();
    let log = |level: &str| json!({"logLevel": level});
    let mounts = json!({"extraVolumeMounts": [{"name": "a", "mountPath": "/a"}]});
    let of_gateway = Counters { gateways: 1, ..work(0, 0, 0) };
    for (name, envoy, expected) in [
        ("of-nobody", mounts.clone(), work(0, 0, 0)),
        ("of-class", log("info"), work(0, 0, 1)),
        ("of-class", log("debug"), work(0, 0, 1)),
        ("of-class", mounts.clone(), work(0, 0, 1)),
        ("of-gateway", log("info"), Counters { reports: 1, ..of_gateway }),
        ("of-gateway", log("debug"), of_gateway),
        ("of-gateway", mounts, Counters { reports: 1, ..of_gateway }),
    ] {
        let outcome = run.apply([parameters(name, &envoy)]);
        assert_eq!(outcome.work, expected, "{name} {envoy}");
    }
    let gone = model::ObjectId::new(model::Kind::ContourDeployment, "ns", "of-class");
    assert_eq!(run.changes(vec![Change::Removed(gone)]).work, work(0, 0, 1));
}

#[test]
fn what_is_none_of_ours_costs_nothing() {
    let mut run = many();
    let foreign = GATEWAYS + 1;
    let mut world = vec![class("theirs", "example.com/controller"), gateway(foreign, "theirs")];
    world.extend((0..1000).map(|number| route(foreign, number, "/")));
    run.apply(world);
    let outcome = run.apply((0..1000).map(|number| route(foreign, number, "/changed")));
    assert_eq!(outcome.work, Counters { changes: 1000, ..Counters::default() });
    assert_eq!((outcome.names(), outcome.told), (vec![], vec![]));
    // They are served as soon as the Gateway is ours.
    let outcome = run.apply([gateway(foreign, "ours")]);
    assert_eq!((outcome.work.gateways, outcome.work.roots), (1, 1001));
}

#[test]
fn a_listener_set_goes_to_another_gateway_whichever_of_the_two_runs_first() {
    let settings = Settings::default();
    let gateway = |name, port| {
        let spec = json!({
            "gatewayClassName": "ours",
            "listeners": [{"name": "http", "protocol": "HTTP", "port": port}],
            "allowedListeners": {"namespaces": {"from": "All"}},
        });
        object(api::Kind::Gateway, "ns", name, &spec)
    };
    let set = |parent| {
        let listener = json!({"name": "more", "protocol": "HTTP", "port": 8080});
        let spec = json!({"parentRef": {"name": parent}, "listeners": [listener]});
        object(api::Kind::ListenerSet, "ns", "set", &spec)
    };
    let world = |port, parent| {
        let parents = json!([{"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": "set"}]);
        let spec = json!({"parentRefs": parents, "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]});
        let route = object(api::Kind::HttpRoute, "ns", "route", &spec);
        let ours = class("ours", &settings.gateway_controller);
        [ours, web(), gateway("one", port), gateway("two", port), set(parent), route]
    };
    let run_of = |objects: [Object; 6]| {
        let mut run = Run::of(&settings, objects.into_iter().map(Change::Applied).collect());
        run.accept();
        run
    };
    for (from, to) in [("one", "two"), ("two", "one")] {
        for first in ["one", "two"] {
            let mut run = run_of(world(80, from));
            let last = if first == "one" { "two" } else { "one" };
            run.apply([gateway(first, 81), set(to), gateway(last, 81)]);
            run.accept();
            assert_eq!(run.equals(&run_of(world(81, to))), Ok(()), "from {from} to {to}, {first} first");
        }
    }
}

#[test]
fn roots_follow_the_ports_of_the_gateway_that_serves_them() {
    let settings = Settings { roots: FleetId::gateway("ns", "edge"), ..Settings::default() };
    let gateway = |ports: &[u16]| {
        let listener = |port| json!({"name": format!("http-{port}"), "protocol": "HTTP", "port": port});
        let listeners: Vec<_> = ports.iter().map(listener).collect();
        object(api::Kind::Gateway, "ns", "edge", &json!({"gatewayClassName": "ours", "listeners": listeners}))
    };
    let run_of = |ports: &[u16]| {
        let proxy = root("ns", "site", "site.example", vec![objects::route("/", "web")]);
        let world = [class("ours", &settings.gateway_controller), web(), gateway(ports), proxy.into()];
        let mut run = Run::of(&settings, world.into_iter().map(Change::Applied).collect());
        run.accept();
        run
    };
    let mut run = run_of(&[80]);
    for ports in [&[8080][..], &[80, 8080], &[80]] {
        run.apply([gateway(ports)]);
        run.accept();
        assert_eq!(run.equals(&run_of(ports)), Ok(()), "{ports:?}");
    }
    let proxy = model::ObjectId::new(model::Kind::HttpProxy, "ns", "site");
    run.apply([gateway(&[80, 8080])]);
    let reasons: Vec<_> = run.reports[&proxy].problems.iter().map(|problem| problem.reason).collect();
    assert_eq!(reasons, ["ErrorIdentifyingListener"]);
}
