//! `tcpproxy`: connections instead of requests (reference 3.22).

use api::http_proxy::TcpProxy as Spec;
use model::{ObjectId, TcpProxy};
use store::HttpProxyFact;

use super::root::Context;
use super::tls::Front;
use super::{Fault, id, ours, services, unsupported};

/// The TCP proxy of a root, through all that it includes; `None` when it has none. A fault stops the root.
pub(super) fn proxy(
    context: &mut Context<'_, '_>,
    root: &ObjectId,
    fact: &HttpProxyFact,
    front: &Front,
) -> Result<Option<TcpProxy>, Fault> {
    let Some(mut spec) = fact.spec.tcpproxy.as_deref() else { return Ok(None) };
    let mut owner = root.clone();
    let mut chain = vec![root.clone()];
    loop {
        let Some(target) = include(spec, &owner)? else { break };
        let name = format!("{}/{}", target.namespace, target.name);
        let fault = |reason, message: String| {
            Fault::new("TCPProxyIncludeError", reason, "spec.tcpproxy.include".into(), message)
        };
        if chain.contains(&target) {
            let names: Vec<_> = chain.iter().map(|id| format!("{}/{}", id.namespace, id.name)).collect();
            let message = format!("include creates a cycle: {} -> {name}", names.join(" -> "));
            return Err(fault("IncludeCreatesCycle", message));
        }
        let Some(next) = ours(context.reader, context.settings, &target.namespace, &target.name) else {
            return Err(fault("IncludeNotFound", format!("include {name} not found")));
        };
        if next.spec.virtualhost.is_some() {
            let message = format!("root httpproxy cannot include another root httpproxy ({name})");
            return Err(fault("RootIncludesRoot", message));
        }
        context.out.reach(&target);
        let Some(child) = next.spec.tcpproxy.as_deref() else {
            let message = format!("{name} has no Spec.TCPProxy");
            let path = "spec.tcpproxy".to_owned();
            context.note(
                &target,
                Fault::new(
                    "TCPProxyError",
                    "NothingDefined",
                    path.clone(),
                    "Spec.TCPProxy must be defined: a TCPProxy includes this HTTPProxy",
                )
                .error(),
            );
            return Err(Fault::new("TCPProxyError", "NothingDefined", path, message));
        };
        spec = child;
        chain.push(target.clone());
        owner = target;
    }
    connections(context, &owner, spec, front)
}

/// What a TCP proxy includes; it has either that or services.
fn include(spec: &Spec, owner: &ObjectId) -> Result<Option<ObjectId>, Fault> {
    let include = spec.include.as_deref().or(spec.includes.as_deref());
    let fault = |reason, message: &str| {
        Fault::new("TCPProxyError", reason, "spec.tcpproxy".into(), format!("Spec.TCPProxy: {message}"))
    };
    match (include, spec.services.is_empty()) {
        (Some(_), false) => {
            Err(fault("NoServicesAndInclude", "cannot specify services and include in the same httpproxy"))
        }
        (None, true) => Err(fault("NothingDefined", "either services or inclusion must be specified")),
        (None, false) => Ok(None),
        (Some(include), true) => {
            let namespace = include.namespace.as_deref().filter(|namespace| !namespace.is_empty());
            Ok(Some(id(namespace.unwrap_or(&owner.namespace), &include.name)))
        }
    }
}

fn connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    spec: &Spec,
    front: &Front,
) -> Result<Option<TcpProxy>, Fault> {
    let path = "spec.tcpproxy";
    for (field, is_set) in [
        ("loadBalancerPolicy", spec.load_balancer_policy.is_some()),
        ("healthCheckPolicy", spec.health_check_policy.is_some()),
    ] {
        if is_set {
            let message = format!("{path}.{field} is not supported yet and is ignored");
            let fault = Fault::new("SpecError", "FieldNotSupported", format!("{path}.{field}"), message);
            context.note(owner, fault.warning());
        }
    }
    let mut closed = *front == Front::Closed;
    for (index, service) in spec.services.iter().enumerate() {
        closed |= unsupported::service(context, owner, &format!("{path}.services[{index}]"), service);
    }
    let clusters = services::connections(context, owner, path, &spec.services)?;
    Ok((!closed && !clusters.is_empty()).then_some(TcpProxy { clusters }))
}
