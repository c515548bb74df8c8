//! The ports that Envoy opens.

use std::fmt;
use std::sync::Arc;

use crate::FleetId;
use crate::settings::Bind;

/// A listener of a fleet, by the name that Envoy and its statistics know (`ingress_http`, `ingress_https`). Cheap to
/// clone: every host's key holds one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(Arc<(FleetId, Box<str>)>);

impl ListenerId {
    /// The listener of this name in a fleet.
    pub fn new(fleet: FleetId, name: impl Into<Box<str>>) -> Self {
        Self(Arc::new((fleet, name.into())))
    }

    /// The fleet.
    #[must_use]
    pub fn fleet(&self) -> &FleetId {
        &self.0.0
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What arrives on a listener's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// HTTP without TLS: hosts are told apart by `:authority`.
    Plaintext,
    /// TLS: hosts are told apart by SNI, then terminated or passed through.
    Tls,
    /// Any connections: there is one host, `*`.
    Tcp,
    /// Datagrams: there is one host, `*`.
    Udp,
}

/// A port that Envoy opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listener {
    /// Its name.
    pub id: ListenerId,
    /// What arrives on it.
    pub transport: Transport,
    /// Where it listens.
    pub bind: Bind,
    /// Where its requests are logged; a path that Envoy can open.
    pub access_log: Arc<str>,
    /// Whether connections start with a PROXY protocol header (v1 or v2).
    pub proxy_protocol: bool,
}

/// The port that Envoys open for a port of a Gateway; the Service in front of them leads from the one to the other.
/// No two ports that people use meet, and none of Envoy's needs rights that it does not have.
///
/// Only ports above 64,000 may meet one of 8001 to 9023, and ports 2 and 90 ports of a Pod that no listener can have
/// ([`Settings::ports_beside_listeners`](crate::Settings::ports_beside_listeners)).
#[must_use]
pub const fn envoy_port(port: u16) -> u16 {
    match port {
        0..1024 => port + 8000,
        // Where those before are.
        8001..9024 => port + 56_000,
        _ => port,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::envoy_port;

    #[test]
    fn ports_of_a_gateway_do_not_meet_in_envoy() {
        assert_eq!(
            [80, 443, 8080, 8443, 1024, 5300].map(envoy_port),
            [8080, 8443, 64_080, 64_443, 1024, 5300]
        );
        let opened: BTreeSet<u16> = (1..=64_000).map(envoy_port).collect();
        assert_eq!((opened.len(), opened.first()), (64_000, Some(&1024)));
    }
}
