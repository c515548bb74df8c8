//! `tcpproxy`: bytes instead of requests (reference contour.md 3.22).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::LoadBalancerPolicy;
use super::service::Service;
use crate::schema::is_default;

/// Forwards the connection; services or an include, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TcpProxy {
    /// `Cookie` and `RequestHash` are ignored with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_policy: Option<Box<LoadBalancerPolicy>>,
    /// A service of weight 0 gets nothing unless all weights are 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// The HTTPProxy whose `tcpproxy` is used; may not be a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<Box<TcpProxyInclude>>,
    /// Old spelling of `include`, which comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub includes: Option<Box<TcpProxyInclude>>,
    /// Active checks by connecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_policy: Option<Box<TcpHealthCheckPolicy>>,
}

/// Names another HTTPProxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TcpProxyInclude {
    /// Required.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Default: the namespace of the including HTTPProxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Active TCP checks; 0 means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TcpHealthCheckPolicy {
    /// Seconds between checks; default 10.
    #[serde(skip_serializing_if = "is_default")]
    pub interval_seconds: i64,
    /// Seconds to wait for a connection; default 2.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout_seconds: i64,
    /// Failures until unhealthy, at least 0; default 3.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub unhealthy_threshold_count: i64,
    /// Successes until healthy, at least 0; default 2.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub healthy_threshold_count: i64,
}
