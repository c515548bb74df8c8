//! The Envoys that get one configuration.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The Envoys that get one configuration: those of the ingress, those of one Gateway, or those that the Gateways of a class
/// share. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FleetId(Option<Arc<FleetOwner>>);

/// Whose the Envoys are that serve Gateways.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FleetOwner {
    /// A Gateway with Envoys of its own.
    Gateway(GatewayName),
    /// A GatewayClass whose Gateways share them, by its name.
    Class(Arc<str>),
}

/// A Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

impl FleetOwner {
    /// A Gateway with Envoys of its own.
    pub fn gateway(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self::Gateway(GatewayName { namespace: namespace.into(), name: name.into() })
    }

    /// As certificates and nodes of its Envoys name it: `gateway/NAMESPACE/NAME`, `gatewayclass/NAME`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Gateway(GatewayName { namespace, name }) => format!("gateway/{namespace}/{name}"),
            Self::Class(name) => format!("gatewayclass/{name}"),
        }
    }

    /// An address of this machine that follows from the name: the same in every run, whichever other fleets there are.
    /// It is none of 127.0.0.0/16, where people have other things.
    #[must_use]
    pub fn loopback_address(&self) -> Ipv4Addr {
        let name = match self {
            Self::Gateway(GatewayName { namespace, name }) => format!("{namespace}/{name}"),
            Self::Class(name) => name.to_string(),
        };
        // FNV-1a: short names that differ in a letter have addresses that differ.
        let hash = name
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let [_, second, third, fourth] = (hash ^ (hash >> 24)).to_be_bytes();
        Ipv4Addr::new(127, second.clamp(1, 254), third, fourth)
    }
}

impl fmt::Display for FleetOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(GatewayName { namespace, name }) => write!(f, "Gateway {namespace}/{name}"),
            Self::Class(name) => write!(f, "GatewayClass {name}"),
        }
    }
}

impl FleetId {
    /// The Envoys that serve Ingresses, HTTPProxies and IngressRoutes.
    #[must_use]
    pub const fn ingress() -> Self {
        Self(None)
    }

    /// The Envoys of one Gateway.
    pub fn gateway(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        FleetOwner::gateway(namespace, name).into()
    }

    /// The Envoys that all Gateways of a class share.
    pub fn class(name: impl Into<Arc<str>>) -> Self {
        FleetOwner::Class(name.into()).into()
    }

    /// Whether they are those of the ingress.
    #[must_use]
    pub const fn is_ingress(&self) -> bool {
        self.0.is_none()
    }

    /// Whose they are; `None` for those of the ingress.
    #[must_use]
    pub fn owner(&self) -> Option<&FleetOwner> {
        self.0.as_deref()
    }
}

impl From<FleetOwner> for FleetId {
    fn from(owner: FleetOwner) -> Self {
        Self(Some(Arc::new(owner)))
    }
}

impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner() {
            None => f.write_str("ingress"),
            Some(owner) => owner.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleets_have_addresses_of_their_own_on_one_machine() {
        let gateways = [("default", "web"), ("default", "wea"), ("team", "web"), ("web", "default")];
        let gateways = gateways.map(|(namespace, name)| FleetOwner::gateway(namespace, name));
        let classes = ["default", "web"].map(|name| FleetOwner::Class(name.into()));
        let all: Vec<_> = gateways.iter().chain(&classes).map(FleetOwner::loopback_address).collect();
        let addresses: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(addresses.len(), all.len());
        assert!(addresses.iter().all(|address| address.is_loopback() && address.octets()[1] > 0));
    }

    #[test]
    fn an_owner_is_named_by_its_kind() {
        let gateway = FleetOwner::gateway("shop", "web");
        let class = FleetOwner::Class("edge".into());
        assert_eq!([gateway.path(), class.path()], ["gateway/shop/web", "gatewayclass/edge"]);
        assert_eq!([gateway.to_string(), class.to_string()], ["Gateway shop/web", "GatewayClass edge"]);
    }
}
