//! What becomes of a fleet: Gateways have Envoys of their own, or share those of their class, and move from the one to the
//! other when the parameters of the class say so.
//!
//! Envoys that others take the place of stay until those are ready and have an address.
//!
//! A Gateway whose Envoys are its own may have a controller of its own, too ([`crate::tenancy`]); who shares Envoys is served by
//! the shared controllers. These may have Envoys that are ready before they serve a Gateway that comes from its own
//! controller: its status tells when they do.

use std::collections::BTreeSet;

use api::contour_deployment::{Gateways, InvalidParameters};
use api::core::Service;
use api::gateway_api::status::Condition;
use api::gateway_api::{Gateway, GatewayClass};
use model::{FleetOwner, GatewayName};
use serde_json::{Value, from_value};

use super::{ChildKind, World};
use crate::addresses::reached;
use crate::objects::{Owner, Part};
use crate::ports::Port;
use crate::sign::{keeps_merged, kept};
use crate::tenancy::is_dedicated;

/// What is to become of a fleet.
pub(super) enum Fate<'a> {
    /// It is to be there for these Gateways.
    Wanted(Owner<'a>, Vec<&'a Gateway>),
    /// It goes.
    Unwanted,
    /// It goes once others, which the shared controllers serve, have taken its place.
    Replaced,
    /// Its Gateway is gone, and with it what that owns.
    Gone,
    /// It stays as it is.
    Left,
}

impl World {
    pub(super) fn fate(&self, id: &FleetOwner) -> Result<Fate<'_>, InvalidParameters> {
        let Some(owner) = self.served(id) else { return Ok(self.farewell(id)) };
        match owner {
            Owner::Gateway(gateway) => match self.class(&gateway.spec.gateway_class_name) {
                Some(class) if self.is_merged(class).map_err(|why| told_of(class, why))? => {
                    Ok(self.giving_way(gateway, class))
                }
                Some(_) | None => Ok(Fate::Wanted(owner, vec![gateway])),
            },
            Owner::Class(class) => {
                let gateways = self.gateways_of(class);
                Ok(match self.is_merged(class)? {
                    true if gateways.is_empty() => Fate::Unwanted,
                    true => Fate::Wanted(owner, gateways),
                    false => {
                        let own = gateways.into_iter().map(|gateway| Owner::Gateway(gateway).id());
                        self.replaced_by(&own.collect::<Vec<_>>())
                    }
                })
            }
        }
    }

    /// What was made goes when the class is another controller's now. It stays when nobody knows the class, and where it
    /// goes by its owner references.
    fn farewell<'a>(&self, id: &FleetOwner) -> Fate<'a> {
        let class = match id {
            FleetOwner::Gateway(_) => {
                let Some(gateway) = self.gateway(id) else { return Fate::Gone };
                self.classes.get(&gateway.spec.gateway_class_name)
            }
            FleetOwner::Class(name) => self.classes.get(&**name),
        };
        if class.is_some_and(|class| !self.is_ours(class)) { Fate::Unwanted } else { Fate::Left }
    }

    /// What becomes of a Gateway's own Envoys where it is to have those of its class.
    fn giving_way<'a>(&self, gateway: &Gateway, class: &GatewayClass) -> Fate<'a> {
        let (own, shared) = (Owner::Gateway(gateway).id(), Owner::Class(class).id());
        let has_no_controller = self.children_of(&own).all(|(_, object)| !Part::Controller.has(object));
        // The shared controllers serve it when the sign is gone and they have noticed: the Envoys of its class, which may
        // have been ready before, have it later still.
        match !is_dedicated(gateway) && (has_no_controller || self.is_reached_at(gateway, &shared)) {
            true => self.replaced_by(&[shared]),
            false => Fate::Replaced,
        }
    }

    /// Whether the status of a Gateway says that clients reach it where this fleet is, if that is anywhere, and that
    /// nothing is waited for.
    fn is_reached_at(&self, gateway: &Gateway, fleet: &FleetOwner) -> bool {
        let Some(service) = self.of_envoys(fleet, ChildKind::Service) else { return true };
        let service: Option<Service> = from_value(service.clone()).ok();
        let reached = service.and_then(|service| reached(&service, &self.settings.namespace));
        let there = reached.map_or_else(Vec::new, |(_, reached)| reached.addresses);
        gateway.status.as_ref().is_some_and(|status| {
            let has_come = status.addresses.iter().all(|address| there.contains(address));
            has_come && !status.addresses.is_empty() && !status.conditions.iter().any(is_pending)
        })
    }

    fn replaced_by<'a>(&self, others: &[FleetOwner]) -> Fate<'a> {
        if others.iter().all(|other| self.is_ready(other)) { Fate::Unwanted } else { Fate::Replaced }
    }

    /// Whether the Gateways of a class share their Envoys.
    fn is_merged(&self, class: &GatewayClass) -> Result<bool, InvalidParameters> {
        Ok(Gateways::said_by(self.parameters_of_class(class)?) == Gateways::Merged)
    }

    /// What is to be merged into a class, so that it keeps whether its Gateways share their Envoys; `None` when it does.
    pub(super) fn sign_of_class(&self, id: &FleetOwner) -> Result<Option<Value>, InvalidParameters> {
        let Some(Owner::Class(class)) = self.served(id) else { return Ok(None) };
        let is_merged = self.is_merged(class)?;
        Ok((is_merged != keeps_merged(class)).then(|| kept(class, is_merged)))
    }

    /// The Gateways of a class that are there and stay.
    fn gateways_of(&self, class: &GatewayClass) -> Vec<&Gateway> {
        let name = class.metadata.name.as_deref().unwrap_or_default();
        let all = self.gateways.values().filter(|gateway| gateway.spec.gateway_class_name == name);
        all.filter(|gateway| gateway.metadata.deletion_timestamp.is_none()).collect()
    }

    /// Whether the Envoys of a fleet are all there, and clients can reach them, where there is anything to reach.
    fn is_ready(&self, id: &FleetOwner) -> bool {
        let gateways = match self.served(id) {
            Some(Owner::Gateway(gateway)) => vec![gateway],
            Some(Owner::Class(class)) => self.gateways_of(class),
            None => vec![],
        };
        let runs = self.of_envoys(id, ChildKind::DaemonSet).is_some_and(daemon_set_is_ready)
            || self.of_envoys(id, ChildKind::Deployment).is_some_and(deployment_is_ready);
        let ports = self.ports(&gateways);
        let is_reached = || {
            let service = self.of_envoys(id, ChildKind::Service);
            service.is_some_and(|service| has_address(service) && leads_to(service, &ports))
        };
        runs && (ports.is_empty() || is_reached())
    }

    /// The class of a Gateway may be concerned by what becomes of that.
    pub(super) fn mark_class_of(&mut self, gateway: &GatewayName) {
        let class = self.gateways.get(gateway).map(|gateway| gateway.spec.gateway_class_name.clone());
        class.iter().for_each(|class| self.mark_class(class));
    }

    /// What Gateways of a class share is to be looked at again, where they do, or did.
    pub(super) fn mark_class(&mut self, name: &str) {
        let owner = FleetOwner::Class(name.into());
        let shares = self
            .class(name)
            .is_some_and(|class| keeps_merged(class) || self.is_merged(class).unwrap_or(false));
        if shares || self.children_of(&owner).next().is_some() {
            self.dirty.insert(owner);
        }
    }

    /// Fleets that go once this one is ready are to be looked at again.
    pub(super) fn mark_replaced_by(&mut self, id: &FleetOwner) {
        let class = |owner: &FleetOwner| match owner {
            FleetOwner::Class(name) => Some(name.to_string()),
            FleetOwner::Gateway(name) => Some(self.gateways.get(name)?.spec.gateway_class_name.clone()),
        };
        let is_shared = |owner: &FleetOwner| matches!(owner, FleetOwner::Class(_));
        let Some(own) = class(id) else { return };
        let others = self.children.values().map(|child| &child.owner);
        let others = others.filter(|other| is_shared(other) != is_shared(id));
        let replaced: Vec<_> = others.filter(|other| class(other).as_ref() == Some(&own)).cloned().collect();
        self.dirty.extend(replaced);
    }
}

/// What is wrong with the parameters of a class, told at one of its Gateways.
pub(super) fn told_of(class: &GatewayClass, why: InvalidParameters) -> InvalidParameters {
    why.of(format_args!("GatewayClass {}", class.metadata.name.as_deref().unwrap_or_default()))
}

/// Whether the Envoys of a Gateway do not have it yet, as the Gateway API says it.
fn is_pending(condition: &Condition) -> bool {
    condition.r#type == "Programmed" && condition.reason == "Pending"
}

/// Whether the controllers of the cluster have seen the newest form of an object.
fn is_observed(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn daemon_set_is_ready(set: &Value) -> bool {
    let (available, wanted) = (&set["status"]["numberAvailable"], &set["status"]["desiredNumberScheduled"]);
    is_observed(set) && count(available) > 0 && count(available) >= count(wanted)
}

fn deployment_is_ready(deployment: &Value) -> bool {
    let (available, wanted) = (&deployment["status"]["availableReplicas"], &deployment["spec"]["replicas"]);
    is_observed(deployment) && count(available) > 0 && count(available) >= count(wanted)
}

/// Whether a Service has all these ports: it may have been made for others.
fn leads_to(service: &Value, ports: &BTreeSet<Port>) -> bool {
    let has = |port: &Port| {
        let there = service["spec"]["ports"].as_array().into_iter().flatten();
        let wanted = (i64::from(port.number), port.protocol.as_str());
        there
            .map(|there| (count(&there["port"]), there["protocol"].as_str().unwrap_or("TCP")))
            .any(|there| there == wanted)
    };
    ports.iter().all(has)
}

/// Whether clients can reach a Service: one with a load balancer, once that has an address.
fn has_address(service: &Value) -> bool {
    let given = &service["status"]["loadBalancer"]["ingress"];
    service["spec"]["type"] != "LoadBalancer" || given.as_array().is_some_and(|given| !given.is_empty())
}
