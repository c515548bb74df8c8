//! Answers that send the client elsewhere.

use envoy_protos::envoy::config::route::v3::RedirectAction;
use envoy_protos::envoy::config::route::v3::redirect_action::{
    PathRewriteSpecifier, RedirectResponseCode, SchemeRewriteSpecifier,
};
use model::{Host, Redirect, RedirectPath, RedirectPort};

use super::paths::{self, Replacement};

/// A redirect as a user asked for it, of requests to a host.
pub(super) fn redirect(to: &Redirect, host: &Host) -> RedirectAction {
    let (host_redirect, port_redirect) = place(to.host.as_deref(), to.port, host);
    RedirectAction {
        host_redirect,
        port_redirect,
        response_code: code(to.status).into(),
        scheme_rewrite_specifier: to
            .scheme
            .as_ref()
            .map(|scheme| SchemeRewriteSpecifier::SchemeRedirect(scheme.to_string())),
        path_rewrite_specifier: to.path.as_ref().map(path),
        ..Default::default()
    }
}

/// The host and the port; nothing where they stay. Envoy takes a port away only with the host that it stands behind.
fn place(to: Option<&str>, port: RedirectPort, host: &Host) -> (String, u32) {
    let is_exact = !host.is_any() && host.wildcard_parent().is_none();
    let known = to.or(is_exact.then_some(host.as_str()));
    let new = || to.unwrap_or_default().to_owned();
    match (port, known) {
        (RedirectPort::Same, _) => (new(), 0),
        (RedirectPort::Usual(_), Some(known)) => (known.to_owned(), 0),
        (RedirectPort::Number(port), _) | (RedirectPort::Usual(port), None) => (new(), port.into()),
    }
}

/// The same URL with `https`, of requests to a host. Where the port stays, that of HTTP goes.
pub(super) fn to_https(port: RedirectPort, host: &Host) -> RedirectAction {
    let (host_redirect, port_redirect) = place(None, port, host);
    RedirectAction {
        host_redirect,
        port_redirect,
        scheme_rewrite_specifier: Some(SchemeRewriteSpecifier::HttpsRedirect(true)),
        ..Default::default()
    }
}

fn path(path: &RedirectPath) -> PathRewriteSpecifier {
    match path {
        RedirectPath::Full(path) => PathRewriteSpecifier::PathRedirect(path.to_string()),
        RedirectPath::Prefix(prefix) => PathRewriteSpecifier::PrefixRewrite(prefix.to_string()),
        RedirectPath::Segments(segments) => match paths::segments(segments) {
            Replacement::Prefix(prefix) => PathRewriteSpecifier::PrefixRewrite(prefix),
            Replacement::Regex(regex) => PathRewriteSpecifier::RegexRewrite(regex),
        },
    }
}

/// Envoy's word for a status; the model has these five only.
fn code(status: u16) -> RedirectResponseCode {
    match status {
        302 => RedirectResponseCode::Found,
        303 => RedirectResponseCode::SeeOther,
        307 => RedirectResponseCode::TemporaryRedirect,
        308 => RedirectResponseCode::PermanentRedirect,
        _ => RedirectResponseCode::MovedPermanently,
    }
}
