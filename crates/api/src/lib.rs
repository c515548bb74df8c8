//! Kubernetes-facing types: what users write, before anything is made of it.
//!
//! Does: names the kinds that are read ([`Kind`]), decodes one JSON value into an [`Object`] and says which of
//! its fields are unknown or mistyped, and which the API server would refuse ([`decode`()]), because without
//! Kubernetes nobody else does. Says what a cluster must know of the kinds that are ours to define ([`crd`]).
//!
//! Does not: talk to a cluster, read files, look at two objects at once, or decide what a field means for traffic.
//!
//! Start with [`Object`], [`Kind`] and [`http_proxy::HttpProxy`]. The kinds of Kubernetes itself come from
//! `k8s-openapi` and are re-exported under [`core`] and [`networking`].

mod choice;
pub mod contour_configuration;
pub mod contour_deployment;
pub mod crd;
pub mod decode;
pub mod duration;
pub mod extension_service;
pub mod gateway_api;
pub mod http_proxy;
pub mod ingress_route;
mod object;
mod schema;
pub mod tls_certificate_delegation;
mod validate;

pub use choice::{Choice, Choices};
pub use contour_configuration::{ContourConfiguration, ContourConfigurationSpec};
pub use contour_deployment::ContourDeployment;
pub use decode::{DecodeProblem, Decoded, decode};
pub use extension_service::ExtensionService;
pub use http_proxy::{HttpProxy, HttpProxySpec};
pub use ingress_route::{HeptioCertificateDelegation, IngressRoute, IngressRouteSpec};
pub use k8s_openapi::ByteString;
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
pub use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
pub use object::{Kind, Object, ObjectId, Scope};
pub use tls_certificate_delegation::TlsCertificateDelegation;
pub use validate::{At, Findings, Violation};

/// Kinds of the core group that are read: Namespace, Service, Secret, ConfigMap.
pub mod core {
    pub use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServicePort, ServiceSpec};
}

/// EndpointSlice and its parts.
pub mod discovery {
    pub use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
}

/// Ingress and its parts.
pub mod networking {
    pub use k8s_openapi::api::networking::v1::{
        HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
        IngressSpec, IngressTLS, ServiceBackendPort,
    };
}
