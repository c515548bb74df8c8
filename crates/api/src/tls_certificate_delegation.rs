//! `TLSCertificateDelegation`: who may use the certificates of a namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http_proxy::status::DetailedCondition;
use crate::meta::ObjectMeta;
use crate::schema;

/// Lets other namespaces refer to Secrets of the namespace it lives in (reference contour.md 2.5).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsCertificateDelegation {
    /// Name and namespace; the namespace is the one whose Secrets are delegated.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is delegated to whom.
    pub spec: TlsCertificateDelegationSpec,
    /// Written by the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<TlsCertificateDelegationStatus>>,
}

/// The list of delegations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsCertificateDelegationSpec {
    /// Required.
    #[schemars(length(min = 1))]
    pub delegations: Vec<CertificateDelegation>,
}

/// One Secret and the namespaces that may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CertificateDelegation {
    /// Required; name of a Secret in the namespace of the delegation.
    #[schemars(length(min = 1))]
    pub secret_name: String,
    /// Required; `*` stands for all namespaces, only when it is the sole element.
    #[schemars(length(min = 1))]
    pub target_namespaces: Vec<String>,
}

/// Conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsCertificateDelegationStatus {
    /// One condition of type `Valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<DetailedCondition>,
}
