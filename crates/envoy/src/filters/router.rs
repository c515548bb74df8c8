//! The router, always the last.

use envoy_protos::envoy::extensions::filters::http::router::v3::Router;
use envoy_protos::google::protobuf::Any;

use crate::any::pack;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(defaults())
}

/// A router as Envoy would have it.
pub(super) fn defaults() -> Any {
    pack(&Router::default())
}
