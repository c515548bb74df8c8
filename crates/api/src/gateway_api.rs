//! The Gateway API 1.6, standard and experimental channel: `gateway.networking.k8s.io` and
//! `gateway.networking.x-k8s.io`.
//!
//! One file for each kind, and one for each part that several kinds have. What the definitions of the API fill in
//! is in the value after decoding, whether a cluster or a file was read: a field is an `Option` only where leaving it
//! out means something of its own. Words that are not known stay readable ([`crate::Choice`]), so that one rule can
//! be refused by a condition while the rest of the object is served.
//!
//! Lengths, patterns and words are attributes of the fields, as in our own kinds; what looks at several fields is
//! [`Check`], beside the structure that it is about.

pub mod backend_tls_policy;
pub mod backend_traffic_policy;
mod check;
pub mod forwarding;
pub mod gateway;
pub mod gateway_class;
pub mod grpc_route;
pub mod http_route;
pub mod listener;
pub mod listener_set;
pub mod reference_grant;
pub mod references;
pub mod session_persistence;
pub mod status;
#[cfg(test)]
mod tests;

pub use backend_tls_policy::BackendTlsPolicy;
pub use backend_traffic_policy::XBackendTrafficPolicy;
pub use check::Check;
pub use forwarding::{TcpRoute, TlsRoute, UdpRoute};
pub use gateway::Gateway;
pub use gateway_class::GatewayClass;
pub use grpc_route::GrpcRoute;
pub use http_route::HttpRoute;
pub use listener_set::ListenerSet;
pub use reference_grant::ReferenceGrant;

/// The group of the kinds, and of references that name none.
pub const GROUP: &str = "gateway.networking.k8s.io";

/// The group of kinds that are only in the experimental channel.
pub const EXPERIMENTAL_GROUP: &str = "gateway.networking.x-k8s.io";
