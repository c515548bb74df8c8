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

/// The same kinds have the same names on both sides.
macro_rules! kinds {
    ($($name:ident,)*) => {
        /// A kind in the words of `model`.
        #[must_use]
        pub const fn kind(kind: api::Kind) -> model::Kind {
            match kind { $(api::Kind::$name => model::Kind::$name,)* }
        }

        /// A kind in the words of `api`.
        #[must_use]
        pub const fn api_kind(kind: model::Kind) -> api::Kind {
            match kind { $(model::Kind::$name => api::Kind::$name,)* }
        }
    };
}

kinds! {
    Namespace,
    Service,
    EndpointSlice,
    Secret,
    ConfigMap,
    Ingress,
    HttpProxy,
    TlsCertificateDelegation,
    ExtensionService,
    IngressRoute,
    HeptioCertificateDelegation,
    ContourDeployment,
    GatewayClass,
    Gateway,
    ListenerSet,
    HttpRoute,
    GrpcRoute,
    TlsRoute,
    TcpRoute,
    UdpRoute,
    ReferenceGrant,
    BackendTlsPolicy,
    XBackendTrafficPolicy,
}
