//! Rate limits that each Envoy keeps by itself (reference 3.17).

use std::time::Duration;

use api::http_proxy::policy::rate_limit::{LocalRateLimitPolicy, RateLimitUnit};
use model::{LocalRateLimit, ObjectId};

use super::restrictions::Level;
use super::{Fault, headers};
use crate::field_path::FieldPath;
use crate::text::quoted;

/// What answers say when nothing else is asked for.
const TOO_MANY_REQUESTS: u16 = 429;

/// The limit of the host or route at this path.
pub(super) fn local(
    level: Level,
    at: &FieldPath<'_>,
    owner: &ObjectId,
    policy: &LocalRateLimitPolicy,
) -> Result<LocalRateLimit, Fault> {
    let at = at.field("rateLimitPolicy");
    let at = at.field("local");
    let invalid = |at: &FieldPath<'_>, why: String| fault(level, at, &why);
    let requests = requests(policy).map_err(|why| invalid(&at.field("requests"), why))?;
    let burst = burst(policy, requests).map_err(|why| invalid(&at.field("burst"), why))?;
    let interval = interval(policy).map_err(|why| invalid(&at.field("unit"), why))?;
    let status = status(policy).map_err(|why| invalid(&at.field("responseStatusCode"), why))?;
    let entries = &policy.response_headers_to_add;
    rules::rate_limit_headers(entries.len())
        .map_err(|why| invalid(&at.field("responseHeadersToAdd"), why.to_string()))?;
    let headers = headers::added(&at, "responseHeadersToAdd", owner, entries, &invalid)?;
    Ok(LocalRateLimit { requests, interval, at_once: requests + burst, status, headers })
}

/// What is wrong with the limits of a host or a route.
pub(super) fn fault(level: Level, at: &FieldPath<'_>, why: &str) -> Fault {
    let (kind, subject) = match level {
        Level::Host => ("VirtualHostError", "Spec.VirtualHost.RateLimitPolicy"),
        Level::Route => ("RouteError", "route.rateLimitPolicy"),
    };
    Fault::new(kind, "RateLimitPolicyNotValid", at, format!("{subject} is invalid: {why}"))
}

fn requests(policy: &LocalRateLimitPolicy) -> Result<u32, String> {
    u32::try_from(policy.requests)
        .ok()
        .filter(|requests| *requests > 0)
        .ok_or_else(|| format!("requests {} must be in the range 1-4294967295", policy.requests))
}

/// Together with the requests it has to fit into Envoy's bucket.
fn burst(policy: &LocalRateLimitPolicy, requests: u32) -> Result<u32, String> {
    let most = u32::MAX - requests;
    u32::try_from(policy.burst)
        .ok()
        .filter(|burst| *burst <= most)
        .ok_or_else(|| format!("burst {} must be in the range 0-{most}", policy.burst))
}

fn interval(policy: &LocalRateLimitPolicy) -> Result<Duration, String> {
    match policy.unit.known() {
        Some(RateLimitUnit::Second) => Ok(Duration::from_secs(1)),
        Some(RateLimitUnit::Minute) => Ok(Duration::from_secs(60)),
        Some(RateLimitUnit::Hour) => Ok(Duration::from_secs(3600)),
        None => Err(format!("unit {} is none of second, minute and hour", quoted(policy.unit.as_str()))),
    }
}

/// Zero stands for nothing said, as in Contour's type.
fn status(policy: &LocalRateLimitPolicy) -> Result<u16, String> {
    match policy.response_status_code {
        0 => Ok(TOO_MANY_REQUESTS),
        code => rules::rate_limit_status(code).map_err(|why| why.to_string()),
    }
}
