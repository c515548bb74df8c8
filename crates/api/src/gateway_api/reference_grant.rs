//! `ReferenceGrant`: who may refer to objects of a namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One ReferenceGrant; it has no status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ReferenceGrant {
    /// Name and namespace; the namespace is the one whose objects may be referred to.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// Who may refer to what.
    pub spec: ReferenceGrantSpec,
}

/// Everyone of `from` may refer to everything of `to`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ReferenceGrantSpec {
    /// Required; 1 to 16.
    #[schemars(length(min = 1, max = 16))]
    pub from: Vec<ReferenceGrantFrom>,
    /// Required; 1 to 16.
    #[schemars(length(min = 1, max = 16))]
    pub to: Vec<ReferenceGrantTo>,
}

/// Objects of one kind in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ReferenceGrantFrom {
    /// Required; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: String,
}

/// Objects of one kind, or one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ReferenceGrantTo {
    /// Required; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
    /// Default: all of that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
}

impl Check for ReferenceGrant {
    fn check(&self, _: &At<'_>, _: &mut Findings) {}
}
