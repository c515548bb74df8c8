//! How Envoys are set up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, EnvoyListenerConfig, EnvoyTls, Metrics, NamespacedName};
use crate::Choice;
use crate::choice::choices;

/// How Envoys are set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyConfig {
    /// What clients' listeners have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<Box<EnvoyListenerConfig>>,
    /// The Service of the Envoys, whose addresses are written into the status of Ingresses; `projectcontour/envoy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<NamespacedName>,
    /// Plain HTTP; `0.0.0.0:8080`, logged to `/dev/stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Box<EnvoyListener>>,
    /// HTTPS; `0.0.0.0:8443`, logged to `/dev/stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<Box<EnvoyListener>>,
    /// Readiness; `0.0.0.0:8002`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Endpoint>,
    /// Statistics; `0.0.0.0:8002`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<Metrics>>,
    /// The Secret with the certificate that Envoy shows to backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<NamespacedName>,
    /// Access logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<Box<EnvoyLogging>>,
    /// What is spoken with clients; both.
    #[serde(rename = "defaultHTTPVersions", skip_serializing_if = "Vec::is_empty")]
    pub default_http_versions: Vec<Choice<HttpVersion>>,
    /// Time limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Box<TimeoutParameters>>,
    /// What backends have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Box<ClusterParameters>>,
    /// What surrounds Envoy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Box<NetworkParameters>>,
    /// A further listener for readiness, which overload closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub om_enforced_health: Option<Endpoint>,
    /// Values for Envoy's runtime.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub runtime_settings: BTreeMap<String, String>,
}

/// A listener for clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyListener {
    /// An IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub address: Option<String>,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// The file of its access log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log: Option<String>,
}

choices! {
    /// The form of access logs.
    AccessLogFormat {
        /// Lines of text.
        Envoy = "envoy",
        /// A JSON object for each request.
        Json = "json",
    }
}

choices! {
    /// Which requests are logged.
    AccessLogLevel {
        /// All.
        Info = "info",
        /// Those with a status of 300 and above, or a response flag.
        Error = "error",
        /// Those with a status of 500 and above, or a response flag.
        Critical = "critical",
        /// None.
        Disabled = "disabled",
    }
}

/// Access logs (reference contour.md 7.9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoyLogging {
    /// `envoy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_format: Option<Choice<AccessLogFormat>>,
    /// The line of the format `envoy`; Envoy's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_format_string: Option<String>,
    /// The fields of the format `json`.
    #[serde(rename = "accessLogJSONFields", skip_serializing_if = "Vec::is_empty")]
    pub access_log_json_fields: Vec<String>,
    /// `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_level: Option<Choice<AccessLogLevel>>,
}

choices! {
    /// What is spoken with clients.
    HttpVersion {
        /// HTTP/1.
        Http1 = "HTTP/1.1",
        /// HTTP/2.
        Http2 = "HTTP/2",
    }
}

/// Time limits: Go durations, `infinity` for none, empty or 0 for Envoy's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TimeoutParameters {
    /// For a whole request to arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout: Option<String>,
    /// For a client's connection without requests; 60s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_idle_timeout: Option<String>,
    /// For a stream without a byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_idle_timeout: Option<String>,
    /// For a client's connection in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connection_duration: Option<String>,
    /// Between the end of a connection and its closing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed_close_timeout: Option<String>,
    /// Between telling clients to leave and closing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_shutdown_grace_period: Option<String>,
    /// For a connection to a backend to open, never `infinity`; 2s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<String>,
}

choices! {
    /// Which addresses of a name are used.
    ClusterDnsFamily {
        /// IPv6 if there are any, else IPv4.
        Auto = "auto",
        /// IPv4 only.
        V4 = "v4",
        /// IPv6 only.
        V6 = "v6",
        /// Both.
        All = "all",
    }
}

/// What backends have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ClusterParameters {
    /// `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_lookup_family: Option<Choice<ClusterDnsFamily>>,
    /// Requests of one connection to a backend, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub max_requests_per_connection: Option<i64>,
    /// Bytes that Envoy holds back for a connection to a backend, at least 1; 1 MiB.
    #[serde(rename = "per-connection-buffer-limit-bytes", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX))]
    pub per_connection_buffer_limit_bytes: Option<i64>,
    /// Limits of use, where a Service has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breakers: Option<CircuitBreakers>,
    /// TLS towards backends.
    #[serde(rename = "upstreamTLS", skip_serializing_if = "Option::is_none")]
    pub upstream_tls: Option<EnvoyTls>,
}

/// Limits of use; 0 and unset: Envoy's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CircuitBreakers {
    /// Connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_connections: Option<i64>,
    /// Requests that wait for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_pending_requests: Option<i64>,
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_requests: Option<i64>,
    /// Retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_retries: Option<i64>,
    /// Connections to one endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub per_host_max_connections: Option<i64>,
}

/// What surrounds Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct NetworkParameters {
    /// Proxies in front of Envoy that are trusted in `x-forwarded-for`; 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub num_trusted_hops: Option<i64>,
    /// The port on 127.0.0.1 where Envoy's state can be read; 0 or below: none; 9001.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_port: Option<i64>,
    /// Takes a host with a dot at its end for the one without; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strip_trailing_host_dot: Option<bool>,
}
