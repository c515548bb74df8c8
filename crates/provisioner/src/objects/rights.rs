//! What a Gateway's own controller may do, by ClusterRoles that are there already: in the namespaces that it reads, and
//! not in others.
//!
//! What is elsewhere than the Gateway cannot be owned by it, and names it instead.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{MADE_FOR, Part, Wanted};
use crate::names::{distant_rights_name, own_rights_name};

const API_VERSION: &str = "rbac.authorization.k8s.io/v1";

/// The bindings: beside the Gateway, in other namespaces, for the whole cluster.
pub(super) fn bindings(wanted: &Wanted<'_>) -> Vec<Value> {
    let role = &wanted.settings.dedicated_role;
    let own = [
        (wanted.name_of(Part::Controller), role.clone()),
        (own_rights_name(wanted.owner.name()), format!("{role}-own")),
    ];
    let own = own.into_iter().map(|(name, role)| {
        let mut metadata = wanted.plain_metadata(Part::Controller);
        metadata["name"] = name.into();
        binding("RoleBinding", &metadata, &role, wanted)
    });
    let elsewhere = wanted.namespaces().into_iter().skip(1).map(|namespace| {
        let mut metadata = unowned(wanted);
        metadata["namespace"] = namespace.into();
        binding("RoleBinding", &metadata, role, wanted)
    });
    let cluster = binding("ClusterRoleBinding", &unowned(wanted), &format!("{role}-cluster"), wanted);
    own.chain(elsewhere).chain([cluster]).collect()
}

/// The metadata of an object that is not beside its Gateway.
fn unowned(wanted: &Wanted<'_>) -> Value {
    let (namespace, name) = (wanted.namespace(), wanted.owner.name());
    let mut metadata = wanted.metadata(Part::Controller, &BTreeMap::new());
    metadata["name"] = distant_rights_name(namespace, name).into();
    metadata["annotations"][MADE_FOR] = format!("{namespace}/{name}").into();
    if let Some(fields) = metadata.as_object_mut() {
        fields.shift_remove("namespace");
        fields.shift_remove("ownerReferences");
    }
    metadata
}

fn binding(kind: &str, metadata: &Value, role: &str, wanted: &Wanted<'_>) -> Value {
    let account = wanted.name_of(Part::Controller);
    json!({
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": wanted.namespace()}],
    })
}
