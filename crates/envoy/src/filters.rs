//! HTTP filters: one list, whose order is the order in Envoy.

mod compressor;
mod grpc_stats;
mod grpc_web;
mod router;
pub(crate) mod scope_miss;
mod script;
mod sni_check;

use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_filter::ConfigType;
use envoy_protos::google::protobuf::Any;

use crate::listener::ConnectionManager;

/// A filter's name, and its settings for one connection manager; `None` where it is not needed.
type Entry = (&'static str, fn(&ConnectionManager<'_>) -> Option<Any>);

/// All filters, in order (reference 7.3). No name stands twice: per-route settings are found by name.
const FILTERS: [Entry; 8] = [
    // First, so that all others see the route that is found in the end.
    (scope_miss::FIRST, scope_miss::first),
    (scope_miss::AGAIN, scope_miss::again),
    (scope_miss::UPGRADE, scope_miss::upgrade),
    ("isobath.filters.http.sni_check", sni_check::config),
    ("envoy.filters.http.compressor", compressor::config),
    ("envoy.filters.http.grpc_web", grpc_web::config),
    ("envoy.filters.http.grpc_stats", grpc_stats::config),
    (ROUTER, router::config),
];

const ROUTER: &str = "envoy.filters.http.router";

/// The filters of a connection manager.
pub(crate) fn http_filters(manager: &ConnectionManager<'_>) -> Vec<HttpFilter> {
    let all = FILTERS.iter().filter(|(name, _)| *name != scope_miss::UPGRADE);
    all.filter_map(|(name, config)| Some(filter(name, config(manager)?))).collect()
}

/// The filters of requests that change the protocol, where Envoy must ask them whether they may.
pub(crate) fn upgrade_filters(manager: &ConnectionManager<'_>) -> Vec<HttpFilter> {
    FILTERS.iter().filter_map(|(name, config)| Some(filter(name, config(manager)?))).collect()
}

/// The filters of a connection manager that does nothing for clients.
pub(crate) fn router_only() -> Vec<HttpFilter> {
    vec![filter(ROUTER, router::defaults())]
}

fn filter(name: &str, config: Any) -> HttpFilter {
    HttpFilter {
        name: name.to_owned(),
        config_type: Some(ConfigType::TypedConfig(config)),
        ..Default::default()
    }
}
