//! The kinds that are read, in one table, and an object of any of them.

use serde_json::Value;

use crate::contour_deployment::ContourDeployment;
use crate::core::{ConfigMap, Namespace, Secret, Service};
use crate::decode::{DecodeProblem, Decoded, typed};
use crate::discovery::EndpointSlice;
use crate::extension_service::ExtensionService;
use crate::gateway_api::{
    BackendTlsPolicy, Check, Gateway, GatewayClass, GrpcRoute, HttpRoute, ListenerSet, ReferenceGrant,
    TcpRoute, TlsRoute, UdpRoute, XBackendTrafficPolicy,
};
use crate::http_proxy::HttpProxy;
use crate::ingress_route::{HeptioCertificateDelegation, IngressRoute};
use crate::meta::ObjectMeta;
use crate::networking::Ingress;
use crate::tls_certificate_delegation::TlsCertificateDelegation;
use crate::validate::{At, Findings};

/// Declares [`Kind`] and [`Object`] from one table: adding a kind is one line in it.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $api_version:literal, $name:literal, $scope:ident;)*) => {
        /// A kind of object that is read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        /// One object, as the user wrote it. `Debug` shows its identity only, and of a Secret the keys.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Object { $($(#[$doc])* $variant(Box<$variant>),)* }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// Group and version as in the field `apiVersion`.
            pub fn api_version(self) -> &'static str {
                match self { $(Self::$variant => $api_version,)* }
            }

            /// The name as in the field `kind`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether objects of this kind live in a namespace.
            pub fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// Decodes a value of this kind, without looking at its `apiVersion` and `kind`.
            pub(crate) fn decode(self, value: Value) -> Result<Decoded, DecodeProblem> {
                match self { $(Self::$variant => typed(value, |object| Object::$variant(Box::new(object))),)* }
            }
        }

        impl Object {
            /// The kind of this object.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// Name, namespace, annotations and so on.
            pub fn metadata(&self) -> &ObjectMeta {
                match self { $(Self::$variant(object) => &object.metadata,)* }
            }

            /// The same, to fill in what the source knows (a default namespace).
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self { $(Self::$variant(object) => &mut object.metadata,)* }
            }
        }

        $(impl From<$variant> for Object {
            fn from(object: $variant) -> Self {
                Self::$variant(Box::new(object))
            }
        })*
    };
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One set of names for the whole cluster.
    Cluster,
    /// Names are unique within a namespace only.
    Namespaced,
}

kinds! {
    /// A namespace; read for its labels.
    Namespace = "v1", "Namespace", Cluster;
    /// Where requests go.
    Service = "v1", "Service", Namespaced;
    /// Addresses behind a Service.
    EndpointSlice = "discovery.k8s.io/v1", "EndpointSlice", Namespaced;
    /// Certificates, keys, CA bundles, CRLs, JWKS.
    Secret = "v1", "Secret", Namespaced;
    /// Kubernetes' own host and path rules.
    Ingress = "networking.k8s.io/v1", "Ingress", Namespaced;
    /// Contour's host and path rules.
    HttpProxy = "projectcontour.io/v1", "HTTPProxy", Namespaced;
    /// Who may use a namespace's certificates.
    TlsCertificateDelegation = "projectcontour.io/v1", "TLSCertificateDelegation", Namespaced;
    /// A service that Envoy itself asks.
    ExtensionService = "projectcontour.io/v1alpha1", "ExtensionService", Namespaced;
    /// Contour's host and path rules before HTTPProxy.
    IngressRoute = "contour.heptio.com/v1beta1", "IngressRoute", Namespaced;
    /// Who may use a namespace's certificates, before that of `projectcontour.io`.
    HeptioCertificateDelegation = "contour.heptio.com/v1beta1", "TLSCertificateDelegation", Namespaced;
    /// CA bundles that the Gateway API refers to.
    ConfigMap = "v1", "ConfigMap", Namespaced;
    /// How the Envoys of Gateways are set up.
    ContourDeployment = "projectcontour.io/v1alpha1", "ContourDeployment", Namespaced;
    /// Which controller serves Gateways.
    GatewayClass = "gateway.networking.k8s.io/v1", "GatewayClass", Cluster;
    /// Listeners, and the addresses where they are reached.
    Gateway = "gateway.networking.k8s.io/v1", "Gateway", Namespaced;
    /// Listeners that others add to a Gateway.
    ListenerSet = "gateway.networking.k8s.io/v1", "ListenerSet", Namespaced;
    /// Rules for requests.
    HttpRoute = "gateway.networking.k8s.io/v1", "HTTPRoute", Namespaced;
    /// Rules for calls of gRPC.
    GrpcRoute = "gateway.networking.k8s.io/v1", "GRPCRoute", Namespaced;
    /// Where connections with TLS go.
    TlsRoute = "gateway.networking.k8s.io/v1", "TLSRoute", Namespaced;
    /// Where connections go.
    TcpRoute = "gateway.networking.k8s.io/v1", "TCPRoute", Namespaced;
    /// Where datagrams go.
    UdpRoute = "gateway.networking.k8s.io/v1", "UDPRoute", Namespaced;
    /// Who may refer to objects of a namespace.
    ReferenceGrant = "gateway.networking.k8s.io/v1", "ReferenceGrant", Namespaced;
    /// How TLS is spoken with a backend.
    BackendTlsPolicy = "gateway.networking.k8s.io/v1", "BackendTLSPolicy", Namespaced;
    /// Retry budgets and sessions of a backend.
    XBackendTrafficPolicy = "gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", Namespaced;
}

/// Versions that are read though they are not the newest: their objects have the same fields.
const OLDER: [(Kind, &str); 6] = [
    (Kind::GatewayClass, "gateway.networking.k8s.io/v1beta1"),
    (Kind::Gateway, "gateway.networking.k8s.io/v1beta1"),
    (Kind::HttpRoute, "gateway.networking.k8s.io/v1beta1"),
    (Kind::ReferenceGrant, "gateway.networking.k8s.io/v1beta1"),
    (Kind::BackendTlsPolicy, "gateway.networking.k8s.io/v1alpha3"),
    (Kind::TlsRoute, "gateway.networking.k8s.io/v1alpha3"),
];

impl Kind {
    /// The kind with these words in `apiVersion` and `kind`, if it is read.
    pub fn find(api_version: &str, name: &str) -> Option<Self> {
        let is_read =
            |kind: &Self| kind.api_version() == api_version || OLDER.contains(&(*kind, api_version));
        Self::by_name(name).find(is_read)
    }

    /// The kinds with this name, whatever their group and version: to say which version is read instead of one
    /// that is not.
    pub fn by_name(name: &str) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.name() == name)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What tells one object from every other. Ordered by kind (order of the table), namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The kind.
    pub kind: Kind,
    /// Empty for kinds of the whole cluster.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectId {
    /// The id made of these parts.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Object");
        shown.field("id", &self.id().to_string());
        if let Self::Secret(secret) = self {
            shown.field("keys", &secret.data.iter().flatten().map(|(key, _)| key).collect::<Vec<_>>());
        }
        shown.finish_non_exhaustive()
    }
}

/// `HTTPProxy default/web`, `Namespace web`.
impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

impl Object {
    /// What an API server would refuse beyond what the schema says.
    pub(crate) fn check(&self, out: &mut Findings) {
        let at = &At::Root;
        match self {
            Self::GatewayClass(object) => object.check(at, out),
            Self::Gateway(object) => object.check(at, out),
            Self::ListenerSet(object) => object.check(at, out),
            Self::HttpRoute(object) => object.check(at, out),
            Self::GrpcRoute(object) => object.check(at, out),
            Self::TlsRoute(object) => object.check(at, out),
            Self::TcpRoute(object) => object.check(at, out),
            Self::UdpRoute(object) => object.check(at, out),
            Self::ReferenceGrant(object) => object.check(at, out),
            Self::BackendTlsPolicy(object) => object.check(at, out),
            Self::XBackendTrafficPolicy(object) => object.check(at, out),
            Self::Namespace(_)
            | Self::Service(_)
            | Self::EndpointSlice(_)
            | Self::Secret(_)
            | Self::ConfigMap(_)
            | Self::Ingress(_)
            | Self::HttpProxy(_)
            | Self::TlsCertificateDelegation(_)
            | Self::ExtensionService(_)
            | Self::IngressRoute(_)
            | Self::HeptioCertificateDelegation(_)
            | Self::ContourDeployment(_) => {}
        }
    }

    /// The identity.
    pub fn id(&self) -> ObjectId {
        ObjectId::new(self.kind(), self.namespace(), self.name())
    }

    /// The namespace; empty when the kind has none, or when nobody filled it in.
    pub fn namespace(&self) -> &str {
        match self.kind().scope() {
            Scope::Cluster => "",
            Scope::Namespaced => self.metadata().namespace.as_deref().unwrap_or_default(),
        }
    }

    /// The name within the namespace; empty when nobody filled it in.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_words_and_by_no_others() {
        for kind in Kind::ALL {
            assert_eq!(Kind::find(kind.api_version(), kind.name()), Some(*kind));
            assert_eq!(Kind::find("example.com/v1", kind.name()), None);
        }
        assert_eq!(Kind::find("v1", "Pod"), None);
        assert_eq!(Kind::find("gateway.networking.k8s.io/v1beta1", "HTTPRoute"), Some(Kind::HttpRoute));
        assert_eq!(Kind::find("gateway.networking.k8s.io/v1beta1", "TCPRoute"), None);
    }

    #[test]
    fn ids_read_like_kubectl() {
        assert_eq!(ObjectId::new(Kind::HttpProxy, "shop", "web").to_string(), "HTTPProxy shop/web");
        assert_eq!(ObjectId::new(Kind::Namespace, "", "shop").to_string(), "Namespace shop");
    }
}
