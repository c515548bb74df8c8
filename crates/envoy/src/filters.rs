//! HTTP filters: one list, whose order is the order in Envoy.

mod compressor;
mod cookies;
mod cors;
pub(crate) mod ext_authz;
mod grpc_stats;
mod grpc_web;
pub(crate) mod jwt_authn;
mod local_rate_limit;
mod rate_limit;
mod rbac;
mod route_authorization;
mod router;
pub(crate) mod scope_miss;
mod script;
mod sni_check;
pub(crate) mod stateful_session;

use std::collections::BTreeMap;

use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_filter::ConfigType;
use envoy_protos::google::protobuf::Any;
use model::{Action, Host, Policies, Route, SessionPersistence, VirtualHost, WeightedCluster};

use crate::listener::ConnectionManager;

pub(crate) use rbac::address_rules;
pub(crate) use router::SCOPE_AFTER_REDIRECT;

/// A filter's name, and its settings for one connection manager; `None` where it is not needed.
type Entry = (&'static str, fn(&ConnectionManager<'_>) -> Option<Any>);

/// All filters, in order (reference 7.3). No name stands twice: per-route settings are found by name.
const FILTERS: [Entry; 21] = [
    // First, so that all others see the route that is found in the end.
    (scope_miss::FIRST, scope_miss::first),
    (scope_miss::AGAIN, scope_miss::again),
    (scope_miss::UPGRADE, scope_miss::upgrade),
    ("isobath.sni_check", sni_check::config),
    ("envoy.filters.http.compressor", compressor::config),
    ("envoy.filters.http.grpc_web", grpc_web::config),
    ("envoy.filters.http.grpc_stats", grpc_stats::config),
    (CORS, cors::config),
    (LOCAL_RATE_LIMIT, local_rate_limit::config),
    (COOKIES, cookies::config),
    (RBAC, rbac::config),
    (JWT_AUTHN, jwt_authn::config),
    (EXT_AUTHZ, ext_authz::config),
    (HOST_AUTHORIZATION, ext_authz::config_of_host),
    (route_authorization::HEADERS, route_authorization::headers_config),
    (route_authorization::GRPC, route_authorization::grpc_config),
    (route_authorization::HTTP, route_authorization::http_config),
    (route_authorization::OF_ROUTES, route_authorization::filter_of_routes),
    (RATE_LIMIT, rate_limit::config),
    (STATEFUL_SESSION, stateful_session::config),
    (ROUTER, router::config),
];

const COOKIES: &str = "isobath.cookies";
const CORS: &str = "envoy.filters.http.cors";
const EXT_AUTHZ: &str = "envoy.filters.http.ext_authz";
/// In a chain of a Gateway, where other hosts than the chain's own are asked for, too.
const HOST_AUTHORIZATION: &str = "isobath.host_authorization";
const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";
const LOCAL_RATE_LIMIT: &str = "envoy.filters.http.local_ratelimit";
const RATE_LIMIT: &str = "envoy.filters.http.ratelimit";
const RBAC: &str = "envoy.filters.http.rbac";
const ROUTER: &str = "envoy.filters.http.router";
const STATEFUL_SESSION: &str = "envoy.filters.http.stateful_session";

/// A filter that hosts and routes tell what to do: its name, what their policies say to it, and what silences it.
type Told = (&'static str, fn(&Host, &Policies) -> Option<Any>, fn() -> Any);

/// All of them. They are there whatever anybody says to them (see [`scope_miss`]), but for those that ask a service.
/// The one that asks whether a request may pass is part of the chains that have such a service, and asks unless it is
/// told otherwise; the one that has requests counted is there where the operator names who counts.
const TOLD: [Told; 4] = [
    (EXT_AUTHZ, ext_authz::message, ext_authz::silence),
    (LOCAL_RATE_LIMIT, local_rate_limit::message, local_rate_limit::silence),
    (RATE_LIMIT, rate_limit::message, rate_limit::silence),
    (RBAC, rbac::message, rbac::silence),
];

/// What a host says to filters, by the names of these.
pub(crate) fn messages_of_host(value: &VirtualHost) -> BTreeMap<String, Any> {
    let cors = value.cors.as_deref().map(|policy| (CORS.to_owned(), cors::message(policy)));
    messages(&value.host, &value.policies).into_iter().chain(cors).collect()
}

/// What the policies of a host or of one of its routes say to filters, by the names of these.
fn messages(host: &Host, policies: &Policies) -> BTreeMap<String, Any> {
    let message = |(name, message, _): &Told| message(host, policies).map(|said| ((*name).to_owned(), said));
    TOLD.iter().filter_map(message).collect()
}

/// What a route says to filters, by the names of these.
pub(crate) fn messages_of_route(value: &VirtualHost, route: &Route) -> BTreeMap<String, Any> {
    let token = route.jwt.as_deref().map(|provider| (JWT_AUTHN.to_owned(), jwt_authn::message(provider)));
    let cors = route.cors.as_deref().map(|policy| (CORS.to_owned(), cors::message(policy)));
    // Nobody is asked about what has to come again by HTTPS.
    let is_only_redirected = matches!(route.action, Action::UpgradeToHttps(_)) && may_ask(value);
    let unasked = is_only_redirected.then(unasked).unwrap_or_default();
    let asked = route.authorization.as_deref().map(route_authorization::messages).unwrap_or_default();
    let others = token.into_iter().chain(cors).chain(unasked).chain(asked);
    messages(&value.host, &route.policies).into_iter().chain(others).collect()
}

/// Whether somebody may be asked about requests to a host: where all hosts are asked about, each of them says so.
pub(crate) fn may_ask(value: &VirtualHost) -> bool {
    value.is_authorized() || value.policies.authorization.is_some()
}

/// What a table of a Gateway says to filters, by the names of these: nobody is asked but where a route says whom.
pub(crate) fn messages_of_gateway() -> BTreeMap<String, Any> {
    route_authorization::silences()
}

/// What a table of a Gateway says besides, whose chain asks the service of its own host.
pub(crate) fn silence_of_section() -> (String, Any) {
    (HOST_AUTHORIZATION.to_owned(), ext_authz::silence())
}

/// Has a host with a service of its own say to the filter that asks this one what it would say to the one that asks the
/// service of all hosts, which is not asked about it.
pub(crate) fn ask_own_service(host: &mut proto::VirtualHost) {
    let routes = host.routes.iter_mut().map(|route| &mut route.typed_per_filter_config);
    for messages in [&mut host.typed_per_filter_config].into_iter().chain(routes) {
        if let Some(said) = messages.remove(EXT_AUTHZ) {
            messages.insert(HOST_AUTHORIZATION.to_owned(), said);
        }
    }
    let said = host.typed_per_filter_config.entry(HOST_AUTHORIZATION.to_owned());
    said.or_insert_with(ext_authz::question);
    host.typed_per_filter_config.extend(unasked());
}

/// What a backend of a route says to filters, by the names of these.
pub(crate) fn messages_of_backend(
    backend: &WeightedCluster,
    session: Option<&SessionPersistence>,
) -> BTreeMap<String, Any> {
    let cookies = Some(&*backend.cookies).filter(|cookies| !cookies.is_empty());
    let cookies = cookies.map(|cookies| (COOKIES, cookies::message(cookies)));
    let session =
        session.map(|session| (STATEFUL_SESSION, stateful_session::message(session, &backend.cluster)));
    cookies.into_iter().chain(session).map(|(name, message)| (name.to_owned(), message)).collect()
}

/// What a route of ours says to the filters that do something for its host: it has no policies.
pub(crate) fn silences(value: &VirtualHost) -> BTreeMap<String, Any> {
    let VirtualHost { host, policies, .. } = value;
    let asks = |name: &str| name == EXT_AUTHZ && may_ask(value);
    let busy = TOLD.iter().filter(|(name, message, _)| asks(name) || message(host, policies).is_some());
    busy.map(|(name, _, silence)| ((*name).to_owned(), silence())).collect()
}

/// What a route of ours says where no host is known, but that somebody is asked about what has a route.
pub(crate) fn unasked() -> BTreeMap<String, Any> {
    BTreeMap::from([(EXT_AUTHZ.to_owned(), ext_authz::silence())])
}

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
