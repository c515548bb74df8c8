//! Redirects of backends that Envoy follows itself (reference 3.12).

use api::http_proxy::route::{CrossSchemeRedirect, HttpInternalRedirectPolicy};
use model::{Host, InternalRedirect, ObjectId, SchemeChange};

use super::Fault;
use super::root::Context;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// The redirects that a route of a host follows. What its owner asks for by it and does not get is told.
///
/// A redirect to another host stays the client's: it would find that host by another connection, with another
/// certificate and other policies. Below a wildcard Envoy takes other hosts for the same one.
pub(super) fn followed(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    host: &Host,
    at: &FieldPath<'_>,
    policy: Option<&HttpInternalRedirectPolicy>,
) -> Result<Option<InternalRedirect>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    let at = at.field("internalRedirectPolicy");
    let redirect = parse(&at, policy)?;
    let is_exact = host.wildcard_parent().is_none() && !host.is_any();
    let (reason, message, help) = if is_exact {
        (
            "RedirectsToOtherHosts",
            format!("clients get redirects to other hosts than {host}, they are not followed"),
            "let the backend redirect to the host that it was asked for",
        )
    } else {
        (
            "IgnoredField",
            format!(
                "{at} has no effect on the wildcard host {host} and is ignored, clients get all redirects"
            ),
            "write a root for each host that needs it",
        )
    };
    context.note(owner, Fault::new("RouteError", reason, &at, message).with_help(help).warning());
    Ok(is_exact.then_some(redirect))
}

fn parse(at: &FieldPath<'_>, policy: &HttpInternalRedirectPolicy) -> Result<InternalRedirect, Fault> {
    Ok(InternalRedirect {
        count: count(policy).map_err(|why| fault(&at.field("maxInternalRedirects"), why))?,
        statuses: statuses(at, policy)?,
        schemes: schemes(policy).map_err(|why| fault(&at.field("allowCrossSchemeRedirect"), why))?,
        each_route_once: policy.deny_repeated_route_redirect,
    })
}

fn fault(at: &FieldPath<'_>, why: String) -> Fault {
    Fault::new("RouteError", "InternalRedirectPolicyNotValid", at, why)
}

/// Zero counts as nothing said, which is once, as in Contour.
fn count(policy: &HttpInternalRedirectPolicy) -> Result<u32, String> {
    let count = policy.max_internal_redirects.unwrap_or_default();
    let count = u32::try_from(count).map_err(|_| format!("{count} must be in the range 0-{}", u32::MAX))?;
    Ok(count.max(1))
}

fn statuses(at: &FieldPath<'_>, policy: &HttpInternalRedirectPolicy) -> Result<Vec<u16>, Fault> {
    let mut statuses = Vec::with_capacity(policy.redirect_response_codes.len());
    for (index, code) in policy.redirect_response_codes.iter().enumerate() {
        let at = at.item("redirectResponseCodes", index);
        statuses.push(rules::redirect_code(*code).map_err(|why| fault(&at, why.to_string()))?);
    }
    statuses.sort_unstable();
    statuses.dedup();
    Ok(statuses)
}

fn schemes(policy: &HttpInternalRedirectPolicy) -> Result<SchemeChange, String> {
    let Some(word) = &policy.allow_cross_scheme_redirect else { return Ok(SchemeChange::Never) };
    match word.known() {
        Some(CrossSchemeRedirect::Never) => Ok(SchemeChange::Never),
        Some(CrossSchemeRedirect::SafeOnly) => Ok(SchemeChange::SafeOnly),
        Some(CrossSchemeRedirect::Always) => Ok(SchemeChange::Always),
        None => Err(format!("{} is none of Always, Never and SafeOnly", quoted(word.as_str()))),
    }
}
