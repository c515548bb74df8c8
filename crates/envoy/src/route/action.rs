//! What happens to a request.

use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::config::route::v3::route::Action as Proto;
use model::{Action, DirectResponse, Host, RedirectPort};

use super::{forward, redirect};

/// What happens to requests to a host.
pub(super) fn action(action: &Action, host: &Host) -> Proto {
    match action {
        Action::Forward(forward) => Proto::Route(forward::route_action(forward)),
        Action::Redirect(to) => Proto::Redirect(redirect::redirect(to, host)),
        Action::UpgradeToHttps(port) => Proto::Redirect(redirect::to_https(*port, host)),
        Action::Respond(response) => respond(response),
    }
}

/// That the client comes again by HTTPS.
pub(super) fn to_https() -> Proto {
    Proto::Redirect(redirect::to_https(RedirectPort::Same, &Host::any()))
}

/// An answer that Envoy gives itself.
pub(super) fn respond(response: &DirectResponse) -> Proto {
    let body = (!response.body.is_empty()).then(|| DataSource {
        specifier: Some(Specifier::InlineString(response.body.to_string())),
        ..Default::default()
    });
    Proto::DirectResponse(proto::DirectResponseAction {
        status: response.status.into(),
        body,
        ..Default::default()
    })
}
