//! Timeouts and retries (reference 3.13).

use api::http_proxy::policy::{RetryPolicy, TimeoutPolicy};
use model::{ObjectId, Retry, RouteTimeouts, Timeout};

use super::Fault;
use super::root::Context;
use crate::field_path::FieldPath;
use crate::text;

/// The time limits of a route and of the connections to its backends.
#[derive(Debug, Default)]
pub(super) struct Timeouts {
    pub(super) route: RouteTimeouts,
    pub(super) connection: Timeout,
}

/// The time limits of a route.
pub(super) fn timeouts(at: &FieldPath<'_>, policy: Option<&TimeoutPolicy>) -> Result<Timeouts, Fault> {
    let Some(policy) = policy else { return Ok(Timeouts::default()) };
    let at = at.field("timeoutPolicy");
    let limit = |field, text: &Option<String>| {
        text::timeout(text.as_deref().unwrap_or_default()).map_err(|why| {
            let message = format!("route.timeoutPolicy failed to parse: {field} {why}");
            Fault::new("RouteError", "TimeoutPolicyNotValid", &at.field(field), message)
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
    at: &FieldPath<'_>,
    policy: Option<&RetryPolicy>,
) -> Result<Option<Retry>, Fault> {
    let Some(policy) = policy.filter(|policy| policy.count != -1) else { return Ok(None) };
    let at = at.field("retryPolicy");
    let count = u32::try_from(policy.count).map_err(|_| {
        let why = format!("{} must be in the range -1 to {}", policy.count, u32::MAX);
        retry_fault(&at.field("count"), why)
    })?;
    let per_try = text::timeout(policy.per_try_timeout.as_deref().unwrap_or_default());
    let per_try = per_try.unwrap_or_else(|why| {
        // As in Contour: an unreadable limit of a try is Envoy's default; but we say so.
        let why = format!("perTryTimeout is ignored: {why}");
        context.note(owner, retry_fault(&at.field("perTryTimeout"), why).warning());
        Timeout::Default
    });
    let on = cases(&at, policy)?;
    if !policy.retriable_status_codes.is_empty() && !on.split(',').any(|case| case == BY_STATUS) {
        let at = at.field("retriableStatusCodes");
        let message = format!("{at} has no effect without {BY_STATUS} in retryOn and is ignored");
        context.note(owner, Fault::new("SpecError", "IgnoredField", &at, message).warning());
    }
    let (count, status_codes) = (count.max(1), status_codes(&at, policy)?);
    Ok(Some(Retry { on: on.into(), count, per_try, status_codes, back_off: None }))
}

/// The case that looks at the statuses of a policy.
const BY_STATUS: &str = "retriable-status-codes";

fn retry_fault(at: &FieldPath<'_>, why: String) -> Fault {
    Fault::new("RouteError", "RetryPolicyNotValid", at, why)
}

/// Envoy's words for the cases, each once.
fn cases(at: &FieldPath<'_>, policy: &RetryPolicy) -> Result<String, Fault> {
    let mut words: Vec<&str> = Vec::new();
    for (index, case) in policy.retry_on.iter().enumerate() {
        let case = rules::retry_on(case.as_str())
            .map_err(|why| retry_fault(&at.item("retryOn", index), why.to_string()))?;
        if !words.contains(&case) {
            words.push(case);
        }
    }
    Ok(if words.is_empty() { "5xx".to_owned() } else { words.join(",") })
}

fn status_codes(at: &FieldPath<'_>, policy: &RetryPolicy) -> Result<Vec<u32>, Fault> {
    let mut codes = Vec::with_capacity(policy.retriable_status_codes.len());
    for (index, code) in policy.retriable_status_codes.iter().enumerate() {
        let code = rules::retriable_status(*code)
            .map_err(|why| retry_fault(&at.item("retriableStatusCodes", index), why.to_string()))?;
        codes.push(code.into());
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}
