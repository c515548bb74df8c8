//! From a Service and port to a cluster, or to the words why not.

mod annotations;

use std::net::IpAddr;
use std::sync::Arc;

use model::{
    Backend, Balancing, CircuitBreakers, Cluster, Discovery, EndpointsKey, HealthCheck, HostRewrite,
    Protocol, RetryBudget, SecretKey, Settings, Timeout, UpstreamTls, UpstreamValidation,
};
use store::{Name, PortProtocol, Reader, ServiceFact, ServicePort};

use crate::external_name;
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::text::{self, Place, quoted};
use crate::tls::{self, Unusable};

/// The port of a Service, as the user names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PortRef<'a> {
    /// By number.
    Number(u16),
    /// By name.
    Name(&'a str),
}

/// What requests to a backend speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// HTTP/1.1.
    Plain,
    /// HTTP/2 without TLS.
    H2c,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/1.1 over TLS.
    Tls,
}

/// A port of a Service that exists and may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'s> {
    id: &'s Name,
    service: &'s ServiceFact,
    port: &'s ServicePort,
    number: u16,
}

impl Target<'_> {
    /// What header values may say of it.
    pub(crate) fn place(&self) -> Place<'_> {
        Place { namespace: &self.id.namespace, service: Some((&self.id.name, self.number)) }
    }
}

/// Another port of a Service, which is probed.
#[derive(Debug, Clone)]
pub(crate) struct HealthPort {
    name: Arc<str>,
    number: u16,
}

/// What a route decides about the way to its backend.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    /// The protocol, where the route says it; else the Service does.
    pub(crate) upstream: Option<Upstream>,
    /// The TLS name to ask for; else the name of an ExternalName Service.
    pub(crate) sni: Option<Arc<str>>,
    /// How the backend proves who it is; only with TLS.
    pub(crate) validation: Option<UpstreamValidation>,
    /// What Envoy shows to prove who it is; only with TLS.
    pub(crate) client_certificate: Option<SecretKey>,
    /// How endpoints are chosen.
    pub(crate) balancing: Balancing,
    /// Probes of the endpoints.
    pub(crate) health_check: Option<Arc<HealthCheck>>,
    /// The port of the Service that is probed, if it is another; one that [`Target::health_port`] gave.
    pub(crate) health_port: Option<HealthPort>,
    /// How long a connection may be unused.
    pub(crate) idle_timeout: Timeout,
    /// How many requests may be retries; else what the operator says.
    pub(crate) retry_budget: Option<RetryBudget>,
}

/// The name to ask for in the handshake, of the host that a service is asked for; an address is none.
pub(crate) fn server_name(host: &HostRewrite) -> Option<Arc<str>> {
    match host {
        HostRewrite::Literal(host) => {
            let name = text::server_name(host);
            name.parse::<IpAddr>().is_err().then(|| name.into())
        }
        HostRewrite::Header(_) => None,
    }
}

/// The certificate that Envoy shows to backends with TLS, if the operator names one. It is the operator's: nobody has
/// to delegate it.
///
/// # Errors
/// Why it cannot be shown.
pub(crate) fn client_certificate(
    reader: &Reader<'_>,
    settings: &Settings,
) -> Result<Option<SecretKey>, String> {
    let Some(name) = &settings.upstream.client_certificate else { return Ok(None) };
    let usable = tls::pair(reader, &name.namespace, (&name.namespace, &name.name));
    let key = || SecretKey::client_pair(name.namespace.clone(), name.name.clone());
    usable.map(|_| Some(key())).map_err(|unusable| {
        let why = match unusable {
            Unusable::NotDelegated => "it is not delegated".to_owned(),
            Unusable::Invalid(why) => why,
        };
        format!("tls.envoy-client-certificate Secret {} is invalid: {why}", quoted(&name.to_string()))
    })
}

/// The same for what stands at a place; without what the operator wants to be shown, it is not reached.
pub(crate) fn shown_certificate(
    reader: &Reader<'_>,
    settings: &Settings,
    at: &FieldPath<'_>,
) -> Result<Option<SecretKey>, Fault> {
    client_certificate(reader, settings).map_err(|why| {
        let fault = Fault::new("TLSError", "SecretNotValid", at, why);
        fault.with_help("let the operator name a Secret whose tls.crt and tls.key belong together")
    })
}

/// Finds a port of a Service.
///
/// # Errors
/// Why it cannot be used, in the words of the reference (3.25).
pub(crate) fn target<'a>(
    reader: &Reader<'a>,
    settings: &Settings,
    namespace: &str,
    name: &str,
    port: PortRef<'_>,
) -> Result<Target<'a>, String> {
    let (id, service) =
        reader.service(namespace, name).ok_or_else(|| format!("service \"{namespace}/{name}\" not found"))?;
    let (found, number) = tcp_port(id, service, port)?;
    if let Some(external) = service.external_name.as_deref() {
        external_name::check(settings, &format_args!("{namespace}/{name}"), external)?;
    }
    Ok(Target { id, service, port: found, number })
}

/// Finds a port of a Service that carries UDP.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn datagram_target<'a>(
    reader: &Reader<'a>,
    namespace: &str,
    name: &str,
    port: u16,
) -> Result<Target<'a>, String> {
    let (id, service) =
        reader.service(namespace, name).ok_or_else(|| format!("service \"{namespace}/{name}\" not found"))?;
    if service.external_name.is_some() {
        return Err(format!("service \"{id}\" is an ExternalName, to which no datagrams can be sent"));
    }
    let carries_udp = |candidate: &&ServicePort| {
        candidate.port == i32::from(port) && candidate.protocol == PortProtocol::Udp
    };
    let found = service.ports.iter().find(carries_udp);
    let found = found.ok_or_else(|| format!("no UDP port \"{port}\" on service \"{id}\""))?;
    Ok(Target { id, service, port: found, number: port })
}

/// A port of a Service that carries TCP.
fn tcp_port<'s>(
    id: &Name,
    service: &'s ServiceFact,
    port: PortRef<'_>,
) -> Result<(&'s ServicePort, u16), String> {
    let (found, number) = find_port(service, port).ok_or_else(|| match port {
        PortRef::Number(number) => format!("port \"{number}\" on service \"{id}\" not matched"),
        PortRef::Name(port) => format!("port \"{port}\" on service \"{id}\" not matched"),
    })?;
    carries_tcp(found.protocol)?;
    Ok((found, number))
}

fn find_port<'s>(service: &'s ServiceFact, port: PortRef<'_>) -> Option<(&'s ServicePort, u16)> {
    let found = service.ports.iter().find(|candidate| match port {
        PortRef::Number(number) => candidate.port == i32::from(number),
        PortRef::Name(name) => !name.is_empty() && *candidate.name == *name,
    })?;
    Some((found, u16::try_from(found.port).ok().filter(|number| *number > 0)?))
}

/// Whether `appProtocol` says a protocol. Words without a prefix are service names of IANA, in which capitals count for
/// nothing (RFC 6335 section 5.1).
pub(crate) fn is_protocol(said: &str, protocol: &str) -> bool {
    if protocol.contains('/') { said == protocol } else { said.eq_ignore_ascii_case(protocol) }
}

fn carries_tcp(protocol: PortProtocol) -> Result<(), String> {
    match protocol {
        PortProtocol::Tcp => Ok(()),
        PortProtocol::Udp => Err("unsupported service protocol \"UDP\"".into()),
        PortProtocol::Sctp => Err("unsupported service protocol \"SCTP\"".into()),
        PortProtocol::Unknown => Err("unsupported service protocol, it is none of TCP, UDP and SCTP".into()),
    }
}

impl Target<'_> {
    /// The port of the same Service that is probed; `None` for the one that takes the traffic.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn health_port(&self, number: u16) -> Result<Option<HealthPort>, String> {
        let (port, number) = tcp_port(self.id, self.service, PortRef::Number(number))?;
        Ok((number != self.number).then(|| HealthPort { name: port.name.clone(), number }))
    }

    /// The Service.
    pub(crate) const fn name(&self) -> &Name {
        self.id
    }

    /// The name of the port; empty for one without.
    pub(crate) fn port_name(&self) -> &str {
        &self.port.name
    }

    /// What the Service says that the port speaks, if it says so.
    pub(crate) fn app_protocol(&self) -> Option<&str> {
        self.port.app_protocol.as_deref().filter(|protocol| !protocol.is_empty())
    }

    /// Whether the Service has a port of this name.
    pub(crate) fn has_port(&self, name: &str) -> bool {
        self.service.ports.iter().any(|port| *port.name == *name)
    }

    /// The cluster that reaches it.
    pub(crate) fn cluster(&self, settings: &Settings, policy: &Policy) -> Cluster {
        let (protocol, is_tls) = self.speaks(policy.upstream);
        Cluster {
            backend: Backend::Service {
                namespace: self.id.namespace.clone(),
                service: self.id.name.clone(),
                port: self.number,
            },
            discovery: self.discovery(settings, policy.health_port.as_ref()),
            protocol,
            balancing: policy.balancing,
            health_check: policy.health_check.clone(),
            tls: is_tls.then(|| self.tls(settings, policy)),
            connect_timeout: settings.timeouts.connect,
            idle_timeout: policy.idle_timeout,
            requests_per_connection: settings.upstream.requests_per_connection,
            buffer_bytes: settings.upstream.buffer_bytes,
            circuit_breakers: CircuitBreakers {
                retry_budget: policy.retry_budget.or(settings.upstream.circuit_breakers.retry_budget),
                ..self.circuit_breakers(settings)
            },
        }
    }

    /// Whether it is reached over TLS, with the protocol that a route names, if it does.
    pub(crate) fn speaks_tls(&self, named: Option<Upstream>) -> bool {
        self.speaks(named).1
    }

    /// The protocol, and whether it is spoken over TLS.
    fn speaks(&self, named: Option<Upstream>) -> (Protocol, bool) {
        match named.unwrap_or_else(|| self.upstream()) {
            Upstream::Plain => (Protocol::Http1, false),
            Upstream::H2c => (Protocol::Http2, false),
            Upstream::H2 => (Protocol::Http2, true),
            Upstream::Tls => (Protocol::Http1, true),
        }
    }

    fn tls(&self, settings: &Settings, policy: &Policy) -> UpstreamTls {
        UpstreamTls {
            sni: self.sni(policy),
            handshake: settings.upstream.handshake.clone(),
            validation: policy.validation.clone(),
            client_certificate: policy.client_certificate.clone(),
        }
    }

    /// The TLS name to ask for: an address is none, and neither is the dot behind a name.
    fn sni(&self, policy: &Policy) -> Arc<str> {
        if let Some(sni) = &policy.sni {
            return sni.clone();
        }
        let name = self.service.external_name.as_deref().unwrap_or_default().trim_end_matches('.');
        if name.parse::<IpAddr>().is_ok() { "".into() } else { name.into() }
    }

    fn discovery(&self, settings: &Settings, health: Option<&HealthPort>) -> Discovery {
        match self.service.external_name.as_deref() {
            Some(name) => Discovery::Dns {
                name: name.into(),
                port: self.number,
                health_port: health.map(|port| port.number),
                family: settings.dns_family,
            },
            None => Discovery::Endpoints(self.endpoints(health)),
        }
    }

    /// The addresses behind it, where they come from EndpointSlices.
    pub(crate) fn endpoints(&self, health: Option<&HealthPort>) -> EndpointsKey {
        EndpointsKey {
            namespace: self.id.namespace.clone(),
            service: self.id.name.clone(),
            port_name: self.port.name.clone(),
            health_port: health.map(|port| port.name.clone()),
            is_udp: self.port.protocol == PortProtocol::Udp,
        }
    }

    /// What the Service says it speaks: `appProtocol` first, then the annotations (reference 3.10, 5.2).
    fn upstream(&self) -> Upstream {
        match self.port.app_protocol.as_deref() {
            Some(protocol) if is_protocol(protocol, "kubernetes.io/h2c") => Upstream::H2c,
            Some(protocol) if is_protocol(protocol, "https") => Upstream::Tls,
            Some(_) => Upstream::Plain,
            None => self.annotated_upstream(),
        }
    }
}
