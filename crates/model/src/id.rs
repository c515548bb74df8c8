//! Names of objects, and of the pieces of configuration that are made from them.

use std::fmt;
use std::sync::Arc;

use crate::{Host, ListenerId};

/// A kind of object that Isobath reads.
///
/// The order is that of the start of a report: what is needed first stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `v1` Namespace.
    Namespace,
    /// `v1` Service.
    Service,
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice,
    /// `v1` Secret.
    Secret,
    /// `networking.k8s.io/v1` Ingress.
    Ingress,
    /// `projectcontour.io/v1` HTTPProxy.
    HttpProxy,
    /// `projectcontour.io/v1` TLSCertificateDelegation.
    TlsCertificateDelegation,
    /// `projectcontour.io/v1alpha1` ExtensionService.
    ExtensionService,
    /// `contour.heptio.com/v1beta1` IngressRoute.
    IngressRoute,
    /// `contour.heptio.com/v1beta1` TLSCertificateDelegation.
    HeptioCertificateDelegation,
    /// `v1` ConfigMap.
    ConfigMap,
    /// `projectcontour.io/v1alpha1` ContourDeployment.
    ContourDeployment,
    /// `gateway.networking.k8s.io/v1` GatewayClass.
    GatewayClass,
    /// `gateway.networking.k8s.io/v1` Gateway.
    Gateway,
    /// `gateway.networking.k8s.io/v1` ListenerSet.
    ListenerSet,
    /// `gateway.networking.k8s.io/v1` HTTPRoute.
    HttpRoute,
    /// `gateway.networking.k8s.io/v1` GRPCRoute.
    GrpcRoute,
    /// `gateway.networking.k8s.io/v1` TLSRoute.
    TlsRoute,
    /// `gateway.networking.k8s.io/v1` TCPRoute.
    TcpRoute,
    /// `gateway.networking.k8s.io/v1` UDPRoute.
    UdpRoute,
    /// `gateway.networking.k8s.io/v1` ReferenceGrant.
    ReferenceGrant,
    /// `gateway.networking.k8s.io/v1` BackendTLSPolicy.
    BackendTlsPolicy,
    /// `gateway.networking.x-k8s.io/v1alpha1` XBackendTrafficPolicy.
    XBackendTrafficPolicy,
}

impl Kind {
    /// The kind as Kubernetes spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::Secret => "Secret",
            Self::Ingress => "Ingress",
            Self::HttpProxy => "HTTPProxy",
            Self::TlsCertificateDelegation | Self::HeptioCertificateDelegation => "TLSCertificateDelegation",
            Self::IngressRoute => "IngressRoute",
            Self::ExtensionService => "ExtensionService",
            Self::ConfigMap => "ConfigMap",
            Self::ContourDeployment => "ContourDeployment",
            Self::GatewayClass => "GatewayClass",
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
            Self::HttpRoute => "HTTPRoute",
            Self::GrpcRoute => "GRPCRoute",
            Self::TlsRoute => "TLSRoute",
            Self::TcpRoute => "TCPRoute",
            Self::UdpRoute => "UDPRoute",
            Self::ReferenceGrant => "ReferenceGrant",
            Self::BackendTlsPolicy => "BackendTLSPolicy",
            Self::XBackendTrafficPolicy => "XBackendTrafficPolicy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object: what it is and where it lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// What it is.
    pub kind: Kind,
    /// The namespace; empty for an object of the whole cluster (a Namespace).
    pub namespace: Arc<str>,
    /// The name within its namespace.
    pub name: Arc<str>,
}

impl ObjectId {
    /// An id from its three parts.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// `namespace/name`, where the kind is clear.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return write!(f, "{} {}", self.kind, self.name);
        }
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// One host of one listener: the piece that virtual hosts are merged by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VirtualHostKey {
    /// The listener that it is served on.
    pub listener: ListenerId,
    /// The host.
    pub host: Host,
}
