//! What the operator decides for everyone. Defaults are Contour's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::{
    AccessLogs, Asked, AuthorizationProtocol, DefaultHeaders, DnsFamily, Downstream, ExtensionName, FleetId,
    GlobalAuthorization, Known, Listener, ListenerId, RateLimitService, SecretName, Timeout, TlsOffer,
    TlsVersion, Tracing, Transport, Upstream,
};

/// An address and port to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bind {
    /// The address; unspecified for all.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
}

/// Files with which something is served over TLS, on the machine of what serves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    /// The certificate.
    pub certificate: Arc<str>,
    /// Its key.
    pub key: Arc<str>,
    /// The CA of clients' certificates; `None` where clients need none.
    pub ca: Option<Arc<str>>,
}

/// Which of several roots with one fqdn is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DuplicateFqdn {
    /// The oldest goes on serving; the others are invalid.
    #[default]
    OldestWins,
    /// All are invalid, as in Contour.
    InvalidAll,
}

/// How hosts are spread over what Envoy subscribes to: the combinations of routes and TLS that exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One route table for plain HTTP; a filter chain and a route table for each TLS host. Contour's.
    Table,
    /// A scope with its routes for each host; a filter chain for each TLS host.
    #[default]
    Scoped,
    /// A scope with its routes for each host; one filter chain for most TLS hosts, which fetches the
    /// certificate of a name when a client asks for it.
    OnDemand,
}

impl Layout {
    /// The layout of the Envoys of Gateways. A listener of a Gateway may take any name below a wildcard, of any number of
    /// labels; a certificate on demand is found by its own name, or by that of the one wildcard above it.
    #[must_use]
    pub const fn of_gateways(self) -> Self {
        match self {
            Self::Table => Self::Table,
            Self::Scoped | Self::OnDemand => Self::Scoped,
        }
    }
}

/// Where the Envoys of Gateways listen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GatewayAddresses {
    /// Where those of the ingress do: each is on a network of its own, as Pods are.
    #[default]
    Shared,
    /// Each Gateway's at a loopback address of its own: all are on one machine.
    Loopback,
}

/// Time limits of every listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalTimeouts {
    /// For a whole request to arrive.
    pub request: Timeout,
    /// For a client's connection without requests. Default 60 s.
    pub connection_idle: Timeout,
    /// For a stream without a byte.
    pub stream_idle: Timeout,
    /// For a client's connection in all.
    pub max_connection_duration: Timeout,
    /// Between the end of a connection and its closing.
    pub delayed_close: Timeout,
    /// Between telling clients to leave and closing.
    pub connection_shutdown_grace: Timeout,
    /// For a connection to a backend to open. Default 2 s.
    pub connect: Duration,
}

/// Where the shutdown manager beside an Envoy listens.
pub const SHUTDOWN_MANAGER_PORT: u16 = 8090;

/// What the operator decides for everyone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Where plain HTTP is served. Default `0.0.0.0:8080`.
    pub http: Bind,
    /// Where HTTPS is served. Default `0.0.0.0:8443`.
    pub https: Bind,
    /// Where statistics are served. Default `0.0.0.0:8002`.
    pub stats: Bind,
    /// With which files of each Envoy's statistics are served over TLS; `None` for without. Readiness is elsewhere then.
    pub stats_tls: Option<CertificateFiles>,
    /// Where readiness is served; `None` for where statistics are.
    pub health: Option<Bind>,
    /// Where readiness is served by a listener that Envoy closes when it is overloaded; `None` for nowhere.
    pub overload_health: Option<Bind>,
    /// The port of 127.0.0.1 where Envoy's state can be read; `None` for none.
    pub admin_port: Option<NonZeroU16>,
    /// Where requests to `http` are logged. Default `/dev/stdout`.
    pub http_access_log: Arc<str>,
    /// Where requests to `https` are logged. Default `/dev/stdout`.
    pub https_access_log: Arc<str>,
    /// What is logged there, and how.
    pub access_logs: AccessLogs,
    /// Whether connections start with a PROXY protocol header.
    pub proxy_protocol: bool,
    /// What all connections of clients have in common.
    pub downstream: Downstream,
    /// Time limits.
    pub timeouts: GlobalTimeouts,
    /// The classes of objects that are ours; empty: those without a class and those of class `isobath`
    /// or `contour`.
    pub ingress_classes: Vec<Arc<str>>,
    /// Where root HTTPProxies may live; empty: anywhere.
    pub root_namespaces: Vec<Arc<str>>,
    /// Which of several roots with one fqdn is served.
    pub duplicate_fqdn: DuplicateFqdn,
    /// Whether `permitInsecure` is overruled.
    pub disable_permit_insecure: bool,
    /// Whether ExternalName Services may be backends.
    pub external_names: bool,
    /// Which addresses of an ExternalName are used.
    pub dns_family: DnsFamily,
    /// What all connections to backends have in common.
    pub upstream: Upstream,
    /// The oldest TLS version that any host may offer. Default 1.2.
    pub tls_minimum: TlsVersion,
    /// The newest TLS version that any host may offer. Default 1.3.
    pub tls_maximum: TlsVersion,
    /// What clients are offered in TLS handshakes.
    pub tls_offer: TlsOffer,
    /// The Secret with the certificate for clients that name no server, or one that nobody serves.
    pub fallback_certificate: Option<SecretName>,
    /// What is done to the headers of every service.
    pub default_headers: DefaultHeaders,
    /// How many proxies in front of Envoy are trusted in `x-forwarded-for`.
    pub trusted_hops: u32,
    /// What a collector of traces is told; `None` for nothing.
    pub tracing: Option<Tracing>,
    /// Values for Envoy's runtime, by name; none that the settings decide otherwise.
    pub runtime: BTreeMap<Arc<str>, Arc<str>>,
    /// Whether several slashes in a path are taken as one. Default true.
    pub merge_slashes: bool,
    /// The service that is asked whether requests may pass.
    pub global_authorization: Option<GlobalAuthorization>,
    /// The service that counts requests.
    pub rate_limit_service: Option<RateLimitService>,
    /// How hosts are spread over what Envoy subscribes to.
    pub layout: Layout,
    /// The controller that GatewayClasses of ours name. Default `projectcontour.io/gateway-controller`.
    pub gateway_controller: Arc<str>,
    /// Where the Envoys of Gateways listen.
    pub gateway_addresses: GatewayAddresses,
    /// The Envoys that serve Ingresses, HTTPProxies and IngressRoutes: those of the ingress, or those of a Gateway.
    pub roots: FleetId,
}

// Made once: every host's key holds one of them.
static HTTP: LazyLock<ListenerId> = LazyLock::new(|| ListenerId::new(FleetId::ingress(), "ingress_http"));
static HTTPS: LazyLock<ListenerId> = LazyLock::new(|| ListenerId::new(FleetId::ingress(), "ingress_https"));

impl Settings {
    /// The ExtensionServices that are asked about all hosts; sorted.
    #[must_use]
    pub fn extensions(&self) -> BTreeSet<ExtensionName> {
        self.asked().map(|asked| asked.extension.clone()).collect()
    }

    /// Whom Envoy asks for all hosts.
    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        let authorization = self.global_authorization.iter().map(|service| &service.asked);
        let others = self.rate_limit_service.iter().map(|service| &service.asked);
        authorization.chain(others).chain(self.tracing.iter().map(|tracing| &tracing.asked))
    }

    /// Whether one of these is asked by gRPC.
    #[must_use]
    pub fn asks_by_grpc(&self, name: &ExtensionName) -> bool {
        let authorization = self.global_authorization.iter();
        let authorization = authorization.filter(|service| service.protocol == AuthorizationProtocol::Grpc);
        let authorization = authorization.map(|service| &service.asked);
        let others = self.rate_limit_service.iter().map(|service| &service.asked);
        let others = others.chain(self.tracing.iter().map(|tracing| &tracing.asked));
        let mut asked = authorization.chain(others);
        asked.any(|asked| asked.extension == *name)
    }

    /// The same with what ExtensionServices say about questions to them.
    #[must_use]
    pub fn informed(&self, known: impl Fn(&ExtensionName) -> Option<Known>) -> Self {
        let mut informed = self.clone();
        let authorization = informed.global_authorization.iter_mut().map(|service| &mut service.asked);
        let limits = informed.rate_limit_service.iter_mut().map(|service| &mut service.asked);
        let traces = informed.tracing.iter_mut().map(|tracing| &mut tracing.asked);
        for asked in authorization.chain(limits).chain(traces) {
            if let Some(known) = known(&asked.extension) {
                asked.learn(&known);
            }
        }
        informed
    }

    /// The two listeners of an ingress: plain HTTP and HTTPS.
    #[must_use]
    pub fn listeners(&self) -> [Listener; 2] {
        [
            Listener {
                id: self.http_listener(),
                transport: Transport::Plaintext,
                bind: self.http,
                access_log: self.http_access_log.clone(),
                proxy_protocol: self.proxy_protocol,
            },
            Listener {
                id: self.https_listener(),
                transport: Transport::Tls,
                bind: self.https,
                access_log: self.https_access_log.clone(),
                proxy_protocol: self.proxy_protocol,
            },
        ]
    }

    /// The ports of Envoy's Pod that no listener can have: of statistics, of readiness, of Envoy's state, and that of what
    /// ends Envoy.
    pub fn ports_beside_listeners(&self) -> impl Iterator<Item = u16> {
        let admin = self.admin_port.map(NonZeroU16::get);
        let readiness = [self.health, self.overload_health].into_iter().flatten().map(|bind| bind.port);
        [self.stats.port, SHUTDOWN_MANAGER_PORT].into_iter().chain(readiness).chain(admin)
    }

    /// The address where the Envoys of a fleet listen.
    #[must_use]
    pub fn address_of(&self, fleet: &FleetId) -> IpAddr {
        self.own_address(fleet).unwrap_or(self.http.address)
    }

    fn own_address(&self, fleet: &FleetId) -> Option<IpAddr> {
        match self.gateway_addresses {
            GatewayAddresses::Shared => None,
            GatewayAddresses::Loopback => Some(fleet.owner()?.loopback_address().into()),
        }
    }

    /// The settings of one fleet, all of whose ports are at its address.
    #[must_use]
    pub fn of_fleet(&self, fleet: &FleetId) -> Self {
        let mut settings = self.clone();
        if let Some(address) = self.own_address(fleet) {
            let Self { http, https, stats, health, overload_health, .. } = &mut settings;
            let others = health.iter_mut().chain(overload_health.iter_mut());
            [http, https, stats].into_iter().chain(others).for_each(|bind| bind.address = address);
        }
        settings
    }

    /// The listener for plain HTTP.
    #[must_use]
    pub fn http_listener(&self) -> ListenerId {
        HTTP.clone()
    }

    /// The listener for TLS.
    #[must_use]
    pub fn https_listener(&self) -> ListenerId {
        HTTPS.clone()
    }
}

impl Default for Settings {
    fn default() -> Self {
        let everywhere = |port| Bind { address: Ipv4Addr::UNSPECIFIED.into(), port };
        Self {
            http: everywhere(8080),
            https: everywhere(8443),
            stats: everywhere(8002),
            stats_tls: None,
            health: None,
            overload_health: None,
            admin_port: None,
            http_access_log: "/dev/stdout".into(),
            https_access_log: "/dev/stdout".into(),
            access_logs: AccessLogs::default(),
            proxy_protocol: false,
            downstream: Downstream::default(),
            timeouts: GlobalTimeouts::default(),
            ingress_classes: vec![],
            root_namespaces: vec![],
            duplicate_fqdn: DuplicateFqdn::default(),
            disable_permit_insecure: false,
            external_names: false,
            dns_family: DnsFamily::Auto,
            upstream: Upstream::default(),
            tls_minimum: TlsVersion::V1_2,
            tls_maximum: TlsVersion::V1_3,
            tls_offer: TlsOffer::default(),
            fallback_certificate: None,
            default_headers: DefaultHeaders::default(),
            trusted_hops: 0,
            tracing: None,
            runtime: BTreeMap::new(),
            merge_slashes: true,
            global_authorization: None,
            rate_limit_service: None,
            layout: Layout::default(),
            gateway_controller: "projectcontour.io/gateway-controller".into(),
            gateway_addresses: GatewayAddresses::default(),
            roots: FleetId::ingress(),
        }
    }
}

impl Default for GlobalTimeouts {
    fn default() -> Self {
        Self {
            request: Timeout::Default,
            connection_idle: Timeout::After(Duration::from_secs(60)),
            stream_idle: Timeout::Default,
            max_connection_duration: Timeout::Default,
            delayed_close: Timeout::Default,
            connection_shutdown_grace: Timeout::Default,
            connect: Duration::from_secs(2),
        }
    }
}
