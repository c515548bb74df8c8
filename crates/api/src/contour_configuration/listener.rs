//! What clients' listeners have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;

/// What clients' listeners have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyListenerConfig {
    /// Connections begin with a PROXY header; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_proxy_protocol: Option<bool>,
    /// Compression of responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<EnvoyCompression>,
    /// Refuses HTTP/1 requests with `content-length` beside `transfer-encoding: chunked`; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_allow_chunked_length: Option<bool>,
    /// Takes several slashes in a path as they are; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_merge_slashes: Option<bool>,
    /// The header `server` of responses; `overwrite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_header_transformation: Option<Choice<ServerHeaderTransformation>>,
    /// `exact` spreads connections evenly over Envoy's threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_balancer: Option<Choice<ConnectionBalancer>>,
    /// Requests of one connection of a client, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub max_requests_per_connection: Option<i64>,
    /// Bytes that Envoy holds back for a connection of a client, at least 1; 1 MiB.
    #[serde(rename = "per-connection-buffer-limit-bytes", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub per_connection_buffer_limit_bytes: Option<i64>,
    /// TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<ListenerTls>>,
    /// Options of sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_options: Option<SocketOptions>,
    /// Requests that are begun in one round of reading a connection, at least 1.
    #[serde(rename = "maxRequestsPerIOCycle", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub max_requests_per_io_cycle: Option<i64>,
    /// Streams of one HTTP/2 connection of a client, at least 1.
    #[serde(rename = "httpMaxConcurrentStreams", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub http_max_concurrent_streams: Option<i64>,
    /// Connections of clients to one listener, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub max_connections_per_listener: Option<i64>,
    /// Connections that are taken at once when a socket has some, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub max_connections_to_accept_per_socket_event: Option<i64>,
}

choices! {
    /// How responses are compressed.
    CompressionAlgorithm {
        /// By gzip.
        Gzip = "gzip",
        /// By Brotli.
        Brotli = "brotli",
        /// By Zstandard.
        Zstd = "zstd",
        /// Not at all.
        Disabled = "disabled",
    }
}

/// Compression of responses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyCompression {
    /// `gzip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Choice<CompressionAlgorithm>>,
}

choices! {
    /// The header `server` of responses.
    ServerHeaderTransformation {
        /// Always `envoy`.
        Overwrite = "overwrite",
        /// `envoy` where the backend says nothing.
        AppendIfAbsent = "append_if_absent",
        /// What the backend says.
        PassThrough = "pass_through",
    }
}

choices! {
    /// How connections are spread over Envoy's threads.
    ConnectionBalancer {
        /// As the kernel does.
        None = "",
        /// Evenly.
        Exact = "exact",
    }
}

choices! {
    /// A version of TLS.
    TlsProtocolVersion {
        /// 1.2.
        V1_2 = "1.2",
        /// 1.3.
        V1_3 = "1.3",
    }
}

/// Versions, cipher suites and curves of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyTls {
    /// The oldest version; `1.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_protocol_version: Option<Choice<TlsProtocolVersion>>,
    /// The newest version; `1.3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_protocol_version: Option<Choice<TlsProtocolVersion>>,
    /// Cipher suites of TLS 1.2.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<String>,
    /// Curves, the best first; Envoy's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ecdh_curves: Vec<String>,
}

/// TLS towards clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerTls {
    /// The oldest version that a host may offer; `1.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_protocol_version: Option<Choice<TlsProtocolVersion>>,
    /// The newest version that a host may offer; `1.3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_protocol_version: Option<Choice<TlsProtocolVersion>>,
    /// Cipher suites of TLS 1.2.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<String>,
    /// Curves, the best first; Envoy's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ecdh_curves: Vec<String>,
    /// What is told of how clients greet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// Fingerprints of how clients greet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Fingerprint {
    /// JA3; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja3: Option<bool>,
    /// JA4; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja4: Option<bool>,
}

/// Options of sockets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SocketOptions {
    /// The type of service of IPv4 packets, 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255))]
    pub tos: Option<i64>,
    /// The traffic class of IPv6 packets, 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255))]
    pub traffic_class: Option<i64>,
}
