//! What the operator decides for the connections to all backends.

use crate::{CircuitBreakers, SecretName};

/// What the operator decides for the connections to all backends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Limits of every backend, where its Service has none of its own.
    pub circuit_breakers: CircuitBreakers,
    /// How many requests one connection may bring; at least 1, `None` for any number.
    pub requests_per_connection: Option<u32>,
    /// How many bytes are held back for one connection; at least 1, `None` for Envoy's own (1 MiB).
    pub buffer_bytes: Option<u32>,
    /// The Secret with the certificate that Envoy shows to backends with TLS.
    pub client_certificate: Option<SecretName>,
}
