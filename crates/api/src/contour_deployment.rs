//! `ContourDeployment`: how the provisioner sets up what serves a Gateway (reference contour.md 2.3).

mod envoy;
mod parameters;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DeploymentStrategy;
use k8s_openapi::api::core::v1::{ResourceRequirements, Toleration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::contour_configuration::ContourConfigurationSpec;
use crate::http_proxy::status::DetailedCondition;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms, is_default, kubernetes};

pub use envoy::{
    DaemonSetSettings, EnvoyLogLevel, EnvoySettings, ExternalTrafficPolicy, Gateways, IpFamilyPolicy,
    NetworkPublishing, PublishingType, WorkloadType,
};
pub use parameters::{InvalidParameters, KEPT_GATEWAYS, ParametersRef, parameters_of_class};

/// How the provisioner sets up what serves a Gateway; a GatewayClass refers to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourDeployment {
    /// Name and namespace.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[serde(skip_serializing_if = "is_default")]
    pub spec: ContourDeploymentSpec,
    /// In the schema for compatibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<ContourDeploymentStatus>>,
}

/// Conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourDeploymentStatus {
    /// Never written by the controller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<DetailedCondition>,
}

/// What is wanted; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourDeploymentSpec {
    /// The controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contour: Option<Box<ContourSettings>>,
    /// The Envoys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envoy: Option<Box<EnvoySettings>>,
    /// What the controller is configured with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_settings: Option<Box<ContourConfigurationSpec>>,
    /// Labels of all that is made; the Gateway's infrastructure labels are the newer way.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_labels: BTreeMap<String, String>,
}

choices! {
    /// Whom a controller serves.
    Tenancy {
        /// All Gateways that have none of their own (default).
        Shared = "Shared",
        /// One Gateway, beside which it runs.
        Dedicated = "Dedicated",
    }
}

choices! {
    /// How much the controller logs.
    ContourLogLevel {
        /// What happens.
        Info = "info",
        /// How it happens, too.
        Debug = "debug",
    }
}

choices! {
    /// Kinds that the controller can do without.
    Feature {
        /// GRPCRoute.
        GrpcRoutes = "grpcroutes",
        /// TLSRoute.
        TlsRoutes = "tlsroutes",
        /// ExtensionService.
        ExtensionServices = "extensionservices",
        /// BackendTLSPolicy.
        BackendTlsPolicies = "backendtlspolicies",
    }
}

/// The controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ContourSettings {
    /// `Shared`. The other fields have an effect with `Dedicated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<Choice<Tenancy>>,
    /// Pods; 2. `deployment.replicas` is the newer way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub replicas: Option<i64>,
    /// Where Pods may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_placement: Option<Box<NodePlacement>>,
    /// How much the Kubernetes client logs, 0 to 9; 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9))]
    pub kubernetes_log_level: Option<i64>,
    /// `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<Choice<ContourLogLevel>>,
    /// What a container needs and may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::resources")]
    pub resources: Option<ResourceRequirements>,
    /// The Deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentSettings>,
    /// Annotations of Pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
    /// Namespaces whose objects are read beside the Gateway's own, where a class says `Dedicated`; none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 42), inner(length(min = 1, max = 63), regex(pattern = forms::LABEL)))]
    pub watch_namespaces: Vec<String>,
    /// Kinds that are not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 42))]
    pub disabled_features: Vec<Choice<Feature>>,
}

/// A Deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct DeploymentSettings {
    /// Pods; 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub replicas: Option<i64>,
    /// How Pods are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::rollout")]
    pub strategy: Option<DeploymentStrategy>,
}

/// Where Pods may run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct NodePlacement {
    /// Labels that a node must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that do not matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "kubernetes::tolerations")]
    pub tolerations: Vec<Toleration>,
}
