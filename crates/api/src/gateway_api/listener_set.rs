//! `ListenerSet`: listeners that others add to a Gateway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::listener::{Listener, check_listeners};
use super::status::{Condition, ListenerStatus};
use super::{Check, GROUP};
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One ListenerSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerSet {
    /// Name, namespace, creation time (of listeners in conflict the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ListenerSetSpec,
    /// What the controller says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<ListenerSetStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerSetSpec {
    /// Required; the Gateway, which must allow it.
    pub parent_ref: ParentGatewayReference,
    /// Required; 1 to 64.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub listeners: Vec<Listener>,
}

/// The Gateway of a ListenerSet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ParentGatewayReference {
    /// Default: that of the Gateway API.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = GROUP))]
    pub group: String,
    /// Default `Gateway`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Gateway"))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the ListenerSet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
}

impl Default for ParentGatewayReference {
    fn default() -> Self {
        Self { group: GROUP.to_owned(), kind: "Gateway".to_owned(), name: String::new(), namespace: None }
    }
}

/// What the controller says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerSetStatus {
    /// At most 8: `Accepted`, `Programmed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// At most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub listeners: Vec<ListenerStatus>,
}

impl Check for ListenerSet {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        check_listeners(&self.spec.listeners, &at.field("spec").field("listeners"), out);
    }
}
