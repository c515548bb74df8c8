//! `tcpproxy`: connections instead of requests (reference 3.22).

use api::http_proxy::TcpProxy as Spec;
use model::{ObjectId, Targets, Timeout, WeightedCluster};
use store::HttpProxyFact;

use super::root::Context;
use super::services::{self, Carried, Way};
use super::{Fault, SPEC, balancing, health, included, ours, without_effect};
use crate::field_path::FieldPath;

/// Where a TCP proxy stands.
const AT: FieldPath<'_> = SPEC.field("tcpproxy");

/// How long a chain of includes may be.
const MAX_DEPTH: usize = 200;

/// A fault, and the object that it is in: what the root includes may be somebody else's.
pub(super) type Blamed = Box<(ObjectId, Fault)>;

/// The TCP proxy of a root, through all that it includes; `None` when it has none. A fault stops the root.
pub(super) fn proxy(
    context: &mut Context<'_, '_>,
    root: &ObjectId,
    fact: &HttpProxyFact,
) -> Result<Option<Targets>, Blamed> {
    let whole = context.spec(root, fact);
    let Some(spec) = whole.tcpproxy.clone() else { return Ok(None) };
    if let Some(host) = whole.virtualhost.as_deref() {
        without_effect::tcp_host(context, root, host);
    }
    let (owner, spec) = resolve(context, root, spec)?;
    without_effect::tcp_proxy(context, &owner, &AT, &spec);
    let clusters = clusters(context, &owner, &spec).map_err(|fault| Box::new((owner, fault)))?;
    Ok(Some(Targets::valid(clusters)))
}

/// The services of a TCP proxy, and the way to them.
fn clusters(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    spec: &Spec,
) -> Result<Vec<WeightedCluster>, Fault> {
    let way = Way {
        carried: Carried::Connections,
        host: None,
        balancing: balancing::of_connections(context, owner, &AT, spec.load_balancer_policy.as_deref()),
        health_check: health::of_connections(&AT, spec.health_check_policy.as_deref())?,
        idle: Timeout::Default,
        cookies: vec![],
    };
    services::connections(context, owner, &AT, &spec.services, &way)
}

/// Follows the includes of a TCP proxy to the one that has services, and its object.
fn resolve(
    context: &mut Context<'_, '_>,
    root: &ObjectId,
    mut spec: Box<Spec>,
) -> Result<(ObjectId, Box<Spec>), Blamed> {
    let mut chain = vec![root.clone()];
    let mut owner = root.clone();
    loop {
        let next = match include(&spec, &owner) {
            Ok(None) => return Ok((owner, spec)),
            Ok(Some(target)) => follow(context, &chain, &target).map(|fact| (target, fact)),
            Err(fault) => Err(fault),
        };
        let (target, fact) = next.map_err(|fault| Box::new((owner.clone(), fault)))?;
        context.out.reach(&target);
        chain.push(target.clone());
        owner = target;
        spec = context.spec(&owner, fact).tcpproxy.clone().ok_or_else(|| {
            let message = "Spec.TCPProxy: must be defined, another HTTPProxy includes this one for it";
            Box::new((owner.clone(), Fault::new("TCPProxyError", "NothingDefined", &AT, message)))
        })?;
    }
}

/// What a TCP proxy includes; it has either that or services.
fn include(spec: &Spec, owner: &ObjectId) -> Result<Option<ObjectId>, Fault> {
    let include = spec.include.as_deref().or(spec.includes.as_deref());
    let fault =
        |reason, message| Fault::new("TCPProxyError", reason, &AT, format!("Spec.TCPProxy: {message}"));
    match (include, spec.services.is_empty()) {
        (Some(_), false) => {
            Err(fault("NoServicesAndInclude", "cannot specify services and include in the same httpproxy"))
        }
        (None, true) => Err(fault("NothingDefined", "either services or inclusion must be specified")),
        (None, false) => Ok(None),
        (Some(include), true) => Ok(Some(included(owner, include.namespace.as_deref(), &include.name))),
    }
}

/// The object that an include names.
fn follow<'s>(
    context: &Context<'_, 's>,
    chain: &[ObjectId],
    target: &ObjectId,
) -> Result<&'s HttpProxyFact, Fault> {
    let name = target.qualified_name();
    let fault = |reason, message| Fault::new("TCPProxyIncludeError", reason, &AT.field("include"), message);
    if chain.contains(target) {
        let names: Vec<_> = chain.iter().map(ObjectId::qualified_name).collect();
        let message = format!("include creates a cycle: {} -> {name}", names.join(" -> "));
        return Err(fault("IncludeCreatesCycle", message));
    }
    if chain.len() > MAX_DEPTH {
        let message = format!("include {name} is more than {MAX_DEPTH} includes below the root");
        return Err(fault("IncludeTooDeep", message));
    }
    let Some(fact) = ours(context.reader, context.settings, &target.namespace, &target.name) else {
        return Err(fault("IncludeNotFound", format!("include {name} not found")));
    };
    if fact.is_root() {
        let message = format!("root httpproxy cannot include another root httpproxy ({name})");
        return Err(fault("RootIncludesRoot", message));
    }
    Ok(fact)
}
