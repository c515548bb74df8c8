//! `ContourConfiguration`: what the operator decides for everyone (reference contour.md 2.2).
//!
//! What is not given is `None`: a zero that is written is a zero, and not the default.

mod envoy;
mod listener;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http_proxy::policy::rate_limit::GlobalRateLimitPolicy;
use crate::http_proxy::status::DetailedCondition;
use crate::http_proxy::virtual_host::AuthorizationServer;
use crate::meta::ObjectMeta;
use crate::schema;

pub use envoy::{
    AccessLogFormat, AccessLogLevel, CircuitBreakers, ClusterDnsFamily, ClusterParameters, EnvoyConfig,
    EnvoyListener, EnvoyLogging, HttpVersion, NetworkParameters, TimeoutParameters,
};
pub use listener::{
    CompressionAlgorithm, ConnectionBalancer, EnvoyCompression, EnvoyListenerConfig, EnvoyTls, Fingerprint,
    ListenerTls, ServerHeaderTransformation, SocketOptions, TlsProtocolVersion,
};

/// What the operator decides for everyone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourConfiguration {
    /// Name and namespace.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is decided.
    pub spec: ContourConfigurationSpec,
    /// Written by the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<ContourConfigurationStatus>>,
}

/// Conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourConfigurationStatus {
    /// One of type `Valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<DetailedCondition>,
}

/// What is decided; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourConfigurationSpec {
    /// Where xDS is served; `0.0.0.0:8001`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xds_server: Option<Box<XdsServer>>,
    /// Which objects are ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Box<IngressConfig>>,
    /// Where people who look for faults may look; `127.0.0.1:6060`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug: Option<Endpoint>,
    /// Whether the controller is well; `0.0.0.0:8000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Endpoint>,
    /// Metrics of the controller; `0.0.0.0:8000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<Metrics>>,
    /// How Envoys are set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envoy: Option<Box<EnvoyConfig>>,
    /// The Gateway that is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayConfig>,
    /// What holds for HTTPProxies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub httpproxy: Option<HttpProxyConfig>,
    /// Lets ExternalName Services be backends; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_external_name_service: Option<bool>,
    /// External authorization of all hosts with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_ext_auth: Option<Box<AuthorizationServer>>,
    /// The service that counts requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_service: Option<Box<RateLimitServiceConfig>>,
    /// Header policies of all routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<PolicyConfig>>,
    /// Traces of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Box<TracingConfig>>,
    /// Nothing is known by such a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub feature_flags: Vec<String>,
}

/// An object by its namespace and name; both or neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("required" = ["namespace", "name"]))]
pub struct NamespacedName {
    /// The namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An address and a port to listen on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Endpoint {
    /// An IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub address: Option<String>,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
}

/// Where metrics are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Metrics {
    /// An IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub address: Option<String>,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// Serves them by TLS: certificate and key go together, a CA needs both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFiles>,
}

/// Files for TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsFiles {
    /// The CA of those who may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<String>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
}

/// Where xDS is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct XdsServer {
    /// An IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub address: Option<String>,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// Mutual TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<XdsTls>,
}

/// Mutual TLS of xDS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct XdsTls {
    /// The CA of Envoys' certificates; `/certs/ca.crt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The server's certificate; `/certs/tls.crt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<String>,
    /// Its key; `/certs/tls.key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// Serves without TLS; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
}

/// Which objects are ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct IngressConfig {
    /// Classes; empty: objects without a class and those of our own classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// Addresses and names for the status of Ingresses, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_address: Option<String>,
}

/// The Gateway that is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("required" = ["gatewayRef"]))]
pub struct GatewayConfig {
    /// Its namespace and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_ref: Option<NamespacedName>,
}

/// What holds for HTTPProxies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpProxyConfig {
    /// Overrules `permitInsecure`; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_permit_insecure: Option<bool>,
    /// Where roots may live; empty: anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub root_namespaces: Vec<String>,
    /// The Secret with the certificate for clients that name no server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_certificate: Option<NamespacedName>,
}

/// The service that counts requests (reference contour.md 3.17).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("required" = ["extensionService"]))]
pub struct RateLimitServiceConfig {
    /// The ExtensionService.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_service: Option<NamespacedName>,
    /// Sent with every question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Lets requests pass when the service does not answer; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_open: Option<bool>,
    /// Tells clients how much is left; false.
    #[serde(rename = "enableXRateLimitHeaders", skip_serializing_if = "Option::is_none")]
    pub enable_x_rate_limit_headers: Option<bool>,
    /// Answers gRPC clients with RESOURCE_EXHAUSTED; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_exhausted_code: Option<bool>,
    /// Descriptors for hosts that have none of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_global_rate_limit_policy: Option<Box<GlobalRateLimitPolicy>>,
}

/// Header policies of all routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PolicyConfig {
    /// Of requests to backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<HeadersPolicy>,
    /// Of responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<HeadersPolicy>,
    /// Holds for Ingresses, too; false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply_to_ingress: Option<bool>,
}

/// Headers that are set and taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeadersPolicy {
    /// Values by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// Traces of requests (reference contour.md 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("required" = ["extensionService"]))]
pub struct TracingConfig {
    /// Tells the Pod's name and namespace; true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_pod_detail: Option<bool>,
    /// The name of the service in traces; `contour`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Percent of all requests; `100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overall_sampling: Option<String>,
    /// Percent of requests whose client asks for a trace; `100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_sampling: Option<String>,
    /// Percent of other requests; `100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_sampling: Option<String>,
    /// Letters of the path that are told; 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_path_tag_length: Option<i64>,
    /// Tags with a fixed value or that of a header.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_tags: Vec<CustomTag>,
    /// The ExtensionService of the collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_service: Option<NamespacedName>,
}

/// A tag of traces: exactly one of `literal` and `requestHeaderName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("required" = ["tagName"]))]
pub struct CustomTag {
    /// Its name; unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_name: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
    /// The header with its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header_name: Option<String>,
}
