//! What the listeners of a Gateway are: several of a kind, which come and go.

use envoy::{Layout, Output, ResourceType, XdsMode, to_json};
use envoy_protos::envoy::config::listener::v3::Listener as ListenerMessage;
use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use envoy_protos::envoy::config::route::v3::route::Action as RouteAction;
use insta::assert_yaml_snapshot;
use model::{
    Action, Bind, Host, Listener, RedirectPort, Settings, Targets, Traffic, Transport, VirtualHost,
    WeightedCluster,
};
use prost::Message;
use serde_json::Value;

use crate::values::{
    at, find, flushed, gateway_layout, gateway_listener, http, key, passthrough, plain, prefix, route,
    serving, with_authorization, with_tls, with_tokens,
};

const LAYOUTS: [model::Layout; 3] = [model::Layout::Table, model::Layout::Scoped, model::Layout::OnDemand];

fn plaintext(port: u16) -> Listener {
    gateway_listener(&format!("http-{port}"), Transport::Plaintext)
}

fn tls() -> Listener {
    gateway_listener("https-443", Transport::Tls)
}

fn redirecting(host: &str) -> VirtualHost {
    plain(host, vec![route(prefix("/"), Action::UpgradeToHttps(RedirectPort::Same))])
}

/// A host of the section of another, which is behind TLS.
fn member(section: &str, host: &str) -> VirtualHost {
    VirtualHost { section: Some(Host::new(section)), ..with_tls("s", serving(host, "x")) }
}

/// A host of an HTTPRoute, of which no chain may be asked to look at anything.
fn of_http_route(mut host: VirtualHost) -> VirtualHost {
    if let Traffic::Http(routes) = &mut host.traffic {
        routes.iter_mut().for_each(|route| route.origin.kind = model::Kind::HttpRoute);
    }
    host
}

fn set(layout: &mut Box<dyn Layout>, listener: &str, values: &[VirtualHost]) {
    for value in values {
        layout.set(&at(listener, value.host.as_str()), Some(value));
    }
}

/// The domains of a table with what they are answered, `route` where that is no status.
fn table(outputs: &[Output], name: &str) -> Vec<(String, String)> {
    let resource = find(outputs, ResourceType::RouteConfiguration, name);
    let table = RouteConfiguration::decode(resource.body.to_bytes()).expect("a table");
    let answer = |action: Option<&RouteAction>| match action {
        Some(RouteAction::DirectResponse(response)) => response.status.to_string(),
        _ => "route".to_owned(),
    };
    let host = |host: envoy_protos::envoy::config::route::v3::VirtualHost| {
        let answers: Vec<_> = host.routes.iter().map(|route| answer(route.action.as_ref())).collect();
        (host.domains.first().cloned().unwrap_or_default(), answers.join(" "))
    };
    table.virtual_hosts.into_iter().map(host).collect()
}

fn expected(table: &[(&str, &str)]) -> Vec<(String, String)> {
    table.iter().map(|(host, answer)| ((*host).to_owned(), (*answer).to_owned())).collect()
}

/// The filters that only routes of an ingress, or only those of a Gateway have a use for.
const APART: [&str; 6] = [
    "envoy.filters.http.stateful_session",
    "isobath.cookies",
    "isobath.route_authorization.headers",
    "isobath.route_authorization.grpc",
    "isobath.route_authorization.http",
    "isobath.route_authorization.filter",
];

/// A listener or a table without these filters, and without what is said to them.
fn in_common(mut resource: Value) -> Value {
    const MANAGER: &str = "/filter_chains/0/filters/0/typed_config";
    for filters in ["http_filters", "upgrade_configs/0/filters"] {
        let filters = resource.pointer_mut(&format!("{MANAGER}/{filters}")).and_then(Value::as_array_mut);
        let is_apart = |filter: &Value| filter["name"].as_str().is_some_and(|name| APART.contains(&name));
        filters.into_iter().for_each(|filters| filters.retain(|filter| !is_apart(filter)));
    }
    for table in ["", "/route_configuration"] {
        let Some(table) = resource.pointer_mut(table).and_then(Value::as_object_mut) else { continue };
        let told = table.get_mut("typed_per_filter_config").and_then(Value::as_object_mut);
        let is_empty = told.is_some_and(|told| {
            told.retain(|name, _| !APART.contains(&name.as_str()));
            told.is_empty()
        });
        if is_empty {
            table.remove("typed_per_filter_config");
        }
    }
    resource
}

#[test]
fn plaintext_listeners_are_those_of_an_ingress_under_names_of_their_own() {
    for choice in LAYOUTS {
        let mut ingress =
            envoy::layout(&Settings { layout: choice, ..Settings::default() }, XdsMode::AdsDelta);
        let mut gateway =
            gateway_layout(choice, &[Listener { bind: Settings::default().http, ..plaintext(80) }]);
        for value in [serving("a.com", "x"), serving("*", "y"), redirecting("b.com")] {
            ingress.set(&http(value.host.as_str()), Some(&value));
            gateway.set(&at("http-80", value.host.as_str()), Some(&value));
        }
        let renamed = |outputs: &[Output]| -> Vec<String> {
            let json = |output: &Output| to_json(output.resource().expect("nothing goes"));
            let json = outputs.iter().filter(|output| !output.id().1.contains("ingress_https")).map(json);
            let text = json.map(|json| in_common(json).to_string());
            let text = text.map(|text| text.replace("http-80/https-redirect", "https-redirect"));
            text.map(|text| text.replace("\"http/", "\"http-80/").replace("ingress_http", "http-80"))
                .collect()
        };
        let (mut ours, mut theirs) = (renamed(&gateway.flush()), renamed(&ingress.flush()));
        if choice == model::Layout::OnDemand {
            theirs.retain(|text| !text.contains("https/*"));
        }
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{choice:?}");
    }
}

#[test]
fn two_plaintext_listeners_share_no_resource() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[plaintext(80), plaintext(8080)]);
    layout.set(&at("http-80", "a.com"), Some(&serving("a.com", "x")));
    layout.set(&at("http-8080", "a.com"), Some(&serving("a.com", "y")));
    assert_eq!(
        flushed(&mut layout),
        [
            "RouteConfiguration http-80",
            "RouteConfiguration http-80/https-redirect",
            "RouteConfiguration http-8080",
            "RouteConfiguration http-8080/https-redirect",
            "ScopedRouteConfiguration http-80/*",
            "ScopedRouteConfiguration http-80/a.com",
            "ScopedRouteConfiguration http-8080/*",
            "ScopedRouteConfiguration http-8080/a.com",
            "Listener http-80",
            "Listener http-8080"
        ]
    );
    let members = |name| layout.members(ResourceType::ScopedRouteConfiguration, name);
    assert_eq!(members("http-80/a.com"), [at("http-80", "a.com")]);
    assert_eq!(members("http-8080/a.com"), [at("http-8080", "a.com")]);
}

#[test]
fn a_listener_that_goes_takes_all_that_is_its_own() {
    for choice in LAYOUTS {
        let mut layout = gateway_layout(choice, &[plaintext(80), tls()]);
        set(&mut layout, "http-80", &[serving("a.com", "x"), serving("*.a.com", "x"), redirecting("b.com")]);
        set(&mut layout, "https-443", &[with_tls("s", serving("a.com", "x")), member("a.com", "b.com")]);
        let all = flushed(&mut layout);
        let of = |name: &str| -> Vec<String> {
            let own = all.iter().filter(|line| line.contains(name));
            own.map(|line| format!("- {line}")).collect()
        };
        assert_eq!(layout.set_listeners(&[tls()]), []);
        assert_eq!(flushed(&mut layout), of("http-80"), "{choice:?}");
        layout.set(&at("http-80", "a.com"), Some(&serving("a.com", "x")));
        assert_eq!(flushed(&mut layout), [""; 0], "{choice:?}");
        assert_eq!(layout.set_listeners(&[]), []);
        assert_eq!(flushed(&mut layout), of("https-443"), "{choice:?}");
    }
}

#[test]
fn a_listener_that_comes_or_differs_is_without_hosts() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[]);
    assert_eq!(flushed(&mut layout), [""; 0]);
    assert_eq!(layout.set_listeners(&[tls()]), [tls().id]);
    assert_eq!(flushed(&mut layout), ["Listener https-443"]);
    set(&mut layout, "https-443", &[of_http_route(with_tls("s", serving("a.com", "x")))]);
    assert_eq!(flushed(&mut layout), ["RouteConfiguration https-443/a.com", "Listener https-443"]);
    let moved = Listener { bind: Bind { port: 8443, ..tls().bind }, ..tls() };
    assert_eq!(layout.set_listeners(std::slice::from_ref(&moved)), [tls().id]);
    assert_eq!(flushed(&mut layout), ["- RouteConfiguration https-443/a.com", "Listener https-443"]);
    assert_eq!(layout.set_listeners(&[moved]), []);
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn a_tls_listener_without_hosts_closes_connections() {
    let outputs = gateway_layout(model::Layout::Scoped, &[tls()]).flush();
    let listener = to_json(&find(&outputs, ResourceType::Listener, "https-443"));
    assert_yaml_snapshot!(listener["filter_chains"]);
}

#[test]
fn a_section_answers_for_its_own_hosts_and_sends_those_of_others_away() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[tls()]);
    let values = [
        with_tls("s", plain("*", vec![route(prefix("/"), crate::values::answer(404, ""))])),
        member("*", "example.org"),
        with_tls("s", serving("second.org", "x")),
        with_tls("s", serving("*.wild.org", "x")),
        with_tls("s", serving("fourth.wild.org", "x")),
        member("*.wild.org", "deep.in.wild.org"),
        passthrough("raw.org", vec![WeightedCluster::plain(key("tcp"), 1)]),
    ];
    set(&mut layout, "https-443", &values);
    let outputs = layout.flush();
    let listener = find(&outputs, ResourceType::Listener, "https-443");
    let chains = ListenerMessage::decode(listener.body.to_bytes()).unwrap().filter_chains;
    let names: Vec<_> = chains.iter().map(|chain| &*chain.name).collect();
    assert_eq!(names, ["*", "*.wild.org", "fourth.wild.org", "raw.org", "second.org"]);
    assert_eq!(
        table(&outputs, "https-443/*"),
        expected(&[
            ("*", "404"),
            ("*.wild.org", "421"),
            ("example.org", "route"),
            ("fourth.wild.org", "421"),
            ("raw.org", "421"),
            ("second.org", "421")
        ])
    );
    assert_eq!(
        table(&outputs, "https-443/*.wild.org"),
        expected(&[
            ("*.wild.org", "route"),
            ("deep.in.wild.org", "route"),
            ("fourth.wild.org", "421"),
            ("*", "421")
        ])
    );
    assert_eq!(table(&outputs, "https-443/second.org"), expected(&[("second.org", "route"), ("*", "421")]));
    let members = |kind, name| layout.members(kind, name);
    assert_eq!(
        members(ResourceType::RouteConfiguration, "https-443/*"),
        [at("https-443", "*"), at("https-443", "example.org")]
    );
    assert_eq!(members(ResourceType::Listener, "https-443").len(), 5);
}

#[test]
fn a_route_of_a_section_publishes_its_table_alone() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[tls()]);
    let own = ["*", "a.com"].map(|host| of_http_route(with_tls("s", serving(host, "x"))));
    set(&mut layout, "https-443", &own);
    layout.flush();
    set(&mut layout, "https-443", &[member("*", "b.com")]);
    assert_eq!(flushed(&mut layout), ["RouteConfiguration https-443/*"]);
    layout.set(&at("https-443", "a.com"), None);
    assert_eq!(
        flushed(&mut layout),
        ["RouteConfiguration https-443/*", "- RouteConfiguration https-443/a.com", "Listener https-443"]
    );
}

#[test]
fn what_only_the_chain_of_a_host_looks_at_has_a_table_that_no_other_chain_finds() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[tls()]);
    let open = with_tls("s", serving("a.com", "x"));
    let tokens = with_tokens(open.clone());
    let asks = with_authorization(with_tls("s", serving("b.com", "x")));
    set(&mut layout, "https-443", &[tokens.clone(), asks]);
    let outputs = layout.flush();
    let barred = expected(&[("*", "421")]);
    for (name, table_of) in [
        ("a.com/tokens", expected(&[("a.com", "route"), ("*", "421")])),
        ("b.com/authorization", expected(&[("b.com", "route"), ("*", "421")])),
        ("a.com", barred.clone()),
        ("a.com/authorization", barred.clone()),
        ("b.com", barred.clone()),
        ("b.com/tokens", barred),
    ] {
        assert_eq!(table(&outputs, &format!("https-443/{name}")), table_of, "{name}");
    }
    set(&mut layout, "https-443", &[with_authorization(tokens)]);
    assert_eq!(
        flushed(&mut layout),
        [
            "RouteConfiguration https-443/a.com/authorization/tokens",
            "RouteConfiguration https-443/a.com/tokens",
            "Listener https-443"
        ]
    );
    set(&mut layout, "https-443", std::slice::from_ref(&open));
    let outputs = layout.flush();
    let barred = expected(&[("*", "421")]);
    let names: Vec<_> = outputs.iter().map(|output| &**output.id().1).collect();
    assert_eq!(names, ["https-443/a.com", "https-443/a.com/authorization/tokens", "https-443"]);
    assert_eq!(
        table(&outputs, "https-443/a.com/authorization/tokens"),
        barred,
        "as connections may still be there"
    );
    set(&mut layout, "https-443", &[of_http_route(open)]);
    assert_eq!(
        flushed(&mut layout),
        [
            "- RouteConfiguration https-443/a.com/authorization",
            "- RouteConfiguration https-443/a.com/authorization/tokens",
            "- RouteConfiguration https-443/a.com/tokens",
        ]
    );
}

#[test]
fn the_chain_of_a_host_asks_its_service_about_it_alone() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[tls()]);
    let wild = with_authorization(with_tls("s", serving("*.a.com", "x")));
    set(&mut layout, "https-443", &[wild, member("*.a.com", "b.a.com")]);
    let table = find(&layout.flush(), ResourceType::RouteConfiguration, "https-443/*.a.com/authorization");
    assert_yaml_snapshot!(to_json(&table));
}

#[test]
fn a_wildcard_of_a_gateway_takes_any_number_of_labels() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[plaintext(80)]);
    let mut host = serving("*.a.com", "x");
    // An HTTPProxy that the Gateway serves means one, as ever.
    let Traffic::Http(routes) = &mut host.traffic else { panic!("it has routes") };
    let mut of_gateway = routes[0].clone();
    of_gateway.origin.kind = model::Kind::HttpRoute;
    routes.push(of_gateway);
    set(&mut layout, "http-80", &[host]);
    let table = to_json(&find(&layout.flush(), ResourceType::RouteConfiguration, "http-80"));
    assert_yaml_snapshot!(table["virtual_hosts"]);
}

fn targets(shares: &[(&str, u32)], invalid: u32) -> Targets {
    let clusters = shares.iter().map(|(service, weight)| WeightedCluster::plain(key(service), *weight));
    Targets { clusters: clusters.collect(), invalid }
}

fn carrying(traffic: Traffic) -> VirtualHost {
    VirtualHost { traffic, ..plain("*", vec![]) }
}

#[test]
fn listeners_without_names_carry_all_that_arrives() {
    let listeners =
        [gateway_listener("tcp-9000", Transport::Tcp), gateway_listener("udp-5300", Transport::Udp)];
    let mut layout = gateway_layout(model::Layout::Scoped, &listeners);
    assert_yaml_snapshot!("carriers_without_a_host", listeners_of(&layout.flush()));
    let shares = || targets(&[("a", 7), ("b", 3), ("none", 0)], 2);
    layout.set(&at("tcp-9000", "*"), Some(&carrying(Traffic::Tcp(shares()))));
    layout.set(&at("udp-5300", "*"), Some(&carrying(Traffic::Udp(shares()))));
    let outputs = layout.flush();
    assert_yaml_snapshot!("carriers", listeners_of(&outputs));
    let names = find(&outputs, ResourceType::Listener, "udp-5300");
    let names: Vec<_> = names.refs.iter().map(|reference| reference.name.to_string()).collect();
    assert_eq!(names, [key("a").to_string(), key("b").to_string()]);
    assert_eq!(layout.members(ResourceType::Listener, "tcp-9000"), [at("tcp-9000", "*")]);
}

fn listeners_of(outputs: &[Output]) -> Vec<serde_json::Value> {
    outputs.iter().filter_map(Output::resource).map(to_json).collect()
}

#[test]
fn what_a_listener_does_not_carry_gets_nowhere() {
    let listeners =
        [gateway_listener("tcp-9000", Transport::Tcp), gateway_listener("udp-5300", Transport::Udp)];
    let mut layout = gateway_layout(model::Layout::Scoped, &listeners);
    layout.flush();
    for value in [serving("*", "x"), carrying(Traffic::Udp(targets(&[("a", 1)], 0)))] {
        layout.set(&at("tcp-9000", "*"), Some(&value));
    }
    layout.set(&at("udp-5300", "*"), Some(&carrying(Traffic::Tcp(targets(&[("a", 1)], 0)))));
    layout.set(&at("tcp-9000", "a.com"), Some(&carrying(Traffic::Tcp(targets(&[("a", 1)], 0)))));
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn a_host_that_is_carried_is_put_back() {
    let mut layout = gateway_layout(model::Layout::Scoped, &[gateway_listener("tcp-9000", Transport::Tcp)]);
    let open = layout.flush();
    for service in ["a", "b"] {
        layout.set(&at("tcp-9000", "*"), Some(&carrying(Traffic::Tcp(targets(&[(service, 1)], 0)))));
        layout.flush();
    }
    let [(key, before)] = layout.take_replaced().try_into().expect("one host");
    layout.restore(&key, before);
    assert_eq!(layout.flush(), open);
    assert_eq!(layout.take_replaced().len(), 1);
}
