//! The Envoys that get one configuration.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The Envoys that get one configuration: those of the ingress, or those of one Gateway. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FleetId(Option<Arc<GatewayName>>);

/// A Gateway with Envoys of its own.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

impl GatewayName {
    /// An address of this machine that follows from the name: the same in every run, whichever other Gateways there are.
    /// It is none of 127.0.0.0/16, where people have other things.
    #[must_use]
    pub fn loopback_address(&self) -> Ipv4Addr {
        // FNV-1a: short names that differ in a letter have addresses that differ.
        let bytes = self.namespace.bytes().chain([b'/']).chain(self.name.bytes());
        let hash =
            bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let [_, second, third, fourth] = (hash ^ (hash >> 24)).to_be_bytes();
        Ipv4Addr::new(127, second.clamp(1, 254), third, fourth)
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
        Self(Some(Arc::new(GatewayName { namespace: namespace.into(), name: name.into() })))
    }

    /// The Gateway whose Envoys these are.
    #[must_use]
    pub fn of_gateway(&self) -> Option<&GatewayName> {
        self.0.as_deref()
    }
}

impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_gateway() {
            None => f.write_str("ingress"),
            Some(GatewayName { namespace, name }) => write!(f, "Gateway {namespace}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(namespace: &str, name: &str) -> Ipv4Addr {
        let fleet = FleetId::gateway(namespace, name);
        fleet.of_gateway().expect("it is of a Gateway").loopback_address()
    }

    #[test]
    fn gateways_have_addresses_of_their_own_on_one_machine() {
        let all = [("default", "web"), ("default", "wea"), ("team", "web"), ("web", "default")];
        let addresses: std::collections::BTreeSet<_> =
            all.iter().map(|(namespace, name)| address(namespace, name)).collect();
        assert_eq!(addresses.len(), all.len());
        assert!(addresses.iter().all(|address| address.is_loopback() && address.octets()[1] > 0));
    }
}
