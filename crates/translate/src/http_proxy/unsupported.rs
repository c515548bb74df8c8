//! Fields that are read but not honoured yet.
//!
//! Each is told, never passed over. One that restricts who may do what closes what it stands on: the
//! routes answer 500 rather than without the restriction.

use api::http_proxy::{Route, Service, VirtualHost};
use model::ObjectId;

use super::Fault;
use super::root::Context;

/// What leaving a field out means for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Traffic flows without it.
    Missing,
    /// Traffic must not flow without it.
    Closes,
}

use Effect::{Closes, Missing};

/// A field, what leaving it out means, and whether an object has it.
type Field<T> = (&'static str, Effect, fn(&T) -> bool);

const VIRTUAL_HOST: [Field<VirtualHost>; 7] = [
    ("authorization", Closes, |host| host.authorization.is_some()),
    ("corsPolicy", Missing, |host| host.cors_policy.is_some()),
    ("ipAllowPolicy", Closes, |host| !host.ip_allow_policy.is_empty()),
    ("ipDenyPolicy", Closes, |host| !host.ip_deny_policy.is_empty()),
    ("jwtProviders", Closes, |host| !host.jwt_providers.is_empty()),
    ("rateLimitPolicy", Closes, |host| host.rate_limit_policy.is_some()),
    ("tls.clientValidation", Closes, |host| {
        host.tls.as_ref().is_some_and(|tls| tls.client_validation.is_some())
    }),
];

const ROUTE: [Field<Route>; 9] = [
    ("authPolicy", Closes, |route| route.auth_policy.is_some()),
    ("cookieRewritePolicies", Missing, |route| !route.cookie_rewrite_policies.is_empty()),
    ("healthCheckPolicy", Missing, |route| route.health_check_policy.is_some()),
    ("internalRedirectPolicy", Missing, |route| route.internal_redirect_policy.is_some()),
    ("ipAllowPolicy", Closes, |route| !route.ip_allow_policy.is_empty()),
    ("ipDenyPolicy", Closes, |route| !route.ip_deny_policy.is_empty()),
    ("jwtVerificationPolicy", Closes, |route| route.jwt_verification_policy.is_some()),
    ("loadBalancerPolicy", Missing, |route| route.load_balancer_policy.is_some()),
    ("rateLimitPolicy", Closes, |route| route.rate_limit_policy.is_some()),
];

const SERVICE: [Field<Service>; 4] = [
    ("cookieRewritePolicies", Missing, |service| !service.cookie_rewrite_policies.is_empty()),
    ("healthPort", Missing, |service| service.health_port.is_some()),
    ("slowStartPolicy", Missing, |service| service.slow_start_policy.is_some()),
    ("validation", Closes, |service| service.validation.is_some()),
];

/// Tells about the fields of a host, and whether they close all of its routes.
pub(super) fn virtual_host(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) -> bool {
    tell(context, id, "spec.virtualhost", host, &VIRTUAL_HOST)
}

/// Tells about the fields of a route and of its services, and whether they close the route.
pub(super) fn route(context: &mut Context<'_, '_>, id: &ObjectId, path: &str, route: &Route) -> bool {
    let mut closed = tell(context, id, path, route, &ROUTE);
    for (index, service) in route.services.iter().enumerate() {
        closed |= self::service(context, id, &format!("{path}.services[{index}]"), service);
    }
    closed
}

/// Tells about the fields of a service, and whether they close what uses it.
pub(super) fn service(context: &mut Context<'_, '_>, id: &ObjectId, path: &str, service: &Service) -> bool {
    tell(context, id, path, service, &SERVICE)
}

fn tell<T>(context: &mut Context<'_, '_>, id: &ObjectId, path: &str, value: &T, fields: &[Field<T>]) -> bool {
    let mut closed = false;
    for (field, effect, _) in fields.iter().filter(|(.., is_set)| is_set(value)) {
        let path = format!("{path}.{field}");
        let fault = |message: String| Fault::new("SpecError", "FieldNotSupported", path.clone(), message);
        let problem = match effect {
            Missing => fault(format!("{path} is not supported yet and is ignored")).warning(),
            Closes => {
                closed = true;
                let message =
                    format!("{path} is not supported yet; the routes it protects answer 500 until it is");
                fault(message).error()
            }
        };
        context.note(id, problem);
    }
    closed
}
