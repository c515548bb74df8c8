//! References to other objects: to parents, backends, Secrets and whatever a group defines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Seen;
use super::{Check, GROUP};
use crate::schema::forms;
use crate::validate::{At, Findings};

/// What a route is attached to: a Gateway, a ListenerSet, or one listener of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ParentReference {
    /// Default: that of the Gateway API; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = GROUP))]
    pub group: String,
    /// Default `Gateway`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Gateway"))]
    pub kind: String,
    /// Default: that of the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// One listener of the parent, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub section_name: Option<String>,
    /// The listeners of the parent with this port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
}

impl Default for ParentReference {
    fn default() -> Self {
        Self {
            group: GROUP.to_owned(),
            kind: "Gateway".to_owned(),
            namespace: None,
            name: String::new(),
            section_name: None,
            port: None,
        }
    }
}

/// References to one parent name different parts of it, and in the same way.
pub(super) fn check_parents(parents: &[ParentReference], at: &At<'_>, out: &mut Findings) {
    let (mut objects, mut parts) = (Seen::new(), Seen::new());
    for (index, parent) in parents.iter().enumerate() {
        let ParentReference { group, kind, namespace, name, section_name, port } = parent;
        let object = (group, kind, namespace, name);
        let same_part = parts.earlier((object, section_name, port), index);
        let Some(first) = objects.earlier(object, index) else { continue };
        let is_named_alike = section_name.is_some() == parents[first].section_name.is_some()
            && port.is_some() == parents[first].port.is_some();
        let at = At::Index(at, index);
        if !is_named_alike {
            let way_out = "give sectionName, or port, in all of them";
            out.add(
                &at,
                format!("names the parent of parentRefs[{first}], but not with the same fields; {way_out}"),
            );
        } else if let Some(first) = same_part {
            let way_out = "name another sectionName or port, or take one of them away";
            out.add(&at, format!("is the same as parentRefs[{first}]; {way_out}"));
        }
    }
}

/// Where requests go, without a weight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendObjectReference {
    /// Default: the core group, which is empty.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = ""))]
    pub group: String,
    /// Default `Service`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Service"))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the route; another one must grant it (ReferenceGrant).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
    /// Required for a Service: one of its ports, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
}

impl Default for BackendObjectReference {
    fn default() -> Self {
        Self {
            group: String::new(),
            kind: "Service".to_owned(),
            name: String::new(),
            namespace: None,
            port: None,
        }
    }
}

impl Check for BackendObjectReference {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        // What names nothing is missing as a whole.
        let is_service = self.group.is_empty() && self.kind == "Service" && !self.name.is_empty();
        if is_service && self.port.is_none() {
            out.add(&at.field("port"), "is required for a Service");
        }
    }
}

/// Where connections go, and which share of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendRef {
    /// Default: the core group, which is empty.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = ""))]
    pub group: String,
    /// Default `Service`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Service"))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the route; another one must grant it (ReferenceGrant).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
    /// Required for a Service: one of its ports, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// 0 to 1,000,000; the share among the backends of the rule. Default 1.
    #[schemars(range(min = 0, max = 1_000_000), extend("default" = 1))]
    pub weight: i64,
}

impl Default for BackendRef {
    fn default() -> Self {
        let BackendObjectReference { group, kind, name, namespace, port } = BackendObjectReference::default();
        Self { group, kind, name, namespace, port, weight: 1 }
    }
}

impl BackendRef {
    /// The same without the weight.
    pub fn object(&self) -> BackendObjectReference {
        let Self { group, kind, name, namespace, port, weight: _ } = self.clone();
        BackendObjectReference { group, kind, name, namespace, port }
    }
}

impl Check for BackendRef {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.object().check(at, out);
    }
}

/// Where requests go, which share of them, and what happens to those that go there. `F` is a filter of the route's
/// kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct FilteredBackendRef<F> {
    /// Default: the core group, which is empty.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = ""))]
    pub group: String,
    /// Default `Service`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Service"))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the route; another one must grant it (ReferenceGrant).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
    /// Required for a Service: one of its ports, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// 0 to 1,000,000; the share among the backends of the rule. Default 1.
    #[schemars(range(min = 0, max = 1_000_000), extend("default" = 1))]
    pub weight: i64,
    /// At most 16; for the requests to this backend only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub filters: Vec<F>,
}

impl<F> Default for FilteredBackendRef<F> {
    fn default() -> Self {
        let BackendRef { group, kind, name, namespace, port, weight } = BackendRef::default();
        Self { group, kind, name, namespace, port, weight, filters: Vec::new() }
    }
}

impl<F> FilteredBackendRef<F> {
    /// The same without the weight and the filters.
    pub fn object(&self) -> BackendObjectReference {
        BackendObjectReference {
            group: self.group.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            port: self.port,
        }
    }
}

/// A Secret, or what an implementation takes instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SecretObjectReference {
    /// Default: the core group, which is empty.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP), extend("default" = ""))]
    pub group: String,
    /// Default `Secret`.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND), extend("default" = "Secret"))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the object that refers to it; another one must grant it (ReferenceGrant).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
}

impl Default for SecretObjectReference {
    fn default() -> Self {
        Self { group: String::new(), kind: "Secret".to_owned(), name: String::new(), namespace: None }
    }
}

/// An object of any kind, in any namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ObjectReference {
    /// Required; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Default: that of the object that refers to it, if it has one; another one must grant it (ReferenceGrant).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
}

/// An object of any kind, in the namespace of the object that refers to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LocalObjectReference {
    /// Required; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
