//! A thing that Envoy subscribes to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use envoy_protos::envoy;
use prost::{Message, Name};
use rope::Rope;

use crate::References;

/// The kinds of resources.
///
/// The order is only that of outputs; the order of sending follows references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// `envoy.extensions.transport_sockets.tls.v3.Secret` (SDS).
    Secret,
    /// `envoy.config.endpoint.v3.ClusterLoadAssignment` (EDS).
    ClusterLoadAssignment,
    /// `envoy.config.cluster.v3.Cluster` (CDS).
    Cluster,
    /// `envoy.config.route.v3.RouteConfiguration` (RDS).
    RouteConfiguration,
    /// `envoy.config.route.v3.ScopedRouteConfiguration` (SRDS).
    ScopedRouteConfiguration,
    /// `envoy.config.listener.v3.Listener` (LDS).
    Listener,
    /// `envoy.service.runtime.v3.Runtime` (RTDS).
    Runtime,
}

impl ResourceType {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Secret,
        Self::ClusterLoadAssignment,
        Self::Cluster,
        Self::RouteConfiguration,
        Self::ScopedRouteConfiguration,
        Self::Listener,
        Self::Runtime,
    ];

    /// The type as the xDS protocol names it.
    #[must_use]
    pub const fn type_url(self) -> &'static str {
        match self {
            Self::Secret => "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            Self::ClusterLoadAssignment => {
                "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
            }
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::RouteConfiguration => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Self::ScopedRouteConfiguration => {
                "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration"
            }
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Runtime => "type.googleapis.com/envoy.service.runtime.v3.Runtime",
        }
    }
}

/// Messages that are resources.
pub(crate) trait Encode: Message + Name {
    /// Their kind.
    const TYPE: ResourceType;
}

impl Encode for envoy::extensions::transport_sockets::tls::v3::Secret {
    const TYPE: ResourceType = ResourceType::Secret;
}
impl Encode for envoy::config::endpoint::v3::ClusterLoadAssignment {
    const TYPE: ResourceType = ResourceType::ClusterLoadAssignment;
}
impl Encode for envoy::config::cluster::v3::Cluster {
    const TYPE: ResourceType = ResourceType::Cluster;
}
impl Encode for envoy::config::route::v3::RouteConfiguration {
    const TYPE: ResourceType = ResourceType::RouteConfiguration;
}
impl Encode for envoy::config::route::v3::ScopedRouteConfiguration {
    const TYPE: ResourceType = ResourceType::ScopedRouteConfiguration;
}
impl Encode for envoy::config::listener::v3::Listener {
    const TYPE: ResourceType = ResourceType::Listener;
}
impl Encode for envoy::service::runtime::v3::Runtime {
    const TYPE: ResourceType = ResourceType::Runtime;
}

/// Where a message tells the name of its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnName {
    /// In the body, if at all.
    InBody,
    /// In field 1, before the body, which lacks it: several resources can then share one body.
    BeforeBody,
}

/// How long Envoy may take until a cluster serves, and is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warming {
    /// Until it has what it names.
    Quick,
    /// So much longer at most: it probes endpoints first.
    Within(Duration),
    /// Nobody knows: it resolves a name first.
    Open,
}

/// A thing that Envoy subscribes to, ready to be sent.
///
/// Clones share everything. `Debug` shows no content: a Secret is a resource, too.
#[derive(Clone, PartialEq)]
pub struct Resource {
    /// Its kind.
    pub resource_type: ResourceType,
    /// Its name among those of its kind.
    pub name: Arc<str>,
    /// The serialized message, without its name where that is [`OwnName::BeforeBody`]; equal for equal input.
    pub body: Rope,
    /// Where the message tells the name.
    pub own_name: OwnName,
    /// The resources that it names.
    pub refs: References,
    /// How long Envoy may take to acknowledge it.
    pub warming: Warming,
    /// Whether it is made from many hosts: what one of them waits for must not hold up the others.
    pub is_shared: bool,
}

impl Resource {
    /// A resource from its message.
    pub(crate) fn new<M: Encode>(name: Arc<str>, message: &M, refs: References) -> Self {
        Self::of(M::TYPE, name, message.encode_to_vec().into(), refs)
    }

    /// A resource from its body, in which the name is.
    pub(crate) const fn of(
        resource_type: ResourceType,
        name: Arc<str>,
        body: Rope,
        refs: References,
    ) -> Self {
        let (own_name, warming, is_shared) = (OwnName::InBody, Warming::Quick, false);
        Self { resource_type, name, body, own_name, refs, warming, is_shared }
    }

    /// The whole serialized message. Copies a body that lacks the name.
    #[must_use]
    pub fn message(&self) -> Bytes {
        match self.own_name {
            OwnName::InBody => self.body.to_bytes(),
            OwnName::BeforeBody => {
                let mut message = BytesMut::new();
                prost::encoding::string::encode(1, &self.name.to_string(), &mut message);
                self.body.pieces().iter().for_each(|piece| message.put_slice(piece.bytes()));
                message.freeze()
            }
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("resource_type", &self.resource_type)
            .field("name", &self.name)
            .field("bytes", &self.body.len())
            .field("own_name", &self.own_name)
            .field("refs", &self.refs)
            .field("warming", &self.warming)
            .field("is_shared", &self.is_shared)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<M: Encode>() {
        assert_eq!(M::TYPE.type_url(), M::type_url());
    }

    #[test]
    fn type_urls_are_those_of_the_messages() {
        check::<envoy::extensions::transport_sockets::tls::v3::Secret>();
        check::<envoy::config::endpoint::v3::ClusterLoadAssignment>();
        check::<envoy::config::cluster::v3::Cluster>();
        check::<envoy::config::route::v3::RouteConfiguration>();
        check::<envoy::config::route::v3::ScopedRouteConfiguration>();
        check::<envoy::config::listener::v3::Listener>();
        check::<envoy::service::runtime::v3::Runtime>();
    }
}
