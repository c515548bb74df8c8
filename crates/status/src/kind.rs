//! What has a status of ours.

use std::fmt;
use std::sync::Arc;

use model::{FleetId, ObjectId};

/// A kind of object whose status is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `networking.k8s.io/v1` Ingress.
    Ingress,
    /// `projectcontour.io/v1` HTTPProxy.
    HttpProxy,
    /// `projectcontour.io/v1` TLSCertificateDelegation.
    TlsCertificateDelegation,
    /// `projectcontour.io/v1alpha1` ExtensionService.
    ExtensionService,
    /// `projectcontour.io/v1alpha1` ContourConfiguration.
    ContourConfiguration,
    /// `contour.heptio.com/v1beta1` IngressRoute.
    IngressRoute,
    /// `contour.heptio.com/v1beta1` TLSCertificateDelegation.
    HeptioCertificateDelegation,
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
    /// `gateway.networking.k8s.io/v1` BackendTLSPolicy.
    BackendTlsPolicy,
    /// `gateway.networking.x-k8s.io/v1alpha1` XBackendTrafficPolicy.
    XBackendTrafficPolicy,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Ingress,
        Self::HttpProxy,
        Self::TlsCertificateDelegation,
        Self::ExtensionService,
        Self::ContourConfiguration,
        Self::IngressRoute,
        Self::HeptioCertificateDelegation,
        Self::GatewayClass,
        Self::Gateway,
        Self::ListenerSet,
        Self::HttpRoute,
        Self::GrpcRoute,
        Self::TlsRoute,
        Self::TcpRoute,
        Self::UdpRoute,
        Self::BackendTlsPolicy,
        Self::XBackendTrafficPolicy,
    ];

    /// The kind of an object that is read; `None` when its status is not ours.
    #[must_use]
    pub const fn of(kind: model::Kind) -> Option<Self> {
        match kind {
            model::Kind::Ingress => Some(Self::Ingress),
            model::Kind::HttpProxy => Some(Self::HttpProxy),
            model::Kind::TlsCertificateDelegation => Some(Self::TlsCertificateDelegation),
            model::Kind::ExtensionService => Some(Self::ExtensionService),
            model::Kind::IngressRoute => Some(Self::IngressRoute),
            model::Kind::HeptioCertificateDelegation => Some(Self::HeptioCertificateDelegation),
            model::Kind::GatewayClass => Some(Self::GatewayClass),
            model::Kind::Gateway => Some(Self::Gateway),
            model::Kind::ListenerSet => Some(Self::ListenerSet),
            model::Kind::HttpRoute => Some(Self::HttpRoute),
            model::Kind::GrpcRoute => Some(Self::GrpcRoute),
            model::Kind::TlsRoute => Some(Self::TlsRoute),
            model::Kind::TcpRoute => Some(Self::TcpRoute),
            model::Kind::UdpRoute => Some(Self::UdpRoute),
            model::Kind::BackendTlsPolicy => Some(Self::BackendTlsPolicy),
            model::Kind::XBackendTrafficPolicy => Some(Self::XBackendTrafficPolicy),
            model::Kind::Namespace
            | model::Kind::Service
            | model::Kind::EndpointSlice
            | model::Kind::Secret
            | model::Kind::ConfigMap
            | model::Kind::ContourDeployment
            | model::Kind::ReferenceGrant => None,
        }
    }

    /// Whether it is a kind of the Gateway API: its status is one of [`model::GatewayApiStatus`].
    #[must_use]
    pub fn is_gateway_api(self) -> bool {
        matches!(self.group(), api::gateway_api::GROUP | api::gateway_api::EXPERIMENTAL_GROUP)
    }

    /// API group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Ingress => "networking.k8s.io",
            Self::IngressRoute | Self::HeptioCertificateDelegation => "contour.heptio.com",
            Self::HttpProxy
            | Self::TlsCertificateDelegation
            | Self::ExtensionService
            | Self::ContourConfiguration => "projectcontour.io",
            Self::GatewayClass
            | Self::Gateway
            | Self::ListenerSet
            | Self::HttpRoute
            | Self::GrpcRoute
            | Self::TlsRoute
            | Self::TcpRoute
            | Self::UdpRoute
            | Self::BackendTlsPolicy => api::gateway_api::GROUP,
            Self::XBackendTrafficPolicy => api::gateway_api::EXPERIMENTAL_GROUP,
        }
    }

    /// Version within the group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Ingress
            | Self::HttpProxy
            | Self::TlsCertificateDelegation
            | Self::GatewayClass
            | Self::Gateway
            | Self::ListenerSet
            | Self::HttpRoute
            | Self::GrpcRoute
            | Self::TlsRoute
            | Self::TcpRoute
            | Self::UdpRoute
            | Self::BackendTlsPolicy => "v1",
            Self::ExtensionService | Self::ContourConfiguration | Self::XBackendTrafficPolicy => "v1alpha1",
            Self::IngressRoute | Self::HeptioCertificateDelegation => "v1beta1",
        }
    }

    /// Group and version as in the field `apiVersion`.
    #[must_use]
    pub fn api_version(self) -> String {
        format!("{}/{}", self.group(), self.version())
    }

    /// The name as in the field `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::HttpProxy => "HTTPProxy",
            Self::TlsCertificateDelegation | Self::HeptioCertificateDelegation => "TLSCertificateDelegation",
            Self::ExtensionService => "ExtensionService",
            Self::ContourConfiguration => "ContourConfiguration",
            Self::IngressRoute => "IngressRoute",
            Self::GatewayClass => "GatewayClass",
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
            Self::HttpRoute => "HTTPRoute",
            Self::GrpcRoute => "GRPCRoute",
            Self::TlsRoute => "TLSRoute",
            Self::TcpRoute => "TCPRoute",
            Self::UdpRoute => "UDPRoute",
            Self::BackendTlsPolicy => "BackendTLSPolicy",
            Self::XBackendTrafficPolicy => "XBackendTrafficPolicy",
        }
    }

    /// The name in paths of the API.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Ingress => "ingresses",
            Self::HttpProxy => "httpproxies",
            Self::TlsCertificateDelegation | Self::HeptioCertificateDelegation => "tlscertificatedelegations",
            Self::ExtensionService => "extensionservices",
            Self::ContourConfiguration => "contourconfigurations",
            Self::IngressRoute => "ingressroutes",
            Self::GatewayClass => "gatewayclasses",
            Self::Gateway => "gateways",
            Self::ListenerSet => "listenersets",
            Self::HttpRoute => "httproutes",
            Self::GrpcRoute => "grpcroutes",
            Self::TlsRoute => "tlsroutes",
            Self::TcpRoute => "tcproutes",
            Self::UdpRoute => "udproutes",
            Self::BackendTlsPolicy => "backendtlspolicies",
            Self::XBackendTrafficPolicy => "xbackendtrafficpolicies",
        }
    }
}

/// An object whose status is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// What it is.
    pub kind: Kind,
    /// The namespace; empty for an object of the whole cluster.
    pub namespace: Arc<str>,
    /// The name within its namespace.
    pub name: Arc<str>,
}

impl Target {
    /// A target from its three parts.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// The fleet of a Gateway that has Envoys of its own.
    pub(crate) fn fleet(&self) -> FleetId {
        FleetId::gateway(Arc::clone(&self.namespace), Arc::clone(&self.name))
    }

    /// The object as a target; `None` when its status is not ours.
    #[must_use]
    pub fn of(object: &ObjectId) -> Option<Self> {
        let kind = Kind::of(object.kind)?;
        Some(Self { kind, namespace: object.namespace.clone(), name: object.name.clone() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return write!(f, "{} {}", self.kind.as_str(), self.name);
        }
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_reached_by_the_words_of_the_definitions() {
        for kind in api::crd::KINDS {
            let definition = api::crd::definition(*kind).expect("a kind of ours");
            let spec = &definition["spec"];
            let ours = Kind::ALL
                .iter()
                .find(|ours| (ours.group(), ours.as_str()) == (spec["group"].as_str().unwrap(), kind.name()));
            let ours = ours.expect("its status is written");
            assert_eq!(spec["names"]["plural"], ours.plural());
            assert_eq!(spec["versions"][0]["name"], ours.version());
        }
    }
}
