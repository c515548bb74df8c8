//! Clients that keep their backend and its endpoint. The filter does nothing of itself; the backends of routes tell it what
//! brings the endpoint. It looks at that when a request has found its route, and the load balancer then takes the endpoint,
//! if it is there. The backend is found before that, by a route (see [`crate::route`]): so what brings the endpoint says the
//! backend, too.
//!
//! A cookie says it by its name, for Envoy decides on its value. A header cannot have several names: clients send back the
//! one that they know. Envoy can put the endpoint round a value that a backend gave it, so it is given one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use envoy_protos::envoy::config::core::v3::{HeaderValueOption, TypedExtensionConfig};
use envoy_protos::envoy::extensions::filters::http::stateful_session::v3::stateful_session_per_route::Override;
use envoy_protos::envoy::extensions::filters::http::stateful_session::v3::{
    StatefulSession, StatefulSessionPerRoute,
};
use envoy_protos::envoy::extensions::http::stateful_session::cookie::v3::CookieBasedSessionState;
use envoy_protos::envoy::extensions::http::stateful_session::envelope::v3::EnvelopeSessionState;
use envoy_protos::envoy::extensions::http::stateful_session::envelope::v3::envelope_session_state::Header;
use envoy_protos::envoy::r#type::http::v3::Cookie;
use envoy_protos::google::protobuf::Any;
use model::{ClusterKey, SessionCarrier, SessionPersistence};
use xxhash_rust::xxh3::xxh3_64;

use crate::any::pack;
use crate::duration::duration;
use crate::headers;
use crate::listener::ConnectionManager;

/// Where routes may ask for it: those of Gateways.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.is_of_gateway().then(|| pack(&StatefulSession::default()))
}

/// What a backend of a route says.
pub(super) fn message(session: &SessionPersistence, backend: &ClusterKey) -> Any {
    let session = StatefulSession { session_state: Some(state(session, backend)), ..Default::default() };
    pack(&StatefulSessionPerRoute { r#override: Some(Override::StatefulSession(session)) })
}

fn state(session: &SessionPersistence, backend: &ClusterKey) -> TypedExtensionConfig {
    let (kind, config) = match &session.carrier {
        SessionCarrier::Header => {
            let header = Some(Header { name: session.name.to_string() });
            ("envelope", pack(&EnvelopeSessionState { header }))
        }
        SessionCarrier::Cookie { path, lifetime } => {
            let (ttl, path) = (lifetime.map(duration), path.to_string());
            let cookie = Cookie { name: cookie(session, backend), ttl, path, ..Default::default() };
            ("cookie", pack(&CookieBasedSessionState { cookie: Some(cookie) }))
        }
    };
    TypedExtensionConfig { name: format!("envoy.http.stateful_session.{kind}"), typed_config: Some(config) }
}

/// A header of a backend's answers, for the filter to put the endpoint round it.
pub(crate) fn answered(session: &SessionPersistence, backend: &ClusterKey) -> Option<HeaderValueOption> {
    match session.carrier {
        SessionCarrier::Header => Some(headers::set(&session.name, &mark(backend))),
        SessionCarrier::Cookie { .. } => None,
    }
}

/// The request header that brings a session, and what is in it when the session is one with this backend.
pub(crate) fn brought(session: &SessionPersistence, backend: &ClusterKey) -> (String, String) {
    match session.carrier {
        SessionCarrier::Header => {
            let value = format!(";UV:{}", STANDARD.encode(mark(backend)));
            (session.name.to_ascii_lowercase(), value)
        }
        SessionCarrier::Cookie { .. } => ("cookie".to_owned(), format!("{}=", cookie(session, backend))),
    }
}

/// The name of the cookie for sessions with a backend.
fn cookie(session: &SessionPersistence, backend: &ClusterKey) -> String {
    format!("{}-{}", session.name, mark(backend))
}

/// What a backend is known by, whatever changes in the way to it. Two backends of a route with the same would share their
/// sessions.
fn mark(backend: &ClusterKey) -> String {
    format!("{:08x}", xxh3_64(backend.backend().as_bytes()) >> 32)
}
