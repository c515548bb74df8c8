//! The router, always the last.

use envoy_protos::envoy::extensions::filters::http::header_mutation::v3::HeaderMutation;
use envoy_protos::envoy::extensions::filters::http::router::v3::Router;
use envoy_protos::envoy::extensions::filters::http::upstream_codec::v3::UpstreamCodec;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;
use envoy_protos::google::protobuf::Any;

use super::filter;
use crate::any::pack;
use crate::listener::{ConnectionManager, Routes};

/// The filter behind the router that brings the key of a scope back, for routes that follow redirects.
pub(crate) const SCOPE_AFTER_REDIRECT: &str = "isobath.scope_after_redirect";

pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    let upstream_http_filters = match manager.routes {
        Routes::Table(_) => vec![],
        Routes::Scope(_) => vec![scope_after_redirect(), filter(CODEC, pack(&UpstreamCodec {}))],
    };
    Some(pack(&Router { upstream_http_filters, ..Default::default() }))
}

/// What speaks with the backend: the last of the filters behind the router, where there are any.
const CODEC: &str = "envoy.filters.http.upstream_codec";

/// Not there but for routes that tell it something: behind the router Envoy knows the route when it decides that.
fn scope_after_redirect() -> HttpFilter {
    HttpFilter { disabled: true, ..filter(SCOPE_AFTER_REDIRECT, pack(&HeaderMutation::default())) }
}

/// A router as Envoy would have it.
pub(super) fn defaults() -> Any {
    pack(&Router::default())
}
