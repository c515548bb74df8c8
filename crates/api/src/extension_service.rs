//! `ExtensionService`: a service that Envoy itself asks, about a request or after it (reference contour.md 2.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::http_proxy::policy::{LoadBalancerPolicy, TimeoutPolicy};
use crate::http_proxy::service::UpstreamValidation;
use crate::http_proxy::status::DetailedCondition;
use crate::meta::ObjectMeta;
use crate::schema::{self, is_default};

/// A service that Envoy asks who may pass, how much is too much, or tells what happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ExtensionService {
    /// Name and namespace; the namespace is that of its Services, too.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// How it is reached.
    pub spec: ExtensionServiceSpec,
    /// Written by the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<ExtensionServiceStatus>>,
}

choices! {
    /// How Envoy speaks to it.
    ExtensionProtocol {
        /// HTTP/1.1 in clear text.
        Http1 = "http/1.1",
        /// HTTP/2 over TLS (default).
        H2 = "h2",
        /// HTTP/2 in clear text.
        H2c = "h2c",
    }
}

choices! {
    /// The version of Envoy's protocols that it speaks.
    ExtensionProtocolVersion {
        /// Version 3, the only one.
        V3 = "v3",
    }
}

/// How it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ExtensionServiceSpec {
    /// Required, at least one.
    #[schemars(length(min = 1))]
    pub services: Vec<ExtensionServiceTarget>,
    /// Checks its certificate; with `h2` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Box<UpstreamValidation>>,
    /// Default `h2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Choice<ExtensionProtocol>>,
    /// How an endpoint is chosen; without `Cookie` and `RequestHash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_policy: Option<Box<LoadBalancerPolicy>>,
    /// `response` and `idleConnection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_policy: Option<Box<TimeoutPolicy>>,
    /// `v3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<Choice<ExtensionProtocolVersion>>,
    /// Limits of use, in place of all that the operator decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_breaker_policy: Option<Box<CircuitBreakers>>,
}

/// A Service of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ExtensionServiceTarget {
    /// Required; name of the Service.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Required; 1 to 65535, a port of the Service, by number.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i64,
    /// At least 0; its share. All zero means equal shares.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub weight: i64,
}

/// Limits of use; 0 is Envoy's own limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CircuitBreakers {
    /// Connections.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub max_connections: i64,
    /// Requests that wait for a connection.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub max_pending_requests: i64,
    /// Requests at once.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub max_requests: i64,
    /// Retries at once.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub max_retries: i64,
    /// Connections to one endpoint.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub per_host_max_connections: i64,
}

/// What the controller says about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ExtensionServiceStatus {
    /// One condition of type `Valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<DetailedCondition>,
}
