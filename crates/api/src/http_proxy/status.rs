//! What the controller says about an HTTPProxy (reference contour.md 3.24).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{forms, is_default};

/// The status of an HTTPProxy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpProxyStatus {
    /// `valid`, `invalid`, `orphaned`; `NotReconciled` until a controller has looked at it.
    #[serde(skip_serializing_if = "is_default")]
    pub current_status: String,
    /// One sentence about it.
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// Where the host can be reached.
    #[serde(skip_serializing_if = "is_default")]
    pub load_balancer: LoadBalancerStatus,
    /// `Valid`, which follows validation, and `Programmed`, which follows what Envoys acknowledge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<DetailedCondition>,
}

/// What an API server fills in until a controller has looked at the object.
pub(super) fn unreconciled() -> Value {
    json!({"currentStatus": "NotReconciled", "description": "Waiting for controller"})
}

/// Addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LoadBalancerStatus {
    /// One entry per address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub ingress: Vec<LoadBalancerIngress>,
}

/// One address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LoadBalancerIngress {
    /// IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// How the load balancer treats the address; as Kubernetes writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_mode: Option<String>,
    /// Ports with their problems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub ports: Vec<PortStatus>,
}

/// One port of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PortStatus {
    /// Number.
    #[schemars(range(min = 0, max = 65535))]
    pub port: i64,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 316), regex(pattern = forms::QUALIFIED_NAME))]
    pub error: Option<String>,
}

/// A Kubernetes condition with the list of what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct DetailedCondition {
    /// `Valid`, `Programmed`.
    #[schemars(length(max = 316), regex(pattern = forms::QUALIFIED_NAME))]
    pub r#type: String,
    /// `True`, `False`, `Unknown`.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// The generation of the object that this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
    /// RFC 3339, as written.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// `Valid`, `ErrorPresent`.
    #[schemars(length(min = 1, max = 1024), regex(pattern = forms::REASON))]
    pub reason: String,
    /// One sentence.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// Make the object invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<SubCondition>,
    /// Do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<SubCondition>,
}

/// One error or warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SubCondition {
    /// Such as `RouteError`.
    #[schemars(length(max = 316), regex(pattern = forms::QUALIFIED_NAME))]
    pub r#type: String,
    /// Always `True`.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// Such as `RouteActionCountNotValid`.
    #[schemars(length(min = 1, max = 1024), regex(pattern = forms::REASON))]
    pub reason: String,
    /// One sentence, at most 32760 bytes.
    #[schemars(length(max = 32768))]
    pub message: String,
}
