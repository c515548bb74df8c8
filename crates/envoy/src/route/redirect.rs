//! Answers that send the client elsewhere.

use envoy_protos::envoy::config::route::v3::RedirectAction;
use envoy_protos::envoy::config::route::v3::redirect_action::{
    PathRewriteSpecifier, RedirectResponseCode, SchemeRewriteSpecifier,
};
use model::{Redirect, RedirectPath};

/// A redirect as a user asked for it.
pub(super) fn redirect(to: &Redirect) -> RedirectAction {
    RedirectAction {
        host_redirect: to.host.as_deref().unwrap_or_default().to_owned(),
        port_redirect: to.port.unwrap_or_default().into(),
        response_code: code(to.status).into(),
        scheme_rewrite_specifier: to
            .scheme
            .as_ref()
            .map(|scheme| SchemeRewriteSpecifier::SchemeRedirect(scheme.to_string())),
        path_rewrite_specifier: to.path.as_ref().map(path),
        ..Default::default()
    }
}

/// The same URL with `https`.
pub(super) fn to_https() -> RedirectAction {
    RedirectAction {
        scheme_rewrite_specifier: Some(SchemeRewriteSpecifier::HttpsRedirect(true)),
        ..Default::default()
    }
}

fn path(path: &RedirectPath) -> PathRewriteSpecifier {
    match path {
        RedirectPath::Full(path) => PathRewriteSpecifier::PathRedirect(path.to_string()),
        RedirectPath::Prefix(prefix) => PathRewriteSpecifier::PrefixRewrite(prefix.to_string()),
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
