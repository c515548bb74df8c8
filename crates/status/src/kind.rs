//! What has a status of ours.

use std::fmt;
use std::sync::Arc;

use model::ObjectId;

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
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Ingress,
        Self::HttpProxy,
        Self::TlsCertificateDelegation,
        Self::ExtensionService,
        Self::ContourConfiguration,
        Self::IngressRoute,
        Self::HeptioCertificateDelegation,
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
            model::Kind::Namespace
            | model::Kind::Service
            | model::Kind::EndpointSlice
            | model::Kind::Secret
            | model::Kind::ConfigMap
            | model::Kind::ReferenceGrant
            | model::Kind::GatewayClass
            | model::Kind::Gateway
            | model::Kind::ListenerSet
            | model::Kind::HttpRoute
            | model::Kind::GrpcRoute
            | model::Kind::TlsRoute
            | model::Kind::TcpRoute
            | model::Kind::UdpRoute
            | model::Kind::BackendTlsPolicy
            | model::Kind::XBackendTrafficPolicy => None,
        }
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
        }
    }

    /// Version within the group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Ingress | Self::HttpProxy | Self::TlsCertificateDelegation => "v1",
            Self::ExtensionService | Self::ContourConfiguration => "v1alpha1",
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
        }
    }
}

/// An object whose status is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// What it is.
    pub kind: Kind,
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name within its namespace.
    pub name: Arc<str>,
}

impl Target {
    /// A target from its three parts.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
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
