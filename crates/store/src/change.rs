//! What may happen to the world.

use model::ObjectId;

/// One input.
#[derive(Debug, Clone)]
pub enum Change {
    /// An object is there, in this form.
    Applied(api::Object),
    /// An object is not there any more.
    Removed(ObjectId),
}

impl Change {
    /// The object that the change is about.
    #[must_use]
    pub fn object(&self) -> ObjectId {
        match self {
            Self::Applied(object) => ObjectId::new(kind(object.kind()), object.namespace(), object.name()),
            Self::Removed(id) => id.clone(),
        }
    }
}

/// A kind in the words of `model`.
#[must_use]
pub fn kind(kind: api::Kind) -> model::Kind {
    match kind {
        api::Kind::Namespace => model::Kind::Namespace,
        api::Kind::Service => model::Kind::Service,
        api::Kind::EndpointSlice => model::Kind::EndpointSlice,
        api::Kind::Secret => model::Kind::Secret,
        api::Kind::Ingress => model::Kind::Ingress,
        api::Kind::HttpProxy => model::Kind::HttpProxy,
        api::Kind::TlsCertificateDelegation => model::Kind::TlsCertificateDelegation,
        api::Kind::ExtensionService => model::Kind::ExtensionService,
        api::Kind::IngressRoute => model::Kind::IngressRoute,
        api::Kind::HeptioCertificateDelegation => model::Kind::HeptioCertificateDelegation,
    }
}
