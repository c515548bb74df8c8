//! Whose an object is, as far as that is believed: anybody can write an owner's name into an object of a namespace of theirs.

use api::meta::ObjectMeta;
use model::FleetOwner;
use serde_json::Value;

use crate::names::{MANAGED_BY, MANAGER, distant_rights_name, names_beside};

/// Names the Gateway of an object that cannot be owned by it, being in another namespace, or in none.
pub(super) const MADE_FOR: &str = "projectcontour.io/made-for-gateway";

/// For whom an object was made, if it was made here. The namespace is that of the controllers.
#[must_use]
pub fn made_for(metadata: &ObjectMeta, controllers: &str) -> Option<FleetOwner> {
    let manager = metadata.labels.as_ref()?.get(MANAGED_BY)?;
    if manager == MANAGER { owner(metadata, controllers) } else { None }
}

/// The Gateway, or the class, that an object belongs to: its owner, or, where it cannot have one, the Gateway that it names.
/// It is believed only where objects of that owner are, and under their names.
pub(crate) fn owner(metadata: &ObjectMeta, controllers: &str) -> Option<FleetOwner> {
    let name = metadata.name.as_deref()?;
    let Some(owner) = said_owner(metadata) else { return distant_owner(metadata, name) };
    let is_at_home = match &owner {
        FleetOwner::Gateway(_) => true,
        FleetOwner::Class(_) => metadata.namespace.as_deref() == Some(controllers),
    };
    (is_at_home && names_beside(&owner).iter().any(|made| made == name)).then_some(owner)
}

fn said_owner(metadata: &ObjectMeta) -> Option<FleetOwner> {
    let owners = metadata.owner_references.iter().flatten();
    let mut owners = owners.filter(|owner| owner.api_version.starts_with(api::gateway_api::GROUP));
    owners.find_map(|owner| match owner.kind.as_str() {
        "Gateway" => Some(FleetOwner::gateway(metadata.namespace.as_deref()?, &*owner.name)),
        "GatewayClass" => Some(FleetOwner::Class(owner.name.as_str().into())),
        _ => None,
    })
}

fn distant_owner(metadata: &ObjectMeta, name: &str) -> Option<FleetOwner> {
    let (namespace, gateway) = metadata.annotations.as_ref()?.get(MADE_FOR)?.split_once('/')?;
    (name == distant_rights_name(namespace, gateway)).then(|| FleetOwner::gateway(namespace, gateway))
}

/// Whether an object does not go with its Gateway by itself.
pub(crate) fn outlives_gateway(object: &Value) -> bool {
    object["metadata"]["annotations"].get(MADE_FOR).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn found(metadata: &Value) -> Option<FleetOwner> {
        owner(&from_value(metadata.clone()).unwrap(), "isobath")
    }

    fn owned(kind: &str, owner: &str, namespace: &str, name: &str) -> Value {
        let owners =
            json!([{"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "name": owner, "uid": "u"}]);
        json!({"namespace": namespace, "name": name, "ownerReferences": owners})
    }

    #[test]
    fn an_owner_is_believed_where_its_objects_are_and_under_their_names() {
        let gateway = Some(FleetOwner::gateway("shop", "web"));
        for name in [
            "isobath-web",
            "isobathcontroller-web",
            "isobathcontroller-web:own",
            "isobathcert-web",
            "envoycert-web",
            "nextcerts-web",
        ] {
            assert_eq!(found(&owned("Gateway", "web", "shop", name)), gateway, "{name}");
        }
        assert_eq!(found(&owned("Gateway", "web", "shop", "isobath-other")), None);
        let class = Some(FleetOwner::Class("edge".into()));
        assert_eq!(found(&owned("GatewayClass", "edge", "isobath", "isobath-gatewayclass-edge")), class);
        assert_eq!(found(&owned("GatewayClass", "edge", "shop", "isobath-gatewayclass-edge")), None);
        assert_eq!(found(&owned("GatewayClass", "edge", "isobath", "isobathcontroller-edge")), None);
    }

    #[test]
    fn a_gateway_that_is_named_is_believed_of_rights_elsewhere_alone() {
        let named = |name: &str| {
            found(&json!({"namespace": "team", "name": name, "annotations": {MADE_FOR: "shop/web"}}))
        };
        assert_eq!(named("isobathcontroller:shop:web"), Some(FleetOwner::gateway("shop", "web")));
        assert_eq!(named("isobathcontroller:shop:other"), None);
        assert_eq!(named("isobath-web"), None);
        assert_eq!(found(&json!({"namespace": "team", "name": "isobathcontroller:shop:web"})), None);
    }
}
