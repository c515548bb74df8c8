//! The world: facts, and who read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Host, Kind, ObjectId};

use crate::facts::{Age, DelegationFact, HttpProxyFact, IngressFact, SecretFact, ServiceFact, SliceFact};
use crate::index::Index;
use crate::namespaces::Namespaces;
use crate::{Change, Name, NameRef, Read, Reader, Source, Unit};

pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;
/// A few values with their names, sorted by name.
type Named<V> = Vec<(Arc<str>, V)>;

/// The world: the parts of objects that are used, and which units read them.
#[derive(Debug, Default)]
pub struct Store {
    pub(crate) services: Map<Name, ServiceFact>,
    pub(crate) secrets: Map<Name, SecretFact>,
    pub(crate) ingresses: Map<Name, IngressFact>,
    pub(crate) http_proxies: Map<Name, HttpProxyFact>,
    /// The slices of each Service.
    pub(crate) slices: Map<Name, Named<SliceFact>>,
    /// The delegations of each namespace.
    pub(crate) delegations: Map<Arc<str>, Named<DelegationFact>>,
    /// The root HTTPProxies of each host: oldest first, then by namespace and name.
    pub(crate) roots_by_host: Map<Host, Vec<Name>>,
    /// The Ingresses that ask for TLS for all hosts.
    pub(crate) tls_for_all: BTreeSet<Name>,
    /// The Service of its own namespace that each slice was last seen to belong to.
    slice_owners: Map<Name, Arc<str>>,
    namespaces: Namespaces,
    index: Index,
}

impl Store {
    /// Takes a change in, and says which units it makes dirty. Nothing that is used changed: none.
    pub fn apply(&mut self, change: &Change) -> BTreeSet<Unit> {
        let mut dirty = BTreeSet::new();
        let mut id = change.object();
        id.namespace = self.namespaces.shared(id.namespace);
        match change {
            Change::Applied(object) => self.put(&id, object, &mut dirty),
            Change::Removed(_) => self.take(&id, &mut dirty),
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

    /// Forgets a unit: nothing makes it dirty any more.
    pub fn forget(&mut self, unit: &Unit) {
        self.index.forget(unit);
    }

    fn put(&mut self, id: &ObjectId, object: &api::Object, dirty: &mut BTreeSet<Unit>) {
        match object {
            api::Object::Service(object) => self.service(id, Some((&**object).into()), dirty),
            api::Object::Secret(object) => self.secret(id, Some((&**object).into()), dirty),
            api::Object::EndpointSlice(object) => self.slice(id, SliceFact::of_service(object), dirty),
            api::Object::Ingress(object) => self.ingress(id, Some((&**object).into()), dirty),
            api::Object::HttpProxy(object) => self.http_proxy(id, Some((&**object).into()), dirty),
            api::Object::TlsCertificateDelegation(object) => {
                self.delegation(id, Some((&**object).into()), dirty);
            }
            // Namespaces matter to selectors of the Gateway API alone.
            _ => {}
        }
    }

    fn take(&mut self, id: &ObjectId, dirty: &mut BTreeSet<Unit>) {
        match id.kind {
            Kind::Namespace => {}
            Kind::Service => self.service(id, None, dirty),
            Kind::Secret => self.secret(id, None, dirty),
            Kind::EndpointSlice => self.slice(id, None, dirty),
            Kind::Ingress => self.ingress(id, None, dirty),
            Kind::HttpProxy => self.http_proxy(id, None, dirty),
            Kind::TlsCertificateDelegation => self.delegation(id, None, dirty),
        }
    }

    fn service(&mut self, id: &ObjectId, fact: Option<ServiceFact>, dirty: &mut BTreeSet<Unit>) {
        let changed = replace(&mut self.services, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    fn secret(&mut self, id: &ObjectId, fact: Option<SecretFact>, dirty: &mut BTreeSet<Unit>) {
        let changed = replace(&mut self.secrets, Name::from(id), fact);
        self.touch_if(changed, Read::object(id), dirty);
    }

    fn ingress(&mut self, id: &ObjectId, fact: Option<IngressFact>, dirty: &mut BTreeSet<Unit>) {
        let name = Name::from(id);
        let is_for_all = fact.as_ref().is_some_and(IngressFact::has_tls_for_all);
        let moved = match is_for_all {
            true => self.tls_for_all.insert(name),
            false => self.tls_for_all.remove(&name),
        };
        self.touch_if(moved, Read::TlsForAll, dirty);
        if replace(&mut self.ingresses, Name::from(id), fact) {
            dirty.insert(Unit::Root(id.clone()));
            dirty.insert(Unit::Report(id.clone()));
            self.touch_if(true, Read::object(id), dirty);
        }
    }

    fn delegation(&mut self, id: &ObjectId, fact: Option<DelegationFact>, dirty: &mut BTreeSet<Unit>) {
        let changed = replace_named(&mut self.delegations, &id.namespace, id.name.clone(), fact);
        self.touch_if(changed, Read::Delegations(&id.namespace), dirty);
    }

    fn slice(&mut self, id: &ObjectId, slice: Option<(Arc<str>, SliceFact)>, dirty: &mut BTreeSet<Unit>) {
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
    fn slice_of(
        &mut self,
        service: &Name,
        slice: &Arc<str>,
        fact: Option<SliceFact>,
        dirty: &mut BTreeSet<Unit>,
    ) {
        let changed = replace_named(&mut self.slices, service, slice.clone(), fact);
        self.touch_if(changed, Read::slices(service), dirty);
    }

    /// A name in the Service's own copy, where there is such a Service.
    fn service_name(&self, namespace: &str, name: Arc<str>) -> Arc<str> {
        let service = self.services.get_key_value(&NameRef { namespace, name: &name });
        service.map_or(name, |(service, _)| service.name.clone())
    }

    fn http_proxy(&mut self, id: &ObjectId, fact: Option<HttpProxyFact>, dirty: &mut BTreeSet<Unit>) {
        let name = Name::from(id);
        let fact = fact.map(|fact| self.sharing_host(fact));
        let before = self.http_proxies.get(&name).map(Claim::of);
        let after = fact.as_ref().map(Claim::of);
        if !replace(&mut self.http_proxies, name.clone(), fact) {
            return;
        }
        let host = |claim: &Option<Claim>| claim.as_ref().and_then(|claim| claim.host.clone());
        let (host_before, host_after) = (host(&before), host(&after));
        if before != after {
            for host in [&host_before, &host_after].into_iter().flatten() {
                self.move_root(&name, host, Some(host) == host_after.as_ref());
                self.touch_if(true, Read::RootsOfHost(host.as_str()), dirty);
            }
        }
        if host_before.is_some() || host_after.is_some() {
            dirty.insert(Unit::Root(id.clone()));
        }
        dirty.insert(Unit::Report(id.clone()));
        self.touch_if(true, Read::object(id), dirty);
    }

    /// The same fact, with the copy of its host that is there already.
    fn sharing_host(&self, mut fact: HttpProxyFact) -> HttpProxyFact {
        let known = fact.host.as_ref().and_then(|host| self.roots_by_host.get_key_value(host));
        if let Some((host, _)) = known {
            fact.host = Some(host.clone());
        }
        fact
    }

    /// Puts a root in its place among the roots of a host, or takes it away.
    fn move_root(&mut self, name: &Name, host: &Host, stays: bool) {
        let mut roots = self.roots_by_host.remove(host).unwrap_or_default();
        roots.retain(|other| other != name);
        if stays {
            roots.reserve_exact(1);
            roots.push(name.clone());
            roots.sort_by_key(|root| (self.http_proxies.get(root).map(|fact| fact.age), root.clone()));
        }
        if !roots.is_empty() {
            self.roots_by_host.insert(host.clone(), roots);
        }
    }

    fn touch_if(&self, changed: bool, read: Read<'_>, dirty: &mut BTreeSet<Unit>) {
        if changed {
            dirty.extend(self.index.readers(read.into()).cloned());
        }
    }
}

/// What an HTTPProxy claims: a host, and its place among those that claim it too.
#[derive(PartialEq)]
struct Claim {
    host: Option<Host>,
    age: Age,
    class: Option<Box<str>>,
}

impl Claim {
    fn of(fact: &HttpProxyFact) -> Self {
        Self { host: fact.host.clone(), age: fact.age, class: fact.class.clone() }
    }
}

/// Puts a fact in place of another, and says whether that changed anything.
fn replace<F: PartialEq>(map: &mut Map<Name, F>, name: Name, fact: Option<F>) -> bool {
    match fact {
        None => map.remove(&name).is_some(),
        Some(fact) if map.get(&name) == Some(&fact) => false,
        Some(fact) => {
            map.insert(name, fact);
            true
        }
    }
}

/// The same for one of several facts under a key.
fn replace_named<K, F>(map: &mut Map<K, Named<F>>, key: &K, name: Arc<str>, fact: Option<F>) -> bool
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
