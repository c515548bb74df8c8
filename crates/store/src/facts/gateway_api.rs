//! Objects of the Gateway API.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use api::contour_deployment::{ContourDeploymentSpec, Gateways};
use api::core::{ConfigMap, Namespace};
use api::gateway_api::GatewayClass;
use api::gateway_api::backend_tls_policy::BackendTlsPolicySpec;
use api::gateway_api::backend_traffic_policy::BackendTrafficPolicySpec;
use api::gateway_api::forwarding::{ForwardingSpec, TlsRouteSpec};
use api::gateway_api::gateway::GatewaySpec;
use api::gateway_api::gateway_class::GatewayClassSpec;
use api::gateway_api::grpc_route::GrpcRouteSpec;
use api::gateway_api::http_route::HttpRouteSpec;
use api::gateway_api::listener_set::ListenerSetSpec;
use api::gateway_api::reference_grant::ReferenceGrantSpec;
use api::meta::ObjectMeta;
use x509::{CaBundle, InvalidCaBundle};

use super::{Age, age};

/// What is used of an object whose whole `spec` is.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecFact<S> {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// When it was made.
    pub age: Age,
    /// What the user wants.
    pub spec: Box<S>,
}

impl<S: Clone> SpecFact<S> {
    pub(crate) fn new(metadata: &ObjectMeta, spec: &S) -> Self {
        let generation = metadata.generation.unwrap_or_default();
        Self { generation, age: age(metadata), spec: Box::new(spec.clone()) }
    }
}

/// A ContourDeployment.
pub type ContourDeploymentFact = SpecFact<ContourDeploymentSpec>;
/// A Gateway.
pub type GatewayFact = SpecFact<GatewaySpec>;
/// A ListenerSet.
pub type ListenerSetFact = SpecFact<ListenerSetSpec>;
/// An HTTPRoute.
pub type HttpRouteFact = SpecFact<HttpRouteSpec>;
/// A GRPCRoute.
pub type GrpcRouteFact = SpecFact<GrpcRouteSpec>;
/// A TLSRoute.
pub type TlsRouteFact = SpecFact<TlsRouteSpec>;
/// A TCPRoute.
pub type TcpRouteFact = SpecFact<ForwardingSpec>;
/// A UDPRoute.
pub type UdpRouteFact = SpecFact<ForwardingSpec>;
/// A ReferenceGrant.
pub type ReferenceGrantFact = SpecFact<ReferenceGrantSpec>;
/// A BackendTLSPolicy.
pub type BackendTlsPolicyFact = SpecFact<BackendTlsPolicySpec>;
/// An XBackendTrafficPolicy.
pub type BackendTrafficPolicyFact = SpecFact<BackendTrafficPolicySpec>;

/// What is used of a GatewayClass.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayClassFact {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// What it has kept of parameters that could be used.
    pub kept_gateways: Gateways,
    /// What the user wants.
    pub spec: Box<GatewayClassSpec>,
}

impl From<&GatewayClass> for GatewayClassFact {
    fn from(object: &GatewayClass) -> Self {
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            kept_gateways: Gateways::kept_by(&object.metadata),
            spec: Box::new(object.spec.clone()),
        }
    }
}

/// What is used of a Namespace: selectors look at its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceFact {
    /// Its labels.
    pub labels: BTreeMap<Box<str>, Box<str>>,
}

impl From<&Namespace> for NamespaceFact {
    fn from(object: &Namespace) -> Self {
        let labels = object.metadata.labels.iter().flatten();
        Self { labels: labels.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect() }
    }
}

/// What is used of a ConfigMap: a bundle of CAs. Checked at most once for each content, and only when somebody asks.
#[derive(Clone)]
pub struct ConfigMapFact {
    ca: Option<Arc<str>>,
    bundle: OnceLock<Result<Arc<CaBundle>, InvalidCaBundle>>,
}

impl From<&ConfigMap> for ConfigMapFact {
    fn from(object: &ConfigMap) -> Self {
        let ca = object.data.as_ref().and_then(|data| data.get("ca.crt"));
        Self { ca: ca.map(|text| text.as_str().into()), bundle: OnceLock::new() }
    }
}

impl ConfigMapFact {
    /// The bundle of certificates under `ca.crt`, checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn bundle(&self) -> Result<&Arc<CaBundle>, &InvalidCaBundle> {
        let bytes = self.ca.as_ref().map_or(&[][..], |text| text.as_bytes());
        self.bundle.get_or_init(|| CaBundle::parse(bytes).map(Arc::new)).as_ref()
    }
}

impl PartialEq for ConfigMapFact {
    fn eq(&self, other: &Self) -> bool {
        self.ca == other.ca
    }
}

impl fmt::Debug for ConfigMapFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigMapFact").finish_non_exhaustive()
    }
}
