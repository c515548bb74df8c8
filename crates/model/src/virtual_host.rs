//! What one host of one listener does.

use crate::{Host, Policies, Route, SecretKey, WeightedCluster};

/// What one host of one listener does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VirtualHost {
    /// The host.
    pub host: Host,
    /// How TLS ends here; `None` on a plaintext listener, and where TLS is passed through.
    pub tls: Option<TlsTermination>,
    /// What happens to its traffic.
    pub traffic: Traffic,
    /// What requests must meet; of these, connections that are carried as they are meet the addresses only.
    pub policies: Policies,
}

/// What happens to the traffic of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Traffic {
    /// Requests are routed; sorted by precedence, each match once.
    Http(Vec<Route>),
    /// Connections are carried to a backend as they are. On a TLS listener only.
    Tcp(TcpProxy),
}

/// Backends that share connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpProxy {
    /// At least one, with a sum of weights above zero; the headers are empty.
    pub clusters: Vec<WeightedCluster>,
}

/// How TLS ends at Envoy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsTermination {
    /// The certificate and its key.
    pub certificate: SecretKey,
    /// The oldest version that clients may use.
    pub minimum: TlsVersion,
    /// The newest version that clients may use; not older than `minimum`.
    pub maximum: TlsVersion,
}

/// A version of TLS that Isobath offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}
