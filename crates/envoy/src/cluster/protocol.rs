//! The protocol of requests to a cluster.

use std::collections::BTreeMap;

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
use envoy_protos::envoy::extensions::upstreams::http::v3::http_protocol_options as explicit;
use envoy_protos::google::protobuf::Any;
use model::{Cluster, Protocol, Timeout};

use crate::any::pack;
use crate::duration::timeout;

/// Protocol options; none where all are Envoy's own (HTTP/1.1, one hour idle).
pub(super) fn options(cluster: &Cluster) -> BTreeMap<String, Any> {
    match (cluster.protocol, cluster.idle_timeout) {
        (Protocol::Http1, Timeout::Default) => BTreeMap::new(),
        (Protocol::Http1, idle) => by_name(&explicit(http1(), idle)),
        (Protocol::Http2, idle) => by_name(&explicit(http2(core::Http2ProtocolOptions::default()), idle)),
    }
}

/// The options where a cluster has them.
pub(crate) fn by_name(options: &HttpProtocolOptions) -> BTreeMap<String, Any> {
    let name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    BTreeMap::from([(name.to_owned(), pack(options))])
}

/// One protocol, without asking the backend.
pub(crate) fn explicit(
    protocol: explicit::explicit_http_config::ProtocolConfig,
    idle: Timeout,
) -> HttpProtocolOptions {
    let config = explicit::ExplicitHttpConfig { protocol_config: Some(protocol) };
    HttpProtocolOptions {
        common_http_protocol_options: timeout(idle)
            .map(|idle| core::HttpProtocolOptions { idle_timeout: Some(idle), ..Default::default() }),
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
