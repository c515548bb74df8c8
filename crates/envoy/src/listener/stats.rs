//! The listeners for readiness, statistics and Envoy's state.

use std::net::Ipv4Addr;

use envoy_protos::envoy::config::listener::v3 as proto;
use envoy_protos::envoy::config::route::v3 as route;
use envoy_protos::envoy::config::route::v3::header_matcher::HeaderMatchSpecifier;
use envoy_protos::envoy::config::route::v3::route_match::PathSpecifier;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3 as manager;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_connection_manager::RouteSpecifier;
use envoy_protos::envoy::r#type::matcher::v3::StringMatcher;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::google::protobuf::BoolValue;
use model::{Bind, Settings};

use super::{connection_manager, filter, socket, stats_tls};
use crate::any::pack;
use crate::names::ADMIN_CLUSTER;
use crate::{References, Resource, XdsMode, address, filters};

const READY: &str = "/ready";

/// The pages of statistics.
const STATISTICS: [&str; 2] = ["/stats", "/stats/prometheus"];

/// What may be read of Envoy's state by those who are on its machine. Nothing that changes it is there.
const STATE: [&str; 11] = [
    "/certs",
    "/clusters",
    "/listeners",
    "/config_dump",
    "/memory",
    READY,
    "/runtime",
    "/server_info",
    "/stats",
    "/stats/prometheus",
    "/stats/recentlookups",
];

/// The listeners that are there whatever is served.
#[must_use]
pub fn static_listeners(settings: &Settings, mode: XdsMode) -> Vec<Resource> {
    let others = of_health(settings).into_iter().chain(of_overload(settings)).chain(of_state(settings));
    let others = others.map(|listener| resource(&listener, References::default()));
    [of_statistics(settings, mode)].into_iter().chain(others).collect()
}

fn resource(listener: &proto::Listener, references: References) -> Resource {
    Resource::new(listener.name.as_str().into(), listener, references)
}

/// An Envoy that is full must still say so.
fn always(listener: proto::Listener) -> proto::Listener {
    proto::Listener { ignore_global_conn_limit: true, ..listener }
}

fn of_statistics(settings: &Settings, mode: XdsMode) -> Resource {
    let Settings { stats, health, stats_tls, .. } = settings;
    let paths = [&[READY], &STATISTICS[..]].concat();
    let (name, paths) = if health.is_some() { ("stats", &paths[1..]) } else { ("stats-health", &*paths) };
    let mut listener = always(listener(name, "stats", stats, paths));
    let Some(files) = stats_tls else { return resource(&listener, References::default()) };
    for chain in &mut listener.filter_chains {
        chain.transport_socket = Some(stats_tls::socket(files, mode));
    }
    resource(&listener, stats_tls::references(files))
}

fn of_health(settings: &Settings) -> Option<proto::Listener> {
    let bind = settings.health.as_ref()?;
    Some(always(listener("health", "health", bind, &[READY])))
}

fn of_overload(settings: &Settings) -> Option<proto::Listener> {
    let bind = settings.overload_health.as_ref()?;
    Some(listener("health-om-enforced", "health-om-enforced", bind, &[READY]))
}

fn of_state(settings: &Settings) -> Option<proto::Listener> {
    let bind = Bind { address: Ipv4Addr::LOCALHOST.into(), port: settings.admin_port?.get() };
    Some(always(listener(ADMIN_CLUSTER, ADMIN_CLUSTER, &bind, &STATE)))
}

fn listener(name: &str, stat_prefix: &str, bind: &Bind, paths: &[&str]) -> proto::Listener {
    proto::Listener {
        name: name.to_owned(),
        address: Some(address::bind(bind)),
        socket_options: socket::keepalive(),
        filter_chains: vec![proto::FilterChain {
            filters: vec![filter(connection_manager::NAME, pack(&pages(stat_prefix, paths)))],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// These pages of Envoy's administration interface, to be read, and no others.
fn pages(stat_prefix: &str, paths: &[&str]) -> manager::HttpConnectionManager {
    let host = route::VirtualHost {
        name: "backend".to_owned(),
        domains: vec!["*".to_owned()],
        routes: paths.iter().map(|path| page(path)).collect(),
        ..Default::default()
    };
    manager::HttpConnectionManager {
        stat_prefix: stat_prefix.to_owned(),
        normalize_path: Some(BoolValue { value: true }),
        http_filters: filters::router_only(),
        route_specifier: Some(RouteSpecifier::RouteConfig(route::RouteConfiguration {
            virtual_hosts: vec![host],
            // An Envoy whose bootstrap has no such cluster answers 503 here, and all else works.
            validate_clusters: Some(BoolValue { value: false }),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn page(path: &str) -> route::Route {
    let action = route::RouteAction {
        cluster_specifier: Some(route::route_action::ClusterSpecifier::Cluster(ADMIN_CLUSTER.to_owned())),
        ..Default::default()
    };
    route::Route {
        r#match: Some(route::RouteMatch {
            path_specifier: Some(PathSpecifier::Path(path.to_owned())),
            headers: vec![get()],
            ..Default::default()
        }),
        action: Some(route::route::Action::Route(action)),
        ..Default::default()
    }
}

fn get() -> route::HeaderMatcher {
    let matcher =
        StringMatcher { match_pattern: Some(MatchPattern::Exact("GET".to_owned())), ..Default::default() };
    route::HeaderMatcher {
        name: ":method".to_owned(),
        header_match_specifier: Some(HeaderMatchSpecifier::StringMatch(matcher)),
        ..Default::default()
    }
}
