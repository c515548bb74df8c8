//! The Envoys of a Gateway.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSetUpdateStrategy;
use k8s_openapi::api::core::v1::{ResourceRequirements, Volume, VolumeMount};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeploymentSettings, NodePlacement};
use crate::Choice;
use crate::choice::choices;
use crate::schema::kubernetes;

choices! {
    /// What runs Envoys.
    WorkloadType {
        /// One on each node (default).
        DaemonSet = "DaemonSet",
        /// Some.
        Deployment = "Deployment",
    }
}

choices! {
    /// Which Envoys serve the Gateways of a class.
    Gateways {
        /// Each Gateway has its own, in its namespace (default).
        Separate = "Separate",
        /// All share those of the class, in the namespace of the controllers.
        Merged = "Merged",
    }
}

choices! {
    /// How much Envoy logs.
    EnvoyLogLevel {
        /// Everything.
        Trace = "trace",
        /// What helps to look for faults.
        Debug = "debug",
        /// What happens (default).
        Info = "info",
        /// What is odd.
        Warn = "warn",
        /// What went wrong.
        Error = "error",
        /// What Envoy cannot go on after.
        Critical = "critical",
        /// Nothing.
        Off = "off",
    }
}

/// The Envoys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct EnvoySettings {
    /// `Separate`. Of no effect beside a Gateway: it is said of all Gateways of a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<Choice<Gateways>>,
    /// `DaemonSet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_type: Option<Choice<WorkloadType>>,
    /// Pods of a Deployment; 2. `deployment.replicas` is the newer way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub replicas: Option<i64>,
    /// The Service in front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_publishing: Option<Box<NetworkPublishing>>,
    /// Where Pods may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_placement: Option<Box<NodePlacement>>,
    /// Further volumes of Pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "kubernetes::volumes")]
    pub extra_volumes: Vec<Volume>,
    /// Where they are mounted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "kubernetes::volume_mounts")]
    pub extra_volume_mounts: Vec<VolumeMount>,
    /// Annotations of Pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
    /// What a container needs and may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::resources")]
    pub resources: Option<ResourceRequirements>,
    /// `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<Choice<EnvoyLogLevel>>,
    /// The DaemonSet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon_set: Option<DaemonSetSettings>,
    /// The Deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentSettings>,
    /// Tells Envoys that share a machine's memory apart, at least 0; 0.
    #[serde(rename = "baseID", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub base_id: Option<i64>,
    /// Bytes of memory at which Envoy begins to refuse work, at least 0; 0: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub overload_max_heap_size: Option<i64>,
    /// Connections of clients at which Envoy refuses more, at least 0; 0: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub overload_max_downstream_connections: Option<i64>,
}

/// A DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct DaemonSetSettings {
    /// How Pods are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::rollout")]
    pub update_strategy: Option<DaemonSetUpdateStrategy>,
}

choices! {
    /// The type of the Service in front.
    PublishingType {
        /// LoadBalancer (default).
        LoadBalancer = "LoadBalancerService",
        /// NodePort.
        NodePort = "NodePortService",
        /// ClusterIP.
        ClusterIp = "ClusterIPService",
    }
}

choices! {
    /// Whether nodes hand connections on.
    ExternalTrafficPolicy {
        /// They do not, and Envoy sees the client's address (default).
        Local = "Local",
        /// They do.
        Cluster = "Cluster",
    }
}

choices! {
    /// Which families of addresses the Service has.
    IpFamilyPolicy {
        /// One (default).
        Single = "SingleStack",
        /// Both where the cluster has both.
        PreferDual = "PreferDualStack",
        /// Both.
        RequireDual = "RequireDualStack",
    }
}

/// The Service in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct NetworkPublishing {
    /// `LoadBalancerService`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Choice<PublishingType>>,
    /// `Local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_traffic_policy: Option<Choice<ExternalTrafficPolicy>>,
    /// `SingleStack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_family_policy: Option<Choice<IpFamilyPolicy>>,
    /// Annotations of the Service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub service_annotations: BTreeMap<String, String>,
}
