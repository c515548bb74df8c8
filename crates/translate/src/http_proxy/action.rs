//! Redirects and direct responses (reference 3.12).

use api::http_proxy::route::{HttpDirectResponsePolicy, HttpRequestRedirectPolicy};
use model::{DirectResponse, Redirect, RedirectPath};

use super::Fault;
use crate::text;

/// Statuses of redirects.
const REDIRECTS: [i64; 5] = [301, 302, 303, 307, 308];

/// A redirect.
pub(super) fn redirect(path: &str, policy: &HttpRequestRedirectPolicy) -> Result<Redirect, Fault> {
    let path = format!("{path}.requestRedirectPolicy");
    let fault = |field: &str, why: String| {
        Fault::new("RouteError", "RequestRedirectPolicy", format!("{path}.{field}"), why)
    };
    if policy.path.is_some() && policy.prefix.is_some() {
        let message = "cannot specify both redirect path and redirect prefix";
        return Err(Fault::new("RouteError", "RequestRedirectPolicy", path, message));
    }
    let scheme = match policy.scheme.as_ref().map(api::Choice::as_str) {
        None => None,
        Some(scheme @ ("http" | "https")) => Some(scheme.into()),
        Some(other) => return Err(fault("scheme", format!("\"{other}\" is not one of http and https"))),
    };
    let host = policy.hostname.as_deref().map(text::redirect_host).transpose();
    let port = policy.port.map(text::port).transpose();
    let status = policy.status_code.unwrap_or(302);
    if !REDIRECTS.contains(&status) {
        return Err(fault("statusCode", format!("{status} is not one of 301, 302, 303, 307 and 308")));
    }
    let full = policy.path.as_deref().map(text::path).transpose().map_err(|why| fault("path", why))?;
    let prefix = policy.prefix.as_deref().map(text::path).transpose().map_err(|why| fault("prefix", why))?;
    Ok(Redirect {
        scheme,
        host: host.map_err(|why| fault("hostname", why))?.map(|host| host.as_str().into()),
        port: port.map_err(|why| fault("port", why))?,
        path: full
            .map(|path| RedirectPath::Full(path.into()))
            .or_else(|| prefix.map(|prefix| RedirectPath::Prefix(prefix.into()))),
        status: u16::try_from(status).unwrap_or(302),
    })
}

/// An answer of Envoy's own.
pub(super) fn direct_response(
    path: &str,
    policy: &HttpDirectResponsePolicy,
) -> Result<DirectResponse, Fault> {
    let path = format!("{path}.directResponsePolicy");
    let fault = |field: &str, why: String| {
        Fault::new("RouteError", "DirectResponsePolicyNotValid", format!("{path}.{field}"), why)
    };
    let status = u16::try_from(policy.status_code).ok().filter(|status| (200..=599).contains(status));
    let status = status
        .ok_or_else(|| fault("statusCode", format!("{} must be in the range 200-599", policy.status_code)))?;
    let body = policy.body.as_deref().unwrap_or_default();
    if body.len() > 4096 {
        return Err(fault(
            "body",
            format!("{} bytes are more than the 4096 that Envoy answers with", body.len()),
        ));
    }
    Ok(DirectResponse { status, body: body.into() })
}
