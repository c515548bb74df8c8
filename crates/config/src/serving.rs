//! What decides how the controller serves a cluster, and nothing of what Envoy gets.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use model::{Bind, CertificateFiles, SecretName};

/// How the controller serves a cluster. Defaults are Contour's, but for the namespace, which is our own.
#[derive(Debug, Clone, PartialEq)]
pub struct Serving {
    /// How the API server is reached.
    pub cluster: Cluster,
    /// The namespaces that are read; empty: all.
    pub watched: Vec<Arc<str>>,
    /// Kinds that are not read.
    pub disabled: Vec<Feature>,
    /// Who of several controllers writes.
    pub election: Election,
    /// What the status of Ingresses says; empty for the addresses of [`Serving::envoy_service`].
    pub status_addresses: Vec<StatusAddress>,
    /// The Service of the Envoys.
    pub envoy_service: SecretName,
    /// Where xDS is served.
    pub xds: Bind,
    /// How those who ask for xDS prove who they are.
    pub xds_security: XdsSecurity,
    /// Where the controller says whether it is well.
    pub health: Bind,
    /// Where its metrics are.
    pub metrics: Bind,
    /// With what they are served by TLS.
    pub metrics_tls: Option<CertificateFiles>,
    /// Where people who look for faults may look.
    pub debug: Bind,
    /// Whether it logs more.
    pub verbose: bool,
}

/// How the API server is reached.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    /// Whether it is found as a Pod does.
    pub inside: bool,
    /// The file that says where it is; `None` for `$HOME/.kube/config`.
    pub kubeconfig: Option<Arc<str>>,
    /// Requests in a second; `None` for any number.
    pub requests_per_second: Option<f32>,
    /// Requests at once; `None` for any number.
    pub requests_at_once: Option<u32>,
}

/// A kind that need not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// ExtensionService.
    ExtensionServices,
    /// TLSRoute.
    TlsRoutes,
    /// GRPCRoute.
    GrpcRoutes,
    /// TCPRoute.
    TcpRoutes,
    /// BackendTLSPolicy, and with it ConfigMaps.
    BackendTlsPolicies,
}

/// Who of several controllers writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Election {
    /// Whether all do.
    pub disabled: bool,
    /// The Lease.
    pub lease: SecretName,
    /// How long a leader that says nothing stays the leader.
    pub duration: Duration,
    /// How long a leader tries to stay it.
    pub renew: Duration,
    /// How often the others ask.
    pub retry: Duration,
}

/// What a status may say of where clients get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusAddress {
    /// An address.
    Ip(IpAddr),
    /// A name.
    Name(Arc<str>),
}

/// How those who ask for xDS prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XdsSecurity {
    /// Nobody said: the controller must not start.
    Unsaid,
    /// They need not.
    Insecure,
    /// By a certificate of this CA.
    Mutual {
        /// The CA of the certificates of Envoys.
        ca: Arc<str>,
        /// The server's certificate.
        certificate: Arc<str>,
        /// Its key.
        key: Arc<str>,
    },
}

impl Default for Serving {
    fn default() -> Self {
        let everywhere = |port| Bind { address: Ipv4Addr::UNSPECIFIED.into(), port };
        let local = |port| Bind { address: Ipv4Addr::LOCALHOST.into(), port };
        Self {
            cluster: Cluster::default(),
            watched: vec![],
            disabled: vec![],
            election: Election::default(),
            status_addresses: vec![],
            envoy_service: SecretName::new("isobath", "envoy"),
            xds: local(8001),
            xds_security: XdsSecurity::Unsaid,
            health: everywhere(8000),
            metrics: everywhere(8000),
            metrics_tls: None,
            debug: local(6060),
            verbose: false,
        }
    }
}

impl Default for Election {
    fn default() -> Self {
        Self {
            disabled: false,
            lease: SecretName::new("isobath", "leader-elect"),
            duration: Duration::from_secs(15),
            renew: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}
