//! All Gateways, and what runs for them: what is to be done for each fleet of Envoys.

mod fate;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use api::ContourDeployment;
use api::contour_deployment::{ContourDeploymentSpec, InvalidParameters, ParametersRef};
use api::gateway_api::{Gateway, GatewayClass, ListenerSet};
use api::meta::ObjectMeta;
use model::FleetOwner;
use serde_json::Value;

use crate::drift;
use crate::names::GatewayId;
use crate::objects::{Certificate, MADE_BY, Owner, Wanted, objects, owner};
use crate::parameters::Parameters;
use crate::ports::{self, Port};
use crate::settings::Settings;
use fate::{Fate, told_of};

/// The kinds of objects that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChildKind {
    /// Whom Pods run as.
    ServiceAccount,
    /// The certificate.
    Secret,
    /// What is in front.
    Service,
    /// One Envoy on each node.
    DaemonSet,
    /// Some Envoys.
    Deployment,
    /// How many of them may be away at once.
    PodDisruptionBudget,
}

impl ChildKind {
    /// Each of them: group and version, kind, plural.
    const ALL: [(Self, &'static str, &'static str, &'static str); 6] = [
        (Self::ServiceAccount, "v1", "ServiceAccount", "serviceaccounts"),
        (Self::Secret, "v1", "Secret", "secrets"),
        (Self::Service, "v1", "Service", "services"),
        (Self::DaemonSet, "apps/v1", "DaemonSet", "daemonsets"),
        (Self::Deployment, "apps/v1", "Deployment", "deployments"),
        (Self::PodDisruptionBudget, "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    ];

    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(kind, ..)| *kind)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        let (_, version, name, plural) = Self::ALL[self as usize];
        (version, name, plural)
    }

    /// Group and version.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        self.row().0
    }

    /// As in the field `kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// As in paths and roles.
    #[must_use]
    pub fn plural(self) -> &'static str {
        self.row().2
    }

    fn of(object: &Value) -> Option<Self> {
        let name = object["kind"].as_str()?;
        Self::ALL.iter().find(|(_, _, kind, _)| *kind == name).map(|(kind, ..)| *kind)
    }
}

/// An object that was made, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId {
    /// Its kind.
    pub kind: ChildKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ChildId {
    fn of(object: &Value) -> Option<Self> {
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        Some(Self { kind: ChildKind::of(object)?, namespace: text("namespace")?, name: text("name")? })
    }
}

/// What is to be done for one fleet. `Debug` shows no content: one of the objects is a Secret.
#[derive(Clone, Default, PartialEq)]
pub struct Plan {
    /// Objects to apply, in this order.
    pub apply: Vec<Value>,
    /// Objects to delete.
    pub delete: Vec<ChildId>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apply: Vec<_> = self.apply.iter().filter_map(ChildId::of).collect();
        f.debug_struct("Plan").field("apply", &apply).field("delete", &self.delete).finish()
    }
}

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
    gateways: BTreeMap<GatewayId, Gateway>,
    listener_sets: BTreeMap<GatewayId, ListenerSet>,
    parameters: BTreeMap<GatewayId, ContourDeployment>,
    children: BTreeMap<ChildId, Child>,
    dirty: BTreeSet<FleetOwner>,
}

fn id(metadata: &ObjectMeta) -> GatewayId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    GatewayId::new(text(&metadata.namespace), text(&metadata.name))
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
        }
    }

    /// A class came or changed.
    pub fn apply_class(&mut self, class: GatewayClass) {
        let name = class.metadata.name.clone().unwrap_or_default();
        self.classes.insert(name.clone(), class);
        let own = self.gateways.iter().filter(|(_, gateway)| gateway.spec.gateway_class_name == name);
        self.dirty.extend(own.map(|(id, _)| FleetOwner::from(id)));
        self.mark_class(&name);
    }

    /// A class went. What was made for its Gateways stays; what they shared goes by its owner references.
    pub fn remove_class(&mut self, name: &str) {
        self.classes.remove(name);
        self.dirty.remove(&FleetOwner::Class(name.into()));
    }

    /// A Gateway came or changed.
    pub fn apply_gateway(&mut self, gateway: Gateway) {
        let id = id(&gateway.metadata);
        self.mark_class_of(&id);
        self.dirty.insert((&id).into());
        self.gateways.insert(id.clone(), gateway);
        self.mark_class_of(&id);
    }

    /// A Gateway went, and what was made for it goes by its owner references.
    pub fn remove_gateway(&mut self, gateway: &GatewayId) {
        self.mark_class_of(gateway);
        self.dirty.remove(&gateway.into());
        self.gateways.remove(gateway);
    }

    /// A ListenerSet came or changed.
    pub fn apply_listener_set(&mut self, set: ListenerSet) {
        let id = id(&set.metadata);
        self.mark_parent(&id);
        self.listener_sets.insert(id.clone(), set);
        self.mark_parent(&id);
    }

    /// The ListenerSet of this namespace and name went.
    pub fn remove_listener_set(&mut self, set: &GatewayId) {
        self.mark_parent(set);
        self.listener_sets.remove(set);
    }

    fn mark_parent(&mut self, set: &GatewayId) {
        if let Some(parent) = self.listener_sets.get(set).map(parent) {
            self.dirty.insert((&parent).into());
            self.mark_class_of(&parent);
        }
    }

    /// Parameters came or changed.
    pub fn apply_parameters(&mut self, parameters: ContourDeployment) {
        self.parameters.insert(id(&parameters.metadata), parameters);
        self.mark_all();
    }

    /// The parameters of this namespace and name went.
    pub fn remove_parameters(&mut self, parameters: &GatewayId) {
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

    /// The API server has applied an object, and says what it made of it. Watches may have told of later forms by then.
    pub fn settle(&mut self, applied: &Value, object: Value) {
        let Some((id, owner)) = self.own(&object) else { return };
        let settled = (!drift::has_all(&object, applied)).then(|| drift::part(&object, applied));
        match self.children.get_mut(&id) {
            Some(child) if version(&child.object) > version(&object) => child.settled = settled,
            Some(_) | None => drop(self.children.insert(id, Child { owner, object, settled })),
        }
    }

    /// An object that was made here went.
    pub fn lose(&mut self, child: &ChildId) {
        self.dirty.extend(self.children.remove(child).map(|child| child.owner));
    }

    /// Whether an object is there that was made here, as far as is known.
    #[must_use]
    pub fn knows(&self, object: &Value) -> bool {
        ChildId::of(object).is_some_and(|id| self.children.contains_key(&id))
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
        self.dirty.extend(self.gateways.keys().map(FleetOwner::from));
        for class in self.classes.keys().cloned().collect::<Vec<_>>() {
            self.mark_class(&class);
        }
    }

    /// A fleet is to be looked at again.
    pub fn mark_one(&mut self, owner: FleetOwner) {
        self.dirty.insert(owner);
    }

    /// A fleet that is to be looked at, by its owner; it is not, any more.
    pub fn next_fleet(&mut self) -> Option<FleetOwner> {
        self.dirty.pop_first()
    }

    /// Who owns a fleet, if it is there, stays, and is ours to serve.
    #[must_use]
    pub fn served(&self, id: &FleetOwner) -> Option<Owner<'_>> {
        match id {
            FleetOwner::Gateway(name) => {
                let gateway = self.gateways.get(&name.into())?;
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

    /// An object of a fleet as it is there.
    fn child(&self, id: &FleetOwner, kind: ChildKind) -> Option<&Value> {
        let namespace = match id {
            FleetOwner::Gateway(gateway) => gateway.namespace.to_string(),
            FleetOwner::Class(_) => self.settings.namespace.clone(),
        };
        let child = self.children.get(&ChildId { kind, namespace, name: crate::object_name(id) })?;
        Some(&child.object)
    }

    /// The Secret of a fleet as it is there.
    #[must_use]
    pub fn secret(&self, id: &FleetOwner) -> Option<&Value> {
        self.child(id, ChildKind::Secret)
    }

    /// What is to be done for a fleet whose Envoys have this certificate.
    ///
    /// # Errors
    /// When its parameters cannot be used: then all stays as it is.
    pub fn plan(&self, id: &FleetOwner, certificate: &Certificate) -> Result<Plan, InvalidParameters> {
        match self.fate(id)? {
            Fate::Wanted(owner, gateways) => self.plan_of(id, owner, &gateways, certificate),
            Fate::Unwanted => Ok(Plan { apply: vec![], delete: self.children_of(id).collect() }),
            Fate::Left => Ok(Plan::default()),
        }
    }

    fn plan_of(
        &self,
        id: &FleetOwner,
        owner: Owner<'_>,
        gateways: &[&Gateway],
        certificate: &Certificate,
    ) -> Result<Plan, InvalidParameters> {
        let parameters = self.parameters_of(owner)?;
        let ports = self.ports(gateways);
        let has_ports = !ports.is_empty();
        let wanted = Wanted { settings: &self.settings, owner, parameters: &parameters, ports, certificate };
        let mut objects = objects(&wanted);
        if parameters.replicas().is_none() {
            objects.iter_mut().for_each(|object| self.leave_scale(object));
        }
        // A Service without ports cannot be: the one that is there keeps its address until there are some again.
        let stays = |child: &ChildId| child.kind == ChildKind::Service && !has_ports;
        let names: BTreeSet<_> = objects.iter().filter_map(ChildId::of).collect();
        let delete = self.children_of(id).filter(|child| !names.contains(child) && !stays(child)).collect();
        objects.retain(|object| !self.is_there(object));
        Ok(Plan { apply: objects, delete })
    }

    /// The ports of Gateways that share Envoys.
    fn ports(&self, gateways: &[&Gateway]) -> BTreeSet<Port> {
        let sets = self.listener_sets.values();
        let sets = sets.filter(|set| gateways.iter().any(|gateway| is_part_of(set, gateway)));
        let ports = ports::of_gateways(gateways.iter().copied(), sets);
        ports.into_iter().filter(|port| !self.settings.keeps(port)).collect()
    }

    fn children_of(&self, owner: &FleetOwner) -> impl Iterator<Item = ChildId> {
        let children = self.children.iter().filter(move |(_, child)| child.owner == *owner);
        children.map(|(id, _)| id.clone())
    }

    /// Whether an object is there as it is wanted.
    fn is_there(&self, wanted: &Value) -> bool {
        let Some(child) = ChildId::of(wanted).and_then(|id| self.children.get(&id)) else { return false };
        drift::has_all(&child.object, wanted)
            || child.settled.as_ref().is_some_and(|settled| {
                applied(&child.object) == applied(wanted) && drift::part(&child.object, wanted) == *settled
            })
    }

    /// A Deployment keeps the number of Pods that somebody has scaled it to.
    fn leave_scale(&self, object: &mut Value) {
        let Some(id) = ChildId::of(object).filter(|id| id.kind == ChildKind::Deployment) else { return };
        let there = self.children.get(&id).and_then(|child| child.object["spec"]["replicas"].as_i64());
        if let Some(replicas) = there {
            object["spec"]["replicas"] = replicas.into();
        }
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
                let own = ParametersRef::of_gateway(namespace, &gateway.spec);
                Ok(Parameters::new(of_class, own.and_then(|named| self.usable(named))?))
            }
        }
    }

    /// The parameters that a class names, if it does.
    fn parameters_of_class(
        &self,
        class: &GatewayClass,
    ) -> Result<Option<&ContourDeploymentSpec>, InvalidParameters> {
        ParametersRef::of_class(&class.spec).and_then(|named| self.usable(named))
    }

    fn usable(
        &self,
        named: Option<ParametersRef<'_>>,
    ) -> Result<Option<&ContourDeploymentSpec>, InvalidParameters> {
        let Some(named) = named else { return Ok(None) };
        let found = self.parameters.get(&GatewayId::new(named.namespace, named.name));
        named.usable(found.map(|object| &object.spec)).map(Some)
    }
}

/// The Gateway that a ListenerSet adds listeners to.
fn parent(set: &ListenerSet) -> GatewayId {
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.clone().or_else(|| set.metadata.namespace.clone());
    GatewayId::new(namespace.unwrap_or_default(), &reference.name)
}

/// The same as a question, which is asked of every ListenerSet.
fn is_part_of(set: &ListenerSet, gateway: &Gateway) -> bool {
    let reference = &set.spec.parent_ref;
    let namespace = reference.namespace.as_ref().or(set.metadata.namespace.as_ref());
    Some(&reference.name) == gateway.metadata.name.as_ref()
        && namespace == gateway.metadata.namespace.as_ref()
}

/// The hash of what was applied last.
fn applied(object: &Value) -> &Value {
    &object["metadata"]["annotations"][crate::objects::APPLIED]
}

/// The version of an object, which grows with each change of it (Kubernetes API concepts, "resource versions").
fn version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}
