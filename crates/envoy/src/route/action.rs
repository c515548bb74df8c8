//! What happens to a request.

use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::config::route::v3::route::Action as Proto;
use model::{Action, DirectResponse};

use super::{forward, redirect};

pub(super) fn action(action: &Action) -> Proto {
    match action {
        Action::Forward(forward) => Proto::Route(forward::route_action(forward)),
        Action::Redirect(to) => Proto::Redirect(redirect::redirect(to)),
        Action::UpgradeToHttps => Proto::Redirect(redirect::to_https()),
        Action::Respond(response) => respond(response),
    }
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
