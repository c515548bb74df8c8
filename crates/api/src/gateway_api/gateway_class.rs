//! `GatewayClass`: which controller serves Gateways, and with which parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::references::ObjectReference;
use super::status::Condition;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One GatewayClass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayClass {
    /// The name that Gateways give; creation time (the oldest wins, if only one can be served).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: GatewayClassSpec,
    /// What the controller says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<GatewayClassStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayClassSpec {
    /// Required; a name with a domain, such as `example.com/gateway`. An API server lets nobody change it.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::CONTROLLER_NAME))]
    pub controller_name: String,
    /// What the Gateways of this class have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<ObjectReference>,
    /// At most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub description: Option<String>,
}

/// What the controller says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayClassStatus {
    /// At most 8: `Accepted`, `SupportedVersion`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// At most 64, in the order of the alphabet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub supported_features: Vec<SupportedFeature>,
}

/// A feature of the conformance tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SupportedFeature {
    /// Such as `HTTPRouteCORS`.
    pub name: String,
}

impl Check for GatewayClass {
    fn check(&self, _: &At<'_>, _: &mut Findings) {}
}
