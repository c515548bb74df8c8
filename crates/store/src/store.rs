//! The world: facts, and who read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::{Host, Kind, ObjectId};

use crate::change::object_id;
use crate::facts::{
    DelegationFact, HttpProxyFact, IngressFact, SecretFact, ServiceFact, SliceFact,
};
use crate::index::Index;
use crate::{Change, Name, Read, Reader, Unit};

type Map<K, V> = HashMap<K, V, FixedState>;
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
    pub(crate) roots_by_host: Map<Box<str>, Vec<Name>>,
    /// The Service that each slice was last seen to belong to.
    slice_owners: Map<Name, Name>,
    index: Index,
}

impl Store {
    /// Takes a change in, and says which units it makes dirty. Nothing that is used changed: none.
    pub fn apply(&mut self, change: &Change) -> BTreeSet<Unit> {
        let mut dirty = BTreeSet::new();
        let id = change.object();
        let object = match change {
            Change::Applied(object) => Some(object),
            Change::Removed(_) => None,
        };
        let name = Name::from(&id);
        match id.kind {
            // Namespaces matter to selectors of the Gateway API alone.
            Kind::Namespace => {}
            Kind::Service => {
                let fact = fact(object, |object| match object {
                    api::Object::Service(service) => Some(ServiceFact::from(&**service)),
                    _ => None,
                });
                self.touch_if(replace(&mut self.services, name, fact), Read::Object(id), &mut dirty);
            }
            Kind::Secret => {
                let fact = fact(object, |object| match object {
                    api::Object::Secret(secret) => Some(SecretFact::from(&**secret)),
                    _ => None,
                });
                self.touch_if(replace(&mut self.secrets, name, fact), Read::Object(id), &mut dirty);
            }
            Kind::EndpointSlice => {
                let fact = fact(object, |object| match object {
                    api::Object::EndpointSlice(slice) => SliceFact::new(slice),
                    _ => None,
                });
                self.apply_slice(name, fact, &mut dirty);
            }
            Kind::Ingress => {
                let fact = fact(object, |object| match object {
                    api::Object::Ingress(ingress) => Some(IngressFact::from(&**ingress)),
                    _ => None,
                });
                if replace(&mut self.ingresses, name, fact) {
                    dirty.insert(Unit::Root(id.clone()));
                    self.touch_if(true, Read::Object(id), &mut dirty);
                }
            }
            Kind::HttpProxy => {
                let fact = fact(object, |object| match object {
                    api::Object::HttpProxy(proxy) => Some(HttpProxyFact::from(&**proxy)),
                    _ => None,
                });
                self.apply_http_proxy(&name, fact, &mut dirty);
            }
            Kind::TlsCertificateDelegation => {
                let fact = fact(object, |object| match object {
                    api::Object::TlsCertificateDelegation(grant) => Some(DelegationFact::from(&**grant)),
                    _ => None,
                });
                let read = Read::Delegations(name.namespace.clone());
                let changed = replace_named(&mut self.delegations, name.namespace, name.name, fact);
                self.touch_if(changed, read, &mut dirty);
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
    pub fn record(&mut self, unit: &Unit, reads: Vec<Read>) {
        self.index.record(unit, reads);
    }

    /// Forgets a unit: nothing makes it dirty any more.
    pub fn forget(&mut self, unit: &Unit) {
        self.index.forget(unit);
    }

    fn apply_slice(&mut self, slice: Name, fact: Option<SliceFact>, dirty: &mut BTreeSet<Unit>) {
        let owner = fact.as_ref().map(|fact| Name::new(slice.namespace.clone(), &*fact.service));
        let before = match &owner {
            Some(owner) => self.slice_owners.insert(slice.clone(), owner.clone()),
            None => self.slice_owners.remove(&slice),
        };
        if let Some(before) = before.filter(|before| Some(before) != owner.as_ref()) {
            let changed = replace_named(&mut self.slices, before.clone(), slice.name.clone(), None);
            self.touch_if(changed, Read::Slices(before), dirty);
        }
        if let Some(owner) = owner {
            let changed = replace_named(&mut self.slices, owner.clone(), slice.name, fact);
            self.touch_if(changed, Read::Slices(owner), dirty);
        }
    }

    fn apply_http_proxy(&mut self, name: &Name, fact: Option<HttpProxyFact>, dirty: &mut BTreeSet<Unit>) {
        let id = name.object(Kind::HttpProxy);
        let before = self.http_proxies.get(name).and_then(HttpProxyFact::root_host);
        let place_before = self.http_proxies.get(name).map(|fact| (fact.age, fact.class.clone()));
        let after = fact.as_ref().and_then(HttpProxyFact::root_host);
        let place_after = fact.as_ref().map(|fact| (fact.age, fact.class.clone()));
        if !replace(&mut self.http_proxies, name.clone(), fact) {
            return;
        }
        if before != after || place_before != place_after {
            for host in [&before, &after].into_iter().flatten() {
                self.move_root(name, host, Some(host) == after.as_ref());
                self.touch_if(true, Read::RootsOfHost(Host::new(host.as_str())), dirty);
            }
        }
        if before.is_some() || after.is_some() {
            dirty.insert(Unit::Root(id.clone()));
        }
        dirty.insert(Unit::Report(id.clone()));
        self.touch_if(true, Read::Object(id), dirty);
    }

    /// Puts a root in its place among the roots of a host, or takes it away.
    fn move_root(&mut self, name: &Name, host: &str, stays: bool) {
        let mut roots = self.roots_by_host.remove(host).unwrap_or_default();
        roots.retain(|other| other != name);
        if stays {
            roots.reserve_exact(1);
            roots.push(name.clone());
            roots.sort_by_key(|root| (self.http_proxies.get(root).map(|fact| fact.age), root.clone()));
        }
        if !roots.is_empty() {
            self.roots_by_host.insert(host.into(), roots);
        }
    }

    fn touch_if(&self, changed: bool, read: Read, dirty: &mut BTreeSet<Unit>) {
        if changed {
            dirty.extend(self.index.readers(&read).cloned());
        }
    }
}

/// The fact of an object, if there is one.
fn fact<F>(object: Option<&api::Object>, read: impl Fn(&api::Object) -> Option<F>) -> Option<F> {
    object.and_then(read)
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
fn replace_named<K, F>(map: &mut Map<K, Named<F>>, key: K, name: Arc<str>, fact: Option<F>) -> bool
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
        map.remove(&key);
    }
    changed
}

impl Store {
    /// The objects that reports are made about, in order.
    #[must_use]
    pub fn reported_objects(&self) -> BTreeSet<ObjectId> {
        let ingresses = self.ingresses.keys().map(|name| name.object(Kind::Ingress));
        let proxies = self.http_proxies.keys().map(|name| name.object(Kind::HttpProxy));
        ingresses.chain(proxies).collect()
    }
}
