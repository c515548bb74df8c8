//! Timeouts and retries (reference 3.13).

use api::http_proxy::policy::{RetryPolicy, TimeoutPolicy};
use model::{ObjectId, Retry, RouteTimeouts, Timeout};

use super::Fault;
use super::root::Context;
use crate::text;

/// The time limits of a route and of the connections to its backends.
#[derive(Debug, Default)]
pub(super) struct Timeouts {
    pub(super) route: RouteTimeouts,
    pub(super) connection: Timeout,
}

/// The time limits of a route.
pub(super) fn timeouts(path: &str, policy: Option<&TimeoutPolicy>) -> Result<Timeouts, Fault> {
    let Some(policy) = policy else { return Ok(Timeouts::default()) };
    let limit = |field: &str, text: &Option<String>| {
        text::timeout(text.as_deref().unwrap_or_default()).map_err(|why| {
            let path = format!("{path}.timeoutPolicy.{field}");
            let message = format!("route.timeoutPolicy failed to parse: {field}: {why}");
            Fault::new("RouteError", "TimeoutPolicyNotValid", path, message)
        })
    };
    Ok(Timeouts {
        route: RouteTimeouts {
            response: limit("response", &policy.response)?,
            idle: limit("idle", &policy.idle)?,
        },
        connection: limit("idleConnection", &policy.idle_connection)?,
    })
}

/// The retries of a route. A count of -1 switches them off, 0 counts as 1.
pub(super) fn retry(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    policy: Option<&RetryPolicy>,
) -> Result<Option<Retry>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let path = format!("{path}.retryPolicy");
    let fault = |field: &str, why: String| {
        Fault::new("RouteError", "RetryPolicyNotValid", format!("{path}.{field}"), why)
    };
    let count = match policy.count {
        -1 => return Ok(None),
        count => u32::try_from(count.max(1)).ok().filter(|_| count >= 0),
    };
    let count = count
        .ok_or_else(|| fault("count", format!("{} must be in the range -1 to 4294967295", policy.count)))?;
    for (index, case) in policy.retry_on.iter().enumerate().filter(|(_, case)| case.known().is_none()) {
        return Err(fault(
            &format!("retryOn[{index}]"),
            format!("\"{}\" is no case for a retry", case.as_str()),
        ));
    }
    let on: Vec<_> = policy.retry_on.iter().map(api::Choice::as_str).collect();
    let on = if on.is_empty() { "5xx".to_owned() } else { on.join(",") };
    let per_try = text::timeout(policy.per_try_timeout.as_deref().unwrap_or_default());
    let per_try = per_try.unwrap_or_else(|why| {
        // As in Contour: an unreadable limit of a try is Envoy's default; but we say so.
        context.note(owner, fault("perTryTimeout", format!("is ignored: {why}")).warning());
        Timeout::Default
    });
    let mut status_codes = Vec::new();
    for (index, code) in policy.retriable_status_codes.iter().enumerate() {
        let code = u32::try_from(*code).ok().filter(|code| (100..=599).contains(code)).ok_or_else(|| {
            fault(&format!("retriableStatusCodes[{index}]"), format!("{code} must be in the range 100-599"))
        })?;
        status_codes.push(code);
    }
    status_codes.sort_unstable();
    status_codes.dedup();
    Ok(Some(Retry { on: on.into(), count, per_try, status_codes }))
}
