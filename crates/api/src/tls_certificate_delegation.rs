//! `TLSCertificateDelegation`: who may use the certificates of a namespace.

use serde::{Deserialize, Serialize};

use crate::http_proxy::status::DetailedCondition;
use crate::meta::ObjectMeta;

/// Lets other namespaces refer to Secrets of the namespace it lives in (reference contour.md 2.5).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsCertificateDelegation {
    /// Name and namespace; the namespace is the one whose Secrets are delegated.
    pub metadata: ObjectMeta,
    /// What is delegated to whom.
    pub spec: TlsCertificateDelegationSpec,
    /// In the schema for compatibility; nothing writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<TlsCertificateDelegationStatus>>,
}

/// The list of delegations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsCertificateDelegationSpec {
    /// Required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<CertificateDelegation>,
}

/// One Secret and the namespaces that may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateDelegation {
    /// Required; name of a Secret in the namespace of the delegation.
    pub secret_name: String,
    /// Required; `*` stands for all namespaces, only when it is the sole element.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_namespaces: Vec<String>,
}

/// Conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsCertificateDelegationStatus {
    /// Never written by the controller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<DetailedCondition>,
}
