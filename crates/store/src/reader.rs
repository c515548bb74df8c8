//! Reading the world, and remembering what was read.

use std::cell::RefCell;

use model::{Host, Kind, ObjectId};

use crate::facts::{HttpProxyFact, IngressFact, SecretFact, ServiceFact, SliceFact};
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

    /// A Service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&'s ServiceFact> {
        self.object(Kind::Service, namespace, name);
        self.store.services.get(&NameRef { namespace, name })
    }

    /// A Secret.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<&'s SecretFact> {
        self.object(Kind::Secret, namespace, name);
        self.store.secrets.get(&NameRef { namespace, name })
    }

    /// An HTTPProxy.
    pub fn http_proxy(&self, namespace: &str, name: &str) -> Option<&'s HttpProxyFact> {
        self.object(Kind::HttpProxy, namespace, name);
        self.store.http_proxies.get(&NameRef { namespace, name })
    }

    /// An Ingress.
    pub fn ingress(&self, namespace: &str, name: &str) -> Option<&'s IngressFact> {
        self.object(Kind::Ingress, namespace, name);
        self.store.ingresses.get(&NameRef { namespace, name })
    }

    /// The EndpointSlices of a Service, by name.
    pub fn slices(&self, namespace: &str, service: &str) -> impl Iterator<Item = &'s SliceFact> {
        self.record(Read::Slices(Name::new(namespace, service)));
        let slices = self.store.slices.get(&NameRef { namespace, name: service });
        slices.into_iter().flatten().map(|(_, slice)| slice)
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

    fn object(&self, kind: Kind, namespace: &str, name: &str) {
        self.record(Read::Object(ObjectId::new(kind, namespace, name)));
    }

    fn record(&self, read: Read) {
        self.reads.borrow_mut().push(read);
    }
}
