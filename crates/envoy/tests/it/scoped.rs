//! Which resources the scoped layouts give, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy::{Layout, Needs, Output, OwnName, Resource, ResourceType, XdsMode, to_json};
use envoy_protos::envoy::config::route::v3::ScopedRouteConfiguration;
use envoy_protos::envoy::config::route::v3::scoped_route_configuration::key::fragment::Type;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::Secret;
use insta::assert_yaml_snapshot;
use model::{
    Action, HeaderEdits, InternalRedirect, RedirectPort, SchemeChange, SecretContent, SecretKey, Settings,
    TlsVersion, VirtualHost, WeightedCluster,
};
use prost::Message;

use crate::values::{
    answer, certified, find, flushed, forward, http, https, key, passthrough, plain, prefix, restricting,
    route, serving, with_fallback, with_tls,
};

fn layout(layout: model::Layout) -> Box<dyn Layout> {
    envoy::layout(&Settings { layout, ..Settings::default() }, XdsMode::AdsDelta)
}

/// A layout that has published what there is without hosts.
fn started(choice: model::Layout) -> Box<dyn Layout> {
    let mut layout = layout(choice);
    layout.flush();
    layout
}

fn pair(text: &str) -> SecretContent {
    let bytes: Arc<[u8]> = text.as_bytes().into();
    SecretContent::Pair { chain: bytes.clone(), key: bytes }
}

fn ca(text: &str) -> SecretContent {
    SecretContent::Ca { bundle: text.as_bytes().into(), crl: None }
}

fn redirecting(host: &str) -> VirtualHost {
    plain(host, vec![route(prefix("/"), Action::UpgradeToHttps(RedirectPort::Same))])
}

/// A host with a TLS version of its own.
fn strict(host: &str, service: &str) -> VirtualHost {
    let mut value = with_tls("s", serving(host, service));
    value.tls.as_mut().expect("it has TLS").minimum = TlsVersion::V1_3;
    value
}

/// The resources of outputs that are set, by kind and name.
fn resources(outputs: Vec<Output>) -> BTreeMap<(ResourceType, String), Resource> {
    let set = |output| match output {
        Output::Set(resource) => Some(((resource.resource_type, resource.name.to_string()), resource)),
        Output::Remove(..) => None,
    };
    outputs.into_iter().filter_map(set).collect()
}

fn names(resource: &Resource) -> Vec<String> {
    let line = |reference: &envoy::Reference| {
        let needs = match reference.needs {
            Needs::Sent => "",
            Needs::Acked => " acknowledged",
            Needs::InForce => " in force",
        };
        format!("{:?} {}{needs}", reference.resource_type, reference.name)
    };
    resource.refs.iter().map(line).collect()
}

#[test]
fn without_hosts_there_are_an_open_listener_and_the_shared_tables() {
    let fixed = [
        "RouteConfiguration https-redirect",
        "RouteConfiguration ingress_http",
        "ScopedRouteConfiguration http/*",
        "Listener ingress_http",
    ];
    assert_eq!(flushed(&mut layout(model::Layout::Scoped)), fixed);
    let on_demand = flushed(&mut layout(model::Layout::OnDemand));
    assert_eq!(
        on_demand.iter().filter(|name| !fixed.contains(&name.as_str())).collect::<Vec<_>>(),
        ["RouteConfiguration ingress_https", "ScopedRouteConfiguration https/*"]
    );
    let listener = find(&layout(model::Layout::Scoped).flush(), ResourceType::Listener, "ingress_http");
    assert_eq!(names(&listener), [""; 0]);
}

#[test]
fn a_changed_host_publishes_its_scope_alone() {
    for choice in [model::Layout::Scoped, model::Layout::OnDemand] {
        let mut layout = started(choice);
        for host in ["a.com", "b.com"] {
            layout.set(&http(host), Some(&serving(host, "x")));
        }
        assert_eq!(
            flushed(&mut layout),
            ["ScopedRouteConfiguration http/a.com", "ScopedRouteConfiguration http/b.com"]
        );
        layout.set(&http("a.com"), Some(&serving("a.com", "y")));
        layout.set(&http("b.com"), Some(&serving("b.com", "x")));
        assert_eq!(flushed(&mut layout), ["ScopedRouteConfiguration http/a.com"]);
        layout.set(&http("a.com"), None);
        assert_eq!(flushed(&mut layout), ["- ScopedRouteConfiguration http/a.com"]);
    }
}

#[test]
fn wildcards_and_the_catch_all_share_the_table() {
    let mut layout = started(model::Layout::Scoped);
    for host in ["*", "*.a.com"] {
        layout.set(&http(host), Some(&serving(host, "x")));
    }
    assert_eq!(flushed(&mut layout), ["RouteConfiguration ingress_http"]);
}

#[test]
fn hosts_that_only_redirect_share_a_table_and_others_do_not() {
    let mut layout = started(model::Layout::Scoped);
    let mut with_header = redirecting("header.com");
    let model::Traffic::Http(routes) = &mut with_header.traffic else { unreachable!() };
    routes[0].response_headers =
        HeaderEdits { set: vec![("x".into(), "y".into())], add: vec![], remove: vec![] };
    let below = plain("below.com", vec![route(prefix("/below"), Action::UpgradeToHttps(RedirectPort::Same))]);
    let restricted = VirtualHost { policies: restricting(), ..redirecting("restricted.com") };
    let mut with_policy = redirecting("policy.com");
    let model::Traffic::Http(routes) = &mut with_policy.traffic else { unreachable!() };
    routes[0].policies = restricting();
    for value in [redirecting("a.com"), with_header, below, restricted, with_policy] {
        layout.set(&http(value.host.as_str()), Some(&value));
    }
    let resources = resources(layout.flush());
    let shares = |host: &str| {
        let scope = &resources[&(ResourceType::ScopedRouteConfiguration, format!("http/{host}"))];
        ScopedRouteConfiguration::decode(scope.body.to_bytes()).unwrap().route_configuration_name
    };
    let hosts = ["a.com", "header.com", "below.com", "restricted.com", "policy.com"];
    assert_eq!(hosts.map(shares), ["https-redirect", "", "", "", ""]);
    let scope = &resources[&(ResourceType::ScopedRouteConfiguration, "http/a.com".into())];
    assert_eq!(names(scope), ["RouteConfiguration https-redirect"]);
}

#[test]
fn a_tls_host_has_a_chain_that_waits_for_its_scope() {
    let mut layout = started(model::Layout::Scoped);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    let resources = resources(layout.flush());
    let listener = &resources[&(ResourceType::Listener, "ingress_https".into())];
    assert_eq!(names(listener), ["Secret ns/s", "ScopedRouteConfiguration chain/a.com acknowledged"]);
    let scope = &resources[&(ResourceType::ScopedRouteConfiguration, "chain/a.com".into())];
    assert_eq!(names(scope), [format!("Cluster {} acknowledged", key("x"))]);
    assert_eq!(layout.members(ResourceType::Listener, "ingress_https"), [https("a.com")]);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "y"))));
    assert_eq!(flushed(&mut layout), ["ScopedRouteConfiguration chain/a.com"]);
}

#[test]
fn the_name_of_a_scope_is_never_longer_than_what_envoy_copies_without_an_allocation() {
    let mut layout = started(model::Layout::Scoped);
    let hosts = ["as-long-as-may.be", "a-name-that-is-longer.example.com"];
    for host in hosts {
        layout.set(&http(host), Some(&serving(host, "x")));
    }
    let outputs = layout.flush();
    let kind = ResourceType::ScopedRouteConfiguration;
    for (host, name) in hosts.into_iter().zip(["http/as-long-as-may.be", "G7-UX6HsDjgVNhaMFd8AFw"]) {
        let scope = find(&outputs, kind, name);
        let scope = ScopedRouteConfiguration::decode(scope.body.to_bytes()).unwrap();
        let key = Type::StringKey(format!("http/{host}"));
        assert_eq!((scope.name.as_str(), scope.name.len()), (name, 22));
        assert_eq!(scope.key.unwrap().fragments[0].r#type, Some(key));
        assert_eq!(layout.members(kind, name), [http(host)]);
    }
    layout.take_replaced();
    layout.set(&http(hosts[1]), None);
    assert_eq!(layout.flush(), [Output::Remove(kind, "G7-UX6HsDjgVNhaMFd8AFw".into())]);
    let replaced: Vec<_> = layout.take_replaced().into_iter().map(|(key, _)| key).collect();
    assert_eq!(replaced, [http(hosts[1])]);
}

#[test]
fn a_scope_is_its_hosts_and_the_shared_ones_are_of_all_their_hosts() {
    let mut layout = started(model::Layout::OnDemand);
    for host in ["a.com", "*.a.com", "*"] {
        layout.set(&http(host), Some(&serving(host, "x")));
        layout.set(&https(host), Some(&with_tls("s", serving(host, "x"))));
    }
    layout.flush();
    let members = |kind, name| layout.members(kind, name);
    let scope = ResourceType::ScopedRouteConfiguration;
    assert_eq!(members(scope, "http/a.com"), [http("a.com")]);
    assert_eq!(members(scope, "http/b.com"), []);
    assert_eq!(members(scope, "http/*"), [http("*"), http("*.a.com")]);
    assert_eq!(members(ResourceType::RouteConfiguration, "ingress_http"), [http("*"), http("*.a.com")]);
    assert_eq!(members(ResourceType::RouteConfiguration, "https-redirect"), []);
    assert_eq!(members(scope, "https/a.com"), [https("a.com")]);
    assert_eq!(members(scope, "chain/*"), [https("*")]);
    assert_eq!(members(ResourceType::Secret, "*.a.com"), [https("*.a.com")]);
    assert_eq!(members(ResourceType::Secret, "ns/s"), []);
    assert_eq!(members(ResourceType::Listener, "ingress_https"), [https("*")]);
}

#[test]
fn on_demand_a_tls_host_is_its_scope_and_its_certificate_by_name() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set_secret(&SecretKey::pair("ns", "s"), Some(&pair("one")));
    assert_eq!(flushed(&mut layout), [""; 0]);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    assert_eq!(
        flushed(&mut layout),
        ["Secret a.com", "ScopedRouteConfiguration https/a.com", "Listener ingress_https"]
    );
    layout.set(&https("*.b.com"), Some(&with_tls("s", serving("*.b.com", "x"))));
    assert_eq!(flushed(&mut layout), ["Secret *.b.com", "RouteConfiguration ingress_https"]);
    layout.set_secret(&SecretKey::pair("ns", "s"), Some(&pair("two")));
    assert_eq!(flushed(&mut layout), ["Secret *.b.com", "Secret a.com"]);
    layout.set(&https("a.com"), None);
    assert_eq!(flushed(&mut layout), ["- Secret a.com", "- ScopedRouteConfiguration https/a.com"]);
}

#[test]
fn on_demand_hosts_that_use_one_secret_share_its_bytes_and_each_message_is_whole() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set_secret(&SecretKey::pair("ns", "s"), Some(&pair("one")));
    for host in ["a.com", "*.a.com"] {
        layout.set(&https(host), Some(&with_tls("s", serving(host, "x"))));
    }
    layout.set(&https("own.com"), Some(&strict("own.com", "x")));
    let outputs = layout.flush();
    let secrets = ["a.com", "*.a.com", "ns/s"].map(|name| find(&outputs, ResourceType::Secret, name));
    let place = |secret: &Resource| secret.body.pieces().first().map(|piece| piece.bytes().as_ptr());
    assert_eq!(secrets.each_ref().map(place), [place(&secrets[0]); 3]);
    let alone = envoy::secret(&SecretKey::pair("ns", "s"), &pair("one"));
    for secret in &secrets {
        assert_eq!(secret.own_name, OwnName::BeforeBody);
        let whole = Secret::decode(alone.message()).unwrap();
        assert_eq!(
            Secret::decode(secret.message()).unwrap(),
            Secret { name: secret.name.to_string(), ..whole }
        );
        let (json, mut expected) = (to_json(secret), to_json(&alone));
        expected["name"] = secret.name.to_string().into();
        assert_eq!(json, expected);
        assert_eq!(json["tls_certificate"]["private_key"]["inline_string"], "[redacted]");
    }
}

#[test]
fn on_demand_a_host_with_its_own_tls_versions_has_a_chain_and_bars_the_shared_one() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set_secret(&SecretKey::pair("ns", "s"), Some(&pair("one")));
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    let before = layout.flush();
    layout.take_replaced();
    layout.set(&https("a.com"), Some(&strict("a.com", "x")));
    assert_eq!(
        flushed(&mut layout),
        [
            "- Secret a.com",
            "Secret ns/s",
            "ScopedRouteConfiguration chain/a.com",
            "ScopedRouteConfiguration https/a.com",
            "Listener ingress_https"
        ]
    );
    let (host, was) = layout.take_replaced().remove(0);
    layout.restore(&host, was);
    let restored = resources(layout.flush());
    let listener = find(&before, ResourceType::Listener, "ingress_https");
    assert_eq!(restored[&(ResourceType::Listener, "ingress_https".into())], listener);
    let scope = find(&before, ResourceType::ScopedRouteConfiguration, "https/a.com");
    assert_eq!(restored[&(ResourceType::ScopedRouteConfiguration, "https/a.com".into())], scope);
    assert!(restored.contains_key(&(ResourceType::Secret, "a.com".into())));
}

#[test]
fn on_demand_a_host_that_asks_for_certificates_has_a_chain_and_bars_the_shared_one() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set_secret(&SecretKey::pair("ns", "s"), Some(&pair("one")));
    layout.set_secret(&SecretKey::ca("ns", "ca", None), Some(&ca("CA")));
    layout.flush();
    layout.set(&https("a.com"), Some(&certified("s", "ca", serving("a.com", "x"))));
    let resources = resources(layout.flush());
    let listener = &resources[&(ResourceType::Listener, "ingress_https".into())];
    assert_eq!(
        names(listener),
        ["Secret ns/ca/ca", "Secret ns/s", "ScopedRouteConfiguration chain/a.com acknowledged"]
    );
    let scope = |class: &str| {
        let name = format!("{class}/a.com");
        let scope = &resources[&(ResourceType::ScopedRouteConfiguration, name)];
        let table = ScopedRouteConfiguration::decode(scope.body.to_bytes()).unwrap();
        table.route_configuration.unwrap().virtual_hosts
    };
    let route_names = |class: &str| -> Vec<String> {
        scope(class).into_iter().flat_map(|host| host.routes).map(|route| route.name).collect()
    };
    assert_eq!(route_names("chain"), ["no-certificate", "forward", "not-found", "mismatch"]);
    assert_eq!(route_names("https"), ["mismatch"]);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    assert_eq!(
        flushed(&mut layout),
        [
            "Secret a.com",
            "- Secret ns/s",
            "- ScopedRouteConfiguration chain/a.com",
            "ScopedRouteConfiguration https/a.com",
            "Listener ingress_https"
        ]
    );
}

#[test]
fn a_fallback_certificate_is_there_while_a_host_allows_it() {
    for (choice, chain) in [(model::Layout::Scoped, "chain/a.com"), (model::Layout::OnDemand, "https/a.com")]
    {
        let mut layout = started(choice);
        layout.set_secret(&SecretKey::pair("ns", "f"), Some(&pair("one")));
        layout.flush();
        layout.set(&https("a.com"), Some(&with_fallback("s", "f", serving("a.com", "x"))));
        let resources = resources(layout.flush());
        let scopes: Vec<_> = resources.keys().map(|(kind, name)| format!("{kind:?} {name}")).collect();
        let expected = [
            "RouteConfiguration ingress_fallbackcert".to_owned(),
            format!("ScopedRouteConfiguration {chain}"),
            "ScopedRouteConfiguration fallback/*".to_owned(),
            "ScopedRouteConfiguration fallback/a.com".to_owned(),
            "Listener ingress_https".to_owned(),
        ];
        for name in &expected {
            assert!(scopes.contains(name), "{choice:?}: {name} in {scopes:?}");
        }
        let listener = &resources[&(ResourceType::Listener, "ingress_https".into())];
        for name in ["Secret ns/f", "ScopedRouteConfiguration fallback/* acknowledged"] {
            assert!(names(listener).contains(&name.to_owned()), "{choice:?}: {:?}", names(listener));
        }
        let members = |kind, name| layout.members(kind, name);
        let scope = ResourceType::ScopedRouteConfiguration;
        assert_eq!(members(scope, "fallback/a.com"), [https("a.com")]);
        assert_eq!(members(scope, "fallback/*"), []);
        assert_eq!(members(ResourceType::Listener, "ingress_https"), [https("a.com")]);
        layout.set(&https("*.b.com"), Some(&with_fallback("s", "f", serving("*.b.com", "x"))));
        layout.flush();
        let members = |kind, name| layout.members(kind, name);
        assert_eq!(members(scope, "fallback/*"), [https("*.b.com")]);
        assert_eq!(members(ResourceType::RouteConfiguration, "ingress_fallbackcert"), [https("*.b.com")]);
        for host in ["a.com", "*.b.com"] {
            layout.set(&https(host), Some(&with_tls("s", serving(host, "x"))));
        }
        let gone = flushed(&mut layout);
        for name in [
            "- RouteConfiguration ingress_fallbackcert",
            "- ScopedRouteConfiguration fallback/*",
            "- ScopedRouteConfiguration fallback/a.com",
            "Listener ingress_https",
        ] {
            assert!(gone.contains(&name.to_owned()), "{choice:?}: {name} in {gone:?}");
        }
    }
}

#[test]
fn a_catch_all_host_leaves_no_room_for_a_fallback_certificate() {
    for choice in [model::Layout::Table, model::Layout::Scoped, model::Layout::OnDemand] {
        let mut layout = started(choice);
        layout.set(&https("a.com"), Some(&with_fallback("s", "f", serving("a.com", "x"))));
        layout.set(&https("*"), Some(&with_tls("s", serving("*", "x"))));
        let secret = |layout: &mut Box<dyn Layout>| {
            names(&find(&layout.flush(), ResourceType::Listener, "ingress_https"))
                .contains(&"Secret ns/f".to_owned())
        };
        assert!(!secret(&mut layout), "{choice:?}");
        layout.set(&https("*"), None);
        assert!(secret(&mut layout), "{choice:?}");
    }
}

#[test]
fn the_listener_on_demand_with_a_fallback_certificate() {
    let mut layout = started(model::Layout::OnDemand);
    let hosts = [
        with_fallback("s", "f", serving("both.com", "x")),
        with_tls("s", serving("named.com", "x")),
        with_tls("s", serving("*.wild.com", "x")),
        certified("s", "ca", serving("asks.com", "x")),
    ];
    for host in &hosts {
        layout.set(&https(host.host.as_str()), Some(host));
    }
    let listener = find(&layout.flush(), ResourceType::Listener, "ingress_https");
    let mut json = to_json(&listener);
    let chains = json["filter_chains"].as_array_mut().expect("a list");
    let fallback = chains.iter_mut().find(|chain| chain["name"] == "~fallback").expect("it is there");
    let socket = fallback["transport_socket"].take();
    let key = fallback["filters"][0]["typed_config"]["early_header_mutation_extensions"].take();
    let fallback = (socket, key);
    assert_yaml_snapshot!((fallback, json["filter_chain_matcher"].take(), names(&listener)));
}

#[test]
fn on_demand_without_tls_hosts_nothing_listens() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    layout.flush();
    layout.set(&https("a.com"), None);
    assert_eq!(flushed(&mut layout), ["- ScopedRouteConfiguration https/a.com", "- Listener ingress_https"]);
}

#[test]
fn the_scope_of_a_plaintext_host() {
    let mut layout = started(model::Layout::Scoped);
    let mut action = forward(&["x"]);
    action.websockets = true;
    let routes = vec![
        route(prefix("/ws"), Action::Forward(Box::new(action))),
        route(prefix("/answer"), answer(200, "hello")),
        route(prefix("/moved"), Action::UpgradeToHttps(RedirectPort::Same)),
    ];
    layout.set(&http("a.com"), Some(&plain("a.com", routes)));
    let scope = find(&layout.flush(), ResourceType::ScopedRouteConfiguration, "http/a.com");
    assert_yaml_snapshot!(to_json(&scope));
}

#[test]
fn a_scope_whose_routes_follow_redirects_brings_its_key_back() {
    let redirect =
        InternalRedirect { count: 1, statuses: vec![], schemes: SchemeChange::Never, each_route_once: false };
    let action = model::Forward { internal_redirect: Some(redirect), ..forward(&["x"]) };
    let action = Action::Forward(Box::new(action));
    let mut layout = started(model::Layout::Scoped);
    let routes = vec![route(prefix("/from"), action), route(prefix("/to"), answer(200, ""))];
    layout.set(&http("a.com"), Some(&plain("a.com", routes)));
    let scope = find(&layout.flush(), ResourceType::ScopedRouteConfiguration, "http/a.com");
    assert_yaml_snapshot!(to_json(&scope)["route_configuration"]["virtual_hosts"]);
}

#[test]
fn the_scope_of_a_tls_host_answers_421_to_other_hosts() {
    let mut layout = started(model::Layout::OnDemand);
    layout.set(&https("a.com"), Some(&with_tls("s", plain("a.com", vec![]))));
    let scope = find(&layout.flush(), ResourceType::ScopedRouteConfiguration, "https/a.com");
    assert_yaml_snapshot!(to_json(&scope));
}

#[test]
fn the_plaintext_listener_of_scopes() {
    let listener = find(&layout(model::Layout::Scoped).flush(), ResourceType::Listener, "ingress_http");
    let mut manager = to_json(&listener)["filter_chains"][0]["filters"][0]["typed_config"].take();
    let taken = ["early_header_mutation_extensions", "scoped_routes", "upgrade_configs", "http_filters"];
    assert_yaml_snapshot!(taken.map(|field| manager[field].take()));
}

#[test]
fn the_shared_tables() {
    let outputs = layout(model::Layout::Scoped).flush();
    let tables = ["https-redirect", "ingress_http"];
    let tables = tables.map(|name| to_json(&find(&outputs, ResourceType::RouteConfiguration, name)));
    assert_yaml_snapshot!(tables);
}

#[test]
fn the_listener_on_demand_with_every_kind_of_host() {
    let mut layout = started(model::Layout::OnDemand);
    let through = |host: &str| passthrough(host, vec![WeightedCluster::plain(key("x"), 1)]);
    let hosts = [
        with_tls("s", serving("usual.com", "x")),
        with_tls("s", serving("usual.through.com", "x")),
        with_tls("s", serving("*.sub.through.com", "x")),
        strict("strict.com", "x"),
        through("one.com"),
        through("*.through.com"),
        with_tls("s", serving("*", "x")),
    ];
    for host in &hosts {
        layout.set(&https(host.host.as_str()), Some(host));
    }
    let listener = find(&layout.flush(), ResourceType::Listener, "ingress_https");
    let mut json = to_json(&listener);
    let chains = json["filter_chains"].as_array_mut().expect("a list");
    let shared = chains.last_mut().map(|chain| (chain["name"].take(), chain["transport_socket"].take()));
    let chain_names: Vec<_> = chains.iter().map(|chain| chain["name"].clone()).collect();
    let matcher = json["filter_chain_matcher"].take();
    assert_yaml_snapshot!((chain_names, shared, matcher, names(&listener)));
}
