//! The way to one service.

use std::sync::Arc;

use api::http_proxy::Service;
use api::http_proxy::service::Protocol;
use model::{
    Balancing, ClusterKey, CookieRewrite, HealthCheck, HostRewrite, ObjectId, Timeout, UpstreamValidation,
};

use crate::backend::{self, HealthPort, Policy, PortRef, Upstream, server_name};
use crate::field_path::FieldPath;
use crate::http_proxy::root::Context;
use crate::http_proxy::{Fault, slow_start};
use crate::text::quoted;
use crate::tls::{self, Unproven};

/// What a route, or a TCP proxy, decides about the way to all of its services.
pub(crate) struct Way<'a> {
    /// What is brought to them.
    pub(crate) carried: Carried,
    /// The host that the services are asked for.
    pub(crate) host: Option<&'a HostRewrite>,
    /// How endpoints are chosen.
    pub(crate) balancing: Balancing,
    /// Probes of the endpoints.
    pub(crate) health_check: Option<Arc<HealthCheck>>,
    /// How long a connection may be unused.
    pub(crate) idle: Timeout,
    /// Changes to the cookies that the services set.
    pub(crate) cookies: Vec<CookieRewrite>,
}

/// What is brought to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// The requests of a route.
    Requests,
    /// The connections of a TCP proxy.
    Connections,
}

impl Carried {
    fn unresolved(self, at: &FieldPath<'_>, why: &str) -> Fault {
        let (kind, whose) = match self {
            Self::Requests => ("ServiceError", "Spec.Routes"),
            Self::Connections => ("TCPProxyError", "Spec.TCPProxy"),
        };
        let message = format!("{whose} unresolved service reference: {why}");
        Fault::new(kind, "ServiceUnresolvedReference", at, message)
    }
}

/// Something that can be reached, or why it must not be or cannot be.
pub(crate) type Found<T> = Result<T, Fault>;

/// The way to a service; `host` is the one that this service alone is asked for. A fault of the outer result stops
/// the object.
pub(super) fn cluster(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
    host: Option<&HostRewrite>,
) -> Result<Found<ClusterKey>, Fault> {
    let asked = Asked {
        port: port(at, service)?,
        upstream: upstream(at, service)?,
        balancing: slow_start::balancing(at, service.slow_start_policy.as_deref(), way.balancing)?,
        health_port: health_port(context, owner, at, service, way)?,
        sni: host.and_then(server_name).or_else(|| way.host.and_then(server_name)),
    };
    Ok(reach(context, owner, at, service, way, asked))
}

/// What was read of a service's fields.
struct Asked {
    port: u16,
    upstream: Option<Upstream>,
    balancing: Balancing,
    health_port: Option<u16>,
    sni: Option<Arc<str>>,
}

fn reach(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
    asked: Asked,
) -> Found<ClusterKey> {
    let Context { reader, settings, .. } = *context;
    let found =
        backend::target(reader, settings, &owner.namespace, &service.name, PortRef::Number(asked.port));
    let target = found.map_err(|why| way.carried.unresolved(at, &why))?;
    target.ignored_annotations(at).into_iter().for_each(|fault| context.note(owner, fault.warning()));
    let health_port: Option<HealthPort> = match asked.health_port {
        Some(port) => target.health_port(port).map_err(|why| way.carried.unresolved(at, &why))?,
        None => None,
    };
    let is_tls = target.speaks_tls(asked.upstream);
    let policy = Policy {
        upstream: asked.upstream,
        sni: asked.sni,
        validation: validation(context, owner, at, service, is_tls)?,
        client_certificate: if is_tls {
            backend::shown_certificate(context.reader, settings, at)?
        } else {
            None
        },
        balancing: asked.balancing,
        health_check: way.health_check.clone(),
        health_port,
        idle_timeout: way.idle,
        retry_budget: None,
    };
    Ok(context.out.add_cluster(target.cluster(settings, &policy)))
}

/// How a service proves who it is. One that cannot prove it is not reached: neither is one that is asked for a proof
/// and speaks in clear text.
fn validation(
    context: &Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    is_tls: bool,
) -> Found<Option<UpstreamValidation>> {
    let Some(spec) = service.validation.as_deref() else { return Ok(None) };
    let at = at.field("validation");
    let unfit = |at: &FieldPath<'_>, why: String| {
        let message = format!(
            "Service [{}:{}] TLS upstream validation policy error: {why}",
            service.name, service.port
        );
        Fault::new("ServiceError", "TLSUpstreamValidation", at, message)
    };
    if !is_tls {
        let fault = unfit(&at, "it needs TLS, and the service is reached without".into());
        return Err(fault.with_help("set protocol to tls or h2, or remove validation"));
    }
    if spec.subject_names.first().is_some_and(|first| *first != spec.subject_name) {
        let why = format!("the first of subjectNames must be subjectName, {}", quoted(&spec.subject_name));
        return Err(unfit(&at.item("subjectNames", 0), why));
    }
    tls::validation(context.reader, &owner.namespace, spec).map(Some).map_err(|why| match why {
        Unproven::NotDelegated => {
            let message = format!(
                "service.UpstreamValidation.CACertificate Secret {} is not configured for certificate delegation",
                quoted(&spec.ca_secret)
            );
            Fault::new("TLSError", "CACertificateNotDelegated", &at.field("caSecret"), message)
        }
        Unproven::Authority(why) => {
            unfit(&at.field("caSecret"), format!("invalid CA Secret {}: {why}", quoted(&spec.ca_secret)))
        }
        Unproven::Name(field, why) => unfit(&at.field(field), why),
    })
}

/// The port that is probed, where one is named and there are probes.
fn health_port(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
) -> Result<Option<u16>, Fault> {
    let Some(number) = service.health_port else { return Ok(None) };
    let at = at.field("healthPort");
    let port = rules::port(number).map_err(|_| port_invalid(&at, &service.name, "health port"))?;
    if way.health_check.is_none() {
        let message = format!("{at} has no effect without a healthCheckPolicy and is ignored");
        context.note(owner, Fault::new("SpecError", "IgnoredField", &at, message).warning());
        return Ok(None);
    }
    Ok(Some(port))
}

pub(super) fn port(at: &FieldPath<'_>, service: &Service) -> Result<u16, Fault> {
    rules::port(service.port).map_err(|_| port_invalid(&at.field("port"), &service.name, "port"))
}

fn port_invalid(at: &FieldPath<'_>, service: &str, what: &str) -> Fault {
    let message = format!("service {}: {what} must be in the range 1-65535", quoted(service));
    Fault::new("ServiceError", "ServicePortInvalid", at, message)
}

fn upstream(at: &FieldPath<'_>, service: &Service) -> Result<Option<Upstream>, Fault> {
    let Some(protocol) = &service.protocol else { return Ok(None) };
    match protocol.known() {
        Some(Protocol::H2) => Ok(Some(Upstream::H2)),
        Some(Protocol::H2c) => Ok(Some(Upstream::H2c)),
        Some(Protocol::Tls) => Ok(Some(Upstream::Tls)),
        None => {
            let message = format!("unsupported protocol: {}", protocol.as_str());
            Err(Fault::new("ServiceError", "UnsupportedProtocol", &at.field("protocol"), message))
        }
    }
}
