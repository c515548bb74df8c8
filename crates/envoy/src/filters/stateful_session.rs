//! Clients that keep their endpoint. The filter does nothing of itself; routes tell it what brings the endpoint. It looks
//! at that when a request has found its route, and the load balancer then takes the endpoint, if it is there.

use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::extensions::filters::http::stateful_session::v3::stateful_session_per_route::Override;
use envoy_protos::envoy::extensions::filters::http::stateful_session::v3::{
    StatefulSession, StatefulSessionPerRoute,
};
use envoy_protos::envoy::extensions::http::stateful_session::cookie::v3::CookieBasedSessionState;
use envoy_protos::envoy::extensions::http::stateful_session::header::v3::HeaderBasedSessionState;
use envoy_protos::envoy::r#type::http::v3::Cookie;
use envoy_protos::google::protobuf::Any;
use model::{Action, Route, SessionCarrier, SessionPersistence};

use crate::any::pack;
use crate::duration::duration;
use crate::listener::ConnectionManager;

/// Where routes may ask for it: those of Gateways.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| pack(&StatefulSession::default()))
}

/// What a route says.
pub(super) fn message(route: &Route) -> Option<Any> {
    let session = match &route.action {
        Action::Forward(forward) => forward.session.as_ref()?,
        Action::Redirect(_) | Action::UpgradeToHttps | Action::Respond(_) => return None,
    };
    let session = StatefulSession { session_state: Some(state(session)), ..Default::default() };
    Some(pack(&StatefulSessionPerRoute { r#override: Some(Override::StatefulSession(session)) }))
}

fn state(session: &SessionPersistence) -> TypedExtensionConfig {
    let name = session.name.to_string();
    let (kind, config) = match &session.carrier {
        SessionCarrier::Header => ("header", pack(&HeaderBasedSessionState { name })),
        SessionCarrier::Cookie { path, lifetime } => {
            let (ttl, path) = (lifetime.map(duration), path.to_string());
            let cookie = Cookie { name, ttl, path, ..Default::default() };
            ("cookie", pack(&CookieBasedSessionState { cookie: Some(cookie) }))
        }
    };
    TypedExtensionConfig { name: format!("envoy.http.stateful_session.{kind}"), typed_config: Some(config) }
}
