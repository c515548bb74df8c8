//! What one host of one listener does.

use crate::{Host, JwtProvider, Policies, Route, TlsTermination, WeightedCluster};

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
    /// The issuers of tokens that routes may ask for; where TLS ends and requests are routed. Sorted by name.
    pub jwt_providers: Vec<JwtProvider>,
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
