//! All Gateways, and what runs for them: what is to be done for each fleet of Envoys.

mod child;
mod fate;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use api::ContourDeployment;
use api::contour_deployment::{ContourDeploymentSpec, InvalidParameters, ParametersRef, parameters_of_class};
use api::gateway_api::{Gateway, GatewayClass, ListenerSet};
use api::meta::ObjectMeta;
use model::{FleetOwner, GatewayName};
use serde_json::Value;

use crate::drift;
use crate::names::{ObjectName, object_name};
use crate::objects::{MADE_BY, Owner, outlives_gateway, owner};
use crate::parameters::Parameters;
use crate::ports::{self, Port};
use crate::settings::Settings;
pub use child::{ChildId, ChildKind};
use fate::told_of;
pub use plan::{Certificates, Plan};

/// An object that is there.
struct Child {
    owner: FleetOwner,
    object: Value,
    /// What the API server made of what was applied, where that has another form.
    settled: Option<Value>,
}

/// All Gateways, what they refer to, and what runs for them.
pub struct World {
    settings: Settings,
    classes: BTreeMap<String, GatewayClass>,
    gateways: BTreeMap<GatewayName, Gateway>,
    listener_sets: BTreeMap<ObjectName, ListenerSet>,
    parameters: BTreeMap<ObjectName, ContourDeployment>,
    children: BTreeMap<ChildId, Child>,
    dirty: BTreeSet<FleetOwner>,
    /// Fleets that something is being done for, and which of their objects went since it began.
    busy: BTreeMap<FleetOwner, BTreeSet<ChildId>>,
}

fn id(metadata: &ObjectMeta) -> ObjectName {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ObjectName::new(text(&metadata.namespace), text(&metadata.name))
}

impl World {
    /// A world without anything.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            classes: BTreeMap::new(),
            gateways: BTreeMap::new(),
            listener_sets: BTreeMap::new(),
            parameters: BTreeMap::new(),
            children: BTreeMap::new(),
            dirty: BTreeSet::new(),
            busy: BTreeMap::new(),
        }
    }

    /// A class came or changed.
    pub fn apply_class(&mut self, class: GatewayClass) {
        let name = class.metadata.name.clone().unwrap_or_default();
        self.classes.insert(name.clone(), class);
        let own = self.gateways.iter().filter(|(_, gateway)| gateway.spec.gateway_class_name == name);
        self.dirty.extend(own.map(|(id, _)| FleetOwner::Gateway(id.clone())));
        self.mark_class(&name);
    }

    /// A class went. What was made for its Gateways stays; what they shared goes by its owner references.
    pub fn remove_class(&mut self, name: &str) {
        self.classes.remove(name);
        self.dirty.remove(&FleetOwner::Class(name.into()));
    }

    /// A Gateway came or changed.
    pub fn apply_gateway(&mut self, gateway: Gateway) {
        let id = GatewayName::from(id(&gateway.metadata));
        self.mark_class_of(&id);
        self.dirty.insert(FleetOwner::Gateway(id.clone()));
        self.gateways.insert(id.clone(), gateway);
        self.mark_class_of(&id);
    }

    /// A Gateway went, and what was made for it goes by its owner references; what has none is to be deleted.
    pub fn remove_gateway(&mut self, gateway: &GatewayName) {
        self.mark_class_of(gateway);
        self.dirty.remove(&FleetOwner::Gateway(gateway.clone()));
        self.gateways.remove(gateway);
        self.mark_left();
    }

    /// Gateways that are gone, and what does not go by itself is left of.
    fn mark_left(&mut self) {
        let left = self.children.values().filter(|child| outlives_gateway(&child.object));
        let left = left.filter(|child| self.gateway(&child.owner).is_none());
        let left: Vec<_> = left.map(|child| child.owner.clone()).collect();
        self.dirty.extend(left);
    }

    /// A ListenerSet came or changed.
    pub fn apply_listener_set(&mut self, set: ListenerSet) {
        let id = id(&set.metadata);
        self.mark_parent(&id);
        self.listener_sets.insert(id.clone(), set);
        self.mark_parent(&id);
    }

    /// The ListenerSet of this namespace and name went.
    pub fn remove_listener_set(&mut self, set: &ObjectName) {
        self.mark_parent(set);
        self.listener_sets.remove(set);
    }

    fn mark_parent(&mut self, set: &ObjectName) {
        if let Some(parent) = self.listener_sets.get(set).map(parent) {
            self.mark_class_of(&parent);
            self.dirty.insert(FleetOwner::Gateway(parent));
        }
    }

    /// Parameters came or changed.
    pub fn apply_parameters(&mut self, parameters: ContourDeployment) {
        self.parameters.insert(id(&parameters.metadata), parameters);
        self.mark_all();
    }

    /// The parameters of this namespace and name went.
    pub fn remove_parameters(&mut self, parameters: &ObjectName) {
        self.parameters.remove(parameters);
        self.mark_all();
    }

    /// An object that was made here came or changed. Those of other controllers are left alone.
    pub fn see(&mut self, object: Value) {
        let Some((id, owner)) = self.own(&object) else { return };
        let settled = self.children.remove(&id).and_then(|child| child.settled);
        self.dirty.insert(owner.clone());
        self.mark_replaced_by(&owner);
        self.children.insert(id, Child { owner, object, settled });
    }

    /// What a plan says is being done for a fleet, until [`Self::end`].
    pub fn begin(&mut self, fleet: FleetOwner) {
        self.busy.insert(fleet, BTreeSet::new());
    }

    /// Whether something is being done for a fleet.
    #[must_use]
    pub fn is_busy(&self, fleet: &FleetOwner) -> bool {
        self.busy.contains_key(fleet)
    }

    /// It is done: objects that were applied, each with what the API server made of it.
    ///
    /// Watches may have told since of later forms, or that an object has gone: these answers are of the past.
    pub fn end(&mut self, fleet: &FleetOwner, applied: Vec<(Value, Value)>) {
        let gone = self.busy.remove(fleet).unwrap_or_default();
        for (applied, object) in applied {
            if let Some((id, owner)) = self.own(&object).filter(|(id, _)| !gone.contains(id)) {
                self.settle(id, owner, &applied, object);
            }
        }
    }

    fn settle(&mut self, id: ChildId, owner: FleetOwner, applied: &Value, object: Value) {
        let settled = (!drift::has_all(&object, applied)).then(|| drift::part(&object, applied));
        match self.children.get_mut(&id) {
            Some(child) if version(&child.object) > version(&object) => child.settled = settled,
            Some(_) | None => drop(self.children.insert(id, Child { owner, object, settled })),
        }
    }

    /// An object that was made here went.
    pub fn lose(&mut self, child: &ChildId) {
        let Some(Child { owner, .. }) = self.children.remove(child) else { return };
        if let Some(gone) = self.busy.get_mut(&owner) {
            gone.insert(child.clone());
        }
        self.dirty.insert(owner);
    }

    /// Whether an object is there that was made for this fleet, as far as is known.
    #[must_use]
    pub fn knows(&self, fleet: &FleetOwner, object: &Value) -> bool {
        let child = ChildId::of(object).and_then(|id| self.children.get(&id));
        child.is_some_and(|child| child.owner == *fleet)
    }

    /// The objects of a kind that are there, as far as is known; those too that were applied and that nobody has seen since.
    pub fn made(&self, kind: ChildKind) -> impl Iterator<Item = &ChildId> {
        self.children.keys().filter(move |child| child.kind == kind)
    }

    fn own(&self, object: &Value) -> Option<(ChildId, FleetOwner)> {
        let metadata: ObjectMeta = serde_json::from_value(object["metadata"].clone()).ok()?;
        let made_by = metadata.annotations.as_ref()?.get(MADE_BY)?;
        if *made_by != self.settings.controller_name {
            return None;
        }
        Some((ChildId::of(object)?, owner(&metadata, &self.settings.namespace)?))
    }

    /// Every fleet is to be looked at again.
    pub fn mark_all(&mut self) {
        self.dirty.extend(self.gateways.keys().cloned().map(FleetOwner::Gateway));
        for class in self.classes.keys().cloned().collect::<Vec<_>>() {
            self.mark_class(&class);
        }
        self.mark_left();
    }

    /// A fleet is to be looked at again.
    pub fn mark_one(&mut self, owner: FleetOwner) {
        self.dirty.insert(owner);
    }

    /// A fleet that is to be looked at, by its owner; it is not, any more.
    pub fn next_fleet(&mut self) -> Option<FleetOwner> {
        self.dirty.pop_first()
    }

    /// The Gateway whose own Envoys a fleet is.
    fn gateway(&self, id: &FleetOwner) -> Option<&Gateway> {
        match id {
            FleetOwner::Gateway(name) => self.gateways.get(name),
            FleetOwner::Class(_) => None,
        }
    }

    /// Who owns a fleet, if it is there, stays, and is ours to serve.
    #[must_use]
    pub fn served(&self, id: &FleetOwner) -> Option<Owner<'_>> {
        match id {
            FleetOwner::Gateway(_) => {
                let gateway = self.gateway(id)?;
                self.class(&gateway.spec.gateway_class_name)?;
                let stays = gateway.metadata.deletion_timestamp.is_none();
                stays.then_some(Owner::Gateway(gateway))
            }
            FleetOwner::Class(name) => {
                let class = self.class(name)?;
                class.metadata.deletion_timestamp.is_none().then_some(Owner::Class(class))
            }
        }
    }

    /// A class of ours.
    fn class(&self, name: &str) -> Option<&GatewayClass> {
        self.classes.get(name).filter(|class| self.is_ours(class))
    }

    fn is_ours(&self, class: &GatewayClass) -> bool {
        class.spec.controller_name == self.settings.controller_name
    }

    /// An object of this name that was made for a fleet, as it is there.
    fn child(&self, id: &FleetOwner, kind: ChildKind, name: &str) -> Option<&Value> {
        let namespace = match id {
            FleetOwner::Gateway(gateway) => gateway.namespace.to_string(),
            FleetOwner::Class(_) => self.settings.namespace.clone(),
        };
        let child = self.children.get(&ChildId { kind, namespace, name: name.to_owned() })?;
        (child.owner == *id).then_some(&child.object)
    }

    /// The same of an object of its Envoys.
    fn of_envoys(&self, id: &FleetOwner, kind: ChildKind) -> Option<&Value> {
        self.child(id, kind, &object_name(id))
    }

    /// A Secret that was made for a fleet, as it is there.
    #[must_use]
    pub fn secret(&self, id: &FleetOwner, name: &str) -> Option<&Value> {
        self.child(id, ChildKind::Secret, name)
    }

    /// The ports of Gateways that share Envoys.
    fn ports(&self, gateways: &[&Gateway]) -> BTreeSet<Port> {
        let sets = self.listener_sets.values();
        let sets = sets.filter(|set| gateways.iter().any(|gateway| is_part_of(set, gateway)));
        let ports = ports::of_gateways(gateways.iter().copied(), sets);
        ports.into_iter().filter(|port| !self.settings.keeps(port)).collect()
    }

    fn children_of(&self, owner: &FleetOwner) -> impl Iterator<Item = (&ChildId, &Value)> {
        let children = self.children.iter().filter(move |(_, child)| child.owner == *owner);
        children.map(|(id, child)| (id, &child.object))
    }

    fn parameters_of(&self, owner: Owner<'_>) -> Result<Parameters, InvalidParameters> {
        match owner {
            Owner::Class(class) => Ok(Parameters::new(self.parameters_of_class(class)?, None)),
            Owner::Gateway(gateway) => {
                let class = self.classes.get(&gateway.spec.gateway_class_name);
                let of_class =
                    class.map(|class| self.parameters_of_class(class).map_err(|why| told_of(class, why)));
                let of_class = of_class.transpose()?.flatten();
                let namespace = gateway.metadata.namespace.as_deref().unwrap_or_default();
                let own = ParametersRef::of_gateway(namespace, &gateway.spec)?;
                let own = own.map(|named| named.usable(self.found(named))).transpose()?;
                Ok(Parameters::new(of_class, own))
            }
        }
    }

    /// The parameters that a class names, if it does.
    fn parameters_of_class(
        &self,
        class: &GatewayClass,
    ) -> Result<Option<&ContourDeploymentSpec>, InvalidParameters> {
        parameters_of_class(&class.spec, |named| self.found(named))
    }

    fn found(&self, named: ParametersRef<'_>) -> Option<&ContourDeploymentSpec> {
        self.parameters.get(&ObjectName::new(named.namespace, named.name)).map(|object| &object.spec)
    }
}

/// The Gateway that a ListenerSet adds listeners to.
fn parent(set: &ListenerSet) -> GatewayName {
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.clone().or_else(|| set.metadata.namespace.clone());
    ObjectName::new(namespace.unwrap_or_default(), &reference.name).into()
}

/// The same as a question, which is asked of every ListenerSet.
fn is_part_of(set: &ListenerSet, gateway: &Gateway) -> bool {
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.as_ref().or(set.metadata.namespace.as_ref());
    Some(&reference.name) == gateway.metadata.name.as_ref()
        && namespace == gateway.metadata.namespace.as_ref()
}

/// The version of an object, which grows with each change of it (Kubernetes API concepts, "resource versions").
fn version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}
