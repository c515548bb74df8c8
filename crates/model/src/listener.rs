//! The ports that Envoy opens.

use std::fmt;
use std::sync::Arc;

use crate::settings::Bind;

/// The name of a listener, as Envoy and its statistics know it (`ingress_http`, `ingress_https`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(Arc<str>);

impl ListenerId {
    /// A listener's name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
