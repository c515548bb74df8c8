//! Fields that are read but not honoured: not yet, or never where they stand.
//!
//! Each is told, never passed over. One that restricts who may do what closes what it stands on: the
//! routes answer 500 rather than without the restriction.

use api::http_proxy::policy::rate_limit::RateLimitPolicy;
use api::http_proxy::{Route, Service, TcpProxy, VirtualHost};
use model::ObjectId;

use super::Fault;
use super::root::Context;
use crate::field_path::FieldPath;

/// What leaving a field out means for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Traffic must not flow without it.
    Closes,
    /// It says nothing about such traffic.
    Idle(&'static str),
}

use Effect::{Closes, Idle};

const CONNECTIONS: Effect = Idle("has no effect on connections");
const NO_SERVICES: Effect = Idle("has no effect without services");

/// A field, what leaving it out means, and whether an object has it.
type Field<T> = (&'static str, Effect, fn(&T) -> bool);

const VIRTUAL_HOST: [Field<VirtualHost>; 1] =
    [("rateLimitPolicy.global", Closes, |host| limits_globally(host.rate_limit_policy.as_deref()))];

const ROUTE: [Field<Route>; 1] =
    [("rateLimitPolicy.global", Closes, |route| limits_globally(route.rate_limit_policy.as_deref()))];

const TCP_SERVICE: [Field<Service>; 4] = [
    ("cookieRewritePolicies", CONNECTIONS, |service| !service.cookie_rewrite_policies.is_empty()),
    ("mirror", CONNECTIONS, |service| service.mirror),
    ("requestHeadersPolicy", CONNECTIONS, |service| service.request_headers_policy.is_some()),
    ("responseHeadersPolicy", CONNECTIONS, |service| service.response_headers_policy.is_some()),
];

const TCP_HOST: [Field<VirtualHost>; 2] = [
    ("corsPolicy", CONNECTIONS, |host| host.cors_policy.is_some()),
    ("rateLimitPolicy.local", CONNECTIONS, |host| limits_locally(host.rate_limit_policy.as_deref())),
];

const ROUTE_WITHOUT_SERVICES: [Field<Route>; 8] = [
    ("cookieRewritePolicies", NO_SERVICES, |route| !route.cookie_rewrite_policies.is_empty()),
    ("enableWebsockets", NO_SERVICES, |route| route.enable_websockets),
    ("healthCheckPolicy", NO_SERVICES, |route| route.health_check_policy.is_some()),
    ("internalRedirectPolicy", NO_SERVICES, |route| route.internal_redirect_policy.is_some()),
    ("loadBalancerPolicy", NO_SERVICES, |route| route.load_balancer_policy.is_some()),
    ("pathRewritePolicy", NO_SERVICES, |route| route.path_rewrite_policy.is_some()),
    ("retryPolicy", NO_SERVICES, |route| route.retry_policy.is_some()),
    ("timeoutPolicy", NO_SERVICES, |route| route.timeout_policy.is_some()),
];

/// Whether a policy asks for a limit that a service counts; one that only switches it off asks for none.
fn limits_globally(policy: Option<&RateLimitPolicy>) -> bool {
    policy.and_then(|policy| policy.global.as_ref()).is_some_and(|global| !global.disabled)
}

/// Whether a policy asks for a limit that each Envoy keeps.
fn limits_locally(policy: Option<&RateLimitPolicy>) -> bool {
    policy.is_some_and(|policy| policy.local.is_some())
}

/// Tells about the fields of a host, and whether they close all of its routes.
pub(super) fn virtual_host(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) -> bool {
    tell(context, id, &super::SPEC.field("virtualhost"), host, &VIRTUAL_HOST)
}

/// Tells about the fields of a host that say nothing about connections.
pub(super) fn tcp_host(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) {
    tell(context, id, &super::SPEC.field("virtualhost"), host, &TCP_HOST);
}

/// Tells about the fields of a route and of its services, and whether they close the route.
pub(super) fn route(context: &mut Context<'_, '_>, id: &ObjectId, at: &FieldPath<'_>, route: &Route) -> bool {
    let closed = tell(context, id, at, route, &ROUTE);
    if route.services.is_empty() {
        tell(context, id, at, route, &ROUTE_WITHOUT_SERVICES);
    }
    closed
}

/// Tells about the fields of a TCP proxy and of its services, and whether they close it.
pub(super) fn tcp_proxy(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    proxy: &TcpProxy,
) -> bool {
    let mut closed = false;
    for (index, service) in proxy.services.iter().enumerate() {
        let at = at.item("services", index);
        closed |= tell(context, id, &at, service, &TCP_SERVICE);
    }
    closed
}

fn tell<T>(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    value: &T,
    fields: &[Field<T>],
) -> bool {
    let mut closed = false;
    for (field, effect, _) in fields.iter().filter(|(.., is_set)| is_set(value)) {
        let at = at.field(field);
        let fault = |message: String| Fault::new("SpecError", "FieldNotSupported", &at, message);
        let problem = match effect {
            Idle(why) => {
                Fault { reason: "IgnoredField", ..fault(format!("{at} {why} and is ignored")) }.warning()
            }
            Closes => {
                closed = true;
                let message = format!(
                    "{at} is not supported yet; what it protects is not served (routes answer 500) until it is"
                );
                fault(message).error()
            }
        };
        context.note(id, problem);
    }
    closed
}
