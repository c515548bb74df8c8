//! The services of a route or of a TCP proxy (reference 3.10).

use std::sync::Arc;

use api::http_proxy::Service;
use api::http_proxy::route::Route as Spec;
use api::http_proxy::service::Protocol;
use model::{ClusterKey, HostRewrite, ObjectId, Timeout, WeightedCluster};

use super::Fault;
use super::headers::{self, Scope};
use super::root::Context;
use crate::backend::{self, Policy, PortRef, Upstream};
use crate::text;

/// What a route decides about the way to all of its services.
pub(super) struct Way {
    /// The TLS name to ask for.
    pub(super) sni: Option<Arc<str>>,
    /// How long a connection may be unused.
    pub(super) idle: Timeout,
}

/// The services of a route: those that share its requests, and the one that gets copies.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) clusters: Vec<WeightedCluster>,
    pub(super) mirror: Option<(ClusterKey, u8)>,
}

/// The services of a route. One that cannot be resolved is told and left out; other faults stop the
/// object.
pub(super) fn services(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    spec: &Spec,
    way: &Way,
) -> Result<Services, Fault> {
    let mut services = Services::default();
    let mut has_mirror = false;
    for (index, service) in spec.services.iter().enumerate() {
        let path = format!("{path}.services[{index}]");
        if service.mirror && std::mem::replace(&mut has_mirror, true) {
            let message = "only one service per route may be nominated as mirror";
            return Err(Fault::new("ServiceError", "OnlyOneMirror", format!("{path}.mirror"), message));
        }
        let found = weighted(context, owner, &path, service, way)?;
        match resolved(found, "Spec.Routes") {
            Ok(cluster) if service.mirror => {
                services.mirror = Some((cluster.cluster, percent(&path, service)?))
            }
            Ok(cluster) => services.clusters.push(cluster),
            Err(fault) => context.note(owner, fault.error()),
        }
    }
    even(path, &mut services.clusters)?;
    Ok(services)
}

/// The services of a TCP proxy: all must be there.
pub(super) fn connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    services: &[Service],
) -> Result<Vec<WeightedCluster>, Fault> {
    let way = Way { sni: None, idle: Timeout::Default };
    let mut clusters = Vec::new();
    for (index, service) in services.iter().enumerate() {
        let path = format!("{path}.services[{index}]");
        let plain =
            Service { request_headers_policy: None, response_headers_policy: None, ..service.clone() };
        let found = weighted(context, owner, &path, &plain, &way)?;
        clusters.push(
            resolved(found, "Spec.TCPProxy").map_err(|fault| Fault { kind: "TCPProxyError", ..fault })?,
        );
    }
    even(path, &mut clusters)?;
    clusters.retain(|cluster| cluster.weight > 0);
    Ok(clusters)
}

/// A service that may not be there: the path of the service and the words why.
type Found = Result<WeightedCluster, (String, String)>;

fn resolved(found: Found, section: &str) -> Result<WeightedCluster, Fault> {
    found.map_err(|(path, why)| {
        let message = format!("{section} unresolved service reference: {why}");
        Fault::new("ServiceError", "ServiceUnresolvedReference", path, message)
    })
}

fn weighted(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    service: &Service,
    way: &Way,
) -> Result<Found, Fault> {
    let name = &service.name;
    let port = text::port(service.port).map_err(|_| {
        let message = format!("service \"{name}\": port must be in the range 1-65535");
        Fault::new("ServiceError", "ServicePortInvalid", format!("{path}.port"), message)
    })?;
    let weight = u32::try_from(service.weight).map_err(|_| {
        let message =
            format!("service \"{name}\": weight {} must be in the range 0-4294967295", service.weight);
        Fault::new("ServiceError", "WeightNotValid", format!("{path}.weight"), message)
    })?;
    let upstream = upstream(path, service)?;
    let scope = Scope::service(owner, name, port);
    let request = headers::request(
        &format!("{path}.requestHeadersPolicy"),
        &scope,
        service.request_headers_policy.as_deref(),
    )?;
    let response = headers::response(
        &format!("{path}.responseHeadersPolicy"),
        &scope,
        service.response_headers_policy.as_deref(),
    )?;
    let sni = match &request.host {
        Some(HostRewrite::Literal(host)) => Some(host.clone()),
        Some(HostRewrite::Header(_)) | None => way.sni.clone(),
    };
    let target =
        backend::target(context.reader, context.settings, &owner.namespace, name, PortRef::Number(port));
    let target = match target {
        Ok(target) => target,
        Err(why) => return Ok(Err((path.to_owned(), why))),
    };
    let policy = Policy { upstream, sni, validation: None, idle_timeout: way.idle };
    let cluster = context.out.add_cluster(target.cluster(context.settings, &policy));
    Ok(Ok(WeightedCluster {
        cluster,
        weight,
        request_headers: request.edits,
        response_headers: response,
        host: request.host,
    }))
}

fn upstream(path: &str, service: &Service) -> Result<Option<Upstream>, Fault> {
    let Some(protocol) = &service.protocol else { return Ok(None) };
    match protocol.known() {
        Some(Protocol::H2) => Ok(Some(Upstream::H2)),
        Some(Protocol::H2c) => Ok(Some(Upstream::H2c)),
        Some(Protocol::Tls) => Ok(Some(Upstream::Tls)),
        None => {
            let message = format!("unsupported protocol: {}", protocol.as_str());
            let path = format!("{path}.protocol");
            Err(Fault::new("ServiceError", "UnsupportedProtocol", path, message)
                .with_help("use one of h2, h2c and tls, or leave it out for HTTP/1.1"))
        }
    }
}

/// How much is mirrored: the weight in percent, all when it is 0.
fn percent(path: &str, service: &Service) -> Result<u8, Fault> {
    match u8::try_from(service.weight) {
        Ok(0) => Ok(100),
        Ok(percent) if percent <= 100 => Ok(percent),
        _ => {
            let message = format!("weight {} of a mirror is a percentage, 0 to 100", service.weight);
            Err(Fault::new("ServiceError", "WeightNotValid", format!("{path}.weight"), message))
        }
    }
}

/// Gives every service the same share when no share is given, and bounds the sum.
fn even(path: &str, clusters: &mut [WeightedCluster]) -> Result<(), Fault> {
    let sum: u64 = clusters.iter().map(|cluster| u64::from(cluster.weight)).sum();
    if sum == 0 {
        clusters.iter_mut().for_each(|cluster| cluster.weight = 1);
    }
    if u32::try_from(sum).is_err() {
        let message = format!("the weights add up to {sum}, more than 4294967295");
        return Err(Fault::new("ServiceError", "WeightNotValid", format!("{path}.services"), message));
    }
    Ok(())
}
