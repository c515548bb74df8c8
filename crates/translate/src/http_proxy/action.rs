//! Redirects and direct responses (reference 3.12).

use api::http_proxy::route::{HttpDirectResponsePolicy, HttpRequestRedirectPolicy};
use model::{DirectResponse, Redirect, RedirectPath};

use super::Fault;
use crate::field_path::FieldPath;
use crate::text;

/// The longest body in bytes that Envoy answers with.
const MAX_BODY: usize = 4096;

/// A redirect.
pub(super) fn redirect(at: &FieldPath<'_>, policy: &HttpRequestRedirectPolicy) -> Result<Redirect, Fault> {
    let at = at.field("requestRedirectPolicy");
    let host = policy.hostname.as_deref().map(text::redirect_host).transpose();
    let host = host.map_err(|why| redirect_fault(&at, "hostname", why))?;
    let port = policy.port.map(text::port).transpose().map_err(|why| redirect_fault(&at, "port", why))?;
    Ok(Redirect {
        scheme: redirect_scheme(&at, policy)?.map(Into::into),
        host: host.map(|host| host.as_str().into()),
        port,
        path: redirect_path(&at, policy)?,
        status: redirect_status(&at, policy)?,
    })
}

fn redirect_fault(at: &FieldPath<'_>, field: &str, why: String) -> Fault {
    Fault::new("RouteError", "RequestRedirectPolicy", &at.field(field), why)
}

fn redirect_scheme<'a>(
    at: &FieldPath<'_>,
    policy: &'a HttpRequestRedirectPolicy,
) -> Result<Option<&'a str>, Fault> {
    match &policy.scheme {
        None => Ok(None),
        Some(scheme) if scheme.known().is_some() => Ok(Some(scheme.as_str())),
        Some(other) => {
            let why = format!("{} is not one of http and https", text::quoted(other.as_str()));
            Err(redirect_fault(at, "scheme", why))
        }
    }
}

fn redirect_path(
    at: &FieldPath<'_>,
    policy: &HttpRequestRedirectPolicy,
) -> Result<Option<RedirectPath>, Fault> {
    let checked = |field, path| text::location(path).map_err(|why| redirect_fault(at, field, why));
    match (policy.path.as_deref(), policy.prefix.as_deref()) {
        (None, None) => Ok(None),
        (Some(path), None) => Ok(Some(RedirectPath::Full(checked("path", path)?.into()))),
        (None, Some(prefix)) => Ok(Some(RedirectPath::Prefix(checked("prefix", prefix)?.into()))),
        (Some(_), Some(_)) => {
            let message = "cannot specify both redirect path and redirect prefix";
            Err(Fault::new("RouteError", "RequestRedirectPolicy", at, message))
        }
    }
}

fn redirect_status(at: &FieldPath<'_>, policy: &HttpRequestRedirectPolicy) -> Result<u16, Fault> {
    match policy.status_code.unwrap_or(302) {
        301 => Ok(301),
        302 => Ok(302),
        303 => Ok(303),
        307 => Ok(307),
        308 => Ok(308),
        other => {
            let why = format!("{other} is not one of 301, 302, 303, 307 and 308");
            Err(redirect_fault(at, "statusCode", why))
        }
    }
}

/// An answer of Envoy's own.
pub(super) fn direct_response(
    at: &FieldPath<'_>,
    policy: &HttpDirectResponsePolicy,
) -> Result<DirectResponse, Fault> {
    let at = at.field("directResponsePolicy");
    let fault = |field, why| Fault::new("RouteError", "DirectResponsePolicyNotValid", &at.field(field), why);
    let status = u16::try_from(policy.status_code).ok().filter(|status| (200..=599).contains(status));
    let status = status
        .ok_or_else(|| fault("statusCode", format!("{} must be in the range 200-599", policy.status_code)))?;
    let body = policy.body.as_deref().unwrap_or_default();
    if body.len() > MAX_BODY {
        let why = format!("{} bytes are more than the {MAX_BODY} that Envoy answers with", body.len());
        return Err(fault("body", why));
    }
    Ok(DirectResponse { status, body: body.into() })
}
