//! The protocol of requests to a cluster.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
use envoy_protos::envoy::extensions::upstreams::http::v3::http_protocol_options as explicit;
use envoy_protos::google::protobuf::{Any, UInt32Value};
use model::{Cluster, Protocol, Timeout};

use crate::any::pack;
use crate::duration::timeout;

/// Protocol options; none where all are Envoy's own (HTTP/1.1, one hour idle, any number of requests).
pub(super) fn options(cluster: &Cluster) -> BTreeMap<String, Any> {
    let common = common(cluster.idle_timeout, cluster.requests_per_connection);
    match (cluster.protocol, common) {
        (Protocol::Http1, None) => BTreeMap::new(),
        (Protocol::Http1, common) => by_name(&explicit(http1(), common)),
        (Protocol::Http2, common) => by_name(&explicit(http2(core::Http2ProtocolOptions::default()), common)),
    }
}

fn common(idle: Timeout, requests: Option<u32>) -> Option<core::HttpProtocolOptions> {
    let options = core::HttpProtocolOptions {
        idle_timeout: timeout(idle),
        max_requests_per_connection: requests.map(|value| UInt32Value { value }),
        ..Default::default()
    };
    (options != core::HttpProtocolOptions::default()).then_some(options)
}

/// The options where a cluster has them.
pub(crate) fn by_name(options: &HttpProtocolOptions) -> BTreeMap<String, Any> {
    let name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    BTreeMap::from([(name.to_owned(), pack(options))])
}

/// One protocol, without asking the backend.
pub(crate) fn explicit(
    protocol: explicit::explicit_http_config::ProtocolConfig,
    common: Option<core::HttpProtocolOptions>,
) -> HttpProtocolOptions {
    let config = explicit::ExplicitHttpConfig { protocol_config: Some(protocol) };
    HttpProtocolOptions {
        common_http_protocol_options: common,
        upstream_protocol_options: Some(explicit::UpstreamProtocolOptions::ExplicitHttpConfig(config)),
        ..Default::default()
    }
}

fn http1() -> explicit::explicit_http_config::ProtocolConfig {
    explicit::explicit_http_config::ProtocolConfig::HttpProtocolOptions(core::Http1ProtocolOptions::default())
}

/// HTTP/2 with these options.
pub(crate) fn http2(options: core::Http2ProtocolOptions) -> explicit::explicit_http_config::ProtocolConfig {
    explicit::explicit_http_config::ProtocolConfig::Http2ProtocolOptions(options)
}
