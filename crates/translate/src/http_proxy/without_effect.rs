//! Fields that are read and say nothing where they stand: each is told, never passed over.

mod operators;

use api::http_proxy::policy::rate_limit::RateLimitPolicy;
use api::http_proxy::{Include, Route, Service, TcpProxy, VirtualHost};
use model::ObjectId;

use super::Fault;
use super::conditions::{self, Block, Conditions};
use super::root::Context;
use super::route::Scope;
use crate::field_path::FieldPath;

/// A field, why it does nothing, and whether an object has it.
type Field<T> = (&'static str, &'static str, fn(&T) -> bool);

const CONNECTIONS: &str = "has no effect on connections";
const COPIES: &str = "has no effect on copies of requests";
const COPIES_BUT_SERVER_NAME: &str =
    "has no effect on copies of requests (but for Host, the name that a service with TLS is asked for)";
const NO_SERVICES: &str = "has no effect without services";

const TCP_SERVICE: [Field<Service>; 4] = [
    ("cookieRewritePolicies", CONNECTIONS, |service| !service.cookie_rewrite_policies.is_empty()),
    ("mirror", CONNECTIONS, |service| service.mirror),
    ("requestHeadersPolicy", CONNECTIONS, |service| service.request_headers_policy.is_some()),
    ("responseHeadersPolicy", CONNECTIONS, |service| service.response_headers_policy.is_some()),
];

/// Envoy copies a request with the changes for the service that gets it, and drops what comes back.
const MIRROR: [Field<Service>; 4] = [
    ("cookieRewritePolicies", COPIES, |service| !service.cookie_rewrite_policies.is_empty()),
    ("requestHeadersPolicy", COPIES, |service| {
        service.request_headers_policy.is_some() && !says_host(service)
    }),
    ("requestHeadersPolicy", COPIES_BUT_SERVER_NAME, says_host),
    ("responseHeadersPolicy", COPIES, |service| service.response_headers_policy.is_some()),
];

const TCP_HOST: [Field<VirtualHost>; 3] = [
    ("corsPolicy", CONNECTIONS, |host| host.cors_policy.is_some()),
    ("rateLimitPolicy.global", CONNECTIONS, |host| limits_globally(host.rate_limit_policy.as_deref())),
    ("rateLimitPolicy.local", CONNECTIONS, |host| limits_locally(host.rate_limit_policy.as_deref())),
];

const ROUTE_WITHOUT_SERVICES: [Field<Route>; 10] = [
    ("cookieRewritePolicies", NO_SERVICES, |route| !route.cookie_rewrite_policies.is_empty()),
    ("enableWebsockets", NO_SERVICES, |route| route.enable_websockets),
    ("healthCheckPolicy", NO_SERVICES, |route| route.health_check_policy.is_some()),
    ("internalRedirectPolicy", NO_SERVICES, |route| route.internal_redirect_policy.is_some()),
    ("loadBalancerPolicy", NO_SERVICES, |route| route.load_balancer_policy.is_some()),
    ("pathRewritePolicy", NO_SERVICES, |route| route.path_rewrite_policy.is_some()),
    ("rateLimitPolicy.global", NO_SERVICES, |route| limits_globally(route.rate_limit_policy.as_deref())),
    ("requestHeadersPolicy", NO_SERVICES, |route| route.request_headers_policy.is_some()),
    ("retryPolicy", NO_SERVICES, |route| route.retry_policy.is_some()),
    ("timeoutPolicy", NO_SERVICES, |route| route.timeout_policy.is_some()),
];

/// Whether requests to a service are to name another host, which its handshake does, too.
fn says_host(service: &Service) -> bool {
    let policy = service.request_headers_policy.as_deref();
    policy.is_some_and(|policy| policy.set.iter().any(|header| header.name.eq_ignore_ascii_case("host")))
}

/// Whether a policy asks for a limit that a service counts; one that only switches it off asks for none.
fn limits_globally(policy: Option<&RateLimitPolicy>) -> bool {
    policy.and_then(|policy| policy.global.as_ref()).is_some_and(|global| !global.disabled)
}

/// Whether a policy asks for a limit that each Envoy keeps.
fn limits_locally(policy: Option<&RateLimitPolicy>) -> bool {
    policy.is_some_and(|policy| policy.local.is_some())
}

/// Tells about the conditions of the limits of a host.
pub(super) fn host(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) {
    operators::of_limits(context, id, &super::SPEC.field("virtualhost"), host.rate_limit_policy.as_deref());
}

/// Tells about the conditions of an include.
pub(super) fn include(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    above: &Conditions,
    at: &FieldPath<'_>,
    include: &Include,
) {
    let unmatched = conditions::unmatched(Block::Include, above, at, &include.conditions);
    unmatched.into_iter().for_each(|fault| context.note(id, fault.warning()));
    operators::of_conditions(context, id, at, &include.conditions);
}

/// Tells about the fields of a host that say nothing about connections.
pub(super) fn tcp_host(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) {
    tell(context, id, &super::SPEC.field("virtualhost"), host, &TCP_HOST);
}

/// Tells about the fields of a route that say nothing without services, or of one for its copies, and about its
/// conditions.
pub(super) fn route(context: &mut Context<'_, '_>, scope: &Scope<'_>, route: &Route) {
    let Scope { owner: id, above, at, .. } = scope;
    let unmatched = conditions::unmatched(Block::Route, above, at, &route.conditions);
    unmatched.into_iter().for_each(|fault| context.note(id, fault.warning()));
    operators::of_conditions(context, id, at, &route.conditions);
    operators::of_limits(context, id, at, route.rate_limit_policy.as_deref());
    if route.services.is_empty() {
        tell(context, id, at, route, &ROUTE_WITHOUT_SERVICES);
    }
    for (index, mirror) in route.services.iter().enumerate().filter(|(_, service)| service.mirror) {
        tell(context, id, &at.item("services", index), mirror, &MIRROR);
    }
}

/// Tells about the fields of the services of a TCP proxy.
pub(super) fn tcp_proxy(context: &mut Context<'_, '_>, id: &ObjectId, at: &FieldPath<'_>, proxy: &TcpProxy) {
    for (index, service) in proxy.services.iter().enumerate() {
        tell(context, id, &at.item("services", index), service, &TCP_SERVICE);
    }
}

fn tell<T>(context: &mut Context<'_, '_>, id: &ObjectId, at: &FieldPath<'_>, value: &T, fields: &[Field<T>]) {
    for (field, why, _) in fields.iter().filter(|(.., is_set)| is_set(value)) {
        let at = at.field(field);
        let fault = Fault::new("SpecError", "IgnoredField", &at, format!("{at} {why} and is ignored"));
        context.note(id, fault.warning());
    }
}
