//! Sizes that users control.

use std::collections::BTreeMap;

use model::{GatewayApiStatus, Kind, ObjectId, Traffic, Verdict};
use serde_json::{Value, json};

use crate::objects::{GATEWAY_API, gateway_class, ingress, object, proxy, proxy_id, secret, service, world};
use crate::world::World;

fn route(path: &str) -> Value {
    json!({"conditions": [{"prefix": path}], "services": [{"name": "web", "port": 80}]})
}

fn routes_of(world: &World, listener: &str) -> usize {
    let hosts = world.hosts();
    let hosts = hosts.into_iter().filter(|(key, _)| key.listener.as_str() == listener);
    let hosts = hosts.filter_map(|(_, merged)| merged.virtual_host);
    hosts.map(|host| if let Traffic::Http(routes) = host.traffic { routes.len() } else { 0 }).sum()
}

fn reasons(world: &World, name: &str) -> Vec<&'static str> {
    let problems = &world.reports()[&proxy_id(name)].problems;
    problems.iter().map(|problem| problem.reason).collect()
}

/// A root and parts, each of which includes the next `times` times.
fn chain(length: usize, times: usize) -> World {
    let next = |index: usize| {
        let include = json!({"name": format!("part-{index}"), "conditions": []});
        Value::Array(vec![include; times])
    };
    let part = |index: usize| {
        let own = route(&format!("/{index}"));
        let includes = if index + 1 < length { next(index + 1) } else { json!([]) };
        proxy(&format!("part-{index}"), json!({"includes": includes, "routes": [own]}))
    };
    let root = json!({"virtualhost": {"fqdn": "deep.example"}, "includes": next(0)});
    world((0..length).map(part).chain([proxy("root", root), service("web")]))
}

#[test]
fn five_thousand_includes_deep_are_followed_until_they_are_too_many() {
    let world = chain(5000, 1);
    assert_eq!(routes_of(&world, "ingress_http"), 200);
    assert_eq!(reasons(&world, "part-199"), ["IncludeTooDeep"]);
    let reports = world.reports();
    assert_eq!(reports[&proxy_id("root")].verdict, Verdict::Valid);
    assert_eq!(reports[&proxy_id("part-198")].verdict, Verdict::Valid);
    assert_eq!(reports[&proxy_id("part-200")].verdict, Verdict::Orphaned);
}

#[test]
fn parts_that_are_included_again_and_again_come_to_an_end() {
    let world = chain(40, 2);
    assert_eq!(reasons(&world, "root"), ["TooManyIncludes"]);
    assert_eq!(reasons(&world, "part-39"), <[&str; 0]>::default());
    assert_eq!(routes_of(&world, "ingress_http"), 40);
}

#[test]
fn conditions_of_a_chain_are_bounded_together() {
    let header = |index: usize| json!({"header": {"name": format!("x-{index}"), "present": true}});
    let conditions: Vec<_> = (0..150).map(header).collect();
    let more: Vec<_> = (150..300).map(header).collect();
    let root = json!({
        "virtualhost": {"fqdn": "many.example"},
        "includes": [{"name": "part", "conditions": conditions}],
    });
    let part = json!({"routes": [{"conditions": more, "services": [{"name": "web", "port": 80}]}]});
    let world = world([proxy("root", root), proxy("part", part), service("web")]);
    assert_eq!(reasons(&world, "part"), ["HeaderMatchConditionsNotValid"]);
}

#[test]
fn ten_thousand_routes_of_one_object_are_served() {
    let routes: Vec<_> = (0..10_000).map(|index| route(&format!("/{index}"))).collect();
    let root = json!({"virtualhost": {"fqdn": "wide.example"}, "routes": routes});
    let world = world([proxy("root", root), service("web")]);
    assert_eq!(routes_of(&world, "ingress_http"), 10_000);
}

#[test]
fn ten_thousand_equal_routes_of_one_object_become_one() {
    let root = json!({"virtualhost": {"fqdn": "same.example"}, "routes": vec![route("/"); 10_000]});
    let world = world([proxy("root", root), service("web")]);
    assert_eq!(routes_of(&world, "ingress_http"), 1);
    assert_eq!(reasons(&world, "root"), vec!["RouteConflict"; 9999]);
}

#[test]
fn ten_thousand_includes_of_one_object_are_followed() {
    let include = |index: usize| json!({"name": "part", "conditions": [{"prefix": format!("/{index}")}]});
    let includes: Vec<_> = (0..10_000).map(include).collect();
    let root = json!({"virtualhost": {"fqdn": "wide.example"}, "includes": includes});
    let part = json!({"routes": [{"services": [{"name": "web", "port": 80}]}]});
    let world = world([proxy("root", root), proxy("part", part), service("web")]);
    assert_eq!(routes_of(&world, "ingress_http"), 10_000);
}

/// An Ingress of many hosts with TLS, twice: the second loses every route.
#[test]
fn ten_thousand_hosts_of_one_ingress_are_served_and_lost_to_another() {
    let host = |index: usize| format!("h{index}.example");
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let rule = |index| json!({"host": host(index), "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
    let rules: Vec<_> = (0..10_000).map(rule).collect();
    let hosts: Vec<_> = (0..10_000).map(host).collect();
    let spec = json!({"tls": [{"hosts": hosts, "secretName": "cert"}], "rules": rules});
    let world = world([ingress("one", spec.clone()), ingress("two", spec), service("web"), secret()]);
    assert_eq!((routes_of(&world, "ingress_http"), routes_of(&world, "ingress_https")), (10_000, 10_000));
    let reports = world.reports();
    let problems = |name: &str| reports[&ObjectId::new(Kind::Ingress, "default", name)].problems.len();
    assert_eq!((problems("one"), problems("two")), (0, 10_000));
}

#[test]
fn of_sixty_four_listeners_those_conflict_that_cannot_be_told_apart_and_no_others() {
    let listener = |number: usize| {
        let (protocol, port, host) = match number {
            0..40 => ("HTTP", 80, Some(format!("host-{}.example", number % 32))),
            40 | 41 => ("HTTP", 81, None),
            42 | 43 => ("TCP", 81, None),
            _ => ("TCP", 9000 + number, None),
        };
        json!({"name": format!("l{number}"), "protocol": protocol, "port": port, "hostname": host})
    };
    let listeners: Vec<_> = (0..64).map(listener).collect();
    let spec = json!({"gatewayClassName": "isobath", "listeners": listeners});
    let world = world([gateway_class(), object(GATEWAY_API, "Gateway", "web", spec)]);
    let report = &world.reports()[&ObjectId::new(Kind::Gateway, "default", "web")];
    let Some(GatewayApiStatus::Gateway(status)) = report.gateway_api.as_deref() else { panic!("{report:?}") };
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, listener) in status.listeners.iter().enumerate() {
        let conflicted = listener.conditions.iter().find(|condition| condition.name == "Conflicted");
        found.entry(conflicted.unwrap().reason).or_default().push(number);
    }
    let expected = BTreeMap::from([
        ("HostnameConflict", (0..8).chain(32..40).collect()),
        ("NoConflicts", (8..32).chain(44..64).collect()),
        ("ProtocolConflict", (40..44).collect()),
    ]);
    assert_eq!(found, expected);
    let told: Vec<_> = report.problems.iter().map(|problem| &*problem.path).collect();
    let expected = (0..8).chain(32..44).map(|number| format!("spec.listeners[{number}]"));
    assert_eq!(told, expected.collect::<Vec<_>>());
}
