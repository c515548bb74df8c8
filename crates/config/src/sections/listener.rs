//! What clients' listeners have in common.

use model::Settings;

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

pub(super) const KEYS: &[Key] = &[
    key("spec.envoy.listener.useProxyProtocol", Form::Switch)
        .flag("use-proxy-protocol")
        .default("false")
        .means("Takes a PROXY protocol header at the beginning of clients' connections."),
    key("spec.envoy.listener.disableMergeSlashes", Form::Switch)
        .file("disableMergeSlashes")
        .default("false")
        .means("Takes several slashes in a path as they are, and not as one."),
    key("spec.envoy.listener.disableAllowChunkedLength", Form::Switch)
        .file("disableAllowChunkedLength")
        .default("false")
        .standing(Standing::Missing)
        .means("Refuses HTTP/1 requests that have a content-length beside transfer-encoding: chunked."),
    key("spec.envoy.listener.serverHeaderTransformation", Form::Text)
        .file("serverHeaderTransformation")
        .default("overwrite")
        .standing(Standing::Missing)
        .means("The header `server` of responses: `overwrite` says envoy, `append_if_absent` says it where the backend says nothing, `pass_through` leaves what the backend says."),
    key("spec.envoy.listener.compression.algorithm", Form::Text)
        .file("compression.algorithm")
        .default("gzip")
        .standing(Standing::Missing)
        .means("How responses are compressed: `gzip`, `brotli`, `zstd`, or `disabled`."),
    key("spec.envoy.defaultHTTPVersions", Form::Texts)
        .file("default-http-versions")
        .default("HTTP/1.1 and HTTP/2")
        .standing(Standing::Missing)
        .means("What is spoken with clients: `HTTP/1.1`, `HTTP/2`, or both."),
    key("spec.envoy.listener.connectionBalancer", Form::Text)
        .file("listener.connection-balancer")
        .standing(Standing::Missing)
        .means("`exact` spreads connections evenly over Envoy's threads."),
    key("spec.envoy.listener.maxRequestsPerConnection", Form::Number)
        .file("listener.max-requests-per-connection")
        .default("any number")
        .standing(Standing::Missing)
        .means("How many requests one connection of a client may bring."),
    key("spec.envoy.listener.per-connection-buffer-limit-bytes", Form::Number)
        .file("listener.per-connection-buffer-limit-bytes")
        .default("1 MiB")
        .standing(Standing::Missing)
        .means("How many bytes Envoy holds back for a connection of a client."),
    key("spec.envoy.listener.socketOptions.tos", Form::Number)
        .file("listener.socket-options.tos")
        .default("0")
        .standing(Standing::Missing)
        .means("The type of service of IPv4 packets to clients, 0 to 255."),
    key("spec.envoy.listener.socketOptions.trafficClass", Form::Number)
        .file("listener.socket-options.traffic-class")
        .default("0")
        .standing(Standing::Missing)
        .means("The traffic class of IPv6 packets to clients, 0 to 255."),
    key("spec.envoy.listener.maxRequestsPerIOCycle", Form::Number)
        .file("listener.max-requests-per-io-cycle")
        .default("any number")
        .standing(Standing::Missing)
        .means("How many requests of one connection are begun before others have their turn."),
    key("spec.envoy.listener.httpMaxConcurrentStreams", Form::Number)
        .file("listener.http2-max-concurrent-streams")
        .default("1024, Envoy's own")
        .standing(Standing::Missing)
        .means("How many requests of one HTTP/2 connection may be under way."),
    key("spec.envoy.listener.maxConnectionsPerListener", Form::Number)
        .file("listener.max-connections-per-listener")
        .default("any number")
        .standing(Standing::Missing)
        .means("How many connections each listener takes."),
    key("spec.envoy.listener.maxConnectionsToAcceptPerSocketEvent", Form::Number)
        .file("listener.max-connections-to-accept-per-socket-event")
        .default("all")
        .standing(Standing::Missing)
        .means("How many waiting connections are taken before others have their turn."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, _faults: &mut Faults) {
    let Some(listener) = written.spec.envoy.as_ref().and_then(|envoy| envoy.listener.as_ref()) else {
        return;
    };
    settings.proxy_protocol = listener.use_proxy_protocol.unwrap_or_default();
    settings.merge_slashes = !listener.disable_merge_slashes.unwrap_or_default();
}
