//! Many Gateways and routes: a change costs what changed, and what is none of ours nothing.

use api::Object;
use api::contour_deployment::KEPT_GATEWAYS;
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
    let gateways = (0..GATEWAYS).map(|number| gateway(number, "ours"));
    with_routes(route, [class("ours", &Settings::default().gateway_controller)].into_iter().chain(gateways))
}

/// These objects, and routes for each Gateway.
fn with_routes(route: fn(usize, usize, &str) -> Object, objects: impl IntoIterator<Item = Object>) -> Run {
    let mut world = vec![web()];
    world.extend(objects);
    for number in 0..GATEWAYS {
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

/// A GRPCRoute for a host of a Gateway's HTTPRoutes. None has an age, so that the name decides.
fn grpc_route(name: &str, gateway: usize, host: &str) -> Object {
    let spec = json!({
        "parentRefs": [{"name": format!("gateway-{gateway}")}],
        "hostnames": [host],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
    });
    object(api::Kind::GrpcRoute, "ns", name, &spec)
}

#[test]
fn a_route_of_another_kind_runs_those_with_hosts_in_common_and_no_others() {
    let mut run = many();
    // It loses, which it learns when it has run.
    let loser = run.apply([grpc_route("z", 7, "host-3.example")]);
    assert_eq!((units(loser.work), loser.names()), (work(2, 0, 1), vec![]));
    // It wins, and is counted by the Gateway in the other's place.
    let winner = run.apply([grpc_route("a", 7, "host-4.example")]);
    assert_eq!(units(winner.work), Counters { clusters: 1, ..work(2, 1, 3) });
    // Those of its Gateway lose to a wider one, and no others; the Gateway counts.
    let wider = run.apply([grpc_route("b", 8, "*.example")]);
    assert_eq!(wider.work.reports, 1 + ROUTES as u64 + 1);
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
        ("of-class", log("info"), Counters { gateways: 1, ..work(0, 0, 1) }),
        ("of-class", log("debug"), Counters { gateways: 1, ..work(0, 0, 1) }),
        ("of-class", mounts.clone(), Counters { gateways: 1, ..work(0, 0, 1) }),
        ("of-gateway", log("info"), Counters { reports: 1, ..of_gateway }),
        ("of-gateway", log("debug"), of_gateway),
        ("of-gateway", mounts, Counters { reports: 1, ..of_gateway }),
    ] {
        let outcome = run.apply([parameters(name, &envoy)]);
        assert_eq!(outcome.work, expected, "{name} {envoy}");
    }
    let gone = model::ObjectId::new(model::Kind::ContourDeployment, "ns", "of-class");
    // Whether its Gateways share Envoys is looked at, too.
    let expected = Counters { gateways: 1, ..work(0, 0, 1) };
    assert_eq!(run.changes(vec![Change::Removed(gone)]).work, expected);
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

/// A class of ours with parameters, and these.
fn class_with(gateways: &str) -> [Object; 2] {
    let reference =
        json!({"group": "projectcontour.io", "kind": "ContourDeployment", "namespace": "ns", "name": "ours"});
    let controller = Settings::default().gateway_controller;
    let spec = json!({"controllerName": *controller, "parametersRef": reference});
    let parameters = json!({"envoy": {"gateways": gateways}});
    [
        object(api::Kind::GatewayClass, "", "ours", &spec),
        object(api::Kind::ContourDeployment, "ns", "ours", &parameters),
    ]
}

/// A Gateway for hosts of its own, at these ports.
fn member(number: usize, ports: &[u16]) -> Object {
    let host = format!("*.gateway-{number}.example");
    let listener =
        |port| json!({"name": format!("http-{port}"), "protocol": "HTTP", "port": port, "hostname": host});
    let listeners: Vec<_> = ports.iter().map(listener).collect();
    let spec = json!({"gatewayClassName": "ours", "listeners": listeners});
    object(api::Kind::Gateway, "ns", &format!("gateway-{number}"), &spec)
}

/// Gateways that share Envoys, each with its routes.
fn merged() -> Run {
    let gateways = (0..GATEWAYS).map(|number| member(number, &[80]));
    with_routes(member_route, class_with("Merged").into_iter().chain(gateways))
}

fn member_route(gateway: usize, number: usize, path: &str) -> Object {
    let Object::HttpRoute(mut route) = route(gateway, number, path) else { unreachable!("it is one") };
    route.spec.hostnames = vec![format!("host-{number}.gateway-{gateway}.example")];
    Object::HttpRoute(route)
}

#[test]
fn a_route_at_gateways_that_share_envoys_runs_itself_and_its_hosts() {
    let mut run = merged();
    let outcome = run.apply([member_route(7, 3, "/other")]);
    assert_eq!(units(outcome.work), work(1, 1, 1));
    let expected = [scope("http-80", "host-3.gateway-7.example")];
    assert_eq!(outcome.names(), expected);
}

#[test]
fn a_listener_of_one_gateway_runs_no_route_of_others_that_share_its_envoys() {
    let mut run = merged();
    let outcome = run.apply([member(7, &[80, 8080])]);
    // The Gateway by itself and in its class, and its routes with their hosts at the new listener.
    let (roots, hosts) = (ROUTES as u64 + 1, ROUTES as u64 + 1);
    let expected = Counters { gateways: 2, ..work(roots, hosts, roots) };
    assert_eq!(units(outcome.work), expected);
    let names = outcome.names();
    let of_others = names.iter().filter(|name| name.contains("gateway-") && !name.contains(".gateway-7."));
    assert_eq!(of_others.count(), 0, "{names:?}");
    // One more Gateway, without routes.
    let outcome = run.apply([member(GATEWAYS, &[80])]);
    assert_eq!((outcome.work.gateways, outcome.work.roots, outcome.work.virtual_hosts), (2, 1, 1));
}

/// A listener for a host, with this certificate.
fn secured(host: &str, certificate: &Value) -> Value {
    json!({
        "name": host, "protocol": "HTTPS", "port": 443, "hostname": host,
        "tls": {"certificateRefs": [certificate]},
    })
}

/// The Gateway `web` of a namespace, which was made at this time.
fn aged(namespace: &str, listeners: &[Value], age: u8) -> Object {
    let spec = json!({"gatewayClassName": "ours", "listeners": listeners});
    let mut gateway = object(api::Kind::Gateway, namespace, "web", &spec);
    gateway.metadata_mut().creation_timestamp = Some(objects::time(age));
    gateway
}

/// A route for `web.example` that answers with the name of its namespace.
fn telling(namespace: &str, parent: &Value) -> Object {
    let spec = json!({
        "parentRefs": [parent],
        "hostnames": ["web.example"],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": namespace}}]}],
    });
    object(api::Kind::HttpRoute, namespace, "route", &spec)
}

/// Whoever serves `web.example` at a Gateway that was made at this time.
fn holder(namespace: &str, age: u8, pair: usize) -> [Object; 3] {
    [
        aged(namespace, &[secured("web.example", &json!({"name": "tls"}))], age),
        telling(namespace, &json!({"name": "web"})),
        objects::tls_secret(namespace, "tls", &objects::pairs()[pair]),
    ]
}

fn shared(objects: impl IntoIterator<Item = Object>) -> Run {
    let world = class_with("Merged").into_iter().chain(objects);
    let mut run = Run::of(&Settings::default(), world.map(Change::Applied).collect());
    run.accept();
    run
}

fn reasons(run: &Run, namespace: &str) -> Vec<&'static str> {
    let report = &run.reports[&model::ObjectId::new(model::Kind::Gateway, namespace, "web")];
    report.problems.iter().map(|problem| problem.reason).collect()
}

#[test]
fn a_younger_gateway_can_take_nothing_of_another_that_shares_its_envoys() {
    let mut run = shared(holder("owner", 2, 0));
    let before = run.resources.clone();
    let stolen = json!({"namespace": "owner", "name": "tls"});
    // It is older by its name, younger by its age.
    let thief = [secured("web.example", &stolen), secured("thief.example", &stolen)];
    for object in [
        aged("a-thief", &thief, 3),
        telling("a-thief", &json!({"name": "web"})),
        telling("a-thief", &json!({"namespace": "owner", "name": "web"})),
    ] {
        run.apply([object]);
        run.accept();
        assert_eq!(run.resources, before);
    }
    let reasons = reasons(&run, "a-thief");
    assert!(reasons.contains(&"HostnameConflict") && reasons.contains(&"RefNotPermitted"), "{reasons:?}");
}

#[test]
fn an_older_gateway_takes_a_host_from_another_that_shares_its_envoys_and_gives_it_back() {
    let mut run = shared(holder("first", 2, 0));
    let before = run.resources.clone();
    let older = holder("second", 1, 1);
    run.apply(older.clone());
    run.accept();
    assert_eq!(run.resources, shared(older.clone()).resources);
    let refused = ["ListenersNotValid", "HostnameConflict"];
    assert_eq!(reasons(&run, "first"), refused);
    let [gateway, ..] = older;
    run.changes(vec![Change::Removed(Change::Applied(gateway).object())]);
    run.accept();
    assert_eq!(run.resources, before);
    assert_eq!(reasons(&run, "first"), [""; 0]);
}

#[test]
fn gateways_move_between_envoys_of_their_own_and_those_of_the_class() {
    let gateways = || (0..GATEWAYS).map(|number| member(number, &[80]));
    let separate = || with_routes(member_route, class_with("Separate").into_iter().chain(gateways()));
    let class = FleetId::class("ours");
    let mut run = separate();
    assert!(!run.resources.contains_key(&class));
    let outcome = run.apply(class_with("Merged"));
    assert_eq!(outcome.dissolved.len(), GATEWAYS);
    run.accept();
    assert_eq!(run.equals(&merged()), Ok(()));
    assert_eq!(run.resources.keys().collect::<Vec<_>>(), [&FleetId::ingress(), &class]);
    let outcome = run.apply(class_with("Separate"));
    assert_eq!(outcome.dissolved, [class]);
    run.accept();
    assert_eq!(run.equals(&separate()), Ok(()));
}

#[test]
fn envoys_of_a_class_are_served_while_its_parameters_cannot_be_used() {
    let mut run = merged();
    let class = FleetId::class("ours");
    let [mut object, parameters] = class_with("Merged");
    let kept = (KEPT_GATEWAYS.to_owned(), "Merged".to_owned());
    object.metadata_mut().annotations = Some([kept].into());
    run.apply([object]);
    run.accept();
    let wrong = json!({"gateways": "Merged", "workloadType": "Pod"});
    let wrong = self::object(api::Kind::ContourDeployment, "ns", "ours", &json!({"envoy": wrong}));
    let gone = Change::Removed(Change::Applied(parameters).object());
    for lost in [Change::Applied(wrong), gone] {
        let outcome = run.changes(vec![lost]);
        assert_eq!((outcome.dissolved.clone(), outcome.names()), (vec![], vec![]));
        let outcome = run.apply([member_route(7, 3, "/other")]);
        assert_eq!(outcome.names(), [scope("http-80", "host-3.gateway-7.example")]);
        run.apply([member_route(7, 3, "/")]);
        run.accept();
    }
    // What parameters say that can be used counts alone.
    assert_eq!(run.changes(vec![Change::Applied(class_with("Separate")[1].clone())]).dissolved, [class]);
}

#[test]
fn envoys_of_a_class_go_with_its_last_gateway() {
    let world = class_with("Merged").into_iter().chain([member(0, &[80]), member(1, &[80])]);
    let mut run = Run::of(&Settings::default(), world.map(Change::Applied).collect());
    let gone = |number| {
        let name = format!("gateway-{number}");
        vec![Change::Removed(model::ObjectId::new(model::Kind::Gateway, "ns", name.as_str()))]
    };
    assert_eq!(run.changes(gone(0)).dissolved, []);
    assert_eq!(run.changes(gone(1)).dissolved, [FleetId::class("ours")]);
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
