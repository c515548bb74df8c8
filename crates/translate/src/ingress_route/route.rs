//! One route of an IngressRoute.

use api::http_proxy as newer;
use api::http_proxy::policy::{HealthCheckPolicy, LoadBalancerPolicy, PathRewritePolicy, ReplacePrefix};
use api::ingress_route::{HealthCheck, Route as Spec, Service, TimeoutPolicy};
use api::{Choice, ingress_route as older};
use model::{
    Action, Forward, HeaderEdits, ObjectId, PathMatch, Policies, Retry, Route, RouteMatch, RouteTimeouts,
    Timeout, WeightedCluster,
};
use rules::Compared;

use super::SPEC;
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::http_proxy::balancing::{self, Chosen};
use crate::http_proxy::root::Context;
use crate::http_proxy::services::{self, Carried, Found, Way};
use crate::http_proxy::tls::ignored;
use crate::http_proxy::tree::Entry;
use crate::http_proxy::{conditions, health, rewrite};
use crate::text::{self, quoted};

/// What the route at `index` of an object becomes: one route, or two where the prefix is rewritten.
pub(super) fn entries(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    index: usize,
    spec: &Spec,
) -> Result<Vec<Entry>, Fault> {
    let at = SPEC.item("routes", index);
    let matches = matching(&at, spec)?;
    tell_unmatched(context, owner, &at, spec);
    let rewrite = spec.prefix_rewrite.as_deref().filter(|path| !path.is_empty()).map(rewritten);
    let variants = rewrite::variants(&at, matches, rewrite.as_ref())
        .map_err(|fault| Fault { path: at.field("prefixRewrite").to_string(), ..fault })?;
    let action = forward(context, owner, &at, spec)?;
    let entry = |(place, (matches, path))| {
        let mut action = action.clone();
        if let Action::Forward(forward) = &mut action {
            forward.path = path;
        }
        let route = Route {
            matches,
            action,
            policies: Policies::default(),
            jwt: None,
            authorization: None,
            cors: None,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            origin: owner.clone(),
        };
        Entry { route, permit_insecure: spec.permit_insecure, index: Some(index), implied: place > 0 }
    };
    Ok(variants.into_iter().enumerate().map(entry).collect())
}

/// Everything below a path; several slashes are one, as in requests.
fn matching(at: &FieldPath<'_>, spec: &Spec) -> Result<RouteMatch, Fault> {
    let fault = |why: &str| {
        let message = format!("route {}: {why}", quoted(&spec.prefix));
        Fault::new("RouteError", "PathMatchConditionsNotValid", &at.field("match"), message)
    };
    if !spec.prefix.starts_with('/') {
        return Err(fault("match must begin with /"));
    }
    let path = text::path(&spec.prefix).map_err(|why| fault(&why))?;
    let path = PathMatch::Prefix(conditions::join("", path).into());
    Ok(RouteMatch::new(path, vec![], vec![]))
}

/// Tells of a path that no request has when it is compared.
fn tell_unmatched(context: &mut Context<'_, '_>, owner: &ObjectId, at: &FieldPath<'_>, spec: &Spec) {
    if let Err(why) = text::sent_path(&conditions::join("", &spec.prefix), Compared::Beginning) {
        let message = format!("route {}: no request matches: the path {}", quoted(&spec.prefix), why.why);
        let fault = Fault::new("RouteError", "PathMatchConditionsNotValid", &at.field("match"), message);
        context.note(owner, fault.with_help(why.way_out).warning());
    }
}

fn rewritten(path: &str) -> PathRewritePolicy {
    PathRewritePolicy { replace_prefix: vec![ReplacePrefix { prefix: None, replacement: path.into() }] }
}

fn forward(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    spec: &Spec,
) -> Result<Action, Fault> {
    let timeouts = timeouts(context, owner, at, spec.timeout_policy.as_ref());
    let retry = retry(context, owner, at, spec);
    let (mut clusters, mut hash) = (Vec::with_capacity(spec.services.len()), Vec::new());
    for (index, service) in spec.services.iter().enumerate() {
        let at = at.item("services", index);
        let Chosen { balancing, hash: own } = chosen(context, owner, &at, service);
        let health_check = probes(&at, service.health_check.as_ref())?;
        let (host, idle) = (None, Timeout::Default);
        let way = Way { carried: Carried::Requests, host, balancing, health_check, idle, cookies: vec![] };
        match share(context, owner, &at, &spec.prefix, service, &way)? {
            Ok(share) => {
                clusters.push(share);
                if hash.is_empty() {
                    hash = own;
                }
            }
            Err(fault) => context.note(owner, fault.error()),
        }
    }
    services::even(at, &mut clusters)?;
    if clusters.is_empty() {
        return Ok(Action::without_backend());
    }
    Ok(Action::Forward(Box::new(Forward {
        clusters,
        invalid: 0,
        mirrors: vec![],
        path: None,
        host: None,
        hash,
        timeouts,
        retry,
        session: None,
        websockets: spec.enable_websockets,
        internal_redirect: None,
    })))
}

/// One of the services that share requests, or what the status of old says of it.
fn share(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    prefix: &str,
    service: &Service,
    way: &Way<'_>,
) -> Result<Found<WeightedCluster>, Fault> {
    let whose = format!("route {}: service {}", quoted(prefix), quoted(&service.name));
    in_range(service, |field, reason, message| {
        Fault::new("ServiceError", reason, &at.field(field), format!("{whose}: {message}"))
    })?;
    let found = services::share(context, owner, at, &newer_service(service), way)?;
    Ok(found.map_err(|fault| unreached(&whose, service, fault)))
}

/// Why a service is not reached; the details are the help.
fn unreached(whose: &str, service: &Service, fault: Fault) -> Fault {
    let message = if fault.reason == "ServiceUnresolvedReference" {
        format!("Service [{}:{}] is invalid or missing", service.name, service.port)
    } else if fault.path.ends_with("subjectName") {
        format!("{whose}: upstreamValidation requested but subject alt name not found or misconfigured")
    } else if fault.path.ends_with("caSecret") {
        format!("{whose}: upstreamValidation requested but secret not found or misconfigured")
    } else {
        let message = format!("{whose}: {}", fault.message);
        let help = "annotate its Service with projectcontour.io/upstream-protocol.tls, or remove validation";
        let is_plain = fault.path.ends_with("validation");
        let help = if is_plain { Some(help.into()) } else { fault.help };
        return Fault { message, help, ..fault };
    };
    Fault { help: Some(details(&fault)), message, ..fault }
}

/// What is behind the words of old.
pub(super) fn details(fault: &Fault) -> String {
    fault.message.split_once(": ").map_or(&*fault.message, |(_, details)| details).to_owned()
}

/// The numbers of a service.
pub(super) fn in_range(
    service: &Service,
    fault: impl Fn(&str, &'static str, &str) -> Fault,
) -> Result<(), Fault> {
    if rules::port(service.port).is_err() {
        return Err(fault("port", "ServicePortInvalid", "port must be in the range 1-65535"));
    }
    match service.weight {
        0.. => Ok(()),
        _ => Err(fault("weight", "WeightNotValid", "weight must be greater than or equal to zero")),
    }
}

/// A service as an HTTPProxy would name it.
pub(super) fn newer_service(service: &Service) -> newer::Service {
    let validation = service.validation.as_ref().map(|validation| {
        Box::new(newer::service::UpstreamValidation {
            ca_secret: validation.ca_secret.clone(),
            subject_name: validation.subject_name.clone(),
            subject_names: vec![],
        })
    });
    let Service { name, port, weight, .. } = service;
    newer::Service { name: name.clone(), port: *port, weight: *weight, validation, ..Default::default() }
}

/// How an endpoint of a service is chosen.
fn chosen(context: &mut Context<'_, '_>, owner: &ObjectId, at: &FieldPath<'_>, service: &Service) -> Chosen {
    let policy = policy(context, owner, at, service);
    balancing::of_requests(context, owner, at, policy.as_ref())
}

/// The policy of an HTTPProxy that chooses as a service says. A word that none has means in turn, as in Contour; but
/// we say so.
pub(super) fn policy(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
) -> Option<LoadBalancerPolicy> {
    use newer::policy::Strategy;
    let word = service.strategy.as_ref().filter(|word| !word.as_str().is_empty())?;
    let Some(known) = word.known() else {
        let word = quoted(word.as_str());
        let why = format!("{word} is none of RoundRobin, WeightedLeastRequest, Random and Cookie");
        context.note(owner, ignored(&at.field("strategy"), &why).warning());
        return None;
    };
    let strategy = match known {
        older::Strategy::RoundRobin => Strategy::RoundRobin,
        older::Strategy::WeightedLeastRequest => Strategy::WeightedLeastRequest,
        older::Strategy::Random => Strategy::Random,
        older::Strategy::Cookie => Strategy::Cookie,
    };
    Some(LoadBalancerPolicy { strategy: Some(Choice::from(strategy)), ..Default::default() })
}

/// The probes of a service's endpoints.
fn probes(
    at: &FieldPath<'_>,
    check: Option<&HealthCheck>,
) -> Result<Option<std::sync::Arc<model::HealthCheck>>, Fault> {
    let Some(check) = check else { return Ok(None) };
    let policy = HealthCheckPolicy {
        path: check.path.clone(),
        host: check.host.clone(),
        interval_seconds: check.interval_seconds,
        timeout_seconds: check.timeout_seconds,
        unhealthy_threshold_count: check.unhealthy_threshold_count,
        healthy_threshold_count: check.healthy_threshold_count,
        ..HealthCheckPolicy::default()
    };
    health::of_requests(at, Some(&policy)).map_err(|fault| Fault {
        path: fault.path.replace("healthCheckPolicy", "healthCheck"),
        message: fault.message.replace("route.healthCheckPolicy", "healthCheck"),
        ..fault
    })
}

/// The time limits of a route. What cannot be read is no limit, as in Contour; but we say so.
fn timeouts(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policy: Option<&TimeoutPolicy>,
) -> RouteTimeouts {
    let text = policy.and_then(|policy| policy.request.as_deref()).unwrap_or_default();
    let response = text::timeout(text).unwrap_or_else(|why| {
        let at = at.field("timeoutPolicy");
        let message = format!("timeoutPolicy.request counts as no limit: {why}");
        let fault = Fault::new("RouteError", "TimeoutPolicyNotValid", &at.field("request"), message);
        context.note(owner, fault.warning());
        Timeout::Disabled
    });
    RouteTimeouts { response, idle: Timeout::Default }
}

/// The retries of a route: on 5xx, once at least.
fn retry(context: &mut Context<'_, '_>, owner: &ObjectId, at: &FieldPath<'_>, spec: &Spec) -> Option<Retry> {
    let policy = spec.retry_policy.as_ref()?;
    let per_try = text::timeout(policy.per_try_timeout.as_deref().unwrap_or_default());
    let per_try = per_try.unwrap_or_else(|why| {
        let at = at.field("retryPolicy");
        let message = format!("perTryTimeout is ignored: {why}");
        let fault = Fault::new("RouteError", "RetryPolicyNotValid", &at.field("perTryTimeout"), message);
        context.note(owner, fault.warning());
        Timeout::Default
    });
    let count = u32::try_from(policy.count.max(1)).unwrap_or(u32::MAX);
    Some(Retry { on: "5xx".into(), count, per_try, status_codes: vec![], back_off: None })
}
