//! What can be read, and how that is remembered.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;
use model::{Kind, ObjectId};

use crate::{Name, NameRef};

/// Something that can be read: one object, or a set of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Read<'a> {
    /// One object, there or not.
    Object(Kind, NameRef<'a>),
    /// The EndpointSlices of a Service.
    Slices(NameRef<'a>),
    /// The root HTTPProxies and IngressRoutes of a host.
    RootsOfHost(&'a str),
    /// The Ingresses that ask for TLS for all hosts.
    TlsForAll,
    /// The TLSCertificateDelegations of a namespace.
    Delegations(&'a str),
    /// The ReferenceGrants of a namespace.
    Grants(&'a str),
    /// The policies of a Service.
    Policies(NameRef<'a>),
    /// The Gateways of a class.
    Gateways(&'a str),
    /// The ListenerSets of a Gateway.
    ListenerSets(NameRef<'a>),
    /// What a Gateway or a ListenerSet offers to routes.
    Offer(&'a ObjectId),
}

impl<'a> Read<'a> {
    /// The read of one object.
    #[must_use]
    pub fn object(id: &'a ObjectId) -> Self {
        Self::Object(id.kind, NameRef { namespace: &id.namespace, name: &id.name })
    }

    pub(crate) fn slices(service: &'a Name) -> Self {
        Self::Slices(service.into())
    }
}

/// What was read, remembered by its hash: there are several for each host. Two things of one hash would make each
/// other's readers run once more than needed, and nothing worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(u64);

impl From<Read<'_>> for Source {
    fn from(read: Read<'_>) -> Self {
        Self(FixedState::default().hash_one(read))
    }
}
