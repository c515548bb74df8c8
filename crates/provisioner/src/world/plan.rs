//! What is to be done for a fleet, as it follows from its fate, its stage and what is there.

use std::collections::BTreeSet;
use std::fmt;

use api::contour_deployment::InvalidParameters;
use api::gateway_api::Gateway;
use model::FleetOwner;
use serde_json::Value;

use super::fate::Fate;
use super::{ChildId, ChildKind, World};
use crate::drift;
use crate::names::controller_name;
use crate::objects::{
    APPLIED, Certificate, ControllerSecret, Owner, Part, Server, Wanted, controller_objects, objects,
    outlives_gateway,
};
use crate::parameters::Parameters;
use crate::tenancy::{Stage, There, is_dedicated};

/// What proves who is who, as far as it is needed ([`World::stage`]).
#[derive(Clone, Default)]
pub struct Certificates {
    /// Of Envoys that the shared controllers serve.
    pub shared: Option<Certificate>,
    /// Of a Gateway's own controller and its Envoys.
    pub dedicated: Vec<ControllerSecret>,
}

/// What is to be done for one fleet. `Debug` shows no content: one of the objects is a Secret.
#[derive(Clone, Default, PartialEq)]
pub struct Plan {
    /// What is to be merged into the Gateway, before all else: the sign that says who serves it. Or into the class: whether
    /// its Gateways share their Envoys.
    pub sign: Option<Value>,
    /// Objects to apply, in this order.
    pub apply: Vec<Value>,
    /// Objects to delete.
    pub delete: Vec<ChildId>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apply: Vec<_> = self.apply.iter().filter_map(ChildId::of).collect();
        f.debug_struct("Plan")
            .field("sign", &self.sign)
            .field("apply", &apply)
            .field("delete", &self.delete)
            .finish()
    }
}

impl World {
    /// Where a fleet is between the shared controllers and one of its own; `None` for one that is not wanted.
    ///
    /// # Errors
    /// When its parameters cannot be used.
    pub fn stage(&self, id: &FleetOwner) -> Result<Option<Stage>, InvalidParameters> {
        match self.fate(id)? {
            Fate::Wanted(owner, _) => Ok(Some(self.stage_of(owner, &self.parameters_of(owner)?))),
            Fate::Unwanted | Fate::Replaced | Fate::Gone | Fate::Left => Ok(None),
        }
    }

    /// Only a Gateway has a controller of its own.
    fn stage_of(&self, owner: Owner<'_>, parameters: &Parameters) -> Stage {
        let Owner::Gateway(gateway) = owner else { return Stage::Shared };
        let id = owner.id();
        let daemon_set = self.of_envoys(&id, ChildKind::DaemonSet);
        let workload = daemon_set.or_else(|| self.of_envoys(&id, ChildKind::Deployment));
        let controller = self.child(&id, ChildKind::Deployment, &controller_name(owner.name()));
        let class = FleetOwner::Class(gateway.spec.gateway_class_name.as_str().into());
        let has_shared = self.children_of(&class).next().is_some();
        let is_dedicated = is_dedicated(gateway);
        Stage::of(parameters.tenancy(), &There { is_dedicated, controller, workload, has_shared })
    }

    /// What is to be done for a fleet, with what proves who is who.
    ///
    /// # Errors
    /// When its parameters cannot be used: then all stays as it is.
    pub fn plan(&self, id: &FleetOwner, certificates: &Certificates) -> Result<Plan, InvalidParameters> {
        let plan = match self.fate(id)? {
            Fate::Wanted(owner, gateways) => self.plan_of(owner, &gateways, certificates)?,
            Fate::Unwanted => Plan { sign: self.unsigned(id), ..self.deletion(id, |_| true) },
            Fate::Replaced => Plan { sign: self.unsigned(id), ..Plan::default() },
            Fate::Gone => self.deletion(id, outlives_gateway),
            Fate::Left => Plan::default(),
        };
        Ok(Plan { sign: plan.sign.or(self.sign_of_class(id)?), ..plan })
    }

    fn plan_of(
        &self,
        owner: Owner<'_>,
        gateways: &[&Gateway],
        certificates: &Certificates,
    ) -> Result<Plan, InvalidParameters> {
        let parameters = self.parameters_of(owner)?;
        let stage = self.stage_of(owner, &parameters);
        let ports = self.ports(gateways);
        let has_ports = !ports.is_empty();
        let server = match (stage.is_served_by_shared(), &certificates.shared) {
            (true, Some(certificate)) => Server::Shared(certificate),
            // Envoys are not there before it is known who they are.
            (true, None) => return Ok(Plan::default()),
            (false, _) => Server::Dedicated,
        };
        let wanted = Wanted { settings: &self.settings, owner, parameters: &parameters, ports, server };
        let mut all = vec![];
        if stage.has_controller() {
            all.extend(controller_objects(&wanted, &certificates.dedicated));
        }
        all.extend(objects(&wanted));
        all.iter_mut().for_each(|object| self.leave_scale(object, &parameters));
        let names: BTreeSet<_> = all.iter().filter_map(ChildId::of).collect();
        let id = owner.id();
        let unwanted = self.children_of(&id).filter(|(child, _)| !names.contains(*child));
        let delete = unwanted.filter(|(child, object)| !stays(child, object, stage, has_ports));
        let delete = delete.map(|(child, _)| child.clone()).collect();
        all.retain(|object| !self.is_there(object));
        let sign = match owner {
            Owner::Gateway(gateway) => stage.sign(gateway),
            Owner::Class(_) => None,
        };
        Ok(Plan { sign, apply: all, delete })
    }

    /// Takes away what was made for a fleet, as far as it `goes`.
    fn deletion(&self, id: &FleetOwner, goes: impl Fn(&Value) -> bool) -> Plan {
        let children = self.children_of(id).filter(|(_, object)| goes(object));
        Plan { delete: children.map(|(child, _)| child.clone()).collect(), ..Plan::default() }
    }

    /// Takes the sign from a Gateway that has no controller of its own any more. Where the class is another controller's and
    /// nothing was made here, the sign is that controller's.
    fn unsigned(&self, id: &FleetOwner) -> Option<Value> {
        let is_ours = self.served(id).is_some() || self.children_of(id).next().is_some();
        self.gateway(id).filter(|_| is_ours).and_then(|gateway| Stage::Shared.sign(gateway))
    }

    /// Whether an object is there as it is wanted.
    fn is_there(&self, wanted: &Value) -> bool {
        let Some(child) = ChildId::of(wanted).and_then(|id| self.children.get(&id)) else { return false };
        drift::has_all(&child.object, wanted)
            || child.settled.as_ref().is_some_and(|settled| {
                applied(&child.object) == applied(wanted) && drift::part(&child.object, wanted) == *settled
            })
    }

    /// A Deployment keeps the number of Pods that somebody has scaled it to, where the parameters say none.
    fn leave_scale(&self, object: &mut Value, parameters: &Parameters) {
        let said = match Part::Controller.has(object) {
            true => parameters.controller_replicas(),
            false => parameters.replicas(),
        };
        let id = ChildId::of(object).filter(|id| id.kind == ChildKind::Deployment && said.is_none());
        let Some(id) = id else { return };
        let there = self.children.get(&id).and_then(|child| child.object["spec"]["replicas"].as_i64());
        if let Some(replicas) = there {
            object["spec"]["replicas"] = replicas.into();
        }
    }
}

/// Whether an object stays for now that is not wanted any more.
fn stays(child: &ChildId, object: &Value, stage: Stage, has_ports: bool) -> bool {
    match (Part::Controller.has(object), child.kind) {
        // Envoys of its own controller may still be there.
        (true, _) => stage == Stage::Returning,
        // Envoys of the shared controllers may.
        (false, ChildKind::Secret) => stage == Stage::Leaving,
        // A Service without ports cannot be: the one that is there keeps its address until there are some again.
        (false, kind) => kind == ChildKind::Service && !has_ports,
    }
}

/// The hash of what was applied last.
fn applied(object: &Value) -> &Value {
    &object["metadata"]["annotations"][APPLIED]
}
