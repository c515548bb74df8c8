//! Reading the world, and remembering what was read.

use std::cell::RefCell;

use model::{Host, Kind, ObjectId};

use crate::facts::{HttpProxyFact, IngressFact, SecretFact, ServiceFact, SliceFact};
use crate::store::Map;
use crate::{Name, NameRef, Store};

/// Something that can be read: one object, or a set of objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Read {
    /// One object, there or not.
    Object(ObjectId),
    /// The EndpointSlices of a Service.
    Slices(Name),
    /// The root HTTPProxies of a host.
    RootsOfHost(Host),
    /// The TLSCertificateDelegations of a namespace.
    Delegations(std::sync::Arc<str>),
}

/// A view of the world that records what is read of it, misses too.
#[derive(Debug)]
pub struct Reader<'s> {
    store: &'s Store,
    reads: RefCell<Vec<Read>>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self { store, reads: RefCell::default() }
    }

    /// What has been read; hand it to [`Store::record`].
    #[must_use]
    pub fn into_reads(self) -> Vec<Read> {
        self.reads.into_inner()
    }

    /// A Service, with its name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<(&'s Name, &'s ServiceFact)> {
        self.object(&self.store.services, Kind::Service, NameRef { namespace, name })
    }

    /// A Secret.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<&'s SecretFact> {
        self.object(&self.store.secrets, Kind::Secret, NameRef { namespace, name }).map(|(_, fact)| fact)
    }

    /// An HTTPProxy.
    pub fn http_proxy(&self, namespace: &str, name: &str) -> Option<&'s HttpProxyFact> {
        let name = NameRef { namespace, name };
        self.object(&self.store.http_proxies, Kind::HttpProxy, name).map(|(_, fact)| fact)
    }

    /// An Ingress.
    pub fn ingress(&self, namespace: &str, name: &str) -> Option<&'s IngressFact> {
        self.object(&self.store.ingresses, Kind::Ingress, NameRef { namespace, name }).map(|(_, fact)| fact)
    }

    /// The EndpointSlices of a Service, by name.
    pub fn slices(&self, namespace: &str, service: &str) -> impl Iterator<Item = &'s SliceFact> {
        let found = self.store.slices.get_key_value(&NameRef { namespace, name: service });
        let name = found.map_or_else(|| Name::new(namespace, service), |(name, _)| name.clone());
        self.record(Read::Slices(name));
        found.map(|(_, slices)| slices).into_iter().flatten().map(|(_, slice)| slice)
    }

    /// The root HTTPProxies of a host, whatever their class, oldest first, then by namespace and name.
    pub fn roots_of_host(&self, host: &str) -> impl Iterator<Item = (&'s Name, &'s HttpProxyFact)> {
        self.record(Read::RootsOfHost(Host::new(host)));
        let roots = self.store.roots_by_host.get(host);
        roots.into_iter().flatten().filter_map(|name| Some((name, self.store.http_proxies.get(name)?)))
    }

    /// Whether the namespace of a Secret lets another use it. Its own always may.
    pub fn delegates(&self, owner: &str, secret: &str, user: &str) -> bool {
        if owner == user {
            return true;
        }
        self.record(Read::Delegations(owner.into()));
        let delegations = self.store.delegations.get(owner);
        delegations.into_iter().flatten().any(|(_, delegation)| delegation.permits(secret, user))
    }

    /// Looks an object up. What is recorded shares the name of one that is there.
    fn object<F>(&self, facts: &'s Map<Name, F>, kind: Kind, name: NameRef<'_>) -> Option<(&'s Name, &'s F)> {
        let found = facts.get_key_value(&name);
        self.record(Read::Object(match found {
            Some((name, _)) => name.object(kind),
            None => ObjectId::new(kind, name.namespace, name.name),
        }));
        found
    }

    fn record(&self, read: Read) {
        self.reads.borrow_mut().push(read);
    }
}
