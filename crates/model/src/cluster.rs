//! How a backend is reached.

use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3Default;

use crate::{Balancing, GlobalTimeouts, Handshake, HealthCheck, SecretKey, Timeout};

/// How a backend is reached, and everything that Envoy keeps together with it (connections, health).
///
/// Two routes that reach one Service in one way share a cluster. Identity is the hash of the whole value
/// ([`Cluster::key`]): a field added here is part of it without another line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cluster {
    /// What is reached, for names and statistics.
    pub backend: Backend,
    /// Where addresses come from.
    pub discovery: Discovery,
    /// The protocol of requests.
    pub protocol: Protocol,
    /// How one of the addresses is chosen.
    pub balancing: Balancing,
    /// Probes of the addresses.
    pub health_check: Option<Arc<HealthCheck>>,
    /// TLS towards the backend.
    pub tls: Option<UpstreamTls>,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long a connection may be unused.
    pub idle_timeout: Timeout,
    /// How many requests a connection may bring; at least 1.
    pub requests_per_connection: Option<u32>,
    /// How many bytes are held back for a connection; at least 1.
    pub buffer_bytes: Option<u32>,
    /// Limits of use.
    pub circuit_breakers: CircuitBreakers,
}

/// What a cluster reaches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// A port of a Service.
    Service {
        /// The Service's namespace.
        namespace: Arc<str>,
        /// The Service's name.
        service: Arc<str>,
        /// The Service's port.
        port: u16,
    },
    /// A server that Envoy itself asks for something.
    Server {
        /// `http` or `https`.
        scheme: &'static str,
        /// Its name or address.
        host: Arc<str>,
        /// Its port.
        port: u16,
    },
    /// The Services of an ExtensionService, which Envoy itself asks for something.
    Extension {
        /// The ExtensionService's namespace.
        namespace: Arc<str>,
        /// The ExtensionService's name.
        name: Arc<str>,
    },
}

/// `namespace/service/port`, and Contour's `dnsname/scheme/host` with the port and `extension/namespace/name`
/// (reference 7.2).
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { namespace, service, port } => write!(f, "{namespace}/{service}/{port}"),
            Self::Server { scheme, host, port } => write!(f, "dnsname/{scheme}/{host}/{port}"),
            Self::Extension { namespace, name } => write!(f, "extension/{namespace}/{name}"),
        }
    }
}

/// Where the addresses of a backend come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Discovery {
    /// From its EndpointSlices, by EDS.
    Endpoints(EndpointsKey),
    /// From a name that Envoy resolves (an ExternalName Service).
    Dns {
        /// The name.
        name: Arc<str>,
        /// The port.
        port: u16,
        /// The port that is probed, if it is another.
        health_port: Option<u16>,
        /// Which addresses.
        family: DnsFamily,
    },
    /// From the EndpointSlices of several Services, or of none, by EDS.
    Shared(Arc<SharedEndpoints>),
}

/// Which addresses of a name are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DnsFamily {
    /// IPv6 if there are any, else IPv4.
    #[default]
    Auto,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
    /// Both, by happy eyeballs.
    All,
}

/// The protocol of requests to a backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1, or TCP.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
}

/// TLS towards a backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamTls {
    /// The name that is asked for; empty for none.
    pub sni: Arc<str>,
    /// How it is greeted.
    pub handshake: Arc<Handshake>,
    /// How the backend proves who it is; `None` accepts any certificate.
    pub validation: Option<UpstreamValidation>,
    /// The certificate by which Envoy proves who it is, if it is asked.
    pub client_certificate: Option<SecretKey>,
}

impl UpstreamTls {
    /// The Secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretKey> {
        let bundle = self.validation.as_ref().and_then(|validation| validation.authorities.bundle());
        self.client_certificate.iter().chain(bundle)
    }
}

/// How a backend proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamValidation {
    /// Who may have signed its certificate.
    pub authorities: Authorities,
    /// Names, one of which the certificate must carry; at least one, sorted, each once.
    pub subject_names: Vec<SubjectName>,
}

/// Who may sign certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorities {
    /// The CAs of a bundle.
    Bundle(SecretKey),
    /// Those that Envoy's system trusts.
    System,
}

impl Authorities {
    /// The bundle, if there is one.
    #[must_use]
    pub const fn bundle(&self) -> Option<&SecretKey> {
        match self {
            Self::Bundle(bundle) => Some(bundle),
            Self::System => None,
        }
    }
}

/// Clusters are named by their hashes: one with a bundle is called as it was when there was nothing else.
impl Hash for Authorities {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Bundle(bundle) => bundle.hash(state),
            Self::System => "system".hash(state),
        }
    }
}

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectName {
    /// A DNS name.
    Dns(Arc<str>),
    /// A URI.
    Uri(Arc<str>),
}

/// As for [`Authorities`].
impl Hash for SubjectName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Dns(name) => name.hash(state),
            Self::Uri(name) => ("uri", name).hash(state),
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Dns(name) | Self::Uri(name)) = self;
        f.write_str(name)
    }
}

/// Limits of use; `None` is Envoy's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitBreakers {
    /// Connections.
    pub max_connections: Option<u32>,
    /// Requests that wait for a connection.
    pub max_pending_requests: Option<u32>,
    /// Requests at once.
    pub max_requests: Option<u32>,
    /// Retries at once.
    pub max_retries: Option<u32>,
    /// The same, by how many requests there are; goes before `max_retries`.
    pub retry_budget: Option<RetryBudget>,
    /// Connections to one endpoint.
    pub per_host_max_connections: Option<u32>,
}

/// Clusters are named by their hashes: one without a budget is called as it was before there were any.
impl Hash for CircuitBreakers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { max_connections, max_pending_requests, max_requests, max_retries, retry_budget, .. } =
            self;
        (max_connections, max_pending_requests, max_requests, max_retries).hash(state);
        self.per_host_max_connections.hash(state);
        retry_budget.iter().for_each(|budget| budget.hash(state));
    }
}

/// How many of the requests at once may be retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RetryBudget {
    /// Of a hundred requests; 0 to 100.
    pub percent: u8,
    /// Over which time requests are counted; `None` for those under way alone.
    pub interval: Option<Duration>,
    /// How many there may be however few requests there are.
    pub minimum: u32,
}

impl Cluster {
    /// A Service with one port, which has no name: HTTP/1.1 in clear text, and nothing else that somebody would have said.
    #[must_use]
    pub fn of_service(namespace: &str, service: &str, port: u16) -> Self {
        Self {
            backend: Backend::Service { namespace: namespace.into(), service: service.into(), port },
            discovery: Discovery::Endpoints(EndpointsKey::of_service(namespace, service)),
            protocol: Protocol::Http1,
            balancing: Balancing::default(),
            health_check: None,
            tls: None,
            connect_timeout: GlobalTimeouts::default().connect,
            idle_timeout: Timeout::Default,
            requests_per_connection: None,
            buffer_bytes: None,
            circuit_breakers: CircuitBreakers::default(),
        }
    }

    /// The endpoints in EDS, where they come from there.
    #[must_use]
    pub fn assignment(&self) -> Option<AssignmentKey> {
        match &self.discovery {
            Discovery::Endpoints(port) => Some(AssignmentKey::Port(port.clone())),
            Discovery::Shared(shared) => Some(AssignmentKey::Shared(shared.clone())),
            Discovery::Dns { .. } => None,
        }
    }

    /// The cluster's identity: that of its backend and the hash of the whole value, `namespace/service/port/hash`.
    #[must_use]
    pub fn key(&self) -> ClusterKey {
        let mut hasher = Xxh3Default::new();
        self.hash(&mut hasher);
        let mut name = String::with_capacity(USUAL_NAME);
        write!(name, "{}/{:016x}", self.backend, hasher.finish()).expect("a string takes everything");
        ClusterKey(name.into())
    }
}

/// Most names are shorter, in bytes.
const USUAL_NAME: usize = 128;

/// The identity of a cluster, and its name in Envoy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterKey(Arc<str>);

impl ClusterKey {
    /// The key of a cluster that keeps its name whatever changes in it.
    pub(crate) fn fixed(name: String) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The name without the hash: that of the backend, which outlives a change of settings.
    #[must_use]
    pub fn backend(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(backend, _)| backend)
    }
}

impl fmt::Display for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The endpoints of one port of a Service; `namespace/service[/port name[/name of the port that is probed]]` in EDS, with
/// `~udp` behind it for datagrams.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointsKey {
    /// The Service's namespace.
    pub namespace: Arc<str>,
    /// The Service's name.
    pub service: Arc<str>,
    /// The name of the Service's port; empty for an unnamed one.
    pub port_name: Arc<str>,
    /// The name of the port that is probed, if it is another.
    pub health_port: Option<Arc<str>>,
    /// Whether the port is one for UDP, and not for TCP.
    pub is_udp: bool,
}

/// As for [`CircuitBreakers`].
impl Hash for EndpointsKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { namespace, service, port_name, health_port, is_udp } = self;
        (namespace, service, port_name, health_port).hash(state);
        is_udp.then_some("udp").iter().for_each(|word| word.hash(state));
    }
}

impl EndpointsKey {
    /// Those of a Service with one port, which has no name.
    #[must_use]
    pub fn of_service(namespace: &str, service: &str) -> Self {
        let (namespace, service, port_name) = (namespace.into(), service.into(), Arc::default());
        Self { namespace, service, port_name, health_port: None, is_udp: false }
    }

    /// The name in EDS: `namespace/service`, with `/port name` where there is one, and the name of another port that
    /// is probed behind it.
    #[must_use]
    pub fn name(&self) -> String {
        let parts = [&*self.namespace, &*self.service, &*self.port_name];
        let name = match &self.health_port {
            Some(health) => format!("{}/{health}", parts.join("/")),
            None if self.port_name.is_empty() => parts[..2].join("/"),
            None => parts.join("/"),
        };
        if self.is_udp { name + "~udp" } else { name }
    }
}

impl fmt::Display for EndpointsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Ports of Services that share what is sent to them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SharedEndpoints {
    /// Who makes them share, for the name: `extension/namespace/name`.
    pub owner: Arc<str>,
    /// The ports with their weights; sorted, each once, no weight of zero, their sum a `u32`.
    pub shares: Vec<(EndpointsKey, u32)>,
}

/// What one set of endpoints in EDS is made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssignmentKey {
    /// One port of a Service.
    Port(EndpointsKey),
    /// Several.
    Shared(Arc<SharedEndpoints>),
}

impl AssignmentKey {
    /// The name in EDS: that of the port, or that of the owner with the hash of all shares.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Port(port) => port.name(),
            Self::Shared(shared) => {
                let mut hasher = Xxh3Default::new();
                shared.hash(&mut hasher);
                format!("{}/{:016x}", shared.owner, hasher.finish())
            }
        }
    }

    /// The ports.
    pub fn ports(&self) -> impl Iterator<Item = &EndpointsKey> {
        let (port, shared) = match self {
            Self::Port(port) => (Some(port), None),
            Self::Shared(shared) => (None, Some(shared.shares.iter().map(|(port, _)| port))),
        };
        port.into_iter().chain(shared.into_iter().flatten())
    }
}

impl From<EndpointsKey> for AssignmentKey {
    fn from(port: EndpointsKey) -> Self {
        Self::Port(port)
    }
}

/// The addresses behind one port of a Service; sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// The addresses that get traffic.
    pub addresses: Vec<Endpoint>,
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// The port that is probed, if it is another.
    pub health_port: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Cluster {
        Cluster::of_service("ns", "web", 80)
    }

    #[test]
    fn a_cluster_is_named_after_its_backend_and_all_of_its_content() {
        let name = cluster().key();
        assert_eq!(name.backend(), "ns/web/80");
        let mut slower = cluster();
        slower.connect_timeout = Duration::from_secs(3);
        assert_ne!(slower.key(), name);
        assert_eq!(cluster().key(), name);
    }

    #[test]
    fn shared_endpoints_are_named_by_owner_and_shares() {
        let port = |service: &str| EndpointsKey::of_service("ns", service);
        let shared = |shares| {
            AssignmentKey::Shared(Arc::new(SharedEndpoints { owner: "extension/ns/x".into(), shares }))
        };
        let one = shared(vec![(port("a"), 1), (port("b"), 2)]);
        assert!(one.name().starts_with("extension/ns/x/"), "{}", one.name());
        assert_ne!(one.name(), shared(vec![(port("a"), 2), (port("b"), 1)]).name());
        assert_eq!(one.ports().cloned().collect::<Vec<_>>(), [port("a"), port("b")]);
    }

    #[test]
    fn endpoints_of_an_unnamed_port_have_no_third_part() {
        let Discovery::Endpoints(mut key) = cluster().discovery else { unreachable!() };
        assert_eq!(key.to_string(), "ns/web");
        key.port_name = "http".into();
        assert_eq!(key.to_string(), "ns/web/http");
        key.health_port = Some("health".into());
        assert_eq!(key.to_string(), "ns/web/http/health");
        key.port_name = "".into();
        assert_eq!(key.to_string(), "ns/web//health");
        key = EndpointsKey { health_port: None, is_udp: true, ..key };
        assert_eq!(key.to_string(), "ns/web~udp");
    }
}
