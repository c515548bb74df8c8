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
