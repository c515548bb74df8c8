//! What the operator decides for the connections to all backends.

use std::sync::Arc;

use crate::{CircuitBreakers, SecretName, TlsOffer, TlsVersion};

/// What the operator decides for the connections to all backends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Limits of every backend, where its Service has none of its own.
    pub circuit_breakers: CircuitBreakers,
    /// How many requests one connection may bring; at least 1, `None` for any number.
    pub requests_per_connection: Option<u32>,
    /// How many bytes are held back for one connection; at least 1, `None` for Envoy's own (1 MiB).
    pub buffer_bytes: Option<u32>,
    /// How backends with TLS are greeted.
    pub handshake: Arc<Handshake>,
    /// The Secret with the certificate that Envoy shows to backends with TLS.
    pub client_certificate: Option<SecretName>,
}

/// How backends with TLS are greeted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handshake {
    /// The oldest version. Default 1.2.
    pub minimum: TlsVersion,
    /// The newest version; not older than `minimum`. Default 1.3, unlike Envoy's own.
    pub maximum: TlsVersion,
    /// What else is offered.
    pub offer: TlsOffer,
}

impl Default for Handshake {
    fn default() -> Self {
        Self { minimum: TlsVersion::V1_2, maximum: TlsVersion::V1_3, offer: TlsOffer::default() }
    }
}
