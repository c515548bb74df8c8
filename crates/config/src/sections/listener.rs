//! What clients' listeners have in common.

use std::num::NonZeroU32;

use api::Choice;
use api::contour_configuration::{
    CompressionAlgorithm, ConnectionBalancer, EnvoyListenerConfig, HttpVersion, ServerHeaderTransformation,
};
use model::{Compression, Downstream, HttpVersions, ServerHeader, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const SERVER: &str = "spec.envoy.listener.serverHeaderTransformation";
const COMPRESSION: &str = "spec.envoy.listener.compression.algorithm";
const VERSIONS: &str = "spec.envoy.defaultHTTPVersions";
const BALANCER: &str = "spec.envoy.listener.connectionBalancer";
const REQUESTS: &str = "spec.envoy.listener.maxRequestsPerConnection";
const IO_CYCLE: &str = "spec.envoy.listener.maxRequestsPerIOCycle";
const CONNECTIONS: &str = "spec.envoy.listener.maxConnectionsPerListener";
const BUFFER: &str = "spec.envoy.listener.per-connection-buffer-limit-bytes";
const TOS: &str = "spec.envoy.listener.socketOptions.tos";
const CLASS: &str = "spec.envoy.listener.socketOptions.trafficClass";
const STREAMS: &str = "spec.envoy.listener.httpMaxConcurrentStreams";
const ACCEPT: &str = "spec.envoy.listener.maxConnectionsToAcceptPerSocketEvent";
/// The most that HTTP/2 can say (RFC 9113 5.1.2 and Envoy).
const MOST_STREAMS: u32 = i32::MAX.unsigned_abs();

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
        .means("Refuses HTTP/1 requests that have a content-length beside transfer-encoding: chunked."),
    key(SERVER, Form::Text)
        .file("serverHeaderTransformation")
        .default("overwrite")
        .means("The header `server` of responses: `overwrite` says envoy, `append_if_absent` says it where the backend says nothing, `pass_through` leaves what the backend says."),
    key(COMPRESSION, Form::Text)
        .file("compression.algorithm")
        .default("gzip")
        .means("How responses are compressed: `gzip`, `brotli`, `zstd`, or `disabled`."),
    key(VERSIONS, Form::Texts)
        .file("default-http-versions")
        .default("HTTP/1.1 and HTTP/2")
        .means("What is spoken with clients: `HTTP/1.1`, `HTTP/2`, or both."),
    key(BALANCER, Form::Text)
        .file("listener.connection-balancer")
        .means("`exact` spreads connections evenly over Envoy's threads."),
    key(REQUESTS, Form::Number)
        .file("listener.max-requests-per-connection")
        .default("any number")
        .means("How many requests one connection of a client may bring."),
    key(BUFFER, Form::Number)
        .file("listener.per-connection-buffer-limit-bytes")
        .default("1 MiB")
        .means("How many bytes Envoy holds back for a connection of a client."),
    key(TOS, Form::Number)
        .file("listener.socket-options.tos")
        .default("0")
        .means("The type of service of IPv4 packets to clients, 0 to 255."),
    key(CLASS, Form::Number)
        .file("listener.socket-options.traffic-class")
        .default("0")
        .means("The traffic class of packets of listeners with an IPv6 address, 0 to 255."),
    key(IO_CYCLE, Form::Number)
        .file("listener.max-requests-per-io-cycle")
        .default("any number")
        .means("How many requests of one connection are begun before others have their turn."),
    key(STREAMS, Form::Number)
        .file("listener.http2-max-concurrent-streams")
        .default("1024, Envoy's own")
        .means("How many requests of one HTTP/2 connection may be under way."),
    key(CONNECTIONS, Form::Number)
        .file("listener.max-connections-per-listener")
        .default("any number")
        .means("How many connections each listener takes."),
    key(ACCEPT, Form::Number)
        .file("listener.max-connections-to-accept-per-socket-event")
        .default("all")
        .means("How many waiting connections are taken before others have their turn."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = written.spec.envoy.as_ref() else { return };
    settings.downstream.versions = versions(&envoy.default_http_versions, faults);
    let Some(listener) = envoy.listener.as_ref() else { return };
    settings.proxy_protocol = listener.use_proxy_protocol.unwrap_or_default();
    settings.merge_slashes = !listener.disable_merge_slashes.unwrap_or_default();
    let clients = &mut settings.downstream;
    clients.allow_chunked_length = !listener.disable_allow_chunked_length.unwrap_or_default();
    let balancer = faults.word(BALANCER, listener.connection_balancer.as_ref());
    clients.balanced = balancer == Some(ConnectionBalancer::Exact);
    answers(listener, clients, faults);
    limits(listener, clients, faults);
    marks(listener, clients, faults);
}

fn versions(said: &[Choice<HttpVersion>], faults: &mut Faults) -> HttpVersions {
    let known = said
        .iter()
        .enumerate()
        .filter_map(|(index, version)| faults.word(&format!("{VERSIONS}[{index}]"), Some(version)));
    let known: Vec<_> = known.collect();
    match (known.contains(&HttpVersion::Http1), known.contains(&HttpVersion::Http2)) {
        (true, false) => HttpVersions::Http1,
        (false, true) => HttpVersions::Http2,
        (true, true) | (false, false) => HttpVersions::Both,
    }
}

fn answers(listener: &EnvoyListenerConfig, clients: &mut Downstream, faults: &mut Faults) {
    let algorithm = listener.compression.as_ref().and_then(|compression| compression.algorithm.as_ref());
    if let Some(algorithm) = faults.word(COMPRESSION, algorithm) {
        clients.compression = match algorithm {
            CompressionAlgorithm::Gzip => Some(Compression::Gzip),
            CompressionAlgorithm::Brotli => Some(Compression::Brotli),
            CompressionAlgorithm::Zstd => Some(Compression::Zstd),
            CompressionAlgorithm::Disabled => None,
        };
    }
    if let Some(header) = faults.word(SERVER, listener.server_header_transformation.as_ref()) {
        clients.server_header = match header {
            ServerHeaderTransformation::Overwrite => ServerHeader::Overwrite,
            ServerHeaderTransformation::AppendIfAbsent => ServerHeader::AppendIfAbsent,
            ServerHeaderTransformation::PassThrough => ServerHeader::PassThrough,
        };
    }
}

fn limits(listener: &EnvoyListenerConfig, clients: &mut Downstream, faults: &mut Faults) {
    clients.max_requests = faults.positive(REQUESTS, listener.max_requests_per_connection);
    clients.requests_at_once = faults.positive(IO_CYCLE, listener.max_requests_per_io_cycle);
    clients.max_connections = faults.positive(CONNECTIONS, listener.max_connections_per_listener);
    clients.buffer_limit = faults.positive(BUFFER, listener.per_connection_buffer_limit_bytes);
    clients.accepted_at_once = faults.positive(ACCEPT, listener.max_connections_to_accept_per_socket_event);
    let streams = faults.number(STREAMS, listener.http_max_concurrent_streams, 1..=MOST_STREAMS);
    clients.max_streams = streams.and_then(NonZeroU32::new);
}

fn marks(listener: &EnvoyListenerConfig, clients: &mut Downstream, faults: &mut Faults) {
    let Some(options) = listener.socket_options.as_ref() else { return };
    let mut octet = |path, number| {
        faults.number(path, number, 0..=255).and_then(|number| u8::try_from(number).ok()).unwrap_or_default()
    };
    clients.type_of_service = octet(TOS, options.tos);
    clients.traffic_class = octet(CLASS, options.traffic_class);
}
