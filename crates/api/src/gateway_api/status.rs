//! What controllers say about objects of the Gateway API: conditions, for each parent, listener or ancestor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::ParentReference;
use crate::schema::forms;

/// A condition of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Condition {
    /// Such as `Accepted`.
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
    /// One word, such as `NoMatchingParent`.
    #[schemars(length(min = 1, max = 1024), regex(pattern = forms::REASON))]
    pub reason: String,
    /// One sentence, or none.
    #[schemars(length(max = 32768))]
    pub message: String,
}

/// The status of a route of any kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RouteStatus {
    /// At most 32; those of other controllers are theirs.
    #[schemars(length(max = 32))]
    pub parents: Vec<RouteParentStatus>,
}

/// What one controller says about a route at one parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RouteParentStatus {
    /// As it stands in the route.
    pub parent_ref: ParentReference,
    /// Who says it.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::CONTROLLER_NAME))]
    pub controller_name: String,
    /// 1 to 8: `Accepted`, `ResolvedRefs`, `PartiallyInvalid`.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// The status of one listener, of a Gateway or of a ListenerSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerStatus {
    /// Its name.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub name: String,
    /// At most 8; the kinds of routes that it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub supported_kinds: Vec<RouteGroupKind>,
    /// How many routes are attached to it.
    pub attached_routes: i64,
    /// At most 8: `Accepted`, `Programmed`, `ResolvedRefs`, `Conflicted`, `OverlappingTLSConfig`.
    #[schemars(length(max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// A kind of route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RouteGroupKind {
    /// Default: that of the Gateway API; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = super::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
}

impl Default for RouteGroupKind {
    fn default() -> Self {
        Self { group: super::GROUP.to_owned(), kind: String::new() }
    }
}

/// The status of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PolicyStatus {
    /// At most 16; those of other controllers are theirs.
    #[schemars(length(max = 16))]
    pub ancestors: Vec<PolicyAncestorStatus>,
}

/// What one controller says about a policy where it has effect: mostly at one Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PolicyAncestorStatus {
    /// The Gateway, or a part of it.
    pub ancestor_ref: ParentReference,
    /// Who says it.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::CONTROLLER_NAME))]
    pub controller_name: String,
    /// 1 to 8: `Accepted`, `ResolvedRefs`.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
