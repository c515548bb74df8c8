//! What the controller says about an HTTPProxy (reference contour.md 3.24).

use serde::{Deserialize, Serialize};

/// The status of an HTTPProxy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpProxyStatus {
    /// `valid`, `invalid`, `orphaned`; `NotReconciled` until a controller has looked at it.
    pub current_status: String,
    /// One sentence about it.
    pub description: String,
    /// Where the host can be reached.
    pub load_balancer: LoadBalancerStatus,
    /// One condition of type `Valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<DetailedCondition>,
}

/// Addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerStatus {
    /// One entry per address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<LoadBalancerIngress>,
}

/// One address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
    pub ports: Vec<PortStatus>,
}

/// One port of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PortStatus {
    /// Number.
    pub port: i64,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A Kubernetes condition with the list of what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DetailedCondition {
    /// `Valid`.
    pub r#type: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// The generation of the object that this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// RFC 3339, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
    /// `Valid`, `ErrorPresent`.
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// Make the object invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<SubCondition>,
    /// Do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<SubCondition>,
}

/// One error or warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubCondition {
    /// Such as `RouteError`.
    pub r#type: String,
    /// Always `True`.
    pub status: String,
    /// Such as `RouteActionCountNotValid`.
    pub reason: String,
    /// One sentence, at most 32760 bytes.
    pub message: String,
}
