//! `tcpproxy` of an IngressRoute: connections instead of requests (reference 4.2).

use api::IngressRouteSpec;
use api::ingress_route::{Service, TcpProxy as Spec};
use model::{ObjectId, Targets, Timeout, WeightedCluster};
use store::IngressRouteFact;

use super::{Blamed, SPEC, delegated, ours, route};
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::http_proxy::balancing;
use crate::http_proxy::root::Context;
use crate::http_proxy::services::{self, Carried, Way};
use crate::http_proxy::tls::ignored;
use crate::http_proxy::tree::MAX_DEPTH;
use crate::text::quoted;

/// Where a TCP proxy stands.
const AT: FieldPath<'_> = SPEC.field("tcpproxy");

/// The TCP proxy of a root, through all that it delegates to; `None` when it has none. A fault stops the root.
pub(super) fn proxy(
    context: &mut Context<'_, '_>,
    root: &ObjectId,
    spec: &IngressRouteSpec,
) -> Result<Option<Targets>, Blamed> {
    let Some(spec) = spec.tcpproxy.clone() else { return Ok(None) };
    let (owner, spec) = resolve(context, root, spec)?;
    let clusters = connections(context, &owner, &spec).map_err(|fault| Box::new((owner, fault)))?;
    Ok(Some(Targets::valid(clusters)))
}

/// Follows the delegations of a TCP proxy to the one that has services, and its object.
fn resolve(
    context: &mut Context<'_, '_>,
    root: &ObjectId,
    mut spec: Spec,
) -> Result<(ObjectId, Spec), Blamed> {
    let mut chain = vec![root.clone()];
    let mut owner = root.clone();
    loop {
        let next = match &spec {
            Spec { delegate: Some(_), services } if !services.is_empty() => Err(fault(
                "NoServicesAndInclude",
                "tcpproxy: cannot specify services and delegate in the same tcpproxy".into(),
            )),
            Spec { delegate: Some(delegate), .. } => {
                let target = delegated(&owner, delegate);
                follow(context, &chain, &target).map(|fact| (target, fact))
            }
            Spec { services, .. } if services.is_empty() => {
                Err(fault("NothingDefined", "tcpproxy: either services or delegate must be specified".into()))
            }
            Spec { .. } => return Ok((owner, spec)),
        };
        let (target, fact) = next.map_err(|fault| Box::new((owner.clone(), fault)))?;
        context.out.reach(&target);
        chain.push(target.clone());
        owner = target;
        spec = fact.spec().tcpproxy.ok_or_else(|| {
            let message = "tcpproxy: must be defined, another IngressRoute delegates to this one for it";
            Box::new((owner.clone(), fault("NothingDefined", message.into())))
        })?;
    }
}

/// The object that is delegated to.
fn follow<'s>(
    context: &Context<'_, 's>,
    chain: &[ObjectId],
    target: &ObjectId,
) -> Result<&'s IngressRouteFact, Fault> {
    let name = target.qualified_name();
    if chain.contains(target) {
        let names: Vec<_> = chain.iter().map(ObjectId::qualified_name).collect();
        let message = format!("tcpproxy creates a delegation cycle: {} -> {name}", names.join(" -> "));
        return Err(fault("IncludeCreatesCycle", message));
    }
    if chain.len() > MAX_DEPTH {
        let message = format!("tcpproxy: {name} is more than {MAX_DEPTH} delegations below the root");
        return Err(fault("IncludeTooDeep", message));
    }
    let missing = || fault("IncludeNotFound", format!("tcpproxy: IngressRoute {name} not found"));
    let fact = ours(context.reader, context.settings, target).ok_or_else(missing)?;
    if fact.is_root() {
        let message = format!("tcpproxy: cannot delegate to another root IngressRoute ({name})");
        return Err(fault("RootIncludesRoot", message));
    }
    Ok(fact)
}

/// The services of a TCP proxy: all must be there.
fn connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    spec: &Spec,
) -> Result<Vec<WeightedCluster>, Fault> {
    let mut clusters = Vec::with_capacity(spec.services.len());
    for (index, service) in spec.services.iter().enumerate() {
        clusters.push(connection(context, owner, &AT.item("services", index), service)?);
    }
    services::even(&AT, &mut clusters)?;
    clusters.retain(|cluster| cluster.weight > 0);
    Ok(clusters)
}

fn connection(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
) -> Result<WeightedCluster, Fault> {
    route::in_range(service, |field, reason, message| {
        let message = format!("tcpproxy: service {}: {message}", quoted(&service.name));
        Fault::new("TCPProxyError", reason, &at.field(field), message)
    })?;
    if service.health_check.is_some() {
        let at = at.field("healthCheck");
        let fault = ignored(&at, "has no effect on connections");
        context.note(owner, fault.with_help("remove it").warning());
    }
    let policy = route::policy(context, owner, at, service);
    let balancing = balancing::of_connections(context, owner, at, policy.as_ref());
    let (host, health_check, idle) = (None, None, Timeout::Default);
    let way = Way { carried: Carried::Connections, host, balancing, health_check, idle, cookies: vec![] };
    let found = services::share(context, owner, at, &route::newer_service(service), &way)?;
    found.map_err(|fault| match fault.reason {
        "ServiceUnresolvedReference" => {
            let message =
                format!("tcpproxy: service {}/{}/{}: not found", owner.namespace, service.name, service.port);
            Fault { help: Some(route::details(&fault)), message, ..fault }
        }
        _ => fault,
    })
}

fn fault(reason: &'static str, message: String) -> Fault {
    Fault::new("TCPProxyError", reason, &AT, message)
}
