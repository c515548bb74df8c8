//! The listener for readiness and statistics.

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

use super::{connection_manager, filter, socket};
use crate::any::pack;
use crate::names::ADMIN_CLUSTER;
use crate::{References, Resource, address, filters};

/// The pages of Envoy's administration interface that may be read from outside, and no others.
const PAGES: [&str; 3] = ["/ready", "/stats", "/stats/prometheus"];

/// The listeners that are there whatever is served.
#[must_use]
pub fn static_listeners(settings: &Settings) -> Vec<Resource> {
    vec![Resource::new("stats-health".into(), &stats_health(&settings.stats), References::default())]
}

fn stats_health(bind: &Bind) -> proto::Listener {
    proto::Listener {
        name: "stats-health".to_owned(),
        address: Some(address::bind(bind)),
        socket_options: socket::keepalive(),
        filter_chains: vec![proto::FilterChain {
            filters: vec![filter(connection_manager::NAME, pack(&pages()))],
            ..Default::default()
        }],
        // An Envoy that is full must still say so.
        ignore_global_conn_limit: true,
        ..Default::default()
    }
}

fn pages() -> manager::HttpConnectionManager {
    let host = route::VirtualHost {
        name: "backend".to_owned(),
        domains: vec!["*".to_owned()],
        routes: PAGES.map(page).to_vec(),
        ..Default::default()
    };
    manager::HttpConnectionManager {
        stat_prefix: "stats".to_owned(),
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
