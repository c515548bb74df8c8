//! Statistics of gRPC calls, and their counts of messages in access logs.

use envoy_protos::envoy::extensions::filters::http::grpc_stats::v3::FilterConfig;
use envoy_protos::google::protobuf::Any;

use crate::any::pack;
use crate::listener::ConnectionManager;

pub(super) fn config(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(pack(&FilterConfig { emit_filter_state: true, enable_upstream_stats: true, ..Default::default() }))
}
