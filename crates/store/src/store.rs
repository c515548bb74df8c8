//! The world: facts, and who read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{HttpProxySpec, IngressRouteSpec};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::{Kind, ObjectId};

use crate::change::kind;
use crate::claims::Claimed;
use crate::facts::{
    DelegationFact, ExtensionServiceFact, HttpProxyFact, IngressFact, IngressRouteFact, SecretFact,
    ServiceFact, SliceFact,
};
use crate::gateway_api::GatewayApi;
use crate::index::Index;
use crate::namespaces::Namespaces;
use crate::proxies::{Proxies, Replaced};
use crate::{Change, Name, NameRef, Read, Reader, Source, Unit};

pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;
/// A few values with their names, sorted by name.
pub(crate) type Named<V> = Vec<(Arc<str>, V)>;

/// The world: the parts of objects that are used, and which units read them.
#[derive(Debug, Default)]
pub struct Store {
    pub(crate) services: Map<Name, ServiceFact>,
    pub(crate) secrets: Map<Name, SecretFact>,
    pub(crate) ingresses: Map<Name, IngressFact>,
    pub(crate) http_proxies: Proxies<HttpProxySpec>,
    pub(crate) ingress_routes: Proxies<IngressRouteSpec>,
    pub(crate) extension_services: Map<Name, ExtensionServiceFact>,
    /// The slices of each Service.
    pub(crate) slices: Map<Name, Named<SliceFact>>,
    /// The delegations of each namespace.
    pub(crate) delegations: Map<Arc<str>, Named<DelegationFact>>,
    /// The same of the older API.
    pub(crate) heptio_delegations: Map<Arc<str>, Named<DelegationFact>>,
    /// The Ingresses that ask for TLS for all hosts.
    pub(crate) tls_for_all: BTreeSet<Name>,
    /// The Service of its own namespace that each slice was last seen to belong to.
    slice_owners: Map<Name, Arc<str>>,
    pub(crate) gateway_api: GatewayApi,
    pub(crate) claimed: Claimed,
    namespaces: Namespaces,
    index: Index,
}

impl Store {
    /// Takes a change in, and says which units it makes dirty, in any order; one may be told twice. Nothing that
    /// is used changed: none.
    pub fn apply(&mut self, change: &Change) -> Vec<Unit> {
        let mut dirty = Vec::new();
        match change {
            Change::Applied(object) => {
                let namespace = self.namespaces.shared(object.namespace());
                self.put(&ObjectId::new(kind(object.kind()), namespace, object.name()), object, &mut dirty);
            }
            Change::Removed(id) => {
                let namespace = self.namespaces.shared(&id.namespace);
                self.take(&ObjectId { namespace, ..id.clone() }, &mut dirty);
            }
        }
        dirty
    }

    /// A view that records what is read; give the result to [`Store::record`].
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// Remembers what a unit has read, in place of what it read before.
    ///
    /// That a root and its report read their own object goes without saying: a change of it makes them dirty.
    pub fn record(&mut self, unit: &Unit, mut reads: Vec<Source>) {
        if let Unit::Root(id) | Unit::Report(id) = unit {
            let own = Source::from(Read::object(id));
            reads.retain(|read| *read != own);
        }
        self.index.record(unit, reads);
    }

    /// Makes room for what so many roots read that run for the first time: their host and a Service as a rule, whose
    /// slices are read for its endpoints.
    pub fn make_room(&mut self, roots: usize) {
        self.index.make_room(2 * roots, 3 * roots);
    }

    /// Forgets a unit: nothing makes it dirty any more.
    pub fn forget(&mut self, unit: &Unit) {
        self.index.forget(unit);
    }

    fn put(&mut self, id: &ObjectId, object: &api::Object, dirty: &mut Vec<Unit>) {
        match object {
            api::Object::Service(object) => self.service(id, Some((&**object).into()), dirty),
            api::Object::Secret(object) => self.secret(id, Some((&**object).into()), dirty),
            api::Object::EndpointSlice(object) => self.slice(id, SliceFact::of_service(object), dirty),
            api::Object::Ingress(object) => self.ingress(id, Some((&**object).into()), dirty),
            api::Object::HttpProxy(object) => self.http_proxy(id, Some((&**object).into()), dirty),
            api::Object::IngressRoute(object) => self.ingress_route(id, Some((&**object).into()), dirty),
            api::Object::TlsCertificateDelegation(object) => {
                self.delegation(id, Some((&**object).into()), dirty);
            }
            api::Object::HeptioCertificateDelegation(object) => {
                self.delegation(id, Some((&**object).into()), dirty);
            }
            api::Object::ExtensionService(object) => {
                self.extension_service(id, Some((&**object).into()), dirty);
            }
            api::Object::Namespace(object) => self.namespace(id, Some((&**object).into()), dirty),
            api::Object::ConfigMap(object) => self.config_map(id, Some((&**object).into()), dirty),
            other => self.put_gateway_object(id, other, dirty),
        }
    }

    fn take(&mut self, id: &ObjectId, dirty: &mut Vec<Unit>) {
        match id.kind {
            Kind::Namespace => self.namespace(id, None, dirty),
            Kind::ConfigMap => self.config_map(id, None, dirty),
            Kind::Service => self.service(id, None, dirty),
            Kind::Secret => self.secret(id, None, dirty),
            Kind::EndpointSlice => self.slice(id, None, dirty),
            Kind::Ingress => self.ingress(id, None, dirty),
            Kind::HttpProxy => self.http_proxy(id, None, dirty),
            Kind::IngressRoute => self.ingress_route(id, None, dirty),
            Kind::TlsCertificateDelegation | Kind::HeptioCertificateDelegation => {
                self.delegation(id, None, dirty);
            }
            Kind::ExtensionService => self.extension_service(id, None, dirty),
            Kind::ContourDeployment => self.contour_deployment(id, None, dirty),
            Kind::GatewayClass => self.gateway_class(id, None, dirty),
            Kind::Gateway => self.gateway(id, None, dirty),
            Kind::ListenerSet => self.listener_set(id, None, dirty),
            Kind::HttpRoute => self.route(id, None, |api| &mut api.http_routes, dirty),
            Kind::GrpcRoute => self.route(id, None, |api| &mut api.grpc_routes, dirty),
            Kind::TlsRoute => self.route(id, None, |api| &mut api.tls_routes, dirty),
            Kind::TcpRoute => self.route(id, None, |api| &mut api.tcp_routes, dirty),
            Kind::UdpRoute => self.route(id, None, |api| &mut api.udp_routes, dirty),
            Kind::ReferenceGrant => self.reference_grant(id, None, dirty),
            Kind::BackendTlsPolicy => self.tls_policy(id, None, dirty),
            Kind::XBackendTrafficPolicy => self.traffic_policy(id, None, dirty),
        }
    }

    fn service(&mut self, id: &ObjectId, fact: Option<ServiceFact>, dirty: &mut Vec<Unit>) {
        let changed = replace(&mut self.services, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    fn secret(&mut self, id: &ObjectId, fact: Option<SecretFact>, dirty: &mut Vec<Unit>) {
        let changed = replace(&mut self.secrets, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    fn ingress(&mut self, id: &ObjectId, fact: Option<IngressFact>, dirty: &mut Vec<Unit>) {
        let name = Name::from(id);
        let is_for_all = fact.as_ref().is_some_and(IngressFact::has_tls_for_all);
        let moved = match is_for_all {
            true => self.tls_for_all.insert(name),
            false => self.tls_for_all.remove(&name),
        };
        self.touch_if(moved, Read::TlsForAll, dirty);
        if replace(&mut self.ingresses, Name::from(id), fact) {
            dirty.push(Unit::Root(id.clone()));
            dirty.push(Unit::Report(id.clone()));
            self.touch_if(true, Read::object(id), dirty);
        }
    }

    fn extension_service(
        &mut self,
        id: &ObjectId,
        fact: Option<ExtensionServiceFact>,
        dirty: &mut Vec<Unit>,
    ) {
        if replace(&mut self.extension_services, Name::from(id), fact) {
            dirty.push(Unit::Root(id.clone()));
            dirty.push(Unit::Report(id.clone()));
            self.touch_if(true, Read::object(id), dirty);
        }
    }

    fn delegation(&mut self, id: &ObjectId, fact: Option<DelegationFact>, dirty: &mut Vec<Unit>) {
        let delegations = match id.kind {
            Kind::HeptioCertificateDelegation => &mut self.heptio_delegations,
            _ => &mut self.delegations,
        };
        let changed = replace_named(delegations, &id.namespace, id.name.clone(), fact);
        if changed {
            dirty.push(Unit::Report(id.clone()));
        }
        self.touch_if(changed, Read::Delegations(&id.namespace), dirty);
        self.touch_if(changed, Read::object(id), dirty);
    }

    fn slice(&mut self, id: &ObjectId, slice: Option<(&str, SliceFact)>, dirty: &mut Vec<Unit>) {
        let name = Name::from(id);
        let (service, fact) = slice.unzip();
        let owner = service.map(|service| self.service_name(&name.namespace, service));
        let before = match &owner {
            Some(owner) => self.slice_owners.insert(name.clone(), owner.clone()),
            None => self.slice_owners.remove(&name),
        };
        if let Some(before) = before.filter(|before| Some(before) != owner.as_ref()) {
            self.slice_of(&Name::new(name.namespace.clone(), before), &name.name, None, dirty);
        }
        if let Some(owner) = owner {
            self.slice_of(&Name::new(name.namespace, owner), &name.name, fact, dirty);
        }
    }

    /// Puts a slice among those of a Service, or takes it away.
    fn slice_of(&mut self, service: &Name, slice: &Arc<str>, fact: Option<SliceFact>, dirty: &mut Vec<Unit>) {
        let changed = replace_named(&mut self.slices, service, slice.clone(), fact);
        self.touch_if(changed, Read::slices(service), dirty);
    }

    /// A name in the Service's own copy, where there is such a Service.
    fn service_name(&self, namespace: &str, name: &str) -> Arc<str> {
        let service = self.services.get_key_value(&NameRef { namespace, name });
        service.map_or_else(|| name.into(), |(service, _)| service.name.clone())
    }

    fn http_proxy(&mut self, id: &ObjectId, fact: Option<HttpProxyFact>, dirty: &mut Vec<Unit>) {
        let replaced = self.http_proxies.put(id, fact);
        self.touch_proxy(id, replaced, dirty);
    }

    fn ingress_route(&mut self, id: &ObjectId, fact: Option<IngressRouteFact>, dirty: &mut Vec<Unit>) {
        let replaced = self.ingress_routes.put(id, fact);
        self.touch_proxy(id, replaced, dirty);
    }

    fn touch_proxy(&self, id: &ObjectId, replaced: Option<Replaced>, dirty: &mut Vec<Unit>) {
        let Some(Replaced { hosts, is_root }) = replaced else { return };
        for host in hosts {
            self.touch_if(true, Read::RootsOfHost(host.as_str()), dirty);
        }
        if is_root {
            dirty.push(Unit::Root(id.clone()));
        }
        dirty.push(Unit::Report(id.clone()));
        self.touch_if(true, Read::object(id), dirty);
    }

    pub(crate) fn touch_if(&self, changed: bool, read: Read<'_>, dirty: &mut Vec<Unit>) {
        if changed {
            dirty.extend(self.index.readers(read.into()).cloned());
        }
    }
}

/// Puts a fact in place of another, and says whether that changed anything.
pub(crate) fn replace<F: PartialEq>(map: &mut Map<Name, F>, name: Name, fact: Option<F>) -> bool {
    let Some(fact) = fact else { return map.remove(&name).is_some() };
    match map.entry(name) {
        Entry::Occupied(known) if *known.get() == fact => false,
        entry => {
            entry.insert(fact);
            true
        }
    }
}

/// The same for one of several facts under a key.
pub(crate) fn replace_named<K, F>(
    map: &mut Map<K, Named<F>>,
    key: &K,
    name: Arc<str>,
    fact: Option<F>,
) -> bool
where
    K: std::hash::Hash + Eq + Clone,
    F: PartialEq,
{
    let named = map.entry(key.clone()).or_default();
    let changed = match (named.binary_search_by(|(other, _)| other.cmp(&name)), fact) {
        (Ok(place), Some(fact)) if named[place].1 == fact => false,
        (Ok(place), Some(fact)) => {
            named[place].1 = fact;
            true
        }
        (Ok(place), None) => {
            named.remove(place);
            true
        }
        (Err(place), Some(fact)) => {
            named.reserve_exact(1);
            named.insert(place, (name, fact));
            true
        }
        (Err(_), None) => false,
    };
    if named.is_empty() {
        map.remove(key);
    }
    changed
}
