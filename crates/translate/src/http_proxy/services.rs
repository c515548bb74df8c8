//! The services of a route or of a TCP proxy (reference 3.10).

use std::sync::Arc;

use api::http_proxy::Service;
use api::http_proxy::service::Protocol;
use model::{Balancing, ClusterKey, HealthCheck, HostRewrite, Mirror, ObjectId, Timeout, WeightedCluster};

use super::headers::{self, Whose};
use super::root::Context;
use super::{Fault, slow_start};
use crate::backend::{self, Policy, PortRef, Upstream};
use crate::field_path::FieldPath;
use crate::text;

/// What a route, or a TCP proxy, decides about the way to all of its services.
#[derive(Default)]
pub(super) struct Way<'a> {
    /// The host that the services are asked for.
    pub(super) host: Option<&'a HostRewrite>,
    /// How endpoints are chosen.
    pub(super) balancing: Balancing,
    /// Probes of the endpoints.
    pub(super) health_check: Option<Arc<HealthCheck>>,
    /// How long a connection may be unused.
    pub(super) idle: Timeout,
}

/// The services of a route: those that share its requests, and the one that gets copies.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) clusters: Vec<WeightedCluster>,
    pub(super) mirrors: Vec<Mirror>,
}

/// The services of a route. One that cannot be resolved is told and left out; other faults stop the
/// object.
pub(super) fn services(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    specs: &[Service],
    way: &Way<'_>,
) -> Result<Services, Fault> {
    one_mirror(at, specs)?;
    let mut services = Services::default();
    for (index, service) in specs.iter().enumerate() {
        let at = at.item("services", index);
        let percent = if service.mirror { Some(percent(&at, service)?) } else { None };
        match share(context, owner, &at, service, way)? {
            Err(why) => {
                let message = format!("Spec.Routes unresolved service reference: {why}");
                let fault = Fault::new("ServiceError", "ServiceUnresolvedReference", &at, message);
                context.note(owner, fault.error());
            }
            Ok(share) => match percent {
                Some(percent) => services.mirrors.push(Mirror { cluster: share.cluster, percent }),
                None => services.clusters.push(share),
            },
        }
    }
    if specs.iter().all(|service| service.mirror) {
        let message = "every service is a mirror, so that nobody answers";
        let fault = Fault::new("ServiceError", "OnlyMirrors", &at.field("services"), message);
        context.note(owner, fault.error());
    }
    even(at, &mut services.clusters)?;
    Ok(services)
}

/// The services of a TCP proxy: all must be there.
pub(super) fn connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    specs: &[Service],
    way: &Way<'_>,
) -> Result<Vec<WeightedCluster>, Fault> {
    let mut clusters = Vec::with_capacity(specs.len());
    for (index, service) in specs.iter().enumerate() {
        let at = at.item("services", index);
        let weight = weight(&at, service)?;
        let cluster = cluster(context, owner, &at, service, way, None)?;
        let cluster = cluster.map_err(|why| {
            let message = format!("Spec.TCPProxy unresolved service reference: {why}");
            Fault::new("TCPProxyError", "ServiceUnresolvedReference", &at, message)
        })?;
        clusters.push(WeightedCluster::plain(cluster, weight));
    }
    even(at, &mut clusters)?;
    clusters.retain(|cluster| cluster.weight > 0);
    Ok(clusters)
}

/// Something that may not be there, or the words why.
type Found<T> = Result<T, String>;

/// One of the services that share requests.
fn share(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
) -> Result<Found<WeightedCluster>, Fault> {
    let weight = weight(at, service)?;
    let whose = Whose::service(owner, &service.name, port(at, service)?);
    let request = headers::request(at, &whose, service.request_headers_policy.as_deref())?;
    let response_headers = headers::response(at, &whose, service.response_headers_policy.as_deref())?;
    let cluster = cluster(context, owner, at, service, way, request.host.as_ref())?;
    Ok(cluster.map(|cluster| WeightedCluster {
        cluster,
        weight,
        request_headers: request.edits,
        response_headers,
        host: request.host,
    }))
}

/// The way to a service; `host` is the one that this service alone is asked for.
fn cluster(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
    host: Option<&HostRewrite>,
) -> Result<Found<ClusterKey>, Fault> {
    let port = PortRef::Number(port(at, service)?);
    let upstream = upstream(at, service)?;
    let balancing = slow_start::balancing(at, service.slow_start_policy.as_deref(), way.balancing)?;
    let health_port = health_port(context, owner, at, service, way)?;
    let sni = host.and_then(server_name).or_else(|| way.host.and_then(server_name));
    let target = backend::target(context.reader, context.settings, &owner.namespace, &service.name, port);
    let found = target.and_then(|target| {
        let health_port = health_port.map_or(Ok(None), |port| target.health_port(port))?;
        Ok((target, health_port))
    });
    if let Ok((target, _)) = &found {
        tell_annotations(context, owner, at, target);
    }
    Ok(found.map(|(target, health_port)| {
        let policy = Policy {
            upstream,
            sni,
            validation: None,
            balancing,
            health_check: way.health_check.clone(),
            health_port,
            idle_timeout: way.idle,
        };
        context.out.add_cluster(target.cluster(context.settings, &policy))
    }))
}

/// The owner of the Service may be somebody else; but this object is the one that has a report.
fn tell_annotations(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    target: &backend::Target<'_>,
) {
    for message in target.ignored_annotations() {
        context.note(owner, Fault::new("ServiceError", "IgnoredAnnotation", at, message).warning());
    }
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

fn server_name(host: &HostRewrite) -> Option<Arc<str>> {
    match host {
        HostRewrite::Literal(host) => Some(text::server_name(host).into()),
        HostRewrite::Header(_) => None,
    }
}

fn port(at: &FieldPath<'_>, service: &Service) -> Result<u16, Fault> {
    rules::port(service.port).map_err(|_| port_invalid(&at.field("port"), &service.name, "port"))
}

fn port_invalid(at: &FieldPath<'_>, service: &str, what: &str) -> Fault {
    let message = format!("service {}: {what} must be in the range 1-65535", text::quoted(service));
    Fault::new("ServiceError", "ServicePortInvalid", at, message)
}

fn weight(at: &FieldPath<'_>, service: &Service) -> Result<u32, Fault> {
    u32::try_from(service.weight).map_err(|_| {
        let (name, weight) = (text::quoted(&service.name), service.weight);
        let message = format!("service {name}: weight {weight} must be in the range 0-4294967295");
        Fault::new("ServiceError", "WeightNotValid", &at.field("weight"), message)
    })
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

fn one_mirror(at: &FieldPath<'_>, specs: &[Service]) -> Result<(), Fault> {
    match specs.iter().enumerate().filter(|(_, service)| service.mirror).nth(1) {
        None => Ok(()),
        Some((index, _)) => {
            let message = "only one service per route may be nominated as mirror";
            let at = at.item("services", index);
            Err(Fault::new("ServiceError", "OnlyOneMirror", &at.field("mirror"), message))
        }
    }
}

/// How much is mirrored: the weight in percent, all when it is 0.
fn percent(at: &FieldPath<'_>, service: &Service) -> Result<u8, Fault> {
    let percent = rules::percent(service.weight).map_err(|why| {
        let message = format!("the weight of a mirror: {why}");
        Fault::new("ServiceError", "WeightNotValid", &at.field("weight"), message)
    })?;
    Ok(if percent == 0 { 100 } else { percent })
}

/// Gives every service the same share when no share is given, and bounds the sum.
fn even(at: &FieldPath<'_>, clusters: &mut [WeightedCluster]) -> Result<(), Fault> {
    let sum: u64 = clusters.iter().map(|cluster| u64::from(cluster.weight)).sum();
    if sum == 0 {
        clusters.iter_mut().for_each(|cluster| cluster.weight = 1);
    }
    if u32::try_from(sum).is_err() {
        let message = format!("the weights add up to {sum}, more than 4294967295");
        return Err(Fault::new("ServiceError", "WeightNotValid", &at.field("services"), message));
    }
    Ok(())
}
