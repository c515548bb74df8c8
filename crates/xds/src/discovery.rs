//! The requests of the discovery protocol, with the fields that a session reads.
//!
//! Own messages rather than the generated ones, because an honest Envoy's node lists some hundred extensions
//! that nobody reads here, because maps arrive sorted, and because this crate then depends on nothing generated.
//! Field numbers: `envoy/service/discovery/v3/discovery.proto`, `envoy/config/core/v3/base.proto`.

use std::collections::BTreeMap;

use bytes::Bytes;

/// `google.rpc.Status`, without its details.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ErrorDetail {
    /// A gRPC status code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// Envoy's words. May quote a private key: see [`crate::scrub`].
    #[prost(string, tag = "2")]
    pub message: String,
}

/// `envoy.type.v3.SemanticVersion`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
pub struct SemanticVersion {
    /// 1 of 1.40.0.
    #[prost(uint32, tag = "1")]
    pub major: u32,
    /// 40 of 1.40.0.
    #[prost(uint32, tag = "2")]
    pub minor: u32,
    /// 0 of 1.40.0.
    #[prost(uint32, tag = "3")]
    pub patch: u32,
}

/// `envoy.config.core.v3.BuildVersion`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BuildVersion {
    /// The release.
    #[prost(message, optional, tag = "1")]
    pub version: Option<SemanticVersion>,
}

/// `envoy.config.core.v3.Node`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Node {
    /// Distinguishes the Envoys of one fleet.
    #[prost(string, tag = "1")]
    pub id: String,
    /// `gateway/NAMESPACE/NAME` and `gatewayclass/NAME` claim that fleet; any other text claims nothing.
    #[prost(string, tag = "2")]
    pub cluster: String,
    /// Usually `envoy`.
    #[prost(string, tag = "6")]
    pub user_agent_name: String,
    /// The release, in structured form.
    #[prost(message, optional, tag = "8")]
    pub user_agent_build_version: Option<BuildVersion>,
}

impl Node {
    /// The Envoy release, when the node says it.
    pub fn release(&self) -> Option<SemanticVersion> {
        self.user_agent_build_version.as_ref().and_then(|build| build.version)
    }
}

/// `envoy.service.discovery.v3.DeltaDiscoveryRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DeltaRequest {
    /// Given at least in the first request of a stream.
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
    /// May be empty on a stream of one type.
    #[prost(string, tag = "2")]
    pub type_url: String,
    /// Names that the client wants from now on; `*` is all. Bytes, because Envoy asks for certificates by the
    /// server name that its own client sent, as it is: a request that were refused for one that is not UTF-8
    /// would be repeated for ever, and nothing else would reach that Envoy any more. Such names are passed over.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub subscribe: Vec<Bytes>,
    /// Names that the client no longer wants.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub unsubscribe: Vec<Bytes>,
    /// What the client already has; read in the first request of a type on a stream only.
    #[prost(btree_map = "string, string", tag = "5")]
    pub initial_versions: BTreeMap<String, String>,
    /// The response that this acknowledges or rejects; empty when it does neither.
    #[prost(string, tag = "6")]
    pub nonce: String,
    /// Set when the response is rejected.
    #[prost(message, optional, tag = "7")]
    pub error: Option<ErrorDetail>,
}

/// `envoy.service.discovery.v3.DiscoveryRequest` (state of the world).
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SotwRequest {
    /// The version of the last accepted response.
    #[prost(string, tag = "1")]
    pub version: String,
    /// Given at least in the first request of a stream.
    #[prost(message, optional, tag = "2")]
    pub node: Option<Node>,
    /// All names that the client wants.
    #[prost(string, repeated, tag = "3")]
    pub names: Vec<String>,
    /// May be empty on a stream of one type.
    #[prost(string, tag = "4")]
    pub type_url: String,
    /// The response that this acknowledges or rejects.
    #[prost(string, tag = "5")]
    pub nonce: String,
    /// Set when the response is rejected.
    #[prost(message, optional, tag = "6")]
    pub error: Option<ErrorDetail>,
}

/// One request of either variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Of a delta stream.
    Delta(DeltaRequest),
    /// Of a state-of-the-world stream.
    Sotw(SotwRequest),
}

impl Request {
    /// The node, if the request names one.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Delta(request) => request.node.as_ref(),
            Self::Sotw(request) => request.node.as_ref(),
        }
    }

    /// The type URL as sent, possibly empty.
    pub fn type_url(&self) -> &str {
        match self {
            Self::Delta(request) => &request.type_url,
            Self::Sotw(request) => &request.type_url,
        }
    }
}
