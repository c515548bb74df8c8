//! Objects of the Gateway API, and who is attached to whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::Object;
use api::gateway_api::GROUP;
use api::gateway_api::references::ParentReference;
use api::meta::ObjectMeta;
use model::{FleetId, Kind, ObjectId};

use crate::facts::{
    BackendTlsPolicyFact, BackendTrafficPolicyFact, ConfigMapFact, ContourDeploymentFact, GatewayClassFact,
    GatewayFact, GrpcRouteFact, HttpRouteFact, ListenerSetFact, NamespaceFact, ReferenceGrantFact, SpecFact,
    TcpRouteFact, TlsRouteFact, UdpRouteFact,
};
use crate::store::{Map, Named, replace, replace_named};
use crate::{Name, Offer, Read, Store, Unit};

/// Objects of the Gateway API, and of Kubernetes what only these refer to.
#[derive(Debug, Default)]
pub(crate) struct GatewayApi {
    pub(crate) namespaces: Map<Name, NamespaceFact>,
    pub(crate) config_maps: Map<Name, ConfigMapFact>,
    pub(crate) contour_deployments: Map<Name, ContourDeploymentFact>,
    pub(crate) classes: Map<Name, GatewayClassFact>,
    pub(crate) gateways: Map<Name, GatewayFact>,
    pub(crate) listener_sets: Map<Name, ListenerSetFact>,
    pub(crate) http_routes: Map<Name, HttpRouteFact>,
    pub(crate) grpc_routes: Map<Name, GrpcRouteFact>,
    pub(crate) tls_routes: Map<Name, TlsRouteFact>,
    pub(crate) tcp_routes: Map<Name, TcpRouteFact>,
    pub(crate) udp_routes: Map<Name, UdpRouteFact>,
    /// The grants of each namespace.
    pub(crate) grants: Map<Arc<str>, Named<ReferenceGrantFact>>,
    pub(crate) tls_policies: Map<Name, BackendTlsPolicyFact>,
    pub(crate) traffic_policies: Map<Name, BackendTrafficPolicyFact>,
    /// The policies that name each Service.
    pub(crate) policies: Map<Name, BTreeSet<ObjectId>>,
    /// The Gateways that name each class.
    pub(crate) gateways_of: Map<Arc<str>, BTreeSet<Name>>,
    /// The ListenerSets that name each Gateway.
    pub(crate) sets: Map<Name, BTreeSet<Name>>,
    /// The routes that name each Gateway and each ListenerSet.
    routes: Map<ObjectId, BTreeSet<ObjectId>>,
    /// What Gateways and ListenerSets of ours offer to routes.
    pub(crate) offers: Map<ObjectId, Arc<Offer>>,
}

/// What a route is attached to.
pub(crate) trait Attached {
    fn parents(&self) -> &[ParentReference];
}

macro_rules! attached {
    ($($fact:ty),*) => {
        $(impl Attached for $fact {
            fn parents(&self) -> &[ParentReference] {
                &self.spec.parent_refs
            }
        })*
    };
}

attached!(HttpRouteFact, GrpcRouteFact, TlsRouteFact, TcpRouteFact);

/// The object that a reference of a route in this namespace means; `None` for kinds that routes are not attached to.
#[must_use]
pub fn parent(reference: &ParentReference, namespace: &Arc<str>) -> Option<ObjectId> {
    let kind = match (reference.group.as_str(), reference.kind.as_str()) {
        (GROUP, "Gateway") => Kind::Gateway,
        (GROUP, "ListenerSet") => Kind::ListenerSet,
        _ => return None,
    };
    let namespace = reference.namespace.as_deref().map_or_else(|| namespace.clone(), Into::into);
    Some(ObjectId::new(kind, namespace, reference.name.as_str()))
}

/// Objects that a fact names; sorted.
fn parents<F: Attached>(id: &ObjectId, fact: Option<&F>) -> BTreeSet<ObjectId> {
    let references = fact.into_iter().flat_map(F::parents);
    references.filter_map(|reference| parent(reference, &id.namespace)).collect()
}

impl Store {
    /// Takes an object of the Gateway API in; nothing of another.
    pub(crate) fn put_gateway_object(&mut self, id: &ObjectId, object: &Object, dirty: &mut Vec<Unit>) {
        fn fact<S: Clone>(metadata: &ObjectMeta, spec: &S) -> Option<SpecFact<S>> {
            Some(SpecFact::new(metadata, spec))
        }
        match object {
            Object::ContourDeployment(o) => self.contour_deployment(id, fact(&o.metadata, &o.spec), dirty),
            Object::GatewayClass(o) => self.gateway_class(id, Some((&**o).into()), dirty),
            Object::Gateway(o) => self.gateway(id, fact(&o.metadata, &o.spec), dirty),
            Object::ListenerSet(o) => self.listener_set(id, fact(&o.metadata, &o.spec), dirty),
            Object::HttpRoute(o) => {
                self.route(id, fact(&o.metadata, &o.spec), |api| &mut api.http_routes, dirty);
            }
            Object::GrpcRoute(o) => {
                self.route(id, fact(&o.metadata, &o.spec), |api| &mut api.grpc_routes, dirty);
            }
            Object::TlsRoute(o) => {
                self.route(id, fact(&o.metadata, &o.spec), |api| &mut api.tls_routes, dirty);
            }
            Object::TcpRoute(o) => {
                self.route(id, fact(&o.metadata, &o.spec), |api| &mut api.tcp_routes, dirty);
            }
            Object::UdpRoute(o) => {
                self.route(id, fact(&o.metadata, &o.spec), |api| &mut api.udp_routes, dirty);
            }
            Object::ReferenceGrant(o) => self.reference_grant(id, fact(&o.metadata, &o.spec), dirty),
            Object::BackendTlsPolicy(o) => self.tls_policy(id, fact(&o.metadata, &o.spec), dirty),
            Object::XBackendTrafficPolicy(o) => self.traffic_policy(id, fact(&o.metadata, &o.spec), dirty),
            _ => {}
        }
    }

    pub(crate) fn namespace(&mut self, id: &ObjectId, fact: Option<NamespaceFact>, dirty: &mut Vec<Unit>) {
        let changed = replace(&mut self.gateway_api.namespaces, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    pub(crate) fn config_map(&mut self, id: &ObjectId, fact: Option<ConfigMapFact>, dirty: &mut Vec<Unit>) {
        let changed = replace(&mut self.gateway_api.config_maps, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    pub(crate) fn contour_deployment(
        &mut self,
        id: &ObjectId,
        fact: Option<ContourDeploymentFact>,
        dirty: &mut Vec<Unit>,
    ) {
        let changed = replace(&mut self.gateway_api.contour_deployments, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    pub(crate) fn gateway_class(
        &mut self,
        id: &ObjectId,
        fact: Option<GatewayClassFact>,
        dirty: &mut Vec<Unit>,
    ) {
        // Only parameters say that Gateways share Envoys.
        let may_merge = fact.as_ref().is_some_and(|fact| fact.spec.parameters_ref.is_some());
        if replace(&mut self.gateway_api.classes, Name::from(id), fact) {
            dirty.extend(may_merge.then(|| Unit::Gateways(FleetId::class(id.name.clone()))));
            dirty.push(Unit::Report(id.clone()));
            self.touch_if(true, Read::object(id), dirty);
        }
    }

    pub(crate) fn gateway(&mut self, id: &ObjectId, fact: Option<GatewayFact>, dirty: &mut Vec<Unit>) {
        let name = Name::from(id);
        let class = |fact: &GatewayFact| Arc::<str>::from(&*fact.spec.gateway_class_name);
        let before = self.gateway_api.gateways.get(&name).map(class);
        let after = fact.as_ref().map(class);
        if !replace(&mut self.gateway_api.gateways, name.clone(), fact) {
            return;
        }
        dirty.push(Unit::Gateways(FleetId::gateway(id.namespace.clone(), id.name.clone())));
        dirty.push(Unit::Report(id.clone()));
        self.touch_if(true, Read::object(id), dirty);
        if before != after {
            for class in before.iter() {
                leave(&mut self.gateway_api.gateways_of, class, &name);
            }
            for class in after.iter() {
                self.gateway_api.gateways_of.entry(class.clone()).or_default().insert(name.clone());
            }
        }
        for class in before.iter().chain(after.iter().filter(|after| Some(*after) != before.as_ref())) {
            self.touch_if(true, Read::Gateways(class), dirty);
        }
    }

    pub(crate) fn listener_set(
        &mut self,
        id: &ObjectId,
        fact: Option<ListenerSetFact>,
        dirty: &mut Vec<Unit>,
    ) {
        let name = Name::from(id);
        let gateway = |fact: &ListenerSetFact| {
            let parent = &fact.spec.parent_ref;
            let is_gateway = (parent.group.as_str(), parent.kind.as_str()) == (GROUP, "Gateway");
            let namespace = parent.namespace.as_deref().map_or_else(|| id.namespace.clone(), Into::into);
            is_gateway.then(|| Name::new(namespace, parent.name.as_str()))
        };
        let before = self.gateway_api.listener_sets.get(&name).and_then(gateway);
        let after = fact.as_ref().and_then(gateway);
        if !replace(&mut self.gateway_api.listener_sets, name.clone(), fact) {
            return;
        }
        dirty.push(Unit::Report(id.clone()));
        self.touch_if(true, Read::object(id), dirty);
        if before != after {
            for gateway in before.iter() {
                leave(&mut self.gateway_api.sets, gateway, &name);
            }
            for gateway in after.iter() {
                self.gateway_api.sets.entry(gateway.clone()).or_default().insert(name.clone());
            }
        }
        for gateway in before.iter().chain(after.iter().filter(|after| Some(*after) != before.as_ref())) {
            self.touch_if(true, Read::ListenerSets(gateway.into()), dirty);
        }
    }

    /// A route of any kind, in its table. Nothing is dirty while nothing of ours is named: routes of other controllers
    /// cost nothing.
    pub(crate) fn route<S>(
        &mut self,
        id: &ObjectId,
        fact: Option<SpecFact<S>>,
        table: fn(&mut GatewayApi) -> &mut Map<Name, SpecFact<S>>,
        dirty: &mut Vec<Unit>,
    ) where
        S: PartialEq,
        SpecFact<S>: Attached,
    {
        let api = &mut self.gateway_api;
        let name = Name::from(id);
        let before = parents(id, table(api).get(&name));
        let after = parents(id, fact.as_ref());
        if !replace(table(api), name, fact) {
            return;
        }
        for parent in before.difference(&after) {
            leave(&mut api.routes, parent, id);
        }
        for parent in after.difference(&before) {
            api.routes.entry(parent.clone()).or_default().insert(id.clone());
        }
        if before.union(&after).any(|parent| api.offers.contains_key(parent)) {
            dirty.push(Unit::Root(id.clone()));
            dirty.push(Unit::Report(id.clone()));
            self.touch_if(true, Read::object(id), dirty);
        }
    }

    pub(crate) fn reference_grant(
        &mut self,
        id: &ObjectId,
        fact: Option<ReferenceGrantFact>,
        dirty: &mut Vec<Unit>,
    ) {
        let changed = replace_named(&mut self.gateway_api.grants, &id.namespace, id.name.clone(), fact);
        self.touch_if(changed, Read::Grants(&id.namespace), dirty);
    }

    pub(crate) fn tls_policy(
        &mut self,
        id: &ObjectId,
        fact: Option<BackendTlsPolicyFact>,
        dirty: &mut Vec<Unit>,
    ) {
        let services = |fact: &BackendTlsPolicyFact| {
            let targets = fact.spec.target_refs.iter();
            targets.map(|target| (&target.group, &target.kind, &target.name)).filter_map(service).collect()
        };
        let api = &mut self.gateway_api;
        let before: BTreeSet<String> =
            api.tls_policies.get(&Name::from(id)).map(services).unwrap_or_default();
        let after = fact.as_ref().map(services).unwrap_or_default();
        if replace(&mut api.tls_policies, Name::from(id), fact) {
            self.policy(id, &before, &after, dirty);
        }
    }

    pub(crate) fn traffic_policy(
        &mut self,
        id: &ObjectId,
        fact: Option<BackendTrafficPolicyFact>,
        dirty: &mut Vec<Unit>,
    ) {
        let services = |fact: &BackendTrafficPolicyFact| {
            let targets = fact.spec.target_refs.iter();
            targets.map(|target| (&target.group, &target.kind, &target.name)).filter_map(service).collect()
        };
        let api = &mut self.gateway_api;
        let before: BTreeSet<String> =
            api.traffic_policies.get(&Name::from(id)).map(services).unwrap_or_default();
        let after = fact.as_ref().map(services).unwrap_or_default();
        if replace(&mut api.traffic_policies, Name::from(id), fact) {
            self.policy(id, &before, &after, dirty);
        }
    }

    /// A policy that named the Services `before`, and names `after`.
    fn policy(
        &mut self,
        id: &ObjectId,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
        dirty: &mut Vec<Unit>,
    ) {
        let service = |name: &String| Name::new(id.namespace.clone(), name.as_str());
        for gone in before.difference(after).map(service) {
            leave(&mut self.gateway_api.policies, &gone, id);
        }
        for new in after.difference(before).map(service) {
            self.gateway_api.policies.entry(new).or_default().insert(id.clone());
        }
        dirty.push(Unit::Report(id.clone()));
        self.touch_if(true, Read::object(id), dirty);
        for service in before.union(after).map(service) {
            self.touch_if(true, Read::Policies((&service).into()), dirty);
        }
    }

    /// Takes what a Gateway or a ListenerSet offers to routes from now on, and says which units that makes dirty; none
    /// when it is what it was. `None` for one that is not ours, or not there.
    pub fn set_offer(&mut self, parent: &ObjectId, offer: Option<Offer>) -> Vec<Unit> {
        let api = &mut self.gateway_api;
        if api.offers.get(parent).map(|offer| &**offer) == offer.as_ref() {
            return vec![];
        }
        match offer {
            Some(offer) => drop(api.offers.insert(parent.clone(), Arc::new(offer))),
            None => drop(api.offers.remove(parent)),
        }
        let mut dirty = Vec::new();
        for route in api.routes.get(parent).into_iter().flatten() {
            dirty.push(Unit::Root(route.clone()));
            dirty.push(Unit::Report(route.clone()));
        }
        dirty.push(Unit::Root(parent.clone()));
        self.touch_if(true, Read::Offer(parent), &mut dirty);
        dirty
    }
}

/// The name of a target that is a Service.
fn service((group, kind, name): (&String, &String, &String)) -> Option<String> {
    (group.is_empty() && kind == "Service").then(|| name.clone())
}

/// Takes a member out of a set, and the set away that is empty.
fn leave<K: std::hash::Hash + Eq, M: Ord>(sets: &mut Map<K, BTreeSet<M>>, key: &K, member: &M) {
    if let Some(members) = sets.get_mut(key) {
        members.remove(member);
        if members.is_empty() {
            sets.remove(key);
        }
    }
}
