//! Which Gateways a controller serves: one, or all that have no controller of their own.
//!
//! What it does not serve is left out between the watches and the engine, as if it were not there.

use std::collections::BTreeSet;

use api::Object;
use clap::Args;
use kubernetes::lease::OwnerReference;
use kubernetes::watch::Batch;
use model::{FleetId, FleetOwner, GatewayName, Kind, ObjectId};
use provisioner::is_dedicated;
use status::{Input, Target};
use store::Change;

/// What flags say of the Gateways that are served.
#[derive(Debug, Clone, Args)]
pub(super) struct TenancyArguments {
    /// Serves this Gateway and no other, as a controller that the provisioner has made for it.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = gateway_name)]
    dedicated_to_gateway: Option<GatewayName>,
    /// The uid of this Gateway.
    #[arg(long, env = "GATEWAY_UID", hide = true)]
    gateway_uid: Option<String>,
}

impl TenancyArguments {
    pub(super) fn tenancy(&self) -> Tenancy {
        Tenancy {
            only: self.dedicated_to_gateway.clone(),
            uid: self.gateway_uid.clone().filter(|uid| !uid.is_empty()),
            elsewhere: BTreeSet::new(),
        }
    }
}

fn gateway_name(text: &str) -> Result<GatewayName, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(GatewayName { namespace: namespace.into(), name: name.into() })
        }
        _ => Err("want NAMESPACE/NAME of a Gateway".to_owned()),
    }
}

/// Which Gateways a controller serves.
#[derive(Debug, Clone)]
pub(super) struct Tenancy {
    /// The one that it is for.
    only: Option<GatewayName>,
    uid: Option<String>,
    /// Gateways that are served by their own controllers, as far as they were told.
    elsewhere: BTreeSet<ObjectId>,
}

impl Tenancy {
    /// The one Gateway that this controller is for; `None` for a shared one.
    pub(super) const fn only(&self) -> Option<&GatewayName> {
        self.only.as_ref()
    }

    /// The Envoys that have certificates from the CA of this controller.
    pub(super) fn fleet(&self) -> FleetId {
        self.only.clone().map_or_else(FleetId::ingress, |only| FleetOwner::Gateway(only).into())
    }

    /// Which Secrets are read: some are for controllers of single Gateways alone.
    pub(super) const fn secret_labels(&self) -> Option<&'static str> {
        match self.only {
            Some(_) => None,
            None => Some("projectcontour.io/tenancy!=Dedicated"),
        }
    }

    /// With what goes what this controller leaves in the cluster.
    pub(super) fn owner(&self) -> Option<OwnerReference> {
        let (only, uid) = self.only().zip(self.uid.clone())?;
        Some(OwnerReference {
            api_version: "gateway.networking.k8s.io/v1".to_owned(),
            kind: "Gateway".to_owned(),
            name: only.name.to_string(),
            uid,
            ..OwnerReference::default()
        })
    }

    /// Leaves out what is not served, and says what whoever writes statuses must know of it.
    pub(super) fn choose(&mut self, batch: &mut Batch) -> Vec<Input> {
        let mut told = Vec::new();
        let changes = std::mem::take(&mut batch.changes);
        batch.changes = changes.into_iter().filter_map(|change| self.chosen(change, &mut told)).collect();
        // Of one that cannot be read, the sign can be.
        batch.unreadable.retain(|each| {
            let id = &each.report.object;
            self.serves(id, each.object.as_ref().is_some_and(bears_sign), &mut told)
        });
        told
    }

    fn chosen(&mut self, mut change: Change, told: &mut Vec<Input>) -> Option<Change> {
        if let (Some(_), Change::Applied(Object::GatewayClass(class))) = (&self.only, &mut change) {
            // They may say already that its Gateways share Envoys: those of its own are served until they are gone.
            class.spec.parameters_ref = None;
        }
        let sign = match &change {
            Change::Applied(Object::Gateway(gateway)) => is_dedicated(gateway),
            Change::Removed(id) if id.kind == Kind::Gateway => false,
            Change::Applied(_) | Change::Removed(_) => return Some(change),
        };
        let id = change.object();
        let was_served = !self.elsewhere.contains(&id);
        match self.serves(&id, sign, told) {
            true => Some(change),
            // It was served until now, perhaps.
            false => (self.only.is_none() && was_served).then_some(Change::Removed(id)),
        }
    }

    /// Whether an object is to be served, as far as its Gateway says it.
    fn serves(&mut self, id: &ObjectId, bears_sign: bool, told: &mut Vec<Input>) -> bool {
        if id.kind != Kind::Gateway {
            return true;
        }
        let Some(gateway) = Target::of(id) else { return true };
        if let Some(only) = self.only() {
            let is_it = (&id.namespace, &id.name) == (&only.namespace, &only.name);
            told.extend(is_it.then_some(Input::Served(gateway, bears_sign)));
            return is_it;
        }
        told.push(Input::Served(gateway, !bears_sign));
        match bears_sign {
            true => self.elsewhere.insert(id.clone()),
            false => self.elsewhere.remove(id),
        };
        !bears_sign
    }
}

fn bears_sign(object: &Object) -> bool {
    matches!(object, Object::Gateway(gateway) if is_dedicated(gateway))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tenancy(only: Option<&str>) -> Tenancy {
        let dedicated_to_gateway = only.map(|name| gateway_name(name).unwrap());
        TenancyArguments { dedicated_to_gateway, gateway_uid: Some("1".to_owned()) }.tenancy()
    }

    fn gateway(name: &str, annotations: &Value) -> Change {
        let metadata = json!({"namespace": "shop", "name": name, "annotations": annotations});
        let object = json!({"metadata": metadata, "spec": {"gatewayClassName": "c", "listeners": []}});
        Change::Applied(api::decode(api::Kind::Gateway, object).unwrap().object)
    }

    fn signed(name: &str) -> Change {
        gateway(name, &json!({"projectcontour.io/tenancy": "Dedicated"}))
    }

    /// What becomes of these changes: what the engine gets, and what is told of whom.
    fn chosen(tenancy: &mut Tenancy, changes: Vec<Change>) -> (Vec<String>, Vec<String>) {
        let mut batch = Batch { changes, ..Batch::default() };
        let told = tenancy.choose(&mut batch);
        let change = |change: &Change| match change {
            Change::Applied(object) => format!("applied {}", object.name()),
            Change::Removed(id) => format!("removed {}", id.name),
        };
        let told = told.into_iter().map(|input| match input {
            Input::Served(target, is_ours) => format!("{} {is_ours}", target.name),
            other => format!("{other:?}"),
        });
        (batch.changes.iter().map(change).collect(), told.collect())
    }

    fn all(changes: &[&str], told: &[&str]) -> (Vec<String>, Vec<String>) {
        let texts = |all: &[&str]| all.iter().map(|each| (*each).to_owned()).collect();
        (texts(changes), texts(told))
    }

    #[test]
    fn a_shared_controller_leaves_out_gateways_with_controllers_of_their_own() {
        let mut shared = tenancy(None);
        let plain = || gateway("web", &Value::Null);
        assert_eq!(chosen(&mut shared, vec![plain()]), all(&["applied web"], &["web true"]));
        assert_eq!(chosen(&mut shared, vec![signed("web")]), all(&["removed web"], &["web false"]));
        // What happens to it costs nothing.
        assert_eq!(chosen(&mut shared, vec![signed("web")]), all(&[], &["web false"]));
        assert_eq!(chosen(&mut shared, vec![plain()]), all(&["applied web"], &["web true"]));
        let gone = Change::Removed(plain().object());
        assert_eq!(chosen(&mut shared, vec![gone]), all(&["removed web"], &["web true"]));
    }

    #[test]
    fn a_dedicated_controller_serves_its_gateway_and_writes_about_it_when_that_says_so() {
        let mut own = tenancy(Some("shop/web"));
        let changes = || vec![gateway("web", &Value::Null), gateway("other", &Value::Null), signed("third")];
        assert_eq!(chosen(&mut own, changes()), all(&["applied web"], &["web false"]));
        assert_eq!(chosen(&mut own, vec![signed("web")]), all(&["applied web"], &["web true"]));
        let gone = Change::Removed(signed("web").object());
        assert_eq!(chosen(&mut own, vec![gone]), all(&["removed web"], &["web false"]));
        assert_eq!(own.owner().unwrap().uid, "1");
        assert_eq!(own.fleet(), FleetId::gateway("shop", "web"));
    }

    #[test]
    fn a_dedicated_controller_serves_its_gateway_whatever_the_class_says_of_others() {
        let parameters =
            json!({"group": "projectcontour.io", "kind": "ContourDeployment", "namespace": "a", "name": "p"});
        let spec = json!({"controllerName": "a/b", "parametersRef": parameters});
        let class = json!({"metadata": {"name": "c"}, "spec": spec});
        let class = api::decode(api::Kind::GatewayClass, class).unwrap().object;
        let names_parameters = |only| {
            let mut batch = Batch { changes: vec![Change::Applied(class.clone())], ..Batch::default() };
            tenancy(only).choose(&mut batch);
            let named = batch.changes.iter().map(|change| match change {
                Change::Applied(Object::GatewayClass(class)) => class.spec.parameters_ref.is_some(),
                other => panic!("{other:?}"),
            });
            named.collect::<Vec<_>>()
        };
        assert_eq!(names_parameters(Some("shop/web")), [false]);
        assert_eq!(names_parameters(None), [true]);
    }

    #[test]
    fn a_gateway_is_named_with_its_namespace() {
        for wrong in ["web", "/web", "shop/", "a/b/c", ""] {
            assert_eq!(gateway_name(wrong), Err("want NAMESPACE/NAME of a Gateway".to_owned()), "{wrong}");
        }
    }
}
