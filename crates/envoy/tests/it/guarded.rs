//! What every table that a scope leads to must have, and every connection manager that leads there, so that no
//! request gets round the filters of its host (decision 0010).

use envoy::ResourceType;
use envoy_protos::envoy::config::common::mutation_rules::v3::header_mutation::Action as Mutation;
use envoy_protos::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_protos::envoy::config::listener::v3::{Listener, filter};
use envoy_protos::envoy::config::route::v3::route::Action;
use envoy_protos::envoy::config::route::v3::route_match::PathSpecifier;
use envoy_protos::envoy::config::route::v3::scoped_route_configuration::key::fragment::Type;
use envoy_protos::envoy::config::route::v3::{
    FilterConfig, Route, RouteConfiguration, RouteMatch, ScopedRouteConfiguration, VirtualHost,
};
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_connection_manager::RouteSpecifier;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::{
    HttpConnectionManager, HttpFilter,
};
use envoy_protos::envoy::extensions::http::early_header_mutation::header_mutation::v3::HeaderMutation;
use envoy_protos::google::protobuf::Any;
use prost::{Message, Name};
use rope::Rope;

const ASKS: &str = "envoy.filters.http.ext_authz";
const HEADER: &str = "x-isobath-scope";
/// The filters that look for the scope of a request that missed it.
const LOOKS: [&str; 2] = ["isobath.scope", "isobath.scope_again"];
const UPGRADE: &str = "isobath.upgrade";
/// The table of hosts that only redirect; each of their scopes leads there.
const REDIRECT: &str = "https-redirect";

/// Holds every resource of a scoped layout against what it must have.
#[track_caller]
pub(crate) fn check_resources<'a>(resources: impl Iterator<Item = (ResourceType, &'a str, &'a Rope)>) {
    for (kind, name, body) in resources {
        match kind {
            ResourceType::RouteConfiguration => {
                let table = RouteConfiguration::decode(body.to_bytes()).expect("a table");
                check_table(&table, name != REDIRECT);
            }
            ResourceType::ScopedRouteConfiguration => {
                check_scope(name, &ScopedRouteConfiguration::decode(body.to_bytes()).expect("a scope"));
            }
            ResourceType::Listener => {
                check_listener(&Listener::decode(body.to_bytes()).expect("a listener"));
            }
            _ => {}
        }
    }
}

/// A scope is found by the key that it is named after, and by no other.
#[track_caller]
fn check_scope(name: &str, scope: &ScopedRouteConfiguration) {
    assert!(!scope.on_demand, "{name}: scripts cannot wait for a scope");
    let mut fragments = scope.key.iter().flat_map(|key| &key.fragments);
    let Some(Type::StringKey(key)) = fragments.next().and_then(|fragment| fragment.r#type.clone()) else {
        panic!("{name}: no key")
    };
    assert_eq!((fragments.next(), &*envoy::scope_name(&key)), (None, name), "{key}");
    match &scope.route_configuration {
        Some(table) => check_table(table, false),
        None if key.ends_with("/*") => assert_ne!(scope.route_configuration_name, REDIRECT),
        None => assert_eq!(scope.route_configuration_name, REDIRECT, "{name}: of one host"),
    }
}

/// `is_shared` for a table that requests come to by the scripts.
#[track_caller]
fn check_table(table: &RouteConfiguration, is_shared: bool) {
    let name = &table.name;
    assert_eq!(table.request_headers_to_remove, [HEADER], "{name}");
    let named = table.virtual_hosts.iter().flat_map(|host| &host.routes).all(|route| !route.name.is_empty());
    assert!(named, "{name}: every route has a name, by which scripts see it");
    let looks: &[&str] = if is_shared { &[] } else { &LOOKS };
    assert_eq!(table.typed_per_filter_config.keys().collect::<Vec<_>>(), looks, "{name}");
    for config in table.typed_per_filter_config.values() {
        assert_eq!(unpack(config), Some(FilterConfig { disabled: true, ..Default::default() }), "{name}");
    }
    for host in &table.virtual_hosts {
        check_switches(name, host);
        if !is_shared {
            check_catch_all(name, host);
        }
    }
}

/// No filter is switched on or off by a host or a route: where a scope is missed, Envoy has chosen filters before.
#[track_caller]
fn check_switches(table: &str, host: &VirtualHost) {
    let routes = host.routes.iter().flat_map(|route| &route.typed_per_filter_config);
    for (filter, config) in host.typed_per_filter_config.iter().chain(routes) {
        assert_eq!(unpack::<FilterConfig>(config), None, "{table}, {}: {filter} is switched", host.name);
    }
}

/// A path that is not found ends in its table, or the scripts would look in another; and no policy of its host is
/// about it, as in a table without such a route.
#[track_caller]
fn check_catch_all(table: &str, host: &VirtualHost) {
    let last = host.routes.last().expect("a route");
    check_silenced(table, host, last);
    let everything = Some(PathSpecifier::Prefix("/".to_owned()));
    if table == REDIRECT {
        let path = last.r#match.as_ref().and_then(|each| each.path_specifier.clone());
        assert_eq!(path, everything, "{table}: the last route takes every path");
        assert!(matches!(last.action, Some(Action::Redirect(_))), "{table}");
        return;
    }
    let everything = RouteMatch { path_specifier: everything, ..Default::default() };
    assert_eq!(last.r#match.as_ref(), Some(&everything), "{table}: the last route takes everything");
    let status = match &last.action {
        Some(Action::DirectResponse(answer)) => answer.status,
        other => panic!("{table}: the last route answers itself, {other:?}"),
    };
    let expected = match last.name.as_str() {
        "not-found" => 404,
        "mismatch" => 421,
        other => panic!("{table}: the last route is {other}"),
    };
    assert_eq!(status, expected, "{table}");
}

/// A route says something else than its host to every filter that the host speaks to, and to the one that asks a
/// service about all that has a route; nothing to others.
#[track_caller]
fn check_silenced(table: &str, host: &VirtualHost, route: &Route) {
    let (said, silenced) = (&host.typed_per_filter_config, &route.typed_per_filter_config);
    let others = |filter: &&String| *filter != ASKS;
    let (spoken_to, silent) = (said.keys().filter(others), silenced.keys().filter(others));
    assert!(silent.eq(spoken_to), "{table}, {}", host.name);
    let asks = table.starts_with("authorized") || said.contains_key(ASKS);
    assert!(silenced.contains_key(ASKS) || !asks, "{table}, {}", host.name);
    let mut both = silenced.iter().filter_map(|(filter, message)| Some((said.get(filter)?, message)));
    assert!(both.all(|(said, silenced)| said != silenced), "{table}, {}", host.name);
}

#[track_caller]
fn check_listener(listener: &Listener) {
    let chains = listener.filter_chains.iter().chain(&listener.default_filter_chain);
    for filter in chains.flat_map(|chain| &chain.filters) {
        let Some(filter::ConfigType::TypedConfig(config)) = &filter.config_type else { continue };
        if let Some(manager) = unpack::<HttpConnectionManager>(config) {
            check_manager(&listener.name, &manager);
        }
    }
}

#[track_caller]
fn check_manager(listener: &str, manager: &HttpConnectionManager) {
    assert!(matches!(manager.route_specifier, Some(RouteSpecifier::ScopedRoutes(_))), "{listener}");
    let key = key_of(listener, manager);
    check_filters(listener, &manager.http_filters);
    let names = names(&manager.http_filters);
    let looks = names.iter().take_while(|name| LOOKS.contains(name)).count();
    // By the authority, by the server name, and by one key for all requests, which misses nothing.
    let expected = match key.split_once('/') {
        Some(("http" | "fallback", "%REQ(:AUTHORITY)%")) => 2,
        Some(("https", "%REQUESTED_SERVER_NAME%")) => 1,
        Some(("chain" | "token" | "authorized" | "authorizedtoken", host)) if !host.contains('%') => 0,
        _ => panic!("{listener}: the key {key}"),
    };
    assert_eq!(looks, expected, "{listener}, {key}: {names:?}");
    let looks_at_tokens = names.contains(&"envoy.filters.http.jwt_authn");
    assert_eq!(looks_at_tokens, key.contains("token/"), "{listener}, {key}: {names:?}");
    assert_eq!(names.contains(&ASKS), key.starts_with("authorized"), "{listener}, {key}: {names:?}");
    assert!(!names[looks..].iter().any(|name| LOOKS.contains(name)), "{listener}: scripts come first");
    check_upgrades(listener, manager, looks);
}

/// What a client sends under the name of the header goes, and the key comes; gives the key.
#[track_caller]
fn key_of(listener: &str, manager: &HttpConnectionManager) -> String {
    let extensions = &manager.early_header_mutation_extensions;
    // The last: what is done after it could change the key.
    let config = extensions.last().filter(|last| last.name == "isobath.scope");
    let config =
        config.and_then(|extension| extension.typed_config.as_ref()).and_then(unpack::<HeaderMutation>);
    let mutations = config.into_iter().flat_map(|each| each.mutations).filter_map(|each| each.action);
    let mutations: Vec<_> = mutations.collect();
    let [Mutation::Remove(removed), Mutation::Append(set)] = &mutations[..] else {
        panic!("{listener}: removes, then sets: {mutations:?}");
    };
    let header = set.header.as_ref().expect("a header");
    assert_eq!([removed, &header.key], [HEADER; 2], "{listener}");
    assert_eq!(set.append_action(), HeaderAppendAction::OverwriteIfExistsOrAdd, "{listener}");
    header.value.clone()
}

/// Where a scope may be missed, upgrades pass the same filters, and a check that they may.
#[track_caller]
fn check_upgrades(listener: &str, manager: &HttpConnectionManager, looks: usize) {
    let expected = if looks == 0 { vec![] } else { vec!["websocket"] };
    let types: Vec<_> = manager.upgrade_configs.iter().map(|each| each.upgrade_type.as_str()).collect();
    assert_eq!(types, expected, "{listener}");
    for upgrade in &manager.upgrade_configs {
        check_filters(listener, &upgrade.filters);
        assert_eq!(upgrade.filters.iter().filter(|filter| filter.name == UPGRADE).count(), 1, "{listener}");
        let others: Vec<_> =
            upgrade.filters.iter().filter(|filter| filter.name != UPGRADE).cloned().collect();
        assert_eq!(others, manager.http_filters, "{listener}");
    }
}

/// Every filter is part of every request.
#[track_caller]
fn check_filters(listener: &str, filters: &[HttpFilter]) {
    for filter in filters {
        assert!(!filter.disabled, "{listener}: {} waits for a route to switch it on", filter.name);
        assert!(!filter.is_optional, "{listener}: {} may be left out", filter.name);
    }
}

fn names(filters: &[HttpFilter]) -> Vec<&str> {
    filters.iter().map(|filter| filter.name.as_str()).collect()
}

/// The message in an `Any`, if it is of this type.
fn unpack<M: Message + Name + Default>(any: &Any) -> Option<M> {
    (any.type_url == M::type_url()).then(|| M::decode(any.value.clone()).expect("a message of its type"))
}
