//! The parts of objects that translation uses.

mod annotation;
mod delegation;
mod extension_service;
mod gateway_api;
mod ingress;
mod jwks;
mod proxy;
mod secret;
mod service;
mod slice;

pub use annotation::{Annotations, Strays, annotated_kind};
pub use delegation::DelegationFact;
pub use extension_service::ExtensionServiceFact;
pub use gateway_api::{
    BackendTlsPolicyFact, BackendTrafficPolicyFact, ConfigMapFact, ContourDeploymentFact, GatewayClassFact,
    GatewayFact, GrpcRouteFact, HttpRouteFact, ListenerSetFact, NamespaceFact, ReferenceGrantFact, SpecFact,
    TcpRouteFact, TlsRouteFact, UdpRouteFact,
};
pub use ingress::IngressFact;
pub use jwks::InvalidJwks;
pub use proxy::{HttpProxyFact, IngressRouteFact, ProxyFact};
pub use secret::{SecretFact, SecretType};
pub use service::{PortProtocol, ServiceFact, ServicePort};
pub use slice::{SliceEndpoint, SliceFact};

use annotation::{annotations, class, strays};
use api::meta::ObjectMeta;

/// When an object was made, in seconds since 1970: the oldest wins a conflict. An object without a time
/// (from a file) counts as the youngest.
pub type Age = i64;

/// When an object was made.
fn age(metadata: &ObjectMeta) -> Age {
    metadata.creation_timestamp.as_ref().map_or(Age::MAX, |time| time.0.as_second())
}

/// What is used of a list, in no more room than that takes; nearly always that is all of it.
fn packed<T>(length: usize, used: impl Iterator<Item = T>) -> Box<[T]> {
    let mut list = Vec::with_capacity(length);
    list.extend(used);
    list.into()
}
