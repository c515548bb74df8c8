//! Redirects and direct responses (reference 3.12).

use api::http_proxy::route::{HttpDirectResponsePolicy, HttpRequestRedirectPolicy};
use model::{DirectResponse, Redirect, RedirectPath, RedirectPort};
use rules::Invalid;

use super::Fault;
use crate::field_path::FieldPath;

/// A redirect.
pub(super) fn redirect(at: &FieldPath<'_>, policy: &HttpRequestRedirectPolicy) -> Result<Redirect, Fault> {
    let at = at.field("requestRedirectPolicy");
    let scheme = policy.scheme.as_ref().map(|scheme| rules::redirect_scheme(scheme.as_str())).transpose();
    let host = policy.hostname.as_deref().map(rules::Host::parse_exact).transpose();
    let port = policy.port.map(rules::port).transpose();
    let status = rules::redirect_code(policy.status_code.unwrap_or(302));
    Ok(Redirect {
        scheme: scheme.map_err(redirect_fault(&at, "scheme"))?.map(Into::into),
        host: host.map_err(redirect_fault(&at, "hostname"))?.map(|host| host.as_str().into()),
        port: port.map_err(redirect_fault(&at, "port"))?.map_or(RedirectPort::Same, RedirectPort::Number),
        path: redirect_path(&at, policy)?,
        status: status.map_err(redirect_fault(&at, "statusCode"))?,
    })
}

fn redirect_fault(at: &FieldPath<'_>, field: &str) -> impl FnOnce(Invalid) -> Fault {
    move |why| Fault::new("RouteError", "RequestRedirectPolicy", &at.field(field), why.to_string())
}

fn redirect_path(
    at: &FieldPath<'_>,
    policy: &HttpRequestRedirectPolicy,
) -> Result<Option<RedirectPath>, Fault> {
    let checked = |field, path| rules::redirect_path(path).map_err(redirect_fault(at, field));
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

/// An answer of Envoy's own.
pub(super) fn direct_response(
    at: &FieldPath<'_>,
    policy: &HttpDirectResponsePolicy,
) -> Result<DirectResponse, Fault> {
    let at = at.field("directResponsePolicy");
    let fault = |field, why: Invalid| {
        Fault::new("RouteError", "DirectResponsePolicyNotValid", &at.field(field), why.to_string())
    };
    let status = rules::direct_response_status(policy.status_code).map_err(|why| fault("statusCode", why))?;
    let body = rules::direct_response_body(policy.body.as_deref().unwrap_or_default());
    Ok(DirectResponse { status, body: body.map_err(|why| fault("body", why))?.into() })
}
